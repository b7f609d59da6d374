"""The procedural sounds by name: caption, concept, and how each is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import synthesis as make

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator
    from synthesis_tools import Sound

__all__ = ["RECIPES"]

RECIPES: dict[str, tuple[str, str, Callable[[Generator], Sound]]] = {
    "rain": ("rain falling", "rain", make.rain),
    "thunder": ("thunder", "thunder", make.thunder),
    "wind": ("wind blowing", "wind", make.wind),
    "waves": ("ocean waves on a beach", "waves", make.waves),
    "river": ("a stream of flowing water", "water flowing", make.river),
    "fire": ("a fire crackling", "fire", make.fire),
    "clock": ("a clock ticking", "clock", make.clock),
    "heartbeat": ("a heart beating", "heartbeat", make.heartbeat),
    "alarm": ("an alarm clock beeping", "alarm", make.alarm),
    "siren": ("a police siren", "siren", make.siren),
    "telephone": ("a telephone ringing", "telephone", make.telephone),
    "dial": ("a telephone dial tone", "telephone tone", make.dial_tone),
    "beep": ("an electronic beep", "beep", make.beep),
    "crickets": ("crickets chirping", "cricket", make.crickets),
    "bird": ("a bird singing", "bird", make.bird),
    "owl": ("an owl hooting", "owl", make.owl),
    "bee": ("a bee buzzing", "bee", make.insect),
    "mosquito": ("a mosquito buzzing", "mosquito", make.mosquito),
    "frog": ("frogs croaking", "frog", make.frog),
    "helicopter": ("a helicopter", "helicopter", make.helicopter),
    "car": ("a car engine", "car engine", lambda rng: make.engine(rng, 40, 80, 0.8)),
    "motorcycle": ("a motorcycle", "motorcycle", lambda rng: make.engine(rng, 70, 140, 1.2)),
    "diesel": (
        "a diesel truck engine idling",
        "diesel engine",
        lambda rng: make.engine(rng, 20, 32, 0.1),
    ),
    "airplane": ("a jet airplane flying by", "airplane", make.airplane),
    "train": ("a train on the rails", "train", make.train),
    "applause": ("an audience applauding", "applause", make.applause),
    "clapping": ("clapping hands", "clapping", make.clapping),
    "footsteps": ("footsteps", "footsteps", make.footsteps),
    "gravel": ("footsteps on gravel", "footsteps on gravel", make.gravel),
    "drip": ("dripping water", "water drop", make.drip),
    "bubbles": ("bubbles in water", "bubbles", make.bubbles),
    "knock": ("knocking on a door", "knock", make.knock),
    "whoosh": ("a whoosh", "whoosh", make.whoosh),
    "laser": ("a laser gun", "laser", make.laser),
    "explosion": ("an explosion", "explosion", make.explosion),
    "gunshot": ("a gunshot", "gunshot", make.gunshot),
    "machinegun": ("a machine gun", "machine gun", make.machine_gun),
    "static": ("static noise", "static", make.static),
    "hum": ("an electric hum", "electric hum", make.hum),
    "sparks": ("electric sparks", "sparks", make.sparks),
    "bell": ("a small bell ringing", "bell", make.bell),
    "churchbell": ("a church bell ringing", "bell", make.church_bell),
    "glass": ("glass breaking", "glass", make.glass),
    "squeak": ("a squeaking door", "creak", make.squeak),
    "whistle": ("a person whistling", "whistle", make.whistle),
    "referee": ("a referee's whistle", "whistle", make.referee),
    "typing": ("typing on a keyboard", "typing", make.typing),
    "camera": ("a camera shutter", "camera", make.camera),
    "steam": ("steam hissing", "steam", make.steam),
    "game": ("a retro video game sound", "video game", make.game),
    "shiphorn": (
        "a ship's horn",
        "ship horn",
        lambda rng: make.horn(rng, rng.uniform(70, 130), 3.0),
    ),
    "carhorn": ("a car horn", "car horn", lambda rng: make.horn(rng, rng.uniform(320, 480), 1.0)),
    "snore": ("a person snoring", "snoring", make.snore),
    "purr": ("a cat purring", "cat", make.purr),
    "saw": ("sawing wood by hand", "saw", make.saw),
    "hammer": ("hammering nails into wood", "hammer", make.hammer),
    "anvil": ("a blacksmith hammering on an anvil", "anvil", make.anvil),
    "drill": ("an electric drill", "drill", make.drill),
    "horse": ("a horse galloping", "horse hooves", make.horse),
    "boing": ("a cartoon boing", "boing", make.boing),
    "toilet": ("a toilet flushing", "toilet", make.toilet),
}

"""Simple procedural sounds: each a function of a random generator.

The recipes are the textbook ones (Farnell, "Designing Sound", MIT Press 2010): filtered noise,
decaying partials, pulse trains, sweeps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from synthesis_tools import (
    RATE,
    Sound,
    band,
    burst,
    every,
    noise,
    place,
    ring,
    scattered,
    seconds,
    slow,
    tone,
)

if TYPE_CHECKING:
    from numpy.random import Generator


def rain(rng: Generator) -> Sound:
    drops = place(
        6,
        scattered(rng, 6, rng.uniform(60, 200)),
        lambda _: burst(rng, 0.01, 2000, 9000, 0.002) * rng.uniform(0.5, 4),
    )
    return noise(rng, 6, 1000, rng.uniform(8000, 16000)) * 0.5 + drops


def thunder(rng: Generator) -> Sound:
    t = seconds(6)
    rumble = noise(rng, 6, 25, rng.uniform(120, 300)) * slow(rng, 6, 3) * np.exp(-t / 2.5)
    crack = np.pad(burst(rng, 1.0, 100, 6000, 0.15), (0, len(t) - RATE))
    return 3 * rumble + crack * rng.uniform(0, 1)


def wind(rng: Generator) -> Sound:
    low = noise(rng, 6, 100, rng.uniform(500, 900)) * (0.2 + slow(rng, 6, 0.6))
    return low + 0.4 * noise(rng, 6, 700, 1400) * slow(rng, 6, 0.8) ** 3


def waves(rng: Generator) -> Sound:
    t = seconds(8)
    swell = np.clip(np.sin(2 * np.pi * t / rng.uniform(3.5, 6) + rng.uniform(0, 6)), 0, 1) ** 2
    return noise(rng, 8, 200, 5000) * (0.1 + swell) + 0.5 * noise(rng, 8, 50, 300)


def river(rng: Generator) -> Sound:
    def bubble(_: int) -> Sound:
        n = rng.uniform(0.02, 0.08)
        sweep = np.linspace(1, rng.uniform(1.2, 1.8), int(n * RATE)) * rng.uniform(500, 1800)
        return tone(sweep, n) * np.exp(-seconds(n) / 0.02) * rng.uniform(0.2, 1)

    return place(6, scattered(rng, 6, 70), bubble) + 0.15 * noise(rng, 6, 400, 5000)


def fire(rng: Generator) -> Sound:
    crackle = place(
        6,
        scattered(rng, 6, rng.uniform(8, 25)),
        lambda _: burst(rng, 0.02, 1500, 12000, 0.003) * rng.uniform(1, 8),
    )
    return crackle + 0.6 * noise(rng, 6, 60, 900) * (0.5 + slow(rng, 6, 6))


def clock(rng: Generator) -> Sound:
    base = rng.uniform(1800, 3500)
    return place(
        6,
        every(rng, 6, rng.choice([0.5, 1.0]), 0.0),
        lambda i: ring(rng, base * (1.15 if i % 2 else 1), (1, 1.7, 2.9), 0.012, 0.12),
    )


def heartbeat(rng: Generator) -> Sound:
    gap = rng.uniform(0.75, 1.0)
    starts = every(rng, 6, gap, 0.01)
    thump = lambda _: ring(rng, 55, (1, 1.6), 0.06, 0.3)  # noqa: E731
    return place(6, starts, thump) + 0.7 * place(6, [s + 0.28 for s in starts], thump)


def alarm(rng: Generator) -> Sound:
    gate = (seconds(4) * rng.uniform(3, 8)) % 1 < 0.5
    return tone(rng.uniform(900, 2600), 4, (1, 0.3, 0.3)) * gate


def siren(rng: Generator) -> Sound:
    t = seconds(6)
    wail = 0.5 + 0.5 * np.sin(2 * np.pi * t * rng.uniform(0.2, 3))
    return tone(600 + 700 * wail, 6, (1, 0.4, 0.3, 0.15))


def telephone(rng: Generator) -> Sound:
    t = seconds(5)
    gate = (t % 2.5 < 1.4) & (t * rng.uniform(18, 26) % 1 < 0.55)
    return ring(rng, rng.uniform(900, 1400), (1, 1.34, 2.1), 50, 5) * gate


def dial_tone(rng: Generator) -> Sound:
    return (tone(350, 3) + tone(440, 3)) * ((seconds(3) % 1.0 < 0.5) | (rng.random() < 0.5))


def beep(rng: Generator) -> Sound:
    n = rng.uniform(0.1, 0.8)
    return np.pad(tone(rng.uniform(500, 3000), n), (2000, 8000))


def crickets(rng: Generator) -> Sound:
    rate = rng.uniform(2, 4)
    t = seconds(6)
    gate = ((t * rate) % 1 < 0.4) * (0.5 + 0.5 * np.sin(2 * np.pi * t * rng.uniform(25, 45)))
    return tone(rng.uniform(3800, 5200), 6) * gate + 0.02 * noise(rng, 6)


def bird(rng: Generator) -> Sound:
    def chirp(_: int) -> Sound:
        n = rng.uniform(0.05, 0.25)
        t = seconds(n)
        f = rng.uniform(2200, 5000) + rng.uniform(-2500, 2500) * t / n
        f = f + rng.uniform(0, 500) * np.sin(2 * np.pi * t * rng.uniform(20, 60))
        return tone(np.clip(f, 1500, 8000), n) * np.hanning(len(t))

    return place(5, scattered(rng, 5, rng.uniform(3, 8)), chirp) + 0.01 * noise(rng, 5)


def owl(rng: Generator) -> Sound:
    def hoot(_: int) -> Sound:
        n = rng.uniform(0.25, 0.6)
        f = rng.uniform(330, 420) * (1 + 0.05 * np.sin(np.pi * seconds(n) / n))
        return tone(f, n, (1, 0.15)) * np.hanning(int(n * RATE))

    return place(5, [0.2, 1.0, 1.4, 3.2, 4.0], hoot) + 0.01 * noise(rng, 5, 100, 4000)


def insect(rng: Generator) -> Sound:
    f = rng.uniform(180, 260) * (1 + 0.06 * (slow(rng, 4, 4) - 0.5))
    return tone(f, 4, (1, 0.8, 0.6, 0.5, 0.4, 0.3, 0.3, 0.2)) * (0.3 + slow(rng, 4, 2))


def mosquito(rng: Generator) -> Sound:
    f = rng.uniform(500, 750) * (1 + 0.08 * (slow(rng, 4, 5) - 0.5))
    return tone(f, 4, (1, 0.6, 0.4, 0.3)) * (0.1 + slow(rng, 4, 2))


def frog(rng: Generator) -> Sound:
    def croak(_: int) -> Sound:
        n = rng.uniform(0.2, 0.5)
        t = seconds(n)
        return (
            tone(rng.uniform(400, 900), n, (1, 0.6, 0.3))
            * ((t * 45) % 1 < 0.4)
            * np.hanning(len(t))
        )

    return place(5, scattered(rng, 5, 2.5), croak) + 0.02 * noise(rng, 5)


def helicopter(rng: Generator) -> Sound:
    rate = rng.uniform(9, 14)
    blades = place(6, every(rng, 6, 1 / rate, 0.01), lambda _: burst(rng, 0.08, 50, 600, 0.02))
    return (
        blades
        + 0.15 * tone(rng.uniform(150, 250), 6, (1, 0.5, 0.3))
        + 0.2 * noise(rng, 6, 300, 4000)
    )


def engine(rng: Generator, low: float, high: float, sweep: float) -> Sound:
    f = rng.uniform(low, high) * (1 + sweep * slow(rng, 5, 0.6))
    body = tone(f, 5, (1, 0.9, 0.7, 0.6, 0.5, 0.4, 0.3, 0.3, 0.2)) * (1 + 0.3 * tone(f / 2, 5))
    return body + 0.5 * noise(rng, 5, 50, 1200)


def airplane(rng: Generator) -> Sound:
    t = seconds(7)
    near = np.exp(-(((t - 3.5) / 1.6) ** 2))
    return (noise(rng, 7, 80, 2500) + 0.3 * tone(400 - 25 * t, 7, (1, 0.4))) * (0.1 + near)


def train(rng: Generator) -> Sound:
    gap = rng.uniform(0.5, 0.8)
    starts = every(rng, 7, gap, 0.02)
    clack = place(
        7, starts + [s + 0.13 for s in starts], lambda _: burst(rng, 0.1, 200, 3000, 0.02)
    )
    return clack + 0.3 * noise(rng, 7, 50, 500)


def applause(rng: Generator) -> Sound:
    return place(
        5,
        scattered(rng, 5, 350),
        lambda _: burst(rng, 0.02, rng.uniform(700, 1500), 5000, 0.005) * rng.uniform(0.2, 1),
    )


def clapping(rng: Generator) -> Sound:
    return place(
        4, every(rng, 4, rng.uniform(0.35, 0.6), 0.04), lambda _: burst(rng, 0.05, 800, 4000, 0.008)
    )


def footsteps(rng: Generator) -> Sound:
    low = rng.uniform(80, 300)
    return place(
        5,
        every(rng, 5, rng.uniform(0.45, 0.65), 0.03),
        lambda _: (
            burst(rng, 0.12, low, 2500, 0.025)
            + np.pad(burst(rng, 0.06, 1000, 6000, 0.01), (0, int(0.12 * RATE) - int(0.06 * RATE)))
        ),
    )


def gravel(rng: Generator) -> Sound:
    def crunch(_: int) -> Sound:
        return place(0.25, scattered(rng, 0.25, 160), lambda _: burst(rng, 0.01, 1500, 9000, 0.003))

    return place(5, every(rng, 5, rng.uniform(0.5, 0.7), 0.03), crunch)


def drip(rng: Generator) -> Sound:
    def drop(_: int) -> Sound:
        n = 0.12
        sweep = rng.uniform(700, 1400) * np.exp(seconds(n) * 6)
        return tone(sweep, n) * np.exp(-seconds(n) / 0.025)

    return place(4, scattered(rng, 4, 1.5), drop)


def bubbles(rng: Generator) -> Sound:
    def bubble(_: int) -> Sound:
        n = rng.uniform(0.05, 0.15)
        return tone(rng.uniform(200, 700) * np.exp(seconds(n) * 7), n) * np.exp(-seconds(n) / 0.05)

    return place(4, scattered(rng, 4, 9), bubble)


def knock(rng: Generator) -> Sound:
    base = rng.uniform(150, 350)
    return place(
        3, [0.2, 0.42, 0.64, 1.8, 2.0], lambda _: ring(rng, base, (1, 2.3, 3.9), 0.03, 0.2)
    )


def whoosh(rng: Generator) -> Sound:
    n = rng.uniform(0.4, 1.2)
    x = (
        noise(rng, n, rng.uniform(200, 600), rng.uniform(2500, 7000))
        * np.hanning(int(n * RATE)) ** 2
    )
    return np.pad(x, (2000, 4000))


def laser(rng: Generator) -> Sound:
    n = rng.uniform(0.2, 0.6)
    sweep = rng.uniform(2500, 6000) * np.exp(-seconds(n) * rng.uniform(6, 14)) + 100
    return np.pad(tone(sweep, n, (1, 0.5, 0.3)) * np.exp(-seconds(n) / 0.2), (500, 6000))


def explosion(rng: Generator) -> Sound:
    return burst(rng, 3.5, 20, rng.uniform(400, 1500), rng.uniform(0.5, 1)) * 3 + burst(
        rng, 3.5, 200, 8000, 0.15
    )


def gunshot(rng: Generator) -> Sound:
    return burst(rng, 1.2, 60, 9000, rng.uniform(0.02, 0.06)) * 4 + burst(rng, 1.2, 80, 1500, 0.25)


def machine_gun(rng: Generator) -> Sound:
    return place(
        3, every(rng, 2.5, 1 / rng.uniform(8, 15), 0.01), lambda _: burst(rng, 0.3, 80, 7000, 0.03)
    )


def static(rng: Generator) -> Sound:
    crackle = place(4, scattered(rng, 4, 20), lambda _: burst(rng, 0.01, 500, 15000, 0.002) * 3)
    return noise(rng, 4) + crackle * rng.integers(0, 2)


def hum(rng: Generator) -> Sound:
    return tone(
        rng.choice([50.0, 60.0, 100.0, 120.0]), 4, (1, 0.7, 0.5, 0.4, 0.3, 0.2)
    ) + 0.02 * noise(rng, 4)


def sparks(rng: Generator) -> Sound:
    gate = slow(rng, 3, 12) > 0.55
    return band(tone(100, 3, (1,) * 30), 800, 12000) * gate + place(
        3, scattered(rng, 3, 30), lambda _: burst(rng, 0.01, 2000, 16000, 0.002) * 5
    )


def bell(rng: Generator) -> Sound:
    return ring(rng, rng.uniform(600, 2200), (1, 2.0, 2.4, 3.0, 4.5, 5.3), rng.uniform(0.6, 1.5), 3)


def church_bell(rng: Generator) -> Sound:
    base = rng.uniform(150, 400)
    return place(
        7, [0.1, 2.6, 5.0], lambda _: ring(rng, base, (0.5, 1, 1.19, 1.5, 2, 2.5, 3.0, 4.1), 1.6, 3)
    )


def glass(rng: Generator) -> Sound:
    return (
        place(
            2,
            [0.1, *(0.15 + rng.random(rng.integers(6, 20)) * 0.8)],
            lambda _: ring(rng, rng.uniform(2500, 7000), (1, 1.5, 2.3), 0.06, 0.3),
        )
        + np.pad(burst(rng, 0.3, 2000, 16000, 0.05), (int(0.1 * RATE), int(1.6 * RATE)))[: 2 * RATE]
    )


def squeak(rng: Generator) -> Sound:
    n = rng.uniform(0.4, 1.2)
    f = rng.uniform(900, 2200) * (1 + 0.3 * slow(rng, n, 8))
    return np.pad(tone(f, n, (1, 0.5, 0.4, 0.2)) * np.hanning(int(n * RATE)), (1000, 5000))


def whistle(rng: Generator) -> Sound:
    f = rng.uniform(1200, 2200) * (1 + 0.3 * slow(rng, 2, 3))
    return tone(f, 2, (1, 0.05)) + 0.05 * noise(rng, 2, 1000, 4000)


def referee(rng: Generator) -> Sound:
    t = seconds(1.2)
    return tone(
        rng.uniform(2400, 3200) + 80 * np.sign(np.sin(2 * np.pi * 32 * t)), 1.2
    ) + 0.1 * noise(rng, 1.2, 1500, 6000)


def typing(rng: Generator) -> Sound:
    return place(
        5,
        scattered(rng, 5, 7),
        lambda _: burst(rng, 0.05, 1500, 9000, 0.006) + 0.4 * burst(rng, 0.05, 150, 800, 0.01),
    )


def camera(rng: Generator) -> Sound:
    return place(
        1, [0.1, 0.1 + rng.uniform(0.06, 0.15)], lambda _: burst(rng, 0.06, 1500, 12000, 0.012)
    )


def steam(rng: Generator) -> Sound:
    return noise(rng, 4, 2500, 15000) * np.clip(slow(rng, 4, 1.5) * 1.5, 0.2, 1)


def game(rng: Generator) -> Sound:
    notes = rng.choice([262, 330, 392, 523, 659, 784, 1047], 6)
    return place(
        1.5, [0.1 * k for k in range(6)], lambda k: np.sign(tone(float(notes[k]), 0.1)) * 0.5
    )


def horn(rng: Generator, base: float, n: float) -> Sound:
    chord = tone(base, n, (1, 0.9, 0.8, 0.6, 0.5, 0.4)) + tone(base * 1.26, n, (1, 0.8, 0.6, 0.4))
    return np.pad(chord * np.minimum(1, seconds(n) * 20), (3000, 6000))


def snore(rng: Generator) -> Sound:
    t = seconds(6)
    breath = np.clip(np.sin(2 * np.pi * t / 3), 0, 1)
    return noise(rng, 6, 60, 900) * breath * ((t * rng.uniform(25, 40)) % 1 < 0.5)


def purr(rng: Generator) -> Sound:
    t = seconds(5)
    return (
        noise(rng, 5, 60, 500)
        * (0.5 + 0.5 * np.sin(2 * np.pi * 25 * t))
        * (0.6 + 0.4 * np.sin(2 * np.pi * t / 1.5))
    )


def saw(rng: Generator) -> Sound:
    t = seconds(5)
    stroke = np.abs(np.sin(2 * np.pi * t * rng.uniform(0.8, 1.3)))
    return noise(rng, 5, 800, 6000) * stroke * (0.6 + 0.4 * np.sin(2 * np.pi * t * 90))


def hammer(rng: Generator) -> Sound:
    base = rng.uniform(300, 900)
    return place(
        5,
        every(rng, 5, rng.uniform(0.5, 0.9), 0.04),
        lambda _: ring(rng, base, (1, 2.7, 4.1), 0.03, 0.25) + burst(rng, 0.25, 500, 8000, 0.01),
    )


def anvil(rng: Generator) -> Sound:
    base = rng.uniform(1200, 2400)
    return place(
        5,
        every(rng, 5, rng.uniform(0.7, 1.1), 0.03),
        lambda _: ring(rng, base, (1, 1.6, 2.7, 3.9), 0.35, 0.8),
    )


def drill(rng: Generator) -> Sound:
    return engine(rng, 180, 320, 0.1) + 0.6 * noise(rng, 5, 2000, 9000)


def horse(rng: Generator) -> Sound:
    starts = [s + d for s in every(rng, 5, 0.5, 0.02) for d in (0, 0.11, 0.2)]
    return place(
        5,
        starts,
        lambda _: (
            ring(rng, rng.uniform(350, 600), (1, 2.2), 0.02, 0.1)
            + burst(rng, 0.1, 200, 2500, 0.015)
        ),
    )


def boing(rng: Generator) -> Sound:
    t = seconds(1.2)
    f = 180 + 60 * np.sin(2 * np.pi * t * 9) * np.exp(-t * 2) + 200 * t
    return tone(f, 1.2, (1, 0.6, 0.4, 0.3)) * np.exp(-t * 2.5)


def toilet(rng: Generator) -> Sound:
    t = seconds(6)
    return (noise(rng, 6, 200, 4000) + 0.5 * river(rng)) * np.exp(-(((t - 1.5) / 1.8) ** 2))

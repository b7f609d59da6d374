"""Make training sounds that nobody had to record: instruments, voices and simple synthesis.

    python benchmarks/starter/render.py DATA

Needs fluidsynth (instruments of FluidR3, MIT licence) and espeak-ng (voices). Everything goes to
``DATA/renders`` as WAV beside ``renders.tsv``: file, caption, concept.
"""

from __future__ import annotations

import argparse
import subprocess
from pathlib import Path

import numpy as np
import soundfile
from recipes import RECIPES

RATE = 44_100
SLOT = 6.0  # seconds between two phrases of the rendered MIDI file
HERE = Path(__file__).parent

SPEECH = [
    ("en-us", 50, "a man speaking", "speech"),
    ("en-us+f3", 55, "a woman speaking", "speech"),
    ("en-gb+m3", 35, "a man speaking with a deep voice", "speech"),
    ("en-us+whisper", 50, "a person whispering", "whisper"),
    ("en-us+croak", 40, "a croaking voice", "speech"),
    ("en-us+f5", 95, "a child speaking", "speech"),
    ("de", 50, "a person speaking german", "speech"),
    ("fr+f2", 60, "a woman speaking french", "speech"),
    ("es", 50, "a man speaking spanish", "speech"),
    ("ru+f4", 55, "a woman speaking russian", "speech"),
    ("cmn", 50, "a person speaking chinese", "speech"),
    ("en-us+m7", 99, "a robot voice", "robot"),
]
WORDS = [
    "Good morning. The train to the coast leaves from platform four in ten minutes.",
    "One, two, three, four, five, six, seven, eight, nine, ten.",
    "Once upon a time there was a small house at the edge of a forest.",
]


def variable_length(value: int) -> bytes:
    """A MIDI delta time."""
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(0x80 | (value & 0x7F))
    return bytes(reversed(out))


def midi(events: list[tuple[float, bytes]]) -> bytes:
    """A MIDI file of one track: 960 ticks a second."""
    body, now = b"\x00\xff\x51\x03\x07\xa1\x20", 0
    for second, message in sorted(events, key=lambda event: event[0]):
        tick = round(second * 960)
        body += variable_length(tick - now) + message
        now = tick
    body += b"\x00\xff\x2f\x00"
    head = b"MThd" + (6).to_bytes(4, "big") + b"\x00\x00\x00\x01\x01\xe0"
    return head + b"MTrk" + len(body).to_bytes(4, "big") + body


def phrases(low: int) -> list[tuple[float, int, float]]:
    """Three notes up and a chord: (start, key, seconds)."""
    line = [(0.0, low, 0.5), (0.6, low + 4, 0.5), (1.2, low + 7, 0.5)]
    return line + [(1.9, low + step, 2.2) for step in (0, 4, 7, 12)]


def instruments(data: Path) -> list[tuple[str, str, str]]:
    """Two phrases of each of the 128 General MIDI programs, and each drum as a short pattern."""
    names = [line.split("\t") for line in (HERE / "data/instruments.tsv").read_text().splitlines()]
    drums = [line.split("\t") for line in (HERE / "data/drums.tsv").read_text().splitlines()]
    events: list[tuple[float, bytes]] = []
    rows, at = [], 0.0

    def slot(name: str, caption: str, concept: str) -> None:
        nonlocal at
        rows.append((at, name, caption, concept))
        at += SLOT

    for program, (caption, concept) in enumerate(names):
        for index, low in enumerate((60, 48 if program not in range(72, 80) else 72)):
            events.append((at, bytes([0xC0, program])))
            for start, key, seconds in phrases(low):
                events.append((at + 0.02 + start, bytes([0x90, key, 100])))
                events.append((at + 0.02 + start + seconds, bytes([0x80, key, 0])))
            slot(f"gm{program:03d}-{index}", caption, concept)
    for key, caption, concept in drums:
        for index, step in enumerate((0.5, 0.25)):
            events += [
                (at + 0.02 + beat * step, bytes([0x99, int(key), 110 - 20 * (beat % 2)]))
                for beat in range(4 + 4 * index)
            ]
            slot(f"drum{key}-{index}", caption, concept)
    folder = data / "renders"
    (folder / "all.mid").write_bytes(midi(events))
    font = next((data / "corpora/soundfont").rglob("FluidR3_GM.sf2"))
    command = [
        "fluidsynth",
        "-ni",
        "-g",
        "0.6",
        "-F",
        "all.wav",
        "-r",
        str(RATE),
        str(font),
        "all.mid",
    ]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    sound, _ = soundfile.read(folder / "all.wav", dtype="float32")
    (folder / "all.wav").unlink()
    for start, name, _, _ in rows:
        piece = sound[round(start * RATE) : round((start + SLOT) * RATE) - 200].mean(axis=1)
        write(folder / f"{name}.wav", piece)
    return [(f"{name}.wav", caption, concept) for _, name, caption, concept in rows]


def voices(data: Path) -> list[tuple[str, str, str]]:
    rows = []
    for index, (voice, pitch, caption, concept) in enumerate(SPEECH):
        for number, words in enumerate(WORDS):
            path = data / "renders" / f"voice{index:02d}-{number}.wav"
            command = ["espeak-ng", "-v", voice, "-p", str(pitch), "-w", str(path), words]
            subprocess.run(command, check=True)
            rows.append((path.name, caption, concept))
    return rows


def synthesis(data: Path) -> list[tuple[str, str, str]]:
    rows = []
    for name, (caption, concept, make) in RECIPES.items():
        for index in range(6):
            rng = np.random.default_rng([7, index, *name.encode()])
            sound = make(rng)
            path = data / "renders" / f"synth-{name}-{index}.wav"
            write(path, sound)
            rows.append((path.name, caption, concept))
    return rows


def write(path: Path, sound: np.ndarray) -> None:
    peak = np.abs(sound).max()
    soundfile.write(
        path, (sound / max(peak, 1e-6) * 0.8).astype(np.float32), RATE, subtype="PCM_16"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data.resolve()
    (data / "renders").mkdir(parents=True, exist_ok=True)
    rows = [*instruments(data), *voices(data), *synthesis(data)]
    text = "\n".join("\t".join(row) for row in rows) + "\n"
    (data / "renders" / "renders.tsv").write_text(text)
    print(f"{len(rows)} sounds")


if __name__ == "__main__":
    main()

"""Make the bank of captions that bridges are fitted with, ``index/bridging/captions.txt.gz``.

    python benchmarks/bridge/captions.py DATA

DATA holds what ``benchmarks/starter/fetch.py DATA`` unpacks; of it only WordNet 3.0 is used. The
bank says, in short captions, what can be seen and heard: names and definitions of concrete nouns
and of verbs of sound and motion, and the parts of ``scenes.txt`` combined. Same input, same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import random
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent
BANK = HERE.parents[1] / "index/bridging/captions.txt.gz"
SEED = 0
# Lexicographer files: act, animal, artifact, body, event, food, object, person, phenomenon, plant,
# substance; body, contact, motion, perception and weather of the verbs.
NOUNS = {"04", "05", "06", "08", "11", "13", "17", "18", "19", "20", "27"}
VERBS = {"29", "35", "38", "39", "43"}
LONGEST = 80  # characters: CLIP reads 77 tokens, and definitions get abstract as they get long
RARE = 5_000  # nouns that WordNet's sense-tagged texts do not have
SCENES = {"heard": 3_600, "instruments": 1_400, "seen": 7_000}
UNFIT = re.compile(
    r"offensive|disparag|slur|obscene|vulgar|derogatory|ethnic|sexual|intercourse|prostitut|nude|naked"
)


@dataclass(frozen=True)
class Meaning:
    """A synset: the word whose first meaning it is, its definition, and whether it is common."""

    word: str
    kind: str
    gloss: str
    is_common: bool


def meanings(folder: Path, part: str, kinds: set[str]) -> Iterator[Meaning]:
    """The first meanings of the words of WordNet's ``data.PART`` (format: wndb(5WN))."""
    first: dict[str, tuple[str, bool]] = {}
    for line in (folder / f"index.{part}").read_text("utf-8").splitlines():
        if not line.startswith(" "):
            fields = line.split()
            tagged = int(fields[int(fields[3]) + 5])
            first[fields[0]] = (fields[int(fields[3]) + 6], tagged > 0)
    for line in (folder / f"data.{part}").read_text("utf-8", errors="replace").splitlines():
        if line.startswith(" "):
            continue
        head, _, gloss = line.partition(" | ")
        fields = head.split()
        words = [fields[4 + 2 * i] for i in range(int(fields[3], 16))]
        own = [w for w in words if first.get(w, ("", False))[0] == fields[0] and w.count("_") < 2]
        if fields[1] in kinds and own and not UNFIT.search(line):
            definition = re.sub(r"\s*\([^)]*\)\s*", " ", gloss.split(";")[0].split(' "')[0]).strip()
            yield Meaning(own[0].replace("_", " "), fields[1], definition, first[own[0]][1])


def with_article(word: str) -> str:
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def of_nouns(folder: Path, shown: list[str], rng: random.Random) -> Iterator[str]:
    nouns = list(meanings(folder, "noun", NOUNS))
    rare = [noun for noun in nouns if not noun.is_common]
    for noun in nouns:
        if not noun.is_common:
            continue
        things = noun.kind not in ("04", "08", "11", "13", "19", "27")
        name = with_article(noun.word) if things else noun.word
        yield rng.choice(shown).format(name) if things else name
        if len(noun.gloss) <= LONGEST:
            yield noun.gloss
    for noun in rng.sample(rare, RARE):
        yield f"{noun.word}, {noun.gloss}" if len(noun.gloss) <= LONGEST - 15 else noun.word


def of_verbs(folder: Path) -> Iterator[str]:
    for verb in meanings(folder, "verb", VERBS):
        if verb.is_common and len(verb.gloss) <= LONGEST - 15:
            yield f"to {verb.word}: {verb.gloss}"


class Scenes:
    """Combines the parts of captions in ``scenes.txt``."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.parts: dict[str, list[str]] = {}
        for line in (HERE / "scenes.txt").read_text("utf-8").splitlines():
            if line.startswith("["):
                self.parts[line.strip("[]")] = here = []
            elif line and not line.startswith("#"):
                here.append(line)

    def pick(self, part: str) -> str:
        return self.rng.choice(self.parts[part])

    def heard(self) -> str:
        sound, choice = self.pick("heard"), self.rng.random()
        if choice < 0.6:
            sound += f" {self.pick('around')}"
        elif choice < 0.8:
            sound += f" and {self.pick('heard')}"
        return self.pick("recorded").format(sound)

    def instruments(self) -> str:
        music = f"{self.pick('instruments')} {self.pick('played')}"
        if self.rng.random() < 0.3:
            music = f"{self.pick('instruments')} and {self.pick('instruments')}"
        return self.pick("recorded").format(music)

    def seen(self) -> str:
        thing = self.pick("seen")
        article, _, rest = thing.partition(" ")
        if article in ("a", "an") and self.rng.random() < 0.3:
            thing = with_article(f"{self.pick('like')} {rest}")
        if self.rng.random() < 0.2:
            thing += f" and {self.pick('seen')}"
        if self.rng.random() < 0.6:
            thing += f" {self.pick('where')}"
        return self.pick("shown").format(thing)

    def all(self) -> Iterator[str]:
        for name, make in (
            ("heard", self.heard),
            ("instruments", self.instruments),
            ("seen", self.seen),
        ):
            found: dict[str, None] = dict.fromkeys(self.parts[name])
            while len(found) < SCENES[name]:
                found[make()] = None
            yield from found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    folder = next((parser.parse_args().data / "corpora/wordnet").rglob("data.noun")).parent
    rng = random.Random(SEED)
    seen = list(Scenes(rng).all())
    shown = ["{}", "a photo of {}", "a picture of {}", "{} in the foreground", "someone with {}"]
    bank = sorted(dict.fromkeys([*seen, *of_nouns(folder, shown, rng), *of_verbs(folder)]))
    assert all(line.isascii() and line.strip() == line and "\n" not in line for line in bank)
    BANK.parent.mkdir(exist_ok=True)
    # Sorted, as neighbours then share their beginnings, which halves the file.
    BANK.write_bytes(gzip.compress("".join(f"{line}\n" for line in bank).encode(), 9, mtime=0))
    print(f"{len(bank):,} captions, {BANK.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

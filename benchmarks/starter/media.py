"""The captioned media: which file is what, and what it may be used for."""

from __future__ import annotations

import csv
import fnmatch
import json
import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Item", "families", "pictures", "sounds", "words"]

HERE = Path(__file__).parent
MOST_PER_LINE = {"training": 8, "evaluation": 3}
AUDIO = (".wav", ".ogg", ".oga", ".flac", ".mp3")


@dataclass(frozen=True)
class Item:
    """One captioned file.

    Attributes:
        role: ``training`` (permissive licence) or ``evaluation`` (copyleft: never fitted to).
        concept: what it is, in few words; concepts that share a word form a family.
    """

    path: Path
    corpus: str
    role: str
    caption: str
    concept: str


def demo_files() -> set[str]:
    """Names of the files that became the package's sample media: nothing is fitted to them."""
    listing = HERE.parents[1] / "server/sample/PROVENANCE.csv"
    with listing.open(encoding="utf-8", newline="") as file:
        sources = " + ".join(row["source_file"] for row in csv.DictReader(file))
    return {source.rpartition("/")[2] for source in sources.split(" + ")}


def sounds(data: Path) -> list[Item]:
    """Every captioned sound under DATA, in a fixed order."""
    items = []
    demo = demo_files()
    for role in ("training", "evaluation"):
        name = "sounds_train.tsv" if role == "training" else "sounds_eval.tsv"
        listing: dict[str, list[Path]] = {}
        for line in (HERE / "data" / name).read_text().splitlines():
            corpus, pattern, caption, concept = line.split("\t")
            if corpus not in listing:
                files = (data / "corpora" / corpus).rglob("*")
                listing[corpus] = sorted(f for f in files if f.suffix.lower() in AUDIO)
            matched = [f for f in listing[corpus] if fnmatch.fnmatchcase(str(f), pattern)]
            if role == "training":
                matched = [f for f in matched if f.name not in demo]
            for path in matched[: MOST_PER_LINE[role]]:
                items.append(Item(path, corpus, role, caption, concept))
                listing[corpus].remove(path)
    for line in (data / "renders/renders.tsv").read_text().splitlines():
        file, caption, concept = line.split("\t")
        items.append(Item(data / "renders" / file, "renders", "training", caption, concept))
    return items


# Which folders hold named pictures, and what in a file name is not a name.
NAMES = json.loads((HERE / "data/names.json").read_text(encoding="utf-8"))


def pictures(data: Path) -> list[Item]:
    """Every named picture under DATA: clip art and emoji to train on, others to evaluate with."""
    nouns = _lexicon(data)
    items = []
    root = next((data / "corpora/openclipart").rglob("png"))
    seen: dict[str, int] = {}
    for path in sorted(
        p for folder in NAMES["clipart_folders"] for p in (root / folder).rglob("*.png")
    ):
        name = _clipart_name(path.stem, nouns)
        if name and seen.setdefault(name, 0) < 4:
            seen[name] += 1
            items.append(Item(path, "openclipart", "training", name, name))
    package = data / "corpora/emoji/package"
    for entry in json.loads((package / "emoji.json").read_text()):
        if entry["category"] in NAMES["emoji_groups"] and entry["has_img_google"]:
            name = entry["name"].lower().replace("-", " ")
            path = package / "img/google/64" / entry["image"]
            items.append(Item(path, "emoji", "training", name, name))
    for corpus, folders in NAMES["evaluation_folders"].items():
        everything = sorted((data / "corpora" / corpus).rglob("*"))
        for folder in folders:
            for path in everything:
                if path.suffix.lower() not in (".webp", ".png", ".jpg", ".jpeg", ".gif"):
                    continue
                name = _evaluation_name(path.stem)
                if path.parent.as_posix().endswith(folder) and name:
                    items.append(Item(path, corpus, "evaluation", name, name))
    return items


def _lexicon(data: Path) -> set[str]:
    index = next((data / "corpora/wordnet").rglob("index.noun"))
    return {line.split(" ", 1)[0] for line in index.read_text().splitlines() if line[0] != " "}


def _clipart_name(stem: str, nouns: set[str]) -> str:
    """What a drawing shows, from a file name that also holds its author: leading nouns only."""
    kept: list[str] = []
    for word in re.findall(r"[a-z]+", stem.lower()):
        if (
            word in NAMES["authors"]
            or (word not in nouns and word.rstrip("s") not in nouns)
            or len(word) < 3
        ):
            if kept:
                break
            continue
        kept.append(word)
    return " ".join(kept[:3])


def _evaluation_name(stem: str) -> str:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", stem).lower()
    name = " ".join(w for w in re.findall(r"[a-z]+", spaced) if len(w) > 1)
    name = NAMES["spellings"].get(name, name)
    return "" if name in NAMES["not_names"] or len(name) < 3 else name


def words(text: str) -> set[str]:
    """The words of a concept or caption that say what it is, without plural endings."""
    found = re.findall(r"[a-z0-9]+", text.lower())
    return {w[:-1] if w.endswith("s") and not w.endswith("ss") else w for w in found} - set(
        NAMES["generic_words"]
    )


def families(concepts: list[str]) -> dict[str, int]:
    """Concept -> family: concepts that share a word, directly or through others, are one family."""
    unique = sorted(set(concepts))
    parent = list(range(len(unique)))

    def root(i: int) -> int:
        while parent[i] != i:
            i = parent[i]
        return i

    first: dict[str, int] = {}
    for index, concept in enumerate(unique):
        for word in sorted(words(concept)):
            if word in first:
                parent[root(index)] = root(first[word])
            else:
                first[word] = index
    return {concept: root(index) for index, concept in enumerate(unique)}

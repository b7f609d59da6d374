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
        role: ``training`` (permissive licence) or ``evaluation`` (copyleft: nothing is fitted to it).
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


PICTURE_FOLDERS = (
    "animals buildings containers decorations education electronics food office people plants "
    "science tools transportation recreation/music recreation/party recreation/sports unsorted"
).split()
EMOJI_GROUPS = {"Objects", "Travel & Places", "Animals & Nature", "Food & Drink", "Activities"}
# Folders of evaluation pictures whose files are named after what they show.
PICTURE_EVALUATION = {
    "gcompris": [
        "lang/resource/words_sample", "categorization/resource/images/tools", "erase/resource",
        "categorization/resource/images/renewable", "categorization/resource/images/monuments",
        "categorization/resource/images/others", "explore_world_animals/resource/animals",
        "explore_farm_animals/resource/animals", "solar_system/resource",
    ],
    "scratch": ["Media/Backgrounds/Nature", "Media/Backgrounds/Outdoors", "Media/Backgrounds/Sports",
                "Media/Backgrounds/Indoors", "Media/Costumes/Animals", "Media/Costumes/Things",
                "Media/Costumes/Transportation", "Media/Costumes/Fantasy"],
}
NOT_NAMES = set(
    "animal back black blue brown gray green white yellow red orange pink purple color family face "
    "eight eleven five four one two three six seven nine ten twelve brother sister friend others "
    "monument musee left right up down zero sixteen mauve wild fantasy skin son flies route cub".split()
) | {"orange color", "le musee", "the movies", "the movies inside", "berkeley mural", "mural faro"}
SPELLINGS = {
    "palmtree": "palm tree", "partyhat": "party hat", "wizardhat": "wizard hat", "mic": "microphone",
    "tennisball": "tennis ball", "beachball": "beach ball", "magiccarpet": "magic carpet",
    "monkeyking": "monkey king", "buffetset": "buffet set", "blackslate": "slate blackboard",
    "chamaeleon": "chameleon", "gobo": "cartoon monster", "camels": "camel", "hippo": "hippopotamus",
    "bulb": "light bulb", "plier": "pliers", "solar": "solar panels", "burj": "burj al arab hotel",
    "street cleaner mit": "street cleaner", "sunglass": "sunglasses", "geothermal": "geothermal plant",
    "bat": "bat animal", "soccer": "soccer field", "bike": "bicycle",
}
AUTHORS = set(
    "dan nicu mo martin peter john gerald erich daniel gerhard gerhards ganson archie aj ashton theerud "
    "law mark david paul michael robert linda kim karl bartel ryan lerch patricia pa benji park "
    "jarno vasamaa architetto franc francesco stefan steve ed sergio luiz clem chris rob jean".split()
)


def pictures(data: Path) -> list[Item]:
    """Every named picture under DATA: clip art and emoji to train on, others to evaluate with."""
    nouns = _lexicon(data)
    items = []
    root = next((data / "corpora/openclipart").rglob("png"))
    seen: dict[str, int] = {}
    for path in sorted(p for folder in PICTURE_FOLDERS for p in (root / folder).rglob("*.png")):
        name = _clipart_name(path.stem, nouns)
        if name and seen.setdefault(name, 0) < 4:
            seen[name] += 1
            items.append(Item(path, "openclipart", "training", name, name))
    package = data / "corpora/emoji/package"
    for entry in json.loads((package / "emoji.json").read_text()):
        if entry["category"] in EMOJI_GROUPS and entry["has_img_google"]:
            name = entry["name"].lower().replace("-", " ")
            path = package / "img/google/64" / entry["image"]
            items.append(Item(path, "emoji", "training", name, name))
    for corpus, folders in PICTURE_EVALUATION.items():
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
        if word in AUTHORS or (word not in nouns and word.rstrip("s") not in nouns) or len(word) < 3:
            if kept:
                break
            continue
        kept.append(word)
    return " ".join(kept[:3])


def _evaluation_name(stem: str) -> str:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", stem).lower()
    name = " ".join(w for w in re.findall(r"[a-z]+", spaced) if len(w) > 1)
    name = SPELLINGS.get(name, name)
    return "" if name in NOT_NAMES or len(name) < 3 else name


GENERIC = set(
    "a an the of on in with and at by to for electric electronic game machine small big old new red "
    "blue green white black yellow sign symbol face button".split()
)


def words(text: str) -> set[str]:
    """The words of a concept or caption that say what it is, without plural endings."""
    found = re.findall(r"[a-z0-9]+", text.lower())
    return {w[:-1] if w.endswith("s") and not w.endswith("ss") else w for w in found} - GENERIC


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

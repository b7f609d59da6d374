"""The held-out gallery: 43 concepts that no parameter of the ranking was chosen on.

Its pictures and sounds are the starter's captioned media (`benchmarks/starter/media.py`) of
concepts that have both and are not in `gallery.tsv`; its sentences and queries are in
`heldout_texts.tsv` and `heldout_queries.tsv`. Many of the media served to fit the starter's heads:
its figures say which way of ranking is better, not how good the starter is. Among them are media of
other concepts, and captions of others.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "starter"))
import media

MUSICAL = ("renders", "sonicpi", "supersonic")  # instruments: no chance for those of the concepts
OTHERS = {"image": 250, "audio": 250, "text": 120}  # that are relevant to nothing


def listed(
    data: Path, used: set[Path], sentences: list[list[str]], most: int
) -> list[tuple[Path | str, str, str]]:
    """Every item: its file or text, its modality, its concept; `used` files are left out."""
    named = {concept for concept, _ in sentences}
    known = {word for concept in named for word in media.words(concept)}
    items: list[tuple[Path | str, str, str]] = []
    captions: list[str] = []
    for modality, found in (("image", media.pictures(data)), ("audio", media.sounds(data))):
        fresh = [item for item in found if item.path not in used]
        fresh.sort(key=lambda item: (item.role != "evaluation", str(item.path)))
        counts = dict.fromkeys(named, 0)
        for item in fresh:
            if item.concept in named and counts[item.concept] < most:
                counts[item.concept] += 1
                items.append((item.path, modality, item.concept))
        others = [
            i for i in fresh if not media.words(i.caption) & known and i.corpus not in MUSICAL
        ]
        random.Random(0).shuffle(others)
        items += [(item.path, modality, "-") for item in others[: OTHERS[modality]]]
        captions += [item.caption for item in others[OTHERS[modality] :]]
    random.Random(0).shuffle(captions)
    items += [(text, "text", "-") for text in list(dict.fromkeys(captions))[: OTHERS["text"]]]
    items += [(sentence, "text", concept) for concept, sentence in sentences]
    return list(dict.fromkeys(items))

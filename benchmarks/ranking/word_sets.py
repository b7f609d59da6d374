"""Texts with labelled queries: those of the project, and classical ones if they are here.

- **faq**: 474 questions of the FAQs of Perl and of Python, each with its own answer (`faq.py`).
- **cranfield**: 1,400 abstracts of aerodynamics and 225 requests of the engineers who read them
  (Cleverdon, 1967); ``cran.all.1400``, ``cran.qry`` and ``cranqrel`` of Glasgow's copy.
- **cisi**: 1,460 abstracts of library science and 76 judged requests; ``CISI.ALL``, ``CISI.QRY``,
  ``CISI.REL`` of the same place.

The classical ones may be used for research, and are not in the repository. All of the queries were
written by people who were after something, and none was made from a text's words.
"""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LabelledSet", "read_sets"]

FAQ = Path(__file__).with_name("faq.jsonl.gz")


class LabelledSet(NamedTuple):
    """Texts by id, and queries, each with the ids of the texts that are relevant to it."""

    name: str
    texts: dict[str, str]
    queries: list[tuple[str, frozenset[str]]]


def read_sets(folder: Path | None) -> list[LabelledSet]:
    """The sets that there are: `folder` has the classical ones in ``cranfield`` and ``cisi``."""
    sets = [read_faq()]
    if folder is not None and (folder / "cranfield").is_dir():
        sets.append(read_cranfield(folder / "cranfield"))
    if folder is not None and (folder / "cisi").is_dir():
        sets.append(read_cisi(folder / "cisi"))
    return sets


def read_faq() -> LabelledSet:
    lines = gzip.decompress(FAQ.read_bytes()).decode().splitlines()
    entries = [json.loads(line) for line in lines]
    texts = {entry["id"]: entry["answer"] for entry in entries}
    queries = [(entry["question"], frozenset([entry["id"]])) for entry in entries]
    return LabelledSet("faq", texts, queries)


def read_cranfield(folder: Path) -> LabelledSet:
    documents = dict(_documents(folder / "cran.all.1400"))
    texts = {number: f"{fields['T']}\n{fields['W']}" for number, fields in documents.items()}
    relevant: dict[str, set[str]] = {}
    for line in (folder / "cranqrel").read_text(encoding="utf-8").splitlines():
        query, document, grade = line.split()[:3]
        if 1 <= int(grade) <= 4 and document in texts:  # 5 and -1 are no references at all
            relevant.setdefault(query, set()).add(document)
    # Judgements count the requests from 1, whatever numbers these have.
    requests = [fields["W"] for _, fields in _documents(folder / "cran.qry")]
    return _labelled("cranfield", texts, dict(enumerate(requests, 1)), relevant)


def read_cisi(folder: Path) -> LabelledSet:
    documents = dict(_documents(folder / "CISI.ALL"))
    texts = {number: f"{fields['T']}\n{fields['W']}" for number, fields in documents.items()}
    relevant: dict[str, set[str]] = {}
    for line in (folder / "CISI.REL").read_text(encoding="utf-8").splitlines():
        query, document = line.split()[:2]
        relevant.setdefault(query, set()).add(document)
    requests = {int(number): fields["W"] for number, fields in _documents(folder / "CISI.QRY")}
    return _labelled("cisi", texts, requests, relevant)


def _labelled(
    name: str, texts: dict[str, str], requests: dict[int, str], relevant: dict[str, set[str]]
) -> LabelledSet:
    texts = {number: text for number, text in texts.items() if text.strip()}
    queries = []
    for number, request in requests.items():
        found = frozenset(relevant.get(str(number), ()) & texts.keys())
        if found:
            queries.append((" ".join(request.split()), found))
    return LabelledSet(name, texts, queries)


def _documents(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """The documents of a file of SMART: their numbers, and their fields by letter."""
    text = path.read_text(encoding="latin-1")
    for document in re.split(r"^\.I +", text, flags=re.M)[1:]:
        number, _, rest = document.partition("\n")
        parts = re.split(r"^\.([A-Z])\s*$", rest, flags=re.M)
        yield number.strip(), dict(zip(parts[1::2], map(str.strip, parts[2::2]), strict=True))

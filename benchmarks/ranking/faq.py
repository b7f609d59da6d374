"""Make ``faq.jsonl.gz``: questions with their answers, of the FAQs of Perl and of Python.

    python benchmarks/ranking/faq.py PERL PYTHON

PERL holds perlfaq1.pod to perlfaq9.pod (the repository perl-doc-cats/perlfaq), PYTHON the sources
of Python's FAQ (Debian's package python3.11-doc, ``html/_sources/faq``). Each line has a question,
and its answer without it: people wrote the one to be asked and the other to be read. Both may be
passed on: see NOTICE.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = Path(__file__).with_name("faq.jsonl.gz")
LEAST_CHARACTERS = 40  # of an answer: shorter ones only point to another
POD_CODE = re.compile(r"[A-Z]<{1,2}\s?([^<>|]*\|)?([^<>]*?)\s?>{1,2}")
RST_ROLE = re.compile(r":[\w:+-]+:`~?([^`<]*?)(\s*<[^`]*>)?`")


class Entry(NamedTuple):
    """A question and its answer, with an id such as ``perlfaq4-12``."""

    id: str
    question: str
    answer: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("perl", type=Path)
    parser.add_argument("python", type=Path)
    arguments = parser.parse_args()
    entries = [*of_perl(arguments.perl), *of_python(arguments.python)]
    lines = [json.dumps(entry._asdict(), ensure_ascii=False) + "\n" for entry in entries]
    data = gzip.compress("".join(lines).encode(), 9, mtime=0)
    PATH.write_bytes(data)
    print(f"{len(entries)} questions, {len(data):,} bytes")


def of_perl(folder: Path) -> Iterator[Entry]:
    for path in sorted(folder.glob("perlfaq*.pod")):
        parts = re.split(r"^=head([12]) +(.*)$", path.read_text(encoding="utf-8"), flags=re.M)
        for level, title, body in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
            if level == "2":
                yield from _entry(path.stem, _of_pod(title), _of_pod(body))


def _of_pod(text: str) -> str:
    lines = [line for line in text.splitlines() if not line.startswith("=")]
    plain = "\n".join(lines)
    for _ in range(3):  # codes stand inside each other
        plain = POD_CODE.sub(lambda match: (match[1] or match[2]).rstrip("|"), plain)
    return plain.replace("E<lt>", "<").replace("E<gt>", ">")


def of_python(folder: Path) -> Iterator[Entry]:
    for path in sorted(folder.glob("*.rst.txt")):
        name = "pythonfaq-" + path.name.removesuffix(".rst.txt")
        parts = re.split(r"^(\S.*)\n([-=~^.]{4,})$", path.read_text(encoding="utf-8"), flags=re.M)
        for title, _, body in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
            if title.rstrip().endswith("?"):
                yield from _entry(name, _of_rst(title), _of_rst(body))


def _of_rst(text: str) -> str:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith(".. ")]
    plain = RST_ROLE.sub(r"\1", "\n".join(lines))
    return re.sub(r"`([^`<]*?)\s*<[^`]*>`_*", r"\1", plain).replace("``", "").replace("::", ":")


counts: dict[str, int] = {}


def _entry(name: str, title: str, body: str) -> Iterator[Entry]:
    answer = re.sub(r"\n{3,}", "\n\n", body).strip()
    if len(answer) >= LEAST_CHARACTERS:
        counts[name] = counts.get(name, 0) + 1
        yield Entry(f"{name}-{counts[name]}", " ".join(title.split()), answer)


if __name__ == "__main__":
    main()

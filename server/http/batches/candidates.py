"""What is asked to be added: texts, files that came with a request, and files of this machine."""

from __future__ import annotations

import io
import itertools
import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

from pydantic_core import from_json

from anysense.embed.errors import AnysenseError
from anysense.embed.types import Modality
from anysense.index.showing.names import stored_suffix
from anysense.server.http.bodies.media import media_bytes
from anysense.server.http.bodies.reading import validate
from anysense.server.http.errors import RequestError
from anysense.server.http.schemas.batch import BatchItem

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping
    from pathlib import Path

__all__ = [
    "Candidate",
    "Candidates",
    "NewMedia",
    "candidate_of",
    "candidates_of_lines",
    "read_line",
    "take_chunk",
]

CHUNK_ITEMS = 64
CHUNK_CHARACTERS = 100_000
MEDIA_CHARACTERS = 10_000
"""A file counts as a text of so many characters, where a chunk is measured."""

STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')
MAX_VALUES = 200_000
"""Values in one line at most; metadata as long as may be has fewer."""


@dataclass(frozen=True)
class NewMedia:
    """A file that came with a request and is kept in the collection with its item.

    Attributes:
        name: what the client calls it.
        suffix: what its stored name ends with.
        open: opens it; the caller closes it. It may raise `RequestError`.
    """

    name: str
    suffix: str
    open: Callable[[], BinaryIO]


@dataclass(frozen=True)
class Candidate:
    """Something that may become an item.

    Attributes:
        content: a text, a file that came with the request, or nothing for a file at `path`.
        id: the id that it is to have; None for one that is made.
        metadata: what is said of it.
        path: of a file of this machine, as the client wrote it.
    """

    content: str | NewMedia | None
    id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    path: str | None = None

    @property
    def size(self) -> int:
        """How much work it is to encode, roughly, in characters."""
        return len(self.content) if isinstance(self.content, str) else MEDIA_CHARACTERS


Candidates: TypeAlias = "Iterator[Candidate | AnysenseError]"
"""In the order of a request; in the place of what cannot be read, the reason."""


def candidate_of(values: Any) -> Candidate | AnysenseError:
    """One item of a JSON body, or why it cannot be one."""
    try:
        if isinstance(values, dict) and len(values) > len(BatchItem.model_fields):
            # Not left to the model, which would tell every single one.
            message = f"An item has at most {len(BatchItem.model_fields)} fields."
            raise RequestError(message, 422, "invalid_value")
        return _candidate(validate(BatchItem, values))
    except AnysenseError as error:
        return error


def candidate_of_line(line: bytes) -> Candidate | AnysenseError:
    """One line of a JSONL body as an item, or why it cannot be one."""
    try:
        values = read_line(line)
    except AnysenseError as error:
        return error
    return candidate_of(values)


def candidates_of_lines(path: Path, start: int = 0) -> Generator[Candidate | AnysenseError]:
    """The items of a file of lines, from a place on."""
    with path.open("rb") as lines:
        for line in itertools.islice(lines, start, None):
            yield candidate_of_line(line)


def read_line(line: bytes) -> Any:
    """A line of JSON as values.

    Raises:
        RequestError: it is no JSON, or has more values than an item can have, which would take
            longer to be refused one by one than it took to send them.
    """
    if len(line) > MAX_VALUES and has_too_many_values(line):
        message = f"A line has at most {MAX_VALUES:,} values."
        raise RequestError(message, 422, "invalid_value")
    try:
        return from_json(line)
    except ValueError as error:
        reason = str(error).partition(" at line ")[0]
        raise RequestError(f"The line is not JSON: {reason}.", 400, "invalid_json") from None


def has_too_many_values(line: bytes) -> bool:
    """Whether there is more between the strings of a line than an item can have."""
    count = end = 0
    for string in STRINGS.finditer(line):
        between = line[end : string.start()]
        count += sum(map(between.count, (b",", b"[", b"{")))
        if count > MAX_VALUES:
            return True
        end = string.end()
    rest = line[end:]
    return count + sum(map(rest.count, (b",", b"[", b"{"))) > MAX_VALUES


def _candidate(item: BatchItem) -> Candidate:
    if item.text is not None:
        return Candidate(item.text, item.id, item.metadata)
    if item.path is not None:
        return Candidate(None, item.id, item.metadata, item.path)
    name = "image" if item.image is not None else "audio"
    uri = item.image if item.image is not None else item.audio
    assert uri is not None
    kind = uri[:100].removeprefix("data:").partition(";")[0]
    # Decoded only when its turn comes: a body may hold a thousand.
    media = NewMedia(name, stored_suffix(name, kind), partial(_open_uri, uri, name))
    return Candidate(media, item.id, item.metadata)


def _open_uri(uri: str, name: str) -> BinaryIO:
    return io.BytesIO(media_bytes(uri, name, modality=Modality(name)))


def take_chunk(candidates: Candidates) -> list[Candidate | AnysenseError]:
    """The next few, to be encoded and written together; an empty list at the end.

    Others who write have their turn after each chunk, so it is short.
    """
    chunk: list[Candidate | AnysenseError] = []
    size = 0
    for candidate in candidates:
        chunk.append(candidate)
        size += candidate.size if isinstance(candidate, Candidate) else 0
        if len(chunk) >= CHUNK_ITEMS or size >= CHUNK_CHARACTERS:
            break
    return chunk

"""A document as HTML, by a program that runs in a process of its own, within limits.

Such programs read what anybody may have sent: what a document asks of them must end, whatever it
is. So each runs with a limit of memory, is ended when its time is over, when it has said too much,
or when nobody waits for it, and gets neither a network nor a file but the document.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from anysense.embed.errors import (
    CorruptMediaError,
    MediaError,
    MediaTooLargeError,
)
from anysense.embed.media.extras import DOCUMENTS
from anysense.embed.media.office.rtf import with_unicode
from anysense.embed.media.own_process import KILLED, python_command
from anysense.embed.waiting import check_waiter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

    from anysense.embed.limits import Limits
    from anysense.embed.media.signatures import Format

__all__ = ["ConvertBudget", "budget_for", "convert"]

_TEMPLATE = Path(__file__).parent / "document.html"
_WORKER = "anysense.embed.media.office.worker"
_HEAP_EXHAUSTED = 251  # the status of a program compiled by GHC, such as pandoc
_BYTES_PER_CHARACTER = 8  # of HTML with its tags
_LEAST_SECONDS = 20.0  # of which starting a program may take some where much else runs
_SECONDS_PER_MEGABYTE = 10.0
_MOST_SECONDS = 120.0
_LOOK_SECONDS = 0.05
_REASON_BYTES = 300
_READERS = {"DOCX": "docx", "EPUB": "epub", "ODT": "odt", "RTF": "rtf"}
"""What pandoc calls the formats that it reads; the worker reads the others."""


@dataclass(frozen=True)
class ConvertBudget:
    """What converting a document may take.

    Attributes:
        seconds: how long it may take.
        memory_bytes: of the program's heap.
    """

    seconds: float
    memory_bytes: int = 1024**3


def budget_for(size: int) -> ConvertBudget:
    """What converting a document of so many bytes, unpacked, may take.

    A small one that takes long was made to: to nest, or to name one part countless times.
    """
    seconds = _LEAST_SECONDS + _SECONDS_PER_MEGABYTE * size / 1e6
    return ConvertBudget(min(seconds, _MOST_SECONDS))


def convert(
    file: BinaryIO,
    file_format: Format,
    name: str,
    limits: Limits,
    budget: ConvertBudget,
) -> str:
    """A document as HTML.

    Args:
        file: the document; its position may move.
        file_format: of it.
        name: what an error calls it.
        limits: of which the number of characters counts.
        budget: the most that converting it may take.

    Raises:
        UnsupportedMediaError: the extra is not installed.
        CorruptMediaError: damaged, encrypted, or not what it begins as.
        MediaTooLargeError: it takes too long or too much memory, or has too many characters.
        MediaError: the program cannot be started, or was killed.
        AbandonedError, DeadlineError: nobody waits for it any more.
    """
    DOCUMENTS.check(name, file_format.article)
    most = limits.text_characters * _BYTES_PER_CHARACTER
    with (
        tempfile.TemporaryFile() as document,
        tempfile.TemporaryFile() as page,
        tempfile.TemporaryFile() as said,
    ):
        _copy(file, file_format, document)
        try:
            program = subprocess.Popen(  # noqa: S603 - nothing of the document is in the command
                _command(file_format, budget), stdin=document, stdout=page, stderr=said
            )
        except OSError as error:  # too many processes or files, a full disk, no program
            reason = f"is {file_format.article} that cannot be read now ({error.strerror or error})"
            raise MediaError(name, reason) from error
        try:
            status = _wait(program, page, most, budget.seconds)
        finally:
            program.kill()
            program.wait()
        if status is None:
            raise MediaTooLargeError(
                name, f"is {file_format.article} that takes too long or has too much text"
            )
        if status != 0:
            said.seek(0)
            raise _refusal(name, file_format, status, said.read(_REASON_BYTES))
        page.seek(0)
        return page.read().decode("utf-8", "replace")


def _copy(file: BinaryIO, file_format: Format, document: BinaryIO) -> None:
    """The document in a file of its own, which a process can read from its beginning."""
    file.seek(0)
    if file_format.name == "RTF":
        document.write(with_unicode(file.read()))
        document.seek(0)
        return
    while part := file.read(1 << 20):
        check_waiter()
        document.write(part)
    document.seek(0)


def _command(file_format: Format, budget: ConvertBudget) -> Sequence[str]:
    if file_format.name not in _READERS:
        return python_command(_WORKER, file_format.name, str(budget.memory_bytes))
    import pypandoc

    heap = f"-M{budget.memory_bytes}"
    reader = f"--from={_READERS[file_format.name]}"
    options = ["--sandbox", "--to=html", "--wrap=none", f"--template={_TEMPLATE}"]
    if file_format.name == "EPUB":  # the date of a book is that of its file
        options.append("--variable=book")
    return [pypandoc.get_pandoc_path(), "+RTS", heap, "-RTS", reader, *options]


def _wait(
    program: subprocess.Popen[bytes], page: BinaryIO, most: int, seconds: float
) -> int | None:
    """The status with which the program ends; None if it takes too long or says too much."""
    end = time.monotonic() + seconds
    while True:
        try:
            status = program.wait(_LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            status = None
        check_waiter()
        if page.seek(0, 2) > most:
            return None
        if status is not None:
            return status
        if time.monotonic() > end:
            return None


def _refusal(name: str, file_format: Format, status: int, said: bytes) -> MediaError:
    if status == _HEAP_EXHAUSTED:
        return MediaTooLargeError(name, f"is {file_format.article} that takes too much memory")
    if status == KILLED:
        return MediaError(name, f"is {file_format.article} whose reading was killed by the system")
    reason = " ".join(said.decode("utf-8", "replace").split()) or "no details"
    return CorruptMediaError(name, f"is {file_format.article} that cannot be read: {reason}")

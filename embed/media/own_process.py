"""A module of ours as a process of its own, that reads a file of which nobody knows what it asks.

Whatever a library does there, it ends: by itself, when its time or its memory is over, or when
nobody waits for it any more. What it prints is seen by nobody.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO

from anysense.embed.waiting import LOOK_UP_SECONDS, check_waiter

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["KILLED", "answer_of", "descriptor_of", "limit_memory", "python_command"]

KILLED = -9
"""The status of a process that the system ended where memory ends, or somebody by hand."""


def python_command(module: str, *arguments: str) -> list[str]:
    """The command that runs the function `main` of a module, with arguments at the end of sys.argv.

    Not as a script, of whose folder the modules would come first. The path stands in the command:
    what would be imported to read it might be shadowed too.
    """
    from multiprocessing.spawn import get_executable  # sys.executable, or what an embedder set

    folders = [str(folder) for folder in sys.path]
    command = f"import sys; sys.path[:] = {folders!r}; from {module} import main; main()"
    return [os.fsdecode(get_executable()), "-c", command, *arguments]


def answer_of(command: list[str], file: BinaryIO, seconds: float) -> tuple[int, bytes] | None:
    """The status with which a process ends and what it has written to its standard output.

    Args:
        command: that starts it.
        file: its standard input. It must not move the position, which may be the file's own.
        seconds: the most that it may take; None is returned if it takes longer.

    Raises:
        OSError: it cannot be started.
        AbandonedError, DeadlineError: nobody waits for it any more.
    """
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # each takes address space
    with (
        descriptor_of(file) as document,
        subprocess.Popen(  # noqa: S603 - nothing of the file is in the command
            command,
            stdin=document,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **one_thread},
        ) as program,
    ):
        try:
            return _end_of(program, time.monotonic() + seconds)
        finally:
            program.kill()


def _end_of(program: subprocess.Popen[bytes], latest: float) -> tuple[int, bytes] | None:
    while time.monotonic() < latest:
        with suppress(subprocess.TimeoutExpired):
            answer, _ = program.communicate(timeout=LOOK_UP_SECONDS)
            return program.returncode, answer
        check_waiter()
    return None


@contextmanager
def descriptor_of(file: BinaryIO) -> Iterator[BinaryIO]:
    """The file itself if the system knows it, or else a copy that it does."""
    try:
        file.fileno()
    except io.UnsupportedOperation:
        with tempfile.TemporaryFile() as copy:
            position = file.tell()
            file.seek(0)
            shutil.copyfileobj(file, copy)
            file.seek(position)
            copy.seek(0)
            yield copy
    else:
        yield file


def limit_memory(size: int) -> None:
    """Let this process have so many bytes of address space, where the system can limit it."""
    try:
        import resource
    except ImportError:  # Windows
        return
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # libraries abort where memory ends
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        soft = size if hard == resource.RLIM_INFINITY else min(size, hard)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    except (OSError, ValueError):  # macOS has the name, but does not let it be set
        pass

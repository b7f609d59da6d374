"""The process that writes an Excel workbook or a PowerPoint presentation as HTML.

It reads the document from its standard input, and writes to its standard output. Whoever starts it
limits its time; its memory it limits itself.
"""

from __future__ import annotations

import os
import sys

from anysense.embed.media.own_process import limit_memory

__all__ = ["main"]

_EXHAUSTED = 251  # as pandoc says it


def main() -> None:
    """Write the document on the standard input.

    The arguments of the process: the name of its format, and the most bytes of memory.
    """
    memory, file_format = int(sys.argv.pop()), sys.argv.pop()
    try:
        if file_format == "XLSX":
            from anysense.embed.media.office.workbook import write_workbook as write
        else:
            from anysense.embed.media.office.presentation import write_presentation as write
        limit_memory(memory)
        out = open(1, "w", encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
        write(sys.stdin.buffer, out)
        out.flush()
    except MemoryError:
        os._exit(_EXHAUSTED)
    except Exception as error:  # the libraries and what they use raise anything
        sys.stderr.write(f"{type(error).__name__}: {error}")
        sys.stderr.flush()
        os._exit(1)

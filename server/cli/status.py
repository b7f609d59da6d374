"""The exit statuses of the command line, and what each says."""

from __future__ import annotations

__all__ = [
    "DONE",
    "ERROR",
    "INTERRUPTED",
    "MEANINGS",
    "NO_INDEX",
    "NO_READER",
    "PARTIAL",
    "USAGE",
]

# The last two are what a shell says of a process that SIGINT or SIGPIPE has ended.
DONE, ERROR, USAGE, PARTIAL, NO_INDEX, INTERRUPTED, NO_READER = 0, 1, 2, 3, 4, 130, 141

MEANINGS = {
    DONE: "done",
    ERROR: "an error, said in one sentence on standard error",
    USAGE: "the command was used wrongly; nothing was done",
    PARTIAL: "done in part: some files could not be read",
    NO_INDEX: "the folder has no index yet, and none was made",
    INTERRUPTED: "stopped by Ctrl-C; the same command goes on from there",
    NO_READER: "what read the output, such as `head`, had enough",
}

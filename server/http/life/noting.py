"""Letting other programs of this user know that a service runs, while it does."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from anysense.server.client.running import RunningService, noted
from anysense.server.http.listening import local_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from anysense.server.http.settings import Settings

__all__ = ["noting"]


@contextmanager
def noting(
    folders: Mapping[str, Path],
    settings: Settings,
    on_start: Callable[[int], None] | None,
) -> Iterator[Callable[[int], None]]:
    """What to call with the port once the service listens; its note is gone when the block ends.

    Args:
        folders: of the collections that are served, by name.
        settings: where it listens, and whether it has keys.
        on_start: called with the port then, too.
    """
    needs_key = settings.api_key is not None or settings.api_key_file is not None
    with ExitStack() as stack:

        def note(port: int) -> None:
            url = local_url(settings, port)
            stack.enter_context(noted(RunningService(url, os.getpid(), folders, needs_key)))
            if on_start is not None:
                on_start(port)

        yield note

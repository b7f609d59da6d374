"""Talking to a Milvus server: one client a process, a limit of time on each call, one error."""

from __future__ import annotations

import logging
import os
import warnings
from functools import cached_property
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import EngineUnavailableError
from anysense.embed.forking import new_lock
from anysense.index.vectors.milvus.address import token

if TYPE_CHECKING:
    from types import ModuleType

    from anysense.index.vectors.milvus.address import Address

__all__ = ["CALL_SECONDS", "SEARCH_SECONDS", "Milvus"]

CONNECT_SECONDS = 3.0
SEARCH_SECONDS = 10.0
"""How long a search or a look-up may take."""

CALL_SECONDS = 60.0
"""How long a change may take: a batch of vectors, a collection made or dropped."""

_FIRST_LINE = 200  # characters of what the server says

_REFUSED = {"UNAUTHENTICATED", "PERMISSION_DENIED"}
_REFUSALS = ("auth check failure", "missing authorization")
_NO_COLLECTION = "100"


class Milvus:
    """One database of one server. Safe to use from many threads, and after a fork."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._lock = new_lock()
        self._clients: dict[int, Any] = {}

    @cached_property
    def library(self) -> ModuleType:
        """Pymilvus.

        Raises:
            EngineUnavailableError: it is not installed.
        """
        os.environ.setdefault("GRPC_VERBOSITY", "ERROR")  # it tells of connections otherwise
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of its dependencies, while they are imported
                import pymilvus
        except ImportError:
            raise EngineUnavailableError(
                "The index is to be searched by Milvus, and its client is not installed: "
                "pip install 'anysense[milvus]'."
            ) from None
        # What fails is told by an error; the library would print it with a traceback as well.
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
        module: ModuleType = pymilvus
        return module

    def call(self, name: str, *arguments: Any, timeout: float, **options: Any) -> Any:
        """Call a method of pymilvus' client, with its own arguments.

        Args:
            name: of the method.
            *arguments: its own.
            timeout: after so many seconds it has failed.
            **options: its own, by name.

        Raises:
            EngineUnavailableError: the server does not answer, or refuses.
        """
        try:
            return getattr(self._client(), name)(*arguments, timeout=timeout, **options)
        except EngineUnavailableError:
            raise
        except Exception as error:
            raise self._failure(error) from None

    @property
    def version(self) -> tuple[int, int]:
        """The server's, as far as it decides what it can do.

        Raises:
            EngineUnavailableError: the server does not answer.
        """
        text = str(self.call("get_server_version", timeout=CONNECT_SECONDS)).lstrip("v")
        try:
            major, minor, *_ = (int(part) for part in text.split("-")[0].split("."))
        except ValueError:
            raise EngineUnavailableError(
                f"The server at {self.address} has the version {text[:40]!r}, which is none of "
                "Milvus'."
            ) from None
        return major, minor

    def _client(self) -> Any:
        """The client of this process: a connection does not outlive a fork."""
        with self._lock:
            if os.getpid() not in self._clients:
                self._clients.clear()
                self._clients[os.getpid()] = self.library.MilvusClient(
                    uri=self.address.uri,
                    token=token(),
                    db_name=self.address.database,
                    timeout=CONNECT_SECONDS,
                )
            return self._clients[os.getpid()]

    def _failure(self, error: Exception) -> EngineUnavailableError:
        said = str(getattr(error, "message", "") or error).strip().splitlines()
        reason = said[0][:_FIRST_LINE].rstrip(".") if said else type(error).__name__
        secret = token()
        for part in (secret, *secret.split(":", 1)[1:]):
            reason = reason.replace(part, "***") if part else reason
        codes = _codes(error)
        if codes & _REFUSED or any(words in reason for words in _REFUSALS):
            return EngineUnavailableError(
                f"The Milvus server at {self.address} refuses the credentials ({reason}): set "
                "MILVUS_TOKEN, or MILVUS_USER and MILVUS_PASSWORD, in the environment."
            )
        if _NO_COLLECTION in codes:
            return EngineUnavailableError(
                f"The Milvus server at {self.address} has the index no more ({reason}): `anysense "
                f"publish COLLECTION --to {self.address}` makes it anew, `--to local` does without."
            )
        return EngineUnavailableError(
            f"The Milvus server at {self.address} does not answer as it should ({reason}): nothing "
            "is lost, see that it runs and ask again."
        )


def _codes(error: BaseException | None) -> set[str]:
    """The names of the codes of an error, Milvus' and gRPC's, and of what it came from."""
    codes, seen = set(), set()
    while error is not None and id(error) not in seen:  # pymilvus raises errors from themselves
        seen.add(id(error))
        code = getattr(error, "code", None)
        code = code() if callable(code) else code
        codes.add(str(getattr(code, "name", code)))
        error = error.__cause__ or error.__context__
    return codes

"""What goes wrong between here and a storage service, in one sentence that holds no secret.

What services and libraries say of a failure may quote what was sent, so none of it is passed on:
only the kind of the error, and the code that the service has for it.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from anysense.embed.errors import AccessError, AnysenseError, ServiceUnreachableError
from anysense.index.objects.addresses import PROTOCOLS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.index.objects.addresses import Address

__all__ = ["RefusedError", "translated"]

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{1,60}")
_STATUS = re.compile(r"[45]\d\d")
_REFUSED = ("401", "403")
_OF_OBJECT = (
    *("AccessDenied", "403", "Forbidden", "InvalidObjectState", "AllAccessDisabled"),
    *("AuthorizationPermissionMismatch", "BlobArchived"),
)


class RefusedError(AccessError):
    """A service refuses access.

    Attributes:
        code: what it calls that.
        is_of_object: whether this may be so for one object alone, by its own rights or because it
            is in an archive.
    """

    def __init__(self, message: str, code: str, *, is_of_object: bool) -> None:
        super().__init__(message)
        self.code = code
        self.is_of_object = is_of_object


@contextmanager
def translated(address: Address) -> Iterator[None]:
    """Say in the project's own words why an object, or a listing, cannot be had.

    Raises:
        FileNotFoundError: nothing is there.
        AccessError: who asks may not, or has no credentials.
        ServiceUnreachableError: the service does not answer, or fails, after all that was tried.
    """
    try:
        yield
    except (AnysenseError, FileNotFoundError):
        raise
    except ImportError:
        raise
    except Exception as error:  # each service's library has its own
        code = _code(error)
        protocol = PROTOCOLS[address.protocol]
        if _is_refusal(error, code):
            credentials = (
                f"credentials are taken from {protocol.credentials}"
                if protocol.credentials
                else "only what it gives to everybody is read"
            )
            raise RefusedError(
                f"{address}: {protocol.service} refuses access ({code}); {credentials}.",
                code,
                is_of_object=code in _OF_OBJECT,
            ) from None
        raise ServiceUnreachableError(
            f"{address}: {protocol.service} cannot be reached ({code}); what is known of it is "
            "left as it is: try again when it answers."
        ) from None


def _code(error: BaseException) -> str:
    """What a service calls an error; the name of its class where it has no code."""
    for each in (error, error.__cause__):
        response = getattr(each, "response", None)
        if isinstance(response, dict):
            code = str(response.get("Error", {}).get("Code", ""))
            if _CODE.fullmatch(code) or _STATUS.fullmatch(code):
                return code
        for name in ("error_code", "code", "status"):
            code = str(getattr(getattr(each, name, ""), "value", getattr(each, name, "")))
            if _CODE.fullmatch(code) or _STATUS.fullmatch(code):
                return code
    return type(error).__name__


def _is_refusal(error: BaseException, code: str) -> bool:
    if isinstance(error, PermissionError) or code in _REFUSED:
        return True
    return any(
        "credential" in name or "auth" in name
        for name in (cls.__name__.lower() for cls in type(error).__mro__)
    )

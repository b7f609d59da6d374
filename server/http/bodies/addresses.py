"""What the addresses in a body give, where the service is told to fetch them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.server.http.bodies.media import is_address

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anysense.server.http.service.service import Service

__all__ = ["fetch_addresses"]


async def fetch_addresses(service: Service, uris: Iterable[tuple[str, str]]) -> dict[str, bytes]:
    """The files of those among some URIs that are addresses, by address; each is fetched once.

    Nothing where the service is not told to fetch: who needs them then says so.

    Args:
        service: what fetches.
        uris: pairs of what errors call a URI, and the URI.

    Raises:
        RequestError: one cannot be fetched, or they are too many or too large together.
    """
    params = {uri: param for param, uri in uris if is_address(uri)}
    if not params or service.fetcher is None:
        return {}
    return await service.fetcher.fetch_all(params)

"""Links that open the page of a service with a query, as the page itself writes its address.

`tests/page/links.json` has cases that this module and the page's own code are both held to.
"""

from __future__ import annotations

from urllib.parse import urlencode

__all__ = ["page_link"]


def page_link(url: str, collection: str | None = None, text: str | None = None) -> str:
    """The address of the page of a service, with a query.

    Args:
        url: the service's, such as ``http://127.0.0.1:8000``.
        collection: the name of one of its collections; its first one if None.
        text: what is asked; nothing yet if None.
    """
    pairs = {"c": collection, "q": text}
    query = _form({name: value for name, value in pairs.items() if value})
    return f"{url.rstrip('/')}/" + (f"?{query}" if query else "")


def _form(pairs: dict[str, str]) -> str:
    """Names and values as `URLSearchParams` writes them."""
    return urlencode(pairs, safe="*", errors="replace").replace("~", "%7E")

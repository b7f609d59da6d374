"""Links that open the page of a service with a query, as the page itself writes its address.

`tests/page/links.json` has cases that this module and the page's own code are both held to.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from anysense.embed.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anysense.index.ranking.query import Term

__all__ = ["Upload", "page_link"]


class Upload(NamedTuple):
    """A picture or a sound that a service keeps to be searched by.

    Attributes:
        id: what the service calls it.
        modality: ``image`` or ``audio``.
        name: of its file, to be shown.
        weight: how much it counts beside the other terms.
    """

    id: str
    modality: str
    name: str
    weight: float = 1.0


def page_link(
    url: str,
    collection: str | None = None,
    query: str | Sequence[Term | Upload] = (),
    *,
    modalities: Sequence[str] = (),
    kinds: Sequence[str] = (),
    where: Mapping[str, Any] | None = None,
    min_score: float | None = None,
    match: str = "both",
    fusion: str = "calibrated",
) -> str:
    """The address of the page of a service, with a query.

    Args:
        url: the service's, such as ``http://127.0.0.1:8000``.
        collection: the name of one of its collections; its first one if None.
        query: what is asked: a text, or terms that are texts, items or uploads.
        modalities: only segments of these.
        kinds: only items of these.
        where: a filter, by the fields of metadata, each with its comparisons.
        min_score: only hits of at least this score.
        match: by what texts are found.
        fusion: how lists are merged.

    Raises:
        UsageError: a term has no place in an address.
    """
    terms = [_term(part) for part in ([query] if isinstance(query, str) else query)]
    pairs = [("c", collection or ""), *(pair for pair, _ in terms)]
    if any(weight != 1 for _, weight in terms):
        pairs.append(("w", ",".join(_number(weight) for _, weight in terms)))
    pairs += [
        ("in", ",".join(modalities)),
        ("kind", ",".join(kinds)),
        ("where", json.dumps(where, ensure_ascii=False, separators=(",", ":")) if where else ""),
        ("min", "" if min_score is None else _number(min_score)),
        ("match", "" if match == "both" else match),
        ("fusion", "" if fusion == "calibrated" else fusion),
    ]
    form = _form([pair for pair in pairs if pair[1]])
    return f"{url.rstrip('/')}/" + (f"?{form}" if form else "")


def _term(term: str | Term | Upload) -> tuple[tuple[str, str], float]:
    """A term as a name and a value, and its weight."""
    if isinstance(term, str):
        return ("q", term), 1.0
    if isinstance(term, Upload):
        return ("up", f"{term.id},{term.modality},{term.name}"), term.weight
    if term.like is not None:
        return ("like", term.like), term.weight
    if isinstance(term.content, str):
        return ("q", term.content), term.weight
    raise UsageError("A link asks by texts, items and uploads, not by what is in a file.")


def _number(value: float) -> str:
    """A number as JavaScript writes it."""
    return str(int(value)) if value == int(value) else repr(float(value))


def _form(pairs: Sequence[tuple[str, str]]) -> str:
    """Names and values as `URLSearchParams` writes them."""
    return urlencode(pairs, safe="*", errors="replace").replace("~", "%7E")

"""The tables of docs/ranking.md about words, from what `words.py` wrote."""

from __future__ import annotations

from typing import Any

WAYS = {"vector": "vectors", "words": "words", "both": "both"}
KINDS = {"of other sets": "of other sets", "of the same": "of the same set"}


def word_tables(result: dict[str, Any]) -> dict[str, str]:
    """The tables by their names in the page."""
    return {
        "words ndcg": ndcg_table(result["ndcg@10"]),
        "words together": _table(
            ["scores put together", "nDCG@10"],
            [[way, f"{value:.3f}"] for way, value in result["together"].items()],
        ),
        "words rates": rates_table(result["unrelated"]),
        "words codes": codes_table(result["codes"]),
        "words lookup": _table(
            ["query", "CPU time"],
            [[name, f"{ms:.1f} ms"] for name, ms in result["lookup"]["cpu_ms"].items()],
        ),
    }


def ndcg_table(sets: dict[str, Any]) -> str:
    rows = []
    for way, title in WAYS.items():
        cells = []
        for figures in sets.values():
            low, high = figures[way]["interval"]
            text = f"{figures[way]['value']:.3f} ({low:.3f}-{high:.3f})"
            best = max(entry["value"] for entry in figures.values())
            cells.append(f"**{text}**" if figures[way]["value"] == best else text)
        rows.append([title, *cells])
    return _table(["found by", *sets], rows)


def rates_table(kinds: dict[str, Any]) -> str:
    rows = [
        [KINDS[kind], title, *(f"{rate:.2f}" for rate in ways[way].values())]
        for kind, ways in kinds.items()
        for way, title in WAYS.items()
    ]
    levels = next(iter(next(iter(kinds.values())).values()))
    return _table(["passages", "found by", *(f"score {level}" for level in levels)], rows)


def codes_table(codes: dict[str, Any]) -> str:
    rows = [
        [f"`{asking.format(code='ERR_2042')}`", *(f"{shares[way]:.0%}" for way in WAYS)]
        for asking, shares in codes["first"].items()
    ]
    return _table(["query", *WAYS.values()], rows)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)

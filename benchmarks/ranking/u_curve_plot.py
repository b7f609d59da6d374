"""The curves of `u_curve.py` as an SVG, a panel for each gallery."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["draw"]

WIDTH, HEIGHT, LEFT, TOP, BETWEEN = 230, 200, 44, 34, 40
COLOURS = ("#b3261e", "#e08a00", "#7a7a7a", "#2e7d32", "#1f4fbf", "#c9a7e0")


def draw(
    shares: Sequence[float], curves: Mapping[str, Mapping[str, Sequence[float]]], bold: str
) -> str:
    """The text of an SVG.

    Args:
        shares: of pictures, 0 to 1.
        curves: for each gallery and method the values, 0 to 1.
        bold: the method whose line is thicker.
    """
    methods = list(next(iter(curves.values())))
    across = LEFT + len(curves) * (WIDTH + BETWEEN)
    down = TOP + HEIGHT + 56 + 18 * ((len(methods) + 2) // 3)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{across}" height="{down}" '
        f'viewBox="0 0 {across} {down}" font-family="sans-serif" font-size="11" fill="#333">',
        f'<rect width="{across}" height="{down}" fill="white"/>',
    ]
    for number, (gallery, of_methods) in enumerate(curves.items()):
        left = LEFT + number * (WIDTH + BETWEEN)
        top = 0.1 * (int(10 * max(max(v) for v in of_methods.values())) + 1)
        parts.append(
            f'<text x="{left + WIDTH / 2}" y="20" text-anchor="middle" font-weight="bold">'
            f"{gallery}</text>"
        )
        steps = [top * i / 4 for i in range(5)]
        for value in steps:
            y = TOP + HEIGHT * (1 - value / top)
            parts.append(
                f'<line x1="{left}" x2="{left + WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
                f'<text x="{left - 5}" y="{y + 4:.1f}" text-anchor="end">{value:.2f}</text>'
            )
        for share in (0, 0.25, 0.5, 0.75, 1):
            x = left + WIDTH * share
            parts.append(
                f'<text x="{x:.1f}" y="{TOP + HEIGHT + 16}" text-anchor="middle">{share}</text>'
            )
        parts.append(
            f'<text x="{left + WIDTH / 2}" y="{TOP + HEIGHT + 33}" text-anchor="middle">'
            "share of pictures (nDCG@10)</text>"
        )
        for colour, (method, values) in zip(COLOURS, of_methods.items(), strict=True):
            points = " ".join(
                f"{left + WIDTH * s:.1f},{TOP + HEIGHT * (1 - v / top):.1f}"
                for s, v in zip(shares, values, strict=True)
            )
            width = 2.6 if method == bold else 1.4
            parts.append(
                f'<polyline points="{points}" fill="none" stroke="{colour}" '
                f'stroke-width="{width}"/>'
            )
    for number, (colour, method) in enumerate(zip(COLOURS, methods, strict=True)):
        x, y = LEFT + 250 * (number % 3), TOP + HEIGHT + 56 + 18 * (number // 3)
        parts.append(
            f'<line x1="{x}" x2="{x + 20}" y1="{y}" y2="{y}" stroke="{colour}" '
            f'stroke-width="2.5"/><text x="{x + 26}" y="{y + 4}">{method}</text>'
        )
    return "\n".join([*parts, "</svg>"]) + "\n"

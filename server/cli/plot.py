"""Pictures of an evaluation; matplotlib is optional, and imported when one is drawn."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import StorageError, UsageError
from anysense.server.cli.console import count

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.figure import Figure

    from anysense.index.evaluation.evaluate import Evaluation, RouteEvaluation

__all__ = ["check_plotting", "draw_scores", "plot_scores"]

BINS = 60
LEAST_BINS, VALUES_A_BIN = 20, 3  # few values in many bins are a comb
UNRELATED, RELATED, LINE = "#9aa5b1", "#d1495b", "#1b4965"
LEVEL = 2.0
"""The score that one unrelated item in 100 is meant to reach."""
SHARE = 10**-LEVEL
TITLES = (
    "Before calibration: a cosine means something else in each row",
    "After: a score means the same in every row",
)
FORMATS = ("png", "svg", "pdf")
LABELS = ("cosine of query and item", "score (2: one unrelated item in 100, 3: one in 1,000)")
MARK = "1% of unrelated items beyond: found (left), meant (right)"
NOTE = (
    "Each row is a way from a kind of query to a kind of item. Where red is clear of grey, a "
    "threshold tells the two apart;\nwhere the lines stand one below the other, one threshold does "
    "for all rows. Every area is drawn as high as its row, whatever its number."
)


def check_plotting(path: Path) -> None:
    """See that a picture can be drawn here and written there, before it is worked for.

    Raises:
        UsageError: matplotlib is not installed, the folder is not there, or the name ends with no
            format that is drawn.
    """
    if _format(path) not in FORMATS:
        raise UsageError(f"--plot: {path} is to end with .png, .svg or .pdf.")
    if not path.parent.is_dir():
        raise UsageError(f"--plot: there is no folder {path.parent}; make it first.")
    if importlib.util.find_spec("matplotlib") is None:
        raise UsageError("--plot needs matplotlib; run: pip install matplotlib")


def plot_scores(evaluation: Evaluation, path: Path) -> None:
    """Draw how cosines (left) and scores (right) are distributed on each route.

    Args:
        evaluation: of a collection.
        path: what to write: a PNG, SVG or PDF, as it ends.

    Raises:
        UsageError: no route has anything to draw.
        StorageError: the file cannot be written.
    """
    figure = draw_scores(evaluation)
    try:
        figure.savefig(path, dpi=120, format=_format(path))
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}.") from None


def _format(path: Path) -> str:
    return path.suffix.lower().removeprefix(".")


def draw_scores(evaluation: Evaluation) -> Figure:
    """The figure of `plot_scores`: a row for each route.

    Raises:
        UsageError: no route has anything to draw.
    """
    from matplotlib.figure import Figure

    routes = {key: route for key, route in evaluation.routes.items() if route.unrelated}
    if not routes:
        raise UsageError("There is nothing to plot: the collection has no items.")
    figure = Figure(figsize=(11, 2.2 + 1.1 * len(routes)), layout="constrained")
    figure.suptitle("Relevant and unrelated items on each route", fontsize="x-large")
    axes = figure.subplots(len(routes), 2, sharex="col", squeeze=False)
    ranges = [_range(routes.values(), place) for place in (0, 1)]
    for row, ((query_modality, modality), route) in zip(axes, routes.items(), strict=True):
        for place, axis in enumerate(row):
            _draw(axis, route, place, ranges[place])
        items = count(len(route.related), "relevant item")
        row[0].set_ylabel(
            f"{query_modality} → {modality}\n{items}", rotation=0, ha="right", va="center"
        )
    for place, (title, label) in enumerate(zip(TITLES, LABELS, strict=True)):
        axes[0][place].set_title(title, fontsize="large", pad=14)
        axes[-1][place].set_xlabel(label)
    figure.legend(
        handles=_legend(),
        title=NOTE,
        title_fontsize="small",
        loc="outside lower center",
        ncols=3,
        frameon=False,
    )
    return figure


def _range(routes: Any, place: int) -> tuple[float, float]:
    """What one axis for all routes must hold."""
    values = [v[place] for route in routes for v in (*route.unrelated, *route.related)]
    low, high = min(values), max(values)
    return (low, max(high, low + 1e-6)) if place == 0 else (0.0, max(high, LEVEL + 1))


def _draw(axis: Any, route: RouteEvaluation, place: int, limits: tuple[float, float]) -> None:
    """One route by cosine (place 0) or by score (place 1)."""
    unrelated = sorted(v[place] for v in route.unrelated)
    related = [v[place] for v in route.related]
    _area(axis, unrelated, limits, UNRELATED, 1.0)
    if related:
        _area(axis, related, limits, RELATED, 0.55)
    line = LEVEL if place else unrelated[int((1 - SHARE) * (len(unrelated) - 1))]
    axis.axvline(line, color=LINE, linewidth=1.2, linestyle="--")
    number, of = route.reached.get(LEVEL, (0, 0)) if place else (0, 0)
    if of:
        # Beside the line, and over the axis, where no area comes.
        axis.annotate(
            f" {number / of:.1%} of unrelated beyond",
            (line, 1.0),
            xycoords=("data", "axes fraction"),
            fontsize="small",
            color=LINE,
            va="bottom",
        )
    axis.set_xlim(*limits)
    axis.set_ylim(0, 1.05)
    axis.set_yticks([])
    for side in ("left", "right", "top"):
        axis.spines[side].set_visible(False)


def _area(
    axis: Any, values: Sequence[float], limits: tuple[float, float], colour: str, alpha: float
) -> None:
    """A histogram whose highest bar has the height 1."""
    import numpy as np

    bins = min(BINS, max(LEAST_BINS, len(values) // VALUES_A_BIN))
    counts, edges = np.histogram(values, bins=bins, range=limits)
    axis.stairs(counts / max(counts.max(), 1), edges, fill=True, color=colour, alpha=alpha)


def _legend() -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    return [
        Patch(color=UNRELATED, label="unrelated items"),
        Patch(color=RELATED, alpha=0.55, label="relevant items"),
        Line2D([], [], color=LINE, linestyle="--", label=MARK),
    ]

"""Pictures of an evaluation; matplotlib is optional, and imported when one is drawn."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import StorageError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.evaluate import Evaluation

__all__ = ["check_plotting", "plot_scores"]

BINS = 60
UNRELATED, RELATED = "#9aa5b1", "#d1495b"


def check_plotting() -> None:
    """See that pictures can be drawn here.

    Raises:
        UsageError: matplotlib is not installed.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise UsageError("--plot needs matplotlib; run: pip install matplotlib")


def plot_scores(evaluation: Evaluation, path: Path) -> None:
    """Draw how cosines (left) and scores (right) are distributed on each route, as a PNG.

    Args:
        evaluation: of a collection.
        path: what to write.

    Raises:
        UsageError: no route has anything to draw.
        StorageError: the file cannot be written.
    """
    from matplotlib.figure import Figure

    shown = {key: seen for key, seen in evaluation.routes.items() if seen.unrelated}
    if not shown:
        raise UsageError("There is nothing to plot: the collection has no items.")
    figure = Figure(figsize=(9, 0.6 + 1.5 * len(shown)), layout="constrained")
    axes = figure.subplots(len(shown), 2, sharex="col", squeeze=False)
    for row, ((asked, target), seen) in zip(axes, shown.items(), strict=True):
        for place, axis in enumerate(row):
            _draw(axis, [v[place] for v in seen.unrelated], [v[place] for v in seen.related])
        row[0].set_ylabel(f"{asked}\n-> {target}", rotation=0, ha="right", va="center")
    axes[0][0].set_title("cosine")
    axes[0][1].set_title("score")
    axes[0][1].legend(frameon=False)
    try:
        figure.savefig(path, dpi=120, format="png")
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}.") from None


def _draw(axis: Any, unrelated: list[float], related: list[float]) -> None:
    both = [*unrelated, *related]
    edges = (min(both), max(max(both), min(both) + 1e-6))
    axis.hist(unrelated, bins=BINS, range=edges, density=True, color=UNRELATED, label="unrelated")
    if related:
        options = {"color": RELATED, "alpha": 0.6, "label": "relevant"}
        axis.hist(related, bins=BINS, range=edges, density=True, **options)
    axis.set_yticks([])
    for side in ("left", "right", "top"):
        axis.spines[side].set_visible(False)

"""Ways to lay vectors out in two dimensions, each as its own library does it by default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from anysense.index.mapping.drawing import LAID_OUT
from anysense.index.mapping.layout import lay_out, place

if TYPE_CHECKING:
    from collections.abc import Callable

    from anysense.index.mapping.likeness import Likeness

__all__ = ["IMPORTS", "WAYS"]

IMPORTS = {
    "PCA": "sklearn.decomposition",
    "t-SNE as published": "sklearn.manifold",
    "t-SNE, 4,000 and the others placed": "sklearn.manifold",
    "scikit-learn's t-SNE": "sklearn.manifold",
    "openTSNE": "openTSNE",
    "UMAP": "umap",
    "PaCMAP": "pacmap",
}
"""What each way imports."""


def published(vectors: Any, codes: Any, likeness: Likeness) -> Any:
    return lay_out(vectors, codes, likeness)


def placed(vectors: Any, codes: Any, likeness: Likeness) -> Any:
    known, new = slice(LAID_OUT), slice(LAID_OUT, None)
    places = lay_out(vectors[known], codes[known], likeness)
    sample = vectors[known], codes[known], places
    return np.concatenate([places, place(vectors[new], codes[new], *sample, likeness)])


def pca(vectors: Any, codes: Any, likeness: Likeness) -> Any:
    from sklearn.decomposition import PCA

    return PCA(2, svd_solver="randomized", random_state=0).fit_transform(vectors)


def sklearn_tsne(vectors: Any, codes: Any, likeness: Likeness) -> Any:
    from sklearn.manifold import TSNE

    return TSNE(init="pca", random_state=0, n_jobs=1).fit_transform(vectors)


def open_tsne(vectors: Any, codes: Any, likeness: Likeness) -> Any:
    from openTSNE import TSNE

    way = "bh" if len(vectors) < 10_000 else "fft"  # as its documentation advises
    descent = TSNE(n_jobs=1, random_state=0, metric="cosine", negative_gradient_method=way)
    return np.asarray(descent.fit(vectors))


def umap(vectors: Any, codes: Any, likeness: Likeness) -> Any:
    from umap import UMAP

    return UMAP(random_state=0, n_jobs=1, metric="cosine").fit_transform(vectors)


def pacmap(vectors: Any, codes: Any, likeness: Likeness) -> Any:
    from pacmap import PaCMAP

    return PaCMAP(random_state=0).fit_transform(vectors)


def one_thread(way: Callable[..., Any]) -> Callable[..., Any]:
    def limited(*arguments: Any) -> Any:
        with threadpool_limits(1):
            return way(*arguments)

    return limited


WAYS = {
    "PCA": one_thread(pca),
    "t-SNE as published": one_thread(published),
    "t-SNE, 4,000 and the others placed": one_thread(placed),
    "scikit-learn's t-SNE": one_thread(sklearn_tsne),
    "openTSNE": one_thread(open_tsne),
    "UMAP": one_thread(umap),
    "PaCMAP": one_thread(pacmap),
}
"""From centred vectors, (n, d), the codes of their modalities and their likeness: places (n, 2)."""

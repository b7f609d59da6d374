"""Write the vectors on which ``tests/unit/index/calibration/`` measures false positives.

    python benchmarks/ranking/specimen.py DATA

The development gallery and the background as the starter sees them, in the 64 directions in which
most of them lie, to half precision.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import gallery
import numpy as np
from unseen import families

PATH = Path(__file__).resolve().parents[2] / "tests/support/data/gallery.npz"
DIRECTIONS = 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    held = gallery.load(parser.parse_args().data.resolve())
    parts = {"items": held.vectors, "queries": held.queries}
    parts |= {f"background_{modality}": vectors for modality, vectors in held.bank.items()}
    _, _, directions = np.linalg.svd(np.concatenate(list(parts.values())), full_matrices=False)
    turned = {name: vectors @ directions[:DIRECTIONS].T for name, vectors in parts.items()}
    shorter = {
        name: (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)
        for name, vectors in turned.items()
    }
    PATH.parent.mkdir(exist_ok=True)
    np.savez_compressed(
        PATH,
        **shorter,
        modalities=held.modalities,
        concepts=held.concepts,
        families=families(held.concepts),
        query_concepts=held.query_concepts,
        query_families=families(held.query_concepts),
    )


if __name__ == "__main__":
    main()

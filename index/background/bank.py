"""The background bank: vectors of texts, photos and sounds that no collection is about.

Encoding it takes seconds, so it is done once for each space: vectors are kept in the user's cache,
and published with each collection, which can then be searched without the cache.
"""

from __future__ import annotations

import functools
import hashlib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anysense.embed.cache import user_cache, write_aside
from anysense.embed.forking import new_lock
from anysense.embed.types import Modality

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from anysense.embed.types import Encoder, FloatArray, Space
    from anysense.index.types import Partition

__all__ = [
    "background",
    "from_arrays",
    "keys_of",
    "lookup",
    "modality_key",
    "moved_arrays",
    "to_arrays",
]

_FOLDER = Path(__file__).resolve().parent
_memory: dict[tuple[str, str], dict[str, FloatArray]] = {}
_lock = new_lock()


def modality_key(modality: Modality, form: str = "") -> str:
    """What the bank calls its vectors of a modality, as items or as queries of a form."""
    return f"{modality}-{form}" if form else modality.value


def keys_of(space: Space) -> dict[str, tuple[Modality, str]]:
    """All that the bank has in a space: the modality and the form of each key."""
    as_items = [(modality, "") for modality in sorted(space.modalities)]
    as_queries = [(form.modality, form.name) for form in space.query_forms]
    return {modality_key(*each): each for each in as_items + as_queries}


def background(encoder: Encoder) -> dict[str, FloatArray]:
    """The bank's vectors in an encoder's space, (n, dimension) float32, by the keys of `keys_of`.

    Encoded when first asked for, and remembered in memory and in the user's cache.
    """
    import numpy as np

    space = encoder.space
    with _lock:
        vectors = lookup(space)
        if vectors is None:
            vectors = _memory[space.id, space.revision] = _encode(encoder)
            arrays: dict[str, Any] = dict(vectors)
            write_aside(_cache_path(space), lambda file: np.savez(file, **arrays))
        return vectors


def lookup(space: Space) -> dict[str, FloatArray] | None:
    """The bank's vectors in a space if they have been encoded before; None if not."""
    key = (space.id, space.revision)
    if key not in _memory:
        vectors = _read(_cache_path(space), space)
        if vectors is None:
            return None
        _memory[key] = vectors
    return _memory[key]


def to_arrays(
    banks: Mapping[str, Mapping[str, FloatArray]], spaces: Sequence[Space]
) -> dict[str, NDArray[np.float16]]:
    """The arrays that are published with a collection, by the space's place in its manifest."""
    import numpy as np

    return {
        f"background-{place}-{key}": vectors.astype(np.float16)
        for place, space in enumerate(spaces)
        for key, vectors in banks.get(space.id, {}).items()
    }


def from_arrays(
    arrays: Mapping[str, NDArray[np.generic]],
    spaces: Sequence[Space],
    partition: Partition,
    form: str = "",
) -> FloatArray | None:
    """The published vectors of one space and modality, (n, d) float32; None if there are none.

    Args:
        arrays: what is published with a collection.
        spaces: of the collection, in its order.
        partition: the space and the modality.
        form: of queries; without it they are as of items.
    """
    import numpy as np

    for place, space in enumerate(spaces):
        if space.id == partition.space:
            key = modality_key(partition.modality, form)
            vectors = arrays.get(f"background-{place}-{key}")
            return None if vectors is None else vectors.astype(np.float32)
    return None


def moved_arrays(
    arrays: Mapping[str, NDArray[np.generic]], before: Sequence[Space], after: Sequence[Space]
) -> dict[str, NDArray[np.generic]]:
    """The published vectors of the spaces that stay, by their places among those there will be."""
    return {
        f"background-{place}-{key}": arrays[name]
        for place, space in enumerate(after)
        if space in before
        for key in keys_of(space)
        if (name := f"background-{list(before).index(space)}-{key}") in arrays
    }


@functools.cache
def _contents() -> dict[Modality, list[Path | str]]:
    texts = (_FOLDER / "texts.txt").read_text(encoding="utf-8").splitlines()
    return {
        Modality.TEXT: list(texts),
        Modality.IMAGE: sorted(_FOLDER.glob("photos/*.jpg")),
        Modality.AUDIO: sorted(_FOLDER.glob("sounds/*.ogg")),
    }


def _encode(encoder: Encoder) -> dict[str, FloatArray]:
    """One vector for each: what is longer than a segment counts with its first."""
    import numpy as np

    from anysense.embed.pipeline.forms import in_form
    from anysense.embed.pipeline.stream import MediaSource, encode_sources

    vectors = {}
    for key, (modality, form) in keys_of(encoder.space).items():
        sources = [MediaSource(i, c, modality) for i, c in enumerate(_contents()[modality])]
        rows = []
        for encoded in encode_sources([in_form(encoder, form)], sources, captions=False):
            if encoded.error is not None:
                raise encoded.error
            rows.append(encoded.segments[0].vector)
        vectors[key] = np.stack(rows)
    return vectors


@functools.cache
def _digest() -> str:
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(
        [_FOLDER / "texts.txt", *_FOLDER.glob("photos/*"), *_FOLDER.glob("sounds/*")]
    ):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _cache_path(space: Space) -> Path:
    name = f"{space.id}\0{space.revision}\0{space.dimension}\0{_digest()}"
    digest = hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
    return user_cache("background", f"{digest}.npz")


def _read(path: Path, space: Space) -> dict[str, FloatArray] | None:
    """What an earlier process encoded; None if there is nothing of the right shape."""
    import numpy as np

    keys = keys_of(space)
    try:
        # Opened here, as NumPy leaves open what it cannot read.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            vectors = {key: arrays[key].astype(np.float32) for key in keys}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None
    whole = all(
        v.shape == (len(_contents()[keys[key][0]]), space.dimension) and np.isfinite(v).all()
        for key, v in vectors.items()
    )
    return vectors if whole else None

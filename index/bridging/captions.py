"""The anchors of bridges: short captions, and their vectors in each space.

A bank of some 27,000 captions of what can be seen and heard comes with the package, made from
WordNet and templates by benchmarks/bridge/captions.py. Encoding it takes minutes, so that is done
once for each space, and the vectors are kept in the user's cache.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from anysense.embed.cache import user_cache, write_aside
from anysense.embed.errors import EmptyMediaError, UsageError
from anysense.embed.types import Modality

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from anysense.embed.types import Encoder, FloatArray, Space

__all__ = ["LEAST_ANCHORS", "encode_anchors", "read_anchors"]

LEAST_ANCHORS = 1_000
"""With fewer, there are hardly more equations than unknowns, and too few to hold out."""

_BANK = Path(__file__).resolve().parent / "captions.txt.gz"
_LARGEST = 256 * 1024**2  # bytes of a file of captions, unpacked
_BATCH = 64


def read_anchors(path: Path | None = None) -> list[str]:
    """The captions of a text file (UTF-8, one on each line, .gz or not), or those of the bank.

    Lines of nothing that can be seen and repetitions are left out.

    Raises:
        UsageError: the file cannot be read as text, or holds fewer than `LEAST_ANCHORS` captions.
    """
    import gzip
    import zlib

    from anysense.embed.media.document.document import normalise_text

    source = _BANK if path is None else path
    try:
        with gzip.open(source) if source.suffix == ".gz" else source.open("rb") as file:
            data = file.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise UsageError(f"{source} is over {_LARGEST >> 20} MiB: use fewer captions.")
        lines = data.decode("utf-8-sig").splitlines()
    except OSError as error:
        reason = error.strerror or "not a whole gzip file"
        raise UsageError(f"The captions in {source} cannot be read: {reason}.") from None
    except (EOFError, zlib.error):
        raise UsageError(f"{source} is not a whole gzip file.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{source} is not UTF-8 text, one caption on each line.") from None
    captions: dict[str, None] = {}  # in their order
    for line in lines:
        with contextlib.suppress(EmptyMediaError):
            captions[normalise_text(line)] = None
    if len(captions) < LEAST_ANCHORS:
        raise UsageError(
            f"{source} has {len(captions):,} different captions; a bridge needs at least "
            f"{LEAST_ANCHORS:,}, one on each line."
        )
    return list(captions)


def encode_anchors(
    encoder: Encoder,
    captions: Sequence[str],
    progress: Callable[[int, int], None] | None = None,
) -> FloatArray:
    """The captions' vectors, (n, dimension) float32, from the user's cache if they are there.

    Args:
        encoder: one that takes text.
        captions: of one passage each; what is over the encoder's limit is cut off.
        progress: called with the number of captions encoded so far, and with that of all.

    Raises:
        EncoderError: the model cannot be used.
    """
    import numpy as np

    path = _cache_path(encoder.space, captions)
    cached = _read(path, (len(captions), encoder.space.dimension))
    if cached is not None:
        return cached
    parts = []
    for start in range(0, len(captions), _BATCH):
        batch = captions[start : start + _BATCH]
        prepared = [encoder.prepare(Modality.TEXT, caption) for caption in batch]
        parts.append(encoder.encode(Modality.TEXT, prepared))
        if progress is not None:
            progress(start + len(batch), len(captions))
    vectors = np.concatenate(parts).astype(np.float16)  # what the cache keeps: same map either way
    write_aside(path, lambda file: np.save(file, vectors, allow_pickle=False))
    return vectors.astype(np.float32)


def _cache_path(space: Space, captions: Sequence[str]) -> Path:
    digest = hashlib.blake2b(digest_size=16)
    for part in (space.id, space.revision, *captions):
        digest.update(part.encode("utf-8") + b"\0")
    return user_cache("anchors", f"{digest.hexdigest()}.npy")


def _read(path: Path, shape: tuple[int, int]) -> FloatArray | None:
    """What an earlier run encoded; None if there is nothing of the right shape."""
    import numpy as np

    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    if array.shape != shape or array.dtype != np.float16 or not np.isfinite(array).all():
        return None
    vectors: FloatArray = array.astype(np.float32)
    return vectors

"""Where a model runs, in which precision, and in which batches.

On the CPU every micro-batch has one fixed size and is filled up by repeating its last input,
because matrix kernels round differently for different shapes: so the vector of an input is the same
to the bit whatever it is batched with. On CUDA a batch is as large as the caller's; when memory
runs out it is halved, and stays halved.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import torch

from anysense.embed.errors import CorruptMediaError, EncoderError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from anysense.embed.types import FloatArray

__all__ = ["BatchRunner", "choose_autocast", "choose_device", "is_out_of_memory", "normalise"]

log = logging.getLogger(__name__)
# Of a matrix product over texts on the CPU: enough for short ones, little enough for one query.
_TEXT_ROWS = 32


def choose_device(name: str = "auto") -> torch.device:
    """The device of that name; ``auto`` is CUDA where there is one, otherwise the CPU.

    Raises:
        EncoderError: no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise EncoderError(
            f"There is no device '{name}': use auto, cpu, cuda or cuda:N."
        ) from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise EncoderError(f"The device '{name}' is not here: use auto or cpu.")
    if device.type not in ("cpu", "cuda"):
        raise EncoderError(f"The device '{name}' is not supported: use auto, cpu, cuda or cuda:N.")
    return device


def choose_autocast(device: torch.device) -> torch.dtype | None:
    """The precision of matrix products: bf16 on CUDA, fp16 where it has none, full on the CPU."""
    if device.type != "cuda":
        return None
    with torch.cuda.device(device):
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of torch says that the device's memory is full."""
    if isinstance(error, torch.OutOfMemoryError):
        return True
    # The CPU's allocator and some CUDA libraries have no exception of their own for it.
    text = str(error).lower()
    return isinstance(error, RuntimeError) and (
        "out of memory" in text or "can't allocate memory" in text or "alloc_failed" in text
    )


def normalise(vectors: torch.Tensor) -> FloatArray:
    """Rows of length one as float32, shape (n, d).

    Raises:
        CorruptMediaError: a row is not finite, or has no length.
    """
    rows: FloatArray = vectors.detach().float().cpu().numpy()
    norms = np.sqrt(np.einsum("nd,nd->n", rows, rows, dtype=np.float64, casting="unsafe"))
    if not np.all(np.isfinite(norms)) or np.any(norms < 1e-12):
        raise CorruptMediaError(
            "<input>", "its vector is not finite or has no length, so it cannot be compared"
        )
    unit: FloatArray = (rows / norms[:, None]).astype(np.float32)
    return unit


class BatchRunner:
    """Runs a model over prepared inputs in batches that fit, and gives unit vectors.

    Args:
        device: where the model is.
        fixed: whether micro-batches have one size and are filled up, for bit-equal results; by
            default on the CPU only.
    """

    def __init__(self, device: torch.device, *, fixed: bool | None = None) -> None:
        self.device = device
        self.dtype = choose_autocast(device)
        self.fixed = device.type == "cpu" if fixed is None else fixed
        self._most: dict[str, int] = {}

    def run(
        self,
        forward: Callable[[torch.Tensor], torch.Tensor],
        inputs: Sequence[torch.Tensor],
        *,
        micro_batch: int,
        key: str = "",
    ) -> FloatArray:
        """Run `forward` over tensors of one shape: float32, shape (len(inputs), dimension).

        Args:
            forward: from a batch (n, ...) to vectors (n, dimension).
            inputs: at least one tensor, without the batch's axis.
            micro_batch: the fixed size of batches where batches are fixed.
            key: what to remember the greatest batch that fits under, such as the modality.

        Raises:
            EncoderError: memory is too small for one input.
            CorruptMediaError: a vector is not finite.
        """
        size = micro_batch if self.fixed else self._most.get(key, len(inputs))
        done: list[FloatArray] = []
        start = 0
        while start < len(inputs):
            chunk = inputs[start : start + size]
            try:
                vectors = self._forward(forward, chunk, size if self.fixed else len(chunk))
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                size = self._smaller(len(chunk), key)
                continue
            done.append(vectors)
            start += len(chunk)
        return np.concatenate(done)

    def run_grouped(
        self, forward: Callable[[torch.Tensor], torch.Tensor], texts: Sequence[torch.Tensor]
    ) -> FloatArray:
        """Run `forward` over texts (..., length) of several lengths: equals share batches.

        Returns:
            Unit vectors in the order of the texts, float32 of shape (len(texts), dimension).
        """
        by_length: dict[int, list[int]] = {}
        for at, ids in enumerate(texts):
            by_length.setdefault(ids.shape[-1], []).append(at)
        rows: dict[int, FloatArray] = {}
        for length, members in by_length.items():
            vectors = self.run(
                forward,
                [texts[at] for at in members],
                micro_batch=max(1, _TEXT_ROWS // length),
                key=f"texts of {length} tokens",
            )
            rows.update(zip(members, vectors, strict=True))
        return np.stack([rows[at] for at in range(len(texts))])

    def _forward(
        self,
        forward: Callable[[torch.Tensor], torch.Tensor],
        chunk: Sequence[torch.Tensor],
        size: int,
    ) -> FloatArray:
        batch = torch.stack([*chunk, *[chunk[-1]] * (size - len(chunk))])
        if self.device.type == "cuda":
            batch = batch.pin_memory().to(self.device, non_blocking=True)
        with (
            torch.inference_mode(),
            torch.autocast(self.device.type, dtype=self.dtype, enabled=self.dtype is not None),
        ):
            return normalise(forward(batch)[: len(chunk)])

    def _smaller(self, failed: int, key: str) -> int:
        """Half of a batch that did not fit; remembered, except where batches are fixed."""
        if failed <= 1 or self.fixed:
            raise EncoderError(
                f"The memory of '{self.device}' is too small for this model: "
                "free some, or choose a smaller model or another device."
            )
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        self._most[key] = failed // 2
        log.warning("out of memory at a batch of %d %s: going on with %d", failed, key, failed // 2)
        return failed // 2

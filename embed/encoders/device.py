"""Where a model runs, in which precision, and in which batches.

On the CPU every micro-batch has one fixed size and is filled up by repeating its last input,
because matrix kernels round differently for different shapes: so the vector of an input is the same
to the bit whatever it is batched with. Each processor works at one micro-batch of its own. A query,
which somebody waits for, is not filled up, and all processors work at it; texts of queries that
came together are padded to share batches. Their vectors are the same to rounding. On CUDA a batch
is as large as the caller's; when memory runs out it is halved, and stays halved. What was begun
there is waited for at the end, and others may begin theirs meanwhile.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch

from anysense.embed.encoders.features import Input, batched, kind_of, tokens_of
from anysense.embed.encoders.lanes import is_forked, lane_count, lanes
from anysense.embed.encoders.padding import of_like_length, padded
from anysense.embed.encoders.streams import CpuLauncher, CudaStreams
from anysense.embed.errors import CorruptMediaError, EncoderError
from anysense.embed.waiting import IS_QUERY, let_others

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from anysense.embed.encoders.streams import Launcher, Waiting
    from anysense.embed.types import FloatArray

__all__ = [
    "BatchRunner",
    "choose_autocast",
    "choose_batch",
    "choose_device",
    "is_out_of_memory",
    "normalise",
]

log = logging.getLogger(__name__)
# Of a matrix product over texts on the CPU: enough for short ones, little enough for one query.
_TEXT_ROWS = 32
_LEAST_BATCH = 16  # of micro-batches of one, so that few processors wait for the last of them


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


def choose_batch(device: torch.device, micro_batch: int, most: int) -> int:
    """How many inputs to give a model at once: on the CPU some micro-batches for each processor.

    Not more: the results of a batch come together, and what is on its way is lost if a build stops.

    Args:
        device: where the model is.
        micro_batch: the fixed size of batches on the CPU.
        most: the answer for CUDA.
    """
    if device.type != "cpu":
        return most
    return max(_LEAST_BATCH, 2 * micro_batch * lane_count())


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
            "<input>", "has a vector that is not finite or has no length, so it cannot be compared"
        )
    unit: FloatArray = (rows / norms[:, None]).astype(np.float32)
    return unit


def _at_once(tokens: int, texts: int) -> int:
    """How many of some texts of one length a micro-batch holds: of queries that came together all.

    These are equal to rounding only, and in large batches take a fraction of the time.
    """
    least = max(1, _TEXT_ROWS // tokens)
    return max(least, -(-texts // lane_count())) if may_round() else least


def _spread(inputs: int, micro_batch: int) -> int:
    """The size of equal batches, as many for each lane, that hold so many inputs; not above it."""
    rounds = -(-inputs // (lane_count() * micro_batch))
    return -(-inputs // (lane_count() * rounds))


def may_round() -> bool:
    """Whether vectors are of queries: these may differ from those of items in the last bits."""
    return IS_QUERY.get() and not is_forked()


class BatchRunner:
    """Runs a model over prepared inputs in batches that fit, and gives unit vectors.

    Args:
        device: where the model is.
        fixed: whether micro-batches have one size and are filled up, for bit-equal results; by
            default on the CPU only.
        launcher: begins batches that are not fixed; by default as the device can.
    """

    def __init__(
        self,
        device: torch.device,
        *,
        fixed: bool | None = None,
        launcher: Launcher | None = None,
    ) -> None:
        self.device = device
        self._launcher = launcher or (
            CudaStreams(device) if device.type == "cuda" else CpuLauncher()
        )
        self.dtype = choose_autocast(device)
        self.fixed = device.type == "cpu" if fixed is None else fixed
        self._most: dict[str, int] = {}

    def run(
        self,
        forward: Callable[[Input], torch.Tensor],
        inputs: Sequence[Input],
        *,
        micro_batch: int,
        key: str = "",
    ) -> FloatArray:
        """Run `forward` over inputs of one shape: float32, shape (len(inputs), dimension).

        Args:
            forward: from a batch (n, ...) to vectors (n, dimension).
            inputs: at least one: tensors without the batch's axis, or features.
            micro_batch: the fixed size of batches where batches are fixed.
            key: what to remember the greatest batch that fits under, such as the modality.

        Raises:
            EncoderError: memory is too small for one input.
            CorruptMediaError: a vector is not finite.
        """
        if self._is_fixed(len(inputs), lane_count() - 1):
            size = _spread(len(inputs), micro_batch) if may_round() else micro_batch
            return np.concatenate(self._run_fixed(forward, [(inputs, size)]))
        return np.concatenate(self._collect([self._begin(forward, inputs, key)]))

    def run_grouped(
        self, forward: Callable[[Input], torch.Tensor], inputs: Sequence[Input]
    ) -> FloatArray:
        """Run `forward` over texts (..., length) of several lengths: equals share batches.

        Args:
            forward: from a batch to vectors (n, dimension).
            inputs: texts, or features of anything; these share a batch if all shapes are equal.

        Returns:
            Unit vectors in the order of the inputs, float32 of shape (len(inputs), dimension).
        """
        by_kind: dict[Hashable, list[int]] = {}
        for at, one in enumerate(inputs):
            by_kind.setdefault(kind_of(one), []).append(at)
        groups = [
            ([inputs[at] for at in members], _at_once(tokens_of(inputs[members[0]]), len(members)))
            for members in by_kind.values()
        ]
        if self._is_fixed(len(inputs), 1):
            rows = self._run_fixed(forward, groups)
        else:
            rows = self._collect(
                [
                    self._begin(forward, group, f"inputs of {tokens_of(group[0])} tokens")
                    for group, _ in groups
                ]
            )
        order = [at for members in by_kind.values() for at in members]
        in_order: FloatArray = np.concatenate(rows)[np.argsort(order)]
        return in_order

    def run_padded(
        self,
        forward: Callable[[torch.Tensor], torch.Tensor],
        texts: Sequence[torch.Tensor],
    ) -> FloatArray:
        """Run `forward` over texts (length,) of queries: those of about one length share a batch.

        A vector is the same as by `run_grouped`, to rounding.

        Args:
            forward: from a batch (n, 2, length), of token ids and of ones where they are no
                padding, to vectors (n, dimension).
            texts: at least one, of token ids.

        Returns:
            Unit vectors in the order of the texts, float32 of shape (len(texts), dimension).
        """
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        tokens = sum(len(ids) for ids in texts)
        most = max(_TEXT_ROWS, -(-tokens // lane_count())) if self.fixed else tokens
        groups = of_like_length([len(texts[at]) for at in order], most)
        batches = [padded([texts[order[place]] for place in group]) for group in groups]
        if self.fixed:
            rows = self._on_lanes(self._forward, [(forward, list(batch)) for batch in batches])
        else:
            rows = self._collect(
                [
                    self._begin(forward, list(batch), f"{batch.shape[-1]} tokens")
                    for batch in batches
                ]
            )
        in_order: FloatArray = np.concatenate(rows)[np.argsort(order)]
        return in_order

    def _is_fixed(self, inputs: int, few: int) -> bool:
        """Whether so many inputs run on lanes, in batches of a fixed size.

        One of a query does not, nor do `few`: all processors work at each operator of them.
        """
        return self.fixed and not (may_round() and inputs <= max(1, few))

    def _run_fixed(
        self,
        forward: Callable[[Input], torch.Tensor],
        groups: Sequence[tuple[Sequence[Input], int]],
    ) -> list[FloatArray]:
        """Run groups of inputs, each in batches of its size, several batches at the same time."""

        def run(chunk: Sequence[Input], size: int) -> FloatArray:
            batch = [*chunk, *[chunk[-1]] * (size - len(chunk))]
            return self._forward(forward, batch)[: len(chunk)]

        chunks = [
            (group[start : start + size], size)
            for group, size in groups
            for start in range(0, len(group), size)
        ]
        return self._on_lanes(run, chunks)

    def _on_lanes(
        self, run: Callable[..., FloatArray], tasks: Sequence[tuple[object, ...]]
    ) -> list[FloatArray]:
        try:
            return lanes().map(run, tasks)
        except RuntimeError as error:
            if is_out_of_memory(error):
                raise self._too_small() from error
            raise

    def _begin(
        self,
        forward: Callable[[Input], torch.Tensor],
        inputs: Sequence[Input],
        key: str,
    ) -> list[Waiting]:
        """Begin inputs of one shape, in one batch or in as many as memory asks for."""
        size = self._most.get(key, len(inputs))
        begun: list[Waiting] = []
        start = 0
        while start < len(inputs):
            chunk = inputs[start : start + size]
            try:
                begun.append(self._launcher.launch(partial(self._compute, forward), chunk))
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                size = self._smaller(len(chunk), key)
                continue
            start += len(chunk)
        return begun

    def _collect(self, groups: Sequence[Sequence[Waiting]]) -> list[FloatArray]:
        """The unit vectors of each group of batches that was begun."""
        let_others()
        return [np.concatenate([normalise(wait()) for wait in group]) for group in groups]

    def _forward(
        self,
        forward: Callable[[Input], torch.Tensor],
        inputs: Sequence[Input],
    ) -> FloatArray:
        return normalise(self._compute(forward, batched(inputs)))

    def _compute(self, forward: Callable[[Input], torch.Tensor], batch: Input) -> torch.Tensor:
        with (
            torch.inference_mode(),
            torch.autocast(self.device.type, dtype=self.dtype, enabled=self.dtype is not None),
        ):
            return forward(batch)

    def _smaller(self, size: int, key: str) -> int:
        """Half of a batch that did not fit; remembered."""
        if size <= 1:
            raise self._too_small()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        self._most[key] = size // 2
        log.warning("out of memory at a batch of %d %s: going on with %d", size, key, size // 2)
        return size // 2

    def _too_small(self) -> EncoderError:
        return EncoderError(
            f"The memory of '{self.device}' is too small for this model: "
            "free some, or choose a smaller model or another device."
        )

"""Devices, precision, and batches that shrink when memory runs out."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from scripts import check_script

from anysense.embed.encoders import device
from anysense.embed.encoders.device import (
    BatchRunner,
    choose_autocast,
    choose_device,
    is_out_of_memory,
    normalise,
)
from anysense.embed.encoders.streams import CudaStreams, batches_at_once
from anysense.embed.errors import CorruptMediaError, EncoderError
from anysense.embed.waiting import as_query, in_turn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.embed.encoders.streams import Forward, Waiting

CPU = torch.device("cpu")


class Narrow(torch.nn.Module):
    """A linear model on a device whose memory holds so many inputs at once."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(4, 3)
        self.most = most
        self.batches: list[int] = []

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        self.batches.append(len(batch))
        if len(batch) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
        result: torch.Tensor = self.linear(batch)
        return result


def inputs(n: int) -> list[torch.Tensor]:
    return list(torch.randn(n, 4, generator=torch.Generator().manual_seed(n)))


def test_batches_shrink_until_they_fit_and_stay_so(caplog: pytest.LogCaptureFixture) -> None:
    model, runner = Narrow(most=3), BatchRunner(CPU, fixed=False)
    with caplog.at_level(logging.WARNING):
        vectors = runner.run(model, inputs(10), micro_batch=1, key="images")
    assert model.batches == [10, 5, 2, 2, 2, 2, 2]
    assert [record.args for record in caplog.records] == [(10, "images", 5), (5, "images", 2)]
    with torch.inference_mode():
        expected = normalise(model.linear(torch.stack(inputs(10))))
    assert np.allclose(vectors, expected, atol=1e-6)
    model.batches.clear()
    runner.run(model, inputs(4), micro_batch=1, key="images")
    assert model.batches == [2, 2]
    model.batches.clear()
    runner.run(model, inputs(3), micro_batch=1, key="texts")  # of another size
    assert model.batches == [3]


def test_one_input_that_does_not_fit_is_an_error() -> None:
    runner = BatchRunner(CPU, fixed=False)
    with pytest.raises(EncoderError, match="memory of 'cpu' is too small"):
        runner.run(Narrow(most=0), inputs(4), micro_batch=1)


def test_other_failures_are_not_taken_for_memory() -> None:
    def broken(batch: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes"):
        BatchRunner(CPU, fixed=False).run(broken, inputs(2), micro_batch=1)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError("x"), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"), True),
        (RuntimeError("shape mismatch"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_what_counts_as_out_of_memory(error: Exception, expected: bool) -> None:
    assert is_out_of_memory(error) is expected


def test_fixed_batches_have_one_shape_whatever_is_asked_for() -> None:
    model, runner = Narrow(most=100), BatchRunner(CPU)
    whole = runner.run(model, inputs(10), micro_batch=4)
    assert model.batches == [4, 4, 4]
    alone = np.concatenate([runner.run(model, [one], micro_batch=4) for one in inputs(10)])
    assert np.array_equal(whole, alone)
    assert set(model.batches) == {4}


def test_each_fixed_batch_runs_on_one_processor_and_they_run_at_the_same_time() -> None:
    check_script("""
        import sys, threading, torch
        from anysense.embed.encoders.device import BatchRunner, choose_batch
        torch.set_num_threads(3)
        cpu = torch.device("cpu")
        together = threading.Barrier(3, timeout=60)
        def forward(batch):
            together.wait()  # ends only if three run at once
            assert torch.get_num_threads() == 1
            return batch
        inputs = [torch.full((2,), float(n)) for n in range(1, 7)]
        assert BatchRunner(cpu).run(forward, inputs, micro_batch=1).shape == (6, 2)
        assert choose_batch(cpu, 4, 256) == 24
        others = []
        thread = threading.Thread(target=lambda: others.append(torch.get_num_threads()))
        thread.start(); thread.join()
        assert [torch.get_num_threads(), *others] == [3, 3], others  # of everyone else, as before
    """)


def test_a_query_is_not_filled_up_and_all_processors_work_at_it() -> None:
    threads: list[int] = []
    model, runner = Narrow(most=100), BatchRunner(CPU)

    def forward(batch: torch.Tensor) -> torch.Tensor:
        threads.append(torch.get_num_threads())
        return model(batch)

    with as_query():
        alone = runner.run(forward, inputs(1), micro_batch=4)
    assert (model.batches, threads) == ([1], [torch.get_num_threads()])
    assert np.allclose(alone, runner.run(model, inputs(1), micro_batch=4), atol=1e-6)
    assert model.batches == [1, 4]


def test_queries_that_came_together_are_spread_over_the_lanes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(device, "lane_count", lambda: 2)
    model, runner, given = Narrow(most=100), BatchRunner(CPU), inputs(13)
    items = runner.run(model, given, micro_batch=4)
    assert model.batches == [4, 4, 4, 4]
    for number, sizes in ((5, [3, 3]), (8, [4, 4]), (9, [3, 3, 3]), (13, [4, 4, 4, 4])):
        model.batches.clear()
        with as_query():
            vectors = runner.run(model, given[:number], micro_batch=4)
        assert model.batches == sizes
        assert np.allclose(vectors, items[:number], atol=1e-6)


def test_memory_that_is_too_small_for_a_fixed_batch_is_an_error() -> None:
    with pytest.raises(EncoderError, match="memory of 'cpu' is too small"):
        BatchRunner(CPU).run(Narrow(most=2), inputs(4), micro_batch=4)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_process_encodes_too() -> None:
    check_script("""
        import os, torch
        from anysense.embed.encoders.device import BatchRunner
        torch.set_num_threads(1)
        runner = BatchRunner(torch.device("cpu"))
        ready = [torch.ones(3)] * 4
        runner.run(lambda batch: batch, ready, micro_batch=1)
        child = os.fork()
        if child == 0:
            runner.run(lambda batch: batch, ready, micro_batch=1)
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    """)


def test_texts_of_several_lengths_come_back_in_order() -> None:
    texts = [torch.full((n,), float(n)) for n in (8, 64, 8, 16, 64)]
    seen: list[tuple[int, ...]] = []

    def forward(batch: torch.Tensor) -> torch.Tensor:
        seen.append(tuple(batch.shape))
        return torch.stack([batch.mean(1), torch.ones(len(batch))], dim=1)

    vectors = BatchRunner(CPU).run_grouped(forward, texts)
    assert np.allclose(vectors[:, 0] / vectors[:, 1], [8, 64, 8, 16, 64])
    assert sorted(seen) == [(1, 64), (1, 64), (2, 16), (4, 8)]


@pytest.mark.parametrize("fixed", [True, False])
def test_texts_of_queries_are_padded_to_share_batches(fixed: bool) -> None:
    texts = [torch.full((n,), n) for n in (7, 64, 5, 9, 60)]
    shapes: list[tuple[int, ...]] = []

    def forward(batch: torch.Tensor) -> torch.Tensor:
        shapes.append(tuple(batch.shape))
        length = batch[:, 1].sum(1).float()
        mean = (batch[:, 0] * batch[:, 1]).sum(1) / length
        return torch.stack([mean, torch.ones(len(batch))], dim=1)

    vectors = BatchRunner(CPU, fixed=fixed).run_padded(forward, texts)
    assert np.allclose(vectors[:, 0] / vectors[:, 1], [7, 64, 5, 9, 60])
    assert (3, 2, 9) in shapes
    assert len(shapes) < len(texts)


def test_vectors_have_length_one() -> None:
    unit = normalise(torch.tensor([[3.0, 4.0], [1e-8, 0.0], [1e30, 1e30]]))
    assert unit.dtype == np.float32
    assert np.allclose(np.linalg.norm(unit.astype(np.float64), axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("row", [[float("nan"), 1.0], [float("inf"), 1.0], [0.0, 0.0]])
def test_vectors_that_mean_nothing_are_refused(row: list[float]) -> None:
    with pytest.raises(CorruptMediaError, match="not finite or has no length"):
        normalise(torch.tensor([[1.0, 0.0], row]))


def test_devices() -> None:
    assert choose_device("cpu") == CPU
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert choose_autocast(CPU) is None
    for name, message in (
        ("gpu", "no device 'gpu'"),
        ("cuda:99", "not here"),
        ("meta", "not supp"),
    ):
        with pytest.raises(EncoderError, match=message):
            choose_device(name)


class Later:
    """Stands in for a device that computes in its own time: batches wait until they are asked for.

    Memory runs out, as on a device, when a batch of more than `most` is begun.
    """

    def __init__(self, most: int = 100) -> None:
        self.most = most
        self.events: list[str] = []

    def launch(self, forward: Forward, inputs: Sequence[torch.Tensor]) -> Waiting:
        if len(inputs) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
        self.events.append(f"begin {len(inputs)}")

        def wait() -> torch.Tensor:
            self.events.append("wait")
            return forward(torch.stack(list(inputs)))

        return wait


def test_what_was_begun_is_waited_for_when_all_is_begun_and_others_may_come() -> None:
    model, later = Narrow(most=100), Later(most=3)
    runner = BatchRunner(CPU, fixed=False, launcher=later)
    with in_turn(lambda: later.events.append("others")):
        vectors = runner.run(model, inputs(5), micro_batch=1, key="images")
    assert later.events == ["begin 2", "begin 2", "begin 1", "others", "wait", "wait", "wait"]
    assert np.allclose(vectors, BatchRunner(CPU).run(model, inputs(5), micro_batch=1), atol=1e-6)


def test_texts_of_several_lengths_are_all_begun_before_one_is_waited_for() -> None:
    later = Later()
    texts = [torch.full((length,), float(length)) for length in (3, 5, 3, 4, 5, 5)]

    def forward(batch: torch.Tensor) -> torch.Tensor:
        return torch.stack([batch.sum(1), torch.ones(len(batch))], dim=1)

    runner = BatchRunner(CPU, fixed=False, launcher=later)
    vectors = runner.run_grouped(forward, texts)
    assert later.events == ["begin 2", "begin 3", "begin 1", *["wait"] * 3]
    assert np.array_equal(vectors, BatchRunner(CPU).run_grouped(forward, texts))


def test_a_vector_that_is_not_finite_shows_when_it_is_waited_for() -> None:
    runner = BatchRunner(CPU, fixed=False, launcher=Later())
    with pytest.raises(CorruptMediaError, match="not finite"):
        runner.run(lambda batch: batch / 0.0, inputs(2), micro_batch=1)


def test_a_model_is_given_one_batch_at_a_time_but_on_cuda() -> None:
    assert batches_at_once(CPU) == 1
    assert batches_at_once(torch.device("cuda:1")) == 2


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_cuda_nobody_waits_before_the_vectors_are_asked_for() -> None:
    device = torch.device("cuda")
    model = torch.nn.Linear(4, 3)
    expected = BatchRunner(CPU).run(model, inputs(64), micro_batch=8)
    model, streams = model.to(device), CudaStreams(device)
    streams.launch(model, inputs(8))()  # warm
    with torch.inference_mode():
        torch.cuda.set_sync_debug_mode("error")
        try:
            begun = [streams.launch(model, inputs(64)) for _ in range(4)]
        finally:
            torch.cuda.set_sync_debug_mode("default")
        for wait in begun:
            assert np.allclose(normalise(wait()), expected, atol=1e-3)

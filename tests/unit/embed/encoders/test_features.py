"""Inputs of several tensors, and the batches that they share."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from anysense.embed.encoders.device import BatchRunner
from anysense.embed.encoders.features import Features, batched, changed, kind_of


def features(length: int, start: float = 0.0, **more: object) -> Features:
    row = torch.arange(length, dtype=torch.float32)[None] + start
    return Features({"row": row, "scale": torch.ones(1, 2), **more}, length)


def test_inputs_of_one_kind_are_alike_but_for_their_contents() -> None:
    assert kind_of(features(3)) == kind_of(features(3, 5.0))
    assert kind_of(features(3)) != kind_of(features(4))
    assert kind_of(features(3, modality="text")) != kind_of(features(3, modality="image"))
    assert kind_of(features(3, seconds=[1.0])) == kind_of(features(3, seconds=[2.0]))
    assert kind_of(torch.zeros(2, 3)) == kind_of(torch.ones(2, 3)) == 3


def test_a_batch_has_what_its_inputs_have() -> None:
    batch = batched([features(2, at, modality="text", seconds=[at]) for at in (0.0, 7.0)])
    assert batch.values["row"].tolist() == [[0, 1], [7, 8]]
    assert batch.values["seconds"] == [0.0, 7.0]
    assert batch.values["modality"] == "text"
    doubled = changed(batch, lambda tensor: 2 * tensor)
    assert doubled.values["row"].tolist() == [[0, 2], [14, 16]]
    assert doubled.values["modality"] == "text"
    assert batched([torch.zeros(3), torch.ones(3)]).shape == (2, 3)


@pytest.mark.parametrize("fixed", [True, False])
def test_they_come_back_in_order(fixed: bool) -> None:
    """Of three lengths, mixed; a vector says which input it is of."""
    sizes: list[int] = []

    def forward(batch: Features) -> torch.Tensor:
        row: torch.Tensor = batch.values["row"]
        sizes.append(len(row))
        return torch.stack([torch.ones(len(row)), row[:, 0]], dim=1)

    inputs = [features(2 + at % 3, float(at)) for at in range(20)]
    runner = BatchRunner(torch.device("cpu"), fixed=fixed)
    vectors = runner.run_grouped(forward, inputs)
    assert np.allclose(vectors[:, 1] / vectors[:, 0], range(20), atol=1e-4)
    assert sum(sizes) >= 20
    assert fixed or sorted(sizes) == [6, 7, 7]

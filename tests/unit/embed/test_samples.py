"""Samples of every kind that libraries give become the same mono sound."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from media_files import chirp

from anysense.embed.errors import UsageError
from anysense.embed.samples import mono_samples
from anysense.embed.types import Waveform

RATE = 8000
SOUND = chirp(1.0, RATE)[:, 0]
OTHER = np.random.default_rng(0).normal(0, 0.1, len(SOUND)).astype(np.float32)
STEREO = np.stack([SOUND, OTHER])
MEAN = (SOUND + OTHER) * np.float32(0.5)


def test_plain_samples_are_not_copied() -> None:
    assert Waveform(SOUND, RATE).samples is SOUND


@pytest.mark.parametrize("layout", [STEREO, STEREO.T, STEREO[None], STEREO.T[..., None]])
def test_channels_may_be_first_or_last(layout: Any) -> None:
    for samples in (layout, np.ascontiguousarray(layout), layout.astype(np.float64)):
        found = Waveform(samples, RATE)
        assert found.samples.tobytes() == MEAN.tobytes()
        assert found.seconds == 1.0


@pytest.mark.parametrize("shape", [(-1, 1), (1, -1), (1, 1, -1), (-1,)])
def test_one_channel_may_have_an_axis(shape: tuple[int, ...]) -> None:
    for size in (1, 2, len(SOUND)):
        samples = SOUND[:size].reshape(shape)
        assert Waveform(samples, RATE).samples.tobytes() == SOUND[:size].tobytes()


@pytest.mark.parametrize("channels", [2, 6, 16, 32])
def test_many_channels(channels: int) -> None:
    samples = np.repeat(SOUND[None], channels, axis=0)
    for layout in (samples, samples.T):
        assert np.allclose(mono_samples(layout, RATE), SOUND, atol=1e-5)


@pytest.mark.parametrize("axis", [0, 1])
def test_opposite_channels_survive(axis: int) -> None:
    assert np.allclose(mono_samples(np.stack([SOUND, -SOUND], axis=axis), RATE), SOUND)


@pytest.mark.parametrize(
    ("dtype", "scale", "offset"),
    [("int8", 128, 0), ("int16", 32768, 0), ("int32", 2**31, 0), ("uint8", 128, 128)],
)
def test_integers_are_scaled(dtype: str, scale: int, offset: int) -> None:
    whole = np.round(SOUND.astype(np.float64) * scale + offset).astype(dtype)
    assert np.abs(mono_samples(whole, RATE) - SOUND).max() <= 1 / min(scale, 2**22)
    assert np.abs(mono_samples(np.stack([whole, whole]), RATE) - SOUND).max() <= 1 / 128


@pytest.mark.parametrize("dtype", ["float16", "float64", ">f4"])
def test_other_floats(dtype: str) -> None:
    found = mono_samples(SOUND.astype(dtype), RATE)
    assert found.dtype == np.float32
    assert np.allclose(found, SOUND, atol=1e-3)
    assert np.allclose(mono_samples([0.5, -0.5], RATE), [0.5, -0.5])


def test_tensors() -> None:
    import torch

    stereo = torch.from_numpy(STEREO)
    assert Waveform(stereo, RATE).samples.tobytes() == MEAN.tobytes()  # type: ignore[arg-type]
    learnt = stereo.double().requires_grad_()
    assert mono_samples(learnt, RATE).tobytes() == MEAN.tobytes()
    assert np.allclose(mono_samples(stereo.bfloat16(), RATE), MEAN, atol=0.01)
    whole = (stereo * 32768).to(torch.int16)
    assert np.allclose(mono_samples(whole, RATE), MEAN, atol=1e-4)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros((100, 80), np.float32), r"shape \(100, 80\) has the channels cannot be told"),
        (np.zeros((2, 3), np.float32), "cannot be told"),
        (np.zeros((40, 8000), np.float32), "up to 32"),
        (np.zeros((2, 2, 8000), np.float32), "cannot be told"),
        (np.float32(0.5), "cannot be told"),
        (SOUND.astype(np.int64), "type int64 have no known loudest value"),
        (SOUND.astype(np.complex64), "complex64"),
        (SOUND > 0, "bool"),
        ("sound.wav", "have no known loudest value"),
        ([[0.1], [0.1, 0.2]], "an array of numbers"),
    ],
)
def test_what_cannot_be_told_is_refused(samples: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        Waveform(samples, RATE)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("rate", [8000.5, "8000", None, float("nan"), SOUND])
def test_rates_that_are_none(rate: Any) -> None:
    with pytest.raises(UsageError, match="whole number of Hz"):
        Waveform(SOUND, rate)


@pytest.mark.parametrize("rate", [8000.0, np.int64(8000), np.float32(8000)])
def test_rates_of_other_kinds(rate: Any) -> None:
    found = Waveform(SOUND, rate)
    assert (type(found.rate), found.rate) == (int, 8000)


def test_no_samples_at_all() -> None:
    for shape in ((0,), (0, 2), (2, 0), (1, 0)):
        assert Waveform(np.zeros(shape, np.float32), RATE).samples.shape == (0,)

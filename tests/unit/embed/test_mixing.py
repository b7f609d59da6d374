"""The mix of a sound's channels is their mean, but for what would be lost in it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pytest
from media_files import Samples, chirp, sndfile, tone

from anysense.embed.media.audio.recording import iter_windows, read_audio
from anysense.embed.mixing import PART_SECONDS, mix

if TYPE_CHECKING:
    from collections.abc import Sequence

RATE = 4000
SOUND = chirp(3.0, RATE)[:, 0]
NONE = np.zeros_like(SOUND)


def noise(seed: int, loudness: float = 0.1, size: int = len(SOUND)) -> Samples:
    return np.random.default_rng(seed).normal(0, loudness, size).astype(np.float32)


def mixed(*channels: Samples, blocks: Sequence[int] = ()) -> Samples:
    """The mix of channels that come in blocks which are divided at these places."""
    parts = np.split(np.stack(channels), [*blocks], axis=1)
    return np.concatenate([*mix((p for p in parts if p.shape[1]), RATE)])


def likeness(one: Samples, other: Samples) -> float:
    return float(np.abs(np.corrcoef(one, other)[0, 1]))


@pytest.mark.parametrize(
    "channels",
    [
        (SOUND, SOUND),
        (SOUND, NONE),
        (NONE, SOUND),
        (SOUND, noise(1)),
        (SOUND, -0.5 * SOUND),
        (noise(1) + noise(2), noise(1) - noise(2)),
        (NONE, NONE, SOUND, NONE, NONE, NONE),
        tuple(noise(seed) for seed in range(6)),
    ],
)
def test_what_survives_its_mean_is_its_mean(channels: tuple[Samples, ...]) -> None:
    total = channels[0] + channels[1]
    for channel in channels[2:]:
        total += channel
    total *= 1 / len(channels)
    assert mixed(*channels).tobytes() == total.tobytes()


@pytest.mark.parametrize(
    ("channels", "loudness"),
    [
        ((SOUND, -SOUND), 1),
        ((SOUND, -0.98 * SOUND), 0.99),
        ((0.8 * SOUND, -SOUND), 0.9),
        ((SOUND, -SOUND + 0.02 * noise(1)), 1),
        ((SOUND + 0.3, -SOUND - 0.2), 1),
        ((SOUND + 0.3, -SOUND + 0.3), 1),
        ((1e-4 * SOUND, -1e-4 * SOUND), 1e-4),
        ((SOUND, -SOUND, NONE, NONE, NONE, NONE), 1 / 3),
        ((SOUND, -SOUND, SOUND, -SOUND, SOUND, -SOUND), 1),
    ],
)
def test_opposite_channels_survive(channels: tuple[Samples, ...], loudness: float) -> None:
    found = mixed(*channels)
    assert likeness(found, SOUND) > 0.99
    assert found.std() == pytest.approx(loudness * SOUND.std(), rel=0.02)


def test_each_of_several_opposite_pairs_survives() -> None:
    one, other = noise(1), noise(2)
    found = mixed(one, -one, 0.5 * other, -0.5 * other)
    assert likeness(found, one) > 0.8
    assert likeness(found, other) > 0.4


def test_a_part_that_cancels_survives_among_others() -> None:
    part = round(PART_SECONDS * RATE)
    left = noise(3, size=3 * part)
    right = left.copy()
    right[part : 2 * part] *= -1
    assert np.allclose(mixed(left, right), left)


def test_a_short_rest_is_mixed_like_what_came_before() -> None:
    part = round(PART_SECONDS * RATE)
    left = noise(4, size=part + RATE // 2)
    right = left.copy()
    right[part:] *= -1
    assert not mixed(left, right)[part:].any()
    assert np.allclose(mixed(left, -left), left)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("opposite", [False, True])
def test_the_mix_does_not_depend_on_blocks(seed: int, opposite: bool) -> None:
    size = 2 * round(PART_SECONDS * RATE) + 12_345
    left = noise(5, size=size)
    right = (-1 if opposite else 1) * left + 0.1 * noise(6, size=size)
    blocks = sorted(np.random.default_rng(seed).integers(0, size, 20).tolist())
    whole = mixed(left, right)
    assert mixed(left, right, blocks=blocks).tobytes() == whole.tobytes()
    assert mixed(left, right, blocks=range(1000, size, 1000)).tobytes() == whole.tobytes()


def test_samples_that_are_no_numbers_pass_without_a_warning() -> None:
    for bad in (np.nan, np.inf, 3e38):
        left = SOUND.copy()
        left[5] = bad
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert mixed(left, -left)[5] != 0


def test_the_number_of_channels_may_change() -> None:
    blocks = [np.stack([SOUND, -SOUND]), SOUND[None], np.stack([SOUND, SOUND, SOUND])]
    found = np.concatenate([*mix(iter(blocks), RATE)])
    assert np.allclose(found, np.tile(SOUND, 3), atol=1e-6)


@pytest.mark.parametrize(
    ("file_format", "subtype"),
    [("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III")],
)
def test_a_recording_of_opposite_phase_is_heard(file_format: str, subtype: str) -> None:
    sound = chirp(12.0, 44100)
    data = sndfile(np.concatenate([sound, -sound], axis=1), 44100, file_format, subtype)
    whole = read_audio(data)
    assert whole.samples.std() == pytest.approx(sound.std(), rel=0.05)
    for window in iter_windows(data, 44100):
        start = round(window.start * 44100)
        samples = window.waveform.samples
        assert np.array_equal(samples, whole.samples[start : start + len(samples)])


def test_surround_sound_of_opposite_phase_is_heard() -> None:
    sound = np.repeat(tone(1.0, 48000), 6, axis=1) * [1, -1, 0, 0, 1, -1]
    data = sndfile(sound.astype(np.float32), 48000)
    assert read_audio(data).samples.std() == pytest.approx(sound[:, 0].std() * 2 / 3, rel=0.01)

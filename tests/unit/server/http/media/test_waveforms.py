"""The curve of a sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from http_client import TestClient, add_file, error_of
from media_files import sndfile

from anysense.embed.media.audio.recording import read_peaks

if TYPE_CHECKING:
    from pathlib import Path


def swelling(seconds: float, rate: int = 8000) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """A tone that grows from nothing to half of full scale: shape (n, 1)."""
    time = np.arange(round(seconds * rate)) / rate
    return (0.5 * time / seconds * np.sin(2 * np.pi * 440 * time)).astype(np.float32)[:, None]


@pytest.mark.parametrize("points", [1, 7, 100, 800])
def test_each_part_has_its_loudest_sample(points: int) -> None:
    seconds, peaks = read_peaks(sndfile(swelling(20.0), 8000), points)
    assert seconds == pytest.approx(20.0, abs=0.01)
    expected = 0.5 * (1 + np.arange(points)) / points
    assert np.abs(peaks - expected).max() < 0.01


def test_a_short_sound_has_fewer_parts() -> None:
    _, peaks = read_peaks(sndfile(swelling(0.01), 8000), 800)
    assert len(peaks) == 5


def test_a_sound_is_given_as_a_curve(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANYSENSE_CACHE", str(tmp_path / "cache"))
    add_file(client, sndfile(swelling(2.0), 8000), "a.wav", id="a/b")
    answers = [client.get("/v1/items/a/b/waveform?points=50").json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert (answers[0]["seconds"], len(answers[0]["peaks"])) == (2.0, 50)
    assert len(list((tmp_path / "cache" / "waveforms").iterdir())) == 1
    refused = client.get("/v1/items/red/waveform")
    assert (refused.status_code, error_of(refused)["code"]) == (415, "unsupported_media")
    assert client.get("/v1/items/a/b/waveform?points=0").status_code == 422

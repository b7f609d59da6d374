"""RAW photos that are damaged or hostile: nothing is printed, and each ends."""

from __future__ import annotations

import multiprocessing
import random
import struct
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from raw_files import dng_bytes

from anysense.embed.errors import CorruptMediaError, MediaError, MediaTooLargeError
from anysense.embed.media.image import read_image
from anysense.embed.media.picture.raw import developed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest.importorskip("rawpy")

WIDE, HIGH = (struct.pack("<HHII", tag, 4, 1, 64) for tag in (256, 257))


@pytest.fixture
def _renewed() -> Iterator[None]:
    yield
    multiprocessing.set_executable(sys.executable)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.8, 0.99])
def test_of_a_cut_one_nothing_is_printed(share: float, capfd: pytest.CaptureFixture[str]) -> None:
    whole = dng_bytes()
    with pytest.raises(MediaError) as error:
        read_image(whole[: round(share * len(whole))])
    assert "\n" not in str(error.value)
    assert capfd.readouterr() == ("", "")


def test_of_a_damaged_one_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(7)
    whole = dng_bytes(preview=(0, 0, 250), preview_side=8)
    for _ in range(8):
        damaged = bytearray(whole)
        for _ in range(6):
            damaged[chance.randrange(8, 700)] = chance.randrange(256)
        with suppress(MediaError):  # of which the others see that it is a sentence
            read_image(bytes(damaged))
    assert capfd.readouterr() == ("", "")


def test_a_photo_that_states_more_than_it_has_is_refused(
    capfd: pytest.CaptureFixture[str],
) -> None:
    whole = dng_bytes()
    assert whole.count(WIDE) == whole.count(HIGH) == 1
    large = struct.pack("<I", 13_000)
    hostile = whole.replace(WIDE, WIDE[:8] + large).replace(HIGH, HIGH[:8] + large)
    with pytest.raises(CorruptMediaError, match="is damaged"):
        read_image(hostile)
    huge = struct.pack("<I", 60_000)
    hostile = whole.replace(WIDE, WIDE[:8] + huge).replace(HIGH, HIGH[:8] + huge)
    with pytest.raises(MediaTooLargeError, match="60000 x 60000 pixels"):
        read_image(hostile)
    assert capfd.readouterr() == ("", "")


def test_what_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(developed, "_MOST_SECONDS", 0)  # for which no photo is small enough
    with pytest.raises(MediaTooLargeError, match="takes too long to read"):
        read_image(dng_bytes())


@pytest.mark.skipif(sys.platform == "win32", reason="a script is a program on POSIX alone")
@pytest.mark.usefixtures("_renewed")
@pytest.mark.parametrize(
    "answer",
    [
        "raise ImportError",
        "import os; os.abort()",
        "print()",
        "print('[]')",
        """print('{"width": 9, "height": 9}')""",
        """print('{"width": -9, "height": 9}')""",
        """print('{"jpeg": true, "flip": 6}')""",
    ],
)
def test_a_process_gone_wrong_is_not_trusted(tmp_path: Path, answer: str) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!{sys.executable}\n{answer}\n")
    program.chmod(0o755)
    multiprocessing.set_executable(str(program))
    with pytest.raises(CorruptMediaError):
        read_image(dng_bytes())


@pytest.mark.usefixtures("_renewed")
def test_without_python_it_is_said() -> None:
    multiprocessing.set_executable("/no/such/python")
    with pytest.raises(MediaError, match="cannot be read now"):
        read_image(dng_bytes())


@pytest.mark.skipif(sys.platform == "win32", reason="a script is a program on POSIX alone")
@pytest.mark.usefixtures("_renewed")
def test_what_the_system_kills_may_be_read_another_time(tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nkill -9 $$\n")
    program.chmod(0o755)
    multiprocessing.set_executable(str(program))
    with pytest.raises(MediaError, match="was killed by the system") as error:
        read_image(dng_bytes())
    assert not isinstance(error.value, CorruptMediaError)

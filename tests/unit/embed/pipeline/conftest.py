from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import soundfile
from watched import no_threads_left, picture, sound

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Every modality, with files among them that cannot be read."""
    picture((200, 10, 10)).save(tmp_path / "a.png")
    (tmp_path / "b.txt").write_text("A red thing. " * 30)
    soundfile.write(tmp_path / "c.wav", sound(25).samples, 8000)
    (tmp_path / "d.png").write_bytes((tmp_path / "a.png").read_bytes()[:44])
    (tmp_path / "e.txt").write_bytes(b"")
    picture((10, 200, 10)).save(tmp_path / "f.png")
    (tmp_path / "g.xyz").write_bytes(b"\x00\x01\x02" * 30)
    (tmp_path / "h.txt").write_text("low")
    return sorted(tmp_path.iterdir())


@pytest.fixture(autouse=True)
def threads_end() -> Iterator[None]:
    yield
    assert no_threads_left()

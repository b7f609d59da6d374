"""RapidOCR with the models that its wheel carries (PP-OCRv6), a few pictures at a time.

It finds runs of words in a picture, and then reads each; both are networks that ONNX Runtime runs.
An engine keeps what it is at between its steps, so each picture has one to itself. There are few,
each with its share of the processors: what they take does not grow with the threads that read.
"""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import UsageError
from anysense.embed.forking import renew_after_fork
from anysense.embed.media.document.document import fold_text
from anysense.embed.media.extras import check_ocr
from anysense.embed.media.ocr.lines import Line
from anysense.embed.processors import usable_processors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.Image import Image

__all__ = ["AT_ONCE", "recognise"]

AT_ONCE = 2
"""So many pictures are read at once in a process at most."""

_SURE = 0.6
"""How sure what reads a line has to be of it, from 0 to 1."""
_LARGEST = 2400  # pixels along the longer side; beyond, it makes a picture smaller itself
_LEAST_SIGNS = 2  # letters and digits of a line that is one: less is mostly what an icon looks like


class _Engines:
    """The engines of this process, made when they are first needed, and kept."""

    def __init__(self) -> None:
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        """Begin anew: the threads of an engine do not come along into a forked process."""
        count = min(AT_ONCE, usable_processors())
        self._threads = max(1, usable_processors() // count)
        self._free: list[Any] = []
        self._room = threading.Semaphore(count)

    @contextmanager
    def one(self) -> Iterator[Any]:
        """An engine that nobody else uses meanwhile."""
        with self._room:
            engine = self._free.pop() if self._free else _new_engine(self._threads)
            try:
                yield engine
            finally:
                self._free.append(engine)


_ENGINES = _Engines()


def recognise(picture: Image) -> list[Line]:
    """The runs of words in a picture in 8-bit RGB, in no order; it is looked at as large as it is.

    Raises:
        UsageError: the extra is not installed, or without its models.
    """
    import numpy as np

    with _ENGINES.one() as engine:
        found = engine(np.asarray(picture)[:, :, ::-1])  # BGR, as OpenCV has it
    if getattr(found, "txts", None) is None or getattr(found, "boxes", None) is None:
        return []
    lines = []
    for text, corners in zip(found.txts, found.boxes, strict=True):
        line = " ".join(fold_text(text).split())
        if sum(character.isalnum() for character in line) >= _LEAST_SIGNS:
            (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
            lines.append(Line(line, (float(left), float(top), float(right), float(bottom))))
    return lines


def _new_engine(threads: int) -> Any:
    check_ocr()
    import rapidocr

    models = Path(rapidocr.__file__).parent / "models"
    if len(list(models.glob("*.onnx"))) < 3:  # it would look for them on the network
        raise UsageError(
            f"The package rapidocr has come without its models ({models}): "
            "pip install --force-reinstall rapidocr."
        )
    # It logs what it finds no words in as a warning, with a handler of its own.
    logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
    return rapidocr.RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.text_score": _SURE,
            "Global.max_side_len": _LARGEST,
            "EngineConfig.onnxruntime.intra_op_num_threads": threads,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )

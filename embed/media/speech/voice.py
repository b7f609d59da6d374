"""Where there is a voice: Silero's network, which its package carries, run by ONNX Runtime.

The package itself is not imported: that would set the threads of torch to one.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anysense.embed.forking import renew_after_fork
from anysense.embed.media.extras import check_speech
from anysense.embed.media.speech.recogniser import RATE

if TYPE_CHECKING:
    from anysense.embed.types import FloatArray

__all__ = ["FRAME", "VoiceDetector"]

FRAME = 512
"""Samples at 16 kHz that are judged at once."""

_CONTEXT = 64  # samples of the frame before that it looks at as well
_MODEL = Path("data") / "silero_vad.onnx"


class VoiceDetector:
    """How likely each frame of one sound holds a voice; frames are given in their order."""

    def __init__(self) -> None:
        import numpy as np

        self._state = np.zeros((2, 1, 128), np.float32)
        self._context = np.zeros(_CONTEXT, np.float32)
        self._rate = np.array(RATE, np.int64)

    def probability(self, frame: FloatArray) -> float:
        """Of the next frame, float32 of shape (FRAME,); from 0 to 1."""
        import numpy as np

        inputs = {
            "input": np.concatenate([self._context, frame])[None].astype(np.float32),
            "state": self._state,
            "sr": self._rate,
        }
        output, self._state = _SESSION.get().run(None, inputs)
        self._context = frame[-_CONTEXT:]
        return float(output[0, 0])


class _Session:
    """The network of this process, which all detectors share: it keeps no state of its own."""

    def __init__(self) -> None:
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        """Load it anew: its threads do not come along into a forked process."""
        self.get = cache(_load)


def _load() -> Any:
    check_speech()
    import onnxruntime  # type: ignore[import-untyped]

    spec = find_spec("silero_vad")
    assert spec is not None
    folders = spec.submodule_search_locations or []
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        str(Path(folders[0]) / _MODEL), options, providers=["CPUExecutionProvider"]
    )


_SESSION = _Session()

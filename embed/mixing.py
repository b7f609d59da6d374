"""From the channels of a sound to one, without losing what is opposite in them.

The mix is the plain mean of the channels. Where they are of opposite phase, as after a balanced
plug in a stereo jack, that would be next to nothing: there channels are turned over, so that each
adds to the energy of the others, and the mix is what it had been with the right plug. The loudest
channel alone would keep less: of a recording with noise of its own in each of two channels, the
starter model's vector has a cosine of 0.68 to that of the sound without noise instead of 0.51.

Whether they cancel is asked of every `PART_SECONDS` from the beginning, however the blocks are
divided, and of each part without the constant that a microphone may add to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["PART_SECONDS", "Mixer", "mix"]

PART_SECONDS = 10.0
"""How long a part is that is mixed in one way: as long as the windows that models hear."""

_SHORTEST_PART = 0.1
"""The share of a part below which the end of a sound is mixed like what came before it."""
_MOST_SAMPLES = 1 << 23
"""Of all channels of a part together; of very many channels parts are shorter."""
_SURVIVES = 0.1
"""The energy of a mix, by that of unrelated channels, from which on it stands for its channels.

Of two equally loud channels it is 1 plus their correlation: they cancel from -0.9 on.
"""
_SURVIVES_CLEARLY = 2 * _SURVIVES  # by sums that are quick and not exact


def mix(blocks: Iterable[NDArray[np.float32]], rate: int) -> Iterator[NDArray[np.float32]]:
    """Mix blocks of shape (channels, n) to mono ones of shape (n,).

    The samples are the same to the bit wherever the blocks are divided.

    Args:
        blocks: successive samples, float32; the number of channels may change.
        rate: samples per second of each channel.
    """
    mixer = Mixer(rate)
    for block in blocks:
        yield from mixer.add(block)
    yield from mixer.finish()


class Mixer:
    """Does what `mix` does, of blocks that come one by one.

    Args:
        rate: samples per second of each channel.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._part = _Part()

    def add(self, block: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
        """Take a block of shape (channels, n), and give what can be mixed by now."""
        if len(block) == 1:
            yield from self._part.finish()
            yield block[0]
            return
        if self._part.channels != len(block):
            yield from self._part.finish()
            self._part = _Part(len(block), self._rate)
        while block.shape[1] > 0:
            block = self._part.take(block)
            if self._part.is_full:
                yield from self._part.finish()

    def finish(self) -> Iterator[NDArray[np.float32]]:
        """Give what is left."""
        yield from self._part.finish()


class _Part:
    """The blocks of one part of a sound, until it is known how they are to be mixed."""

    def __init__(self, channels: int = 0, rate: int = 1) -> None:
        self.channels = channels
        most = max(1, _MOST_SAMPLES // max(1, channels))
        self._length = min(max(1, round(PART_SECONDS * rate)), most)
        self._signs: NDArray[np.float32] | None = None  # where the part before was turned over
        self._is_first = True
        self._start()

    def _start(self) -> None:
        self._count = 0
        self._blocks: list[NDArray[np.float32]] = []
        self._mono_blocks: list[NDArray[np.float32]] = []
        self._energy = self._mono_energy = self._mono_sum = 0.0

    @property
    def is_full(self) -> bool:
        return self._count == self._length

    def take(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take of a block what belongs to the part, and give back the rest."""
        import numpy as np

        room = self._length - self._count
        here, rest = block[:, :room], block[:, room:]
        mono = _mean(here)
        with np.errstate(all="ignore"):
            flat = here.ravel(order="K")
            self._energy += float(np.dot(flat, flat))
            self._mono_energy += float(np.dot(mono, mono))
            self._mono_sum += float(mono.sum())
        self._blocks.append(here)
        self._mono_blocks.append(mono)
        self._count += here.shape[1]
        return rest

    def finish(self) -> Iterator[NDArray[np.float32]]:
        """Give the mono samples of the part, and begin the next one."""
        if self._count == 0:
            return
        if self._is_first or self._count >= _SHORTEST_PART * self._length:
            self._signs = None if self._survives_clearly() else _signs_if_cancelled(self._blocks)
        blocks, mono_blocks, signs = self._blocks, self._mono_blocks, self._signs
        self._is_first = False
        self._start()
        if signs is not None:
            mono_blocks = [_mean(block * signs) for block in blocks]
        yield from mono_blocks

    def _survives_clearly(self) -> bool:
        varying = self._mono_energy - self._mono_sum**2 / self._count
        return self.channels**2 * varying >= _SURVIVES_CLEARLY * self._energy


def _mean(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean over the channels, by sums of whole channels: far faster than a reduction."""
    import numpy as np

    with np.errstate(all="ignore"):  # of samples that are no numbers, which are refused later
        total: NDArray[np.float32] = block[0] + block[1]
        for channel in block[2:]:
            total += channel
        total *= 1 / len(block)
    return total


def _signs_if_cancelled(blocks: list[NDArray[np.float32]]) -> NDArray[np.float32] | None:
    """1 or -1 for each channel, shape (channels, 1); None if enough is left in their mean.

    From the loudest channel down each is added to the sum of the others with the sign that makes
    the sum louder. The first channel has 1, so that signs stay the same from part to part.
    """
    import numpy as np

    channels = np.concatenate(blocks, axis=1)  # so that sums do not depend on the blocks
    with np.errstate(all="ignore"):
        energies = [_energy(_varying(channel)) for channel in channels]
        mono = np.zeros(channels.shape[1])
        for channel in channels:
            mono += _varying(channel)
        # False of silence, and of samples that are no numbers.
        if not _energy(mono) < _SURVIVES * sum(energies) < float("inf"):
            return None
    signs, total = np.ones((len(channels), 1), np.float32), np.zeros(channels.shape[1])
    for at in sorted(range(len(channels)), key=lambda at: -energies[at]):
        varying = _varying(channels[at])
        signs[at] = -1 if np.dot(total, varying) < 0 else 1
        total += signs[at] * varying
    signs *= signs[0].copy()
    return signs


def _varying(channel: NDArray[np.float32]) -> NDArray[np.float64]:
    import numpy as np

    samples: NDArray[np.float64] = channel.astype(np.float64)
    samples -= samples.mean()
    return samples


def _energy(samples: NDArray[np.float64]) -> float:
    import numpy as np

    return float(np.square(samples).sum())

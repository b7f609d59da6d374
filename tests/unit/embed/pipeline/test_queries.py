"""Many queries to one vector each: those of single queries, and not too much at once."""

from __future__ import annotations

import numpy as np
import pytest
from http_client import png, wav
from tiny import TEXT_IMAGE, TinyEncoder
from watched import sound

from anysense.embed.errors import (
    AbandonedError,
    EmptyMediaError,
    EncoderError,
    MediaError,
    MediaTooLargeError,
)
from anysense.embed.pipeline.queries import Amounts, encode_queries
from anysense.embed.pipeline.query import encode_query
from anysense.embed.pipeline.reading import MediaSource
from anysense.embed.types import Modality
from anysense.embed.waiting import Waiter, waited_for_by

MIXED = [
    MediaSource("a", "red sky", Modality.TEXT),
    MediaSource("b", png("blue"), Modality.IMAGE),
    MediaSource("c", wav(110.0), Modality.AUDIO),
    MediaSource("d", "low " * 50, Modality.TEXT),
    MediaSource("e", sound(25), Modality.AUDIO),
    *(MediaSource(f"f{i}", f"green {i}", Modality.TEXT) for i in range(70)),
]


def test_each_vector_is_that_of_its_query_alone() -> None:
    encoder = TinyEncoder()
    vectors, amounts = encode_queries(encoder, MIXED)
    assert vectors.shape == (len(MIXED), 32)
    for vector, source in zip(vectors, MIXED, strict=True):
        assert source.modality is not None
        alone = encode_query(encoder, source.modality, source.content)
        np.testing.assert_allclose(vector, alone, atol=1e-6)
    texts = [s.content for s in MIXED if isinstance(s.content, str)]
    assert amounts.characters == sum(map(len, texts))
    assert amounts.pixels == 64
    assert amounts.seconds == pytest.approx(25.5, abs=0.01)


def test_they_share_batches() -> None:
    class Counting(TinyEncoder):
        batches = 0

        def encode(self, modality, prepared):  # type: ignore[no-untyped-def]
            self.batches += 1
            return super().encode(modality, prepared)

    encoder = Counting()
    encode_queries(encoder, [MediaSource(i, f"red {i}", Modality.TEXT) for i in range(64)])
    assert encoder.batches == 2


def test_nothing_is_made_of_no_queries() -> None:
    assert encode_queries(TinyEncoder(), [])[0].shape == (0, 32)


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        (MediaSource("input.1", " ", Modality.TEXT), EmptyMediaError),
        (MediaSource("input.1", "---", Modality.TEXT), EmptyMediaError),
        (MediaSource("input.1", b"no picture", Modality.IMAGE), MediaError),
        (MediaSource("input.1", png("red")[:40], Modality.IMAGE), MediaError),
        (MediaSource("input.1", "x" * 100_001, Modality.TEXT), MediaTooLargeError),
        (MediaSource("input.1", sound(601), Modality.AUDIO), MediaTooLargeError),
    ],
)
def test_the_one_that_cannot_be_encoded_is_named(
    source: MediaSource, kind: type[MediaError]
) -> None:
    with pytest.raises(kind) as refused:
        encode_queries(TinyEncoder(), [MIXED[0], source])
    assert refused.value.source == "input.1"


@pytest.mark.parametrize(
    "most",
    [Amounts(10**6, 10**6, 200), Amounts(10**6, 60, 10**6), Amounts(20, 10**6, 10**6)],
    ids=["pixels", "seconds", "characters"],
)
def test_they_are_bounded_as_a_whole(most: Amounts) -> None:
    encoder = TinyEncoder()
    each = (
        ("red is red", Modality.TEXT),
        (png("red"), Modality.IMAGE),
        (sound(25), Modality.AUDIO),
    )
    sources = [MediaSource(i, content, kind) for i in range(4) for content, kind in each]
    with pytest.raises(MediaTooLargeError, match="with what came before it: at most"):
        encode_queries(encoder, sources, most=most)


@pytest.mark.parametrize("lengths", [[60_000] * 20, [5, 100_001]], ids=["together", "one"])
def test_texts_that_are_too_long_are_refused_before_any_is_encoded(
    lengths: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = TinyEncoder()
    monkeypatch.setattr(encoder, "encode", lambda *_: pytest.fail("it encodes one"))
    sources = [
        MediaSource(i, "a " * (length // 2 + 1), Modality.TEXT) for i, length in enumerate(lengths)
    ]
    with pytest.raises(MediaTooLargeError):
        encode_queries(encoder, sources)


def test_what_the_encoder_does_not_take_is_refused_before_anything_is_read() -> None:
    with pytest.raises(EncoderError, match="'one' does not take audio"):
        encode_queries(TinyEncoder("one", TEXT_IMAGE, 24), MIXED)


def test_nothing_is_encoded_that_nobody_waits_for() -> None:
    encoder, waiter = TinyEncoder(), Waiter()
    waiter.leave()
    with waited_for_by(waiter), pytest.raises(AbandonedError):
        encode_queries(encoder, MIXED)
    assert encoder.encoded == 0

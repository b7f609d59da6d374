from __future__ import annotations

import numpy as np
import pytest
from formed import FormedEncoder
from PIL import Image
from tiny import TinyEncoder

from anysense.embed.pipeline.batching import SharedEncoder
from anysense.embed.pipeline.queries import encode_queries
from anysense.embed.pipeline.query import encode_query
from anysense.embed.pipeline.reading import MediaSource
from anysense.embed.pipeline.stream import encode_sources
from anysense.embed.types import Clip, Kind, Modality, Place

RED, GREEN = (Image.new("RGB", (8, 8), colour) for colour in ("red", "green"))
CLIP = Clip((RED, GREEN), (0.0, 1.0), 3.0)


def test_a_space_says_in_which_form_a_query_looks_for_what() -> None:
    space = FormedEncoder().space
    assert space.form(Modality.TEXT, Modality.AUDIO) == "to-audio"
    assert space.form(Modality.TEXT, Modality.TEXT) == ""
    assert space.form(Modality.IMAGE, Modality.AUDIO) == ""


@pytest.mark.parametrize("shared", [False, True])
def test_a_query_is_encoded_in_its_form(shared: bool) -> None:
    encoder = SharedEncoder(FormedEncoder()) if shared else FormedEncoder()
    picture = encode_query(encoder, Modality.IMAGE, RED)
    as_query = encode_query(encoder, Modality.TEXT, "red", "to-image")
    as_item = encode_query(encoder, Modality.TEXT, "red")
    assert as_query @ picture > 0.7
    assert abs(as_item @ picture) < 0.1


def test_queries_of_one_call_are_encoded_in_the_form_of_their_modality() -> None:
    encoder = FormedEncoder()
    sources = [MediaSource(0, "red", Modality.TEXT), MediaSource(1, RED, Modality.IMAGE)]
    vectors, _ = encode_queries(encoder, sources, forms={Modality.TEXT: "to-image"})
    np.testing.assert_array_equal(
        vectors[0], encode_query(encoder, Modality.TEXT, "red", "to-image")
    )
    np.testing.assert_array_equal(vectors[1], encode_query(encoder, Modality.IMAGE, RED))


def test_a_clip_is_one_segment_where_the_encoder_takes_clips_and_else_its_frames() -> None:
    encoders = [FormedEncoder(), TinyEncoder()]
    (encoded,) = encode_sources(encoders, [MediaSource("clip", CLIP)])
    assert encoded.kind is Kind.VIDEO
    of_clip = [s for s in encoded.segments if s.space == "formed"]
    of_frames = [s for s in encoded.segments if s.space == "tiny"]
    assert [s.place for s in of_clip] == [Place.of_seconds(0, 3)]
    assert [s.place for s in of_frames] == [Place.of_seconds(0, 1), Place.of_seconds(1, 3)]
    assert {s.modality for s in encoded.segments} == {Modality.IMAGE}
    np.testing.assert_array_equal(
        of_frames[1].vector, encode_query(TinyEncoder(), Modality.IMAGE, GREEN)
    )


def test_a_query_by_a_clip_counts_the_pixels_of_all_its_frames() -> None:
    _, amounts = encode_queries(FormedEncoder(), [MediaSource(0, CLIP, Modality.IMAGE)])
    assert amounts.pixels == 2 * 64

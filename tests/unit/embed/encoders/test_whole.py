"""An encoder that is given smaller pictures than before still makes the vectors of before."""

from __future__ import annotations

import numpy as np
from media_files import photo, saved
from tiny import TinyEncoder

from anysense.embed.encoders.registry import load_encoder
from anysense.embed.encoders.whole import WholePictures, of_revision
from anysense.embed.pipeline.batching import SharedEncoder
from anysense.embed.pipeline.query import encode_query
from anysense.embed.types import Encoder, Modality


class Reduced(TinyEncoder):
    whole_revision = "1"


def test_an_encoder_is_had_in_either_revision() -> None:
    encoder = Reduced(revision="2", image_side=100)
    assert of_revision(encoder, "2") is encoder
    earlier = of_revision(encoder, "1")
    assert isinstance(earlier, WholePictures)
    assert earlier.space.revision == "1"
    assert of_revision(earlier, "1") is earlier
    for unknown in (encoder, earlier):
        assert of_revision(unknown, "3") is unknown
    plain = TinyEncoder()
    assert of_revision(plain, "0") is plain


def test_the_earlier_one_sees_all_pixels_and_shares_the_model() -> None:
    encoder = Reduced(revision="2", image_side=100)
    earlier: Encoder = of_revision(SharedEncoder(encoder), "1")
    data = saved(photo().resize((1280, 960)), "JPEG")
    expected = encode_query(TinyEncoder(), Modality.IMAGE, data)
    assert np.array_equal(encode_query(earlier, Modality.IMAGE, data), expected)
    assert encoder.encoded == 1


def test_the_starter_model_still_makes_the_vectors_of_its_first_revision() -> None:
    encoder = load_encoder("starter", device="cpu")
    earlier = of_revision(encoder, "5d30eac2c2afde9b")
    assert getattr(earlier, "image_side", None) is None
    assert earlier.space.revision == "5d30eac2c2afde9b"
    assert encoder.space.revision != earlier.space.revision

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.messages.content import create_audio_block, create_image_block

from anysense import Modality, Term
from anysense.adapters.langchain.queries import terms_of
from anysense.embed.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

WORDS = Term("waves", modality=Modality.TEXT)
PICTURE = Term(b"abc", modality=Modality.IMAGE)
DATA = b64encode(b"abc").decode()


def test_a_text_is_words() -> None:
    assert terms_of("waves") == [WORDS]
    assert terms_of(HumanMessage("waves")) == [WORDS]
    assert terms_of(SystemMessage(["waves"])) == [WORDS]


def test_blocks_combine(tmp_path: Path) -> None:
    blocks: list[Any] = [
        "waves",
        {"type": "text", "text": "waves"},
        create_image_block(base64=DATA, mime_type="image/png"),
        create_image_block(url=f"data:image/png;base64,{DATA}"),
        create_audio_block(url="anysense://item/rain"),
        create_audio_block(file_id="rain.wav"),
    ]
    file = Term((tmp_path / "rain.wav").resolve(), modality=Modality.AUDIO)
    expected = [WORDS, WORDS, PICTURE, PICTURE, Term(like="rain"), file]
    assert terms_of(blocks, tmp_path) == expected
    assert terms_of(HumanMessage(blocks), tmp_path) == expected
    assert terms_of(tuple(blocks), tmp_path) == expected


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{DATA}"}},  # OpenAI
        {"type": "image", "source_type": "base64", "data": DATA, "mime_type": "image/png"},
        {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": DATA},
        },  # Anthropic
    ],
)
def test_pictures_in_other_forms_are_read(block: dict[str, Any]) -> None:
    assert terms_of([block]) == [PICTURE]


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        ({"type": "video", "base64": DATA, "mime_type": "video/mp4"}, "not of video blocks"),
        ({"type": "tool_call", "name": "x", "args": {}, "id": "1"}, "not of tool_call blocks"),
        ({"type": "made-up"}, "not of made-up blocks"),
        ({}, "not of no blocks"),
        ({"type": "image"}, "exactly one of base64, url, file_id"),
        ({"type": "image", "base64": 7}, "exactly one of base64, url, file_id, as a text"),
        ({"type": "image", "base64": DATA, "file_id": "a"}, "exactly one of base64, url, file_id"),
        ({"type": "image", "base64": "?"}, "The data of a block of image is not base64"),
        ({"type": "image", "url": "https://x.org/a.png"}, "https addresses are not fetched"),
        ({"type": "image", "file_id": "a.png"}, "give files="),
    ],
)
def test_other_blocks_are_refused(block: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        terms_of([block])

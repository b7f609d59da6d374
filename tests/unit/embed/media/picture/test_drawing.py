"""SVG drawings: drawn without network, scripts and files, within limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image

from anysense.embed.errors import CorruptMediaError, MediaError, MediaTooLargeError
from anysense.embed.media.image import read_image
from anysense.embed.media.picture import drawing

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("resvg_py", reason="the extra `svg` is not installed")

HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'viewBox="0 0 200 100">'
)


def svg(body: str) -> bytes:
    return f"{HEAD}{body}</svg>".encode()


def test_a_drawing_is_as_large_as_it_is_looked_at() -> None:
    picture = read_image(svg('<rect width="100" height="100" fill="red"/>'))
    assert picture.size == (1024, 512)
    assert picture.getpixel((100, 100)) == (255, 0, 0)
    assert picture.getpixel((900, 100)) == (255, 255, 255)


def test_a_high_one_is_bounded_by_its_height() -> None:
    tall = HEAD.replace("0 0 200 100", "0 0 1 1000000") + "<rect width='1' height='9'/></svg>"
    assert read_image(tall.encode()).size == (1, 1024)
    assert read_image(tall.replace("1000000", "4").encode()).size == (256, 1024)


@pytest.mark.parametrize(
    "reference",
    [
        '<image width="200" height="100" xlink:href="{}"/>',
        '<image width="200" height="100" href="file://{}"/>',
        '<style>@import "{0}"; rect {{fill: url({0})}}</style><rect width="9" height="9"/>',
        '<filter id="f"><feImage href="{}"/></filter><rect width="200" height="100" '
        'fill="none" filter="url(#f)"/>',
    ],
)
def test_nothing_is_read_that_lies_outside_of_it(tmp_path: Path, reference: str) -> None:
    secret = tmp_path / "secret.png"
    Image.new("RGB", (20, 10), (0, 255, 0)).save(secret)
    try:
        picture = read_image(svg(reference.format(secret)))
    except CorruptMediaError:
        return  # nothing is left to be drawn
    colours = picture.getcolors(1 << 20) or []
    assert all(colour != (0, 255, 0) for _, colour in colours)


def test_entities_are_refused() -> None:
    with pytest.raises(CorruptMediaError, match="declares entities"):
        read_image(b'<!DOCTYPE svg [<!ENTITY a "b">]>' + svg("<text>&a;</text>"))


def test_uses_inside_each_other_end() -> None:
    groups = '<g id="a0"><rect width="1" height="1"/></g>' + "".join(
        f'<g id="a{n}">' + f'<use xlink:href="#a{n - 1}"/>' * 10 + "</g>" for n in range(1, 9)
    )
    with pytest.raises(CorruptMediaError, match="nodes limit"):
        read_image(svg(f'<defs>{groups}</defs><use xlink:href="#a8"/>'))
    circle = '<g id="a"><use xlink:href="#b"/></g><g id="b"><use xlink:href="#a"/></g>'
    with pytest.raises(CorruptMediaError, match="nodes limit"):
        read_image(svg(circle))


def test_what_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "_MOST_SECONDS", 0)  # for which no drawing is small enough
    with pytest.raises(MediaTooLargeError, match="takes too long"):
        read_image(svg("<rect/>"))


@pytest.mark.parametrize("data", [b"<svg", svg("<rect>"), svg("")[:-9] + b"\xff\xfe</svg>"])
def test_what_is_no_drawing_is_an_error_of_a_sentence(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.svg").write_bytes(data)
    with pytest.raises(MediaError) as error:
        read_image(tmp_path / "a.svg")
    assert "\n" not in str(error.value)

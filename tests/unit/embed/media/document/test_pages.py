"""Pages of PDFs come out as pictures, and bad ones as one sentence in bounded time."""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import signal
import subprocess
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pypdf
import pytest
from media_files import page, pdf

from anysense.embed.errors import (
    CorruptMediaError,
    MediaError,
    MediaTooLargeError,
    UnsupportedMediaError,
)
from anysense.embed.limits import DEFAULT_LIMITS, Limits
from anysense.embed.media.document.pages import RenderBudget, render_pages
from anysense.embed.media.document.renderer import pixels_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from PIL.Image import Image

RED_SQUARE = b"1 0 0 rg 100 500 200 200 re f"
DRAWN = b"0 0 m 100 100 l S "


def render(data: bytes, **options: Any) -> list[tuple[int, Image]]:
    return list(render_pages(io.BytesIO(data), "a.pdf", DEFAULT_LIMITS, **options))


def assembled(objects: list[bytes], trailer: bytes = b"") -> bytes:
    """A PDF of these objects, numbered from 1; the first is the catalog."""
    out = b"%PDF-1.7\n"
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer << /Size %d /Root 1 0 R %s >>\n"
        b"startxref\n%d\n%%%%EOF\n" % (len(places) + 1, table, len(places) + 1, trailer, len(out))
    )


def stream(content: bytes, head: bytes = b"") -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (head, len(content), content)


def one_page(content: bytes, *objects: bytes, resources: bytes = b"", more: bytes = b"") -> bytes:
    """A PDF of one page; the further objects are numbered from 5."""
    return assembled(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
            b"/Resources << %s >> %s >>" % (resources, more),
            stream(content),
            *objects,
        ]
    )


def nested_forms(levels: int, fan: int) -> bytes:
    """Forms that draw each other `fan` times, so the innermost is drawn fan ** (levels - 1)."""
    head = b"/Type /XObject /Subtype /Form /BBox [0 0 612 792] "
    forms = [
        stream(b"/X Do " * fan, head + b"/Resources << /XObject << /X %d 0 R >> >>" % (6 + level))
        for level in range(levels - 1)
    ]
    last = stream(DRAWN, head)
    return one_page(b"/X Do", *forms, last, resources=b"/XObject << /X 5 0 R >>")


def dark_share(picture: Image) -> float:
    return float((np.asarray(picture.convert("L")) < 128).mean())


def is_red(picture: Image, x: float, y: float) -> bool:
    """Whether the point is red that lies at this share of the width and height, from the top."""
    pixel = picture.getpixel((int(picture.width * x), int(picture.height * y)))
    return pixel == (255, 0, 0)


# What is drawn


def test_pages_are_numbered_pictures(tmp_path: Path) -> None:
    data = pdf([page("Hello"), RED_SQUARE], compress=True)
    path = tmp_path / "a.pdf"
    path.write_bytes(data)
    with path.open("rb") as file:
        drawn = list(render_pages(file, "a.pdf", DEFAULT_LIMITS))
        assert file.tell() == 0
    assert [number for number, _ in drawn] == [1, 2]
    for _, picture in drawn:
        assert picture.mode == "RGB"
        assert picture.size == (791, 1024)
    assert 0 < dark_share(drawn[0][1]) < 0.02
    assert is_red(drawn[1][1], 200 / 612, 1 - 600 / 792)
    assert not is_red(drawn[1][1], 0.9, 0.9)
    assert [picture.tobytes() for _, picture in render(data)] == [p.tobytes() for _, p in drawn]


def test_the_position_of_a_payload_stays() -> None:
    file = io.BytesIO(b"junk before\n" + pdf([RED_SQUARE]))
    file.seek(5)
    assert len(list(render_pages(file, "a.pdf", DEFAULT_LIMITS))) == 1
    assert file.tell() == 5


def test_blank_pages_are_passed_over() -> None:
    all_red = b"1 0 0 rg 0 0 612 792 re f"
    drawn = render(pdf([b"", page("words"), page(" "), all_red, RED_SQUARE]))
    assert [number for number, _ in drawn] == [2, 5]


def test_the_longest_side() -> None:
    for longest in (64, 333):
        ((_, picture),) = render(pdf([RED_SQUARE]), longest_side=longest)
        assert max(picture.size) == longest
    turned = pdf([RED_SQUARE]).replace(b"/MediaBox", b"/Rotate 90 /MediaBox")
    ((_, picture),) = render(turned)
    assert picture.size == (1024, 791)


@pytest.mark.parametrize(
    ("box", "size"),
    [
        (b"[0 0 1000000 10]", (1024, 1)),
        (b"[0 0 10 1000000]", (1, 1024)),
        # pdfium takes what makes no sense for US Letter.
        (b"[0 0 0 0]", (791, 1024)),
        (b"[nan nan nan nan]", (791, 1024)),
        (b"[0 0 1e400 1e400]", (791, 1024)),
        (b"[0 0 99999999999999999999 5]", (791, 1024)),
        (b"(no box)", (791, 1024)),
    ],
)
def test_absurd_sizes(box: bytes, size: tuple[int, int]) -> None:
    data = pdf([b"0 0 300 400 re f 0 0 500000 5 re f 0 0 5 500000 re f"])
    ((_, picture),) = render(data.replace(b"[0 0 612 792]", box))
    assert picture.size == size


@pytest.mark.parametrize("size", [(0.0, 0.0), (-5.0, 3.0), (float("nan"), 9.0), (1e9, 1e-9)])
def test_sizes_that_pdfium_should_not_state(size: tuple[float, float]) -> None:
    width, height = pixels_of(size, 100)
    assert 1 <= width <= 100
    assert 1 <= height <= 100
    assert 100 in (width, height)


def test_annotations_and_fields_are_drawn() -> None:
    look = b"/Type /XObject /Subtype /Form /BBox [0 0 100 100]"
    note = (
        b"<< /Type /Annot /Subtype /Stamp /F 4 /Rect [100 600 200 700] /AP << /N 6 0 R >> >>",
        stream(b"1 0 0 rg 0 0 100 100 re f", look),
    )
    ((_, picture),) = render(one_page(b"", *note, more=b"/Annots [5 0 R]"))
    assert is_red(picture, 150 / 612, 1 - 650 / 792)

    field = note[0].replace(b"/Stamp", b"/Widget /FT /Tx /T (name) /V (filled in)")
    data = one_page(b"", field, note[1], more=b"/Annots [5 0 R]")
    data = data.replace(b"/Pages 2 0 R >>", b"/Pages 2 0 R /AcroForm << /Fields [5 0 R] >> >>", 1)
    ((_, picture),) = render(data)
    assert is_red(picture, 150 / 612, 1 - 650 / 792)


# What is refused


def encrypted(password: str) -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf([page("secret text")])))
    writer.encrypt(password, "owner", algorithm="AES-256")
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def test_passwords() -> None:
    with pytest.raises(UnsupportedMediaError, match="remove the password first"):
        render(encrypted("password"))
    assert len(render(encrypted(""))) == 1


def test_the_limit_of_pages_is_known_before_one_is_drawn() -> None:
    file = io.BytesIO(pdf([RED_SQUARE] * 3))
    with pytest.raises(MediaTooLargeError, match="has 3 pages, over the limit of 2"):
        next(iter(render_pages(file, "a.pdf", Limits(document_pages=2))))


NO_PDFS = {
    "empty": b"",
    "text": b"not a PDF at all",
    "head": b"%PDF-1.7\n",
    "zeros": b"%PDF-1.7\n" + b"\0" * 100_000,
    "no pages": assembled([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] >>"]),
    "no root": assembled([b"null"]),
    "root of itself": assembled([b"1 0 R"]),
    "dictionaries": b"%PDF-1.7\n1 0 obj\n" + b"<<" * 200_000,
    "arrays": b"%PDF-1.7\n1 0 obj\n" + b"[" * 200_000 + b"\nendobj\ntrailer << /Root 1 0 R >>",
}


@pytest.mark.parametrize("data", NO_PDFS.values(), ids=NO_PDFS.keys())
def test_what_is_no_document_is_refused(data: bytes) -> None:
    with pytest.raises(CorruptMediaError):
        render(data)


@pytest.mark.parametrize("share", [0.02, 0.05, 0.3, 0.6, 0.9])
def test_truncated_documents_end_well(share: float) -> None:
    data = pdf([page(f"Page {number}") for number in range(20)], compress=True)
    try:
        numbers = [number for number, _ in render(data[: int(len(data) * share)])]
    except CorruptMediaError:
        return
    assert numbers == sorted(set(numbers))


def hostile() -> dict[str, bytes]:
    plain = pdf([RED_SQUARE])
    place = plain.rindex(b"startxref\n") + 10
    kids = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R] /Count 9 >>"]
    picture = b"/Type /XObject /Subtype /Image /ColorSpace /DeviceGray "
    whole = b"q 612 0 0 792 0 0 cm /X Do Q"
    used = b"/XObject << /X 5 0 R >>"
    form = b"/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << %s >>" % used
    return {
        "xref of itself": plain.replace(
            b"/Root 1 0 R", b"/Root 1 0 R /Prev %d" % plain.rindex(b"xref\n0")
        ),
        "xref nowhere": plain[:place] + b"99999999999\n%%EOF",
        "kids of themselves": assembled(kids),
        "many pages promised": plain.replace(b"/Count 1", b"/Count 2000000000"),
        "form of itself": one_page(b"/X Do", stream(b"/X Do " * 10, form), resources=used),
        "deep states": one_page(b"q " * 1_000_000),
        "deep text": one_page(b"BT " * 500_000),
        "deep arrays": one_page(b"[" * 1_000_000),
        "huge picture": one_page(
            whole,
            stream(b"", picture + b"/Width 2000000000 /Height 2000000000 /BitsPerComponent 8"),
            resources=used,
        ),
        "picture that expands": one_page(
            whole,
            stream(
                zlib.compress(bytes(50_000_000), 9),
                picture + b"/Width 60000 /Height 60000 /BitsPerComponent 8 /Filter /FlateDecode",
            ),
            resources=used,
        ),
        "no JPEG 2000": one_page(
            whole,
            stream(b"\0\0\0\x0cjP  \r\n\x87\n" * 99, picture + b"/Filter /JPXDecode"),
            resources=used,
        ),
        "endless dashes": one_page(b"[0.0001 0.0001] 0 d 0.1 w 0 0 m 612 792 l S"),
        "wide lines": one_page(b"1e30 w 0 0 m 1e30 1e30 l S -1e38 1e38 1e38 1e38 re f"),
        "nested functions": one_page(
            b"/S sh",
            stream(
                b"{ " + b"{ " * 10_000 + b"} " * 10_000 + b"}",
                b"/FunctionType 4 /Domain [0 1] /Range [0 1 0 1 0 1]",
            ),
            resources=b"/Shading << /S << /ShadingType 2 /ColorSpace /DeviceRGB "
            b"/Coords [0 0 9 9] /Function 5 0 R >> >>",
        ),
    }


HOSTILE = hostile()


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_documents_end_soon(data: bytes) -> None:
    started = time.perf_counter()
    with contextlib.suppress(CorruptMediaError, MediaTooLargeError):
        render(data, budget=RenderBudget(page_seconds=2))
    assert time.perf_counter() - started < 30


def test_a_page_that_would_be_drawn_for_ever_is_refused() -> None:
    data = nested_forms(levels=12, fan=10)
    assert len(data) < 5000
    started = time.perf_counter()
    with pytest.raises(MediaTooLargeError, match="page 1 takes too long to draw"):
        render(data, budget=RenderBudget(page_seconds=0.5))
    assert time.perf_counter() - started < 15


def test_all_pages_together_have_a_limit_too() -> None:
    budget = RenderBudget(document_seconds=0.3)
    with pytest.raises(MediaTooLargeError, match="takes too long to draw"):
        render(pdf([DRAWN * 200_000] * 50, compress=True), budget=budget)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space")
def test_a_lack_of_memory_is_refused() -> None:
    budget = RenderBudget(memory_bytes=400 * 1024**2)
    data = pdf([RED_SQUARE])
    assert len(render(data, budget=budget)) == 1
    with pytest.raises(CorruptMediaError):
        render(data, longest_side=20_000, budget=budget)


# The process that draws


def test_pages_before_a_bad_one_are_given() -> None:
    data = pdf([RED_SQUARE, b"/X0 Do", RED_SQUARE], form=b"")
    bomb = nested_forms(levels=12, fan=10)
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(data))
    writer.insert_page(pypdf.PdfReader(io.BytesIO(bomb)).pages[0], 1)
    file = io.BytesIO()
    writer.write(file)
    drawn = render_pages(file, "a.pdf", DEFAULT_LIMITS, budget=RenderBudget(page_seconds=1))
    assert next(drawn)[0] == 1
    with pytest.raises(MediaTooLargeError, match="page 2 takes too long"):
        next(drawn)


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """The processes that the test has started."""
    started: list[subprocess.Popen[bytes]] = []

    class Recorded(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Recorded)
    return started


def test_ending_early_ends_the_process(processes: list[subprocess.Popen[bytes]]) -> None:
    for end in ("close", "collect"):
        drawn: Any = render_pages(io.BytesIO(pdf([RED_SQUARE] * 20)), "a.pdf", DEFAULT_LIMITS)
        next(drawn)
        assert processes[-1].returncode is None
        if end == "close":
            drawn.close()
        del drawn
        assert processes[-1].returncode is not None


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
def test_a_process_that_was_killed_is_no_fault_of_the_document(
    processes: list[subprocess.Popen[bytes]],
) -> None:
    drawn = render_pages(io.BytesIO(pdf([RED_SQUARE] * 50)), "a.pdf", DEFAULT_LIMITS)
    next(drawn)
    processes[-1].kill()
    with pytest.raises(MediaError, match=r"cannot be drawn now: .* was killed") as caught:
        list(drawn)
    assert not isinstance(caught.value, CorruptMediaError)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
def test_signals_to_the_group_are_for_the_application(
    processes: list[subprocess.Popen[bytes]],
) -> None:
    drawn = render_pages(io.BytesIO(pdf([RED_SQUARE] * 20)), "a.pdf", DEFAULT_LIMITS)
    next(drawn)
    for number in (signal.SIGINT, signal.SIGTERM):
        processes[-1].send_signal(number)
    assert len(list(drawn)) == 19


def test_many_threads_at_once() -> None:
    data = [pdf([RED_SQUARE, page(str(number))]) for number in range(8)]
    alone = [[picture.tobytes() for _, picture in render(one)] for one in data]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(render, data))
    assert [[picture.tobytes() for _, picture in one] for one in together] == alone


@pytest.fixture
def set_renderer(tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Lets a script answer in place of the renderer."""
    if sys.platform == "win32":
        pytest.skip("a script is a program on POSIX alone")

    def replace(script: str) -> None:
        program = tmp_path / "renderer"
        program.write_text(f"#!{sys.executable}\n{script}\n")
        program.chmod(0o755)
        multiprocessing.set_executable(str(program))

    yield replace
    multiprocessing.set_executable(sys.executable)


def test_without_pdfium_it_is_said(set_renderer: Callable[[str], None]) -> None:
    set_renderer("raise ImportError('pypdfium2')")
    with pytest.raises(UnsupportedMediaError, match="is pypdfium2 installed"):
        render(pdf([RED_SQUARE]))


def test_without_python_it_is_said() -> None:
    multiprocessing.set_executable("/no/such/python")
    try:
        with pytest.raises(MediaError, match="cannot be drawn now"):
            render(pdf([RED_SQUARE]))
    finally:
        multiprocessing.set_executable(sys.executable)


@pytest.mark.parametrize(
    "answer",
    [
        "print('[]')",
        """print('{"page": 1}')""",
        """print('{"page": 1, "width": 9, "height": 9, "stride": 28}')""",
        """print('{"page": 1, "width": 9000000, "height": 9, "stride": 28}')""",
        """print('{"page": 1, "width": 9, "height": 9, "stride": 28000000}')""",
        "print('{' * 1000)",
        "print(end='{')",
        "import os, sys; sys.stdout.flush(); os.abort()",
    ],
)
def test_a_renderer_gone_wrong_is_not_trusted(
    answer: str, set_renderer: Callable[[str], None]
) -> None:
    set_renderer(f"""print('{{"started": true}}')\n{answer}""")
    with pytest.raises(CorruptMediaError):
        render(pdf([RED_SQUARE]))


def test_damage_says_nothing_on_the_screen(capfd: pytest.CaptureFixture[str]) -> None:
    data = bytearray(pdf([RED_SQUARE]))
    data[data.index(b"xref") + 12] = ord("9")
    render(bytes(data))
    assert capfd.readouterr() == ("", "")

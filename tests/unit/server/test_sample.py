"""The sample media that ship in the wheel: enough, small, decodable, and each with its papers."""

from __future__ import annotations

import csv
import importlib.util
import re
import struct
import zlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile as sf
from PIL import Image

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = ROOT / "server" / "sample"
RECIPE = ROOT / "benchmarks" / "sample_media.csv"
LICENCES = {"CC0-1.0", "public-domain"}
FOLDERS = {"photos": ".jpg", "sounds": ".ogg", "notes": ".txt"}
MAX_BYTES = 8_000_000
PHOTOS = sorted((SAMPLE / "photos").iterdir())
SOUNDS = sorted((SAMPLE / "sounds").iterdir())
NOTES = sorted((SAMPLE / "notes").iterdir())


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def load_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sample_media", RECIPE.with_suffix(".py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make_resource(name: str, body: bytes, *, compressed: bool) -> bytes:
    """A Qt resource archive, format version 2, of one folder ``f`` with one file."""

    def encode(text: str) -> bytes:
        return struct.pack(">HI", len(text), 0) + text.encode("utf-16-be")

    names = encode("f") + encode(name)
    stored = struct.pack(">I", len(body)) + zlib.compress(body) if compressed else body
    data = struct.pack(">I", len(stored)) + stored
    time = bytes(8)
    nodes = [
        struct.pack(">IHII", 0, 2, 1, 1) + time,
        struct.pack(">IHII", 0, 2, 1, 2) + time,
        struct.pack(">IHHHI", len(encode("f")), int(compressed), 0, 1, 0) + time,
    ]
    start = 20
    header = b"qres" + struct.pack(
        ">IIII", 2, start + len(data) + len(names), start, start + len(data)
    )
    return header + data + names + b"".join(nodes)


def test_there_are_at_least_forty_of_each_kind_in_under_eight_megabytes() -> None:
    assert min(len(PHOTOS), len(SOUNDS), len(NOTES)) >= 40
    assert sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file()) < MAX_BYTES


def test_every_file_has_exactly_one_row_of_provenance_and_every_row_a_file() -> None:
    listed = Counter(row["file"] for row in read_rows(SAMPLE / "PROVENANCE.csv"))
    present = {
        path.relative_to(SAMPLE).as_posix()
        for path in SAMPLE.rglob("*")
        if path.is_file() and path.name not in {"README.md", "PROVENANCE.csv"}
    }
    assert set(listed) == present
    assert set(listed.values()) == {1}


def test_every_row_says_source_author_licence_and_where_the_licence_stands() -> None:
    for row in read_rows(SAMPLE / "PROVENANCE.csv"):
        assert row["licence"] in LICENCES, row["file"]
        assert all(value and value == value.strip() for value in row.values()), row["file"]


def test_provenance_is_the_recipe() -> None:
    recipe = [
        {key: value for key, value in row.items() if key not in {"start", "seconds"}}
        for row in read_rows(RECIPE)
    ]
    assert read_rows(SAMPLE / "PROVENANCE.csv") == recipe


def test_no_two_samples_are_the_same_file() -> None:
    contents = Counter(path.read_bytes() for path in [*PHOTOS, *SOUNDS, *NOTES])
    assert set(contents.values()) == {1}


def test_names_are_slugs_in_the_folder_of_their_kind() -> None:
    for path in [*PHOTOS, *SOUNDS, *NOTES]:
        assert path.suffix == FOLDERS[path.parent.name]
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", path.stem), path.name


@pytest.mark.parametrize("path", PHOTOS, ids=lambda path: path.stem)
def test_photo_decodes_is_small_and_carries_no_metadata(path: Path) -> None:
    with Image.open(path) as image:
        image.load()
        assert image.format == "JPEG"
        assert image.mode == "RGB"
        assert 300 <= max(image.size) <= 512
        assert not image.getexif()
        assert not {"exif", "icc_profile", "comment", "xmp"} & set(image.info)
        # A photograph has many shades, which an icon or a blank file has not.
        assert len(np.unique(np.asarray(image.convert("L")))) > 64


@pytest.mark.parametrize("path", SOUNDS, ids=lambda path: path.stem)
def test_sound_decodes_is_heard_and_is_short(path: Path) -> None:
    samples, rate = sf.read(path, dtype="float32", always_2d=True)
    assert sf.info(path).format == "OGG"
    assert samples.shape[1] == 1
    assert 16_000 <= rate <= 48_000
    assert 0.4 < len(samples) / rate < 30.5
    assert np.isfinite(samples).all()
    assert 0.1 < np.abs(samples).max() <= 1.0


def test_some_sounds_and_some_notes_are_long_enough_for_several_segments() -> None:
    assert sum(sf.info(path).duration > 20 for path in SOUNDS) >= 3
    assert sum(len(path.read_text(encoding="utf-8").split()) > 250 for path in NOTES) >= 2


@pytest.mark.parametrize("path", NOTES, ids=lambda path: path.stem)
def test_note_is_prose(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert 15 <= len(text.split()) <= 600
    assert text.rstrip()[-1] in '."'
    assert text.isprintable() or set(text) - {"\n"} == set(filter(str.isprintable, text))


@pytest.mark.parametrize("compressed", [False, True])
def test_script_reads_a_file_inside_a_qt_resource_archive(tmp_path: Path, compressed: bool) -> None:
    script = load_script()
    (tmp_path / "a.rcc").write_bytes(make_resource("b.txt", b"honk", compressed=compressed))
    assert script.find_source(tmp_path, "a.rcc!/f/b.txt").read() == b"honk"
    with pytest.raises(KeyError, match="missing"):
        script.find_source(tmp_path, "a.rcc!/f/missing.txt")


def test_script_joins_takes_cuts_and_keeps_the_peak_below_one(tmp_path: Path) -> None:
    script = load_script()
    tone = 1.5 * np.sin(np.linspace(0, 600, 8000, dtype=np.float32))
    takes = [tmp_path / "one.wav", tmp_path / "two.wav"]
    for take in takes:
        sf.write(take, np.stack([tone, tone], axis=1), 16_000, subtype="FLOAT")
    target = tmp_path / "joined.ogg"
    script.make_sound(takes, target, 0.1, 1.0)
    samples, rate = sf.read(target, always_2d=True)
    assert samples.shape == (16_000, 1)
    assert rate == 16_000
    assert 0.7 < np.abs(samples).max() < 1.0
    pause = samples[int(0.45 * rate) : int(0.6 * rate)]  # the takes end at 0.4 s of the cut
    assert np.abs(pause).max() < 0.05


def test_script_shrinks_a_photo_and_drops_its_metadata(tmp_path: Path) -> None:
    script = load_script()
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "maker"
    Image.new("RGB", (1200, 600), "red").save(tmp_path / "big.jpg", exif=exif)
    script.make_photo(tmp_path / "big.jpg", tmp_path / "small.jpg")
    with Image.open(tmp_path / "small.jpg") as image:
        assert image.size == (256, 512)
        assert not image.getexif()


def test_script_says_in_one_line_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = load_script()
    monkeypatch.setattr("sys.argv", ["sample_media.py", str(tmp_path), "-o", str(tmp_path / "o")])
    assert script.main() == 1
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert message.startswith("sample_media.csv: ")

"""manifest.json: what is written is what is read, and nothing else is taken for it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from anysense.embed.errors import IncompatibleCollectionError
from anysense.embed.types import Modality, Space
from anysense.index.snapshots.manifest import (
    FORMAT_WITH_HIDDEN,
    MANIFEST,
    DamagedManifest,
    EncoderEntry,
    FileSum,
    Generation,
    Manifest,
)

SPACE = Space("tiny", "rev-1", 32, frozenset({Modality.TEXT, Modality.IMAGE}))
GENERATION = Generation(12, 40, 900, {"lists": [1, 2]}, {"segments.faiss": FileSum(10, "ab" * 16)})
PLAIN = Manifest("c0ffee", "anysense 1.0", [EncoderEntry("tiny", SPACE)])
FULL = PLAIN.with_generation(GENERATION, {"nprobe": {"tiny|image": {"text": {"nprobe": 3}}}})
PATH = Path("somewhere") / MANIFEST

# The exact bytes of the format: if this test fails, readers of the wild will fail, too.
TEXT = """\
{
 "format": 3,
 "collection": "c0ffee",
 "created_by": "anysense 1.0",
 "encoders": [
  {
   "name": "tiny",
   "space": "tiny",
   "revision": "rev-1",
   "dimension": 32,
   "modalities": [
    "image",
    "text"
   ]
  }
 ],
 "generation": null,
 "tuning": {},
 "checksum": "CHECKSUM"
}
"""


def test_text_is_the_documented_one() -> None:
    checksum = json.loads(PLAIN.to_text())["checksum"]
    assert len(checksum) == 32
    assert PLAIN.to_text() == TEXT.replace("CHECKSUM", checksum)


@pytest.mark.parametrize("manifest", [PLAIN, FULL])
def test_reading_gives_what_was_written(manifest: Manifest, tmp_path: Path) -> None:
    manifest.write(tmp_path)
    assert Manifest.read(tmp_path) == manifest
    assert [path.name for path in tmp_path.iterdir()] == [MANIFEST]


def test_files_that_searches_do_without_are_kept_apart(tmp_path: Path) -> None:
    assert FULL.generation is not None
    assert '"optional"' not in FULL.to_text()  # as in a manifest of an earlier version
    beside = replace(FULL.generation, optional={"map-0.npy": FileSum(3, "cd" * 16)})
    manifest = replace(FULL, generation=beside)
    manifest.write(tmp_path)
    assert Manifest.read(tmp_path) == manifest


def test_generation_is_named_by_its_number() -> None:
    assert GENERATION.folder == "gen-000012"


def test_writing_replaces_the_one_before(tmp_path: Path) -> None:
    PLAIN.write(tmp_path)
    FULL.write(tmp_path)
    assert Manifest.read(tmp_path) == FULL


def test_missing_is_told_apart_from_damaged(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Manifest.read(tmp_path)


def test_no_flipped_bit_goes_unseen(tmp_path: Path) -> None:
    """Each bit of the text: the manifest is the same (white space), or is known to be damaged."""
    data = FULL.to_text().encode()
    path = tmp_path / MANIFEST
    same = 0
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        try:
            same += Manifest.read(tmp_path) == FULL
        except DamagedManifest:
            continue
        assert Manifest.read(tmp_path) == FULL
    assert same < len(data)


def test_no_truncation_goes_unseen(tmp_path: Path) -> None:
    data = FULL.to_text().encode()
    for length in range(len(data) - 1):
        (tmp_path / MANIFEST).write_bytes(data[:length])
        with pytest.raises(DamagedManifest):
            Manifest.read(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", '{"checksum": 1}', "[" * 100_000])
def test_other_json_is_no_manifest(text: str) -> None:
    with pytest.raises(DamagedManifest):
        Manifest.from_text(text, PATH)


def test_newer_format_is_refused_with_what_to_do() -> None:
    from dataclasses import replace

    number = FORMAT_WITH_HIDDEN + 1
    newer = replace(PLAIN, format=number).to_text()
    refusal = (
        rf"somewhere has the format {number}.*reads up to {FORMAT_WITH_HIDDEN}: update anysense"
    )
    with pytest.raises(IncompatibleCollectionError, match=refusal):
        Manifest.from_text(newer, PATH)

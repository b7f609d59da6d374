"""Odd files as other programs write them: the sample's media through ffmpeg, ImageMagick, exiftool.

What FFmpeg inside PyAV and Pillow write, they also read; here the writers are others than the
readers. Left out is AMR, for which Debian's ffmpeg has no encoder.
"""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import ImageCms

from anysense.server.cli.commands.demo import sample_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "DECOYS",
    "MISSING",
    "PHOTOS",
    "SCENES",
    "SCENE_SECONDS",
    "SOUNDS",
    "TAGGED",
    "VIDEOS",
    "OddFile",
    "OddVideo",
    "facts_by_exiftool",
    "write_odd_files",
]

_PATH = "/usr/bin:/usr/local/bin"
_CONVERT = shutil.which("magick", path=_PATH) or shutil.which("convert", path=_PATH)
_FFMPEG = shutil.which("ffmpeg", path=_PATH)
_EXIFTOOL = shutil.which("exiftool", path=_PATH)
MISSING = [
    package
    for package, tool in (
        ("ffmpeg", _FFMPEG),
        ("libimage-exiftool-perl", _EXIFTOOL),
        ("imagemagick", _CONVERT),
    )
    if tool is None
]
"""Debian's packages of the tools that are not here."""

_SECONDS = 120
"""How long a tool may take."""


@dataclass(frozen=True)
class OddFile:
    """A file that is made of a photo or a sound.

    Attributes:
        name: of the file.
        of: the name of the sample's photo or sound, without its suffix.
        arguments: what the tool is told between what it reads and what it writes.
        tags: what exiftool is told afterwards.
        least: the cosine with the original that it has at least.
    """

    name: str
    of: str
    arguments: Sequence[str] = ()
    tags: Sequence[str] = ()
    least: float = 0.98


@dataclass(frozen=True)
class OddVideo:
    """A file that is made of the film of `SCENES`.

    Attributes:
        name: of the file.
        arguments: what ffmpeg is told after the names of what it reads.
        inputs: what it reads; a name that stands for the film or a sound is in braces.
        begins: the second of the film that is at its beginning.
        sound: the sample's sound that is heard.
        heard_at: the second from which on it is heard.
        tags: what exiftool is told afterwards.
    """

    name: str
    arguments: Sequence[str]
    inputs: Sequence[str] = ("-i", "{film}")
    begins: float = 0.0
    sound: str = "fireworks"
    heard_at: float = 0.0
    tags: Sequence[str] = ()


SCENES = ("cow-in-meadow", "german-shepherd", "pig-on-grass", "polar-bear")
"""The photos of the film, one after the other."""
SCENE_SECONDS = 2.0
_RATE = 10
_OTHER_SOUND = "dogs-barking"

_TURNED = "hens-on-grass"
_UNDONE: Mapping[int, Sequence[str]] = {  # EXIF 2.32, 4.6.4, the other way round
    1: (),
    2: ("-flop",),
    3: ("-rotate", "180"),
    4: ("-flip",),
    5: ("-transpose",),
    6: ("-rotate", "270"),
    7: ("-transverse",),
    8: ("-rotate", "90"),
}
_PLAIN_FIRST = ("-size", "512x384", "xc:white", "+swap", "{cat-face}")
_QUALITY = ("-quality", "95")

PHOTOS = (
    *(
        OddFile(
            f"turned-{number}.jpg",
            _TURNED,
            (*undone, *_QUALITY),
            ("-n", f"-EXIF:Orientation={number}"),
        )
        for number, undone in _UNDONE.items()
    ),
    OddFile("turned-6.png", _TURNED, _UNDONE[6], ("-n", "-EXIF:Orientation=6")),
    OddFile("turned-8.webp", _TURNED, (*_UNDONE[8], *_QUALITY), ("-n", "-EXIF:Orientation=8")),
    OddFile("turned-3.tif", _TURNED, _UNDONE[3], ("-n", "-EXIF:Orientation=3")),
    OddFile("cmyk.jpg", "kingfisher", ("-colorspace", "CMYK", *_QUALITY)),
    OddFile("cmyk.tif", "kingfisher", ("-colorspace", "CMYK", "-compress", "LZW")),
    OddFile("baseline.jpg", "citrus-slices", ("-interlace", "none", *_QUALITY)),
    OddFile("progressive.jpg", "citrus-slices", ("-interlace", "JPEG", *_QUALITY)),
    OddFile("coarse-colours.jpg", "citrus-slices", ("-sampling-factor", "4x1", *_QUALITY)),
    OddFile("wide-colours.jpg", "scarlet-macaw", ("-profile", "{srgb}", "-profile", "{p3}")),
    OddFile("deep.png", "clownfish", ("-depth", "16", "-define", "png:color-type=2")),
    OddFile("interlaced.png", "clownfish", ("-interlace", "PNG")),
    OddFile(
        "palette.png",
        "white-duck",
        (
            *("(", "-size", "512x483", "xc:white", "-fill", "black"),
            *("-draw", "rectangle 0,0 40,40", ")", "-alpha", "off"),
            *("-compose", "CopyOpacity", "-composite", "-colors", "255"),
            *("-define", "png:format=png8"),
        ),
        least=0.93,
    ),
    OddFile("lossless.webp", "moose", ("-define", "webp:lossless=true")),
    OddFile("photo.avif", "moose", _QUALITY),
    OddFile("photo.heic", "moose", _QUALITY),
    OddFile("pages.tif", "coffee-cup", (*_PLAIN_FIRST, "-compress", "Zip")),
    OddFile("within.tif", "coffee-cup", ("-compress", "JPEG", *_QUALITY)),
    OddFile("tiles.tif", "coffee-cup", ("-define", "tiff:tile-geometry=64x64")),
    OddFile("deep.tif", "coffee-cup", ("-depth", "16", "-interlace", "plane")),
    OddFile("photo.jp2", "giraffes", _QUALITY),
    OddFile("photo.bmp", "giraffes", ()),
    OddFile("packed.bmp", "giraffes", ("-define", "bmp:subtype=RGB565"), least=0.95),
    OddFile("photo.ppm", "hedgehog", ()),
    OddFile("letters.ppm", "hedgehog", ("-compress", "none")),
    OddFile("deep.ppm", "hedgehog", ("-depth", "16")),
    OddFile("photo.psd", "owl-on-branch", ()),
    OddFile("photo.gif", "owl-on-branch", (), least=0.93),
)

DECOYS = tuple(
    OddFile(f"decoy-{number}.jpg", _TURNED, (*undone, *_QUALITY))
    for number, undone in _UNDONE.items()
    if number > 1
)
"""What the turned photos look like as they are stored."""

_TITLE, _KEYWORDS, _TAKEN = "A quiet day", ("river bank", "summer"), "2021:07:04 18:30:05"
_XMP = (
    f"-XMP-dc:Title={_TITLE}",
    *(f"-XMP-dc:Subject={word}" for word in _KEYWORDS),
    f"-XMP-exif:DateTimeOriginal={_TAKEN}",
    "-XMP-xmp:Rating=4",
)
_EXIF = (
    f"-EXIF:DateTimeOriginal={_TAKEN}",
    "-EXIF:Make=Maker",
    "-EXIF:Model=Model 7",
    "-EXIF:GPSLatitude=33.8568",
    "-EXIF:GPSLatitudeRef=S",
    "-EXIF:GPSLongitude=151.2153",
    "-EXIF:GPSLongitudeRef=E",
)
_XMP_PLACE = ("-XMP-exif:GPSLatitude=-33.8568", "-XMP-exif:GPSLongitude=151.2153")
_IPTC = (
    f"-IPTC:ObjectName={_TITLE}",
    *(f"-IPTC:Keywords={word}" for word in _KEYWORDS),
    "-IPTC:DateCreated=2021:07:04",
    "-IPTC:TimeCreated=18:30:05+00:00",
)
TAGGED = (
    *(
        OddFile(f"tagged-{how}.{suffix}", "photographer", _QUALITY, tags)
        for suffix in ("jpg", "png", "webp", "tif", "heic", "avif")
        for how, tags in (("exif", _EXIF), ("xmp", _XMP), ("both", (*_EXIF, *_XMP)))
    ),
    *(
        OddFile(f"tagged-iptc.{suffix}", "photographer", _QUALITY, _IPTC)
        for suffix in ("jpg", "tif")
    ),
    OddFile("tagged-xmp.jp2", "photographer", _QUALITY, _XMP),
    OddFile("tagged-xmp.gif", "photographer", (), _XMP),
    OddFile("tagged-xmp.psd", "photographer", (), _XMP),
    OddFile("tagged-place.jpg", "photographer", _QUALITY, _XMP_PLACE),
)

_X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "18", "-pix_fmt", "yuv420p")
_MPEG2 = ("-c:v", "mpeg2video", "-q:v", "3", "-r", "25")
VIDEOS = (
    OddVideo(
        "variable-rate.mp4",
        (*_X264, "-vf", r"select=lt(t\,4)+not(mod(n\,7))", "-fps_mode", "vfr"),
    ),
    OddVideo("turned.mp4", (*_X264, "-vf", "transpose=cclock"), tags=("-Rotation=90",)),
    OddVideo("turned-back.mov", (*_X264, "-vf", "transpose=clock"), tags=("-Rotation=270",)),
    OddVideo("upside-down.mp4", (*_X264, "-vf", "hflip,vflip"), tags=("-Rotation=180",)),
    OddVideo(
        "second-track.mkv",
        (
            *("-map", "0:v", "-map", "1:a", "-map", "0:a", "-c:v", "copy", "-c:a", "libopus"),
            *("-disposition:a:0", "0", "-disposition:a:1", "default"),
        ),
        ("-i", "{film}", "-i", "{other}"),
    ),
    OddVideo(
        "late-sound.mp4",
        ("-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "aac"),
        ("-i", "{film}", "-itsoffset", "2", "-i", "{other}"),
        sound=_OTHER_SOUND,
        heard_at=2.0,
    ),
    OddVideo(
        "late-pictures.mp4",
        ("-map", "0:v", "-map", "1:a", "-c", "copy"),
        ("-itsoffset", "2", "-i", "{film}", "-i", "{film}"),
        begins=-2.0,
    ),
    OddVideo("offset.mkv", (*_X264, "-c:a", "libvorbis", "-output_ts_offset", "5")),
    OddVideo("broadcast.ts", (*_X264, "-c:a", "aac")),
    OddVideo("discs.m2ts", (*_X264, "-c:a", "ac3")),
    OddVideo("interlaced.mpg", (*_MPEG2, "-flags", "+ildct+ilme", "-c:a", "mp2")),
    OddVideo("interlaced.mkv", (*_X264, "-x264-params", "interlaced=1", "-c:a", "flac")),
    OddVideo(
        "deep.mp4",
        (
            *("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le"),
            *("-x265-params", "log-level=none", "-tag:v", "hvc1"),
        ),
    ),
    OddVideo("narrow-pixels.mp4", (*_X264, "-vf", "scale=128:192,setsar=2")),
    OddVideo("edited.mp4", ("-c", "copy"), ("-ss", "3", "-i", "{film}"), begins=3.0),
    OddVideo("in-pieces.mp4", ("-c", "copy", "-movflags", "frag_keyframe+empty_moov")),
    OddVideo("index-first.mp4", ("-c", "copy", "-movflags", "faststart")),
    OddVideo("edits.mov", ("-c:v", "prores_ks", "-c:a", "pcm_s24le")),
    OddVideo("each-frame.mov", ("-c:v", "mjpeg", "-q:v", "3", "-c:a", "pcm_s16le")),
    OddVideo("old.wmv", ("-c:v", "wmv2", "-b:v", "2M", "-c:a", "wmav2")),
    OddVideo("old.flv", ("-c:v", "flv", "-b:v", "2M", "-c:a", "libmp3lame")),
    OddVideo("newer.flv", ("-c", "copy")),
    OddVideo("old.avi", ("-c:v", "mpeg4", "-b:v", "2M", "-c:a", "libmp3lame")),
    OddVideo("old.mpg", ("-c:v", "mpeg1video", "-q:v", "3", "-r", "25", "-c:a", "mp2")),
    OddVideo("page.webm", ("-c:v", "libvpx", "-b:v", "2M", "-deadline", "realtime")),
    OddVideo("page.ogv", ("-c:v", "libtheora", "-q:v", "8", "-c:a", "libvorbis")),
)

SOUNDS = (
    OddFile("plain.aiff", "cow-moo"),
    OddFile("floats.aifc", "cow-moo", ("-c:a", "pcm_f32be", "-f", "aiff")),
    OddFile("old.wma", "cow-moo", ("-c:a", "wmav2", "-b:a", "160k"), least=0.95),
    OddFile("older.wma", "cow-moo", ("-c:a", "wmav1", "-b:a", "160k"), least=0.95),
    OddFile("plain.caf", "pig-grunting", ("-c:a", "pcm_s16be")),
    OddFile("lossless.caf", "pig-grunting", ("-c:a", "alac")),
    OddFile("odd-rate.flac", "tawny-owl", ("-ar", "37800")),
    OddFile("odder-rate.flac", "tawny-owl", ("-ar", "44101")),
    OddFile("high-rate.flac", "tawny-owl", ("-ar", "192000", "-sample_fmt", "s32")),
    OddFile("coarse.wav", "sparkler-burning", ("-c:a", "pcm_u8"), least=0.8),
    OddFile("law.wav", "dogs-barking", ("-c:a", "pcm_mulaw"), least=0.95),
    OddFile("steps.wav", "dogs-barking", ("-c:a", "adpcm_ms"), least=0.95),
    OddFile("doubles.wav", "dogs-barking", ("-c:a", "pcm_f64le")),
    OddFile("around.wav", "frogs-croaking", ("-ac", "6", "-c:a", "pcm_s24le")),
    OddFile("around.flac", "frogs-croaking", ("-ac", "6")),
    OddFile("around.m4a", "frogs-croaking", ("-ac", "6", "-c:a", "aac"), least=0.95),
    OddFile("small.opus", "small-bell", ("-c:a", "libopus", "-b:a", "96k"), least=0.95),
    OddFile("small.webm", "small-bell", ("-c:a", "libopus", "-b:a", "96k"), least=0.95),
    OddFile("lossless.m4a", "small-bell", ("-c:a", "alac")),
    OddFile("stream.aac", "small-bell", ("-c:a", "aac", "-b:a", "160k"), least=0.95),
    OddFile("varying.mp3", "bell-rung", ("-c:a", "libmp3lame", "-q:a", "2"), least=0.95),
    OddFile("pack.wv", "bell-rung", ("-c:a", "wavpack")),
    OddFile("true.tta", "bell-rung", ("-c:a", "tta")),
    OddFile("old.mp2", "bell-rung", ("-c:a", "mp2", "-b:a", "192k"), least=0.9),
)


def write_odd_files(folder: Path, scratch: Path) -> dict[str, str]:
    """Write all of `PHOTOS`, `DECOYS`, `TAGGED`, `VIDEOS` and `SOUNDS`, a few at a time.

    Args:
        folder: where they come.
        scratch: for what they are made from.

    Returns:
        By the name of a file that the tools of this machine do not write: why.

    Raises:
        AssertionError: a tool failed.
    """
    names = _names(scratch)
    writable = _writable()
    _make_film(scratch / "film.mp4", names)
    unmade: dict[str, str] = {}

    def photo(file: OddFile) -> None:
        suffix = file.name.rpartition(".")[2]
        if suffix in ("heic", "avif") and suffix not in writable:
            unmade[file.name] = f"ImageMagick does not write {suffix.upper()} here"
            return
        arguments = [each.format(**names) for each in file.arguments]
        path = folder / file.name
        _run(_CONVERT, names[file.of], *arguments, path)
        _tag(path, file.tags)

    def video(file: OddVideo) -> None:
        path = folder / file.name
        _run_ffmpeg(*(each.format(**names) for each in file.inputs), *file.arguments, path)
        _tag(path, file.tags)

    def sound(file: OddFile) -> None:
        _run_ffmpeg("-i", names[file.of], *file.arguments, folder / file.name)

    with ThreadPoolExecutor(2) as pool:
        for made in (
            pool.map(photo, (*PHOTOS, *DECOYS, *TAGGED)),
            pool.map(video, VIDEOS),
            pool.map(sound, SOUNDS),
        ):
            list(made)
    return unmade


def facts_by_exiftool(folder: Path) -> dict[str, dict[str, Any]]:
    """What exiftool reads of the tagged photos in a folder, as metadata, by their names."""
    wanted = (
        *("Composite:GPSLatitude", "Composite:GPSLongitude"),
        *("XMP:GPSLatitude", "XMP:GPSLongitude", "DateTimeOriginal"),
        *("Composite:DateTimeCreated", "Make", "Model", "Title", "ObjectName"),
        *("Subject", "Keywords", "Rating"),
    )
    paths = sorted(folder.glob("tagged-*"))
    out = _run(_EXIFTOOL, "-json", "-n", *(f"-{tag}" for tag in wanted), *paths)
    read: list[dict[str, Any]] = json.loads(out)
    return {Path(entry["SourceFile"]).name: _as_metadata(entry) for entry in read}


def _as_metadata(entry: Mapping[str, Any]) -> dict[str, Any]:
    taken = str(entry.get("DateTimeOriginal") or entry.get("DateTimeCreated") or "")[:19]
    camera = {name.lower(): entry[name] for name in ("Make", "Model") if name in entry}
    facts = {
        "taken": taken[:10].replace(":", "-") + "T" + taken[11:] if taken else None,
        "camera": camera or None,
        "title": entry.get("Title", entry.get("ObjectName")),
        "keywords": entry.get("Subject", entry.get("Keywords")),
        "rating": entry.get("Rating"),
        **{
            key: round(entry[name], 6)
            for key, name in (("latitude", "GPSLatitude"), ("longitude", "GPSLongitude"))
            if name in entry
        },
    }
    return {key: value for key, value in facts.items() if value is not None}


def _names(scratch: Path) -> dict[str, str]:
    """The paths of what is read, by the names that stand for them."""
    names = {
        path.stem: str(path)
        for kind in ("photos", "sounds")
        for path in (sample_folder() / kind).iterdir()
    }
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name, profile in (("srgb", srgb), ("p3", _with_primaries_of_p3(srgb))):
        path = scratch / f"{name}.icc"
        path.write_bytes(profile)
        names[name] = str(path)
    return names | {"film": str(scratch / "film.mp4"), "other": names[_OTHER_SOUND]}


_P3 = {  # Display P3 as ICC profiles state it, for a white of D50
    b"rXYZ": (0.51512, 0.2412, -0.00105),
    b"gXYZ": (0.29198, 0.69225, 0.04189),
    b"bXYZ": (0.1571, 0.06657, 0.78407),
}


def _with_primaries_of_p3(profile: bytes) -> bytes:
    """A profile of the curves of another and of the primaries of Display P3 (ICC.1:2022, 7.3)."""
    changed = bytearray(profile)
    for number in range(int.from_bytes(profile[128:132], "big")):
        signature, at, _ = struct.unpack_from(">4sII", profile, 132 + 12 * number)
        if signature in _P3:
            fixed = [round(65536 * value) for value in _P3[signature]]
            struct.pack_into(">3i", changed, at + 8, *fixed)
    return bytes(changed)


def _writable() -> set[str]:
    """What ImageMagick writes, in lower case: its own modules need others' codecs."""
    lines = _run(_CONVERT, "-list", "format").splitlines()
    rows = [line.split() for line in lines]
    return {row[0].strip("*").lower() for row in rows if len(row) > 2 and row[2][1:2] == "w"}


def _make_film(path: Path, names: Mapping[str, str]) -> None:
    """The film of `SCENES`, of which each begins with a frame that needs no other."""
    inputs = [
        argument
        for scene in SCENES
        for argument in (
            *("-loop", "1", "-framerate", str(_RATE), "-t", str(SCENE_SECONDS)),
            *("-i", names[scene]),
        )
    ]
    scaled = "".join(f"[{at}]scale=256:192,setsar=1[s{at}];" for at in range(len(SCENES)))
    joined = "".join(f"[s{at}]" for at in range(len(SCENES)))
    whole = f"{scaled}{joined}concat=n={len(SCENES)}[v]"
    _run_ffmpeg(
        *inputs,
        *("-i", names["fireworks"], "-filter_complex", whole),
        *("-map", "[v]", "-map", f"{len(SCENES)}:a", "-t", str(SCENE_SECONDS * len(SCENES))),
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", "14", "-pix_fmt", "yuv420p"),
        *("-g", str(round(SCENE_SECONDS * _RATE)), "-c:a", "aac", "-b:a", "160k"),
        path,
    )


def _tag(path: Path, tags: Sequence[str]) -> None:
    if tags:
        _run(_EXIFTOOL, "-q", "-overwrite_original", *tags, path)


def _run_ffmpeg(*arguments: str | Path) -> None:
    _run(_FFMPEG, "-nostdin", "-v", "error", "-y", *arguments)


def _run(tool: str | None, *arguments: str | Path) -> str:
    """What a tool prints."""
    command = [str(tool), *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=_SECONDS, check=False, encoding="utf-8"
    )
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout

"""SVG drawings, as pictures, by resvg: in a process of its own, without network, scripts or files.

resvg runs no scripts and reads no addresses, but it would read files of this machine that a drawing
names. So what leads out of a drawing is taken out of it before.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
from typing import Any, BinaryIO

from anysense.embed.errors import CorruptMediaError, MediaError, MediaTooLargeError
from anysense.embed.media.extras import SVG

__all__ = ["drawn"]

_MOST_BYTES = 16 * 1024**2
_SIDE = 1024
"""Pixels along the longer side of what is drawn."""
_MOST_SECONDS = 20
_MOST_MEMORY = 1 << 30
_LEFT_OUT = {"script", "foreignobject", "iframe", "audio", "video"}
_WITHIN = re.compile(r"\s*(?:#|data:image/(?:png|jpe?g|gif|webp)[;,])", re.I)
_FOREIGN_URL = re.compile(r"@import|url\(\s*['\"]?\s*(?!['\"]?\s*#)", re.I)
_LENGTH = re.compile(r"\s*(\d*\.?\d+)(?:px)?\s*\Z")
_PROGRAM = f"""
import sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, ({_MOST_MEMORY}, {_MOST_MEMORY}))
except (ImportError, OSError, ValueError):
    pass
import resvg_py
side = {{sys.argv[1]: {_SIDE}}}
text = sys.stdin.buffer.read().decode()
try:
    sys.stdout.buffer.write(resvg_py.svg_to_bytes(svg_string=text, background="#ffffff", **side))
except ValueError as error:
    sys.exit(str(error))
"""


def drawn(file: BinaryIO, name: str) -> BinaryIO:
    """An SVG drawing as a PNG on white.

    Raises:
        UnsupportedMediaError: the extra is not installed.
        MediaTooLargeError: it is too long, or takes too long to draw.
        CorruptMediaError: it is no XML, declares entities, or cannot be drawn.
    """
    SVG.check(name, "an SVG drawing")
    file.seek(0)
    data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise MediaTooLargeError(name, "is an SVG drawing of over 16 MiB")
    root = _parsed(data, name)
    side = "width" if _is_wide(root) else "height"
    return io.BytesIO(_png(_closed(root), side, name))


def _parsed(data: bytes, name: str) -> Any:
    from lxml import etree

    if b"<!ENTITY" in data.replace(b"\0", b""):  # a few may stand for gigabytes
        raise CorruptMediaError(name, "is an SVG drawing that declares entities")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_pis=True
    )
    try:
        return etree.fromstring(data.strip(b"\0 \t\r\n"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise CorruptMediaError(name, f"is an SVG drawing that is no XML ({error})") from error


def _closed(root: Any) -> bytes:
    """A drawing from which nothing leads outside, as XML."""
    from lxml import etree

    for element in list(root.iter(etree.Element)):
        local = etree.QName(element).localname.lower()
        if local in _LEFT_OUT and element.getparent() is not None:
            element.getparent().remove(element)
            continue
        if local == "style" and _FOREIGN_URL.search(element.text or ""):
            element.text = ""
        for key, value in element.attrib.items():
            is_link = etree.QName(key).localname.lower() in ("href", "src")
            if (is_link and not _WITHIN.match(value)) or _FOREIGN_URL.search(value):
                del element.attrib[key]
    return bytes(etree.tostring(root, encoding="utf-8"))


def _is_wide(root: Any) -> bool:
    """Whether a drawing is wider than high, as far as it says so."""
    sides = [_LENGTH.match(root.get(key, "")) for key in ("width", "height")]
    width, height = (float(side[1]) if side else 0.0 for side in sides)
    if not (width and height):
        box = re.findall(r"[-+\d.eE]+", root.get("viewBox", ""))
        try:
            width, height = map(float, box[2:4])
        except ValueError:
            return True
    return width >= height


def _png(drawing: bytes, side: str, name: str) -> bytes:
    from multiprocessing.spawn import get_executable

    folders = [str(folder) for folder in sys.path]
    command = f"import sys; sys.path[:] = {folders!r}\n{_PROGRAM}"
    try:
        done = subprocess.run(  # noqa: S603 - nothing of the drawing is in the command
            [get_executable(), "-c", command, side],
            input=drawing,
            capture_output=True,
            timeout=_MOST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise MediaTooLargeError(name, "is an SVG drawing that takes too long to draw") from error
    except OSError as error:
        reason = f"is an SVG drawing that cannot be drawn now ({error.strerror or error})"
        raise MediaError(name, reason) from error
    if done.returncode < 0 or b"memory" in done.stderr:
        raise MediaTooLargeError(name, "is an SVG drawing that takes too much memory")
    if done.returncode != 0:
        lines = done.stderr.decode("utf-8", "replace").split("\n")
        reason = " ".join(next((line for line in reversed(lines) if line.strip()), "").split())
        raise CorruptMediaError(name, f"is an SVG drawing that cannot be drawn: {reason[:200]}")
    return done.stdout

"""What systems and programs keep beside people's files: thumbnails, deleted files, packages.

Their pictures would answer in the place of those that they were made from. Only names that nobody
gives to a folder of his own are here; what begins with a dot is left out anyway. A folder that is
named as a source is read whatever its name.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["has_litter_mark", "is_litter_file", "is_litter_folder"]

_FOLDERS = {
    "@eadir": "thumbnails of Synology's DSM, in every folder of a share",
    "#recycle": "what was deleted from a share of Synology's DSM",
    "#snapshot": "earlier states of a share of Synology's DSM",
    "@sharesnap": "the same, on its way to another device",
    "@recycle": "what was deleted from a share of QNAP's QTS",
    "@recently-snapshot": "earlier states of a share of QNAP's QTS",
    "@transcode": "copies that QNAP's QTS has made for players",
    "~snapshot": "earlier states of a share of NetApp's ONTAP",
    "$recycle.bin": "what was deleted on Windows",
    "recycler": "what was deleted on Windows XP and before",
    "system volume information": "what Windows keeps on each disk",
    "lost+found": "what fsck has found on a damaged disk, without names",
    "network trash folder": "what was deleted from a share by macOS",
    "__macosx": "the attributes of files that macOS has put into a ZIP archive",
    "ipod photo cache": "what iTunes has made of photos for a device",
    "files_trashbin": "what was deleted in Nextcloud and ownCloud",
    "files_versions": "earlier states of files in Nextcloud and ownCloud",
    "node_modules": "packages of npm, with their documentation",
    "bower_components": "packages of Bower",
    "jspm_packages": "packages of jspm",
    "__pycache__": "what Python has compiled",
    "__pypackages__": "packages of PDM",
}
"""The names in small letters, each with what such a folder holds."""

_ENDINGS = {
    ".lrdata": "previews of a catalog of Lightroom",
    ".lrcat-data": "what Lightroom has computed for a catalog",
    ".trickplay": "pictures that Jellyfin has taken from a film, to find a place in it",
}

_STARTS = {"appdata_": "previews and caches of Nextcloud, with a name of the installation behind"}

_INSIDE = {("captureone", "cache"): "previews of Capture One"}
"""By the names of the folder around it and of the folder."""

_LIBRARIES = (".photoslibrary", ".photolibrary", ".migratedphotolibrary", ".aplibrary")
"""Of Photos, iPhoto and Aperture: what is not an original there was made from one."""
_ORIGINALS = ("originals", "masters")

_OTHER_LIBRARIES = (".lrlibrary", ".cocatalog", ".fcpbundle", ".imovielibrary")
"""Of Lightroom in the cloud, Capture One, Final Cut and iMovie: originals lie at any depth."""
_MADE = (
    *("cache", "previews", "smart previews", "proxies", "thumbnails"),
    *("thumbnail media", "render files", "transcoded media"),
)

_MARKERS = {
    ".ppstorage": None,  # sidecars, thumbnails and caches of PhotoPrism, whatever the folder's name
    ".immich": ("thumbs", "encoded-video", "profile"),  # it marks the originals of immich, too
    "pyvenv.cfg": None,  # a virtual environment of Python
    "CACHEDIR.TAG": None,  # a cache, as it says of itself: https://bford.info/cachedir/
}
"""Files that programs put into folders of their own, with the names of those left out."""

_FILES = ("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "picasa.ini", "icon\r")


def is_litter_folder(path: str) -> bool:
    """Whether a folder of this path holds nothing that a user has put there."""
    folder = PurePath(path)
    name, around = folder.name.lower(), folder.parent.name.lower()
    if name in _FOLDERS or (around, name) in _INSIDE:
        return True
    if name.endswith(tuple(_ENDINGS)) or name.startswith(tuple(_STARTS)):
        return True
    if around.endswith(_LIBRARIES) and name not in _ORIGINALS:
        return True
    return name in _MADE and any(part.lower().endswith(_OTHER_LIBRARIES) for part in folder.parts)


def has_litter_mark(path: str, names: Collection[str]) -> bool:
    """Whether a file in a folder says that it holds nothing that a user has put there.

    Args:
        path: of the folder.
        names: of all that is in it.
    """
    name = PurePath(path).name.lower()
    return any(
        marker in names and (folders is None or name in folders)
        for marker, folders in _MARKERS.items()
    )


def is_litter_file(name: str) -> bool:
    """Whether a file of this name is none of the user's."""
    return name.lower() in _FILES

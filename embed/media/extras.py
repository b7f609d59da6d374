"""What is read by packages which are installed only on demand: the extras of anysense."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from anysense.embed.errors import UnsupportedMediaError, UsageError
from anysense.embed.media.identify import DOCUMENT_SUFFIXES, MEDIA_SUFFIXES, RAW_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "DOCUMENTS",
    "EXTRAS",
    "JPEG_XL",
    "OCR",
    "RAW",
    "SPEECH",
    "SVG",
    "Extra",
    "check_ocr",
    "check_speech",
    "count_by_extra",
    "has_come",
    "missing_extra",
    "readable_suffixes",
]


@dataclass(frozen=True)
class Extra:
    """Packages that read files of some kinds, or more of files that are read anyway.

    Attributes:
        name: of the extra, as pip knows it.
        packages: the modules that must be there.
        suffixes: of the files that cannot be read without them.
    """

    name: str
    packages: tuple[str, ...]
    suffixes: frozenset[str] = frozenset()

    @property
    def command(self) -> str:
        """What installs it."""
        return f"pip install 'anysense[{self.name}]'"

    @property
    def is_installed(self) -> bool:
        """Whether it is installed in this environment."""
        return has_packages(self.packages)

    def check(self, name: str, article: str) -> None:
        """Refuse a file that it reads where it is not installed.

        Args:
            name: what the error calls the file.
            article: what the file is, with its article.

        Raises:
            UnsupportedMediaError: it is not installed.
        """
        if not self.is_installed:
            raise UnsupportedMediaError(name, f"is {article}, which needs an extra: {self.command}")


@cache
def has_packages(names: tuple[str, ...]) -> bool:
    """Whether all of some modules can be imported, without importing them."""
    return all(find_spec(name) is not None for name in names)


DOCUMENTS = Extra("documents", ("openpyxl", "pptx", "pypandoc"), DOCUMENT_SUFFIXES)
RAW = Extra("raw", ("rawpy",), RAW_SUFFIXES)
JPEG_XL = Extra("jxl", ("pillow_jxl",), frozenset({".jxl"}))
SVG = Extra("svg", ("resvg_py",), frozenset({".svg"}))
EXTRAS = (DOCUMENTS, RAW, JPEG_XL, SVG)
"""Those that files of some suffixes cannot be read without."""

OCR = Extra("ocr", ("rapidocr", "onnxruntime"))
SPEECH = Extra("speech", ("silero_vad", "onnxruntime"))


def check_ocr() -> None:
    """See that what reads the words of pictures is there, before a build begins.

    Raises:
        UsageError: it is not.
    """
    if not OCR.is_installed:
        raise UsageError(f"To read the words of pictures a package is missing: {OCR.command}.")


def check_speech() -> None:
    """See that what writes down speech is there, before a build begins.

    Raises:
        UsageError: it is not.
    """
    if not SPEECH.is_installed:
        raise UsageError(f"To write down speech a package is missing: {SPEECH.command}.")


def readable_suffixes() -> tuple[str, ...]:
    """The suffixes of the files that are read here."""
    missing = {suffix for extra in EXTRAS if not extra.is_installed for suffix in extra.suffixes}
    return tuple(suffix for suffix in MEDIA_SUFFIXES if suffix not in missing)


def count_by_extra(kinds: Mapping[str, int]) -> dict[Extra, int]:
    """How many of some files an extra would read that is not installed.

    Args:
        kinds: how many files there are of each suffix.
    """
    numbers = Counter[Extra]()
    for suffix, number in kinds.items():
        extra = missing_extra(suffix)
        if extra is not None:
            numbers[extra] += number
    return dict(numbers)


def missing_extra(suffix: str) -> Extra | None:
    """What reads files of a suffix, if that is an extra that is not installed."""
    of_suffix = (extra for extra in EXTRAS if suffix in extra.suffixes)
    return next((extra for extra in of_suffix if not extra.is_installed), None)


def has_come(reason: str) -> bool:
    """Whether an extra is installed by now that a file could not be read without.

    Args:
        reason: why it could not be read.
    """
    return any(extra.command in reason and extra.is_installed for extra in EXTRAS)

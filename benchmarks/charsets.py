"""How often is the encoding of a text told right, refused, or told wrong?

    python benchmarks/charsets.py

The texts are messages of Django's catalogs in 40 languages, English ones with typographic quotes,
put together to 20 to 2,000 characters and written in the encodings that were used for each. What is
read counts as right if it is the text to the letter. Beside anysense, the libraries are measured
that are installed. How much UTF-8 the texts hold by chance is what `repair_utf8` relies on.
"""

from __future__ import annotations

import argparse
import gettext
import random
import re
import unicodedata
from collections import Counter
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import _machine

from anysense.embed.errors import MediaError
from anysense.embed.media.document.charset import decode_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LENGTHS = (20, 50, 100, 200, 500, 1000, 2000)
GROUPS = {  # of encodings; the rest are others
    "western": ("cp1252", "iso8859-15"),
    "mac and dos": ("mac-roman", "mac-cyrillic", "cp850"),
}
LANGUAGES = {
    "fr": "cp1252 iso8859-15 mac-roman cp850",
    "de": "cp1252 mac-roman cp850",
    "es": "cp1252 mac-roman",
    "it": "cp1252 mac-roman",
    "et": "cp1252 cp1257",
    "tr": "cp1254 iso8859-9",
    "az": "cp1254",
    "uk": "cp1251 koi8-u",
    "ru": "cp1251 koi8-r cp866 iso8859-5 mac-cyrillic",
    "el": "cp1253 iso8859-7",
    "he": "cp1255",
    "ar": "cp1256 iso8859-6",
    "fa": "cp1256",
    "th": "cp874",
    "vi": "cp1258",
    "ja": "iso2022_jp cp932 euc_jp",
    "zh_Hans": "gb18030",
    "zh_Hant": "big5",
    "ko": "cp949",
    **dict.fromkeys(["en", "pt", "nl", "da", "sv", "nb", "fi", "is", "ca"], "cp1252"),
    **dict.fromkeys(["hu", "ro", "hr", "cs", "pl", "sk", "sl"], "cp1250 iso8859-2"),
    **dict.fromkeys(["lt", "lv"], "cp1257 iso8859-13"),
    **dict.fromkeys(["bg", "be", "sr", "mk"], "cp1251"),
}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{[^}]*\}|<[^>]+>|&\w+;")
CEDILLAS = str.maketrans("șțȘȚ", "şţŞŢ")
TONES = "\u0300\u0301\u0303\u0309\u0323"


class Sample(NamedTuple):
    """A text in an encoding; `text` is what is right."""

    language: str
    encoding: str
    length: int
    data: bytes
    text: str


def samples(rounds: int) -> Iterator[Sample]:
    for language, encodings in LANGUAGES.items():
        sentences = messages(language)
        for encoding in encodings.split():
            for length in LENGTHS:
                for number in range(rounds):
                    rng = random.Random(f"{language} {encoding} {length} {number}")
                    text = passage(sentences, length, rng)
                    data = encode(text, encoding)
                    if encoding == "iso2022_jp" or not data.isascii():
                        right = normal(data.decode(encoding))
                        yield Sample(language, encoding, length, data, right)


def messages(language: str) -> list[str]:
    spec = util.find_spec("django")
    assert spec is not None, "pip install django"
    assert spec.origin is not None
    pairs: dict[str, str] = {}
    folder = "fr" if language == "en" else language  # the messages themselves are English
    for path in sorted(Path(spec.origin).parent.glob(f"**/locale/{folder}/LC_MESSAGES/django.mo")):
        with path.open("rb") as file:
            catalog: dict[Any, str] = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
        pairs |= {
            key.split("\4")[-1]: text for key, text in catalog.items() if isinstance(key, str)
        }
    texts = [_typographic(key) for key in pairs] if language == "en" else list(pairs.values())
    plain = (" ".join(PLACEHOLDER.sub(" ", text).split()) for text in texts)
    return [text for text in plain if 12 < len(text) < 1000]


def _typographic(text: str) -> str:
    first, space, rest = text.replace("'", "’").partition(" ")
    return f"“{first}”{space}{rest}" if len(text) % 5 == 0 else first + space + rest


def passage(sentences: list[str], length: int, rng: random.Random) -> str:
    text = ""
    while len(text) < length:
        text += rng.choice(sentences) + rng.choice((" ", "\n", ". "))
    return text[:length]


def encode(text: str, encoding: str) -> bytes:
    """A text as people wrote it then; what the encoding lacks is left out."""
    if encoding in ("cp1250", "iso8859-2"):
        text = text.translate(CEDILLAS)
    if encoding == "cp1258":  # which has the tones of Vietnamese apart
        letters = (unicodedata.normalize("NFD", letter) for letter in normal(text))
        text = "".join(
            normal("".join(m for m in marks if m not in TONES))
            + "".join(m for m in marks if m in TONES)
            for marks in letters
        )
    return text.encode(encoding, "ignore")


def normal(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def ours(data: bytes) -> str | None:
    try:
        return decode_text(data, "sample")
    except MediaError:
        return None


def libraries() -> dict[str, Callable[[bytes], str | None]]:
    """The readers to be measured, by name: a text, or None where they give none."""
    readers: dict[str, Callable[[bytes], str | None]] = {"anysense": ours}
    for package, guess in {
        "chardet": lambda m, data: m.detect(data)["encoding"],
        "charset_normalizer": lambda m, data: getattr(m.from_bytes(data).best(), "encoding", None),
        "cchardet": lambda m, data: m.detect(data)["encoding"],
    }.items():
        if util.find_spec(package) is not None:
            module = __import__(package)
            readers[package] = lambda data, m=module, guess=guess: _decode(data, guess(m, data))
    return readers


def _decode(data: bytes, encoding: str | None) -> str | None:
    try:
        return data.decode(encoding) if encoding else None
    except (UnicodeDecodeError, LookupError):
        return None


def measure(read: Callable[[bytes], str | None], texts: list[Sample]) -> dict[str, Any]:
    """Percent right, refused and wrong by length, of all texts and by group; what was wrong."""
    outcomes: dict[tuple[str, int], Counter[str]] = {}
    wrong: Counter[str] = Counter()
    for sample in texts:
        text = read(sample.data)
        outcome = "refused" if text is None else "wrong"
        if text is not None and normal(text) == sample.text:
            outcome = "right"
        group = next((g for g, names in GROUPS.items() if sample.encoding in names), "others")
        for name in ("all", group):
            outcomes.setdefault((name, sample.length), Counter())[outcome] += 1
        if outcome == "wrong" and sample.length >= 200:
            wrong[f"{sample.language} {sample.encoding}"] += 1
    table: dict[str, Any] = {}
    for (group, length), counts in outcomes.items():
        percent = {
            k: round(100 * counts[k] / counts.total(), 2) for k in ("right", "refused", "wrong")
        }
        table.setdefault(group, {})[length] = percent
    return {**table, "wrong_from_200": dict(wrong.most_common(8))}


def chance_utf8(texts: list[Sample]) -> float:
    """The most valid characters of several bytes for each invalid byte, read as UTF-8."""
    most = 0.0
    for sample in texts:
        text = sample.data.decode("utf-8", "replace")
        damaged = text.count("\ufffd")
        if damaged:
            most = max(most, sum(c > "\x7f" and c != "\ufffd" for c in text) / damaged)
    return round(most, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=24)
    rounds = parser.parse_args().rounds
    texts = list(samples(rounds))
    results = {name: measure(read, texts) for name, read in libraries().items()}
    names = ("django", "chardet", "charset-normalizer", "faust-cchardet")
    versions = {name: metadata.version(name) for name in names if _installed(name)}
    payload = {"rounds": rounds, "texts": len(texts), "packages": versions}
    _machine.save("charsets", {**payload, "chance_utf8": chance_utf8(texts), "results": results})
    for name, result in results.items():
        print(name, *(f"{n}: {tuple(p.values())}" for n, p in result["all"].items()), sep="\n  ")


def _installed(name: str) -> bool:
    return any(True for _ in metadata.distributions(name=name))


if __name__ == "__main__":
    main()

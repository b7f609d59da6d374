"""Long runs of a text that are data, not words: keys, attachments, hex dumps, minified code.

As passages they would be hundreds, each of which answers queries at random. A run is taken for data
by its form, and only if few of its characters are letters of words: lists of words or of addresses
without a space stay.
"""

from __future__ import annotations

import regex

from anysense.embed.media.document.searching import PART, replace

__all__ = ["drop_wordless"]

_CODED = 200  # characters of Base64 or hexadecimal digits without a break
_UNBROKEN = 1000  # ASCII characters of any kind without white space
_LONG_LINE = 2000  # characters, of which one in 15 is white space: minified code
_LETTERS_PER_SPACE = 15
_MOST_WORDS_IN_CODED = 0.3  # of the characters
_MOST_WORDS_IN_LINE = 0.7

_CODED_RUN = regex.compile(rf"(?<![\w+/=-])[\w+/=-]{{{_CODED},}}", regex.A)
_UNBROKEN_RUN = regex.compile(rf"(?<![!-~])[!-~]{{{_UNBROKEN},}}")
_LINE = regex.compile(rf"(?<![ -~\t])[ -~\t]{{{_LONG_LINE},}}")
# Lines of one length: PEM, MIME, PGP; and uuencode, whose full lines begin with M.
_CODED_LINES = regex.compile(
    r"^(?:[ \t>]*[\w+/=-]{40,100}[ \t]*\n){3,}(?:[ \t>]*[\w+/=-]{1,100}[ \t]*$)?"
    r"|^(?:M[ -`]{60}\n){2,}(?:[ -`]{1,62}$)?",
    regex.A | regex.M,
)
_HEX_LINES = regex.compile(
    r"(?:^[ \t]*(?:0x)?[0-9a-f]{4,16}[:h]?[ \t]+(?:[0-9a-f]{2,8}[ \t]+){4,16}[^\n]{0,80}"
    r"(?:\n|\Z)){3,}"
    r"|(?:^[ \t]*(?:(?:0x)?[0-9a-f]{2}[ ,:\t]+){7,63}(?:0x)?[0-9a-f]{2},?[ \t]*(?:\n|\Z)){3,}",
    regex.I | regex.M,
)
_WORD = regex.compile(r"(?<![A-Za-z])(?:[A-Z]?[a-z]{2,24}|[A-Z]{2,15})(?![A-Za-z])")
_BORDER = regex.compile(r"(?<=[^A-Za-z])|(?=[^A-Za-z])")
_HEX_LETTERS = regex.compile(r"(?<![g-z])[a-f](?![g-z])", regex.I)


def drop_wordless(text: str) -> str:
    """A text without its long runs of data; each leaves an ellipsis in its place."""
    if len(text) < _CODED:
        return text
    if text.find("\n", text.find("\n") + 1) > 0:  # two lines at the least, or it would take seconds
        text = replace(_CODED_LINES, lambda run: _unless_words(run[0], _MOST_WORDS_IN_CODED), text)
        text = replace(_HEX_LINES, lambda run: _unless_numbers(run[0]), text)
    text = replace(_CODED_RUN, lambda run: _unless_words(run[0], _MOST_WORDS_IN_CODED), text)
    text = replace(_UNBROKEN_RUN, lambda run: _unless_words(run[0], _MOST_WORDS_IN_LINE), text)
    return replace(_LINE, lambda line: _unless_spaced(line[0]), text)


def _unless_words(run: str, most: float) -> str:
    if _count_letters(_WORD, run) > most * len(run):
        return run
    return "…\n" if run.endswith("\n") else "…"


def _unless_spaced(line: str) -> str:
    if _LETTERS_PER_SPACE * (line.count(" ") + line.count("\t")) > len(line):
        return line
    return _unless_words(line, _MOST_WORDS_IN_LINE)


def _unless_numbers(run: str) -> str:
    """A table of numbers has the form of a dump, but no digits above nine."""
    if _count_letters(_HEX_LETTERS, run) < 0.05 * len(run):
        return run
    return "…\n" if run.endswith("\n") else "…"


def _count_letters(pattern: regex.Pattern[str], run: str) -> int:
    """How many characters of a run are in what is looked for; in parts, or a list would be long."""
    count = start = 0
    while start < len(run):
        is_long = len(run) - start > PART
        border = _BORDER.search(run, start + PART, concurrent=is_long) if is_long else None
        end = border.start() if border else len(run)
        found = pattern.findall(run[start:end], concurrent=end - start > PART)
        count += sum(map(len, found))
        start = end
    return count

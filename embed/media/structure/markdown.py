"""The structure of a Markdown text, found by markdown-it (CommonMark, with GitHub's tables).

Only blocks are parsed, no inline markup but that of headings, and nothing of the text is changed.
The parser keeps some hundred bytes of every line, so a text of countless lines is not given to it.
"""

from __future__ import annotations

import logging
import re
from itertools import accumulate
from typing import TYPE_CHECKING

from anysense.embed.media.structure.headings import (
    LONGEST_HEADING,
    MOST_HEADINGS,
    Heading,
    heading_text,
    sections_under,
)
from anysense.embed.types import Block, Structure
from anysense.embed.waiting import check_waiter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.token import Token

__all__ = ["MOST_CHARACTERS", "MOST_LINES", "markdown_structure"]

_log = logging.getLogger("anysense")

MOST_CHARACTERS = 4_000_000
MOST_LINES = 200_000
_MOST_STEPS = 800_000  # of parsing: some 4 a line of lists, 1.5 of prose, many of deep nesting
_DEEPEST = 20  # lists and quotes inside each other, as CommonMark's preset has it
_MOST_MARKS = 50  # in a heading: the time for brackets and stars grows with their square
_MARKS = re.compile(r"[][*_`!<&\\~]")
_ASKED_IN = ("paragraph", "blockquote", "list")  # whose lines are tried as the next block
_ROWS = ("fence", "code_block", "table_open")


def markdown_structure(text: str, name: str, title: str = "") -> Structure | None:
    """The sections and the blocks of a normalised Markdown text; None if it has neither.

    Args:
        text: as its passages will be cut from.
        name: what a warning calls it.
        title: of the text, as told elsewhere: the outermost heading if there is none of level 1.

    Raises:
        AbandonedError, DeadlineError: nobody waits for it any more.
    """
    tokens: list[Token] = []
    if len(text) > MOST_CHARACTERS or text.count("\n") > MOST_LINES:
        _log.warning("%s: is so long that its headings are not looked for.", name)
    else:
        try:
            tokens = _parser().parse(text)
        except _TooManyStepsError:
            _log.warning("%s: is so deeply nested that its headings are not looked for.", name)
    starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))] if tokens else [0]
    openings = [at for at, token in enumerate(tokens) if _is_heading(token)]
    if len(openings) > MOST_HEADINGS:
        _log.warning("%s: has over %d headings, which are left out.", name, MOST_HEADINGS)
        openings = []
    headings = list(_headings(tokens, openings, starts, len(text)))
    sections = sections_under(headings, text, title) if headings or title else ()
    blocks = tuple(_apart(list(_blocks(tokens, starts, len(text)))))
    return Structure(sections, blocks) if sections or blocks else None


def _parser() -> MarkdownIt:
    """A parser of blocks that stops when nobody waits for it, or after too many steps."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"maxNesting": _DEEPEST}).enable("table")
    parser.disable("reference")  # which only links need
    parser.core.ruler.enableOnly(["normalize", "block"])
    parser.block.ruler.before("table", "waiter", _watch(), {"alt": [*_ASKED_IN]})
    return parser


class _TooManyStepsError(Exception):
    """Parsing a text takes more steps than one that somebody has written."""


def _watch() -> Callable[[StateBlock, int, int, bool], bool]:
    """A rule that no block follows; it is asked at each of them, and at each line within one."""
    steps = 0

    def no_block(state: StateBlock, startLine: int, endLine: int, silent: bool) -> bool:  # noqa: N803
        nonlocal steps
        check_waiter()
        steps += 1
        if steps > _MOST_STEPS:
            raise _TooManyStepsError
        return False

    return no_block


def _is_heading(token: Token) -> bool:
    """Whether a heading begins that is in no list and no quote."""
    return token.type == "heading_open" and token.level == 0 and token.map is not None


def _headings(
    tokens: Sequence[Token], openings: Iterable[int], starts: Sequence[int], length: int
) -> Iterator[Heading]:
    """The headings that open at these tokens, but those without words."""
    words_of = _plain_words()
    for at in openings:
        check_waiter()
        token = tokens[at]
        words = heading_text(words_of(tokens[at + 1].content))
        if words and token.map is not None:
            start, end = (min(starts[line], length) for line in token.map)
            yield Heading(int(token.tag[1:]), words, start, end)


def _plain_words() -> Callable[[str], str]:
    """What makes of a heading's markup the words that one sees; of too much markup all of it."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark")

    def seen(tokens: Iterable[Token]) -> str:
        parts = []
        for token in tokens:
            if token.type == "image":
                parts.append(seen(token.children or ()))
            elif token.type in ("text", "code_inline"):
                parts.append(token.content)
            elif token.type in ("softbreak", "hardbreak"):
                parts.append(" ")
        return "".join(parts)

    def words_of(written: str) -> str:
        # Cut well after what is kept, as markup takes room too.
        written = written[: 8 * LONGEST_HEADING]
        if len(_MARKS.findall(written)) > _MOST_MARKS:
            return written
        [inline] = parser.parseInline(written)
        return seen(inline.children or ())

    return words_of


def _blocks(tokens: Sequence[Token], starts: Sequence[int], length: int) -> Iterator[Block]:
    """Code, tables, and items of lists, also inside each other."""
    for token in tokens:
        if token.map is not None and (token.type in _ROWS or token.type == "list_item_open"):
            start, end = (min(starts[line], length) for line in token.map)
            if start < end:
                head_end = starts[token.map[0] + 1] if token.type == "table_open" else 0
                yield Block(start, end, token.type in _ROWS, head_end)


def _apart(blocks: Sequence[Block]) -> Iterator[Block]:
    """Of blocks inside each other, given in the order of their starts, the innermost."""
    for at, block in enumerate(blocks):
        following = blocks[at + 1] if at + 1 < len(blocks) else None
        if following is None or following.start >= block.end:
            yield block

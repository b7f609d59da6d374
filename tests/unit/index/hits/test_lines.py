"""Of words in a picture a hit shows the line in which the query's words stand."""

from __future__ import annotations

from anysense.embed.types import Modality, Origin, Place
from anysense.index.catalog.records import Segment
from anysense.index.hits.lines import matched_line

TOP, BOTTOM = (0.1, 0.1, 0.9, 0.2), (0.1, 0.3, 0.6, 0.4)
BOTH = (0.1, 0.1, 0.9, 0.4)


def block(text: str, *lines: tuple[float, float, float, float]) -> Segment:
    place = Place(box=BOTH, lines=lines)
    return Segment(1, "tiny", Modality.TEXT, place, text, Origin.OCR)


def test_it_is_the_line_with_most_of_the_words() -> None:
    segment = block("the site refused\nERR_CONNECTION_REFUSED now", TOP, BOTTOM)
    line = matched_line(segment, {"err_connection_refused", "refused"})
    assert (line.text, line.place.box) == ("ERR_CONNECTION_REFUSED now", BOTTOM)


def test_without_such_words_it_is_the_whole_block() -> None:
    segment = block("one\ntwo", TOP, BOTTOM)
    assert matched_line(segment, {"three"}) is segment
    assert matched_line(segment, frozenset()) is segment


def test_what_has_no_lines_stays_as_it_is() -> None:
    text = block("one\ntwo")
    assert matched_line(text, {"one"}) is text

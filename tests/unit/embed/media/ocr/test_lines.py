"""Runs of words become lines, and lines blocks: what is read together."""

from __future__ import annotations

from anysense.embed.media.ocr.lines import CHARACTERS, Line, blocks_of, box_around


def run(text: str, left: float, top: float, height: float = 10.0) -> Line:
    return Line(text, (left, top, left + 6.0 * len(text), top + height))


def texts(*runs: Line) -> list[list[str]]:
    return [[line.text for line in block] for block in blocks_of(runs)]


def test_runs_of_one_row_are_one_line_in_their_order() -> None:
    assert texts(run("the end", 34, 1), run("from", 0, 0)) == [["from the end"]]


def test_runs_far_from_each_other_in_a_row_are_lines_of_their_own() -> None:
    assert texts(run("File", 0, 0), run("Edit", 60, 0)) == [["File", "Edit"]]


def test_lines_under_each_other_are_one_block_from_top_to_bottom() -> None:
    assert texts(run("second", 0, 14), run("first", 0, 0), run("third", 0, 28)) == [
        ["first", "second", "third"]
    ]


def test_columns_are_blocks_of_their_own() -> None:
    long = "w" * 60
    left = [run(f"left {n} {long}", 0, 14.0 * n) for n in range(4)]
    right = [run(f"right {n} {long}", 500, 14.0 * n) for n in range(4)]
    blocks = texts(*(line for pair in zip(left, right, strict=True) for line in pair))
    assert [{line.split()[0] for line in block} for block in blocks] == [{"left"}, {"right"}]


def test_small_neighbours_go_together_and_those_far_away_do_not() -> None:
    near = run("OK", 0, 0), run("Cancel", 80, 20), run("elsewhere", 0, 300)
    assert texts(*near) == [["OK", "Cancel"], ["elsewhere"]]


def test_small_neighbours_go_together_up_to_a_number_of_characters() -> None:
    blocks = blocks_of([run("w" * 90, 0 if n % 2 else 700, 25.0 * n) for n in range(12)])
    assert len(blocks) > 1
    assert all(sum(len(line.text) for line in block) <= CHARACTERS for block in blocks)


def test_a_box_around_boxes_holds_them_all() -> None:
    assert box_around([(1, 2, 3, 4), (0, 3, 2, 9)]) == (0, 2, 3, 9)


def test_no_runs_are_no_blocks() -> None:
    assert blocks_of([]) == []

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from anysense.embed.errors import UsageError
from anysense.index.building.tables.csv_rows import read_csv

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "id,text,title\n"


def write_file(folder: Path, text: str, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def cells(path: Path) -> list[list[object]]:
    rows = list(read_csv(path, ()))
    assert [row.problem for row in rows] == [None] * len(rows)
    return [list(row.values.values()) for row in rows]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ('1,a,"b\n2,c,d\n3,e,f\n', "a quote in line 2 that opens a cell and is never closed"),
        ('1,a,b\n2,"c\nC",d\n3,e,"f', "a quote in line 5 that opens a cell and is never closed"),
        ('1,"a,b\n2,"c",d\n', "text after the cell in quotes of line 2, which a quote in line 3"),
        ('1,"a" a,b\n', "text after the cell in quotes of line 2: a quote"),
        ('1,"a,b\n2,c"\n3,e,f\n', "2 cells in lines 2 to 3"),
        ('1,"a,b\n2,c",d\n', "in lines 2 to 3 a cell in quotes that holds what look like rows"),
        ('1,a,"b\n2,c,d\n3,e,"\n', "in lines 2 to 4 a cell in quotes that holds what look like"),
        ('1,a\nA",b\n', "2 of 3 cells in line 2, and a quote without a partner in line 3"),
        ('1,b\n2,a A","c\n', "a quote in line 3 that opens a cell and is never closed"),
        ('1,a\nb, c",d\n', "2 of 3 cells in line 2, and a quote without a partner in line 3"),
        ('1,"a\0",b\n', "NUL characters in line 2"),
        ("1,a\rA,b\n2,c,d\n", "a carriage return in the middle of line 2"),
    ],
)
def test_what_does_not_fit_is_told_with_its_line(tmp_path: Path, rows: str, told: str) -> None:
    path = write_file(tmp_path, HEADER + rows)
    with pytest.raises(UsageError) as refused:
        next(read_csv(path, ()))
    assert told in str(refused.value)


def test_a_quote_left_open_in_the_header_takes_no_row(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="what look like rows"):
        list(read_csv(write_file(tmp_path, 'path,"note\na.jpg,b"\nc.jpg,d\n'), ()))
    with pytest.raises(UsageError, match="what look like rows"):
        list(read_csv(write_file(tmp_path, 'text,note\na,"b\nc,d"\ne,f\n'), ()))
    assert cells(write_file(tmp_path, 'path,"long\nname"\na.jpg,b\n')) == [["a.jpg", "b"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEADER + '1,"a\nb, c\n\nd ""e""",f\n', [["1", 'a\nb, c\n\nd "e"', "f"]]),
        (
            'path,note\na.jpg,"burning, bright\nof the, night"\n',
            [["a.jpg", "burning, bright\nof the, night"]],
        ),
        ('path,note\na.jpg,"1,2\n3,4"\n', [["a.jpg", "1,2\n3,4"]]),
        ('id,text\n1,"by,day\nby,night"\n', [["1", "by,day\nby,night"]]),
        (HEADER + '1,"a\rb",c\n', [["1", "a\rb", "c"]]),
        (HEADER.replace("\n", "\r") + "1,a,b\r2,c,d\r", [["1", "a", "b"], ["2", "c", "d"]]),
        (HEADER.replace("\n", "\r\n") + "1,a,b\r\r\n2,c,d\r\n", [["1", "a", "b"], ["2", "c", "d"]]),
        (HEADER + '1,a 5" disk,"b"\n', [["1", 'a 5" disk', "b"]]),
        (HEADER + "1,a,b,,\n", [["1", "a", "b"]]),
        ('path, note\n a.jpg, "a cat, asleep" \n', [["a.jpg", "a cat, asleep"]]),
        ('path , note\n"a.jpg" ,b\n', [["a.jpg", "b"]]),
        ("sep=;\npath;note\na,b.jpg;c\n", [["a,b.jpg", "c"]]),
        ("sep=|\r\npath|note\r\na.jpg|c\r\n", [["a.jpg", "c"]]),
        ("\n\npath;a, b\na.jpg;c\n", [["a.jpg", "c"]]),
        ("path\tnote\na.jpg\tb, c\n", [["a.jpg", "b, c"]]),
        ("path|note\na.jpg|b, c\n", [["a.jpg", "b, c"]]),
        ("\ufeff\ufeffpath,note\na.jpg,b\n", [["a.jpg", "b"]]),
    ],
    ids=str,
)
def test_what_is_written_in_one_of_the_usual_ways_is_read(
    tmp_path: Path, text: str, expected: object
) -> None:
    assert cells(write_file(tmp_path, text)) == expected


def test_quotes_in_a_file_of_tabs_may_be_text(tmp_path: Path) -> None:
    quoted = write_file(tmp_path, 'id\ttext\n1\t"a\tb"\n2\t"c\nd"\n', "quoted.tsv")
    assert cells(quoted) == [["1", "a\tb"], ["2", "c\nd"]]
    text = 'id\ttext\n1\ta 5" disk\n2\t"Stay" she said\n3\t"open\n4\tlast "x"\n'
    assert [row[1] for row in cells(write_file(tmp_path, text, "literal.tsv"))] == [
        'a 5" disk',
        '"Stay" she said',
        '"open',
        'last "x"',
    ]
    joined = write_file(tmp_path, 'path\tnote\na.jpg\t"b\nc.jpg\td"\n', "joined.tsv")
    assert cells(joined) == [["a.jpg", '"b'], ["c.jpg", 'd"']]
    mostly = 'id\ttext\n1\t"say ""a"""\n2\t"b\n'
    for text, name in ((mostly, "mostly.tsv"), ('id\ttext\n1\t"a\tb\nc\n', "neither.tsv")):
        with pytest.raises(UsageError, match="that opens a cell and is never closed"):
            cells(write_file(tmp_path, text, name))


def test_rows_of_another_length_than_the_header(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_file(tmp_path, HEADER + "1,a\n2,b, c,d\n3,e,f\n4,g")
    short, long, whole, cut = read_csv(path, ())
    assert (short.values, short.problem) == ({"id": "1", "text": "a"}, None)
    assert long.problem == "it has 4 cells, and the header 3: are quotes missing around one?"
    assert whole.problem is None
    assert cut.problem == "the file ends with it after 2 of 3 cells: it may be cut short"
    [warning] = caplog.messages
    assert "1 row has fewer cells than the header, the first in line 2" in warning


def test_a_header_without_a_column_that_is_needed_says_what_it_has(tmp_path: Path) -> None:
    path = write_file(tmp_path, "Path;Caption\na.jpg;b\n")
    with pytest.raises(UsageError, match="has the columns Path, Caption, and none of them is"):
        list(read_csv(path, ("path", "id")))
    with pytest.raises(UsageError, match="is empty"):
        list(read_csv(write_file(tmp_path, ""), ("path", "id")))


def test_a_text_among_numbers_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "a.csv"
    path.write_text("path,year,by\na,2001,me\nb,19x9,you\nc,2003,3\n")
    assert [row.values["year"] for row in read_csv(path, [])] == ["2001", "19x9", "2003"]
    [warning] = caplog.messages
    assert warning.endswith("the column year is text and no numbers, because of '19x9' in line 3.")


@pytest.mark.parametrize(
    ("written", "ids"),
    [
        (["1.0", "2.0", "30.0"], ["1", "2", "30"]),  # by pandas, where another id is missing
        (["1.0", "", "2.0"], ["1", None, "2"]),
        (["1.0", "1.1", "2.0"], ["1.0", "1.1", "2.0"]),  # versions
        (["1.0", "a", "2.0"], ["1.0", "a", "2.0"]),
        (["01.0", "1.00", "2.0"], ["01.0", "1.00", "2.0"]),
        (["  1 ", "b ", "c d  "], ["1", "b", "c d"]),  # of one width
    ],
)
def test_ids_are_what_was_meant(tmp_path: Path, written: list[str], ids: list[str | None]) -> None:
    table = tmp_path / "rows.csv"
    table.write_text("id,text\n" + "".join(f"{one},words\n" for one in written))
    assert [row.values.get("id") for row in read_csv(table, ["text"])] == ids

"""Filters: both ways to write them mean the same, and SQL agrees with a plain reading of them."""

from __future__ import annotations

import json
import sqlite3
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anysense.embed.errors import FilterError
from anysense.index.filters.filter import Filter, of_kinds, parse_filter
from anysense.index.filters.nodes import MAX_DEPTH, All, AnyOf, Compare, Exists, Field, Node, Not

if TYPE_CHECKING:
    from collections.abc import Callable

ITEMS: list[dict[str, Any]] = [
    {"year": 2019, "tags": ["a", "b"], "title": "Draft 1", "camera": {"model": "X"}},
    {"year": 2020, "tags": ["c"], "title": "Final", "camera": {"model": "Y"}},
    {"year": 2021.5, "tags": [], "title": "draft", "rating": None},
    {"year": "2022", "tags": "a", "flag": True, "a.b": 1},
    {"flag": False, "größe": 3, "deep": {"er": {"est": [1, 2, 3]}}, "and": 1},
    {"mixed": [1, "1", True, None], "quote": "it's", "emoji": "😀x", "id": "inner"},
]


def database(items: list[dict[str, Any]]) -> sqlite3.Connection:
    """Texts, pictures and videos in turn; a video is its pictures and its sound."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE items (item_pk, id, source, kind, metadata)")
    connection.execute("CREATE TABLE segments (item_pk, modality)")
    kinds = {"text": ["text"], "image": ["image"], "video": ["image", "image", "audio"]}
    for pk, metadata in enumerate(items):
        kind = list(kinds)[pk % len(kinds)]
        text = json.dumps(metadata, ensure_ascii=False)
        row = (pk, f"id{pk}", f"/dir{pk % 2}/file{pk}", kind, text)
        connection.execute("INSERT INTO items VALUES (?, ?, ?, ?, ?)", row)
        for modality in kinds[kind]:
            connection.execute("INSERT INTO segments VALUES (?, ?)", (pk, modality))
    return connection


def matching(connection: sqlite3.Connection, where: Filter | None) -> list[int]:
    assert where is not None
    query = f"SELECT item_pk FROM items AS i WHERE {where.sql} ORDER BY item_pk"
    return [pk for (pk,) in connection.execute(query, where.parameters)]


def select(where: Any, kinds: list[str] | None = None) -> list[int]:
    connection = database(ITEMS)
    try:
        return matching(connection, of_kinds(parse_filter(where), kinds))
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("text", "mapping", "expected"),
    [
        ("year = 2020", {"year": 2020}, [1]),
        ("year == 2020.0", {"year": {"$eq": 2020.0}}, [1]),
        ("year >= 2020", {"year": {"$gte": 2020}}, [1, 2]),
        ("year > 2019 and year < 2021", {"year": {"$gt": 2019, "$lt": 2021}}, [1]),
        ("year <= 2020", {"year": {"$lte": 2020}}, [0, 1]),
        ("year = '2022'", {"year": "2022"}, [3]),
        ("year >= '2'", {"year": {"$gte": "2"}}, [3]),
        ("year != 2020", {"year": {"$ne": 2020}}, [0, 2, 3, 4, 5]),
        ("tags = 'a'", {"tags": "a"}, [0, 3]),
        ("tags in ('a', 'c')", {"tags": {"$in": ["a", "c"]}}, [0, 1, 3]),
        ("tags not in ['a', 'c',]", {"tags": {"$nin": ["a", "c"]}}, [2, 4, 5]),
        ("tags in ()", {"tags": {"$in": []}}, []),
        ("title ^= 'Draft'", {"title": {"$prefix": "Draft"}}, [0]),
        ("not title ^= 'Draft'", {"title": {"$not": {"$prefix": "Draft"}}}, [1, 2, 3, 4, 5]),
        ("title ^= ''", {"title": {"$prefix": ""}}, [0, 1, 2]),
        ("camera.model = 'X'", {"camera.model": "X"}, [0]),
        ("metadata.camera.model = 'X'", {"metadata.camera.model": "X"}, [0]),
        ("deep.er.est = 3", {"deep.er.est": 3}, [4]),
        ("deep.er.est > 3", {"deep.er.est": {"$gt": 3}}, []),
        ("camera = 'X'", {"camera": "X"}, []),
        ('"a.b" = 1', None, [3]),
        ('"and" = 1', {"and": 1}, [4]),
        ("größe = 3", {"größe": 3}, [4]),
        ("emoji ^= '😀'", {"emoji": {"$prefix": "😀"}}, [5]),
        ("flag = true", {"flag": True}, [3]),
        ("flag != true", {"flag": {"$ne": True}}, [0, 1, 2, 4, 5]),
        ("flag in (true, false)", {"flag": {"$in": [True, False]}}, [3, 4]),
        ("flag = 1", {"flag": 1}, []),
        ("rating = null", {"rating": None}, [0, 1, 2, 3, 4, 5]),
        ("rating exists", {"rating": {"$exists": True}}, [2]),
        ("not exists(year)", {"year": {"$exists": False}}, [4, 5]),
        ("mixed = 1", {"mixed": 1}, [5]),
        ("mixed = '1'", {"mixed": "1"}, [5]),
        ("mixed = false", {"mixed": False}, []),
        ("quote = 'it''s'", {"quote": "it's"}, [5]),
        ('quote = "it\'s"', {"quote": "it's"}, [5]),
        (r"quote = 'it\'s'", {"quote": "it's"}, [5]),
        ("id = 'id3'", {"id": "id3"}, [3]),
        ("id in ('id3', 'id4', 5)", {"id": {"$in": ["id3", "id4", 5]}}, [3, 4]),
        ("id = 5", {"id": 5}, []),
        ("metadata.id = 'inner'", {"metadata.id": "inner"}, [5]),
        ("source ^= '/dir0/'", {"source": {"$prefix": "/dir0/"}}, [0, 2, 4]),
        ("kind = 'image'", {"kind": "image"}, [1, 4]),
        ("kind != 'image'", {"kind": {"$ne": "image"}}, [0, 2, 3, 5]),
        ("kind ^= 'vi'", {"kind": {"$prefix": "vi"}}, [2, 5]),
        ("modality = 'image'", {"modality": "image"}, [1, 2, 4, 5]),
        ("modality in ('text', 'audio')", {"modality": {"$in": ["text", "audio"]}}, [0, 2, 3, 5]),
        ("modality != 'image'", {"modality": {"$ne": "image"}}, [0, 3]),
        ("not modality = 'audio'", {"modality": {"$not": "audio"}}, [0, 1, 3, 4]),
        ("source exists", {"source": {"$exists": True}}, [0, 1, 2, 3, 4, 5]),
        (
            "YEAR = 1 OR year = 2019 AND NOT (tags = 'b' or tags = 'x')",
            {"$or": [{"YEAR": 1}, {"year": 2019, "$nor": [{"tags": "b"}, {"tags": "x"}]}]},
            [],
        ),
        (
            "year = 2019 or year = 2020 and title = 'Final'",
            {"$or": [{"year": 2019}, {"$and": [{"year": 2020}, {"title": "Final"}]}]},
            [0, 1],
        ),
        (
            "(year = 2019 or year = 2020) and title = 'Final'",
            {"$and": [{"$or": [{"year": 2019}, {"year": 2020}]}, {"title": "Final"}]},
            [1],
        ),
        ("not not year = 2020", {"$not": {"year": {"$not": {"$eq": 2020}}}}, [1]),
        ("year = 1e3 or year = -1 or year = +2020 or year = .5", {"year": 2020}, [1]),
        ("year < 99999999999999999999", {"year": {"$lt": 10**20}}, [0, 1, 2]),
        ("year > -1e400", None, None),
    ],
)
def test_text_and_mapping_select_the_same(
    text: str, mapping: dict[str, Any] | None, expected: list[int] | None
) -> None:
    if expected is None:
        with pytest.raises(FilterError):
            parse_filter(text)
        return
    assert select(text) == expected
    if mapping is not None:
        assert select(mapping) == expected


@pytest.mark.parametrize("where", [None, "", "  \n", {}])
def test_nothing_selects_everything(where: Any) -> None:
    assert parse_filter(where) is None


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("year >", "character 7: expected a number, a text in quotes.*but it ends"),
        ("year 2020", "character 6: expected in, exists or one of"),
        ("year = 2020 title = 'x'", "character 13: expected and, or, or the end"),
        ("(year = 1", "expected '\\)', but it ends"),
        ("year = 1)", "character 9: expected and, or, or the end, but found '\\)'"),
        ("= 1", "expected the name of a field, but found '='"),
        ("and = 1", "expected the name of a field, but found 'and'"),
        ("year = abc", "a text in quotes, true, false or null, but found 'abc'"),
        ("year in 5", "expected a list such as"),
        ("year in (1 2)", "expected '\\)', but found '2'"),
        ("year not = 5", "expected in, exists or one of"),
        ("year = 'abc", "character 8: cannot read"),
        ("year ~ 5", "character 6: cannot read '~ 5'"),
        ("year = 12abc", "cannot read '12abc'"),
        ("a..b = 1", "expected the name of a field, but found '.'"),
        ("year ^= 5", "\\^= is for text"),
        ("flag > true", "> is for numbers or text"),
        ("flag < null", "< is for numbers or text"),
        ("kind = 'film'", "one of text, image, audio, video, document, not 'film'"),
        ("modality = 'picture'", "one of text, image, audio, not 'picture'"),
        ('"a\\"b" = 1', "quotes or backslashes"),
        ('"" = 1', "keys must not be empty"),
        ("x = 'a\0b'", "character that no text has"),
        ("not " * 60 + "a = 1", "at most 10 parentheses"),
        ("(" * 60 + "a = 1" + ")" * 60, "at most 10 parentheses"),
        (" or ".join(["a = 1"] * 300), "at most 250 comparisons"),
        ("a = '" + "x" * 100_001 + "'", "at most 100,000 characters"),
        (7, "a text or a mapping, not int"),
        ({"$where": "1"}, "A filter has no '\\$where'"),
        ({"a": {"$regex": "x"}}, "no test '\\$regex' of a; there are"),
        ({"a": {}}, "The test of a is empty"),
        ({"a": [1, 2]}, "a list needs \\$in"),
        ({"a": {"$in": "abc"}}, "takes a list"),
        ({"a": {"$exists": 1}}, "takes true or false"),
        ({"a": float("nan")}, "which no value equals"),
        ({"$or": {}}, "\\$or takes a list"),
        ({"$and": []}, "\\$and takes a list"),
        ({"$and": [{}]}, "must not be empty"),
        ({"$not": 3}, "takes filters"),
        ({"a.$b": 1}, "keys must not be empty, start with \\$"),
        ({"a..b": 1}, "keys must not be empty"),
        ({3: 1}, "A filter has no 3"),
        ({"a": {"$in": list(range(100_001))}}, "100,000 values"),
        ({"x": 10**400}, "too large"),
        ({"x": 10**5000}, "too large"),
        ({"x": {"$prefix": -(10**5000)}}, "too large"),
        ({"x": "\ud800"}, "character that no text has"),
        ({"\ud800": 1}, "character that no text has"),
    ],
)
def test_bad_filters_are_refused_with_a_reason(where: Any, message: str) -> None:
    with pytest.raises(FilterError, match=message):
        parse_filter(where)


def test_a_filter_is_narrowed_to_kinds() -> None:
    assert select(None, ["image"]) == [1, 4]
    assert select("year = 2019 or kind = 'image'", ["image", "video"]) == [1, 4]
    assert select("kind = 'image'", ["text"]) == select(None, []) == []
    assert of_kinds(None, None) is None
    with pytest.raises(FilterError, match="A kind is one of"):
        select(None, ["song"])


def test_deep_mappings_are_refused() -> None:
    where: dict[str, Any] = {"a": 1}
    for _ in range(2000):
        where = {"$not": where}
    with pytest.raises(FilterError, match="at most 10 mappings"):
        parse_filter(where)
    test: dict[str, Any] = {"$eq": 1}
    for _ in range(2000):
        test = {"$not": test}
    with pytest.raises(FilterError, match="at most 10 mappings"):
        parse_filter({"a": test})


def test_the_largest_filters_run() -> None:
    assert select(" and ".join(["year = 2020"] * 250)) == [1]
    assert select({"year": {"$in": list(range(3000))}}) == [0, 1]


def test_values_that_are_repeated_cost_no_depth() -> None:
    assert select({"flag": {"$in": [True, False] * 5000}}) == [3, 4]
    assert select("flag in (" + "null, true, " * 5000 + ")") == [0, 1, 2, 3, 5]


@pytest.mark.parametrize("ending", ["x", ".5.", "e5x", "."])
def test_a_long_number_that_is_none_is_refused_at_once(ending: str) -> None:
    """In a time that grows with its length, not with the square of it."""
    started = time.process_time()
    with pytest.raises(FilterError, match="cannot read"):
        parse_filter("year = " + "1" * 90_000 + ending + "x")
    with pytest.raises(FilterError, match="cannot read"):
        parse_filter("year = 1." + "1" * 90_000 + ending + "x")
    assert time.process_time() - started < 10  # the square took minutes


@pytest.mark.parametrize("key", ["a\tb", "a\0b", "\x1f", "\n", "\x7f", "a'b", "[0]", "#"])
def test_a_key_may_hold_any_character_but_quotes(key: str) -> None:
    connection = database([{key: 1}, {"other": 1}, {key: {"in": "x"}}])
    assert matching(connection, parse_filter({key: 1})) == [0]
    assert matching(connection, parse_filter({key: {"$exists": True}})) == [0, 2]
    assert matching(connection, parse_filter({f"{key}.in": "x"})) == [2]
    connection.close()


@pytest.mark.parametrize(
    "wrap",
    [
        lambda inner: {"$nor": [{"year": 3}, inner]},
        lambda inner: {"$or": [{"year": 3, "x": 1}, inner]},
        lambda inner: {"$and": [{"mixed": 1}, inner]},
        lambda inner: {"$not": inner},
        lambda inner: f"(mixed = 1 and {inner})",
        lambda inner: f"not {inner}",
        lambda inner: f"({inner} or mixed = 2)",
    ],
)
def test_the_deepest_filters_run(wrap: Callable[[Any], Any]) -> None:
    """SQLite's own limits are beyond ours, whatever is nested."""
    is_text = isinstance(wrap(""), str)
    where: Any = "mixed in (1, 'x', true, null)" if is_text else {"mixed": {"$in": [1, "x", None]}}
    depth = 0
    try:
        while True:
            select(where)
            select(where, ["text", "image"])
            where, depth = wrap(where), depth + 1
    except FilterError as error:
        assert f"at most {MAX_DEPTH}" in str(error)  # noqa: PT017
    assert depth >= MAX_DEPTH - 1


@pytest.mark.parametrize(
    "attack",
    ["'", "''", '"', "\\", "x' OR '1'='1", "1; DROP TABLE items; --", "?", "$.x", "%", "/*", ")"],
)
def test_no_text_of_a_filter_reaches_the_statement(attack: str) -> None:
    items = [{"v": attack}, {"v": "other"}]
    connection = database(items)
    for operator in ("$eq", "$prefix"):
        where = parse_filter({"v": {operator: attack}})
        assert where is not None
        assert where.sql == parse_filter({"v": {operator: "word"}}).sql  # type: ignore[union-attr]
        assert matching(connection, where) == [0]
    assert matching(connection, parse_filter({"v": {"$in": [attack]}})) == [0]
    quoted = attack.replace("\\", "\\\\").replace("'", "''")
    assert matching(connection, parse_filter(f"v = '{quoted}'")) == [0]
    if not set(attack) & set('"\\$'):
        keyed = parse_filter({attack.replace(".", "_"): 1})
        assert keyed is not None
        assert matching(connection, keyed) == []
    connection.close()


# Against a plain reading, on any metadata

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(-(2**70), 2**70),
    st.floats(-3, 3).map(lambda x: round(x, 1)),
    st.sampled_from(["", "a", "ab", "b", "ä", "1", "true", "😀"]),
)
values = st.one_of(scalars, st.lists(scalars, max_size=3))
metadata = st.dictionaries(
    st.sampled_from("pqr"), st.one_of(values, st.dictionaries(st.sampled_from("pq"), values))
)
fields = st.sampled_from([("p",), ("q",), ("p", "q"), ("r", "p"), ("p", "q", "p")]).map(Field)
texts = st.sampled_from(["", "a", "ab", "b", "ä", "1"])
numbers = st.one_of(st.integers(-3, 3), st.floats(-3, 3).map(lambda x: round(x, 1)))
nodes = st.recursive(
    st.one_of(
        st.builds(Compare, fields, st.just("="), st.tuples(scalars)),
        st.builds(Compare, fields, st.just("in"), st.lists(scalars, max_size=3).map(tuple)),
        st.builds(
            Compare,
            fields,
            st.sampled_from(["<", "<=", ">", ">="]),
            st.one_of(st.tuples(texts), st.tuples(numbers)),
        ),
        st.builds(Compare, fields, st.just("^="), st.tuples(texts)),
        st.builds(Exists, fields),
    ),
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(All, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)

MISSING = object()


def passes(node: Node, item: dict[str, Any]) -> bool:
    """What a filter means, without SQL."""
    if isinstance(node, Not):
        return not passes(node.node, item)
    if isinstance(node, All):
        return all(passes(part, item) for part in node.nodes)
    if isinstance(node, AnyOf):
        return any(passes(part, item) for part in node.nodes)
    content: Any = item
    for key in node.field.keys:
        content = content.get(key, MISSING) if isinstance(content, dict) else MISSING
    if isinstance(node, Exists):
        return content is not MISSING
    if None in node.values and (content is MISSING or content is None):
        return True
    elements = content if isinstance(content, list) else [content]
    return any(
        matches(element, node.operator, value) for element in elements for value in node.values
    )


def matches(element: Any, operator: str, value: Any) -> bool:
    if value is None:
        return False
    if isinstance(value, bool) or isinstance(element, bool):
        return element is value
    if isinstance(value, str):
        if not isinstance(element, str):
            return False
    elif not isinstance(element, int | float):
        return False
    else:  # numbers beyond 64 bits are floats to SQLite
        element, value = (x if abs(x) < 2**63 else float(x) for x in (element, value))
    if operator == "^=":
        return bool(element.startswith(value))
    return {
        "=": element == value,
        "in": element == value,
        "<": element < value,
        "<=": element <= value,
        ">": element > value,
        ">=": element >= value,
    }[operator]


def as_mapping(node: Node) -> dict[str, Any]:
    """The mapping form of a filter."""
    if isinstance(node, Not):
        return {"$not": as_mapping(node.node)}
    if isinstance(node, All | AnyOf):
        word = "$and" if isinstance(node, All) else "$or"
        return {word: [as_mapping(part) for part in node.nodes]}
    field = str(node.field)
    if isinstance(node, Exists):
        return {field: {"$exists": True}}
    if node.operator == "in":
        return {field: {"$in": list(node.values)}}
    names = {"=": "$eq", "<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte", "^=": "$prefix"}
    return {field: {names[node.operator]: node.values[0]}}


def as_text(node: Node) -> str:
    """The text form of a filter."""
    if isinstance(node, Not):
        return f"not ({as_text(node.node)})"
    if isinstance(node, All | AnyOf):
        word = " and " if isinstance(node, All) else " or "
        return word.join(f"({as_text(part)})" for part in node.nodes)
    field = str(node.field)
    if isinstance(node, Exists):
        return f"{field} exists"
    listed = ", ".join(literal(value) for value in node.values)
    return (
        f"{field} in ({listed})" if node.operator == "in" else f"{field} {node.operator} {listed}"
    )


def literal(value: Any) -> str:
    if isinstance(value, str):
        return f"'{value}'"
    return json.dumps(value)


@settings(max_examples=300, deadline=None)
@given(items=st.lists(metadata, min_size=1, max_size=5), node=nodes)
def test_sql_agrees_with_the_plain_reading(items: list[dict[str, Any]], node: Node) -> None:
    expected = [pk for pk, item in enumerate(items) if passes(node, item)]
    connection = database(items)
    try:
        assert matching(connection, parse_filter(as_mapping(node))) == expected
        assert matching(connection, parse_filter(as_text(node))) == expected
    finally:
        connection.close()

"""Haystack's filters as those of anysense: what they become, and what is refused."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from haystack.dataclasses import ByteStream, Document
from haystack.errors import FilterError
from haystack.utils.filters import document_matches_filter
from hypothesis import given, settings
from hypothesis import strategies as st

from anysense.adapters.haystack import AnysenseDocumentStore
from anysense.adapters.haystack.filters import where_of

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENTS = [
    Document(id="whole", content="red", meta={"year": 2021, "place": "Nice", "a": {"b": 1}}),
    Document(id="part", content="green", meta={"year": 2021.5, "place": "Oslo", "a": {"b": None}}),
    Document(id="text", content="blue", meta={"year": None, "place": "2021", "a": 1}),
    Document(id="date", content="low", meta={"day": "2021-05-02", "flag": True}),
    Document(id="time", content="high", meta={"day": "2021-05-02T18:00:00", "flag": False}),
    Document(id="bare", content="dark"),
]


def compare(field: str, operator: str, value: Any) -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value}


def combine(operator: str, *conditions: dict[str, Any]) -> dict[str, Any]:
    return {"operator": operator, "conditions": list(conditions)}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnysenseDocumentStore]:
    import tiny

    tiny.register()
    path = tmp_path_factory.mktemp("filters") / "documents.anysense"
    store = AnysenseDocumentStore(path, encoders=["tiny"])
    store.write_documents(DOCUMENTS)
    yield store
    store.close()


VALUES = st.sampled_from([2021, 2021.5, 1, "Nice", "2021", "2021-05-02", None])
COMPARISONS = st.one_of(
    st.builds(
        compare,
        st.sampled_from(["meta.year", "meta.place", "meta.a.b", "meta.no", "id", "content"]),
        st.sampled_from(["==", "!="]),
        VALUES | st.sampled_from(["whole", "red"]),
    ),
    st.builds(
        compare,
        st.sampled_from(["meta.year", "place", "meta.a.b"]),
        st.sampled_from(["in", "not in"]),
        st.lists(VALUES, max_size=3),
    ),
    st.builds(
        compare,
        st.sampled_from(["meta.year", "meta.no"]),
        st.sampled_from([">", ">=", "<", "<="]),
        st.sampled_from([2020, 2021, 2021.25, None]),
    ),
    st.builds(
        compare,
        st.just("meta.day"),
        st.sampled_from([">", ">=", "<", "<="]),
        st.sampled_from(["2021-05-01", "2021-05-02T12:00:00", "2021-05-03"]),
    ),
)
FILTERS = st.recursive(
    COMPARISONS,
    lambda filters: st.builds(
        lambda operator, conditions: combine(operator, *conditions),
        st.sampled_from(["AND", "OR", "NOT"]),
        st.lists(filters, max_size=3),
    ),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(filters=FILTERS)
def test_a_filter_selects_what_haystack_itself_would(
    store: AnysenseDocumentStore, filters: dict[str, Any]
) -> None:
    expected = [d.id for d in DOCUMENTS if document_matches_filter(filters, d)]
    assert [document.id for document in store.filter_documents(filters)] == expected


@pytest.mark.parametrize("nothing", [None, {}])
def test_no_filter_selects_everything(nothing: dict[str, Any] | None) -> None:
    assert where_of(nothing) is None


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        (compare("meta.flag", "==", True), ["date"]),
        (compare("meta.flag", "==", 1), []),  # to Haystack's own store true is 1
        (compare("year", ">", 2021), ["part"]),
        (compare("meta.day", ">", datetime(2021, 5, 2, 12)), ["time"]),
        (compare("meta.day", "<", datetime(2021, 5, 2, 12, tzinfo=timezone.utc)), ["date"]),
        (compare("meta.anysense.kind", "!=", "text"), []),
        (compare("meta.anysense.modality", "in", ["text", "audio"]), [d.id for d in DOCUMENTS]),
    ],
)
def test_what_a_filter_may_ask_besides(
    store: AnysenseDocumentStore, filters: dict[str, Any], ids: list[str]
) -> None:
    assert [document.id for document in store.filter_documents(filters)] == ids


def test_a_filter_may_ask_for_the_type_of_a_blob(tmp_path: Any) -> None:
    from media_files import photo, saved

    store = AnysenseDocumentStore(tmp_path / "documents.anysense", encoders=["tiny"])
    png = ByteStream(saved(photo(), "PNG"), {"camera": "X100"}, "image/png")
    store.write_documents([Document(content="red"), Document(id="photo", blob=png)])
    for field, value in (("blob.mime_type", "image/png"), ("blob.meta.camera", "X100")):
        assert [d.id for d in store.filter_documents(compare(field, "==", value))] == ["photo"]
    store.close()


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        (compare("meta.year", ">", "2021"), "neither a number nor a date"),
        (compare("meta.day", ">", "2021-13-02"), "neither a number nor a date"),
        (compare("meta.day", ">", "2021-05-02T18:00:00+02:00"), "without a time zone, or in UTC"),
        (compare("meta.year", ">", [1]), "not with [1]"),
        (compare("meta.year", ">", True), "> is for numbers or text"),
        (compare("meta.tags", "==", ["a"]), "not with ['a']"),
        (compare("meta.year", "in", 2021), "takes a list"),
        (compare("meta.year", "in", [{}]), "not with {}"),
        (compare("meta.year", "==", float("nan")), "which no value equals"),
        (compare("meta.year", "~", 1), "==, !=, >, >=, <, <=, in, not in"),
        (compare("meta.year", ["=="], 1), "==, !="),
        (compare("embedding", "==", None), "cannot ask for 'embedding'"),
        (compare("blob", "==", None), "cannot ask for 'blob'"),
        (compare("person.name", "==", "Ada"), "cannot ask for 'person.name'"),
        (compare('meta."', "==", 1), "keys must not be empty"),
        (compare("meta.anysense.kind", "==", "song"), "A kind is one of"),
        (compare("", "==", 1), "a text such as meta.year"),
        (compare(7, "==", 1), "a text such as meta.year"),  # type: ignore[arg-type]
        (combine("and"), "one of AND, OR, NOT"),
        (combine(["AND"]), "one of AND, OR, NOT"),  # type: ignore[arg-type]
        ({"operator": "AND", "conditions": {}}, "are a list"),
        ({"operator": "AND", "conditions": ["year"]}, "is a dictionary, not 'year'"),
        ({"operator": "AND", "conditions": [{}]}, "is a dictionary, not {}"),
        ({"conditions": []}, "'operator' is missing"),
        ({"operator": "AND"}, "'conditions' is missing"),
        ({"field": "meta.year", "operator": "=="}, "'value' is missing"),
        ({"field": "meta.year", "value": 1}, "'operator' is missing"),
    ],
)
def test_what_cannot_be_said_is_refused(filters: dict[str, Any], said: str) -> None:
    with pytest.raises(FilterError) as refused:
        where_of(filters)
    assert said in str(refused.value)


@pytest.mark.parametrize("operator", ["AND", "OR", "NOT"])
def test_a_filter_that_is_too_deep_or_too_long_is_refused(operator: str) -> None:
    deep = compare("meta.year", "==", 1)
    for _ in range(2000):
        deep = combine(operator, deep, compare("id", "==", "a"))
    with pytest.raises(FilterError, match="at most 10"):
        where_of(deep)
    with pytest.raises(FilterError, match="at most 250 comparisons"):
        where_of(combine(operator, *[compare("meta.year", "==", 1)] * 251))

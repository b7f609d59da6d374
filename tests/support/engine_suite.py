"""What holds of a collection whose index is in an engine elsewhere, whatever server that is.

A subclass gives the fixture `engine`, with an `address`, the `names` of what is there, and
`is_away`, which makes it answer nothing.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tiny
from specimen import IMAGES, TEXTS, created, opened_with, record, vector

from anysense import Modality, Retriever, Term
from anysense.embed.errors import EngineUnavailableError
from anysense.index.vectors.engines import LOCAL
from anysense.index.vectors.milvus.filling import Filling

if TYPE_CHECKING:
    from pathlib import Path

PICTURES, WORDS = 700, 200
THRESHOLDS = {"exact": 100, "elsewhere": 100, "full_probe": 100}


def answers(collection: Any) -> list[list[tuple[str, float]]]:
    """What a collection says to queries of several kinds: ids and scores."""
    retriever = Retriever(collection)
    terms = [
        Term(vector=vector(f"i{n}") + 0.7 * vector(f"i{n + 1}"), space="tiny", modality=modality)
        for n in range(3)
        for modality in (Modality.IMAGE, Modality.TEXT)
    ]
    found = [retriever.retrieve(term, k=10) for term in terms]
    found += [retriever.retrieve(terms[0], k=10, where={"version": 7})]
    found += [retriever.retrieve(terms[1], k=10, offset=10)]
    found += [retriever.retrieve(Term(like="i5"), k=10)]
    return [[(hit.id, hit.score) for hit in hits] for hits in found]


def assert_alike(one: Any, other: Any, apart: float = 2e-3) -> None:
    """Assert that answers are those of an exact search, but for what an approximate one misses.

    Scores may be so far apart; more if what chance gives was fitted to other samples.
    """
    shares, differences = [], []
    for here, there in zip(one, other, strict=True):
        here, there = dict(here), dict(there)
        assert len(here) == len(there)
        both = set(here) & set(there)
        shares.append(len(both) / len(here))
        differences += [abs(here[name] - there[name]) for name in both]
    assert np.mean(shares) >= 0.9
    assert max(differences) < apart


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection in FAISS, to be copied."""
    tiny.register()  # before each test does
    path = tmp_path_factory.mktemp("made") / "c"
    with created(path) as collection:
        collection.write([record(f"i{n}", n % 50) for n in range(PICTURES)])
        texts = [record(f"t{n}", n % 50, modality=Modality.TEXT) for n in range(WORDS)]
        collection.write(texts)
        collection.publish()
    with opened_with(path) as collection:
        collection.compact()  # with what is fitted where no encoder is loaded
    return path


@pytest.fixture
def local(made: Path, tmp_path: Path) -> Any:
    with opened_with(shutil.copytree(made, tmp_path / "local")) as collection:
        yield collection


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "c")


class EngineSuite:
    def test_it_answers_as_before_and_after_changes(
        self, engine: Any, local: Any, path: Path
    ) -> None:
        with opened_with(path, **THRESHOLDS) as collection:
            number = collection.publish(to=engine.address)
            assert collection.info()["engine"] == engine.address
            assert collection.publish(to=engine.address) == number  # there is nothing to be done
            assert_alike(answers(collection), answers(local))
            assert collection.verify().problems == []
            before = engine.names()
            assert len(before) == 1
            for each in (collection, local):
                each.write([record(f"n{n}", 7) for n in range(30)])
                each.remove([f"i{n}" for n in range(0, 90, 3)])
            assert_alike(answers(collection), answers(local), 0.3)  # at once
            for each in (collection, local):
                each.publish()
            assert_alike(answers(collection), answers(local))
            assert engine.names() == before  # nothing was sent again
            snapshot = collection.folder.snapshot()
            assert snapshot.unpublished == len(snapshot.tombstones) == 0
            new = np.stack([vector(f"n{n}", 7) for n in range(30)])
            assert (snapshot.search(IMAGES, new, 1, query_modality=Modality.IMAGE)[0] > 0.99).all()
            assert collection.verify().problems == []
            collection.compact()
            assert len(engine.names()) == 1
            assert engine.names() != before
            with opened_with(path, **THRESHOLDS) as other:  # as another process does
                assert_alike(answers(other), answers(local))

    @pytest.mark.parametrize("instant", ["_finish", "run", "written"])
    def test_what_is_broken_off_is_mended_by_the_next(
        self, engine: Any, path: Path, instant: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from anysense.index.publishing.publisher import Publisher

        class Killed(BaseException):
            pass

        def killed(*_: Any, **__: Any) -> None:
            raise Killed

        with opened_with(path, **THRESHOLDS) as collection:
            expected = answers(collection)
            with monkeypatch.context() as patch:
                if instant == "written":  # the manifest is, but nothing after it is done
                    patch.setattr(Publisher, "_clear_engines", killed)
                else:
                    patch.setattr(Filling, instant, killed)
                with pytest.raises(Killed):
                    collection.publish(to=engine.address)
        with opened_with(path, **THRESHOLDS) as collection:
            assert_alike(answers(collection), expected, 0.3)
            collection.publish(to=engine.address)
            collection.write([record("n1")])
            collection.publish()
            assert_alike(answers(collection), expected, 0.3)
            assert len(engine.names()) == 1
            assert collection.verify().problems == []
            collection.publish(to=LOCAL)
            assert engine.names() == set()
            assert collection.folder.notes("engine|") == {}

    def test_what_a_server_lost_is_made_anew(self, engine: Any, path: Path) -> None:
        with opened_with(path, **THRESHOLDS) as collection:
            expected = answers(collection)
            collection.publish(to=engine.address)
            engine.drop(engine.names())
            with pytest.raises(EngineUnavailableError, match="has the index no more"):
                answers(collection)
            collection.write([record("n1")])
            collection.publish(to=engine.address)
            assert_alike(answers(collection), expected, 0.3)
            assert len(engine.names()) == 1

    def test_a_server_that_is_away_is_an_error_and_no_loss(self, engine: Any, path: Path) -> None:
        with opened_with(path, **THRESHOLDS) as collection:
            expected = answers(collection)
            collection.publish(to=engine.address)
            engine.is_away = True
            try:
                with pytest.raises(EngineUnavailableError, match="does not answer"):
                    answers(collection)
                with pytest.raises(EngineUnavailableError):
                    collection.compact()
                collection.write([record("n1")])
                assert collection.info()["items"] == PICTURES + WORDS + 1
                collection.publish(to=LOCAL)
                assert_alike(answers(collection), expected, 0.3)
            finally:
                engine.is_away = False
            assert collection.folder.notes("engine|") == {f"engine|{engine.address}": ""}
            collection.write([record("n2")])
            collection.publish()  # drops what could not be dropped then
            assert engine.names() == set()

    def test_a_copy_gets_its_own(self, engine: Any, path: Path) -> None:
        with opened_with(path, **THRESHOLDS) as collection:
            expected = answers(collection)
            collection.publish(to=engine.address)
            first = engine.names()
            with opened_with(shutil.copytree(path, path.with_name("copy")), **THRESHOLDS) as copy:
                assert_alike(answers(copy), expected)
                copy.remove([f"i{n}" for n in range(300)])
                copy.write([record("other")])
                copy.publish()
                assert len(engine.names()) == 2
                assert copy.folder.snapshot().partitions == {IMAGES: PICTURES - 299, TEXTS: WORDS}
            assert first < engine.names()
            assert_alike(answers(collection), expected, 0.3)

"""A plugin of pytest that has every collection of a run searched by an engine elsewhere.

    python -m pytest -p over_engine --engine memory tests/unit/index/ranking

So tests that know nothing of engines hold one to what they hold FAISS to. Which one is `--engine`:
`memory`, or `milvus` for a real server (in a network namespace: tests/integration/test_milvus.py).
A collection moves there with its first items; what comes later is newer than its index until the
test publishes it. However few segments there are, the engine is asked: none are compared here.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

import pytest
from memory_engine import MemoryEngine
from milvus_server import Engine, MilvusProcess

from anysense.index.collection import Collection
from anysense.index.folder.folder import CollectionFolder
from anysense.index.vectors.milvus import store
from anysense.index.vectors.milvus.search import PartitionSearch
from anysense.index.vectors.thresholds import DEFAULTS, Thresholds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

searches = 0
"""How often the engine was asked for what is nearest."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine", choices=["memory", "milvus"], required=True)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    terminalreporter.write_line(f"The engine was asked {searches} times.")


@pytest.fixture(scope="session", autouse=True)
def engine(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MemoryEngine | Engine]:
    """What has the index of every collection."""
    with pytest.MonkeyPatch.context() as patch:
        _count_searches(patch)
        if pytestconfig.getoption("engine") == "memory":
            memory = MemoryEngine()
            patch.setattr(store, "Remote", memory.connect)
            _publish_to_engine(patch, memory.address)
            yield memory
        else:
            process = MilvusProcess(tmp_path_factory.mktemp("server"))
            _publish_to_engine(patch, process.address)
            yield Engine(process.address)
            process.kill()


def _publish_to_engine(patch: pytest.MonkeyPatch, address: str) -> None:
    """Have every collection published there, and first when it gets its first items."""
    opened, publish = CollectionFolder.__init__, CollectionFolder.publish

    def opened_with(folder: Any, path: Path, thresholds: Thresholds = DEFAULTS) -> None:
        opened(folder, path, thresholds._replace(elsewhere=0))

    def publish_there(folder: Any, *arguments: Any, **options: Any) -> int:
        return publish(
            folder, *arguments, **{**options, "engine": options.get("engine") or address}
        )

    def and_published(change: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(change)
        def changed(collection: Collection, *arguments: Any, **options: Any) -> Any:
            result = change(collection, *arguments, **options)
            if collection.folder.manifest.generation is None:
                collection.publish()
            return result

        return changed

    patch.setattr(CollectionFolder, "__init__", opened_with)
    patch.setattr(CollectionFolder, "publish", publish_there)
    for name in ("add", "write"):
        patch.setattr(Collection, name, and_published(getattr(Collection, name)))


def _count_searches(patch: pytest.MonkeyPatch) -> None:
    candidates = PartitionSearch._candidates  # where an engine of any kind is asked

    def counted(search: Any, *arguments: Any) -> Any:
        global searches
        searches += 1
        return candidates(search, *arguments)

    patch.setattr(PartitionSearch, "_candidates", counted)  # as above


@pytest.fixture(autouse=True)
def _emptied(engine: MemoryEngine | Engine) -> Iterator[None]:
    """The engine, without what a test has made, once it is over: fixtures of modules stay."""
    before = engine.names()
    yield
    engine.drop(engine.names() - before)

"""These tests run in a network namespace of their own: `tests/integration/test_milvus.py`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from milvus_server import INSIDE, MilvusProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

collect_ignore_glob = [] if INSIDE in os.environ else ["test_*.py"]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusProcess]:
    process = MilvusProcess(tmp_path_factory.mktemp("server"))
    yield process
    process.kill()

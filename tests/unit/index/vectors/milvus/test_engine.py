"""A collection over a server in memory; tests/integration/milvus does the same over a real one."""

from __future__ import annotations

from engine_suite import EngineSuite, local, made, path

__all__ = ["TestInMemory", "local", "made", "path"]


class TestInMemory(EngineSuite):
    pass

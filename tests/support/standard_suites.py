"""The standard suites of LangChain: how their asynchronous tests run here too."""

from __future__ import annotations

import inspect
from typing import TypeVar

import pytest

SuiteT = TypeVar("SuiteT", bound=type)


def with_async_tests(suite: SuiteT) -> SuiteT:
    """Mark the asynchronous tests of a suite, which expects a mode in which none needs a mark.

    The functions stay the same ones, as a suite checks that none of its tests was replaced.
    """
    for _, test in inspect.getmembers(suite, inspect.iscoroutinefunction):
        if not getattr(test, "pytestmark", None):
            pytest.mark.asyncio(test)
    return suite

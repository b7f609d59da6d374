from __future__ import annotations

import subprocess
import sys

import pytest

IMPORT = """
import sys
sys.modules[{package!r}] = None  # as if it were not installed
from anysense import AnysenseError
try:
    import anysense.adapters.{adapter}
except ImportError as error:
    assert isinstance(error, AnysenseError)
    print(error)
"""


@pytest.mark.parametrize(
    ("adapter", "package", "extra"),
    [
        ("langchain", "langchain_core", "langchain"),
        ("llama_index", "llama_index", "llama-index"),
    ],
)
def test_a_missing_framework_is_told_with_its_extra(adapter: str, package: str, extra: str) -> None:
    code = IMPORT.format(adapter=adapter, package=package)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == (
        f"A package that this adapter needs is not installed: pip install 'anysense[{extra}]'."
    )

"""What an adapter says where its framework is not installed."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("extra", ["dspy", "haystack"])
def test_an_adapter_names_the_extra_that_it_needs(extra: str) -> None:
    code = f"import sys; sys.modules[{extra!r}] = None; import anysense.adapters.{extra}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"is not installed: pip install 'anysense[{extra}]'." in done.stderr

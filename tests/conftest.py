from __future__ import annotations

import atexit
import os
import shutil
import signal
import tempfile

import pytest
from hypothesis import HealthCheck, settings

# A busy machine draws examples slowly, which says nothing about them.
settings.register_profile("anysense", suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("anysense")

os.environ["HF_HUB_OFFLINE"] = "1"  # before any import of huggingface_hub
os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"  # before any import of haystack
# Vectors that are kept for later runs must not outlive a test encoder that has changed since.
os.environ["ANYSENSE_CACHE"] = tempfile.mkdtemp(prefix="anysense-tests-")
os.environ["DSPY_CACHEDIR"] = os.environ["ANYSENSE_CACHE"]  # before any import of dspy
atexit.register(shutil.rmtree, os.environ["ANYSENSE_CACHE"], ignore_errors=True)
# Started in the background by a script, a process ignores SIGINT, and so would those that the tests
# start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _tiny_encoder() -> None:
    """Every test may load the encoder named `tiny`."""
    import tiny

    tiny.register()

from __future__ import annotations

import os

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"  # before any import of huggingface_hub


@pytest.fixture(autouse=True)
def _tiny_encoder() -> None:
    """Every test may load the encoder named `tiny`."""
    import tiny

    tiny.register()

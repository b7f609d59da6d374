"""The words of a collection, as types."""

from __future__ import annotations

import pytest

from anysense.embed.types import Modality
from anysense.index.types import Partition


def test_keys_of_partitions_are_read_back() -> None:
    partition = Partition("openclip:ViT-B-32/x|y", Modality.IMAGE)
    assert partition.key == "openclip:ViT-B-32/x|y|image"
    assert Partition.parse(partition.key) == partition
    for bad in ("image", "|image", "space|smell"):
        with pytest.raises(ValueError, match=r"partition|Modality"):
            Partition.parse(bad)

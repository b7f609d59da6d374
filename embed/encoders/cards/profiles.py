"""Sets of models that fit together, by name: the best of this year for what they cost."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FORMER", "PROFILES"]

# By published quality for the cost: `standard` runs on a processor, `best` wants a GPU, `speech` is
# one model that hears words. The first that has both sides of a route takes it; text against text
# has a space of its own, as models of pictures and sounds are weak there. All may be used for
# commerce. A collection names its encoders and not its profile, so what one means may change.
PROFILES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "starter": ("starter",),
        "standard": (
            "openclip:ViT-B-16-SigLIP2/webli",
            "clap:laion/clap-htsat-unfused",
            "text:sentence-transformers/all-MiniLM-L6-v2",
        ),
        "best": (
            "openclip:PE-Core-L-14-336/meta",
            "peav:facebook/pe-av-small",
            "text:sentence-transformers/all-mpnet-base-v2",
        ),
        "speech": ("st:google/embeddinggemma-2",),
    }
)

# What profiles meant in earlier versions: collections that were built with them keep these models.
FORMER: Mapping[str, tuple[tuple[str, ...], ...]] = MappingProxyType(
    {
        "best": (
            (
                "openclip:ViT-SO400M-14-SigLIP-384/webli",
                "clap:laion/larger_clap_general",
                "text:sentence-transformers/all-mpnet-base-v2",
            ),
        ),
    }
)

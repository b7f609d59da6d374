"""From hits to the nodes of LlamaIndex."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from llama_index.core.schema import (
    MediaResource,
    MetadataMode,
    Node,
    NodeRelationship,
    NodeWithScore,
    RelatedNodeInfo,
)

from anysense.adapters.facts import each_segment, facts_of, segment_id, words_of
from anysense.adapters.media import media_of, medium_of, why_left_out
from anysense.embed.errors import AnysenseError
from anysense.embed.types import Kind, Modality
from anysense.index.showing.reader import CollectionReader

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from anysense import Hit

__all__ = ["FoundNode", "Media", "node_of", "nodes_of"]

Media = Literal["path", "data", "none"]

READABLE = ("source", "kind", "start", "end", "unit", "page", "left_out")
"""The facts that a language model is told; the others are for programs."""


class FoundNode(NodeWithScore):
    """A node with its score, of which the text can be asked whatever kind of node it is.

    LlamaIndex's own raises where the node is no `TextNode`.
    """

    @property
    def text(self) -> str:
        """The passage, or what stands for a picture or a sound."""
        return self.node.get_content(MetadataMode.NONE)

    def get_text(self) -> str:
        """The same."""
        return self.text


def node_of(hit: Hit, *, media: Media = "path", no_match: bool = False) -> FoundNode:
    """The node of the segment that matched.

    Its id is that of the segment, and it refers to its item as its source.

    Args:
        hit: what was found.
        media: how pictures and sounds are given; see `AnysenseRetriever`.
        no_match: whether chance alone may have found the best hit of its search.
    """
    facts = facts_of(hit, no_match=no_match)
    medium, resource = medium_of(hit), None
    if media != "none" and medium is not None:
        resource = _resource(hit, media, facts)
    hidden = [name for name in facts if name not in READABLE and name not in hit.metadata]
    node = Node(
        id_=segment_id(hit),
        text_resource=MediaResource(text=words_of(hit)),
        image_resource=resource if medium is Modality.IMAGE else None,
        audio_resource=resource if medium is Modality.AUDIO else None,
        excluded_llm_metadata_keys=hidden,
        excluded_embed_metadata_keys=[*hidden, *READABLE],
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=hit.id)},
    )
    node.metadata = facts
    return FoundNode(node=node, score=hit.score)


def nodes_of(
    hits: Iterable[Hit],
    *,
    media: Media = "path",
    no_match: bool = False,
    all_segments: bool = False,
) -> list[NodeWithScore]:
    """The nodes of hits, best first.

    Args:
        hits: what was found.
        media: how pictures and sounds are given; see `AnysenseRetriever`.
        no_match: whether chance alone may have found the best of them.
        all_segments: whether the other segments of an item that matched well follow its best.
    """
    found = (part for hit in hits for part in (each_segment(hit) if all_segments else (hit,)))
    nodes = [node_of(hit, media=media, no_match=no_match) for hit in found]
    return list({node.node_id: node for node in nodes}.values())


def _resource(hit: Hit, media: Media, facts: dict[str, Any]) -> MediaResource | None:
    """The picture or the sound of a hit; why there is none is added to its facts."""
    path = _path_of(hit) if media == "path" else None
    if path is not None:
        return MediaResource(path=path, mimetype=facts.get("mime_type"))
    try:
        found = media_of(hit)
    except AnysenseError as error:
        facts["left_out"] = why_left_out(error)
        return None
    return MediaResource(data=b64encode(found.data), mimetype=found.mime_type)


def _path_of(hit: Hit) -> Path | None:
    """Where a picture or a sound is on this machine; None of what a service holds, and of a page.

    A service says of its own files where they are, which means nothing here.
    """
    path = Path(hit.source)
    is_here = isinstance(hit.reader, CollectionReader) and hit.kind is not Kind.DOCUMENT
    return path if is_here and path.is_file() else None

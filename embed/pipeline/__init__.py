"""From sources to vectors: decoding runs ahead in threads while the models work."""

from anysense.embed.pipeline.query import encode_query
from anysense.embed.pipeline.stream import Encoded, MediaSource, encode_sources

__all__ = ["Encoded", "MediaSource", "encode_query", "encode_sources"]

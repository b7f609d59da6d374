"""A collection for language models, over the Model Context Protocol: `open_server`."""

from anysense.adapters.mcp.server import open_server

__all__ = ["open_server"]

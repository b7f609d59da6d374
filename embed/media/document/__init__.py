"""Documents as text, and PDFs as pages too: plain text, Markdown, HTML, PDF."""

from anysense.embed.media.document.document import read_document

__all__ = ["read_document"]

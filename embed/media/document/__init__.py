"""Documents as text: plain text, Markdown, HTML pages and PDFs."""

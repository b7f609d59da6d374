"""Documents as text, and PDFs as pages too: plain text, Markdown, HTML, PDF."""

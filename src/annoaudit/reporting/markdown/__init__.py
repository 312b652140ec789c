"""The report as Markdown, for pull requests, wikis and mails; data in it can neither format nor link."""

from annoaudit.reporting.markdown.marks import code_span, escape_markdown
from annoaudit.reporting.markdown.page import render_markdown

__all__ = ["code_span", "escape_markdown", "render_markdown"]

"""Frozen records rendered as HTML, Markdown, JSON, in a notebook and in a terminal. Computes nothing."""

from annoaudit.reporting.as_json import render_json
from annoaudit.reporting.charts import plot_agreement, plot_annotators, plot_confusion
from annoaudit.reporting.files import findings_csv, write_findings, write_whole
from annoaudit.reporting.html import render_html, render_notebook
from annoaudit.reporting.markdown import render_markdown
from annoaudit.reporting.summary import render_summary

__all__ = [
    "findings_csv",
    "plot_agreement",
    "plot_annotators",
    "plot_confusion",
    "render_html",
    "render_json",
    "render_markdown",
    "render_notebook",
    "render_summary",
    "write_findings",
    "write_whole",
]

from __future__ import annotations

from dataclasses import replace

import audit_records
import pytest
from markdown_it import MarkdownIt

from annoaudit.reporting import render_markdown, render_summary
from annoaudit.reporting.markdown import code_span, escape_markdown


@pytest.mark.parametrize("text", ["a`b", "``", "`", "a``b`", "", " ", "a|b", "x\n\ny"])
def test_code_spans_hold_any_text(text):
    inline = MarkdownIt("commonmark").parseInline(code_span(text))[0].children
    assert inline is not None
    assert [token.type for token in inline] == ["code_inline"]


@pytest.mark.parametrize("text", ["1. one", "- a", "+ a", "# a", "***", "a_b_c", "> a", "====", "&amp;", "12) x"])
def test_escaped_text_is_one_plain_paragraph(text):
    tokens = MarkdownIt("commonmark").parse(escape_markdown(text))
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert "".join(child.content for child in tokens[1].children or ()) == text


def test_markdown_has_its_sections(record):
    text = render_markdown(audit_records.with_failure(record))
    for heading in ("## Review queue", "## Error rate", "## Detectors", "## Not checked", "## Methods"):
        assert heading in text
    assert "**FAILED** `neighbour_disagreement`" in text
    assert "first 50 of 90" in text
    assert "not guilt" in text
    assert "[open](<https://labels.example.org/projects/4/data?task=17>)" in text


def test_table_rows_have_the_cells_of_their_head(record):
    import re

    widths = []
    for line in render_markdown(record).splitlines():
        n = len(re.findall(r"(?<!\\)\|", line))
        if not line.startswith("|"):
            widths = []
        else:
            widths.append(n)
            assert len(set(widths)) == 1, line


@pytest.mark.parametrize("build", [audit_records.empty, audit_records.void])
def test_empty_records_render(build):
    assert "queue is empty" in render_markdown(build())
    assert "Next: " in render_summary(build())


def test_the_summary_has_one_line_a_detector_the_limits_and_one_next_step(record):
    lines = render_summary(audit_records.with_failure(record)).splitlines()
    for outcome in record.outcomes:
        assert sum(line.startswith(f"  {outcome.detector} ") for line in lines) == 1
    assert sum("FAILED" in line for line in lines) == 1
    assert sum(line.startswith("Limit: ") for line in lines) == len(record.limits)
    assert sum(line.startswith("Next: ") for line in lines) == 1


def test_the_summary_says_in_full_and_once_why_a_detector_was_skipped(record):
    why = "fewer than three annotators answered twenty-five items of this project a second time"
    outcome = replace(record.outcomes[0], detector="odd", status="skipped", why=why)
    told = replace(record, outcomes=(outcome,), limits=(f"odd was not run: {why}.", "Another limit."))
    text = render_summary(told, 80)
    assert " ".join(text.split()).count(why) == 1
    assert "Limit: Another limit." in text
    assert max(map(len, text.splitlines())) <= 80


def test_wide_characters_count_twice():
    from rich.cells import cell_len

    wide = audit_records.planted(audit_records.realistic(n_queue=1), lambda s: "注釈" * 60)
    assert max(map(cell_len, render_summary(wide, 80).splitlines())) <= 80

"""The threat page in every output: what was looked for, what was found, and what was not checked."""

from __future__ import annotations

import json

import audit_records
import pytest
from pages import parsed

from annoaudit.reporting import render_html, render_json, render_markdown, render_summary


@pytest.mark.parametrize("render", [render_html, render_markdown])
def test_the_page_says_what_was_found_and_what_was_not_checked(render, record):
    text = " ".join((" ".join(parsed(render(record)).text) if render is render_html else render(record)).split())
    assert "64, 1,960 of 1,980 judged" in text
    assert "no times" in text
    assert ("ring, copying no ring" if render is render_html else "ring, copying: no ring") in text


def test_a_risk_that_nothing_looked_for_is_marked_and_no_zero(record):
    html = render_html(record)
    row = html[html.index("Fake data") : html.index("</tr>", html.index("Fake data"))]
    assert "not looked for" in row
    assert "**nothing**" in render_markdown(record)
    assert "1 of 3 not looked for at all: fake data" in " ".join(render_summary(record).split())


def test_ids_stand_once_a_finding_type_and_in_markdown_only_for_what_was_found(record):
    html, markdown = render_html(record), render_markdown(record)
    assert html.count("AML.T0020<") == 2  # drift and confident_learning
    assert "MITRE ATLAS 2026.09" in html
    assert markdown.count("AML.T0020") == 1


def test_a_detector_of_another_package_is_named(record):
    assert "somebody_elses" in render_html(record)
    assert json.loads(render_json(record))["threats"]["unmapped"] == ["somebody_elses"]


def test_a_record_without_risks_has_no_page():
    import dataclasses

    bare = dataclasses.replace(audit_records.realistic(n_queue=1), threats=type(audit_records.threats_record())())
    assert 'id="threats"' not in render_html(bare)
    assert "## Threats" not in render_markdown(bare)

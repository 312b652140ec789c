"""Findings about people, as a reader of each output meets them."""

from __future__ import annotations

import dataclasses
import json
import math

import audit_records
import pytest
from pages import parsed

from annoaudit.reporting import render_html, render_json, render_markdown, render_notebook, render_summary
from annoaudit.reporting.people import MAX_PATTERNS, pattern_cards, tell_test
from annoaudit.reporting.record import AuditRecord, PeopleRecord

RENDERERS = {
    "html": lambda record: " ".join(" ".join(parsed(render_html(record)).text).split()),
    "notebook": lambda record: " ".join(" ".join(parsed(render_notebook(record)).text).split()),
    "markdown": lambda record: " ".join(render_markdown(record).replace("\\", "").split()),
    "terminal": lambda record: " ".join(render_summary(record).split()),
}


@pytest.fixture(params=list(RENDERERS))
def shown(request):
    return RENDERERS[request.param]


def with_people(record: AuditRecord, **changes) -> AuditRecord:
    return dataclasses.replace(record, people=dataclasses.replace(record.people, **changes))


def test_the_gravest_stands_first_with_its_severity_in_words(record, shown):
    text = shown(record)
    places = [text.index(words) for words in ("L3 · an integrity violation", "L2 · a systematic pattern")]
    assert places == sorted(places)
    assert "in labels, not guilt" in text


def test_a_reader_learns_how_sure_each_finding_is(record, shown):
    text = shown(record)
    assert "e = 4,100 (found at a false discovery rate of under 0.001), family: annotators" in text
    assert "p = 0.002 after multiplicity" in text
    assert "p under 0.001 after multiplicity" in text
    assert "rank only, not a test: suspicion 0.98" in text


@pytest.mark.parametrize("name", ["html", "notebook", "markdown"])
def test_what_blames_nobody_and_what_would_clear_stand_beside_each(record, name):
    text = RENDERERS[name](record)
    assert text.count("another version of the guideline; a view that the majority does not share") == 4
    assert text.count("blinded second labels on a random 50 of their items") == 4
    assert "Shared view or coordination; cannot be told apart from labels." in text


@pytest.mark.parametrize("name", ["html", "markdown"])
def test_labels_stand_beside_ordinary_ones(record, name):
    text = RENDERERS[name](record)
    assert text.index("These labels") < text.index("Ordinary labels of others")
    assert "mail-0000" in text
    assert "mail-0040" in text


def test_what_the_cap_held_back_and_who_could_not_judge_is_said(record):
    text = RENDERERS["html"](record)
    assert "2 further flags on annotators held back" in text
    assert "accepts_predictions no prediction was shown to annotators" in text
    assert "2 further flags on annotators held back" in RENDERERS["markdown"](record)


def test_more_findings_than_are_shown_are_counted(record):
    many = with_people(record, patterns=record.people.patterns * 10, n_patterns=40)
    assert len(pattern_cards(many.people)) == MAX_PATTERNS
    assert f"The {MAX_PATTERNS} gravest of 40 findings" in RENDERERS["html"](many)
    assert "and 35 more" in RENDERERS["terminal"](many)
    assert len(render_html(many).encode()) < 500_000


def test_no_finding_says_what_was_looked_for(record, shown):
    text = shown(with_people(record, patterns=(), n_patterns=0))
    assert "No pattern about people was flagged. Looked for by copying, peer_score and ring." in text
    assert "That does not say there is none." in text


def test_nobody_judged_is_not_nothing_found(record, shown):
    assert "No detector could judge anybody." in shown(dataclasses.replace(record, people=PeopleRecord()))


def test_what_cannot_be_seen_points_to_the_simulator(record):
    for name in ("html", "notebook", "markdown"):
        assert "annoaudit simulate --like labels.csv" in RENDERERS[name](record)


def test_a_project_of_opinions_says_so(record):
    assert "held against nobody" in RENDERERS["html"](with_people(record, subjective=True))


def test_the_run_file_holds_the_findings_about_people(record):
    people = json.loads(render_json(record))["people"]
    assert [one["severity"] for one in people["patterns"]] == ["L3", "L2", "L2", "L1"]
    assert people["patterns"][3]["p"] is None
    assert len(people["patterns"][0]["examples"]) == 8
    assert people["n_held_back"] == 2


def test_numbers_that_are_not_known_are_left_out():
    bare = dataclasses.replace(
        audit_records.pattern("peer_score", "annotator", "L1", ["a"]), effect=math.nan, statistic="", suspicion=math.nan
    )
    (card,) = pattern_cards(PeopleRecord(patterns=(bare,), n_patterns=1))
    assert (card.effect, card.statistic) == ("", "")
    assert "nan" not in tell_test(bare)


def test_nearly_nothing_is_not_told_as_nothing(record):
    one = dataclasses.replace(
        record.people.patterns[0],
        examples=(dataclasses.replace(record.people.patterns[0].examples[0], probability=0.003),),
    )
    assert "under 1 % would say this" in RENDERERS["html"](with_people(record, patterns=(one,), n_patterns=1))

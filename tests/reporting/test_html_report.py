from __future__ import annotations

import dataclasses
import itertools
import re
import time
from functools import cache

import audit_records
import numpy as np
import pytest
from pages import Page, parsed

from annoaudit.findings import Outcome
from annoaudit.reporting import render_html, render_notebook
from annoaudit.reporting.record import AuditRecord, ErrorRate

VARIANTS = {
    "realistic": lambda: audit_records.realistic(n_queue=20),
    "two questions": lambda: audit_records.realistic(n_questions=2, n_queue=2),
    "failed": lambda: audit_records.with_failure(audit_records.realistic(n_queue=2)),
    "empty": audit_records.empty,
    "void": audit_records.void,
    "one annotator": lambda: audit_records.realistic(n_annotators=1, n_queue=2),
    "many annotators": lambda: audit_records.realistic(n_annotators=60, n_queue=2),
}


@pytest.fixture(params=list(VARIANTS))
def page(request: pytest.FixtureRequest) -> tuple[str, Page]:
    return rendered(request.param)


@cache
def rendered(name: str) -> tuple[str, Page]:
    html = render_html(VARIANTS[name]())
    return html, parsed(html)


@pytest.fixture
def small() -> AuditRecord:
    return audit_records.realistic(n_queue=2)


def text_of(html: str) -> str:
    return " ".join(" ".join(parsed(html).text).split())


def test_the_page_loads_and_runs_nothing(page):
    html, page = page
    assert not page.names & {"script", "link", "iframe", "object", "embed", "img", "form", "base"}
    assert "default-src 'none'" in (page.all("meta")[1]["content"] or "")
    assert not re.search(r"@import|url\(|@font-face", html)
    assert all((link["href"] or "").startswith(("#", "https://")) for link in page.all("a"))


def test_headings_go_down_one_level_at_a_time(page):
    levels = [int(tag[1]) for tag in (name for name, _ in page[1].tags) if tag in HEADINGS]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


HEADINGS = {"h1", "h2", "h3", "h4"}


def test_landmarks_tables_and_charts_are_named(page):
    _, page = page
    assert {"header", "nav", "main", "footer"} <= page.names
    assert len(page.all("table")) == len(page.all("caption"))
    assert all(cell.get("scope") in ("col", "row") for cell in page.all("th"))
    assert all(svg.get("aria-hidden") == "true" or svg.get("aria-label") for svg in page.all("svg"))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    named = [section["aria-labelledby"] for section in page.all("section")]
    targets = [(link["href"] or "")[1:] for link in page.all("a") if (link["href"] or "").startswith("#")]
    assert {*named, *targets} <= set(ids)


def test_the_demo_report_is_small(record):
    assert len(render_html(record).encode()) < 500_000


def test_the_order_is_verdict_next_step_queue_error_rate_detectors_question_limits_methods(small):
    html = render_html(small)
    marks = ["<h1>", 'class="next"', 'id="queue"', 'id="error-rate"', 'id="detectors"', 'id="question-1"']
    places = [html.index(mark) for mark in [*marks, 'id="limits"', 'id="methods"', "<footer>"]]
    assert places == sorted(places)


def test_severity_is_said_in_words(small):
    assert "L0 · a label worth a second look" in text_of(render_html(small))


@pytest.mark.parametrize("render", [render_html, render_notebook])
def test_a_failed_detector_is_prominent(render, small):
    failed = audit_records.with_failure(small)
    text = text_of(render(failed))
    assert text.index("FAILED") < text.index("Next step")
    assert "ValueError: need at least one array" in text


@pytest.mark.parametrize("render", [render_html, render_notebook])
def test_error_rate_is_unknown_or_has_its_interval(render, small):
    assert "not known; review 300 random labels" in text_of(render(small))
    question = dataclasses.replace(
        small.questions[0],
        error_rate=ErrorRate(True, "Against gold.", 0.038, 0.021, 0.064, n_wrong=17, n=450, basis="gold"),
    )
    text = text_of(render(dataclasses.replace(small, questions=(question,))))
    assert "3.8 %" in text
    assert "2.1 to 6.4" in text


@pytest.mark.parametrize("render", [render_html, render_notebook])
def test_annotator_numbers_come_with_innocent_reasons(render, small):
    assert "not guilt" in text_of(render(small))
    assert "hard items" in text_of(render(small))


def test_empty_states_are_said():
    text = text_of(render_html(audit_records.empty()))
    for sentence in ("Nothing was flagged", "nobody to compare with", "Agreement is not known", "skipped"):
        assert sentence in text
    assert "nan" not in text.casefold().split()


def test_a_long_queue_is_cut_and_says_where_the_rest_is():
    record = audit_records.realistic(n_queue=260)
    html = render_html(record)
    assert html.count('class="entry"') == 200
    assert "first 200 of 260" in text_of(html)
    assert "findings.parquet" in html


def test_large_teams_and_label_sets_are_cut_and_say_so():
    record = audit_records.realistic(n_annotators=60)
    rng = np.random.default_rng(1)
    classes = tuple(f"class {i}" for i in range(45))
    question = dataclasses.replace(
        record.questions[0],
        classes=classes,
        confusion=audit_records.confusion(45, rng),
        by_class=audit_records.class_frame(classes, rng),
    )
    text = text_of(render_html(dataclasses.replace(record, questions=(question,))))
    assert "The 30 classes with the most confusion are shown, of 45." in text
    assert "The 40 annotators flagged or with the most disagreement are shown, of 60." in text
    assert "20 more are in run.json" in text


@pytest.mark.parametrize(
    ("url", "is_linked"),
    [
        ("https://labels.example.org/t/1", True),
        ("http://localhost:8080/t/1", True),
        ("javascript:alert(1)", False),
        ("data:text/html,<script>", False),
        ("https://user@evil.example/", False),
        ("https://[broken", False),
        ("java\nscript:alert(1)", False),
        ("//evil.example", False),
        ("s3://bucket/image.png", False),
        ("", False),
    ],
)
def test_only_web_addresses_become_links(record, url, is_linked):
    entry = dataclasses.replace(record.queue[0], native_url=url, uri="")
    page = parsed(render_html(dataclasses.replace(record, queue=(entry,))))
    links = [link for link in page.all("a") if not (link["href"] or "").startswith("#")]
    assert [link["href"] for link in links] == ([url] if is_linked else [])
    assert all(link["rel"] == "noopener noreferrer nofollow" for link in links)


@pytest.mark.parametrize("name", ["two questions", "failed", "void"])
def test_a_notebook_fragment_styles_only_itself(name):
    html = render_notebook(VARIANTS[name]())
    assert not parsed(html).names & {"script", "html", "body", "link", "img"}
    style = html[html.index("<style>") + 7 : html.index("</style>")]
    selectors = [part for rule in re.findall(r"([^{}]+)\{", style) for part in rule.split(",")]
    assert all(selector.strip().startswith(".annoaudit") for selector in selectors)
    assert "id=" not in html


def test_a_million_labels_render_fast_and_small():
    rng = np.random.default_rng(3)
    names = [f"ann-{i:04d}" for i in range(1000)]
    classes = tuple(f"class {i}" for i in range(50))
    question = dataclasses.replace(
        audit_records.question_record("q", names, classes, rng),
        n_labels=1_000_000,
        pairwise=audit_records.pair_frame(names, rng, share=0.4),
    )
    record = dataclasses.replace(
        audit_records.realistic(n_queue=500), questions=(question,), n_labels=1_000_000, n_queued=500
    )
    render_html(audit_records.realistic(n_queue=1))
    start = time.process_time()
    html = render_html(record)
    assert time.process_time() - start < 2.0
    assert len(html.encode()) < 2_000_000


def test_unknown_status_words_do_not_break_the_page(small):
    odd = Outcome("d", "1", "q", "paused")  # type: ignore[arg-type]
    assert "paused" in text_of(render_html(dataclasses.replace(small, outcomes=(odd,))))


def test_an_entry_about_an_annotator_names_innocent_reasons(small):
    entry = dataclasses.replace(
        small.queue[0], level="annotator", severity="L1", content="", given="", suggested="", item_id=""
    )
    html = render_html(dataclasses.replace(small, queue=(entry,)))
    queue = text_of(html[html.index('class="entry"') : html.index('id="error-rate"')])
    assert "Innocent reasons come first" in queue
    assert "L1 · agreement or quality below the team's" in queue

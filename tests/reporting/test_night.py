"""The night in the report: its numbers are shown, nothing in its texts acts, and trends are laid out as they are."""

import json

import audit_records
import numpy as np
import pandas as pd
import pytest
from pages import parsed
from test_hostile_strings import ACTIVE, PAYLOADS

from annoaudit.reporting import render_html, render_json, render_markdown, render_notebook, render_summary
from annoaudit.reporting.trends import lay_out_trends, render_trends

NIGHT = audit_records.nightly(audit_records.realistic(n_annotators=6, n_queue=3))
PLAIN = audit_records.planted(NIGHT, lambda text: "x" + text)


def test_the_page_shows_gate_counts_changes_and_trends():
    text = " ".join("".join(parsed(render_html(NIGHT)).text).split())
    for words in (
        "3 new, 80 known, 1 reopened, 2 gone, compared with 11 earlier nights",
        "Gate: FAILED",
        "12.0 % lies above the limit",
        "2 unexplained , 3 told , 4 explained",
        "i0",
        "12 heads were verified.",
        "Agreement (krippendorff alpha)",
    ):
        assert words.replace(" ,", ",") in text.replace(" ,", ","), words


def test_a_report_without_a_night_says_nothing_of_one():
    html = render_html(audit_records.realistic(n_annotators=6, n_queue=3))
    assert 'id="night"' not in html
    assert 'id="trends"' not in html
    assert "Tonight" not in render_markdown(audit_records.realistic(n_annotators=6, n_queue=3))


@pytest.mark.parametrize("name", PAYLOADS)
def test_hostile_text_changes_nothing_but_text(name):
    record = audit_records.planted(NIGHT, lambda text: "x" + PAYLOADS[name] + text)
    page = parsed(render_html(record))
    assert page.skeleton == parsed(render_html(PLAIN)).skeleton
    assert page.others == []
    for rendered in (render_html(record), render_markdown(record), render_notebook(record), render_summary(record)):
        assert not ACTIVE.search(rendered)


def test_run_json_has_the_night():
    document = json.loads(render_json(NIGHT), parse_constant=pytest.fail)["night"]
    assert document["findings"] == {"new": 3, "known": 80, "reopened": 1, "gone": 2}
    assert [one["status"] for one in document["gate"]["checks"]] == ["failed", "not judged", "passed"]
    assert document["gate"]["checks"][1]["value"] is None
    assert len(document["unexplained"]) == 2
    assert "night" not in json.loads(render_json(audit_records.realistic(n_annotators=3, n_queue=1)))


def test_markdown_has_the_gate():
    text = render_markdown(NIGHT)
    assert "## Tonight: gate **FAILED**" in text
    assert "| 3 | 80 | 1 | 2 |" in text


def trends(values, low=None, high=None):
    n = len(values)
    nan = np.full(n, np.nan)
    names = ("n_labels", "n_flagged", "n_new", "n_gone", "error_rate", "agreement", "agreement_low", "agreement_high")
    table = pd.DataFrame(
        {"at": pd.date_range("2026-03-01", periods=n, tz="UTC"), "gate": 1.0} | dict.fromkeys(names, nan)
    )
    return table.assign(
        error_rate=values,
        error_rate_low=values if low is None else low,
        error_rate_high=values if high is None else high,
    )


def test_charts_are_to_scale_and_nights_that_do_not_know_have_no_point():
    (chart,) = lay_out_trends(trends([0.1, np.nan, 0.3], [0.0, np.nan, 0.2], [0.2, np.nan, 0.4]), "k")
    assert (chart.low, chart.high) == ("0.0 %", "40.0 %")
    (x0, y0, first), (x1, y1, last) = chart.dots
    assert (x0, x1) == (6.0, 414.0)
    assert (y0, y1) == (51.0, 21.0), "a quarter and three quarters of the way up"
    assert first.endswith("10.0 %")
    assert last.endswith("30.0 %")
    assert len(chart.band.split()) == 4


def test_one_night_or_none_makes_no_chart_and_equal_nights_divide_by_nothing():
    assert lay_out_trends(trends([0.1]), "k") == []
    assert lay_out_trends(trends([]), "k") == []
    (chart,) = lay_out_trends(trends([0.1, 0.1]), "k")
    assert [y for _, y, _ in chart.dots] == [36.0, 36.0]
    assert render_trends(trends([])) == "No nights yet."

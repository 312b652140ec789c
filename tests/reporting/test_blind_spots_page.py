"""What a simulation found, as it is shown; hostile strings stay inert."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from datetime import UTC, datetime

import audit_records
import pytest
from pages import parsed
from rich.cells import cell_len
from test_hostile_strings import ACTIVE, ALLOWED_ELEMENTS, PAYLOADS

from annoaudit.reporting.blind_spot_records import AttackRecord, BlindSpotsRecord, HonestRecord, Mean, Share
from annoaudit.reporting.blind_spots import (
    render_blind_spots,
    render_blind_spots_fragment,
    render_blind_spots_json,
    render_blind_spots_summary,
    state_verdicts,
)

NAN = float("nan")
ATTACKS = (("copy_ring", 0, "not detectable", "Give each pair 66 shared items."), ("sleeper", 6, "detectable", ""))


def attack(name: str, k: int, verdict: str, mend: str) -> AttackRecord:
    return AttackRecord(
        attack=name,
        what="several share one person's answers",
        share=0.1,
        n_members=2,
        strength=0.9,
        found=Share(k, 6, k / 6, 0.54 if k else 0.0, 1.0 if k else 0.46),
        chance=Share(1, 6, 1 / 6, 0.0, 0.64),
        by=(("peer_score", k),) if k else (),
        expected=("ring",),
        people=Mean(0.53, 0.35, 0.71, 6) if k else Mean(NAN, NAN, NAN, 0),
        labels=Mean(0.08, 0.05, 0.11, 6),
        base_rate=0.01,
        verdict=verdict,
        mend=mend,
    )


def record() -> BlindSpotsRecord:
    return BlindSpotsRecord(
        source="labels.csv",
        version="0.1.0",
        started_at=datetime(2026, 3, 14, 2, 15, tzinfo=UTC),
        seconds=50.0,
        ground="A synthetic twin of this team.",
        probabilities="Items were judged by one cross-fitted logistic regression.",
        n_items=600,
        n_labels=1800,
        n_annotators=22,
        redundancy=3.0,
        n_classes=6,
        n_runs=6,
        honest=HonestRecord(Share(3, 6, 0.5, 0.12, 0.88), Mean(0.7, 0.0, 1.5, 6), (("peer_score", 3),)),
        attacks=tuple(attack(*one) for one in reversed(ATTACKS)),
        left_out=(("gold_leak", "there are no gold labels"),),
        failures=(("ring", "ValueError: no"),),
        notes=("It holds for attacks of this kind.",),
        settings={"seed": 0},
    )


@pytest.mark.parametrize("render", [render_blind_spots, render_blind_spots_fragment])
def test_a_reader_meets_what_cannot_be_seen_first(render):
    text = " ".join(" ".join(parsed(render(record())).text).split())
    assert text.index("copy_ring") < text.index("sleeper")
    assert "Give each pair 66 shared items." in text
    assert "FAILED ring" in text
    assert "gold_leak" in text
    assert "somebody was flagged in 3 of 6 runs (12 to 88 %) by peer_score 3; 0.7 (0.0 to 1.5) annotators" in text
    assert "Nothing here is about your annotators" in text


def test_the_terminal_has_a_table_of_eighty_columns():
    text = render_blind_spots_summary(record())
    assert max(map(cell_len, text.splitlines())) <= 80
    assert re.search(r"copy_ring +10 % +0 of 6 +0 to 46 +\u2013 +0\.08 +not detectable", text)
    assert re.search(r"sleeper +10 % +6 of 6 +54 to 100 +0\.53 +0\.08 +detectable", text)
    assert "To see copy_ring: Give each pair 66 shared items." in text
    assert "peer_score found sleeper (6 of 6)." in text
    assert "gold_leak was not run: there are no gold labels." in text
    assert "ring FAILED: ValueError: no." in text


def test_the_headline_counts_verdicts():
    assert state_verdicts(record()) == "Of 2 attacks planted here, 1 can be detected, 0 sometimes, 1 cannot."
    assert "No attack" in state_verdicts(dataclasses.replace(record(), attacks=()))


def test_one_run_with_nothing_planted_is_told_as_a_count():
    once = HonestRecord(Share(1, 1, 1.0, 0.025, 1.0), Mean(2.0, NAN, NAN, 1), (("peer_score", 1),))
    text = render_blind_spots_summary(dataclasses.replace(record(), honest=once))
    assert "Nothing planted: 2 annotators flagged by peer_score." in " ".join(text.split())


def test_json_has_null_where_nothing_could_be_measured():
    document = json.loads(render_blind_spots_json(record()), parse_constant=pytest.fail)
    assert document["attacks"][1]["people"]["value"] is None
    assert not any(isinstance(value, float) and math.isnan(value) for value in document.values())
    assert document["honest"]["any_flag"]["k"] == 3


def test_the_page_loads_and_runs_nothing():
    html = render_blind_spots(record())
    page = parsed(html)
    assert "default-src 'none'" in (page.all("meta")[1]["content"] or "")
    assert not page.names & {"script", "link", "iframe", "img", "form"}
    assert len(page.all("table")) == len(page.all("caption"))
    assert len(html) < 100_000


@pytest.mark.parametrize("render", [render_blind_spots, render_blind_spots_fragment])
@pytest.mark.parametrize("name", [name for name in PAYLOADS if name != "empty"])
def test_hostile_strings_change_no_element(render, name):
    planted = audit_records.planted(record(), lambda s: PAYLOADS[name] + s)
    plain = audit_records.planted(record(), lambda s: "x" + s)
    page = parsed(render(planted))
    assert page.skeleton == parsed(render(plain)).skeleton
    assert page.names <= ALLOWED_ELEMENTS
    assert not ACTIVE.search(render(planted))


@pytest.mark.parametrize("name", list(PAYLOADS))
def test_hostile_strings_are_inert_on_the_terminal_and_in_json(name):
    planted = audit_records.planted(record(), lambda s: PAYLOADS[name] + s, literals=True)
    text = render_blind_spots_summary(planted)
    assert not ACTIVE.search(text)
    assert max(map(cell_len, text.splitlines())) <= 80
    assert render_blind_spots_json(planted).isascii()

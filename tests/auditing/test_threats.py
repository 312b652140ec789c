"""Outcomes of a run sorted under the seven risks."""

from __future__ import annotations

from annoaudit.auditing.threats import gather_threats
from annoaudit.findings import Outcome
from annoaudit.reporting.threats import CheckRecord


def risk(threats, title):
    return next(one for one in threats.risks if one.title == title)


def test_counts_add_up_over_questions_and_reasons_are_kept():
    threats = gather_threats(
        [
            Outcome("drift", "1", "a", "scored", n_targets=9, n_judged=8, n_flagged=1, why="too few labels"),
            Outcome("drift", "1", "b", "scored", n_targets=9, n_judged=9, n_flagged=2),
            Outcome("timing", "1", "a", "skipped", why="no times"),
            Outcome("peer_score", "1", "a", "failed", why="ValueError: odd"),
            Outcome("label_fusion", "1", "a", "scored", n_targets=4, n_judged=0, why="no peers"),
        ]
    )
    errors = risk(threats, "Annotation errors")
    assert errors.checked == (CheckRecord("drift", 18, 17, 3, "too few labels"),)
    assert {("timing", "no times"), ("peer_score", "it failed: ValueError: odd"), ("label_fusion", "no peers")} <= set(
        errors.not_checked
    )


def test_what_was_not_asked_for_is_not_zero():
    threats = gather_threats([Outcome("drift", "1", "a", "scored", n_targets=9, n_judged=9)])
    assert ("ring", "not asked for, or not made for labels of this kind") in risk(
        threats, "Malicious injection"
    ).not_checked
    assert not risk(threats, "Tampered data").checked
    assert "nightly job" in dict(risk(threats, "Tampered data").not_checked)["ledger"]


def test_checks_of_the_job_join_by_the_table_and_their_reasons_replace_its_words():
    threats = gather_threats(
        [], [CheckRecord("ledger", 4, 4, 1)], missing={"media_gone": "the server could not be reached"}
    )
    assert risk(threats, "Tampered data").checked == (CheckRecord("ledger", 4, 4, 1),)
    assert dict(risk(threats, "Incomplete data").not_checked)["media_gone"] == "the server could not be reached"


def test_a_detector_that_the_table_does_not_know_is_named():
    assert gather_threats([Outcome("mine", "1", "a", "scored", n_targets=1, n_judged=1)]).unmapped == ("mine",)


def test_detectors_of_other_kinds_are_no_gap():
    outcomes = [Outcome("drift", "1", "a", "scored", n_targets=9, n_judged=9)]
    listed = dict(risk(gather_threats(outcomes, kinds={"choice"}), "Annotation errors").not_checked)
    assert "box_location" not in listed
    assert "timing" in listed
    boxes = dict(risk(gather_threats(outcomes, kinds={"bbox"}), "Annotation errors").not_checked)
    assert "box_location" in boxes
    assert "timing" not in boxes

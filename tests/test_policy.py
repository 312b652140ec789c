"""Thresholds, budgets, caps and the order of the queue."""

import numpy as np
import pytest

from annoaudit.errors import UsageError
from annoaudit.findings import FINDING_COLUMNS, Explanation, Scores
from annoaudit.policy import Decision, Policy
from annoaudit.testing import make_team

TEAM = make_team(n_items=200, n_annotators=20, redundancy=2, seed=3)
VOTES = TEAM.votes()


def scores(suspicion, detector="one", level="label"):
    suspicion = np.asarray(suspicion, dtype=float)
    return Scores(
        detector, "1", level, VOTES.question, np.arange(len(suspicion)), suspicion,
        lambda at: [Explanation("Because.", {"at": int(i)}) for i in at],
        given=VOTES.label if level == "label" else None,
    )  # fmt: skip


def decide(*parts, policy=None, n_queue=1000):
    return Decision.of(policy or Policy(), VOTES, parts, n_queue)


def label_scores(**at):
    suspicion = np.full(len(VOTES), 0.1)
    for position, value in at.items():
        suspicion[int(position[1:])] = value
    return suspicion


@pytest.mark.parametrize(("n_labels", "expected"), [(1, 1), (100, 5), (101, 6), (9_990, 500), (1_000_000, 500)])
def test_the_default_queue_is_five_percent_and_at_most_500(n_labels, expected):
    assert Policy().size_queue(n_labels) == expected


def test_a_budget_replaces_the_default():
    assert Policy(budget=7).size_queue(1_000_000) == 7


@pytest.mark.parametrize("wrong", [{"budget": -1}, {"thresholds": {"one": 1.5}}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(UsageError):
        Policy(**wrong)


def test_flagging_does_not_depend_on_the_budget():
    one = scores(label_scores(p3=0.9, p5=0.6, p7=0.5))
    wide, narrow = decide(one), decide(one, n_queue=1)
    assert wide.n_flagged == narrow.n_flagged == 3
    assert len(wide.queue) == 3
    assert list(narrow.queue) == [3]


def test_a_label_that_could_not_be_judged_is_not_flagged():
    assert decide(scores(np.full(len(VOTES), np.nan))).n_flagged == 0


def test_two_detectors_that_agree_come_before_one_alone():
    first = scores(label_scores(p1=0.8, p2=0.8), "one")
    second = scores(label_scores(p2=0.8), "two")
    assert list(decide(first, second).queue) == [2, 1]


def test_a_detector_that_could_not_judge_does_not_lower_a_label():
    first = scores(label_scores(p1=0.8, p2=0.7), "one")
    silent = label_scores(p2=0.7)
    silent[1] = np.nan
    assert list(decide(first, scores(silent, "two")).queue) == [1, 2]


def test_at_most_five_percent_of_a_team_rounded_up_are_flagged():
    many = scores(np.linspace(0.96, 0.99, 20), "peer_score", "annotator")
    flagged = decide(many).flagged["peer_score"]
    assert list(np.flatnonzero(flagged)) == [19]


def test_findings_have_every_column_and_the_queue_first():
    team = scores(np.r_[np.zeros(19), 0.99], "peer_score", "annotator")
    table = decide(scores(label_scores(p3=0.9, p5=0.6)), team, n_queue=1).findings(TEAM, lambda who: f"p-{who}")
    assert list(table.columns) == list(FINDING_COLUMNS)
    assert list(table["rank"]) == [1, 0, 0]
    assert table["severity"].tolist() == ["L0", "L1", "L0"]
    assert table["annotator"].str.startswith("p-").all()
    assert table["given"][0] == VOTES.classes[VOTES.label[3]]


def test_a_fingerprint_does_not_move_with_the_score():
    a = decide(scores(label_scores(p3=0.9))).findings(TEAM, str)
    b = decide(scores(label_scores(p3=0.7, p4=0.9)), n_queue=1).findings(TEAM, str)
    assert a["fingerprint"][0] in set(b["fingerprint"])
    assert len(set(b["fingerprint"])) == 2


def test_nothing_flagged_gives_an_empty_table_with_its_columns():
    table = decide(scores(label_scores())).findings(TEAM, str)
    assert list(table.columns) == list(FINDING_COLUMNS)
    assert table.empty

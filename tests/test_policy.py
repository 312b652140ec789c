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


def gives(*, p=None, e=None, effect=None, detector="one", level="annotator", members=()):
    size = len(p if p is not None else e)
    return Scores(
        detector, "1", level, VOTES.question, np.arange(size), np.linspace(0.6, 0.9, size),
        lambda at: [Explanation("Because.", {}) for _ in at], null="a null", members=members,
        p=None if p is None else np.asarray(p, float), e=None if e is None else np.asarray(e, float),
        effect=None if effect is None else np.asarray(effect, float),
    )  # fmt: skip


def test_p_values_are_flagged_with_the_false_discovery_rate_held():
    p = np.r_[0.001, 0.0049, 0.02, np.full(17, 0.6)]
    assert list(np.flatnonzero(Policy().flag(gives(p=p)))) == [0, 1]


def test_e_values_are_flagged_by_e_bh():
    e = np.r_[500.0, 210.0, 100.0, np.full(17, 0.9)]
    assert list(np.flatnonzero(Policy().flag(gives(e=e)))) == [0, 1]


def test_an_effect_too_small_to_matter_is_not_flagged():
    assert list(Policy().flag(gives(p=[1e-6, 1e-6], effect=[0.04, 0.06]))) == [False, True]


def test_the_cap_counts_all_detectors_of_a_run_and_says_what_it_held_back():
    one, two = (gives(p=np.full(20, 1e-6), detector=name) for name in ("peer_score", "targeted_flips"))
    decision = decide(one, two)
    flagged = [set(np.flatnonzero(mask)) for mask in decision.flagged.values()]
    assert len(set.union(*flagged)) == 1
    assert decision.held_back == 38


def test_groups_and_mechanism_are_beyond_the_cap():
    ring = gives(p=[1e-6], detector="ring", level="ring", members=(np.arange(6),))
    facts = gives(p=np.full(20, 1e-6), detector="identical_artefacts")
    decision = decide(ring, facts)
    assert decision.flagged["ring"].sum() == 1
    assert decision.flagged["identical_artefacts"].sum() == 20


def test_a_group_is_one_finding_with_its_members_and_the_adjusted_p():
    ring = gives(p=[0.01], detector="ring", level="ring", members=(np.array([3, 1]),))
    (row,) = decide(ring).findings(TEAM, lambda who: f"p-{who}").itertuples()
    assert row.annotator == "p-w01 + p-w03"
    assert row.p == pytest.approx(0.01)
    assert row.severity == "L2"


def test_the_leading_detector_weighs_as_much_as_all_others_together():
    first = scores(label_scores(p1=0.9, p2=0.6), "one")
    second = scores(label_scores(p1=0.9, p2=0.6), "two")
    lead = scores(label_scores(p1=0.6, p2=0.99), "label_fusion")
    assert list(decide(first, second, lead).queue) == [2, 1]

"""sequence_pattern: a cycle is found and told, poor clocks are refused."""

import numpy as np
import pytest

from annoaudit.detectors.sequence_pattern import SequencePattern
from annoaudit.errors import Unavailable
from annoaudit.policy import Policy
from annoaudit.simulation import ATTACKS, TeamDesign, simulate_team
from annoaudit.simulation.tables import as_labels
from simulated_teams import SMALL, evidence_of, with_times, without


@pytest.fixture(scope="module")
def attacked():
    return ATTACKS["alternating"].plant(simulate_team(SMALL, seed=1), 0.08, seed=1)


def test_who_cycles_is_flagged_and_nobody_else(attacked):
    scores = SequencePattern().score(evidence_of(attacked))
    assert np.array_equal(Policy().flag(scores), attacked.suspects)


def test_the_reason_gives_the_lag_and_both_rates(attacked):
    scores = SequencePattern().score(evidence_of(attacked))
    (told,) = scores.explain(np.flatnonzero(attacked.suspects))
    assert "labels equal the one they gave" in told.reason
    assert told.evidence["lag"] in range(1, 6)
    assert told.evidence["examples"]
    assert told.evidence["first_labels"][:4] == ["class 0", "class 1", "class 2", "class 3"]


def test_without_times_there_is_no_order(attacked):
    evidence = evidence_of(attacked, without(as_labels(attacked), "annotations", "created_at"))
    with pytest.raises(Unavailable, match="no submission times"):
        SequencePattern().score(evidence)


def test_stamps_of_an_import_are_no_order(attacked):
    stamped = with_times(as_labels(attacked), attacked.annotator * 1000)
    with pytest.raises(Unavailable, match="at times of their own"):
        SequencePattern().score(evidence_of(attacked, stamped))


def test_a_clock_that_runs_backwards_is_read_backwards(attacked):
    turned = with_times(as_labels(attacked), 2 * attacked.submitted_ms.max() - attacked.submitted_ms)
    scores = SequencePattern().score(evidence_of(attacked, turned))
    assert np.array_equal(Policy().flag(scores), attacked.suspects)


def test_one_label_an_item_is_not_judged():
    single = simulate_team(TeamDesign(n_items=600, n_annotators=6, redundancy=1), seed=2)
    with pytest.raises(Unavailable, match="nobody's items have 1 other labels on average"):
        SequencePattern().score(evidence_of(single, features=True))

"""Detectors of people on data that break careless arithmetic: they say what they lack, or accuse nobody."""

from functools import cache

import pytest

from annoaudit.detectors import load_detectors
from annoaudit.errors import Unavailable
from annoaudit.policy import Policy
from simulated_teams import ODD_TEAMS, evidence_of, odd_team

DETECTORS = (
    "sequence_pattern",
    "identical_artefacts",
    "accepts_predictions",
    "gold_gap",
    "self_consistency",
    "timing",
)


@cache
def evidence_on(name):
    return evidence_of(*odd_team(name))


@pytest.mark.parametrize("name", ODD_TEAMS)
@pytest.mark.parametrize("detector", DETECTORS)
def test_nobody_is_accused(detector, name):
    evidence = evidence_on(name)
    (judge,) = load_detectors([detector])
    try:
        scores = judge.score(evidence)
    except Unavailable as reason:
        told = reason.message
    else:
        told = "scored"
        assert not Policy().flag(scores).any()
    assert told

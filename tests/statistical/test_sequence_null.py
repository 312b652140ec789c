"""sequence_pattern holds its size on honest teams of every kind, and finds those who cycle."""

import numpy as np
import pytest

from annoaudit.detectors.sequence_pattern import SequencePattern
from annoaudit.policy import Policy
from annoaudit.simulation import ATTACKS, CONTROLS, TeamDesign, simulate_team
from simulated_teams import evidence_of

DESIGN = TeamDesign(n_items=600, n_annotators=20, redundancy=3)


def p_values(control, seeds):
    teams = (CONTROLS[control](simulate_team(DESIGN, seed=seed), seed) for seed in seeds)
    p = np.concatenate([SequencePattern().score(evidence_of(team)).p for team in teams])
    return p[np.isfinite(p)]


@pytest.mark.statistical
@pytest.mark.parametrize("control", list(CONTROLS))
def test_size_is_not_above_nominal(control):
    p = p_values(control, range(10))
    assert len(p) >= 180
    assert (p <= 0.05).mean() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)
    assert (p <= 0.01).mean() <= 0.01 + 3 * np.sqrt(0.01 * 0.99 / 200)


@pytest.mark.statistical
def test_those_who_cycle_are_found():
    found = 0
    for seed in range(5):
        team = ATTACKS["alternating"].plant(simulate_team(DESIGN, seed=seed), 0.05, seed)
        found += Policy().flag(SequencePattern().score(evidence_of(team)))[team.suspects].sum()
    assert found == 5

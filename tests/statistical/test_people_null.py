"""accepts_predictions and gold_gap hold their size on honest teams of every kind; timing flags no fast expert."""

import numpy as np
import pytest

from annoaudit.detectors.accepts_predictions import AcceptsPredictions
from annoaudit.detectors.gold_gap import GoldGap
from annoaudit.detectors.timing import Timing
from annoaudit.policy import Policy
from annoaudit.simulation import ATTACKS, CONTROLS, TeamDesign, simulate_team
from simulated_teams import evidence_of

DESIGN = TeamDesign(n_items=1000, n_annotators=20, redundancy=3, gold_share=0.25)


@pytest.mark.statistical
@pytest.mark.parametrize("detector", [AcceptsPredictions(), GoldGap()], ids=lambda one: one.name)
@pytest.mark.parametrize("control", list(CONTROLS))
def test_size_is_not_above_nominal(detector, control):
    teams = (CONTROLS[control](simulate_team(DESIGN, seed=seed), seed) for seed in range(8))
    p = np.concatenate([detector.score(evidence_of(team)).p for team in teams])
    p = p[np.isfinite(p)]
    assert len(p) >= 120
    assert (p <= 0.05).mean() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 160)
    assert (p <= 0.01).mean() <= 0.01 + 3 * np.sqrt(0.01 * 0.99 / 160)


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("detector", "attack", "fewest"),
    [(AcceptsPredictions(), "accepts_everything", 6), (GoldGap(), "gold_leak", 4)],
    ids=lambda one: getattr(one, "name", ""),
)
def test_attackers_are_found(detector, attack, fewest):
    found = 0
    for seed in range(6):
        team = ATTACKS[attack].plant(simulate_team(DESIGN, seed=seed), 0.05, seed)
        found += int(Policy().flag(detector.score(evidence_of(team)))[team.suspects].sum())
    assert found >= fewest


@pytest.mark.statistical
def test_no_fast_expert_is_flagged_for_time():
    for seed in range(5):
        team = CONTROLS["fast_expert"](simulate_team(DESIGN, seed=seed), seed)
        assert not Policy().flag(Timing().score(evidence_of(team)))[team.suspects].any()

"""identical_artefacts names no pair of any innocent team, and the pairs behind which is one person."""

import numpy as np
import pytest

from annoaudit.detectors.identical_artefacts import IdenticalArtefacts
from annoaudit.policy import Policy
from annoaudit.simulation import ATTACKS, CONTROLS, TeamDesign, simulate_team
from simulated_teams import evidence_of

DESIGN = TeamDesign(n_items=600, n_annotators=12, redundancy=3)


@pytest.mark.statistical
@pytest.mark.parametrize("control", list(CONTROLS))
def test_no_pair_of_innocent_people_has_an_e_value_of_twenty(control):
    for seed in range(5):
        team = CONTROLS[control](simulate_team(DESIGN, seed=seed), seed)
        scores = IdenticalArtefacts().score(evidence_of(team))
        assert (scores.e < 20).all()
        assert not Policy().flag(scores).any()


@pytest.mark.statistical
def test_accounts_of_one_person_are_named():
    found, wrong = [], 0
    for seed in range(10):
        team = ATTACKS["duplicate_account"].plant(simulate_team(DESIGN, seed=seed), 0.2, seed)
        scores = IdenticalArtefacts().score(evidence_of(team))
        named = [team.suspects[scores.members[int(at)]].all() for at in np.flatnonzero(Policy().flag(scores))]
        found.append(sum(named) / 1)
        wrong += len(named) - sum(named)
    assert wrong == 0
    assert np.mean(found) >= 0.9  # two of twelve accounts: one pair a team

"""Honest teams are not accused, and planted attacks are found: a small part of benchmarks/forensics.py."""

import numpy as np
import pytest

from annoaudit.evidence import Evidence
from annoaudit.simulation import ATTACKS, CONTROLS, TeamDesign, simulate_team
from annoaudit.simulation.tables import as_labels
from annoaudit.statistics.cell_scan import scan_cells
from annoaudit.statistics.drift_alarm import StreamState, watch_stream

pytestmark = pytest.mark.statistical
TEAM = TeamDesign(n_items=500, n_annotators=20, redundancy=4)


def evidence_of(condition, seed, design=TEAM):
    team = CONTROLS[condition](simulate_team(design, seed=seed), seed)
    return team, Evidence(as_labels(team, texts=False), "label")


@pytest.mark.parametrize("condition", ["honest", "sloppy", "specialist", "guideline_change"])
def test_honest_people_are_rejected_at_most_as_often_as_stated(condition):
    flips, rings = [], []
    for seed in range(70_000, 70_012):
        team, evidence = evidence_of(condition, seed)
        group = team.suspects if team.suspects.any() else np.ones(team.n_annotators, dtype=bool)
        flips.append((scan_cells(evidence.cells).p[group] <= 0.05).mean())
        rings.append(evidence.ring.p <= 0.05)
    assert np.mean(flips) <= 0.1  # .05, and twice the standard error of so few teams
    assert np.sum(rings) <= 3  # 12 teams at .05: four or more have probability .002


def test_no_pair_of_an_honest_team_reaches_its_e_value():
    for seed in range(70_100, 70_108):
        _, evidence = evidence_of("honest", seed)
        assert evidence.pairs.log_e.max() < np.log(len(evidence.pairs.first) / 0.05)


def test_a_ring_that_no_majority_shows_is_found():
    found = []
    for seed in range(70_200, 70_204):
        team = ATTACKS["secret_subset_ring"].plant(
            simulate_team(TeamDesign(redundancy=5, n_items=1200), seed=seed), 0.2, seed
        )
        ring = Evidence(as_labels(team, texts=False), "label").ring
        right = team.suspects[ring.members]
        found.append(ring.p <= 0.05 and right.mean() >= 0.8 and right.sum() >= 0.75 * team.suspects.sum())
    assert sum(found) >= 3


def test_false_alarms_are_as_rare_as_the_run_length_says():
    rng = np.random.default_rng(70_300)
    alarms = 0
    for _ in range(300):
        chance = rng.beta(18, 2, 400)
        seen = watch_stream(rng.random(400) < chance, chance, StreamState(), run_length=2000, last_ms=0)
        alarms += seen.first >= 0
    assert alarms <= 300 * 400 / 2000

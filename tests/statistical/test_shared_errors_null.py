"""Honest teams that share hard items and usual mishearings: near_copies flags hardly anybody; copies are found."""

from __future__ import annotations

import numpy as np
import pytest

from annoaudit.evidence import Evidence
from annoaudit.simulation.transcripts import TranscriptDesign, simulate_transcripts
from annoaudit.statistics.texts.shared_errors import count_shared_errors

HARD = TranscriptDesign(n_items=120, n_annotators=8, error_rate=0.15, usual_mishearing=0.8, difficulty_sd=1.0)


def measure(design, seed):
    team = simulate_transcripts(design, seed)
    found = Evidence(team.labels, "transcript").transcripts
    return count_shared_errors(found.consensus.network, found.texts.annotator, len(found.texts.annotator_ids))


@pytest.mark.statistical
def test_p_values_of_honest_pairs_are_not_small_too_often():
    p = np.concatenate([measure(HARD, seed).p for seed in range(5100, 5110)])
    assert len(p) == 280
    assert (p < 0.05).mean() <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / len(p))
    assert (p < 0.01).mean() <= 0.01 + 2 * np.sqrt(0.01 * 0.99 / len(p))


@pytest.mark.statistical
def test_a_pair_that_copies_has_the_smallest_p_value():
    shared = measure(TranscriptDesign(n_items=120, n_annotators=8, n_copying=2), 5111)
    first = int(shared.p.argmin())
    assert (shared.first[first], shared.second[first]) == (0, 1)
    assert shared.p[first] < 1e-6

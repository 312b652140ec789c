"""The nulls of missingness hold where labels are missing by lot, though share and content drift along the order."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from annoaudit.statistics.two_sample import compare_classes, compare_features

pytestmark = pytest.mark.statistical

SIZE, N_BLOCKS, N_SETS = 300, 10, 200


def draw(seed, kept=0.0):
    """Places, classes, what is missing, and blocks: content and the share of what is missing drift together.

    ``kept`` is how much more often what lies high is missing.
    """
    rng = np.random.default_rng(seed)
    block = np.arange(SIZE) * N_BLOCKS // SIZE
    places = rng.normal(0.3 * block[:, None], 1.0, (SIZE, 8))
    classes = (rng.random(SIZE)[:, None] > np.array([0.2, 0.5])).sum(axis=1) * (rng.random(SIZE) > 0.03 * block)
    share = 0.1 + 0.06 * block + kept * (places[:, 0] - 0.3 * block > 0.5) + kept * (classes == 2)
    return places, np.eye(3)[classes.astype(int)], rng.random(SIZE) < share, block


def test_both_tests_reject_as_often_as_they_say():
    content, shares = [], []
    for seed in range(7000, 7000 + N_SETS):
        places, classes, is_missing, block = draw(seed)
        content.append(compare_features(places, is_missing, seed, block).p)
        shares.append(compare_classes(classes, is_missing, block, seed, pooled=True).p)
    for p in (np.array(content), np.array(shares)):
        for level in (0.05, 0.2):
            assert (p <= level).sum() <= binom.ppf(0.999, N_SETS, level)
        assert abs(p.mean() - 0.5) < 0.07


def test_without_blocks_the_drift_would_be_taken_for_a_finding():
    places, _, is_missing, _ = draw(7400)
    assert compare_features(places, is_missing, 7400).p < 0.01


def test_what_is_missing_by_content_is_found():
    p = []
    for seed in range(7500, 7510):
        places, classes, is_missing, block = draw(seed, kept=0.35)
        p.append((compare_features(places, is_missing, seed, block).p,
                  compare_classes(classes, is_missing, block, seed, pooled=True).p))  # fmt: skip
    assert ((np.array(p) < 0.05).sum(axis=0) >= [6, 9]).all()

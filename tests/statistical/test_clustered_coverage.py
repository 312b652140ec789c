"""Clustered intervals cover the true share when labels on one item depend on each other."""

import numpy as np
import pytest

from annoaudit.statistics.clustered import clustered_interval


@pytest.mark.statistical
@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
def test_covers_the_share_of_errors_with_shared_item_difficulty(share):
    rng = np.random.default_rng(11)
    covered = 0
    for _ in range(1000):
        difficulty = rng.beta(share * 2, (1 - share) * 2, size=150)
        value = rng.random((150, 3)) < difficulty[:, None]
        _, low, high = clustered_interval(value.ravel(), np.repeat(np.arange(150), 3))
        covered += low <= share <= high
    assert covered >= 925  # nominal 950; three standard errors of 1,000 runs are 21


def test_ignoring_the_clusters_would_not_cover():
    rng = np.random.default_rng(12)
    covered = 0
    for _ in range(500):
        difficulty = rng.beta(0.2, 1.8, size=150)
        value = (rng.random((150, 3)) < difficulty[:, None]).ravel()
        _, low, high = clustered_interval(value, np.arange(450))
        covered += low <= 0.1 <= high
    assert covered < 460


def test_says_nothing_of_nothing():
    assert np.isnan(clustered_interval([], [])).all()


@pytest.mark.parametrize(("value", "expected"), [(np.zeros(20), 0.0), (np.ones(20), 1.0)])
def test_equal_observations_count_as_their_clusters(value, expected):
    share, low, high = clustered_interval(value, np.repeat(np.arange(10), 2))
    assert share == expected
    assert 0.25 < high - low < 0.35  # exact interval of 0 in 10 is [0, .308]

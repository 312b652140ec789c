"""The p values of edit patterns hold where nothing is planted, and find what is."""

import numpy as np
import pytest

from annoaudit.statistics.edits import excess_of_mean, excess_of_share

REPEATS = 400


def too_many(p, level):
    """More p values at most ``level`` than chance gives, beyond four standard errors."""
    return np.mean(p <= level) > level + 4 * np.sqrt(level * (1 - level) / len(p))


@pytest.mark.statistical
def test_means_of_random_groups_are_flagged_as_often_as_stated():
    rng = np.random.default_rng(1)
    p = []
    for k in range(REPEATS):
        values = rng.choice([-1.0, -0.5, 0.0, 1.0], 80, p=[0.5, 0.2, 0.2, 0.1])
        chosen = np.zeros(80, dtype=bool)
        chosen[rng.choice(80, rng.integers(10, 40), replace=False)] = True
        p.append(excess_of_mean(values, chosen, draws=499, seed=k).p)
    p = np.array(p)
    assert not any(too_many(p, level) for level in (0.01, 0.05, 0.2))
    assert 0.3 < p.mean() < 0.7


@pytest.mark.statistical
def test_shares_of_random_groups_are_flagged_as_often_as_stated():
    rng = np.random.default_rng(2)
    p = []
    for k in range(REPEATS):
        codes = rng.choice(6, 120, p=[0.4, 0.2, 0.2, 0.1, 0.05, 0.05])
        chosen = rng.permutation(120) < rng.integers(10, 60)
        mine, rest = (np.bincount(codes[part], minlength=6) for part in (chosen, ~chosen))
        p.append(excess_of_share(mine, rest, draws=499, seed=k).p)
    p = np.array(p)
    assert not any(too_many(p, level) for level in (0.01, 0.05, 0.2))


def test_planted_groups_are_found_and_the_category_is_named():
    rng = np.random.default_rng(3)
    values = np.concatenate([rng.normal(0, 0.4, 60), rng.normal(0.7, 0.4, 15)])
    found = excess_of_mean(values, np.arange(75) >= 60)
    assert found.p < 0.001
    assert (found.n, found.group > found.rest) == (15, True)
    found = excess_of_share(np.array([2, 18, 2]), np.array([40, 30, 50]))
    assert found.p < 0.001
    assert (found.category, found.n) == (1, 22)


@pytest.mark.parametrize(("mine", "rest"), [([0, 0], [3, 4]), ([3, 4], [0, 0]), ([5, 0], [9, 0])])
def test_what_cannot_be_judged_is_nan(mine, rest):
    assert np.isnan(excess_of_share(np.array(mine), np.array(rest)).p)
    assert np.isnan(excess_of_mean(np.arange(3.0), np.zeros(3, dtype=bool)).p)
    assert np.isnan(excess_of_mean(np.arange(3.0), np.ones(3, dtype=bool)).p)

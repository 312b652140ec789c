"""Equal details of pairs: counted by hand on small cases, and what they are worth."""

import itertools

import numpy as np
import pytest
from scipy.stats import binom

from annoaudit.statistics.coincidences import bound_chance, count_coincidences, weigh_coincidences


def counted_by_hand(item, source, value):
    """{pair: (items with an equal value, items of both)} the slow way."""
    has = {}
    for i, s, v in zip(item.tolist(), source.tolist(), value.tolist(), strict=True):
        has.setdefault((s, i), set()).add(v)
    result = {}
    for u, v in itertools.combinations(sorted({s for s, _ in has}), 2):
        both = [i for s, i in has if s == u and (v, i) in has]
        equal = sum(bool(has[u, i] & has[v, i]) for i in both)
        result[u, v] = (equal, len(both))
    return result


@pytest.mark.parametrize("seed", range(5))
def test_counts_are_those_made_by_hand(seed):
    rng = np.random.default_rng(seed)
    item, source, value = rng.integers(0, 12, 150), rng.integers(0, 6, 150), rng.integers(0, 5, 150)
    found = count_coincidences(item, source, value, 12, 6)
    expected = counted_by_hand(item, source, value)
    for u, v, equal, shared in zip(found.first, found.second, found.equal, found.shared, strict=True):
        assert (equal, shared) == expected[int(u), int(v)]
    assert len(found.equal) == sum(equal > 0 for equal, _ in expected.values())
    assert found.total_equal == sum(equal for equal, _ in expected.values())
    assert found.total_shared == sum(shared for _, shared in expected.values())


def test_nothing_in_common_lists_no_pair():
    found = count_coincidences(np.arange(4), np.arange(4), np.arange(4), 4, 4)
    assert len(found.first) == 0
    assert found.total_shared == 0
    assert len(weigh_coincidences(found.equal, found.shared, bound_chance(found)[0])) == 0


def test_coarse_values_have_a_high_chance_of_their_own():
    rng = np.random.default_rng(1)
    item = np.tile(np.arange(200), 6)
    source = np.repeat(np.arange(6), 200)
    value = rng.integers(0, 10**6, 1200)
    value[:400] = rng.integers(2, 5, 400)  # two quick people, timed in whole seconds
    found = count_coincidences(item, source, value, 200, 6)
    chance, _ = bound_chance(found)
    at = int(np.flatnonzero((found.first == 0) & (found.second == 1))[0])
    assert chance[at] > 1 / 3
    assert weigh_coincidences(found.equal, found.shared, chance)[at] < 1


@pytest.mark.parametrize("chance", [0.001, 0.02, 0.3])
def test_the_expected_e_value_under_the_null_is_one(chance):
    equal = np.arange(21)
    e = weigh_coincidences(equal, np.full(21, 20), np.full(21, chance))
    assert binom.pmf(equal, 20, chance) @ e == pytest.approx(1.0)


def test_a_chance_that_is_stated_too_high_makes_the_evidence_weaker():
    e = weigh_coincidences(np.full(2, 5), np.full(2, 20), np.array([0.01, 0.1]))
    assert e[1] < e[0]


def test_e_values_stay_finite():
    e = weigh_coincidences(np.array([10_000]), np.array([10_000]), np.array([0.0]))
    assert np.isfinite(e).all()
    assert e[0] > 1e200

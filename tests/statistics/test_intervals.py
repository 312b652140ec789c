import numpy as np
import pytest
from scipy import stats

from annoaudit.errors import UsageError
from annoaudit.statistics.intervals import (
    bootstrap_interval,
    exact_interval,
    logit_interval,
    wald_interval,
    wilson_interval,
)


@pytest.mark.parametrize(("k", "n"), [(0, 10), (1, 10), (7, 20), (20, 20), (499, 1000)])
@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_exact_and_wilson_equal_scipy(k, n, level):
    test = stats.binomtest(k, n)
    exact, wilson = test.proportion_ci(level, "exact"), test.proportion_ci(level, "wilson")
    np.testing.assert_allclose(exact_interval(k, n, level), (exact.low, exact.high), atol=1e-10)
    np.testing.assert_allclose(wilson_interval(k, n, level), (wilson.low, wilson.high), atol=1e-10)


def test_exact_interval_covers_at_least_its_level():
    n, k = 40, np.arange(41)
    low, high = exact_interval(k, n)
    for share in np.linspace(0.01, 0.99, 49):
        covered = (low <= share) & (share <= high)
        assert stats.binom.pmf(k, n, share)[covered].sum() >= 0.95


def test_intervals_take_arrays_and_know_nothing_without_trials():
    low, high = exact_interval([0, 3, 0], [5, 5, 0])
    assert low.shape == (3,)
    assert (low[2], high[2]) == (0, 1)
    assert [float(end) for end in wilson_interval(0, 0)] == [0, 1]


@pytest.mark.parametrize("call", [lambda: exact_interval(3, 2), lambda: wilson_interval(-1, 2)])
def test_impossible_counts_are_refused(call):
    with pytest.raises(UsageError, match="successes"):
        call()


@pytest.mark.parametrize("level", [0, 1, 95])
def test_impossible_levels_are_refused(level):
    with pytest.raises(UsageError, match="confidence level"):
        wilson_interval(1, 2, level)


def test_wald_interval_uses_students_quantile():
    low, high = wald_interval(0.5, 0.1, 11)
    assert high - low == pytest.approx(2 * 0.1 * stats.t.ppf(0.975, 11))


def test_logit_interval_stays_inside_and_agrees_with_wald_far_from_the_ends():
    low, high = logit_interval([0.99, -0.999], 0.01, 20, floor=-1.0)
    assert ((low > -1) & (low < high) & (high < 1)).all()
    np.testing.assert_allclose(logit_interval(0.5, 1e-4, 100, floor=0.0), wald_interval(0.5, 1e-4, 100), atol=1e-7)
    assert np.isnan(logit_interval(1.0, 0.0, 10)).all()


def test_bootstrap_interval_of_a_mean():
    rng = np.random.default_rng(1)
    replicates = rng.normal(0.3, 0.1, 20_000)
    low, high = bootstrap_interval(replicates, 0.3)
    assert (low, high) == pytest.approx((0.3 - 0.196, 0.3 + 0.196), abs=0.005)
    wide = bootstrap_interval(replicates, 0.3, n=10)
    assert wide[0] < low < high < wide[1]


def test_basic_bootstrap_interval_mirrors_the_percentiles():
    replicates = np.concatenate([np.zeros(50), np.linspace(0, 2, 51)])
    low, high = bootstrap_interval(replicates, 0.5)
    assert bootstrap_interval(replicates, 0.5, kind="basic") == pytest.approx((1 - high, 1 - low))


def test_bootstrap_interval_needs_half_of_its_replicates():
    assert np.isnan(bootstrap_interval([np.nan, np.nan, 1.0], 1.0)).all()
    assert bootstrap_interval([np.nan, 1.0, 1.0], 1.0) == (1.0, 1.0)
    with pytest.raises(UsageError, match="kind"):
        bootstrap_interval([1.0], 1.0, kind="other")

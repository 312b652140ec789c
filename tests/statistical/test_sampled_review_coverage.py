"""A planted stream, reviewed as a blinded review does it: do the intervals hold what they promise?"""

import numpy as np
import pytest

from annoaudit.errors import UsageError
from annoaudit.statistics.intervals import exact_interval
from annoaudit.statistics.sampled_review import estimate_detector

pytestmark = pytest.mark.statistical

FLAGGED = np.array([True, False, True, False])


def replicate(rng, size, rate, n_drawn, n_replications=600):
    """Cells: queued and flagged, queued by others, flagged beyond the queue, neither. The truth is fixed once."""
    wrong = [rng.random(one) < share for one, share in zip(size, rate, strict=True)]
    total = np.array([one.sum() for one in wrong])
    truth_precision = total[FLAGGED].sum() / size[FLAGGED].sum()
    truth_recall = total[FLAGGED].sum() / total.sum()
    pool = np.concatenate(wrong)
    cell = np.repeat(np.arange(4), size)
    covered, errors = np.zeros(3), []
    for number in range(n_replications):
        drawn = rng.choice(len(pool), n_drawn, replace=False)
        reviewed = np.zeros(len(pool), dtype=bool)
        reviewed[drawn] = True
        k = int(pool[drawn].sum())
        low, high = exact_interval([k], [n_drawn])
        covered[0] += low[0] <= pool.mean() <= high[0]
        reviewed |= cell < 2
        n = np.bincount(cell[reviewed], minlength=4)
        seen = np.bincount(cell[reviewed], weights=pool[reviewed], minlength=4).astype(np.int64)
        rates = estimate_detector(size, n, seen, FLAGGED, seed=number)
        covered[1] += rates.precision_low <= truth_precision <= rates.precision_high
        covered[2] += rates.recall_low <= truth_recall <= rates.recall_high
        errors.append([rates.precision - truth_precision, rates.recall - truth_recall])
    return covered / n_replications, np.array(errors)


@pytest.mark.parametrize(
    ("size", "rate", "n_drawn"),
    [
        ([300, 100, 500, 9100], [0.8, 0.3, 0.5, 0.03], 400),  # a usual project
        ([300, 100, 500, 9100], [0.8, 0.3, 0.5, 0.005], 200),  # hardly a mistake is missed
        ([100, 50, 0, 1850], [0.6, 0.5, 0.0, 0.1], 150),  # all flags are in the queue
        ([50, 10, 200, 740], [0.9, 0.2, 0.7, 0.2], 100),  # a small, bad project
    ],
)
def test_intervals_of_error_rate_precision_and_recall_cover_the_truth(size, rate, n_drawn):
    covered, _ = replicate(np.random.default_rng(7), np.array(size), rate, n_drawn)
    assert covered[0] >= 0.945  # exact
    assert covered[1] >= 0.93
    assert covered[2] >= 0.93


def test_the_weighted_precision_is_unbiased_and_recall_nearly():
    _, errors = replicate(np.random.default_rng(3), np.array([300, 100, 500, 9100]), [0.8, 0.3, 0.5, 0.03], 400)
    mean = np.nanmean(errors, axis=0)
    spread = np.nanstd(errors, axis=0)
    assert abs(mean[0]) < 0.15 * spread[0] + 0.003
    assert abs(mean[1]) < 0.3 * spread[1]


def test_a_fully_reviewed_stream_leaves_no_uncertainty():
    size = np.array([30, 10, 20, 40])
    rates = estimate_detector(size, size, np.array([20, 5, 10, 5]), FLAGGED)
    assert rates.precision == rates.precision_low == rates.precision_high == 30 / 50
    assert rates.recall == rates.recall_low == rates.recall_high == 30 / 40


def test_what_was_not_sampled_is_not_known():
    size, n = np.array([30, 10, 20, 40]), np.array([30, 10, 0, 0])
    rates = estimate_detector(size, n, np.array([20, 5, 0, 0]), FLAGGED)
    assert np.isnan(rates.precision)
    assert np.isnan(rates.recall)
    with pytest.raises(UsageError, match="must hold"):
        estimate_detector(size, size + 1, n, FLAGGED)

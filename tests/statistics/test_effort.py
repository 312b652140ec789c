"""Time against demand."""

import numpy as np
import pytest

from annoaudit.statistics.effort import find_bursts, measure_effort, usual_log_time


def made(seed, slopes):
    rng = np.random.default_rng(seed)
    annotator = np.repeat(np.arange(len(slopes)), 200)
    demand = rng.normal(3, 0.6, len(annotator))
    time = 0.5 + np.array(slopes)[annotator] * demand + rng.normal(0, 0.4, len(annotator))
    return annotator, time, demand


def test_the_slope_of_each_annotator_is_found():
    annotator, time, demand = made(1, [0.6, 0.6, 0.0])
    found = measure_effort(annotator, time, demand, 4)
    assert found.elasticity[:3] == pytest.approx([0.6, 0.6, 0.0], abs=0.15)
    assert (np.abs(found.elasticity[:3] - [0.6, 0.6, 0.0]) < 4 * found.se[:3]).all()
    assert np.isnan(found.elasticity[3])


def test_breaks_hardly_move_the_slope():
    annotator, time, demand = made(2, [0.6, 0.6])
    plain = measure_effort(annotator, time, demand, 2)
    time[::40] += 6.0
    assert np.abs(measure_effort(annotator, time, demand, 2).elasticity - plain.elasticity).max() < 0.15


def test_the_share_under_the_floor_counts_what_is_four_times_too_quick():
    annotator, time, demand = made(3, [0.6] * 6)
    time[:100] = 0.5 + 0.6 * demand[:100] - 4.0
    share = measure_effort(annotator, time, demand, 6).share_below_floor
    assert share[0] == pytest.approx(0.5, abs=0.02)
    assert share[1:].max() < 0.02


def test_items_that_are_alike_have_no_slope():
    annotator, time, _ = made(4, [0.6, 0.6])
    assert np.isnan(measure_effort(annotator, time, np.ones(len(time)), 2).elasticity).all()


def test_usual_time_is_that_of_the_others():
    item, annotator = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 0, 1, 0])
    usual = usual_log_time(item, annotator, np.array([1.0, 3.0, 2.0, 5.0, 3.0]), 3, 2)
    assert usual[:4] == pytest.approx([-1.0, -1.0, 1.0, 0.0])
    assert np.isnan(usual[4])


def test_a_run_of_quick_labels_is_a_burst():
    annotator = np.repeat([0, 1, 2], [200, 200, 5])
    at = np.r_[np.cumsum(np.full(200, 10_000)), np.cumsum(np.r_[np.full(180, 10_000), np.full(20, 100)]), np.arange(5)]
    found = find_bursts(annotator, at, 3)
    assert found[0] == pytest.approx(0.0)
    assert found[1] == pytest.approx(np.log(100))
    assert np.isnan(found[2])


def test_labels_sent_at_one_moment_do_not_divide_by_zero():
    assert np.isfinite(find_bursts(np.zeros(50, dtype=np.int64), np.full(50, 7), 1)).all()

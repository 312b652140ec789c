"""Orders of labels: what counts as a pattern, and what the p value is worth."""

import numpy as np
import pytest

from annoaudit.statistics.sequences import compare_orders, expect_in_context, stratify_by_place


def noisy_streams(n_annotators, n_labels, seed, n_classes=4):
    rng = np.random.default_rng(seed)
    annotator = np.repeat(np.arange(n_annotators), n_labels)
    expected = rng.integers(0, n_classes, len(annotator))
    wrong = rng.integers(0, n_classes, len(annotator))
    return annotator, expected, np.where(rng.random(len(annotator)) < 0.85, expected, wrong)


def test_strata_hold_near_labels_of_one_annotator_and_class():
    annotator = np.array([0, 0, 0, 0, 1, 1])
    expected = np.array([0, 0, 1, 0, 0, 0])
    stratum = stratify_by_place(annotator, expected, window=2)
    assert stratum[0] == stratum[1]
    assert stratum[4] == stratum[5]
    assert len({int(stratum[at]) for at in (0, 2, 3, 4)}) == 4


@pytest.mark.parametrize("period", [2, 4])
def test_a_cycle_is_found_at_its_lag_with_the_smallest_p(period):
    annotator, expected, label = noisy_streams(20, 100, seed=1)
    label[:100] = np.arange(100) % period
    found = compare_orders(annotator, label, stratify_by_place(annotator, expected, 20), 20)
    assert found.p[0] == pytest.approx(1e-4, rel=0.01)
    if found.excess[0] > 0:
        assert found.lag[0] % period == 0
    assert (found.p[1:] > 0.001).all()


def test_honest_streams_have_p_values_that_are_not_too_small():
    annotator, expected, label = noisy_streams(400, 60, seed=2)
    p = compare_orders(annotator, label, stratify_by_place(annotator, expected, 20), 400).p
    assert (p <= 0.05).mean() < 0.08  # nominal .05, three standard errors are .033
    assert (p <= 0.5).mean() < 0.58


def test_the_same_seed_draws_the_same_orders():
    annotator, expected, label = noisy_streams(5, 40, seed=3)
    stratum = stratify_by_place(annotator, expected, 20)
    first, second = (compare_orders(annotator, label, stratum, 5, seed=9) for _ in range(2))
    assert np.array_equal(first.p, second.p)


def test_labels_that_cannot_change_places_prove_nothing():
    annotator = np.zeros(40, dtype=np.int64)
    label = np.arange(40) % 2
    found = compare_orders(annotator, label, np.arange(40), 1)
    assert found.p[0] == 1
    assert found.z[0] == 0


def test_annotators_without_labels_have_p_one():
    annotator, expected, label = noisy_streams(2, 40, seed=4)
    found = compare_orders(annotator * 2, label, stratify_by_place(annotator * 2, expected, 20), 4)
    assert found.p[[1, 3]].tolist() == [1, 1]


def test_surroundings_mend_what_peers_got_wrong_in_a_block():
    q = np.full((30, 3), 0.05)
    q[:15, 0], q[15:, 1] = 0.9, 0.9
    q[7] = [0.35, 0.3, 0.35 + 1e-6]
    plain = q.argmax(axis=1)
    mended = expect_in_context(np.zeros(30, dtype=np.int64), q)
    assert plain[7] == 2
    assert mended[7] == 0
    assert np.array_equal(np.delete(plain, 7), np.delete(mended, 7))


def test_surroundings_do_not_reach_across_annotators():
    q = np.array([[0.9, 0.1], [0.9, 0.1], [0.45, 0.55], [0.1, 0.9], [0.1, 0.9]])
    assert expect_in_context(np.array([0, 0, 0, 1, 1]), q)[2] == 0
    assert expect_in_context(np.array([0, 0, 1, 1, 1]), q)[2] == 1


@pytest.mark.parametrize("n_labels", [1, 2, 4])
def test_streams_shorter_than_the_lags_prove_nothing(n_labels):
    annotator = np.zeros(n_labels, dtype=np.int64)
    found = compare_orders(annotator, np.arange(n_labels) % 2, annotator, 1)
    assert found.p[0] > 0.1

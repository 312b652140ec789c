"""The scan of residuals: exact tails, size under its null, and marks that others explain."""

import numpy as np
import pytest
from scipy import sparse
from scipy.stats import binom

from annoaudit.statistics.left_out_marks import rank_left_out
from annoaudit.statistics.multiplicity import adjust_p
from annoaudit.statistics.residual_scan import match_margins, pool_units, scan_residuals, tail_above


def world(seed, n=400, n_classes=4, n_marks=60):
    rng = np.random.default_rng(seed)
    chance = rng.dirichlet(np.full(n_classes, 0.3), n)
    label = (rng.random(n)[:, None] > chance.cumsum(axis=1)).sum(axis=1)
    present = sparse.csc_matrix((rng.random((n, n_marks)) < 0.05).astype(float))
    return chance, np.minimum(label, n_classes - 1), present, rng


def test_the_tail_is_that_of_the_binomial_where_all_probabilities_are_equal():
    for observed in (0, 1, 7, 20):
        assert tail_above(observed, np.full(20, 0.3)) == pytest.approx(binom.sf(observed - 1, 20, 0.3), abs=1e-12)


def test_beyond_the_exact_limit_the_bound_is_never_too_small():
    for observed in (620, 700, 900):
        assert tail_above(observed, np.full(3000, 0.2)) >= binom.sf(observed - 1, 3000, 0.2)


def test_clean_labels_are_rejected_no_more_than_stated():
    found = []
    for seed in range(40):
        chance, label, present, _ = world(seed)
        scan = scan_residuals(present, np.eye(4)[label], chance, level=0.05)
        found.append((adjust_p(scan.p.ravel()) <= 0.05).any())
    assert sum(found) <= 7  # nominal 2 of 40; above 7 with probability under .001


def test_a_mark_that_only_shares_items_with_the_trigger_is_not_found_for_it():
    chance, label, present, rng = world(1)
    chance = 0.94 * np.eye(4)[np.where(label == 2, 0, label)] + 0.015
    carried = rng.choice(400, 25, replace=False)
    label[carried] = 2
    table = present.toarray()
    table[:, 0] = np.isin(np.arange(400), carried)
    table[:, 1] = np.isin(np.arange(400), [*carried[:20], *rng.choice(400, 20)])
    label[np.setdiff1d(np.flatnonzero(label == 2), carried)] = 0
    scan = scan_residuals(sparse.csc_matrix(table), np.eye(4)[label], chance, level=0.05)
    assert scan.p[0, 2] < 1e-10
    assert scan.p[1, 2] > 0.05


def test_margins_are_matched_whatever_the_model_thinks_of_a_class():
    chance, label, _, _ = world(2)
    shares = np.eye(4)[label]
    skewed = chance * np.array([0.2, 1, 1, 3])
    matched = match_margins(skewed / skewed.sum(axis=1, keepdims=True), shares)
    np.testing.assert_allclose(matched.sum(axis=0), shares.sum(axis=0), rtol=0.02)
    np.testing.assert_allclose(matched.sum(axis=1), 1.0, rtol=1e-5)


def test_copies_are_pooled_to_shares():
    pooled = pool_units(np.array([0, 0, 0, 1]), np.array([1, 1, 0, 2]), 3, 3)
    np.testing.assert_allclose(pooled, [[1 / 3, 2 / 3, 0], [0, 0, 1], [0, 0, 0]])


@pytest.mark.parametrize("dense", [False, True])
def test_a_learned_mark_leads_the_ranks_once_it_is_left_out(dense):
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 3, 300)
    features = np.abs(np.eye(3)[truth] + 0.1 * rng.normal(size=(300, 3)))
    carried = rng.choice(np.flatnonzero(truth != 1), 20, replace=False)
    label = truth.copy()
    label[carried] = 1
    table = (rng.random((300, 30)) < 0.05).astype(float)
    table[:, 7] = np.isin(np.arange(300), carried)
    features = np.hstack([features, 3 * table[:, 7:8]])
    given = features if dense else sparse.csr_matrix(features)
    ranked = rank_left_out(given, sparse.csc_matrix(table), np.eye(3)[label])
    assert (ranked.mark[0], ranked.given[0]) == (7, 1)
    assert ranked.elsewhere[0] >= 18

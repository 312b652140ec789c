"""Coefficients beside scikit-learn's, which is always installed; benchmarks/coefficients.py compares with more."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score, jaccard_score

from annoaudit.statistics import agreement as ag
from annoaudit.statistics.preferences import fit_strengths
from annoaudit.statistics.set_agreement import jaccard
from annoaudit.statistics.spans.matching import match_spans
from annoaudit.statistics.spans.span_agreement import Marks, Pieces, measure_span_agreement


def draw_two(k, seed, n=200):
    rng = np.random.default_rng(seed)
    a = rng.integers(0, k, n)
    return a, np.where(rng.random(n) < 0.6, a, rng.integers(0, k, n))


@pytest.mark.parametrize("weights", [None, "linear", "quadratic"])
@pytest.mark.parametrize("k", [2, 3, 7])
def test_kappa_is_that_of_scikit_learn(k, weights):
    a, b = draw_two(k, 5200 + k)
    votes = ag.Votes.of(np.tile(np.arange(len(a)), 2), np.repeat([0, 1], len(a)), np.concatenate([a, b]), k)
    ours = ag.cohen_kappa(votes, weights or "identity").value
    assert ours == pytest.approx(cohen_kappa_score(a, b, weights=weights), abs=1e-12)


def test_token_kappa_is_that_of_scikit_learn():
    a, b = (one % 3 for one in draw_two(4, 5210, n=60))
    starts, rows = np.arange(60) * 2.0, []
    for who, said in enumerate((a, b)):
        rows += [(who, at, at + 1.0, label) for at, label in zip(starts, said, strict=True) if label < 2]
    place, start, end, label = (np.array(column) for column in zip(*rows, strict=True))
    item = np.zeros(len(place), dtype=np.int64)
    units = match_spans(item, place, start, end, label)
    sources = np.arange(2)
    marks = Marks(np.zeros(2, np.int64), sources, place, units.of, start, end, label, np.array([120.0]), 2)
    found = measure_span_agreement(marks, Pieces(np.zeros(60, np.int64), starts, starts + 1))
    ours = {one.name: one.value for one in found}["token_kappa"]
    assert ours == pytest.approx(cohen_kappa_score(a, b), abs=1e-12)


def test_similarity_of_sets_is_that_of_scikit_learn():
    sets = np.random.default_rng(5211).random((12, 5)) < 0.5
    ours = jaccard(sets)
    theirs = [[jaccard_score(a, b, zero_division=1.0) for b in sets] for a in sets]
    np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_strengths_are_those_of_logistic_regression_at_the_same_sharpness():
    """The common level of sharpness, which the two priors share out, is the only thing that is searched."""
    rng = np.random.default_rng(5212)
    s, a, n = 6, 3, 600
    first, who = rng.integers(0, s, n), rng.integers(0, a, n)
    second = (first + rng.integers(1, s, n)) % s
    rows = np.eye(s)[first] - np.eye(s)[second]
    sharp = np.array([0.6, 1.0, 1.6])[who]
    won = (rng.random(n) < 1 / (1 + np.exp(-sharp * (rows @ rng.normal(0, 1, s))))).astype(float)
    ours = fit_strengths(first, second, won, who, np.arange(n), s, a)

    def far(level):
        model = LogisticRegression(C=4.0, fit_intercept=False, tol=1e-10, max_iter=1000)
        fitted = model.fit(rows * np.exp(ours.sharpness[who] + level)[:, None], won)
        return float(np.abs(fitted.coef_[0] * np.exp(level) - ours.strength).max())

    assert minimize_scalar(far, bounds=(-0.5, 0.5), method="bounded").fun < 1e-3

"""Kappa of people with themselves."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from annoaudit.statistics.self_agreement import agree_with_self


def test_kappa_is_cohens():
    rng = np.random.default_rng(1)
    annotator = rng.integers(0, 4, 400)
    first = rng.integers(0, 3, 400)
    second = np.where(rng.random(400) < 0.7, first, rng.integers(0, 3, 400))
    found = agree_with_self(annotator, first, second, 5, 3)
    for who in range(4):
        mine = annotator == who
        assert found.kappa[who] == pytest.approx(cohen_kappa_score(first[mine], second[mine]))
        assert found.low[who] < found.kappa[who] < found.high[who]
    assert np.isnan(found.kappa[4])
    assert found.n[4] == 0


def test_one_class_only_cannot_be_judged():
    zeros = np.zeros(30, dtype=np.int64)
    assert np.isnan(agree_with_self(zeros, zeros, zeros, 1, 3).kappa[0])


def test_the_interval_covers_the_true_kappa():
    rng = np.random.default_rng(2)
    annotator = np.repeat(np.arange(1000), 40)
    first = rng.integers(0, 2, len(annotator))
    second = np.where(rng.random(len(annotator)) < 0.8, first, 1 - first)
    found = agree_with_self(annotator, first, second, 1000, 2)
    covered = (found.low <= 0.6) & (found.high >= 0.6)
    assert covered.mean() >= 0.92

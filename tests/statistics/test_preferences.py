"""Bradley-Terry strengths, leanings and circles, against truths that were planted or worked out by hand."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from annoaudit.statistics.preferences import count_circles, fit_strengths, measure_leaning


def compare(strength, sharp, n, seed):
    rng = np.random.default_rng(seed)
    pair = np.array([rng.choice(len(strength), 2, replace=False) for _ in range(n)])
    who = rng.integers(0, len(sharp), n)
    gap = strength[pair[:, 0]] - strength[pair[:, 1]]
    won = (rng.random(n) < expit(sharp[who] * gap)).astype(float)
    return pair[:, 0], pair[:, 1], won, who


def test_strengths_and_sharpness_are_found_again():
    strength, sharp = np.array([1.5, 0.5, 0.0, -0.5, -1.5]), np.array([1.0, 1.0, 1.0, 0.2])
    first, second, won, who = compare(strength, sharp, 4000, 5001)
    fitted = fit_strengths(first, second, won, who, np.arange(len(first)), 5, 4)
    assert (np.argsort(-fitted.strength) == np.arange(5)).all()
    assert fitted.sharpness.argmin() == 3
    assert np.corrcoef(fitted.strength, strength)[0, 1] > 0.99
    assert np.abs(fitted.strength.sum()) < 1e-8


def test_strengths_of_two_things_are_the_log_odds():
    won = np.r_[np.ones(750), np.zeros(250)]
    zeros, ones = np.zeros(1000, dtype=np.int64), np.ones(1000, dtype=np.int64)
    fitted = fit_strengths(zeros, ones, won, zeros, np.arange(1000), 2, 1)
    np.testing.assert_allclose(fitted.strength[0] - fitted.strength[1], np.log(3), atol=0.02)
    np.testing.assert_allclose(fitted.strength_se[0], np.sqrt(1 / 750 + 1 / 250) / 2, rtol=0.05)


def test_intervals_of_strengths_cover_differences_from_the_mean():
    strength, sharp = np.array([0.8, 0.2, -0.3, -0.7]), np.ones(6)
    covered = []
    for seed in range(5100, 5160):
        first, second, won, who = compare(strength, sharp, 400, seed)
        fitted = fit_strengths(first, second, won, who, np.arange(400), 4, 6)
        covered += list(np.abs(fitted.strength - strength) <= 1.96 * fitted.strength_se)
    assert 0.90 <= np.mean(covered) <= 0.99


def lean_team(seed, side=0.0, careless=0.0, share=0.5, n=300):
    """Five honest people and one who may lean to the first side or be careless; beliefs are right."""
    rng = np.random.default_rng(seed)
    annotator = np.repeat(np.arange(6), n)
    belief = np.where(rng.random(6 * n) < share, 0.85, 0.15)
    chance = np.where(annotator == 0, 0.5 + (1 - careless) * (belief - 0.5), belief)
    chance = np.where(annotator == 0, np.clip(chance + side, 0, 1), chance)
    return annotator, rng.random(6 * n) < chance, belief


def test_a_leaning_is_found_and_measured():
    annotator, first, belief = lean_team(5001, side=0.15)
    found = measure_leaning(annotator, first, belief, np.ones(len(belief)), 6)
    assert found.p[0] < 0.02
    assert found.p[1:].min() > 0.02
    assert found.low[0] < 0.15 < found.high[0]


def test_carelessness_is_no_leaning_even_where_one_side_is_mostly_right():
    hits = [
        measure_leaning(*lean_team(seed, careless=0.7, share=0.85), np.ones(1800), 6).p[0] < 0.05
        for seed in range(5100, 5200)
    ]
    assert np.mean(hits) <= 0.10


def test_circles_by_hand():
    # Judge 0 says 0>1, 1>2, 2>0 (a circle) and 3 over all; judge 1 is consistent.
    first = np.array([0, 1, 2, 3, 3, 3, 0, 1, 0])
    second = np.array([1, 2, 0, 0, 1, 2, 1, 2, 2])
    judge = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1])
    found = count_circles(judge, np.zeros(9, dtype=np.int64), first, second, np.ones(9))
    n, circular = found.by_judge(2)
    assert n.tolist() == [4, 1]
    assert circular.tolist() == [1, 0]
    assert found.things[found.circular].tolist() == [[0, 1, 2]]


def test_a_coin_makes_a_quarter_circular():
    rng = np.random.default_rng(5003)
    pairs = np.array([(a, b) for a in range(12) for b in range(a)])
    context = np.repeat(np.arange(30), len(pairs))
    both = np.tile(pairs, (30, 1))
    found = count_circles(
        np.zeros(len(both), int), context, both[:, 0], both[:, 1], rng.integers(0, 2, len(both)) * 1.0
    )
    assert len(found.judge) == 30 * 220
    assert abs(found.circular.mean() - 0.25) < 0.02

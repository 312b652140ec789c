"""Gold items against others."""

import numpy as np
import pytest

from annoaudit.statistics.gold_contrast import contrast_gold
from annoaudit.statistics.peer_predictive import PeerPredictive
from annoaudit.statistics.peer_shortfall import average_by, shortfall_of_agreement


def made(n_annotators, seed, leak=()):
    rng = np.random.default_rng(seed)
    annotator = np.repeat(np.arange(n_annotators), 120)
    on_gold = np.tile(np.arange(120) < 40, n_annotators)
    q = rng.uniform(0.6, 0.98, len(annotator))
    chance = np.where(np.isin(annotator, leak), np.where(on_gold, 1.0, 0.5), q)
    return annotator, (rng.random(len(annotator)) < chance).astype(float), q, on_gold


def test_who_knows_the_gold_items_has_the_smallest_p():
    annotator, agrees, q, on_gold = made(20, 1, leak=[4])
    found = contrast_gold(annotator, agrees, q, on_gold, 20, fewest=(20, 20))
    assert found.p.argmin() == 4
    assert found.p[4] < 1e-4
    assert found.rate_gold[4] == 1.0
    assert found.gap[4] > 0.2


def test_honest_people_have_no_small_p_too_often():
    p = np.concatenate([contrast_gold(*made(20, seed), 20, fewest=(20, 20)).p for seed in range(100)])
    assert (p <= 0.05).mean() <= 0.065
    assert (p <= 0.01).mean() <= 0.02


def test_too_few_labels_of_a_kind_are_not_judged():
    annotator, agrees, q, on_gold = made(5, 2)
    found = contrast_gold(annotator, agrees, q, on_gold & (annotator != 2), 5, fewest=(20, 20))
    assert found.judged.tolist() == [True, True, False, True, True]
    assert np.isnan(found.p[2])


def test_rates_are_the_plain_means():
    annotator, agrees, q, on_gold = made(3, 3)
    found = contrast_gold(annotator, agrees, q, on_gold, 3, fewest=(1, 1))
    mine = annotator == 1
    assert found.rate_gold[1] == pytest.approx(agrees[mine & on_gold].mean())
    assert found.rate_other[1] == pytest.approx(agrees[mine & ~on_gold].mean())
    assert found.expected_other[1] == pytest.approx(q[mine & ~on_gold].mean())


def test_easy_gold_does_not_make_the_less_skilled_look_informed():
    rng = np.random.default_rng(5)
    small = 0
    for _ in range(60):
        annotator, _, _, on_gold = made(20, 1)
        odds = np.where(on_gold, 3.0, 1.0) + rng.normal(0, 0.5, len(annotator))
        skill = np.where(annotator < 4, -1.5, 0.0)
        agrees = (rng.random(len(odds)) < 1 / (1 + np.exp(-odds - skill))).astype(float)
        looks = 1 / (1 + np.exp(-(odds - 0.7 * on_gold)))  # peers' probabilities hide a part of the ease
        found = contrast_gold(annotator, agrees, looks, on_gold, 20, fewest=(20, 20))
        small += int((found.p[:4] <= 0.05).sum())
    assert small <= 0.08 * 240


def test_shortfall_is_confidence_less_agreement():
    expected, confidence = np.array([1, 1, 0, 0]), np.array([0.9, 0.7, 0.5, 0.9])
    q = np.zeros((4, 3), dtype=np.float32)
    q[np.arange(4), expected] = confidence
    peers = PeerPredictive(q, expected, np.ones(4), np.array([True, True, True, False]))
    shortfall, se, n = shortfall_of_agreement(np.array([0, 0, 1, 2]), np.array([1, 2, 0, 1]), peers, 3)
    assert shortfall.tolist() == pytest.approx([0.3, -0.5, 0.0], abs=1e-6)
    assert n.tolist() == [2, 1, 0], "a label of which nothing else is known does not count"
    assert (se > 0).all()


def test_nobody_has_an_average_of_nothing():
    mean, _, n = average_by(np.array([1]), np.array([0.5]), np.array([0.25]), 2)
    assert (mean[0], n[0]) == (0.0, 0)

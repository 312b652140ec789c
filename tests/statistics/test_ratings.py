"""Reliability, severity and strays, against published values and planted truths."""

from __future__ import annotations

import numpy as np
import pytest

from annoaudit.statistics.agreement import Votes, krippendorff_alpha
from annoaudit.statistics.ratings import fit_raters, interval_alpha, intraclass, judge_residuals

SHROUT = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float)
"""Six targets by four judges, from Shrout and Fleiss (1979), table 2."""


def long(table):
    item, annotator = np.indices(table.shape)
    return item.ravel(), annotator.ravel(), table.ravel()


def test_icc_is_that_of_shrout_and_fleiss():
    one, many = intraclass(*long(SHROUT))
    assert (round(one.value, 2), round(many.value, 2)) == (0.29, 0.62)
    assert (round(one.low, 2), round(one.high, 2)) == (0.02, 0.76)
    assert one.interval == "F"


def test_icc_of_missing_ratings_is_near_that_of_all():
    rng = np.random.default_rng(5001)
    table = rng.normal(0, 1, (600, 1)) + rng.normal(0, 0.5, 8) + rng.normal(0, 0.7, (600, 8))
    item, annotator, value = long(table)
    kept = rng.random(len(item)) < 0.4
    whole, _ = intraclass(item, annotator, value)
    part, _ = intraclass(item[kept], annotator[kept], value[kept])
    assert part.interval == "jackknife"
    assert part.low < whole.value < part.high
    assert part.value == pytest.approx(whole.value, abs=0.04)


def test_nothing_shared_is_no_reliability():
    one, _ = intraclass(np.arange(10), np.zeros(10, dtype=int), np.arange(10.0))
    assert np.isnan(one.value)
    assert one.why


def test_interval_alpha_from_sums_is_krippendorffs():
    rng = np.random.default_rng(5002)
    item, annotator = np.repeat(np.arange(80), 3), np.tile(np.arange(3), 80)
    label = np.clip(np.repeat(rng.integers(0, 7, 80), 3) + rng.integers(-1, 2, 240), 0, 6)
    kept = rng.random(240) < 0.8
    other = krippendorff_alpha(Votes.of(item[kept], annotator[kept], label[kept], 7), "interval")
    assert interval_alpha(item[kept], label[kept].astype(float)).value == pytest.approx(other.value, abs=1e-9)


def team(seed, n=400, redundancy=3, n_annotators=10):
    rng = np.random.default_rng(seed)
    item = np.repeat(np.arange(n), redundancy)
    who = np.concatenate([rng.permutation(n_annotators)[:redundancy] for _ in range(n)])
    worth, severity = rng.normal(0, 1, n), rng.normal(0, 0.4, n_annotators)
    scale = np.exp(rng.normal(0, 0.15, n_annotators))
    value = severity[who] + scale[who] * worth[item] + rng.normal(0, 0.5, len(item))
    return item, who, value, severity - severity.mean(), scale, worth


def test_intervals_of_severity_and_scale_cover_what_was_planted():
    severe, scaled = [], []
    for seed in range(5100, 5130):
        item, who, value, severity, scale, _ = team(seed)
        model = fit_raters(item, who, value, 400, 10)
        severe += list(np.abs(model.severity - severity) <= 1.96 * model.severity_se)
        scaled += list(np.abs(model.scale / model.scale.mean() - scale / scale.mean()) <= 1.96 * model.scale_se)
    assert 0.90 <= np.mean(severe) <= 0.99
    assert 0.88 <= np.mean(scaled) <= 0.99


def test_what_was_expected_knows_nothing_of_the_rating_itself():
    item, who, value, *_ = team(5001, n=60)
    before = fit_raters(item, who, value, 60, 10)
    changed = value.copy()
    changed[0] += 3.0
    after = fit_raters(item, who, changed, 60, 10)
    # The rating moves severity and noise a little, never by its own size.
    assert abs(after.expected[0] - before.expected[0]) < 0.45


def test_strays_are_ranked_first_and_their_share_is_seen():
    item, who, value, *_ = team(5003, n=800)
    rng = np.random.default_rng(5004)
    stray = rng.random(len(value)) < 0.05
    value = np.where(stray, value + rng.choice([-3.0, 3.0], len(value)), value)
    model = fit_raters(item, who, value, 800, 10)
    wrong, share = judge_residuals(value, model.expected, model.expected_sd)
    first = np.argsort(-wrong)[: stray.sum()]
    assert stray[first].mean() > 0.8
    assert 0.03 < share < 0.12


def test_one_rating_an_item_is_not_judged_without_a_prior():
    item, who, value, *_ = team(5005, n=100, redundancy=1)
    model = fit_raters(item, who, value, 100, 10)
    assert np.isnan(model.expected).all()
    wrong, share = judge_residuals(value, model.expected, model.expected_sd)
    assert np.isnan(wrong).all()
    assert np.isnan(share)

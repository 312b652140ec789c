"""Two-sample tests: size on exchangeable data, and shifts that are found."""

import numpy as np

from annoaudit.statistics.two_sample import compare_classes, compare_features

NEW = np.arange(200) < 50
ONE = np.zeros(200, dtype=np.int64)


def test_size_on_exchangeable_items_is_nominal():
    p = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        label = np.eye(4)[rng.integers(0, 4, 200)]
        p.append([compare_features(rng.normal(size=(200, 5)), NEW, seed).p, compare_classes(label, NEW, ONE, seed).p])
    rejected = (np.array(p) <= 0.05).mean(axis=0)
    assert (rejected <= 0.2).all()  # 40 runs: nominal 2, above 8 with probability under .001


def test_a_moved_mean_and_a_moved_spread_are_both_found():
    rng = np.random.default_rng(1)
    places = rng.normal(size=(200, 5))
    assert compare_features(places + 1.0 * NEW[:, None], NEW, 0).p <= 0.001
    assert compare_features(places * (1 + 1.5 * NEW[:, None]), NEW, 0).p <= 0.01


def test_the_class_that_moved_is_named_with_its_difference():
    rng = np.random.default_rng(2)
    code = np.where(NEW & (rng.random(200) < 0.5), 3, rng.integers(0, 4, 200))
    shift = compare_classes(np.eye(4)[code], NEW, ONE, 0)
    assert shift.p <= 0.005
    assert shift.which == 3
    assert shift.effect_low < (code[NEW] == 3).mean() - (code[~NEW] == 3).mean() < shift.effect_high


def test_a_difference_between_strata_is_none_within_them():
    rng = np.random.default_rng(3)
    stratum = (rng.random(200) < np.where(NEW, 0.9, 0.1)).astype(np.int64)
    values = np.eye(2)[stratum]
    assert compare_classes(values, NEW, ONE, 0).p <= 0.001
    assert compare_classes(values, NEW, stratum, 0).p > 0.5

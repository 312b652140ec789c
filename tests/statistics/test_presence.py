"""What is there, from marks and their absence: planted things, misses, additions and careless people."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from annoaudit.statistics.presence import infer_presence
from annoaudit.statistics.regions.location import blame_pairs
from annoaudit.statistics.truth_inference import infer_truth

N_CLASSES = 3


def draw_marks(seed, n_people=8, looks=2, n_wholes=250, missed=0.05, added=0.3, miscalled=0.05, careless=()):
    """Images of some 5 things of three classes, seen by some people each; what they mark and add."""
    rng = np.random.default_rng(seed)
    times = np.where(np.isin(np.arange(n_people), careless), 5.0, 1.0)
    rows, truth = [], []
    for whole in range(n_wholes):
        people = rng.permutation(n_people)[:looks]
        for _ in range(rng.poisson(5)):
            real = int(rng.integers(N_CLASSES))
            said = np.where(rng.random(looks) < missed * times[people], N_CLASSES, real)
            wrong = (rng.random(looks) < miscalled * times[people]) & (said < N_CLASSES)
            said[wrong] = (real + 1) % N_CLASSES
            if (said < N_CLASSES).any():
                rows += [(len(truth), who, label, whole) for who, label in zip(people, said, strict=True)]
                truth.append(real)
        for who in people:
            for _ in range(rng.poisson(added)):
                rows += [(len(truth), one, N_CLASSES if one != who else 0, whole) for one in people]
                truth.append(N_CLASSES)
    return *np.array(rows).T, np.array(truth)


def infer(item, who, label, whole, truth, **more):
    sizes = {"n_items": len(truth), "n_annotators": 8, "n_classes": N_CLASSES + 1}
    return infer_presence(item, who, label, whole, **sizes, **more)


def test_three_looks_tell_what_is_there():
    item, who, label, whole, truth = draw_marks(5300, looks=3)
    found = infer(item, who, label, whole, truth)
    assert found.model == "presence"
    assert found.converged
    np.testing.assert_allclose(found.posterior.sum(axis=1), 1.0)
    assert (found.posterior.argmax(axis=1) == truth).mean() > 0.98
    assert (found.accuracy_low <= found.accuracy).all()
    wrong = label != truth[item]
    assert average_precision_score(wrong, 1 - found.label_posterior) > 0.95


def test_of_two_looks_the_careless_ones_marks_are_doubted():
    """Where one of two marks a thing, a careless one's absence is a miss, another's an even chance."""
    item, who, label, whole, truth = draw_marks(5301, careless=(0, 1))
    found = infer(item, who, label, whole, truth)
    marks = np.bincount(item[label < N_CLASSES], minlength=len(truth))
    alone = marks[item] == 1
    absent = label == N_CLASSES
    careless = np.isin(who, (0, 1))
    doubted = 1 - found.label_posterior
    assert doubted[alone & absent & careless].mean() > doubted[alone & absent & ~careless].mean() + 0.2
    everything = infer_truth(item, who, label, n_items=len(truth), n_annotators=8, n_classes=N_CLASSES + 1)
    wrong = label != truth[item]
    plain = average_precision_score(wrong, 1 - everything.label_posterior)
    assert average_precision_score(wrong, doubted) > plain + 0.05


def test_what_two_looks_leave_open_stays_near_even():
    item, who, label, whole, truth = draw_marks(5302, missed=0.05, added=0.25, miscalled=0.0)
    found = infer(item, who, label, whole, truth)
    alone = np.bincount(item[label < N_CLASSES], minlength=len(truth)) == 1
    assert 0.3 < found.posterior[alone, -1].mean() < 0.7


def test_a_prediction_makes_a_lone_mark_real():
    item, who, label, whole, truth = draw_marks(5303)
    prior = np.full((len(truth), N_CLASSES + 1), 0.02)
    known = np.random.default_rng(5303).random(len(truth)) < 0.7
    prior[np.arange(len(truth)), truth] = np.where(known, 0.94, 0.02)
    prior[~known] = 1 / (N_CLASSES + 1)
    predicted = known & (truth < N_CLASSES)
    found = infer(item, who, label, whole, truth, item_prior=prior, predicted=predicted)
    lone = predicted & (np.bincount(item[label < N_CLASSES], minlength=len(truth)) == 1)
    assert found.posterior[lone, -1].max() < 0.2


def test_one_look_is_left_to_truth_inference():
    item, who, label, whole, truth = draw_marks(5304, looks=1)
    assert infer(item, who, label, whole, truth).model == "majority"


def test_no_votes_of_a_class_and_no_disagreement_do_no_harm():
    item = np.repeat(np.arange(30), 2)
    found = infer_presence(
        item, np.tile([0, 1], 30), np.zeros(60, dtype=np.int64), item // 3, n_items=30, n_annotators=2, n_classes=4
    )
    assert np.isfinite(found.posterior).all()
    assert found.label_posterior.min() > 0.95


def test_blame_for_a_pair_follows_the_record():
    rng = np.random.default_rng(5305)
    n = 2000
    people = np.stack([rng.permutation(6)[:2] for _ in range(n)])
    off_of = np.where(people == 0, 0.2, 0.02) > rng.random((n, 2))
    suspicion = np.repeat(np.where(off_of.any(axis=1), 0.95, 0.05), 2)
    shared = blame_pairs(suspicion, np.repeat(np.arange(n), 2), people.ravel(), 6)
    off, careless = suspicion > 0.5, people.ravel() == 0
    assert shared[off].min() >= 0.5
    assert shared[~off].max() < 0.5
    assert shared[off & careless].mean() > 0.8
    beside = np.repeat((people == 0).any(axis=1), 2)
    assert shared[off & ~careless & beside].mean() == pytest.approx(0.5, abs=0.02)

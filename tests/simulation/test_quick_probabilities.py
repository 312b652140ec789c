"""Quick class probabilities come from models that did not see what they judge."""

from dataclasses import replace

import numpy as np
import pytest

from annoaudit.errors import Unavailable
from annoaudit.evidence import Evidence
from annoaudit.evidence.features import build_features
from annoaudit.simulation.quick_probabilities import judge_quickly
from annoaudit.testing import make_team


def parts(**shape):
    evidence = Evidence(make_team(**{"n_annotators": 6, "redundancy": 3, **shape}), "label")
    return evidence.features, evidence.votes


def test_rows_are_probabilities_that_tell_classes_apart():
    features, votes = parts(n_items=200)
    judged = judge_quickly(features, votes, seed=0)
    np.testing.assert_allclose(judged.matrix.sum(axis=1), 1.0, rtol=1e-5)
    assert (judged.matrix[votes.item].argmax(axis=1) == votes.label).mean() > 0.7
    assert "logistic" in judged.source


@pytest.mark.parametrize("redundancy", [1, 3])
def test_nothing_can_be_learned_from_vectors_of_noise(redundancy):
    _, votes = parts(n_items=300, redundancy=redundancy)
    noise = np.random.default_rng(0).normal(size=(300, 100))
    labels = make_team(n_items=300, n_annotators=6, redundancy=redundancy)
    judged = judge_quickly(build_features(labels.items, supplied=noise), votes, seed=0)
    # A model that had seen the labels would know most of them: 100 columns separate 300 points.
    assert (judged.matrix[votes.item].argmax(axis=1) == votes.label).mean() < 0.4


def test_copies_are_never_apart():
    labels = make_team(n_items=300, n_annotators=6, redundancy=3)
    votes = labels.votes()
    half = np.random.default_rng(0).normal(size=(150, 100))
    twice = build_features(labels.items, supplied=np.vstack([half, half]))
    label = np.random.default_rng(1).integers(0, 4, 150)[votes.item % 150]
    copied = replace(votes, label=label)
    apart = judge_quickly(twice, copied, seed=0)
    together = judge_quickly(twice, copied, cluster=np.arange(300) % 150, seed=0)
    rates = [(one.matrix[votes.item].argmax(axis=1) == label).mean() for one in (apart, together)]
    assert rates[0] > 0.5
    assert rates[1] < 0.4


def test_one_class_and_hardly_any_labels_are_not_judged():
    features, votes = parts(n_items=60, n_classes=1)
    with pytest.raises(Unavailable):
        judge_quickly(features, votes, seed=0)
    features, votes = parts(n_items=3, redundancy=1)
    with pytest.raises(Unavailable):
        judge_quickly(features, votes, seed=0)

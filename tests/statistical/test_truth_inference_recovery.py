"""Planted truth: what is recovered, and how often the accuracy intervals cover."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from annoaudit.statistics.truth_inference import infer_truth

pytestmark = pytest.mark.statistical


@dataclass(frozen=True)
class Crowd:
    """Annotators drawn at random for each item; `misleading` items pull everyone to one wrong class."""

    n_items: int
    per_item: int
    n_annotators: int
    n_classes: int
    misleading: float = 0.0
    skewed: bool = False

    def draw(self, seed):
        rng = np.random.default_rng(seed)
        prior = np.full(self.n_classes, 1 / self.n_classes)
        truth = rng.choice(self.n_classes, self.n_items, p=prior)
        item = np.repeat(np.arange(self.n_items), self.per_item)
        order = np.argsort(rng.random((self.n_items, self.n_annotators)), axis=1)
        annotator = order[:, : self.per_item].ravel()
        ability = 1 / self.n_classes + (1 - 1 / self.n_classes) * rng.beta(8, 2, self.n_annotators)
        hard = rng.random(self.n_items) < self.misleading
        distractor = (truth + rng.integers(1, self.n_classes, self.n_items)) % self.n_classes
        rate = self.rates(ability, annotator, truth[item]) * np.where(hard[item], 0.5, 1.0)
        wrong = (truth[item] + rng.integers(1, self.n_classes, len(item))) % self.n_classes
        wrong = np.where(hard[item], distractor[item], wrong)
        label = np.where(rng.random(len(item)) < rate, truth[item], wrong)
        return item, annotator, label, truth, ability * (1 - self.misleading / 2)

    def rates(self, ability, annotator, truth):
        """Chance of a right label; skewed crowds miss the first class more than half of the time."""
        return np.where(truth == 0, 0.45, ability[annotator]) if self.skewed else ability[annotator]

    def infer(self, item, annotator, label, **options):
        sizes = {
            "n_items": self.n_items,
            "n_annotators": self.n_annotators,
            "n_classes": self.n_classes,
        }
        return infer_truth(item, annotator, label, **sizes, **options)


def mean_accuracy(crowd, model, n_draws):
    shares = []
    for seed in range(n_draws):
        item, annotator, label, truth, _ = crowd.draw(seed)
        posterior = crowd.infer(item, annotator, label, model=model).posterior
        lead = posterior >= posterior.max(axis=1, keepdims=True) - 1e-12
        shares.append((lead[np.arange(len(truth)), truth] / lead.sum(axis=1)).mean())
    return np.mean(shares)


def coverage(crowd, n_draws):
    """Share of annotators whose interval holds their long-run accuracy, and the mean error."""
    covered, error = [], []
    for seed in range(n_draws):
        item, annotator, label, _, accuracy = crowd.draw(seed)
        result = crowd.infer(item, annotator, label)
        inside = (result.accuracy_low <= accuracy) & (accuracy <= result.accuracy_high)
        judged = result.n_judged > 0
        covered.append(inside[judged])
        error.append((result.accuracy - accuracy)[judged])
    return np.concatenate(covered).mean(), np.concatenate(error).mean()


@pytest.mark.parametrize(
    "crowd",
    [
        Crowd(400, 3, 20, 3),
        Crowd(300, 3, 60, 4),
        Crowd(400, 5, 20, 3, misleading=0.2),
    ],
    ids=["dense", "15 labels an annotator", "misleading items"],
)
def test_auto_is_no_worse_than_majority_vote(crowd):
    assert mean_accuracy(crowd, "auto", 10) > mean_accuracy(crowd, "majority", 10) - 0.005


def test_auto_finds_class_dependent_errors():
    crowd = Crowd(800, 5, 20, 2, skewed=True)
    assert mean_accuracy(crowd, "auto", 5) > mean_accuracy(crowd, "majority", 5) + 0.02


def test_annotators_are_ranked_by_ability():
    item, annotator, label, _, accuracy = (crowd := Crowd(1000, 5, 20, 3)).draw(0)
    assert np.corrcoef(crowd.infer(item, annotator, label).accuracy, accuracy)[0, 1] > 0.9


@pytest.mark.parametrize(
    "crowd",
    [Crowd(400, 5, 20, 3), Crowd(400, 3, 20, 3), Crowd(1000, 5, 20, 2), Crowd(300, 3, 60, 4)],
    ids=["5 votes, K=3", "3 votes, K=3", "5 votes, K=2", "15 labels an annotator, K=4"],
)
def test_intervals_cover_when_labels_are_independent_given_the_truth(crowd):
    share, error = coverage(crowd, 30)
    assert 0.92 <= share <= 0.98
    assert abs(error) < 0.01


def test_misleading_items_make_accuracy_look_better_than_it_is():
    share, error = coverage(Crowd(400, 5, 20, 3, misleading=0.2), 20)
    assert 0.02 < error < 0.08
    assert share > 0.7

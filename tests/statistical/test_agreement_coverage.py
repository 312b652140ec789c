"""Intervals of agreement coefficients hold the truth as often as they say.

Items are drawn from a population whose coefficients follow in closed form: two classes, three degrees of difficulty
that all annotators share, and a few annotators who stay the same.
"""

import numpy as np
import pytest
from scipy import stats

from annoaudit.statistics.agreement.coefficients import measure_agreement

pytestmark = pytest.mark.statistical
REPLICATIONS = 400
FEWEST = int(stats.binom.ppf(0.0005, REPLICATIONS, 0.935))  # .935: what .93-.97 allows, less the sampling error


def population(seed, n_annotators, prevalence):
    """Shares of kinds of items (C,), and how often each annotator calls each kind the first class (C, A)."""
    rng = np.random.default_rng(seed)
    skill, bias = rng.normal(1.0, 0.5, n_annotators), rng.normal(0, 0.4, n_annotators)
    ease = np.array([3.0, 1.2, -0.3])[:, None]
    first = [1 / (1 + np.exp(-sign * (ease + skill) - bias)) for sign in (1, -1)]
    return np.outer([prevalence, 1 - prevalence], [0.5, 0.35, 0.15]).ravel(), np.concatenate(first)


def true_values(share, first):
    n_annotators = first.shape[1]
    pairs = 0.0
    chance = 0.0
    own = share @ first
    for p, q in ((first, own), (1 - first, 1 - own)):
        pairs += share @ (p.sum(1) ** 2 - (p**2).sum(1)) / (n_annotators * (n_annotators - 1))
        chance += (q.sum() ** 2 - (q**2).sum()) / (n_annotators * (n_annotators - 1))
    pooled = own.mean()
    by_chance = {
        "percent_agreement": 0,
        "fleiss_kappa": pooled**2 + (1 - pooled) ** 2,
        "krippendorff_alpha": pooled**2 + (1 - pooled) ** 2,
        "conger_kappa": chance,
        "gwet_ac1": 2 * pooled * (1 - pooled),
        "brennan_prediger": 0.5,
    }
    return {name: (pairs - c) / (1 - c) for name, c in by_chance.items()}


def draw(rng, share, first, n_items, keep):
    kind = rng.choice(len(share), n_items, p=share)
    label = (rng.random((n_items, first.shape[1])) > first[kind]).astype(int)
    item, annotator = np.nonzero(rng.random(label.shape) < keep)
    return item, annotator, label[item, annotator]


@pytest.mark.parametrize(
    ("n_annotators", "prevalence", "keep"), [(3, 0.2, 1.0), (5, 0.8, 0.6)], ids=["complete", "missing"]
)
def test_default_intervals_cover(n_annotators, prevalence, keep):
    share, first = population(11, n_annotators, prevalence)
    truth = true_values(share, first)
    held = dict.fromkeys(truth, 0)
    rng = np.random.default_rng(17)
    for _replication in range(REPLICATIONS):
        found = measure_agreement(*draw(rng, share, first, 100, keep), 2)
        for c in found:
            held[c.name] += c.low <= truth[c.name] <= c.high
    assert {name: n for name, n in held.items() if n < FEWEST} == {}
    assert max(held.values()) < REPLICATIONS  # an interval that always covers says too little


def test_bootstrap_intervals_cover():
    share, first = population(12, 4, 0.5)
    truth = true_values(share, first)
    held = dict.fromkeys(truth, 0)
    rng = np.random.default_rng(18)
    replications = 80
    for j in range(replications):
        votes = draw(rng, share, first, 100, 1.0)
        for c in measure_agreement(*votes, 2, kind="bootstrap", n_bootstrap=200, seed=j):
            held[c.name] += c.low <= truth[c.name] <= c.high
    fewest = stats.binom.ppf(0.0005, replications, 0.93)
    assert {name: n for name, n in held.items() if n < fewest} == {}


def test_estimates_centre_on_the_truth():
    share, first = population(13, 3, 0.3)
    truth = true_values(share, first)
    found = measure_agreement(*draw(np.random.default_rng(19), share, first, 200_000, 0.8), 2)
    for c in found:
        assert abs(c.value - truth[c.name]) < 4 * c.se, c.name
        assert c.se < 0.01

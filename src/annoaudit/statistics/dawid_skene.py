"""Expectation-maximisation for noisy labels: one-coin and hierarchical Dawid-Skene.

The observed label of annotator ``u`` on an item of true class ``k`` is drawn from row ``k`` of the
annotator's confusion matrix. Each matrix is a posterior mode under a Dirichlet prior whose mean is either the
pooled confusion of the team or the annotator's own one-coin matrix; ``strength`` says how many labels that
prior is worth in each row. The sufficient statistics are sums over items, so those of disjoint sets of items
add up.

References
----------
Dawid, A. P. and Skene, A. M. (1979). Maximum likelihood estimation of observer error-rates using the EM
algorithm. Applied Statistics 28, 20-28.
Kim, H.-C. and Ghahramani, Z. (2012). Bayesian classifier combination. AISTATS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from annoaudit.statistics.votes import FloatArray, Votes

__all__ = ["Fit", "ModelSettings", "expected_confusions", "fit_votes", "normalise_logs", "shrunk_rate"]

Shrinkage = Literal["one_coin", "pooled", "uniform"]
ClassPrior = Literal["estimated", "uniform"]

# Labels that the pooled accuracy is worth in each annotator's ability.
ABILITY_STRENGTH = 2.0
SMALLEST_RATE = 1e-4
SMALLEST_PROBABILITY = 1e-9


@dataclass(frozen=True)
class ModelSettings:
    """What is fitted.

    Parameters
    ----------
    toward
        What each annotator's confusion is shrunk to: ``one_coin`` (equal errors at the annotator's own
        ability), ``pooled`` (the confusion of the team) or ``uniform`` (plain smoothing).
    strength
        Labels the prior is worth in each row, > 0; infinite makes it the model itself.
    class_prior
        ``estimated`` from the labels or ``uniform``.
    """

    toward: Shrinkage
    strength: float
    class_prior: ClassPrior = "estimated"

    @property
    def is_one_coin(self) -> bool:
        """Whether one number describes an annotator."""
        return self.toward == "one_coin" and np.isinf(self.strength)


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted model.

    Attributes
    ----------
    settings
        What was fitted.
    posterior
        (N, K) probability of each true class.
    class_prior
        (K,) share of each class assumed for an item before its labels are seen.
    confusion
        (A, K, K) probability of label l (last axis) given class k, or None in the one-coin model.
    ability
        (A,) probability of a right label in the one-coin model, else None.
    log_likelihood
        Of all labels under the parameters that made the posterior, in nats.
    converged, n_iterations
        Whether no posterior moved by more than the tolerance, and after how many rounds.
    """

    settings: ModelSettings
    posterior: FloatArray
    class_prior: FloatArray
    confusion: FloatArray | None
    ability: FloatArray | None
    log_likelihood: float
    converged: bool
    n_iterations: int


def fit_votes(
    votes: Votes,
    settings: ModelSettings,
    *,
    log_item_prior: FloatArray | None = None,
    n_iterations: int = 100,
    tolerance: float = 1e-4,
    resume: Fit | None = None,
) -> Fit:
    """Fit by EM from the vote shares.

    Parameters
    ----------
    votes
        The labels.
    settings
        The model.
    log_item_prior
        (N, K) log prior of each item, used in place of the class prior.
    n_iterations
        Most rounds, >= 1, and more than those of `resume`.
    tolerance
        Largest change of any posterior at which to stop; a negative value runs every round.
    resume
        An earlier fit of the same model to continue; its rounds count.

    Returns
    -------
    Fit
        The posterior and the parameters.
    """
    posterior = votes.shares() if resume is None else resume.posterior.copy()
    seen = votes.per_item > 0
    converged, n_done = False, 0 if resume is None else resume.n_iterations
    while not converged and n_done < n_iterations:
        class_prior = _class_prior(posterior, seen, settings)
        rates, scores = _emissions(votes, settings, posterior)
        scores += np.log(class_prior) if log_item_prior is None else log_item_prior
        log_likelihood = normalise_logs(scores)
        converged = _largest_change(posterior, scores) <= tolerance
        posterior, n_done = scores, n_done + 1
    one_coin = settings.is_one_coin
    return Fit(
        settings,
        posterior,
        class_prior,
        None if one_coin else rates,
        rates if one_coin else None,
        log_likelihood,
        converged,
        n_done,
    )


def expected_confusions(votes: Votes, posterior: FloatArray) -> FloatArray:
    """Expected counts of label l for true class k; counts of disjoint sets of items add up.

    Parameters
    ----------
    votes
        The labels.
    posterior
        (N, K) probability of each true class.

    Returns
    -------
    ndarray
        (A, K, K), annotator by true class by label.
    """
    sums: FloatArray = votes.matrix.T @ posterior
    return sums.reshape(votes.n_annotators, votes.n_classes, votes.n_classes).transpose(0, 2, 1)


def shrunk_rate(right: FloatArray, total: FloatArray, pooled: float | np.float64) -> FloatArray:
    """Shrink success rates toward a pooled rate.

    Parameters
    ----------
    right, total
        Expected successes and trials, of one shape.
    pooled
        Rate of the team, in [0, 1]; worth two trials.

    Returns
    -------
    ndarray
        Rates strictly inside (0, 1), of the same shape.
    """
    rate = (right + ABILITY_STRENGTH * pooled) / (total + ABILITY_STRENGTH)
    return np.clip(rate, SMALLEST_RATE, 1.0 - SMALLEST_RATE)


def _class_prior(posterior: FloatArray, seen: npt.NDArray[np.bool_], settings: ModelSettings) -> FloatArray:
    n_classes = posterior.shape[1]
    if settings.class_prior == "uniform":
        return np.full(n_classes, 1.0 / n_classes)
    total = seen.astype(float) @ posterior + 1.0
    prior: FloatArray = total / total.sum()
    return prior


def _emissions(votes: Votes, settings: ModelSettings, posterior: FloatArray) -> tuple[FloatArray, FloatArray]:
    """M-step, then the log-likelihood (N, K) of each item's labels under each class."""
    if settings.is_one_coin:
        ability = _abilities(votes, posterior)
        return ability, _one_coin_scores(votes, ability)
    confusion = _confusions(expected_confusions(votes, posterior), settings)
    table = np.log(np.maximum(confusion, SMALLEST_PROBABILITY)).transpose(0, 2, 1)
    return confusion, votes.matrix @ table.reshape(-1, votes.n_classes)


def _abilities(votes: Votes, posterior: FloatArray) -> FloatArray:
    weights = posterior[votes.item, votes.label]
    right = np.bincount(votes.annotator, weights, votes.n_annotators).astype(float)
    return shrunk_rate(right, votes.per_annotator.astype(float), right.sum() / max(len(votes.item), 1))


def _one_coin_scores(votes: Votes, ability: FloatArray) -> FloatArray:
    wrong = np.log((1.0 - ability) / max(votes.n_classes - 1, 1))
    weight = (np.log(ability) - wrong)[votes.annotator]
    cell = votes.item.astype(np.int64) * votes.n_classes + votes.label
    scores: FloatArray = np.bincount(cell, weight, votes.n_items * votes.n_classes).astype(float)
    base: FloatArray = np.bincount(votes.item, wrong[votes.annotator], votes.n_items).astype(float)
    summed: FloatArray = scores.reshape(votes.n_items, votes.n_classes) + base[:, None]
    return summed


def _confusions(counts: FloatArray, settings: ModelSettings) -> FloatArray:
    prior = _prior_means(counts, settings.toward)
    if np.isinf(settings.strength):
        return prior.copy()
    rows = counts.sum(axis=2, keepdims=True)
    confusion: FloatArray = (counts + settings.strength * prior) / (rows + settings.strength)
    return confusion


def _prior_means(counts: FloatArray, toward: str) -> FloatArray:
    """(A, K, K) mean of each annotator's Dirichlet prior."""
    n_classes = counts.shape[1]
    if toward == "uniform":
        return np.broadcast_to(1.0 / n_classes, counts.shape)
    if toward == "pooled":
        pooled = counts.sum(axis=0) + 1.0 / n_classes
        return np.broadcast_to(pooled / pooled.sum(axis=1, keepdims=True), counts.shape)
    right, total = np.trace(counts, axis1=1, axis2=2), counts.sum(axis=(1, 2))
    rate = shrunk_rate(right, total, right.sum() / max(total.sum(), 1.0))[:, None, None]
    same = np.eye(n_classes)
    matrices: FloatArray = rate * same + (1.0 - rate) / max(n_classes - 1, 1) * (1.0 - same)
    return matrices


def normalise_logs(scores: FloatArray) -> float:
    """Turn log scores into probabilities, in place.

    Parameters
    ----------
    scores
        (N, K) logarithms of unnormalised probabilities; overwritten.

    Returns
    -------
    float
        Sum over the rows of the logarithm of their total.
    """
    top = scores.max(axis=1, keepdims=True)
    scores -= top
    np.exp(scores, out=scores)
    total = scores.sum(axis=1, keepdims=True)
    scores /= total
    return float(np.log(total).sum() + top.sum())


def _largest_change(before: FloatArray, after: FloatArray) -> float:
    np.subtract(before, after, out=before)
    np.abs(before, out=before)
    return float(before.max(initial=0.0))

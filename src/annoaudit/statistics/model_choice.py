"""Choosing the model of truth inference from the labels alone.

Every candidate is fitted to all labels and scored by how well it predicts each label from the item's other
labels. A candidate whose pooled confusion says that some class is usually labelled as another one has let
the meaning of its classes drift away from the labels and is not eligible, however well it predicts.

References
----------
Gelman, A., Hwang, J. and Vehtari, A. (2014). Understanding predictive information criteria for Bayesian
models. Statistics and Computing 24, 997-1016.
Zhang, Y., Chen, X., Zhou, D. and Jordan, M. I. (2016). Spectral methods meet EM: a provably optimal algorithm
for crowdsourcing. JMLR 17, 1-44 (diagonal dominance as the condition that ties classes to labels).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from annoaudit.statistics.dawid_skene import (
    SMALLEST_PROBABILITY,
    ClassPrior,
    Fit,
    ModelSettings,
    Shrinkage,
    expected_confusions,
    fit_votes,
    normalise_logs,
    shrunk_rate,
)
from annoaudit.statistics.votes import FloatArray, IntArray, Votes

__all__ = ["Candidate", "ChoiceRule", "choose_fit", "is_diagonally_dominant", "leave_one_out_score"]

BLOCK = 1 << 18
# Rounds after which candidates are compared; the chosen one goes on to the end.
SCREENING = 30
# Above this many confusion cells (800 MB each copy) one number an annotator is all that is fitted.
MOST_CELLS = 100_000_000


@dataclass(frozen=True)
class ChoiceRule:
    """How the model and its shrinkage are chosen; set once for all data.

    Parameters
    ----------
    toward
        What annotators may be shrunk to.
    strengths
        Shrinkage strengths to try, in labels a row.
    needs_dominance
        Whether a candidate must keep each class's own label the most usual one.
    one_coin_prior
        Class prior of the one-coin model, which is always eligible.
    has_one_coin
        Whether the one-coin model is a candidate.
    """

    toward: tuple[Shrinkage, ...] = ("one_coin", "pooled")
    strengths: tuple[float, ...] = (1.0, 4.0, 16.0)
    needs_dominance: bool = True
    one_coin_prior: ClassPrior = "uniform"
    has_one_coin: bool = True

    def one_coin(self) -> ModelSettings:
        """Return the settings of the one-coin model."""
        return ModelSettings("one_coin", float("inf"), self.one_coin_prior)

    def candidates(self) -> tuple[ModelSettings, ...]:
        """Return the settings to fit, the one-coin model last."""
        pairs = product(self.toward, self.strengths)
        hierarchical = tuple(ModelSettings(toward, strength) for toward, strength in pairs)
        return (*hierarchical, self.one_coin()) if self.has_one_coin else hierarchical


@dataclass(frozen=True)
class Candidate:
    """One model that was tried: its leave-one-out score in nats a label, and whether it was eligible."""

    settings: ModelSettings
    score: float
    eligible: bool


def choose_fit(
    votes: Votes,
    rule: ChoiceRule,
    *,
    log_item_prior: FloatArray | None = None,
    n_iterations: int = 100,
    tolerance: float = 1e-4,
) -> tuple[Fit, tuple[Candidate, ...]]:
    """Fit every candidate of the rule and keep the eligible one that predicts labels best.

    Parameters
    ----------
    votes
        The labels.
    rule
        The candidates and what makes them eligible.
    log_item_prior
        (N, K) log prior of each item, if there is one.
    n_iterations, tolerance
        As for `fit_votes`.

    Returns
    -------
    fit : Fit
        The chosen model.
    candidates : tuple of Candidate
        All that were tried, in the rule's order.
    """
    tried: list[Candidate] = []
    best: Fit | None = None
    best_score = -np.inf
    for settings in rule.candidates() if _is_affordable(votes) else (rule.one_coin(),):
        fit = fit_votes(
            votes,
            settings,
            log_item_prior=log_item_prior,
            n_iterations=min(n_iterations, SCREENING),
            tolerance=tolerance,
        )
        candidate = _judged(votes, fit, rule, log_item_prior)
        tried.append(candidate)
        if candidate.eligible and (best is None or candidate.score > best_score):
            best, best_score = fit, candidate.score
    assert best is not None
    return _finish(votes, best, log_item_prior, n_iterations, tolerance), tuple(tried)


def is_diagonally_dominant(counts: FloatArray) -> bool:
    """Whether the most usual label of each class is its own.

    Parameters
    ----------
    counts
        (K, K) expected counts, class by label; classes of less than one expected label are left out.

    Returns
    -------
    bool
        True if no class is labelled as another one more often than as itself.
    """
    seen = counts.sum(axis=1) >= 1.0
    return bool(np.all(counts.max(axis=1)[seen] <= np.diag(counts)[seen]))


def leave_one_out_score(votes: Votes, fit: Fit, *, log_item_prior: FloatArray | None = None) -> float:
    """Mean log-probability of each label, predicted from the item's other labels.

    The label's own share is taken out of the item's posterior, of the annotator's counts and of the prior
    mean; the other annotators' parameters and the other items' posteriors stay as fitted. Labels of items
    with nothing else to predict from are left out.

    Parameters
    ----------
    votes
        The labels.
    fit
        A model fitted to them.
    log_item_prior
        (N, K), as given to the fit.

    Returns
    -------
    float
        In nats a label; NaN if no label can be predicted.
    """
    judged = votes.per_item[votes.item] > 1
    if log_item_prior is not None:
        judged[:] = True
    index = np.flatnonzero(judged)
    if not len(index):
        return float("nan")
    counts = expected_confusions(votes, fit.posterior)
    blocks = (index[start : start + BLOCK] for start in range(0, len(index), BLOCK))
    return float(sum(_block_score(votes, fit, counts, block) for block in blocks) / len(index))


def _finish(votes: Votes, fit: Fit, log_item_prior: FloatArray | None, n_iterations: int, tolerance: float) -> Fit:
    if fit.converged or fit.n_iterations >= n_iterations:
        return fit
    return fit_votes(
        votes,
        fit.settings,
        log_item_prior=log_item_prior,
        n_iterations=n_iterations,
        tolerance=tolerance,
        resume=fit,
    )


def _is_affordable(votes: Votes) -> bool:
    return votes.n_annotators * votes.n_classes**2 <= MOST_CELLS


def _judged(votes: Votes, fit: Fit, rule: ChoiceRule, log_item_prior: FloatArray | None) -> Candidate:
    if not _is_affordable(votes):
        return Candidate(fit.settings, float("nan"), eligible=True)
    score = leave_one_out_score(votes, fit, log_item_prior=log_item_prior)
    if fit.settings.is_one_coin or not rule.needs_dominance:
        return Candidate(fit.settings, score, eligible=True)
    pooled = expected_confusions(votes, fit.posterior).sum(axis=0)
    return Candidate(fit.settings, score, eligible=is_diagonally_dominant(pooled))


def _block_score(votes: Votes, fit: Fit, counts: FloatArray, index: IntArray) -> float:
    """Sum of the leave-one-out log-probabilities of the labels at ``index``."""
    annotator, label = votes.annotator[index], votes.label[index]
    own = fit.posterior[votes.item[index]]
    emission = _label_rates(fit, annotator, label, votes.n_classes)
    others = np.log(np.maximum(own, SMALLEST_PROBABILITY**2)) - np.log(emission)
    normalise_logs(others)
    predicted = (others * _rates_without(counts, fit.settings, annotator, label, own)).sum(axis=1)
    return float(np.log(np.maximum(predicted, SMALLEST_PROBABILITY)).sum())


def _label_rates(fit: Fit, annotator: IntArray, label: IntArray, n_classes: int) -> FloatArray:
    """(L, K) probability of each given label under each class."""
    if fit.confusion is not None:
        return np.maximum(fit.confusion[annotator, :, label], SMALLEST_PROBABILITY)
    assert fit.ability is not None
    return _coin_rates(fit.ability[annotator], label, n_classes)


def _coin_rates(rate: FloatArray, label: IntArray, n_classes: int) -> FloatArray:
    rates = np.repeat((1.0 - rate)[:, None] / max(n_classes - 1, 1), n_classes, axis=1)
    rates[np.arange(len(label)), label] = rate
    return rates


def _rates_without(
    counts: FloatArray, settings: ModelSettings, annotator: IntArray, label: IntArray, own: FloatArray
) -> FloatArray:
    """(L, K) probability of each given label under each class, its own share taken out."""
    prior = _prior_without(counts, settings.toward, annotator, label, own)
    if np.isinf(settings.strength):
        return prior
    cell = np.maximum(counts[annotator, :, label] - own, 0.0)
    rows = np.maximum(counts.sum(axis=2)[annotator] - own, 0.0)
    rates: FloatArray = (cell + settings.strength * prior) / (rows + settings.strength)
    return rates


def _prior_without(
    counts: FloatArray, toward: str, annotator: IntArray, label: IntArray, own: FloatArray
) -> FloatArray:
    n_classes = counts.shape[1]
    if toward == "uniform":
        return np.full(own.shape, 1.0 / n_classes)
    if toward == "pooled":
        pooled = counts.sum(axis=0) + 1.0 / n_classes
        means: FloatArray = (pooled[:, label].T - own) / (pooled.sum(axis=1) - own)
        return means
    right, total = np.trace(counts, axis1=1, axis2=2), counts.sum(axis=(1, 2))
    own_right = own[np.arange(len(label)), label]
    share = right.sum() / max(total.sum(), 1.0)
    rate = shrunk_rate(right[annotator] - own_right, total[annotator] - 1.0, share)
    return _coin_rates(rate, label, n_classes)

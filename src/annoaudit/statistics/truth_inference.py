"""True classes and annotator accuracies from repeated labels.

References
----------
Dawid, A. P. and Skene, A. M. (1979). Maximum likelihood estimation of observer error-rates using the EM
algorithm. Applied Statistics 28, 20-28.
Louis, T. A. (1982). Finding the observed information matrix when using the EM algorithm. JRSS B 44, 226-233.
Zheng, Y. et al. (2017). Truth inference in crowdsourcing: is the problem solved? PVLDB 10, 541-552.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypedDict

import numpy as np
from scipy.special import betaincinv

from annoaudit.errors import UsageError
from annoaudit.statistics.dawid_skene import Fit, ModelSettings, fit_votes, normalise_logs
from annoaudit.statistics.model_choice import Candidate, ChoiceRule, choose_fit
from annoaudit.statistics.votes import FloatArray, IntArray, Votes

__all__ = [
    "DEFAULT_RULE",
    "ModelName",
    "TruthInference",
    "accuracy_interval",
    "infer_truth",
    "judge_votes",
    "majority_vote",
    "weigh_prior",
]

ModelName = Literal["auto", "majority", "one_coin", "hierarchical", "dawid_skene"]

# Chosen by leave-one-set-out on public crowd labels; benchmarks/truth_inference.py shows how.
DEFAULT_RULE = ChoiceRule()
# Exponent of the feature-based item prior: cross-validated probabilities are somewhat too sure.
PRIOR_WEIGHT = 0.7
SMALLEST_PRIOR = 1e-6


@dataclass(frozen=True, eq=False)
class TruthInference:
    """What the labels say about the items and about those who gave them.

    Attributes
    ----------
    model
        ``majority``, ``one_coin``, ``hierarchical``, ``dawid_skene`` or ``presence``.
    settings
        Shrinkage and class prior of the model; None for majority vote and presence.
    posterior
        (N, K) probability of each true class; the prior where an item has no label.
    class_prior
        (K,) share of each class assumed before an item's labels are seen.
    confusion
        (A, K, K) probability of label l (last axis) given class k; None unless the model has one.
    ability
        (A,) probability of a right label in the one-coin model, else None.
    label_posterior
        (L,) probability that the given label is right, in the order of the input.
    accuracy, accuracy_low, accuracy_high
        (A,) mean of `label_posterior` over the judged labels of each annotator, and its 95 % interval; NaN
        where no label could be judged.
    n_labels, n_judged
        (A,) labels given, and those of items that others labelled too or that have an item prior.
    log_likelihood
        Of the labels, in nats; NaN for majority vote.
    converged, n_iterations
        How the fit ended.
    candidates
        What was tried where the model was chosen from the labels, else empty.
    """

    model: str
    settings: ModelSettings | None
    posterior: FloatArray
    class_prior: FloatArray
    confusion: FloatArray | None
    ability: FloatArray | None
    label_posterior: FloatArray
    accuracy: FloatArray
    accuracy_low: FloatArray
    accuracy_high: FloatArray
    n_labels: IntArray
    n_judged: IntArray
    log_likelihood: float
    converged: bool
    n_iterations: int
    candidates: tuple[Candidate, ...] = ()


class _Judgement(TypedDict):
    label_posterior: FloatArray
    accuracy: FloatArray
    accuracy_low: FloatArray
    accuracy_high: FloatArray
    n_labels: IntArray
    n_judged: IntArray


def infer_truth(
    item: IntArray,
    annotator: IntArray,
    label: IntArray,
    *,
    n_items: int,
    n_annotators: int,
    n_classes: int,
    item_prior: FloatArray | None = None,
    model: ModelName = "auto",
    rule: ChoiceRule = DEFAULT_RULE,
    n_iterations: int = 100,
    tolerance: float = 1e-4,
    seed: int = 0,
) -> TruthInference:
    """Infer the true class of each item and the accuracy of each annotator.

    Nothing is drawn at random: the result depends on the labels only, not on their order.

    Parameters
    ----------
    item, annotator, label
        (L,) integer codes. At most one label for an item and annotator is expected.
    n_items, n_annotators, n_classes
        Sizes N, A, K.
    item_prior
        (N, K) class probabilities from features, rows summing to 1; used to the power .7 in place of the
        class prior.
    model
        ``auto`` chooses model and shrinkage from the labels alone; it is majority vote where no item has two
        labels and there is no item prior. ``hierarchical`` chooses the shrinkage only. ``dawid_skene`` is
        maximum likelihood but for a hundredth of a label of smoothing.
    rule
        How to choose.
    n_iterations, tolerance
        Most EM rounds, and the largest change of a posterior at which to stop; a negative tolerance runs
        every round.
    seed
        Accepted so that all fits are called alike; the result does not depend on it.

    Returns
    -------
    TruthInference
        Posteriors, accuracies with intervals, and what was chosen.

    Raises
    ------
    UsageError
        If codes are out of range, or the item prior is no (N, K) array of probabilities.
    """
    del seed
    if n_iterations < 1:
        raise UsageError("truth inference needs at least one iteration", hint="give n_iterations >= 1")
    votes = Votes(item, annotator, label, n_items, n_annotators, n_classes)
    log_prior = None if item_prior is None else weigh_prior(item_prior, votes)
    if model == "majority" or (model == "auto" and _is_trivial(votes, log_prior)):
        return _majority(votes, log_prior)
    if model in ("auto", "hierarchical"):
        chosen = rule if model == "auto" else _hierarchical_only(rule)
        fit, candidates = choose_fit(
            votes, chosen, log_item_prior=log_prior, n_iterations=n_iterations, tolerance=tolerance
        )
        return _fitted(votes, fit, log_prior, candidates)
    settings = rule.one_coin() if model == "one_coin" else ModelSettings("uniform", 0.01)
    fit = fit_votes(votes, settings, log_item_prior=log_prior, n_iterations=n_iterations, tolerance=tolerance)
    return _fitted(votes, fit, log_prior, ())


def majority_vote(item: IntArray, label: IntArray, *, n_items: int, n_classes: int) -> tuple[FloatArray, FloatArray]:
    """Count the votes.

    Parameters
    ----------
    item, label
        (L,) integer codes.
    n_items, n_classes
        Sizes N, K.

    Returns
    -------
    shares : ndarray
        (N, K) share of the votes for each class; uniform where an item has none.
    winners : ndarray
        (N, K) 1 for the leading class; a tie is split evenly.
    """
    votes = Votes(item, np.zeros(len(item), dtype=np.int64), label, n_items, 1, n_classes)
    shares = votes.shares()
    winners = (shares == shares.max(axis=1, keepdims=True)).astype(float)
    winners /= winners.sum(axis=1, keepdims=True)
    return shares, winners


def accuracy_interval(
    annotator: IntArray, label_posterior: FloatArray, *, n_annotators: int, level: float = 0.95
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Accuracy of each annotator with an equal-tailed interval.

    The interval is the Jeffreys interval for the mean posterior at the effective number of labels of Louis
    (1982): labels whose truth is itself uncertain inform less. It takes the other annotators' parameters as
    known and labels as independent given the truth: simulated coverage at nominal 95 % is 93 to 95 % when
    they are, and about 80 % (accuracy overstated by .05) when a fifth of the items mislead everyone alike.

    Parameters
    ----------
    annotator
        (L,) integer codes.
    label_posterior
        (L,) probability that each label is right.
    n_annotators
        Size A.
    level
        Nominal coverage, in (0, 1).

    Returns
    -------
    accuracy, low, high : ndarray
        (A,) each, in [0, 1]; NaN for annotators without labels.
    """
    total = np.bincount(annotator, minlength=n_annotators).astype(float)
    right = np.bincount(annotator, label_posterior, n_annotators)
    unsure = np.bincount(annotator, label_posterior * (1.0 - label_posterior), n_annotators)
    with np.errstate(invalid="ignore"):
        accuracy = np.clip(right / total, 0.0, 1.0)
    # The Jeffreys mean keeps the variance above zero where every label is almost surely right.
    centre = (right + 0.5) / (total + 1.0)
    effective = np.maximum(total - unsure / (centre * (1.0 - centre)), 0.0)
    tail = (1.0 - level) / 2.0
    shape = effective * accuracy + 0.5, effective * (1.0 - accuracy) + 0.5
    low = np.minimum(betaincinv(*shape, tail), accuracy)
    high = np.maximum(betaincinv(*shape, 1.0 - tail), accuracy)
    return accuracy, low, high


def _is_trivial(votes: Votes, log_prior: FloatArray | None) -> bool:
    return votes.n_classes == 1 or (log_prior is None and bool(votes.per_item.max(initial=0) < 2))


def _hierarchical_only(rule: ChoiceRule) -> ChoiceRule:
    return ChoiceRule(rule.toward, rule.strengths, needs_dominance=False, has_one_coin=False)


def weigh_prior(item_prior: FloatArray, votes: Votes) -> FloatArray:
    """(N, K) logarithm of the weighted, renormalised item prior."""
    shape = (votes.n_items, votes.n_classes)
    hint = "give one row of class probabilities an item, in the order of the codes"
    if item_prior.shape != shape:
        raise UsageError(f"the item prior has shape {item_prior.shape}, expected {shape}", hint=hint)
    bad = ~(np.isfinite(item_prior).all(axis=1) & (item_prior >= 0.0).all(axis=1))
    bad |= np.abs(item_prior.sum(axis=1) - 1.0) > 1e-3
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise UsageError(f"row {first} of the item prior is no probability distribution", hint=hint)
    weighted = PRIOR_WEIGHT * np.log(np.maximum(item_prior, SMALLEST_PRIOR))
    normalised = weighted.copy()
    normalise_logs(normalised)
    return np.asarray(np.log(normalised), dtype=np.float64)


def _majority(votes: Votes, log_prior: FloatArray | None) -> TruthInference:
    """Vote shares; an item prior counts as its weight in votes, and settles ties and unlabelled items."""
    posterior = votes.shares()
    if log_prior is not None:
        count = votes.per_item[:, None]
        posterior = (posterior * count + PRIOR_WEIGHT * np.exp(log_prior)) / (count + PRIOR_WEIGHT)
    uniform = np.full(votes.n_classes, 1.0 / votes.n_classes)
    return TruthInference(
        model="majority",
        settings=None,
        posterior=posterior,
        class_prior=uniform,
        confusion=None,
        ability=None,
        **judge_votes(votes, posterior, log_prior),
        log_likelihood=float("nan"),
        converged=True,
        n_iterations=0,
    )


def _fitted(votes: Votes, fit: Fit, log_prior: FloatArray | None, candidates: tuple[Candidate, ...]) -> TruthInference:
    return TruthInference(
        model=_model_name(fit.settings),
        settings=fit.settings,
        posterior=fit.posterior,
        class_prior=fit.class_prior,
        confusion=fit.confusion,
        ability=fit.ability,
        **judge_votes(votes, fit.posterior, log_prior),
        log_likelihood=fit.log_likelihood,
        converged=fit.converged,
        n_iterations=fit.n_iterations,
        candidates=candidates,
    )


def judge_votes(votes: Votes, posterior: FloatArray, log_prior: FloatArray | None) -> _Judgement:
    """How right each label and each annotator is under a posterior."""
    given = posterior[votes.item, votes.label]
    judged = np.full(len(given), True) if log_prior is not None else votes.per_item[votes.item] > 1
    who, size = votes.annotator[judged], votes.n_annotators
    accuracy, low, high = accuracy_interval(who, given[judged], n_annotators=size)
    return _Judgement(
        label_posterior=given,
        accuracy=accuracy,
        accuracy_low=low,
        accuracy_high=high,
        n_labels=votes.per_annotator,
        n_judged=np.bincount(who, minlength=size),
    )


def _model_name(settings: ModelSettings) -> str:
    if settings.is_one_coin:
        return "one_coin"
    return "dawid_skene" if settings.toward == "uniform" else "hierarchical"

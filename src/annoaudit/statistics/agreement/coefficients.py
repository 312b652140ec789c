"""How far annotators agree, beyond chance where a coefficient says so.

Labels may be missing. All intervals treat the items as a sample of many and the annotators as those they are.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from annoaudit.errors import UsageError
from annoaudit.statistics.agreement.alpha import KrippendorffSums, OrdinalSums
from annoaudit.statistics.agreement.counts import MAX_COINCIDENCES, count_coincidences
from annoaudit.statistics.agreement.estimate import (
    ANALYTIC,
    NO_PAIRS,
    Coefficient,
    Interval,
    estimate,
    estimate_by_counts,
    undefined,
)
from annoaudit.statistics.agreement.sums import CongerSums
from annoaudit.statistics.agreement.two_annotators import bangdiwala_b, cohen_kappa, scott_pi
from annoaudit.statistics.agreement.weights import (
    MAX_WEIGHTED_CLASSES,
    Weights,
    class_values,
    class_weights,
    squared_distances,
    weight_matrix,
    weighted_name,
)
from annoaudit.statistics.votes import Votes

__all__ = [
    "Coefficient",
    "Interval",
    "Votes",
    "bangdiwala_b",
    "brennan_prediger",
    "cohen_kappa",
    "conger_kappa",
    "fleiss_kappa",
    "gwet_ac",
    "krippendorff_alpha",
    "measure_agreement",
    "percent_agreement",
    "scott_pi",
]

Metric = Literal["nominal", "ordinal", "interval", "ratio"]


def measure_agreement(
    item: ArrayLike,
    annotator: ArrayLike,
    label: ArrayLike,
    n_classes: int,
    *,
    values: ArrayLike | None = None,
    kind: Literal["analytic", "published", "bootstrap"] = "analytic",
    level: float = 0.95,
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> tuple[Coefficient, ...]:
    """Measure agreement by every coefficient that applies.

    Parameters
    ----------
    item, annotator, label
        Codes (L,), integers from 0; at most one label an item and annotator, missing labels left out.
    n_classes
        K, used or not; Gwet's and Brennan and Prediger's coefficients depend on it.
    values
        Values of ordered classes (K,), distinct; adds Krippendorff's ordinal, interval and (without negative
        values) ratio alpha, Gwet's AC2 and, for two annotators, Cohen's weighted kappa.
    kind, level, n_bootstrap, seed
        See ``Interval``.

    Returns
    -------
    tuple of Coefficient
        One a coefficient; Cohen, Scott and Bangdiwala only for two annotators.

    Raises
    ------
    UsageError
        For codes or values that are out of range.
    """
    votes = Votes.of(item, annotator, label, n_classes)
    interval = Interval(kind, level, n_bootstrap, seed)
    found = [
        percent_agreement(votes, interval=interval),
        fleiss_kappa(votes, interval=interval),
        conger_kappa(votes, interval=interval),
        krippendorff_alpha(votes, interval=interval),
        gwet_ac(votes, interval=interval),
        brennan_prediger(votes, interval=interval),
    ]
    two = np.count_nonzero(votes.per_annotator) == 2
    if two:
        found += [f(votes, interval=interval) for f in (cohen_kappa, scott_pi)]
        found.append(bangdiwala_b(votes, interval=interval))
    return (*found, *(_by_value(votes, values, interval, two=two) if values is not None else ()))


def percent_agreement(votes: Votes, weights: Weights = "identity", *, interval: Interval = ANALYTIC) -> Coefficient:
    """Average over items the share of pairs of labels that agree; not corrected for chance.

    Parameters
    ----------
    votes
        The labels.
    weights
        Agreement of two classes, a name or a (K, K) matrix; see ``class_weights``.
    interval
        Which interval.

    Returns
    -------
    Coefficient
        In [0, 1].

    References
    ----------
    Gwet, Handbook of Inter-Rater Reliability, 4th ed., 2014, chapter 2.
    """
    return estimate_by_counts("percent_agreement", votes, weights, "none", interval)


def fleiss_kappa(votes: Votes, weights: Weights = "identity", *, interval: Interval = ANALYTIC) -> Coefficient:
    """Correct agreement by the class shares of all annotators pooled; labels may be missing.

    Parameters
    ----------
    votes
        The labels.
    weights
        Agreement of two classes, a name or a (K, K) matrix; see ``class_weights``.
    interval
        Which interval.

    Returns
    -------
    Coefficient
        In [-1, 1]; 0 for chance.

    References
    ----------
    Fleiss, Measuring nominal scale agreement among many raters, Psychol. Bull. 76, 1971; missing labels as in
    Gwet, Handbook of Inter-Rater Reliability, 4th ed., 2014, chapter 2.
    """
    return estimate_by_counts("fleiss_kappa", votes, weights, "fleiss", interval)


def gwet_ac(votes: Votes, weights: Weights = "identity", *, interval: Interval = ANALYTIC) -> Coefficient:
    """Correct agreement by how hard the classes are to tell apart; AC1, or AC2 with weights.

    Parameters
    ----------
    votes
        The labels.
    weights
        Agreement of two classes, a name or a (K, K) matrix; see ``class_weights``.
    interval
        Which interval.

    Returns
    -------
    Coefficient
        In [-1, 1]; 0 for chance.

    References
    ----------
    Gwet, Computing inter-rater reliability and its variance in the presence of high agreement, Brit. J. Math.
    Stat. Psychol. 61, 2008.
    """
    plain = isinstance(weights, str) and weights == "identity"
    return estimate_by_counts("gwet_ac1" if plain else "gwet_ac2", votes, weights, "gwet", interval)


def brennan_prediger(votes: Votes, weights: Weights = "identity", *, interval: Interval = ANALYTIC) -> Coefficient:
    """Correct agreement by that of labels drawn evenly from all K classes.

    Parameters
    ----------
    votes
        The labels.
    weights
        Agreement of two classes, a name or a (K, K) matrix; see ``class_weights``.
    interval
        Which interval.

    Returns
    -------
    Coefficient
        In [-1, 1]; 0 for chance.

    References
    ----------
    Brennan, Prediger, Coefficient kappa: some uses, misuses, and alternatives, Educ. Psychol. Meas. 41, 1981.
    """
    return estimate_by_counts("brennan_prediger", votes, weights, "uniform", interval)


def conger_kappa(votes: Votes, weights: Weights = "identity", *, interval: Interval = ANALYTIC) -> Coefficient:
    """Correct agreement by each annotator's own class shares; Cohen's kappa for many annotators.

    Parameters
    ----------
    votes
        The labels.
    weights
        Agreement of two classes, a name or a (K, K) matrix; see ``class_weights``.
    interval
        Which interval.

    Returns
    -------
    Coefficient
        In [-1, 1]; 0 for chance.

    References
    ----------
    Conger, Integration and generalization of kappas for multiple raters, Psychol. Bull. 88, 1980.
    """
    name = weighted_name("conger_kappa", weights)
    if len(votes.shared.item) == 0:
        return undefined(name, votes, interval, NO_PAIRS)
    return estimate(name, CongerSums.of(votes, weight_matrix(weights, votes.n_classes)), votes, interval)


def krippendorff_alpha(
    votes: Votes,
    metric: Metric = "nominal",
    values: ArrayLike | None = None,
    *,
    interval: Interval = ANALYTIC,
) -> Coefficient:
    """Compare the differences within items with those between all labels; items with one label are left out.

    Parameters
    ----------
    votes
        The labels.
    metric
        Scale of the classes.
    values
        Class values (K,), distinct; 0 ... K-1 if not given. The ordinal metric uses their order only.
    interval
        Which interval.

    Returns
    -------
    Coefficient
        At most 1; 0 for chance. The standard error leaves out the small-sample term, as published.

    Raises
    ------
    UsageError
        For an unknown metric or values that don't fit it.

    References
    ----------
    Krippendorff, Computing Krippendorff's alpha-reliability, 2011. Gwet, On Krippendorff's alpha coefficient,
    2011.
    """
    if metric not in ("nominal", "ordinal", "interval", "ratio"):
        raise UsageError(f"unknown metric {metric!r}", hint="use nominal, ordinal, interval or ratio")
    name = "krippendorff_alpha" if metric == "nominal" else f"krippendorff_alpha_{metric}"
    if len(votes.shared.item) == 0:
        return undefined(name, votes, interval, NO_PAIRS)
    if metric == "nominal":
        return estimate(name, KrippendorffSums.of(votes, None), votes, interval)
    if votes.n_classes > MAX_WEIGHTED_CLASSES:
        return undefined(name, votes, interval, f"more than {MAX_WEIGHTED_CLASSES} classes")
    v = class_values(values, votes.n_classes)
    if metric == "ordinal":
        if count_coincidences(votes) > MAX_COINCIDENCES:
            return undefined(name, votes, interval, "too many labels of different classes on each item")
        return estimate(name, OrdinalSums.of(votes, np.argsort(v)), votes, interval)
    distance = squared_distances(metric, v)
    weights = 1 - distance / max(float(distance.max(initial=0)), float(np.finfo(np.float64).tiny))
    return estimate(name, KrippendorffSums.of(votes, weights), votes, interval)


def _by_value(votes: Votes, values: ArrayLike, interval: Interval, *, two: bool) -> tuple[Coefficient, ...]:
    """Coefficients of ordered classes."""
    v = class_values(values, votes.n_classes)
    metrics: tuple[Metric, ...] = ("ordinal", "interval", "ratio") if (v >= 0).all() else ("ordinal", "interval")
    found = [krippendorff_alpha(votes, metric, v, interval=interval) for metric in metrics]
    if 1 < votes.n_classes <= MAX_WEIGHTED_CLASSES:
        weights = class_weights("quadratic", votes.n_classes, v)
        found.append(gwet_ac(votes, weights, interval=interval))
        found += [cohen_kappa(votes, weights, interval=interval)] if two else []
    return tuple(found)

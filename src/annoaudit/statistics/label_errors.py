"""Which given labels disagree with out-of-source class probabilities, in what order, and how many to flag.

One configuration, whose rule reads nothing but the input (developed on scikit-learn's digits and on banking77
with planted errors only):

1. **Anchors.** Of the items a class is predicted for, the most confident 30 % stand in for items that truly
   belong to it. Their given labels count the noise matrix P(given | true); its rows are shrunk by empirical
   Bayes, the error rate of a class to the pooled rate (beta-binomial) and the targets of its errors to uniform
   (Dirichlet-multinomial), each as strongly as the counts themselves support. So sparse, asymmetric and
   uniform noise are told apart by the labels, not by an option.
2. **Deconvolution.** The probabilities predict *given* labels; if the model is too sure of them, they are first
   softened by the power below 1 that makes the given labels most likely. Two multiplicative steps of
   Richardson and Lucy take the noise matrix out of them and leave a belief about the *true* class.
3. **Sharpness.** That belief is raised to the power under which the given labels are most likely, so that a
   timid model leads to the same list as a sure one.
4. **Ranking.** The log-odds that the given label is wrong, averaged over the belief with and without step 3.
5. **Flags.** Items with log-odds above zero, best first, but never more than the noise matrix accounts for
   (two standard errors above what it leads to expect): overlapping classes without noise have clean anchors,
   and then the list is short or empty. Where fewer than half of the anchors' labels are the class they stand for, or
   too few are known to say so, nobody can tell a model that knows too little from labels that are mostly wrong: the
   ranking stands, nothing is flagged, and ``can_judge`` is false.

References
----------
Northcutt, Jiang, Chuang, Confident learning, JAIR 70 (2021), for the confident joint and its thresholds.
Patrini et al., Making deep neural networks robust to label noise, CVPR 2017, for anchors.
Richardson, J. Opt. Soc. Am. 62 (1972); Lucy, Astron. J. 79 (1974), for the deconvolution.
Minka, Estimating a Dirichlet distribution (2000), for the Dirichlet-multinomial likelihood.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from annoaudit.statistics.confident_counts import (
    SLACK,
    anchor_counts,
    confident_thresholds,
    row_chunks,
    survey,
)
from annoaudit.statistics.intervals import exact_interval
from annoaudit.statistics.noise_matrix import Matrix, NoiseMatrix, estimate_noise
from annoaudit.statistics.true_class_belief import (
    FLOOR,
    best_power,
    best_softness,
    deconvolve,
    probability_columns,
    sharpen,
)

__all__ = ["LabelErrors", "score_labels"]

ANCHOR_RATE = 0.3
FEWEST_RIGHT = 0.5
TINY_ODDS = 1e-9

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class LabelErrors:
    """How suspicious each given label is, and the estimates that led there.

    Attributes
    ----------
    suspicion
        (N,) in [0, 1]; its order is the ranking, >= .5 means flagged. NaN where no label is given or there is
        no other class. It is not a calibrated probability.
    suggested
        (N,) the most likely class other than the given one; -1 where suspicion is NaN.
    n_flagged
        Number of flagged labels; not an estimate of the number of errors.
    ranking
        Name of the rule with the powers it chose.
    joint
        (K, K) confident joint: counts of given (rows) by confidently predicted class (columns).
    thresholds
        (K,) mean probability of a class among items given that class; NaN for a class without labels.
    noise
        (K, K) P(given = column | true = row) as estimated from anchors.
    n_accounted
        The most errors that the noise matrix accounts for, two standard errors of the anchors' wrong labels
        above what it leads to expect: the upper limit of the list.
    softness
        The exponent of step 2; below 1 the model was too sure.
    power
        The exponent of step 3; above 1 the belief was too timid.
    can_judge
        Whether more than half of the anchors' labels are the class they stand for (lower limit of the 95 % interval).
    why
        One sentence on how the list came about, or on why there is none.
    """

    suspicion: NDArray[np.float64]
    suggested: Ints
    n_flagged: int
    ranking: str
    joint: Ints
    thresholds: NDArray[np.float64]
    noise: NDArray[np.float64]
    n_accounted: float
    softness: float
    power: float
    can_judge: bool
    why: str


def score_labels(label: NDArray[np.integer], probabilities: Floats) -> LabelErrors:
    """Rank the given labels by how likely they are wrong, and flag a list whose length the input decides.

    Parameters
    ----------
    label
        (N,) given class of each item in 0..K-1; -1 where there is none.
    probabilities
        (N, K) out-of-source class probabilities: rows sum to 1, no NaN. float32 is used without a copy.

    Returns
    -------
    LabelErrors

    Raises
    ------
    ValueError
        The shapes do not match, or a label is not in -1..K-1.

    References
    ----------
    See the module's docstring, which is the rule.
    """
    given, p = _checked(label, probabilities)
    known = np.flatnonzero(given >= 0)
    if p.shape[1] < 2 or known.size == 0:
        return _unjudged(given, p)
    if known.size < given.size:
        judged = score_labels(given[known], p[known])
        return _spread(judged, known, given.size)
    return _score(given, p)


def _score(given: Ints, p: Floats) -> LabelErrors:
    thresholds = confident_thresholds(given, p)
    joint, guess, top = survey(given, p, thresholds)
    anchors = anchor_counts(given, guess, top, p.shape[1], ANCHOR_RATE)
    noise = estimate_noise(anchors)
    softness = best_softness(given, p)
    power = best_power(given, p, softness, noise)
    odds, suggested, n_expected = _posterior(given, p, softness, noise, power)
    n_accounted = n_expected * (1 + 2 / math.sqrt(max(1, anchors.sum() - anchors.trace())))
    n_right, n_anchors = int(anchors.trace()), int(anchors.sum())
    can_judge = bool(exact_interval(n_right, n_anchors)[0] > FEWEST_RIGHT)
    suspicion = expit(odds - (_cutoff(odds, n_accounted) if can_judge else odds.max() + TINY_ODDS))
    n_flagged = int((suspicion >= 0.5).sum())
    return LabelErrors(
        suspicion=suspicion,
        suggested=suggested,
        n_flagged=n_flagged,
        ranking=f"deconvolved posterior odds, softened by {softness:g}, sharpened by {power:g}",
        joint=joint,
        thresholds=thresholds,
        noise=noise.dense.astype(np.float64),
        n_accounted=n_accounted,
        softness=softness,
        power=power,
        can_judge=can_judge,
        why=_reason(odds, n_accounted, n_flagged) if can_judge else _no_reason(n_right, n_anchors),
    )


def _checked(label: NDArray[np.integer], probabilities: Floats) -> tuple[Ints, Floats]:
    p = np.asarray(probabilities)
    p = p if p.dtype in (np.float32, np.float64) else p.astype(np.float32)
    given = np.asarray(label).astype(np.int64, copy=False)
    if p.ndim != 2 or given.shape != p.shape[:1]:
        raise ValueError(f"label {given.shape} and probabilities {p.shape} must be (N,) and (N, K)")
    if given.size and (given.min() < -1 or given.max() >= p.shape[1]):
        raise ValueError(f"labels must lie in -1..{p.shape[1] - 1}, one column of probabilities each")
    return given, p


def _posterior(
    given: Ints, p: Floats, softness: float, noise: NoiseMatrix, power: float
) -> tuple[NDArray[np.float64], Ints, float]:
    """Log-odds of an error, the likeliest other class, and the number of errors the noise leads to expect."""
    odds = np.empty(given.size)
    suggested = np.empty(given.size, dtype=np.int64)
    n_expected = 0.0
    for part in row_chunks(p):
        plain = deconvolve(probability_columns(p[part], softness), noise)
        sharp = sharpen(plain, power)
        n_right = (noise.right_rate @ sharp / sharp.sum(axis=0)).sum(dtype=np.float64)
        n_expected += plain.shape[1] - float(n_right)
        odds[part] = (_odds(plain, noise, given[part]) + _odds(sharp, noise, given[part])) / 2
        plain[given[part], np.arange(plain.shape[1])] = -1.0
        suggested[part] = plain.argmax(axis=0)
    return odds, suggested, n_expected


def _odds(belief: Matrix, noise: NoiseMatrix, given: Ints) -> NDArray[np.float64]:
    """(n,) log-odds that the true class is another one, from belief and given label together."""
    item = np.arange(given.size)
    whole = noise.likelihood(belief, given).astype(np.float64)
    right = belief[given, item] * noise.right_rate[given]
    share = np.clip(right / np.maximum(whole, 1e-300), float(FLOOR), 1 - SLACK)
    return np.asarray(np.log1p(-share) - np.log(share), dtype=np.float64)


def _cutoff(odds: NDArray[np.float64], n_accounted: float) -> float:
    """Log-odds above which labels are flagged; labels tied at the limit stay out together."""
    limit = int(n_accounted + SLACK)
    if int((odds > 0).sum()) <= limit:
        return TINY_ODDS
    first_out = np.partition(odds, odds.size - limit - 1)[odds.size - limit - 1]
    return float(first_out) + TINY_ODDS


def _reason(odds: NDArray[np.float64], n_accounted: float, n_flagged: int) -> str:
    n_above = int((odds > 0).sum())
    if n_flagged < n_above:
        return (
            f"{n_above} labels are more likely wrong than right, but the labels of the surest items account "
            f"for {n_accounted:.0f} errors: the {n_flagged} most suspicious are flagged."
        )
    return (
        f"{n_flagged} labels are more likely wrong than right; the labels of the surest items would account "
        f"for up to {n_accounted:.0f}."
    )


def _no_reason(n_right: int, n_anchors: int) -> str:
    return (
        f"of the {n_anchors} labels that the model is surest of, {n_right} are the class it predicts: it knows too "
        "little of these items, or most labels are wrong, and nothing here says which"
    )


def _unjudged(given: Ints, p: Floats) -> LabelErrors:
    n_classes = p.shape[1]
    return LabelErrors(
        suspicion=np.full(given.size, np.nan),
        suggested=np.full(given.size, -1, dtype=np.int64),
        n_flagged=0,
        ranking="none",
        joint=np.zeros((n_classes, n_classes), dtype=np.int64),
        thresholds=np.full(n_classes, np.nan),
        noise=np.eye(n_classes),
        n_accounted=0.0,
        softness=1.0,
        power=1.0,
        can_judge=False,
        why="No item has a label." if n_classes > 1 else "One class: there is no other class to suggest.",
    )


def _spread(judged: LabelErrors, known: Ints, n_items: int) -> LabelErrors:
    """Put the results of labelled items back in their places; the others are NaN and -1."""
    suspicion = np.full(n_items, np.nan)
    suggested = np.full(n_items, -1, dtype=np.int64)
    suspicion[known] = judged.suspicion
    suggested[known] = judged.suggested
    return replace(judged, suspicion=suspicion, suggested=suggested)

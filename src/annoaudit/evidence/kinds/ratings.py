"""Ratings and numbers: what each was expected to be, from other ratings, from the item, and from who gave it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from annoaudit.errors import Unavailable
from annoaudit.evidence.folds import group_folds
from annoaudit.statistics.ratings import RaterModel, fit_raters, judge_residuals

if TYPE_CHECKING:
    from annoaudit.evidence.evidence import Evidence

__all__ = ["JudgedRatings", "judge_ratings"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FEWEST_RATINGS = 20
FEWEST_ITEMS = 50
FOLDS = 5
MOST_STEPS = 50
"""Values up to which ratings are taken for steps of a scale."""
STRENGTHS = (0.3, 3.0, 30.0, 300.0)
LEAST_EXPLAINED = 0.02
LEAST_SCALE = 0.3


@dataclass(frozen=True, eq=False)
class JudgedRatings:
    """Ratings, what they were expected to be, and who gave them.

    Parameters
    ----------
    value
        (L,) the ratings.
    model
        Severity, scale and noise of each annotator, all ratings believed.
    expected, expected_sd
        (L,) what each rating was expected to be, strays believed less; NaN where nothing else is known of the item.
    wrong
        (L,) probability that a rating was made as if for another item; NaN where nothing else is known of the item.
    stray_rate
        Share of such ratings, as fitted.
    explained
        Share of the variance of what items deserve that a model found in their features, out of source; 0 without.
    n_others
        (L,) other ratings on the item.
    """

    value: Floats
    model: RaterModel
    expected: Floats
    expected_sd: Floats
    wrong: Floats
    stray_rate: float
    explained: float
    n_others: Ints


def judge_ratings(evidence: Evidence) -> JudgedRatings:
    """Fit annotators and items, look for strays, and fit again with these believed less.

    Where items have features that tell something of the ratings, a ridge regression that saw no rating of the item or
    its near copies serves as its prior.

    Raises
    ------
    Unavailable
        There are too few ratings, or neither repeated ratings nor features that tell anything.
    """
    votes = evidence.votes
    assert votes.numbers is not None
    if len(votes) < FEWEST_RATINGS or votes.n_classes < 2:
        raise Unavailable(f"fewer than {FEWEST_RATINGS} ratings, or all of them alike")
    value = votes.numbers[votes.label]
    n_others = np.bincount(votes.item, minlength=votes.n_items)[votes.item] - 1
    first = _fit(evidence, value, None, None, None)
    prior, prior_sd, explained = _predict_items(evidence, value, first)
    if prior is None and not (n_others > 0).any():
        raise Unavailable(
            "each item has one rating, and no features tell what it should be",
            hint="Let a share of the items be rated twice, or give features.",
        )
    second = _fit(evidence, value, prior, prior_sd, None)
    wrong, _ = judge_residuals(value, second.expected, second.expected_sd)
    last = _fit(evidence, value, prior, prior_sd, 1.0 - np.nan_to_num(wrong))
    wrong, stray_rate = judge_residuals(value, last.expected, last.expected_sd)
    wrong = _spare_the_item(votes.annotator, value, last, wrong)
    return JudgedRatings(value, second, last.expected, last.expected_sd, wrong, stray_rate, explained, n_others)


def _spare_the_item(annotator: Ints, value: Floats, model: RaterModel, wrong: Floats) -> Floats:
    """Hold no rating against its habit alone: who hardly follows the items is not expected to go on not doing so."""
    plain, _ = judge_residuals(value, model.worth, np.sqrt(model.worth_sd**2 + np.median(model.noise) ** 2))
    return np.where(model.scale[annotator] < LEAST_SCALE, np.fmin(wrong, plain), wrong)


def _fit(
    evidence: Evidence, value: Floats, prior: Floats | None, prior_sd: float | None, weight: Floats | None
) -> RaterModel:
    votes = evidence.votes
    assert votes.numbers is not None
    step = float(np.median(np.diff(votes.numbers))) if votes.n_classes <= MOST_STEPS else 0.0
    return fit_raters(
        votes.item, votes.annotator, value, votes.n_items, votes.n_annotators, prior=prior, prior_sd=prior_sd,
        weight=weight, least_noise=step / np.sqrt(12.0),
    )  # fmt: skip


def _predict_items(evidence: Evidence, value: Floats, model: RaterModel) -> tuple[Floats | None, float | None, float]:
    """What features say of each item, from the ratings of others; its error, and the share that it explains."""
    votes = evidence.votes
    try:
        features, cluster = evidence.features, evidence.near_duplicates
    except Unavailable:
        return None, None, 0.0
    n = np.bincount(votes.item, minlength=votes.n_items)
    deserved = np.bincount(votes.item, value - model.severity[votes.annotator], votes.n_items) / np.maximum(n, 1)
    rows = np.flatnonzero((n > 0) & features.has_content)
    if len(rows) < FEWEST_ITEMS or len(np.unique(cluster[rows])) < FOLDS:
        return None, None, 0.0
    matrix = features.scaled[rows]
    fold = group_folds(np.asarray(cluster)[rows], FOLDS, seed=evidence.seed)
    y, weight = deserved[rows], n[rows].astype(np.float64)
    tried = [_cross_predict(matrix, y, weight, fold, strength) for strength in STRENGTHS]
    losses = [float(np.average((y - one) ** 2, weights=weight)) for one in tried]
    best = int(np.argmin(losses))
    total = float(np.average((y - np.average(y, weights=weight)) ** 2, weights=weight))
    explained = 1 - losses[best] / total if total > 0 else 0.0
    if explained < LEAST_EXPLAINED:
        return None, None, 0.0
    # What is left is partly the noise of few ratings, which the model of annotators accounts for itself.
    noise2 = float(np.average(np.mean(model.noise**2) / n[rows], weights=weight)) if (n > 1).any() else 0.0
    prior = np.full(votes.n_items, np.nan)
    prior[rows] = tried[best]
    return prior, float(np.sqrt(max(losses[best] - noise2, 0.1 * losses[best]))), explained


def _cross_predict(
    matrix: sp.csr_matrix | npt.NDArray[np.float32], y: Floats, weight: Floats, fold: Ints, strength: float
) -> Floats:
    from sklearn.linear_model import Ridge

    said = np.zeros(len(y))
    for one in range(int(fold.max()) + 1):
        learned, judged = np.flatnonzero(fold != one), np.flatnonzero(fold == one)
        ridge = Ridge(alpha=strength, solver="sparse_cg" if sp.issparse(matrix) else "auto")
        ridge.fit(matrix[learned], y[learned], sample_weight=weight[learned])
        said[judged] = ridge.predict(matrix[judged])
    return np.asarray(np.clip(said, y.min(), y.max()))

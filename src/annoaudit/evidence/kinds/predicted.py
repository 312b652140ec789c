"""What supplied predictions say of each unit of regions: there or not, and of which class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.evidence.kinds import PREDICTIONS

if TYPE_CHECKING:
    from annoaudit.evidence.evidence import Evidence
    from annoaudit.evidence.kinds.regions import Units
    from annoaudit.evidence.probabilities import Probabilities

__all__ = ["judge_regions"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

N_FOLDS = 5
UNSTATED = 0.9
REAL_IF_ALONE = 0.95
"""Taken as the share of people's regions that are real where no image has a second submission to tell it from."""
PRIOR = 20
LEAST, MOST = 0.002, 0.998
TIES = 0.02
"""Slope that keeps the order of confidences within a step of the calibration."""


def judge_regions(evidence: Evidence) -> Probabilities:
    """Judge each unit by the predictions that come with the labels, calibrated on the labels of other images.

    A prediction's confidence becomes the chance that people mark the same thing (isotonic), and the chance that they
    give it its class. Where a model predicts nothing, the chance of absence follows from how often others confirm what
    one person marks there; with one submission an image, from how much of what people mark the model finds.

    References
    ----------
    Zadrozny, Elkan (2002). Transforming classifier scores into accurate multiclass probability estimates. KDD.
    """
    from annoaudit.evidence.probabilities import Probabilities

    units = evidence.units
    seen = _Seen.of(units)
    fold = units.regions.item % N_FOLDS
    matrix = np.zeros((units.votes.n_items, units.votes.n_classes))
    of_unit = units.votes.parts.item % N_FOLDS if units.votes.parts is not None else fold[:0]
    for one in range(N_FOLDS):
        matrix[of_unit == one] = _judge(units, seen, learned=fold != one, judged=np.flatnonzero(of_unit == one))
    n_models = len(np.unique(units.regions.model[~units.by_people]))
    models = "1 model" if n_models == 1 else f"{n_models} models"
    return Probabilities(
        matrix=matrix,
        source=PREDICTIONS,
        note=f"predictions of {models}, calibrated on the labels of other images",
    )


@dataclass(frozen=True, eq=False)
class _Seen:
    """Of each unit the surest prediction (-1 where none), and of each region the share of people who mark it."""

    best: Ints
    marked: Floats
    confirmed: Floats

    @classmethod
    def of(cls, units: Units) -> _Seen:
        regions, unit = units.regions, units.unit
        confidence = _confidence(units)
        best = np.full(units.votes.n_items, -1, dtype=np.int64)
        inside = np.flatnonzero(~units.by_people & (unit >= 0))
        inside = inside[np.argsort(confidence[inside], kind="stable")]
        best[unit[inside]] = inside
        asked = np.bincount(units.votes.item, minlength=units.votes.n_items)
        marked = np.zeros(len(regions))
        marked[unit >= 0] = (units.n_people / np.maximum(asked, 1))[unit[unit >= 0]]
        others = np.full(len(regions), np.nan)
        told = units.by_people & (asked[unit] > 1)
        others[told] = ((units.n_people - 1) / np.maximum(asked - 1, 1))[unit[told]]
        return cls(best, marked, others)


def _confidence(units: Units) -> Floats:
    return np.clip(np.nan_to_num(units.regions.confidence, nan=UNSTATED), 0.0, 1.0)


def _judge(units: Units, seen: _Seen, learned: Bools, judged: Ints) -> Floats:
    """(J, K) probabilities of the units ``judged``, learned from the regions of other images."""
    regions, n_classes = units.regions, units.votes.n_classes
    confidence = _confidence(units)
    answered = np.isin(regions.item, regions.submissions.item)
    predicted = np.flatnonzero(learned & ~units.by_people & answered)
    there = _Calibration(confidence[predicted], seen.marked[predicted])
    theirs = np.flatnonzero(learned & units.by_people)
    matched = theirs[seen.best[units.unit[theirs]] >= 0]
    of_model = seen.best[units.unit[matched]]
    same = regions.label[matched] == regions.label[of_model]
    right = _Calibration(confidence[of_model], same.astype(np.float64))
    usual = np.bincount(regions.label[theirs], minlength=n_classes).astype(np.float64)[:-1] + 0.5
    other = _other_classes(regions.label[matched][~same], regions.label[of_model][~same], usual)
    matrix: Floats = np.zeros((len(judged), n_classes))
    best = seen.best[judged]
    with_one = np.flatnonzero(best >= 0)
    chance = there(confidence[best[with_one]])
    hit = right(confidence[best[with_one]])
    label = regions.label[best[with_one]]
    matrix[with_one, :-1] = (chance * (1 - hit))[:, None] * other[label]
    matrix[with_one, label] = chance * hit
    alone = _real_if_unseen(theirs, seen, units)
    matrix[best < 0, :-1] = alone * usual / usual.sum()
    matrix[:, -1] = 1.0 - matrix[:, :-1].sum(axis=1)
    matrix = np.clip(matrix, 1e-5, None)
    return np.asarray(matrix / matrix.sum(axis=1, keepdims=True))


class _Calibration:
    """From confidence to a share, rising; 20 made-up predictions whose confidence is right keep small data sane."""

    def __init__(self, confidence: Floats, share: Floats) -> None:
        from sklearn.isotonic import IsotonicRegression

        made_up = (np.arange(PRIOR) + 0.5) / PRIOR
        self.curve = IsotonicRegression(y_min=LEAST, y_max=MOST, out_of_bounds="clip")
        self.curve.fit(np.concatenate([confidence, made_up]), np.concatenate([share, made_up]))

    def __call__(self, confidence: Floats) -> Floats:
        if not len(confidence):
            return np.zeros(0)
        steps = self.curve.predict(confidence) + TIES * (confidence - 0.5)
        return np.asarray(np.clip(steps, LEAST, MOST), dtype=np.float64)


def _other_classes(given: Ints, predicted: Ints, usual: Floats) -> Floats:
    """(K, K) chance of each other class where people do not give the predicted one; 0 on the diagonal."""
    k = len(usual)
    counts = np.tile(usual / usual.sum(), (k, 1))
    np.add.at(counts, (predicted, given), 1.0)
    np.fill_diagonal(counts, 0.0)
    total = counts.sum(axis=1, keepdims=True)
    return np.asarray(counts / np.where(total > 0, total, 1.0))


def _real_if_unseen(theirs: Ints, seen: _Seen, units: Units) -> float:
    """Chance that what one person marks and no model predicts is there."""
    unseen = theirs[seen.best[units.unit[theirs]] < 0]
    told = unseen[np.isfinite(seen.confirmed[unseen])]
    if len(told) >= PRIOR:
        return float(np.clip(seen.confirmed[told].mean(), LEAST, MOST))
    missed = (len(unseen) + 1) / (len(theirs) + 2)
    real, not_real = REAL_IF_ALONE * missed, 1.0 - REAL_IF_ALONE
    return float(real / (real + not_real))

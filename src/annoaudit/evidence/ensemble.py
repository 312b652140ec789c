"""One ensemble for one block of labels: fitted, calibrated and weighted on what may be learned from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annoaudit.evidence.classifiers import Classifier, Material, Predictor
from annoaudit.evidence.stacking import Calibration, calibrate, weigh_members

__all__ = ["Judgement", "Task", "judge_block"]

Floats = npt.NDArray[np.float32]
Reals = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be learned: L labels on items, and optionally a soft consensus of the items.

    Parameters
    ----------
    item, label
        (L,) codes.
    n_classes
        K.
    target
        (N, K) soft consensus, or None for the share of the votes learned from.
    """

    item: Ints
    label: Ints
    n_classes: int
    target: npt.NDArray[np.floating] | None

    def soften(self, chosen: Ints) -> tuple[Ints, Floats]:
        """Return the (R,) items of some labels and the (R, K) soft labels to learn for them."""
        rows, place = np.unique(self.item[chosen], return_inverse=True)
        if self.target is not None:
            soft = np.asarray(self.target[rows], dtype=np.float32)
        else:
            flat = np.bincount(place * self.n_classes + self.label[chosen], minlength=len(rows) * self.n_classes)
            soft = flat.reshape(len(rows), self.n_classes).astype(np.float32)
        return rows, soft / soft.sum(axis=1, keepdims=True)


@dataclass(frozen=True, eq=False)
class Judgement:
    """What the ensemble of one block says.

    Parameters
    ----------
    items
        (M,) items judged.
    matrix
        (M, K) probabilities.
    weights
        (E,) weight of each member.
    of_given
        (E + 1, J) probability of each judged label: of each member, and last of the ensemble.
    """

    items: Ints
    matrix: Floats
    weights: Reals
    of_given: Floats


def judge_block(
    material: Material,
    task: Task,
    members: tuple[Classifier, ...],
    *,
    judged: Ints,
    learned: Ints,
    checked: Ints,
    kept: Ints,
    seed: int,
) -> Judgement:
    """Judge some labels by an ensemble that learned from others.

    Each member is fitted on ``kept``, calibrated and weighted on ``checked``, and fitted again on all
    of ``learned``. The mixture is calibrated on ``checked`` too.

    Parameters
    ----------
    material, task, members
        What is known, what is to be learned, and by whom.
    judged, learned
        Positions of labels; ``checked`` and ``kept`` are disjoint parts of ``learned``.
    seed
        Fixes the trees.
    """
    items, place = np.unique(task.item[judged], return_inverse=True)
    trials = [_try_member(material, task, member, checked, kept, seed) for member in members]
    weights = weigh_members([trial.of_given for trial in trials])
    matrix: npt.NDArray[np.float32] = np.zeros((len(items), task.n_classes), dtype=np.float32)
    of_given = np.empty((len(members) + 1, len(judged)), dtype=np.float32)
    rows, soft = task.soften(learned)
    for e, (member, trial) in enumerate(zip(members, trials, strict=True)):
        fitted = member.fit(material, rows, soft, seed, trial.predictor)
        says = trial.calibration.apply(fitted(items))
        matrix += np.float32(weights[e]) * says
        of_given[e] = says[place, task.label[judged]]
    matrix = _calibrate_mixture(task, trials, weights, checked).apply(matrix)
    of_given[-1] = matrix[place, task.label[judged]]
    return Judgement(items, matrix, weights, of_given)


def _calibrate_mixture(task: Task, trials: list[_Trial], weights: Reals, checked: Ints) -> Calibration:
    """Calibrate the mixture, since a mean of calibrated members is less sure than it should be."""
    said = [trial.says for trial in trials if trial.says is not None]
    if not said:
        return Calibration()
    mixed = np.einsum("e,emk->mk", weights.astype(np.float32), np.stack(said))
    _, place = np.unique(task.item[checked], return_inverse=True)
    return calibrate(mixed, place, task.label[checked], with_floor=False)


@dataclass(frozen=True, eq=False)
class _Trial:
    predictor: Predictor | None
    calibration: Calibration
    of_given: Floats
    says: Floats | None = None


def _try_member(material: Material, task: Task, member: Classifier, checked: Ints, kept: Ints, seed: int) -> _Trial:
    if not len(checked) or len(np.unique(task.label[kept])) < 2:
        return _Trial(None, Calibration(), np.full(1, 0.5, dtype=np.float32))
    fitted = member.fit(material, *task.soften(kept), seed, None)
    items, place = np.unique(task.item[checked], return_inverse=True)
    says = fitted(items)
    calibration = calibrate(says, place, task.label[checked])
    calibrated = calibration.apply(says)
    return _Trial(fitted, calibration, calibrated[place, task.label[checked]], calibrated)

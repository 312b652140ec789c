"""How much to trust each member of an ensemble: calibrated, then weighted by log-loss on held-out labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

__all__ = ["Calibration", "calibrate", "weigh_members"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

_CLIP = 1e-7
_LEAST = 1e-3
_MOST_LABELS = 5_000
_STEPS = 300
_PULL = 2.0  # 1 / (2 * 0.5 ** 2)


@dataclass(frozen=True)
class Calibration:
    """How probabilities are made honest.

    Parameters
    ----------
    power
        Above 1 makes them surer, below 1 less sure (the inverse of a temperature), in [0.05, 20].
    floor
        Share given to all classes alike, in [0.001, 0.999]: labels that are wrong at random keep even the
        surest from being certain of the given label.
    """

    power: float = 1.0
    floor: float = _LEAST

    def apply(self, probabilities: Floats) -> Floats:
        """Return calibrated (M, K) probabilities."""
        logs = np.log(np.maximum(probabilities, _CLIP)) * np.float32(self.power)
        raised = np.exp(logs - logs.max(axis=1, keepdims=True))
        raised /= raised.sum(axis=1, keepdims=True)
        return np.asarray((1 - self.floor) * raised + self.floor / raised.shape[1], dtype=np.float32)


def calibrate(probabilities: Floats, row: Ints, label: Ints, *, with_floor: bool = True) -> Calibration:
    """Find the power, and the floor, that give held-out labels the lowest log-loss.

    A normal prior on the logarithm of the power (mean 0, standard deviation 0.5) keeps it near 1 where
    labels are few; without it, a high power and a high floor can explain each other, and what lies near
    a boundary becomes as sure as anything else.

    Parameters
    ----------
    probabilities
        (M, K) of a member.
    row, label
        (L,) row and class of each held-out label; every so many of them are used where L > 5,000.
    with_floor
        Whether to look for a floor, or to leave it at the least.

    References
    ----------
    Guo, Pleiss, Sun, Weinberger. On calibration of modern neural networks. ICML 2017.
    """
    step = -(-len(label) // _MOST_LABELS)
    row, label = row[::step], label[::step]
    logs = np.log(np.maximum(probabilities[row], _CLIP))
    logs -= logs.max(axis=1, keepdims=True)
    given = logs[np.arange(len(label)), label].astype(np.float64)
    even = 1.0 / logs.shape[1]

    def loss(at: npt.NDArray[np.float64]) -> float:
        found = _bound(at, with_floor)
        share = np.exp(found.power * given) / np.exp(np.float32(found.power) * logs).sum(axis=1)
        mixed = (1 - found.floor) * share + found.floor * even
        return -float(np.log(mixed).mean()) + _PULL * float(at[0] ** 2) / len(label)

    corners = np.array([[0.0, -3.0], [0.7, -3.0], [0.0, -1.5]])
    options = {"xatol": 0.02, "fatol": 1e-4, "maxfev": 120, "initial_simplex": corners}
    best = minimize(loss, corners[0], method="Nelder-Mead", options=options)
    return _bound(best.x, with_floor)


def _bound(at: npt.NDArray[np.float64], with_floor: bool) -> Calibration:
    power = float(np.exp(np.clip(at[0], -3, 3)))
    floor = 1 / (1 + np.exp(-np.clip(at[1], -9, 9))) if with_floor else _LEAST
    return Calibration(power, float(np.clip(floor, _LEAST, 1 - _LEAST)))


def weigh_members(of_given: Sequence[npt.NDArray[np.floating]]) -> npt.NDArray[np.float64]:
    """Find the mixture weights on the simplex that give held-out labels the lowest log-loss.

    Parameters
    ----------
    of_given
        For each of E members, (L,) its probability of each held-out label.

    Returns
    -------
    numpy.ndarray
        (E,) weights, at least 0, of sum 1. One observation spread evenly over the members keeps them
        from being settled by a handful of labels.

    References
    ----------
    Breiman. Stacked regressions. Machine Learning 24, 1996; the weights by expectation-maximisation.
    """
    given = np.maximum(np.stack(of_given, axis=1).astype(np.float64), _CLIP)
    n_members = given.shape[1]
    weights = np.full(n_members, 1.0 / n_members)
    for _ in range(_STEPS):
        share = given * weights
        share /= share.sum(axis=1, keepdims=True)
        updated = (share.sum(axis=0) + 1.0 / n_members) / (len(given) + 1.0)
        if np.abs(updated - weights).max() < 1e-6:
            return np.asarray(updated, dtype=np.float64)
        weights = updated
    return weights

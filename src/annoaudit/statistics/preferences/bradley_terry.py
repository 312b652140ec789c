"""Strength of things that were compared two by two, and how sharply each annotator tells them apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import expit, log_expit

__all__ = ["Strengths", "fit_strengths"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

STRENGTH_SD = 2.0
SHARPNESS_SD = 0.5
MOST_FOR_INTERVALS = 2000


@dataclass(frozen=True, eq=False)
class Strengths:
    """Bradley-Terry strengths and annotators' sharpness.

    Parameters
    ----------
    strength, strength_se
        (S,) log odds against an average thing, for a typical annotator; the mean is 0. NaN standard error where there
        are over 2,000 things and annotators.
    sharpness, sharpness_se
        (A,) log of the factor on the difference of strengths, with mean 0: negative is noisier. ``exp`` of its negative
        is the annotator's temperature.
    """

    strength: Floats
    strength_se: Floats
    sharpness: Floats
    sharpness_se: Floats

    def chance(self, first: Ints, second: Ints, annotator: Ints | None = None) -> Floats:
        """Return the chance that the first is preferred, by a typical annotator or by those named."""
        sharp = 1.0 if annotator is None else np.exp(self.sharpness[annotator])
        return np.asarray(expit(sharp * (self.strength[first] - self.strength[second])))


def fit_strengths(
    first: Ints, second: Ints, won: Floats, annotator: Ints, cluster: Ints, n_things: int, n_annotators: int
) -> Strengths:
    """Fit strengths by penalised likelihood, with intervals that allow for several votes on one comparison.

    Annotator u prefers i to j with probability ``1 / (1 + exp(-exp(s_u) (t_i - t_j)))``; a tie counts as half a
    preference each way. Strengths have a normal prior of standard deviation 2, sharpness one of 0.5; standard errors
    are of the sandwich form, clustered.

    Parameters
    ----------
    first, second
        (L,) codes of the two things.
    won
        (L,) 1 where the first was preferred, 0 where the second, 1/2 for a tie.
    annotator, cluster
        (L,) codes; votes of one cluster vary together.
    n_things, n_annotators
        S and A.

    References
    ----------
    Bradley, Terry (1952). Rank analysis of incomplete block designs. Biometrika 39. Chen et al. (2013). Pairwise
    ranking aggregation in a crowdsourced setting. WSDM. Liang, Zeger (1986). Biometrika 73.
    """
    size = n_things + n_annotators
    penalty = np.r_[np.full(n_things, STRENGTH_SD**-2), np.full(n_annotators, SHARPNESS_SD**-2)]

    def slopes(values: Floats) -> tuple[Floats, Floats, Floats]:
        gap = values[first] - values[second]
        sharp = np.exp(values[n_things + annotator])
        return gap, sharp, won - expit(sharp * gap)

    def loss(values: Floats) -> tuple[float, Floats]:
        gap, sharp, left = slopes(values)
        at = sharp * gap
        likelihood = won @ log_expit(at) + (1 - won) @ log_expit(-at)
        by_thing = np.bincount(first, left * sharp, size) - np.bincount(second, left * sharp, size)
        gradient = by_thing + np.bincount(n_things + annotator, left * at, size)
        return 0.5 * float(penalty @ values**2) - float(likelihood), penalty * values - gradient

    found: Floats = minimize(loss, np.zeros(size), jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    gap, sharp, left = slopes(found)
    se: Floats = np.full(size, np.nan)
    if size <= MOST_FOR_INTERVALS:
        design = _design(first, second, annotator, sharp, sharp * gap, n_things, size)
        chance = expit(sharp * gap)
        se = _sandwich(design, chance * (1 - chance), left, cluster, penalty, _change(found, n_things))
    level = found[n_things:].mean()
    strength = (found[:n_things] - found[:n_things].mean()) * np.exp(level)
    return Strengths(strength, se[:n_things], found[n_things:] - level, se[n_things:])


def _change(found: Floats, n_things: int) -> Floats:
    """(S + A, S + A) slopes of what is reported, strengths and sharpness against their means, by what is fitted."""
    size, scale = len(found), np.exp(found[n_things:].mean())
    change = np.eye(size)
    change[:n_things, :n_things] -= 1.0 / n_things
    change[:n_things] *= scale
    change[:n_things, n_things:] = ((found[:n_things] - found[:n_things].mean()) * scale / (size - n_things))[:, None]
    change[n_things:, n_things:] -= 1.0 / (size - n_things)
    return change


def _design(
    first: Ints, second: Ints, annotator: Ints, sharp: Floats, at: Floats, n_things: int, size: int
) -> sparse.csr_array:
    """(L, S + A) slope of each vote's log odds by each parameter."""
    rows = np.arange(len(first))
    columns = np.r_[first, second, n_things + annotator]
    return sparse.csr_array((np.r_[sharp, -sharp, at], (np.r_[rows, rows, rows], columns)), shape=(len(first), size))


def _sandwich(
    design: sparse.csr_array, weight: Floats, left: Floats, cluster: Ints, penalty: Floats, change: Floats
) -> Floats:
    """Clustered standard errors of what ``change`` makes of the parameters."""
    curvature = (design.T @ (design * weight[:, None])).toarray() + np.diag(penalty)
    _, code = np.unique(cluster, return_inverse=True)
    gather = sparse.csr_array((np.ones(len(code)), (code, np.arange(len(code)))))
    scores = gather @ (design * left[:, None])
    bread = np.linalg.inv(curvature)
    # The prior is information too: without it, what has few votes would seem certain.
    meat = (scores.T @ scores).toarray() + np.diag(penalty)
    spread = change @ bread @ meat @ bread @ change.T
    return np.asarray(np.sqrt(np.maximum(np.diag(spread), 0.0)))

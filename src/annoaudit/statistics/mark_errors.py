"""Which marks, and which absences of marks, a model of what is there contradicts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["MarkErrors", "score_marks"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

SHARPNESS = 1.5
"""Power that the probabilities are raised to: they are calibrated on labels whose mistakes make them timid."""
N_ROUNDS = 30
START = (0.03, 0.03, 0.1)
PRIOR = 20.0
FLOOR = 1e-9


@dataclass(frozen=True, eq=False)
class MarkErrors:
    """How suspicious each vote is, and the rates it follows from.

    ``suspicion`` (L,) is the probability that another class, or absence, is true; ``suggested`` (L,) the likeliest
    other one. ``missed`` is the share of what is there that is not marked, ``miscalled`` the share of marks of another
    class, ``added`` the chance of a mark where nothing is.
    """

    suspicion: Floats
    suggested: Ints
    missed: float
    miscalled: float
    added: float


def score_marks(label: Ints, probabilities: Floats) -> MarkErrors:
    """Suspect votes by a model's probabilities and the team's rates of three mistakes.

    A vote is a class, or absence (the last class). How often things are missed, miscalled and added is learned from
    votes and probabilities together (expectation maximisation); votes on one thing are not compared.

    Parameters
    ----------
    label
        (L,) votes.
    probabilities
        (L, K) of the thing that each vote is about, calibrated on votes of others.

    References
    ----------
    Dawid, Skene (1979). Maximum likelihood estimation of observer error-rates. Applied Statistics 28. Patrini et al.
    (2017). Making deep neural networks robust to label noise. CVPR.
    """
    n, k = probabilities.shape
    belief = np.maximum(probabilities, FLOOR) ** SHARPNESS
    belief /= belief.sum(axis=1, keepdims=True)
    marked = np.flatnonzero(label != k - 1)
    rates, posterior = START, belief
    for _ in range(N_ROUNDS):
        posterior = belief * _likelihood(rates, k)[:, label].T
        posterior /= posterior.sum(axis=1, keepdims=True)
        real, nothing = 1.0 - posterior[:, -1], posterior[:, -1]
        found, right = float(real[marked].sum()), float(posterior[marked, label[marked]].sum())
        missed = (float(real.sum()) - found + 1.0) / (float(real.sum()) + PRIOR)
        added = (float(nothing[marked].sum()) + 1.0) / (float(nothing.sum()) + PRIOR / 2)
        rates = missed, (found - right + 1.0) / (found + PRIOR), added
    given = posterior[np.arange(n), label]
    other = posterior.copy()
    other[np.arange(n), label] = -1.0
    return MarkErrors(1.0 - given, other.argmax(axis=1).astype(np.int64), *rates)


def _likelihood(rates: tuple[float, float, float], k: int) -> Floats:
    """(K, K) chance of each vote (columns) of what is true (rows)."""
    missed, miscalled, added = rates
    found = np.full((k, k), (1 - missed) * miscalled / max(k - 2, 1))
    np.fill_diagonal(found, (1 - missed) * (1 - miscalled))
    found[:, -1] = missed
    found[-1] = np.append(np.full(k - 1, added / max(k - 1, 1)), 1 - added)
    return found

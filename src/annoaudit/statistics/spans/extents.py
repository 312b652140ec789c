"""Where a span truly starts and ends, inferred from several people's extents of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Extents", "infer_extents"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

WRONG_PLACES = 4
"""Extents that a wrong one is drawn from: each of two edges, moved in or out."""
PRIOR_RIGHT, PRIOR_WRONG = 4.0, 1.0
ROUNDS = 30


@dataclass(frozen=True, eq=False)
class Extents:
    """What the extents of M spans in U units say about each other.

    ``right`` (M,) is the probability that a span's own extent is the true one; NaN where its unit has no other span.
    ``start`` and ``end`` (U,) are the most probable extent of each unit, ``certainty`` (U,) its probability; NaN
    where no span is in the unit. ``ability`` (A,) is how often each annotator's extents are right.
    """

    right: Floats
    start: Floats
    end: Floats
    certainty: Floats
    ability: Floats


def infer_extents(
    unit: Ints, annotator: Ints, start: Floats, end: Floats, *, n_units: int, n_annotators: int
) -> Extents:
    """Infer the true extent of each unit and how often each annotator's are right.

    One coin an annotator: an extent is the true one with their ability, else one of a few others. Abilities are
    shrunk by four right and one wrong extents, and learned by EM from units with two spans or more.

    Parameters
    ----------
    unit, annotator
        (M,) codes of each span.
    start, end
        (M,) extents.
    n_units, n_annotators
        U and A.

    References
    ----------
    Dawid, Skene. Maximum likelihood estimation of observer error-rates using the EM algorithm. Appl. Stat. 28, 1979.
    Zheng et al. Truth inference in crowdsourcing: is the problem solved? PVLDB 10, 2017 (one coin).
    """
    places, option = np.unique(np.stack([unit, start, end]), axis=1, return_inverse=True)
    option = option.reshape(-1)
    owner = places[0].astype(np.int64)
    n_in_unit = np.bincount(unit, minlength=n_units)
    shared = n_in_unit[unit] > 1
    ability = np.full(n_annotators, PRIOR_RIGHT / (PRIOR_RIGHT + PRIOR_WRONG))
    posterior: Floats = np.zeros(len(owner))
    for _ in range(ROUNDS):
        posterior = _weigh(option, owner, annotator, ability, n_units)
        right = np.bincount(annotator[shared], weights=posterior[option[shared]], minlength=n_annotators)
        n = np.bincount(annotator[shared], minlength=n_annotators)
        before, ability = ability, (right + PRIOR_RIGHT) / (n + PRIOR_RIGHT + PRIOR_WRONG)
        if float(np.abs(ability - before).max(initial=0.0)) < 1e-6:
            break
    best = np.lexsort((places[2], places[1], -posterior, owner))
    first = best[np.r_[True, owner[best][1:] != owner[best][:-1]]] if len(best) else best
    best_start, best_end, certainty = (np.full(n_units, np.nan) for _ in range(3))
    best_start[owner[first]], best_end[owner[first]] = places[1][first], places[2][first]
    certainty[owner[first]] = posterior[first]
    return Extents(np.where(shared, posterior[option], np.nan), best_start, best_end, certainty, ability)


def _weigh(option: Ints, owner: Ints, annotator: Ints, ability: Floats, n_units: int) -> Floats:
    """Return the probability of each option among those of its unit, and those that nobody gave."""
    gain = np.log(ability) - np.log((1 - ability) / WRONG_PLACES)
    score = np.bincount(option, weights=gain[annotator], minlength=len(owner))
    top = np.full(n_units, 0.0)
    np.maximum.at(top, owner, score)
    raised = np.exp(score - top[owner])
    n_options = np.bincount(owner, minlength=n_units)
    unseen = np.maximum(WRONG_PLACES + 1 - n_options, 0) * np.exp(-top)
    total = np.bincount(owner, weights=raised, minlength=n_units) + unseen
    return np.asarray(raised / total[owner])

"""Whether one person's edits, or one part of what is missing, differ from the others': nulls by drawing at random."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Excess", "excess_of_mean", "excess_of_share"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_ENOUGH, _FIRST = 10, 50
_MOST_NUMBERS = 2_000_000


@dataclass(frozen=True)
class Excess:
    """One group against the rest.

    Parameters
    ----------
    p
        One-sided, from random groups of the same size; NaN where it can't be judged.
    group, rest
        Mean, or share of the category, in the group and outside of it.
    category
        The category that stands out most; -1 where none is meant.
    n
        Entries of the group.
    """

    p: float
    group: float
    rest: float
    category: int = -1
    n: int = 0


UNKNOWN = Excess(float("nan"), float("nan"), float("nan"))
"""What can't be judged."""


def excess_of_mean(values: Floats, chosen: Bools, *, draws: int = 9_999, seed: int = 0) -> Excess:
    """Say whether the values of a group lie above the others', more than those of a random group of its size would.

    Parameters
    ----------
    values
        (n,) one value an entry, without NaN.
    chosen
        (n,) which entries are the group's.

    References
    ----------
    Phipson, Smyth (2010). Permutation p-values should never be zero. Stat. Appl. Genet. Mol. Biol. 9.
    """
    n, size = len(values), int(chosen.sum())
    if not 0 < size < n:
        return UNKNOWN
    rng, total = np.random.default_rng(seed), float(values[chosen].sum())

    def reaches(rows: int) -> Bools:
        places = np.argpartition(rng.random((rows, n)), size - 1, axis=1)[:, :size]
        return np.asarray(values[places].sum(axis=1) >= total - 1e-9)

    return Excess(_draw_p(reaches, draws, n), total / size, float(values[~chosen].mean()), n=size)


def excess_of_share(mine: Ints, rest: Ints, *, draws: int = 9_999, seed: int = 0) -> Excess:
    """Say whether one category makes up more of a group than of the rest, whichever stands out most.

    The statistic is the largest standardised excess over all categories; random groups of the same size give its null,
    so that looking at all categories is paid for.

    Parameters
    ----------
    mine, rest
        (K,) entries of each category in the group, and outside of it.
    """
    counts, size, others = mine + rest, int(mine.sum()), int(rest.sum())
    if not size or not others or (counts > 0).sum() < 2:
        return UNKNOWN
    rng, scores = np.random.default_rng(seed), _standardised(mine[None], counts, size)[0]
    best = int(scores.argmax())

    def reaches(rows: int) -> Bools:
        drawn = rng.multivariate_hypergeometric(counts, size, size=rows, method="marginals")
        return np.asarray(_standardised(drawn, counts, size).max(axis=1) >= scores[best] - 1e-9)

    p = _draw_p(reaches, draws, len(counts))
    return Excess(p, float(mine[best] / size), float(rest[best] / others), best, size)


def _draw_p(reaches: Callable[[int], Bools], draws: int, width: int) -> float:
    """Draw until ``_ENOUGH`` random groups reach the group's value, or ``draws`` groups: most stop very early.

    References
    ----------
    Besag, Clifford (1991). Sequential Monte Carlo p-values. Biometrika 78.
    """
    seen = done = 0
    rows = _FIRST
    while done < draws:
        rows = min(rows, draws - done, max(1, _MOST_NUMBERS // max(width, 1)))
        hits = np.flatnonzero(reaches(rows))
        if seen + len(hits) >= _ENOUGH:
            return _ENOUGH / (done + int(hits[_ENOUGH - seen - 1]) + 1)
        seen, done, rows = seen + len(hits), done + rows, rows * 4
    return (1 + seen) / (1 + draws)


def _standardised(drawn: Ints, counts: Ints, size: int) -> Floats:
    share = counts / counts.sum()
    spread = np.sqrt(np.maximum(size * share * (1 - share), 1e-12))
    found: Floats = np.where(counts > 0, (drawn - size * share) / spread, -np.inf)
    return found

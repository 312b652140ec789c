"""Rankings as comparisons: of each two things that a ranking holds, which stands above."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Comparisons", "compare_in_pairs", "count_comparisons"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Comparisons:
    """P comparisons of two things inside a ranking.

    Parameters
    ----------
    ranking
        (P,) the ranking that says so.
    first, second
        (P,) positions of the two among the entries of all rankings.
    sign
        (P,) 1 where the first stands above, -1 where the second does, 0 for a tie.
    unit
        (P,) code of the two things on that item, the same in every ranking of the item.
    n_units
        U.
    """

    ranking: Ints
    first: Ints
    second: Ints
    sign: npt.NDArray[np.int8]
    unit: Ints
    n_units: int

    def __len__(self) -> int:
        return len(self.ranking)


def count_comparisons(ranking: Ints) -> int:
    """Return P for rankings given as the ranking of each entry."""
    n = np.bincount(ranking).astype(np.int64)
    return int((n * (n - 1) // 2).sum())


def compare_in_pairs(ranking: Ints, cell: Ints, level: Ints) -> Comparisons:
    """Compare all things of each ranking two by two.

    Parameters
    ----------
    ranking
        (E,) the ranking of each entry.
    cell
        (E,) code of the thing on its item, the same in every ranking of the item.
    level
        (E,) place of the entry, 0 the best.
    """
    order = np.lexsort((cell, ranking))
    sorted_ranking = ranking[order]
    longest = int(np.bincount(ranking).max(initial=0)) if len(ranking) else 0
    firsts, seconds = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for step in range(1, longest):
        at = np.flatnonzero(sorted_ranking[step:] == sorted_ranking[:-step])
        firsts.append(order[at])
        seconds.append(order[at + step])
    first, second = np.concatenate(firsts), np.concatenate(seconds)
    size = int(cell.max(initial=0)) + 1
    units, unit = np.unique(cell[first] * size + cell[second], return_inverse=True)
    sign = np.sign(level[second] - level[first]).astype(np.int8)
    return Comparisons(ranking[first], first, second, sign, unit.astype(np.int64), len(units))

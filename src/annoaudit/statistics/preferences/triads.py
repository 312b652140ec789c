"""Preferences that go in circles: a over b, b over c, and c over a."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["Circles", "count_circles"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Circles:
    """Triads of things that a judge compared all three ways.

    Parameters
    ----------
    judge
        (T,) who compared them.
    things
        (T, 3) the three things.
    circular
        (T,) whether the preferences go in a circle.
    """

    judge: Ints
    things: Ints
    circular: npt.NDArray[np.bool_]

    def by_judge(self, n_judges: int) -> tuple[Ints, Ints]:
        """Return (A,) the number of triads, and of those that go in a circle."""
        n = np.bincount(self.judge, minlength=n_judges)
        return n, np.bincount(self.judge[self.circular], minlength=n_judges)


def count_circles(judge: Ints, context: Ints, first: Ints, second: Ints, won: npt.NDArray[np.float64]) -> Circles:
    """Find all triads that one judge compared in one context, and which of them go in a circle.

    A pair that a judge compared several times counts once, by majority; ties are left out. Somebody who chooses at
    random has a quarter of their triads in a circle.

    Parameters
    ----------
    judge, context
        (L,) codes; only comparisons of one judge in one context (such as a prompt) form triads.
    first, second
        (L,) codes of the things compared.
    won
        (L,) 1 where the first was preferred, 0 where the second, 1/2 for a tie.

    References
    ----------
    Kendall, Babington Smith (1940). On the method of paired comparisons. Biometrika 31.
    """
    swapped = first > second
    edges = pd.DataFrame(
        {
            "judge": judge,
            "context": context,
            "low": np.where(swapped, second, first),
            "high": np.where(swapped, first, second),
            "up": np.where(swapped, -1.0, 1.0) * (2.0 * won - 1.0),
        }
    )
    edges = edges[edges["low"] != edges["high"]]
    decided = edges.groupby(["judge", "context", "low", "high"], as_index=False, sort=True)["up"].sum()
    decided = decided[decided["up"] != 0]
    where = ["judge", "context"]
    chains = decided.merge(decided, left_on=[*where, "high"], right_on=[*where, "low"], suffixes=("_ab", "_bc"))
    closed = chains.merge(decided, left_on=[*where, "low_ab", "high_bc"], right_on=[*where, "low", "high"])
    ab, bc, ac = (np.sign(closed[name].to_numpy()) for name in ("up_ab", "up_bc", "up"))
    things = closed[["low_ab", "low_bc", "high_bc"]].to_numpy(dtype=np.int64)
    return Circles(closed["judge"].to_numpy(dtype=np.int64), things, (ab == bc) & (ac == -ab))

"""Regions, words or periods in which an annotator departs from peers: a scan with a permutation null."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

__all__ = ["SliceScan", "scan_slices"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

STAGES = (199, 1999, 9999)
PROMISING = 0.025
LAPSES = 0.2
MOST_AT_ONCE = 2_000_000


@dataclass(frozen=True, eq=False)
class SliceScan:
    """The most unusual slice of each annotator.

    Parameters
    ----------
    p
        (A,) that departures pile up in some slice, all slices allowed for; NaN where not judged.
    region
        (A,) column of the most unusual slice; -1 where not judged.
    n, observed, predicted
        (A,) the annotator's labels in that slice, departures there, and how many of their departures would fall
        there if they followed what peers say of the items.
    """

    p: Floats
    region: Ints
    n: Ints
    observed: Floats
    predicted: Floats


def scan_slices(
    annotator: Ints,
    departs: Bools,
    chance: Floats,
    regions: sparse.csr_matrix,
    *,
    n_annotators: int,
    min_departures: int = 4,
    seed: int = 0,
) -> SliceScan:
    """Scan each annotator's departures from peers for a slice in which they pile up.

    With D departures, of which a slice holds O, the statistic is the largest standardised O over all slices. Its null
    keeps D and draws which labels depart, without replacement, with odds in proportion to what peers say of them
    (plus a share of lapses that can happen anywhere): hard items attract departures and do not count as a slice.

    Parameters
    ----------
    annotator
        (L,) codes.
    departs, chance
        (L,) whether the label departs from peers, and the probability that a peer's would in the same way.
    regions
        (L, T) sparse 0 and 1: which slices each label lies in. They must not have been chosen by looking at the
        annotator's own departures.
    n_annotators
        A.
    min_departures
        Fewer departures: nothing can pile up, p is NaN.
    seed
        Of the draws.

    References
    ----------
    Kulldorff (1997). A spatial scan statistic. Communications in Statistics 26. Besag, Clifford (1991). Sequential
    Monte Carlo p-values. Biometrika 78. Chung et al. (2019). Slice Finder. ICDE.
    """
    rng = np.random.default_rng([seed, 23])
    order = np.argsort(annotator, kind="stable")
    ends = np.cumsum(np.bincount(annotator, minlength=n_annotators))
    p, region = np.full(n_annotators, np.nan), np.full(n_annotators, -1, dtype=np.int64)
    n, observed, predicted = np.zeros(n_annotators, dtype=np.int64), np.zeros(n_annotators), np.zeros(n_annotators)
    floor = LAPSES * float(chance.mean()) + 1e-6
    for who, mine in enumerate(np.split(order, ends[:-1])):
        if departs[mine].sum() < min_departures:
            continue
        own = _Stream(departs[mine], chance[mine] + floor, regions[mine])
        p[who], best = own.test(rng)
        region[who], n[who] = best, int(own.size[best])
        observed[who], predicted[who] = own.counts[best], own.mean[best]
    return SliceScan(p, region, n, observed, predicted)


class _Stream:
    """One annotator's labels: where they depart, and where they would."""

    def __init__(self, departs: Bools, weight: Floats, regions: sparse.csr_matrix) -> None:
        self.regions = regions
        self.n_departures = int(departs.sum())
        self.log_weight = np.log(weight)
        self.size = np.asarray(regions.sum(axis=0)).ravel()
        share = np.asarray(regions.T @ (weight / weight.sum())).ravel()
        self.mean = self.n_departures * share
        self.scale = np.sqrt(self.mean * np.maximum(1.0 - share, 0.0) + 0.5)
        self.counts = np.asarray(regions.T @ departs.astype(np.float64)).ravel()

    def test(self, rng: np.random.Generator) -> tuple[float, int]:
        """Return p by as many draws as it takes to know, and the slice."""
        score = (self.counts - self.mean) / self.scale
        best = int(score.argmax())
        above = drawn = 0
        for total in STAGES:
            above += int((self._draw(rng, total - drawn) >= score[best] - 1e-9).sum())
            drawn = total
            if (1 + above) / (1 + drawn) > PROMISING:
                break
        return (1 + above) / (1 + drawn), best

    def _draw(self, rng: np.random.Generator, times: int) -> Floats:
        """(times,) largest score of departures drawn anew."""
        largest = np.empty(times)
        n_labels = len(self.log_weight)
        step = max(1, MOST_AT_ONCE // max(n_labels, self.n_departures * 8))
        for start in range(0, times, step):
            size = min(step, times - start)
            keys = self.log_weight + rng.gumbel(size=(size, n_labels))
            picked = np.argpartition(-keys, self.n_departures - 1, axis=1)[:, : self.n_departures]
            rows = np.repeat(np.arange(size), self.n_departures)
            chosen = sparse.csr_matrix((np.ones(picked.size), (rows, picked.ravel())), shape=(size, n_labels))
            counts = np.asarray((chosen @ self.regions).todense())
            largest[start : start + size] = ((counts - self.mean) / self.scale).max(axis=1)
        return largest

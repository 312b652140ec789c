"""Agreement of each two annotators on the items both labelled."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from annoaudit.statistics.agreement.sums import ROOM
from annoaudit.statistics.intervals import logit_interval, wilson_interval
from annoaudit.statistics.votes import Votes

__all__ = ["PairwiseAgreement", "pairwise_agreement"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
CHUNK = 4_000_000  # entries of joint tables held at once


@dataclass(frozen=True, eq=False)
class PairwiseAgreement:
    """Pairs of annotators with shared items, P of them, as coordinate arrays (P,) with ``first < second``.

    ``percent`` has Wilson's interval, ``kappa`` (Cohen's) the standard error of Fleiss, Cohen and Everitt and an
    interval on Fisher's z scale; NaN where the pair's labels do not allow it.
    """

    first: IntArray
    second: IntArray
    n_shared: IntArray
    percent: FloatArray
    percent_low: FloatArray
    percent_high: FloatArray
    kappa: FloatArray
    kappa_se: FloatArray
    kappa_low: FloatArray
    kappa_high: FloatArray
    n_annotators: int

    def matrix(self, field: str) -> FloatArray:
        """Spread one of the fields over a symmetric matrix.

        Parameters
        ----------
        field
            Name of an array of this table, such as ``percent``.

        Returns
        -------
        FloatArray
            (A, A), NaN on the diagonal and for pairs without shared items; 8 A^2 bytes.
        """
        dense = np.full((self.n_annotators, self.n_annotators), np.nan)
        dense[self.first, self.second] = dense[self.second, self.first] = getattr(self, field)
        return dense


def pairwise_agreement(votes: Votes, *, level: float = 0.95) -> PairwiseAgreement:
    """Compare each two annotators who share items.

    Parameters
    ----------
    votes
        The labels.
    level
        Of the intervals, in (0, 1).

    Returns
    -------
    PairwiseAgreement
        One entry a pair; work grows with the sum over items of the squared number of labels.

    References
    ----------
    Fleiss, Cohen, Everitt, Large sample standard errors of kappa and weighted kappa, Psychol. Bull. 72, 1969.
    """
    a, k = votes.n_annotators, votes.n_classes
    ones = np.ones(len(votes.item))
    marks = sparse.coo_array(
        (ones, (votes.annotator * k + votes.label, votes.item)), shape=(a * k, votes.n_items)
    ).tocsr()
    transposed = marks.T.tocsr()
    parts = [_compare(marks, transposed, s, e, a, k, level) for s, e in _blocks(votes)]
    names = [f.name for f in fields(PairwiseAgreement)[:-1]]
    columns = {name: np.concatenate([part[j] for part in parts]) for j, name in enumerate(names)}
    return PairwiseAgreement(**columns, n_annotators=a)


def _blocks(votes: Votes) -> list[tuple[int, int]]:
    """Ranges of annotators whose joint tables fit into a chunk; at least one."""
    work = np.bincount(votes.annotator, weights=votes.per_item[votes.item], minlength=votes.n_annotators)
    work = np.minimum(work, votes.n_annotators * float(votes.n_classes) ** 2)
    block = np.cumsum(work) // CHUNK
    edges = np.flatnonzero(np.diff(block, prepend=-1.0))
    return list(zip(edges, [*edges[1:], votes.n_annotators], strict=True)) if edges.size else [(0, 0)]


def _compare(
    marks: sparse.csr_array, transposed: sparse.csr_array, start: int, end: int, a: int, k: int, level: float
) -> tuple[NDArray[np.generic], ...]:
    """Compare the annotators of a block with all later ones; columns of ``PairwiseAgreement``."""
    joint = (marks[start * k : end * k] @ transposed).tocoo()
    one, other = joint.row.astype(np.int64) + start * k, joint.col.astype(np.int64)
    later = other // k > one // k
    one, other, count = one[later], other[later], joint.data[later]
    keys, pair = np.unique((one // k) * a + other // k, return_inverse=True)
    n = _sums(pair, count, len(keys))
    same = one % k == other % k
    agreed = _sums(pair[same], count[same], len(keys))
    kappa, se = _kappa(pair, one % k, other % k, count / n[pair], agreed / n, n, k)
    ends = logit_interval(kappa, se, np.maximum(n - 1, 1), level, floor=-1.0)
    return keys // a, keys % a, n.astype(np.int64), agreed / n, *wilson_interval(agreed, n, level), kappa, se, *ends


def _kappa(
    pair: IntArray, one: IntArray, other: IntArray, share: FloatArray, observed: FloatArray, n: FloatArray, k: int
) -> tuple[FloatArray, FloatArray]:
    """Cohen's kappa and its standard error from the joint class shares of each pair."""
    size = len(n)
    keys = [np.unique(pair * k + label, return_inverse=True) for label in (one, other)]
    shares = [_sums(inverse, share, len(key)) for key, inverse in keys]
    _, i, j = np.intersect1d(keys[0][0], keys[1][0], assume_unique=True, return_indices=True)
    expected = _sums(keys[0][0][i] // k, shares[0][i] * shares[1][j], size)
    room = np.where(1 - expected > ROOM, 1 - expected, np.nan)
    crossed = _look_up(pair * k + one, keys[1][0], shares[1]) + _look_up(pair * k + other, keys[0][0], shares[0])
    term = (one == other) * (1 - expected)[pair] - crossed * (1 - observed)[pair]
    mean = observed - 2 * expected + observed * expected
    spread = _sums(pair, share * term**2, size) - mean**2
    se = np.sqrt(np.maximum(spread, 0) / n) / room**2
    return (observed - expected) / room, np.where((n > 1) & (se > 0), se, np.nan)


def _sums(group: IntArray, weight: FloatArray, size: int) -> FloatArray:
    return np.bincount(group, weights=weight, minlength=size).astype(np.float64, copy=False)


def _look_up(wanted: IntArray, keys: IntArray, values: FloatArray) -> FloatArray:
    """Values of the wanted keys, 0 where there is none."""
    at = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    return np.where(keys[at] == wanted, values[at], 0.0) if len(keys) else np.zeros(len(wanted))

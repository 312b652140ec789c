"""Neighbours: the most similar items of each item, near copies counted once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from annoaudit.errors import Unavailable
from annoaudit.evidence.features import Features

__all__ = ["Neighbours", "find_neighbours"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

_CELLS = 20_000_000
_COMMON_RATE = 0.05
_GROUP = 64


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The k most similar items of each item, most similar first.

    Parameters
    ----------
    index
        (N, k) items; -1 where there is none.
    similarity
        (N, k) in [0, 1]; 0 where there is none. Cosine for sparse features; for dense ones
        ``exp(-d / s)`` of the distance d between scaled vectors, s the median distance to the nearest.
    """

    index: Ints
    similarity: Floats

    def nearest(self, k: int) -> Neighbours:
        """Return the first k of them."""
        return Neighbours(self.index[:, :k], self.similarity[:, :k])


def find_neighbours(features: Features, *, k: int = 15, cluster: Ints | None = None) -> Neighbours:
    """Find the k most similar items of each item with content.

    Of each cluster of near duplicates one item, the first, stands for all; an item's own cluster is
    never among its neighbours. Work is done in blocks of bounded memory. Terms that more than one in
    twenty of the items share (and at least 200 items) count for length but not for similarity.

    Parameters
    ----------
    features
        Vectors of N items.
    k
        Number of neighbours; fewer where there are fewer clusters.
    cluster
        (N,) near-duplicate cluster of each item; by default each item is its own.

    Raises
    ------
    Unavailable
        Fewer than two different items have content.
    """
    n = len(features.has_content)
    clusters = np.arange(n) if cluster is None else np.unique(cluster, return_inverse=True)[1]
    known = np.flatnonzero(features.has_content)
    _, first = np.unique(clusters[known], return_index=True)
    stand_ins = known[np.sort(first)]
    if len(stand_ins) < 2:
        raise Unavailable("fewer than two different items have content", hint="Neighbours need more items.")
    k = min(k, len(stand_ins) - 1)
    index = np.full((n, k), -1, dtype=np.int64)
    measure = np.zeros((n, k), dtype=np.float32)
    own = np.full(int(clusters.max()) + 1, -1, dtype=np.int64)
    own[clusters[stand_ins]] = np.arange(len(stand_ins))
    search = _search_sparse if features.is_sparse else _search_dense
    for rows, closeness in search(features.scaled, known, stand_ins):
        closeness[np.arange(len(rows)), own[clusters[rows]]] = -np.inf
        top, values = _top(closeness, k, 0.0 if features.is_sparse else -np.inf)
        index[rows] = np.where(top >= 0, stand_ins[top], -1)
        measure[rows] = values
    if features.is_sparse:
        return Neighbours(index, measure.clip(0, 1))
    return Neighbours(index, _decay(measure, features.has_content))


def _top(closeness: Floats, k: int, floor: float) -> tuple[Ints, Floats]:
    """(B, k) columns and values of the k largest above ``floor`` of each row, largest first; -1 where fewer.

    The k-th largest of the maxima of groups of columns bounds the k-th largest of the row from below,
    so that only a few values of each row need sorting.
    """
    n_rows, n_columns = closeness.shape
    n_groups = n_columns // _GROUP
    bound: npt.NDArray[np.float32] = np.full(n_rows, floor, dtype=np.float32)
    if n_groups > k:
        maxima = closeness[:, : n_groups * _GROUP].reshape(n_rows, n_groups, _GROUP).max(axis=2)
        bound = np.maximum(bound, np.partition(maxima, n_groups - k, axis=1)[:, n_groups - k])
    row, column = np.nonzero((closeness >= bound[:, None]) & (closeness > floor))
    value = closeness[row, column]
    order = np.lexsort((column, -value, row))
    row, column, value = row[order], column[order], value[order]
    rank = np.arange(len(row)) - np.searchsorted(row, row, side="left")
    kept = rank < k
    columns = np.full((n_rows, k), -1, dtype=np.int64)
    values = np.full((n_rows, k), floor, dtype=np.float32)
    columns[row[kept], rank[kept]] = column[kept]
    values[row[kept], rank[kept]] = value[kept]
    return columns, values


def _blocks(rows: Ints, n_columns: int) -> list[Ints]:
    size = int(np.clip(_CELLS // max(n_columns, 1), 1, 2048))
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _search_sparse(matrix: sp.csr_matrix, rows: Ints, stand_ins: Ints) -> Iterator[tuple[Ints, Floats]]:
    limit = max(200, int(_COMMON_RATE * matrix.shape[0]))
    rare = np.flatnonzero(np.bincount(matrix.indices, minlength=matrix.shape[1]) <= limit)
    kept = sp.csr_matrix(matrix[:, rare])
    columns = kept[stand_ins].T.tocsr()
    for block in _blocks(rows, len(stand_ins)):
        yield block, np.asarray((kept[block] @ columns).toarray(), dtype=np.float32)


def _search_dense(matrix: Floats, rows: Ints, stand_ins: Ints) -> Iterator[tuple[Ints, Floats]]:
    others = matrix[stand_ins]
    square = np.einsum("ij,ij->i", others, others)
    for block in _blocks(rows, len(stand_ins)):
        here = matrix[block]
        closeness = 2 * here @ others.T
        closeness -= square[None, :]
        closeness -= np.einsum("ij,ij->i", here, here)[:, None]
        yield block, np.minimum(closeness, 0, out=closeness)


def _decay(measure: Floats, known: npt.NDArray[np.bool_]) -> Floats:
    """Turn negative squared distances into similarities in (0, 1]."""
    distance = np.sqrt(np.maximum(-measure, 0))
    nearest = distance[known, 0]
    scale = float(np.median(nearest[nearest > 0])) if (nearest > 0).any() else 1.0
    similarity = np.exp(-distance / scale)
    similarity[~known] = 0
    return np.asarray(similarity, dtype=np.float32)

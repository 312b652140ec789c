"""Pairs of sparse rows with a high cosine: prefix filtering, and where candidates are many, sketches before cosines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.stats import binom

__all__ = ["SimilarRows", "find_similar_rows"]

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

MOST_CANDIDATES = 1_000_000_000
CANDIDATES_A_BLOCK = 5_000_000
EXACT_UP_TO = 5_000_000
COSINES_A_BLOCK = 50_000
ROWS_A_BLOCK = 50_000
BITS = 128
MISSED = 1e-6


@dataclass(frozen=True, eq=False)
class SimilarRows:
    """Pairs of rows, and how many rows were not compared in full.

    Parameters
    ----------
    pairs
        (2, P) places of rows, the smaller first.
    n_bounded
        Rows that hold a term which too many others hold: their pairs were sought by their other rare terms only.
    """

    pairs: Ints
    n_bounded: int = 0


def find_similar_rows(matrix: sp.csr_matrix, similarity: float) -> SimilarRows:
    """Find the pairs of unit rows with a cosine of at least ``similarity``.

    With terms ordered from rare to common, two such rows must share a term within their prefixes, the shortest heads
    that leave tails of a length below ``similarity``. Where more than five million candidates come of that, those are
    left out whose sketches (the signs of 128 random projections) differ in more bits than rows of that cosine do but
    once in a million times; up to there every pair is found. A billion candidates are the most: beyond, the most common
    terms of the prefixes are not looked at.

    Parameters
    ----------
    matrix
        (N, D) rows of unit length, weights at least 0.
    similarity
        Cosine, in (0, 1].

    References
    ----------
    Bayardo, Ma, Srikant (2007). Scaling up all pairs similarity search. WWW. Charikar (2002). Similarity estimation
    techniques from rounding algorithms. STOC.
    """
    ordered = _order_terms(matrix)
    heads = _heads(ordered, similarity)
    prefix = _bound(heads)
    n_bounded = int((np.diff(prefix.indptr) < np.diff(heads.indptr)).sum())
    reach = np.bincount(prefix.indices, minlength=prefix.shape[1]).astype(np.float64)
    cost = np.cumsum(np.asarray(prefix @ reach).ravel())
    sketches = _sketch(ordered) if len(cost) and cost[-1] > EXACT_UP_TO else None
    most_bits = _most_bits(similarity)
    columns, found = prefix.T.tocsr(), list[Ints]([np.zeros((2, 0), dtype=np.int64)])
    for rows in np.split(np.arange(len(cost)), _cuts(cost)):
        left, right = _candidates(prefix, columns, rows)
        if sketches is not None:
            alike = _differing_bits(sketches, left, right) <= most_bits
            left, right = left[alike], right[alike]
        near = _cosines(ordered, left, right) >= similarity - 1e-6
        found.append(np.stack([left[near], right[near]]))
    return SimilarRows(np.concatenate(found, axis=1), n_bounded)


def _order_terms(matrix: sp.csr_matrix) -> sp.csr_matrix:
    """Number the terms from rare to common, and put each row in that order."""
    frequency = np.bincount(matrix.indices, minlength=matrix.shape[1])
    place = np.empty(len(frequency), dtype=matrix.indices.dtype)
    place[np.argsort(frequency, kind="stable")] = np.arange(len(frequency))
    ordered = sp.csr_matrix((matrix.data.copy(), place[matrix.indices], matrix.indptr), shape=matrix.shape)
    ordered.sort_indices()
    return ordered


def _heads(ordered: sp.csr_matrix, similarity: float) -> sp.csr_matrix:
    """Keep, of each row, the terms before the tail whose length is below ``similarity``; 1 for each."""
    parts = []
    for start in range(0, ordered.shape[0], ROWS_A_BLOCK):
        block = ordered[start : start + ROWS_A_BLOCK]
        before = np.concatenate([[0.0], np.cumsum(block.data.astype(np.float64) ** 2)])
        row = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))
        keep = before[block.indptr[1:]][row] - before[:-1] >= (similarity - 1e-6) ** 2
        ones = np.ones(int(keep.sum()), dtype=np.float32)
        parts.append(sp.csr_matrix((ones, (row[keep], block.indices[keep])), shape=block.shape))
    return sp.vstack(parts, format="csr") if parts else ordered


def _bound(prefix: sp.csr_matrix) -> sp.csr_matrix:
    """Drop the most common terms where a hostile table would make too many candidates of them."""
    reach = np.bincount(prefix.indices, minlength=prefix.shape[1]).astype(np.float64)
    order = np.argsort(reach, kind="stable")
    allowed = np.zeros(len(reach), dtype=bool)
    allowed[order[np.cumsum(reach[order] ** 2) <= MOST_CANDIDATES]] = True
    if allowed.all():
        return prefix
    bounded = sp.csr_matrix(prefix @ sp.diags(allowed.astype(np.float32)))
    bounded.eliminate_zeros()
    return bounded


def _cuts(cost: npt.NDArray[np.float64]) -> Ints:
    marks = np.arange(CANDIDATES_A_BLOCK, cost[-1], CANDIDATES_A_BLOCK) if len(cost) else np.zeros(0)
    cuts = np.unique(np.searchsorted(cost, marks, side="right"))
    return np.asarray(cuts[(cuts > 0) & (cuts < len(cost))], dtype=np.int64)


def _candidates(prefix: sp.csr_matrix, columns: sp.csr_matrix, rows: Ints) -> tuple[Ints, Ints]:
    """Pairs of these rows with later ones that share a term of the prefix."""
    if not len(rows):
        return rows, rows
    shared = sp.csr_matrix(prefix[rows] @ columns)
    left = np.repeat(rows, np.diff(shared.indptr))
    later = shared.indices > left
    return left[later], shared.indices[later].astype(np.int64)


def _sketch(matrix: sp.csr_matrix) -> Words:
    """(N, 2) signs of 128 projections of each row, packed."""
    planes = np.random.default_rng(0).standard_normal((matrix.shape[1], BITS), dtype=np.float32)
    starts = range(0, matrix.shape[0], ROWS_A_BLOCK)
    signs = [np.packbits(matrix[start : start + ROWS_A_BLOCK] @ planes > 0, axis=1) for start in starts]
    return np.ascontiguousarray(np.concatenate(signs)).view(np.uint64)


def _most_bits(similarity: float) -> int:
    """In how many bits the sketches of two rows of this cosine differ at most, but once in a million times."""
    return int(binom.isf(MISSED, BITS, np.arccos(min(similarity, 1.0)) / np.pi))


def _differing_bits(sketches: Words, left: Ints, right: Ints) -> Ints:
    differing = np.zeros(len(left), dtype=np.int64)
    for word in np.ascontiguousarray(sketches.T):
        differing += _count_bits(word[left] ^ word[right])
    return differing


def _count_bits(words: Words) -> Ints:
    """Count the ones of each word, in pairs, fours and bytes (numpy has a function for it from 2.0 on)."""
    words -= (words >> np.uint64(1)) & np.uint64(0x5555555555555555)
    words = (words & np.uint64(0x3333333333333333)) + ((words >> np.uint64(2)) & np.uint64(0x3333333333333333))
    words = (words + (words >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.asarray((words * np.uint64(0x0101010101010101)) >> np.uint64(56)).astype(np.int64)


def _cosines(matrix: sp.csr_matrix, left: Ints, right: Ints) -> npt.NDArray[np.float64]:
    cosine = np.empty(len(left))
    for start in range(0, len(left), COSINES_A_BLOCK):
        part = slice(start, start + COSINES_A_BLOCK)
        cosine[part] = np.asarray(matrix[left[part]].multiply(matrix[right[part]]).sum(axis=1)).ravel()
    return cosine

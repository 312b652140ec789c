"""Character n-grams of texts, and how alike two texts are in them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

from annoaudit.statistics.texts.units import Units

__all__ = ["chrf", "count_grams"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

ORDERS = 6
BETA = 2.0
_CHUNK = 20_000
_PRIME = 1_000_003


def chrf(units: Units, first: Ints, second: Ints) -> Floats:
    """Return (P,) chrF of pairs of texts, the mean of both directions, in [0, 1].

    Spaces are left out; precision and recall are means over the orders 1 to 6 that both texts have.

    Parameters
    ----------
    units
        (L,) the texts.
    first, second
        (P,) positions.

    References
    ----------
    Popović (2015). chrF: character n-gram F-score for automatic MT evaluation. WMT.
    """
    used, place = np.unique(np.r_[first, second], return_inverse=True)
    texts = [units.spell(one).replace(" ", "").casefold() for one in units.coded[used]]
    if units.reading == "exact":
        texts = [units.spell(one).replace(" ", "") for one in units.coded[used]]
    a, b = place[: len(first)], place[len(first) :]
    shares = np.zeros((2, len(first)))
    orders = np.zeros(len(first))
    for n in range(1, ORDERS + 1):
        grams = count_grams(texts, n)
        total = np.asarray(grams.sum(axis=1), dtype=np.float64).reshape(-1)
        common = _common(grams, a, b)
        orders += (total[a] > 0) & (total[b] > 0)
        shares[0] += common / np.maximum(total[a], 1)
        shares[1] += common / np.maximum(total[b], 1)
    left, right = shares / np.maximum(orders, 1)
    both = (_f(left, right) + _f(right, left)) / 2
    empty = np.array([not one for one in texts])
    return np.where(empty[a] & empty[b], 1.0, both)


def count_grams(texts: list[str], n: int) -> sparse.csr_array:
    """Return (L, G) counts of the character n-grams of texts; different ones share a column with a chance of 1e-12."""
    everything = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
    length = np.array([len(one) for one in texts], dtype=np.int64)
    if len(everything) < n:
        return sparse.csr_array((len(texts), 1), dtype=np.int64)
    key: npt.NDArray[np.uint64] = np.zeros(len(everything) - n + 1, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for k in range(n):
            key = np.asarray(key * np.uint64(_PRIME) + everything[k : len(key) + k] + np.uint64(1), dtype=np.uint64)
            key ^= key >> np.uint64(29)
    row = np.repeat(np.arange(len(texts)), length)
    inside = row[: len(key)] == row[n - 1 :]
    _, column = np.unique(key[inside], return_inverse=True)
    ones = np.ones(len(column), dtype=np.int64)
    size = (len(texts), int(column.max(initial=0)) + 1)
    found = sparse.csr_array((ones, (row[: len(key)][inside], column)), shape=size)
    found.sum_duplicates()
    return found


def _common(grams: sparse.csr_array, a: Ints, b: Ints) -> Floats:
    parts = [
        np.asarray(grams[a[k : k + _CHUNK]].minimum(grams[b[k : k + _CHUNK]]).sum(axis=1), dtype=np.float64).reshape(-1)
        for k in range(0, len(a), _CHUNK)
    ]
    return np.concatenate(parts) if parts else np.zeros(0)


def _f(precision: Floats, recall: Floats) -> Floats:
    weight = BETA**2
    f = (1 + weight) * precision * recall / np.maximum(weight * precision + recall, 1e-12)
    return np.asarray(f, dtype=np.float64)

"""The order that contradicts the fewest comparisons."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["MOST_EXACT", "kemeny_orders"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MOST_EXACT = 8
"""Things up to which the best order is found for certain."""
_MOST_HELD = 4_000_000
"""Numbers held at once, 32 MB."""


def kemeny_orders(net: Floats) -> Ints:
    """Return (N, k) orders, the best thing first, that contradict the least weight of comparisons.

    Exact for up to 8 things (dynamic programming over subsets); beyond, Borda's order, in which neighbours change
    places as long as that helps.

    Parameters
    ----------
    net
        (N, k, k) weight of those who put the first thing above the second, less that of the opposite.

    References
    ----------
    Kemeny (1959). Mathematics without numbers. Daedalus 88. Held, Karp (1962). A dynamic programming approach to
    sequencing problems. J. SIAM 10. Dwork, Kumar, Naor, Sivakumar (2001). Rank aggregation methods for the web. WWW
    (local Kemenisation).
    """
    n, k = net.shape[:2]
    solve, held = (_exact, k << k) if k <= MOST_EXACT else (_improve_borda, k * k)
    size = max(1, _MOST_HELD // max(held, 1))
    blocks = [solve(net[at : at + size]) for at in range(0, n, size)]
    return np.concatenate(blocks) if blocks else np.zeros((0, k), dtype=np.int64)


def _exact(net: Floats) -> Ints:
    """Best order of each subset of things, from those of one thing less; the last thing is below all others of it."""
    n, k = net.shape[:2]
    value = np.zeros((1 << k, n))
    last = np.zeros((1 << k, n), dtype=np.int8)
    # (k, 2^k, N) would be large: what a thing loses below a subset is summed as the subset grows.
    below = np.zeros((1 << k, k, n))
    for subset in range(1, 1 << k):
        lowest = (subset & -subset).bit_length() - 1
        below[subset] = below[subset & (subset - 1)] + net[:, lowest, :].T
        members = [one for one in range(k) if subset >> one & 1]
        tried = np.stack([value[subset ^ (1 << one)] + below[subset ^ (1 << one)][one] for one in members])
        best = tried.argmax(axis=0)
        value[subset] = tried[best, np.arange(n)]
        last[subset] = np.array(members, dtype=np.int8)[best]
    order = np.zeros((n, k), dtype=np.int64)
    left = np.full(n, (1 << k) - 1)
    for place in range(k - 1, -1, -1):
        order[:, place] = last[left, np.arange(n)]
        left ^= 1 << order[:, place]
    return order


def _improve_borda(net: Floats) -> Ints:
    n, k = net.shape[:2]
    order = np.argsort(-net.sum(axis=2), axis=1, kind="stable").astype(np.int64)
    rows = np.arange(n)
    for _ in range(k):
        changed = False
        for place in range(k - 1):
            upper, lower = order[:, place].copy(), order[:, place + 1].copy()
            swap = net[rows, lower, upper] > 0
            order[swap, place], order[swap, place + 1] = lower[swap], upper[swap]
            changed |= bool(swap.any())
        if not changed:
            break
    return order

"""How far polygons overlap, all pairs at once: lines across both, and how far each line runs within them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Edges", "overlap_of_polygons"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

N_LINES = 64
MOST_CROSSINGS = 4_000_000


@dataclass(frozen=True, eq=False)
class Edges:
    """Edges of R polygons: ``table`` (E, 4) of x and y of both ends, those of polygon r from ``begin`` (R + 1,) on."""

    table: Floats
    begin: Ints

    @classmethod
    def of(cls, polygons: Sequence[Sequence[Floats]]) -> Edges:
        """Gather the edges of polygons, each of rings of corners (n, 2); holes are rings inside others."""
        parts = [np.hstack([ring, np.roll(ring, -1, axis=0)]) for rings in polygons for ring in rings]
        size = [sum(len(ring) for ring in rings) for rings in polygons]
        return cls(np.concatenate([np.zeros((0, 4)), *parts]), np.cumsum([0, *size]))


def overlap_of_polygons(edges: Edges, first: Ints, second: Ints) -> Floats:
    """Return (P,) intersection over union of pairs of polygons, by the even-odd rule.

    64 lines are laid across each pair, evenly from its top to its bottom; what runs within both is taken over what
    runs within either. Along the lines that is exact.

    Parameters
    ----------
    edges
        Of all polygons.
    first, second
        (P,) places of the two polygons of each pair.

    References
    ----------
    Foley et al. (1990). Computer graphics: principles and practice, section 3.6 (scan conversion of polygons).
    """
    size = np.diff(edges.begin)
    chunk = max(1, MOST_CROSSINGS // max(int(size.max(initial=1)) * 2 * N_LINES // 8, 1))
    parts = [_overlap(edges, first[at : at + chunk], second[at : at + chunk]) for at in range(0, len(first), chunk)]
    return np.concatenate(parts) if parts else np.zeros(0)


def _overlap(edges: Edges, first: Ints, second: Ints) -> Floats:
    n = len(first)
    pair_a, edge_a = _of_pairs(edges, first)
    pair_b, edge_b = _of_pairs(edges, second)
    pair, edge = np.concatenate([pair_a, pair_b]), np.concatenate([edge_a, edge_b])
    low, high = np.minimum(edge[:, 1], edge[:, 3]), np.maximum(edge[:, 1], edge[:, 3])
    top, bottom = np.full(n, np.inf), np.full(n, -np.inf)
    np.minimum.at(top, pair, low)
    np.maximum.at(bottom, pair, high)
    step = np.maximum(bottom - top, 1e-12) / N_LINES
    start, stop = (
        np.clip(np.ceil((y - top[pair]) / step[pair] - 0.5), 0, N_LINES).astype(np.int64) for y in (low, high)
    )
    many = stop - start
    source = np.repeat(np.arange(len(edge)), many)
    line = np.arange(len(source)) - np.repeat(np.cumsum(many) - many, many) + start[source]
    y = top[pair[source]] + (line + 0.5) * step[pair[source]]
    x0, y0, x1, y1 = edge[source].T
    x = x0 + (y - y0) * (x1 - x0) / (y1 - y0)
    return _share_lines(pair[source] * N_LINES + line, x, source >= len(edge_a), n)


def _of_pairs(edges: Edges, region: Ints) -> tuple[Ints, Floats]:
    """Return the edges of one polygon of each pair, and the pair of each edge."""
    many = edges.begin[region + 1] - edges.begin[region]
    pair = np.repeat(np.arange(len(region)), many)
    at = np.arange(len(pair)) - np.repeat(np.cumsum(many) - many, many) + np.repeat(edges.begin[region], many)
    return pair, edges.table[at]


def _share_lines(line: Ints, x: Floats, is_second: Bools, n_pairs: int) -> Floats:
    """(P,) share of the length within either polygon that lies in both, given where edges cross the lines.

    A line crosses a closed ring an even number of times, so that the parity of all crossings so far is the line's own.
    """
    left, width = float(x.min(initial=np.inf)), float(np.ptp(x)) if len(x) else 1.0
    order = np.argsort(line + (x - left) / (max(width, 1e-12) * 1.001))  # one key of both: lines, then along them
    line, x, is_second = line[order], x[order], is_second[order]
    within_b = np.cumsum(is_second) % 2 == 1
    within_a = np.cumsum(~is_second) % 2 == 1
    run = np.append(np.diff(x), 0.0)
    run[np.append(line[1:] != line[:-1], True)] = 0.0
    pair = line // N_LINES
    both = np.bincount(pair, run * (within_a & within_b), n_pairs)
    either = np.bincount(pair, run * (within_a | within_b), n_pairs)
    return np.asarray(np.where(either > 0, both / np.where(either > 0, either, 1.0), 0.0))

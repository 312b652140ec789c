"""Where each region lies against the others of its unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.evidence.kinds.shapes import BOX
from annoaudit.statistics.regions.edge_bias import EdgeBias, measure_edge_bias
from annoaudit.statistics.regions.location import compared_box, gap_of, size_of

if TYPE_CHECKING:
    from annoaudit.evidence.kinds.regions import Units

__all__ = ["EDGES", "Places", "bias_of_edges", "find_places"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

EDGES = ("left", "top", "right", "bottom")


@dataclass(frozen=True, eq=False)
class Places:
    """How far each of R regions lies from the others in its unit; NaN where there are none.

    ``gap`` (R,) is 1 less the overlap; ``size`` (R,) that of the consensus in pixels; ``n_others`` (R,) how many others
    it rests on, predictions included; ``off`` (R, 4) where the edges lie from the consensus's, in shares of its sides,
    to the right and down.
    """

    gap: Floats
    size: Floats
    n_others: Ints
    off: Floats


def find_places(units: Units) -> Places:
    """Hold each region against the others of its unit.

    Upright boxes against the median of each edge; in a unit with other shapes the gap is 1 less the median of how alike
    each is to the others (the upper one of an even number, so that one bad region does not drag down the good ones).
    """
    n = len(units.unit)
    gap, size, off = np.full(n, np.nan), np.full(n, np.nan), np.full((n, 4), np.nan)
    n_others = np.zeros(n, dtype=np.int64)
    inside = np.flatnonzero(units.unit >= 0)
    if len(inside):
        held, n_others[inside] = compared_box(units.frame[inside], units.unit[inside])
        gap[inside] = gap_of(units.frame[inside], held)
        size[inside] = size_of(held)
        sides = np.maximum(np.tile(held[:, 2:] - held[:, :2], 2), 1e-9)
        off[inside] = (units.frame[inside] - held) / sides
        shaped = np.zeros(units.votes.n_items, dtype=bool)
        shaped[units.unit[inside][units.shapes.form[inside] != BOX]] = True
        _compare_shapes(units, shaped, gap)
    return Places(gap, size, n_others, off)


def _compare_shapes(units: Units, shaped: npt.NDArray[np.bool_], gap: Floats) -> None:
    """Write the gaps of regions whose units hold other shapes than upright boxes."""
    if not shaped.any():
        return
    pairs = units.pairs
    mine = shaped[units.unit[pairs.first]]
    region = np.concatenate([pairs.first[mine], pairs.second[mine]])
    value = np.tile(pairs.similarity[mine], 2)
    order = np.lexsort((value, region))
    many = np.bincount(region, minlength=len(gap))
    start = np.cumsum(many) - many
    known = np.flatnonzero(many > 0)
    gap[known] = 1.0 - value[order][start[known] + many[known] // 2]


def bias_of_edges(units: Units, *, fewest_items: int, seed: int = 0) -> EdgeBias:
    """Measure systematic offsets of people's upright boxes that overlap a consensus with others by half at least."""
    mine = np.flatnonzero(units.by_people & (units.n_people[units.unit] > 1))
    common = units.consensus[units.unit[mine]]
    near = (gap_of(units.frame[mine], common) <= 0.5) & (units.shapes.form[mine] == BOX)
    mine, common = mine[near], common[near]
    sides = np.maximum(np.tile(common[:, 2:] - common[:, :2], 2), 1e-9)
    _, unit, many = np.unique(units.unit[mine], return_inverse=True, return_counts=True)
    kept = many[unit] > 1
    return measure_edge_bias(
        ((units.frame[mine] - common) / sides)[kept],
        np.unique(unit[kept], return_inverse=True)[1],
        units.regions.annotator[mine][kept],
        units.regions.item[mine][kept],
        units.votes.n_annotators,
        fewest_items=fewest_items,
        seed=seed,
    )

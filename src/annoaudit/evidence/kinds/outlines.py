"""Outlines of one thing by several people, cell by cell: their consensus, and how each draws."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.statistics.regions.staple import Staple, boundary_f, infer_outline

if TYPE_CHECKING:
    from annoaudit.evidence.kinds.regions import Units

__all__ = ["Drawing", "consensus_outline", "judge_drawings"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Window = tuple[float, float, float, float]

GRID = 64
MOST_UNITS = 400
ROOM = 0.1
NEAR = 1.5
"""Cells of 64 across a thing that count as near its border."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """How D drawings compare with their units' consensus: who drew, on which image, and how well."""

    annotator: Ints
    item: Ints
    boundary: Floats
    covered: Floats
    beyond: Floats


def consensus_outline(units: Units, members: Ints) -> tuple[npt.NDArray[np.bool_], Window, Staple]:
    """Return the cells that regions of one unit together fill, the window they lie in, and what was inferred."""
    frame = units.frame[members]
    left, top = frame[:, :2].min(axis=0)
    right, bottom = frame[:, 2:].max(axis=0)
    across, down = ROOM * (right - left), ROOM * (bottom - top)
    window = (float(left - across), float(top - down), float(right + across), float(bottom + down))
    drawn = np.stack([units.shapes.cells(int(one), window, GRID) for one in members])
    found = infer_outline(drawn)
    return found.inside >= 0.5, window, found


def judge_drawings(units: Units) -> Drawing:
    """Compare each person's outline with the consensus of all who drew the thing; at most 400 units, evenly chosen.

    ``covered`` is the share of the consensus that a drawing covers, ``beyond`` the share of the drawing that lies
    beyond it, ``boundary`` the F measure of the borders.
    """
    rows = list(_compare(units))
    table = np.array(rows, dtype=np.float64).reshape(-1, 5)
    whole = table[:, :2].astype(np.int64)
    return Drawing(whole[:, 0], whole[:, 1], table[:, 2], table[:, 3], table[:, 4])


def _compare(units: Units) -> Iterator[tuple[float, float, float, float, float]]:
    several = np.flatnonzero(units.n_people > 2)
    chosen = several[np.linspace(0, len(several) - 1, min(MOST_UNITS, len(several))).astype(np.int64)]
    theirs = np.flatnonzero(units.by_people)
    order = theirs[np.argsort(units.unit[theirs], kind="stable")]
    ends = np.searchsorted(units.unit[order], [chosen, chosen + 1])
    for start, end in ends.T.tolist():
        members = order[start:end]
        shared, window, _ = consensus_outline(units, members)
        for one in members.tolist():
            cells = units.shapes.cells(one, window, GRID)
            both = float((cells & shared).sum())
            yield (
                float(units.regions.annotator[one]),
                float(units.regions.item[one]),
                boundary_f(cells, shared, NEAR),
                both / max(float(shared.sum()), 1.0),
                1.0 - both / max(float(cells.sum()), 1.0),
            )

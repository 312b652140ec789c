"""The shapes of regions, whatever their kind: the upright box around each, and how alike two are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.statistics.regions.boxes import Alike, box_overlap, corners_of_boxes

if TYPE_CHECKING:
    from annoaudit.labels import LabelSet
    from annoaudit.labels.regions import Regions

__all__ = ["Shapes", "gather_shapes"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Shapes:
    """Shapes of R regions: ``frame`` (R, 4) left, top, right and bottom edges; NaN where a region has no place."""

    frame: Floats

    def take(self, keep: npt.NDArray[np.bool_] | Ints) -> Shapes:
        """Return some of the shapes."""
        return replace(self, frame=self.frame[keep])

    def similarity(self, first: Ints, second: Ints) -> Floats:
        """Return (P,) how alike pairs of these regions are, in [0, 1]."""
        return box_overlap(self.frame[first], self.frame[second])

    def outline(self, at: int) -> tuple[str, ...]:
        """Return a region as closed SVG paths."""
        left, top, right, bottom = (round(float(one), 1) for one in self.frame[at])
        return (f"M{left} {top}H{right}V{bottom}H{left}Z",)

    def alike(self, among: Ints) -> Alike | None:
        """Return how alike two of these regions are; None where the overlap of their frames says it all."""
        return None


def gather_shapes(labels: LabelSet, regions: Regions) -> Shapes:
    """Read the shapes of the regions out of the labels table."""
    x, y, w, h = (labels.labels[name].take(regions.row).to_numpy().astype(np.float64) for name in ("x", "y", "w", "h"))
    return Shapes(corners_of_boxes(x, y, w, h))

"""The shapes of regions, whatever their kind: the upright box around each, and how alike two are."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from annoaudit.formats.masks import decode_counts
from annoaudit.statistics.regions.boxes import Alike, box_overlap, corners_of_boxes
from annoaudit.statistics.regions.keypoints import keypoint_similarity, sigmas_for
from annoaudit.statistics.regions.outlines import (
    Runs,
    cells_of_rings,
    cells_of_runs,
    frame_of_runs,
    overlap_of_runs,
    rings_of_cells,
    thin_ring,
)
from annoaudit.statistics.regions.polygons import Edges, overlap_of_polygons
from annoaudit.statistics.regions.quads import convex_overlap, corners_of_turned, quads_of_boxes

if TYPE_CHECKING:
    from annoaudit.labels import LabelSet
    from annoaudit.labels.regions import Regions

__all__ = ["BOX", "MASK", "POINTS", "POLYGON", "TURNED", "Shapes", "gather_shapes", "paths_of_cells"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Objects = npt.NDArray[np.object_]

BOX, TURNED, POLYGON, MASK, POINTS = range(5)
NEAR_POINT = 0.025
"""Room around keypoints, in shares of the image's side."""
DRAWN = 48
SMOOTH = 0.8
"""Cells of 48 across a shape by which its drawn border may be off."""


@dataclass(frozen=True, eq=False)
class Points:
    """Keypoints of one object: places (K, 2), which count (K,), and the object's area."""

    xy: Floats
    seen: Bools
    area: float


@dataclass(frozen=True, eq=False)
class Shapes:
    """Shapes of R regions.

    ``frame`` (R, 4) are left, top, right and bottom edges; NaN where a region has no place. ``form`` (R,) says what
    each is; ``body`` (R,) holds corners (4, 2), rings, runs or points, None of a box.
    """

    frame: Floats
    form: Ints
    body: Objects

    def take(self, keep: Bools | Ints) -> Shapes:
        """Return some of the shapes."""
        return replace(self, frame=self.frame[keep], form=self.form[keep], body=self.body[keep])

    def alike(self, among: Ints) -> Alike | None:
        """Return how alike two of these regions are; None where the overlap of their frames says it all."""
        if (self.form[among] == BOX).all():
            return None
        return lambda first, second: self.similarity(among[first], among[second])

    def similarity(self, first: Ints, second: Ints) -> Floats:
        """Return (P,) how alike pairs are, in [0, 1]: overlap, or object-keypoint similarity.

        Of a mask and something else it is the overlap of the boxes around them.
        """
        found = box_overlap(self.frame[first], self.frame[second])
        a, b = self.form[first], self.form[second]
        turned = np.flatnonzero(((a == TURNED) | (b == TURNED)) & (a <= TURNED) & (b <= TURNED))
        if len(turned):
            found[turned] = convex_overlap(self._quads(first[turned]), self._quads(second[turned]))
        drawn = np.flatnonzero(((a == POLYGON) & (b <= POLYGON)) | ((b == POLYGON) & (a <= POLYGON)))
        if len(drawn):
            found[drawn] = self._overlap_drawn(first[drawn], second[drawn])
        for at in np.flatnonzero((a == MASK) & (b == MASK)).tolist():
            found[at] = overlap_of_runs(self.body[first[at]], self.body[second[at]])
        for at in np.flatnonzero((a == POINTS) & (b == POINTS)).tolist():
            found[at] = _points_alike(self.body[first[at]], self.body[second[at]])
        return found

    def rings(self, at: int) -> tuple[Floats, ...]:
        """Return the corners of a box, turned box or polygon; of anything else those of its frame."""
        if self.form[at] not in (TURNED, POLYGON):
            return (quads_of_boxes(self.frame[at : at + 1])[0],)
        body = self.body[at]
        return (body,) if self.form[at] == TURNED else tuple(body)

    def cells(self, at: int, window: tuple[float, float, float, float], grid: int) -> Bools:
        """Return (grid, grid) which cells of a window a region fills."""
        if self.form[at] == MASK:
            return cells_of_runs(self.body[at], window, grid)
        return cells_of_rings(self.rings(at), window, grid)

    def outline(self, at: int) -> tuple[str, ...]:
        """Return a region as SVG paths: closed ones, or a cross for each keypoint."""
        if self.form[at] == MASK:
            window = _around(self.frame[[at]])
            return paths_of_cells(self.cells(at, window, DRAWN), window)
        if self.form[at] == POINTS:
            return self._crosses(at)
        size = float(np.abs(self.frame[at, 2:] - self.frame[at, :2]).max())
        return tuple(_path_of(thin_ring(ring, size / DRAWN / 2)) for ring in self.rings(at))

    def _crosses(self, at: int) -> tuple[str, ...]:
        points: Points = self.body[at]
        size = float(np.abs(self.frame[at, 2:] - self.frame[at, :2]).max()) / 16
        return tuple(
            f"M{x - size:.1f} {y:.1f}h{2 * size:.1f}m{-size:.1f} {-size:.1f}v{2 * size:.1f}"
            for x, y in points.xy[points.seen].tolist()
        )

    def _overlap_drawn(self, first: Ints, second: Ints) -> Floats:
        """(P,) overlap of polygons with polygons or boxes."""
        used, place = np.unique(np.concatenate([first, second]), return_inverse=True)
        edges = Edges.of([self.rings(at) for at in used.tolist()])
        return overlap_of_polygons(edges, place[: len(first)], place[len(first) :])

    def _quads(self, at: Ints) -> Floats:
        quads = quads_of_boxes(self.frame[at])
        turned = np.flatnonzero(self.form[at] == TURNED)
        if len(turned):
            quads[turned] = np.stack(self.body[at[turned]].tolist())
        return quads


def gather_shapes(labels: LabelSet, regions: Regions) -> Shapes:
    """Read the shapes of the regions out of the labels table.

    A row with a mask is a mask; else one with rings a polygon (unless it is a turned box), one with points keypoints,
    one with a rotation a turned box, and any other a box.
    """
    table = labels.labels.take(pa.array(regions.row)) if len(regions) else labels.labels.slice(0, 0)
    x, y, w, h = (table[name].to_numpy().astype(np.float64) for name in ("x", "y", "w", "h"))
    rotation = np.nan_to_num(table["rotation"].to_numpy().astype(np.float64))
    frame, form = corners_of_boxes(x, y, w, h), np.full(len(regions), BOX, dtype=np.int64)
    body = np.full(len(regions), None, dtype=object)
    kind = np.array(table["kind"].to_pylist(), dtype=object)
    turned = np.flatnonzero((rotation % 360 != 0) & np.isfinite(frame).all(axis=1) & (kind != "polygon"))
    if len(turned):
        quads = corners_of_turned(x[turned], y[turned], w[turned], h[turned], rotation[turned])
        form[turned] = TURNED
        for at, quad in zip(turned.tolist(), quads, strict=True):
            body[at] = quad
        frame[turned] = np.concatenate([quads.min(axis=1), quads.max(axis=1)], axis=1)
    if table["polygon"].null_count < len(table):
        _read_rings(table["polygon"].to_pylist(), frame, form, body)
    if table["rle"].null_count < len(table):
        _read_runs(table.select(["rle", "rle_h", "rle_w"]).to_pylist(), frame, form, body)
    if table["points"].null_count < len(table):
        sides = np.column_stack(
            [labels.items[name].to_numpy().astype(np.float64)[regions.item] for name in ("width", "height")]
        )
        shown = table.select(["points", "attributes"]).to_pylist()
        _read_points(shown, w * h, np.nan_to_num(sides, nan=400.0), frame, form, body)
    return Shapes(frame, form, body)


def _read_rings(polygons: list[list[list[float]] | None], frame: Floats, form: Ints, body: Objects) -> None:
    for at, polygon in enumerate(polygons):
        rings = [np.array(ring, dtype=np.float64).reshape(-1, 2) for ring in polygon or () if len(ring) >= 6]
        if rings and form[at] != TURNED:
            everything = np.concatenate(rings)
            form[at], body[at] = POLYGON, tuple(rings)
            frame[at] = np.concatenate([everything.min(axis=0), everything.max(axis=0)])


def _read_runs(rows: list[dict[str, object]], frame: Floats, form: Ints, body: Objects) -> None:
    for at, row in enumerate(rows):
        rle, height, width = row["rle"], row["rle_h"], row["rle_w"]
        if not isinstance(rle, bytes) or not isinstance(height, int) or not isinstance(width, int):
            continue
        try:
            runs = Runs(decode_counts(rle), height, width)
        except ValueError:
            frame[at] = np.nan  # a mask that cannot be read has no place, and says so by being left out
            continue
        form[at], body[at], frame[at] = MASK, runs, frame_of_runs(runs)


def _read_points(
    rows: list[dict[str, object]], area: Floats, sides: Floats, frame: Floats, form: Ints, body: Objects
) -> None:
    for at, row in enumerate(rows):
        points = row["points"]
        if not isinstance(points, list) or len(points) < 2 or form[at] not in (BOX,):
            continue
        xy = np.array(points, dtype=np.float64).reshape(-1, 2)
        seen = _seen(row["attributes"], len(xy))
        if not seen.any():
            continue
        if not np.isfinite(frame[at]).all():
            room = NEAR_POINT * sides[at]
            frame[at] = np.concatenate([xy[seen].min(axis=0) - room, xy[seen].max(axis=0) + room])
        known = np.isfinite(area[at]) and area[at] > 0
        around = frame[at, 2:] - frame[at, :2]
        form[at], body[at] = POINTS, Points(xy, seen, float(area[at] if known else around.prod()))


def _seen(attributes: object, n: int) -> Bools:
    """Which keypoints are labelled; all where nothing says so."""
    try:
        told = json.loads(attributes).get("visibility") if isinstance(attributes, str) else None
    except (ValueError, AttributeError):
        told = None
    if not isinstance(told, list) or len(told) != n:
        return np.ones(n, dtype=bool)
    return np.array([bool(one) for one in told])


def _points_alike(a: Points, b: Points) -> float:
    if len(a.xy) != len(b.xy):
        return 0.0
    seen = (a.seen & b.seen)[None]
    area = np.array([(a.area + b.area) / 2])
    return float(keypoint_similarity(a.xy[None], b.xy[None], seen, area, sigmas_for(len(a.xy)))[0])


def _around(frames: Floats) -> tuple[float, float, float, float]:
    left, top = (float(one) for one in frames[:, :2].min(axis=0))
    right, bottom = (float(one) for one in frames[:, 2:].max(axis=0))
    return left, top, right, bottom


def paths_of_cells(cells: Bools, window: tuple[float, float, float, float]) -> tuple[str, ...]:
    """Return the borders of cells of a window as closed SVG paths."""
    left, top, right, bottom = window
    step = np.array([right - left, bottom - top]) / len(cells)
    rings = [thin_ring(ring, SMOOTH) for ring in rings_of_cells(cells)]
    return tuple(_path_of(ring * step + [left, top]) for ring in rings)


def _path_of(ring: Floats) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in ring.tolist()) + "Z"

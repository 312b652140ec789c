"""Sets of regions as votes: matched across annotators into units, each with one vote of every submission on its image.

A submission votes for the class of its region in the unit, or for absence where it has none. Regions that only a model
predicts make units as well, so "overlooked" is a vote for absence that the model contradicts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.evidence.kinds.shapes import Shapes, gather_shapes
from annoaudit.labels import Parts, Votes
from annoaudit.labels.regions import Regions, select_regions
from annoaudit.statistics.regions.agreement import MatchedPairs, pair_up
from annoaudit.statistics.regions.boxes import overlapping_pairs
from annoaudit.statistics.regions.location import median_box
from annoaudit.statistics.regions.matching import match_regions

if TYPE_CHECKING:
    from annoaudit.labels import LabelSet

__all__ = ["Units", "gather_units"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

LOOSE = 0.1
"""Similarity from which a region that nobody else's matches counts as badly located rather than as something else."""
FARTHEST = 1e9
"""Coordinates beyond this are no place on an image."""
SURE = 0.5
"""Confidence from which a region that only a model predicts makes a unit of its own."""
SAME = 0.7
"""Overlap from which two predictions of one model are one, the more confident."""


@dataclass(frozen=True, eq=False)
class Units:
    """What a question's regions are about: units, and the votes of all submissions on them.

    U units, R regions (people's first). ``unit`` (R,) is the unit of each region, -1 for predictions of which nothing
    is made; ``frame`` (R, 4) the upright box around each; ``consensus`` (U, 4) the median box of the unit's people, or
    of its predictions where nobody marked it; ``n_people`` (U,) how many marked it; ``cast`` (R,) the vote that each
    region is, -1 for predictions; ``n_unplaced`` counts regions without a place, which are left out.
    """

    regions: Regions
    shapes: Shapes
    unit: Ints
    consensus: Floats
    n_people: Ints
    votes: Votes
    cast: Ints
    n_unplaced: int = 0

    @property
    def limits(self) -> tuple[str, ...]:
        """What was left out, in words."""
        counts = (
            (self.regions.n_ignored, "crowds or ignored regions were left out"),
            (self.n_unplaced, "regions have no place that could be read, and were left out"),
        )
        return tuple(f"{n:,} {words}." for n, words in counts if n)

    @property
    def frame(self) -> Floats:
        """(R, 4) left, top, right and bottom of each region."""
        return self.shapes.frame

    @property
    def by_people(self) -> npt.NDArray[np.bool_]:
        """(R,) whether a person, or a model as an annotator, marked the region."""
        return self.regions.model < 0

    @cached_property
    def pairs(self) -> MatchedPairs:
        """All pairs of regions of one unit, and how alike they are."""
        inside = np.flatnonzero(self.unit >= 0)
        first, second = pair_up(self.unit[inside])
        return MatchedPairs(inside[first], inside[second], self.alike(inside[first], inside[second]))

    def alike(self, first: Ints, second: Ints) -> Floats:
        """Return (P,) how alike pairs of regions are."""
        return self.shapes.similarity(first, second)

    def outline(self, at: int) -> tuple[str, ...]:
        """Return a region as closed SVG paths, in pixels of its image."""
        return self.shapes.outline(at)


def gather_units(labels: LabelSet, question: str, *, threshold: float = 0.5) -> Units:
    """Match the regions of a question into units and let every submission vote on each.

    Parameters
    ----------
    labels, question
        Where the regions are.
    threshold
        Similarity from which regions mean the same thing: of boxes, polygons and masks their overlap, of keypoints
        their object-keypoint similarity.
    """
    regions = select_regions(labels, question)
    regions = regions.take(np.argsort(regions.model >= 0, kind="stable"))
    shapes = gather_shapes(labels, regions)
    placed = np.flatnonzero((np.abs(shapes.frame) <= FARTHEST).all(axis=1))
    n_unplaced = len(regions) - len(placed)
    regions, shapes = regions.take(placed), shapes.take(placed)
    unit: Ints = np.full(len(regions), -1, dtype=np.int64)
    people = np.flatnonzero(regions.model < 0)
    if len(people):
        unit[people] = _match_people(regions, shapes, people, threshold)
    n_units = int(unit.max(initial=-1)) + 1
    consensus = median_box(shapes.frame[people], unit[people]) if len(people) else np.zeros((0, 4))
    for model in np.unique(regions.model[regions.model >= 0]):
        mine = np.flatnonzero(regions.model == model)
        unit[mine] = _match_model(regions, shapes, mine, unit[people], consensus, people, threshold)
    unit = _found_units(regions, shapes, unit, n_units, threshold)
    total = int(unit.max(initial=-1)) + 1
    grown = np.concatenate([consensus, np.full((total - n_units, 4), np.nan)])
    fresh = np.flatnonzero(unit >= n_units)
    if len(fresh):
        grown[n_units:] = median_box(shapes.frame[fresh], unit[fresh] - n_units)
    order, unit = _by_image(regions, unit, total)
    votes, cast = _cast_votes(labels, regions, unit, shapes, total)
    n_people = np.bincount(unit[people], minlength=total) if len(people) else np.zeros(total, dtype=np.int64)
    return Units(regions, shapes, unit, grown[order], n_people, votes, cast, n_unplaced)


def _match_people(regions: Regions, shapes: Shapes, people: Ints, threshold: float) -> Ints:
    item, who = regions.item[people], regions.annotator[people]
    first, second, similarity = overlapping_pairs(
        item, who, shapes.frame[people], min(LOOSE, threshold), shapes.alike(people)
    )
    return match_regions(first, second, similarity, who, threshold=threshold)


def _match_model(
    regions: Regions, shapes: Shapes, mine: Ints, unit_of: Ints, consensus: Floats, people: Ints, threshold: float
) -> Ints:
    """(M,) unit that each of a model's predictions falls into; -1 where none, or where a surer one says the same."""
    kept = mine[_without_doubles(regions.item[mine], shapes.frame[mine], regions.confidence[mine])]
    n_units = len(consensus)
    item_of = np.zeros(n_units, dtype=np.int64)
    item_of[unit_of] = regions.item[people]
    frame = np.concatenate([consensus, shapes.frame[kept]])
    source = np.repeat(np.array([0, 1]), [n_units, len(kept)])
    item = np.concatenate([item_of, regions.item[kept]])
    first, second, similarity = overlapping_pairs(item, source, frame, min(LOOSE, threshold))
    found = match_regions(first, second, similarity, source, threshold=threshold)
    owner = np.full(int(found.max(initial=-1)) + 1, -1, dtype=np.int64)
    owner[found[:n_units]] = np.arange(n_units)
    unit = np.full(len(mine), -1, dtype=np.int64)
    unit[np.searchsorted(mine, kept)] = owner[found[n_units:]]
    return unit


def _without_doubles(item: Ints, frame: Floats, confidence: Floats) -> Ints:
    """Places of predictions, in order, without those that lie on a surer one on the same image."""
    n = len(item)
    first, second, _ = overlapping_pairs(item, np.arange(n), frame, SAME)
    rank = np.empty(n, dtype=np.int64)
    rank[np.lexsort((np.arange(n), -np.nan_to_num(confidence, nan=0.0)))] = np.arange(n)
    lower = np.where(rank[first] > rank[second], first, second)
    upper = np.where(rank[first] > rank[second], second, first)
    gone = np.zeros(n, dtype=bool)
    for at in np.argsort(rank[upper], kind="stable").tolist():
        gone[lower[at]] |= not gone[upper[at]]
    return np.flatnonzero(~gone)


def _found_units(regions: Regions, shapes: Shapes, unit: Ints, n_units: int, threshold: float) -> Ints:
    """Give predictions that no person's region matches, and that are sure enough, units of their own."""
    sure = (regions.model >= 0) & (unit < 0) & (np.nan_to_num(regions.confidence, nan=1.0) >= SURE)
    answered = np.zeros(len(regions.submissions.item_ids), dtype=bool)
    answered[regions.submissions.item] = True
    new = np.flatnonzero(sure & answered[regions.item])
    if not len(new):
        return unit
    key = regions.item[new] * (int(regions.model.max()) + 1) + regions.model[new]
    new = new[_without_doubles(key, shapes.frame[new], regions.confidence[new])]
    source = regions.model[new]
    pairs = overlapping_pairs(regions.item[new], source, shapes.frame[new], threshold)
    unit = unit.copy()
    unit[new] = n_units + match_regions(*pairs, source, threshold=threshold)
    return unit


def _by_image(regions: Regions, unit: Ints, total: int) -> tuple[Ints, Ints]:
    """Number units by image, those of people in the order of their first regions; return the old codes, and units."""
    item_of = np.zeros(total, dtype=np.int64)
    item_of[unit[unit >= 0]] = regions.item[unit >= 0]
    order = np.argsort(item_of, kind="stable")
    place = np.empty(total, dtype=np.int64)
    place[order] = np.arange(total)
    return order, np.where(unit >= 0, place[unit] if total else -1, -1)


def _cast_votes(labels: LabelSet, regions: Regions, unit: Ints, shapes: Shapes, total: int) -> tuple[Votes, Ints]:
    given = regions.submissions
    item_of = np.zeros(total, dtype=np.int64)
    item_of[unit[unit >= 0]] = regions.item[unit >= 0]
    by_item = np.argsort(given.item, kind="stable")
    many = np.bincount(given.item, minlength=len(given.item_ids))
    begin = np.cumsum(many) - many
    thing = np.repeat(np.arange(total), many[item_of])
    start = np.cumsum(many[item_of]) - many[item_of]
    offset = np.arange(len(thing)) - start[thing] if len(thing) else thing
    submission = by_item[begin[item_of[thing]] + offset]
    rank = np.empty(len(given), dtype=np.int64)
    rank[by_item] = np.arange(len(given)) - np.repeat(begin, many)
    cast = np.full(len(regions), -1, dtype=np.int64)
    mine = np.flatnonzero(regions.submission >= 0)
    cast[mine] = start[unit[mine]] + rank[regions.submission[mine]]
    label = np.full(len(thing), regions.none, dtype=np.int64)
    row = np.full(len(thing), -1, dtype=np.int64)
    label[cast[mine]], row[cast[mine]] = regions.label[mine], regions.row[mine]
    names = _name_units(unit, shapes.frame, item_of)
    ids = pc.binary_join_element_wise(given.item_ids.take(pa.array(item_of)), pa.array(names, pa.string()), "#")
    votes = Votes(
        question=regions.question,
        item_ids=ids,
        annotator_ids=given.annotator_ids,
        classes=regions.classes,
        item=thing,
        annotator=given.annotator[submission],
        label=label,
        row=row,
        owner=given.owner[submission],
        round=np.zeros(len(thing), dtype=np.int64),
        kind=regions.kind,
        parts=Parts(item_of, tuple(names)),
    )
    return votes, cast


def _name_units(unit: Ints, frame: Floats, item_of: Ints) -> list[str]:
    """Name each unit by the place of its first region, which further annotators do not change."""
    first = np.full(len(item_of), -1, dtype=np.int64)
    known = np.flatnonzero(unit >= 0)[::-1]
    first[unit[known]] = known
    whole = np.rint(frame[first]).astype(np.int64)
    names: list[str] = []
    seen: dict[tuple[int, str], int] = {}
    for item, (left, top, right, bottom) in zip(item_of.tolist(), whole.tolist(), strict=True):
        name = f"{right - left}×{bottom - top} at {left},{top}"  # noqa: RUF001 - as sizes are written
        again = seen[item, name] = seen.get((item, name), 0) + 1
        names.append(name if again == 1 else f"{name} ({again})")
    return names

"""Boxes and other regions of images: how far they agree, what each annotator misses or adds, and what a reader sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.auditing.kinds.page import KindPage
from annoaudit.auditing.kinds.scenes import draw_scene
from annoaudit.auditing.kinds.words import WORDS_PAGE
from annoaudit.evidence.kinds.outlines import judge_drawings
from annoaudit.evidence.kinds.places import bias_of_edges, find_places
from annoaudit.reporting.record import NamedTable
from annoaudit.statistics.clustered import clustered_interval
from annoaudit.statistics.regions.agreement import MatchedPairs, measure_region_agreement
from annoaudit.statistics.regions.edge_bias import COMPONENTS

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.evidence import Evidence
    from annoaudit.statistics.agreement import Coefficient

__all__ = ["REGIONS_PAGE"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

WITH_EDGES = ("bbox", "rbox")
WITH_OUTLINES = ("polygon", "mask")
FEWEST_ITEMS = 10


def _agree(evidence: Evidence) -> Sequence[Coefficient]:
    units, votes = evidence.units, evidence.votes
    theirs = np.flatnonzero(units.by_people)  # they come first, so places among them are places among all
    pairs, given = units.pairs, units.regions.submissions
    both = units.by_people[pairs.first] & units.by_people[pairs.second]
    return measure_region_agreement(
        MatchedPairs(pairs.first[both], pairs.second[both], pairs.similarity[both]),
        item=units.regions.item[theirs],
        label=units.regions.label[theirs],
        n_submissions=np.bincount(given.item, minlength=len(given.item_ids)),
        n_annotators=votes.n_annotators,
        n_classes=votes.n_classes - 1,
        seed=evidence.seed,
    )


def _tables(evidence: Evidence, who: npt.NDArray[np.object_]) -> tuple[NamedTable, ...]:
    """Return what each annotator misses, adds and calls otherwise, and the systematic offsets of their edges."""
    found = [_habits(evidence, who)]
    if evidence.kind in WITH_EDGES:
        found.append(_offsets(evidence, who))
    if evidence.kind in WITH_OUTLINES:
        found.append(_drawings(evidence, who))
    return tuple(one for one in found if len(one.frame))


def _habits(evidence: Evidence, who: npt.NDArray[np.object_]) -> NamedTable:
    import pandas as pd

    votes, units = evidence.votes, evidence.units
    present = votes.row >= 0
    asked = np.bincount(votes.item, minlength=votes.n_items)[votes.item] - 1
    marked = units.n_people[votes.item] - present
    share = np.where(asked > 0, marked / np.maximum(asked, 1), np.nan)
    whole = votes.whole
    overlap = np.full(len(votes), np.nan)
    theirs = np.flatnonzero(units.by_people)
    overlap[units.cast[theirs]] = 1.0 - find_places(units).gap[theirs]
    other = _says_otherwise(evidence, present)
    rows = []
    for one in range(votes.n_annotators):
        mine = votes.annotator == one
        row: list[object] = [who[one], int((mine & present).sum())]
        for kept, value in (
            (mine & (share > 0.5), ~present),
            (mine & present & np.isfinite(share), share < 0.5),
            (mine & np.isfinite(other), other),
            (mine & np.isfinite(overlap), overlap),
        ):
            row += clustered_interval(value[kept].astype(np.float64), whole[kept])
        rows.append(tuple(row))
    names = ("missed_share", "unconfirmed_share", "other_class_share", "mean_overlap")
    ends = [column for name in names for column in (name, f"{name}_low", f"{name}_high")]
    frame = pd.DataFrame(rows, columns=["annotator", "regions", *ends])
    note = (
        "Missed: of what most of the others marked. Unconfirmed: regions that fewer than half of the others marked. "
        "Other class: than most of the others gave the same thing. 95 % intervals, images as the sampled units."
    )
    return NamedTable("What each annotator misses and adds", note, frame)


def _says_otherwise(evidence: Evidence, present: npt.NDArray[np.bool_]) -> Floats:
    """(L,) whether a region's class differs from the others' most frequent class of it; NaN where none gave one."""
    votes = evidence.votes
    counts = votes.counts[votes.item][:, :-1].astype(np.float64)
    rows = np.flatnonzero(present)
    counts[rows, votes.label[rows]] -= 1
    top = counts.max(axis=1, initial=0.0)
    same = np.zeros(len(votes))
    same[rows] = counts[rows, votes.label[rows]]
    return np.where(present & (top > 0), (same < top).astype(np.float64), np.nan)


def _offsets(evidence: Evidence, who: npt.NDArray[np.object_]) -> NamedTable:
    import pandas as pd

    found = bias_of_edges(evidence.units, fewest_items=FEWEST_ITEMS, seed=evidence.seed)
    p = [f"{one:.4f}" for one in found.p.tolist()]
    columns: dict[str, object] = {"annotator": who, "boxes": found.n_boxes, "p": p}
    for k, name in enumerate(COMPONENTS):
        ends = {"": found.mean, "_low": found.low, "_high": found.high}
        columns |= {f"{name}_share{end}": np.round(values[:, k], 3) + 0.0 for end, values in ends.items()}
    frame = pd.DataFrame(columns)
    frame = frame[np.isfinite(found.p)].reset_index(drop=True)
    note = (
        "Mean place of the edges against the others' of the same things, to the right and down, and of the length of "
        "the sides, in shares of the sides; the median annotator is 0. p: signs of whole images flipped, all five "
        "together, before multiplicity."
    )
    return NamedTable("Systematic offsets of edges", note, frame)


def _drawings(evidence: Evidence, who: npt.NDArray[np.object_]) -> NamedTable:
    import pandas as pd

    found = judge_drawings(evidence.units)
    rows = []
    for one in np.unique(found.annotator).tolist():
        mine = found.annotator == one
        row: list[object] = [who[one], int(mine.sum())]
        for value in (found.boundary, found.covered, found.beyond):
            row += clustered_interval(value[mine], found.item[mine])
        rows.append(tuple(row))
    names = ("boundary_f", "covered_share", "beyond_share")
    ends = [column for name in names for column in (name, f"{name}_low", f"{name}_high")]
    frame = pd.DataFrame(rows, columns=["annotator", "drawings", *ends])
    note = (
        "Against the consensus (STAPLE) of things that three or more drew, at most 400 of them: F measure of the "
        "borders, share of the consensus covered, and share of the drawing beyond it. 95 % intervals, images as the "
        "sampled units."
    )
    return NamedTable("How each annotator draws", note, frame)


def _by_class(evidence: Evidence, apart: Floats) -> pd.DataFrame:
    return WORDS_PAGE.by_class(evidence, apart)


REGIONS_PAGE = KindPage(_agree, _by_class, _tables, draw_scene)

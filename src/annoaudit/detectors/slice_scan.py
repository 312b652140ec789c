"""Annotators, alone or several together, who depart from peers in one kind of item, source or period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.detectors.exhibits import exhibit
from annoaudit.findings import Explanation, Level, Scores, signed, tell_share
from annoaudit.statistics.intervals import exact_interval
from annoaudit.statistics.multiplicity import suspicion_of
from annoaudit.statistics.slice_groups import SliceGroup, find_slice_group
from annoaudit.statistics.slice_scan import scan_slices

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["SliceScan"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

INNOCENT = (
    "knowledge of this kind of item that the others lack",
    "a view of this kind of item that the majority does not share",
    "another version of the guideline in that period or batch",
    "items of this slice that are hard in a way neither features nor the others' labels show",
)


GROUP_AT = 0.01


@dataclass(frozen=True)
class SliceScan:
    """Test whether departures toward one class pile up in one slice: of each annotator's labels, and of a group's.

    Slices are groups of similar items, words, sources and periods, fixed without looking at the labels. The null
    draws the same number of departures anew, where peers say they are likely. A group is found on half of the items
    and tested on the other half; annotators who show nothing beyond their group are told of there and not apart. See
    :func:`annoaudit.statistics.slice_scan.scan_slices` and
    :func:`annoaudit.statistics.slice_groups.find_slice_group`.

    Parameters
    ----------
    min_departures
        Fewer departures toward the class: nothing can pile up, not judged.
    """

    min_departures: int = 4

    name = "slice_scan"
    version = "2"
    level: ClassVar[Level] = "slice"
    needs = ("cells", "slices")

    def score(self, evidence: Evidence) -> Scores:
        """Score every annotator by their most unusual slice, and the most unusual group."""
        votes = evidence.votes
        piles = _Piles.of(evidence, self.min_departures)
        size = np.maximum(piles.n, 1)
        low, high = exact_interval(piles.observed, size)

        def explain(positions: npt.NDArray[np.int64]) -> Sequence[Explanation]:
            return [_explain(evidence, piles, int(at)) for at in positions]

        return Scores(
            *signed(self, votes.question),
            target=np.arange(len(piles.p)),
            suspicion=suspicion_of(piles.p),
            explain=explain,
            given=np.where(np.isfinite(piles.p), piles.given, -1),
            n=piles.n,
            effect=(piles.observed - piles.predicted) / size,
            effect_low=low - piles.predicted / size,
            effect_high=high - piles.predicted / size,
            effect_name="share of the slice given the class, beyond their departures elsewhere",
            null="the same number of departures, where peers say they are likely",
            p=piles.p,
            family="annotators and their group",
            members=piles.members,
            missing=f"fewer than {self.min_departures} departures toward one class" if np.isnan(piles.p).any() else "",
            note=f"{len(evidence.slices.names)} slices looked into",
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Piles:
    """Departures toward one class in one slice: one row an annotator, and one for the group, if any stands out."""

    p: Floats
    given: Ints
    region: Ints
    n: Ints
    observed: Floats
    predicted: Floats
    members: tuple[Ints, ...]

    @classmethod
    def of(cls, evidence: Evidence, min_departures: int) -> _Piles:
        votes, slices, target = evidence.votes, evidence.slices, _most_excessive(evidence)
        scan = scan_slices(
            votes.annotator, *_departures(evidence, target[votes.annotator]), slices.regions,
            n_annotators=votes.n_annotators, min_departures=min_departures, seed=evidence.seed,
        )  # fmt: skip
        group = find_slice_group(
            lambda toward: _departures(evidence, np.full(len(votes), toward)), votes.item, votes.annotator,
            slices.regions, n_annotators=votes.n_annotators, n_classes=votes.n_classes, seed=evidence.seed,
        )  # fmt: skip
        alone = np.arange(votes.n_annotators)[:, None]
        piles = cls(scan.p, target, scan.region, scan.n, scan.observed, scan.predicted, tuple(alone))
        return piles if group is None else piles._with(group)

    def _with(self, group: SliceGroup) -> _Piles:
        """Add the group, and take out those of its members who show nothing beyond it."""
        member = np.isin(np.arange(len(self.p)), group.members) & (self.given == group.target)
        kept = np.flatnonzero(~(member & (group.p <= np.maximum(np.nan_to_num(self.p, nan=1.0), GROUP_AT))))
        return _Piles(
            np.r_[self.p[kept], group.p], np.r_[self.given[kept], group.target],
            np.r_[self.region[kept], group.region], np.r_[self.n[kept], group.n],
            np.r_[self.observed[kept], group.observed], np.r_[self.predicted[kept], group.predicted],
            (*(self.members[who] for who in kept), group.members),
        )  # fmt: skip


def _most_excessive(evidence: Evidence) -> npt.NDArray[np.int64]:
    """(A,) the class that each annotator gives most too often where peers say otherwise."""
    cells = evidence.cells
    off = ~np.eye(evidence.votes.n_classes, dtype=bool)
    excess = ((cells.observed - cells.predicted) * off).sum(axis=1)
    return np.asarray((excess / np.sqrt((cells.variance * off).sum(axis=1) + 0.5)).argmax(axis=1), dtype=np.int64)


def _departures(evidence: Evidence, wanted: Ints) -> tuple[npt.NDArray[np.bool_], Floats]:
    """(L,) whether each label is the wanted class against peers, and how probable that is.

    The probability is a peer's, times how much more often the annotator departs so from that expected class: a habit
    with a whole class belongs to ``targeted_flips``, and a slice has to stand out beyond it.
    """
    votes, peers, cells = evidence.votes, evidence.peers, evidence.cells
    against = (peers.expected != wanted) & peers.informed
    place = (votes.annotator, peers.expected, wanted)
    habit = (cells.observed[place] + 1.0) / (cells.predicted[place] + 1.0)
    return against & (votes.label == wanted), np.where(against, peers.of_given(wanted) * habit, 0.0)


def _explain(evidence: Evidence, piles: _Piles, at: int) -> Explanation:
    votes, peers, region = evidence.votes, evidence.peers, int(piles.region[at])
    target, who = int(piles.given[at]), piles.members[at]
    mine = np.isin(votes.annotator, who)
    inside = np.asarray(evidence.slices.regions[:, [region]].todense()).ravel() > 0
    picked = np.flatnonzero(inside & mine & _departures(evidence, np.full(len(votes), target))[0])
    picked = picked[np.argsort(-peers.confidence[picked], kind="stable")]
    others = np.flatnonzero(inside & ~mine & (votes.label == peers.expected) & peers.informed)
    name = evidence.slices.names[region]
    return Explanation(
        _tell(piles, at, name, votes.classes[target]),
        {
            **exhibit(
                evidence, picked, statistic="departures in the slice", value=float(piles.observed[at]),
                innocent=INNOCENT, matched=others,
                would_clear="20 items of this slice, judged without names by somebody who knows the subject",
            ),
            "slice": name,
            **({"n_members": len(who)} if len(who) > 1 else {}),
        },
    )  # fmt: skip


def _tell(piles: _Piles, at: int, name: str, given: str) -> str:
    n, observed, n_members = int(piles.n[at]), int(piles.observed[at]), len(piles.members[at])
    counted = f"{observed} of {n} labels ({tell_share(observed / max(n, 1))})"
    usual = f"spread as peers lead to expect it would be {piles.predicted[at]:.1f}."
    if n_members == 1:
        return f"In the slice “{name}”, this annotator gives “{given}” against their peers on {counted}; {usual}"
    return (
        f"In the slice “{name}”, these {n_members} annotators all give “{given}” against their peers: on {counted} in "
        f"the half of the items that did not choose the slice; {usual}"
    )

"""Annotators who depart from peers in one kind of item, source or period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.detectors.exhibits import exhibit
from annoaudit.findings import Explanation, Level, Scores, tell_share
from annoaudit.statistics.intervals import exact_interval
from annoaudit.statistics.multiplicity import suspicion_of
from annoaudit.statistics.slice_scan import SliceScan as Scan
from annoaudit.statistics.slice_scan import scan_slices

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["SliceScan"]

INNOCENT = (
    "knowledge of this kind of item that the others lack",
    "a view of this kind of item that the majority does not share",
    "another version of the guideline in that period or batch",
    "items of this slice that are hard in a way neither features nor the others' labels show",
)


@dataclass(frozen=True)
class SliceScan:
    """Test for each annotator whether departures toward one class pile up in one slice of their labels.

    Slices are groups of similar items, words, sources and periods, fixed without looking at the labels. The null
    draws the same number of departures anew, where peers say they are likely. See
    :func:`annoaudit.statistics.slice_scan.scan_slices`.

    Parameters
    ----------
    min_departures
        Fewer departures toward the class: nothing can pile up, not judged.
    """

    min_departures: int = 4

    name = "slice_scan"
    version = "1"
    level: ClassVar[Level] = "slice"
    needs = ("cells", "slices")

    def score(self, evidence: Evidence) -> Scores:
        """Score every annotator by their most unusual slice."""
        votes, target = evidence.votes, _most_excessive(evidence)
        departs, chance = _departures(evidence, target)
        scan = scan_slices(
            votes.annotator, departs, chance, evidence.slices.regions, n_annotators=votes.n_annotators,
            min_departures=self.min_departures, seed=evidence.seed,
        )  # fmt: skip
        size = np.maximum(scan.n, 1)
        low, high = exact_interval(scan.observed, size)

        def explain(positions: npt.NDArray[np.int64]) -> Sequence[Explanation]:
            return [_explain(evidence, scan, departs, int(target[at]), int(at)) for at in positions]

        return Scores(
            detector=self.name,
            version=self.version,
            level=self.level,
            question=votes.question,
            target=np.arange(votes.n_annotators),
            suspicion=suspicion_of(scan.p),
            explain=explain,
            given=np.where(np.isfinite(scan.p), target, -1),
            n=scan.n,
            effect=(scan.observed - scan.predicted) / size,
            effect_low=low - scan.predicted / size,
            effect_high=high - scan.predicted / size,
            effect_name="share of the slice given the class, beyond their departures elsewhere",
            null="the same number of departures, where peers say they are likely",
            p=scan.p,
            family="annotators",
            members=tuple(np.array([who]) for who in range(votes.n_annotators)),
            missing=f"fewer than {self.min_departures} departures toward one class" if np.isnan(scan.p).any() else "",
            note=f"{len(evidence.slices.names)} slices looked into",
        )  # fmt: skip


def _most_excessive(evidence: Evidence) -> npt.NDArray[np.int64]:
    """(A,) the class that each annotator gives most too often where peers say otherwise."""
    cells = evidence.cells
    off = ~np.eye(evidence.votes.n_classes, dtype=bool)
    excess = ((cells.observed - cells.predicted) * off).sum(axis=1)
    return np.asarray((excess / np.sqrt((cells.variance * off).sum(axis=1) + 0.5)).argmax(axis=1), dtype=np.int64)


def _departures(
    evidence: Evidence, target: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """(L,) whether each label is its annotator's class against peers, and how probable that is.

    The probability is a peer's, times how much more often the annotator departs so from that expected class: a habit
    with a whole class belongs to ``targeted_flips``, and a slice has to stand out beyond it.
    """
    votes, peers, cells = evidence.votes, evidence.peers, evidence.cells
    wanted = target[votes.annotator]
    against = (peers.expected != wanted) & peers.informed
    place = (votes.annotator, peers.expected, wanted)
    habit = (cells.observed[place] + 1.0) / (cells.predicted[place] + 1.0)
    return against & (votes.label == wanted), np.where(against, peers.of_given(wanted) * habit, 0.0)


def _explain(evidence: Evidence, scan: Scan, departs: npt.NDArray[np.bool_], target: int, who: int) -> Explanation:
    votes, peers, region = evidence.votes, evidence.peers, int(scan.region[who])
    inside = np.asarray(evidence.slices.regions[:, [region]].todense()).ravel() > 0
    picked = np.flatnonzero(inside & departs & (votes.annotator == who))
    picked = picked[np.argsort(-peers.confidence[picked], kind="stable")]
    others = np.flatnonzero(inside & (votes.annotator != who) & (votes.label == peers.expected) & peers.informed)
    name = evidence.slices.names[region]
    share = float(scan.observed[who] / max(scan.n[who], 1))
    return Explanation(
        f"In the slice “{name}”, this annotator gives “{votes.classes[target]}” against their peers on "
        f"{int(scan.observed[who])} of {int(scan.n[who])} labels ({tell_share(share)}); spread as peers lead to expect "
        f"it would be {scan.predicted[who]:.1f}.",
        {
            **exhibit(
                evidence, picked, statistic="departures in the slice", value=float(scan.observed[who]),
                innocent=INNOCENT, matched=others,
                would_clear="20 items of this slice, judged without names by somebody who knows the subject",
            ),
            "slice": name,
        },
    )  # fmt: skip

"""Regions that lie off from those of the others who mean the same thing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.errors import Unavailable
from annoaudit.evidence.kinds.places import EDGES, Places, find_places
from annoaudit.findings import Explanation, Level, Scores, signed, tell_share
from annoaudit.labels import REGIONS

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence
    from annoaudit.evidence.kinds.regions import Units

__all__ = ["BoxLocation"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

NOTABLE = 0.05


@dataclass(frozen=True)
class BoxLocation:
    """Score each region by how far it lies from the others' in its unit, against what is usual for this team and size.

    The gap is 1 less the overlap with the unit's consensus: of boxes the median of each edge over all who marked the
    thing, predictions included; of other shapes the median overlap with the others'. It is read in robust standard
    deviations of the log gap among regions of about the same size. A rank, not a test. With two in a unit, both are
    held against each other: no label says which of the two is off, so that each is suspected by how often its maker's
    pairs are.

    Parameters
    ----------
    margin
        Gap that is too small to matter.
    cutoff
        Robust standard deviations above the usual at which suspicion is .5.
    min_regions
        Fewer regions that can be compared: what is usual is not known.
    """

    margin: float = 0.05
    cutoff: float = 2.0
    min_regions: int = 30

    name = "box_location"
    version = "2"
    level: ClassVar[Level] = "label"
    kinds: ClassVar[tuple[str, ...]] = REGIONS
    needs = ("units",)

    def score(self, evidence: Evidence) -> Scores:
        """Score every region that somebody else, or a model, marked too."""
        from annoaudit.statistics.regions.location import rank_gaps

        votes, places = evidence.votes, find_places(evidence.units)
        known = np.flatnonzero(np.isfinite(places.gap) & evidence.units.by_people)
        if len(known) < self.min_regions:
            raise Unavailable(
                f"fewer than {self.min_regions} regions were marked by two people, or by one and a model",
                hint="Let a share of the images be labelled twice.",
            )
        suspicion, usual = rank_gaps(
            places.gap[known], places.size[known], margin=self.margin, cutoff=self.cutoff,
            group=(places.n_others[known] > 1).astype(np.int64),
        )  # fmt: skip
        suspicion = _blame(evidence.units, known, places.n_others[known], suspicion)
        judged = np.full(len(votes), np.nan)
        judged[evidence.units.cast[known]] = suspicion
        region = np.full(len(votes), -1, dtype=np.int64)
        region[evidence.units.cast[known]] = known
        expected = np.full(len(evidence.units.unit), np.nan)
        expected[known] = usual
        present = np.flatnonzero(votes.row >= 0)

        def explain(positions: Ints) -> Sequence[Explanation]:
            return [_explain(places, int(region[present[at]]), expected) for at in positions]

        return Scores(
            *signed(self, votes.question),
            target=present,
            suspicion=judged[present],
            explain=explain,
            given=votes.label[present],
            suggested=np.full(len(present), -1, dtype=np.int64),
            n=np.where(region[present] >= 0, places.n_others[region[present]] + 1, 1),
            missing="" if np.isfinite(judged[present]).all() else "nobody else, and no model, marked the same thing",
            note="rank against what is usual for regions of this size in this team, not a test",
            aspect="place",
        )


def _blame(units: Units, known: Ints, n_others: Ints, suspicion: Floats) -> Floats:
    """Share out the suspicion of pairs of two people between them; a model's word against one person's stands."""
    from annoaudit.statistics.regions.location import blame_pairs

    of_people = np.bincount(units.unit[known], minlength=len(units.consensus))[units.unit[known]] == 2
    two = np.flatnonzero((n_others == 1) & of_people)
    if not len(two):
        return suspicion
    _, pair = np.unique(units.unit[known[two]], return_inverse=True)
    shared = suspicion.copy()
    shared[two] = blame_pairs(suspicion[two], pair, units.regions.annotator[known[two]], units.votes.n_annotators)
    return shared


def _explain(places: Places, at: int, expected: npt.NDArray[np.float64]) -> Explanation:
    overlap, usual = 1.0 - float(places.gap[at]), 1.0 - float(expected[at])
    off = places.off[at]
    many = int(places.n_others[at])
    whose = (
        "the only other region of the same thing" if many == 1 else "the consensus of those who marked the same thing"
    )
    reason = f"It overlaps {whose} by {tell_share(overlap)}; usual for its size in this team is {tell_share(usual)}"
    told = _tell_edges(off)
    facts: dict[str, object] = {
        "overlap": round(overlap, 4),
        "usual_overlap": round(usual, 4),
        "n_others": many,
        "edges_off": {name: round(float(share), 4) for name, share in zip(EDGES, off, strict=True)},
    }
    return Explanation(f"{reason}{told}.", facts)


def _tell_edges(off: npt.NDArray[np.float64]) -> str:
    """Name the edges that are off, the farthest first: which, how far in shares of the side, and where to."""
    size = np.abs(off)
    notable = [k for k in np.argsort(-size) if size[k] >= max(NOTABLE, 0.4 * float(size.max()))]
    words = []
    for k in notable:
        to = ("to the right" if off[k] > 0 else "to the left") if k % 2 == 0 else ("down" if off[k] > 0 else "up")
        words.append(f"{EDGES[k]} edge {tell_share(float(size[k]))} of the {'width' if k % 2 == 0 else 'height'} {to}")
    return f": {', '.join(words)}" if words else ""

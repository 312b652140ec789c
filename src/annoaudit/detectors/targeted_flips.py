"""Annotators whose mistakes pile up in one class pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.detectors.exhibits import exhibit
from annoaudit.errors import Unavailable
from annoaudit.findings import Explanation, Level, Scores, signed, tell_share
from annoaudit.statistics.cell_scan import CellScan, scan_cells
from annoaudit.statistics.intervals import exact_interval
from annoaudit.statistics.multiplicity import suspicion_of

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["TargetedFlips"]

INNOCENT = (
    "another reading of where the one class ends and the other begins",
    "an older or newer version of the guideline",
    "a key or button that is easily hit instead of its neighbour",
    "items of a kind that others did not get",
)


@dataclass(frozen=True)
class TargetedFlips:
    """Test for each annotator whether one class is given for another far more often than their other mistakes suggest.

    The null is an honest annotator who makes mistakes everywhere at their own rate, with personal leanings as
    large as this team shows; every class pair is tried and allowed for. See
    :func:`annoaudit.statistics.cell_scan.scan_cells`.

    Parameters
    ----------
    min_labels
        Fewer labels where peers expect the class: the pair is not tried. One is enough: few labels make a pair
        unlikely to stand out, and the count of pairs that were tried allows for it.
    """

    min_labels: int = 1

    name = "targeted_flips"
    version = "2"
    level: ClassVar[Level] = "annotator"
    needs = ("cells",)

    def score(self, evidence: Evidence) -> Scores:
        """Score every annotator by their most unusual class pair."""
        votes = evidence.votes
        if votes.n_annotators < 3:
            raise Unavailable("fewer than three annotators", hint="What is usual in a team needs at least three.")
        scan = scan_cells(evidence.cells, min_labels=self.min_labels)
        low, high = exact_interval(scan.observed, np.maximum(scan.n, 1))
        usual = scan.predicted / np.maximum(scan.n, 1)

        def explain(positions: npt.NDArray[np.int64]) -> Sequence[Explanation]:
            return [_explain(evidence, scan, int(at)) for at in positions]

        return Scores(
            *signed(self, votes.question),
            target=np.arange(votes.n_annotators),
            suspicion=suspicion_of(scan.p),
            explain=explain,
            given=np.where(np.isfinite(scan.p), scan.given, -1),
            suggested=np.where(np.isfinite(scan.p), scan.expected, -1),
            n=scan.n.astype(np.int64),
            effect=scan.observed / np.maximum(scan.n, 1) - usual,
            effect_low=low - usual,
            effect_high=high - usual,
            effect_name="share of the class given another, beyond their own other mistakes",
            null="mistakes spread over class pairs as in the rest of this team, at the annotator's own rate",
            p=scan.p,
            family="annotators",
            missing=f"fewer labels than {self.min_labels} in every class" if np.isnan(scan.p).any() else "",
            note=f"dispersion of honest rates: {scan.dispersion:.2f}",
        )


def _explain(evidence: Evidence, scan: CellScan, who: int) -> Explanation:
    votes, peers = evidence.votes, evidence.peers
    a, b = int(scan.expected[who]), int(scan.given[who])
    here = (votes.annotator == who) & (peers.expected == a) & (votes.label == b)
    picked = np.flatnonzero(here)
    picked = picked[np.argsort(-peers.q[picked, a], kind="stable")]
    share = float(scan.observed[who] / max(scan.n[who], 1))
    return Explanation(
        f"Where peers say “{votes.classes[a]}”, this annotator says “{votes.classes[b]}” on "
        f"{int(scan.observed[who])} of {int(scan.n[who])} items ({tell_share(share)}); their other mistakes "
        f"lead to expect {scan.predicted[who]:.1f}.",
        exhibit(
            evidence, picked, statistic="labels in the class pair", value=float(scan.observed[who]), innocent=INNOCENT,
            would_clear=f"a second look, without names, at 20 of these items and 20 others of “{votes.classes[a]}”",
        ),
    )  # fmt: skip

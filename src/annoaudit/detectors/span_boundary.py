"""Spans that start or end elsewhere than others' spans of the same thing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.errors import Unavailable
from annoaudit.evidence.kinds.spans import spell_extent
from annoaudit.findings import Explanation, Level, Scores, signed, tell_share
from annoaudit.labels import EXTENDED

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["SpanBoundary", "tell_extent"]

MOST_QUOTE = 60


@dataclass(frozen=True)
class SpanBoundary:
    """Score each span by the probability that its extent is not the true one, given the others' extents of it.

    Spans of several annotators that were matched are about the same thing. Each annotator's extents are right with a
    probability that is inferred together with the true extents, so that those who usually agree with the rest weigh
    more. Where only one annotator marked it, nothing is said.

    References
    ----------
    Dawid, Skene (1979). Maximum likelihood estimation of observer error-rates. Applied Statistics 28.
    """

    name = "span_boundary"
    version = "1"
    level: ClassVar[Level] = "label"
    kinds: ClassVar[tuple[str, ...]] = EXTENDED
    needs = ("extents",)

    def score(self, evidence: Evidence) -> Scores:
        """Score every span that somebody else marked, too."""
        votes, matched, extents = evidence.votes, evidence.matched_spans, evidence.extents
        at = np.flatnonzero(matched.mark >= 0)
        right = extents.right[matched.mark[at]]
        if not np.isfinite(right).any():
            raise Unavailable(
                "no two annotators marked the same thing", hint="Let a share of the items be labelled twice."
            )
        n_marks = np.bincount(votes.item[at], minlength=votes.n_items)

        def explain(positions: npt.NDArray[np.int64]) -> Sequence[Explanation]:
            return [_explain(evidence, int(at[one]), float(right[one])) for one in positions]

        return Scores(
            *signed(self, votes.question),
            target=at,
            suspicion=1.0 - right,
            explain=explain,
            given=votes.label[at],
            suggested=np.full(len(at), -1, dtype=np.int64),
            n=n_marks[votes.item[at]],
            aspect="place",
            missing="" if np.isfinite(right).all() else "nobody else marked it",
        )


def _explain(evidence: Evidence, at: int, right: float) -> Explanation:
    matched, extents, item = evidence.matched_spans, evidence.extents, int(evidence.votes.whole[at])
    unit, mine = int(evidence.votes.item[at]), int(matched.mark[at])
    own = (float(matched.spans.start[mine]), float(matched.spans.end[mine]))
    best = (float(extents.start[unit]), float(extents.end[unit]))
    others = np.flatnonzero(matched.units.of[: len(matched.spans)] == unit)
    same = int(sum((matched.spans.start[k], matched.spans.end[k]) == best for k in others))
    reason = f"This span is {tell_extent(evidence, item, own)}; "
    if own == best:
        reason += f"{len(others) - same} of {len(others)} annotators place it elsewhere"
    else:
        reason += f"{same} of {len(others)} annotators mark {tell_extent(evidence, item, best)}"
    reason += (
        f". Weighing annotators by how often they agree, its own extent is right with probability {tell_share(right)}."
    )
    return Explanation(
        reason,
        {"start": own[0], "end": own[1], "likely_start": best[0], "likely_end": best[1]},
    )


def tell_extent(evidence: Evidence, item: int, extent: tuple[float, float]) -> str:
    """Return an extent of an item in words, with what is written there."""
    where = spell_extent(*extent, evidence.kind)
    if evidence.kind == "segment":
        return where
    text = str(evidence.labels.items["text"][item].as_py() or "")
    quote = " ".join(text[int(extent[0]) : int(extent[1])].split())
    if not quote:
        return where
    return f"“{quote if len(quote) <= MOST_QUOTE else quote[: MOST_QUOTE - 1] + '…'}” ({where})"

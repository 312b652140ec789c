"""Spans that a model which never saw them contradicts: wrong class, wrong boundary, spurious, or missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.detectors.span_boundary import tell_extent
from annoaudit.findings import Explanation, Level, Scores, signed, tell_share
from annoaudit.labels import EXTENDED
from annoaudit.statistics.spans.doubts import KINDS_OF_DOUBT

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["SpanModel"]


@dataclass(frozen=True)
class SpanModel:
    """Score what each annotator said of each place by the class probabilities of its tokens.

    The model of tokens learned from other items, or other annotators. For a span: the odds of another class, of a
    better boundary one token away, and of nothing; for a place that only the model believes in: the odds of a missing
    span. The highest of these is the suspicion, taking each kind of error to befall one span in twenty. Where
    the labels hold predictions, these are the model, as right as they usually are on the other spans.

    References
    ----------
    Wang, Mueller (2022). Detecting label errors in token classification data. arXiv 2210.03920.
    """

    name = "span_model"
    version = "1"
    level: ClassVar[Level] = "label"
    kinds: ClassVar[tuple[str, ...]] = EXTENDED
    needs = ("span_doubts",)

    def score(self, evidence: Evidence) -> Scores:
        """Score every vote on a place that the model could judge."""
        votes, judged_votes = evidence.votes, evidence.span_doubts
        suspicion, suggested = judged_votes.doubts.suspicion, judged_votes.doubts.suggested
        judged = np.isfinite(suspicion)

        def explain(positions: npt.NDArray[np.int64]) -> Sequence[Explanation]:
            return [_explain(evidence, int(at)) for at in positions]

        return Scores(
            *signed(self, votes.question),
            target=np.arange(len(votes)),
            suspicion=suspicion,
            explain=explain,
            given=votes.label,
            suggested=np.where(judged & (suggested != votes.label), suggested, -1),
            n=judged.astype(np.int64),
            missing="" if judged.all() else "the place holds no words that the model could judge",
            note=f"probabilities: {judged_votes.source}",
        )


def _explain(evidence: Evidence, at: int) -> Explanation:
    votes, judged = evidence.votes, evidence.span_doubts
    item, given, best = int(votes.whole[at]), int(votes.label[at]), int(judged.doubts.suggested[at])
    kind, row = KINDS_OF_DOUBT[int(judged.doubts.odds[at].argmax())], judged.rows[at]
    facts: dict[str, object] = {"kind": kind, "probabilities": judged.source}
    if kind == "wrong boundary":
        own, likelier = _extent(judged.own[at]), _extent(judged.likelier[at])
        told = tell_extent(evidence, item, likelier), tell_extent(evidence, item, own)
        facts |= {"start": own[0], "end": own[1], "likely_start": likelier[0], "likely_end": likelier[1]}
        return Explanation(f"A model that did not see this label would mark {told[0]} rather than {told[1]}.", facts)
    facts["top_classes"] = [[votes.classes[k], round(float(row[k]), 4)] for k in np.argsort(row)[::-1][:3]]
    return Explanation(
        f"Perhaps {kind}: a model that did not see this label gives “{votes.classes[best]}” a probability of "
        f"{tell_share(float(row[best]))} here and “{votes.classes[given]}” {tell_share(float(row[given]))}.",
        facts,
    )


def _extent(ends: npt.NDArray[np.float64]) -> tuple[float, float]:
    return float(ends[0]), float(ends[1])

"""Labels that a model which never saw them finds implausible (confident learning)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.errors import Unavailable
from annoaudit.evidence.kinds import PREDICTIONS, WITH_CLASSES
from annoaudit.findings import Explanation, Level, Scores, signed, tell_share
from annoaudit.labels import EXTENDED, REGIONS

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["ConfidentLearning"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ConfidentLearning:
    """Score each label by out-of-source class probabilities and their joint with the given labels.

    Suspicion orders labels by the ranking that :func:`annoaudit.statistics.label_errors.score_labels`
    chooses from the input alone; .5 is the end of its unbudgeted list. The number of labels above it
    is not an estimate of the number of errors. Of regions and a detector's predictions it is the probability by three
    rates of the team, of things missed, miscalled and added: see :func:`annoaudit.statistics.mark_errors.score_marks`.

    References
    ----------
    Northcutt, Jiang, Chuang (2021). Confident learning: estimating uncertainty in dataset labels. JAIR 70.
    """

    name = "confident_learning"
    version = "2"
    level: ClassVar[Level] = "label"
    kinds: ClassVar[tuple[str, ...]] = tuple(kind for kind in WITH_CLASSES if kind not in EXTENDED)
    needs = ("probabilities",)

    def score(self, evidence: Evidence) -> Scores:
        """Score every vote on an item that the model could judge; unavailable where the model knows too little."""
        votes, probabilities = evidence.votes, evidence.probabilities
        matrix = probabilities.rows_for(votes.item)
        judged = np.asarray(np.isfinite(matrix).all(axis=1))
        suspicion = np.full(len(votes), np.nan)
        suggested = np.full(len(votes), -1, dtype=np.int64)
        rank = _rank_marks if evidence.kind in REGIONS and probabilities.source == PREDICTIONS else _rank_labels
        suspicion[judged], suggested[judged], ranking = rank(votes.label[judged], matrix[judged])

        def explain(positions: npt.NDArray[np.int64]) -> Sequence[Explanation]:
            return [
                _explain(votes.classes, matrix[at], int(votes.label[at]), int(suggested[at]), probabilities.source)
                for at in positions
            ]

        return Scores(
            *signed(self, votes.question),
            target=np.arange(len(votes)),
            suspicion=suspicion,
            explain=explain,
            given=votes.label,
            suggested=suggested,
            n=judged.astype(np.int64),
            missing="" if judged.all() else "the model has no probabilities for the item",
            note=f"ranking: {ranking}; probabilities: {probabilities.source}",
        )


def _rank_labels(label: Ints, matrix: npt.NDArray[np.floating]) -> tuple[Floats, Ints, str]:
    from annoaudit.statistics.label_errors import score_labels

    result = score_labels(label, matrix)
    if not result.can_judge:
        raise Unavailable(result.why, hint="Give better features, or probabilities of a better model.")
    return result.suspicion, result.suggested, result.ranking


def _rank_marks(label: Ints, matrix: npt.NDArray[np.floating]) -> tuple[Floats, Ints, str]:
    """Absence of a region is a vote of its own kind, with rates of its own."""
    from annoaudit.statistics.mark_errors import score_marks

    result = score_marks(label, np.asarray(matrix, dtype=np.float64))
    rates = f"missed {result.missed:.3f}, miscalled {result.miscalled:.3f}, added {result.added:.3f}"
    return result.suspicion, result.suggested, f"posterior odds by rates of the team ({rates})"


def _explain(
    classes: tuple[str, ...], row: npt.NDArray[np.floating], given: int, suggested: int, source: str
) -> Explanation:
    top = np.argsort(row)[::-1][:3]
    reason = (
        f"A model that did not see this label gives “{classes[suggested]}” a probability of "
        f"{tell_share(float(row[suggested]))} and “{classes[given]}” {tell_share(float(row[given]))}."
    )
    return Explanation(
        reason, {"top_classes": [[classes[k], round(float(row[k]), 4)] for k in top], "probabilities": source}
    )

"""Labels that a model which never saw them finds implausible (confident learning)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.errors import Unavailable
from annoaudit.evidence.kinds import WITH_CLASSES
from annoaudit.findings import Explanation, Level, Scores, tell_share
from annoaudit.labels import EXTENDED

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["ConfidentLearning"]


@dataclass(frozen=True)
class ConfidentLearning:
    """Score each label by out-of-source class probabilities and their joint with the given labels.

    Suspicion orders labels by the ranking that :func:`annoaudit.statistics.label_errors.score_labels`
    chooses from the input alone; .5 is the end of its unbudgeted list. The number of labels above it
    is not an estimate of the number of errors.

    References
    ----------
    Northcutt, Jiang, Chuang (2021). Confident learning: estimating uncertainty in dataset labels. JAIR 70.
    """

    name = "confident_learning"
    version = "1"
    level: ClassVar[Level] = "label"
    kinds: ClassVar[tuple[str, ...]] = tuple(kind for kind in WITH_CLASSES if kind not in EXTENDED)
    needs = ("probabilities",)

    def score(self, evidence: Evidence) -> Scores:
        """Score every vote on an item that the model could judge; unavailable where the model knows too little."""
        from annoaudit.statistics.label_errors import score_labels

        votes, probabilities = evidence.votes, evidence.probabilities
        matrix = probabilities.rows_for(votes.item)
        judged = np.asarray(np.isfinite(matrix).all(axis=1))
        result = score_labels(votes.label[judged], matrix[judged])
        if not result.can_judge:
            raise Unavailable(result.why, hint="Give better features, or probabilities of a better model.")
        suspicion = np.full(len(votes), np.nan)
        suspicion[judged] = result.suspicion
        suggested = np.full(len(votes), -1, dtype=np.int64)
        suggested[judged] = result.suggested

        def explain(positions: npt.NDArray[np.int64]) -> Sequence[Explanation]:
            return [
                _explain(votes.classes, matrix[at], int(votes.label[at]), int(suggested[at]), probabilities.source)
                for at in positions
            ]

        return Scores(
            detector=self.name,
            version=self.version,
            level=self.level,
            question=votes.question,
            target=np.arange(len(votes)),
            suspicion=suspicion,
            explain=explain,
            given=votes.label,
            suggested=suggested,
            n=judged.astype(np.int64),
            missing="" if judged.all() else "the model has no probabilities for the item",
            note=f"ranking: {result.ranking}; probabilities: {probabilities.source}",
        )


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

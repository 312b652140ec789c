"""Annotators who choose one side of a comparison whatever stands there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from annoaudit.detectors.leanings import Wording, find_lean, score_lean
from annoaudit.errors import Unavailable
from annoaudit.findings import Level, Scores

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["PositionBias"]

WORDING = Wording(
    towards="the left side",
    away="the right side",
    innocent=(
        "sides that were not shuffled: on one of them always stands the same model",
        "a layout that hides or cuts the other side on this annotator's screen",
        "a key or button that is easily hit instead of its neighbour",
    ),
    would_clear="30 of these comparisons, shown again with the sides swapped",
)


@dataclass(frozen=True)
class PositionBias:
    """Test for each annotator whether the side on which an answer stands changes the choice, beyond the team.

    What others say of a comparison is the only other thing that choices may follow; mistakes that go both ways are
    no leaning. A leaning that the whole team shares cannot be seen.

    Parameters
    ----------
    min_labels
        Fewer decided comparisons: could not be judged.

    References
    ----------
    Wang et al. (2024). Large language models are not fair evaluators. ACL. See
    :func:`annoaudit.statistics.preferences.measure_leaning`.
    """

    min_labels: int = 30

    name = "position_bias"
    version = "1"
    level: ClassVar[Level] = "annotator"
    kinds: ClassVar[tuple[str, ...]] = ("pair",)
    needs = ("sides", "peers")

    def score(self, evidence: Evidence) -> Scores:
        """Score every annotator with enough comparisons."""
        if not evidence.sides.as_shown:
            raise Unavailable(
                "the sides are in the order of the alphabet, not as they were shown",
                hint="Keep the order of the answers as the annotators saw it.",
            )
        lean = find_lean(evidence, np.ones(evidence.votes.n_items))
        return score_lean(self.name, self.version, evidence, lean, self.min_labels, WORDING)

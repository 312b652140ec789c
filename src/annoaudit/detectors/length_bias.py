"""Annotators who choose the longer of two answers, whatever they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from annoaudit.detectors.leanings import Wording, find_lean, score_lean
from annoaudit.errors import Unavailable
from annoaudit.findings import Level, Scores

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["LengthBias"]

WORDING = Wording(
    towards="the longer answer",
    away="the shorter answer",
    innocent=(
        "a guideline that asks for completeness, or for brevity, read more strictly than by others",
        "comparisons in which others judged another quality than this annotator",
        "a layout in which long answers are cut",
    ),
    would_clear="30 of these comparisons, judged by somebody outside the team who is told what to look for",
)


@dataclass(frozen=True)
class LengthBias:
    """Test for each annotator whether the longer answer is chosen more, or less, often than the team leads to expect.

    What others say of a comparison is the only other thing that choices may follow. Longer means by ``ratio`` times
    in characters. A preference for length that the whole team shares cannot be seen.

    Parameters
    ----------
    ratio
        How many times as long an answer must be to count as the longer one.
    min_labels
        Fewer decided comparisons with a longer answer: could not be judged.

    References
    ----------
    Singhal et al. (2024). A long way to go: investigating length correlations in RLHF. COLM. Dubois et al. (2024).
    Length-controlled AlpacaEval. COLM.
    """

    ratio: float = 1.1
    min_labels: int = 30

    name = "length_bias"
    version = "1"
    level: ClassVar[Level] = "annotator"
    kinds: ClassVar[tuple[str, ...]] = ("pair",)
    needs = ("sides", "peers")

    def score(self, evidence: Evidence) -> Scores:
        """Score every annotator with enough comparisons in which one answer is longer."""
        longer = evidence.sides.longer(self.ratio)
        if not longer.any():
            raise Unavailable("no comparison has two texts of which one is longer")
        lean = find_lean(evidence, longer)
        return score_lean(self.name, self.version, evidence, lean, self.min_labels, WORDING)

"""Texts that look wrong whatever others wrote: empty, a stock text used again and again, or far too long or short."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.errors import Unavailable
from annoaudit.evidence.kinds.text_shapes import TextShapes, read_shapes
from annoaudit.findings import Explanation, Level, Scores, signed

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["TextOutlier"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TextOutlier:
    """Score each text by signs that need no second text on its item; the strongest counts.

    Empty: there are no words. Stock text: it stands word for word on three items or more; longer texts count more,
    since short ones repeat by nature, and a text that two gave to one item does not count. Length: how far its number
    of words lies from what the item leads to expect (other texts on it, its duration or the length of its own text,
    else all texts), in robust deviations. A rank.

    Parameters
    ----------
    usual
        Deviations from the expected length that are nothing unusual; the suspicion is .5 at twice as many.
    min_labels
        Fewer texts: lengths are not judged.
    """

    usual: float = 3.0
    min_labels: int = 30

    name = "text_outlier"
    version = "1"
    level: ClassVar[Level] = "label"
    kinds: ClassVar[tuple[str, ...]] = ("text",)
    needs = ("transcripts",)

    def score(self, evidence: Evidence) -> Scores:
        """Score every text."""
        votes = evidence.votes
        if not len(votes):
            raise Unavailable("there are no texts")
        shapes = read_shapes(evidence, fewest=self.min_labels)
        odd = np.clip((np.abs(shapes.deviation) - self.usual) / (2 * self.usual), 0.0, 0.95)
        suspicion = np.fmax(np.fmax(np.where(shapes.empty, 0.95, 0.0), shapes.stock), np.nan_to_num(odd))

        def explain(positions: Ints) -> Sequence[Explanation]:
            return [_explain(shapes, int(at), float(suspicion[at])) for at in positions]

        return Scores(
            *signed(self, votes.question),
            target=np.arange(len(votes)),
            suspicion=suspicion,
            explain=explain,
            given=votes.label,
            n=np.ones(len(votes), dtype=np.int64),
            note=f"lengths are held against {shapes.basis}" if shapes.basis else "too few texts to judge lengths",
            aspect="shape",
        )


def _explain(shapes: TextShapes, at: int, suspicion: float) -> Explanation:
    n, usual, times = int(shapes.length[at]), float(shapes.expected[at]), int(shapes.n_items_of[at])
    facts = {"length": n, "expected_length": round(usual, 1) if np.isfinite(usual) else None, "items_with_text": times}
    if shapes.empty[at]:
        return Explanation("There are no words in it.", facts)
    if shapes.stock[at] >= suspicion and suspicion > 0:
        return Explanation(f"The same text, word for word, stands on {times} items.", facts)
    if not np.isfinite(usual):
        return Explanation("Nothing about it is unusual.", facts)
    return Explanation(
        f"Of {n} {'words' if n != 1 else 'word'}; about {usual:.0f} would be usual, judged by {shapes.basis}.", facts
    )

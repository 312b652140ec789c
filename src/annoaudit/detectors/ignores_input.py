"""Annotators whose texts have nothing to do with the items that they were written for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.detectors.writings import show_texts
from annoaudit.errors import Unavailable
from annoaudit.findings import Explanation, Level, Scores, signed

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence
    from annoaudit.statistics.texts.following import Following

__all__ = ["IgnoresInput"]

Ints = npt.NDArray[np.int64]

INNOCENT = (
    "texts that were stored with the wrong items, by a shift of rows or a mistaken import",
    "another language than the others write in",
    "items on which the others' texts are no use as a standard",
)
UNSURE = 0.05
MOST_UNSURE = 0.2
"""Share of a team's annotators whose texts may seem unrelated to the items before nobody's are judged."""


@dataclass(frozen=True)
class IgnoresInput:
    """Score each annotator by how well their texts could have been given to their items in any order.

    A text that follows its item is nearer to another annotator's text on it than to texts on other items. The suspicion
    rests on the p value of the opposite, that the annotator's texts belong to their items no better than in a random
    order: p / (p + .05). Whoever listens has a p value near 0, be they ever so poor; of those who do not, 95 of 100
    have one above .05 (suspicion .5), exactly, by permutation. That nobody who listens has one is measured, not proven.

    Parameters
    ----------
    min_labels
        Fewer texts on items on which others wrote too: could not be judged.
    """

    min_labels: int = 8

    name = "ignores_input"
    version = "1"
    level: ClassVar[Level] = "annotator"
    kinds: ClassVar[tuple[str, ...]] = ("text",)
    needs = ("transcripts",)

    def score(self, evidence: Evidence) -> Scores:
        """Score every annotator with enough texts."""
        from annoaudit.statistics.texts.following import choose_partners, measure_following

        votes, found = evidence.votes, evidence.transcripts
        found.require_likeness()
        texts = found.texts
        partner = choose_partners(texts.item, found.consensus.weight)
        result = measure_following(
            found.units.coded, partner, texts.annotator, votes.n_annotators, fewest=self.min_labels, seed=evidence.seed
        )
        judged = np.isfinite(result.p)
        if not judged.any():
            raise Unavailable(f"nobody has {self.min_labels} texts on items on which others wrote too")
        # Where many seem not to follow, it is the others' texts that say nothing of the items.
        if (result.p[judged] > UNSURE).mean() > max(MOST_UNSURE, 1.5 / judged.sum()):
            raise Unavailable("too many annotators' texts seem unrelated to the others' on the same items")

        def explain(positions: Ints) -> Sequence[Explanation]:
            return [_explain(evidence, result, int(who)) for who in positions]

        return Scores(
            *signed(self, votes.question),
            target=np.arange(votes.n_annotators),
            suspicion=result.p / (result.p + UNSURE),
            explain=explain,
            n=result.n,
            missing="" if judged.all() else f"fewer than {self.min_labels} texts on items on which others wrote too",
            note="high where nothing shows that the texts follow the items",
        )


def _explain(evidence: Evidence, result: Following, who: int) -> Explanation:
    found = evidence.transcripts
    mine = np.flatnonzero(found.texts.annotator == who)
    worst = mine[np.argsort(-np.nan_to_num(found.apart[mine]), kind="stable")]
    n, alike = int(result.n[who]), int(result.n_alike[who])
    again = f"; {alike} of them are the same text" if alike > 1 else ""
    return Explanation(
        f"{n} texts differ by {100 * float(result.own[who]):.0f} % from another annotator's on the same items, and by "
        f"{100 * float(result.other[who]):.0f} % from those on their other items{again}.",
        {
            "statistic": "p value of texts in any order",
            "value": round(float(result.p[who]), 4),
            "examples": show_texts(evidence, worst),
            "matched": [],
            "innocent_explanations": list(INNOCENT),
            "would_clear": "a look at five of these items beside the texts, and at how they were imported",
        },
    )

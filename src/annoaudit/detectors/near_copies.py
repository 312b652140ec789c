"""Pairs of annotators who make the same mistakes at the same places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.detectors.writings import MOST_SHOWN, show_texts
from annoaudit.errors import Unavailable
from annoaudit.findings import Explanation, Level, Scores, signed
from annoaudit.statistics.intervals import exact_interval
from annoaudit.statistics.multiplicity import suspicion_of

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence
    from annoaudit.statistics.texts.shared_errors import SharedErrors

__all__ = ["NearCopies"]

Ints = npt.NDArray[np.int64]

INNOCENT = (
    "one person with two accounts, or two who work side by side",
    "the same dialect or mother tongue, which makes the same words be misheard",
    "the same draft shown to both: a machine transcript, or a text to correct",
    "a spelling that both were taught",
)


@dataclass(frozen=True)
class NearCopies:
    """Score each pair of annotators by mistakes that they share and hardly anybody else makes.

    Equal texts on easy items prove nothing: they are right. So only departures from the consensus count, made alike by
    two or three of at least four annotators of an item and by no more than half of them; an item counts once. The p
    value asks whether the pair shares mistakes on more items than one and a half times what follows from how many are
    shared on each item, and from how often either shares mistakes with other people.

    Parameters
    ----------
    min_shared
        Pairs with fewer items are left out: nothing could be seen in them.

    References
    ----------
    Wollack (1997). A nominal response model approach for detecting answer copying. Applied Psychological Measurement
    21.
    """

    min_shared: int = 5

    name = "near_copies"
    version = "1"
    level: ClassVar[Level] = "pair"
    kinds: ClassVar[tuple[str, ...]] = ("text",)
    needs = ("transcripts",)

    def score(self, evidence: Evidence) -> Scores:
        """Score every pair with enough items that at least four annotators wrote on."""
        from annoaudit.statistics.texts.shared_errors import count_shared_errors

        votes, found = evidence.votes, evidence.transcripts
        found.require_likeness()
        shared = count_shared_errors(found.consensus.network, found.texts.annotator, votes.n_annotators)
        kept = np.flatnonzero(shared.n_items >= self.min_shared)
        if not len(kept):
            raise Unavailable(
                f"no two annotators share {self.min_shared} items on which at least four wrote",
                hint="Shared mistakes are told from common ones by what the others say: let some items be written by "
                "four or more.",
            )
        n, k, expected = shared.n_items[kept], shared.n_shared[kept], shared.expected[kept]
        low, high = exact_interval(k, n)

        def explain(positions: Ints) -> Sequence[Explanation]:
            return [_explain(evidence, shared, int(kept[at])) for at in positions]

        return Scores(
            *signed(self, votes.question),
            target=np.arange(len(kept)),
            suspicion=suspicion_of(shared.p[kept]),
            explain=explain,
            n=n,
            effect=(k - expected) / n,
            effect_low=low - expected / n,
            effect_high=high - expected / n,
            effect_name="share of shared items with the same odd words, beyond what is expected",
            null="mistakes shared at most one and a half times as often as each shares them with others",
            p=shared.p[kept],
            family="pairs",
            members=tuple(np.stack([shared.first[kept], shared.second[kept]], axis=1)),
        )


def _explain(evidence: Evidence, shared: SharedErrors, place: int) -> Explanation:
    mine = np.flatnonzero(shared.pair == place)
    both = np.stack([shared.at_first[mine], shared.at_second[mine]], axis=1)[: MOST_SHOWN // 2].reshape(-1)
    return Explanation(
        f"These two have the same odd words on {int(shared.n_shared[place])} of {int(shared.n_items[place])} items "
        f"that both wrote on; at most {float(shared.expected[place]):.1f} are expected.",
        {
            "statistic": "items with the same odd words",
            "value": int(shared.n_shared[place]),
            "expected": round(float(shared.expected[place]), 2),
            "examples": show_texts(evidence, both),
            "matched": [],
            "innocent_explanations": list(INNOCENT),
            "would_clear": "20 items that both write without seeing each other's work or the same draft",
        },
    )

"""Annotators who are better on gold items than on the rest of their work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.detectors.exhibits import exhibit
from annoaudit.errors import Unavailable
from annoaudit.findings import Explanation, Level, Scores, signed, tell_share
from annoaudit.statistics.gold_contrast import GoldContrast, contrast_gold
from annoaudit.statistics.multiplicity import suspicion_of

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["GoldGap"]

Ints = npt.NDArray[np.int64]
INNOCENT = (
    "gold items that were used in training",
    "gold items of another kind, batch or age than the rest",
    "more care because gold items carry feedback, which everybody may know",
)


@dataclass(frozen=True)
class GoldGap:
    """Score each annotator by how much better they do on gold items than elsewhere, both against their peers.

    Agreement with peers on the other items says how skilled the annotator is; that skill says how much agreement to
    expect on gold items. What goes beyond it is read against the team's own spread. Agreement with peers is the measure
    on both, because on the other items nothing better is known: right answers on one side and agreement on the other
    would differ by the peers' own mistakes.

    Parameters
    ----------
    min_gold, min_other
        Fewer labels on gold items, or on others: could not be judged.
    """

    min_gold: int = 20
    min_other: int = 20

    name = "gold_gap"
    version = "1"
    level: ClassVar[Level] = "annotator"
    needs = ("peers", "gold")

    def score(self, evidence: Evidence) -> Scores:
        """Score every annotator with enough labels on gold items and on others."""
        votes, peers = evidence.votes, evidence.peers
        on_gold, known = evidence.gold[votes.item] >= 0, np.flatnonzero(peers.informed)
        found = contrast_gold(
            votes.annotator[known],
            (votes.label == peers.expected).astype(np.float64)[known],
            peers.confidence[known],
            on_gold[known],
            votes.n_annotators,
            fewest=(self.min_gold, self.min_other),
        )
        if found.judged.sum() < 3:
            raise Unavailable(
                f"fewer than three annotators have {self.min_gold} labels on gold items and {self.min_other} on others",
                hint="What is usual in a team needs at least three.",
            )

        def explain(positions: Ints) -> Sequence[Explanation]:
            return [_explain(evidence, on_gold, int(at), found) for at in positions]

        return Scores(
            *signed(self, votes.question),
            target=np.arange(votes.n_annotators),
            suspicion=suspicion_of(found.p),
            explain=explain,
            n=found.n_gold,
            effect=found.gap,
            effect_low=found.gap - 1.96 * found.se,
            effect_high=found.gap + 1.96 * found.se,
            effect_name="agreement on gold items, above what their other work leads to expect",
            null="does as well on gold items as their other work and this team lead to expect",
            p=found.p,
            family="annotators",
            missing="" if found.judged.all() else "too few labels on gold items, or on others",
        )


def _explain(evidence: Evidence, on_gold: npt.NDArray[np.bool_], who: int, found: GoldContrast) -> Explanation:
    votes, peers = evidence.votes, evidence.peers
    mine = np.flatnonzero((votes.annotator == who) & ~on_gold)
    wrong = mine[votes.label[mine] != peers.expected[mine]]
    surprising = wrong[np.argsort(peers.of_given(votes.label)[wrong], kind="stable")]
    on = np.flatnonzero((votes.annotator == who) & on_gold)
    gold, other, wanted = (
        tell_share(float(np.clip(one[who], 0.0, 1.0)))
        for one in (found.rate_gold, found.rate_other, found.expected_gold)
    )
    return Explanation(
        f"{gold} of {int(found.n_gold[who])} labels on gold items are what peers expect, and {other} of "
        f"{int(found.n_other[who])} others, which lets one expect {wanted} on gold items.",
        {
            **exhibit(
                evidence,
                surprising,
                statistic="agreement on gold items above expectation",
                value=float(found.gap[who]),
                innocent=INNOCENT,
                would_clear="hidden repeats and fresh gold items that look like the rest",
                matched=on,
            ),
            "right_on_gold": round(float((votes.label[on] == evidence.gold[votes.item[on]]).mean()), 4),
        },
    )

"""Annotators who answer the same item differently when they meet it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.errors import Unavailable
from annoaudit.findings import Explanation, Level, Scores, signed
from annoaudit.statistics.self_agreement import SelfAgreement, agree_with_self
from annoaudit.statistics.team_spread import share_below_team

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence
    from annoaudit.labels import Votes

__all__ = ["SelfConsistency"]

Ints = npt.NDArray[np.int64]
MOST_SHOWN = 20
INNOCENT = (
    "the guideline changed between the two answers",
    "the annotator learned, or was told, what was wrong with the first answer",
    "items that two readings fit equally well",
)


@dataclass(frozen=True)
class SelfConsistency:
    """Score each annotator by how little they agree with themselves on items they were given twice.

    Cohen's kappa of first and second answers, against the team's spread. A rank, not a test. High consistency with
    dissent from others is a view; low consistency is noise.

    Parameters
    ----------
    margin
        Difference in kappa from the team's median that is too small to matter.
    min_repeats
        Fewer items answered twice: could not be judged.
    """

    margin: float = 0.05
    min_repeats: int = 25

    name = "self_consistency"
    version = "1"
    level: ClassVar[Level] = "annotator"
    needs = ()

    def score(self, evidence: Evidence) -> Scores:
        """Score every annotator with enough repeats."""
        votes = evidence.votes
        at, again = _pair_answers(votes)
        if not len(at):
            raise Unavailable(
                "nobody answered an item twice", hint="Give each annotator 2 % of their items again, unannounced."
            )
        found = agree_with_self(votes.annotator[at], votes.label[at], again, votes.n_annotators, votes.n_classes)
        judged = (found.n >= self.min_repeats) & np.isfinite(found.kappa)
        if judged.sum() < 3:
            raise Unavailable(
                f"fewer than three annotators answered {self.min_repeats} items twice",
                hint="Give each annotator 2 % of their items again, unannounced.",
            )
        suspicion = share_below_team(-found.kappa, found.se, judged, margin=self.margin)

        def explain(positions: Ints) -> Sequence[Explanation]:
            return [_explain(evidence, int(who), at, again, found) for who in positions]

        return Scores(
            *signed(self, votes.question),
            target=np.arange(votes.n_annotators),
            suspicion=suspicion,
            explain=explain,
            n=found.n,
            effect=np.where(judged, found.kappa, np.nan),
            effect_low=np.where(judged, found.low, np.nan),
            effect_high=np.where(judged, found.high, np.nan),
            effect_name="kappa with themselves",
            missing="" if judged.all() else f"fewer than {self.min_repeats} items answered twice, or all of one class",
            note="rank among this team, not a test; high self-consistency with dissent is a view, low is noise",
        )


def _pair_answers(votes: Votes) -> tuple[Ints, Ints]:
    """Positions of first answers that have a second one, and the labels of the second."""
    nothing = np.zeros(0, dtype=np.int64)
    if votes.later is None:
        return nothing, nothing
    second = np.flatnonzero(votes.later.round == 1)
    size = votes.n_annotators
    key = votes.item * size + votes.annotator
    wanted = votes.later.item[second] * size + votes.later.annotator[second]
    order = np.argsort(key, kind="stable")
    return order[np.searchsorted(key[order], wanted)], votes.later.label[second]


def _explain(evidence: Evidence, who: int, at: Ints, again: Ints, found: SelfAgreement) -> Explanation:
    votes = evidence.votes
    mine = np.flatnonzero(votes.annotator[at] == who)
    equal = votes.label[at[mine]] == again[mine]
    n, n_equal = int(found.n[who]), int(found.n_equal[who])

    def show(rows: Ints) -> list[dict[str, object]]:
        return [
            {
                "item_id": str(votes.item_ids[int(votes.item[at[row]])].as_py()),
                "first": votes.classes[int(votes.label[at[row]])],
                "second": votes.classes[int(again[row])],
            }
            for row in rows[:MOST_SHOWN]
        ]

    return Explanation(
        f"{n_equal} of {n} items met again were answered as before (kappa {found.kappa[who]:.2f}); high "
        "self-consistency with dissent is a view, low is noise.",
        {
            "statistic": "kappa of first and second answers",
            "value": round(float(found.kappa[who]), 4),
            "examples": show(mine[~equal]),
            "matched": show(mine[equal]),
            "innocent_explanations": list(INNOCENT),
            "would_clear": "25 more repeats under one version of the guideline",
        },
    )

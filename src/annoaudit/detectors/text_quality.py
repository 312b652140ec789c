"""Annotators whose texts differ from the others' more than the team's do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.detectors.writings import show_texts
from annoaudit.errors import Unavailable
from annoaudit.findings import Explanation, Level, Scores, signed, tell_share
from annoaudit.statistics.team_spread import share_below_team

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence
    from annoaudit.statistics.texts.writers import Writers

__all__ = ["TextQuality"]

Ints = npt.NDArray[np.int64]

FEWEST = 3
INNOCENT = (
    "another reading of the guideline: of numbers, names, hesitations, or what to do with what is not understood",
    "harder items than the others' texts on them show",
    "another dialect, or another way of spelling that is right as well",
)


@dataclass(frozen=True)
class TextQuality:
    """Score each annotator by how unusual their rate of differences is in this team.

    The rate is that of words left out, put in or replaced against the vote of the others on the same items, less the
    others' own rate there, so that hard items do not count. It is read against the team's own spread, a t distribution
    of 4 degrees of freedom: a rank, not a test.

    Parameters
    ----------
    margin
        Excess too small to matter, as a share of words.
    min_labels
        Fewer texts on items on which others wrote too: could not be judged.
    """

    margin: float = 0.02
    min_labels: int = 10

    name = "text_quality"
    version = "1"
    level: ClassVar[Level] = "annotator"
    kinds: ClassVar[tuple[str, ...]] = ("text",)
    needs = ("transcripts",)

    def score(self, evidence: Evidence) -> Scores:
        """Score every annotator with enough texts."""
        votes, found = evidence.votes, evidence.transcripts
        found.require_likeness()
        writers = found.writers
        excess = writers.excess
        judged = (writers.n >= self.min_labels) & np.isfinite(excess.se)
        if judged.sum() < FEWEST:
            raise Unavailable(
                f"fewer than three annotators have {self.min_labels} texts on items on which others wrote too",
                hint="What is usual in a team needs at least three.",
            )

        def explain(positions: Ints) -> Sequence[Explanation]:
            return [_explain(evidence, writers, int(who)) for who in positions]

        return Scores(
            *signed(self, votes.question),
            target=np.arange(votes.n_annotators),
            suspicion=share_below_team(
                np.nan_to_num(excess.value), np.nan_to_num(excess.se), judged, margin=self.margin
            ),
            explain=explain,
            n=writers.n,
            effect=np.where(judged, excess.value, np.nan),
            effect_low=np.where(judged, excess.low, np.nan),
            effect_high=np.where(judged, excess.high, np.nan),
            effect_name="share of words that differ, beyond the others' on the same items",
            missing="" if judged.all() else f"fewer than {self.min_labels} texts on items on which others wrote too",
            note="rank among this team, not a test",
        )


def _explain(evidence: Evidence, writers: Writers, who: int) -> Explanation:
    found, rate = evidence.transcripts, writers.rate
    parts = {
        "left out": writers.dropped.value[who],
        "put in": writers.added.value[who],
        "replaced": writers.replaced.value[who],
    }
    told = ", ".join(f"{tell_share(float(share))} {name}" for name, share in parts.items())
    mine = np.flatnonzero((found.texts.annotator == who) & np.isfinite(found.apart))
    worst = mine[np.argsort(-found.doubt[mine], kind="stable")]
    return Explanation(
        f"On {int(writers.n[who])} items {tell_share(float(rate.value[who]))} of the words differ from what the others "
        f"say (95 % interval {tell_share(float(rate.low[who]))} to {tell_share(float(rate.high[who]))}): {told}.",
        {
            "statistic": "share of words that differ",
            "value": round(float(rate.value[who]), 4),
            "excess": round(float(writers.excess.value[who]), 4),
            "examples": show_texts(evidence, worst),
            "matched": [],
            "innocent_explanations": list(INNOCENT),
            "would_clear": "20 of these items, written anew by this annotator and one other, guideline in hand",
        },
    )

"""Annotators who rate harsher or milder than the team on the same items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.detectors.raters import count_ratings, tell_unjudged
from annoaudit.findings import Explanation, Level, Scores, signed
from annoaudit.labels import MEASURED
from annoaudit.statistics.team_spread import share_below_team

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["RaterSeverity"]

INNOCENT = (
    "another version of the guideline, or another example of what each step means",
    "a scale that is read the other way round",
    "items that differ from the others' in a way neither ratings nor features show",
)


@dataclass(frozen=True)
class RaterSeverity:
    """Score each annotator by how unusual their severity is in this team.

    Severity is what an annotator adds to what items deserve, against the mean of the team, shrunk towards it. Honest
    people differ in it, so it is read against the team's own spread, a t distribution of 4 degrees of freedom: a rank,
    not a test.

    Parameters
    ----------
    margin
        Severity too small to matter, as a share of the standard deviation of what items deserve.
    min_labels
        Fewer ratings: could not be judged.
    """

    margin: float = 0.25
    min_labels: int = 20

    name = "rater_severity"
    version = "1"
    level: ClassVar[Level] = "annotator"
    kinds: ClassVar[tuple[str, ...]] = MEASURED
    needs = ("ratings",)

    def score(self, evidence: Evidence) -> Scores:
        """Score every annotator with enough ratings of which something else is known."""
        votes, model = evidence.votes, evidence.ratings.model
        _, n, judged = count_ratings(evidence, self.min_labels)
        least = self.margin * model.spread
        above, below = (
            share_below_team(sign * model.severity, model.severity_se, judged, margin=least) for sign in (1.0, -1.0)
        )
        effect = np.where(judged, model.severity, np.nan)

        def explain(positions: npt.NDArray[np.int64]) -> Sequence[Explanation]:
            return [_explain(evidence, int(at), int(n[at])) for at in positions]

        return Scores(
            *signed(self, votes.question),
            target=np.arange(votes.n_annotators),
            suspicion=np.fmax(above, below),
            explain=explain,
            n=n,
            effect=effect,
            effect_low=effect - 1.96 * model.severity_se,
            effect_high=effect + 1.96 * model.severity_se,
            effect_name="points above (milder) or below (harsher) the team",
            missing=tell_unjudged(judged, self.min_labels),
            note="rank among this team, not a test",
        )


def _explain(evidence: Evidence, who: int, n: int) -> Explanation:
    model = evidence.ratings.model
    severity, se = float(model.severity[who]), float(model.severity_se[who])
    word = "milder" if severity > 0 else "harsher"
    return Explanation(
        f"On {n} items this annotator rates {abs(severity):.2f} points {word} than the team "
        f"(95 % interval {severity - 1.96 * se:+.2f} to {severity + 1.96 * se:+.2f}); what items deserve has a "
        f"standard deviation of {model.spread:.2f}.",
        {
            "statistic": "severity",
            "value": round(severity, 4),
            "scale": round(float(model.scale[who]), 4),
            "examples": [],
            "matched": [],
            "innocent_explanations": list(INNOCENT),
            "would_clear": "20 items rated anew by this annotator and one other, after reading the guideline together",
        },
    )

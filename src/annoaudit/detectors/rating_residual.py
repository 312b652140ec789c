"""Ratings far from what the item and the rater's severity lead to expect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.findings import Explanation, Level, Scores, signed
from annoaudit.labels import MEASURED

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["RatingResidual"]


@dataclass(frozen=True)
class RatingResidual:
    """Score each rating by the probability that it was made as if for another item.

    Expected is what the other ratings on the item, and a regression on its features that saw none of them, say, with
    the severity and scale of the one who rates. Ratings near it are ordinary, strays are spread as ratings are over
    all items; their share is fitted. See :func:`annoaudit.statistics.ratings.judge_residuals`.

    References
    ----------
    Efron (2010). Large-scale inference. Cambridge. Zhou, Mueller et al. (2023). Detecting errors in a numerical
    response via any regression model. arXiv 2305.16583.
    """

    name = "rating_residual"
    version = "1"
    level: ClassVar[Level] = "label"
    kinds: ClassVar[tuple[str, ...]] = MEASURED
    needs = ("ratings",)

    def score(self, evidence: Evidence) -> Scores:
        """Score every rating on an item of which something else is known."""
        votes, judged = evidence.votes, evidence.ratings
        known = np.isfinite(judged.wrong)
        nearest = _nearest(votes.numbers, judged.expected)

        def explain(positions: npt.NDArray[np.int64]) -> Sequence[Explanation]:
            return [_explain(evidence, int(at)) for at in positions]

        return Scores(
            *signed(self, votes.question),
            target=np.arange(len(votes)),
            suspicion=np.where(known, np.clip(judged.wrong, 0, 1), np.nan),
            explain=explain,
            given=votes.label,
            suggested=np.where(known & (nearest != votes.label) & (evidence.kind == "rating"), nearest, -1),
            n=judged.n_others + 1,
            missing="" if known.all() else "no other rating on the item, and no features that tell",
            note=f"share of strays, as fitted: {judged.stray_rate:.3f}; explained by features: {judged.explained:.2f}",
        )


def _nearest(numbers: npt.NDArray[np.float64] | None, expected: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """(L,) code of the value nearest to what was expected."""
    assert numbers is not None
    above = np.clip(np.searchsorted(numbers, np.nan_to_num(expected)), 1, len(numbers) - 1)
    return np.asarray(above - (expected - numbers[above - 1] < numbers[above] - expected), dtype=np.int64)


def _explain(evidence: Evidence, at: int) -> Explanation:
    votes, judged = evidence.votes, evidence.ratings
    model, who = judged.model, int(votes.annotator[at])
    expected, sd = float(judged.expected[at]), float(judged.expected_sd[at])
    others = judged.value[(votes.item == votes.item[at]) & (votes.annotator != who)]
    told = ", ".join(f"{one:g}" for one in np.sort(others)[:8].tolist())
    source = f"the others' {told}" if len(others) else "the item's features"
    if len(others) and judged.explained:
        source += " and the item's features"
    severity = float(model.severity[who])
    return Explanation(
        f"Given {judged.value[at]:g}; {source}, and how this annotator rates ({severity:+.2f} against the team), lead "
        f"to expect {expected:.2f} ± {1.96 * sd:.2f}.",
        {"expected": round(expected, 4), "expected_sd": round(sd, 4), "others": [float(one) for one in others[:20]]},
    )

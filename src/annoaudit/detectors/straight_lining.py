"""Annotators who give the same value over and over, whatever the items deserve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.detectors.raters import count_ratings, tell_unjudged
from annoaudit.errors import Unavailable
from annoaudit.findings import Explanation, Level, Scores, signed, tell_share
from annoaudit.labels import MEASURED
from annoaudit.statistics.sequences import compare_orders, stratify_by_place
from annoaudit.statistics.team_spread import share_below_team

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["StraightLining"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

INNOCENT = (
    "like items served one after the other, in a way that the ratings of others do not show",
    "a cautious use of the scale, the middle of it most of all",
    "an interface that keeps the last value selected",
)


@dataclass(frozen=True)
class StraightLining:
    """Score each annotator by how much their ratings stay the same where the items do not.

    Two signs, of which the stronger counts. Overall: the spread of an annotator's ratings against the spread that the
    team's ratings on the same items lead to expect, unusual in this team (t with 4 degrees of freedom). In a row, where
    times are known: how often a rating equals the one before, ranked among orders in which the annotator's own ratings
    change places only with ratings near in time of items that deserve about the same. A rank, not a test.

    Parameters
    ----------
    margin
        Fall of the logarithm of the spread that is too small to matter.
    window
        Number of consecutive ratings that count as near in time.
    min_labels
        Fewer ratings: could not be judged.

    References
    ----------
    Herzog, Bachman (1981). Effects of questionnaire length on response quality. Public Opinion Quarterly 45. Besag,
    Clifford (1991). Sequential Monte Carlo p-values. Biometrika 78.
    """

    margin: float = 0.3
    window: int = 30
    min_labels: int = 30

    name = "straight_lining"
    version = "1"
    level: ClassVar[Level] = "annotator"
    kinds: ClassVar[tuple[str, ...]] = MEASURED
    needs = ("ratings",)

    def score(self, evidence: Evidence) -> Scores:
        """Score every annotator with enough ratings."""
        votes = evidence.votes
        known, n, judged = count_ratings(evidence, self.min_labels)
        flat, own, usual = _flatness(evidence, known)
        se = 1 / np.sqrt(2 * np.maximum(n - 1.0, 1.0))
        overall = share_below_team(np.where(judged, flat, 0.0), se, judged, margin=self.margin)
        in_row, excess = _runs(evidence, known, self.window)
        suspicion = np.where(judged, np.fmax(overall, in_row), np.nan)

        def explain(positions: Ints) -> Sequence[Explanation]:
            return [_explain(float(own[at]), float(usual[at]), float(excess[at]), int(n[at])) for at in positions]

        return Scores(
            *signed(self, votes.question),
            target=np.arange(votes.n_annotators),
            suspicion=suspicion,
            explain=explain,
            n=n,
            missing=tell_unjudged(judged, self.min_labels),
            note="rank, not a test",
        )


def _flatness(evidence: Evidence, known: npt.NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """(A,) log of the expected over the real spread of ratings, the real, and the expected spread."""
    votes, model, value = evidence.votes, evidence.ratings.model, evidence.ratings.value
    who, size = votes.annotator[known], votes.n_annotators
    # A typical annotator's spread: that of what items deserve, as far as it is known, and noise.
    deserved, unknown2 = model.worth[known], model.worth_sd[known] ** 2
    n = np.maximum(np.bincount(who, minlength=size), 1)
    noise2 = float(np.median(model.noise**2)) + np.bincount(who, unknown2, size) / n
    own = np.sqrt(_variance(value[known], who, size))
    usual = np.sqrt(_variance(deserved, who, size) + noise2)
    floor = 0.02 * float(value.std())
    return np.log(np.maximum(usual, floor) / np.maximum(own, floor)), own, usual


def _variance(x: Floats, code: Ints, size: int) -> Floats:
    n = np.maximum(np.bincount(code, minlength=size), 1)
    mean = np.bincount(code, x, size) / n
    return np.asarray(np.bincount(code, (x - mean[code]) ** 2, size) / n)


def _runs(evidence: Evidence, known: npt.NDArray[np.bool_], window: int) -> tuple[Floats, Floats]:
    """(A,) one minus the p value of ratings that repeat the one before, and the excess share; NaN without times."""
    votes, nothing = evidence.votes, np.full(evidence.votes.n_annotators, np.nan)
    try:
        at = evidence.submitted_ms
    except Unavailable:
        return nothing, nothing
    order = np.lexsort((at, votes.annotator))
    order = order[known[order]]
    annotator, expected = votes.annotator[order], evidence.ratings.model.worth[order]
    third = np.searchsorted(np.quantile(expected, (1 / 3, 2 / 3)), expected)
    stratum = stratify_by_place(annotator, third.astype(np.int64), window)
    found = compare_orders(annotator, votes.label[order], stratum, votes.n_annotators, n_lags=1, seed=evidence.seed)
    return np.where(found.excess > 0, 1.0 - found.p, 0.0), found.excess


def _explain(own: float, usual: float, excess: float, n: int) -> Explanation:
    reason = (
        f"The {n} ratings of this annotator spread by {own:.2f}, those of the team on the same items by {usual:.2f}"
    )
    if np.isfinite(excess):
        reason += f"; {tell_share(max(excess, 0.0))} more equal the one before than in other orders"
    return Explanation(
        reason + ".",
        {
            "statistic": "spread of ratings over what is expected",
            "value": round(own / usual, 4) if usual > 0 else None,
            "examples": [],
            "matched": [],
            "innocent_explanations": list(INNOCENT),
            "would_clear": "20 of these items, rated again in a shuffled order",
        },
    )

"""Annotators whose times do not go with the work and whose agreement falls short as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.detectors.exhibits import exhibit
from annoaudit.errors import Unavailable
from annoaudit.findings import Explanation, Level, Scores, signed, tell_share
from annoaudit.statistics.effort import Effort, find_bursts, measure_effort, usual_log_time
from annoaudit.statistics.peer_shortfall import shortfall_of_agreement
from annoaudit.statistics.team_spread import share_below_team

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["Timing"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
INNOCENT = (
    "measured times that include breaks, or leave out work done before the page was opened",
    "items decided in one look, or in batches prepared elsewhere",
    "a practised annotator on items that are hard in a way nobody's labels show",
)
BURST_ERROR = 0.3
SIGNS = (
    "time that does not grow with the item",
    "labels in under a quarter of the team's time",
    "bursts of labels",
)


@dataclass(frozen=True)
class Timing:
    """Score each annotator by times that do not go with the work, together with a shortfall of agreement.

    Three signs: how little time grows with the item's length (or with the time that others take for it), the share of
    labels in less than a quarter of the team's time for such items, and runs of labels far quicker than usual. The
    suspicion is the lesser of the strongest sign and the shortfall of agreement with peers, each against the team's own
    spread: fast and accurate is no finding. A rank, not a test.

    Parameters
    ----------
    margin
        Shortfall of agreement that is too small to matter.
    min_labels
        Fewer labels with times: could not be judged.
    """

    margin: float = 0.05
    min_labels: int = 30

    name = "timing"
    version = "1"
    level: ClassVar[Level] = "annotator"
    needs = ("peers", "lead_time_s")

    def score(self, evidence: Evidence) -> Scores:
        """Score every annotator with enough measured times."""
        votes, peers = evidence.votes, evidence.peers
        effort, by = _measure(evidence)
        judged = (effort.n >= self.min_labels) & np.isfinite(effort.elasticity)
        if judged.sum() < 3:
            raise Unavailable(
                f"fewer than three annotators have {self.min_labels} labels with times on items that differ",
                hint="What is usual in a team needs at least three.",
            )
        signs = _rank_signs(evidence, effort, judged)
        shortfall, se, n_known = shortfall_of_agreement(votes.annotator, votes.label, peers, votes.n_annotators)
        judged &= n_known >= self.min_labels
        if not judged.any():
            raise Unavailable(f"nobody has {self.min_labels} labels of which peers know something")
        quality = share_below_team(shortfall, se, judged, margin=self.margin)
        strongest = np.nan_to_num(signs, nan=0.0).max(axis=0)

        def explain(positions: Ints) -> Sequence[Explanation]:
            return [_explain(evidence, int(who), effort, by, signs[:, who], float(shortfall[who])) for who in positions]

        return Scores(
            *signed(self, votes.question),
            target=np.arange(votes.n_annotators),
            suspicion=np.where(judged, np.minimum(strongest, quality), np.nan),
            explain=explain,
            n=effort.n,
            effect=np.where(judged, effort.elasticity, np.nan),
            effect_low=np.where(judged, effort.elasticity - 1.96 * effort.se, np.nan),
            effect_high=np.where(judged, effort.elasticity + 1.96 * effort.se, np.nan),
            effect_name=f"growth of log time with log {by}",
            missing="" if judged.all() else f"fewer than {self.min_labels} labels with times, or items that are alike",
            note="rank among this team, not a test; times count only together with a shortfall of agreement",
        )


def _measure(evidence: Evidence) -> tuple[Effort, str]:
    """Effort against the length of the items' texts, or else against the time that others take."""
    votes, seconds = evidence.votes, evidence.lead_time_s
    log_time = np.log(np.where(np.isfinite(seconds), seconds, 1.0))
    timed = np.flatnonzero(np.isfinite(seconds))
    item, annotator = votes.item[timed], votes.annotator[timed]
    demand, by = _log_length(evidence)[item], "text length"
    if np.isfinite(demand).mean() <= 0.5:
        demand, by = usual_log_time(item, annotator, log_time[timed], votes.n_items, votes.n_annotators), "usual time"
    kept = np.isfinite(demand)
    return measure_effort(annotator[kept], log_time[timed][kept], demand[kept], votes.n_annotators), by


def _log_length(evidence: Evidence) -> Floats:
    """(N,) log number of characters of each item's text; NaN where it has none."""
    length = pc.fill_null(pc.utf8_length(evidence.labels.items["text"]), 0).cast(pa.float64())
    known = np.asarray(length, dtype=np.float64)
    return np.where(known > 0, np.log(np.maximum(known, 1.0)), np.nan)


def _rank_signs(evidence: Evidence, effort: Effort, judged: npt.NDArray[np.bool_]) -> Floats:
    """(3, A) share of the team's spread below each sign; NaN where a sign could not be read."""
    size = np.maximum(effort.n, 1)
    flat = np.nan_to_num(-effort.elasticity)
    slope = share_below_team(flat, np.nan_to_num(effort.se, nan=1.0), judged)
    rate = effort.share_below_floor
    floor = share_below_team(
        rate, np.sqrt((rate * size + 0.5) * (size - rate * size + 0.5) / size**3), judged, margin=0.05
    )
    return np.stack([slope, floor, _rank_bursts(evidence, judged)])


def _rank_bursts(evidence: Evidence, judged: npt.NDArray[np.bool_]) -> Floats:
    """(A,) share of the team's spread below each annotator's quickest run; NaN without times of submission."""
    votes = evidence.votes
    try:
        found = find_bursts(votes.annotator, evidence.submitted_ms, votes.n_annotators)
    except Unavailable:
        return np.full(votes.n_annotators, np.nan)
    seen = judged & np.isfinite(found)
    if seen.sum() < 3:
        return np.full(votes.n_annotators, np.nan)
    return share_below_team(np.nan_to_num(found), np.full(len(found), BURST_ERROR), seen)


def _explain(evidence: Evidence, who: int, effort: Effort, by: str, signs: Floats, shortfall: float) -> Explanation:
    votes, peers = evidence.votes, evidence.peers
    mine = np.flatnonzero((votes.annotator == who) & (votes.label != peers.expected) & peers.informed)
    quick = mine[np.argsort(np.nan_to_num(evidence.lead_time_s[mine], nan=np.inf), kind="stable")]
    below = tell_share(float(effort.share_below_floor[who]))
    grows, usual = 2 ** float(effort.elasticity[who]), 2**effort.team_elasticity
    return Explanation(
        f"Where the {by} of an item doubles, this annotator's time is {grows:.2f} times as long (team {usual:.2f}), "
        f"{below} of their labels took under a quarter of the team's time for such items, and their agreement with "
        f"peers lies {100 * max(shortfall, 0.0):.0f} points below what their items lead to expect.",
        {
            **exhibit(
                evidence,
                quick,
                statistic="elasticity of effort",
                value=float(effort.elasticity[who]),
                innocent=INNOCENT,
                would_clear="blinded second labels on a random 50 of their items that agree with theirs",
            ),
            "signs": {
                name: round(float(value), 4) for name, value in zip(SIGNS, signs, strict=True) if np.isfinite(value)
            },
            "strongest_sign": SIGNS[int(np.nan_to_num(signs, nan=-1.0).argmax())],
        },
    )

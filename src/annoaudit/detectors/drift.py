"""Annotators whose agreement with peers has fallen below what it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.detectors.exhibits import exhibit
from annoaudit.findings import Explanation, Level, Scores, signed, tell_share
from annoaudit.statistics.drift_alarm import BURN_IN, DriftAlarm, StreamState, watch_stream
from annoaudit.statistics.intervals import exact_interval

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["Drift"]

STANDS_OUT = 3.0
"""Logarithm of the detector from which a change is remembered."""
INNOCENT = (
    "tiredness, or a change of personal circumstances",
    "a change of the guideline that reached the others at another time",
    "a new kind of item that others have not met yet",
    "a new tool, screen or language",
)


@dataclass(frozen=True)
class Drift:
    """Watch each annotator's stream for a fall of agreement, with an alarm of stated run length.

    Suspicion is ``l / (l + log run_length)`` with l the largest logarithm of the detector: .5 is the alarm. Each
    stream is compared with its own beginning, so that people who were never accurate do not alarm. What is kept
    between runs is a few numbers an annotator. See :func:`annoaudit.statistics.drift_alarm.watch_stream`.

    Parameters
    ----------
    run_length
        Labels of one honest annotator between false alarms, on average at least.
    """

    run_length: float = 8000.0

    name = "drift"
    version = "1"
    level: ClassVar[Level] = "annotator"
    needs = ("peers", "submitted_ms")

    def score(self, evidence: Evidence) -> Scores:
        """Score every annotator whose stream is longer than the burn-in."""
        votes = evidence.votes
        streams = _streams(evidence)
        ids = [str(one) for one in votes.annotator_ids.to_pylist()]
        before = evidence.state.get(self.name, {})
        alarms = [self._watch(evidence, mine, before.get(who)) for mine, who in zip(streams, ids, strict=True)]
        judged = np.array([one.state.n > BURN_IN for one in alarms])
        size = np.maximum(np.array([one.peak for one in alarms]), 0.0)
        agreed = votes.label == evidence.peers.expected
        falls = [
            _fall(agreed, *_split(evidence, mine, alarm.state)) for mine, alarm in zip(streams, alarms, strict=True)
        ]
        now = {who: alarm.state.to_json() for who, alarm in zip(ids, alarms, strict=True)}

        def explain(positions: npt.NDArray[np.int64]) -> Sequence[Explanation]:
            return [_explain(evidence, streams[at], alarms[at]) for at in positions]

        return Scores(
            *signed(self, votes.question),
            target=np.arange(votes.n_annotators),
            suspicion=np.where(judged, size / (size + np.log(self.run_length)), np.nan),
            explain=explain,
            n=np.array([len(mine) for mine in streams]),
            effect=np.array([one[0] for one in falls]),
            effect_low=np.array([one[1] for one in falls]),
            effect_high=np.array([one[2] for one in falls]),
            effect_name="fall of agreement with peers since the change",
            missing="" if judged.all() else f"no more than {BURN_IN} labels",
            note=f"mean labels between false alarms of one annotator: at least {self.run_length:,.0f}",
            state={**before, **now},
        )

    def _watch(self, evidence: Evidence, mine: npt.NDArray[np.int64], kept: object) -> DriftAlarm:
        """Go on where the last run stopped; labels it has seen are not seen again."""
        votes, peers = evidence.votes, evidence.peers
        state = StreamState.from_json(kept) if isinstance(kept, dict) else StreamState()
        fresh = mine[evidence.submitted_ms[mine] > state.last_ms]
        last = int(evidence.submitted_ms[fresh].max()) if len(fresh) else state.last_ms
        agreed = votes.label[fresh] == peers.expected[fresh]
        seen = watch_stream(agreed, peers.confidence[fresh], state, run_length=self.run_length, last_ms=last)
        if seen.change < 0 or (state.change_ms >= 0 and state.level >= STANDS_OUT):
            return seen  # nothing new, or the change that is known already goes on
        at = int(evidence.submitted_ms[fresh[seen.change]]) if seen.peak >= STANDS_OUT else -1
        return replace(seen, state=replace(seen.state, change_ms=at))


def _streams(evidence: Evidence) -> list[npt.NDArray[np.int64]]:
    """Positions of each annotator's labels of which peers know something, in order of submission."""
    votes, known = evidence.votes, np.flatnonzero(evidence.peers.informed)
    order = known[np.lexsort((evidence.submitted_ms[known], votes.annotator[known]))]
    ends = np.cumsum(np.bincount(votes.annotator[known], minlength=votes.n_annotators))
    return np.split(order, ends[:-1])


def _split(
    evidence: Evidence, mine: npt.NDArray[np.int64], state: StreamState
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Labels before and since the change; both empty while there is none."""
    if state.change_ms < 0:
        return mine[:0], mine[:0]
    since = evidence.submitted_ms[mine] >= state.change_ms
    return mine[~since], mine[since]


def _fall(
    agreed: npt.NDArray[np.bool_], before: npt.NDArray[np.int64], after: npt.NDArray[np.int64]
) -> tuple[float, float, float]:
    """Agreement before less since, with the interval of the latter; NaN where either has no label."""
    if not len(before) or not len(after):
        return float("nan"), float("nan"), float("nan")
    was = float(agreed[before].mean())
    low, high = exact_interval(np.array([float(agreed[after].sum())]), np.array([len(after)]))
    return was - float(agreed[after].mean()), was - float(high[0]), was - float(low[0])


def _explain(evidence: Evidence, mine: npt.NDArray[np.int64], alarm: DriftAlarm) -> Explanation:
    votes, peers = evidence.votes, evidence.peers
    before, after = _split(evidence, mine, alarm.state)
    agreed = votes.label == peers.expected
    if len(before) and len(after):
        day = np.datetime64(alarm.state.change_ms, "ms").astype("datetime64[D]")
        reason = (
            f"This annotator agreed with peers on {tell_share(float(agreed[before].mean()))} of {len(before)} labels "
            f"and on {tell_share(float(agreed[after].mean()))} of {len(after)} since {day}."
        )
    else:
        reason = (
            "This annotator's agreement with peers has fallen below what it was in labels that are not here any more."
        )
    return Explanation(
        reason,
        exhibit(
            evidence, after[~agreed[after]], statistic="largest logarithm of the detector", value=alarm.peak,
            innocent=INNOCENT, matched=before[agreed[before]][::-1],
            would_clear="a talk, and blinded second labels on 30 items from before and 30 from after that day",
        ),
    )  # fmt: skip

"""The only room with thresholds, budgets, severity and caps: scores in, findings and a queue out."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.errors import UsageError
from annoaudit.findings import FINDING_COLUMNS, Scores, Severity, fingerprint

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.labels import LabelSet, Votes

__all__ = ["Decision", "Policy"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

QUEUE_SHARE = 0.05
QUEUE_MOST = 500


@dataclass(frozen=True)
class Policy:
    """What is flagged, what is queued, and how severe it is.

    Parameters
    ----------
    budget
        B, the most labels in the review queue; by default min(5 % of the labels, 500), at least 1.
    thresholds
        Suspicion at which a detector's target is flagged, by detector; ``default_threshold`` for the rest.
    annotator_cap_rate
        Greatest share of a team's annotators flagged in one run, rounded up.
    severities
        Level of a detector's findings; statistics alone never exceed L2.
    """

    budget: int | None = None
    default_threshold: float = 0.5
    thresholds: Mapping[str, float] = field(
        default_factory=lambda: {"neighbour_disagreement": 0.9, "annotator_quality": 0.95}
    )
    annotator_cap_rate: float = 0.05
    severities: Mapping[str, Severity] = field(default_factory=lambda: {"annotator_quality": "L1"})

    def __post_init__(self) -> None:
        if self.budget is not None and self.budget < 0:
            raise UsageError(f"The budget is {self.budget}.", hint="Give 0 or more labels to review.")
        for name, value in self.thresholds.items():
            if not 0 <= value <= 1:
                raise UsageError(f"The threshold of {name} is {value}.", hint="Thresholds lie between 0 and 1.")

    def threshold(self, detector: str) -> float:
        """Return the suspicion from which this detector's targets are flagged."""
        return float(self.thresholds.get(detector, self.default_threshold))

    def severity(self, detector: str) -> Severity:
        """Return the severity of this detector's findings."""
        return self.severities.get(detector, "L0")

    def size_queue(self, n_labels: int) -> int:
        """Return B for this many labels."""
        if self.budget is not None:
            return self.budget
        return min(max(1, math.ceil(QUEUE_SHARE * n_labels)), QUEUE_MOST)

    def flag(self, scores: Scores) -> Bools:
        """Mark the targets at or above the detector's own threshold, free of any budget."""
        above = np.nan_to_num(scores.suspicion, nan=-1.0) >= self.threshold(scores.detector)
        if scores.level == "annotator":
            most = math.ceil(self.annotator_cap_rate * len(scores))
            worst = np.argsort(-np.nan_to_num(scores.suspicion, nan=-1.0), kind="stable")[:most]
            within = np.zeros(len(scores), dtype=bool)
            within[worst] = True
            above &= within
        return above


@dataclass(frozen=True, eq=False)
class Decision:
    """What the policy made of one question's scores.

    ``flagged`` holds, by detector, a mask over its targets; ``queue`` the positions of queued votes, best
    first; ``urgency`` (L,) the value they are sorted by, NaN where no detector flagged the vote; ``answered``
    (L,) votes that reviewers have answered, which are never queued.
    """

    policy: Policy
    votes: Votes
    scores: tuple[Scores, ...]
    flagged: Mapping[str, Bools]
    urgency: Floats
    queue: Ints
    answered: Bools | None = None

    @classmethod
    def of(
        cls, policy: Policy, votes: Votes, scores: Sequence[Scores], n_queue: int, answered: Bools | None = None
    ) -> Decision:
        """Flag and queue: the queue is the best ``n_queue`` of the flagged labels without those ``answered`` (L,).

        Labels are ordered by the mean, over the detectors that judged them, of the log odds of suspicion
        less the log odds of that detector's threshold: agreement of several detectors counts.
        """
        flagged = {one.detector: policy.flag(one) for one in scores}
        total, n_judges = np.zeros(len(votes)), np.zeros(len(votes))
        any_flag = np.zeros(len(votes), dtype=bool)
        for one in scores:
            if one.level != "label":
                continue
            judged = np.isfinite(one.suspicion)
            margin = _log_odds(one.suspicion[judged]) - _log_odds(np.array(policy.threshold(one.detector)))
            total[one.target[judged]] += margin
            n_judges[one.target[judged]] += 1
            any_flag[one.target[flagged[one.detector]]] = True
        urgency = np.where(any_flag, total / np.maximum(n_judges, 1), np.nan)
        open_ones = any_flag if answered is None else any_flag & ~answered
        order = np.argsort(-np.where(open_ones, np.nan_to_num(urgency), -np.inf), kind="stable")
        queue = order[: min(n_queue, int(open_ones.sum()))]
        return cls(policy, votes, tuple(scores), flagged, urgency, queue, answered)

    @property
    def n_flagged(self) -> int:
        """Number of labels that at least one detector flagged."""
        return int(np.isfinite(self.urgency).sum())

    @property
    def n_answered(self) -> int:
        """Number of flagged labels that reviewers have answered."""
        return 0 if self.answered is None else int((np.isfinite(self.urgency) & self.answered).sum())

    def rank(self) -> Ints:
        """(L,) place of each vote in the queue from 1; 0 where it is not queued."""
        rank = np.zeros(len(self.votes), dtype=np.int64)
        rank[self.queue] = np.arange(1, len(self.queue) + 1)
        return rank

    def findings(self, labels: LabelSet, name_of: Callable[[str], str]) -> pd.DataFrame:
        """Return one row a flagged target, queued ones first.

        Parameters
        ----------
        labels
            Where label and annotation ids are.
        name_of
            Turns an annotator id into what may be shown of it: a pseudonym by default.
        """
        import pandas as pd

        parts = [self._part(one, labels, name_of) for one in self.scores if self.flagged[one.detector].any()]
        if not parts:
            return pd.DataFrame({column: [] for column in FINDING_COLUMNS})
        table = pd.concat(parts, ignore_index=True)
        order = table["rank"].where(table["rank"] > 0, np.iinfo(np.int64).max)
        return (
            table.assign(_order=order)
            .sort_values(["_order", "suspicion"], ascending=[True, False], kind="stable")
            .drop(columns="_order")
            .reset_index(drop=True)
        )

    def _part(self, scores: Scores, labels: LabelSet, name_of: Callable[[str], str]) -> pd.DataFrame:
        import pandas as pd

        at = np.flatnonzero(self.flagged[scores.detector])
        target = scores.target[at]
        ids = self._label_ids(target, labels) if scores.level == "label" else self._other_ids(scores.level, target)
        people = np.array([name_of(str(who)) for who in self.votes.annotator_ids.to_pylist()] + [""], dtype=object)
        annotator = people[ids.pop("annotator")]
        classes = np.array([*self.votes.classes, ""], dtype=object)
        given, suggested = (
            classes[values[at]] if values is not None else np.full(len(at), "", dtype=object)
            for values in (scores.given, scores.suggested)
        )
        named = annotator if scores.level == "annotator" else ids["label_id"]
        prints = [
            fingerprint(scores.detector, scores.level, [self.votes.question, str(one)], str(label))
            for one, label in zip(named, given, strict=True)
        ]
        told = scores.explain(at)
        rank = self.rank()[target] if scores.level == "label" else np.zeros(len(at), dtype=np.int64)
        return pd.DataFrame(
            {
                "fingerprint": prints,
                "detector": scores.detector,
                "version": scores.version,
                "level": scores.level,
                "severity": self.policy.severity(scores.detector),
                "question": self.votes.question,
                **ids,
                "annotator": annotator,
                "given": given,
                "suggested": suggested,
                "suspicion": scores.suspicion[at],
                "n": _numbers(scores.n, at, 0),
                "effect": _numbers(scores.effect, at),
                "effect_low": _numbers(scores.effect_low, at),
                "effect_high": _numbers(scores.effect_high, at),
                "effect_name": scores.effect_name,
                "null": scores.null,
                "p": _numbers(scores.p, at),
                "e": _numbers(scores.e, at),
                "family": scores.family,
                "reason": [one.reason for one in told],
                "evidence_json": [json.dumps(dict(one.evidence), ensure_ascii=False) for one in told],
                "rank": rank,
            }
        )[list(FINDING_COLUMNS)]

    def _label_ids(self, target: Ints, labels: LabelSet) -> dict[str, npt.NDArray[np.object_] | Ints]:
        rows = labels.labels.select(["label_id", "annotation_id", "item_id"]).take(self.votes.row[target])
        columns = {name: rows[name].to_numpy(zero_copy_only=False).astype(object) for name in rows.column_names}
        return {**columns, "annotator": self.votes.annotator[target]}

    def _other_ids(self, level: str, target: Ints) -> dict[str, npt.NDArray[np.object_] | Ints]:
        blank = np.full(len(target), "", dtype=object)
        items = np.array(self.votes.item_ids.take(target).to_pylist(), dtype=object) if level == "item" else blank
        annotator = target if level == "annotator" else np.full(len(target), -1, dtype=np.int64)
        return {"label_id": blank, "annotation_id": blank, "item_id": items, "annotator": annotator}


def _numbers(values: npt.NDArray[np.generic] | None, at: Ints, default: float = float("nan")) -> Floats | Ints:
    if values is None:
        return np.full(len(at), default if default == default else np.nan)
    return values[at]  # type: ignore[return-value]


def _log_odds(share: Floats, floor: float = 1e-4) -> Floats:
    clipped = np.clip(share, floor, 1 - floor)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))

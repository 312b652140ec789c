"""What the policy makes of one question's scores: flags, an order, and a queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.findings import Scores
from annoaudit.policy.findings_table import tabulate_findings
from annoaudit.policy.flagging import Policy, log_odds

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.labels import LabelSet, Votes

__all__ = ["Decision"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Decision:
    """What the policy made of one question's scores.

    ``flagged`` holds, by detector, a mask over its targets; ``queue`` the positions of queued votes, best
    first; ``urgency`` (L,) the value they are sorted by, NaN where no detector flagged the vote; ``answered``
    (L,) votes that reviewers have answered, which are never queued. ``held_back`` counts the flags on annotators
    that the cap kept out.
    """

    policy: Policy
    votes: Votes
    scores: tuple[Scores, ...]
    flagged: Mapping[str, Bools]
    urgency: Floats
    queue: Ints
    answered: Bools | None = None
    held_back: int = 0

    @classmethod
    def of(
        cls, policy: Policy, votes: Votes, scores: Sequence[Scores], n_queue: int, answered: Bools | None = None
    ) -> Decision:
        """Flag and queue: the queue is the best ``n_queue`` of the flagged labels without those ``answered`` (L,).

        Labels are ordered by the log odds of suspicion less the log odds of the detector's threshold: the mean over
        the detectors that judged them, and that of the leading detector, in equal parts. Agreement of several
        detectors counts. Where a label has several aspects (its class, its place), the worst one orders it.
        """
        free = {one.detector: policy.flag(one) for one in scores}
        flagged = policy.cap(scores, free, votes.n_annotators)
        of_labels = [one for one in scores if one.level == "label"]
        any_flag = np.zeros(len(votes), dtype=bool)
        for one in of_labels:
            any_flag[one.target[flagged[one.detector]]] = True
        margin = np.full(len(votes), np.nan)
        for aspect in sorted({one.aspect for one in of_labels}):
            of_aspect = [one for one in of_labels if one.aspect == aspect]
            margin = np.fmax(margin, _join_margins(policy, of_aspect, len(votes)))
        urgency = np.where(any_flag, margin, np.nan)
        open_ones = any_flag if answered is None else any_flag & ~answered
        order = np.argsort(-np.where(open_ones, np.nan_to_num(urgency), -np.inf), kind="stable")
        held_back = int(sum(free[name].sum() - flagged[name].sum() for name in free))
        queue = order[: min(n_queue, int(open_ones.sum()))]
        return cls(policy, votes, tuple(scores), flagged, urgency, queue, answered, held_back)

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
        return tabulate_findings(self, labels, name_of)


def _join_margins(policy: Policy, scores: Sequence[Scores], n_labels: int) -> Floats:
    """(L,) mean margin of the leading detector and that of all others, in equal parts; NaN where none judged."""
    others = _mean_margin(policy, [one for one in scores if one.detector != policy.lead], n_labels)
    leading = _mean_margin(policy, [one for one in scores if one.detector == policy.lead], n_labels)
    return np.where(np.isnan(leading), others, np.where(np.isnan(others), leading, (others + leading) / 2.0))


def _mean_margin(policy: Policy, scores: Sequence[Scores], n_labels: int) -> Floats:
    """(L,) mean log odds of suspicion less those of the threshold, over the detectors that judged; else NaN."""
    total, n_judges = np.zeros(n_labels), np.zeros(n_labels)
    for one in scores:
        judged = np.isfinite(one.suspicion)
        margin = log_odds(one.suspicion[judged]) - log_odds(np.array(policy.threshold(one.detector)))
        total[one.target[judged]] += margin
        n_judges[one.target[judged]] += 1
    return np.where(n_judges > 0, total / np.maximum(n_judges, 1), np.nan)

"""One trial: audit a team with something planted in it, and see who and what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, roc_auc_score

from annoaudit.auditing.people import PEOPLE_LEVELS
from annoaudit.auditing.running import run_detectors
from annoaudit.policy import Decision

if TYPE_CHECKING:
    from annoaudit.detectors import Detector
    from annoaudit.evidence import Evidence
    from annoaudit.findings import Scores
    from annoaudit.policy import Policy

__all__ = ["Trial", "find_suspects", "rank_labels", "rank_people", "run_trial"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SMALLEST = 1e-6


@dataclass(frozen=True, eq=False)
class Trial:
    """What one audit said.

    Parameters
    ----------
    flagged
        By detector of people, the annotators of each of its findings.
    margins
        By detector of people, (A,) log odds of suspicion above its threshold; NaN where it could not judge.
    urgency
        (L,) order of the review queue; NaN where no detector flagged the label.
    failures
        Detectors that crashed, and how.
    """

    flagged: Mapping[str, tuple[Ints, ...]]
    margins: Mapping[str, Floats]
    urgency: Floats
    failures: Mapping[str, str]

    @property
    def people(self) -> Ints:
        """Annotators in any finding, each once."""
        groups = [group for groups in self.flagged.values() for group in groups]
        return np.unique(np.concatenate(groups)) if groups else np.zeros(0, dtype=np.int64)


def run_trial(evidence: Evidence, detectors: Sequence[Detector], policy: Policy) -> Trial:
    """Audit one team."""
    scores, outcomes = run_detectors(evidence, detectors)
    votes = evidence.votes
    decision = Decision.of(policy, votes, scores, policy.size_queue(len(votes)))
    of_people = [one for one in scores if one.level in PEOPLE_LEVELS]
    return Trial(
        flagged={one.detector: _name_groups(one, decision.flagged[one.detector]) for one in of_people},
        margins={
            one.detector: _measure_margins(one, policy.threshold(one.detector), votes.n_annotators) for one in of_people
        },
        urgency=decision.urgency,
        failures={one.detector: one.why for one in outcomes if one.status == "failed"},
    )


def find_suspects(trial: Trial, suspects: Bools) -> tuple[str, ...]:
    """Return the detectors with a finding most of whose annotators are suspects."""
    return tuple(
        name for name, groups in trial.flagged.items() if any(suspects[group].mean() > 0.5 for group in groups)
    )


def rank_people(trial: Trial, suspects: Bools) -> dict[str, float]:
    """Return by detector the AUROC of suspects among annotators; who could not be judged ranks last.

    Detectors that judged nobody are left out.
    """
    if suspects.all() or not suspects.any():
        return {}
    judged = {name: margin for name, margin in trial.margins.items() if np.isfinite(margin).any()}
    return {name: float(roc_auc_score(suspects, _fill(margin))) for name, margin in judged.items()}


def rank_labels(trial: Trial, malicious: Bools) -> float:
    """Return the average precision of the review order for malicious labels; NaN where there are none."""
    if not malicious.any():
        return float("nan")
    return float(average_precision_score(malicious, _fill(trial.urgency)))


def _fill(values: Floats) -> Floats:
    """Put what is not known below everything else."""
    known = np.isfinite(values)
    lowest = values[known].min() - 1.0 if known.any() else 0.0
    return np.where(known, values, lowest)


def _name_groups(scores: Scores, flagged: Bools) -> tuple[Ints, ...]:
    targets = scores.target[flagged]
    if scores.level == "annotator":
        return tuple(np.array([one]) for one in targets)
    return tuple(np.asarray(scores.members[int(one)], dtype=np.int64) for one in targets)


def _measure_margins(scores: Scores, threshold: float, n_annotators: int) -> Floats:
    above = _log_odds(scores.suspicion) - float(_log_odds(np.array(threshold)))
    margin = np.full(n_annotators, -np.inf)
    groups = _name_groups(scores, np.isfinite(above))
    if groups:
        value = np.repeat(above[np.isfinite(above)], [len(group) for group in groups])
        np.maximum.at(margin, np.concatenate(groups), value)
    return np.where(np.isfinite(margin), margin, np.nan)


def _log_odds(share: Floats) -> Floats:
    clipped = np.clip(share, SMALLEST, 1 - SMALLEST)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))

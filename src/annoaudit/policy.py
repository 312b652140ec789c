"""The only room with thresholds, budgets, severity and caps: scores in, findings and a queue out."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from annoaudit.errors import UsageError
from annoaudit.findings import FINDING_COLUMNS, GROUP_LEVELS, Explanation, Scores, Severity, fingerprint
from annoaudit.statistics.multiplicity import adjust_e, adjust_p

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.labels import LabelSet, Votes

__all__ = ["EDITS", "Decision", "EditLimits", "Policy"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

QUEUE_SHARE = 0.05
QUEUE_MOST = 500
THRESHOLDS: Mapping[str, float] = {
    "neighbour_disagreement": 0.9,
    "peer_score": 0.99,
    "rater_severity": 0.99,
    "rating_residual": 0.3,
    "self_consistency": 0.95,
    "straight_lining": 0.995,
    "text_distance": 0.3,
    "text_quality": 0.99,
    "timing": 0.95,
}
SEVERITY: Mapping[str, Severity] = {
    "accepts_predictions": "L1",
    "batch_shift": "L1",
    "copying": "L2",
    "drift": "L1",
    "edge_bias": "L1",
    "embedding_poison": "L1",
    "fixed_response": "L1",
    "gold_gap": "L2",
    "identical_artefacts": "L3",
    "ignores_input": "L2",
    "length_bias": "L1",
    "near_copies": "L2",
    "near_duplicates": "L1",
    "peer_score": "L1",
    "position_bias": "L2",
    "rater_severity": "L1",
    "ring": "L2",
    "self_consistency": "L1",
    "sequence_pattern": "L2",
    "slice_scan": "L2",
    "straight_lining": "L1",
    "targeted_flips": "L2",
    "text_quality": "L1",
    "timing": "L1",
    "trigger_scan": "L2",
    "worse_than_chance": "L2",
}
"""Gravest level of each detector's findings; what is not named here is L0."""
OF_OPINION = frozenset({"fixed_response", "identical_artefacts", "self_consistency", "sequence_pattern"})
"""Detectors of people that do not hold a view of one's own against anyone."""


@dataclass(frozen=True)
class EditLimits:
    """From where on a pattern in changes is a finding (L2).

    Parameters
    ----------
    fewest_edits
        Least edits of a group, and of the others, that can be compared.
    false_discovery_rate
        Of all patterns with a p value in one night. Every night looks again at mostly the same edits, so it is strict.
    smallest_effect
        Least difference between the group and the rest.
    fewest_nights
        Earlier nights without which nothing is called unusual.
    fewest_in_mass, times_usual
        Least size of a mass, and how many times the usual it has to be.
    """

    fewest_edits: int = 10
    false_discovery_rate: float = 0.005
    smallest_effect: float = 0.2
    fewest_nights: int = 7
    fewest_in_mass: int = 20
    times_usual: float = 5.0


EDITS = EditLimits()


@dataclass(frozen=True)
class Policy:
    """What is flagged, what is queued, and how severe it is.

    Parameters
    ----------
    budget
        B, the most labels in the review queue; by default min(5 % of the labels, 500), at least 1.
    thresholds
        Suspicion at which a detector's target is flagged, by detector; ``default_threshold`` for the rest.
    false_discovery_rate
        Where a detector gives p or e values, the expected share of false ones among its flags, in each family.
    smallest_effect
        Such a flag also needs an effect of at least this share, where the detector states one.
    annotator_cap_rate
        Greatest share of a team's annotators flagged at L1 or L2 in one run, by all detectors, rounded up.
    severities
        Level of a detector's findings; statistics alone never exceed L2.
    lead
        Label-level detector that weighs as much as all others together in the order of the queue.
    subjective
        The question asks for opinions: detectors that hold disagreement with others against people are off.
    """

    budget: int | None = None
    default_threshold: float = 0.5
    thresholds: Mapping[str, float] = field(default_factory=lambda: dict(THRESHOLDS))
    false_discovery_rate: float = 0.05
    smallest_effect: float = 0.05
    annotator_cap_rate: float = 0.05
    severities: Mapping[str, Severity] = field(default_factory=lambda: dict(SEVERITY))
    lead: str = "label_fusion"
    subjective: bool = False

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

    def is_off(self, detector: str, level: str) -> bool:
        """Return whether this detector flags nobody, because the question asks for opinions."""
        return self.subjective and level not in ("label", "item", "dataset") and detector not in OF_OPINION

    def adjust(self, scores: Scores) -> Floats | None:
        """Return p or e values as what they are worth among all of their family; None where there are none."""
        if scores.e is not None:
            return adjust_e(scores.e)
        return None if scores.p is None else adjust_p(scores.p)

    def flag(self, scores: Scores) -> Bools:
        """Mark the targets that this detector flags, free of any budget or cap.

        By its p or e values where it has any and its effect is large enough to matter; else by its threshold.
        """
        if self.is_off(scores.detector, scores.level):
            return np.zeros(len(scores), dtype=bool)
        adjusted = self.adjust(scores)
        if adjusted is None:
            return np.asarray(np.nan_to_num(scores.suspicion, nan=-1.0) >= self.threshold(scores.detector))
        above = np.nan_to_num(adjusted, nan=1.0) <= self.false_discovery_rate
        if scores.effect is not None:
            above &= ~(scores.effect < self.smallest_effect)
        return np.asarray(above)

    def cap(self, scores: Sequence[Scores], flagged: Mapping[str, Bools], n_annotators: int) -> dict[str, Bools]:
        """Return the flags with at most the capped share of annotators at L1 and L2, gravest first.

        Groups and L3 findings do not count: the one is a single finding, the other rests on mechanism.
        """
        worst = np.full(n_annotators, -1.0)
        people = [one for one in scores if one.level == "annotator" and self.severity(one.detector) in ("L1", "L2")]
        for one in people:
            at = flagged[one.detector]
            above = _log_odds(one.suspicion[at]) - _log_odds(np.array(self.threshold(one.detector)))
            gravity = np.clip(above, 0.0, 50.0) + 100.0 * (self.severity(one.detector) == "L2")
            np.maximum.at(worst, one.target[at], gravity)
        most = math.ceil(self.annotator_cap_rate * n_annotators)
        kept = np.zeros(n_annotators, dtype=bool)
        kept[np.argsort(-worst, kind="stable")[:most]] = True
        capped = {one.detector: flagged[one.detector] & kept[one.target] for one in people}
        return {**flagged, **capped}


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
        ids = (
            self._label_ids(target, labels)
            if scores.level == "label"
            else self._other_ids(scores.level, target, labels)
        )
        people = np.array([name_of(str(who)) for who in self.votes.annotator_ids.to_pylist()] + [""], dtype=object)
        annotator = people[ids.pop("annotator")]
        if scores.level in GROUP_LEVELS:
            together = [" + ".join(sorted(people[scores.members[one]])) for one in target]
            annotator = np.array(together, dtype=object)
        thing = self.votes.item[target] if scores.level == "label" else None
        given, suggested = (
            self.votes.spell(values[at], thing) if values is not None else np.full(len(at), "", dtype=object)
            for values in (scores.given, scores.suggested)
        )
        adjusted = self.policy.adjust(scores)
        told = scores.explain(at)
        if scores.level == "dataset":
            annotator = np.array([" + ".join(_name_sources(one, people)) for one in told], dtype=object)
        named = self._names(scores.level, target, ids, annotator)
        prints = [
            fingerprint(scores.detector, scores.level, [self.votes.question, *_identify(str(one), said)], str(label))
            for one, label, said in zip(named, given, told, strict=True)
        ]
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
                "p": _numbers(adjusted if scores.e is None else None, at),
                "e": _numbers(scores.e, at),
                "family": scores.family,
                "reason": [one.reason for one in told],
                "evidence_json": [json.dumps(_spell_evidence(one, people), ensure_ascii=False) for one in told],
                "rank": rank,
            }
        )[list(FINDING_COLUMNS)]

    def _label_ids(self, target: Ints, labels: LabelSet) -> dict[str, npt.NDArray[np.object_] | Ints]:
        """Ids of the labels voted with; a vote for absence has no label, only an annotation and an item."""
        row, owner = self.votes.row[target], self.votes.owner[target]
        return {
            "label_id": _texts(labels.labels["label_id"].take(pa.array(row, mask=row < 0)).fill_null("")),
            "annotation_id": _texts(labels.annotations["annotation_id"].take(pa.array(owner))),
            "item_id": _texts(labels.items["item_id"].take(pa.array(self.votes.whole[target]))),
            "annotator": self.votes.annotator[target],
        }

    def _other_ids(self, level: str, target: Ints, labels: LabelSet) -> dict[str, npt.NDArray[np.object_] | Ints]:
        blank = np.full(len(target), "", dtype=object)
        items = _texts(labels.items["item_id"].take(pa.array(target))) if level == "item" else blank
        annotator = target if level == "annotator" else np.full(len(target), -1, dtype=np.int64)
        return {"label_id": blank, "annotation_id": blank, "item_id": items, "annotator": annotator}

    def _names(
        self, level: str, target: Ints, ids: Mapping[str, npt.NDArray[np.object_] | Ints], who: npt.NDArray[np.object_]
    ) -> npt.NDArray[np.object_]:
        """What each target is known by, the same every night."""
        if level not in ("label", "item"):
            return who
        own = np.asarray(ids["label_id" if level == "label" else "item_id"], dtype=object)
        if level == "label":
            own = np.where(own == "", np.asarray(ids["annotation_id"], dtype=object), own)
        if self.votes.parts is None or level == "item":
            return np.asarray(own, dtype=object)
        part = np.array(self.votes.item_ids.take(pa.array(self.votes.item[target])).to_pylist(), dtype=object)
        return np.asarray(own + "\n" + part, dtype=object)


def _texts(values: pa.ChunkedArray | pa.Array) -> npt.NDArray[np.object_]:
    return np.array(values.to_pylist(), dtype=object)


def _identify(named: str, told: Explanation) -> list[str]:
    """What makes a finding the same one every night: its subject, or whom it names and the slice it is about."""
    if told.subject is not None:
        return [told.subject.key]
    return [named, str(told.evidence["slice"])] if "slice" in told.evidence else [named]


def _name_sources(told: Explanation, people: npt.NDArray[np.object_]) -> list[str]:
    sources = told.subject.sources if told.subject else ()
    return [str(people[one.annotator]) for one in sources]


def _spell_evidence(told: Explanation, people: npt.NDArray[np.object_]) -> dict[str, object]:
    """Return the evidence as it is stored; sources by what may be shown of them, never by id."""
    if told.subject is None:
        return dict(told.evidence)
    sources = [
        {"annotator": name, "n": one.n, "observed": one.observed, "expected": round(one.expected, 2)}
        for name, one in zip(_name_sources(told, people), told.subject.sources, strict=True)
    ]
    return {"subject": told.subject.text, "sources": sources, **told.evidence}


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
        margin = _log_odds(one.suspicion[judged]) - _log_odds(np.array(policy.threshold(one.detector)))
        total[one.target[judged]] += margin
        n_judges[one.target[judged]] += 1
    return np.where(n_judges > 0, total / np.maximum(n_judges, 1), np.nan)


def _numbers(values: npt.NDArray[np.generic] | None, at: Ints, default: float = float("nan")) -> Floats | Ints:
    if values is None:
        return np.full(len(at), default if default == default else np.nan)
    return values[at]  # type: ignore[return-value]


def _log_odds(share: Floats, floor: float = 1e-4) -> Floats:
    clipped = np.clip(share, floor, 1 - floor)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))

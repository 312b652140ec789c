"""Review targets: all findings on one annotation together, and the stream they are drawn from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.labels import tell_answers
from annoaudit.reviewing.sampling import draw

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.labels import LabelSet

__all__ = ["Remark", "Target", "gather_targets", "key_of", "stream_of"]


@dataclass(frozen=True)
class Remark:
    """One finding on a target, as far as a reviewer and the figures need it."""

    fingerprint: str
    detector: str
    severity: str
    question: str
    given: str
    suggested: str
    suspicion: float
    reason: str
    region: str = ""


@dataclass(frozen=True)
class Target:
    """One annotation to review, or an item where there is no annotation.

    Parameters
    ----------
    key
        16 hexadecimal digits: the same in every run.
    target
        Id of the annotation, or ``item`` and the id of the item.
    task_id, annotation_id
        The platform's ids; ``annotation_id`` is empty for an item.
    values
        The audited labels by question, as they were audited.
    queued
        Whether it is reviewed for its findings; otherwise it is drawn only.
    drawn
        Whether it belongs to the random sample of the whole stream.
    answered
        Whether it is flagged, but not queued, because it has its answer: such targets are all reviewed.
    """

    key: str
    target: str
    task_id: str
    annotation_id: str
    annotator: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()
    queued: bool = False
    drawn: bool = False
    answered: bool = False

    @property
    def severity(self) -> float:
        """What the tab is sorted by: level of the gravest finding (0 to 3) plus the greatest suspicion."""
        level = max((int(one.severity[1:]) for one in self.remarks), default=0)
        known = [one.suspicion for one in self.remarks if one.suspicion == one.suspicion]
        return round(level + max(known, default=0.0), 3)


def key_of(project_id: int, target: str, *, blind: bool = False, values: Mapping[str, str] | None = None) -> str:
    """Return the name of a review target: 16 hexadecimal digits of project and annotation.

    In blinded review a target has another name, so that an open review of it gives nothing away. ``values`` makes
    one for a target whose label has changed since somebody worked on it under its usual name.
    """
    parts: list[object] = [str(project_id), target, *(["blind"] if blind else [])]
    parts += [sorted(values.items())] if values is not None else []
    text = json.dumps(parts, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]


def stream_of(labels: LabelSet, questions: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the annotations that were audited, each with its labels by question: what decoys are drawn from."""
    stream: dict[str, dict[str, str]] = {}
    for question in questions:
        for annotation_id, answer in tell_answers(labels, question).items():
            stream.setdefault(annotation_id, {})[question] = answer
    return stream


def gather_targets(
    findings: pd.DataFrame,
    labels: LabelSet,
    questions: Sequence[str],
    project_id: int,
    secret: bytes,
    n_drawn: int = 0,
    *,
    blind: bool = False,
    answered: Collection[str] = (),
) -> dict[str, Target]:
    """Gather the review targets by key: those with a queued finding, and the random sample.

    An annotation is queued if one of its findings is; then all findings on it are shown. Findings on items
    are queued as they are, but for L0, which tell of content and ask for no verdict on a label. Findings on annotators
    and on the whole set are no review targets.

    Parameters
    ----------
    findings
        (F,) rows as the store returns them.
    n_drawn
        Size of the random sample.
    blind
        Whether the review is blinded.
    answered
        Ids of annotations with an answer; those of them that are flagged are gathered too.
    """
    stream = stream_of(labels, questions)
    found: dict[str, list[Remark]] = {}
    queued: set[str] = set()
    people: dict[str, str] = {}
    regions = _regions(labels, findings)
    for row in findings.to_dict("records"):
        target = str(row["annotation_id"]) or (f"item {row['item_id']}" if row["item_id"] else "")
        if not target:
            continue
        found.setdefault(target, []).append(_remark({str(key): value for key, value in row.items()}, regions))
        people[target] = str(row["annotator"])
        if row["rank"] > 0 or (not row["annotation_id"] and row["severity"] != "L0"):
            queued.add(target)
    keys = {key_of(project_id, one, blind=blind): one for one in stream}
    drawn = {keys[one] for one in draw(keys, n_drawn, secret)} if n_drawn else set()
    settled = (set(answered) & set(found)) - queued
    natives = _natives(labels, queued | drawn | settled)
    targets = {}
    for name in sorted(queued | drawn | settled):
        task_id, annotation_id = natives.get(name, (name.removeprefix("item "), ""))
        key = key_of(project_id, name, blind=blind)
        told = tuple(sorted(found.get(name, ()), key=lambda one: (-one.suspicion, one.detector)))
        targets[key] = Target(
            key, name, task_id, annotation_id, people.get(name, ""), stream.get(name, {}), told,
            name in queued, name in drawn, name in settled,
        )  # fmt: skip
    return targets


def _remark(row: Mapping[str, object], regions: Mapping[str, str]) -> Remark:
    suspicion = row["suspicion"]
    return Remark(
        fingerprint=str(row["fingerprint"]),
        detector=str(row["detector"]),
        severity=str(row["severity"]),
        question=str(row["question"]),
        given=str(row["given"]),
        suggested=str(row["suggested"]),
        suspicion=float(suspicion) if isinstance(suspicion, (int, float)) else float("nan"),
        reason=str(row["reason"]),
        region=regions.get(str(row["label_id"]), ""),
    )


def _regions(labels: LabelSet, findings: pd.DataFrame) -> dict[str, str]:
    """Native ids of the flagged labels that are regions: boxes, spans and their like."""
    wanted = pa.array(sorted({str(one) for one in findings["label_id"] if one}), pa.string())
    table = labels.labels.select(["label_id", "kind", "native_id"])
    flat = pa.array(["choice", "multichoice", "number", "rating", "ranking", "pair", "text"])
    mask = pc.and_(pc.is_in(table["label_id"], value_set=wanted), pc.invert(pc.is_in(table["kind"], value_set=flat)))
    rows = table.filter(mask)
    return {str(row["label_id"]): str(row["native_id"] or "") for row in rows.to_pylist()}


def _natives(labels: LabelSet, targets: set[str]) -> dict[str, tuple[str, str]]:
    table = labels.annotations.select(["annotation_id", "item_id", "native_id"])
    mask = pc.is_in(table["annotation_id"], value_set=pa.array(sorted(targets), pa.string()))
    return {
        str(row["annotation_id"]): (str(row["item_id"]), str(row["native_id"] or ""))
        for row in table.filter(mask).to_pylist()
    }

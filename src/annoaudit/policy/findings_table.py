"""Flags as rows: one a flagged target, with ids, what was given, and why."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from annoaudit.findings import FINDING_COLUMNS, GROUP_LEVELS, Explanation, Scores, fingerprint

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.labels import LabelSet, Votes
    from annoaudit.policy.decision import Decision

__all__ = ["tabulate_findings"]

Ints = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]


def tabulate_findings(decision: Decision, labels: LabelSet, name_of: Callable[[str], str]) -> pd.DataFrame:
    """Return one row a flagged target, queued ones first; see :meth:`Decision.findings`."""
    import pandas as pd

    parts = [_part(decision, one, labels, name_of) for one in decision.scores if decision.flagged[one.detector].any()]
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


def _part(decision: Decision, scores: Scores, labels: LabelSet, name_of: Callable[[str], str]) -> pd.DataFrame:
    import pandas as pd

    votes = decision.votes
    at = np.flatnonzero(decision.flagged[scores.detector])
    target = scores.target[at]
    ids = _label_ids(votes, target, labels) if scores.level == "label" else _other_ids(scores.level, target, labels)
    people = np.array([name_of(str(who)) for who in votes.annotator_ids.to_pylist()] + [""], dtype=object)
    annotator = people[ids.pop("annotator")]
    if scores.level in GROUP_LEVELS:
        together = [" + ".join(sorted(people[scores.members[one]])) for one in target]
        annotator = np.array(together, dtype=object)
    thing = votes.item[target] if scores.level == "label" else None
    given, suggested = (
        votes.spell(values[at], thing) if values is not None else np.full(len(at), "", dtype=object)
        for values in (scores.given, scores.suggested)
    )
    adjusted = decision.policy.adjust(scores)
    told = scores.explain(at)
    if scores.level == "dataset":
        annotator = np.array([" + ".join(_name_sources(one, people)) for one in told], dtype=object)
    named = _names(votes, scores.level, target, ids, annotator)
    prints = [
        fingerprint(scores.detector, scores.level, [votes.question, *_identify(str(one), said)], str(label))
        for one, label, said in zip(named, given, told, strict=True)
    ]
    rank = decision.rank()[target] if scores.level == "label" else np.zeros(len(at), dtype=np.int64)
    return pd.DataFrame(
        {
            "fingerprint": prints,
            "detector": scores.detector,
            "version": scores.version,
            "level": scores.level,
            "severity": decision.policy.severity(scores.detector),
            "question": votes.question,
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


def _label_ids(votes: Votes, target: Ints, labels: LabelSet) -> dict[str, Texts | Ints]:
    """Ids of the labels voted with; a vote for absence has no label, only an annotation and an item."""
    row, owner = votes.row[target], votes.owner[target]
    return {
        "label_id": _texts(labels.labels["label_id"].take(pa.array(row, mask=row < 0)).fill_null("")),
        "annotation_id": _texts(labels.annotations["annotation_id"].take(pa.array(owner))),
        "item_id": _texts(labels.items["item_id"].take(pa.array(votes.whole[target]))),
        "annotator": votes.annotator[target],
    }


def _other_ids(level: str, target: Ints, labels: LabelSet) -> dict[str, Texts | Ints]:
    blank = np.full(len(target), "", dtype=object)
    items = _texts(labels.items["item_id"].take(pa.array(target))) if level == "item" else blank
    annotator = target if level == "annotator" else np.full(len(target), -1, dtype=np.int64)
    return {"label_id": blank, "annotation_id": blank, "item_id": items, "annotator": annotator}


def _names(
    votes: Votes,
    level: str,
    target: Ints,
    ids: Mapping[str, Texts | Ints],
    who: Texts,
) -> Texts:
    """What each target is known by, the same every night."""
    if level not in ("label", "item"):
        return who
    own = np.asarray(ids["label_id" if level == "label" else "item_id"], dtype=object)
    if level == "label":
        own = np.where(own == "", np.asarray(ids["annotation_id"], dtype=object), own)
    if votes.parts is None or level == "item":
        return np.asarray(own, dtype=object)
    part = np.array(votes.item_ids.take(pa.array(votes.item[target])).to_pylist(), dtype=object)
    return np.asarray(own + "\n" + part, dtype=object)


def _texts(values: pa.ChunkedArray | pa.Array) -> Texts:
    return np.array(values.to_pylist(), dtype=object)


def _identify(named: str, told: Explanation) -> list[str]:
    """What makes a finding the same one every night: its subject, or whom it names and the slice it is about."""
    if told.subject is not None:
        return [told.subject.key]
    return [named, str(told.evidence["slice"])] if "slice" in told.evidence else [named]


def _name_sources(told: Explanation, people: Texts) -> list[str]:
    sources = told.subject.sources if told.subject else ()
    return [str(people[one.annotator]) for one in sources]


def _spell_evidence(told: Explanation, people: Texts) -> dict[str, object]:
    """Return the evidence as it is stored; sources by what may be shown of them, never by id."""
    if told.subject is None:
        return dict(told.evidence)
    sources = [
        {"annotator": name, "n": one.n, "observed": one.observed, "expected": round(one.expected, 2)}
        for name, one in zip(_name_sources(told, people), told.subject.sources, strict=True)
    ]
    return {"subject": told.subject.text, "sources": sources, **told.evidence}


def _numbers(values: npt.NDArray[np.generic] | None, at: Ints, default: float = float("nan")) -> Floats | Ints:
    if values is None:
        return np.full(len(at), default)
    return values[at]  # type: ignore[return-value]

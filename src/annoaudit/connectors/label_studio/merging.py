"""Tables of tasks, from batches and from an earlier pull, put together.

The result depends on what the project holds, not on the way it was read.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.connectors.label_studio.address import Address
from annoaudit.connectors.label_studio.controls import Control
from annoaudit.connectors.label_studio.conversion import TASK_TABLES, LeftOut
from annoaudit.formats.json_values import Record, dump
from annoaudit.labels import SCHEMAS, LabelSet

__all__ = ["assemble", "join_tables", "keep_snapshot_facts", "without_tasks"]

Tables = dict[str, pa.Table]
_SHOWN = 5


def join_tables(parts: Sequence[Mapping[str, pa.Table]]) -> Tables:
    """Put tables of several batches together, in the order of the tasks' ids."""
    joined: Tables = {}
    for name in TASK_TABLES:
        table = pa.concat_tables([part[name] for part in parts] or [SCHEMAS[name].empty_table()])
        joined[name] = _by_task(table)
    return joined


def _by_task(table: pa.Table) -> pa.Table:
    """Rows by task id; those of one task stay in the order they have."""
    numbers = np.asarray(table["item_id"].cast(pa.int64()))
    if len(numbers) < 2 or (numbers[1:] >= numbers[:-1]).all():
        return table
    return table.take(pa.array(np.argsort(numbers, kind="stable")))


def without_tasks(tables: Mapping[str, pa.Table], ids: Iterable[str]) -> Tables:
    """Return the tables without the rows of some tasks."""
    gone = pa.array(sorted(ids), pa.string())
    return {
        name: tables[name].filter(pc.invert(pc.is_in(tables[name]["item_id"], value_set=gone))) for name in TASK_TABLES
    }


def keep_snapshot_facts(fresh: Mapping[str, pa.Table], known: Mapping[str, pa.Table]) -> Tables:
    """Add to tables read in pages what only snapshots tell: unique ids, and other people's drafts.

    A draft is dropped where its author has submitted on that task since.
    """
    tables = dict(fresh)
    annotations = fresh["annotations"]
    before = known["annotations"]
    found = pc.index_in(annotations["annotation_id"], value_set=before["annotation_id"].combine_chunks())
    unique_ids = pc.coalesce(annotations["unique_id"], before["unique_id"].combine_chunks().take(found))
    place = annotations.schema.get_field_index("unique_id")
    annotations = annotations.set_column(place, annotations.schema.field(place), unique_ids)
    drafts = _open_drafts(annotations, before, fresh["items"]["item_id"])
    tables["annotations"] = _by_task(pa.concat_tables([annotations, drafts]))
    answers = known["labels"]
    theirs = answers.filter(pc.is_in(answers["annotation_id"], value_set=drafts["annotation_id"].combine_chunks()))
    tables["labels"] = _by_task(pa.concat_tables([fresh["labels"], theirs]))
    return tables


def _open_drafts(annotations: pa.Table, known: pa.Table, items: pa.ChunkedArray) -> pa.Table:
    drafts = known.filter(pc.equal(known["status"], "draft"))
    drafts = drafts.filter(pc.is_in(drafts["item_id"], value_set=items.combine_chunks()))
    latest: dict[tuple[str, str], object] = {}
    columns = (annotations[name].to_pylist() for name in ("item_id", "annotator_id", "updated_at"))
    for item, annotator, at in zip(*columns, strict=True):
        latest[item, annotator] = max(at, latest.get((item, annotator), at)) if at else latest.get((item, annotator))
    keep = [
        (at := latest.get((row["item_id"], row["annotator_id"]))) is None or at <= row["updated_at"]
        for row in drafts.select(["item_id", "annotator_id", "updated_at"]).to_pylist()
    ]
    return drafts.filter(pa.array(keep, pa.bool_()))


@dataclass(frozen=True)
class Scene:
    """What a project says beside its tasks: where it is, what its form asks, who works there."""

    address: Address
    controls: tuple[Control, ...]
    people: Mapping[str, str]


def assemble(
    tables: Mapping[str, pa.Table], scene: Scene, left_out: Sequence[LeftOut], notes: Iterable[str] = ()
) -> LabelSet:
    """Make the validated LabelSet: questions and people are worked out from the config and all rows."""
    labels = _settle_kinds(tables["labels"], scene.controls)
    questions = _questions(labels, scene.controls)
    annotators = _annotators(tables["annotations"], scene.people)
    told = [*scene.address.notes, *notes, *_notes(labels, questions, left_out)]
    return LabelSet(
        items=tables["items"],
        annotators=annotators,
        questions=questions,
        annotations=tables["annotations"],
        labels=labels,
        predictions=tables["predictions"],
        notes=tuple(dict.fromkeys(told)),
        source=f"Label Studio project {scene.address.project_id}",
    )


def _settle_kinds(labels: pa.Table, controls: Sequence[Control]) -> pa.Table:
    """Say of all answers to a Choices control whether it takes one option or several."""
    multiple = {control.name for control in controls if control.kind == "multichoice"} | _several(labels)
    chosen = pc.is_in(labels["kind"], value_set=pa.array(["choice", "multichoice"]))
    many = pc.is_in(labels["question"], value_set=pa.array(sorted(multiple), pa.string()))
    kind = pc.if_else(chosen, pc.if_else(many, "multichoice", "choice"), labels["kind"])
    place = labels.schema.get_field_index("kind")
    return labels.set_column(place, labels.schema.field(place), kind)


def _several(labels: pa.Table) -> set[str]:
    """Questions to which some one result gave several options, or a path of a taxonomy."""
    taxonomy = pc.and_(pc.equal(labels["kind"], "multichoice"), pc.is_valid(labels["attributes"]))
    found = set(labels["question"].filter(pc.fill_null(taxonomy, False)).unique().to_pylist())
    choices = labels.filter(pc.is_in(labels["kind"], value_set=pa.array(["choice", "multichoice"])))
    keys = ["question", "annotation_id", "prediction_id", "native_id", "parent_label_id"]
    counts = choices.group_by(keys).aggregate([([], "count_all")])
    again = counts.filter(pc.greater(counts["count_all"], 1))
    return found | set(again["question"].unique().to_pylist())


def _questions(labels: pa.Table, controls: Sequence[Control]) -> pa.Table:
    answered = labels.group_by(["question", "kind"]).aggregate([([], "count_all")]).to_pylist()
    kinds: dict[str, Counter[str]] = {}
    for row in answered:
        kinds.setdefault(row["question"], Counter())[row["kind"]] = row["count_all"]
    rows = [
        {
            "question": control.name,
            "kind": _kind(control.kind, kinds.pop(control.name, Counter())),
            "options": list(control.options) or None,
            "required": control.required,
            "native_json": control.native_json,
        }
        for control in controls
    ]
    rows += [
        {"question": name, "kind": _kind("", found), "native_json": dump({"in_config": False})}
        for name, found in sorted(kinds.items())
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMAS["questions"])


def _kind(stated: str, found: Counter[str]) -> str:
    """The kind that the config states, unless the answers are of another."""
    if not found or (stated in found and "rbox" not in found and "multichoice" not in found):
        return stated or "text"
    for wider in ("multichoice", "rbox"):
        if wider in found:
            return wider
    return min(found, key=lambda kind: (-found[kind], kind))


def _annotators(annotations: pa.Table, people: Mapping[str, str]) -> pa.Table:
    seen = {*annotations["annotator_id"].to_pylist(), *annotations["reviewer_id"].to_pylist()} - {None}
    order = sorted(seen, key=lambda one: (not one.isdigit(), int(one) if one.isdigit() else 0, one))
    rows = [{"annotator_id": one, "kind": "person", "display": people.get(one)} for one in order]
    return pa.Table.from_pylist(rows, schema=SCHEMAS["annotators"])


def _notes(labels: pa.Table, questions: pa.Table, left_out: Sequence[LeftOut]) -> Iterator[str]:
    unknown = [
        row["question"] for row in questions.to_pylist() if json.loads(row["native_json"]).get("in_config") is False
    ]
    if unknown:
        names = ", ".join(repr(one[:40]) for one in unknown[:_SHOWN])
        yield f"Answers to controls that the label config no longer has: {names}."
    if left_out:
        named = "; ".join(_name(one) for one in left_out[:_SHOWN])
        more = f"; and {len(left_out) - _SHOWN:,} more" if len(left_out) > _SHOWN else ""
        yield f"{len(left_out):,} could not be read and were left out: {named}{more}."


def _name(one: LeftOut) -> str:
    place = f"task {one.task_id}" if one.what == "task" else f"{one.what} {one.native_id} on task {one.task_id}"
    return f"{place} ({one.why.rstrip('.')})"


def people_of(users: Iterable[Record]) -> tuple[dict[str, str], dict[str, str]]:
    """Return what to call each user id, and the id of each e-mail address."""
    shown: dict[str, str] = {}
    addresses: dict[str, str] = {}
    for user in users:
        number, email = str(user.get("id")), str(user.get("email") or "")
        names = " ".join(str(user.get(key) or "") for key in ("first_name", "last_name")).strip()
        if email or names:
            shown[number] = email or names
        if email:
            addresses[email] = number
    return shown, addresses

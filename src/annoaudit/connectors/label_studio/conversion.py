"""Tasks as a server sends them, into canonical tables, with the mapping that the file reader uses.

Whatever way a task came (snapshot, page), the same fields are taken from it, so that the same task always gives
the same rows. What can't be read is left out by name, never the whole pull.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from annoaudit.connectors.label_studio.address import Address
from annoaudit.connectors.label_studio.natives import NATIVE_RESULT, hash_result
from annoaudit.errors import RefusedInput
from annoaudit.formats.json_values import Record
from annoaudit.formats.label_studio.export import Export
from annoaudit.labels import SCHEMAS

__all__ = ["TASK_TABLES", "LeftOut", "convert_tasks", "select_fields"]

TASK_TABLES = ("items", "annotations", "labels", "predictions")
_ANNOTATION = (
    "id", "completed_by", "result", "was_cancelled", "ground_truth", "created_at", "updated_at", "lead_time",
    "updated_by", "parent_prediction", "parent_annotation", "unique_id",
)  # fmt: skip
_ANNOTATION_REST = ("draft_created_at", "import_id", "last_action", "bulk_created", "last_created_by")
_DRAFT = ("id", "user", "result", "lead_time", "created_at", "updated_at", "annotation")
_PREDICTION = ("id", "result", "model_version", "score", "created_at")
_LISTS = ("annotations", "drafts", "predictions")
_UNREADABLE = (RefusedInput, ValueError, TypeError, RecursionError, pa.ArrowException)
_BAD = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True)
class LeftOut:
    """Something that could not be read: which, and why; its times tell whether it has changed since."""

    task_id: str
    what: str
    native_id: str
    why: str
    skipped: bool = False
    created_at: str = ""
    updated_at: str = ""


@dataclass
class Conversion:
    """Tables of a batch of tasks, and what was left out of them."""

    tables: dict[str, pa.Table]
    left_out: list[LeftOut] = field(default_factory=list)


def select_fields(task: Record, project_id: int, users: Mapping[str, str]) -> dict[str, object]:
    """Take from a task what every way of pulling gives.

    Parameters
    ----------
    users
        E-mail address to user id: drafts name their author by address.
    """
    taken: dict[str, object] = {key: task.get(key) for key in ("id", "data", "meta", "created_at")}
    taken["project"] = project_id
    for key, select in (("annotations", _annotation), ("predictions", _prediction)):
        taken[key] = [select(one) for one in _listed(task, key)]
    taken["drafts"] = [_draft(one, users) for one in _listed(task, "drafts")]
    return taken


def _listed(task: Record, key: str) -> list[Record]:
    value = task.get(key)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _annotation(one: Record) -> dict[str, object]:
    taken = {key: one.get(key) for key in _ANNOTATION}
    taken |= {key: one[key] for key in _ANNOTATION_REST if one.get(key)}
    if isinstance(taken["completed_by"], dict):
        taken["completed_by"] = taken["completed_by"].get("id")
    return taken | {NATIVE_RESULT: one.get("result")}


def _draft(one: Record, users: Mapping[str, str]) -> dict[str, object]:
    taken = {key: one.get(key) for key in _DRAFT}
    user = taken["user"].get("id") if isinstance(taken["user"], dict) else taken["user"]
    return taken | {"user": users.get(str(user), user), NATIVE_RESULT: one.get("result")}


def _prediction(one: Record) -> dict[str, object]:
    return {key: one.get(key) for key in _PREDICTION}


def convert_tasks(tasks: Sequence[dict[str, object]], address: Address) -> Conversion:
    """Turn tasks, as :func:`select_fields` gives them, into rows of the tables that hang on tasks."""
    try:
        return Conversion(_convert(tasks, address))
    except _UNREADABLE:
        pass
    left_out: list[LeftOut] = []
    whole = [kept for task in tasks if (kept := _readable(_mend(task), address, left_out)) is not None]
    return Conversion(_convert(whole, address), left_out)


def _convert(tasks: Sequence[dict[str, object]], address: Address) -> dict[str, pa.Table]:
    export = Export(f"project {address.project_id}", [])
    export.look_at(list(tasks))
    hashes: dict[str, str] = {}
    for place, task in enumerate(tasks, start=1):
        export.take_task(task, place)
        for one in _listed(task, "annotations"):
            result = one.get("result")
            hashes[str(one.get("id"))] = hash_result(result if isinstance(result, list) else [])
    for row in export.rows["annotations"]:
        row["native_url"] = address.task_url(str(row["item_id"]))
        if row["status"] != "draft":
            row["origin_hash"] = hashes.get(str(row["native_id"]))
    found = {name: SCHEMAS[name].empty_table() for name in TASK_TABLES}
    for name, table in export.finish():
        if name in found:
            found[name] = table
    return found


def _readable(task: dict[str, object], address: Address, left_out: list[LeftOut]) -> dict[str, object] | None:
    """The task without what in it can't be read; None where that is the task itself."""
    if _why(task, address) is None:
        return task
    bare = task | {key: [] for key in _LISTS}
    if (why := _why(bare, address)) is not None:
        left_out.append(LeftOut(str(task.get("id")), "task", str(task.get("id")), why))
        left_out += [_leave_out(task, key, one, why) for key in _LISTS for one in _listed(task, key)]
        return None
    kept = dict(task)
    for key in _LISTS:
        judged = [(one, _why(bare | {key: [one]}, address)) for one in _listed(task, key)]
        kept[key] = [one for one, why in judged if why is None]
        left_out += [_leave_out(task, key, one, why) for one, why in judged if why is not None]
    return kept


def _why(task: dict[str, object], address: Address) -> str | None:
    """Why a task can't be read; None where it can."""
    try:
        _convert([task], address)
    except _UNREADABLE as error:
        text = error.message if isinstance(error, RefusedInput) else str(error)
        return text.splitlines()[0][:200] if text else type(error).__name__
    return None


def _leave_out(task: Record, key: str, one: Record, why: str) -> LeftOut:
    times = (str(one.get(name) or "") for name in ("created_at", "updated_at"))
    native = str(one.get("id"))
    return LeftOut(str(task.get("id")), key[:-1], native, why, one.get("was_cancelled") is True, *times)


def _mend(value: dict[str, object]) -> dict[str, object]:
    """Replace what no text can hold: NUL, and halves of surrogate pairs."""
    return {key: _mend_any(one) for key, one in value.items()}


def _mend_any(value: object) -> object:
    if isinstance(value, str):
        return _BAD.sub("\ufffd", value)
    if isinstance(value, list):
        return [_mend_any(one) for one in value]
    if isinstance(value, dict):
        return {str(_mend_any(key)): _mend_any(one) for key, one in value.items()}
    return value


def in_batches(tasks: Iterator[Record], size: int) -> Iterator[list[Record]]:
    """Yield lists of at most ``size`` tasks."""
    batch: list[Record] = []
    for task in tasks:
        batch.append(task)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch

"""What changed between two snapshots: facts, each with what explains it, if anything ordinary does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.ledger.records import PEOPLE

if TYPE_CHECKING:
    from annoaudit.labels import LabelSet
    from annoaudit.ledger.sealing import Difference

__all__ = ["CHANGE_COLUMNS", "Change", "Scene", "list_changes"]

TOLERANCE = timedelta(minutes=10)
"""How much clocks may differ, and how long a write may be under way."""

Row = Mapping[str, object]


@dataclass(frozen=True)
class Change:
    """One record that is not the same in both snapshots.

    Parameters
    ----------
    what
        ``added``, ``removed`` or ``changed``.
    record
        Its key: kind and id.
    annotator, by
        Pseudonyms: whose annotation it is, and who the platform says changed it; empty where it does not say.
    was, now
        The answers (for items and questions, the changed columns), as text.
    why
        What explains it, or what is contradictory about it.
    status
        ``explained``; ``told``, where the source keeps no history of such changes; ``unexplained``, where its own
        history contradicts the change.
    """

    what: str
    record: str
    item_id: str
    annotation_id: str
    label_id: str
    question: str
    annotator: str
    by: str
    at: str
    was: str
    now: str
    why: str
    status: str


CHANGE_COLUMNS = tuple(Change.__dataclass_fields__)


@dataclass(frozen=True)
class Scene:
    """What is known around two snapshots.

    Parameters
    ----------
    live
        The source is a platform with a history of its own; a file has none, so nothing in it is contradictory.
    began_at
        When reading the earlier snapshot began, by this machine's clock.
    ours
        Native ids of annotations that annoaudit itself added.
    name_of
        Turns a person's id into a pseudonym.
    """

    live: bool
    began_at: datetime
    ours: Collection[str] = ()
    name_of: Callable[[str], str] = field(default=str)


def list_changes(before: LabelSet, after: LabelSet, difference: Difference, scene: Scene) -> list[Change]:
    """Return what changed, annotations first, unexplained ones on top."""
    found = [*_annotation_changes(before, after, difference, scene), *_other_changes(before, after, difference)]
    order = {"unexplained": 0, "told": 1, "explained": 2}
    return sorted(found, key=lambda one: order[one.status])


def _annotation_changes(before: LabelSet, after: LabelSet, difference: Difference, scene: Scene) -> Iterator[Change]:
    was = _Side(before, [*difference.removed, *difference.changed], scene)
    now = _Side(after, [*difference.added, *difference.changed], scene)
    renamed = _find_renames(before, after, was, now)
    horizon = _horizon(before, scene)
    new_items = {one.removeprefix("item/") for one in difference.added if one.startswith("item/")}
    for key in sorted(now.rows.keys() - was.rows.keys()):
        row, values = now.rows[key], now.values.get(key, {})
        why, status = _explain_added(row, new_items, horizon, scene)
        yield _change("added", row, "", "", _tell(values), why, status, now.first.get(key, ""))
    for key in sorted(was.rows.keys() - now.rows.keys()):
        row, values = was.rows[key], was.values.get(key, {})
        why = "it is not there any more; the source keeps no record of who removed it"
        yield _change("removed", row, "", _tell(values), "", why, "told", was.first.get(key, ""))
    for key in sorted(was.rows.keys() & now.rows.keys()):
        yield _changed(was, now, key, renamed, scene)


def _changed(was: _Side, now: _Side, key: str, renamed: Mapping[tuple[str, str], str], scene: Scene) -> Change:
    old, new = was.rows[key], now.rows[key]
    before, after = was.values.get(key, {}), now.values.get(key, {})
    moved = sorted(one for one in {*before, *after} if before.get(one) != after.get(one))
    question = moved[0] if moved else ""
    why, status = _explain_changed(old, new, {one: (before.get(one), after.get(one)) for one in moved}, renamed, scene)
    shown = ({one: before.get(one, ()) for one in moved}, {one: after.get(one, ()) for one in moved})
    told = (_tell(shown[0]), _tell(shown[1])) if moved else _tell_columns(old, new)
    return _change("changed", new, question, *told, why, status, now.first.get(key, ""))


def _explain_added(row: Row, new_items: set[str], horizon: datetime | None, scene: Scene) -> tuple[str, str]:
    created = row["created_at"]
    if row["native_id"] in scene.ours:
        return "annoaudit added it: a reviewer's correction that was applied", "explained"
    if not scene.live:
        return "the source is a file and keeps no history", "told"
    if row["item_id"] in new_items:
        return "it came with a new item", "explained"
    if not isinstance(created, datetime) or horizon is None:
        return "the platform states no time", "told"
    if created >= horizon:
        return f"made {created:%Y-%m-%d %H:%M:%S} UTC", "explained"
    return (
        f"it says it was made {created:%Y-%m-%d %H:%M:%S} UTC, but the snapshot read after that does not have it",
        "unexplained",
    )


def _explain_changed(
    old: Row,
    new: Row,
    moved: Mapping[str, tuple[object, object]],
    renamed: Mapping[tuple[str, str], str],
    scene: Scene,
) -> tuple[str, str]:
    if moved and all(_is_rename(question, pair, renamed) for question, pair in moved.items()):
        return "the form was renamed, and all such labels with it", "explained"
    if not scene.live:
        return "the source is a file and keeps no history", "told"
    attributed = old["annotator_id"] != new["annotator_id"]
    if not moved and not attributed:
        return "the answers are the same", "explained"
    before, after = old["updated_at"], new["updated_at"]
    if not isinstance(before, datetime) or not isinstance(after, datetime):
        return "the platform states no time", "told"
    editor = new["updated_by"]
    if after > before and (editor or not _is_approved(old)):
        who = f" by {editor}" if editor else ""
        return f"edited {after:%Y-%m-%d %H:%M:%S} UTC{who}", "explained"
    if after > before:
        return "it was changed after it had been approved, and the platform names nobody who did", "unexplained"
    what = "it belongs to another annotator now" if attributed and not moved else "its answers are others"
    return f"{what}, but the platform records no edit since {before:%Y-%m-%d %H:%M:%S} UTC", "unexplained"


def _is_approved(row: Row) -> bool:
    return row["status"] == "accepted" or row["review_outcome"] in ("accepted", "approved", "fixed")


def _is_rename(question: str, pair: tuple[object, object], renamed: Mapping[tuple[str, str], str]) -> bool:
    old, new = pair
    if not isinstance(old, tuple) or not isinstance(new, tuple):
        return False
    return tuple(sorted(renamed.get((question, one), one) for one in old)) == new


def _find_renames(before: LabelSet, after: LabelSet, was: _Side, now: _Side) -> dict[tuple[str, str], str]:
    """Classes that the form no longer has, and whose labels all became those of one other class."""
    options = [dict(zip(*labels.questions.select(["question", "options"]).to_pydict().values(), strict=True))
               for labels in (before, after)]  # fmt: skip
    became: dict[tuple[str, str], set[str]] = {}
    for key in was.rows.keys() & now.rows.keys():
        if was.rows[key]["updated_at"] != now.rows[key]["updated_at"]:
            continue  # somebody edited it besides
        for question, old in was.values.get(key, {}).items():
            new = now.values.get(key, {}).get(question, ())
            if len(old) == len(new) == 1 and old != new:
                became.setdefault((question, old[0]), set()).add(new[0])
    found = {}
    for (question, old_name), names in became.items():
        listed, lists = options[0].get(question) or [], options[1].get(question) or []
        if old_name in listed and old_name not in lists and len(names) == 1 and not _uses(after, question, old_name):
            found[question, old_name] = names.pop()
    return found


def _uses(labels: LabelSet, question: str, value: str) -> bool:
    rows = pc.and_(pc.equal(labels.labels["question"], question), pc.equal(labels.labels["value"], value))
    return bool(pc.any(pc.fill_null(rows, False)).as_py())


def _horizon(labels: LabelSet, scene: Scene) -> datetime | None:
    """Before this moment, everything that was made is in the snapshot."""
    times = [pc.max(labels.annotations[name]).as_py() for name in ("created_at", "updated_at")]
    stated = [one for one in times if one is not None]
    return min(max(stated), scene.began_at) - TOLERANCE if stated else None


class _Side:
    """The annotations of one snapshot that differ: their rows, people under pseudonyms, and their answers."""

    def __init__(self, labels: LabelSet, keys: Sequence[str], scene: Scene) -> None:
        ids = pa.array([one.removeprefix("annotation/") for one in keys if one.startswith("annotation/")], pa.string())
        table = labels.annotations
        rows = table.filter(pc.is_in(table["annotation_id"], value_set=ids)).to_pylist()
        told = labels.annotators.select(["annotator_id", "pseudonym"]).to_pydict()
        known = {who: shown for who, shown in zip(*told.values(), strict=True) if shown}
        for row in rows:
            row |= {one: known.get(row[one]) or scene.name_of(row[one]) for one in PEOPLE if row[one]}
        self.rows: dict[str, Row] = {row["annotation_id"]: row for row in rows}
        self.values: dict[str, dict[str, tuple[str, ...]]] = {}
        self.first: dict[str, str] = {}
        answers = labels.labels.filter(pc.is_in(labels.labels["annotation_id"], value_set=ids)).to_pylist()
        gathered: dict[tuple[str, str], list[str]] = {}
        for row in answers:
            self.first.setdefault(row["annotation_id"], row["label_id"])
            gathered.setdefault((row["annotation_id"], row["question"]), []).append(_answer(row))
        for (owner, question), told in gathered.items():
            self.values.setdefault(owner, {})[question] = tuple(sorted(told))


_BESIDE = {"label_id", "annotation_id", "item_id", "annotator_id", "question", "kind", "value", "native_id", "origin",
           "parent_label_id", "from_label_id", "to_label_id", "prediction_id"}  # fmt: skip


def _answer(row: Row) -> str:
    """One answer as text: its value, and what else it states, by hash."""
    rest = {name: value for name, value in row.items() if name not in _BESIDE and value is not None}
    value = "" if row["value"] is None else str(row["value"])
    if not rest:
        return value
    if set(rest) <= {"value_num", "value_text"}:
        return " ".join([value, *(str(one) for one in rest.values())]).strip()
    mark = hashlib.sha256(repr(sorted(rest.items())).encode()).hexdigest()[:8]
    return f"{value} [{row['kind']} {mark}]".strip()


def _tell(values: Mapping[str, Sequence[str]]) -> str:
    several = len(values) > 1
    return "; ".join((f"{name}: " if several else "") + (", ".join(told) or "nothing") for name, told in values.items())


def _tell_columns(old: Row, new: Row) -> tuple[str, str]:
    names = [one for one in new if old.get(one) != new.get(one) and one not in (*PEOPLE, "meta_json", "native_url")]
    return tuple(", ".join(f"{one} {side.get(one)}" for one in names[:4]) for side in (old, new))  # type: ignore[return-value]


def _change(what: str, row: Row, question: str, was: str, now: str, why: str, status: str, label_id: str) -> Change:
    at = row["updated_at"] or row["created_at"]
    return Change(
        what,
        f"annotation/{row['annotation_id']}",
        str(row["item_id"]),
        str(row["annotation_id"]),
        label_id,
        question,
        str(row["annotator_id"] or ""),
        str(row["updated_by"] or ""),
        at.isoformat() if isinstance(at, datetime) else "",
        was,
        now,
        why,
        status,
    )


def _other_changes(before: LabelSet, after: LabelSet, difference: Difference) -> Iterator[Change]:
    """Items and questions: facts only, since no platform keeps their history."""
    for what, keys in (("added", difference.added), ("removed", difference.removed), ("changed", difference.changed)):
        for kind, table, column in (("item", "items", "item_id"), ("question", "questions", "question")):
            names = [one.partition("/")[2] for one in keys if one.startswith(f"{kind}/")]
            was, now = (_rows_of(getattr(side, table), column, names) for side in (before, after))
            for name in names:
                told = _tell_columns(was.get(name, {}), now.get(name, {})) if what == "changed" else ("", "")
                item = name if kind == "item" else ""
                yield Change(what, f"{kind}/{name}", item, "", "", "" if item else name, "", "", "", *told,
                             "the source keeps no history of it", "told")  # fmt: skip


def _rows_of(table: pa.Table, column: str, names: Sequence[str]) -> dict[str, Row]:
    rows = table.filter(pc.is_in(table[column], value_set=pa.array(names, pa.string()))).to_pylist()
    return {row[column]: row for row in rows}

"""Toloka: assignments as TSV, with control tasks whose answers are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import pyarrow as pa

from annoaudit.errors import RefusedInput
from annoaudit.formats.carries import Carries
from annoaudit.formats.cells import parse_time
from annoaudit.formats.gathering import Gathering, Row, stable_key
from annoaudit.formats.json_values import as_id, dump_some
from annoaudit.formats.kinds import choice_or_text
from annoaudit.formats.source import Source

__all__ = ["Toloka"]

_INPUT, _OUTPUT, _GOLDEN, _OWN = "INPUT:", "OUTPUT:", "GOLDEN:", "ASSIGNMENT:"
_STATUS = {
    "APPROVED": "accepted", "REJECTED": "rejected", "SUBMITTED": "submitted", "ACTIVE": "draft", "SKIPPED": "skipped",
    "EXPIRED": "skipped",
}  # fmt: skip
_GOLD = "gold"


@dataclass(frozen=True)
class Toloka:
    """Toloka's assignments as TSV: one row a task of an assignment.

    See ``docs/formats/toloka.md``.
    """

    carries: ClassVar[Carries] = Carries("yes", "yes; durations are those of a page", "no", "documentation")
    name: str = "toloka"

    def sniff(self, source: Source) -> bool:
        """Say whether the columns are Toloka's."""
        first = source.head[0] if source.kind == "delimited" and source.head else ""
        return _INPUT in first and f"{_OWN}worker_id" in first

    def read(self, source: Source) -> Iterator[tuple[str, pa.Table]]:
        """Yield the canonical tables; control tasks give gold labels.

        Raises
        ------
        RefusedInput
            No worker column, or a time is none.
        """
        if f"{_OWN}worker_id" not in source.columns:
            raise RefusedInput(f"{source.name} has no column {_OWN}worker_id.", hint="Download the assignments again.")
        rows = Gathering(source.name, source.notes)
        table = source.table.to_pylist()
        kinds = _kinds(table)
        for place, one in enumerate(table, start=1):
            if any(value is not None for value in one.values()):
                _take(one, kinds, rows, f"{source.name}, row {place:,}")
        source.notes.append("Durations are those of a whole page of tasks, from start to submission.")
        yield from rows.finish()


def _kinds(table: list[dict[str, object]]) -> dict[str, str]:
    names = [name for name in (table[0] if table else {}) if name.startswith(_OUTPUT)]
    words = {name: [as_id(row[name]) for row in table if row[name] is not None] for name in names}
    return {name.removeprefix(_OUTPUT): choice_or_text(set(found), len(found)) for name, found in words.items()}


def _take(one: dict[str, object], kinds: dict[str, str], rows: Gathering, where: str) -> None:
    given = _with(one, _INPUT)
    native = one.get(f"{_OWN}task_id")
    shown = next(iter(given.values()), None)
    is_uri = shown is not None and shown.startswith(("http://", "https://"))
    item_id = rows.item(
        as_id(native) if native is not None else stable_key(*given.values()), text=None if is_uri else shown,
        uri=shown if is_uri else None, meta_json=dump_some(given),
    )  # fmt: skip
    started, submitted = (_time(one, key, rows, where) for key in ("started", "submitted"))
    lead = (submitted - started).total_seconds() if started and submitted and submitted >= started else None
    worker = one.get(f"{_OWN}worker_id")
    verdict = one.get("ACCEPT:comment")
    owner = rows.annotation(
        item_id, as_id(worker) if worker is not None else None,
        status=_STATUS.get(str(one.get(f"{_OWN}status")), "submitted"), created_at=submitted, lead_time_s=lead,
        time_kind="none" if lead is None else "wall",
        meta_json=dump_some({"assignment_id": as_id(one.get(f"{_OWN}assignment_id") or ""), "comment": verdict or ""}),
    )  # fmt: skip
    _add(rows, owner, _with(one, _OUTPUT), kinds)
    if golden := _with(one, _GOLDEN):
        rows.person(_GOLD, kind="gold")
        known = [row for row in rows.annotations.values() if row["item_id"] == item_id and row["annotator_id"] == _GOLD]
        if not known:
            _add(rows, rows.annotation(item_id, _GOLD, is_gold=True), golden, kinds)


def _add(rows: Gathering, owner: Row, answers: dict[str, str], kinds: dict[str, str]) -> None:
    for question, word in answers.items():
        kind = kinds.get(question, "choice")
        rows.question(question, kind, [] if kind == "text" else [word])
        rows.label(
            owner, question, kind, value=None if kind == "text" else word, value_text=word if kind == "text" else None
        )


def _with(one: dict[str, object], prefix: str) -> dict[str, str]:
    found = {name: value for name, value in one.items() if name.startswith(prefix) and value is not None}
    return {name.removeprefix(prefix): as_id(value) for name, value in found.items()}


def _time(one: dict[str, object], key: str, rows: Gathering, where: str) -> datetime | None:
    value = one.get(f"{_OWN}{key}")
    if value is None or isinstance(value, datetime):
        return value
    found = parse_time(value)
    if found is None:
        raise RefusedInput(f"{where}: {key} is {str(value)[:40]!r}, no time.", hint="Mend or empty it.")
    rows.count_naive(found[1])
    return found[0]

"""Reading and writing the memory of the review loop: receipts, journal and verdicts of one store."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Connection, Row, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from annoaudit.store import tables
from annoaudit.store.failures import damaged, explained
from annoaudit.store.frames import as_text
from annoaudit.store.review_rows import JournalRow, ReceiptRow, VerdictRow
from annoaudit.store.schema import writing

if TYPE_CHECKING:
    from sqlalchemy import Table

    from annoaudit.store.database import Store

__all__ = ["Reviews", "reviewed_sources"]

BATCH = 500
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Reviews:
    """What the store knows about the reviews of one source project.

    Every method is one transaction: all of it is stored, or nothing.
    """

    store: Store
    source: str

    def receipts(
        self, kind: str, project: str | None = None, keys: Collection[str] | None = None
    ) -> dict[str, ReceiptRow]:
        """Return the receipts of a kind by key: those in one project, or the latest of each key in any.

        Parameters
        ----------
        keys
            Only these; all if None.
        """
        table = tables.receipts
        query = select(table).where(table.c.source == as_text(self.source), table.c.kind == kind)
        if project is not None:
            query = query.where(table.c.project == as_text(project))
        query = query.order_by(table.c.changed_at, table.c.number)
        names = None if keys is None else sorted(keys)
        parts = (
            [query]
            if names is None
            else [query.where(table.c.key.in_(names[start : start + BATCH])) for start in range(0, len(names), BATCH)]
        )
        with explained(self.store.location), self.store.engine.connect() as connection:
            rows = [row for part in parts for row in connection.execute(part).all()]
        return {row.key: self._read(row, _as_receipt) for row in rows}

    def save_receipts(self, rows: Sequence[ReceiptRow], action: str = "", **details: object) -> None:
        """Store receipts, replacing those of the same name, and what was done in the journal."""
        table, now = tables.receipts, datetime.now(UTC)
        values = [
            {
                "source": as_text(row.source),
                "project": as_text(row.project),
                "kind": row.kind,
                "key": as_text(row.key),
                "native_id": as_text(row.native_id),
                "state": row.state,
                "changed_at": now,
                "details_json": _dump(row.details),
            }
            for row in rows
        ]
        with explained(self.store.location), writing(self.store.engine) as connection:
            self._upsert(connection, table, values)
            if action:
                self._note(connection, now, action, details)

    def note(self, action: str, **details: object) -> None:
        """Append to the journal."""
        with explained(self.store.location), writing(self.store.engine) as connection:
            self._note(connection, datetime.now(UTC), action, details)

    def journal(self) -> list[JournalRow]:
        """Return the journal, oldest first."""
        table = tables.journal
        query = select(table).where(table.c.source == as_text(self.source)).order_by(table.c.number)
        with explained(self.store.location), self.store.engine.connect() as connection:
            rows = connection.execute(query).all()
        return [self._read(row, _as_entry) for row in rows]

    def append_verdicts(self, rows: Sequence[VerdictRow]) -> int:
        """Append the verdicts that are not there yet, and return how many they were."""
        values = [
            {
                "answer_id": row.answer_id,
                "source": as_text(row.source),
                "project": as_text(row.project),
                "key": row.key,
                "target": as_text(row.target),
                "fingerprints_json": _dump(list(row.fingerprints)),
                "decision": row.decision,
                "said": as_text(row.said),
                "reviewer": as_text(row.reviewer),
                "at": row.at,
                "corrected": as_text(row.corrected),
                "note": as_text(row.note),
                "warning": as_text(row.warning),
                "details_json": _dump(row.details),
            }
            for row in rows
        ]
        with explained(self.store.location), writing(self.store.engine) as connection:
            before = connection.execute(select(func.count()).select_from(tables.verdicts)).scalar_one()
            for start in range(0, len(values), BATCH):
                statement = _insert(connection, tables.verdicts).on_conflict_do_nothing(index_elements=["answer_id"])
                connection.execute(statement, values[start : start + BATCH])
            after = connection.execute(select(func.count()).select_from(tables.verdicts)).scalar_one()
        return int(after - before)

    def verdicts(self) -> list[VerdictRow]:
        """Return every version of every answer, in the order in which the reviewers gave them."""
        table = tables.verdicts
        query = select(table).where(table.c.source == as_text(self.source)).order_by(table.c.at, table.c.number)
        with explained(self.store.location), self.store.engine.connect() as connection:
            rows = connection.execute(query).all()
        return [self._read(row, _as_verdict) for row in rows]

    def _upsert(self, connection: Connection, table: Table, values: Sequence[Mapping[str, object]]) -> None:
        statement = _insert(connection, table)
        changed = {name: statement.excluded[name] for name in ("native_id", "state", "changed_at", "details_json")}
        names = ["source", "project", "kind", "key"]
        for start in range(0, len(values), BATCH):
            connection.execute(
                statement.on_conflict_do_update(index_elements=names, set_=changed), values[start : start + BATCH]
            )

    def _note(self, connection: Connection, at: datetime, action: str, details: Mapping[str, object]) -> None:
        row = {"at": at, "source": as_text(self.source), "action": action, "details_json": _dump(details)}
        connection.execute(insert(tables.journal), [row])

    def _read(self, row: Row[tuple[object, ...]], convert: Callable[[Row[tuple[object, ...]]], T]) -> T:
        try:
            return convert(row)
        except (ValueError, TypeError):
            raise damaged(self.store.location, "a stored value has the wrong form") from None


def reviewed_sources(store: Store) -> tuple[str, ...]:
    """Return the addresses of the projects on which the store has verdicts."""
    query = select(tables.verdicts.c.source).distinct()
    with explained(store.location), store.engine.connect() as connection:
        return tuple(sorted(str(one) for one in connection.execute(query).scalars()))


def _insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    return make(table)


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), sort_keys=True)


def _as_receipt(row: Row[tuple[object, ...]]) -> ReceiptRow:
    return ReceiptRow(row.source, row.project, row.kind, row.key, row.native_id, row.state, _details(row))


def _as_entry(row: Row[tuple[object, ...]]) -> JournalRow:
    return JournalRow(row.at, row.source, row.action, _details(row))


def _as_verdict(row: Row[tuple[object, ...]]) -> VerdictRow:
    return VerdictRow(
        row.answer_id,
        row.source,
        row.project,
        row.key,
        row.target,
        tuple(str(one) for one in json.loads(row.fingerprints_json)),
        row.decision,
        row.said,
        row.reviewer,
        row.at,
        row.corrected,
        row.note,
        row.warning,
        _details(row),
    )


def _details(row: Row[tuple[object, ...]]) -> dict[str, object]:
    value = json.loads(row.details_json)
    if not isinstance(value, dict):
        raise TypeError("details are an object")
    return value

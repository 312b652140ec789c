"""One run and what belongs to it, inserted inside the caller's transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Row, Select, Table, insert, select, text
from sqlalchemy.dialects import sqlite

from annoaudit.errors import UsageError
from annoaudit.store import tables
from annoaudit.store.frames import Columns, as_columns, as_text
from annoaudit.store.rows import StateRow

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.store.rows import RunRow

_AT_ONCE = 20_000

__all__ = ["as_state", "insert_run", "number_of"]


def insert_run(
    connection: Connection, run: RunRow, findings: pd.DataFrame, run_json: str, states: Sequence[StateRow] = ()
) -> int:
    """Insert a run, its findings (checked before) and the states of its detectors; return the run's number.

    Raises
    ------
    UsageError
        The run is stored already.
    """
    fixed, words, tonight = as_columns(findings)
    stored = {name: as_text(value) if isinstance(value, str) else value for name, value in asdict(run).items()}
    if connection.execute(number_of(run.run_id)).scalar_one_or_none() is not None:
        raise UsageError(f"Run {run.run_id} is in the store already.", hint="Give each run its own id.")
    connection.execute(insert(tables.runs).values(**stored, run_json=as_text(run_json)))
    number = connection.execute(number_of(run.run_id)).scalar_one()
    repeated = [number] * len(findings)
    _add_new(connection, tables.findings, fixed | {"first_run_number": repeated})
    _add_new(connection, tables.explanations, words)
    _add_new(connection, tables.sightings, tonight | {"run_number": repeated})
    if states:
        connection.execute(insert(tables.states), [_state_values(one, number) for one in states])
    return number


def number_of(run_id: str) -> Select[int]:
    """Return the query for the number of a run."""
    return select(tables.runs.c.number).where(tables.runs.c.run_id == as_text(run_id))


def as_state(row: Row[tuple[object, ...]]) -> StateRow:
    """Read a state as it was stored; raises ``ValueError`` where it is damaged."""
    state = json.loads(row.state_json)
    if not isinstance(state, dict):
        raise ValueError("a state is an object")
    return StateRow(row.project, row.detector, row.question, row.version, state)


def _state_values(row: StateRow, number: int) -> dict[str, object]:
    return {
        "run_number": number,
        "project": as_text(row.project),
        "detector": row.detector,
        "question": as_text(row.question),
        "version": row.version,
        "state_json": json.dumps(row.state, ensure_ascii=True, sort_keys=True, separators=(",", ":")),
    }


def _add_new(connection: Connection, table: Table, columns: Columns) -> None:
    """Insert the rows whose key is not there yet.

    Compiled once and handed to the driver as it is: SQLAlchemy's own way of binding each value, which these
    plain texts and numbers don't need, takes longer than the database.
    """
    if connection.dialect.name == "postgresql":
        _add_arrays(connection, table, columns)
        return
    made = sqlite.insert(table).on_conflict_do_nothing()
    compiled = made.compile(dialect=connection.dialect, column_keys=list(columns))
    names = compiled.positiontup or list(columns)
    rows = list(zip(*(columns[name] for name in names), strict=True))
    if rows:
        connection.exec_driver_sql(compiled.string, rows)


def _add_arrays(connection: Connection, table: Table, columns: Columns) -> None:
    """Insert as whole columns: one message to the server for thousands of rows instead of one each."""
    types = {"TEXT": "text[]", "INTEGER": "integer[]", "DOUBLE": "float8[]"}
    arrays = ", ".join(f"CAST(:{name} AS {types[str(table.c[name].type.compile()).split()[0]]})" for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    made = text(f'INSERT INTO "{table.name}" ({names}) SELECT * FROM unnest({arrays}) ON CONFLICT DO NOTHING')  # noqa: S608 - names of our own
    for first in range(0, max(map(len, columns.values()), default=0), _AT_ONCE):
        connection.execute(made, {name: values[first : first + _AT_ONCE] for name, values in columns.items()})

"""Which store a database is, and how it becomes one of today's."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, insert, inspect, select, update

from annoaudit.errors import RefusedInput
from annoaudit.store import tables
from annoaudit.store.engines import APPLICATION_ID, WRITES, quoted, read_application_id, write_ahead
from annoaudit.store.failures import damaged

__all__ = ["PSEUDONYM_KEY", "SCHEMA_VERSION", "STEPS", "Step", "migrate", "prepare", "writing"]

SCHEMA_VERSION = 3
APPLICATION = "annoaudit"
PSEUDONYM_KEY = "pseudonym_key"

Step = Callable[[Connection], None]
"""Changes the tables of one schema version into those of the next, inside a transaction."""


def _add_review_tables(connection: Connection) -> None:
    tables.METADATA.create_all(connection, tables=list(tables.REVIEW_TABLES))


def _add_night_tables(connection: Connection) -> None:
    tables.METADATA.create_all(connection, tables=list(tables.NIGHT_TABLES))


STEPS: Mapping[int, Step] = {1: _add_review_tables, 2: _add_night_tables}
"""The step that leads away from each schema version: 1 knew no reviews, 2 no nights."""


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that may write: all of it is stored at the end of the block, or nothing."""
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        yield connection


def prepare(
    engine: Engine,
    where: str,
    *,
    schema: str | None = None,
    version: int = SCHEMA_VERSION,
    steps: Mapping[int, Step] = STEPS,
) -> None:
    """Make a database ready for use: create the tables in an empty one, migrate those of an older one.

    A database that is refused is left untouched.

    Parameters
    ----------
    schema
        Schema of PostgreSQL that holds the tables; made if it is not there.

    Raises
    ------
    RefusedInput
        It is another program's, or was written by a newer annoaudit.
    """
    with engine.connect() as connection:
        found = _find_version(connection, where)
    if found != version:
        with writing(engine) as connection:
            found = _find_version(connection, where)  # again: another run may have been faster
            if found is None:
                if schema is not None:
                    connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")
                _create(connection, version)
            else:
                migrate(connection, where, found, version, steps)
    if engine.dialect.name == "sqlite":
        write_ahead(engine)


def migrate(
    connection: Connection,
    where: str,
    found: int,
    version: int = SCHEMA_VERSION,
    steps: Mapping[int, Step] = STEPS,
) -> None:
    """Take the steps from one schema version to another, in the caller's transaction.

    Raises
    ------
    RefusedInput
        The store is newer than this annoaudit, or a step is missing.
    """
    if found > version:
        raise RefusedInput(
            f"The store {where} was written by a newer annoaudit (schema {found}; this one knows {version}).",
            hint="Upgrade annoaudit, or name another file.",
        )
    for number in range(found, version):
        if number not in steps:
            raise RefusedInput(
                f"The store {where} has schema {number}, which this annoaudit can't bring up to {version}.",
                hint="Open it once with an older annoaudit, or name another file.",
            )
        steps[number](connection)
    connection.execute(update(tables.meta).where(tables.meta.c.key == "schema_version").values(value=str(version)))


def _find_version(connection: Connection, where: str) -> int | None:
    """Return the schema version, or None for an empty database."""
    names = _table_names(connection)
    if connection.dialect.name == "sqlite":
        owner = read_application_id(connection)
        if owner not in (0, APPLICATION_ID) or (owner == 0 and names):
            raise _foreign(where)
    if not names:
        return None
    if tables.meta.name not in names:
        raise _foreign(where)
    said = {row.key: row.value for row in connection.execute(select(tables.meta))}
    if said.get("application") != APPLICATION:
        raise _foreign(where)
    text = str(said.get("schema_version", ""))
    if not (text.isascii() and text.isdigit()):
        raise damaged(where, "it does not say its schema version")
    return int(text)


def _table_names(connection: Connection) -> list[str]:
    if connection.dialect.name == "sqlite":
        return inspect(connection).get_table_names()
    ours = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    return [str(name) for name in connection.exec_driver_sql(ours).scalars()]


def _foreign(where: str) -> RefusedInput:
    return RefusedInput(
        f"{where} is a database, but not one of annoaudit's.",
        hint="Name another file; annoaudit creates it. This one was left untouched.",
    )


def _create(connection: Connection, version: int) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
    tables.METADATA.create_all(connection)
    said = {
        "application": APPLICATION,
        "schema_version": str(version),
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    connection.execute(insert(tables.meta), [{"key": key, "value": said[key]} for key in said])
    key = {"name": PSEUDONYM_KEY, "value": secrets.token_bytes(32)}
    connection.execute(insert(tables.secrets), [key])

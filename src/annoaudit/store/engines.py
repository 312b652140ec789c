"""From a path or an address to an engine, and the ways of SQLite that the rest need not know."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from annoaudit.errors import MissingExtra, RefusedInput, UsageError
from annoaudit.store.failures import unwritable

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

__all__ = [
    "APPLICATION_ID",
    "PASSWORD_VARIABLE",
    "as_url",
    "make_engine",
    "name_of",
    "quoted",
    "read_application_id",
    "schema_named",
    "write_ahead",
]

APPLICATION_ID = 0x416E4175
"""What SQLite files of annoaudit carry in their header: "AnAu"."""

BUSY_TIMEOUT_S = 60
"""How long a run waits for another that is writing."""

CACHE_KB = 65_536
"""Memory a connection may use for pages: a large run then meets the disk once, not page by page."""

WRITES = "annoaudit_writes"

PASSWORD_VARIABLE = "ANNOAUDIT_STORE_PASSWORD"  # noqa: S105 - its name, not the password
"""Environment variable with the password of a database, where its address has none."""

ANSWER_TIMEOUT_S = 180
DRIVER = "postgresql+pg8000"
_SCHEMA = "schema"


def as_url(location: str | Path) -> URL:
    """Return the address of a store: a path is a SQLite file, anything with ``://`` an SQLAlchemy URL.

    Raises
    ------
    UsageError
        The address can't be read, names no file, or a kind of database that is not supported.
    """
    if isinstance(location, Path) or "://" not in location:
        return URL.create("sqlite+pysqlite", database=str(location))
    try:
        url = make_url(location)
    except ArgumentError:
        raise UsageError(
            "The address of the store can't be read.",  # it is not repeated: it may hold a password
            hint="Give a path, or an SQLAlchemy URL such as postgresql://user@host/name.",
        ) from None
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise UsageError(f"A store can't be kept in {url.get_backend_name()!r}.", hint="Use SQLite or PostgreSQL.")
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise UsageError("A store in memory would be forgotten at once.", hint="Name a file, such as out/annoaudit.db.")
    if url.drivername == "postgresql":
        url = url.set(drivername=DRIVER)
    if url.get_backend_name() == "postgresql" and url.password is None:
        url = url.set(password=os.environ.get(PASSWORD_VARIABLE))
    return url


def name_of(url: URL) -> str:
    """Return how messages name a store: its path, or its address without the password."""
    is_file = url.get_backend_name() == "sqlite"
    return str(url.database) if is_file else url.render_as_string(hide_password=True)


def make_engine(url: URL) -> Engine:
    """Return an engine for the address; a SQLite file that is not there is created, readable by its owner.

    Raises
    ------
    RefusedInput
        The path is a folder.
    MissingExtra
        The driver of the database is not installed.
    AnnoauditError
        The file can't be created.
    """
    is_file = url.get_backend_name() == "sqlite"
    if is_file:
        _create_file(Path(str(url.database)))
    try:
        # Without a pool no connection outlives its use: files are closed, forks and threads are safe.
        engine = create_engine(
            url.difference_update_query([_SCHEMA]), hide_parameters=True, poolclass=NullPool, connect_args=_ways(url)
        )
    except (ImportError, NoSuchModuleError):
        raise MissingExtra(
            f"The database driver {url.drivername!r} is not installed.", hint="pip install 'annoaudit[postgresql]'"
        ) from None
    if is_file:
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)
    else:
        event.listen(engine, "connect", partial(_choose_schema, schema_named(url)))
        event.listen(engine, "begin", _await_turn)
    return engine


def schema_named(url: URL) -> str | None:
    """Return the schema that an address of PostgreSQL names (``?schema=...``); None for the database's own."""
    named = url.query.get(_SCHEMA)
    return named if isinstance(named, str) else None


def _ways(url: URL) -> dict[str, object]:
    return {"timeout": ANSWER_TIMEOUT_S} if url.drivername == DRIVER else {}


def _choose_schema(schema: str | None, connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute(f"SET lock_timeout = '{BUSY_TIMEOUT_S}s'")
    if schema is not None:
        cursor.execute(f"SET search_path TO {quoted(schema)}")
    cursor.close()
    connection.commit()  # or it would end with the first transaction that is rolled back


def quoted(name: str) -> str:
    """Return a name as SQL quotes it."""
    return '"' + name.replace('"', '""').replace("\0", "") + '"'


def _await_turn(connection: Connection) -> None:
    """Let one transaction write at a time, as in a SQLite file: heads and runs are numbered without a gap."""
    if connection.get_execution_options().get(WRITES, False):
        connection.execute(
            text("SELECT pg_advisory_xact_lock(hashtext('annoaudit' || current_setting('search_path')))")
        )


def read_application_id(connection: Connection) -> int:
    """Return the number by which a SQLite file says which program it belongs to; 0 is nobody's."""
    return int(connection.exec_driver_sql("PRAGMA application_id").scalar_one())


def write_ahead(engine: Engine) -> None:
    """Switch a SQLite file to write-ahead logging, so that readers and a writer do not wait for each other.

    Where the file system can't do it, or others are using the file just now, it stays as it is: slower
    with several users, and no less safe.
    """
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        if cursor.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            with contextlib.suppress(sqlite3.OperationalError):
                cursor.execute("PRAGMA journal_mode = WAL")
    finally:
        raw.close()


def _create_file(path: Path) -> None:
    if path.is_dir():
        raise RefusedInput(f"{path} is a folder, not a store.", hint=f"Name the file: {path / 'annoaudit.db'}")
    try:
        if not path.exists() or path.stat().st_size == 0:  # it will hold the key of the pseudonyms
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            path.chmod(0o600)
    except OSError as error:
        raise unwritable(str(path), error.strerror or type(error).__name__) from None


def _on_connect(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # transactions begin where we say, also those that alter tables
    try:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_S * 1000}")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute(f"PRAGMA cache_size = {-CACHE_KB}")
        cursor.close()
    except BaseException:
        connection.close()  # nobody else knows it yet
        raise


def _on_begin(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once if another wrote in between;
    # one that announces its writing waits for its turn.
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

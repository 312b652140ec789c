"""The store: opened by a path, written by one transaction a run, read as data frames."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sqlalchemy import Connection, Engine, Select, Table, case, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from annoaudit.errors import UsageError
from annoaudit.findings import FINDING_COLUMNS
from annoaudit.store import tables
from annoaudit.store.engines import as_url, make_engine, name_of
from annoaudit.store.failures import damaged, explained
from annoaudit.store.frames import COUNTS, NUMBERS, Columns, as_columns, as_frame, as_text, check_findings
from annoaudit.store.schema import PSEUDONYM_KEY, prepare, writing

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.store.rows import RunRow

__all__ = ["Store", "open_store"]

_RUN_COUNTS = ("n_items", "n_labels", "n_annotators", "n_flagged", "n_queued", "exit_code")
_RUN_COLUMNS = ("run_id", "started_at", "seconds", "version", "source", *_RUN_COUNTS)


def open_store(location: str | Path) -> Store:
    """Open a store, and create it where there is none.

    Parameters
    ----------
    location
        Path of a SQLite file (in a folder that exists), or an SQLAlchemy URL. A new file can be read by
        its owner only, since it holds the key of the pseudonyms.

    Raises
    ------
    RefusedInput
        The file is damaged, no database, another program's, or of a newer annoaudit.
    UsageError
        The address can't be used.
    AnnoauditError
        It can't be opened, created or written.
    """
    url = as_url(location)
    where = name_of(url)
    with explained(where):
        engine = make_engine(url)
        prepare(engine, where)
    return Store(where, engine)


@dataclass(frozen=True, eq=False)
class Store:
    """An open store. Use it as a context manager, or close it.

    Every method raises :class:`annoaudit.errors.RefusedInput` where the file turns out to be damaged,
    and :class:`annoaudit.errors.AnnoauditError` where it is locked or the disk fails.
    """

    location: str
    engine: Engine = field(repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    def pseudonym_key(self) -> bytes:
        """Return the 32 random bytes from which pseudonyms are made: drawn once, the same ever after."""
        query = select(tables.secrets.c.value).where(tables.secrets.c.name == PSEUDONYM_KEY)
        with self._reading() as connection:
            key: bytes | None = connection.execute(query).scalar_one_or_none()
        if not isinstance(key, bytes) or len(key) != 32:
            raise damaged(self.location, "the key of the pseudonyms is missing")
        return key

    def add_run(self, run: RunRow, findings: pd.DataFrame, run_json: str) -> str:
        """Store a run with its findings, all at once or not at all, and return its id.

        Parameters
        ----------
        findings
            (F,) rows with the columns :data:`annoaudit.findings.FINDING_COLUMNS`; may be empty.
        run_json
            The run as ``run.json`` has it.

        Raises
        ------
        UsageError
            Columns are missing, a fingerprint is empty or stands there twice, or the run is stored already.
        """
        check_findings(findings)
        fixed, words, tonight = as_columns(findings)
        stored = {name: as_text(value) if isinstance(value, str) else value for name, value in asdict(run).items()}
        with explained(self.location), writing(self.engine) as connection:
            if connection.execute(_number_of(run.run_id)).scalar_one_or_none() is not None:
                raise UsageError(f"Run {run.run_id} is in the store already.", hint="Give each run its own id.")
            query = insert(tables.runs).values(**stored, run_json=as_text(run_json))
            connection.execute(query)
            number = connection.execute(_number_of(run.run_id)).scalar_one()
            repeated = [number] * len(findings)
            _add_new(connection, tables.findings, fixed | {"first_run_number": repeated})
            _add_new(connection, tables.explanations, words)
            _add_new(connection, tables.sightings, tonight | {"run_number": repeated})
        return run.run_id

    def runs(self) -> pd.DataFrame:
        """Return the runs, oldest first: one row each with the fields of :class:`RunRow`."""
        query = select(*(tables.runs.c[name] for name in _RUN_COLUMNS)).order_by(tables.runs.c.number)
        with self._reading() as connection:
            rows = connection.execute(query).all()
            return as_frame(rows, _RUN_COLUMNS, numbers=("seconds",), counts=_RUN_COUNTS, times=("started_at",))

    def findings(self, run_id: str | None = None) -> pd.DataFrame:
        """Return the findings of a run: the queue by rank, then the other flagged by suspicion.

        Parameters
        ----------
        run_id
            The latest run if None; no rows if there is none yet.

        Returns
        -------
        pd.DataFrame
            (F,) rows: the columns of :data:`annoaudit.findings.FINDING_COLUMNS`, then ``first_run_id`` and
            ``first_seen_at``, the first run that had the finding.

        Raises
        ------
        UsageError
            There is no such run.
        """
        columns = (*FINDING_COLUMNS, "first_run_id", "first_seen_at")
        with self._reading() as connection:
            number = self._find(connection, run_id)
            rows = connection.execute(_findings_of(number)).all() if number is not None else []
            return as_frame(rows, columns, numbers=NUMBERS, counts=COUNTS, times=("first_seen_at",))

    def flags(self) -> pd.DataFrame:
        """Return every finding of every run, once: ``fingerprint``, ``detector``, ``level``, first ``severity``."""
        first, found = tables.sightings.c, tables.findings.c
        once = (first.fingerprint == found.fingerprint) & (first.run_number == found.first_run_number)
        query = select(found.fingerprint, found.detector, found.level, first.severity).join(tables.sightings, once)
        with self._reading() as connection:
            rows = connection.execute(query).all()
            return as_frame(rows, ("fingerprint", "detector", "level", "severity"))

    def run_json(self, run_id: str | None = None) -> str:
        """Return a run as its ``run.json`` had it; the latest if None.

        Raises
        ------
        UsageError
            There is no such run.
        """
        with self._reading() as connection:
            number = self._find(connection, run_id)
            if number is None:
                raise UsageError(f"The store {self.location} has no runs yet.", hint="Run an audit first.")
            query = select(tables.runs.c.run_json).where(tables.runs.c.number == number)
            return str(connection.execute(query).scalar_one())

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with explained(self.location), self.engine.connect() as connection:
            try:
                yield connection
            except (OverflowError, ValueError):
                raise damaged(self.location, "a stored value has the wrong form") from None

    def _find(self, connection: Connection, run_id: str | None) -> int | None:
        number: int | None
        if run_id is None:
            number = connection.execute(select(func.max(tables.runs.c.number))).scalar_one()
            return number
        number = connection.execute(_number_of(run_id)).scalar_one_or_none()
        if number is None:
            raise UsageError(
                f"The store {self.location} has no run {as_text(run_id)!r}.", hint="runs() lists what it has."
            )
        return number


def _number_of(run_id: str) -> Select[int]:
    return select(tables.runs.c.number).where(tables.runs.c.run_id == as_text(run_id))


def _findings_of(number: int) -> Select[tuple[object, ...]]:
    first, sighting = tables.runs, tables.sightings.c
    source = (
        tables.sightings.join(tables.findings)
        .join(tables.explanations)
        .join(first, tables.findings.c.first_run_number == first.c.number)
    )
    columns = {column.name: column for table in _FINDING_TABLES for column in table.c}
    columns["null"] = tables.explanations.c.null_hypothesis
    return (
        select(*(columns[name] for name in FINDING_COLUMNS), first.c.run_id, first.c.started_at)
        .select_from(source)
        .where(sighting.run_number == number)
        .order_by(
            case((sighting.rank > 0, 0), else_=1),
            sighting.rank,
            sighting.suspicion.is_(None),
            sighting.suspicion.desc(),
            sighting.fingerprint,
        )
    )


_FINDING_TABLES = (tables.sightings, tables.findings, tables.explanations)


def _add_new(connection: Connection, table: Table, columns: Columns) -> None:
    """Insert the rows whose key is not there yet.

    Compiled once and handed to the driver as it is: SQLAlchemy's own way of binding each value, which these
    plain texts and numbers don't need, takes longer than the database.
    """
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    compiled = make(table).on_conflict_do_nothing().compile(dialect=connection.dialect, column_keys=list(columns))
    names = compiled.positiontup or list(columns)
    rows = list(zip(*(columns[name] for name in names), strict=True))
    if rows and compiled.positional:
        connection.exec_driver_sql(compiled.string, rows)
    elif rows:
        connection.exec_driver_sql(compiled.string, [dict(zip(names, row, strict=True)) for row in rows])

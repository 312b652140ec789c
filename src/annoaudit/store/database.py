"""The store: opened by a path, written by one transaction a run, read as data frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sqlalchemy import Connection, Engine, Select, case, func, select

from annoaudit.errors import UsageError
from annoaudit.findings import FINDING_COLUMNS
from annoaudit.store import tables
from annoaudit.store.engines import as_url, make_engine, name_of, schema_named
from annoaudit.store.failures import damaged, explained
from annoaudit.store.frames import COUNTS, NUMBERS, as_frame, as_text, check_findings
from annoaudit.store.inserting import as_state, insert_run, number_of
from annoaudit.store.schema import PSEUDONYM_KEY, prepare, writing

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.store.rows import RunRow, StateRow

__all__ = ["Store", "open_store", "try_database"]

_RUN_COUNTS = ("n_items", "n_labels", "n_annotators", "n_flagged", "n_queued", "exit_code")
_RUN_COLUMNS = ("run_id", "started_at", "seconds", "version", "source", *_RUN_COUNTS)


def open_store(location: str | Path) -> Store:
    """Open a store, and create it where there is none.

    Parameters
    ----------
    location
        Path of a SQLite file (in a folder that exists), or an SQLAlchemy URL, such as
        ``postgresql://user@host/name?schema=tickets`` (extra ``postgresql``; the password comes from the environment
        variable ``ANNOAUDIT_STORE_PASSWORD``). A new file can be read by its owner only, since it holds the key of the
        pseudonyms.

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
        prepare(engine, where, schema=schema_named(url))
    return Store(where, engine)


def try_database(address: str) -> str:
    """Ask a database whether it answers, without writing, and say in one line what does.

    Raises
    ------
    AnnoauditError
        It does not, or refuses.
    """
    url = as_url(address)
    with explained(name_of(url)):
        engine = make_engine(url)
        with engine.connect() as connection:
            version = ".".join(map(str, connection.dialect.server_version_info or ()))
    return f"{connection.dialect.name} {version} answers"


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

    def add_run(self, run: RunRow, findings: pd.DataFrame, run_json: str, *, states: Sequence[StateRow] = ()) -> str:
        """Store a run with its findings, all at once or not at all, and return its id.

        Parameters
        ----------
        findings
            (F,) rows with the columns :data:`annoaudit.findings.FINDING_COLUMNS`; may be empty.
        run_json
            The run as ``run.json`` has it.
        states
            What detectors carry to their next run.

        Raises
        ------
        UsageError
            Columns are missing, a fingerprint is empty or stands there twice, or the run is stored already.
        """
        check_findings(findings)
        with explained(self.location), writing(self.engine) as connection:
            insert_run(connection, run, findings, run_json, states)
        return run.run_id

    def states(self, project: str, run_id: str | None = None) -> dict[tuple[str, str], StateRow]:
        """Return what detectors left for their next run on a project, by detector and question.

        Parameters
        ----------
        run_id
            What this run left; by default the latest of each detector and question.

        Raises
        ------
        UsageError
            There is no such run.
        """
        table = tables.states
        query = select(table).where(table.c.project == as_text(project)).order_by(table.c.run_number)
        with self._reading() as connection:
            if run_id is not None:
                query = query.where(table.c.run_number == self._find(connection, run_id))
            rows = connection.execute(query).all()
            return {(row.detector, row.question): as_state(row) for row in rows}

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
        number = connection.execute(number_of(run_id)).scalar_one_or_none()
        if number is None:
            raise UsageError(
                f"The store {self.location} has no run {as_text(run_id)!r}.", hint="runs() lists what it has."
            )
        return number


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

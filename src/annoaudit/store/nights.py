"""Reading and writing what the nightly job remembers of one project."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select, update

from annoaudit.store import tables
from annoaudit.store.failures import damaged, explained
from annoaudit.store.frames import as_frame, as_text, check_findings
from annoaudit.store.inserting import as_state, insert_run, number_of
from annoaudit.store.schema import writing

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.store.database import Store
    from annoaudit.store.rows import MeasureRow, NightRow, RunRow, StateRow

__all__ = ["Nights"]


@dataclass(frozen=True, eq=False)
class Nights:
    """What the store knows about the nights of one project.

    Every method is one transaction. A night whose outputs were never written, because it was cut off, is kept but
    counts nowhere: the next one compares with the last finished one.
    """

    store: Store
    project: str

    def add(
        self,
        run: RunRow,
        findings: pd.DataFrame,
        run_json: str,
        night: NightRow,
        *,
        states: Sequence[StateRow] = (),
        measures: Sequence[MeasureRow] = (),
        head_json: str = "",
    ) -> None:
        """Store a night with all that belongs to it, or nothing."""
        check_findings(findings)
        with explained(self.store.location), writing(self.store.engine) as connection:
            number = insert_run(connection, run, findings, run_json, states)
            values = {
                "run_number": number,
                "project": as_text(self.project),
                "snapshot": night.snapshot,
                "scored_json": _dump([list(one) for one in night.scored]),
                "gate_json": _dump(night.gate),
            }
            connection.execute(insert(tables.nights), [values])
            if measures:
                connection.execute(insert(tables.measures), [_measure(one, number) for one in measures])
            if head_json:
                last = select(func.coalesce(func.max(tables.heads.c.number), 0)).where(
                    tables.heads.c.project == as_text(self.project)
                )
                number = connection.execute(last).scalar_one() + 1
                head = {"project": as_text(self.project), "number": number, "head_json": head_json}
                connection.execute(insert(tables.heads), [head])

    def finish(self, run_id: str, at: datetime, exit_code: int) -> None:
        """Note that a night's outputs are written, and how it ended."""
        number = number_of(run_id).scalar_subquery()
        with explained(self.store.location), writing(self.store.engine) as connection:
            night = update(tables.nights).where(tables.nights.c.run_number == number)
            connection.execute(night.values(finished_at=at))
            run = update(tables.runs).where(tables.runs.c.run_id == as_text(run_id))
            connection.execute(run.values(exit_code=exit_code))

    def keep_last_state(self, detector: str) -> None:
        """Remove what a detector left in all nights before the last finished one: only that is ever read."""
        state, night = tables.states, tables.nights.c
        last = select(func.max(night.run_number)).where(
            night.project == as_text(self.project), night.finished_at.is_not(None)
        )
        old = delete(state).where(
            state.c.project == as_text(self.project),
            state.c.detector == detector,
            state.c.run_number < last.scalar_subquery(),
        )
        with explained(self.store.location), writing(self.store.engine) as connection:
            connection.execute(old)

    def note_notified(self, at: datetime) -> None:
        """Note that people have been told of all nights so far."""
        open_ones = update(tables.nights).where(
            tables.nights.c.project == as_text(self.project), tables.nights.c.notified_at.is_(None)
        )
        with explained(self.store.location), writing(self.store.engine) as connection:
            connection.execute(open_ones.values(notified_at=at))

    def finished(self) -> pd.DataFrame:
        """Return the finished nights, oldest first.

        Returns
        -------
        pd.DataFrame
            ``number``, ``run_id``, ``started_at``, ``snapshot``, ``scored_json``, ``gate_json``, ``exit_code``,
            ``notified`` (1 where people have been told).
        """
        run, night = tables.runs.c, tables.nights.c
        names = ("number", "run_id", "started_at", "snapshot", "scored_json", "gate_json", "exit_code", "notified")
        query = (
            select(
                run.number, run.run_id, run.started_at, night.snapshot, night.scored_json, night.gate_json,
                run.exit_code, night.notified_at.is_not(None),
            )
            .select_from(tables.nights.join(tables.runs))
            .where(night.project == as_text(self.project), night.finished_at.is_not(None))
            .order_by(run.number)
        )  # fmt: skip
        with explained(self.store.location), self.store.engine.connect() as connection:
            rows = connection.execute(query).all()
        return as_frame(rows, names, counts=("number", "exit_code", "notified"), times=("started_at",))

    def fingerprints(self, number: int | None = None) -> pd.DataFrame:
        """Return ``fingerprint``, ``detector``, ``question`` of one night, or of all finished ones."""
        finding, night = tables.findings.c, tables.nights.c
        names = ("fingerprint", "detector", "question")
        source = tables.sightings.join(tables.findings).join(
            tables.nights, tables.nights.c.run_number == tables.sightings.c.run_number
        )
        query = (
            select(finding.fingerprint, finding.detector, finding.question)
            .select_from(source)
            .where(night.project == as_text(self.project), night.finished_at.is_not(None))
            .distinct()
        )
        if number is not None:
            query = query.where(night.run_number == number)
        with explained(self.store.location), self.store.engine.connect() as connection:
            rows = connection.execute(query).all()
        return as_frame(rows, names)

    def groups(self) -> pd.DataFrame:
        """Return rings of all finished nights, latest first, with their members' names in ``annotator``."""
        finding, night = tables.findings.c, tables.nights.c
        names = ("fingerprint", "detector", "level", "question", "annotator")
        source = tables.sightings.join(tables.findings).join(
            tables.nights, tables.nights.c.run_number == tables.sightings.c.run_number
        )
        query = (
            select(*(finding[name] for name in names))
            .select_from(source)
            .where(night.project == as_text(self.project), night.finished_at.is_not(None))
            .where(finding.level == "ring")
            .order_by(night.run_number.desc())
        )
        with explained(self.store.location), self.store.engine.connect() as connection:
            rows = connection.execute(query).all()
        return as_frame(rows, names)

    def strip(self, run_ids: Sequence[str]) -> None:
        """Remove what nights said of labels and people: their findings, words and run.json; counts and figures stay."""
        run, finding = tables.runs, tables.findings
        numbers = select(run.c.number).where(run.c.run_id.in_([as_text(one) for one in run_ids]))
        seen, told = select(tables.sightings.c.fingerprint), select(tables.sightings.c.explanation_id)
        with explained(self.store.location), writing(self.store.engine) as connection:
            connection.execute(delete(tables.sightings).where(tables.sightings.c.run_number.in_(numbers)))
            connection.execute(delete(tables.states).where(tables.states.c.run_number.in_(numbers)))
            connection.execute(delete(finding).where(finding.c.fingerprint.not_in(seen)))
            connection.execute(delete(tables.explanations).where(tables.explanations.c.explanation_id.not_in(told)))
            connection.execute(update(run).where(run.c.number.in_(numbers)).values(run_json="{}"))

    def states(self) -> dict[tuple[str, str], StateRow]:
        """Return what the latest finished night of each detector and question left, by detector and question."""
        state, night = tables.states, tables.nights.c
        query = (
            select(state)
            .select_from(state.join(tables.nights, night.run_number == state.c.run_number))
            .where(state.c.project == as_text(self.project), night.finished_at.is_not(None))
            .order_by(state.c.run_number)
        )
        with explained(self.store.location), self.store.engine.connect() as connection:
            rows = connection.execute(query).all()
        try:
            return {(row.detector, row.question): as_state(row) for row in rows}
        except ValueError:
            raise damaged(self.store.location, "a stored value has the wrong form") from None

    def measures(self) -> pd.DataFrame:
        """Return the figures of the finished nights, oldest first: ``run_id``, ``started_at``, ``name``, ..."""
        run, night, measure = tables.runs.c, tables.nights.c, tables.measures.c
        names = ("run_id", "started_at", "name", "question", "value", "low", "high")
        query = (
            select(run.run_id, run.started_at, measure.name, measure.question, measure.value, measure.low, measure.high)
            .select_from(tables.measures.join(tables.runs).join(tables.nights, night.run_number == measure.run_number))
            .where(night.project == as_text(self.project), night.finished_at.is_not(None))
            .order_by(run.number, measure.name, measure.question)
        )
        with explained(self.store.location), self.store.engine.connect() as connection:
            rows = connection.execute(query).all()
        return as_frame(rows, names, numbers=("value", "low", "high"), times=("started_at",))

    def count(self) -> int:
        """Return the number of nights, those that were cut off included."""
        query = select(func.count()).where(tables.nights.c.project == as_text(self.project))
        with explained(self.store.location), self.store.engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def made(self, kind: str) -> list[str]:
        """Return the platform's ids of what annoaudit itself made there, of one kind, whatever its state today."""
        query = select(tables.receipts.c.native_id).where(tables.receipts.c.kind == kind)
        with explained(self.store.location), self.store.engine.connect() as connection:
            return [str(one) for one in connection.execute(query).scalars() if one]

    def verdict_records(self) -> list[tuple[str, str]]:
        """Return all verdicts in the store, oldest first, each as its key and its text."""
        query = select(tables.verdicts).order_by(tables.verdicts.c.number)
        with explained(self.store.location), self.store.engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        return [(f"verdict/{row['answer_id']}", json.dumps(dict(row), default=str, sort_keys=True)) for row in rows]

    def heads(self) -> list[str]:
        """Return the log of heads, oldest first, each as it was appended."""
        with explained(self.store.location), self.store.engine.connect() as connection:
            query = select(tables.heads.c.head_json).where(tables.heads.c.project == as_text(self.project))
            query = query.order_by(tables.heads.c.number)
            return [str(text) for text in connection.execute(query).scalars()]


def _measure(row: MeasureRow, number: int) -> dict[str, object]:
    values = asdict(row) | {"run_number": number, "question": as_text(row.question)}
    return {name: None if value != value else value for name, value in values.items()}


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), sort_keys=True)

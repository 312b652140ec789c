"""LabelSet: the one thing that flows through annoaudit, from left to right."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from annoaudit.errors import RefusedInput, UsageError
from annoaudit.labels.rankings import Rankings, select_rankings
from annoaudit.labels.schema import SCHEMA_VERSION, SCHEMAS, TABLES
from annoaudit.labels.spans import Spans, select_spans
from annoaudit.labels.texts import Texts, select_texts
from annoaudit.labels.validation import find_problems
from annoaudit.labels.votes import MEASURED, NOMINAL, Selections, Votes, select_selections, select_votes

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MANIFEST", "LabelSet"]

MANIFEST = "labelset.json"
"""The file that marks a folder as a LabelSet."""


def _empty(name: str) -> pa.Table:
    return SCHEMAS[name].empty_table()


@dataclass(frozen=True, eq=False)
class LabelSet:
    """What was labelled, by whom, when, and how it changed: seven Arrow tables, validated and frozen.

    Tables may be given with fewer columns or other Arrow types than :data:`annoaudit.labels.SCHEMAS`
    states; missing columns are filled with nulls and types are cast without loss.

    Parameters
    ----------
    items, annotators, questions, annotations, labels, events, predictions
        The canonical tables. An annotation without labels means "explicitly empty"; no annotation
        means "not seen".
    notes
        What the reader could not know or had to assume; shown in every report.
    source
        Where the labels came from, for people; never a path with secrets.

    Raises
    ------
    RefusedInput
        Lists every problem found in any table.
    """

    items: pa.Table = field(default_factory=lambda: _empty("items"))
    annotators: pa.Table = field(default_factory=lambda: _empty("annotators"))
    questions: pa.Table = field(default_factory=lambda: _empty("questions"))
    annotations: pa.Table = field(default_factory=lambda: _empty("annotations"))
    labels: pa.Table = field(default_factory=lambda: _empty("labels"))
    events: pa.Table = field(default_factory=lambda: _empty("events"))
    predictions: pa.Table = field(default_factory=lambda: _empty("predictions"))
    notes: tuple[str, ...] = ()
    source: str = ""

    def __post_init__(self) -> None:
        problems: list[str] = []
        for name in TABLES:
            table, found = _conform(name, getattr(self, name))
            problems += found
            object.__setattr__(self, name, table)
        problems = problems or find_problems(self.tables)
        if problems:
            where = f" in {self.source}" if self.source else ""
            raise RefusedInput(
                f"{len(problems)} problem{'s' * (len(problems) > 1)}{where}:",
                problems=problems,
                hint="Mend these places in the source and read it again.",
            )

    @classmethod
    def of(
        cls,
        batches: Iterable[tuple[str, pa.RecordBatch | pa.Table]],
        *,
        notes: Iterable[str] = (),
        source: str = "",
    ) -> LabelSet:
        """Gather ``(table name, rows)`` pairs, as formats yield them, into one validated set."""
        parts: dict[str, list[pa.Table]] = {name: [] for name in TABLES}
        for name, batch in batches:
            table = pa.Table.from_batches([batch]) if isinstance(batch, pa.RecordBatch) else batch
            conformed, problems = _conform(name, table)
            if problems:
                raise RefusedInput(f"Rows for table {name} do not fit its schema:", problems=problems)
            parts[name].append(conformed)
        tables = {name: pa.concat_tables(part) if part else _empty(name) for name, part in parts.items()}
        return cls(**tables, notes=tuple(notes), source=source)

    @property
    def tables(self) -> dict[str, pa.Table]:
        """The seven tables by name."""
        return {name: getattr(self, name) for name in TABLES}

    def frame(self, table: str) -> pd.DataFrame:
        """Return one canonical table as a pandas data frame."""
        if table not in TABLES:
            raise UsageError(f"There is no table {table!r}.", hint=f"Tables: {', '.join(TABLES)}.")
        return getattr(self, table).to_pandas()  # type: ignore[no-any-return]

    def options(self, question: str) -> tuple[str, ...]:
        """Return the stated options of a question, in their stated order; () where none are stated."""
        row = self.questions.filter(pc.equal(self.questions["question"], question))
        if not row.num_rows:
            known = ", ".join(repr(name) for name in self.questions["question"].to_pylist())
            raise UsageError(f"There is no question {question!r}.", hint=f"Questions: {known or 'none'}.")
        return tuple(row["options"][0].as_py() or ())

    def kind_of(self, question: str | None) -> str:
        """Return the kind of a question."""
        found = self.questions["kind"].filter(pc.equal(self.questions["question"], question))
        if not len(found):
            known = ", ".join(repr(name) for name in self.questions["question"].to_pylist())
            raise UsageError(f"There is no question {question!r}.", hint=f"Questions: {known or 'none'}.")
        return str(found[0])

    def questions_of(self, *kinds: str) -> tuple[str, ...]:
        """Return the names of the questions of these kinds, in order."""
        rows = self.questions.filter(pc.is_in(self.questions["kind"], value_set=pa.array(kinds)))
        return tuple(rows["question"].to_pylist())

    def votes(self, question: str | None = None) -> Votes:
        """Return the answers to a question with one answer an item (the first single-choice question by default).

        Such are single choices, pairs, ratings and numbers.
        """
        kind = self.kind_of(question) if question in self.questions_of(*NOMINAL, *MEASURED) else "choice"
        return select_votes(self, self._pick(question, kind), kind)

    def selections(self, question: str | None = None) -> Selections:
        """Return the multi-choice labels of a question (the first such question by default)."""
        return select_selections(self, self._pick(question, "multichoice"))

    def rankings(self, question: str | None = None) -> Rankings:
        """Return the orders given to a ranking question (the first such question by default)."""
        return select_rankings(self, self._pick(question, "ranking"))

    def spans(self, question: str | None = None) -> Spans:
        """Return the stretches marked for a question of text spans or time segments (the first by default)."""
        kind = "segment" if question in self.questions_of("segment") else "span"
        return select_spans(self, self._pick(question, kind), kind)

    def texts(self, question: str | None = None) -> Texts:
        """Return the free texts of a question (the first such question by default), one a submission."""
        return select_texts(self, self._pick(question, "text"))

    def _pick(self, question: str | None, kind: str) -> str:
        candidates = self.questions_of(kind)
        if question is None and candidates:
            return candidates[0]
        if question not in candidates:
            raise UsageError(
                f"There is no {kind} question{f' {question!r}' if question else ''} in these labels.",
                hint=f"{kind} questions: {', '.join(candidates) or 'none'}.",
            )
        return str(question)

    def with_options(self, question: str, options: Iterable[str]) -> LabelSet:
        """Return the same labels with other stated options of a question."""
        names = self.questions["question"].to_pylist()
        old = self.questions["options"].to_pylist()
        new = [list(options) if name == question else was for name, was in zip(names, old, strict=True)]
        place = self.questions.schema.get_field_index("options")
        kind = self.questions.schema.field(place).type
        return replace(self, questions=self.questions.set_column(place, "options", pa.array(new, kind)))

    def with_notes(self, *notes: str) -> LabelSet:
        """Return the same labels with further notes."""
        return replace(self, notes=(*self.notes, *notes))

    def to_parquet(self, folder: str | Path) -> Path:
        """Write the tables as Parquet files into a folder, all or nothing.

        Raises
        ------
        UsageError
            The folder exists and is not an earlier LabelSet.
        """
        target = Path(folder)
        if target.exists() and not (target / MANIFEST).is_file() and any(target.iterdir()):
            raise UsageError(f"{target} is not empty.", hint="Name a new folder, or one written by to_parquet.")
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        for name, table in self.tables.items():
            pq.write_table(table, scratch / f"{name}.parquet", compression="zstd")
        manifest = {"schema_version": SCHEMA_VERSION, "notes": self.notes, "source": self.source}
        (scratch / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        if target.exists():
            shutil.rmtree(target)
        scratch.rename(target)
        return target

    @classmethod
    def from_parquet(cls, folder: str | Path) -> LabelSet:
        """Read what :meth:`to_parquet` wrote.

        Raises
        ------
        RefusedInput
            The folder is not a LabelSet, is of a newer version, or its tables do not validate.
        """
        source = Path(folder)
        try:
            manifest = json.loads((source / MANIFEST).read_text(encoding="utf-8"))
            version = int(manifest["schema_version"])
            notes = tuple(str(note) for note in manifest["notes"])
            where = str(manifest["source"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RefusedInput(
                f"{source} is not a LabelSet folder: {error}", hint=f"It needs a readable {MANIFEST}."
            ) from error
        if version > SCHEMA_VERSION:
            raise RefusedInput(
                f"{source} was written by a newer annoaudit (schema {version}).", hint="Upgrade annoaudit."
            )
        try:
            tables = {name: pq.read_table(source / f"{name}.parquet") for name in TABLES}
        except (OSError, pa.ArrowException) as error:
            raise RefusedInput(f"{source} is damaged: {error}", hint="Write it again.") from error
        return cls(**tables, notes=notes, source=where)

    def __repr__(self) -> str:
        counts = ", ".join(f"{table.num_rows:,} {name}" for name, table in self.tables.items() if table.num_rows)
        return f"<LabelSet {counts or 'empty'}>"


def _conform(name: str, table: pa.Table) -> tuple[pa.Table, list[str]]:
    """Bring a table into its schema; say what does not fit."""
    if name not in SCHEMAS:
        return table, [f"there is no table {name!r}"]
    schema: pa.Schema = SCHEMAS[name]
    unknown = sorted(set(table.column_names) - set(schema.names))
    problems = [f"{name}: unknown column {column!r}" for column in unknown]
    columns: list[pa.ChunkedArray] = []
    empty: dict[pa.DataType, pa.ChunkedArray] = {}
    for target in schema:
        if target.name not in table.column_names:
            if target.type not in empty:
                empty[target.type] = pa.chunked_array([pa.nulls(table.num_rows, target.type)])
            columns.append(empty[target.type])
            continue
        column = table[target.name]
        try:
            columns.append(column if column.type == target.type else column.cast(target.type))
        except pa.ArrowException as error:
            reason = str(error).splitlines()[0]
            problems.append(f"{name}.{target.name}: is {column.type}, not {target.type} ({reason})")
            columns.append(pa.chunked_array([pa.nulls(table.num_rows, target.type)]))
    return pa.table(columns, schema=schema), problems


def as_tables(rows: Mapping[str, list[dict[str, object]]]) -> list[tuple[str, pa.Table]]:
    """Turn rows written as dictionaries into tables for :meth:`LabelSet.of`; for small inputs."""
    return [(name, pa.Table.from_pylist(part, schema=SCHEMAS[name])) for name, part in rows.items() if part]

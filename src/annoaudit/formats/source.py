"""What is to be read: a file or a data frame, opened once, whatever the number of formats that look at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import pyarrow as pa
import pyarrow.parquet as pq

from annoaudit.errors import RefusedInput
from annoaudit.formats.columns import Roles, find_roles
from annoaudit.formats.delimited import parse_delimited, read_header
from annoaudit.formats.file_bytes import as_utf8, guess_kind, load_bytes
from annoaudit.formats.json_text import parse_json, parse_json_lines
from annoaudit.formats.records import as_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

__all__ = ["Format", "Source"]


@runtime_checkable
class Format(Protocol):
    """One kind of input: tells whether a source is of its kind, and reads it into canonical tables."""

    @property
    def name(self) -> str:
        """Name of the file, the entry point and the docs page."""
        ...

    def sniff(self, source: Source) -> bool:
        """Say whether the source is of this kind; never raises for being of another kind."""
        ...

    def read(self, source: Source) -> Iterator[tuple[str, pa.RecordBatch | pa.Table]]:
        """Yield (table name, rows); put what was assumed or could not be carried into ``source.notes``."""
        ...


@dataclass(frozen=True, eq=False)
class Source:
    """A file or a data frame to be read.

    Parameters
    ----------
    name
        What messages call it.
    path, frame
        One of the two.
    mapping
        Role to column, see :data:`annoaudit.formats.columns.ROLES`.
    encoding
        Encoding of text, where it is not UTF-8 and no byte order mark tells.
    notes
        Gathers what a reader of the audit should know.
    """

    name: str
    path: Path | None = None
    frame: pd.DataFrame | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    notes: list[str] = field(default_factory=list)

    @cached_property
    def data(self) -> bytes:
        """The file's bytes, unpacked."""
        return b"" if self.path is None else load_bytes(self.path)

    @cached_property
    def kind(self) -> str:
        """Outer shape: frame, parquet, json, jsonl or delimited."""
        return "frame" if self.path is None else guess_kind(self.data, self.path)

    @cached_property
    def text(self) -> bytes:
        """The file as UTF-8."""
        return as_utf8(self.data, self.name, self.encoding)

    @cached_property
    def documents(self) -> list[object]:
        """The records of a JSON list or of JSON Lines; a single JSON document is a list of one; else []."""
        if self.kind == "jsonl":
            return parse_json_lines(self.text, self.name)
        if self.kind != "json":
            return []
        document = parse_json(self.text, self.name)
        return document if isinstance(document, list) else [document]

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, where it is a table."""
        if self.kind == "delimited":
            return self._header[0]
        return tuple(self._table.column_names)

    @cached_property
    def roles(self) -> Roles:
        """Which column is what."""
        return find_roles(self.columns, self.mapping, self.name)

    @cached_property
    def table(self) -> pa.Table:
        """All rows: text files as strings (durations and times already parsed where all fit), others as typed."""
        if self.kind != "delimited":
            return self._table
        types = {"seconds": pa.float64(), "created_at": pa.timestamp("us", tz="UTC")}
        wanted = {self.roles.columns[role]: kind for role, kind in types.items() if role in self.roles}
        return parse_delimited(self.text, self.name, *self._header, wanted)

    @cached_property
    def _header(self) -> tuple[tuple[str, ...], str]:
        return read_header(self.text, self.name)

    @cached_property
    def _table(self) -> pa.Table:
        if self.frame is not None:
            table = _from_pandas(self.frame, self.name)
        elif self.kind == "parquet":
            table = self._read_parquet()
        else:
            table = as_table(self.documents, self.name)
        if not table.num_rows:
            raise RefusedInput(f"{self.name} has no rows.", hint="Export it again; it needs at least one label.")
        return table

    def _read_parquet(self) -> pa.Table:
        try:
            table = pq.read_table(pa.BufferReader(self.data))
        except (pa.ArrowException, OSError, ValueError) as error:
            reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
            raise RefusedInput(
                f"{self.name} is a damaged Parquet file: {reason}.", hint="Write or download it again."
            ) from error
        names = table.column_names
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise RefusedInput(
                f"{self.name}: two columns are named {twice[:60]!r}.", hint="Give each column its own name."
            )
        return table


def _from_pandas(frame: pd.DataFrame, where: str) -> pa.Table:
    """Take a data frame over; a named index becomes a column."""
    named = [name for name in frame.index.names if name is not None and name not in frame.columns]
    frame = frame.reset_index(level=named) if named else frame
    names = [str(name) for name in frame.columns]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise RefusedInput(f"{where}: two columns are named {twice[:60]!r}.", hint="Give each column its own name.")
    columns = [_from_series(frame.iloc[:, place], names[place], where) for place in range(len(names))]
    return pa.table(columns, names=names)


def _from_series(series: pd.Series, name: str, where: str) -> pa.ChunkedArray:
    """Take a column over; mixed objects are written as text."""
    try:
        array = pa.Array.from_pandas(series)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        try:
            texts = [None if missing else str(value) for value, missing in zip(series, series.isna(), strict=True)]
            array = pa.array(texts, pa.string())
        except (TypeError, ValueError) as error:  # text with half of a surrogate pair
            raise RefusedInput(
                f"{where}: column {name!r} has a cell that is no text: {str(error)[:120]}.", hint="Mend this cell."
            ) from error
    return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])

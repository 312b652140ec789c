"""What is to be read: a file, folder, archive or data frame, opened once, however many formats look at it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from annoaudit.errors import RefusedInput
from annoaudit.formats.delimited import parse_delimited, read_header
from annoaudit.formats.file_bytes import as_utf8, guess_kind, load_bytes
from annoaudit.formats.json_text import parse_json, parse_json_lines
from annoaudit.formats.limits import HEAD_BYTES
from annoaudit.formats.mapped_file import MappedFile, map_large_file
from annoaudit.formats.members import Members, is_archive, open_members
from annoaudit.formats.records import as_table
from annoaudit.formats.tables.columns import Roles, find_roles
from annoaudit.formats.xml_text import root_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from annoaudit.labels import LabelSet

__all__ = ["Format", "Source", "WritableFormat"]

_LOOKED_AT = 20
_SMALL = 4 << 20
_TRIED = 5


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


@runtime_checkable
class WritableFormat(Format, Protocol):
    """A format that can also be written."""

    def write(self, labels: LabelSet, target: Path) -> list[str]:
        """Write labels to a file or folder that does not exist yet; return what could not be carried."""
        ...


@dataclass(frozen=True, eq=False)
class Source:
    """A file, folder, archive or data frame to be read.

    Parameters
    ----------
    name
        What messages call it.
    path, frame
        One of the two.
    content
        The bytes of a file that lies in an archive or folder; ``path`` is then its name.
    mapping
        Role to column, see :data:`annoaudit.formats.tables.columns.ROLES`.
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
    content: bytes | None = None

    @cached_property
    def data(self) -> bytes:
        """The file's bytes, unpacked."""
        if self.content is not None:
            return self.content
        return b"" if self.path is None or self.members is not None else load_bytes(self.path)

    @cached_property
    def mapped(self) -> MappedFile | None:
        """A large file as a view of the disk, which takes no memory of its own; None where it has to be unpacked."""
        if self.path is None or self.content is not None or self.encoding or self.members is not None:
            return None
        return map_large_file(self.path)

    @property
    def view(self) -> bytes | memoryview:
        """The file as UTF-8, or a view of it where it is large."""
        return self.text if self.mapped is None else self.mapped.view

    @cached_property
    def members(self) -> Members | None:
        """The files of a folder or an archive; None where the source is a single file."""
        if self.path is None or self.content is not None:
            return None
        return open_members(self.path) if self.path.is_dir() or is_archive(self.path) else None

    @cached_property
    def kind(self) -> str:
        """Outer shape: frame, members (a folder or archive), parquet, json, jsonl, xml or delimited."""
        if self.path is None:
            return "frame"
        if self.members is not None:
            return "members"
        return guess_kind(self.data if self.mapped is None else self.mapped.head, self.path)

    @property
    def stem(self) -> str:
        """The file's name without folder and endings."""
        return "" if self.path is None else self.path.name.split(".", 1)[0]

    @cached_property
    def root(self) -> str | None:
        """Name of the root element, where it is XML."""
        return root_name(self.text) if self.kind == "xml" else None

    @cached_property
    def head(self) -> list[str]:
        """The first lines of a text that is no JSON and no XML; else []."""
        if self.kind != "delimited":
            return []
        return self.text[:HEAD_BYTES].decode(errors="ignore").splitlines()[:200]

    @cached_property
    def keys(self) -> frozenset[str]:
        """The keys of a JSON document that is one object; else none."""
        if self.kind not in ("json", "jsonl"):
            return frozenset()
        try:
            return frozenset(msgspec.json.decode(self.view, type=dict[str, msgspec.Raw]))
        except (msgspec.DecodeError, RecursionError):
            return frozenset()

    @cached_property
    def sample(self) -> list[Mapping[str, object]]:
        """The first records of JSON or JSON Lines, as far as they are objects; a large single object is left out."""
        if self.kind not in ("json", "jsonl") or (self.keys and len(self.view) > _SMALL):
            return []
        return [one for one in self._first_documents() if isinstance(one, dict)]

    def _first_documents(self) -> list[object]:
        if self.kind == "jsonl" and not self.keys:
            lines = (line for line in self.text.split(b"\n", 4 * _LOOKED_AT)[:-1] if line.strip())
            first = b"\n".join(line for line, _ in zip(lines, range(_LOOKED_AT), strict=False))
            return parse_json_lines(first, self.name) if first else self.documents
        try:
            raw = msgspec.json.decode(self.text, type=list[msgspec.Raw])
        except (msgspec.DecodeError, RecursionError):
            return self.documents[:_LOOKED_AT]
        return [parse_json(bytes(one), self.name) for one in raw[:_LOOKED_AT]]

    def parts(self, *endings: str) -> Iterator[Source]:
        """Yield the source itself, or the files of these endings that its folder or archive holds."""
        if self.members is None:
            yield self
            return
        for name in self.members.ending(*endings):
            yield self.inner(name)

    def holds(self, knows: Callable[[Source], bool], *endings: str) -> bool:
        """Say whether the source itself, or one of the first files of these endings, is known."""
        if self.members is None:
            return knows(self)
        for part in islice(self.parts(*endings), _TRIED):
            with suppress(RefusedInput):  # some other file that lies there
                if knows(part):
                    return True
        return False

    def inner(self, name: str) -> Source:
        """Return one file of the folder or archive as a source of its own; they share their notes."""
        assert self.members is not None
        data = self.members.read(name)
        return Source(
            f"{self.name}/{name}",
            Path(name),
            mapping=self.mapping,
            encoding=self.encoding,
            notes=self.notes,
            content=data,
        )

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
    def schema(self) -> pa.Schema:
        """The schema of a table, with what a Parquet file states about it."""
        return self._table.schema

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
            table = pq.read_table(pa.BufferReader(self.data), use_threads=len(self.data) > _SMALL)
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

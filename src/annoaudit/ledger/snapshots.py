"""Snapshots: the labels of a night as Parquet, named by their content, so that equal nights share one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from annoaudit.errors import RefusedInput
from annoaudit.labels import SCHEMAS, LabelSet
from annoaudit.ledger.records import PEOPLE
from annoaudit.ledger.shelves import Shelf, hash_files, shelf_at

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Snapshot", "Snapshots", "Tables", "with_pseudonyms"]

SEALED = ("items", "annotators", "questions", "annotations", "labels")


@dataclass(frozen=True)
class Snapshot:
    """One snapshot: its name, and the SHA-256 of each of its files."""

    name: str
    files: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Tables:
    """The tables that records are made of, unchecked: who tampers need not leave valid labels behind."""

    items: pa.Table
    annotators: pa.Table
    questions: pa.Table
    annotations: pa.Table
    labels: pa.Table


@dataclass(frozen=True)
class Snapshots:
    """The snapshots of one project, in one folder or under one URL."""

    shelf: Shelf

    @classmethod
    def at(cls, location: str | Path) -> Snapshots:
        """Return the snapshots at a path or a URL."""
        return cls(shelf_at(location))

    def keep(self, labels: LabelSet) -> Snapshot:
        """Write labels as a snapshot, or find the one with the same content; a write that is cut off leaves none."""
        with self.shelf.draft() as draft:
            labels.to_parquet(draft)
            files = hash_files(draft)
            name = hashlib.sha256("".join(f"{one} {files[one]}\n" for one in sorted(files)).encode()).hexdigest()[:24]
            if not self.shelf.has(name) or self.shelf.hash_files(name) != files:
                self.shelf.put(name, draft)
        return Snapshot(name, files)

    def load_tables(self, name: str) -> Tables:
        """Read what a snapshot's records are made of, whether or not it is still a valid set of labels.

        Raises
        ------
        RefusedInput
            A file is missing or damaged, or columns are.
        """
        with self.shelf.fetched(name) as folder:
            try:
                return Tables(**{one: pq.read_table(folder / f"{one}.parquet", schema=SCHEMAS[one]) for one in SEALED})
            except (OSError, pa.ArrowException, ValueError) as error:
                raise RefusedInput(f"{folder} is damaged: {error}", hint="Restore it from a backup.") from None

    def load(self, name: str) -> LabelSet:
        """Read a snapshot; raises ``RefusedInput`` where it is missing or damaged."""
        with self.shelf.fetched(name) as folder:
            return LabelSet.from_parquet(folder)

    def change(self, name: str, change: Callable[[Path], bool]) -> bool:
        """Let a function change the files of a snapshot, in a local folder; return what it says: whether it did."""
        with self.shelf.fetched(name) as folder:
            touched = change(folder)
            if touched:
                self.shelf.put(name, folder)
        return touched


def with_pseudonyms(labels: LabelSet, name_of: Callable[[str], str]) -> LabelSet:
    """Return the labels with everybody they mention among the annotators, each with a pseudonym."""
    seen: dict[str, None] = dict.fromkeys(labels.annotators["annotator_id"].to_pylist())
    for column in PEOPLE:
        seen |= dict.fromkeys(pc.unique(labels.annotations[column]).drop_null().to_pylist())
    known = labels.annotators.num_rows
    names = list(seen)
    missing = pa.table({"annotator_id": pa.array(names[known:], pa.string())})
    table = pa.concat_tables([labels.annotators, _filled(missing)])
    place = table.schema.get_field_index("pseudonym")
    shown = pa.array([name_of(one) for one in names], pa.string())
    return replace(labels, annotators=table.set_column(place, "pseudonym", shown))


def _filled(table: pa.Table) -> pa.Table:
    schema = SCHEMAS["annotators"]
    columns = [
        table[one.name] if one.name in table.column_names else pa.nulls(table.num_rows, one.type) for one in schema
    ]
    return pa.table(columns, schema=schema)

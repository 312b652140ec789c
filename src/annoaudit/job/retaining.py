"""What is removed after a while, and what is removed of one person; heads and counts stay."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from annoaudit.job.sealed import FORGOT
from annoaudit.store.reviews import Reviews

if TYPE_CHECKING:
    from annoaudit.job.sealed import Seals
    from annoaudit.ledger.heads import Head

__all__ = ["Expired", "find_expired", "forget_annotator", "remove_expired"]

PEOPLE = {
    "annotators": ("annotator_id",),
    "annotations": ("annotator_id", "reviewer_id", "updated_by"),
    "labels": ("annotator_id",),
    "events": ("annotator_id",),
}


@dataclass(frozen=True)
class Expired:
    """Snapshots by name, and runs by id, that are older than what is kept."""

    snapshots: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, as a head states them."""
        return (*self.snapshots, *self.runs)


def find_expired(seals: Seals, days: int | None, now: datetime, tonight: str) -> Expired:
    """Return what a night removes: what only heads older than so many days name; the last finished night stays.

    Parameters
    ----------
    tonight
        Name of tonight's snapshot, which stays whatever heads name it.
    """
    if days is None:
        return Expired()
    heads, last = seals.heads(), seals.last_finished()
    done = {name for head in heads for name in head.statement.removed}
    last_run = "" if last is None else last.statement.run_id
    limit = now - timedelta(days=days)
    old = [one for one in heads if one.statement.taken_at < limit and one.statement.run_id != last_run]
    kept = {one.statement.snapshot for one in heads if one not in old} | {tonight}
    snapshots = dict.fromkeys(one.statement.snapshot for one in old)
    there = [name for name in snapshots if name not in kept and seals.snapshots.shelf.has(name)]
    return Expired(tuple(there), tuple(one.statement.run_id for one in old if one.statement.run_id not in done))


def remove_expired(seals: Seals, days: int | None, now: datetime) -> None:
    """Remove what heads say is removed, and what is as old and named by no head: runs that were cut off left it."""
    heads = seals.heads()
    if days is not None:
        _remove_unnamed(seals, {head.statement.snapshot for head in heads}, now - timedelta(days=days))
    removed = {name: head.statement.number for head in heads for name in head.statement.removed}
    runs = [one.statement.run_id for one in heads if one.statement.run_id in removed]
    if not removed:
        return
    seals.nights.strip(runs)
    latest = {head.statement.snapshot: head.statement.number for head in heads}
    for name, number in latest.items():
        if number <= removed.get(name, 0):
            seals.snapshots.shelf.remove(name)
    _remove_leaves(seals, heads, removed, latest)


def _remove_unnamed(seals: Seals, named: set[str], limit: datetime) -> None:
    shelf = seals.snapshots.shelf
    for name in shelf.names():
        if name not in named and shelf.changed_at(name) < limit:
            shelf.remove(name)


def _remove_leaves(seals: Seals, heads: Sequence[Head], removed: dict[str, int], latest: dict[str, int]) -> None:
    used = set()
    for head in heads:
        told = head.statement
        if latest[told.snapshot] > removed.get(told.snapshot, 0):
            used.add(told.sealed["labels"].root)
        if told.run_id not in removed:
            used.add(told.sealed["findings"].root)
        used.add(told.sealed["verdicts"].root)
    for path in seals.leaves.glob("*.parquet"):
        if path.stem not in used:
            path.unlink()


def list_naming(seals: Seals, annotator_id: str) -> list[str]:
    """Return the names of the snapshots that hold a person's id."""
    found = []
    for name in seals.snapshots.shelf.names():
        with seals.snapshots.shelf.fetched(name) as folder:
            if any(_columns_with(folder / f"{table}.parquet", names, annotator_id) for table, names in PEOPLE.items()):
                found.append(name)
    return found


def _columns_with(path: Path, columns: Sequence[str], annotator_id: str) -> list[str]:
    if not path.is_file():
        return []
    table = pq.read_table(path, columns=list(columns))
    return [name for name in columns if pc.any(pc.equal(table[name], annotator_id)).as_py()]


def forget_annotator(seals: Seals, annotator_id: str, name_of: Callable[[str], str]) -> int:
    """Put the pseudonym of a person in the place of their id and names in all snapshots; return how many had them.

    What was pulled from a live project is removed, so that the next night pulls it anew: who is still on the platform
    comes back from there.
    """
    pseudonym, named = name_of(annotator_id), list_naming(seals, annotator_id)
    if named:
        Reviews(seals.nights.store, seals.nights.project).note(FORGOT, pseudonym=pseudonym)

    def forget(folder: Path) -> bool:
        touched = [
            _forget_in(folder / f"{table}.parquet", names, annotator_id, pseudonym) for table, names in PEOPLE.items()
        ]
        return any(touched)

    n = sum(seals.snapshots.change(name, forget) for name in named)
    shutil.rmtree(seals.folder / "labels", ignore_errors=True)
    (seals.folder / "bookmark.json").unlink(missing_ok=True)
    return n


def _forget_in(path: Path, columns: Sequence[str], annotator_id: str, pseudonym: str) -> bool:
    found = _columns_with(path, columns, annotator_id)
    if not found:
        return False
    table = pq.read_table(path)
    for name in found:
        theirs = pc.fill_null(pc.equal(table[name], annotator_id), False)
        table = _replace(table, name, pc.if_else(theirs, pseudonym, table[name]))
        if path.stem == "annotators":
            table = _replace(table, "display", pc.if_else(theirs, pa.scalar(None, pa.string()), table["display"]))
    draft = path.with_name(f".{path.name}.part")
    pq.write_table(table, draft, compression="zstd")
    draft.replace(path)
    return True


def _replace(table: pa.Table, name: str, column: pa.ChunkedArray) -> pa.Table:
    place = table.schema.get_field_index(name)
    return table.set_column(place, table.schema.field(place), column)

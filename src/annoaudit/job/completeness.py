"""What should have arrived and did not: counted, against what the configuration expects."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.errors import RefusedInput
from annoaudit.reporting.text import plural, shorten

if TYPE_CHECKING:
    from annoaudit.job.config import Expected
    from annoaudit.labels import LabelSet

__all__ = ["list_missing"]

MOST_NAMED = 5
COLUMN = "item_id"
COUNTED = ("submitted", "accepted")


def list_missing(labels: LabelSet, expected: Expected, resolve: Callable[[str], Path]) -> list[str]:
    """Return what is missing, one sentence a kind; nothing if all is there.

    Parameters
    ----------
    resolve
        Turns a path of the configuration into one that can be opened.

    Raises
    ------
    RefusedInput
        The list of expected items can't be read.
    """
    return [
        *_missing_items(labels, expected.items, resolve),
        *_below_overlap(labels, expected.overlap),
        *_unused_classes(labels, expected.classes),
    ]


def _missing_items(labels: LabelSet, items: str | int | None, resolve: Callable[[str], Path]) -> Iterator[str]:
    n = labels.items.num_rows
    if isinstance(items, int) and n < items:
        yield f"{plural(items - n, 'item')} of {items:,} did not arrive."
    elif isinstance(items, str):
        ids = pa.array(_read_ids(resolve(items)), pa.string())
        absent = ids.filter(pc.invert(pc.is_in(ids, value_set=labels.items[COLUMN].combine_chunks())))
        if len(absent):
            yield f"{plural(len(absent), 'item')} of {len(ids):,} did not arrive: {_name(absent.to_pylist())}."


def _below_overlap(labels: LabelSet, overlap: int | None) -> Iterator[str]:
    if overlap is None:
        return
    given = labels.annotations
    counted = pc.is_in(pc.fill_null(given["status"], "submitted"), value_set=pa.array(COUNTED))
    place = pc.index_in(given.filter(counted)["item_id"], value_set=labels.items[COLUMN].combine_chunks())
    n = np.bincount(np.asarray(place.drop_null()), minlength=labels.items.num_rows)
    below = np.flatnonzero(n < overlap)
    if len(below):
        names = labels.items[COLUMN].take(pa.array(below[:MOST_NAMED])).to_pylist()
        yield f"{plural(len(below), 'item has', 'items have')} fewer than {overlap} labels: {_name(names, len(below))}."


def _unused_classes(labels: LabelSet, classes: Sequence[str]) -> Iterator[str]:
    chosen = set(pc.unique(labels.labels["value"]).to_pylist())
    absent = [one for one in classes if one not in chosen]
    if absent:
        yield f"Nobody chose {plural(len(absent), 'class', 'classes')} that should be there: {_name(absent)}."


def _name(names: Sequence[str], n: int | None = None) -> str:
    more = (len(names) if n is None else n) - MOST_NAMED
    told = ", ".join(shorten(one, 60) for one in names[:MOST_NAMED])
    return f"{told} and {more:,} more" if more > 0 else told


def _read_ids(path: Path) -> list[str]:
    """Ids from a file: the column item_id where its first line names one, else one a line; each once."""
    try:
        rows = [row for row in csv.reader(path.read_text(encoding="utf-8-sig").splitlines()) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RefusedInput(f"The expected items {path} can't be read: {error}.", hint="Give one id a line.") from None
    if not rows:
        raise RefusedInput(f"The expected items {path} are none.", hint="Give one id a line.")
    place = rows[0].index(COLUMN) if COLUMN in rows[0] else None
    body = rows if place is None else rows[1:]
    return list(dict.fromkeys(row[place or 0] for row in body if len(row) > (place or 0)))

"""What should have arrived and did not: counted, against what the configuration expects."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.errors import RefusedInput
from annoaudit.reporting.text import plural, shorten

if TYPE_CHECKING:
    from annoaudit.job.config import Expected
    from annoaudit.labels import LabelSet

__all__ = ["describe_gaps", "list_missing"]

MOST_NAMED = 5
COLUMN = "item_id"
COUNTED = ("submitted", "accepted")
FEWEST_LOST = 5
SHORTEST_BLOCK, TIMES_USUAL, MOST_BLOCKS = 20, 10, 20


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


def describe_gaps(labels: LabelSet, before: LabelSet | None, *, live: bool) -> list[str]:
    """Return what seems to be missing where nothing says what should be there: facts, one sentence a kind.

    Parameters
    ----------
    before
        The labels of the night before.
    live
        The source is a platform: its ids are shared with other projects, so gaps in them mean nothing.
    """
    told = [*_lost_classes(labels, before), *_few_labels(labels), *([] if live else _missing_blocks(labels))]
    return [f"Completeness: {one}" for one in told]


def _lost_classes(labels: LabelSet, before: LabelSet | None) -> Iterator[str]:
    """Classes that several labels were of the night before and none is now, though the form did not drop them."""
    if before is None:
        return
    now = _count_classes(labels)
    for (question, value), n in sorted(_count_classes(before).items()):
        dropped = value in before.options(question) and value not in labels.options(question)
        if n >= FEWEST_LOST and (question, value) not in now and not dropped:
            yield f"nobody chooses “{shorten(value, 60)}” any more ({shorten(question, 40)}); {n:,} labels did before."


def _count_classes(labels: LabelSet) -> dict[tuple[str, str], int]:
    table = labels.labels.select(["question", "value"])
    counts = table.filter(pc.is_valid(table["value"])).group_by(["question", "value"]).aggregate([([], "count_all")])
    rows = zip(*(counts[name].to_pylist() for name in ("question", "value", "count_all")), strict=True)
    return {(question, value): n for question, value, n in rows}


def _few_labels(labels: LabelSet) -> Iterator[str]:
    n = _labels_of_items(labels)
    usual = int(np.bincount(n[n > 0]).argmax()) if (n > 0).any() else 0
    few = int((n < usual).sum())
    if few:
        none = int((n == 0).sum())
        more = f", {none:,} of them none" if none and usual > 1 else ""
        what = f"fewer labels than the usual {usual}" if usual > 1 else "no label"
        yield f"{few:,} of {plural(len(n), 'item')} have {what}{more}."


def _missing_blocks(labels: LabelSet) -> Iterator[str]:
    """Long runs of numbers that no item has, where numbers are otherwise close together."""
    ids = labels.items[COLUMN].to_pylist()
    if len(ids) < SHORTEST_BLOCK or not all(one.isascii() and one.isdigit() and len(one) < 16 for one in ids):
        return
    numbers = np.unique(np.array(ids, dtype=np.int64))
    gaps = np.diff(numbers) - 1
    usual = float(np.quantile(gaps, 0.95)) if len(gaps) else 0.0
    long = np.flatnonzero(gaps >= max(SHORTEST_BLOCK, TIMES_USUAL * usual))
    if 0 < len(long) <= MOST_BLOCKS:
        spelled = [f"{numbers[at] + 1} to {numbers[at + 1] - 1}" for at in long]
        yield f"no item has the numbers {_name(spelled)}, though numbers are otherwise close together."


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
    below = np.flatnonzero(_labels_of_items(labels) < overlap)
    if len(below):
        names = labels.items[COLUMN].take(pa.array(below[:MOST_NAMED])).to_pylist()
        yield f"{plural(len(below), 'item has', 'items have')} fewer than {overlap} labels: {_name(names, len(below))}."


def _labels_of_items(labels: LabelSet) -> npt.NDArray[np.int64]:
    """(N,) submissions on each item."""
    given = labels.annotations
    counted = pc.is_in(pc.fill_null(given["status"], "submitted"), value_set=pa.array(COUNTED))
    place = pc.index_in(given.filter(counted)["item_id"], value_set=labels.items[COLUMN].combine_chunks())
    return np.bincount(np.asarray(place.drop_null()), minlength=labels.items.num_rows)


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

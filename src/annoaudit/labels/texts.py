"""Free texts and transcripts: what each submission says, as one text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.labels.submissions import Submissions, codes_of, owners_of, select_submissions

if TYPE_CHECKING:
    from annoaudit.labels.labelset import LabelSet

__all__ = ["Texts", "select_texts"]

Ints = npt.NDArray[np.int64]
PLACES = ("start", "y", "x")


@dataclass(frozen=True, eq=False)
class Texts:
    """One question's free texts: the first submission of each annotator on each item, one text each.

    L submissions. ``item`` and ``annotator`` are codes into ``item_ids`` and ``annotator_ids``; ``owner`` (L,) are
    positions in the annotations table, ``row`` (L,) in the labels table: of the first text of a submission, -1 where
    it has none. ``text`` (L,) are the texts without the white space around them.
    """

    question: str
    item_ids: pa.Array
    annotator_ids: pa.Array
    item: Ints
    annotator: Ints
    text: npt.NDArray[np.object_]
    row: Ints
    owner: Ints

    def __len__(self) -> int:
        return len(self.item)


def select_texts(labels: LabelSet, question: str) -> Texts:
    """Take the texts of a question out of the canonical tables.

    Several texts of one submission are joined: those of regions in the order of their start, or from top to bottom and
    left to right, others as they come. A submission without a text is an empty one where nothing else is asked in the
    project; where other things are, the question may have been left out.
    """
    table, given = labels.labels, select_submissions(labels)
    asked = pc.and_(pc.equal(table["question"], question), pc.is_valid(table["annotation_id"]))
    asked = pc.and_(asked, pc.is_valid(pc.coalesce(table["value_text"], table["value"])))
    rows = np.asarray(pc.indices_nonzero(pc.fill_null(asked, False)), dtype=np.int64)
    place = given.of_rows(owners_of(labels)[rows])
    rows, place = rows[place >= 0], place[place >= 0]
    order = np.lexsort((rows, *_where(labels, rows), place))
    rows, place = rows[order], place[order]
    said = pc.coalesce(table["value_text"], table["value"]).take(pa.array(rows))
    written = pc.fill_null(pc.utf8_trim_whitespace(said), "").to_pylist()
    parts: list[list[str]] = [[] for _ in range(len(given))]
    for at, text in zip(place.tolist(), written, strict=True):
        parts[at].append(text)
    joined = np.array(["\n".join(one) for one in parts], dtype=object)
    row = np.full(len(given), -1, dtype=np.int64)
    row[place[::-1]] = rows[::-1]
    kept = (row >= 0) | (labels.questions.num_rows == 1 and len(rows) > 0)
    return _take(question, given, kept, joined, row)


def _take(
    question: str, given: Submissions, kept: npt.NDArray[np.bool_], text: npt.NDArray[np.object_], row: Ints
) -> Texts:
    """Leave out who has no text at all."""
    used, annotator = np.unique(given.annotator[kept], return_inverse=True)
    names = given.annotator_ids.take(pa.array(used))
    return Texts(
        question, given.item_ids, names, given.item[kept], annotator.astype(np.int64), text[kept], row[kept],
        given.owner[kept],
    )  # fmt: skip


def _where(labels: LabelSet, rows: Ints) -> tuple[npt.NDArray[np.float64], ...]:
    """Where each text lies by the region that it is about, as sort keys, the last the first to count; 0 without one."""
    table = labels.labels
    parent = codes_of(table["parent_label_id"].take(pa.array(rows)), table["label_id"])
    of_region = pa.array(np.where(parent >= 0, parent, rows))
    keys = (pc.fill_null(table[name].take(of_region), 0.0).to_numpy().astype(np.float64) for name in reversed(PLACES))
    return tuple(keys)

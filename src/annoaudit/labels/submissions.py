"""Who handed in what about which item: the submissions that count, whatever was asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.labels.validation import find_owners

if TYPE_CHECKING:
    from annoaudit.labels.labelset import LabelSet

__all__ = [
    "Submissions",
    "codes_of",
    "counted_annotations",
    "number_rounds",
    "owners_of",
    "select_submissions",
    "voters",
]

Ints = npt.NDArray[np.int64]
COUNTED = ("submitted", "accepted")
VOTERS = ("person", "model")


@dataclass(frozen=True, eq=False)
class Submissions:
    """First submissions of each annotator on each item, with and without labels.

    S submissions. ``item`` and ``annotator`` (S,) are codes into ``item_ids`` and ``annotator_ids``; ``owner``
    (S,) are positions in the annotations table. A submission without labels says "nothing is here".
    """

    item_ids: pa.Array
    annotator_ids: pa.Array
    item: Ints
    annotator: Ints
    owner: Ints

    def __len__(self) -> int:
        return len(self.item)

    def of_rows(self, owners: Ints) -> Ints:
        """Return the submission of each label, given the positions of their annotations; -1 where it does not count."""
        most = max(int(self.owner.max(initial=-1)), int(owners.max(initial=-1)))
        place = np.full(most + 2, -1, dtype=np.int64)
        place[self.owner] = np.arange(len(self))
        return np.asarray(place[owners], dtype=np.int64)


def select_submissions(labels: LabelSet) -> Submissions:
    """Take the submissions that count: handed in, the latest, by a voter, no gold, the first of a person on an item."""
    owner = np.flatnonzero(counted_annotations(labels))
    annotator_ids, annotator = voters(labels, owner)
    item = codes_of(labels.annotations["item_id"].take(owner), labels.items["item_id"])
    first = number_rounds(labels, item, annotator, owner) == 0
    return Submissions(
        labels.items["item_id"].combine_chunks(), annotator_ids, item[first], annotator[first], owner[first]
    )


def owners_of(labels: LabelSet) -> Ints:
    """(rows of labels,) position of each label's annotation; -1 where it has none."""
    if labels.labels["annotation_id"].equals(labels.annotations["annotation_id"]):
        return np.arange(labels.labels.num_rows)
    owners = find_owners(labels.labels, labels.annotations)
    return np.asarray(pc.fill_null(owners, -1)).astype(np.int64)


def counted_annotations(labels: LabelSet) -> npt.NDArray[np.bool_]:
    """(rows of annotations,) whether an annotation is a voice: handed in, the latest, by a voter, and no gold."""
    annotations = labels.annotations
    status = pc.fill_null(annotations["status"], "submitted")
    counted = pc.and_(pc.is_in(status, value_set=pa.array(COUNTED)), pc.fill_null(annotations["is_latest"], True))
    counted = pc.and_(counted, pc.invert(pc.fill_null(annotations["is_gold"], False)))
    kinds = pc.fill_null(labels.annotators["kind"], "person")
    who = labels.annotators["annotator_id"].filter(pc.is_in(kinds, value_set=pa.array(VOTERS)))
    return np.asarray(pc.and_(counted, pc.is_in(annotations["annotator_id"], value_set=who.combine_chunks()))).astype(
        bool
    )


def voters(labels: LabelSet, owner: Ints) -> tuple[pa.Array, Ints]:
    """Return the ids of those who made these annotations, and the code of each annotation's maker."""
    all_ids = labels.annotators["annotator_id"]
    code = codes_of(labels.annotations["annotator_id"].take(owner), all_ids)
    used, compact = np.unique(code, return_inverse=True)
    return all_ids.combine_chunks().take(pa.array(used)), compact.astype(np.int64)


def codes_of(values: pa.ChunkedArray, known: pa.ChunkedArray) -> Ints:
    """Positions of ``values`` in ``known``; -1 where it is not there."""
    found = pc.fill_null(pc.index_in(values, value_set=known.combine_chunks()), -1)
    return np.asarray(found).astype(np.int64)


def number_rounds(labels: LabelSet, item: Ints, annotator: Ints, owner: Ints) -> Ints:
    """Number, from 0, of each submission among those of one annotator on one item."""
    n = len(item)
    if not n:
        return np.zeros(0, dtype=np.int64)
    key = item * (annotator.max() + 1) + annotator
    order = np.argsort(key, kind="stable")
    if (key[order][1:] == key[order][:-1]).any():
        given = pc.fill_null(labels.annotations["round"], 0).to_numpy()[owner]
        created = labels.annotations["created_at"].cast(pa.int64())
        at = pc.fill_null(created, np.iinfo(np.int64).max).to_numpy()[owner]
        order = np.lexsort((np.arange(n), at, given, key))
    sorted_key = key[order]
    starts = np.flatnonzero(np.r_[True, sorted_key[1:] != sorted_key[:-1]])
    length = np.diff(np.r_[starts, n])
    rounds = np.empty(n, dtype=np.int64)
    rounds[order] = np.arange(n) - np.repeat(starts, length)
    return rounds

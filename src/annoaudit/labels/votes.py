"""The views that analyses of single- and multi-choice labels ask for: integer codes, no strings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.labels.validation import find_owners

if TYPE_CHECKING:
    from annoaudit.labels.labelset import LabelSet

__all__ = ["Selections", "Votes", "select_selections", "select_votes"]

Ints = npt.NDArray[np.int64]
COUNTED = ("submitted", "accepted")
VOTERS = ("person", "model")


@dataclass(frozen=True, eq=False)
class Votes:
    """One question's single-choice labels: who said what about which item, once each.

    N items, A annotators, K classes, L votes. ``item``, ``annotator`` and ``label`` are codes into
    ``item_ids``, ``annotator_ids`` and ``classes``. Items include those nobody labelled. Where an
    annotator answered an item more than once, ``round`` counts from 0 and only round 0 is here;
    ``later`` holds the other rounds.
    """

    question: str
    item_ids: pa.Array
    annotator_ids: pa.Array
    classes: tuple[str, ...]
    item: Ints
    annotator: Ints
    label: Ints
    row: Ints
    round: Ints
    later: Votes | None = None

    @property
    def n_items(self) -> int:
        """N, the number of items, labelled or not."""
        return len(self.item_ids)

    @property
    def n_annotators(self) -> int:
        """A, the number of annotators."""
        return len(self.annotator_ids)

    @property
    def n_classes(self) -> int:
        """K, the number of classes."""
        return len(self.classes)

    def __len__(self) -> int:
        return len(self.item)

    @cached_property
    def counts(self) -> Ints:
        """(N, K) votes for each class on each item."""
        flat = np.bincount(self.item * self.n_classes + self.label, minlength=self.n_items * self.n_classes)
        return flat.reshape(self.n_items, self.n_classes)

    @cached_property
    def redundancy(self) -> float:
        """Mean number of votes on an item that has any; NaN without votes."""
        per_item = np.bincount(self.item, minlength=self.n_items)
        return float(per_item[per_item > 0].mean()) if len(self) else float("nan")


@dataclass(frozen=True, eq=False)
class Selections:
    """One question's multi-choice labels: sets of options, the empty set included.

    S submissions (first round of each annotator and item). ``chosen`` is (S, K) boolean; a row of
    all False says explicitly "none of them".
    """

    question: str
    item_ids: pa.Array
    annotator_ids: pa.Array
    classes: tuple[str, ...]
    item: Ints
    annotator: Ints
    chosen: npt.NDArray[np.bool_]


def select_votes(labels: LabelSet, question: str) -> Votes:
    """Take the votes on a single-choice question out of the canonical tables.

    Drafts, skips, rejected, deleted and superseded annotations, those marked as gold, labels of regions,
    and rows of gold or consensus sources are not votes.
    """
    table = labels.labels
    chosen = pc.and_(pc.equal(table["question"], question), pc.equal(table["kind"], "choice"))
    chosen = pc.and_(chosen, pc.and_(pc.is_valid(table["value"]), pc.is_null(table["parent_label_id"])))
    rows = np.asarray(pc.indices_nonzero(pc.fill_null(chosen, False)), dtype=np.int64)
    owner = _owners(labels)[rows]
    counted = np.append(_counted(labels), False)[owner]
    rows, owner = rows[counted], owner[counted]
    annotator_ids, annotator_of = _voters(labels, owner)
    item_ids = labels.items["item_id"].combine_chunks()
    item = _codes(labels.annotations["item_id"].take(owner), labels.items["item_id"])
    values = table["value"].take(rows)
    classes = _classes(labels, question, values)
    label = _codes(values, pa.chunked_array([pa.array(classes, pa.string())]))
    round_ = _rounds(labels, item, annotator_of, owner)

    def view(keep: npt.NDArray[np.bool_], later: Votes | None) -> Votes:
        return Votes(
            question, item_ids, annotator_ids, classes, item[keep], annotator_of[keep], label[keep],
            rows[keep], round_[keep], later,
        )  # fmt: skip

    first = round_ == 0
    return view(first, None if first.all() else view(~first, None))


def select_selections(labels: LabelSet, question: str) -> Selections:
    """Take the sets chosen for a multi-choice question, explicit empties included."""
    table, annotations = labels.labels, labels.annotations
    rows = np.asarray(
        pc.indices_nonzero(
            pc.fill_null(pc.and_(pc.equal(table["question"], question), pc.is_null(table["parent_label_id"])), False)
        ),
        dtype=np.int64,
    )
    owner_of_row = _owners(labels)[rows]
    counted = _counted(labels)
    owner = np.flatnonzero(counted)
    annotator_ids, annotator = _voters(labels, owner)
    item = _codes(annotations["item_id"].take(owner), labels.items["item_id"])
    first = _rounds(labels, item, annotator, owner) == 0
    owner, item, annotator = owner[first], item[first], annotator[first]
    place = np.full(len(counted) + 1, -1, dtype=np.int64)
    place[owner] = np.arange(len(owner))
    keep = place[owner_of_row] >= 0
    values = table["value"].take(rows)
    classes = _classes(labels, question, values)
    label = _codes(values, pa.chunked_array([pa.array(classes, pa.string())]))
    keep &= label >= 0
    chosen = np.zeros((len(owner), len(classes)), dtype=bool)
    chosen[place[owner_of_row[keep]], label[keep]] = True
    item_ids = labels.items["item_id"].combine_chunks()
    return Selections(question, item_ids, annotator_ids, classes, item, annotator, chosen)


def _owners(labels: LabelSet) -> Ints:
    """(rows of labels,) position of each label's annotation; -1 where it has none."""
    if labels.labels["annotation_id"].equals(labels.annotations["annotation_id"]):
        return np.arange(labels.labels.num_rows)
    owners = find_owners(labels.labels, labels.annotations)
    return np.asarray(pc.fill_null(owners, -1)).astype(np.int64)


def _counted(labels: LabelSet) -> npt.NDArray[np.bool_]:
    annotations = labels.annotations
    status = pc.fill_null(annotations["status"], "submitted")
    counted = pc.and_(pc.is_in(status, value_set=pa.array(COUNTED)), pc.fill_null(annotations["is_latest"], True))
    counted = pc.and_(counted, pc.invert(pc.fill_null(annotations["is_gold"], False)))
    kinds = pc.fill_null(labels.annotators["kind"], "person")
    voters = labels.annotators["annotator_id"].filter(pc.is_in(kinds, value_set=pa.array(VOTERS)))
    return np.asarray(
        pc.and_(counted, pc.is_in(annotations["annotator_id"], value_set=voters.combine_chunks()))
    ).astype(bool)


def _voters(labels: LabelSet, owner: Ints) -> tuple[pa.Array, Ints]:
    all_ids = labels.annotators["annotator_id"]
    code = _codes(labels.annotations["annotator_id"].take(owner), all_ids)
    used, compact = np.unique(code, return_inverse=True)
    return all_ids.combine_chunks().take(pa.array(used)), compact.astype(np.int64)


def _codes(values: pa.ChunkedArray, known: pa.ChunkedArray) -> Ints:
    """Positions of ``values`` in ``known``; -1 where it is not there."""
    found = pc.fill_null(pc.index_in(values, value_set=known.combine_chunks()), -1)
    return np.asarray(found).astype(np.int64)


def _classes(labels: LabelSet, question: str, values: pa.ChunkedArray) -> tuple[str, ...]:
    options = labels.options(question)
    extra = sorted(set(pc.unique(values).drop_null().to_pylist()) - set(options))
    return (*options, *extra)


def _rounds(labels: LabelSet, item: Ints, annotator: Ints, owner: Ints) -> Ints:
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

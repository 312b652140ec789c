"""The views that analyses ask for: who decided what about which thing, as integer codes, no strings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.labels.submissions import (
    codes_of,
    counted_annotations,
    number_rounds,
    owners_of,
    select_submissions,
    voters,
)

if TYPE_CHECKING:
    from annoaudit.labels.labelset import LabelSet

__all__ = ["MEASURED", "NOMINAL", "Parts", "Selections", "Votes", "select_selections", "select_votes"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
NOMINAL = ("choice", "pair")
"""Kinds of question whose answer is one of a few words."""
MEASURED = ("rating", "number")
"""Kinds of question whose answer is a number."""


@dataclass(frozen=True, eq=False)
class Parts:
    """The things that votes are about, where these are parts of items: a stretch of text, a region, an option.

    ``item`` (U,) are codes into the items of the labels; ``names`` are what people may read of each part, and
    together with the item's id the same every night, e.g. "10-20".
    """

    item: Ints
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Votes:
    """What people decided on one question: who said what about which thing, once each.

    N things, A annotators, K classes, L votes. ``item``, ``annotator`` and ``label`` are codes into
    ``item_ids``, ``annotator_ids`` and ``classes``. Things are items, labelled or not, or else ``parts`` of items.
    Where an annotator answered an item more than once, ``round`` counts from 0 and only round 0 is here;
    ``later`` holds the other rounds. ``owner`` are positions in the annotations table, ``row`` in the labels table; -1
    where a vote says that there is nothing, which is no row. ``numbers`` (K,) are the classes as numbers, where the
    answer is one.
    """

    question: str
    item_ids: pa.Array
    annotator_ids: pa.Array
    classes: tuple[str, ...]
    item: Ints
    annotator: Ints
    label: Ints
    row: Ints
    owner: Ints
    round: Ints
    later: Votes | None = None
    kind: str = "choice"
    parts: Parts | None = None
    numbers: Floats | None = None

    @property
    def n_items(self) -> int:
        """N, the number of things, labelled or not."""
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
    def whole(self) -> Ints:
        """(L,) position of each vote's item in the items table, also where the vote is about a part of it."""
        return self.item if self.parts is None else self.parts.item[self.item]

    def spell(self, codes: Ints, things: Ints | None = None) -> npt.NDArray[np.object_]:
        """Return classes as people read them, with the part of the item they are said of; "" for code -1."""
        said = np.array([*self.classes, ""], dtype=object)[codes]
        if self.parts is None or things is None:
            return said
        names = np.array([self.parts.names[one] for one in things.tolist()], dtype=object)
        return np.where(codes >= 0, names + ": " + said, "") if len(said) else said

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
    all False says explicitly "none of them". ``owner`` (S,) are positions in the annotations table, ``row`` (S, K)
    in the labels table; -1 where an option was not chosen.
    """

    question: str
    item_ids: pa.Array
    annotator_ids: pa.Array
    classes: tuple[str, ...]
    item: Ints
    annotator: Ints
    chosen: npt.NDArray[np.bool_]
    owner: Ints
    row: Ints


def select_votes(labels: LabelSet, question: str, kind: str = "choice") -> Votes:
    """Take the votes on a question with one answer an item out of the canonical tables.

    Drafts, skips, rejected, deleted and superseded annotations, those marked as gold, labels of regions,
    and rows of gold or consensus sources are not votes.
    """
    table = labels.labels
    answer = table["value_num" if kind in MEASURED else "value"]
    chosen = pc.and_(pc.equal(table["question"], question), pc.equal(table["kind"], kind))
    chosen = pc.and_(chosen, pc.and_(pc.is_valid(answer), pc.is_null(table["parent_label_id"])))
    if kind in MEASURED:
        chosen = pc.and_(chosen, pc.is_finite(answer))
    rows = np.asarray(pc.indices_nonzero(pc.fill_null(chosen, False)), dtype=np.int64)
    owner = owners_of(labels)[rows]
    counted = np.append(counted_annotations(labels), False)[owner]
    rows, owner = rows[counted], owner[counted]
    annotator_ids, annotator_of = voters(labels, owner)
    item_ids = labels.items["item_id"].combine_chunks()
    item = codes_of(labels.annotations["item_id"].take(owner), labels.items["item_id"])
    classes, label, numbers = _code_answers(labels, question, answer.take(rows), kind)
    round_ = number_rounds(labels, item, annotator_of, owner)

    def view(keep: npt.NDArray[np.bool_], later: Votes | None) -> Votes:
        return Votes(
            question, item_ids, annotator_ids, classes, item[keep], annotator_of[keep], label[keep],
            rows[keep], owner[keep], round_[keep], later, kind, None, numbers,
        )  # fmt: skip

    first = round_ == 0
    return view(first, None if first.all() else view(~first, None))


def select_selections(labels: LabelSet, question: str) -> Selections:
    """Take the sets chosen for a multi-choice question, explicit empties included."""
    table, given = labels.labels, select_submissions(labels)
    asked = pc.and_(pc.equal(table["question"], question), pc.is_null(table["parent_label_id"]))
    rows = np.asarray(pc.indices_nonzero(pc.fill_null(asked, False)), dtype=np.int64)
    place = given.of_rows(owners_of(labels)[rows])
    classes, label, _ = _code_answers(labels, question, table["value"].take(rows), "multichoice")
    keep = (place >= 0) & (label >= 0)
    row = np.full((len(given), len(classes)), -1, dtype=np.int64)
    row[place[keep], label[keep]] = rows[keep]
    return Selections(
        question, given.item_ids, given.annotator_ids, classes, given.item, given.annotator, row >= 0, given.owner, row
    )


def _code_answers(
    labels: LabelSet, question: str, values: pa.ChunkedArray, kind: str
) -> tuple[tuple[str, ...], Ints, Floats | None]:
    """Return the classes of a question, the code of each answer, and the classes as numbers where they are."""
    if kind in MEASURED:
        numbers, label = np.unique(values.to_numpy().astype(np.float64), return_inverse=True)
        return tuple(_spell(one) for one in numbers.tolist()), label.astype(np.int64), numbers
    options = labels.options(question)
    extra = sorted(set(pc.unique(values).drop_null().to_pylist()) - set(options))
    classes = (*options, *extra)
    return classes, codes_of(values, pa.chunked_array([pa.array(classes, pa.string())])), None


def _spell(number: float) -> str:
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)

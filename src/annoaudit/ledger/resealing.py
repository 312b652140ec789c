"""Sealing labels of which most are as they were: leaves of records that did not change are taken over.

A leaf is a hash of a record's key and text. Where every value that the text is made of is the same in both snapshots,
so is the leaf. What is taken over must have been verified: the list of leaves against the root in its head, and the
snapshot against the hashes there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.ledger.records import ANNOTATION_COLUMNS, canonical_records, pseudonyms_of, record_rows
from annoaudit.ledger.sealing import Seal, seal
from annoaudit.ledger.snapshots import Tables

if TYPE_CHECKING:
    from annoaudit.labels import LabelSet

__all__ = ["reseal_labels"]

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

KINDS = {"annotation": ("annotations", "annotation_id"), "item": ("items", "item_id")}


def reseal_labels(labels: LabelSet | Tables, salt_key: bytes, before: LabelSet | Tables, sealed: Seal) -> Seal:
    """Return what ``seal_labels(labels, salt_key)`` does, hashing only records that are not as they were.

    Parameters
    ----------
    before, sealed
        An earlier snapshot, and its seal made with the same key.
    """
    same = {"annotation": _same_annotations(labels, before), "item": _same_items(labels, before)}
    fresh = seal(canonical_records(_changed_part(labels, same), pseudonyms_of(labels)), salt_key)
    made = dict(zip(fresh.keys, fresh.leaves, strict=True))
    known = dict(zip(sealed.keys, sealed.leaves, strict=True))
    keys: list[str] = []
    leaves: list[bytes] = []
    for kind, (table, column) in KINDS.items():
        ids = getattr(labels, table)[column].combine_chunks()
        order = pc.sort_indices(ids)
        names = pc.binary_join_element_wise(f"{kind}/", ids.take(order), "").to_pylist()
        kept = same[kind][np.asarray(order)].tolist()
        keys += names
        leaves += [known[name] if keep else made[name] for name, keep in zip(names, kept, strict=True)]
    asked = [name for name in fresh.keys if name.startswith("question/")]
    return Seal([*keys, *asked], [*leaves, *(made[name] for name in asked)], record_rows(labels))


def _changed_part(labels: LabelSet | Tables, same: dict[str, Bools]) -> Tables:
    """The rows that have to be hashed anew; questions are few."""
    annotations = labels.annotations.filter(pa.array(~same["annotation"]))
    owned = pc.is_in(labels.labels["annotation_id"], value_set=annotations["annotation_id"].combine_chunks())
    return Tables(
        items=labels.items.filter(pa.array(~same["item"])),
        annotators=labels.annotators,
        questions=labels.questions,
        annotations=annotations,
        labels=labels.labels.filter(owned),
    )


def _same_items(now: LabelSet | Tables, before: LabelSet | Tables) -> Bools:
    return _same_rows(now.items, before.items, "item_id", now.items.column_names)


def _same_annotations(now: LabelSet | Tables, before: LabelSet | Tables) -> Bools:
    """(rows of annotations,) whether row, people's pseudonyms and all labels are as they were."""
    people, known = pseudonyms_of(now), pseudonyms_of(before)
    if any(known.get(who, shown) != shown for who, shown in people.items()):
        return np.zeros(now.annotations.num_rows, dtype=bool)
    same = _same_rows(now.annotations, before.annotations, "annotation_id", ("annotation_id", *ANNOTATION_COLUMNS))
    changed = ~_same_rows(now.labels, before.labels, "label_id", now.labels.column_names)
    owners = [_owners(now, side.labels) for side in (now, before)]
    same[owners[0][changed & (owners[0] >= 0)]] = False
    counts = [np.bincount(one[one >= 0], minlength=len(same)) for one in owners]
    return np.asarray(same & (counts[0] == counts[1]))


def _owners(now: LabelSet | Tables, labels: pa.Table) -> Ints:
    """Row of the annotation that each label belongs to; -1 where it is not there."""
    ids = now.annotations["annotation_id"].combine_chunks()
    found = pc.index_in(labels["annotation_id"], value_set=ids)
    return np.asarray(pc.fill_null(found, -1), dtype=np.int64)


def _same_rows(now: pa.Table, before: pa.Table, key: str, columns: tuple[str, ...] | list[str]) -> Bools:
    """(rows of now,) whether a row with the same key was there, with the same values in these columns."""
    known = before[key].combine_chunks()
    place = pc.index_in(now[key].combine_chunks(), value_set=known)
    same = np.asarray(pc.is_valid(place))
    rows = pc.fill_null(place, 0)
    in_place = now[key].equals(before[key])
    if not same.any():
        return same
    for name in columns:
        one, other = now[name], before[name]
        if one.null_count == len(one) and other.null_count == len(other):
            continue
        if pa.types.is_nested(one.type):
            if not (in_place and one.equals(other)):  # seldom, and Arrow compares no lists one by one
                same &= np.asarray(pc.is_null(one)) & np.asarray(pc.is_null(other.combine_chunks().take(rows)))
            continue
        moved = other if in_place else other.combine_chunks().take(rows)
        if pa.types.is_floating(one.type):
            one, moved = _bits(one), _bits(moved)
        equal = pc.fill_null(pc.equal(one, moved), False)
        same &= np.asarray(pc.or_(equal, pc.and_(pc.is_null(one), pc.is_null(moved))))
    return same


def _bits(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Numbers as their bits: 0 and -0 are equal, but not written alike."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return whole.view(pa.int64())

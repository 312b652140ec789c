"""Detail of submissions that two people would hardly come to alike: exact geometry, odd offsets, texts and times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.labels import LabelSet

__all__ = ["DETAILS", "Details", "gather_details"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

DETAILS: Mapping[str, str] = {
    "boxes": "a box equal to stored precision",
    "spans": "a span equal to the character, with an odd end",
    "texts": "the same free text",
    "lead_times": "measured times equal to the millisecond",
    "gaps": "equal gaps since the submission before",
}
"""Kinds of detail, as they are told."""

_COUNTED = pa.array(["submitted", "accepted"])
_SHORTEST_TEXT = 20


@dataclass(frozen=True, eq=False)
class Details:
    """One kind of detail.

    Parameters
    ----------
    item, annotator
        (D,) item codes, and positions in the annotator ids that were asked for.
    value
        (D,) codes of what is compared.
    told
        What each value code says, as text.
    """

    item: Ints
    annotator: Ints
    value: Ints
    told: pa.Array


def gather_details(labels: LabelSet, annotator_ids: pa.Array) -> dict[str, Details]:
    """Gather the detail that people made by hand, by kind; kinds without any are left out.

    Left out are models, gold and consensus; drafts and replaced annotations; regions that a prediction or another
    annotation brought along; times that were not measured; texts and boxes that occur on several items (templates,
    whole images, boxes dropped by a click); and spans that begin and end where words do.

    Parameters
    ----------
    labels
        The canonical tables.
    annotator_ids
        Whose detail is wanted.
    """
    kinds = pc.fill_null(labels.annotators["kind"], "person")
    people = labels.annotators["annotator_id"].filter(pc.equal(kinds, "person"))
    annotations = _mark(labels.annotations, labels, annotator_ids, people.combine_chunks())
    regions = _mark(_made_by_hand(labels), labels, annotator_ids, people.combine_chunks())
    found = {
        "boxes": _boxes(regions),
        "spans": _spans(regions, labels),
        "texts": _texts(regions),
        "lead_times": _lead_times(annotations),
        "gaps": _gaps(annotations),
    }
    return {name: one for name, one in found.items() if len(one.item)}


def _mark(table: pa.Table, labels: LabelSet, annotator_ids: pa.Array, people: pa.Array) -> pa.Table:
    """Rows of people asked for, with their codes in ``item`` and ``who``."""
    item = pc.index_in(table["item_id"], value_set=labels.items["item_id"].combine_chunks())
    who = pc.index_in(table["annotator_id"], value_set=annotator_ids)
    known = pc.and_(pc.is_valid(who), pc.is_in(table["annotator_id"], value_set=people))
    if "status" in table.column_names:
        known = pc.and_(known, _counts(table))
    return table.append_column("item", item).append_column("who", who).filter(known)


def _counts(annotations: pa.Table) -> pa.ChunkedArray:
    status = pc.is_in(pc.fill_null(annotations["status"], "submitted"), value_set=_COUNTED)
    counted = pc.and_(status, pc.fill_null(annotations["is_latest"], True))
    return pc.and_(counted, pc.invert(pc.fill_null(annotations["is_gold"], False)))


def _made_by_hand(labels: LabelSet) -> pa.Table:
    """Regions and texts of annotations that count, less what a prediction or another annotation brought along."""
    regions = labels.labels.filter(
        pc.is_in(labels.labels["kind"], value_set=pa.array(["bbox", "rbox", "span", "text"]))
    )
    owners = labels.annotations.filter(_counts(labels.annotations))
    place = pc.index_in(regions["annotation_id"], value_set=owners["annotation_id"].combine_chunks())
    copied = pc.is_valid(owners["parent_id"].take(place))
    seen = pc.or_(pc.is_valid(owners["prediction_id"].take(place)), pc.is_valid(regions["prediction_id"]))
    by_hand = pc.fill_null(pc.equal(regions["origin"], "manual"), pc.invert(seen))
    return regions.filter(pc.and_(pc.is_valid(place), pc.and_(by_hand, pc.invert(copied))))


def _details(table: pa.Table, told: pa.Array | pa.ChunkedArray, *, of_one_item: bool = False) -> Details:
    encoded = pc.dictionary_encode(told.combine_chunks() if isinstance(told, pa.ChunkedArray) else told)
    value = np.asarray(encoded.indices, dtype=np.int64)
    item, who = (np.asarray(table[name], dtype=np.int64) for name in ("item", "who"))
    if of_one_item:
        pairs = np.unique(np.stack([value, item]), axis=1)
        kept = np.bincount(pairs[0], minlength=len(encoded.dictionary))[value] == 1
        item, who, value = item[kept], who[kept], value[kept]
    return Details(item, who, value, encoded.dictionary)


def _boxes(regions: pa.Table) -> Details:
    boxes = regions.filter(pc.is_in(regions["kind"], value_set=pa.array(["bbox", "rbox"])))
    names = ("x", "y", "w", "h", "rotation", "frame")
    parts = [pc.fill_null(boxes[name].cast(pa.string()), "") for name in names]
    return _details(boxes, pc.binary_join_element_wise(*parts, " "), of_one_item=True)


def _spans(regions: pa.Table, labels: LabelSet) -> Details:
    spans = regions.filter(pc.and_(pc.equal(regions["kind"], "span"), pc.is_valid(regions["quote"])))
    texts = labels.items["text"].take(spans["item"]).to_pylist()
    columns = (spans[name].to_pylist() for name in ("start", "end", "quote"))
    odd = [_has_odd_end(*one) for one in zip(texts, *columns, strict=True)]
    spans = spans.filter(pa.array(odd, pa.bool_()))
    parts = [pc.fill_null(spans[name].cast(pa.string()), "") for name in ("start", "end", "quote")]
    return _details(spans, pc.binary_join_element_wise(*parts, " "))


def _has_odd_end(text: str | None, start: float | None, end: float | None, quote: str) -> bool:
    """Whether a span takes white space along or cuts a word."""
    if quote != quote.strip():
        return True
    if not quote or text is None or start is None or end is None:
        return False
    first, last = int(start), int(end)
    cut_before = 0 < first <= len(text) and text[first - 1].isalnum() and quote[0].isalnum()
    cut_after = 0 <= last < len(text) and text[last].isalnum() and quote[-1].isalnum()
    return cut_before or cut_after


def _texts(regions: pa.Table) -> Details:
    texts = regions.filter(pc.equal(regions["kind"], "text"))
    given = pc.coalesce(texts["value_text"], texts["value"])
    plain = pc.utf8_trim_whitespace(pc.replace_substring_regex(pc.utf8_lower(pc.fill_null(given, "")), r"\s+", " "))
    long = pc.greater_equal(pc.utf8_length(plain), _SHORTEST_TEXT)
    return _details(texts.filter(long), plain.filter(long), of_one_item=True)


def _lead_times(annotations: pa.Table) -> Details:
    seconds = annotations["lead_time_s"]
    usable = pc.and_(
        pc.equal(annotations["time_kind"], "measured"), pc.and_(pc.is_finite(seconds), pc.greater(seconds, 0))
    )
    measured = annotations.filter(pc.fill_null(usable, False))
    milliseconds = np.rint(np.asarray(measured["lead_time_s"]) * 1000).astype(np.int64)
    return _details(measured, _tell(milliseconds, "ms"))


def _gaps(annotations: pa.Table) -> Details:
    timed = annotations.filter(pc.is_valid(annotations["created_at"]))
    at = np.asarray(timed["created_at"].cast(pa.int64()), dtype=np.int64)
    order = np.lexsort((at, np.asarray(timed["who"], dtype=np.int64)))
    timed, at = timed.take(pa.array(order)), at[order]
    who = np.asarray(timed["who"], dtype=np.int64)
    gap = np.diff(at, prepend=at[:1])
    real = (gap > 0) & np.r_[False, who[1:] == who[:-1]][: len(gap)]
    return _details(timed.filter(pa.array(real)), _tell(gap[real], "µs"))


def _tell(numbers: Ints, unit: str) -> pa.Array:
    return pc.binary_join_element_wise(pa.array(numbers).cast(pa.string()), unit, " ")

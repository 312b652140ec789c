"""Gold labels that the labels themselves carry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from annoaudit.labels import LabelSet, Votes

__all__ = ["marked_gold"]

Ints = npt.NDArray[np.int64]


def marked_gold(labels: LabelSet, votes: Votes) -> Ints:
    """Gold codes from labels whose annotation is marked as gold, or whose annotator is a gold source."""
    codes = np.full(votes.n_items, -1, dtype=np.int64)
    annotations, annotators, table = labels.annotations, labels.annotators, labels.labels
    sources = annotators["annotator_id"].filter(
        pc.fill_null(pc.is_in(annotators["kind"], value_set=pa.array(["gold"])), False)
    )
    marked = pc.or_(
        pc.fill_null(annotations["is_gold"], False),
        pc.is_in(annotations["annotator_id"], value_set=sources.combine_chunks()),
    )
    gold_ids = annotations["annotation_id"].filter(marked).combine_chunks()
    if not len(gold_ids):
        return codes
    rows = table.filter(
        pc.and_(pc.equal(table["question"], votes.question), pc.is_in(table["annotation_id"], value_set=gold_ids))
    )
    item = pc.index_in(rows["item_id"], value_set=votes.item_ids)
    code = pc.fill_null(pc.index_in(rows["value"], value_set=pa.array(votes.classes, pa.string())), -1)
    codes[np.asarray(item)] = np.asarray(code)
    return codes

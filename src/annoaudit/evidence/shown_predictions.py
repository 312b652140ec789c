"""Which class a prediction showed to an annotator who then labelled the item."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.labels import LabelSet, Votes

__all__ = ["find_shown"]

Ints = npt.NDArray[np.int64]


def find_shown(labels: LabelSet, votes: Votes) -> Ints:
    """Return (L,) the class shown to the annotator of each vote; -1 where none is known to have been.

    A vote's prediction is named by its own label or by its annotation. A label taken from a prediction unchanged
    (``origin`` "prediction") shows its own class.

    Parameters
    ----------
    labels
        The canonical tables.
    votes
        Votes on one question of theirs.
    """
    rows = labels.labels.select(["annotation_id", "prediction_id", "origin"]).take(pa.array(votes.row))
    place = pc.index_in(rows["annotation_id"], value_set=labels.annotations["annotation_id"].combine_chunks())
    named = pc.coalesce(rows["prediction_id"], labels.annotations["prediction_id"].take(place))
    known, code = _predicted(labels, votes)
    at = np.asarray(pc.fill_null(pc.index_in(named, value_set=known), -1), dtype=np.int64)
    shown = np.append(code, -1)[at]
    taken = np.asarray(pc.fill_null(pc.equal(rows["origin"], "prediction"), False), dtype=bool)
    return np.where((shown < 0) & taken, votes.label, shown)


def _predicted(labels: LabelSet, votes: Votes) -> tuple[pa.Array, Ints]:
    """Ids of the predictions on this question, and the class code of each."""
    classes = pa.array(votes.classes, pa.string())
    table = labels.labels
    mine = pc.and_(pc.equal(table["question"], votes.question), pc.is_null(table["annotation_id"]))
    rows = table.filter(pc.fill_null(pc.and_(mine, pc.is_valid(table["prediction_id"])), False))
    ids, values = rows["prediction_id"].to_pylist(), rows["value"].to_pylist()
    given = labels.predictions.filter(pc.fill_null(pc.equal(labels.predictions["question"], votes.question), True))
    ids += given["prediction_id"].to_pylist()
    values += [_most_probable(one) for one in given["probabilities"].to_pylist()]
    code = np.asarray(pc.fill_null(pc.index_in(pa.array(values, pa.string()), value_set=classes), -1), dtype=np.int64)
    kept = np.flatnonzero(code >= 0)
    return pa.array(ids, pa.string()).take(pa.array(kept)), code[kept]


def _most_probable(probabilities: list[tuple[str, float]] | None) -> str | None:
    return max(probabilities, key=lambda one: one[1])[0] if probabilities else None

"""When labels were made and how long they took, one value a vote."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.errors import Unavailable
from annoaudit.labels import LabelSet, Votes

__all__ = ["read_lead_times", "read_submission_times"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def read_submission_times(labels: LabelSet, votes: Votes) -> Ints:
    """Return (L,) milliseconds since 1970 (UTC); unavailable unless all votes have a time and these differ."""
    at, known = _of_annotations(labels, votes, "created_at")
    if not known.any():
        raise Unavailable("the labels have no submission times", hint="Map a column with created_at=.")
    if not known.all():
        raise Unavailable(f"{int((~known).sum()):,} labels have no submission time")
    if len(np.unique(at)) < 2:
        raise Unavailable("all labels have the same submission time", hint="An import may have stamped them.")
    return np.asarray(at, dtype=np.int64)


def read_lead_times(labels: LabelSet, votes: Votes) -> Floats:
    """Return (L,) seconds that each vote took, NaN where not measured."""
    values, known = _of_annotations(labels, votes, "lead_time_s")
    usable = known & np.isfinite(values) & (values > 0)
    if not usable.any():
        raise Unavailable("the labels have no lead times", hint="Map a column with seconds=.")
    return np.where(usable, values, np.nan)


def _of_annotations(labels: LabelSet, votes: Votes, column: str) -> tuple[Any, npt.NDArray[np.bool_]]:
    """Values of the annotation of each vote (times as milliseconds), and where they are known."""
    values = labels.annotations[column].take(pa.array(votes.owner))
    if pa.types.is_timestamp(values.type):
        values = values.cast(pa.timestamp("ms", tz="UTC"), safe=False).cast(pa.int64())
    known = np.asarray(pc.is_valid(values))
    return np.asarray(pc.fill_null(values, 0)), known

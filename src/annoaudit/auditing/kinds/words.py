"""Questions whose answer is one of a few words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.auditing.kinds.page import KindPage
from annoaudit.statistics.clustered import clustered_interval

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.evidence import Evidence
    from annoaudit.statistics.agreement import Coefficient

__all__ = ["WORDS_PAGE", "compare_groups"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def compare_groups(names: Sequence[str], group: Ints, apart: Floats, item: Ints) -> pd.DataFrame:
    """Return one row a group of votes: how often they lie apart from the others', with an interval over items.

    Parameters
    ----------
    names
        Of the groups.
    group
        (L,) group of each vote.
    apart
        (L,) how far each vote lies from the others'; NaN where it cannot be told.
    item
        (L,) the item of each vote: votes on one item vary together.
    """
    import pandas as pd

    rows = []
    known = np.isfinite(apart)
    for k, name in enumerate(names):
        mine = group == k
        judged = mine & known
        share, low, high = clustered_interval(apart[judged], item[judged])
        rows.append((name, int(mine.sum()), float(apart[judged].sum()), share, low, high))
    table = pd.DataFrame(rows, columns=["label", "n_labels", "n_disagree", "disagreement", "low", "high"])
    return table.sort_values("disagreement", ascending=False, kind="stable", ignore_index=True)


def _agree(evidence: Evidence) -> Sequence[Coefficient]:
    from annoaudit.statistics.agreement import measure_agreement

    votes = evidence.votes
    # The order of stated options is that of the scale; further classes have no place in it.
    known = votes.classes == evidence.labels.options(votes.question)
    values = np.arange(votes.n_classes) if known and _is_ordered(evidence) else None
    return measure_agreement(
        votes.item, votes.annotator, votes.label, votes.n_classes, values=values, seed=evidence.seed
    )


def _is_ordered(evidence: Evidence) -> bool:
    asked = evidence.labels.questions
    return any(
        row["ordered"]
        for row in asked.select(["question", "ordered"]).to_pylist()
        if row["question"] == evidence.question
    )


def _by_class(evidence: Evidence, apart: Floats) -> pd.DataFrame:
    votes = evidence.votes
    return compare_groups(votes.classes, votes.label, apart, votes.whole)


WORDS_PAGE = KindPage(_agree, _by_class)

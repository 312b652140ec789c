"""The shape of what a kind adds to a report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.auditing.disagreement import against_others

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.evidence import Evidence
    from annoaudit.reporting.record import NamedTable
    from annoaudit.reporting.views import View
    from annoaudit.statistics.agreement import Coefficient

    Names = npt.NDArray[np.object_]

__all__ = ["KindPage", "apart_by_votes", "no_tables", "no_view"]


def no_tables(evidence: Evidence, who: Names) -> tuple[NamedTable, ...]:
    """Return no tables of its own."""
    return ()


def no_view(evidence: Evidence, at: int) -> View | None:
    """Return no view: the words say it all."""
    return None


def apart_by_votes(evidence: Evidence) -> npt.NDArray[np.float64]:
    """Return whether each vote differs from what most others say of the same thing."""
    return against_others(evidence.votes)


@dataclass(frozen=True)
class KindPage:
    """What a report says of a question of one kind.

    Parameters
    ----------
    agreement
        Coefficients with intervals, from the evidence.
    by_class
        One row a class, with the columns of :attr:`annoaudit.reporting.record.QuestionRecord.by_class`; called with the
        evidence and (L,) how far each vote lies from the others'.
    tables
        Tables that only this kind has; called with the evidence and the annotators' names as they may be shown.
    view
        How the vote at a position is shown; None where words say it all.
    apart
        (L,) how far each vote lies from the others', in [0, 1]; by default whether it differs from most.
    pairwise
        Agreement of each two annotators, with the columns of
        :attr:`annoaudit.reporting.record.QuestionRecord.pairwise`; None counts equal votes.
    """

    agreement: Callable[[Evidence], Sequence[Coefficient]]
    by_class: Callable[[Evidence, npt.NDArray[np.float64]], pd.DataFrame]
    tables: Callable[[Evidence, Names], tuple[NamedTable, ...]] = no_tables
    view: Callable[[Evidence, int], View | None] = no_view
    apart: Callable[[Evidence], npt.NDArray[np.float64]] = apart_by_votes
    pairwise: Callable[[Evidence, Names], pd.DataFrame] | None = None

"""Multiple choice: how far sets of options agree, option by option and as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.auditing.kinds.page import KindPage
from annoaudit.auditing.kinds.words import compare_groups
from annoaudit.reporting.record import NamedTable
from annoaudit.reporting.views.checklist import Checklist, Tick
from annoaudit.statistics.set_agreement import measure_set_agreement

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.evidence import Evidence
    from annoaudit.statistics.agreement import Coefficient

__all__ = ["OPTIONS_PAGE"]

Floats = npt.NDArray[np.float64]

MOST_OPTIONS = 30


def _agree(evidence: Evidence) -> Sequence[Coefficient]:
    chosen = evidence.selections
    return measure_set_agreement(chosen.item, chosen.annotator, chosen.chosen, seed=evidence.seed)


def _by_class(evidence: Evidence, apart: Floats) -> pd.DataFrame:
    """Compare answers option by option, yes and no together."""
    votes = evidence.votes
    assert votes.parts is not None
    names, code = np.unique(np.array(votes.parts.names, dtype=object), return_inverse=True)
    return compare_groups([str(one) for one in names], code[votes.item], apart, votes.whole)


def _tables(evidence: Evidence, who: npt.NDArray[np.object_]) -> tuple[NamedTable, ...]:
    """Return agreement on each of the options chosen most often."""
    import pandas as pd

    from annoaudit.statistics.agreement import Votes, krippendorff_alpha

    chosen = evidence.selections
    often = np.argsort(-chosen.chosen.sum(axis=0), kind="stable")[:MOST_OPTIONS]
    rows = []
    for k in often:
        alpha = krippendorff_alpha(Votes.of(chosen.item, chosen.annotator, chosen.chosen[:, k].astype(np.int64), 2))
        n_chosen = int(chosen.chosen[:, k].sum())
        rows.append((chosen.classes[k], n_chosen, n_chosen / len(chosen.item), alpha.value, alpha.low, alpha.high))
    frame = pd.DataFrame(rows, columns=["option", "n_chosen", "share_chosen", "alpha", "low", "high"])
    note = f"Krippendorff's alpha of yes and no, with 95 % intervals; the {len(frame)} options chosen most often."
    return (NamedTable("Agreement on each option", note, frame),)


def _view(evidence: Evidence, at: int) -> Checklist:
    votes = evidence.votes
    chosen = evidence.selections
    on = np.flatnonzero(chosen.item == votes.whole[at])
    mine = chosen.annotator[on] == votes.annotator[at]
    others = chosen.chosen[on][~mine].sum(axis=0)
    own = chosen.chosen[on][mine].any(axis=0)
    assert votes.parts is not None
    asked = votes.parts.names[int(votes.item[at])]
    shown = np.flatnonzero((others > 0) | own | (np.array(chosen.classes, dtype=object) == asked))
    ticks = tuple(
        Tick(chosen.classes[k], bool(own[k]), int(others[k]), chosen.classes[k] == asked) for k in shown.tolist()
    )
    return Checklist(ticks, int((~mine).sum()))


OPTIONS_PAGE = KindPage(_agree, _by_class, _tables, _view)

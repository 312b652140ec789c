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
from annoaudit.statistics.intervals import exact_interval
from annoaudit.statistics.set_agreement import measure_set_agreement

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.evidence import Evidence
    from annoaudit.statistics.agreement import Coefficient

__all__ = ["OPTIONS_PAGE"]

Floats = npt.NDArray[np.float64]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MOST_OPTIONS = 30
MOST_ROWS = 60
YES = 1


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
    tables = (_agreement_on_options(evidence), _habits(evidence, who))
    return tuple(one for one in tables if len(one.frame))


def _agreement_on_options(evidence: Evidence) -> NamedTable:
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
    return NamedTable("Agreement on each option", note, frame)


def _habits(evidence: Evidence, who: npt.NDArray[np.object_]) -> NamedTable:
    """Return what each annotator leaves out and adds of each option, the farthest from the team first."""
    import pandas as pd

    votes = evidence.votes
    assert votes.parts is not None
    names, code = np.unique(np.array(votes.parts.names, dtype=object), return_inverse=True)
    yes = votes.label == YES
    others = np.bincount(votes.item, minlength=votes.n_items)[votes.item] - 1
    share = np.where(others > 0, (votes.counts[votes.item, YES] - yes) / np.maximum(others, 1), np.nan)
    cell = votes.annotator * len(names) + code[votes.item]
    shape = (votes.n_annotators, len(names))
    missed, added = (_share_of(cell, kept, event, shape) for kept, event in ((share > 0.5, ~yes), (share < 0.5, yes)))
    far = np.fmax(missed[4], added[4])
    order = np.argsort(-np.nan_to_num(far, nan=-np.inf), axis=None, kind="stable")[:MOST_ROWS]
    order = order[np.isfinite(far.ravel()[order])]
    rows = [
        (who[one // len(names)], names[one % len(names)], *(part.flat[one] for part in (*missed[:4], *added[:4])))
        for one in order.tolist()
    ]
    columns = [
        "n_most_chose", "missed_share", "missed_share_low", "missed_share_high",
        "n_few_chose", "added_share", "added_share_low", "added_share_high",
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["annotator", "option", *columns])
    frame = frame.astype({"n_most_chose": int, "n_few_chose": int})
    note = (
        "Missed: not chosen where most of the others chose the option. Added: chosen where fewer than half of them "
        f"did. 95 % intervals over items; the {len(frame)} farthest above the other annotators' share come first."
    )
    return NamedTable("What each annotator leaves out and adds, option by option", note, frame)


def _share_of(cell: Ints, kept: Bools, event: Bools, shape: tuple[int, int]) -> tuple[Floats, ...]:
    """(A, K) how often, the share and its interval, and how far its lower end lies above that of all others."""
    size = shape[0] * shape[1]
    n = np.bincount(cell[kept], minlength=size).reshape(shape)
    k = np.bincount(cell[kept & event], minlength=size).reshape(shape)
    low, high = exact_interval(k, n)
    nothing = n == 0
    rest_n, rest_k = n.sum(axis=0) - n, k.sum(axis=0) - k
    far = np.where(nothing, np.nan, low - rest_k / np.maximum(rest_n, 1))
    value = np.where(nothing, np.nan, k / np.maximum(n, 1))
    return n.astype(np.float64), value, np.where(nothing, np.nan, low), np.where(nothing, np.nan, high), far


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

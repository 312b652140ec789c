"""Rankings: agreement of orders, how each annotator ranks, what was ranked how high, and orders side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.auditing.kinds.page import KindPage
from annoaudit.auditing.kinds.words import compare_groups
from annoaudit.detectors.rankers import mean_by_annotator
from annoaudit.errors import Unavailable
from annoaudit.evidence.kinds.candidates import text_of_thing
from annoaudit.reporting.record import NamedTable
from annoaudit.reporting.views.orders import Column, Orders, Place
from annoaudit.statistics.preferences import fit_strengths
from annoaudit.statistics.rankings import measure_ranking_agreement, rank_distances

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.evidence import Evidence
    from annoaudit.evidence.kinds.rankings import ComparedRankings, JudgedRankings
    from annoaudit.statistics.agreement import Coefficient

__all__ = ["RANKINGS_PAGE"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Names = npt.NDArray[np.object_]

MOST_THINGS = 500
MOST_SHOWN = 60
MOST_FITTED = 200_000
"""Comparisons from which strengths are fitted."""
LEAST_SHARPNESS = 0.05
MOST_OTHERS = 3
MOST_PLACES = 20


def _agree(evidence: Evidence) -> Sequence[Coefficient]:
    given = evidence.compared_rankings
    rankings = given.rankings
    return measure_ranking_agreement(
        rankings.item, rankings.annotator, given.cell, rankings.level, given.compared, rankings.ranking,
        seed=evidence.seed,
    )  # fmt: skip


def _apart(evidence: Evidence) -> Floats:
    """(S,) mean Kemeny distance from the other rankings on the item."""
    given = evidence.compared_rankings
    return rank_distances(given.rankings.item, given.compared)


def _by_class(evidence: Evidence, apart: Floats) -> pd.DataFrame:
    """Compare rankings by how many things they hold."""
    rankings = evidence.compared_rankings.rankings
    n, code = np.unique(np.diff(rankings.start), return_inverse=True)
    return compare_groups([f"{one} things" for one in n.tolist()], code.astype(np.int64), apart, rankings.item)


def _judged(evidence: Evidence) -> JudgedRankings | None:
    try:
        return evidence.rankings
    except Unavailable:
        return None


def _tables(evidence: Evidence, who: Names) -> tuple[NamedTable, ...]:
    judged = _judged(evidence)
    people = (_how_each_ranks(judged, who),) if judged is not None else ()
    return (*people, *_strengths(evidence.compared_rankings))


def _how_each_ranks(judged: JudgedRankings, who: Names) -> NamedTable:
    """Agreement with the others, sharpness and random orders of each annotator."""
    import pandas as pd

    model, rankings = judged.model, judged.given.rankings
    mean, se = mean_by_annotator(model.agreement, rankings.annotator, len(who))
    sharp, sharp_se = model.sharpness, model.sharpness_se
    frame = pd.DataFrame(
        {
            "annotator": who,
            "n_rankings": np.bincount(rankings.annotator, minlength=len(who)),
            "tau_with_others": mean,
            "tau_low": np.maximum(mean - 1.96 * se, -1.0),
            "tau_high": np.minimum(mean + 1.96 * se, 1.0),
            "sharpness": sharp,
            "sharpness_low": sharp - 1.96 * sharp_se,
            "sharpness_high": sharp + 1.96 * sharp_se,
            "temperature": np.where(sharp > LEAST_SHARPNESS, 1 / np.maximum(sharp, LEAST_SHARPNESS), np.nan),
            "random_share": model.stray_rate,
        }
    ).sort_values("tau_with_others", kind="stable", ignore_index=True)
    note = (
        "Mean tau of an annotator's rankings with what the others believe (1 the same, 0 at random, -1 reversed); how "
        "sharply they follow it (1 like the team, 0 not at all, below 0 against it; its inverse is the temperature); "
        "and the share of their rankings that look drawn at random. Intervals are 95 %, over items."
    )
    return NamedTable("How each annotator ranks", note, frame)


def _strengths(given: ComparedRankings) -> Iterator[NamedTable]:
    """Bradley-Terry strengths of things that come back, from the comparisons inside rankings."""
    import pandas as pd

    rankings, compared = given.rankings, given.compared
    if not given.come_back or len(rankings.things) > MOST_THINGS or not len(compared):
        return
    order, start = given.by_ranking
    whole = max(int(np.searchsorted(start, MOST_FITTED, side="right")) - 1, 1)
    some = order[: int(start[whole])]
    ranking = compared.ranking[some]
    first, second = (rankings.thing[side[some]] for side in (compared.first, compared.second))
    item, annotator = rankings.item[ranking], rankings.annotator[ranking]
    won = (compared.sign[some] + 1) / 2
    found = fit_strengths(first, second, won, annotator, item, len(rankings.things), len(rankings.annotator_ids))
    n = np.bincount(np.r_[first, second], minlength=len(rankings.things))
    frame = pd.DataFrame({"ranked": given.short_names, "n_comparisons": n, "strength": found.strength})
    frame["low"], frame["high"] = (found.strength + sign * 1.96 * found.strength_se for sign in (-1, 1))
    frame = frame[n > 0].sort_values("strength", ascending=False, kind="stable", ignore_index=True)
    part = "" if len(some) == len(compared) else f" From {len(np.unique(ranking)):,} of {len(rankings):,} rankings."
    note = (
        "Bradley-Terry, from the comparisons inside rankings: log odds of standing above an average thing, with 95 % "
        f"intervals over items.{part}"
    )
    yield NamedTable("Strength of what was ranked", note, frame.head(MOST_SHOWN))


def _view(evidence: Evidence, at: int) -> Orders:
    given, judged = evidence.compared_rankings, _judged(evidence)
    rankings = given.rankings
    item = int(rankings.item[at])
    meta = evidence.labels.items["meta_json"][item].as_py()
    own = rankings.order_of(at)
    agreed = judged.consensus_of(item) if judged is not None else []
    against = _ranks(agreed, {one for group in own for one in group})
    columns = [Column("given", _place(own, given, against, meta), asked=True)]
    if agreed:
        columns.append(Column("consensus", _place(agreed, given)))
    others = np.flatnonzero((rankings.item == item) & (np.arange(len(rankings)) != at))
    for number, one in enumerate(others[:MOST_OTHERS].tolist(), start=1):
        order = rankings.order_of(one)
        ranks = _ranks(agreed, {thing for group in order for thing in group})
        columns.append(Column(f"other {number}", _place(order, given, ranks)))
    left_out = {one for group in agreed for one in group} - {one for group in own for one in group}
    return Orders(tuple(columns), tuple(given.short_names[one] for one in sorted(left_out)))


def _ranks(order: Sequence[Sequence[int]], among: set[int]) -> dict[int, int]:
    """Rank of each thing of an order, from 1, of those that another order holds too; ties share the first."""
    ranks: dict[int, int] = {}
    for group in order:
        rank = len(ranks) + 1
        ranks |= dict.fromkeys((one for one in group if one in among), rank)
    return ranks


def _place(
    order: Sequence[Sequence[int]], given: ComparedRankings, against: dict[int, int] | None = None,
    meta: str | None = None,
) -> tuple[Place, ...]:  # fmt: skip
    """Things at their places; ``against`` are the ranks that they have in the consensus."""
    own = _ranks(order, {one for group in order for one in group})
    shared = _ranks(order, set(against or ()))
    places = [
        Place(
            str(own[one]),
            given.short_names[one],
            text_of_thing(meta, given.rankings.things[one]) if meta else "",
            against[one] - shared[one] if against and one in against else 0,
        )
        for group in order
        for one in group
    ]
    return tuple(places[:MOST_PLACES])


RANKINGS_PAGE = KindPage(_agree, _by_class, _tables, _view, _apart)

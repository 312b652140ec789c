"""Rankings: as comparisons inside their items, against what the others say, and as votes on whole orders.

What is flagged is a ranking as a whole. A person reviews an order by looking at all of its things at once; a single
comparison in it cannot be mended without touching others, and ten findings on the ten comparisons of one ranking would
be ten tasks for one look. The comparisons that go against the others are the evidence, and are named.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.errors import Unavailable
from annoaudit.evidence.kinds.candidates import find_places
from annoaudit.labels import Rankings, Votes, spell_order
from annoaudit.statistics.rankings import (
    Comparisons,
    RankingModel,
    compare_in_pairs,
    count_comparisons,
    fit_rankings,
    kemeny_orders,
)

if TYPE_CHECKING:
    from annoaudit.evidence.evidence import Evidence
    from annoaudit.labels import LabelSet

__all__ = [
    "ComparedRankings",
    "JudgedRankings",
    "compare_rankings",
    "judge_rankings",
    "vote_on_rankings",
]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MOST_COMPARISONS = 30_000_000
FEWEST_RANKINGS = 10
MEETINGS = 3
"""Items in which a thing stands on average, from which things count as coming back."""


@dataclass(frozen=True, eq=False)
class ComparedRankings:
    """Rankings with their things as cells of items, and as comparisons.

    Parameters
    ----------
    rankings
        As they were given.
    cell
        (E,) code of the thing on its item, items in order; C cells.
    first
        (N + 1,) first cell of each item.
    thing_of_cell
        (C,) codes of things.
    compared
        The rankings as comparisons; empty where they would be more than 30 million.
    shown
        (C,) place at which the thing was shown on its item, from 0; -1 where unknown.
    """

    rankings: Rankings
    cell: Ints
    first: Ints
    thing_of_cell: Ints
    compared: Comparisons
    shown: Ints

    @cached_property
    def by_ranking(self) -> tuple[Ints, Ints]:
        """Comparisons sorted by ranking, (P,), and where those of each begin, (S + 1,)."""
        order = np.argsort(self.compared.ranking, kind="stable")
        start = np.searchsorted(self.compared.ranking[order], np.arange(len(self.rankings) + 1))
        return order, start.astype(np.int64)

    def comparisons_of(self, at: int) -> Ints:
        """Return the positions of one ranking's comparisons."""
        order, start = self.by_ranking
        return order[start[at] : start[at + 1]]

    def spell(self, level: Ints) -> list[str]:
        """Return an order of the things of each item in words, given as their places (C,); "" for items without."""
        of = np.repeat(np.arange(len(self.first) - 1), np.diff(self.first))
        return _spell(of, self.thing_of_cell, level, self.short_names, len(self.first) - 1)

    @cached_property
    def short_names(self) -> list[str]:
        """Names of the things as orders spell them."""
        return _short_names(self.rankings.things)

    @property
    def come_back(self) -> bool:
        """Whether the things stand in several items each."""
        return len(self.thing_of_cell) >= MEETINGS * len(self.rankings.things)


@dataclass(frozen=True, eq=False)
class JudgedRankings:
    """Rankings against the others, and the order on which each item's annotators come closest.

    Parameters
    ----------
    given
        The rankings, compared.
    model
        What the others believe, who ranks how, and which rankings look random.
    level
        (C,) place of each thing in the consensus of its item, 0 the best: the order that contradicts the least weight
        of comparisons. Neighbours between which nothing decides are tied.
    n_others
        (S,) other rankings on the item.
    """

    given: ComparedRankings
    model: RankingModel
    level: Ints
    n_others: Ints

    @cached_property
    def spelled(self) -> list[str]:
        """The consensus of each item in words; "" where it has no rankings."""
        return self.given.spell(self.level)

    def consensus_of(self, item: int) -> list[list[int]]:
        """Return the consensus of one item as groups of tied things, the best first."""
        cells = np.arange(self.given.first[item], self.given.first[item + 1])
        level = self.level[cells]
        return [self.given.thing_of_cell[cells[level == one]].tolist() for one in np.unique(level)]


def compare_rankings(labels: LabelSet, rankings: Rankings) -> ComparedRankings:
    """Give things on items codes, compare the rankings in pairs, and find at which place each thing was shown."""
    n_things, n_items = len(rankings.things), len(rankings.item_ids)
    cells, cell = np.unique(rankings.item[rankings.ranking] * max(n_things, 1) + rankings.thing, return_inverse=True)
    item_of, thing_of = np.divmod(cells, max(n_things, 1))
    first = np.searchsorted(item_of, np.arange(n_items + 1)).astype(np.int64)
    few = count_comparisons(rankings.ranking) <= MOST_COMPARISONS
    some = slice(None) if few else slice(0)
    cell = cell.astype(np.int64)
    compared = compare_in_pairs(rankings.ranking[some], cell[some], rankings.level[some])
    shown = find_places(labels, rankings, first, thing_of)
    return ComparedRankings(rankings, cell, first, thing_of, compared, shown)


def judge_rankings(given: ComparedRankings) -> JudgedRankings:
    """Hold each ranking against what the others say of the item, and of its things elsewhere.

    Raises
    ------
    Unavailable
        There are too few rankings or too many comparisons, or nothing to hold them against.
    """
    rankings, compared = given.rankings, given.compared
    if len(rankings) < FEWEST_RANKINGS:
        raise Unavailable(f"fewer than {FEWEST_RANKINGS} rankings")
    if not len(compared):
        many = count_comparisons(rankings.ranking) > MOST_COMPARISONS
        raise Unavailable(
            f"the rankings hold more than {MOST_COMPARISONS:,} comparisons" if many else "no ranking holds two things"
        )
    per_item = np.bincount(rankings.item, minlength=len(rankings.item_ids))
    if not (per_item > 1).any() and not given.come_back:
        raise Unavailable(
            "each item has one ranking, of things that stand in no other item",
            hint="Let a share of the items be ranked twice.",
        )
    thing = rankings.thing if given.come_back else given.cell
    model = fit_rankings(
        rankings.item, rankings.annotator, len(rankings.annotator_ids), rankings.ranking, given.cell, thing, compared
    )
    return JudgedRankings(given, model, _find_consensus(given, model.weight), per_item[rankings.item] - 1)


def vote_on_rankings(evidence: Evidence) -> Votes:
    """Return one vote a ranking; its class is the order in words. Consensus orders are classes too."""
    given = evidence.compared_rankings
    rankings = given.rankings
    said = _spell(rankings.ranking, rankings.thing, rankings.level, given.short_names, len(rankings))
    try:
        agreed = evidence.rankings.spelled
    except Unavailable:
        agreed = []
    classes = tuple(sorted({*said, *agreed} - {""}))
    code = {name: place for place, name in enumerate(classes)}
    n = len(rankings)
    return Votes(
        rankings.question, rankings.item_ids, rankings.annotator_ids, classes, rankings.item, rankings.annotator,
        np.fromiter((code[one] for one in said), np.int64, n), rankings.row, rankings.owner,
        np.zeros(n, dtype=np.int64), kind="ranking",
    )  # fmt: skip


def _find_consensus(given: ComparedRankings, weight: Floats) -> Ints:
    """(C,) place of each thing in the order that contradicts the least weight, items of as many things together."""
    compared, cell = given.compared, given.cell
    n_things = np.diff(given.first)
    item = given.rankings.item[compared.ranking]
    one, other = (cell[at] - given.first[item] for at in (compared.first, compared.second))
    said = np.maximum(weight, 1e-3)[compared.ranking] * compared.sign
    level = np.zeros(len(given.thing_of_cell), dtype=np.int64)
    for k in np.unique(n_things[n_things > 0]).tolist():
        items = np.flatnonzero(n_things == k)
        place = np.full(len(n_things), -1, dtype=np.int64)
        place[items] = np.arange(len(items))
        mine = np.flatnonzero(place[item] >= 0)
        key = (place[item[mine]] * k + one[mine]) * k + other[mine]
        above = np.bincount(key, said[mine], len(items) * k * k).astype(np.float64).reshape(len(items), k, k)
        net = above - above.transpose(0, 2, 1)
        order = kemeny_orders(net)
        rows = np.arange(len(items))[:, None]
        decided = np.abs(net[rows, order[:, :-1], order[:, 1:]]) > 1e-9
        places = np.concatenate([np.zeros((len(items), 1), dtype=np.int64), np.cumsum(decided, axis=1)], axis=1)
        level[(given.first[items][:, None] + order).reshape(-1)] = places.reshape(-1)
    return level


def _short_names(things: Sequence[str]) -> list[str]:
    """Names as orders spell them, cut where they are long; those that are then alike get a mark of the whole."""
    cut = [spell_order([[one]]) for one in things]
    often = Counter(cut)
    return [
        one if often[one] == 1 else f"{one} [{hashlib.sha256(whole.encode()).hexdigest()[:6]}]"
        for one, whole in zip(cut, things, strict=True)
    ]


def _spell(of: Ints, thing: Ints, level: Ints, names: Sequence[str], n: int) -> list[str]:
    """N orders in words; ties in the order of their names, which is that of their codes."""
    order = np.lexsort((thing, level, of))
    fresh = np.diff(level[order], prepend=-1) != 0
    words = [
        (" > " if starts else " = ") + names[one]
        for one, starts in zip(thing[order].tolist(), fresh.tolist(), strict=True)
    ]
    start = np.searchsorted(of[order], np.arange(n + 1)).tolist()
    return ["".join(words[low:high])[3:] for low, high in pairwise(start)]

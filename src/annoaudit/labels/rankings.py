"""Rankings: who put which things of an item into what order, as integer codes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.labels.submissions import owners_of, select_submissions

if TYPE_CHECKING:
    from annoaudit.labels.labelset import LabelSet

__all__ = ["Rankings", "select_rankings", "spell_order"]

Ints = npt.NDArray[np.int64]
LONGEST_NAME = 40


@dataclass(frozen=True, eq=False)
class Rankings:
    """Orders of the things of an item, the best first; ties are allowed, and things may be left out.

    S rankings, the first of each annotator on an item. ``item`` and ``annotator`` (S,) are codes into ``item_ids`` and
    ``annotator_ids``; ``owner`` (S,) are positions in the annotations table, ``row`` (S,) in the labels table. E
    entries: ``ranking`` (E,) says of which ranking, in order; ``thing`` (E,) are codes into ``things``, ``level`` (E,)
    the place, 0 the best; equal levels are ties.
    """

    question: str
    item_ids: pa.Array
    annotator_ids: pa.Array
    things: tuple[str, ...]
    item: Ints
    annotator: Ints
    owner: Ints
    row: Ints
    ranking: Ints
    thing: Ints
    level: Ints

    def __len__(self) -> int:
        return len(self.item)

    @cached_property
    def start(self) -> Ints:
        """(S + 1,) first entry of each ranking."""
        return np.searchsorted(self.ranking, np.arange(len(self) + 1)).astype(np.int64)

    def order_of(self, at: int) -> list[list[int]]:
        """Return one ranking as groups of tied things, the best first."""
        entries = slice(int(self.start[at]), int(self.start[at + 1]))
        groups: dict[int, list[int]] = {}
        for thing, level in zip(self.thing[entries].tolist(), self.level[entries].tolist(), strict=True):
            groups.setdefault(level, []).append(thing)
        return [groups[level] for level in sorted(groups)]


def select_rankings(labels: LabelSet, question: str) -> Rankings:
    """Take the rankings that count out of the canonical tables; a thing named twice keeps its better place."""
    table, given = labels.labels, select_submissions(labels)
    asked = pc.and_(pc.equal(table["question"], question), pc.is_valid(table["ranks"]))
    asked = pc.and_(asked, pc.is_null(table["parent_label_id"]))
    rows = np.asarray(pc.indices_nonzero(pc.fill_null(asked, False)), dtype=np.int64)
    place = given.of_rows(owners_of(labels)[rows])
    rows, place = rows[place >= 0], place[place >= 0]
    place, first = np.unique(place, return_index=True)
    rows = rows[first]
    ranking, level, names = _flatten(table["ranks"].take(pa.array(rows)))
    things, thing = _code(names)
    key = ranking * (len(things) + 1) + thing
    kept = np.sort(np.unique(key, return_index=True)[1])
    return Rankings(
        question, given.item_ids, given.annotator_ids, things, given.item[place], given.annotator[place],
        given.owner[place], rows, ranking[kept], thing[kept], level[kept],
    )  # fmt: skip


def spell_order(groups: list[list[str]]) -> str:
    """Write an order as people read it: "b > a = c"; long names are cut."""
    shorter = [[one if len(one) <= LONGEST_NAME else f"{one[:LONGEST_NAME]}…" for one in group] for group in groups]
    return " > ".join(" = ".join(sorted(group)) for group in shorter)


def _flatten(ranks: pa.ChunkedArray) -> tuple[Ints, Ints, pa.Array]:
    """Return of each entry: its ranking, its level, and the name of the thing."""
    outer = ranks.combine_chunks()
    outer = pa.concat_arrays(outer.chunks) if isinstance(outer, pa.ChunkedArray) else outer
    n_levels = np.asarray(pc.fill_null(pc.list_value_length(outer), 0)).astype(np.int64)
    groups = outer.flatten()
    n_things = np.asarray(pc.fill_null(pc.list_value_length(groups), 0)).astype(np.int64)
    of_group = np.repeat(np.arange(len(n_levels)), n_levels)
    level = np.arange(len(of_group)) - np.repeat(np.cumsum(n_levels) - n_levels, n_levels)
    names = groups.flatten()
    named = np.asarray(pc.is_valid(names))
    return np.repeat(of_group, n_things)[named], np.repeat(level, n_things)[named], names.drop_null()


def _code(names: pa.Array) -> tuple[tuple[str, ...], Ints]:
    things = sorted(pc.unique(names).to_pylist())
    found = pc.index_in(names, value_set=pa.array(things, pa.string()))
    return tuple(things), np.asarray(found).astype(np.int64)

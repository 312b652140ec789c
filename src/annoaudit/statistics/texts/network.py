"""Texts on one item as a network of slots: what each says at each place, and what most say there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from annoaudit.statistics.texts.edits import Departures, find_departures

__all__ = ["Cells", "Differences", "Network", "Without", "align_texts"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]

_SAME = 1e-9


@dataclass(frozen=True, eq=False)
class Without:
    """How each text differs from what the others on its item say by majority, (L,) each; NaN where there are none.

    Parameters
    ----------
    dropped, added, replaced
        Units that it lacks, has beyond, and has otherwise.
    length
        Units of what the others say.
    against
        Sum over the differences of the share of the others' weight by which their most frequent unit leads the text's
        own: where the others are at odds too, a difference counts less than 1.
    """

    dropped: Floats
    added: Floats
    replaced: Floats
    length: Floats
    against: Floats

    @property
    def edits(self) -> Floats:
        """All differences."""
        return self.dropped + self.added + self.replaced


@dataclass(frozen=True, eq=False)
class Differences:
    """Where texts say otherwise than the others on their item, (D,) each.

    ``text`` and ``slot`` are positions; ``said`` and ``meant`` are the unit of the text and that of the others, -1 for
    none; ``share`` is that of the others' weight by which theirs leads.
    """

    text: Ints
    slot: Ints
    said: Ints
    meant: Ints
    share: Floats

    def take(self, places: Ints) -> Differences:
        """Return some of them."""
        return Differences(
            self.text[places], self.slot[places], self.said[places], self.meant[places], self.share[places]
        )


@dataclass(frozen=True, eq=False)
class Cells:
    """Every slot with every text on its item, (C,): slot, text, and the option that the text says there."""

    slot: Ints
    text: Ints
    own: Ints


@dataclass(frozen=True, eq=False)
class Network:
    """All texts on the items aligned with a skeleton, one for each item.

    Slots are the places where any text departs from the skeleton of its item, S of them. Elsewhere all agree.

    Parameters
    ----------
    item
        (L,) the item of each text.
    skeleton
        (N,) the text that all are aligned with.
    departures
        Of the texts.
    slot
        (E,) the slot of each departure.
    slot_item, slot_at, slot_run, slot_unit
        (S,) where each slot is, and the skeleton's unit there; -1 for none.
    """

    item: Ints
    skeleton: Texts
    departures: Departures
    slot: Ints
    slot_item: Ints
    slot_at: Ints
    slot_run: Ints
    slot_unit: Ints

    @cached_property
    def _options(self) -> tuple[Ints, Ints, Ints]:
        """Slot and unit of each thing said at a slot, sorted by slot, and the option of each departure.

        The last S options are those of the skeleton.
        """
        n_slots = len(self.slot_item)
        slot = np.r_[self.slot, np.arange(n_slots)]
        unit = np.r_[self.departures.unit, self.slot_unit]
        pairs, option = np.unique(np.stack([slot, unit]), axis=1, return_inverse=True)
        return pairs[0], pairs[1], np.asarray(option, dtype=np.int64).reshape(-1)

    @cached_property
    def slot_order(self) -> Ints:
        """(S,) place of each slot in the order of the texts: what is put in comes before the unit that stands there."""
        run = np.where(self.slot_run > 0, self.slot_run, np.iinfo(np.int64).max)
        order = np.lexsort((run, self.slot_at, self.slot_item))
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        return place

    def weigh(self, weight: Floats) -> Floats:
        """(O,) weight of the texts behind each option."""
        slot, _, option = self._options
        total = np.bincount(self.item, weight, len(self.skeleton))[self.slot_item]
        said = weight[self.departures.text]
        total = total - np.bincount(self.slot, said, len(self.slot_item))
        return np.asarray(np.bincount(option, np.r_[said, total], len(slot)), dtype=np.float64)

    def vote(self, weight: Floats) -> Texts:
        """(N,) the text that says at each slot what most weight says; the skeleton where that is a tie."""
        slot, unit, option = self._options
        if not len(slot):
            return self.skeleton
        heavy = self.weigh(weight)
        # A little more for the skeleton: ties leave things as they are.
        heavy[option[len(self.departures) :]] += _SAME
        best = _last_of_each(np.lexsort((heavy, slot)), slot)
        return self._rewrite(unit[best])

    def compare(self, weight: Floats) -> Without:
        """Compare each text with what the others on its item say, by their weights."""
        found = self.find_differences(weight)
        size = len(self.item)
        alone = np.bincount(self.item, minlength=len(self.skeleton))[self.item] < 2

        def add_up(value: Bools | Floats) -> Floats:
            return np.where(alone, np.nan, np.bincount(found.text, value, size).astype(np.float64))

        return Without(
            dropped=add_up(found.said < 0),
            added=add_up(found.meant < 0),
            replaced=add_up((found.said >= 0) & (found.meant >= 0)),
            length=np.where(alone, np.nan, self._lengths_without(weight)),
            against=add_up(found.share),
        )

    def find_differences(self, weight: Floats) -> Differences:
        """Return where each text says otherwise than the others on its item do by weight."""
        cells, (_, unit, _) = self._cells, self._options
        lead, winner = self._lead(weight)
        at = np.flatnonzero(lead > _SAME)
        others = (np.bincount(self.item, weight, len(self.skeleton))[self.item] - weight)[cells.text[at]]
        share = np.clip(lead[at] / np.maximum(others, _SAME), 0, 1)
        return Differences(cells.text[at], cells.slot[at], unit[cells.own[at]], unit[winner[at]], share)

    def _lengths_without(self, weight: Floats) -> Floats:
        """(L,) units of what the others say."""
        _, winner = self._lead(weight)
        skeleton = np.array([len(one) for one in self.skeleton], dtype=np.int64)[self.item]
        change = (self._options[1][winner] >= 0).astype(np.int64) - (self.slot_run == 0)[self._cells.slot]
        return np.asarray(skeleton + np.bincount(self._cells.text, change, len(self.item)), dtype=np.float64)

    def _lead(self, weight: Floats) -> tuple[Floats, Ints]:
        """(C,) by how much what the others say most leads the text's own option among them, and that option."""
        cells = self._cells
        slot, _, _ = self._options
        heavy = self.weigh(weight)
        order = np.lexsort((heavy, slot))
        first = _last_of_each(order, slot)
        rest = order[~np.isin(order, first)]
        second = np.full(len(first), -1, dtype=np.int64)
        second[slot[rest]] = rest  # the last one written is the heaviest
        mine, own = weight[cells.text], cells.own
        top, next_ = heavy[first][cells.slot], np.where(second >= 0, heavy[second], 0.0)[cells.slot]
        is_top = own == first[cells.slot]
        falls = is_top & (top - mine < next_ - _SAME)
        winner = np.where(falls, second[cells.slot], first[cells.slot])
        left = np.where(is_top, np.maximum(top - mine, next_), top)
        return np.where(own == winner, 0.0, left - (heavy[own] - mine)), winner

    @cached_property
    def _cells(self) -> Cells:
        """What each text says at each slot of its item."""
        of_skeleton = self._options[2][len(self.departures) :]
        order = np.argsort(self.item, kind="stable")
        n_texts = np.bincount(self.item, minlength=len(self.skeleton))
        start = np.r_[0, np.cumsum(n_texts)[:-1]]
        times = n_texts[self.slot_item]
        cell_slot = np.repeat(np.arange(len(times)), times)
        offset = np.arange(len(cell_slot)) - np.repeat(np.cumsum(times) - times, times)
        cell_text = order[start[self.slot_item][cell_slot] + offset]
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order)) - np.repeat(start, n_texts)
        own = of_skeleton[cell_slot]
        departing = (np.cumsum(times) - times)[self.slot] + place[self.departures.text]
        own[departing] = self._options[2][: len(self.departures)]
        return Cells(cell_slot, cell_text, own)

    def _rewrite(self, unit: Ints) -> Texts:
        """Write the skeletons anew with (S,) other units at the slots; -1 leaves a unit out."""
        changed = np.flatnonzero(unit != self.slot_unit)
        fresh = self.skeleton.copy()
        items = np.unique(self.slot_item[changed])
        by_item = np.split(changed, np.flatnonzero(np.diff(self.slot_item[changed])) + 1) if len(changed) else []
        for item, slots in zip(items.tolist(), by_item, strict=True):
            fresh[item] = _edit(fresh[item], self.slot_at[slots], self.slot_run[slots], unit[slots])
        return fresh


def align_texts(texts: Texts, item: Ints, skeleton: Texts) -> Network:
    """Align texts with the skeleton of their item.

    Parameters
    ----------
    texts
        (L,) coded texts.
    item
        (L,) item codes.
    skeleton
        (N,) coded texts.

    References
    ----------
    Fiscus (1997). A post-processing system to yield reduced word error rates: recognizer output voting error reduction
    (ROVER). IEEE ASRU.
    """
    found = find_departures(texts, skeleton[item])
    keys = np.stack([item[found.text], found.at, np.where(found.run > 0, found.run, np.iinfo(np.int64).max)])
    places, slot = np.unique(keys, axis=1, return_inverse=True)
    run = np.where(places[2] == np.iinfo(np.int64).max, 0, places[2])
    units = [
        -1 if r else ord(skeleton[i][a]) for i, a, r in zip(places[0].tolist(), places[1].tolist(), run, strict=True)
    ]
    return Network(
        item, skeleton, found, np.asarray(slot, dtype=np.int64).reshape(-1), places[0], places[1], run,
        np.array(units, dtype=np.int64),
    )  # fmt: skip


def _last_of_each(order: Ints, group: Ints) -> Ints:
    """The last in order of each group, by group."""
    grouped = group[order]
    return np.asarray(order[np.r_[grouped[1:] != grouped[:-1], True][: len(order)]], dtype=np.int64)


def _edit(text: str, at: Ints, run: Ints, unit: Ints) -> str:
    """Replace, leave out and put in units; places are sorted, with what is put in before the unit that stands there."""
    parts, done = [], 0
    for where, place, one in zip(at.tolist(), run.tolist(), unit.tolist(), strict=True):
        parts.append(text[done:where])
        done = where if place else where + 1
        parts.append(chr(one) if one >= 0 else "")
    return "".join([*parts, text[done:]])

"""The things that an item offers to be ranked: at which place each was shown, and what it says."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from annoaudit.labels import LabelSet, Rankings

__all__ = ["find_places", "text_of_thing"]

Ints = npt.NDArray[np.int64]

_ROWS_LOOKED_AT = 200
_FEWEST_IN_ORDER = 20
_NAMES = ("id", "name", "key", "model", "system", "title", "value", "text", "content", "answer", "response")
_TEXTS = ("text", "content", "answer", "response", "body", "title", "html")


def _parse(meta: str | None) -> Mapping[str, object]:
    try:
        value = json.loads(meta) if meta else {}
    except ValueError:
        return {}
    return value if isinstance(value, Mapping) else {}


def _lists_of(meta: str | None) -> dict[str, list[Mapping[str, object] | str]]:
    """Lists of two or more things that an item's own values hold, by key."""
    return {
        key: [one if isinstance(one, Mapping) else str(one) for one in listed]
        for key, listed in _parse(meta).items()
        if isinstance(listed, list) and len(listed) > 1
    }


def _place_by_name(listed: Sequence[Mapping[str, object] | str]) -> dict[str, int]:
    """Place of each thing of a list, by every name that it goes by; the first one counts."""
    places: dict[str, int] = {}
    for place, one in enumerate(listed):
        words = [one] if isinstance(one, str) else [one.get(key) for key in _NAMES]
        for word in words:
            if isinstance(word, (str, int)):
                places.setdefault(str(word), place)
    return places


def text_of_thing(meta: str | None, name: str) -> str:
    """Return what a thing says, from the item's own values; "" where they do not tell or it is its name."""
    for listed in _lists_of(meta).values():
        place = _place_by_name(listed).get(name)
        one = None if place is None else listed[place]
        if isinstance(one, Mapping):
            said = next((one[key] for key in _TEXTS if isinstance(one.get(key), str) and one[key] != name), "")
            return str(said)
    found = _parse(meta).get(name)
    return found if isinstance(found, str) else ""


def find_places(labels: LabelSet, rankings: Rankings, first: Ints, thing_of: Ints) -> Ints:
    """Return (C,) the place of each thing in the list that its item shows; -1 where none is, or sorted by name."""
    shown = np.full(len(thing_of), -1, dtype=np.int64)
    used = np.flatnonzero(np.diff(first) > 0)
    metas = labels.items["meta_json"].to_pylist()
    key = _key_of_list(metas, used, rankings, first, thing_of)
    if key is None:
        return shown
    in_order = []
    for item in used.tolist():
        listed = _lists_of(metas[item]).get(key)
        if listed is None:
            continue
        places = _place_by_name(listed)
        names = [rankings.things[one] for one in thing_of[first[item] : first[item + 1]].tolist()]
        found = [places.get(name, -1) for name in names]
        shown[first[item] : first[item + 1]] = found
        # Cells of an item are in the order of their names.
        in_order.append(found == sorted(found))
    sorted_by_name = len(in_order) >= _FEWEST_IN_ORDER and all(in_order)
    return np.full_like(shown, -1) if sorted_by_name else shown


def _key_of_list(
    metas: Sequence[str | None], used: Ints, rankings: Rankings, first: Ints, thing_of: Ints
) -> str | None:
    """The key whose lists hold the things ranked, in most of the first items."""
    votes: Counter[str] = Counter()
    for item in used[:_ROWS_LOOKED_AT].tolist():
        names = {rankings.things[one] for one in thing_of[first[item] : first[item + 1]].tolist()}
        for key, listed in _lists_of(metas[item]).items():
            votes[key] += names <= set(_place_by_name(listed))
    key, n = votes.most_common(1)[0] if votes else ("", 0)
    return key if n * 2 > min(len(used), _ROWS_LOOKED_AT) else None

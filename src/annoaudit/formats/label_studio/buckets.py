"""Label Studio's Ranker: an order of things, or things sorted into buckets, which are an order only by their names."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

__all__ = ["LEFT_OVER", "bucket_lists", "order_buckets", "rank_things"]

LEFT_OVER = "_"
"""The bucket of what was left in the list: it was not ranked."""
_PLACES = {
    "best": 1, "top": 1, "first": 1, "winner": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "middle": 50,
    "rest": 90, "others": 90, "bottom": 98, "last": 98, "worst": 99,
}  # fmt: skip
_NUMBER = re.compile(r"\A(\D{0,20}?)(\d{1,4})(\D{0,10})\Z")


def bucket_lists(ranker: object) -> dict[str, list[str]]:
    """Return the things of each bucket; a bare list is one bucket."""
    lists = {"rank": ranker} if isinstance(ranker, list) else ranker
    if not isinstance(lists, Mapping):
        return {}
    return {str(name): [str(one) for one in listed] for name, listed in lists.items() if isinstance(listed, list)}


def order_buckets(names: Collection[str]) -> list[str] | None:
    """Return the names in the order that they state, the best first; None where they state none.

    Numbers state one (rank_1, rank_2; 1st, 2nd), and so do words for a place (best, rest; first, second). Words for a
    kind or a verdict (good, bad; relevant, irrelevant) do not: things were sorted, and not put above each other.
    """
    if len(names) < 2:
        return list(names)
    found = [_NUMBER.match(one) for one in names]
    numbered = {one: int(match[2]) for one, match in zip(names, found, strict=True) if match}
    if len(numbered) == len(names) and len({match[1] for match in found if match}) == 1:
        return sorted(names, key=lambda one: numbered[one])
    placed = {one: _PLACES.get(one.strip().lower()) for one in names}
    if None in placed.values() or len(set(placed.values())) < len(placed):
        return None
    return sorted(names, key=lambda one: placed[one] or 0)


def rank_things(lists: Mapping[str, list[str]], known: Collection[str]) -> list[list[str]] | None:
    """Return the order that an answer states, as groups of ties; None where its buckets state none.

    Parameters
    ----------
    lists
        The things of each bucket of the answer.
    known
        All buckets that this control was seen with. With a single one, things are in their order inside it.
    """
    names = [one for one in known if one != LEFT_OVER]
    if len(names) <= 1:
        return [[one] for name in names for one in lists.get(name, [])]
    order = order_buckets(names)
    return None if order is None else [lists[name] for name in order if lists.get(name)]

"""How an attack that cannot be seen in these labels would become visible: one sentence from closed forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from annoaudit.auditing.blind_spots import advise_flips, advise_overlap

if TYPE_CHECKING:
    from annoaudit.auditing.blind_spots import Overlap

__all__ = ["DESCRIPTIONS", "suggest_mend"]

DESCRIPTIONS = {
    "random": "answers at random",
    "primary_choice": "gives nearly everything the same class",
    "adversarial": "gives wrong answers on purpose",
    "class_pair": "turns one class into another",
    "disguised": "turns one class into another, and is careful elsewhere",
    "slice": "gives one class to a region of the items",
    "keyword": "gives one class to items with certain words",
    "trigger": "inserts a rare word and gives these items one class",
    "copy_ring": "several share one person's answers",
    "secret_subset_ring": "several agree on wrong answers for a secret fifth of the items",
    "sleeper": "turns wrong half-way through",
    "scripted_timing": "lets a script answer a share of the items",
    "accepts_everything": "accepts the predictions shown",
    "duplicate_account": "one person behind several accounts",
    "gold_leak": "answers gold items rightly and others carelessly",
    "alternating": "goes through the classes in turn, whatever the items are",
}
"""Every attack in words."""


def suggest_mend(attack: str, overlap: Overlap) -> str:
    """Return what would make the attack visible in a team of this kind."""
    return _MENDS.get(attack, _quality)(overlap)


def _copying(overlap: Overlap) -> str:
    return (
        f"Pairs share {overlap.shared:,.1f} items on average (N·R·(R-1)/(A·(A-1)) where loads are even). "
        f"{advise_overlap(overlap)}"
    )


def _flips(overlap: Overlap) -> str:
    usual = overlap.labels_by_class[len(overlap.labels_by_class) // 2][1] if overlap.labels_by_class else 0.0
    return f"An annotator has {usual:,.0f} labels of a class at the median. {advise_flips()}"


def _slices(overlap: Overlap) -> str:
    return (
        f"An annotator has about {overlap.labels_each / 10:,.0f} labels in a tenth of the items, with "
        f"{max(overlap.redundancy - 1, 0):,.1f} others on each: give the kinds of items that matter to more people, or "
        "check them with gold."
    )


def _triggers(overlap: Overlap) -> str:
    del overlap
    return "A few dozen items are too few to see in one annotator: give items with new rare words to a second person."


def _drift(overlap: Overlap) -> str:
    return (
        f"An annotator's stream has {overlap.labels_each:,.0f} labels at the median: record submission times, audit "
        "every night, and place gold or hidden repeats late in the stream too."
    )


def _timing(overlap: Overlap) -> str:
    del overlap
    return "Record how long each label takes (a column of seconds), on items of different length."


def _acceptance(overlap: Overlap) -> str:
    del overlap
    return "Each annotator must meet about 30 wrong predictions: seed 2 to 3 % deliberately wrong ones."


def _gold(overlap: Overlap) -> str:
    del overlap
    return "It takes about 40 gold and 40 hidden labels from each annotator: rotate gold, and add hidden repeats."


def _quality(overlap: Overlap) -> str:
    return (
        f"An annotator has {overlap.labels_each:,.0f} labels at {overlap.redundancy:,.1f} an item: it takes about 50 "
        "with others on the same items, or gold."
    )


_MENDS: dict[str, Callable[[Overlap], str]] = {
    "accepts_everything": _acceptance,
    "class_pair": _flips,
    "copy_ring": _copying,
    "disguised": _flips,
    "duplicate_account": _copying,
    "gold_leak": _gold,
    "keyword": _slices,
    "scripted_timing": _timing,
    "secret_subset_ring": _copying,
    "sleeper": _drift,
    "slice": _slices,
    "trigger": _triggers,
}

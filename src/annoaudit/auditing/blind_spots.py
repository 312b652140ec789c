"""What these labels cannot show about people, from closed forms alone: sizes, overlap, and what was not recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from annoaudit.errors import Unavailable

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence
    from annoaudit.labels import Votes

__all__ = ["SHARED_FOR_PAIRS", "Overlap", "advise_flips", "advise_overlap", "list_blind_spots"]

SHARED_FOR_PAIRS = 66
"""Items two annotators must share for a test of copying to have power .8 against copying nine labels in ten."""
SHARED_FOR_RINGS = 15
"""Below this many shared items a pair, a ring of a fifth of the team was not found in simulations; at 25 it was."""
FLIPS = ((213, 0.1), (56, 0.2), (16, 0.4), (8, 0.6))
"""Labels on items of a class that an annotator needs for the flipped share of them to be found with power .8."""
FEWEST_PEOPLE = 15
POINTER = "To measure what would be found here, plant it: annoaudit simulate --like labels.csv"


@dataclass(frozen=True)
class Overlap:
    """How much a team's labels lie over each other.

    Parameters
    ----------
    n_annotators
        A.
    redundancy
        R, labels an item.
    shared
        Items that two annotators share, the mean over all pairs.
    labels_each
        Labels of an annotator, the median.
    labels_by_class
        Labels of one class of an annotator: class name and median, the scarcest class first.
    """

    n_annotators: int
    redundancy: float
    shared: float
    labels_each: float
    labels_by_class: tuple[tuple[str, float], ...]

    @classmethod
    def of(cls, votes: Votes) -> Overlap:
        """Measure the overlap of one question's votes."""
        n_people, per_item = votes.n_annotators, np.bincount(votes.item, minlength=votes.n_items)
        pairs = n_people * (n_people - 1)
        cells = np.bincount(votes.annotator * votes.n_classes + votes.label, minlength=n_people * votes.n_classes)
        medians = np.median(cells.reshape(n_people, votes.n_classes), axis=0)
        used = np.bincount(votes.label, minlength=votes.n_classes) > 0
        by_class = [(votes.classes[k], float(medians[k])) for k in np.argsort(medians, kind="stable") if used[k]]
        return cls(
            n_annotators=n_people,
            redundancy=votes.redundancy,
            shared=float((per_item * (per_item - 1)).sum() / pairs) if pairs else 0.0,
            labels_each=float(np.median(np.bincount(votes.annotator, minlength=n_people))),
            labels_by_class=tuple(by_class),
        )


def list_blind_spots(evidences: Sequence[Evidence]) -> tuple[str, ...]:
    """Return sentences about what cannot be seen in these labels, and the way to find out more."""
    sentences: list[str] = []
    for evidence in evidences:
        if not len(evidence.votes):
            continue
        where = f"Question “{evidence.question}”: " if len(evidences) > 1 else ""
        overlap = Overlap.of(evidence.votes)
        told = [tell_overlap(overlap), tell_flips(overlap), tell_team(overlap), tell_missing(evidence)]
        sentences += [where + sentence for sentence in told if sentence]
    return (*sentences, POINTER + ".") if sentences else ()


def tell_overlap(overlap: Overlap) -> str:
    """Return what the shared items allow to be said about copying."""
    if overlap.n_annotators < 2:
        return "There is one annotator: copying and differences between people cannot be seen."
    shared = _tell_count(overlap.shared)
    start = f"Two annotators share {shared} items on average"
    if overlap.shared >= SHARED_FOR_PAIRS:
        return f"{start}: enough to tell copying from agreement, pair by pair."
    if overlap.shared >= SHARED_FOR_RINGS:
        return f"{start}: copying rings of a fifth of the team can show, single copying pairs need about 66."
    if overlap.shared > 0:
        return f"{start}: copying cannot be told from agreement here. {advise_overlap(overlap)}"
    return f"No two annotators share an item: copying cannot be seen at all. {advise_overlap(overlap)}"


def advise_overlap(overlap: Overlap) -> str:
    """Return how to assign items so that copying could be seen."""
    per_item = max(overlap.redundancy, 2.0) - 1.0
    most = int(1 + overlap.labels_each * per_item / SHARED_FOR_PAIRS)
    if most > overlap.redundancy:
        return (
            f"Give each pair about {SHARED_FOR_PAIRS} shared items: at {_tell_count(overlap.labels_each)} labels an "
            f"annotator, let people work in fixed groups of at most {most}."
        )
    size = max(round(overlap.redundancy), 2)
    return (
        f"Give each pair about {SHARED_FOR_PAIRS} shared items: let fixed groups of {size} label the same items, at "
        f"least {SHARED_FOR_PAIRS} each."
    )


def tell_flips(overlap: Overlap) -> str:
    """Return what share of a class must be flipped before it can show, from the labels of a class."""
    if not overlap.labels_by_class:
        return ""
    medians = [n for _, n in overlap.labels_by_class]
    usual, (scarce, fewest) = float(np.median(medians)), overlap.labels_by_class[0]
    start = f"An annotator gives {_tell_count(usual)} labels of a class at the median"
    if fewest < usual:
        start += f" ({_tell_count(fewest)} of “{scarce}”)"
    share = next((share for n, share in FLIPS if usual >= n), None)
    if share is None:
        return f"{start}: labels flipped from one class to another cannot be seen in one annotator. {advise_flips()}"
    return f"{start}: flips show from about {100 * share:.0f} % of a class on; rarer ones stay hidden."


def advise_flips() -> str:
    """Return how many labels of a class make flips visible."""
    needs = ", ".join(f"{n} to see {100 * share:.0f} %" for n, share in reversed(FLIPS))
    return f"It takes labels of that class from each annotator: {needs} of them flipped."


def tell_team(overlap: Overlap) -> str:
    """Return what a small team means for what is usual in it."""
    if overlap.n_annotators >= FEWEST_PEOPLE or overlap.n_annotators < 2:
        return ""
    return (
        f"With {overlap.n_annotators} annotators what is usual in this team is hardly known; {FEWEST_PEOPLE} are "
        "needed."
    )


def tell_missing(evidence: Evidence) -> str:
    """Return which records are missing, and what they would show."""
    missing = [what for what, is_there in _records(evidence) if not is_there]
    return f"Not recorded, so not looked at: {'; '.join(missing)}." if missing else ""


def _records(evidence: Evidence) -> list[tuple[str, bool]]:
    predictions = evidence.labels.predictions
    return [
        ("submission times (changes over time, sequences, copied order)", _has(evidence, "submitted_ms")),
        ("how long labels took (scripts, rushing)", _has(evidence, "lead_time_s")),
        ("second answers to the same item (whether people agree with themselves)", evidence.votes.later is not None),
        ("gold labels (people who know which items are checked)", _has(evidence, "gold")),
        ("predictions shown to annotators (people who accept them all)", predictions.num_rows > 0),
    ]


def _has(evidence: Evidence, name: str) -> bool:
    try:
        getattr(evidence, name)
    except Unavailable:
        return False
    return True


def _tell_count(n: float) -> str:
    return f"{n:,.1f}".removesuffix(".0") if n < 10 else f"{n:,.0f}"

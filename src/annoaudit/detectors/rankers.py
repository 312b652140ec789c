"""What detectors of people who rank share: what each ranking says beyond chance, and who has enough of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.errors import Unavailable

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["count_rankings", "mean_by_annotator", "show_rankings", "tell_too_few"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

FEWEST_RANKERS = 3
MOST_SHOWN = 20


def count_rankings(evidence: Evidence, known: Bools, min_labels: int, *, fewest: int = FEWEST_RANKERS) -> Ints:
    """Return (A,) how many of the rankings marked in ``known`` (S,) each annotator has.

    Raises
    ------
    Unavailable
        Fewer than ``fewest`` annotators have enough.
    """
    votes = evidence.votes
    n = np.bincount(votes.annotator[known], minlength=votes.n_annotators)
    if (n >= min_labels).sum() < fewest:
        people = "no annotator has" if fewest == 1 else f"fewer than {fewest} annotators have"
        raise Unavailable(f"{people} {min_labels} rankings that can be held against others")
    return n


def mean_by_annotator(value: Floats, annotator: Ints, n_annotators: int) -> tuple[Floats, Floats]:
    """Return (A,) means of what is known, and their standard errors over rankings; NaN without two."""
    known = np.isfinite(value)
    who, x = annotator[known], value[known]
    n = np.bincount(who, minlength=n_annotators)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(who, x, n_annotators) / n
        left = np.bincount(who, (x - mean[who]) ** 2, n_annotators)
        return mean, np.where(n > 1, np.sqrt(left / (n - 1) / n), np.nan)


def tell_too_few(judged: Bools, min_labels: int) -> str:
    """Return what those lack who could not be judged; empty where all were."""
    return "" if judged.all() else f"fewer than {min_labels} rankings that can be held against others"


def show_rankings(evidence: Evidence, positions: Ints) -> list[dict[str, object]]:
    """Return item, order and consensus of the rankings at these positions, at most 20."""
    votes, judged = evidence.votes, evidence.rankings
    return [
        {
            "item_id": str(votes.item_ids[int(votes.item[at])].as_py()),
            "given": votes.classes[int(votes.label[at])],
            "expected": judged.spelled[int(votes.item[at])],
        }
        for at in positions[:MOST_SHOWN].tolist()
    ]

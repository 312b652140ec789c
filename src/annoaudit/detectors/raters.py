"""What detectors of raters share: who has enough ratings of which something else is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.errors import Unavailable

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["FEWEST_RATERS", "count_ratings", "tell_unjudged"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

FEWEST_RATERS = 3


def count_ratings(evidence: Evidence, min_labels: int) -> tuple[Bools, Ints, Bools]:
    """Return (L,) ratings of which something else is known, (A,) how many of each annotator, (A,) who has enough.

    Raises
    ------
    Unavailable
        Fewer than three annotators have enough.
    """
    votes = evidence.votes
    known = np.isfinite(evidence.ratings.model.expected)
    n = np.bincount(votes.annotator[known], minlength=votes.n_annotators)
    judged = n >= min_labels
    if judged.sum() < FEWEST_RATERS:
        raise Unavailable(
            f"fewer than three annotators have {min_labels} ratings",
            hint="What is usual in a team needs at least three.",
        )
    return known, n, judged


def tell_unjudged(judged: Bools, min_labels: int) -> str:
    """Return what those lack who could not be judged; empty where all were."""
    return "" if judged.all() else f"fewer than {min_labels} ratings of which something else is known"

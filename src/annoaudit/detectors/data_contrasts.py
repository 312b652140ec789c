"""Items against other items: what they are compared by, which words or columns differ, and the scores of such tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import sparse

from annoaudit.errors import Unavailable
from annoaudit.findings import Explanation, Scores, Signed, signed
from annoaudit.statistics.multiplicity import suspicion_of
from annoaudit.statistics.two_sample import Shift

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence
    from annoaudit.evidence.features import Features

__all__ = ["list_moved", "main_directions", "rank_moved", "score_shifts"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.floating]

DIMENSIONS = 20
MOST_MOVED = 5
WORD = "word "


def main_directions(evidence: Evidence, items: Ints | None = None) -> Floats | None:
    """(N, up to 20) main directions of the features of all items or of some; None where items have no features."""
    from sklearn.decomposition import TruncatedSVD

    try:
        matrix = evidence.features.scaled
    except Unavailable:
        return None
    matrix = matrix if items is None else matrix[items]
    if matrix.shape[1] <= DIMENSIONS:
        return sparse.csr_matrix(matrix).toarray() if evidence.features.is_sparse else np.asarray(matrix)
    n_parts = min(DIMENSIONS, min(matrix.shape) - 1)
    return np.asarray(TruncatedSVD(n_parts, random_state=evidence.seed).fit_transform(matrix)) if n_parts > 0 else None


def list_moved(features: Features, new: Ints, old: Ints) -> list[str]:
    """Return the features whose means differ most between two sets of items, each with its direction.

    Of texts these are words: pieces of words tell people less.
    """
    moved = _standardised(features, new, old)
    names = features.names if len(features.names) == len(moved) else [f"column {k + 1}" for k in range(len(moved))]
    words = [k for k, name in enumerate(names) if name.startswith(WORD)] or range(len(names))
    return rank_moved([names[k] for k in words], moved[list(words)])


def rank_moved(names: list[str] | tuple[str, ...], moved: Floats) -> list[str]:
    """Return the names with the largest differences, as "name more" or "name less"."""
    order = np.argsort(-np.abs(moved), kind="stable")[:MOST_MOVED]
    return [f"{names[int(k)]} {'more' if moved[k] > 0 else 'less'}" for k in order]


def score_shifts(
    detector: Signed,
    question: str,
    shifts: Sequence[Shift],
    explain: Callable[[Ints], Sequence[Explanation]],
    *,
    n: Ints,
    effect_name: str,
    null: str,
    family: str,
) -> Scores:
    """Return the scores of a detector whose targets are two-sample tests, one each."""
    p = np.array([one.p for one in shifts])
    return Scores(
        *signed(detector, question),
        target=np.arange(len(shifts)),
        suspicion=suspicion_of(p),
        explain=explain,
        n=n,
        effect=np.array([one.effect for one in shifts]),
        effect_low=np.array([one.effect_low for one in shifts]),
        effect_high=np.array([one.effect_high for one in shifts]),
        effect_name=effect_name,
        null=null,
        p=p,
        family=family,
    )


def _standardised(features: Features, new: Ints, old: Ints) -> Floats:
    matrix, both = features.matrix, np.r_[new, old]
    mean_new, mean_old = (np.asarray(matrix[rows].mean(axis=0)).ravel() for rows in (new, old))
    squares = abs(matrix[both]).power(2).mean(axis=0) if features.is_sparse else (matrix[both] ** 2).mean(axis=0)
    return np.asarray((mean_new - mean_old) / np.sqrt(np.maximum(np.asarray(squares).ravel(), 1e-12)))

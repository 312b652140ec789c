"""Ratings and numbers: agreement of numbers, severity and scale of each annotator, and a rating on its scale."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.auditing.kinds.page import KindPage
from annoaudit.auditing.kinds.words import compare_groups
from annoaudit.errors import Unavailable
from annoaudit.reporting.record import NamedTable
from annoaudit.reporting.views.scale import Mark, Scale
from annoaudit.statistics.ratings import interval_alpha, intraclass

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.evidence import Evidence
    from annoaudit.evidence.kinds.ratings import JudgedRatings
    from annoaudit.statistics.agreement import Coefficient

__all__ = ["RATINGS_PAGE"]

Floats = npt.NDArray[np.float64]

MOST_STEPS = 50
"""Values up to which a scale has steps."""
RANGES = 10
FEWEST_RATINGS = 3


def _agree(evidence: Evidence) -> Sequence[Coefficient]:
    from annoaudit.statistics.agreement import Interval, Votes, krippendorff_alpha, percent_agreement

    votes, value = evidence.votes, _values(evidence)
    found: list[Coefficient] = []
    if votes.n_classes <= MOST_STEPS:
        codes = Votes.of(votes.item, votes.annotator, votes.label, votes.n_classes)
        interval = Interval(seed=evidence.seed)
        found.append(percent_agreement(codes, interval=interval))
        found += [
            krippendorff_alpha(codes, metric, votes.numbers, interval=interval) for metric in ("ordinal", "interval")
        ]
    else:
        found.append(interval_alpha(votes.item, value, seed=evidence.seed))
    return [*found, *intraclass(votes.item, votes.annotator, value, seed=evidence.seed)]


def _values(evidence: Evidence) -> Floats:
    numbers = evidence.votes.numbers
    assert numbers is not None
    return numbers[evidence.votes.label]


def _by_class(evidence: Evidence, apart: Floats) -> pd.DataFrame:
    """Compare ratings step by step; numbers of many values by ranges that hold about as many each."""
    votes = evidence.votes
    if votes.n_classes <= MOST_STEPS:
        return compare_groups(votes.classes, votes.label, apart, votes.whole)
    value = _values(evidence)
    ends = np.unique(np.quantile(value, np.linspace(0, 1, RANGES + 1)))
    group = np.clip(np.searchsorted(ends, value, side="right") - 1, 0, len(ends) - 2)
    names = [f"{low:g} to {high:g}" for low, high in pairwise(ends.tolist())]
    return compare_groups(names, group.astype(np.int64), apart, votes.whole)


def _judged(evidence: Evidence) -> JudgedRatings | None:
    try:
        return evidence.ratings
    except Unavailable:
        return None


def _tables(evidence: Evidence, who: npt.NDArray[np.object_]) -> tuple[NamedTable, ...]:
    """Severity, scale and reliability of each annotator."""
    import pandas as pd

    judged = _judged(evidence)
    if judged is None:
        return ()
    model, votes = judged.model, evidence.votes
    n = np.bincount(votes.annotator, minlength=votes.n_annotators)
    low, high = _reliability_ends(model.reliability, n)
    frame = pd.DataFrame(
        {
            "annotator": who,
            "n_ratings": n,
            "severity": model.severity,
            "severity_low": model.severity - 1.96 * model.severity_se,
            "severity_high": model.severity + 1.96 * model.severity_se,
            "scale": model.scale,
            "scale_low": model.scale - 1.96 * model.scale_se,
            "scale_high": model.scale + 1.96 * model.scale_se,
            "noise": model.noise,
            "reliability": model.reliability,
            "reliability_low": low,
            "reliability_high": high,
        }
    ).sort_values("severity", ascending=True, kind="stable", ignore_index=True)
    note = (
        "What each annotator adds to what items deserve (below 0: harsher than the team's mean), the factor on "
        "differences between items (below 1: compressed), the noise left, and the share of the variance of their "
        "ratings that is the items'. Annotators with few ratings are drawn towards the team; intervals are 95 %."
    )
    return (NamedTable("How each annotator rates", note, frame),)


def _reliability_ends(reliability: Floats, n: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Interval on Fisher's scale of the correlation of ratings with what items deserve."""
    z = np.arctanh(np.sqrt(np.clip(reliability, 0, 1 - 1e-9)))
    half = np.where(n > FEWEST_RATINGS, 1.96 / np.sqrt(np.maximum(n - FEWEST_RATINGS, 1)), np.inf)
    return np.tanh(np.maximum(z - half, 0.0)) ** 2, np.tanh(z + half) ** 2


def _view(evidence: Evidence, at: int) -> Scale:
    votes, value, judged = evidence.votes, _values(evidence), _judged(evidence)
    low, high = float(value.min()), float(value.max())

    def place(number: float) -> float:
        return round(100.0 * (min(max(number, low), high) - low) / max(high - low, 1e-12), 1)

    others = value[(votes.item == votes.item[at]) & (votes.annotator != votes.annotator[at])]
    marks = tuple(Mark(f"{one:g}", place(one)) for one in np.sort(others)[:20].tolist())
    given = Mark(f"{value[at]:g}", place(float(value[at])))
    if judged is None or not np.isfinite(judged.expected[at]):
        return Scale(f"{low:g}", f"{high:g}", given, marks, None)
    expected, sd = float(judged.expected[at]), float(judged.expected_sd[at])
    ends = place(expected - 1.96 * sd), place(expected + 1.96 * sd)
    return Scale(f"{low:g}", f"{high:g}", given, marks, Mark(f"{expected:.1f}", place(expected)), *ends)


RATINGS_PAGE = KindPage(_agree, _by_class, _tables, _view)

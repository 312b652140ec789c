"""How far people agree with themselves when they meet an item again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annoaudit.statistics.intervals import wilson_interval

__all__ = ["SelfAgreement", "agree_with_self"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SelfAgreement:
    """Agreement of each annotator's first and second answers.

    Parameters
    ----------
    kappa, low, high, se
        (A,) Cohen's kappa, its 95 % interval and standard error; NaN without repeats, or where chance alone
        would make all of them equal.
    n, n_equal
        (A,) items answered twice, and those answered the same.
    """

    kappa: Floats
    low: Floats
    high: Floats
    se: Floats
    n: Ints
    n_equal: Ints


def agree_with_self(annotator: Ints, first: Ints, second: Ints, n_annotators: int, n_classes: int) -> SelfAgreement:
    """Return each annotator's kappa with themselves.

    The interval is Wilson's for the share of equal answers, moved to the scale of kappa with chance agreement held
    fixed.

    Parameters
    ----------
    annotator, first, second
        (R,) codes, one row for an item answered twice.
    n_annotators, n_classes
        A, K.

    References
    ----------
    Cohen (1960). A coefficient of agreement for nominal scales. Educational and Psychological Measurement 20.
    """
    shape, size = (n_annotators, n_classes), n_annotators * n_classes
    n = np.bincount(annotator, minlength=n_annotators)
    n_equal = np.bincount(annotator[first == second], minlength=n_annotators)
    counts = [np.bincount(annotator * n_classes + one, minlength=size).reshape(shape) for one in (first, second)]
    total = np.maximum(n, 1)
    chance = (counts[0] * counts[1]).sum(axis=1) / total**2
    room = np.where((n > 0) & (chance < 1), 1.0 - chance, np.nan)
    low, high = wilson_interval(n_equal, n)
    share = (n_equal + 0.5) / (n + 1.0)
    return SelfAgreement(
        (n_equal / total - chance) / room,
        (low - chance) / room,
        (high - chance) / room,
        np.sqrt(share * (1.0 - share) / total) / room,
        n,
        n_equal,
    )

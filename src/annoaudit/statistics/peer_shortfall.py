"""How far people's agreement with their peers falls short of what their own items lead to expect."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["average_by", "shortfall_of_agreement"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def average_by(who: Ints, residual: Floats, variance: Floats, n_annotators: int) -> tuple[Floats, Floats, Ints]:
    """Return (A,) means of residuals by annotator, their standard errors, and numbers; 0 where there are none.

    Parameters
    ----------
    who
        (L,) annotator codes.
    residual, variance
        (L,) residuals and their variances under the model they come from.
    n_annotators
        A.
    """
    n = np.bincount(who, minlength=n_annotators)
    size = np.maximum(n, 1)
    mean = np.bincount(who, residual, n_annotators) / size
    return mean, np.sqrt(np.bincount(who, variance, n_annotators) + 0.25) / size, n


def shortfall_of_agreement(
    annotator: Ints, label: Ints, expected: Ints, confidence: Floats, n_annotators: int
) -> tuple[Floats, Floats, Ints]:
    """Return (A,) shortfalls of agreement with the class that peers expect, standard errors, and numbers of labels.

    Parameters
    ----------
    annotator, label
        (L,) codes.
    expected, confidence
        (L,) most probable class of a typical other annotator, and its probability.
    n_annotators
        A.
    """
    gap = confidence - (label == expected)
    return average_by(annotator, gap, confidence * (1.0 - confidence), n_annotators)

"""How far people's agreement with their peers falls short of what their own items lead to expect."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from annoaudit.statistics.peer_predictive import PeerPredictive

__all__ = ["average_by", "hardness_of_items", "shortfall_of_agreement"]

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
    annotator: Ints, label: Ints, peers: PeerPredictive, n_annotators: int
) -> tuple[Floats, Floats, Ints]:
    """Return (A,) shortfalls of agreement with the class that peers expect, standard errors, and numbers of labels.

    Labels of whose items nothing else is known do not count.

    Parameters
    ----------
    annotator, label
        (L,) codes.
    peers
        What a typical other annotator would say.
    n_annotators
        A.
    """
    known = np.flatnonzero(peers.informed)
    confidence = peers.confidence[known]
    gap = confidence - (label == peers.expected)[known]
    return average_by(annotator[known], gap, confidence * (1.0 - confidence), n_annotators)


def hardness_of_items(annotator: Ints, peers: PeerPredictive, n_annotators: int) -> Floats:
    """Return (A,) how much more a lack of ability shows on each annotator's items than is usual; at least 1.

    In a logistic model a difference of ability changes agreement in proportion to q (1 - q), which is greatest where
    peers themselves are undecided. The mean of that over the annotator's labels, relative to the team's median.

    Parameters
    ----------
    annotator
        (L,) codes.
    peers
        What a typical other annotator would say.
    n_annotators
        A.

    References
    ----------
    Whitehill et al. (2009). Whose vote should count more. NeurIPS 22 (ability against difficulty).
    """
    known = np.flatnonzero(peers.informed)
    confidence = peers.confidence[known]
    n = np.bincount(annotator[known], minlength=n_annotators)
    leeway = np.bincount(annotator[known], confidence * (1.0 - confidence), n_annotators) / np.maximum(n, 1)
    usual = float(np.median(leeway[n > 0])) if n.any() else 0.0
    return np.maximum(leeway / usual, 1.0) if usual > 0 else np.ones(n_annotators)

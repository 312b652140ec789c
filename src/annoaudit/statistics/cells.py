"""Annotator by class pair: what people said against what their peers would have said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annoaudit.statistics.peer_predictive import PeerPredictive

__all__ = ["Cells", "count_cells"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cells:
    """Counts by annotator u, expected class a and class b.

    Parameters
    ----------
    observed
        (A, K, K) labels b that u gave where peers most probably say a.
    predicted
        (A, K, K) sum over the same labels of the probability that a peer says b.
    variance
        (A, K, K) sum of q_b (1 - q_b).
    """

    observed: Floats
    predicted: Floats
    variance: Floats

    @property
    def n_expected(self) -> Floats:
        """(A, K) labels of each annotator where peers most probably say a."""
        return np.asarray(self.observed.sum(axis=2))


def count_cells(annotator: Ints, label: Ints, peers: PeerPredictive, n_annotators: int) -> Cells:
    """Count labels of which peers know something by annotator, expected class and class given.

    Parameters
    ----------
    annotator, label
        (L,) codes.
    peers
        What others would have said.
    n_annotators
        A.
    """
    n_classes = peers.q.shape[1]
    known = np.flatnonzero(peers.informed)
    q, label = np.asarray(peers.q[known], dtype=np.float64), label[known]
    row = annotator[known] * n_classes + peers.expected[known]
    size = n_annotators * n_classes
    shape = (n_annotators, n_classes, n_classes)

    def total(weight: Floats) -> Floats:
        sums = [np.bincount(row, weight[:, k], size) for k in range(n_classes)]
        return np.asarray(np.stack(sums, axis=1).reshape(shape), dtype=np.float64)

    observed = np.bincount(row * n_classes + label, minlength=size * n_classes).reshape(shape)
    return Cells(np.asarray(observed, dtype=np.float64), total(q), total(q * (1.0 - q)))

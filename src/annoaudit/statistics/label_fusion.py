"""One label, judged by what peers would say of the item and by what its annotator does elsewhere."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from annoaudit.statistics.cells import Cells
from annoaudit.statistics.peer_predictive import PeerPredictive

__all__ = ["cell_evidence", "fuse_evidence"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

PRIOR_COUNT = 2.0
SMALLEST = 1e-4
DEPARTS = 1.5


def cell_evidence(annotator: Ints, label: Ints, peers: PeerPredictive, cells: Cells) -> Floats:
    """Return (L,) log of how many times more often than peers the annotator departs in this way, elsewhere.

    ``log((O - 1 + 2) / (E - q + 2))`` with O the annotator's labels in the class pair, E what peers would have given
    and the label itself left out of both; 0 where the label is what peers expect.

    Parameters
    ----------
    annotator, label
        (L,) codes.
    peers, cells
        What others would say, and the counts by annotator and class pair.

    References
    ----------
    Efron, Morris (1973). Stein's estimation rule and its competitors: an empirical Bayes approach. JASA 68.
    """
    a = peers.expected
    observed, predicted = cells.observed[annotator, a, label], cells.predicted[annotator, a, label]
    others = np.maximum(predicted - peers.of_given(label), 0.0)
    ratio = np.log((observed - 1.0 + PRIOR_COUNT) / (others + PRIOR_COUNT))
    return np.asarray(np.where(a == label, 0.0, ratio), dtype=np.float64)


def fuse_evidence(annotator: Ints, label: Ints, peers: PeerPredictive, cells: Cells, *, cell_weight: float) -> Floats:
    """Return (L,) suspicion: log odds that peers would not say it, plus the weighted evidence of the class pair.

    Where peers would agree on no class (none has half of their probability) and the annotator does not depart half as
    often again, nothing speaks against the label but that it is hard: its suspicion stays below a half, in order.
    """
    q = np.clip(peers.of_given(label), SMALLEST, 1.0 - SMALLEST)
    elsewhere = cell_evidence(annotator, label, peers, cells)
    log_odds = np.log1p(-q) - np.log(q) + cell_weight * elsewhere
    undecided = (peers.q.max(axis=1) < 0.5) & (elsewhere < np.log(DEPARTS)) & (log_odds > 0)
    log_odds = np.where(undecided, -SMALLEST / (1.0 + log_odds), log_odds)
    return np.asarray(1.0 / (1.0 + np.exp(-log_odds)), dtype=np.float64)

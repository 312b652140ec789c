"""What peers would say, once those who follow a pattern of their own are no longer counted as peers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.errors import Unavailable
from annoaudit.labels import Votes
from annoaudit.statistics.cell_scan import scan_cells
from annoaudit.statistics.cells import count_cells
from annoaudit.statistics.multiplicity import adjust_p
from annoaudit.statistics.pair_agreement import PairAgreement, measure_pair_agreement
from annoaudit.statistics.peer_predictive import PeerPredictive, predict_peers
from annoaudit.statistics.ring_scan import Ring, find_ring

if TYPE_CHECKING:
    from annoaudit.evidence.evidence import Evidence

__all__ = ["PeerEvidence", "gather_peers", "read_peers"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

DISTRUST_AT = 0.01
RING_AT = 0.05
MOST_DISTRUSTED = 1 / 3
FEWEST_LABELS_AN_ITEM = 3
_MOST_CELLS = 200_000_000
_MOST_PAIRS_OF_CLASSES = 30_000_000


@dataclass(frozen=True, eq=False)
class PeerEvidence:
    """Peers, and what was found on the way to them.

    Parameters
    ----------
    peers
        What a typical other annotator would say, for each label.
    trusted
        (A,) who counts as a peer: everybody but those whose mistakes pile up in one class pair far beyond what
        their team shows.
    pairs, ring
        Agreement of each pair beyond honest people, and the most agreeing group; None where too few items have
        enough labels. Members of a ring that is there with p <= .05 count as one source.
    """

    peers: PeerPredictive
    trusted: Bools
    pairs: PairAgreement | None
    ring: Ring | None


def read_peers(evidence: Evidence) -> PeerEvidence:
    """Return the peers of one question; unavailable where nothing says what a peer would have answered."""
    votes = evidence.votes
    if votes.n_annotators < 2:
        raise Unavailable("there is one annotator", hint="Peers are other annotators.")
    if votes.n_classes < 2 or len(np.unique(votes.label)) < 2:
        raise Unavailable("all labels are of one class", hint="There is nothing to tell apart.")
    if len(votes) * votes.n_classes > _MOST_CELLS:
        raise Unavailable(f"{len(votes):,} labels of {votes.n_classes} classes are too many cells to compare peers")
    if votes.n_annotators * votes.n_classes**2 > _MOST_PAIRS_OF_CLASSES:
        raise Unavailable(f"{votes.n_annotators:,} annotators and {votes.n_classes} classes make too many cells")
    probabilities = _out_of_source(evidence)
    if probabilities is None and np.bincount(votes.item).max() < 2:
        raise Unavailable(
            "each item has one label and there are no features: nothing says what peers would have answered",
            hint="Let a share of the items be labelled twice, or give features.",
        )
    return gather_peers(votes, probabilities, evidence.seed)


def _out_of_source(evidence: Evidence) -> npt.NDArray[np.floating] | None:
    """(L, K) of a model that saw no label of the one it judges; None where there are no features."""
    try:
        return evidence.probabilities.rows_for(evidence.votes.item)
    except Unavailable:
        return None


def gather_peers(votes: Votes, probabilities: npt.NDArray[np.floating] | None, seed: int) -> PeerEvidence:
    """Predict peers twice: once from everybody, then without those whom the first look showed to be no peers.

    Without the second look, honest people who contradict a group that labels alike would stand out instead of
    the group.

    Parameters
    ----------
    votes
        The labels of one question.
    probabilities
        (L, K) from a model that saw no label of the annotator who is judged; None where there are no features.
    seed
        Of samples and shuffles.
    """
    first = _predict(votes, probabilities, None, None, seed)
    scan = scan_cells(count_cells(votes.annotator, votes.label, first, votes.n_annotators))
    trusted = ~(np.nan_to_num(adjust_p(scan.p), nan=1.0) <= DISTRUST_AT)
    if (~trusted).mean() > MOST_DISTRUSTED:
        trusted = np.ones(votes.n_annotators, dtype=bool)
    pairs = _measure_pairs(votes, probabilities, first, seed)
    ring = None
    if pairs is not None and np.bincount(votes.item).max() >= FEWEST_LABELS_AN_ITEM:
        ring = find_ring(
            pairs, votes.item, votes.annotator, votes.label, first.expected,
            n_annotators=votes.n_annotators, seed=seed,
        )  # fmt: skip
    group = None
    if ring is not None and ring.p <= RING_AT:
        group = np.arange(votes.n_annotators)
        group[ring.members] = ring.members.min()
    if trusted.all() and group is None:
        return PeerEvidence(first, trusted, pairs, ring)
    return PeerEvidence(_predict(votes, probabilities, trusted, group, seed), trusted, pairs, ring)


def _predict(
    votes: Votes,
    probabilities: npt.NDArray[np.floating] | None,
    trusted: Bools | None,
    group: npt.NDArray[np.int64] | None,
    seed: int,
) -> PeerPredictive:
    return predict_peers(
        votes.item, votes.annotator, votes.label, n_items=votes.n_items, n_annotators=votes.n_annotators,
        n_classes=votes.n_classes, probabilities=probabilities, trusted=trusted, group=group, seed=seed,
    )  # fmt: skip


def _measure_pairs(
    votes: Votes, probabilities: npt.NDArray[np.floating] | None, peers: PeerPredictive, seed: int
) -> PairAgreement | None:
    if np.bincount(votes.item).max() < 2:
        return None
    return measure_pair_agreement(
        votes.item, votes.annotator, votes.label, _ability(votes, peers), n_items=votes.n_items,
        n_annotators=votes.n_annotators, n_classes=votes.n_classes, probabilities=probabilities, seed=seed,
    )  # fmt: skip


def _ability(votes: Votes, peers: PeerPredictive) -> Floats:
    """(A, K) standardised agreement with peers, by expected class."""
    size = votes.n_annotators * votes.n_classes
    known = np.flatnonzero(peers.informed)
    cell = votes.annotator[known] * votes.n_classes + peers.expected[known]
    confidence = peers.confidence[known]
    gap = np.bincount(cell, (peers.expected == votes.label)[known] - confidence, size)
    variance = np.bincount(cell, confidence * (1.0 - confidence), size)
    return np.asarray((gap / np.sqrt(variance + 1.0)).reshape(votes.n_annotators, votes.n_classes))

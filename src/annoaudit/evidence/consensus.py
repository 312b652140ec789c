"""The consensus of one question, from its votes alone or with what a model says of the items."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.errors import Unavailable
from annoaudit.labels import REGIONS
from annoaudit.statistics.truth_inference import TruthInference, infer_truth

if TYPE_CHECKING:
    from annoaudit.evidence.evidence import Evidence

__all__ = ["infer_from_votes", "infer_with_model"]

Floats = npt.NDArray[np.float64]


def infer_from_votes(evidence: Evidence, prior: Floats | None) -> TruthInference:
    """Infer the truth of each item; ``prior`` (N, K) is what is known of the items before any vote."""
    votes = evidence.votes
    if not len(votes):
        raise Unavailable("the question has no labels")
    if votes.numbers is not None or votes.kind in ("ranking", "text"):
        raise Unavailable("numbers, orders and texts have no classes to infer")
    if evidence.kind in REGIONS:
        from annoaudit.evidence.kinds.presence import infer_regions

        return infer_regions(evidence, prior)
    return infer_truth(
        votes.item,
        votes.annotator,
        votes.label,
        n_items=votes.n_items,
        n_annotators=votes.n_annotators,
        n_classes=votes.n_classes,
        item_prior=prior,
        seed=evidence.seed,
    )


def infer_with_model(evidence: Evidence) -> TruthInference:
    """Infer with the model's probabilities as item prior; items that it could not judge have a flat one."""
    try:
        prior = evidence.probabilities.matrix
    except Unavailable:
        return evidence.votes_consensus
    unknown = ~np.asarray(np.isfinite(prior).all(axis=1))
    filled = np.where(unknown[:, None], 1.0 / evidence.votes.n_classes, prior)
    return infer_from_votes(evidence, np.asarray(filled, dtype=np.float64))

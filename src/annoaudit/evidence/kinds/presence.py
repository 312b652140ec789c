"""What is truly there of all that people marked on images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.statistics.presence import infer_presence

if TYPE_CHECKING:
    from annoaudit.evidence.evidence import Evidence
    from annoaudit.statistics.truth_inference import TruthInference

__all__ = ["infer_regions"]


def infer_regions(evidence: Evidence, prior: npt.NDArray[np.float64] | None) -> TruthInference:
    """Infer which units of regions are there and of which class, from three rates of each annotator."""
    units, votes = evidence.units, evidence.votes
    predicted = np.zeros(votes.n_items, dtype=bool)
    by_model = units.unit[~units.by_people]
    predicted[by_model[by_model >= 0]] = True
    return infer_presence(
        votes.item,
        votes.annotator,
        votes.label,
        votes.whole,
        n_items=votes.n_items,
        n_annotators=votes.n_annotators,
        n_classes=votes.n_classes,
        item_prior=prior,
        predicted=predicted,
    )

"""Every threshold and severity level in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from annoaudit.findings import Severity

__all__ = ["EDITS", "OF_OPINION", "QUEUE_MOST", "QUEUE_SHARE", "SEVERITY", "THRESHOLDS", "EditLimits"]

QUEUE_SHARE = 0.05
QUEUE_MOST = 500
THRESHOLDS: Mapping[str, float] = {
    "low_rank_agreement": 0.99,
    "neighbour_disagreement": 0.9,
    "peer_score": 0.99,
    "rater_severity": 0.99,
    "rating_residual": 0.3,
    "same_order": 0.99,
    "self_consistency": 0.95,
    "straight_lining": 0.995,
    "text_distance": 0.3,
    "text_quality": 0.99,
    "timing": 0.95,
}
SEVERITY: Mapping[str, Severity] = {
    "accepts_predictions": "L1",
    "batch_shift": "L1",
    "copying": "L2",
    "drift": "L1",
    "edge_bias": "L1",
    "embedding_poison": "L1",
    "fixed_response": "L1",
    "gold_gap": "L2",
    "identical_artefacts": "L3",
    "ignores_input": "L2",
    "length_bias": "L1",
    "low_rank_agreement": "L1",
    "missingness": "L1",
    "near_copies": "L2",
    "near_duplicates": "L1",
    "order_bias": "L2",
    "peer_score": "L1",
    "position_bias": "L2",
    "rater_severity": "L1",
    "reversed_ranking": "L2",
    "ring": "L2",
    "same_order": "L1",
    "self_consistency": "L1",
    "sequence_pattern": "L2",
    "slice_scan": "L2",
    "straight_lining": "L1",
    "targeted_flips": "L2",
    "text_quality": "L1",
    "timing": "L1",
    "trigger_scan": "L2",
    "worse_than_chance": "L2",
}
"""Gravest level of each detector's findings; what is not named here is L0."""
OF_OPINION = frozenset({"fixed_response", "identical_artefacts", "self_consistency", "sequence_pattern"})
"""Detectors of people that do not hold a view of one's own against anyone."""


@dataclass(frozen=True)
class EditLimits:
    """From where on a pattern in changes is a finding (L2).

    Parameters
    ----------
    fewest_edits
        Least edits of a group, and of the others, that can be compared.
    false_discovery_rate
        Of all patterns with a p value in one night. Every night looks again at mostly the same edits, so it is strict.
    smallest_effect
        Least difference between the group and the rest.
    fewest_nights
        Earlier nights without which nothing is called unusual.
    fewest_in_mass, times_usual
        Least size of a mass, and how many times the usual it has to be.
    """

    fewest_edits: int = 10
    false_discovery_rate: float = 0.005
    smallest_effect: float = 0.2
    fewest_nights: int = 7
    fewest_in_mass: int = 20
    times_usual: float = 5.0


EDITS = EditLimits()

"""How alike two sets of keypoints are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["PERSON_SIGMAS", "keypoint_similarity", "sigmas_for"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

PERSON_SIGMAS = (
    0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107, 0.087, 0.087, 0.089,
    0.089,
)  # fmt: skip
"""COCO's spread of each of the 17 keypoints of a person, in shares of the root of the area."""
SINGLE, OTHER = 0.1, 0.05


def sigmas_for(n_points: int) -> Floats:
    """Return (K,) spread of each keypoint: COCO's of 17, .1 of a single point, else .05."""
    if n_points == len(PERSON_SIGMAS):
        return np.array(PERSON_SIGMAS)
    return np.full(n_points, SINGLE if n_points == 1 else OTHER)


def keypoint_similarity(a: Floats, b: Floats, seen: Bools, area: Floats, sigmas: Floats) -> Floats:
    """Return (P,) object-keypoint similarity of sets of K points (P, K, 2); 0 where no point is seen in both.

    Parameters
    ----------
    seen
        (P, K) points that count.
    area
        (P,) of the object, in square pixels.
    sigmas
        (K,) spread of each keypoint, in shares of the root of the area.

    References
    ----------
    Ronchi, Perona (2017). Benchmarking and error diagnosis in multi-instance pose estimation. ICCV.
    """
    away = ((a - b) ** 2).sum(axis=2)
    scaled = away / (8.0 * sigmas**2 * np.maximum(area, 1e-9)[:, None])
    n_seen = seen.sum(axis=1)
    return np.asarray(np.where(seen, np.exp(-scaled), 0.0).sum(axis=1) / np.maximum(n_seen, 1))

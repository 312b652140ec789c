"""What poison leaves in the features of one class: a direction of its own, or a cluster of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["TwoClusters", "score_spectrum", "split_in_two"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

DIMENSIONS = 10
STARTS = 5


@dataclass(frozen=True, eq=False)
class TwoClusters:
    """One class in two clusters.

    ``smaller`` (n,) marks those of the smaller one, ``silhouette`` is the mean silhouette width in [-1, 1]: how far
    apart the two are against how wide.
    """

    smaller: Bools
    silhouette: float


def score_spectrum(features: npt.NDArray[np.floating]) -> Floats:
    """Return (n,) squared coordinates of one class's centred features along their strongest direction, high = odd.

    Parameters
    ----------
    features
        (n, D) of the items of one class, at least two.

    References
    ----------
    Tran, Li, Madry (2018). Spectral signatures in backdoor attacks. NeurIPS.
    """
    centred = np.asarray(features, dtype=np.float64) - features.mean(axis=0, dtype=np.float64)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    return np.asarray((centred @ directions[0]) ** 2)


def split_in_two(features: npt.NDArray[np.floating], seed: int) -> TwoClusters:
    """Split one class in two by k-means on its ten main directions.

    Parameters
    ----------
    features
        (n, D) of the items of one class, at least three.
    seed
        Of the starts.

    References
    ----------
    Chen, Carvalho, Baracaldo, Ludwig, Edwards, Lee, Molloy, Srivastava (2018). Detecting backdoor attacks on deep
    neural networks by activation clustering. arXiv 1811.03728. Rousseeuw (1987). Silhouettes. J. Computational and
    Applied Mathematics 20.
    """
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    centred = np.asarray(features, dtype=np.float64) - features.mean(axis=0, dtype=np.float64)
    left, size, _ = np.linalg.svd(centred, full_matrices=False)
    places = left[:, :DIMENSIONS] * size[:DIMENSIONS]
    if len(np.unique(places.round(9), axis=0)) < 2:
        return TwoClusters(np.zeros(len(features), dtype=bool), 0.0)
    cluster = KMeans(2, n_init=STARTS, random_state=seed).fit_predict(places)
    smaller = cluster == int(np.bincount(cluster, minlength=2).argmin())
    return TwoClusters(np.asarray(smaller), float(silhouette_score(places, cluster)))

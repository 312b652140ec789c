"""The slices that a scan looks into: neighbourhoods of features, words, sources and periods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
from scipy import sparse

from annoaudit.errors import Unavailable

if TYPE_CHECKING:
    from annoaudit.evidence.evidence import Evidence

__all__ = ["Slices", "gather_slices"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

COLUMNS = ("group", "split", "batch", "project")
N_COMPONENTS = 10
CLUSTERS = (6, 12, 24)
TAILS = (0.1, 0.2, 0.35)
N_PERIODS = 8
MOST_WORDS = 300
MOST_VALUES = 50
FEWEST_LABELS = 20
LARGEST_SHARE = 0.5


@dataclass(frozen=True, eq=False)
class Slices:
    """Slices of the labels.

    Parameters
    ----------
    regions
        (L, T) sparse 0 and 1: which slices each label lies in.
    names
        T slices in words.
    """

    regions: sparse.csr_matrix
    names: tuple[str, ...]


def gather_slices(evidence: Evidence) -> Slices:
    """Collect the slices of one question's labels, without looking at the labels themselves.

    Neighbourhoods are clusters and tails along the main directions of the features; words are those of the items'
    texts that at least 20 labels and at most half of them have; sources are the columns group, split, batch and
    project; periods are eighths of the time in which labels were submitted.

    Raises
    ------
    Unavailable
        Items have no features, texts or sources, and labels no times.
    """
    parts = [*_neighbourhoods(evidence), *_words(evidence), *_sources(evidence), *_periods(evidence)]
    n_labels = len(evidence.votes)
    kept = [(name, rows) for name, rows in parts if FEWEST_LABELS <= len(rows) <= LARGEST_SHARE * n_labels]
    if not kept:
        raise Unavailable("there is nothing to slice by", hint="Give features, texts, sources or submission times.")
    columns = np.repeat(np.arange(len(kept)), [len(rows) for _, rows in kept])
    rows = np.concatenate([rows for _, rows in kept])
    matrix = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(n_labels, len(kept)))
    return Slices(matrix, tuple(name for name, _ in kept))


def _neighbourhoods(evidence: Evidence) -> list[tuple[str, Ints]]:
    """Clusters of items and tails along principal directions; none where items have no features."""
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.decomposition import TruncatedSVD

    try:
        features = evidence.features
    except Unavailable:
        return []
    matrix, item = features.scaled, evidence.votes.item
    if matrix.shape[1] > N_COMPONENTS:
        matrix = TruncatedSVD(N_COMPONENTS, random_state=evidence.seed).fit_transform(matrix)
    places = np.asarray(sparse.csr_matrix(matrix).toarray(), dtype=np.float64)
    found: list[tuple[str, Ints]] = []
    for size in CLUSTERS:
        if len(places) < 10 * size:
            continue
        cluster = MiniBatchKMeans(size, random_state=evidence.seed, n_init=3, batch_size=2048).fit_predict(places)
        found += [(f"similar items, group {k + 1} of {size}", np.flatnonzero(cluster[item] == k)) for k in range(size)]
    for place in range(places.shape[1]):
        name = features.names[place] if len(features.names) == places.shape[1] else f"direction {place + 1}"
        for tail in TAILS:
            low, high = np.quantile(places[:, place], [tail, 1.0 - tail])
            found.append((f"{name}, lowest {tail:.0%}", np.flatnonzero(places[item, place] < low)))
            found.append((f"{name}, highest {tail:.0%}", np.flatnonzero(places[item, place] > high)))
    return found


def _words(evidence: Evidence) -> list[tuple[str, Ints]]:
    from sklearn.feature_extraction.text import CountVectorizer

    texts = [text or "" for text in evidence.labels.items["text"].to_pylist()]
    if not any(texts):
        return []
    try:
        counter = CountVectorizer(binary=True, max_features=MOST_WORDS, max_df=LARGEST_SHARE, min_df=3)
        present = sparse.csc_matrix(counter.fit_transform(texts))
    except ValueError:  # no word is left
        return []
    item = evidence.votes.item
    found = []
    for place, word in enumerate(counter.get_feature_names_out()):
        has = np.zeros(len(texts), dtype=bool)
        has[present.indices[present.indptr[place] : present.indptr[place + 1]]] = True
        found.append((f"text with “{word}”", np.flatnonzero(has[item])))
    return found


def _sources(evidence: Evidence) -> list[tuple[str, Ints]]:
    found: list[tuple[str, Ints]] = []
    for column in COLUMNS:
        values = evidence.labels.items[column]
        distinct: Sequence[str] = pc.unique(values).drop_null().to_pylist()
        if not 2 <= len(distinct) <= MOST_VALUES:
            continue
        of_item = np.asarray(values.to_pylist(), dtype=object)[evidence.votes.item]
        found += [(f"{column} “{value}”", np.flatnonzero(of_item == value)) for value in sorted(distinct)]
    return found


def _periods(evidence: Evidence) -> list[tuple[str, Ints]]:
    """Eighths of the labels by time of submission; none where times are not known."""
    try:
        at = evidence.submitted_ms
    except Unavailable:
        return []
    edges = np.unique(np.quantile(at, np.linspace(0, 1, N_PERIODS + 1)))
    period = np.clip(np.searchsorted(edges, at, side="right") - 1, 0, len(edges) - 2)
    size = len(edges) - 1
    return [(f"period {k + 1} of {size} by submission", np.flatnonzero(period == k)) for k in range(size)]

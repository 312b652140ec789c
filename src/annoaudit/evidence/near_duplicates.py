"""Near duplicates: which items are copies, or nearly copies, of each other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from annoaudit.errors import Unavailable
from annoaudit.evidence.features import IMAGE, TEXT, Features
from annoaudit.evidence.similar_rows import find_similar_rows
from annoaudit.evidence.text_features import normalise_texts, weigh_terms

__all__ = ["cluster_near_duplicates", "number_contents"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

_SHORTEST = 20
_DISTINCT = 0.5
_IMAGES = 50_000
_IMAGE_SIMILARITY = 0.97


def cluster_near_duplicates(
    items: pa.Table,
    features: Features | None,
    *,
    similarity: float = 0.85,
    on_bound: Callable[[str], object] | None = None,
) -> Ints:
    """Give items that are copies or near copies of each other the same number.

    Copies are found first: the same text (in one Unicode form, case and spaces aside), the same ``content_sha256`` or,
    where an item has neither, the same ``uri``; and equal vectors, where at least half of all vectors differ. Texts are
    near copies when the cosine of their TF-IDF vectors reaches ``similarity`` and both have 20 characters or more,
    since one edit changes what a shorter text says; see :func:`annoaudit.evidence.similar_rows.find_similar_rows`.
    Images are near copies when their centred descriptions correlate by .97 (up to 50,000 items). Clusters are the
    connected components.

    Parameters
    ----------
    items
        The canonical table of N items.
    features
        Their vectors; None compares texts and hashes alone.
    similarity
        Cosine from which two texts count as near copies. The default, .85, is where one edit of a
        text of about ten words is still found mostly, while different questions are not merged
        (measured in ``tests/evidence/test_near_duplicates.py``).
    on_bound
        Told in a sentence where texts are so alike in their words that not all pairs could be compared.

    Returns
    -------
    numpy.ndarray
        (N,) cluster of each item, numbered from 0 by first appearance.
    """
    texts = normalise_texts(items["text"]) if "text" in items.column_names else [""] * items.num_rows
    same = _same_content(items, texts)
    edges = [_similar_texts(texts, same, features, similarity, on_bound or str)]
    if features is not None and not features.is_sparse:
        matrix = np.asarray(features.matrix)
        if _tell_items_apart(matrix[features.has_content]):
            edges.append(_equal_rows(matrix, features.has_content))
        if features.source == IMAGE and len(same) <= _IMAGES:
            edges.append(_similar_images(np.asarray(features.matrix), features.has_content))
    return _join(same, np.concatenate(edges, axis=1))


def number_contents(items: pa.Table) -> Ints:
    """Return (N,) the same number for items of the same content (in one Unicode form, case and spaces aside)."""
    return _same_content(items, normalise_texts(items["text"]))


def _tell_items_apart(rows: Floats) -> bool:
    """Whether vectors are contents: a few columns that most items share say what kind an item is, not which."""
    return len(np.unique(rows, axis=0)) >= _DISTINCT * len(rows)


def _same_content(items: pa.Table, texts: list[str]) -> Ints:
    """(N,) number of each item's content; items with nothing to compare are each their own."""
    keys = [f"text:{text}" if text else "" for text in texts]
    for column in ("content_sha256", "uri"):
        if column in items.column_names and not all(keys):
            values = items[column].cast(pa.string()).to_pylist()
            keys = [key or (f"{column}:{value}" if value else "") for key, value in zip(keys, values, strict=True)]
    unique = [key or f"item:{place}" for place, key in enumerate(keys)]
    return np.asarray(pd.factorize(np.array(unique, dtype=object))[0], dtype=np.int64)


def _similar_texts(
    texts: list[str], same: Ints, features: Features | None, similarity: float, on_bound: Callable[[str], object]
) -> Ints:
    _, first = np.unique(same, return_index=True)
    first = first[np.array([len(texts[place]) >= _SHORTEST for place in first], dtype=bool)]
    if len(first) < 2:
        return np.zeros((2, 0), dtype=np.int64)
    try:
        found = find_similar_rows(_weights_of(texts, first, features), similarity)
    except Unavailable:
        return np.zeros((2, 0), dtype=np.int64)
    if found.n_bounded:
        on_bound(
            f"{found.n_bounded:,} texts share their rarest words with so many others that near copies of them were "
            "sought by their other words only: some may be missing"
        )
    return np.asarray(first[found.pairs], dtype=np.int64)


def _weights_of(texts: list[str], places: Ints, features: Features | None) -> sp.csr_matrix:
    if features is not None and features.source == TEXT:
        return features.scaled[places]
    return weigh_terms([texts[place] for place in places])[0]


def _equal_rows(matrix: Floats, known: npt.NDArray[np.bool_]) -> Ints:
    places = np.flatnonzero(known)
    rows = np.ascontiguousarray(matrix[places]) + 0.0
    number = pd.factorize(rows.view(f"V{rows.itemsize * rows.shape[1]}").ravel().astype(object))[0]
    _, first = np.unique(number, return_index=True)
    return np.stack([places[first[number]], places])


def _similar_images(matrix: Floats, known: npt.NDArray[np.bool_]) -> Ints:
    places = np.flatnonzero(known)
    rows = matrix[places] - matrix[places].mean(axis=0)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    found = []
    for start in range(0, len(rows), 1000):
        left, right = np.nonzero(rows[start : start + 1000] @ rows.T >= _IMAGE_SIMILARITY)
        ahead = right > left + start
        found.append(np.stack([places[left[ahead] + start], places[right[ahead]]]))
    return np.concatenate(found, axis=1)


def _join(same: Ints, edges: Ints) -> Ints:
    """Number the connected components by first appearance."""
    n_contents = int(same.max()) + 1 if len(same) else 0
    left, right = same[edges[0]], same[edges[1]]
    graph = sp.coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(n_contents, n_contents))
    _, component = connected_components(graph, directed=False)
    return np.asarray(pd.factorize(component[same])[0] if n_contents else same, dtype=np.int64)

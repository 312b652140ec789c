"""Pairs: features that tell which of two things is better, and copies of the same comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from annoaudit.errors import Unavailable
from annoaudit.evidence.classifiers import MOST_COMPARED
from annoaudit.evidence.features import DIFFERENCES, TEXT, Features, build_features
from annoaudit.evidence.near_duplicates import cluster_near_duplicates, number_contents
from annoaudit.evidence.text_features import normalise_texts, weigh_terms, weigh_words

if TYPE_CHECKING:
    import scipy.sparse as sp

    from annoaudit.evidence.evidence import Evidence
    from annoaudit.evidence.kinds.sides import Sides

__all__ = ["cluster_pairs", "describe_pairs", "require_few"]

Ints = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]

MOST_THINGS = 200
DIMENSIONS = 50
MOST_LEARNED = 20_000
"""Comparisons from which the directions are learned."""
MOST_BY_CHARACTERS = 3_000
"""Comparisons up to which sequences of characters and pairs of words are compared too, and not single words alone."""


def describe_pairs(evidence: Evidence) -> Features:
    """Return what sets the left side apart from the right: which things they are, words, lengths.

    The columns change their sign when the sides are swapped. Supplied features are taken as they are, and items
    without sides by what else they hold.
    """
    sides = evidence.sides
    known = sides.has_texts | sides.has_things
    if evidence.given_features is not None or not known.any():
        return build_features(
            evidence.labels.items, supplied=evidence.given_features, media_root=evidence.media_root, seed=evidence.seed
        )
    parts = [_which_things(sides), _which_words(sides, evidence.seed), _which_lengths(sides)]
    matrix = np.hstack(parts).astype(np.float32)
    matrix[~known] = 0
    return Features(matrix, known, DIFFERENCES)


def cluster_pairs(evidence: Evidence) -> Ints:
    """(N,) cluster of each comparison: the same prompt with nearly the same two answers, on whatever sides.

    Over 10,000 comparisons, with the very same two.
    """
    items, sides = evidence.labels.items, evidence.sides
    prompts = items["text"].to_pylist()
    texts = [
        "\n".join([prompt or "", *sorted((a, b)), *sorted(map(str, (i, j)))]) if (a and b) or min(i, j) >= 0 else prompt
        for prompt, a, b, i, j in zip(
            prompts, sides.left_text, sides.right_text, sides.left.tolist(), sides.right.tolist(), strict=True
        )
    ]
    table = pa.table({"item_id": items["item_id"], "text": pa.array(texts, pa.string()), "uri": items["uri"]})
    if len(texts) > MOST_COMPARED:
        return number_contents(table)
    by_words = None
    if len(texts) > MOST_BY_CHARACTERS and any(texts):
        matrix = weigh_words(normalise_texts(texts))
        by_words = Features(matrix, np.diff(matrix.indptr) > 0, TEXT)
    return np.asarray(cluster_near_duplicates(table, by_words), dtype=np.int64)


def require_few(n_comparisons: int) -> None:
    """Refuse to look for neighbours of more comparisons than can be held against each other.

    Raises
    ------
    Unavailable
        There are over 10,000 comparisons.
    """
    if n_comparisons > MOST_COMPARED:
        raise Unavailable(
            f"{n_comparisons:,} comparisons are too many to hold each against all others",
            hint=f"Neighbours are looked for among up to {MOST_COMPARED:,}.",
        )


def _which_things(sides: Sides) -> Singles:
    """(N, S) one for the thing on the left, minus one for that on the right, of those met most often."""
    both = np.r_[sides.left, sides.right]
    often = np.argsort(-np.bincount(both[both >= 0], minlength=len(sides.things)), kind="stable")[:MOST_THINGS]
    place = np.full(len(sides.things) + 1, -1, dtype=np.int64)
    place[often] = np.arange(len(often))
    matrix = np.zeros((len(sides.left), len(often)), dtype=np.float32)
    for side, sign in ((sides.left, 1.0), (sides.right, -1.0)):
        at = np.flatnonzero(place[side] >= 0)
        matrix[at, place[side[at]]] += sign
    return matrix


def _which_words(sides: Sides, seed: int) -> Singles:
    """(N, D) difference of the texts' words, in the directions in which texts differ most."""
    n = len(sides.left_text)
    if not sides.has_texts.any():
        return np.zeros((n, 0), dtype=np.float32)
    from sklearn.decomposition import TruncatedSVD

    texts = normalise_texts([*sides.left_text, *sides.right_text])
    terms = weigh_words(texts, longest=1) if n > MOST_BY_CHARACTERS else weigh_terms(texts)[0]
    difference: sp.csr_matrix = terms[:n] - terms[n:]
    size = min(DIMENSIONS, difference.shape[1] - 1, min(n, MOST_LEARNED) - 1)
    if size < 1 or not difference.nnz:
        return np.zeros((n, 0), dtype=np.float32)
    learned = np.sort(np.random.default_rng([seed, 43]).permutation(n)[:MOST_LEARNED])
    directions = TruncatedSVD(size, n_iter=3, random_state=seed).fit(difference[learned])
    return np.asarray(directions.transform(difference), dtype=np.float32)


def _which_lengths(sides: Sides) -> Singles:
    """(N, 2) log ratio of lengths, and of numbers of lines."""
    sizes = [
        [np.log1p(np.array([count(text) for text in side], dtype=np.float64)) for count in (len, _count_lines)]
        for side in (sides.left_text, sides.right_text)
    ]
    return np.stack([left - right for left, right in zip(*sizes, strict=True)], axis=1).astype(np.float32)


def _count_lines(text: str) -> int:
    return text.count("\n")

"""Whether an annotator's texts follow the items that they were written for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

__all__ = ["Following", "choose_partners", "measure_following"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Texts = npt.NDArray[np.object_]

MOST_TEXTS = 60
"""Texts of an annotator that are compared, drawn at random."""
SHUFFLES = 999


@dataclass(frozen=True, eq=False)
class Following:
    """How much nearer an annotator's texts are to those of others on the same items than on their other items.

    Parameters
    ----------
    n
        (A,) texts compared.
    own, other
        (A,) mean distance, in shares of the longer text, to another annotator's text on the same item, and on the
        annotator's other items.
    p
        (A,) p value of "these texts could have been given to these items in any order"; small where they follow the
        items, large where nothing shows that they do. NaN where there are too few texts.
    n_alike
        (A,) texts among those compared that are word for word the annotator's most frequent one.
    """

    n: Ints
    own: Floats
    other: Floats
    p: Floats
    n_alike: Ints


def choose_partners(item: Ints, weight: Floats) -> Ints:
    """Return (L,) the position of the heaviest other text on each text's item; -1 where there is none."""
    order = np.lexsort((weight, item))
    last = np.r_[item[order][1:] != item[order][:-1], True][: len(order)]
    size = int(item.max(initial=-1)) + 1
    first, second = np.full(size, -1, dtype=np.int64), np.full(size, -1, dtype=np.int64)
    first[item[order[last]]] = order[last]
    rest = order[~last]
    second[item[rest]] = rest  # the last one written is the heaviest
    own = np.arange(len(item))
    return np.where(first[item] == own, second[item], first[item])


def measure_following(
    texts: Texts, partner: Ints, annotator: Ints, n_annotators: int, *, fewest: int = 8, seed: int = 0
) -> Following:
    """Test for each annotator whether their texts belong to their items, by shuffling which text is for which item.

    The statistic is the mean distance between a text and another annotator's text on the same item. If an annotator's
    texts have nothing to do with the items, every order of them is as likely, so the p value is uniform whatever the
    texts and the items are; of such annotators one in twenty has a p value below .05.

    Parameters
    ----------
    texts
        (L,) coded texts.
    partner
        (L,) see :func:`choose_partners`.
    annotator
        (L,) codes.
    n_annotators
        A.
    fewest
        Texts with a partner that an annotator needs.
    seed
        Of what is drawn.

    References
    ----------
    Mantel (1967). The detection of disease clustering and a generalized regression approach. Cancer Research 27.
    Phipson, Smyth (2010). Permutation p-values should never be zero. SAGMB 9.
    """
    n, alike = np.zeros(n_annotators, dtype=np.int64), np.zeros(n_annotators, dtype=np.int64)
    own, other, p = (np.full(n_annotators, np.nan) for _ in range(3))
    known = np.flatnonzero(partner >= 0)
    order = known[np.argsort(annotator[known], kind="stable")]
    ends = np.cumsum(np.bincount(annotator[known], minlength=n_annotators))
    for who, mine in enumerate(np.split(order, ends[:-1])):
        n[who] = len(mine)
        if len(mine) < fewest:
            continue
        rng = np.random.default_rng([seed, 61, who])
        mine = mine[rng.permutation(len(mine))[:MOST_TEXTS]]
        n[who] = len(mine)
        apart = _distances(texts[mine], texts[partner[mine]])
        own[who] = apart.trace() / len(mine)
        other[who] = (apart.sum() - apart.trace()) / (len(mine) * (len(mine) - 1))
        p[who] = _shuffle(apart, rng)
        alike[who] = np.unique(texts[mine].astype(object), return_counts=True)[1].max()
    return Following(n, own, other, p, alike)


def _distances(texts: Texts, others: Texts) -> Floats:
    found = process.cdist(
        texts.tolist(), others.tolist(), scorer=Levenshtein.normalized_distance, dtype=np.float64, workers=1
    )
    return np.asarray(found, dtype=np.float64)


def _shuffle(apart: Floats, rng: np.random.Generator) -> float:
    n = len(apart)
    orders = rng.permuted(np.tile(np.arange(n), (SHUFFLES, 1)), axis=1)
    shuffled = apart[np.arange(n), orders].mean(axis=1)
    return float((1 + (shuffled <= apart.trace() / n + 1e-12).sum()) / (SHUFFLES + 1))

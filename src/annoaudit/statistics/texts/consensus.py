"""Consensus of several texts on one item, word by word, by weighted vote."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annoaudit.statistics.texts.edits import count_edits
from annoaudit.statistics.texts.network import Network, Without, align_texts

__all__ = ["TextConsensus", "find_medoids", "infer_texts", "pair_up"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Texts = npt.NDArray[np.object_]

MOST_ON_ITEM = 12
"""Texts of an item among which all pairs are compared; more are compared with as many of their neighbours."""
ROUNDS = 3
PRIOR_UNITS = 40.0
"""Units of the team's rate of differences added to each annotator's own."""
POWER = 10.0
"""A text weighs as the chance that its writer gets so many units in a row as the others do."""
MOST_DIFFERENT = 0.95


@dataclass(frozen=True, eq=False)
class TextConsensus:
    """What the texts on each item say together, and how each text and annotator differs from it.

    Parameters
    ----------
    coded
        (N,) the consensus; "" where an item has no text.
    network
        All texts aligned with it.
    weight
        (L,) of each text in the vote.
    without
        How each text differs from what the others on its item say.
    rate
        (A,) share of units in which an annotator differs, drawn towards the team's with few units.
    """

    coded: Texts
    network: Network
    weight: Floats
    without: Without
    rate: Floats


def pair_up(item: Ints, most: int = MOST_ON_ITEM) -> tuple[Ints, Ints]:
    """Return pairs of texts on the same item as two (P,) arrays of positions: all, or ``most`` - 1 on each side."""
    order = np.argsort(item, kind="stable")
    firsts, seconds = [order[:0]], [order[:0]]
    for step in range(1, min(most, len(order))):
        a, b = order[:-step], order[step:]
        same = item[a] == item[b]
        firsts.append(a[same])
        seconds.append(b[same])
    return np.concatenate(firsts), np.concatenate(seconds)


def find_medoids(texts: Texts, item: Ints, n_items: int) -> Texts:
    """Return (N,) the text of each item that lies nearest to its others; "" where there is none."""
    first, second = pair_up(item)
    edits = count_edits(texts[first], texts[second]).astype(np.float64)
    size = len(texts)
    total = np.bincount(first, edits, size) + np.bincount(second, edits, size)
    n = np.maximum(np.bincount(first, minlength=size) + np.bincount(second, minlength=size), 1)
    order = np.lexsort((total / n, item))
    leads = np.r_[True, item[order][1:] != item[order][:-1]][: len(order)]
    found = np.full(n_items, "", dtype=object)
    found[item[order[leads]]] = texts[order[leads]]
    return found


def infer_texts(texts: Texts, item: Ints, annotator: Ints, *, n_items: int, n_annotators: int) -> TextConsensus:
    """Infer what each item's text is, from several texts on it and how far their writers differ from others elsewhere.

    The texts of an item are aligned with the one nearest to the others, and at each place the unit with most weight is
    taken; then all are aligned with the result, three times. A text weighs (1 - r)^10 by the rate r at which its writer
    differs from the others' vote: texts near the others on one item do not weigh more there, so an item's many similar
    mistakes do not confirm themselves.

    Parameters
    ----------
    texts
        (L,) coded texts, see :class:`annoaudit.statistics.texts.Units`.
    item, annotator
        (L,) codes.
    n_items, n_annotators
        Their numbers.

    References
    ----------
    Fiscus (1997). A post-processing system to yield reduced word error rates: recognizer output voting error reduction
    (ROVER). IEEE ASRU. Li, Fukumoto (2019). A dataset of crowdsourced word sequences: collections and answer
    aggregation for ground truth creation. AnnoNLP.
    """
    coded = find_medoids(texts, item, n_items)
    weight: Floats = np.ones(len(texts))
    for _ in range(ROUNDS):
        network = align_texts(texts, item, coded)
        rate = _rate_annotators(network.compare(weight), annotator, n_annotators)
        weight = np.asarray((1.0 - rate[annotator]) ** POWER, dtype=np.float64)
        coded = network.vote(weight)
    network = align_texts(texts, item, coded)
    without = network.compare(weight)
    return TextConsensus(coded, network, weight, without, _rate_annotators(without, annotator, n_annotators))


def _rate_annotators(without: Without, annotator: Ints, n_annotators: int) -> Floats:
    known = np.isfinite(without.edits)
    edits = np.bincount(annotator[known], without.edits[known], n_annotators)
    units = np.bincount(annotator[known], np.maximum(without.length[known], 1.0), n_annotators)
    team = edits.sum() / max(units.sum(), 1.0)
    rate = (edits + PRIOR_UNITS * team) / (units + PRIOR_UNITS)
    return np.asarray(np.minimum(rate, MOST_DIFFERENT), dtype=np.float64)

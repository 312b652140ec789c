"""Which pairs of annotators share mistakes: the same odd words at the same places of the same items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annoaudit.statistics.residual_scan import tail_above
from annoaudit.statistics.texts.consensus import pair_up
from annoaudit.statistics.texts.network import Network

__all__ = ["SharedErrors", "count_shared_errors"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FEWEST_TEXTS = 4
MOST_HOLDERS = 3
MOST_ON_ITEM = 40
MARGIN = 1.5


@dataclass(frozen=True, eq=False)
class SharedErrors:
    """Pairs of annotators with texts on the same items, P of them.

    Parameters
    ----------
    first, second
        (P,) annotator codes, ``first < second``.
    n_items
        (P,) items with at least four texts on which both wrote.
    n_shared
        (P,) those of them on which the two say the same odd thing, that at most one more says.
    expected
        (P,) how many such items chance leads to expect, given how many pairs share odd things on each item.
    p
        (P,) p value.
    at_first, at_second
        (E,) positions of the texts of each shared item, and ``pair`` (E,) whose it is.
    """

    first: Ints
    second: Ints
    n_items: Ints
    n_shared: Ints
    expected: Floats
    p: Floats
    at_first: Ints
    at_second: Ints
    pair: Ints


def count_shared_errors(network: Network, annotator: Ints, n_annotators: int) -> SharedErrors:
    """Count the items on which two annotators share a mistake, and say how far chance explains it.

    A shared mistake is a departure from the consensus that is the same in two or three texts and no more than half of
    them. Several on one item count once, since they come together. Null: given how many pairs of an item's annotators
    share mistakes there (its difficulty and what is easily misheard in it), each pair is one of them at most one and a
    half times as often as follows from how often either shares mistakes with people other than the other one. The p
    value is exact for independent items.

    Parameters
    ----------
    network
        All texts aligned with the consensus.
    annotator
        (L,) codes.
    n_annotators
        A.

    References
    ----------
    Wollack (1997). A nominal response model approach for detecting answer copying. Applied Psychological Measurement
    21. Hong (2013). On computing the distribution function for the Poisson binomial distribution. CSDA 59.
    """
    n_texts = np.bincount(network.item, minlength=len(network.skeleton))
    large = np.flatnonzero((n_texts[network.item] >= FEWEST_TEXTS) & (n_texts[network.item] <= MOST_ON_ITEM))
    a, b = pair_up(network.item[large], MOST_ON_ITEM)
    a, b = large[a], large[b]
    swap = annotator[a] > annotator[b]
    a, b = np.where(swap, b, a), np.where(swap, a, b)
    shares = np.isin(_key(a, b, len(annotator)), _find_sharing(network, n_texts, annotator))
    keys, pair = np.unique(_key(annotator[a], annotator[b], n_annotators), return_inverse=True)
    chance = _chances(network.item[a], annotator[a], annotator[b], shares, pair, n_annotators)
    n_shared = np.bincount(pair, shares, len(keys)).astype(np.int64)
    expected = np.bincount(pair, chance, len(keys)).astype(np.float64)
    return SharedErrors(
        first=keys // n_annotators,
        second=keys % n_annotators,
        n_items=np.bincount(pair, minlength=len(keys)).astype(np.int64),
        n_shared=n_shared,
        expected=expected,
        p=_tails(n_shared, expected, chance, pair),
        at_first=a[shares],
        at_second=b[shares],
        pair=pair[shares],
    )


def _key(first: Ints, second: Ints, size: int) -> Ints:
    return np.asarray(first * max(size, 1) + second, dtype=np.int64)


def _find_sharing(network: Network, n_texts: Ints, annotator: Ints) -> Ints:
    """Keys of the pairs of texts that share a mistake, the annotator with the lower code first."""
    text = network.departures.text
    _, option = np.unique(np.stack([network.slot, network.departures.unit]), axis=1, return_inverse=True)
    option = option.reshape(-1)
    holders = np.bincount(option)[option] if len(option) else option
    odd = (holders >= 2) & (holders <= MOST_HOLDERS) & (2 * holders <= n_texts[network.item[text]])
    first, second = pair_up(option[odd])
    first, second = text[odd][first], text[odd][second]
    swap = annotator[first] > annotator[second]
    first, second = np.where(swap, second, first), np.where(swap, first, second)
    return np.unique(_key(first, second, len(annotator)))


def _chances(item: Ints, u: Ints, v: Ints, shares: npt.NDArray[np.bool_], pair: Ints, n_annotators: int) -> Floats:
    """(C,) chance that a pair of texts on an item shares a mistake, given how many pairs on the item do."""
    size = int(item.max(initial=-1)) + 1
    n_pairs, n_sharing = np.bincount(item, minlength=size), np.bincount(item, shares, size)
    even = (n_sharing / np.maximum(n_pairs, 1))[item]
    seen = np.bincount(u, shares, n_annotators) + np.bincount(v, shares, n_annotators)
    usual = np.bincount(u, even, n_annotators) + np.bincount(v, even, n_annotators)
    both_seen = np.bincount(pair, shares)[pair] if len(pair) else np.zeros(0)
    both_usual = np.bincount(pair, even)[pair] if len(pair) else np.zeros(0)
    # Each is weighed by what they share with people other than the other one of the pair.
    apart_u = (seen[u] - both_seen + 1) / (usual[u] - both_usual + 1)
    apart_v = (seen[v] - both_seen + 1) / (usual[v] - both_usual + 1)
    odds = apart_u * apart_v
    total = np.bincount(item, odds, size)[item]
    return np.asarray(np.minimum(MARGIN * n_sharing[item] * odds / np.maximum(total, 1e-12), 1.0), dtype=np.float64)


def _tails(n_shared: Ints, expected: Floats, chance: Floats, pair: Ints) -> Floats:
    """(P,) chance of as many shared items or more."""
    p = np.ones(len(n_shared))
    order = np.argsort(pair, kind="stable")
    ends = np.cumsum(np.bincount(pair, minlength=len(p)))
    for one in np.flatnonzero((n_shared > 0) & (n_shared > expected)).tolist():
        start = ends[one - 1] if one else 0
        p[one] = tail_above(float(n_shared[one]), chance[order[start : ends[one]]])
    return np.minimum(p, 1.0)

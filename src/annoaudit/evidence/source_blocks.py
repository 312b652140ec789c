"""Which labels a model may learn from when it judges others: never those of the same source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annoaudit.evidence.folds import group_folds

__all__ = ["Block", "Sources", "hold_out", "split_blocks"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_KEPT_RATE = 0.6
_PARTS = 4


@dataclass(frozen=True, eq=False)
class Sources:
    """Where L labels come from.

    Parameters
    ----------
    annotator
        (L,) annotator of each label; None where only items count as sources.
    cluster
        (L,) near-duplicate cluster of the item of each label.
    """

    annotator: Ints | None
    cluster: Ints

    def take(self, chosen: Bools) -> Sources:
        """Return the sources of some of the labels."""
        annotator = None if self.annotator is None else self.annotator[chosen]
        return Sources(annotator, self.cluster[chosen])

    def count(self) -> int:
        """Return the number of sources that folds can be made of."""
        return len(np.unique(self.cluster if self.annotator is None else self.annotator))


@dataclass(frozen=True, eq=False)
class Block:
    """(L,) labels to judge and (L,) labels to learn from; they share no annotator and no near duplicate."""

    judged: Bools
    learned: Bools


def split_blocks(sources: Sources, n_folds: int, seed: int) -> Iterator[Block]:
    """Split labels into blocks, each judged by a model that saw none of its sources.

    Without annotators, the folds are over clusters. With annotators, they are over annotators, and the
    near duplicates of what is judged are dropped from what is learned; where that would drop more than
    40 % of it, a fold is cut into four parts by cluster, so that each part drops less. The split
    depends on who labelled what, never on the labels.

    Parameters
    ----------
    sources
        Sources of L labels; at least two.
    n_folds
        Number of folds, lowered to the number of sources.
    seed
        Fixes the folds.
    """
    folds = min(n_folds, sources.count())
    if sources.annotator is None:
        fold = group_folds(sources.cluster, folds, seed=seed)
        for f in range(folds):
            yield Block(fold == f, fold != f)
        return
    fold = group_folds(sources.annotator, folds, seed=seed)
    for f in range(folds):
        yield from _drop_duplicates(fold == f, sources.cluster, seed)


def _drop_duplicates(judged: Bools, cluster: Ints, seed: int) -> Iterator[Block]:
    learned = ~judged & ~np.isin(cluster, cluster[judged])
    n_parts = min(_PARTS, len(np.unique(cluster[judged])))
    if learned.sum() >= _KEPT_RATE * (~judged).sum() or n_parts < 2:
        yield Block(judged, learned)
        return
    part = np.full(len(judged), -1, dtype=np.int64)
    part[judged] = group_folds(cluster[judged], n_parts, seed=seed)
    for p in range(n_parts):
        chosen = part == p
        yield Block(chosen, ~judged & ~np.isin(cluster, cluster[chosen]))


def hold_out(sources: Sources, learned: Bools, seed: int) -> Block:
    """Split what a model may learn from once more, in the same way, to weigh the members of the ensemble.

    Returns
    -------
    Block
        About a fourth of ``learned`` to check on, the rest to learn from.
    """
    inner = sources.take(learned)
    if inner.annotator is not None and inner.count() < 3:
        inner = Sources(None, inner.cluster)
    block = next(iter(split_blocks(inner, 4, seed + 1)))
    judged, kept = np.zeros(len(learned), dtype=bool), np.zeros(len(learned), dtype=bool)
    places = np.flatnonzero(learned)
    judged[places[block.judged]] = True
    kept[places[block.learned]] = True
    return Block(judged, kept)

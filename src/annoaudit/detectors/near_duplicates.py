"""Copies and near copies that should not be: across splits, in bursts, and batches whose items lie too close."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.detectors.data_exhibits import Innocence, list_imports, show_texts
from annoaudit.errors import Unavailable
from annoaudit.findings import Explanation, Level, Scores, Subject, signed, tell_share
from annoaudit.statistics.intervals import exact_interval

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["NearDuplicates"]

Ints = npt.NDArray[np.int64]

MOST_CLUSTERS = 200
MOST_SPLITS = 8
MOST_BATCHES = 200
FEWEST_IN_BATCH = 20
CLOSER_THAN = 0.999
TIGHT_SHARE = 0.1
COPIED = Innocence(
    ("a template, greeting or test item that many people send", "one source that was read in twice", "augmented data"),
    "where these items came from: the import's log, or the person who collected them",
)
LEAKED = Innocence(
    ("a split made before copies were removed", "a test set that was drawn from the training data on purpose"),
    "a split anew, with copies kept on one side",
)
TIGHT = Innocence(
    ("one batch on one topic or of one product", "items that one template filled in", "frames of one film"),
    "20 items of this batch beside 20 of others: were they made, or collected?",
)


@dataclass(frozen=True, eq=False)
class _Sight:
    """One thing that was looked at: its items, those beside them, and what is said of it."""

    key: str
    text: str
    items: Ints
    beside: Ints
    n: int
    hits: int
    suspicion: float
    sentence: str
    innocence: Innocence


@dataclass(frozen=True)
class NearDuplicates:
    """State copies and near copies of items: facts that are counted, not tested.

    Three things are looked at: pairs of splits that share copies; clusters of many copies; and batches whose items have
    a neighbour in the same batch closer than nearly all neighbours across batches. Copies with different labels are
    told by ``duplicate_conflict``.

    Parameters
    ----------
    min_burst
        A cluster of this many different items is a finding.
    """

    min_burst: int = 10

    name = "near_duplicates"
    version = "1"
    level: ClassVar[Level] = "dataset"
    needs = ("near_duplicates",)

    def score(self, evidence: Evidence) -> Scores:
        """Score the whole, each pair of splits, each large cluster and each batch."""
        sights = [*self._look(evidence)]
        hits, n = (np.array([getattr(one, name) for one in sights], dtype=np.int64) for name in ("hits", "n"))
        low, high = exact_interval(hits.astype(np.float64), np.maximum(n, 1))

        def explain(positions: Ints) -> Sequence[Explanation]:
            return [_explain(evidence, sights[int(at)]) for at in positions]

        return Scores(
            *signed(self, evidence.votes.question),
            target=np.arange(len(sights)),
            suspicion=np.array([one.suspicion for one in sights]),
            explain=explain,
            n=n,
            effect=hits / np.maximum(n, 1),
            effect_low=low,
            effect_high=high,
            effect_name="share of the items looked at that are copies, or lie too close",
            note=evidence.near_duplicates_limit,
        )

    def _look(self, evidence: Evidence) -> Iterator[_Sight]:
        cluster = evidence.near_duplicates
        size = np.bincount(cluster)
        n_items, copied = len(cluster), size[cluster] > 1
        extra = n_items - len(size)
        yield _Sight(
            "all",
            "all items",
            np.flatnonzero(copied),
            np.flatnonzero(~copied),
            n_items,
            extra,
            extra / max(n_items, 1),
            f"{extra:,} of {n_items:,} items ({tell_share(extra / max(n_items, 1))}) are copies or near copies of an "
            "earlier one.",
            COPIED,
        )
        yield from _across_splits(evidence, cluster)
        largest = np.argsort(-size, kind="stable")[:MOST_CLUSTERS]
        for one in largest[size[largest] > 1]:
            yield self._burst(evidence, cluster, int(one), int(size[one]))
        yield from _tight_batches(evidence)

    def _burst(self, evidence: Evidence, cluster: Ints, one: int, size: int) -> _Sight:
        items = np.flatnonzero(cluster == one)
        votes = evidence.votes
        labels = votes.label[np.isin(votes.item, items)]
        given = f", {len(np.unique(labels))} different labels" if len(np.unique(labels)) > 1 else ""
        first = min(str(votes.item_ids[int(item)].as_py()) for item in items)
        return _Sight(
            f"copies:{first}",
            f"{size} copies of item {first}",
            items,
            np.flatnonzero(cluster != one)[:20],
            len(cluster),
            size,
            size / (size + self.min_burst),
            f"{size} items are copies or near copies of each other{given}.",
            COPIED,
        )


def _column(evidence: Evidence, name: str, most: int) -> tuple[Ints, list[str]]:
    """(N,) code of each item's value, -1 where it has none, and the values; nothing where they are too few or many."""
    values = evidence.labels.items[name].to_pylist()
    distinct = sorted({value for value in values if value is not None})
    if not 2 <= len(distinct) <= most:
        return np.full(len(values), -1, dtype=np.int64), []
    code = {value: place for place, value in enumerate(distinct)}
    return np.array([code.get(value, -1) for value in values], dtype=np.int64), distinct


def _across_splits(evidence: Evidence, cluster: Ints) -> Iterator[_Sight]:
    split, names = _column(evidence, "split", MOST_SPLITS)
    for a, b in combinations(range(len(names)), 2):
        shared = np.intersect1d(cluster[split == a], cluster[split == b])
        small = a if (split == a).sum() <= (split == b).sum() else b
        leaked = np.flatnonzero((split == small) & np.isin(cluster, shared))
        n = int((split == small).sum())
        yield _Sight(
            f"splits:{names[a]}|{names[b]}",
            f"splits “{names[a]}” and “{names[b]}”",
            np.flatnonzero(np.isin(cluster, shared) & ((split == a) | (split == b))),
            np.flatnonzero((split == small) & ~np.isin(cluster, shared)),
            n,
            len(leaked),
            float(len(leaked) > 0),
            f"{len(leaked):,} of {n:,} items of the split “{names[small]}” ({tell_share(len(leaked) / max(n, 1))}) "
            f"have a copy or near copy in “{names[b if small == a else a]}”.",
            LEAKED,
        )


def _tight_batches(evidence: Evidence) -> Iterator[_Sight]:
    """Batches in which items lie closer together than items of different batches hardly ever do."""
    batch, names = _column(evidence, "batch", MOST_BATCHES)
    if not names:
        return
    try:
        near = evidence.neighbours
    except Unavailable:
        return
    known = (near.index >= 0) & (batch[near.index] >= 0) & (batch >= 0)[:, None]
    same = known & (batch[near.index] == batch[:, None])
    within = np.where(same, near.similarity, -1.0).max(axis=1)
    across = np.where(known & ~same, near.similarity, -1.0).max(axis=1)
    if not (across >= 0).any():
        return
    close = within > np.quantile(across[across >= 0], CLOSER_THAN)
    for place, name in enumerate(names):
        mine = batch == place
        n, hits = int(mine.sum()), int((mine & close).sum())
        share = hits / max(n, 1)
        if n >= FEWEST_IN_BATCH:
            yield _Sight(
                f"batch:{name}",
                f"batch “{name}”",
                np.flatnonzero(mine & close),
                np.flatnonzero(mine & ~close),
                n,
                hits,
                share / (share + TIGHT_SHARE),
                f"{hits} of {n} items of the batch “{name}” ({tell_share(share)}) have "
                "a neighbour in it that is closer than 99.9 % of the nearest neighbours across batches.",
                TIGHT,
            )


def _explain(evidence: Evidence, sight: _Sight) -> Explanation:
    facts: dict[str, object] = {
        "statistic": "items",
        "value": float(sight.hits),
        "examples": show_texts(evidence, sight.items),
        "matched": show_texts(evidence, sight.beside),
        "imports": list_imports(evidence, sight.items),
        "innocent_explanations": list(sight.innocence.explanations),
        "would_clear": sight.innocence.would_clear,
        "how to read": "counted, not tested",
        **_tell_times(evidence, sight.items),
    }
    return Explanation(sight.sentence, facts, Subject(sight.key, sight.text))


def _tell_times(evidence: Evidence, items: Ints) -> dict[str, object]:
    """When the items came in, where that is known."""
    made = [at for at in evidence.labels.items["created_at"].take(items).to_pylist() if at is not None]
    if not made:
        return {}
    return {"first came in": str(min(made)), "last came in": str(max(made))}

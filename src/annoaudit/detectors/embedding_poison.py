"""Classes that hold a cluster of items apart from the rest, as items do that were made to be labelled so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.detectors.data_exhibits import Innocence, name_sources, order_by, show_data
from annoaudit.errors import Unavailable
from annoaudit.findings import Explanation, Level, Scores, Subject, signed, tell_share
from annoaudit.statistics.intervals import exact_interval
from annoaudit.statistics.poison_signatures import TwoClusters, score_spectrum, split_in_two

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["EmbeddingPoison"]

Ints = npt.NDArray[np.int64]

DIMENSIONS = 50
MOST_ITEMS = 5_000
INNOCENCE = Innocence(
    (
        "a class of two honest kinds, such as two products or two ways of asking",
        "items from another source, in another language or of another length",
        "one kind of item that was collected later than the rest",
    ),
    "20 items of the cluster and 20 others of the class, judged without names: do both belong to it, and why apart?",
)
RANK_ONLY = (
    "rank only: every class, clean or not, has a smaller and a larger part; how far apart they lie is what counts"
)


@dataclass(frozen=True)
class EmbeddingPoison:
    """Rank classes by how far apart two clusters of their items lie, and name the items of the smaller one.

    Features are frozen: text, image or table features, or those the user gives, never those of a model that was trained
    on these labels. Suspicion is the mean silhouette width of the two clusters.

    Parameters
    ----------
    min_items
        Classes with fewer items with features: could not be judged.
    largest_share
        A smaller cluster with more than this share of the class is no minority, and its suspicion is halved.
    """

    min_items: int = 50
    largest_share: float = 0.35

    name = "embedding_poison"
    version = "1"
    level: ClassVar[Level] = "dataset"
    needs = ("features", "votes_consensus")

    def score(self, evidence: Evidence) -> Scores:
        """Score every class."""
        members = [self._members(evidence, k) for k in range(evidence.votes.n_classes)]
        places = _reduce(evidence)
        split = {k: split_in_two(places[rows], evidence.seed) for k, rows in enumerate(members) if len(rows)}
        if not split:
            raise Unavailable(f"no class has {self.min_items} items with features")
        n = np.array([len(rows) for rows in members])
        k_small = np.array([int(split[k].smaller.sum()) if k in split else 0 for k in range(len(members))])
        low, high = exact_interval(k_small.astype(np.float64), np.maximum(n, 1))
        judged = n > 0

        def explain(positions: Ints) -> Sequence[Explanation]:
            return [_explain(evidence, places, members[int(k)], split[int(k)], int(k)) for k in positions]

        return Scores(
            *signed(self, evidence.votes.question),
            target=np.arange(len(members)),
            suspicion=np.array([self._suspect(split[k]) if k in split else np.nan for k in range(len(members))]),
            explain=explain,
            given=np.arange(len(members)),
            n=n,
            effect=np.where(judged, k_small / np.maximum(n, 1), np.nan),
            effect_low=np.where(judged, low, np.nan),
            effect_high=np.where(judged, high, np.nan),
            effect_name="share of the class in the smaller cluster",
            missing="" if judged.all() else f"fewer than {self.min_items} items of the class have features",
        )

    def _members(self, evidence: Evidence, k: int) -> Ints:
        """Items of one class by consensus; none where they are too few, a seeded sample where very many."""
        given = evidence.votes_consensus.posterior.argmax(axis=1) == k
        labelled = np.bincount(evidence.votes.item, minlength=evidence.votes.n_items) > 0
        rows = np.flatnonzero(given & labelled & evidence.features.has_content)
        if len(rows) < self.min_items:
            return rows[:0]
        chosen = np.random.default_rng([evidence.seed, k]).permutation(rows)[:MOST_ITEMS]
        return np.asarray(np.sort(chosen), dtype=np.int64)

    def _suspect(self, split: TwoClusters) -> float:
        width = float(np.clip(split.silhouette, 0.0, 1.0))
        return width if split.smaller.mean() <= self.largest_share else 0.5 * width


def _reduce(evidence: Evidence) -> npt.NDArray[np.floating]:
    """(N, up to 50) main directions of the features."""
    from sklearn.decomposition import TruncatedSVD

    matrix = evidence.features.scaled
    if matrix.shape[1] <= DIMENSIONS and not evidence.features.is_sparse:
        return np.asarray(matrix)
    n_parts = min(DIMENSIONS, min(matrix.shape) - 1)
    if n_parts < 1:
        raise Unavailable("features have one column or one row")
    return np.asarray(TruncatedSVD(n_parts, random_state=evidence.seed).fit_transform(matrix))


def _explain(
    evidence: Evidence, places: npt.NDArray[np.floating], rows: Ints, split: TwoClusters, k: int
) -> Explanation:
    votes, odd = evidence.votes, np.full(evidence.votes.n_items, -1.0)
    odd[rows] = score_spectrum(places[rows])
    apart = np.zeros(votes.n_items, dtype=bool)
    apart[rows[split.smaller]] = True
    mine = np.flatnonzero((votes.label == k) & (odd[votes.item] >= 0))
    hit = apart[votes.item[mine]]
    picked, beside = mine[hit], mine[~hit]
    n, share = int(split.smaller.sum()), float(split.smaller.mean())
    sources = name_sources(votes.annotator[mine], hit, np.full(len(mine), hit.mean()))
    return Explanation(
        f"{n} of {len(rows)} items of “{votes.classes[k]}” ({tell_share(share)}) lie in a cluster of their own; "
        f"the mean silhouette width of the two clusters is {split.silhouette:.2f}.",
        {
            **show_data(
                evidence, order_by(picked, -odd[votes.item[picked]]), order_by(beside, odd[votes.item[beside]]),
                statistic="silhouette width", value=split.silhouette, innocence=INNOCENCE,
            ),
            "features": evidence.features.source,
            "how to read": RANK_ONLY,
        },
        Subject(f"class:{votes.classes[k]}", f"class “{votes.classes[k]}”", sources),
    )  # fmt: skip

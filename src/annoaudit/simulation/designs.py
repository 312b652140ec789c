"""How a synthetic team is made up: sizes, who labels what, how able people are and how hard items are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.errors import UsageError

if TYPE_CHECKING:
    from annoaudit.labels import Votes

__all__ = ["Assignment", "TeamDesign"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Assignment:
    """Who labels what: (L,) item and annotator codes, in the order of submission of each annotator."""

    item: Ints
    annotator: Ints


@dataclass(frozen=True)
class TeamDesign:
    """Sizes and habits of an honest team.

    Ability and difficulty are log odds: an annotator of ability a labels an item of difficulty d rightly
    with probability 1 / (1 + exp(d - a)). Difficulty is shared by all annotators, and mistakes fall mostly
    on the item's own distractor class: honest mistakes are correlated.

    Parameters
    ----------
    n_items, n_annotators, redundancy, n_classes
        N, A, R and K.
    ability, ability_spread, class_spread
        Mean and standard deviation over annotators; and of each annotator's departure per class.
    difficulty_spread
        Standard deviation over items.
    distractor_share
        Share of the mistakes that fall on the item's distractor.
    n_features, separation
        Width of the item vectors, and distance of the class means in standard deviations; hard items lie
        between their class and their distractor.
    class_shares
        Frequency of each class; even by default.
    gold_share
        Share of the items that are gold.
    prediction_accuracy
        Of the pre-annotations shown to annotators; 0 shows none.
    repeat_share
        Share of each annotator's items that they answer twice, without knowing.
    """

    n_items: int = 2000
    n_annotators: int = 40
    redundancy: int = 3
    n_classes: int = 4
    ability: float = 5.0
    ability_spread: float = 1.0
    class_spread: float = 0.3
    difficulty_spread: float = 1.5
    distractor_share: float = 0.7
    n_features: int = 8
    separation: float = 4.4
    class_shares: tuple[float, ...] = ()
    gold_share: float = 0.05
    prediction_accuracy: float = 0.85
    repeat_share: float = 0.05

    def __post_init__(self) -> None:
        if self.redundancy > self.n_annotators:
            raise UsageError(
                f"{self.redundancy} labels an item need as many annotators; there are {self.n_annotators}.",
                hint="Lower the redundancy or give more annotators.",
            )
        if min(self.n_items, self.n_annotators, self.redundancy) < 1 or self.n_classes < 2:
            raise UsageError("A team needs an item, an annotator, a label an item and two classes.")
        if self.class_shares and len(self.class_shares) != self.n_classes:
            raise UsageError(f"{len(self.class_shares)} class shares are given for {self.n_classes} classes.")

    @classmethod
    def like(cls, votes: Votes) -> TeamDesign:
        """Return the design with the sizes and class frequencies of a real project's votes."""
        counts = np.bincount(votes.label, minlength=votes.n_classes).astype(float) + 0.5
        return cls(
            n_items=votes.n_items,
            n_annotators=votes.n_annotators,
            redundancy=max(1, min(round(votes.redundancy), votes.n_annotators)),
            n_classes=max(votes.n_classes, 2),
            class_shares=tuple((counts / counts.sum()).tolist()) if votes.n_classes > 1 else (),
        )

    def shares(self) -> npt.NDArray[np.float64]:
        """Return (K,) class frequencies."""
        given = np.array(self.class_shares) if self.class_shares else np.ones(self.n_classes)
        return np.asarray(given / given.sum(), dtype=np.float64)

    def assign(self, rng: np.random.Generator) -> Assignment:
        """Give each item R different annotators, with even loads, in a random order of submission."""
        n, a, r = self.n_items, self.n_annotators, self.redundancy
        if n * a <= 50_000_000:
            chosen = (
                np.argpartition(rng.random((n, a)), r - 1, axis=1)[:, :r] if r < a else np.tile(np.arange(a), (n, 1))
            )
        else:  # neighbours on a shuffled circle: even loads without an N x A table
            circle = rng.permutation(a)
            chosen = circle[(rng.integers(0, a, n)[:, None] + np.cumsum(rng.integers(1, a // r, (n, r)), axis=1)) % a]
        item = np.repeat(np.arange(n), r)
        who = chosen.ravel().astype(np.int64)
        order = np.lexsort((rng.random(len(item)), who))
        return Assignment(item[order], who[order])

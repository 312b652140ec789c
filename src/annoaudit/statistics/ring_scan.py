"""Find the group in a team whose members give the same unusual answers to the same items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annoaudit.statistics.pair_agreement import PairAgreement

__all__ = ["Ring", "find_ring"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

N_SCALING = 60
N_SHUFFLES = 199
ENOUGH_ABOVE = 10
PRIOR_OF_PEOPLE, PRIOR_OF_CELLS = 4.0, 20.0
COPY_RATE = 0.5
LOSS = float(np.log1p(-COPY_RATE))
N_REFINEMENTS = 8
N_BALANCING = 20
MEMBER_AT = 2.0


@dataclass(frozen=True, eq=False)
class Ring:
    """The most agreeing group of a team.

    Parameters
    ----------
    p
        That some ring exists, against shuffles of who gave which label; membership is a ranking, not a test.
    statistic
        Largest eigenvalue of the matrix of pair scores.
    members
        Annotators of the group, strongest first.
    loading
        (A,) weight of each annotator in the leading eigenvector, oriented so that rings are positive.
    n_shared, n_agreed, expected
        Shared answers inside the group, those alike, and how many honest people would give alike.
    """

    p: float
    statistic: float
    members: Ints
    loading: Floats
    n_shared: int
    n_agreed: int
    expected: float


def find_ring(
    pairs: PairAgreement,
    item: Ints,
    annotator: Ints,
    label: Ints,
    expected: Ints,
    *,
    n_annotators: int,
    n_shuffles: int = N_SHUFFLES,
    seed: int = 0,
) -> Ring:
    """Scan for one ring.

    Each shared item scores the log likelihood ratio of copying half of the time: log((1 + g) / 2 g) for an agreement,
    with g the chance that honest people agree on that label of that item, log(1 / 2) otherwise. The matrix of pair
    scores has a large first eigenvalue where a group agrees throughout, even if no single pair stands out. Its null
    keeps, for every item, who labelled it and which labels it got, and shuffles who gave which: labels that differ from
    what peers expect go to people in proportion to their own odds of differing on such items, balanced so that
    everybody gets as many as they have. So difficulty, shared distractors and different ability stay as they are; only
    who errs together with whom is lost.

    Parameters
    ----------
    pairs
        Agreement of each pair against honest people.
    item, annotator, label, expected
        (L,) codes; ``expected`` is the class that peers most probably give.
    n_annotators
        A.
    n_shuffles
        The smallest possible p is 1 / (n_shuffles + 1); shuffling stops early once ten were as large as the
        statistic, and p is then ten over the number of shuffles.
    seed
        Of the shuffles.

    References
    ----------
    Patefield (1981). An efficient method of generating random R x C tables. Applied Statistics 30 (keeping the
    margins). Besag, Clifford (1991). Sequential Monte Carlo p-values. Biometrika 78. Johnstone (2001). On the
    distribution of the largest eigenvalue in principal components analysis. Annals of Statistics 29.
    """
    rng = np.random.default_rng([seed, 19])
    shuffle = _Shuffle(pairs, item, annotator, label, expected, n_annotators)
    observed = shuffle.scores(label)
    drawn = np.stack([shuffle.scores(shuffle.draw(rng)) for _ in range(N_SCALING)])
    centre, scale = drawn.mean(axis=0), _scale(drawn.var(axis=0), pairs.n_shared)
    z = (observed - centre) / scale
    top, vector = _lead(pairs, z, n_annotators)
    above = drawn_so_far = 0
    while drawn_so_far < n_shuffles and above < ENOUGH_ABOVE:
        z_drawn = (shuffle.scores(shuffle.draw(rng)) - centre) / scale
        above += _lead(pairs, z_drawn, n_annotators)[0] >= top
        drawn_so_far += 1
    p = above / drawn_so_far if above == ENOUGH_ABOVE else (1 + above) / (n_shuffles + 1)
    members = _choose_members(pairs, observed, z, vector)
    inside = np.isin(pairs.first, members) & np.isin(pairs.second, members)
    return Ring(
        p, top, members, vector, int(pairs.n_shared[inside].sum()),
        int(pairs.n_agreed[inside].sum()), float(pairs.expected[inside].sum()),
    )  # fmt: skip


class _Shuffle:
    """Draws who gave which label, item by item, and scores pairs; items on which all agree never change."""

    def __init__(
        self, pairs: PairAgreement, item: Ints, annotator: Ints, label: Ints, expected: Ints, n_annotators: int
    ) -> None:
        self.n_pairs = len(pairs.first)
        self.label = label
        usual = _usual_label(item, label, expected)
        differs = label != usual
        mixed = np.bincount(item, differs, int(item.max()) + 1) > 0
        self.moving = np.flatnonzero(mixed[item])
        self.item, self.is_usual = item[self.moving], ~differs[self.moving]
        self.log_odds = np.log(_odds(item, annotator, usual, differs, n_annotators))[self.moving]
        self.order = np.argsort(self.item, kind="stable")
        moves = mixed[pairs.item]
        self.first, self.second = pairs.at_first[moves], pairs.at_second[moves]
        self.pair, self.gain = pairs.pair[moves], _gain(pairs, item, label)
        self.row = pairs.item[moves]
        alike = self.gain[pairs.item, label[pairs.at_first]]
        self.base = np.bincount(pairs.pair, np.where(moves, 0.0, alike), self.n_pairs)

    def draw(self, rng: np.random.Generator) -> Ints:
        """Return (L,) labels with the same labels on each item, given to other people."""
        size = len(self.moving)
        to_people = np.lexsort((-(self.log_odds + rng.gumbel(size=size)), self.item))
        of_labels = np.lexsort((rng.random(size), self.is_usual, self.item))
        drawn = self.label.copy()
        drawn[self.moving[to_people]] = self.label[self.moving[of_labels]]
        return drawn

    def scores(self, label: Ints) -> Floats:
        """Return (P,) pair scores under these labels."""
        given = label[self.first]
        surplus = np.where(given == label[self.second], self.gain[self.row, given], LOSS)
        return np.asarray(self.base + np.bincount(self.pair, surplus, self.n_pairs), dtype=np.float64)


def _scale(variance: Floats, n_shared: Ints) -> Floats:
    """(P,) standard deviation of pair scores: half their own, half what is usual for as many shared items."""
    usual = n_shared * (variance.sum() / n_shared.sum())
    return np.asarray(np.sqrt((variance + usual) / 2.0), dtype=np.float64)


def _usual_label(item: Ints, label: Ints, expected: Ints) -> Ints:
    """(L,) one label for each item: the most frequent, or of several the one that peers expect."""
    n_classes = int(max(label.max(), expected.max())) + 1
    n_items = int(item.max()) + 1
    counts = np.bincount(item * n_classes + label, minlength=n_items * n_classes).astype(np.float64)
    counts += 1e-3 * np.bincount(item * n_classes + expected, minlength=n_items * n_classes)
    return np.asarray(counts.reshape(n_items, n_classes).argmax(axis=1)[item], dtype=np.int64)


def _odds(item: Ints, annotator: Ints, usual: Ints, differs: Bools, n_annotators: int) -> Floats:
    """(L,) each annotator's odds of being one who differs, on items with that usual label and given how many differ.

    Of the people on one item, those who differ are drawn in proportion to these odds; so that the draws give everybody
    as many differing labels as they have, they are fitted given the items' numbers of them. Rates alone would be too
    even: careless and careful people differ on the same few hard items. They lean on the annotator's odds over all
    usual labels, and these on the team's.
    """
    n_classes = int(usual.max()) + 1
    mixed = np.flatnonzero(np.bincount(item, differs)[item] > 0)
    cell = annotator * n_classes + usual
    of_people = _balance(item[mixed], annotator[mixed], differs[mixed], np.ones(n_annotators), PRIOR_OF_PEOPLE)
    prior = np.repeat(of_people, n_classes)
    of_cells = _balance(item[mixed], cell[mixed], differs[mixed], prior, PRIOR_OF_CELLS)
    return np.asarray(of_cells[cell], dtype=np.float64)


def _balance(item: Ints, cell: Ints, differs: Bools, prior: Floats, weight: float) -> Floats:
    """(C,) odds of each cell by which the expected number of differing labels is the observed one.

    They lean on prior odds as if those had been seen on ``weight`` differing labels: odds that follow chance would
    bring the same people together in every shuffle.

    References
    ----------
    Hunter (2004). MM algorithms for generalized Bradley-Terry models. Annals of Statistics 32.
    """
    n_differ = np.bincount(item, differs)[item]
    observed = np.bincount(cell, differs, len(prior)) + weight
    odds = prior.copy()
    for _ in range(N_BALANCING):
        total = np.bincount(item, odds[cell])[item]
        odds = observed / (np.bincount(cell, n_differ / total, len(prior)) + weight / prior)
    return np.asarray(odds, dtype=np.float64)


def _gain(pairs: PairAgreement, item: Ints, label: Ints) -> Floats:
    """(N, K) score of an agreement on a label of an item, from the mean chance that honest people agree on it."""
    n_items, n_classes = int(item.max()) + 1, int(label.max()) + 1
    agreed = label[pairs.at_first] == label[pairs.at_second]
    cell = (pairs.item * n_classes + label[pairs.at_first])[agreed]
    size = np.bincount(cell, minlength=n_items * n_classes)
    total = np.bincount(cell, pairs.chance[agreed], n_items * n_classes)
    chance = np.where(size > 0, total / np.maximum(size, 1), 1.0).reshape(n_items, n_classes)
    return np.asarray(np.log((COPY_RATE + (1.0 - COPY_RATE) * chance) / chance), dtype=np.float64)


def _lead(pairs: PairAgreement, z: Floats, n_annotators: int) -> tuple[float, Floats]:
    """Largest eigenvalue and its vector, oriented so that its cubes sum above zero."""
    if n_annotators > 200:
        from scipy.sparse import csr_matrix
        from scipy.sparse.linalg import eigsh

        half = csr_matrix((z, (pairs.first, pairs.second)), shape=(n_annotators, n_annotators))
        values, vectors = eigsh(half + half.T, k=1, which="LA", v0=np.ones(n_annotators), tol=1e-3)
    else:
        matrix = np.zeros((n_annotators, n_annotators))
        matrix[pairs.first, pairs.second] = z
        values, vectors = np.linalg.eigh(matrix + matrix.T)
    vector = vectors[:, -1]
    return float(values[-1]), vector if (vector**3).sum() >= 0 else -vector


def _choose_members(pairs: PairAgreement, score: Floats, z: Floats, vector: Floats) -> Ints:
    """Annotators whose shared answers with the group speak for copying half of the time, by a factor of 7 or more.

    It starts from the prefix of the annotators, by loading, with the largest pooled standardised score of the pairs
    inside, and assigns everybody anew until nothing changes.
    """
    chosen = _choose_prefix(pairs, z, vector)
    for _ in range(N_REFINEMENTS):
        renewed = _sum_with(pairs, score, chosen) >= MEMBER_AT
        if renewed.sum() < 2 or (renewed == chosen).all():
            break
        chosen = renewed
    members = np.flatnonzero(chosen)
    return np.asarray(members[np.argsort(-vector[members], kind="stable")], dtype=np.int64)


def _choose_prefix(pairs: PairAgreement, z: Floats, vector: Floats) -> Bools:
    n_annotators = len(vector)
    order = np.argsort(-vector, kind="stable")[: max(2, int((vector > 0).sum()))]
    place = np.full(n_annotators, n_annotators)
    place[order] = np.arange(len(order))
    later = np.maximum(place[pairs.first], place[pairs.second])
    inside = later < len(order)
    gain = np.bincount(later[inside], z[inside], len(order)).cumsum()
    size = np.bincount(later[inside], minlength=len(order)).cumsum()
    pooled = np.where(size > 0, gain / np.sqrt(np.maximum(size, 1)), -np.inf)
    chosen = np.zeros(n_annotators, dtype=bool)
    chosen[order[: max(2, int(pooled.argmax()) + 1)]] = True
    return chosen


def _sum_with(pairs: PairAgreement, score: Floats, chosen: Bools) -> Floats:
    """(A,) sum of each annotator's pair scores with the chosen others."""
    to_first = np.bincount(pairs.first, score * chosen[pairs.second], len(chosen))
    to_second = np.bincount(pairs.second, score * chosen[pairs.first], len(chosen))
    return np.asarray(to_first + to_second, dtype=np.float64)

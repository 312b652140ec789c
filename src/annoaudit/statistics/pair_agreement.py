"""Agreement of two annotators beyond two honest people on the same items: a learned null."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annoaudit.statistics.copy_rates import mix_copy_rates

__all__ = ["MOST_PAIRS", "PairAgreement", "measure_pair_agreement"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MOST_PAIRS = 4_000_000
MOST_FITTED = 100_000
SMALLEST_CHANCE = 0.03
PRIOR_LABELS = 10.0


@dataclass(frozen=True, eq=False)
class PairAgreement:
    """Agreements of pairs of annotators on shared items, against what honest people would show.

    P pairs with at least one shared item, S shared answers (one for each pair and item).

    Parameters
    ----------
    first, second
        (P,) annotators, first < second.
    n_shared, n_agreed, expected
        (P,) items both labelled, those labelled alike, and how many two honest people would label alike.
    z
        (P,) efficient score for copying, standardised: agreements on unlikely labels count most.
    log_e
        (P,) logarithm of the e value against honest agreement, mixed over copying rates .1, .3, .6 and .9.
    pair, item
        (S,) which pair and item each shared answer belongs to.
    chance
        (S,) chance that two honest people agree there.
    at_first, at_second
        (S,) positions of the two labels.
    n_left_out
        Items left out because there were too many pairs; 0 where all were used.
    """

    first: Ints
    second: Ints
    n_shared: Ints
    n_agreed: Floats
    expected: Floats
    z: Floats
    log_e: Floats
    pair: Ints
    item: Ints
    chance: Floats
    at_first: Ints
    at_second: Ints
    n_left_out: int


def measure_pair_agreement(
    item: Ints,
    annotator: Ints,
    label: Ints,
    ability: Floats,
    *,
    n_items: int,
    n_annotators: int,
    n_classes: int,
    probabilities: npt.NDArray[np.floating] | None = None,
    seed: int = 0,
) -> PairAgreement:
    """Measure how far each pair agrees beyond two honest people on the same items.

    The chance of agreement, given one of the two labels, the other annotators' labels on the item, the item's
    class probabilities, both people's ability and how often they give that class, is fitted by logistic
    regression to all pairs of the team. With that chance g, an agreement scores (1 - g) / g and a disagreement
    -1: the score test for a rate of copying.

    Parameters
    ----------
    item, annotator, label
        (L,) codes, one label for an item and annotator.
    ability
        (A, K) standardised agreement of each annotator with peers, where they say each class.
    n_items, n_annotators, n_classes
        N, A, K.
    probabilities
        (L, K) from a model that saw no label of the annotator who is judged; None where there are no features.
    seed
        Of the sample that the regression is fitted to, and of items left out beyond four million pairs.

    Raises
    ------
    ValueError
        No two annotators share an item.

    References
    ----------
    van der Linden, Sotaridona (2006). Detecting answer copying when the regular response process follows a
    known response model. J. Educational and Behavioral Statistics 31. Wang, Ramdas (2022). JRSS B 84.
    """
    rng = np.random.default_rng([seed, 17])
    left, right, n_left_out = _pair_up(item, rng)
    if not len(left):
        raise ValueError("no two annotators share an item")
    swap = annotator[left] > annotator[right]
    left, right = np.where(swap, right, left), np.where(swap, left, right)
    counts = np.bincount(item * n_classes + label, minlength=n_items * n_classes).reshape(n_items, n_classes)
    habit = _habits(annotator, label, n_annotators, n_classes)
    chance = _chance_of_agreement(left, right, item, annotator, label, ability, habit, counts, probabilities, rng)
    agreed = label[left] == label[right]
    key, pair = np.unique(annotator[left] * n_annotators + annotator[right], return_inverse=True)
    surplus = np.where(agreed, (1.0 - chance) / chance, -1.0)
    variance = np.bincount(pair, (1.0 - chance) / chance)
    scale = np.sqrt(np.maximum(variance, 1e-9))
    agreements = np.asarray(np.bincount(pair, agreed.astype(np.float64)), dtype=np.float64)
    likely = np.asarray(np.bincount(pair, chance), dtype=np.float64)
    return PairAgreement(
        key // n_annotators, key % n_annotators, np.bincount(pair), agreements, likely,
        np.bincount(pair, surplus) / scale, _log_e(pair, agreed, chance), pair, item[left], chance, left, right,
        n_left_out,
    )  # fmt: skip


def _pair_up(item: Ints, rng: np.random.Generator) -> tuple[Ints, Ints, int]:
    """Positions of all pairs of labels on one item, and how many items were left out to stay within bounds."""
    order = np.argsort(item, kind="stable")
    starts = np.flatnonzero(np.r_[True, item[order][1:] != item[order][:-1]])
    sizes = np.diff(np.r_[starts, len(item)])
    n_pairs = sizes * (sizes - 1) // 2
    mixed = np.lexsort((rng.random(len(sizes)), sizes))  # items with fewest labels first, equals at random
    kept = np.zeros(len(sizes), dtype=bool)
    kept[mixed[np.cumsum(n_pairs[mixed]) <= MOST_PAIRS]] = True
    left, right = [], []
    for size in np.unique(sizes[kept & (sizes > 1)]):
        first, second = np.triu_indices(size, 1)
        base = starts[kept & (sizes == size)][:, None]
        left.append(order[base + first].ravel())
        right.append(order[base + second].ravel())
    none = np.zeros(0, dtype=np.int64)
    return np.concatenate([none, *left]), np.concatenate([none, *right]), int((~kept & (sizes > 1)).sum())


def _habits(annotator: Ints, label: Ints, n_annotators: int, n_classes: int) -> Floats:
    """(A, K) log of how much more often than the team each annotator gives each class, shrunk toward the team.

    Two people who give everything the same class agree without having seen each other's work.
    """
    share = (np.bincount(label, minlength=n_classes) + 0.5) / (len(label) + 0.5 * n_classes)
    given = np.bincount(annotator * n_classes + label, minlength=n_annotators * n_classes)
    given = given.reshape(n_annotators, n_classes) + PRIOR_LABELS * share
    return np.asarray(np.log(given / given.sum(axis=1, keepdims=True) / share), dtype=np.float64)


def _chance_of_agreement(
    left: Ints, right: Ints, item: Ints, annotator: Ints, label: Ints, ability: Floats, habit: Floats, counts: Ints,
    probabilities: npt.NDArray[np.floating] | None, rng: np.random.Generator,
) -> Floats:  # fmt: skip
    """(S,) chance of agreement, averaged over whose label of the two is taken as given."""
    sides = [
        _describe(given, other, item, annotator, label, ability, habit, counts, probabilities)
        for given, other in ((left, right), (right, left))
    ]
    agreed = (label[left] == label[right]).astype(np.int64)
    if agreed.all() or not agreed.any():
        return np.full(len(left), np.clip(agreed.mean(), SMALLEST_CHANCE, 1.0 - 1e-4))
    chosen = rng.permutation(len(left))[:MOST_FITTED]
    model = _fit(np.vstack([one[chosen] for one in sides]), np.tile(agreed[chosen], 2))
    said = [1.0 / (1.0 + np.exp(-(one @ model[:-1] + model[-1]))) for one in sides]
    return np.asarray(np.clip((said[0] + said[1]) / 2.0, SMALLEST_CHANCE, 1.0 - 1e-4), dtype=np.float64)


def _describe(
    given: Ints, other: Ints, item: Ints, annotator: Ints, label: Ints, ability: Floats, habit: Floats, counts: Ints,
    probabilities: npt.NDArray[np.floating] | None,
) -> npt.NDArray[np.float64]:  # fmt: skip
    """(S, F) what the chance of agreement depends on, seen from the annotator whose label is given."""
    rest = counts[item[given]].astype(np.float64)
    rows = np.arange(len(given))
    rest[rows, label[given]] -= 1
    rest[rows, label[other]] -= 1
    same = rest[rows, label[given]]
    total = rest.sum(axis=1)
    rest[rows, label[given]] = 0
    against = rest.max(axis=1)
    first, second = ability[annotator[given], label[given]], ability[annotator[other], label[given]]
    skill = first + second
    leaning = habit[annotator[other], label[given]]
    share = np.bincount(label, minlength=counts.shape[1]) / len(label)
    columns = [
        same > 0, same > 1, against > 0, against > 1, (same > 0) & (against > 0), np.log1p(same), np.log1p(against),
        (same + 0.5) / (total + 1.0), skill, first * second,
        skill * (against > same), skill * (same > against), np.log(share[label[given]] + 1e-9), leaning,
        np.maximum(leaning, 0.0), leaning * (against > same), habit[annotator[given], label[given]],
    ]  # fmt: skip
    if probabilities is not None:
        known = np.where(np.isfinite(probabilities[given]), probabilities[given], share)
        own = np.clip(known[rows, label[given]], 1e-3, 1 - 1e-3)
        odds = np.log(own / (1.0 - own))
        known[rows, label[given]] = 0.0
        rival = np.log(np.clip(known.max(axis=1), 1e-3, 1.0))
        columns += [odds, rival, odds * (same > 0), odds * (against > 0), odds * (total < 1), np.maximum(odds, 0.0)]
    return np.stack([np.asarray(one, dtype=np.float64) for one in columns], axis=1)


def _fit(inputs: Floats, agreed: Ints) -> Floats:
    """Coefficients and intercept of a lightly penalised logistic regression."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(inputs)
    model = LogisticRegression(C=10.0, max_iter=200).fit(scaler.transform(inputs), agreed)
    weights = model.coef_[0] / scaler.scale_
    return np.asarray(np.r_[weights, model.intercept_[0] - weights @ scaler.mean_], dtype=np.float64)


def _log_e(pair: Ints, agreed: npt.NDArray[np.bool_], chance: Floats) -> Floats:
    """(P,) log of the mean, over copying rates, of the likelihood ratio against honest agreement."""

    def weigh(rate: float) -> Floats:
        alike = np.log((rate + (1.0 - rate) * chance) / chance)
        return np.asarray(np.bincount(pair, np.where(agreed, alike, np.log1p(-rate))), dtype=np.float64)

    return mix_copy_rates(weigh)

"""Rankings as arrays: comparisons, distances, agreement and consensus against brute force and published values."""

from __future__ import annotations

import json
from itertools import combinations, permutations

import numpy as np
import pytest
from scipy.stats import kendalltau

from annoaudit.labels.rankings import select_rankings
from annoaudit.simulation.rankings import RankingDesign, simulate_rankings
from annoaudit.statistics.rankings import (
    compare_in_pairs,
    fit_rankings,
    kemeny_orders,
    measure_ranking_agreement,
    rank_distances,
    repeat_of_order,
)


def prepared(design, seed):
    planted = simulate_rankings(design, seed)
    given = select_rankings(planted.labels, "order")
    key = given.item[given.ranking] * len(given.things) + given.thing
    cell = np.unique(key, return_inverse=True)[1]
    return planted, given, cell, compare_in_pairs(given.ranking, cell, given.level)


def levels_of(given, at):
    entries = slice(given.start[at], given.start[at + 1])
    return dict(zip(given.thing[entries].tolist(), given.level[entries].tolist(), strict=True))


def brute_distance(one, other):
    """Mean Kemeny distance over the pairs of things that both hold, and how many these are."""
    shared = sorted(one.keys() & other.keys())
    apart = [abs(np.sign(one[a] - one[b]) - np.sign(other[a] - other[b])) / 2 for a, b in combinations(shared, 2)]
    return sum(apart), len(apart)


@pytest.fixture(scope="module")
def sparse():
    return prepared(RankingDesign(n_items=12, n_annotators=5, redundancy=3, tie_rate=0.3, partial_rate=0.5), 5100)


def test_distances_are_those_of_all_pairs_by_hand(sparse):
    _, given, _, compared = sparse
    found = rank_distances(given.item, compared)
    for at in range(len(given)):
        others = [o for o in range(len(given)) if given.item[o] == given.item[at] and o != at]
        parts = [brute_distance(levels_of(given, at), levels_of(given, other)) for other in others]
        n = sum(count for _, count in parts)
        expected = sum(total for total, _ in parts) / n if n else np.nan
        assert found[at] == pytest.approx(expected, nan_ok=True)


def test_alpha_is_the_mean_kendall_tau_where_rankings_are_complete():
    _, given, cell, compared = prepared(RankingDesign(n_items=40), 5101)
    found = {
        one.name: one
        for one in measure_ranking_agreement(given.item, given.annotator, cell, given.level, compared, given.ranking)
    }
    taus = []
    for item in range(40):
        mine = [levels_of(given, at) for at in np.flatnonzero(given.item == item)]
        taus += [
            kendalltau([a[k] for k in sorted(a)], [b[k] for k in sorted(a)]).statistic for a, b in combinations(mine, 2)
        ]
    assert found["alpha_kemeny"].value == pytest.approx(np.mean(taus))
    assert found["kendall_tau_b"].value == pytest.approx(np.mean(taus))
    assert found["alpha_kemeny"].low < np.mean(taus) < found["alpha_kemeny"].high


def test_tau_b_with_ties_and_gaps_is_scipys(sparse):
    _, given, cell, compared = sparse
    found = measure_ranking_agreement(given.item, given.annotator, cell, given.level, compared, given.ranking)
    by_item = []
    for item in range(12):
        mine = [levels_of(given, at) for at in np.flatnonzero(given.item == item)]
        taus = []
        for a, b in combinations(mine, 2):
            shared = sorted(a.keys() & b.keys())
            values = [a[k] for k in shared], [b[k] for k in shared]
            if min(len(set(one)) for one in values) > 1:
                taus.append(kendalltau(*values).statistic)
        by_item += [np.mean(taus)] if taus else []
    assert found[1].name == "kendall_tau_b"
    assert found[1].value == pytest.approx(np.mean(by_item))


def test_kendalls_w_with_ties_is_the_textbook_value():
    """Three judges of six contestants: by the formula 12 S / (m^2 (k^3 - k) - m T), written out."""
    ranks = np.array([[1, 2, 3, 4, 5, 6], [1, 2, 2, 4, 5, 6], [2, 1, 3, 3, 6, 5]])
    ranking, cell = np.repeat(np.arange(3), 6), np.tile(np.arange(6), 3)
    level = np.concatenate([np.unique(row, return_inverse=True)[1] for row in ranks])
    compared = compare_in_pairs(ranking, cell, level)
    found = measure_ranking_agreement(np.zeros(3, dtype=int), np.arange(3), cell, level, compared, ranking)
    mid = np.array([[1, 2, 3, 4, 5, 6], [1, 2.5, 2.5, 4, 5, 6], [2, 1, 3.5, 3.5, 6, 5]])
    spread = ((mid.sum(axis=0) - 10.5) ** 2).sum()
    assert found[2].name == "kendall_w"
    assert found[2].value == pytest.approx(12 * spread / (9 * 210 - 3 * 12))


def test_random_orders_have_no_alpha_and_coverage_holds():
    low = high = 0
    for seed in range(5200, 5240):
        design = RankingDesign(n_items=60, sharpness=0.0, tie_rate=0.1, partial_rate=0.2)
        _, given, cell, compared = prepared(design, seed)
        alpha = measure_ranking_agreement(given.item, given.annotator, cell, given.level, compared, given.ranking)[0]
        low, high = low + (alpha.low > 0), high + (alpha.high < 0)
    assert low + high <= 6


@pytest.mark.parametrize("k", [2, 4, 6])
def test_the_consensus_is_the_best_of_all_orders(k):
    rng = np.random.default_rng(5300 + k)
    net = rng.normal(size=(20, k, k))
    net -= net.transpose(0, 2, 1)
    for weights, order in zip(net, kemeny_orders(net), strict=True):
        values = [sum(weights[a, b] for a, b in combinations(one, 2)) for one in permutations(range(k))]
        assert sum(weights[a, b] for a, b in combinations(order.tolist(), 2)) == pytest.approx(max(values))


def test_many_things_get_an_order_that_no_change_of_neighbours_betters():
    rng = np.random.default_rng(5310)
    worth = rng.normal(size=(10, 12))
    net = worth[:, :, None] - worth[:, None, :] + rng.normal(0, 0.5, (10, 12, 12))
    net -= net.transpose(0, 2, 1)
    order = kemeny_orders(net)
    rows = np.arange(10)[:, None]
    assert (np.sort(order, axis=1) == np.arange(12)).all()
    assert (net[rows, order[:, :-1], order[:, 1:]] >= 0).all()


def test_sharpness_tells_who_follows_who_guesses_and_who_turns_around():
    planted, given, cell, compared = prepared(
        RankingDesign(n_items=300, n_reversed=1, n_random=1, habit_rate=1.0, n_annotators=12), 5301
    )
    model = fit_rankings(given.item, given.annotator, 12, given.ranking, cell, given.thing, compared)
    assert planted.habit[0] == "reversed"
    assert model.sharpness[0] + 2 * model.sharpness_se[0] < 0
    assert abs(model.sharpness[1]) < 3 * model.sharpness_se[1]
    assert (model.sharpness[2:] > 0.5).all()


def test_somebody_who_always_gives_one_order_repeats_it_fully():
    planted, given, _, compared = prepared(
        RankingDesign(n_items=100, n_straight=1, habit_rate=1.0, n_annotators=6), 5302
    )
    # Names of answers are "answer X-item": the letter is not the place, which is the rank in the list shown.
    shown = {}
    for item, meta in enumerate(planted.labels.items["meta_json"].to_pylist()):
        for place, one in enumerate(json.loads(meta)["candidates"]):
            shown[item, one["id"]] = place
    slot = np.array([shown[given.item[r], given.things[t]] for r, t in zip(given.ranking, given.thing, strict=True)])
    tau, se = repeat_of_order(given.annotator, slot, compared, 6)
    assert tau[0] == pytest.approx(1.0)
    assert (np.abs(tau[1:]) < 4 * se[1:] + 0.05).all()

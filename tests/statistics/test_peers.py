"""Peers, cells, pairs, rings, slices and streams on small inputs whose answer is known."""

import numpy as np
import pytest
from scipy import sparse

from annoaudit.errors import UsageError
from annoaudit.simulation import ATTACKS, CONTROLS, TeamDesign, simulate_team
from annoaudit.statistics.cell_scan import scan_cells
from annoaudit.statistics.cells import count_cells
from annoaudit.statistics.drift_alarm import BURN_IN, StreamState, watch_stream
from annoaudit.statistics.fixed_answers import below_chance, favourite_excess
from annoaudit.statistics.label_fusion import cell_evidence
from annoaudit.statistics.multiplicity import adjust_e, adjust_p, sidak, suspicion_of
from annoaudit.statistics.pair_agreement import measure_pair_agreement
from annoaudit.statistics.peer_predictive import PeerPredictive, predict_peers
from annoaudit.statistics.peer_shortfall import hardness_of_items
from annoaudit.statistics.ring_scan import _Shuffle
from annoaudit.statistics.slice_groups import find_slice_group
from annoaudit.statistics.slice_scan import scan_slices

SMALL = TeamDesign(n_items=400, n_annotators=12, redundancy=3)


def codes(team):
    first = ~team.again
    return team.item[first], team.annotator[first], team.label[first]


def peers_of(team, **more):
    item, annotator, label = codes(team)
    sizes = {"n_items": team.n_items, "n_annotators": team.n_annotators, "n_classes": team.n_classes}
    return predict_peers(item, annotator, label, **sizes, **more)


def test_peer_probabilities_sum_to_one_and_are_calibrated_on_an_honest_team():
    team = simulate_team(TeamDesign(n_items=3000, n_annotators=30, redundancy=3), seed=1)
    peers, label = peers_of(team), codes(team)[2]
    np.testing.assert_allclose(peers.q.sum(axis=1), 1.0, atol=1e-5)
    agreed = peers.expected == label
    for low, high in ((0.0, 0.9), (0.9, 1.0)):
        inside = (peers.confidence >= low) & (peers.confidence < high)
        assert inside.sum() > 100
        assert abs(peers.confidence[inside].mean() - agreed[inside].mean()) < 0.04


def test_members_of_one_source_are_not_each_others_peers_and_count_once():
    item, annotator = np.zeros(4, dtype=np.int64), np.arange(4)
    label = np.array([0, 0, 0, 1])
    sizes = {"n_items": 1, "n_annotators": 4, "n_classes": 2}
    apart = predict_peers(item, annotator, label, **sizes)
    together = predict_peers(item, annotator, label, **sizes, group=np.array([0, 0, 0, 3]))
    assert apart.n_others.tolist() == [3, 3, 3, 3]
    assert together.n_others.tolist() == pytest.approx([1, 1, 1, 1])


def test_those_who_are_not_trusted_are_no_peers():
    item, annotator, label = np.zeros(3, dtype=np.int64), np.arange(3), np.array([0, 1, 1])
    found = predict_peers(
        item, annotator, label, n_items=1, n_annotators=3, n_classes=2, trusted=np.array([True, False, True])
    )
    assert found.n_others.tolist() == [1, 2, 1]


def test_probabilities_of_another_shape_are_refused():
    with pytest.raises(UsageError, match="expected"):
        peers_of(simulate_team(SMALL, seed=1), probabilities=np.ones((3, 4)))


def test_cells_count_every_label_once():
    team = simulate_team(SMALL, seed=2)
    item, annotator, label = codes(team)
    cells = count_cells(annotator, label, peers_of(team), team.n_annotators)
    assert cells.observed.sum() == len(item)
    np.testing.assert_allclose(cells.predicted.sum(axis=2), cells.n_expected, atol=1e-3)


def test_the_scan_names_the_planted_class_pair():
    team = ATTACKS["class_pair"].plant(simulate_team(TeamDesign(redundancy=3), seed=3), 0.05, 3)
    _, annotator, label = codes(team)
    scan = scan_cells(count_cells(annotator, label, peers_of(team), team.n_annotators))
    source, target = np.unique(team.truth[team.item][team.malicious]), np.unique(team.label[team.malicious])
    for who in np.flatnonzero(team.suspects):
        assert (scan.expected[who], scan.given[who]) == (source[0], target[0])
        assert scan.p[who] < 1e-4
    assert np.median(scan.p[~team.suspects]) > 0.2


def test_chance_agreement_has_the_variance_of_random_pairing():
    rng = np.random.default_rng(5)
    label, expected = rng.choice(3, 60, p=[0.6, 0.3, 0.1]), rng.choice(3, 60, p=[0.2, 0.5, 0.3])
    drawn = np.array([(rng.permutation(label) == expected).sum() for _ in range(20_000)])
    p, excess = below_chance(np.zeros(60, dtype=np.int64), label, expected, 1, 3)
    seen = (label == expected).sum()
    assert excess.value[0] == pytest.approx((drawn.mean() - seen) / 60, abs=0.003)
    assert p[0] == pytest.approx((drawn <= seen).mean(), abs=0.02)


def test_the_favourite_is_judged_where_peers_expect_another_class():
    team = ATTACKS["primary_choice"].plant(simulate_team(SMALL, seed=4), 0.1, 4)
    _, annotator, label = codes(team)
    excess = favourite_excess(count_cells(annotator, label, peers_of(team), team.n_annotators))
    assert (excess.low[team.suspects] > 0.5).all()
    assert (excess.high[~team.suspects] < 0.5).all()


def test_the_cell_leaves_the_label_itself_out():
    team = simulate_team(SMALL, seed=6)
    _, annotator, label = codes(team)
    peers = peers_of(team)
    cells = count_cells(annotator, label, peers, team.n_annotators)
    alone = (cells.observed[annotator, peers.expected, label] == 1) & (peers.expected != label)
    assert alone.any()
    assert (cell_evidence(annotator, label, peers, cells)[alone] <= 1e-9).all()


def test_pairs_expect_about_as_much_agreement_as_an_honest_team_shows():
    team = simulate_team(TeamDesign(n_items=2000, n_annotators=20, redundancy=4), seed=7)
    item, annotator, label = codes(team)
    pairs = measure_pair_agreement(
        item, annotator, label, np.zeros((20, 4)), n_items=2000, n_annotators=20, n_classes=4, seed=0
    )
    assert pairs.n_shared.sum() == 2000 * 6
    assert pairs.expected.sum() == pytest.approx(pairs.n_agreed.sum(), rel=0.005)


def test_no_shared_item_is_an_error_of_the_caller():
    with pytest.raises(ValueError, match="share an item"):
        measure_pair_agreement(
            np.arange(3), np.arange(3), np.zeros(3, dtype=np.int64), np.zeros((3, 1)),
            n_items=3, n_annotators=3, n_classes=1,
        )  # fmt: skip


def test_a_shuffle_keeps_the_labels_of_each_item():
    team = simulate_team(SMALL, seed=8)
    item, annotator, label = codes(team)
    pairs = measure_pair_agreement(item, annotator, label, np.zeros((12, 4)), n_items=400, n_annotators=12, n_classes=4)
    shuffle = _Shuffle(pairs, item, annotator, label, peers_of(team).expected, 12)
    drawn = shuffle.draw(np.random.default_rng(0))
    assert (drawn != label).any()
    order, shuffled = np.lexsort((label, item)), np.lexsort((drawn, item))
    np.testing.assert_array_equal(label[order], drawn[shuffled])


def test_shuffles_give_everybody_as_many_odd_labels_as_they_have():
    team = CONTROLS["sloppy"](simulate_team(TeamDesign(n_items=4000, n_annotators=12, redundancy=4), seed=12), 12)
    item, annotator, label = codes(team)
    sizes = {"n_items": 4000, "n_annotators": 12, "n_classes": 4}
    pairs = measure_pair_agreement(item, annotator, label, np.zeros((12, 4)), **sizes)
    shuffle = _Shuffle(pairs, item, annotator, label, peers_of(team).expected, 12)
    usual, rng = np.zeros(len(item), dtype=bool), np.random.default_rng(0)
    usual[shuffle.moving] = shuffle.is_usual
    usual_label = np.zeros(4000, dtype=np.int64)
    usual_label[item[usual]] = label[usual]
    moves = np.isin(item, item[usual])

    def count(given):
        return np.bincount(annotator[moves], (given != usual_label[item])[moves], 12)

    drawn = np.mean([count(shuffle.draw(rng)) for _ in range(200)], axis=0)
    for group in (team.suspects, ~team.suspects):
        assert drawn[group].sum() == pytest.approx(count(label)[group].sum(), rel=0.1)


def scattered(seed, n_annotators=20, size=100):
    """Annotators who depart toward class 0 on 3 of 100 labels anywhere, and a slice of a tenth of the items."""
    rng = np.random.default_rng(seed)
    annotator, item = np.repeat(np.arange(n_annotators), size), np.tile(np.arange(size), n_annotators)
    regions = sparse.csr_matrix(np.stack([item < 10, (item % 7) == 0, item >= 60], axis=1).astype(float))
    return annotator, item, regions, rng.random(len(item)) < 0.03


def look_for_group(annotator, item, regions, departs):
    nowhere = np.zeros(len(item), dtype=bool), np.zeros(len(item))
    return find_slice_group(
        lambda target: nowhere if target else (departs, np.full(len(item), 0.03)),
        item, annotator, regions, n_annotators=20, n_classes=2,
    )  # fmt: skip


def test_a_group_that_departs_together_in_a_slice_is_found_and_named():
    annotator, item, regions, departs = scattered(1)
    together = np.isin(annotator, [3, 8, 15]) & (item < 10) & (item % 5 != 0)
    found = look_for_group(annotator, item, regions, departs | together)
    assert found.p < 0.01
    assert (found.target, found.region, sorted(found.members)) == (0, 0, [3, 8, 15])
    assert 0 < found.observed <= found.n < 30  # three members on those of ten items that did not choose


def test_people_who_depart_anywhere_make_no_group_and_neither_does_a_whole_team():
    p = [found.p for seed in range(40) if (found := look_for_group(*scattered(seed)))]
    assert len(p) >= 20
    assert np.mean(np.array(p) <= 0.05) <= 0.15
    annotator, item, regions, departs = scattered(2)
    everybody = look_for_group(annotator, item, regions, departs | (item < 10))
    assert everybody is None or everybody.p > 0.05


def test_hard_items_are_those_of_which_peers_are_unsure():
    expected, annotator = np.zeros(6, dtype=np.int64), np.array([0, 0, 1, 1, 2, 2])
    sure = np.array([0.9, 0.9, 0.9, 0.9, 0.5, 0.5])
    peers = PeerPredictive(np.stack([sure, 1 - sure], axis=1).astype(np.float32), expected, np.ones(6), sure > 0)
    np.testing.assert_allclose(hardness_of_items(annotator, peers, 4), [1, 1, 0.25 / 0.09, 1], rtol=1e-5)


def test_a_slice_in_which_departures_pile_up_is_found_and_one_at_random_is_not():
    rng = np.random.default_rng(9)
    annotator, inside = np.repeat([0, 1], 300), np.tile(np.arange(300) < 40, 2)
    chance = np.full(600, 0.03)
    departs = rng.random(600) < 0.03
    departs[:300] = np.arange(300) < 12
    regions = sparse.csr_matrix(np.stack([inside, rng.random(600) < 0.3, rng.random(600) < 0.2], axis=1).astype(float))
    scan = scan_slices(annotator, departs, chance, regions, n_annotators=2)
    assert scan.p[0] < 0.001
    assert scan.region[0] == 0
    assert scan.p[1] > 0.02
    assert (scan.n[0], scan.observed[0]) == (40, 12)


def test_too_few_departures_are_not_judged():
    regions = sparse.csr_matrix(np.ones((20, 1)))
    scan = scan_slices(
        np.zeros(20, dtype=np.int64), np.zeros(20, dtype=bool), np.full(20, 0.1), regions, n_annotators=1
    )
    assert np.isnan(scan.p[0])


def test_a_stream_watched_in_two_parts_is_a_stream_watched_at_once():
    rng = np.random.default_rng(10)
    agreed, expected = rng.random(300) < 0.9, np.full(300, 0.93)
    whole = watch_stream(agreed, expected, StreamState(), run_length=8000, last_ms=9)
    for cut in (20, BURN_IN, 150):
        first = watch_stream(agreed[:cut], expected[:cut], StreamState(), run_length=8000, last_ms=5)
        kept = StreamState.from_json(first.state.to_json())
        second = watch_stream(agreed[cut:], expected[cut:], kept, run_length=8000, last_ms=9)
        assert second.state.log_m == pytest.approx(whole.state.log_m)
        np.testing.assert_allclose(second.log_m, whole.log_m[cut:])


def test_a_fall_is_found_where_it_begins():
    rng = np.random.default_rng(11)
    agreed = rng.random(400) < np.where(np.arange(400) < 200, 0.95, 0.4)
    seen = watch_stream(agreed, np.full(400, 0.95), StreamState(), run_length=8000, last_ms=0)
    assert 200 < seen.first < 240
    assert abs(seen.change - 200) < 15


def test_a_state_that_is_none_starts_afresh():
    assert StreamState.from_json({"n": "many"}) == StreamState()
    assert StreamState.from_json({"n": 5, "total": 0.0, "squares": 0.0, "log_m": [1.0], "last_ms": 3}) == StreamState()


def test_adjusted_values_are_those_of_the_papers():
    assert adjust_p(np.array([0.01, np.nan, 0.04, 0.03])) == pytest.approx([0.03, np.nan, 0.04, 0.04], nan_ok=True)
    # e-BH: of four, the two largest are rejected at q = .1 if the second is at least 4 / (2 * .1) = 20.
    adjusted = adjust_e(np.array([20.0, 50.0, 1.0, 0.0]))
    assert adjusted[:2] == pytest.approx([0.1, 0.08])
    assert (adjusted[2:] > 0.5).all()
    assert sidak(np.array([0.01]), 12)[0] == pytest.approx(1 - 0.99**12)
    assert suspicion_of(np.array([1.0, 0.1, 1e-9])) == pytest.approx([0.0, 0.5, 0.9])

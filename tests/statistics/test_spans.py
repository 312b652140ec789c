"""Spans as arrays: overlaps, matching, extents, agreement and edges, by hand and against slower ways."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from annoaudit.statistics.spans.doubts import average_tokens, cover_tokens, doubt_spans, find_unmarked
from annoaudit.statistics.spans.edges import measure_edge_bias, shifts_from_others, sign_flip_p
from annoaudit.statistics.spans.extents import infer_extents
from annoaudit.statistics.spans.flattening import flatten_spans
from annoaudit.statistics.spans.matching import match_spans
from annoaudit.statistics.spans.overlaps import overlapping_pairs
from annoaudit.statistics.spans.span_agreement import Marks, Pieces, measure_span_agreement


def spans_of(rows):
    item, source, start, end, label = (np.array(column) for column in zip(*rows, strict=True))
    return item, source, start.astype(float), end.astype(float), label


def draw_spans(rng, n_sources=3, n_spans=4, size=30):
    rows = []
    for source in range(n_sources):
        for _ in range(n_spans):
            start = int(rng.integers(0, size - 8))
            rows.append((0, source, start, start + int(rng.integers(1, 8)), int(rng.integers(3))))
    return spans_of(rows)


def test_overlapping_pairs_are_those_that_comparing_all_with_all_finds():
    rng = np.random.default_rng(5001)
    item = rng.integers(0, 4, 60)
    start = rng.integers(0, 40, 60).astype(float)
    end = start + rng.integers(1, 9, 60)
    first, second = overlapping_pairs(item, start, end, 10_000)
    found = {frozenset(pair) for pair in zip(first.tolist(), second.tolist(), strict=True)}
    expected = {
        frozenset((a, b))
        for a in range(60)
        for b in range(a)
        if item[a] == item[b] and min(end[a], end[b]) > max(start[a], start[b])
    }
    assert found == expected
    assert overlapping_pairs(item, start, end, len(expected) - 1) is None


@pytest.mark.parametrize(
    ("rows", "units", "extents"),
    [
        pytest.param(
            [(0, 0, 0, 5, 0), (0, 0, 0, 5, 1), (0, 1, 0, 5, 1)],
            [0, 1, 1],
            [(0, 5), (0, 5)],
            id="two classes, one place",
        ),
        pytest.param(
            [(0, 0, 0, 20, 0), (0, 0, 14, 20, 1), (0, 1, 14, 20, 1), (0, 2, 0, 20, 0)],
            [0, 1, 1, 0],
            [(0, 20), (14, 20)],
            id="nested",
        ),
        pytest.param([(0, 0, 0, 5, 0), (1, 1, 0, 5, 0)], [0, 1], [(0, 5), (0, 5)], id="two items"),
        pytest.param([(0, 0, 0, 5, 0), (0, 0, 0, 5, 0)], [0, 1], [(0, 5), (0, 5)], id="the same twice by one"),
        pytest.param(
            [(0, 0, 0, 10, 0), (0, 1, 8, 20, 0), (0, 2, 18, 30, 0)], [0, 0, 1], [(0, 10), (18, 30)], id="a chain"
        ),
        pytest.param(
            [(0, 0, 3, 9, 0), (0, 1, 3, 9, 0), (0, 2, 0, 9, 1)], [0, 0, 0], [(3, 9)], id="the most common extent names"
        ),
    ],
)
def test_spans_find_their_like(rows, units, extents):
    matched = match_spans(*spans_of(rows))
    assert matched.of.tolist() == units
    assert list(zip(matched.start, matched.end, strict=True)) == extents


def test_a_unit_has_one_span_of_a_source_and_a_place_that_all_share():
    for seed in range(5002, 5022):
        item, source, start, end, label = draw_spans(np.random.default_rng(seed))
        units = match_spans(item, source, start, end, label)
        for unit in range(len(units)):
            mine = np.flatnonzero(units.of == unit)
            assert len(set(source[mine])) == len(mine)
            assert start[mine].max() < end[mine].min()


def test_matching_does_not_depend_on_the_order_of_the_rows():
    rng = np.random.default_rng(5023)
    spans = draw_spans(rng, n_sources=4, n_spans=5)
    units = match_spans(*spans)
    for _ in range(5):
        mixed = rng.permutation(len(spans[0]))
        again = match_spans(*(column[mixed] for column in spans))
        np.testing.assert_array_equal(again.start, units.start)
        np.testing.assert_array_equal(again.of, units.of[mixed])


def test_too_many_overlaps_leave_equal_spans_matched():
    matched = match_spans(*spans_of([(0, 0, 0, 5, 0), (0, 1, 0, 5, 0), (0, 2, 0, 6, 0)]), most_pairs=1)
    assert not matched.complete
    assert matched.of.tolist() == [0, 0, 1]


def test_extents_follow_those_who_agree_with_the_rest():
    rng = np.random.default_rng(5024)
    unit, who = np.repeat(np.arange(400), 3), np.tile(np.arange(3), 400)
    right = rng.random(1200) < np.array([0.97, 0.9, 0.5])[who]
    start = np.where(right, 0.0, rng.integers(1, 5, 1200))
    found = infer_extents(unit, who, start, np.full(1200, 9.0), n_units=400, n_annotators=3)
    np.testing.assert_allclose(found.ability, [right[who == a].mean() for a in range(3)], atol=0.06)
    assert (found.start == 0).mean() > 0.97
    assert found.right[right].mean() > 0.95
    assert found.right[~right].mean() < 0.1


def test_a_span_that_nobody_else_marked_says_nothing_of_its_boundary():
    found = infer_extents(np.array([0]), np.array([0]), np.array([3.0]), np.array([5.0]), n_units=2, n_annotators=1)
    assert np.isnan(found.right).all()
    assert np.isnan(found.start[1])


def test_the_longest_span_counts_where_one_persons_overlap():
    runs = flatten_spans(np.array([0, 0, 0]), np.array([0.0, 2, 12]), np.array([10.0, 5, 15]), np.array([0, 1, 2]))
    assert list(zip(runs.start, runs.end, runs.label, strict=True)) == [(0, 10, 0), (12, 15, 2)]


def marks_of(rows, length, n_sources, n_classes=3):
    item, source, start, end, label = spans_of(rows)
    units = match_spans(item, source, start, end, label)
    sources = np.arange(n_sources)
    return Marks(
        np.zeros(n_sources, dtype=np.int64), sources, source, units.of, start, end, label, np.array([length]), n_classes
    )


def test_unitizing_alpha_is_that_of_single_characters_less_their_own_units():
    """By characters, with no unit and no character of a gap compared with itself: written out with loops."""
    rng = np.random.default_rng(5025)
    rows, said = [], np.full((3, 40), 3)
    parts = []
    for source in range(3):
        at = 0
        while at < 34:
            at += int(rng.integers(1, 8))
            end = min(at + int(rng.integers(1, 7)), 40)
            label = int(rng.integers(3))
            rows.append((0, source, at, end, label))
            said[source, at:end] = label
            at = end + 1
        cuts = np.flatnonzero(np.r_[True, said[source][1:] != said[source][:-1], True])
        parts += [(said[source][a], b - a) for a, b in pairwise(cuts)]
    same = sum(said[a, k] == said[b, k] for k in range(40) for a in range(3) for b in range(3) if a != b) / 2
    squares = [sum(n if k == 3 else n**2 for c, n in parts if c == k) for k in range(4)]
    totals = [(said == k).sum() for k in range(4)]
    expected = sum(t**2 - s for t, s in zip(totals, squares, strict=True)) / (sum(totals) ** 2 - sum(squares))
    by_hand = 1 - (1 - same / 120) / (1 - expected)
    found = {one.name: one.value for one in measure_span_agreement(marks_of(rows, 40.0, 3), None)}
    assert found["u_alpha_classes"] == pytest.approx(by_hand)


def test_f1_and_token_coefficients_by_hand():
    rows = [(0, 0, 0, 3, 0), (0, 0, 4, 7, 1), (0, 1, 0, 3, 0), (0, 1, 4, 9, 1), (0, 1, 10, 12, 2)]
    tokens = Pieces(np.zeros(4, dtype=np.int64), np.array([0.0, 4, 8, 10]), np.array([3.0, 7, 9, 12]))
    found = {one.name: one.value for one in measure_span_agreement(marks_of(rows, 12.0, 2), tokens)}
    assert found["span_f1_exact"] == pytest.approx(2 / 5)
    assert found["span_f1_overlap"] == pytest.approx(4 / 5)
    # Tokens: 0 0, 1 1, none 1, none 2; two of four agree; chance by each one's own shares is 3/16.
    assert found["token_kappa"] == pytest.approx((2 / 4 - 3 / 16) / (1 - 3 / 16))


def test_spans_at_random_agree_by_chance_alone():
    rng = np.random.default_rng(5026)
    n, sources = 300, np.repeat(np.arange(300), 2)
    place = np.arange(2 * n)
    start = rng.integers(0, 40, 2 * n).astype(float)
    units = match_spans(sources, place, start, start + 10, np.zeros(2 * n, dtype=np.int64))
    marks = Marks(
        sources,
        np.tile([0, 1], n),
        place,
        units.of,
        start,
        start + 10,
        np.zeros(2 * n, dtype=np.int64),
        np.full(n, 50.0),
        1,
    )
    found = {one.name: one for one in measure_span_agreement(marks, None)}
    assert abs(found["u_alpha"].value) < 0.12
    assert found["u_alpha"].low < found["u_alpha"].value < found["u_alpha"].high


def test_edges_are_held_against_what_most_others_gave():
    unit = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2, 3])
    edge = np.array([1.0, 1, 2, 5, 7, 3, 3, 4, 4, 9])
    nan = np.nan
    np.testing.assert_array_equal(shifts_from_others(unit, edge), [nan, nan, 1, -2, 2, -1, -1, 1, 1, nan])


def test_a_planted_habit_is_found_and_honest_slips_keep_their_level():
    rng = np.random.default_rng(5027)
    item = np.repeat(np.arange(200), 2)
    habit = measure_edge_bias(np.where(rng.random(400) < 0.1, 1.0, 0.0), np.zeros(400, dtype=np.int64), item, 1)
    assert habit.p[0] < 0.001
    assert habit.late[0] > 0.05 > habit.early[0]
    p = np.array([sign_flip_p(rng.choice([-1.0, 0, 1], 80, p=[0.2, 0.6, 0.2]), np.arange(80) // 2) for _ in range(300)])
    assert (p <= 0.05).mean() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)
    assert (p <= 0.2).mean() > 0.08


MATRIX = np.array([[0.05, 0.05, 0.9], [0.9, 0.05, 0.05], [0.9, 0.05, 0.05], [0.05, 0.05, 0.9], [0.1, 0.8, 0.1]])


def test_each_kind_of_error_has_the_highest_odds_where_it_was_made():
    item = np.zeros(5, dtype=np.int64)
    first, last = np.array([1, 1, 1, 0, 4, 0]), np.array([3, 3, 4, 1, 5, 1])
    label = np.array([0, 1, 0, 0, 2, 2])
    doubts = doubt_spans(MATRIX, item, first, last, label, n_spans=4, n_unmarked=6)
    assert doubts.odds[1:5].argmax(axis=1).tolist() == [0, 1, 2, 3]
    assert doubts.suggested[1:].tolist() == [0, 0, 2, 1, 0]
    assert doubts.suspicion[0] < 0.1
    assert doubts.suspicion[5] < 0.01
    assert (doubts.first[2], doubts.last[2]) == (1, 3)


def test_runs_that_nobody_marked_are_found_unless_they_touch_a_span():
    item = np.array([0, 0, 0, 1, 1])
    marked = np.array([False, True, False, False, False])
    first, last, label = find_unmarked(MATRIX, item, marked)
    assert (first.tolist(), last.tolist(), label.tolist()) == ([4], [5], [1])
    assert len(find_unmarked(MATRIX, item, np.ones(5, dtype=bool))[0]) == 0


def test_probabilities_of_stretches():
    item, start = np.zeros(5, dtype=np.int64), np.arange(5) * 4.0
    first, last = cover_tokens(item, start, start + 3, np.array([0, 0]), np.array([4.0, 3.0]), np.array([11.0, 3.5]))
    assert (first.tolist(), last.tolist()) == ([1, 1], [3, 1])
    whole = average_tokens(MATRIX, first, last)
    np.testing.assert_allclose(whole[0], [0.9, 0.05, 0.05])
    assert np.isnan(whole[1]).all()

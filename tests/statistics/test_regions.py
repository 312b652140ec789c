"""Overlaps, matching, consensus and biases of regions, against brute force and by hand."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from annoaudit.formats.masks import decode_counts, encode_mask
from annoaudit.statistics.agreement import Votes, krippendorff_alpha
from annoaudit.statistics.regions.agreement import MatchedPairs, measure_region_agreement, pair_up
from annoaudit.statistics.regions.boxes import box_overlap, overlapping_pairs, pairs_within
from annoaudit.statistics.regions.edge_bias import measure_edge_bias
from annoaudit.statistics.regions.keypoints import keypoint_similarity, sigmas_for
from annoaudit.statistics.regions.location import compared_box, median_box, rank_gaps
from annoaudit.statistics.regions.matching import match_regions
from annoaudit.statistics.regions.outlines import (
    Runs,
    cells_of_rings,
    cells_of_runs,
    frame_of_runs,
    overlap_of_runs,
    rings_of_cells,
    thin_ring,
)
from annoaudit.statistics.regions.polygons import Edges, overlap_of_polygons
from annoaudit.statistics.regions.quads import convex_overlap, corners_of_turned, quads_of_boxes
from annoaudit.statistics.regions.staple import boundary_f, infer_outline


def draw_boxes(n, rng, side=100.0, size=30.0):
    at = rng.random((n, 2)) * side
    return np.hstack([at, at + rng.random((n, 2)) * size + 1])


def match(box, source, item=None, threshold=0.5, least=0.1):
    item = np.zeros(len(box), dtype=np.int64) if item is None else item
    first, second, similarity = overlapping_pairs(item, source, box, least)
    return match_regions(first, second, similarity, source, threshold=threshold)


def test_overlap_of_boxes_by_hand():
    a = np.array([[0, 0, 10, 10], [0, 0, 10, 10], [0, 0, 0, 0], [5, 5, 5, 9]], dtype=float)
    b = np.array([[5, 0, 15, 10], [10, 0, 20, 10], [0, 0, 0, 0], [0, 0, 9, 9]], dtype=float)
    np.testing.assert_allclose(box_overlap(a, b), [1 / 3, 0, 0, 0])


@pytest.mark.parametrize("chunk", [1, 7, 10_000])
def test_pairs_within_groups_are_all_pairs_whatever_the_chunk(chunk):
    group = np.random.default_rng(5001).integers(0, 6, 40)
    found = {
        tuple(sorted(pair)) for a, b in pairs_within(group, chunk) for pair in zip(a.tolist(), b.tolist(), strict=True)
    }
    wanted = {(i, j) for i in range(40) for j in range(i + 1, 40) if group[i] == group[j]}
    assert found == wanted
    assert sum(len(a) for a, _ in pairs_within(group, chunk)) == len(wanted)


def test_no_source_has_two_regions_in_a_unit_however_dense():
    rng = np.random.default_rng(5002)
    for _ in range(30):
        box, source = draw_boxes(40, rng, side=25.0), rng.integers(0, 4, 40)
        unit = match(box, source)
        keys = list(zip(unit.tolist(), source.tolist(), strict=True))
        assert len(set(keys)) == len(keys)
        assert unit.max() + 1 == len(np.unique(unit))


def test_two_sources_are_paired_so_that_the_sum_is_largest():
    rng = np.random.default_rng(5003)
    for _ in range(40):
        box = draw_boxes(8, rng, side=12.0, size=20.0)
        source = np.repeat([0, 1], 4)
        overlap = box_overlap(np.repeat(box[:4], 4, axis=0), np.tile(box[4:], (4, 1))).reshape(4, 4)
        gain = np.where(overlap >= 0.5, overlap, 0.0)
        best = max(sum(gain[i, p[i]] for i in range(4)) for p in permutations(range(4)))
        unit = match(box, source, least=0.5)
        ours = sum(gain[i, j] for i in range(4) for j in range(4) if unit[i] == unit[4 + j])
        assert ours == pytest.approx(best)


def test_a_region_far_off_joins_the_unit_that_lacks_its_source():
    box = np.array([[0, 0, 10, 10], [0, 0, 10, 11], [6, 0, 16, 10], [50, 50, 60, 60]], dtype=float)
    assert match(box, np.array([0, 1, 2, 2])).tolist() == [0, 0, 0, 1]
    assert match(box, np.array([0, 1, 1, 2])).tolist() == [0, 0, 1, 2]


def test_regions_on_different_images_are_never_joined():
    box = np.tile([0.0, 0.0, 5.0, 5.0], (2, 1))
    assert match(box, np.array([0, 1]), item=np.array([0, 1])).tolist() == [0, 1]


def test_the_consensus_of_three_ignores_one_bad_box():
    box = np.array([[0, 0, 10, 10], [0, 0, 10, 10], [8, 0, 18, 10], [1, 1, 2, 2]], dtype=float)
    unit = np.array([0, 0, 0, 1])
    np.testing.assert_array_equal(median_box(box, unit)[0], [0, 0, 10, 10])
    held, n_others = compared_box(box, unit)
    np.testing.assert_array_equal(held[2], [0, 0, 10, 10])
    assert n_others.tolist() == [2, 2, 2, 0]
    assert np.isnan(held[3]).all()


def test_gaps_are_ranked_against_what_is_usual_for_the_size():
    rng = np.random.default_rng(5004)
    size = np.exp(rng.normal(4, 0.8, 3000))
    gap = np.clip(4.0 / size * np.exp(rng.normal(0, 0.3, 3000)), 0, 1)
    gap[:30] = 0.6
    suspicion, usual = rank_gaps(gap, size, margin=0.05, cutoff=2.0)
    assert (suspicion[:30][usual[:30] < 0.2] > 0.5).all()
    assert (suspicion[30:] > 0.5).mean() < 0.01


def test_boxes_in_any_direction_overlap_as_upright_ones_do():
    rng = np.random.default_rng(5005)
    a, b = draw_boxes(300, rng), draw_boxes(300, rng)
    np.testing.assert_allclose(convex_overlap(quads_of_boxes(a), quads_of_boxes(b)), box_overlap(a, b), atol=1e-12)
    turned = [corners_of_turned(*np.array([[0.0], [0.0], [10.0], [4.0]]), np.array([angle])) for angle in (0, 90)]
    moved = turned[1] + [[4.0, 0.0]]  # turned about its corner it lies left of it
    assert convex_overlap(turned[0], moved)[0] == pytest.approx(16 / (80 - 16))
    assert convex_overlap(a_diamond(), quads_of_boxes(np.array([[-1.0, -1, 1, 1]])))[0] == pytest.approx(0.5)


def a_diamond():
    return np.array([[[0.0, -1], [1, 0], [0, 1], [-1, 0]]])


def test_polygons_overlap_with_holes_and_notches():
    square = np.array([[0.0, 0], [8, 0], [8, 8], [0, 8]])
    hole = np.array([[2.0, 2], [6, 2], [6, 6], [2, 6]])
    window = (0.0, 0.0, 8.0, 8.0)
    assert cells_of_rings([square, hole], window).mean() == pytest.approx(0.75)
    notched = np.array([[0.0, 0], [8, 0], [8, 8], [4, 4], [0, 8]])
    edges = Edges.of([[square], [square, hole], [notched], [square + 100]])
    overlap = overlap_of_polygons(edges, np.array([0, 0, 0, 0]), np.array([0, 1, 2, 3]))
    np.testing.assert_allclose(overlap, [1.0, 0.75, 0.75, 0.0], atol=0.01)


def test_polygons_overlap_as_their_cells_do_all_pairs_at_once():
    rng = np.random.default_rng(5010)
    polygons = []
    for _ in range(40):
        angle, radius = np.sort(rng.uniform(0, 2 * np.pi, 17)), rng.uniform(20, 60, 17)
        middle = rng.uniform(40, 60, (2, 1))
        polygons.append([(middle + radius * np.stack([np.cos(angle), np.sin(angle)])).T])
    first, second = np.triu_indices(40, 1)
    found = overlap_of_polygons(Edges.of(polygons), first, second)
    window = (-30.0, -30.0, 130.0, 130.0)
    cells = [cells_of_rings(one, window, 400) for one in polygons]
    expected = [(cells[a] & cells[b]).sum() / (cells[a] | cells[b]).sum() for a, b in zip(first, second, strict=True)]
    np.testing.assert_allclose(found, expected, atol=0.01)
    np.testing.assert_allclose(overlap_of_polygons(Edges.of(polygons), second, first), found, atol=1e-12)


def test_no_polygons_have_no_overlap():
    nowhere = np.zeros(0, dtype=np.int64)
    assert len(overlap_of_polygons(Edges.of([]), nowhere, nowhere)) == 0
    flat = Edges.of([[np.array([[0.0, 5], [4, 5], [9, 5]])]])
    assert overlap_of_polygons(flat, np.array([0]), np.array([0])).tolist() == [0.0]


def test_masks_overlap_exactly_without_pixels():
    rng = np.random.default_rng(5006)
    for density in (0.02, 0.5, 0.98):
        a, b = (rng.random((13, 17)) < density for _ in range(2))
        runs = [Runs(decode_counts(encode_mask(one)), 13, 17) for one in (a, b)]
        expected = (a & b).sum() / max((a | b).sum(), 1)
        assert overlap_of_runs(*runs) == pytest.approx(expected)
        np.testing.assert_array_equal(cells_of_runs(runs[0], (0.0, 0.0, 17.0, 13.0), 221)[8::17, 6::13], a)
    assert overlap_of_runs(runs[0], Runs(runs[1].counts, 17, 13)) == 0.0
    assert np.isnan(frame_of_runs(Runs(np.array([221]), 13, 17))).all()


def test_keypoints_are_alike_as_coco_says():
    a = np.zeros((1, 17, 2))
    b = a + np.array([3.0, 4.0])
    expected = np.exp(-25.0 / (2 * 400.0 * (2 * sigmas_for(17)) ** 2)).mean()
    seen = np.ones((1, 17), dtype=bool)
    assert keypoint_similarity(a, b, seen, np.array([400.0]), sigmas_for(17))[0] == pytest.approx(expected)
    assert keypoint_similarity(a, a, ~seen, np.array([400.0]), sigmas_for(17))[0] == 0.0


def test_agreement_of_regions_by_hand_and_alpha_as_elsewhere():
    rng = np.random.default_rng(5007)
    unit = np.repeat(np.arange(200), 3)
    label = np.where(rng.random(600) < 0.8, np.repeat(rng.integers(0, 4, 200), 3), rng.integers(0, 4, 600))
    first, second = pair_up(unit)
    item = unit // 5
    measured = {
        one.name: one
        for one in measure_region_agreement(
            MatchedPairs(first, second, np.where(np.arange(len(first)) % 4 == 0, 0.6, 0.8)),
            item=item,
            label=label,
            n_submissions=np.full(40, 3),
            n_annotators=3,
            n_classes=4,
        )
    }
    assert measured["f1_at_50"].value == pytest.approx(1.0)
    assert measured["f1_at_75"].value == pytest.approx(0.75)
    assert measured["mean_overlap"].value == pytest.approx(0.75)
    alpha = krippendorff_alpha(Votes.of(unit, np.tile(np.arange(3), 200), label, 4)).value
    assert measured["alpha_class"].value == pytest.approx(alpha)
    assert measured["alpha_class"].low < alpha < measured["alpha_class"].high


def test_agreement_without_a_second_submission_says_why():
    none = np.zeros(0, dtype=np.int64)
    found = measure_region_agreement(
        MatchedPairs(none, none, np.zeros(0)), item=np.zeros(3, np.int64), label=np.zeros(3, np.int64),
        n_submissions=np.array([1]), n_annotators=1, n_classes=2,
    )  # fmt: skip
    assert all(np.isnan(one.value) and "two annotators" in one.why for one in found)


def test_a_biased_colleague_does_not_make_the_others_look_biased():
    rng = np.random.default_rng(5008)
    unit = np.repeat(np.arange(600), 3)
    annotator = np.tile(np.arange(3), 600)
    off = rng.normal(0, 0.03, (1800, 4))
    off[annotator == 0] += [0.08, 0.08, -0.08, -0.08]
    off -= np.repeat(np.median(off.reshape(600, 3, 4), axis=1), 3, axis=0)
    found = measure_edge_bias(off, unit, annotator, unit // 6, 3)
    np.testing.assert_allclose(found.mean[0], [0.08, 0.08, -0.08, -0.08, -0.16], atol=0.01)
    np.testing.assert_allclose(found.mean[1:], 0, atol=0.01)
    assert found.p[0] < 0.001
    assert found.n_items.tolist() == [100, 100, 100]


def test_staple_finds_the_disc_that_three_of_four_drew_and_how_well():
    y, x = np.mgrid[:64, :64]
    drawn = np.stack([(x - 32) ** 2 + (y - 32) ** 2 < radius**2 for radius in (20, 21, 20, 12)])
    found = infer_outline(drawn)
    np.testing.assert_array_equal(found.inside >= 0.5, drawn[0])
    assert found.sensitivity[0] > 0.99
    assert found.sensitivity[3] == pytest.approx(drawn[3].sum() / drawn[0].sum(), abs=0.02)
    assert found.specificity[1] < found.specificity[0]


def test_staple_weighs_people_by_how_well_they_draw():
    rng = np.random.default_rng(5009)
    truth = rng.random((60, 60)) < 0.4
    rates = np.array([0.02, 0.3, 0.3, 0.3, 0.3])
    drawn = np.stack([np.where(rng.random(truth.shape) < rate, ~truth, truth) for rate in rates])
    found = infer_outline(drawn)
    majority = drawn.mean(axis=0) > 0.5
    assert ((found.inside >= 0.5) == truth).mean() > (majority == truth).mean() + 0.04
    np.testing.assert_allclose(found.sensitivity, 1 - rates, atol=0.05)


def test_borders_are_near_within_the_tolerance_only():
    a, b = np.zeros((20, 20), dtype=bool), np.zeros((20, 20), dtype=bool)
    a[5:15, 5:15] = True
    b[7:17, 5:15] = True
    assert boundary_f(a, a, 0.0) == 1.0
    assert boundary_f(a, b, 0.0) < boundary_f(a, b, 1.0) < boundary_f(a, b, 2.0) == 1.0
    assert boundary_f(a, np.zeros_like(a), 2.0) == 0.0


def test_borders_of_cells_enclose_exactly_the_cells():
    rng = np.random.default_rng(5010)
    for _ in range(10):
        cells = rng.random((12, 12)) < 0.5
        rings = rings_of_cells(cells)
        np.testing.assert_array_equal(cells_of_rings(rings, (0.0, 0.0, 12.0, 12.0), 12), cells)
    assert rings_of_cells(np.zeros((4, 4), dtype=bool)) == []


def test_a_thinned_ring_stays_within_the_tolerance():
    angle = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    circle = 50 * np.column_stack([np.cos(angle), np.sin(angle)])
    thin = thin_ring(circle, 0.5)
    assert 8 < len(thin) < 60
    assert overlap_of_polygons(Edges.of([[circle], [thin]]), np.array([0]), np.array([1]))[0] > 0.97

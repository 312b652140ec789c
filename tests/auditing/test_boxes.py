"""Boxes and other regions, audited: matched into units, planted mistakes found, drawn on their image."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from PIL import Image

import annoaudit as aa
from annoaudit.evidence import Evidence
from annoaudit.formats.masks import encode_mask
from annoaudit.labels import as_tables
from annoaudit.simulation.scene_pictures import paint_scenes
from annoaudit.simulation.scenes import SceneDesign, simulate_scenes

NAMES = ["overlooked", "shifted", "shrunken", "spurious", "swapped"]


@pytest.fixture(scope="module")
def scenes():
    return simulate_scenes(SceneDesign(n_images=120), seed=5001)


@pytest.fixture(scope="module")
def audited(scenes):
    return aa.audit(scenes.labels, names=True, budget=400)


def share_found(audit, scenes, mistake, detector):
    """Share of the planted mistakes of one kind that a detector flags."""
    planted = scenes.planted[scenes.planted["mistake"] == mistake]
    found = audit.findings[audit.findings["detector"] == detector]
    if mistake == "overlooked":
        absent = found[found["given"].str.endswith("(none)")]
        keys = set(zip(absent["item_id"], absent["annotator"], strict=True))
        return np.mean([(row.item_id, row.annotator_id) in keys for row in planted.itertuples()])
    return planted["label_id"].isin(found["label_id"]).mean()


@pytest.mark.parametrize(
    ("mistake", "detector"),
    [
        ("overlooked", "consensus_disagreement"),
        ("swapped", "consensus_disagreement"),
        ("spurious", "consensus_disagreement"),
        ("shifted", "box_location"),
        ("shrunken", "box_location"),
    ],
)
def test_planted_mistakes_are_found_each_by_its_detector(audited, scenes, mistake, detector):
    assert share_found(audited, scenes, mistake, detector) > 0.85


def test_nearly_all_that_is_flagged_was_planted(audited, scenes):
    findings = audited.findings[audited.findings["level"] == "label"]
    named = findings[findings["label_id"] != ""]
    assert named["label_id"].isin(scenes.planted["label_id"]).mean() > 0.8


def test_kinds_of_mistake_share_the_head_of_the_queue(audited, scenes):
    queue = audited.findings[audited.findings["rank"].between(1, 60)]
    assert {"consensus_disagreement", "box_location"} <= set(queue["detector"])


def test_a_box_off_is_told_by_its_edges(audited):
    found = audited.findings[audited.findings["detector"] == "box_location"]
    assert found["reason"].str.contains(" edge ").mean() > 0.9
    facts = json.loads(found["evidence_json"].iloc[0])
    assert facts["overlap"] < facts["usual_overlap"]
    assert set(facts["edges_off"]) == {"left", "top", "right", "bottom"}


def test_names_of_units_stay_when_somebody_else_labels_too(scenes):
    before = Evidence(scenes.labels, "objects").votes
    late = {f"{row['item_id']}-new" for row in scenes.labels.items.to_pylist()}
    tables = {name: table.to_pylist() for name, table in scenes.labels.tables.items()}
    tables["annotators"].append({"annotator_id": "new", "kind": "person"})
    tables["annotations"] += [
        {"annotation_id": one, "item_id": one.removesuffix("-new"), "annotator_id": "new"} for one in sorted(late)
    ]
    first = {row["item_id"]: row for row in reversed(tables["labels"])}
    tables["labels"] += [
        {**row, "label_id": f"new-{item}", "annotation_id": f"{item}-new", "annotator_id": "new"}
        for item, row in first.items()
    ]
    after = Evidence(aa.LabelSet.of(as_tables(tables)), "objects").votes
    assert set(before.item_ids.to_pylist()) <= set(after.item_ids.to_pylist())


def test_the_report_draws_boxes_and_tells_habits(audited):
    names = set(audited.agreement["coefficient"])
    assert names == {"f1_at_50", "f1_at_75", "mean_overlap", "alpha_class"}
    assert audited.agreement[["low", "high"]].notna().all(axis=None)
    page = audited.html()
    assert '<figure class="scene">' in page
    assert "What each annotator misses and adds" in page
    assert "Systematic offsets of edges" in audited.markdown()
    assert '<figure class="scene">' in audited._repr_html_()
    assert len(page) < 2_000_000


def test_predictions_judge_where_each_image_has_one_submission():
    scenes = simulate_scenes(SceneDesign(n_images=150, redundancy=1, model=True), seed=5002)
    audit = aa.audit(scenes.labels, names=True, budget=400)
    assert "consensus_disagreement" in audit.skips
    assert share_found(audit, scenes, "swapped", "confident_learning") > 0.6
    assert share_found(audit, scenes, "overlooked", "confident_learning") > 0.6
    assert share_found(audit, scenes, "shifted", "box_location") > 0.7
    without = simulate_scenes(SceneDesign(n_images=150, redundancy=1), seed=5002)
    with pytest.raises(aa.errors.UsageError):
        aa.audit(without.labels, overlap=0.0)
    assert "no model's predictions" in aa.audit(without.labels).skips["confident_learning"]


def region(item, who, place, kind="bbox", **shape):
    name = f"{item}-{who}"
    return {
        "label_id": f"{name}-{place}", "annotation_id": name, "item_id": item, "annotator_id": who,
        "question": "objects", "kind": kind, "value": "cat", **shape,
    }  # fmt: skip


def team_of(labels, kind, items=("a",), people=("u", "v", "w"), uri=None):
    rows = {
        "items": [{"item_id": i, "media": "image", "width": 64.0, "height": 48.0, "uri": uri} for i in items],
        "annotators": [{"annotator_id": one, "kind": "person"} for one in people],
        "questions": [{"question": "objects", "kind": kind, "options": ["cat", "<script>alert(1)</script>"]}],
        "annotations": [
            {"annotation_id": f"{i}-{one}", "item_id": i, "annotator_id": one} for i in items for one in people
        ],
        "labels": labels,
    }
    return aa.LabelSet.of(as_tables(rows))


def mask_of(left, right):
    pixels = np.zeros((48, 64), dtype=bool)
    pixels[10:30, left:right] = True
    return {"rle": encode_mask(pixels), "rle_h": 48, "rle_w": 64}


SHAPES = {
    "bbox": lambda far: {"x": 10.0 + 20 * far, "y": 10.0, "w": 20.0, "h": 20.0},
    "rbox": lambda far: {"x": 20.0 + 20 * far, "y": 10.0, "w": 20.0, "h": 20.0, "rotation": 30.0},
    "polygon": lambda far: {"polygon": [[10.0 + 20 * far, 10, 30 + 20 * far, 10, 20 + 20 * far, 40]]},
    "mask": lambda far: mask_of(10 + 20 * far, 30 + 20 * far),
    "keypoints": lambda far: {"points": [12.0 + 30 * far, 12.0]},
}


@pytest.mark.parametrize("kind", SHAPES)
def test_every_kind_of_region_is_matched_voted_on_and_drawn(kind):
    """Two agree; the third marks something else, and so overlooks this one."""
    shape = SHAPES[kind]
    labels = [region("a", "u", 0, kind, **shape(0)), region("a", "v", 0, kind, **shape(0))]
    labels.append(region("a", "w", 0, kind, **shape(1)))
    audit = aa.audit(team_of(labels, kind), budget=20)
    votes = audit.evidence[0].votes
    assert sorted(votes.counts[:, 0].tolist()) == [1, 2]
    assert votes.counts.sum(axis=1).tolist() == [3, 3]
    page = audit.html()
    assert '<path class="given"' in page or '<path class="others"' in page
    assert audit.failures == {}


def test_hostile_class_names_are_escaped_in_drawings():
    labels = [region("a", who, 0, x=5.0, y=5.0, w=9.0, h=9.0) for who in ("u", "v")]
    labels.append({**region("a", "w", 0, x=5.0, y=5.0, w=9.0, h=9.0), "value": "<script>alert(1)</script>"})
    audit = aa.audit(team_of(labels, "bbox"), budget=9)
    assert "<script>" not in audit.html()
    assert "<script>" not in audit._repr_html_()


def test_pictures_come_from_the_media_root_only(tmp_path):
    Image.new("RGB", (128, 96), (200, 30, 30)).save(tmp_path / "a.png")
    labels = [region("a", who, 0, x=5.0, y=5.0, w=9.0, h=9.0) for who in ("u", "v")]
    inside = aa.audit(team_of(labels, "bbox", uri="a.png"), media_root=tmp_path, budget=9)
    assert 'href="data:image/jpeg;base64,' in inside.html()
    outside = aa.audit(team_of(labels, "bbox", uri="../a.png"), media_root=tmp_path / "sub", budget=9)
    assert "data:image" not in outside.html()


def test_damaged_pictures_are_not_shown_and_judge_nothing(tmp_path):
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    labels = [region("a", who, 0, x=5.0, y=5.0, w=9.0, h=9.0) for who in ("u", "v")]
    labels.append(region("a", "w", 0, x=40.0, y=30.0, w=9.0, h=9.0))
    audit = aa.audit(team_of(labels, "bbox", uri="a.png"), media_root=tmp_path, budget=9)
    assert audit.failures == {}
    assert audit.skips["confident_learning"] == "no image could be read in the folder"
    assert "data:image" not in audit.html()


def test_crowds_and_regions_without_a_place_are_left_out_and_said():
    labels = [region("a", who, 0, x=5.0, y=5.0, w=9.0, h=9.0) for who in ("u", "v")]
    labels.append(region("a", "w", 0, x=0.0, y=0.0, w=60.0, h=40.0, attributes='{"iscrowd": 1}'))
    labels.append(region("a", "w", 1))
    audit = aa.audit(team_of(labels, "bbox"))
    assert audit.evidence[0].votes.n_items == 1
    assert {
        "1 crowds or ignored regions were left out.",
        "1 regions have no place that could be read, and were left out.",
    } <= set(audit.record.limits)


def rectangle(place, name, turn=0.0, **more):
    value = {"x": 10.0 + 30 * place, "y": 20.0, "width": 20.0, "height": 40.0, "rotation": turn}
    return {
        "id": f"r{place}", "from_name": "box", "to_name": "img", "type": "rectanglelabels", "original_width": 200,
        "original_height": 100, "value": {**value, "rectanglelabels": [name]}, **more,
    }  # fmt: skip


def task(number, results, predicted):
    annotations = [
        {"id": 10 * number + who, "completed_by": who, "result": result, "created_at": "2026-01-05T10:00:00Z"}
        for who, result in enumerate(results, start=1)
    ]
    predictions = [{"id": number, "model_version": "m1", "score": 0.8, "result": predicted}]
    return {"id": number, "data": {"image": f"{number}.jpg"}, "annotations": annotations, "predictions": predictions}


def item_of(audit, uri):
    rows = audit.evidence[0].labels.items.to_pylist()
    return next(row["item_id"] for row in rows if str(row["uri"]).endswith(uri))


def test_a_label_studio_export_of_rectangles_is_audited_with_its_predictions(tmp_path):
    both = [rectangle(0, "cat"), rectangle(1, "dog", 10.0)]
    swapped = [rectangle(0, "dog"), rectangle(1, "dog", 10.0)]
    overlooked = [rectangle(0, "cat")]
    tasks = [task(n, [both, both, both], [rectangle(0, "cat", score=0.9)]) for n in range(1, 12)]
    tasks += [task(12, [both, swapped, both], [rectangle(0, "cat")]), task(13, [both, both, overlooked], [])]
    path = tmp_path / "export.json"
    path.write_text(json.dumps(tasks))
    audit = aa.audit(path, names=True, budget=2)
    queue = audit.findings[audit.findings["rank"] > 0]
    assert set(zip(queue["item_id"], queue["given"].str.split(": ").str[1], strict=True)) == {
        (item_of(audit, "12.jpg"), "dog"),
        (item_of(audit, "13.jpg"), "(none)"),
    }
    regions = audit.evidence[0].units.regions
    assert sorted(set(regions.confidence[regions.model >= 0].tolist())) == [0.8, 0.9]


def test_coco_results_beside_the_labels_are_predictions_of_the_same_images(tmp_path):
    images = [{"id": k, "file_name": f"{k}.jpg", "width": 64, "height": 48} for k in range(30)]
    boxes = [
        {"id": k, "image_id": k, "category_id": 7, "bbox": [5, 5, 20, 20], "iscrowd": 0, "annotator": f"u{k % 3}"}
        for k in range(29)
    ]
    boxes.append({"id": 29, "image_id": 29, "category_id": 7, "bbox": [40, 30, 9, 9], "iscrowd": 0, "annotator": "u0"})
    labels = {"images": images, "annotations": boxes, "categories": [{"id": 7, "name": "cat"}]}
    results = [{"image_id": k, "category_id": 7, "bbox": [5, 5, 20, 20], "score": 0.9} for k in range(30)]
    (tmp_path / "labels.json").write_text(json.dumps(labels))
    (tmp_path / "results.json").write_text(json.dumps(results))
    audit = aa.audit(tmp_path, names=True)
    votes = audit.evidence[0].votes
    assert votes.annotator_ids.to_pylist() == ["u0", "u1", "u2"]
    assert votes.classes == ("cat", "(none)")
    absent = votes.label == 1
    assert absent.sum() == 1
    assert audit.evidence[0].labels.items["item_id"][int(votes.whole[absent][0])].as_py() == "29"
    assert "confident_learning" not in audit.skips


@pytest.mark.parametrize("kind", ["rbox", "polygon", "mask"])
def test_planted_mistakes_are_found_in_other_shapes_too(kind):
    scenes = simulate_scenes(SceneDesign(n_images=45, kind=kind), seed=5003)
    audit = aa.audit(scenes.labels, names=True, budget=20)
    assert audit.failures == {}
    for mistake in ("swapped", "spurious", "overlooked"):
        assert share_found(audit, scenes, mistake, "consensus_disagreement") > 0.8
    assert share_found(audit, scenes, "shrunken", "box_location") > 0.8
    off = [share_found(audit, scenes, "shifted", one) for one in ("box_location", "consensus_disagreement")]
    assert sum(off) > 0.8


def test_misplaced_keypoints_are_something_else_that_nobody_confirms():
    scenes = simulate_scenes(SceneDesign(n_images=60, kind="keypoints"), seed=5004)
    audit = aa.audit(scenes.labels, names=True, budget=20)
    for mistake in ("swapped", "spurious", "shifted"):
        assert share_found(audit, scenes, mistake, "consensus_disagreement") > 0.75


def test_outlines_are_compared_with_their_consensus():
    scenes = simulate_scenes(SceneDesign(n_images=30, kind="polygon", mistakes={}), seed=5005)
    audit = aa.audit(scenes.labels, names=True, budget=20)
    table = next(one for one in audit.record.questions[0].tables if one.title == "How each annotator draws")
    assert len(table.frame) == 8
    assert (table.frame["covered_share"] > 0.85).all()
    assert (table.frame["boundary_f"].between(table.frame["boundary_f_low"], table.frame["boundary_f_high"])).all()


def test_a_careless_annotator_stands_out_and_nobody_else():
    scenes = simulate_scenes(SceneDesign(n_images=120, careless={2: 6.0}), seed=5006)
    found = aa.audit(scenes.labels, names=True, budget=20).findings
    assert found.loc[found["detector"] == "peer_score", "annotator"].tolist() == ["u2"]


def test_a_biased_annotator_is_named_with_the_edges():
    scenes = simulate_scenes(SceneDesign(n_images=100, bias={1: (0.05, 0.05, -0.05, -0.05)}), seed=5007)
    found = aa.audit(scenes.labels, names=True, budget=20).findings
    (row,) = found[found["detector"] == "edge_bias"].to_dict("records")
    assert row["annotator"] == "u1"
    assert row["severity"] == "L1"
    assert re.search(r"sides are (9|10|11) % shorter", row["reason"])
    assert row["effect_low"] < row["effect"] < row["effect_high"]


def test_pictures_of_the_boxes_judge_their_class(tmp_path):
    scenes = simulate_scenes(SceneDesign(n_images=60, redundancy=2, mistakes={"swapped": 0.04}), seed=5008)
    labels = paint_scenes(scenes, tmp_path)
    blind, seeing = (aa.audit(labels, names=True, budget=400, media_root=root) for root in (None, tmp_path))
    assert "no folder of images" in blind.skips["confident_learning"]
    assert share_found(seeing, scenes, "swapped", "confident_learning") > 0.5
    assert share_found(seeing, scenes, "swapped", "consensus_disagreement") > 0.8
    swapped = set(scenes.planted["label_id"])
    heads = [one.findings[one.findings["rank"].between(1, len(swapped))] for one in (blind, seeing)]
    hits = [head.drop_duplicates("rank")["label_id"].isin(swapped).mean() for head in heads]
    assert hits[1] > hits[0] + 0.2
    assert 'href="data:image/jpeg;base64,' in seeing.html()
    assert len(seeing.html()) < 2_000_000

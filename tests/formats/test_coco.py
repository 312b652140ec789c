"""COCO: what its files say is kept, and the traps that its readers fall into."""

import json
import zipfile

import numpy as np
import pytest

from annoaudit.errors import RefusedInput
from annoaudit.formats import mapped_file, read, write
from annoaudit.formats.masks import decode_counts, decode_mask, encode_counts, encode_mask

CATEGORIES = [{"id": 3, "name": "cat"}, {"id": 17, "name": "dog", "keypoints": ["nose", "eye"], "skeleton": [[1, 2]]}]
IMAGES = [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}, {"id": 2, "file_name": "b.jpg"}]


def document(*annotations, images=IMAGES, categories=CATEGORIES, **more):
    return {"images": images, "annotations": list(annotations), "categories": categories} | more


def open_coco(folder, *annotations, **more):
    path = folder / "coco.json"
    path.write_text(json.dumps(document(*annotations, **more)), encoding="utf-8")
    return read(path)


def box(native, image=1, category=17, **more):
    return {"id": native, "image_id": image, "category_id": category, "bbox": [1.5, 2, 30, 40.25], "iscrowd": 0} | more


def test_category_ids_are_names_and_never_positions(tmp_path):
    labels = open_coco(tmp_path, box(1), box(2, category=3), box(3, category=99))
    assert labels.labels["value"].to_pylist() == ["dog", "cat", "99"]
    assert any("category ids are not among the categories" in note for note in labels.notes)
    assert labels.options("objects") == ("cat", "dog")


def test_one_annotation_is_one_row_with_all_its_shapes(tmp_path):
    ring = [0.5, 0, 10, 0, 10, 8]
    labels = open_coco(tmp_path, box(1, segmentation=[ring], area=40.0, attributes={"occluded": True}))
    row = labels.labels.to_pylist()[0]
    assert (row["kind"], row["polygon"], [row[one] for one in "xywh"]) == ("polygon", [ring], [1.5, 2, 30, 40.25])
    assert json.loads(row["attributes"]) == {"area": 40.0, "attributes": {"occluded": True}}


def test_images_without_annotations_count_as_not_seen_and_a_note_says_so(tmp_path):
    labels = open_coco(tmp_path, box(1))
    assert labels.items.num_rows == 2
    assert labels.annotations["item_id"].to_pylist() == ["1"]
    assert any("1 of 2 images have no annotation" in note for note in labels.notes)


def test_run_lengths_as_list_and_as_text_are_one_mask(tmp_path):
    mask = np.zeros((10, 5), dtype=bool)
    mask[:, 2:4] = True
    labels = open_coco(
        tmp_path,
        box(1, segmentation={"counts": [20, 20, 10], "size": [10, 5]}),
        box(2, segmentation={"counts": encode_mask(mask).decode(), "size": [10, 5]}),
    )
    first, second = labels.labels.to_pylist()
    assert first["rle"] == second["rle"] == encode_mask(mask)
    assert np.array_equal(decode_mask(first["rle"], first["rle_h"], first["rle_w"]), mask)


def test_a_mask_whose_runs_do_not_fill_it_is_kept_and_named(tmp_path):
    labels = open_coco(tmp_path, box(1, segmentation={"counts": [0, 20], "size": [10, 5]}))
    assert decode_mask(labels.labels["rle"][0].as_py(), 10, 5).sum() == 20
    assert any("do not fill their size" in note for note in labels.notes)


def test_run_lengths_come_back_from_their_text():
    rng = np.random.default_rng(3)
    for _ in range(50):
        mask = rng.random((int(rng.integers(1, 40)), int(rng.integers(1, 40)))) < rng.random()
        assert np.array_equal(decode_mask(encode_mask(mask), *mask.shape), mask)
    counts = [0, 1, 100_000, 3, 7, 2_000_000, 1]
    assert decode_counts(encode_counts(counts)).tolist() == counts
    assert encode_counts([20, 20, 10]) == b"d0d0:"  # as pycocotools writes it


def test_keypoints_are_pairs_and_their_visibility_is_kept(tmp_path):
    labels = open_coco(tmp_path, box(1, keypoints=[10, 11, 2, 0, 0, 0], num_keypoints=1))
    row = labels.labels.to_pylist()[0]
    assert (row["kind"], row["points"]) == ("keypoints", [10, 11, 0, 0])
    assert json.loads(row["attributes"])["visibility"] == [2, 0]


def test_a_skeleton_that_counts_from_zero_is_named(tmp_path):
    labels = open_coco(tmp_path, box(1), categories=[{"id": 17, "name": "dog", "skeleton": [[0, 1]]}])
    assert any("counts its keypoints from 0" in note for note in labels.notes)


def test_ids_are_texts_whether_written_as_numbers_or_texts(tmp_path):
    labels = open_coco(tmp_path, box("007", image="x/1"), box(8, image=1), images=[{"id": "x/1"}, {"id": 1}])
    assert labels.labels["label_id"].to_pylist() == ["007", "8"]
    assert labels.items["item_id"].to_pylist() == ["x/1", "1"]


def test_unknown_fields_and_annotators_are_kept(tmp_path):
    labels = open_coco(tmp_path, box(1, annotator_id=7, review="ok"), box(2, annotator_id="bob"))
    assert labels.labels["annotator_id"].to_pylist() == ["7", "bob"]
    assert json.loads(labels.labels["attributes"][0].as_py()) == {"review": "ok"}


def test_captions_and_bare_categories(tmp_path):
    caption, category = {"id": 1, "image_id": 1, "caption": "A cat."}, {"id": 2, "image_id": 1, "category_id": 3}
    labels = open_coco(tmp_path, caption, category)
    rows = labels.labels.select(["question", "kind", "value", "value_text"]).to_pylist()
    assert rows[0] == {"question": "caption", "kind": "text", "value": None, "value_text": "A cat."}
    assert rows[1] == {"question": "category", "kind": "multichoice", "value": "cat", "value_text": None}


def test_annotations_of_unlisted_images_are_not_lost(tmp_path):
    labels = open_coco(tmp_path, box(1, image=77))
    assert "77" in labels.items["item_id"].to_pylist()
    assert any("not listed among the images" in note for note in labels.notes)


def test_files_of_the_same_images_are_different_annotators_even_where_ids_differ(tmp_path):
    other = [{"id": 5, "file_name": "a.jpg"}, {"id": 6, "file_name": "b.jpg"}]
    with zipfile.ZipFile(tmp_path / "team.zip", "w") as archive:
        archive.writestr("alice.json", json.dumps(document(box(1), box(2, image=2))))
        archive.writestr("bob.json", json.dumps(document(box(1, image=5, category=3), images=other)))
    labels = read(tmp_path / "team.zip")
    rows = labels.labels.select(["item_id", "annotator_id", "value"]).to_pylist()
    assert {tuple(row.values()) for row in rows} == {
        ("a.jpg", "alice", "dog"), ("b.jpg", "alice", "dog"), ("a.jpg", "bob", "cat"),
    }  # fmt: skip
    assert labels.items.num_rows == 2


def test_files_of_different_images_are_parts_of_one_data_set(tmp_path):
    (tmp_path / "annotations").mkdir()
    for name in ("train", "val"):
        images = [{"id": 1, "file_name": f"{name}.jpg"}]
        text = json.dumps(document(box(1), images=images))
        (tmp_path / "annotations" / f"instances_{name}.json").write_text(text, encoding="utf-8")
    labels = read(tmp_path)
    assert labels.items["split"].to_pylist() == ["train", "val"]
    assert len(set(labels.labels["label_id"].to_pylist())) == 2


def test_a_list_of_results_is_the_work_of_a_model(tmp_path):
    (tmp_path / "r.json").write_text(
        json.dumps([{"image_id": 42, "category_id": 18, "bbox": [1, 2, 3, 4], "score": 0.5}])
    )
    labels = read(tmp_path / "r.json")
    assert labels.annotators["kind"].to_pylist() == ["model"]
    assert labels.labels.select(["value", "confidence"]).to_pylist() == [{"value": "18", "confidence": 0.5}]


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        (box(9, bbox=[1, 2, 3]), "annotation 9: bbox has 3 numbers"),
        (box(9, bbox=[1, 2, -3, 4]), "annotation 9: bbox has a width or height below zero"),
        (box(9, segmentation=[[1, 2, 3]]), "annotation 9: segmentation has a polygon whose numbers are no pairs"),
        (box(9, segmentation={"counts": "\x01", "size": [2, 2]}), "annotation 9: segmentation is no mask"),
        (box(9, segmentation={"counts": [-1], "size": [2, 2]}), "annotation 9: segmentation is no mask"),
        (
            box(9, segmentation={"counts": [10**30], "size": [2, 2]}),
            "annotations 1: Integer|no mask",
        ),
        (box(9, keypoints=[1, 2]), "annotation 9: keypoints has 2 numbers"),
        (box(9, bbox="wide"), "annotations 1: Expected"),
        ({"id": 9, "category_id": 3}, "annotations 1: .*image_id"),
    ],
)
def test_what_cannot_be_an_annotation_is_refused_by_name(tmp_path, annotation, said):
    with pytest.raises(RefusedInput, match=said) as refusal:
        open_coco(tmp_path, annotation)
    assert refusal.value.hint


def test_not_a_number_is_refused(tmp_path):
    (tmp_path / "n.json").write_text(
        '{"images": [], "annotations": [{"id": 1, "image_id": 1, "bbox": [NaN, 1, 1, 1]}]}'
    )
    with pytest.raises(RefusedInput, match="NaN"):
        read(tmp_path / "n.json")


def test_what_is_written_reads_back_the_same(tmp_path):
    labels = open_coco(
        tmp_path,
        box(1, segmentation=[[0, 0, 10, 0, 10, 8]], area=1.0),
        box(2, segmentation={"counts": [20, 20, 10], "size": [10, 5]}, iscrowd=1, annotator_id="bob"),
        box(3, keypoints=[10, 11, 2, 0, 0, 0], score=0.5),
        {"id": 4, "image_id": 2, "caption": "A dog."},
        {"id": 5, "image_id": 2, "category_id": 3},
    )
    assert write(labels, tmp_path / "again.json", format="coco") == ()
    again = read(tmp_path / "again.json")
    for table in ("items", "annotators", "labels", "annotations"):
        rows = [sorted(map(str, one.tables[table].to_pylist())) for one in (labels, again)]
        assert rows[0] == rows[1], table


def test_a_large_file_is_read_the_same_as_a_view_of_the_disk(tmp_path, monkeypatch):
    annotations = [box(k, segmentation=[[0, 0, k, 0, k, 8]]) for k in range(9000)]
    plain = open_coco(tmp_path, *annotations)
    monkeypatch.setattr(mapped_file, "_LARGE", 10)
    mapped = read(tmp_path / "coco.json")
    assert mapped.labels.equals(plain.labels)
    assert mapped.items.equals(plain.items)

"""Pascal VOC, CVAT and YOLO: pixels, empty and unseen, and the traps of each."""

import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from annoaudit.errors import RefusedInput, UsageError
from annoaudit.formats import read, write
from annoaudit.formats.masks import decode_mask


def voc_object(name="cat", sides=(1, 2, 3, 4), more=""):
    tags = ("xmin", "ymin", "xmax", "ymax")
    box = "".join(f"<{tag}>{side}</{tag}>" for tag, side in zip(tags, sides, strict=True))
    return f"<object><name>{name}</name>{more}<bndbox>{box}</bndbox></object>"


def voc(*objects, file="a.jpg"):
    size = "<size><width>20</width><height>10</height></size>"
    return f"<annotation><filename>{file}</filename>{size}{''.join(objects)}</annotation>"


def boxes(labels):
    return [[row[side] for side in "xywh"] for row in labels.labels.to_pylist()]


def open_xml(folder, text, name="a.xml"):
    (folder / name).write_text(text, encoding="utf-8")
    return read(folder / name)


@pytest.mark.parametrize(
    ("sides", "expected", "said"),
    [
        ((1, 2, 3, 4), [0, 1, 3, 3], "counted from 1"),
        ((0, 2, 3, 4), [0, 2, 4, 3], "counted from 0"),
        (("1.0", "2.0", "3.0", "4.0"), [1, 2, 2, 2], "distances from the top left"),
    ],
)
def test_voc_pixels_are_told_from_how_they_are_written(tmp_path, sides, expected, said):
    labels = open_xml(tmp_path, voc(voc_object(sides=sides)))
    assert boxes(labels) == [expected]
    assert any(said in note for note in labels.notes)


def test_a_voc_file_without_objects_is_an_empty_answer(tmp_path):
    labels = open_xml(tmp_path, voc())
    assert (labels.annotations.num_rows, labels.labels.num_rows) == (1, 0)


def test_voc_parts_have_a_parent_and_objects_without_a_box_are_kept(tmp_path):
    part = "<part><name>head</name><bndbox><xmin>5.5</xmin><ymin>6</ymin><xmax>7.5</xmax><ymax>8</ymax></bndbox></part>"
    labels = open_xml(tmp_path, voc(voc_object(more=part), "<object><name>sky</name></object>"))
    whole, head, sky = labels.labels.to_pylist()
    assert (head["question"], head["parent_label_id"]) == ("parts", whole["label_id"])
    assert (sky["kind"], sky["value"]) == ("multichoice", "sky")


def test_voc_folders_with_the_same_files_are_different_annotators(tmp_path):
    for person, name in (("alice", "cat"), ("bob", "dog")):
        (tmp_path / person).mkdir()
        (tmp_path / person / "a.xml").write_text(voc(voc_object(name)))
    labels = read(tmp_path)
    assert labels.items.num_rows == 1
    assert labels.labels.select(["annotator_id", "value"]).to_pylist() == [
        {"annotator_id": "alice", "value": "cat"}, {"annotator_id": "bob", "value": "dog"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sides", "said"),
    [((5, 2, 1, 4), "below zero"), ((1, 2, 3, "wide"), "ymax is 'wide'"), ((1, 2, 3, ""), "lacks a side")],
)
def test_voc_boxes_that_are_none_are_refused_by_object(tmp_path, sides, said):
    with pytest.raises(RefusedInput, match=f"object 1.*{said}"):
        open_xml(tmp_path, voc(voc_object(sides=sides)))


BOMB = '<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx">]>'


@pytest.mark.parametrize("body", ["<annotation>&x;</annotation>", "<annotations><image name='a'/></annotations>"])
def test_document_types_are_refused(tmp_path, body):
    with pytest.raises(RefusedInput, match=r"document type|of no known format"):
        open_xml(tmp_path, BOMB + body)
    (tmp_path / "b.xml").write_text("<?xml version='1.0'?>" + BOMB + body)
    for name in ("pascal_voc", "cvat"):
        with pytest.raises(RefusedInput, match="document type"):
            read(tmp_path / "b.xml", format=name)


def cvat(*elements, meta=""):
    task = f"<meta><task><id>2</id><name>t</name>{meta}</task></meta>"
    return f"<annotations><version>1.1</version>{task}{''.join(elements)}</annotations>"


def cvat_image(*shapes, name="a.jpg", more=""):
    return f'<image id="0" name="{name}" width="64" height="48" {more}>{"".join(shapes)}</image>'


BOX = (
    '<box label="cat" source="manual" occluded="0" xtl="1.00" ytl="2.00" xbr="30.00" ybr="40.00" {}>'
    '<attribute name="a">yes</attribute></box>'
)


def test_cvat_boxes_and_attributes_are_kept_as_written(tmp_path):
    labels = open_xml(tmp_path, cvat(cvat_image(BOX.format('z_order="0"'))))
    assert boxes(labels) == [[1, 2, 29, 38]]
    row = labels.labels.to_pylist()[0]
    assert json.loads(row["attributes"])["attributes"] == {"a": "yes"}
    assert (row["origin"], labels.items["item_id"].to_pylist()) == ("manual", ["2:a.jpg"])


def test_a_turned_cvat_box_turns_about_its_centre(tmp_path):
    labels = open_xml(tmp_path, cvat(cvat_image(BOX.format('rotation="90"'))))
    row = labels.labels.to_pylist()[0]
    assert (row["kind"], row["rotation"]) == ("rbox", pytest.approx(90))
    assert row["polygon"][0] == pytest.approx([34.5, 6.5, 34.5, 35.5, -3.5, 35.5, -3.5, 6.5])
    assert (row["w"], row["h"]) == (pytest.approx(29), pytest.approx(38))


def test_cvat_masks_are_windows_row_by_row_and_may_not_be_filled(tmp_path):
    mask = '<mask label="dog" rle="0, 4, 4, 4" left="2" top="1" width="4" height="4"/>'
    labels = open_xml(tmp_path, cvat(cvat_image(mask)))
    row = labels.labels.to_pylist()[0]
    pixels = decode_mask(row["rle"], row["rle_h"], row["rle_w"])
    assert pixels.shape == (48, 64)
    assert np.argwhere(pixels).tolist() == [[y, x] for y in (1, 3) for x in range(2, 6)]
    assert any("do not fill their size" in note for note in labels.notes)


def test_cvat_images_without_shapes_count_as_not_seen_and_names_may_repeat_in_other_tasks(tmp_path):
    tasks = [
        cvat_image(BOX.format(""), more='task_id="7" subset="Train"'),
        cvat_image(more='task_id="8" subset="Test"'),
    ]
    labels = open_xml(tmp_path, cvat(*tasks))
    assert labels.items.select(["item_id", "split"]).to_pylist() == [
        {"item_id": "7:Train/a.jpg", "split": "Train"}, {"item_id": "8:Test/a.jpg", "split": "Test"},
    ]  # fmt: skip
    assert labels.annotations.num_rows == 1


def test_the_assignee_of_a_cvat_task_is_its_annotator(tmp_path):
    labels = open_xml(tmp_path, cvat(cvat_image(BOX.format("")), meta="<assignee><username>ann</username></assignee>"))
    assert labels.annotators["annotator_id"].to_pylist() == ["ann"]


def test_cvat_skeletons_and_tags(tmp_path):
    skeleton = (
        '<skeleton label="person"><points label="nose" outside="0" occluded="0" points="10.00,11.00"/>'
        '<points label="eye" outside="1" occluded="0" points="0.00,1.00"/></skeleton>'
    )
    person, tag = open_xml(tmp_path, cvat(cvat_image(skeleton, '<tag label="dog"/>'))).labels.to_pylist()
    assert (person["kind"], person["points"]) == ("keypoints", [0, 1, 10, 11])
    assert json.loads(person["attributes"]) == {"names": ["eye", "nose"], "visibility": [0, 2]}
    assert (tag["question"], tag["kind"], tag["value"]) == ("tags", "multichoice", "dog")


def test_cvat_tracks_keep_frames_keyframes_and_outside(tmp_path):
    frame = '<box frame="{}" keyframe="{}" outside="{}" occluded="0" xtl="5" ytl="5" xbr="9" ybr="9"/>'
    track = f'<track id="3" label="dog">{frame.format(0, 1, 0)}{frame.format(1, 0, 0)}{frame.format(2, 1, 1)}</track>'
    labels = open_xml(tmp_path, cvat(track))
    rows = labels.labels.select(["kind", "frame", "keyframe", "track_id"]).to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        ("track", 0, True, "3"),
        ("track", 1, False, "3"),
        ("track", 2, True, "3"),
    ]
    assert [json.loads(text)["outside"] for text in labels.labels["attributes"].to_pylist()] == ["0", "0", "1"]


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ('<polygon label="x" points="1,2;3"/>', "points are"),
        ('<mask label="x" rle="0, 9999999" left="0" top="0" width="4" height="4"/>', "far longer"),
        ('<mask label="x" rle="1" left="0" top="0" width="99999999" height="99999999"/>', "a mask of"),
        ('<box label="x" xtl="1" ytl="2" xbr="nan" ybr="4"/>', "xbr is 'nan'"),
    ],
)
def test_cvat_shapes_that_are_none_are_refused(tmp_path, shape, said):
    with pytest.raises(RefusedInput, match=said):
        open_xml(tmp_path, cvat(cvat_image(shape)))


def yolo_folder(folder, labels, yaml="names: [cat, dog]\n", size=(200, 100), pictures=None):
    for name, text in labels.items():
        path = folder / "labels" / "train" / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name in labels if pictures is None else pictures:
        path = folder / "images" / "train" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", size).save(path)
    (folder / "data.yaml").write_text(f"path: .\ntrain: images/train\n{yaml}")
    return read(folder)


def test_yolo_boxes_are_pixels_where_the_pictures_are_there(tmp_path):
    labels = yolo_folder(tmp_path, {"1": "1 0.5 0.5 0.25 0.4\n"})
    assert boxes(labels) == [[75, 30, 50, 40]]
    assert labels.labels["value"].to_pylist() == ["dog"]
    assert labels.items.select(["item_id", "width", "height", "split"]).to_pylist() == [
        {"item_id": "train/1", "width": 200, "height": 100, "split": "train"}
    ]


def test_yolo_boxes_stay_shares_where_they_are_not(tmp_path):
    labels = yolo_folder(tmp_path, {"1": "1 0.5 0.5 0.25 0.4\n"}, pictures=[])
    row = labels.labels.to_pylist()[0]
    assert (row["x"], json.loads(row["attributes"])) == (None, {"shares": [0.5, 0.5, 0.25, 0.4]})
    assert any("size of 1 pictures is not known" in note for note in labels.notes)


def test_an_empty_yolo_file_is_background_and_a_missing_one_is_not_seen(tmp_path):
    labels = yolo_folder(tmp_path, {"1": "", "2": "0 0.5 0.5 0.25 0.4\n"}, pictures=["1", "2", "3"])
    assert labels.items["item_id"].to_pylist() == ["train/1", "train/2", "train/3"]
    assert labels.annotations["item_id"].to_pylist() == ["train/1", "train/2"]
    assert labels.labels.num_rows == 1


@pytest.mark.parametrize(
    ("text", "yaml", "kind", "said"),
    [
        ("0 0.1 0.1 0.4 0.1 0.4 0.5 0.1 0.5\n", "names: [cat]\n", "rbox", "read as obb"),
        (
            "0 0.1 0.1 0.4 0.1 0.4 0.5 0.1 0.5\n0 0.6 0.6 0.9 0.6 0.7 0.9\n",
            "names: [cat]\n",
            "polygon",
            "read as segment",
        ),
        ("0 0.5 0.5 0.4 0.6 0.4 0.3 2 0.4 0.6 0\n", "names: [cat]\nkpt_shape: [2, 3]\n", "keypoints", "read as pose"),
        ("0 0.5 0.5 0.4 0.6 0.4 0.3 2 0.4 0.6 0\n", "names: {0: cat}\n", "keypoints", "read as pose"),
        ("0 0.5 0.5 0.4 0.6 0.93\n", "names: {0: cat}\n", "bbox", "read as detect"),
    ],
)
def test_the_yolo_task_is_told_from_all_lines(tmp_path, text, yaml, kind, said):
    labels = yolo_folder(tmp_path, {"1": text}, yaml)
    assert labels.labels["kind"][0].as_py() == kind
    assert any(said in note for note in labels.notes)
    assert set(labels.labels["value"].to_pylist()) == {"cat"}


def test_yolo_keypoints_and_confidence(tmp_path):
    labels = yolo_folder(
        tmp_path, {"1": "0 0.5 0.5 0.4 0.6 0.5 0.25 2 0 0 0 0.75\n"}, "names: [cat]\nkpt_shape: [2, 3]\n"
    )
    row = labels.labels.to_pylist()[0]
    assert (row["points"], row["confidence"]) == ([100, 25, 0, 0], 0.75)
    assert json.loads(row["attributes"]) == {"visibility": [2, 0]}


@pytest.mark.parametrize("text", ["0 0.5 0.5 nan 0.4\n", "cat 0.5 0.5 0.2 0.4\n", "0 0.5 0.5\n", "0 12 44 332 437\n"])
def test_yolo_lines_that_are_no_objects_are_refused_by_line(tmp_path, text):
    with pytest.raises(RefusedInput, match=r"1\.txt: line 1"):
        yolo_folder(tmp_path, {"1": text})


def test_a_yaml_of_references_is_refused(tmp_path):
    bomb = "a: &a [x, x]\n" + "b: [" + ", ".join(["*a"] * 200) + "]\nnames: [cat]\n"
    with pytest.raises(RefusedInput, match="repeats parts of itself"):
        yolo_folder(tmp_path, {"1": ""}, bomb)


def test_folders_of_pictures_are_classes(tmp_path):
    with zipfile.ZipFile(tmp_path / "cls.zip", "w") as archive:
        for name in ("d/train/cat/1.png", "d/train/dog/2.png", "d/val/cat/3.png"):
            picture = io.BytesIO()
            Image.new("L", (2, 2)).save(picture, "PNG")
            archive.writestr(name, picture.getvalue())
    labels = read(tmp_path / "cls.zip")
    assert labels.labels["value"].to_pylist() == ["cat", "dog", "cat"]
    assert labels.items["split"].to_pylist() == ["train", "train", "val"]
    assert len(labels.votes()) == 3


@pytest.mark.parametrize(
    ("text", "yaml"),
    [
        ("1 0.5 0.5 0.25 0.4\n0 0.3 0.3 0.1 0.1\n", "names: [cat, dog]\n"),
        ("0 0.1 0.1 0.4 0.1 0.4 0.5\n", "names: [cat, dog]\n"),
        ("0 0.12 0.15 0.30 0.25 0.25 0.45 0.07 0.35\n", "names: [cat, dog]\n"),
        ("0 0.5 0.5 0.4 0.6 0.4 0.3 2 0 0 0\n", "names: [cat, dog]\nkpt_shape: [2, 3]\n"),
    ],
)
@pytest.mark.parametrize("pictured", [True, False])
def test_yolo_reads_back_what_is_written(tmp_path, text, yaml, pictured):
    (tmp_path / "in").mkdir()
    labels = yolo_folder(tmp_path / "in", {"1": text, "2": ""}, yaml, pictures=["1", "2", "3"] if pictured else [])
    write(labels, tmp_path / "out", format="yolo")
    if pictured:
        (tmp_path / "in" / "images").rename(tmp_path / "out" / "images")
    again = read(tmp_path / "out")
    assert again.items["item_id"].equals(labels.items["item_id"])
    assert again.annotations["item_id"].equals(labels.annotations["item_id"])
    for was, now in zip(labels.labels.to_pylist(), again.labels.to_pylist(), strict=True):
        assert (now["kind"], now["value"], now["attributes"]) == (was["kind"], was["value"], was["attributes"])
        for column in ("x", "y", "w", "h", "points"):
            assert now[column] == pytest.approx(was[column])
        assert (now["polygon"] or [[]])[0] == pytest.approx((was["polygon"] or [[]])[0])


def test_yolo_does_not_mix_the_labels_of_several_people(tmp_path):
    for person in ("alice", "bob"):
        (tmp_path / "in" / person).mkdir(parents=True)
        (tmp_path / "in" / person / "a.xml").write_text(voc(voc_object()))
    with pytest.raises(UsageError, match="2 annotators"):
        write(read(tmp_path / "in"), tmp_path / "out", format="yolo")
    assert not (tmp_path / "out").exists()

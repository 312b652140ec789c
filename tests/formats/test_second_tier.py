"""LabelMe, VIA and CoNLL-U: the traps of each."""

import json

import pytest
from PIL import Image

from annoaudit.errors import RefusedInput
from annoaudit.formats import read
from annoaudit.formats.masks import decode_mask


def desktop(folder, *shapes, name="a.json", **more):
    document = {
        "shapes": list(shapes),
        "imagePath": "pics\\a.jpg",
        "imageData": "secret" * 9,
        "imageWidth": 64,
        "imageHeight": 48,
    }
    (folder / name).write_text(json.dumps(document | more))
    return read(folder / name)


def test_labelme_rectangles_have_corners_in_any_order_and_pictures_are_not_kept(tmp_path):
    labels = desktop(tmp_path, {"label": "cat", "points": [[40, 60], [10, 20]], "shape_type": "rectangle"})
    row = labels.labels.to_pylist()[0]
    assert [row[side] for side in "xywh"] == [10, 20, 30, 40]
    assert labels.items["item_id"].to_pylist() == ["a.jpg"]
    assert "secret" not in str(labels.items.to_pylist())


def test_labelme_without_shapes_was_looked_at(tmp_path):
    labels = desktop(tmp_path, flags={"blurry": True, "dark": False})
    assert labels.labels.select(["question", "value"]).to_pylist() == [{"question": "flags", "value": "blurry"}]
    assert desktop(tmp_path).annotations.num_rows == 1


WEB = (
    "<annotation><filename>a.jpg</filename><imagesize><nrows>77</nrows><ncols>102</ncols></imagesize>"
    "<object><name>cat</name><deleted>0</deleted><date>25-May-2012 00:09:48</date><id>0</id><polygon>"
    "<username>ann</username>"
    "<pt><x>43</x><y>34</y></pt><pt><x>45</x><y>34</y></pt><pt><x>45</x><y>37</y></pt></polygon></object>"
    "<object><name>dog</name><deleted>1</deleted><date>odd</date><id>1</id><polygon><username>ann</username>"
    "<pt><x>1</x><y>2</y></pt><pt><x>3</x><y>4</y></pt><pt><x>5</x><y>6</y></pt></polygon></object></annotation>"
)


def test_labelmes_web_tool_names_users_times_and_what_was_deleted(tmp_path):
    (tmp_path / "a.xml").write_text(WEB)
    labels = read(tmp_path / "a.xml")
    rows = labels.annotations.select(["annotator_id", "status", "created_at"]).to_pylist()
    assert [(row["annotator_id"], row["status"]) for row in rows] == [("ann", "submitted"), ("ann", "deleted")]
    assert rows[0]["created_at"].isoformat() == "2012-05-25T00:09:48+00:00"
    assert any("no zone" in note for note in labels.notes)


def test_a_labelme_rectangle_of_three_points_is_refused(tmp_path):
    with pytest.raises(RefusedInput, match="shape 1: a rectangle has 3 points"):
        desktop(tmp_path, {"label": "cat", "points": [[1, 2], [3, 4], [5, 6]], "shape_type": "rectangle"})


def via(folder, regions):
    document = {"a.jpg12": {"filename": "a.jpg", "size": 12, "regions": regions, "file_attributes": {}}}
    (folder / "via.json").write_text(json.dumps(document))
    return read(folder / "via.json")


@pytest.mark.parametrize("container", [list, lambda regions: {str(k): one for k, one in enumerate(regions)}])
def test_via_regions_are_a_list_or_an_object(tmp_path, container):
    shapes = [{"name": "rect", "x": 1, "y": 2, "width": 3, "height": 4},
              {"name": "polygon", "all_points_x": [0, 1, 1], "all_points_y": [0, 0, 1]},
              {"name": "circle", "cx": 5, "cy": 5, "r": 2}]  # fmt: skip
    regions = [{"shape_attributes": shape, "region_attributes": {"type": "cat"}} for shape in shapes]
    labels = via(tmp_path, container(regions))
    assert labels.labels["kind"].to_pylist() == ["bbox", "polygon", "polygon"]
    assert set(labels.labels["value"].to_pylist()) == {"cat"}


def test_via_polygons_whose_sides_differ_are_refused(tmp_path):
    shape = {"name": "polygon", "all_points_x": [0, 1], "all_points_y": [0]}
    with pytest.raises(RefusedInput, match="region 1: all_points_x and all_points_y are not of one length"):
        via(tmp_path, [{"shape_attributes": shape, "region_attributes": {}}])


def word(number, form, upos="X", head="0", relation="root", misc="_"):
    return "\t".join([number, form, "_", upos, "_", "_", head, relation, "_", misc])


def test_conllu_rebuilds_the_text_from_its_spacing(tmp_path):
    lines = [
        "# sent_id = s1", "# text = 😊 I can't.", word("1", "😊"), word("2", "I"),
        word("3-4", "can't", misc="SpaceAfter=No"), word("3", "ca"),
        word("4", "n't", head="3", relation="advmod"), word("4.1", "empty"), word("5", "."),
    ]  # fmt: skip
    (tmp_path / "a.conllu").write_text("\n".join(lines) + "\n")
    labels = read(tmp_path / "a.conllu")
    assert labels.items["text"].to_pylist() == ["😊 I can't."]
    spans = [row for row in labels.labels.to_pylist() if row["kind"] == "span"]
    assert [(row["start"], row["end"], row["quote"]) for row in spans] == [
        (0, 1, "😊"), (2, 3, "I"), (4, 9, "can't"), (4, 9, "can't"), (9, 10, "."),
    ]  # fmt: skip
    (advmod,) = [row for row in labels.labels.to_pylist() if row["value"] == "advmod"]
    assert (advmod["from_label_id"], advmod["to_label_id"]) == (spans[2]["label_id"], spans[3]["label_id"])
    assert json.loads(labels.items["meta_json"][0].as_py())["empty"][0][1] == "empty"
    assert not any("stated text" in note for note in labels.notes)


def test_conllu_lines_are_refused_by_number(tmp_path):
    (tmp_path / "a.conllu").write_text(word("1", "a") + "\n" + "2\tb\n")
    with pytest.raises(RefusedInput, match="line 2 has 2 columns"):
        read(tmp_path / "a.conllu", format="conllu")


def test_panoptic_masks_are_the_colours_of_the_picture_beside(tmp_path):
    segments = [
        {"id": number, "category_id": 3, "area": 2, "bbox": [0, 0, 1, 2]} for number in (7, 7 + 256 * 2 + 65536)
    ]
    document = {"images": [{"id": 1, "file_name": "a.jpg", "width": 3, "height": 2}],
                "annotations": [{"image_id": 1, "file_name": "a.png", "segments_info": segments}],
                "categories": [{"id": 3, "name": "sky"}]}  # fmt: skip
    (tmp_path / "panoptic.json").write_text(json.dumps(document))
    alone = read(tmp_path / "panoptic.json")
    assert alone.labels["rle"].null_count == 2
    assert any("masks of 2 segments" in note for note in alone.notes)
    picture = Image.new("RGB", (3, 2))
    for y in (0, 1):
        picture.putpixel((0, y), (7, 0, 0))
        picture.putpixel((2, y), (7, 2, 1))
    picture.save(tmp_path / "a.png")
    rows = read(tmp_path).labels.to_pylist()
    assert [decode_mask(row["rle"], 2, 3).tolist() for row in rows] == [
        [[True, False, False]] * 2, [[False, False, True]] * 2,
    ]  # fmt: skip

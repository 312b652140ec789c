"""Labelbox and brat: people, times, nesting, and where spans lie."""

import json

import pytest

from annoaudit.errors import RefusedInput
from annoaudit.formats import read


def labelbox(folder, *records):
    (folder / "export.ndjson").write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
    return read(folder / "export.ndjson")


def label(objects=(), classifications=(), native="l1", by="ann@example.com", **performance):
    return {
        "label_kind": "Default", "id": native,
        "label_details": {"created_at": "2024-04-08T16:21:26.000+00:00", "created_by": by, "reviews": []},
        "performance_details": {"seconds_to_create": 12} | performance,
        "annotations": {"objects": list(objects), "classifications": list(classifications), "relationships": []},
    }  # fmt: skip


def data_row(*labels, content="https://host/a.png?signature=secret", project="p1"):
    return {"data_row": {"id": "row1", "row_data": content}, "media_attributes": {"width": 64, "height": 48},
            "projects": {project: {"labels": list(labels)}}}  # fmt: skip


BOX = {"feature_id": "f1", "annotation_kind": "ImageBoundingBox", "name": "cat",
       "bounding_box": {"top": 20.0, "left": 10.0, "height": 40.0, "width": 30.0}}  # fmt: skip


def test_labelbox_keeps_who_when_and_how_long(tmp_path):
    row = data_row(label([BOX]), label([], native="l2", by="bob@example.com", skipped=True, consensus_score=0.5))
    labels = labelbox(tmp_path, row)
    first, second = labels.annotations.to_pylist()
    assert (first["annotator_id"], first["lead_time_s"], first["time_kind"]) == ("ann@example.com", 12.0, "measured")
    assert first["created_at"].isoformat() == "2024-04-08T16:21:26+00:00"
    assert (second["status"], json.loads(second["meta_json"])["consensus_score"]) == ("skipped", 0.5)
    assert [labels.labels[side][0].as_py() for side in "xywh"] == [10, 20, 30, 40]


def test_nothing_signed_into_addresses_is_kept(tmp_path):
    mask = {"feature_id": "f2", "name": "sky", "mask": {"url": "https://host/mask?token=secret"}}
    labels = labelbox(tmp_path, data_row(label([mask])))
    assert labels.items["uri"].to_pylist() == ["https://host/a.png"]
    assert "secret" not in str([table.to_pylist() for table in labels.tables.values()])
    assert any("mask (1)" in note for note in labels.notes)


def test_a_labelbox_row_without_labels_is_not_seen_and_a_label_without_objects_is_empty(tmp_path):
    unseen = data_row() | {"data_row": {"id": "row2"}}
    labels = labelbox(tmp_path, data_row(label()), unseen)
    assert (labels.items.num_rows, labels.annotations.num_rows, labels.labels.num_rows) == (2, 1, 0)


def test_labelbox_answers_nest_and_checklists_take_several(tmp_path):
    inner = {"name": "breed", "radio_answer": {"name": "siamese"}}
    answers = [{"name": "topics", "checklist_answers": [{"name": "a"}, {"name": "b"}]},
               {"name": "why", "text_answer": {"content": "fur"}}]  # fmt: skip
    labels = labelbox(tmp_path, data_row(label([BOX | {"classifications": [inner]}], answers)))
    kinds = dict(labels.questions.select(["question", "kind"]).to_pandas().to_numpy())
    assert kinds == {"objects": "bbox", "breed": "choice", "topics": "multichoice", "why": "text"}
    box, breed, *_ = labels.labels.to_pylist()
    assert breed["parent_label_id"] == box["label_id"]


def test_labelbox_text_spans_have_their_quote_where_the_text_is_there(tmp_path):
    span = {"feature_id": "f3", "name": "person", "location": {"start": 2, "end": 5}}
    labels = labelbox(tmp_path, data_row(label([span]), content="😊 Ada"))
    assert labels.labels["quote"].to_pylist() == ["Ada"]


def test_labelbox_payloads_join_relationships(tmp_path):
    data = {"id": "row1"}
    box = {"top": 1, "left": 2, "height": 3, "width": 4}
    objects = [{"uuid": name, "dataRow": data, "name": name, "bbox": box} for name in "ab"]
    relation = {"uuid": "r", "dataRow": data, "name": "chases", "relationship": {"source": "a", "target": "b"}}
    (tmp_path / "import.json").write_text(json.dumps([*objects, relation]))
    first, second, joined = read(tmp_path / "import.json").labels.to_pylist()
    assert (joined["from_label_id"], joined["to_label_id"]) == (first["label_id"], second["label_id"])


def test_a_labelbox_box_without_sides_is_refused(tmp_path):
    with pytest.raises(RefusedInput, match=r"record 1.*a box has no left"):
        labelbox(tmp_path, data_row(label([{"name": "x", "bbox": {"top": 1}}])))


TEXT = "Acme 😊 bought Nile Ltd in Cairo.\r\nIt rose and fell."


def brat(folder, ann, text=TEXT, name="doc1"):
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.txt").write_bytes(text.encode())
    (folder / f"{name}.ann").write_text(ann, encoding="utf-8")
    return folder


def test_brat_offsets_are_code_points_of_the_file_as_it_is(tmp_path):
    ann = "T1\tOrg 14 22\tNile Ltd\nT2\tChange 37 41;46 50\trose fell\n"
    labels = read(brat(tmp_path, ann))
    assert labels.labels["quote"].to_pylist() == ["Nile Ltd", "rose fell"]
    assert json.loads(labels.labels["attributes"][1].as_py()) == {"fragments": [[37, 41], [46, 50]]}
    assert not any("do not hold the text" in note for note in labels.notes)


def test_brat_names_spans_that_do_not_hold_their_quote(tmp_path):
    labels = read(brat(tmp_path, "T1\tOrg 0 4\tNile\n"))
    assert any("1 spans do not hold the text" in note for note in labels.notes)


def test_brat_relations_events_attributes_and_notes(tmp_path):
    ann = (
        "E1\tBuy:T4 Buyer:T1 Target:T2\nT1\tOrg 0 4\tAcme\nT2\tOrg 14 22\tNile Ltd\nT4\tBuy 7 13\tbought\n"
        "R1\tRival Arg1:T1 Arg2:T2\nA1\tConfidence T2 High\nA2\tNegated T1\nN1\tReference T1 Wiki:7\tAcme\n"
        "*\tAlias T1 T2\n#1\tAnnotatorNotes T1\tcheck the name\n"
    )
    labels = read(brat(tmp_path, ann)).labels.to_pylist()
    by_native = {row["native_id"]: row for row in labels}
    ids = {name: by_native[name]["label_id"] for name in ("T1", "T2", "T4")}
    buyer = by_native["E1 Buyer T1"]
    assert (buyer["value"], buyer["from_label_id"], buyer["to_label_id"]) == ("Buyer", ids["T4"], ids["T1"])
    assert (by_native["R1"]["from_label_id"], by_native["R1"]["to_label_id"]) == (ids["T1"], ids["T2"])
    assert (by_native["A1"]["value"], by_native["A1"]["parent_label_id"]) == ("High", ids["T2"])
    assert by_native["A2"]["value"] == "yes"
    assert by_native["N1"]["value_text"] == "Wiki:7"
    assert (by_native["#1"]["value_text"], by_native["#1"]["parent_label_id"]) == ("check the name", ids["T1"])
    assert len(labels) == 11


def test_brat_folders_are_annotators_and_an_empty_file_is_not_seen(tmp_path):
    brat(tmp_path / "alice", "T1\tOrg 0 4\tAcme\n")
    brat(tmp_path / "bob", "")
    labels = read(tmp_path)
    assert labels.items["item_id"].to_pylist() == ["doc1"]
    assert labels.annotations["annotator_id"].to_pylist() == ["alice"]
    assert any("1 .ann files are empty" in note for note in labels.notes)


def test_one_ann_file_finds_its_text(tmp_path):
    brat(tmp_path, "T1\tOrg 0 4\tAcme\n")
    assert read(tmp_path / "doc1.ann").labels["quote"].to_pylist() == ["Acme"]


@pytest.mark.parametrize(
    ("ann", "said"),
    [
        ("T1\tOrg 0 4000\tAcme\n", "line 1: '0 4000' lies outside a text of"),
        ("T1\tOrg 0 four\tAcme\n", "line 1: '0 four' are no offsets"),
        ("T1\tOrg 0 4\tAcme\nX1\twhat\n", "line 2 is not brat's"),
        ("T1\tOrg 0 4\tAcme\nR1\tIn Arg1:T1\n", "line 2: a relation has two arguments"),
    ],
)
def test_brat_lines_that_are_none_are_refused(tmp_path, ann, said):
    brat(tmp_path, ann)
    with pytest.raises(RefusedInput, match=said):
        read(tmp_path / "doc1.ann", format="brat")


def test_a_missing_text_is_named(tmp_path):
    brat(tmp_path, "T1\tOrg 0 4\tAcme\n")
    (tmp_path / "doc1.txt").unlink()
    with pytest.raises(RefusedInput, match=r"has no doc1\.txt beside it"):
        read(tmp_path)

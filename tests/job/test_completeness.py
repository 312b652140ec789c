"""What should have arrived: counted exactly, named, and judged by the gate."""

import pytest
from jobs import make_labels, write_job

from annoaudit.errors import RefusedInput
from annoaudit.formats import read
from annoaudit.job.completeness import describe_gaps, list_missing
from annoaudit.job.config import Expected
from annoaudit.job.reading import read_job
from annoaudit.job.running import run_job

LABELS = make_labels(20)


def missing(tmp_path, labels=LABELS, **expected):
    return list_missing(read(labels), Expected(**expected), lambda one: tmp_path / one)


def test_nothing_expected_or_all_there_is_nothing_missing(tmp_path):
    assert missing(tmp_path) == []
    assert missing(tmp_path, items=20, overlap=3, classes=["bike", "dock", "fare"]) == []


def test_items_by_number_and_by_list(tmp_path):
    assert missing(tmp_path, items=23) == ["3 items of 23 did not arrive."]
    ids = sorted(set(LABELS["item_id"])) + [f"x{k}" for k in range(7)]
    (tmp_path / "ids.txt").write_text("\n".join([*ids, ids[0]]))
    expected = ["7 items of 27 did not arrive: x0, x1, x2, x3, x4 and 2 more."]
    assert missing(tmp_path, items="ids.txt") == expected
    (tmp_path / "ids.csv").write_text("text,item_id\n" + "".join(f'"a, b",{one}\n' for one in ids))
    assert missing(tmp_path, items="ids.csv") == expected


def test_items_below_the_overlap_are_counted_and_named(tmp_path):
    fewer = LABELS.drop(index=[0, 1, 2, 4])
    assert missing(tmp_path, fewer, overlap=3) == ["1 item has fewer than 3 labels: 0001."]
    assert missing(tmp_path, LABELS, overlap=4)[0].startswith("20 items have fewer than 4 labels: 0000, 0001")


def test_classes_that_vanished(tmp_path):
    without = LABELS[LABELS["label"] != "fare"]
    assert missing(tmp_path, without, classes=["bike", "fare"]) == ["Nobody chose 1 class that should be there: fare."]


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\x00"])
def test_a_list_that_cannot_be_read(tmp_path, content):
    if content is not None:
        (tmp_path / "ids.txt").write_bytes(content)
    with pytest.raises(RefusedInput, match=r"ids\.txt"):
        missing(tmp_path, items="ids.txt")


def test_the_gate_fails_and_says_what_is_missing(tmp_path):
    path = write_job(tmp_path, labels=LABELS, project="    expected: {items: 21, overlap: 3}\n")
    result = run_job(read_job(path), (), lambda _: None)
    assert result.exit_code == 1
    (failed,) = (one for one in result.nights[0].night.checks if one.status == "failed")
    assert failed.sentence == "Completeness: 1 item of 21 did not arrive."
    write_job(tmp_path, labels=LABELS, project="    expected: {items: 20, overlap: 3}\n")
    assert run_job(read_job(path), (), lambda _: None).exit_code == 0


def gaps(labels, before=None, live=False):
    return describe_gaps(read(labels), None if before is None else read(before), live=live)


def test_without_a_manifest_nothing_is_told_where_nothing_seems_to_be_missing():
    assert gaps(LABELS) == []
    assert gaps(LABELS, LABELS) == []


def test_a_class_that_nobody_chooses_any_more_is_told_with_how_many_did():
    n = int((LABELS["label"] == "fare").sum())
    rest = LABELS.assign(label=LABELS["label"].replace("fare", "bike"))
    assert gaps(rest, LABELS) == [f"Completeness: nobody chooses “fare” any more (label); {n} labels did before."]


def test_items_with_fewer_labels_than_usual_are_counted():
    assert gaps(LABELS.drop(index=[0, 1, 4])) == ["Completeness: 2 of 20 items have fewer labels than the usual 3."]


def test_a_block_of_numbers_that_is_missing_is_told_for_files_only():
    many = make_labels(200)
    part = many[~many["item_id"].between("0050", "0089")]
    expected = ["Completeness: no item has the numbers 50 to 89, though numbers are otherwise close together."]
    assert gaps(part) == expected
    assert gaps(part, live=True) == []
    assert gaps(part.assign(item_id="x" + part["item_id"])) == []
    sparse = many.assign(item_id=[str(int(one) ** 2) for one in many["item_id"]])
    assert gaps(sparse) == []

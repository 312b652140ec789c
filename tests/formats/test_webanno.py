"""WebAnno TSV 3: UTF-16 offsets, stacked and numbered cells, sub-tokens, escapes, relations."""

import zipfile

import pytest

from annoaudit.errors import RefusedInput
from annoaudit.formats import read
from annoaudit.formats.texts.utf16 import Utf16Text

HEAD = "#FORMAT=WebAnno TSV 3.3\n#T_SP=webanno.custom.Ner|value\n"


def open_tsv(folder, body, head=HEAD):
    (folder / "doc.tsv").write_text(f"{head}\n\n{body}", encoding="utf-8")
    return read(folder / "doc.tsv")


def said(labels):
    return [(row["value"], row["start"], row["end"], row["quote"]) for row in labels.labels.to_pylist()]


def test_units_become_code_points():
    text = Utf16Text("a😊b😊")
    assert len(text) == 6
    assert [text.code_point(unit) for unit in (0, 1, 3, 4, 6, 99)] == [0, 1, 2, 3, 4, 4]


def test_offsets_count_utf16_units_and_sentences_keep_their_places(tmp_path):
    body = (
        "#Text=Hi 😊 Ada\n1-1\t0-2\tHi\t_\t\n1-2\t3-5\t😊\tEMOJI\t\n1-3\t6-9\tAda\tPER\t\n\n"
        "#Text=Bob\n2-1\t10-13\tBob\tPER\t\n"
    )
    labels = open_tsv(tmp_path, body)
    assert labels.items["text"].to_pylist() == ["Hi 😊 Ada\nBob"]
    assert said(labels) == [("EMOJI", 3, 4, "😊"), ("PER", 5, 8, "Ada"), ("PER", 9, 12, "Bob")]


def test_numbers_join_tokens_and_bars_stack_annotations(tmp_path):
    both = "LOC[1]|ORG[2]"
    body = f"#Text=New York Times\n1-1\t0-3\tNew\t{both}\t\n1-2\t4-8\tYork\t{both}\t\n1-3\t9-14\tTimes\tORG[2]\t\n"
    assert said(open_tsv(tmp_path, body)) == [("LOC", 0, 8, "New York"), ("ORG", 0, 14, "New York Times")]


def test_sub_tokens_stars_and_escapes(tmp_path):
    body = "#Text=a\\tbook_x\n1-1\t0-1\ta\t*\t\n1-2\t2-8\tbook_x\tA\\|B\\_C\t\n1-2.1\t2-4\tbo\tPART\t\n"
    assert said(open_tsv(tmp_path, body)) == [(None, 0, 1, "a"), ("A|B_C", 2, 8, "book_x"), ("PART", 2, 4, "bo")]


def test_relations_lead_from_where_they_name_to_where_they_stand(tmp_path):
    head = f"{HEAD}#T_RL=webanno.custom.Rel|kind|BT_webanno.custom.Ner\n"
    body = "#Text=Ada met Bob\n1-1\t0-3\tAda\tPER\t_\t_\t\n1-2\t4-7\tmet\t_\t_\t_\t\n1-3\t8-11\tBob\tPER\tmet\t1-1\t\n"
    ada, bob, met = open_tsv(tmp_path, body, head).labels.to_pylist()
    assert (met["kind"], met["value"]) == ("relation", "met")
    assert (met["from_label_id"], met["to_label_id"]) == (ada["label_id"], bob["label_id"])


def test_an_exported_project_names_its_users(tmp_path):
    with zipfile.ZipFile(tmp_path / "project.zip", "w") as archive:
        for user, tag in (("ann", "PER"), ("bob", "_")):
            body = f"{HEAD}\n\n#Text=Ada\n1-1\t0-3\tAda\t{tag}\t\n"
            archive.writestr(f"annotation/doc1.txt/{user}.tsv", body)
    labels = read(tmp_path / "project.zip")
    assert labels.items["item_id"].to_pylist() == ["doc1.txt"]
    assert labels.annotations["annotator_id"].to_pylist() == ["ann", "bob"]
    assert labels.labels["annotator_id"].to_pylist() == ["ann"]


@pytest.mark.parametrize(
    ("body", "message"),
    [("1-1\t0-3\tAda\n", "too few columns"), ("what\n", "is no token"), ("1-1\t0-3\t\tPER\t\n", "token without text")],
)
def test_lines_that_are_no_tokens_are_refused(tmp_path, body, message):
    with pytest.raises(RefusedInput, match=message):
        open_tsv(tmp_path, f"#Text=Ada\n{body}")

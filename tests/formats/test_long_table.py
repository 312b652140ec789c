import csv
import gzip
import io
import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annoaudit.errors import RefusedInput, UsageError
from annoaudit.formats import parse_mapping, read
from annoaudit.formats import write as write_labels


@pytest.fixture
def write(tmp_path):
    def write(content, name="labels.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


PLAIN = "item,annotator,label\n007,ann,yes\n007,bob,no\n08,ann,yes\n"


def test_ids_are_text_and_keep_leading_zeros(write):
    labels = read(write(PLAIN))
    assert labels.items["item_id"].to_pylist() == ["007", "08"]
    assert labels.annotators["kind"].to_pylist() == ["person", "person"]
    votes = labels.votes()
    assert votes.classes == ("no", "yes")
    assert votes.counts.tolist() == [[1, 1], [0, 1]]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bom.csv", b"\xef\xbb\xbf" + PLAIN.encode()),
        ("utf16.csv", PLAIN.encode("utf-16")),
        ("utf16be.csv", b"\xfe\xff" + PLAIN.encode("utf-16-be")),
        ("utf32.csv", PLAIN.encode("utf-32")),
        ("semicolon.csv", PLAIN.replace(",", ";").encode()),
        ("tab.tsv", PLAIN.replace(",", "\t").encode()),
        ("pipe.txt", PLAIN.replace(",", "|").encode()),
        ("crlf.csv", PLAIN.replace("\n", "\r\n").encode()),
        ("quoted.csv", PLAIN.replace("yes", '"yes"').encode()),
        ("no_end.csv", PLAIN.rstrip().encode()),
        ("blank_lines.csv", PLAIN.replace("\n", "\n\n").encode()),
        ("packed.csv.gz", gzip.compress(PLAIN.encode(), mtime=0)),
        ("wrong_ending.parquet", PLAIN.encode()),
        ("spaced header.csv", PLAIN.replace("item,annotator,label", " item , annotator,label").encode()),
    ],
)
def test_encodings_and_separators_give_the_same_labels(write, name, content):
    plain, other = read(write(PLAIN)), read(write(content, name))
    for table in ("items", "annotators", "annotations", "labels"):
        assert plain.tables[table].equals(other.tables[table]), table


def test_every_container_gives_the_same_labels(write, tmp_path):
    rows = [{"item": 7, "annotator": "ann", "label": 1}, {"item": 8, "annotator": "bob", "label": 2}]
    frame = pd.DataFrame(rows)
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "p.parquet")
    sources = [
        write("item,annotator,label\n7,ann,1\n8,bob,2\n"),
        write("\n".join(map(json.dumps, rows)), "rows.jsonl"),
        write(json.dumps(rows), "rows.json"),
        tmp_path / "p.parquet",
        frame,
        frame.astype({"label": float}),
        frame.set_index("item"),
        frame.astype({"label": "category"}),
    ]
    first, *others = (read(source).labels for source in sources)
    assert first["value"].to_pylist() == ["1", "2"]
    for other in others:
        assert first.equals(other)


def test_ids_do_not_depend_on_file_order_of_rows_or_other_columns(write):
    first = read(write(PLAIN)).frame("labels")
    shuffled = read(write("label,note,item,annotator\nyes,x,08,ann\nno,y,007,bob\nyes,z,007,ann\n", "b.csv")).frame(
        "labels"
    )
    columns = ["label_id", "item_id", "annotator_id", "value"]
    assert sorted(first[columns].to_numpy().tolist()) == sorted(shuffled[columns].to_numpy().tolist())
    assert not first["label_id"].str.contains("ann|bob").any()


def test_columns_are_guessed_by_name_and_the_guess_is_told(write):
    labels = read(write("Unit ID,WorkerId,Answer,Duration\n1,w1,a,3\n"))
    assert labels.annotators["annotator_id"].to_pylist() == ["w1"]
    assert labels.annotations["lead_time_s"].to_pylist() == [3.0]
    assert "item from 'Unit ID', annotator from 'WorkerId', label from 'Answer'" in labels.notes[0]


def test_a_mapping_wins(write):
    path = write("id,label,who,what\n1,ignored,ann,yes\n2,ignored,bob,no\n")
    labels = read(path, mapping=parse_mapping("item=id,annotator=who,label=what"))
    assert labels.labels["value"].to_pylist() == ["yes", "no"]


def test_what_cannot_be_told_is_refused_with_columns_and_example(write):
    with pytest.raises(
        RefusedInput, match=r"no column is recognised as label. Columns: 'item', 'annotator', 'mood'"
    ) as e:
        read(write("item,annotator,mood\n1,a,b\n"))
    assert "--map item=" in e.value.hint
    with pytest.raises(RefusedInput, match="label could be 'answer' or 'category'"):
        read(write("item,annotator,answer,category\n1,a,b,c\n"))
    with pytest.raises(RefusedInput, match="annotator could be 'worker' or 'user'"):
        read(write("item,worker,user,label\n1,a,b,c\n"))


def test_a_mapping_to_nothing_is_a_usage_error(write):
    with pytest.raises(UsageError, match="no column 'unit'"):
        read(write(PLAIN), mapping={"item": "unit"})
    with pytest.raises(UsageError, match="no role 'rater'"):
        read(write(PLAIN), mapping={"rater": "annotator"})
    with pytest.raises(UsageError, match="two roles"):
        read(write(PLAIN), mapping={"item": "label", "label": "label"})
    for text in ("item", "item=", "item=a,item=b", "thing=a"):
        with pytest.raises(UsageError):
            parse_mapping(text)


def test_without_annotators_all_labels_are_of_one_unknown(write):
    labels = read(write("item,label\n1,a\n2,b\n"))
    assert labels.annotators["annotator_id"].to_pylist() == ["unknown"]
    assert any("no annotator column" in note for note in labels.notes)


def test_repeated_answers_are_rounds_by_time_then_place(write):
    labels = read(
        write(
            "item,annotator,label,created_at\n"
            "1,ann,second,2026-01-05T11:00:00Z\n"
            "1,ann,first,2026-01-05T10:00:00Z\n"
            "1,ann,first,2026-01-05T10:00:00Z\n"
            "1,bob,only,2026-01-05T10:00:00Z\n"
        )
    )
    assert labels.annotations["round"].to_pylist() == [2, 0, 1, 0]
    assert labels.notes[0].startswith("1 rows repeat an earlier row exactly")
    votes = labels.votes()
    assert len(votes) == 2
    assert votes.later is not None
    assert len(votes.later) == 2


def test_an_empty_label_is_an_explicitly_empty_answer(write):
    labels = read(write('item,annotator,label\n1,ann,\n1,bob,x\n2,ann,""\n'))
    assert labels.annotations.num_rows == 3
    assert labels.labels.num_rows == 1
    assert any("2 rows have an empty label" in note for note in labels.notes)


def test_several_questions(write):
    labels = read(write("item,annotator,question,label\n1,a,tone,x\n1,a,topic,y\n1,b,tone,z\n"))
    assert labels.questions_of("choice") == ("tone", "topic")
    assert len(labels.votes("tone")) == 2
    assert labels.annotations["round"].to_pylist() == [0, 0, 0]


def test_items_carry_text_media_group_and_further_columns(write):
    labels = read(
        write(
            "item,annotator,label,text,url,group,length,page\n"
            '1,a,x,"Hi,\nyou",http://e.org/1.png?x=1,g1,5,1\n'
            "1,b,y,,,g1,5,2\n"
            "2,a,x,Bye,,g2,,1\n"
        )
    )
    items = labels.items.to_pylist()
    assert [item["text"] for item in items] == ["Hi,\nyou", "Bye"]
    assert [item["media"] for item in items] == ["image", "text"]
    assert items[0]["uri"] == "http://e.org/1.png?x=1"
    assert [item["group"] for item in items] == ["g1", "g2"]
    assert json.loads(items[0]["meta_json"]) == {"length": "5"}
    assert items[1]["meta_json"] is None
    assert any("not carried over" in note and "'page'" in note for note in labels.notes)


def test_numbers_of_a_frame_stay_numbers_in_meta():
    frame = pd.DataFrame({"item": [1, 2], "label": ["a", "b"], "score_x": [0.5, float("nan")], "n": [3, 4]})
    meta = [json.loads(text) for text in read(frame).items["meta_json"].to_pylist()]
    assert meta == [{"score_x": 0.5, "n": 3}, {"n": 4}]


def test_gold_becomes_a_source_of_its_own(write):
    path = write("item,annotator,label,gold\n1,a,x,x\n1,b,y,x\n2,a,x,\n")
    labels = read(path)
    assert labels.annotators.to_pylist()[-1]["kind"] == "gold"
    assert labels.annotations["is_gold"].to_pylist() == [None, None, None, True]
    assert len(labels.votes()) == 3
    with pytest.raises(RefusedInput, match="row 2 has another gold label"):
        read(write("item,annotator,label,gold\n1,a,x,x\n1,b,y,z\n"))


@pytest.mark.parametrize(
    ("time", "naive"),
    [
        ("2026-01-05T11:00:00+01:00", False), ("2026-01-05 10:00:00", True), ("2026-01-05T10:00:00Z", False),
        ("1767607200", False), ("2026-01-05T10:00:00.000000Z", False),
    ],
)  # fmt: skip
def test_times_become_utc(write, time, naive):
    labels = read(write(f"item,annotator,label,created_at\n1,a,x,{time}\n1,b,x,\n"))
    assert labels.annotations["created_at"].to_pylist()[0].isoformat() == "2026-01-05T10:00:00+00:00"
    assert any("no zone" in note for note in labels.notes) == naive


def test_text_of_any_kind_passes_through(write):
    hostile = ["<script>alert(1)</script>", "=1+1", "\x1b[31mred", "‮abc", "😊", "' OR 1=1"]
    lines = "".join(f"{number},{name},{name}\n" for number, name in enumerate(hostile))
    labels = read(write("item,annotator,label\n" + lines))
    assert labels.labels["value"].to_pylist() == hostile


def test_fully_blank_rows_of_spreadsheets_are_left_out(write):
    labels = read(write("item,annotator,label\n1,a,x\n,,\n,,\n"))
    assert labels.labels.num_rows == 1
    assert "2 rows without any value were left out." in labels.notes


def test_a_labelset_folder_reads_back(write, tmp_path):
    labels = read(write(PLAIN))
    labels.to_parquet(tmp_path / "set")
    again = read(tmp_path / "set")
    assert again.labels.equals(labels.labels)
    assert again.notes == labels.notes
    assert again.source == "labels.csv"


@pytest.mark.parametrize("cell", ['"a\nb"', '"a ""quoted""\r\nb"', '5" pipe', '"x, y"', '"plain"'])
def test_quotes_far_down_a_long_file(write, cell):
    lines = [f"{number},ann,x" for number in range(300_000)]
    lines[250_000] = f"250000,ann,{cell}"
    labels = read(write("item,annotator,label\n" + "\n".join(lines) + "\n"))
    (expected,) = next(csv.reader(io.StringIO(cell, newline="")))[:1] if not cell.startswith("5") else [cell]
    assert labels.labels["value"][250_000].as_py() == expected
    assert labels.labels.num_rows == 300_000


def test_a_row_longer_than_a_block(write):
    text = "y" * 900_000
    head = "item,annotator,label,a,b,c,d\n"
    labels = read(write(head + f"1,ann,x,{text},{text},{text},{text}\n2,ann,x,,,,\n"))
    assert labels.labels.num_rows == 2


def test_written_csv_reads_back_and_no_cell_acts_as_a_formula(tmp_path):
    frame = pd.DataFrame(
        {
            "item": ["a", "a", "=b", "c"],
            "annotator": ["x", "y", "x", "y"],
            "label": ["-1", "@SUM(A1)", "+2.5", ""],
            "text": ["=cmd", "=cmd", "ok", " =1\nnext"],
            "seconds": [1.5, 2.0, 3.0, 4.0],
            "created_at": ["2026-01-05T10:00:00.125Z"] * 4,
            "gold": ["-1", "-1", "", ""],
        }
    )
    labels = read(frame)
    notes = write_labels(labels, tmp_path / "out.csv", format="csv")
    assert "5 cells got an apostrophe in front, so that no spreadsheet takes them for formulas." in notes
    cells = [cell for row in csv.reader(io.StringIO((tmp_path / "out.csv").read_text())) for cell in row]
    assert not [one for one in cells if one.lstrip()[:1] in tuple("=+-@") and one.strip() not in ("-1", "+2.5", "")]
    back = read(tmp_path / "out.csv")
    assert back.labels["value"].to_pylist() == ["-1", "'@SUM(A1)", "+2.5", "-1"]
    assert back.annotations.num_rows == labels.annotations.num_rows
    for column in ("created_at", "lead_time_s"):
        assert back.annotations[column].to_pylist() == labels.annotations[column].to_pylist()


def test_csv_says_what_a_row_cannot_hold(tmp_path):
    source = {"images": [{"id": 1, "file_name": "a.jpg"}], "categories": [{"id": 7, "name": "cat"}]}
    source["annotations"] = [{"id": 5, "image_id": 1, "category_id": 7, "bbox": [1, 2, 3, 4], "iscrowd": 0}]
    (tmp_path / "in.json").write_text(json.dumps(source))
    notes = write_labels(read(tmp_path / "in.json"), tmp_path / "out.csv", format="csv")
    assert notes[0] == "1 of 1 label rows were not written: a row holds one choice, rating or number."


def test_labels_that_differ_in_spaces_are_kept_apart_and_named():
    frame = pd.DataFrame({"item": ["a", "b", "c"], "annotator": "x", "label": ["yes", "yes ", "no"]})
    labels = read(frame)
    assert set(labels.labels["value"].to_pylist()) == {"yes", "yes ", "no"}
    assert [note for note in labels.notes if note.startswith("Spaces around labels") and "'yes '" in note]
    assert not [note for note in read(frame.replace("yes ", "yes")).notes if "Spaces" in note]


def test_a_refusal_names_the_headers_that_are_known():
    with pytest.raises(RefusedInput, match="no column is recognised as label") as refused:
        read(pd.DataFrame({"item": ["a"], "said": ["x"]}))
    assert "Names that are known as label: label, labels, answer" in refused.value.hint

"""annoaudit convert, list formats, and an audit of labels that are not analysed yet."""

import json

import pytest

from annoaudit.cli import main
from annoaudit.formats import list_formats, list_writable, read

COCO = {
    "images": [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}],
    "annotations": [{"id": 5, "image_id": 1, "category_id": 7, "bbox": [1, 2, 3, 4], "iscrowd": 0}],
    "categories": [{"id": 7, "name": "cat"}],
}


@pytest.fixture
def coco(tmp_path):
    path = tmp_path / "in.json"
    path.write_text(json.dumps(COCO))
    return path


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        main([str(one) for one in arguments])
    return stop.value.code, capsys.readouterr()


def test_convert_writes_and_says_what_is_lost(coco, tmp_path, capsys):
    code, said = run(capsys, "convert", coco, tmp_path / "out", "--to", "yolo")
    assert code == 0
    assert "Ids and times are not carried" in said.out
    assert read(tmp_path / "out").labels["value"].to_pylist() == ["cat"]


def test_convert_to_parquet_reads_back_the_same(coco, tmp_path, capsys):
    assert run(capsys, "convert", coco, tmp_path / "out", "--to", "parquet")[0] == 0
    assert read(tmp_path / "out").labels.equals(read(coco).labels)


@pytest.mark.parametrize(("to", "said"), [("cvat", "cvat is read, not written"), ("nothing", "no format 'nothing'")])
def test_what_cannot_be_written_is_refused(coco, tmp_path, capsys, to, said):
    code, told = run(capsys, "convert", coco, tmp_path / "out", "--to", to)
    assert (code, said in told.err) == (2, True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("to", ["coco", "parquet"])
def test_nothing_is_overwritten(coco, tmp_path, capsys, to):
    code, told = run(capsys, "convert", coco, coco, "--to", to)
    assert (code, "exists already" in told.err) == (2, True)
    assert json.loads(coco.read_text()) == COCO


def test_list_formats_says_what_each_carries(capsys):
    code, said = run(capsys, "list", "formats")
    lines = {line.split()[0]: line for line in said.out.splitlines() if not line.startswith(" ")}
    assert code == 0
    assert set(list_formats()) == set(lines)
    assert {name for name in lines if lines[name].endswith("read and written")} == set(list_writable())
    assert "annotators: one file each, or a field; times: no; empty or not seen: no;" in said.out


@pytest.mark.parametrize("what", ["formats", "detectors"])
def test_lists_fit_into_80_columns(capsys, monkeypatch, what):
    monkeypatch.setenv("COLUMNS", "80")
    code, said = run(capsys, "list", what)
    assert code == 0
    assert max(map(len, said.out.splitlines())) <= 80


def test_boxes_are_audited_from_the_command_line(coco, tmp_path, capsys):
    code, said = run(capsys, "audit", coco, "--out", tmp_path / "out")
    assert code == 0
    assert "1 item, 1 label, 1 annotator" in said.out
    assert '<figure class="scene">' not in (tmp_path / "out" / "report.html").read_text()


def test_an_overlap_that_nothing_could_fail_is_refused(coco, tmp_path, capsys):
    code, said = run(capsys, "audit", coco, "--overlap", "0", "--out", tmp_path / "out")
    assert (code, "The overlap is 0." in said.err) == (2, True)


def test_an_audit_of_what_is_not_audited_says_what_was_read(tmp_path, capsys):
    path = tmp_path / "export.json"
    link = {"type": "relation", "from_id": "a", "to_id": "b", "direction": "right"}
    path.write_text(json.dumps([{"id": 1, "data": {"text": "x"}, "annotations": [{"id": 2, "result": [link]}]}]))
    code, said = run(capsys, "audit", path, "--question", "relation", "--out", tmp_path / "out")
    assert code == 2
    assert "There is no question 'relation' that can be audited" in said.err


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("doccano", "Question 'label' reads back as multichoice, not choice."),
        ("coco", "Questions that do not read back: label (choice); there are category (multichoice) instead."),
        ("conll", "3 labels were not written"),
        ("label_studio", ""),
        ("csv", ""),
    ],
)
def test_convert_says_which_kinds_and_columns_do_not_come_back(tmp_path, capsys, to, said):
    source = tmp_path / "labels.csv"
    source.write_text("item,text,annotator,label,seconds\n1,a b,ann,yes,2.5\n1,a b,bob,no,3\n1,a b,bob,yes,4\n")
    code, told = run(capsys, "convert", source, tmp_path / "out", "--to", to)
    assert code == 0
    assert said in told.out
    lost = "Columns that do not read back" in told.out and "annotations.lead_time_s" in told.out
    assert lost == (to not in ("label_studio", "csv"))


def test_convert_names_all_it_writes(coco, tmp_path, capsys):
    code, told = run(capsys, "convert", coco, tmp_path / "out", "--to", "xlsx")
    assert code == 2
    assert "no format 'xlsx'" in told.err
    assert all(name in told.err for name in (*list_writable(), "csv", "parquet"))
    shown = run(capsys, "convert", "--help")[1].out
    assert all(name in shown for name in (*list_writable(), "csv", "parquet") if name != "long_table")


def test_encoding_is_an_option_of_convert_and_audit(tmp_path, capsys):
    source = tmp_path / "labels.csv"
    source.write_bytes("item,annotator,label\n1,ann,Größe\n2,ann,klein\n".encode("cp1252"))
    code, told = run(capsys, "convert", source, tmp_path / "out.csv", "--to", "csv")
    assert (code, "--encoding cp1252" in told.err) == (2, True)
    code, told = run(capsys, "convert", source, tmp_path / "out.csv", "--to", "csv", "--encoding", "cp1252")
    assert code == 0
    assert read(tmp_path / "out.csv").labels["value"].to_pylist() == ["Größe", "klein"]

"""Folders and archives: the file that is meant is found, and what is not clear is refused by name."""

import io
import json
import tarfile
import zipfile

import pytest

from annoaudit.errors import RefusedInput
from annoaudit.formats import read
from annoaudit.testing.samples import SAMPLES

TABLE = b"item,annotator,label\n1,a,x\n1,b,y\n"


def test_the_one_table_of_an_archive_is_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("readme.md", "# Labels\n")
        archive.writestr("export/labels.csv", TABLE)
        archive.writestr("__MACOSX/._labels.csv", b"\0\1")
    assert read(tmp_path / "a.zip").votes().counts.tolist() == [[1, 1]]


def test_several_tables_are_refused_by_name(tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_bytes(TABLE)
    with pytest.raises(RefusedInput, match=r"several files of labels: a\.csv \(long_table\), b\.csv \(long_table\)"):
        read(tmp_path)


def test_a_tar_archive_is_read_like_a_zip(tmp_path):
    _, data = SAMPLES["coco"]
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        info = tarfile.TarInfo("annotations/instances.json")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    assert read(tmp_path / "a.tar.gz").labels["value"].to_pylist() == ["cat"]


def test_a_folder_of_a_labelset_is_still_a_labelset(tmp_path):
    (tmp_path / "t.csv").write_bytes(TABLE)
    labels = read(tmp_path / "t.csv")
    labels.to_parquet(tmp_path / "set")
    assert read(tmp_path / "set").labels.equals(labels.labels)


def test_a_named_format_finds_its_file_in_an_archive(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.csv", TABLE)
        archive.writestr("tasks.json", SAMPLES["label_studio"][1])
    assert read(tmp_path / "a.zip", format="label_studio").labels["value"].to_pylist() == ["happy"]


def test_a_broken_file_among_others_is_refused_not_passed_over(tmp_path):
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "coco.json").write_bytes(SAMPLES["coco"][1])
    with pytest.raises(RefusedInput, match=r"a\.json ends in the middle of a value"):
        read(tmp_path)


def test_unknown_json_and_xml_are_refused_with_what_they_are(tmp_path):
    (tmp_path / "a.xml").write_text("<html><p>no</p></html>")
    (tmp_path / "a.json").write_text(json.dumps([[1], 2]))
    with pytest.raises(RefusedInput, match="XML of no known format \\(its root is <html>\\)"):
        read(tmp_path / "a.xml")
    with pytest.raises(RefusedInput, match="JSON of no known format"):
        read(tmp_path / "a.json")

"""Hostile files end in labels or in one refusal; a part of the 50,000 that ``make test-long`` reads."""

import io
import json
import tarfile
import time
import zipfile

import pytest
from mutations import make_hostile

from annoaudit.errors import RefusedInput, UsageError
from annoaudit.formats import load_formats, read


def outcome(path, format_=None):
    """What a file ends in: its items, or the hint of its refusal."""
    try:
        return f"read {read(path, format=format_).items.to_pylist()}"
    except (RefusedInput, UsageError) as refusal:
        return refusal.hint


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("block", range(6))
def test_hostile_files_are_read_or_refused(tmp_path, block):
    (tmp_path / "in").mkdir()
    (tmp_path / "outside.txt").write_text("canary")
    for seed in range(block * 100, block * 100 + 100):
        ending, data = make_hostile(seed)
        path = tmp_path / "in" / f"h{seed}{ending}"
        path.write_bytes(data)
        started = time.perf_counter()
        told = outcome(path)
        assert told, f"seed {seed} was refused without a hint"
        assert "canary" not in told, f"seed {seed} read a file outside of the input"
        assert time.perf_counter() - started < 10, f"seed {seed}"
        path.unlink()


def zipped(folder, *members, name="a.zip"):
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members:
            archive.writestr(member, data)
    return folder / name


@pytest.mark.parametrize("name", ["../evil.json", "/evil.json", "a/../../evil.json", "C:\\evil.json"])
def test_zip_slips_are_refused_by_name(tmp_path, name):
    with pytest.raises(RefusedInput, match="lies outside the archive"):
        read(zipped(tmp_path, (name, "{}")))


def test_tar_slips_are_refused_and_links_are_not_followed(tmp_path):
    for name, link in (("../evil.json", ""), ("a.json", "/etc/hostname")):
        with tarfile.open(tmp_path / "a.tar", "w") as archive:
            info = tarfile.TarInfo(name)
            if link:
                info.type, info.linkname = tarfile.SYMTYPE, link
            archive.addfile(info, io.BytesIO(b""))
        with pytest.raises(RefusedInput, match=r"lies outside the archive|no labels of a known format"):
            read(tmp_path / "a.tar")


def test_links_in_folders_are_not_followed(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.json").write_text(json.dumps({"images": [], "annotations": []}))
    (tmp_path / "in" / "a.json").symlink_to(tmp_path / "secret.json")
    with pytest.raises(RefusedInput, match="no labels of a known format: no files"):
        read(tmp_path / "in")


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = zipped(tmp_path, ("a.json", b"0" * 200_000_000))
    assert path.stat().st_size < 1_000_000
    with pytest.raises(RefusedInput, match="unpacks to more than"):
        read(path)


def test_a_tar_bomb_is_refused_before_it_is_unpacked(tmp_path):
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        info = tarfile.TarInfo("a.json")
        info.size = 200_000_000
        archive.addfile(info, io.BytesIO(b"0" * info.size))
    with pytest.raises(RefusedInput, match="unpacks to more than"):
        read(tmp_path / "a.tar.gz")


def test_names_that_come_twice_and_passwords_are_refused(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = zipped(tmp_path, ("a.json", "{}"), ("a.json", "[]"))
    with pytest.raises(RefusedInput, match=r"holds 'a\.json' twice"):
        read(path)
    data = bytearray(zipped(tmp_path, ("b.json", "{}"), name="b.zip").read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "b.zip").write_bytes(data)
    with pytest.raises(RefusedInput, match="is encrypted"):
        read(tmp_path / "b.zip")


XML_BOMB = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY l "lol">'
    + "".join(f'<!ENTITY l{k} "{f"&l{k - 1 if k else str()};" * 10}">' for k in range(1, 10))
    + "]><annotations><meta>&l9;</meta></annotations>"
)
XXE = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><annotation><filename>&x;</filename></annotation>'
HOSTILE = {
    "xml bomb": (".xml", XML_BOMB),
    "xml entity": (".xml", XXE),
    "deep xml": (".xml", "<annotations>" + "<a>" * 100_000),
    "deep json": (".json", '{"images": ' + "[" * 100_000),
    "deep but closed json": (".json", '{"annotations": [], "images": ' + "[" * 50_000 + "]" * 50_000 + "}"),
    "huge number": (".json", '{"images": [{"id": ' + "9" * 10_000 + '}], "annotations": []}'),
    "huge real": (".json", '{"images": [], "annotations": [{"id": 1, "image_id": 1, "bbox": [1e999, 1, 1, 1]}]}'),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_bombs_get_one_clear_error(tmp_path, what):
    ending, text = HOSTILE[what]
    (tmp_path / f"a{ending}").write_text(text)
    started = time.perf_counter()
    with pytest.raises(RefusedInput) as refusal:
        read(tmp_path / f"a{ending}")
    assert refusal.value.hint
    assert len(str(refusal.value)) < 600
    assert time.perf_counter() - started < 10


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("format_", load_formats(), ids=lambda one: one.name)
def test_every_format_refuses_what_it_is_forced_to_read(tmp_path, format_):
    """Whatever format is named, a file of another kind is refused, or read as what it can be taken for."""
    for seed in range(40):
        ending, data = make_hostile(10_000 + seed)
        path = tmp_path / f"f{seed}{ending}"
        path.write_bytes(data)
        assert outcome(path, format_), f"seed {seed} was refused without a hint"

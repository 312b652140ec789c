"""Labels at URLs: memory://, a real web server, a local S3 server, file://; bounded, and no secret is repeated."""

import io
import logging
import threading
import traceback
import zipfile
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import fsspec
import numpy as np
import pytest

from annoaudit.errors import AnnoauditError, MissingExtra, RefusedInput, UsageError
from annoaudit.formats import join_features, join_gold, join_probabilities, read, remote
from s3_server import SECRET, s3_server

TABLE = b"item,annotator,label\n1,ann,yes\n1,bob,no\n2,ann,yes\n"
COUNTS = (2, 3)


@pytest.fixture
def memory():
    filesystem = fsspec.filesystem("memory")
    filesystem.store.clear()
    yield filesystem
    filesystem.store.clear()


@contextmanager
def web_server(folder):
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            if "refused" in self.path:
                self.send_error(403)
            else:
                super().do_GET()

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def counts(labels):
    return labels.items.num_rows, labels.labels.num_rows


def zipped(**members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/") + ".csv", data)
    return out.getvalue()


def test_a_file_an_archive_and_a_folder_in_memory_are_read_as_on_disk(memory, tmp_path):
    memory.pipe("/a/labels.csv", TABLE)
    memory.pipe("/a/labels.zip", zipped(labels=TABLE))
    memory.pipe("/b/in/labels.csv", TABLE)
    memory.pipe("/b/picture.png", b"\0" * 100)
    for url in ("memory://a/labels.csv", "memory://a/labels.zip", "memory://b"):
        labels = read(url)
        assert counts(labels) == COUNTS
        assert not [note for note in labels.notes if "annoaudit-" in note]
    assert read("memory://a/labels.csv").source == "labels.csv"
    (tmp_path / "labels.csv").write_bytes(TABLE)
    assert counts(read((tmp_path / "labels.csv").as_uri())) == COUNTS


def test_refusals_name_the_url_and_nothing_is_left_behind(memory, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    memory.pipe("/a/labels.csv", b"item,annotator\n1,ann\n")
    memory.pipe("/a/labels.zip", b"PK\x03\x04 damaged")
    with pytest.raises(RefusedInput, match=r"^memory://a/labels\.csv: no column is recognised as label"):
        read("memory://a/labels.csv")
    with pytest.raises(RefusedInput, match=r"^memory://a/labels\.zip cannot be unpacked"):
        read("memory://a/labels.zip")
    with pytest.raises(RefusedInput, match=r"There is no file memory://a/nothing\.csv"):
        read("memory://a/nothing.csv")
    assert list(tmp_path.iterdir()) == []


def test_bytes_and_files_are_bounded(memory, monkeypatch):
    memory.pipe("/a/labels.csv", TABLE)
    memory.pipe("/b/1.csv", TABLE)
    memory.pipe("/b/2.csv", TABLE)
    monkeypatch.setattr(remote, "MAX_FETCHED_BYTES", len(TABLE))
    assert counts(read("memory://a/labels.csv")) == COUNTS
    with pytest.raises(RefusedInput, match=f"memory://b has more than {len(TABLE)} bytes"):
        read("memory://b")
    monkeypatch.setattr(remote, "MAX_MEMBERS", 1)
    with pytest.raises(RefusedInput, match="memory://b holds more than 1 files"):
        read("memory://b")


def test_names_that_lead_outside_are_refused(memory):
    class Hostile(type(memory)):
        protocol = "hostile"

        def isdir(self, path):
            return True

        def find(self, path, **_):
            return ["c/../../outside.csv"]

    fsspec.register_implementation("hostile", Hostile, clobber=True)
    with pytest.raises(RefusedInput, match="lies outside"):
        read("hostile://c")


def test_a_web_server_is_read_and_its_answers_are_told_apart(tmp_path):
    (tmp_path / "labels.csv").write_bytes(TABLE)
    with web_server(tmp_path) as host:
        assert counts(read(f"http://{host}/labels.csv?signature=hunter2")) == COUNTS
        with pytest.raises(RefusedInput, match="There is no file http://"):
            read(f"http://{host}/nothing.csv")
        with pytest.raises(AnnoauditError, match="may not be used"):
            read(f"http://{host}/refused.csv")
        (tmp_path / "projects").write_text("<!DOCTYPE html><title>Log in</title>")
        with pytest.raises(RefusedInput, match="is a web page") as refused:
            read(f"http://{host}/projects")
        assert "by its address" in refused.value.hint


def test_s3_is_read_by_file_and_by_folder(monkeypatch):
    with s3_server(monkeypatch) as bucket:
        filesystem = fsspec.filesystem("s3")
        filesystem.pipe(f"{bucket}/night/labels.csv", TABLE)
        assert counts(read(f"{bucket}/night/labels.csv")) == COUNTS
        assert counts(read(f"{bucket}/night")) == COUNTS
        with pytest.raises(RefusedInput, match="There is no file s3://labels/nothing"):
            read(f"{bucket}/nothing.csv")


def test_no_secret_of_an_address_is_repeated_anywhere(tmp_path, caplog, monkeypatch):
    caplog.set_level(logging.INFO)
    told = []
    with web_server(tmp_path) as host:
        urls = [
            f"http://me:hunter2@{host}/nothing.csv?signature=hunter3",
            f"http://{host}/refused.csv?signature=hunter3",
            "http://me:hunter2@127.0.0.1:1/labels.csv?signature=hunter3",
            "nonsense://me:hunter2@host/labels.csv",
            "simplecache::http://me:hunter2@host/labels.csv",
        ]
        for url in urls:
            with pytest.raises(AnnoauditError) as refused:
                read(url)
            told.append("".join(traceback.format_exception(refused.value)))
    with s3_server(monkeypatch) as bucket:
        with pytest.raises(AnnoauditError) as refused:
            read(f"{bucket}/nothing.csv")
        told.append("".join(traceback.format_exception(refused.value)))
    everything = "\n".join([*told, caplog.text])
    assert "hunter" not in everything
    assert SECRET not in everything


def test_what_is_missing_is_named_with_its_extra(monkeypatch):
    with pytest.raises(UsageError, match="no URL that can be read"):
        read("nonsense://host/labels.csv")
    with monkeypatch.context() as patch:
        patch.setitem(__import__("sys").modules, "gcsfs", None)
        with pytest.raises(MissingExtra, match=r"gs://bucket/labels\.csv needs a package") as refused:
            read("gs://bucket/labels.csv")
        assert "annoaudit[remote]" in refused.value.hint
    with monkeypatch.context() as patch:
        patch.setitem(__import__("sys").modules, "fsspec.core", None)
        with pytest.raises(MissingExtra, match="needs the package fsspec"):
            read("s3://bucket/labels.csv")


def test_gold_probabilities_and_features_are_joined_from_urls(memory, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    memory.pipe("/a/gold.csv", b"item,label\n1,yes\n")
    memory.pipe("/a/p.csv", b"item,no,yes\n1,.25,.75\n2,.5,.5\n")
    numbers = io.BytesIO()
    np.save(numbers, np.arange(4.0).reshape(2, 2))
    memory.pipe("/a/x.npy", numbers.getvalue())
    assert join_gold("memory://a/gold.csv", ["1", "2"], ["no", "yes"]).tolist() == [1, -1]
    assert join_probabilities("memory://a/p.csv", ["2", "1"], ["yes", "no"]).tolist() == [[0.5, 0.5], [0.75, 0.25]]
    assert join_features("memory://a/x.npy", ["1", "2"]).tolist() == [[0.0, 1.0], [2.0, 3.0]]
    assert list(tmp_path.iterdir()) == []


def test_a_refused_companion_names_its_url_without_secrets(memory, tmp_path):
    memory.pipe("/a/gold.csv", b"item,label\n1,maybe\n")
    memory.pipe("/a/p.csv", b"item,no,yes\n1,.25,.5\n")
    with pytest.raises(RefusedInput, match=r"^memory://a/gold\.csv: the gold label 'maybe' of item '1' is none"):
        join_gold("memory://a/gold.csv", ["1"], ["no", "yes"])
    with pytest.raises(RefusedInput, match=r"^memory://a/p\.csv: .* sums to 0\.75, not 1"):
        join_probabilities("memory://a/p.csv", ["1"], ["no", "yes"])
    with web_server(tmp_path) as host, pytest.raises(AnnoauditError) as refused:
        join_gold(f"http://ann:{SECRET}@{host}/refused.csv?sig={SECRET}", ["1"], ["yes"])
    assert SECRET not in f"{refused.value} {refused.value.hint}"
    assert host in str(refused.value)

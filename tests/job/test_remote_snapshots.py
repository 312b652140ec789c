"""Snapshots in a bucket of a local S3 server, and in memory: the same nights, verified, tampered with, forgotten."""

import time
from datetime import UTC, datetime, timedelta

import fsspec
import pytest
from jobs import annoaudit, flip, make_labels, write_job

from annoaudit.errors import AnnoauditError, RefusedInput
from annoaudit.job.looking import opened_past
from annoaudit.job.reading import read_job
from annoaudit.job.running import run_job
from annoaudit.ledger.shelves import Folder, Remote
from annoaudit.ledger.snapshots import Snapshots
from s3_server import s3_server

ONLY = "    detectors: [consensus_disagreement]\n"


@pytest.fixture(params=["s3", "memory"])
def url(request, monkeypatch):
    if request.param == "memory":
        clear_memory()
        yield "memory://snapshots/all"
        clear_memory()
    else:
        with s3_server(monkeypatch) as bucket:
            yield f"{bucket}/all"


def clear_memory():
    files = fsspec.filesystem("memory")
    files.store.clear()
    files.pseudo_dirs[:] = [""]


def night(home, labels, url):
    path = write_job(home, more=f"ledger: {{snapshots: '{url}'}}\n", labels=labels, project=ONLY)
    result = run_job(read_job(path), (), lambda _: None)
    assert not result.errors, result.errors
    return read_job(path)


def test_nights_are_sealed_verified_compared_and_forgotten_there(tmp_path, url):
    labels = make_labels()
    for frame in (labels, flip(labels, [3, 4]), labels):
        job = night(tmp_path, frame, url)
    assert not (tmp_path / "nightly" / "bikes" / "snapshots").exists()
    with opened_past(job, "bikes") as past:
        assert len(past.seals.snapshots.shelf.names()) == 2, "nights with equal labels share one"
        assert past.verify().intact
        assert (past.diff("previous", "last")["what"] == "changed").sum() == 2
        assert past.forget("ann3") == 2
        assert past.verify().intact
        found = past.seals.snapshots.load(past.seals.heads()[-1].statement.snapshot)
        assert "ann3" not in found.annotators["annotator_id"].to_pylist()


def test_what_is_altered_there_is_named(tmp_path, url):
    job = night(tmp_path, make_labels(), url)
    with opened_past(job, "bikes") as past:
        name = past.seals.heads()[0].statement.snapshot
        shelf = past.seals.snapshots.shelf
        files, root = fsspec.core.url_to_fs(shelf.url)
        place = f"{root}/{name}/labels.parquet"
        whole = files.cat_file(place)
        files.pipe_file(place, whole[:-20])
        assert [one.number for one in past.verify().problems] == [1]
        files.pipe_file(place, whole)
        assert past.verify().intact
        shelf.remove(name)
        assert "is missing" in past.verify().problems[0].sentence


def test_a_copy_that_was_cut_off_is_made_again(tmp_path, url):
    job = night(tmp_path, make_labels(), url)
    with opened_past(job, "bikes") as past:
        shelf = past.seals.snapshots.shelf
        name = shelf.names()[0]
        files, root = fsspec.core.url_to_fs(shelf.url)
        files.rm(f"{root}/{name}/labelset.json")
        files.pipe_file(f"{root}/{name}/items.parquet", b"half")
        assert not shelf.has(name)
        labels = make_labels()
    night(tmp_path, labels, url)
    with opened_past(job, "bikes") as past:
        assert past.verify().intact


def test_both_shelves_do_the_same(tmp_path, url):
    labels = make_labels().rename(columns={"item_id": "item"})
    from annoaudit.formats import read

    kept = read(labels)
    started = datetime.now(UTC) - timedelta(seconds=5)
    for shelf in (Folder(tmp_path / "here"), Remote(url)):
        assert (shelf.names(), shelf.has("nothing")) == ([], False)
        shelf.remove("nothing")
        snapshots = Snapshots(shelf)
        first = snapshots.keep(kept)
        assert snapshots.keep(kept) == first
        assert shelf.names() == [first.name]
        assert shelf.hash_files(first.name) == first.files
        assert started < shelf.changed_at(first.name) < datetime.now(UTC) + timedelta(seconds=5)
        assert snapshots.load(first.name).labels.equals(kept.labels)
        with pytest.raises((RefusedInput, AnnoauditError)):
            snapshots.load("nothing")
        shelf.remove(first.name)
        assert not shelf.has(first.name)


def test_a_bucket_that_cannot_be_reached_is_said_by_check_and_run_without_secrets(tmp_path, monkeypatch):
    for name, value in {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "hunter2",
        "AWS_MAX_ATTEMPTS": "1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    write_job(tmp_path, more="ledger: {snapshots: 's3://labels/all'}\n", project=ONLY)
    before = time.perf_counter()
    checked = annoaudit("check", cwd=tmp_path)
    assert checked.returncode == 2
    assert "FAILED  bikes: snapshots: s3://labels/all/bikes can't be reached" in checked.stdout
    ran = annoaudit("run", cwd=tmp_path)
    assert ran.returncode == 3
    assert "hunter2" not in checked.stdout + checked.stderr + ran.stdout + ran.stderr
    assert time.perf_counter() - before < 120
    write_job(tmp_path, more="ledger: {snapshots: 's3://key:hunter2@labels/all'}\n", project=ONLY)
    refused = annoaudit("check", cwd=tmp_path)
    assert (refused.returncode, "holds a user or a password" in refused.stderr) == (2, True)

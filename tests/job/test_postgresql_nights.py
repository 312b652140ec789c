"""Nights whose memory is a real PostgreSQL server: the same findings, heads and trends as with a file."""

import sqlite3

import pytest
from jobs import annoaudit, flip, make_labels, write_job

from annoaudit.job.looking import opened_past
from annoaudit.job.reading import read_job
from annoaudit.job.running import run_job
from postgres_server import PASSWORD

ONLY = "    detectors: [consensus_disagreement]\n"


def nights(home, labels, more):
    """Three nights: as they are, with some labels changed, and changed back."""
    home.mkdir()
    told = []
    for frame in (labels, flip(labels, [3, 4, 5]), labels):
        path = write_job(home, more=more, labels=frame, project=ONLY)
        result = run_job(read_job(path), (), lambda _: None)
        assert not result.errors, result.errors
        told.append((result.exit_code, result.nights[0].night.counts))
    with opened_past(read_job(path), "bikes") as past:
        assert past.verify().intact
        changes = past.diff("previous", "last")[["what", "was", "now", "status"]]
        trend = past.trend()[["night", "n_labels", "n_flagged", "n_new", "n_gone", "agreement"]]
        stored = past.seals.nights.store.findings()[["fingerprint", "suspicion", "rank"]]
    return told, changes, trend, stored


def test_nights_in_a_database_are_those_in_a_file(postgres, tmp_path, monkeypatch):
    monkeypatch.setenv("ANNOAUDIT_STORE_PASSWORD", PASSWORD)
    labels = make_labels()
    told, *frames = nights(tmp_path / "file", labels, "")
    in_server, *others = nights(tmp_path / "server", labels, f"store: {postgres}\n")
    assert told == in_server
    assert [one.equals(other) for one, other in zip(frames, others, strict=True)] == [True] * 3
    assert sqlite3.connect(tmp_path / "file" / "nightly" / "bikes" / "annoaudit.db").close() is None
    folder = tmp_path / "server" / "nightly" / "bikes"
    assert not (folder / "annoaudit.db").exists()
    kept = [file.read_bytes() for file in (tmp_path / "server").rglob("*") if file.is_file()]
    assert not [one for one in kept if PASSWORD.encode() in one]


def test_check_asks_the_server_and_a_password_in_the_file_is_refused(postgres, tmp_path):
    write_job(tmp_path, more=f"store: {postgres}\n")
    done = annoaudit("check", cwd=tmp_path, ANNOAUDIT_STORE_PASSWORD=PASSWORD)
    assert (done.returncode, "ok      store: postgresql" in done.stdout) == (0, True)
    done = annoaudit("check", cwd=tmp_path, ANNOAUDIT_STORE_PASSWORD="hunter2")
    assert (done.returncode, "FAILED  store:" in done.stdout) == (2, True)
    assert "hunter2" not in done.stdout + done.stderr
    write_job(tmp_path, more="store: postgresql://audit:hunter2@host/x\n")
    done = annoaudit("check", cwd=tmp_path)
    assert (done.returncode, "leave out password" in done.stderr, "hunter2" in done.stderr) == (2, True, False)


@pytest.mark.parametrize("store", ["mysql://host/x", "nothing", "postgresql://host/x?sslmode=off"])
def test_anything_else_is_no_store(tmp_path, store):
    write_job(tmp_path, more=f"store: {store}\n")
    assert annoaudit("check", cwd=tmp_path).returncode == 2

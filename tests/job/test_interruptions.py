"""A run that is killed, meets a full disk, a locked store or a dead server loses nothing and doubles nothing."""

import os
import sqlite3
import subprocess
from pathlib import Path

import pytest
from jobs import annoaudit, flip, make_labels, write_job
from killing import kill_runs

from annoaudit.job.reading import read_job
from annoaudit.job.running import run_job

N_KILLS = 5
"""Kills here; make test-long kills 200 times."""


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX systems")
def test_runs_that_are_killed_lose_nothing_and_double_nothing(tmp_path):
    tally = kill_runs(tmp_path, N_KILLS, 5)
    assert tally.n_killed == N_KILLS


STAGES = ("after the snapshot", "before the transaction", "after the transaction", "after the outputs")


@pytest.mark.parametrize("stage", STAGES)
def test_a_night_cut_off_at_each_stage_is_made_good_by_the_next(tmp_path, monkeypatch, stage):
    """Cut off by an error that nothing catches, at the places that a random kill seldom hits."""
    from annoaudit.job import nightly, sealed
    from annoaudit.store.nights import Nights

    labels = make_labels()
    path = write_job(tmp_path, more="gate: {new_findings: {L0: 0}}\nledger: {heads: elsewhere}\n", labels=labels)
    assert run_job(read_job(path), (), lambda _: None).exit_code == 0
    labels = flip(labels, [3, 30, 60, 90])
    write_job(tmp_path, more="gate: {new_findings: {L0: 0}}\nledger: {heads: elsewhere}\n", labels=labels)

    class Cut(BaseException):
        pass

    def cut(*_, **__):
        raise Cut

    place = {
        STAGES[0]: (nightly, "check_integrity"),
        STAGES[1]: (Nights, "add"),
        STAGES[2]: (nightly, "write_outputs"),
        STAGES[3]: (Nights, "finish"),
    }[stage]
    with monkeypatch.context() as patched:
        patched.setattr(*place, cut)
        with pytest.raises(Cut):
            run_job(read_job(path), (), lambda _: None)
    result = run_job(read_job(path), (), lambda _: None)
    (night,) = result.nights
    assert night.night.counts.new > 0, "what the night that was cut off found is still new"
    assert result.exit_code == 1, "and still fails the gate"
    lines = (tmp_path / "elsewhere" / f"bikes{sealed.HEADS_SUFFIX}").read_text().splitlines()
    assert len(lines) == (3 if stage in STAGES[2:] else 2)
    assert run_job(read_job(path), (), lambda _: None).nights[0].night.counts.new == 0


def test_a_locked_store_is_told_and_the_next_run_completes(tmp_path, monkeypatch):
    from annoaudit.store import engines

    path = write_job(tmp_path)
    run_job(read_job(path), (), lambda _: None)
    monkeypatch.setattr(engines, "BUSY_TIMEOUT_S", 0.2)
    other = sqlite3.connect(tmp_path / "nightly" / "bikes" / "annoaudit.db")
    other.execute("begin immediate")
    result = run_job(read_job(path), (), lambda _: None)
    assert result.exit_code == 3
    assert "locked" in result.errors["bikes"].message
    other.rollback()
    other.close()
    result = run_job(read_job(path), (), lambda _: None)
    assert result.exit_code == 0
    assert result.nights[0].night.compared_with == "1 earlier night"


def test_a_server_that_cannot_be_reached_is_code_3_and_changes_nothing(tmp_path):
    pytest.importorskip("label_studio_sdk")
    path = write_job(tmp_path)
    path.write_text(path.read_text().replace("labels.csv", "http://127.0.0.1:9/projects/1"))
    done = annoaudit("run", cwd=tmp_path, LABEL_STUDIO_API_KEY="t0ken")
    assert done.returncode == 3, done.stdout
    assert "Traceback" not in done.stderr
    assert "t0ken" not in done.stdout + done.stderr


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 4 MB, where the system lets us mount one."""
    place = tmp_path / "small"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", place], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"no small file system: {made.stderr.strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_is_told_and_the_next_run_completes(tmp_path, small_disk: Path):
    path = write_job(tmp_path, more=f"output: {small_disk}\n", labels=make_labels(400))
    assert run_job(read_job(path), (), lambda _: None).exit_code == 0
    ballast = small_disk / "ballast"
    for left in (0, 4_096, 60_000, 200_000):
        write_job(tmp_path, more=f"output: {small_disk}\n", labels=make_labels(400, seed=left + 1))
        stat = os.statvfs(small_disk)
        ballast.write_bytes(b"x" * max(0, stat.f_bavail * stat.f_frsize - left))
        result = run_job(read_job(path), (), lambda _: None)
        ballast.unlink()
        assert result.exit_code == 3, (left, result)
        assert "Free some space" in result.errors["bikes"].hint
    raw = sqlite3.connect(small_disk / "bikes" / "annoaudit.db")
    assert raw.execute("pragma integrity_check").fetchall() == [("ok",)]
    raw.close()
    result = run_job(read_job(path), (), lambda _: None)
    assert not result.errors
    assert result.nights[0].night.compared_with.endswith("earlier night")

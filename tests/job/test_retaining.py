"""What is removed after a while and of one person; what is sealed stays verifiable."""

import shutil
from datetime import datetime, timedelta

import pytest
from jobs import annoaudit, flip, make_labels, write_job

from annoaudit.job import nightly
from annoaudit.job.looking import opened_past
from annoaudit.job.reading import read_job
from annoaudit.job.running import run_job

MORE = "retention_days: 10\nledger: {heads: elsewhere}\n"


@pytest.fixture
def run_at(tmp_path, monkeypatch):
    """Run a night so many days from now, on labels of its own."""

    def run(day: int, more: str = MORE):
        class Clock(datetime):
            @classmethod
            def now(cls, tz=None):
                return datetime.now(tz) + timedelta(days=day)

        monkeypatch.setattr(nightly, "datetime", Clock)
        path = write_job(tmp_path, more=more, labels=flip(make_labels(), [day % 100, day % 100 + 40]))
        result = run_job(read_job(path), (), lambda _: None)
        assert not result.errors, result.errors
        return result.nights[0]

    return run


def verify(home):
    with opened_past(read_job(home / "annoaudit.yaml"), "bikes") as past:
        return past.verify()


def test_retention_removes_details_and_keeps_heads_and_counts(tmp_path, run_at):
    nights = [run_at(day) for day in (0, 1, 12, 13)]
    folder = nights[0].folder
    there = {one.name for one in (folder / "snapshots").iterdir()}
    assert there == {nights[2].night.snapshot, nights[3].night.snapshot}
    found = verify(tmp_path)
    assert found.intact, found.problems
    assert (found.n_heads, found.n_snapshots, found.n_removed) == (4, 2, 2)
    with opened_past(read_job(tmp_path / "annoaudit.yaml"), "bikes") as past:
        assert len(past.trend()) == 4
        runs = past.seals.nights.store.runs()
        assert list(runs["n_labels"]) == [night.record.n_labels for night in nights]
        assert [len(past.seals.nights.store.findings(one)) for one in runs["run_id"]][:2] == [0, 0]
        assert past.seals.nights.store.run_json(runs["run_id"].iloc[0]) == "{}"
    done = annoaudit("verify", cwd=tmp_path)
    assert done.returncode == 0
    assert "2 removed by retention" in done.stdout


def test_missing_is_not_taken_for_removed(tmp_path, run_at):
    nights = [run_at(day) for day in (0, 12, 13)]
    shutil.rmtree(nights[0].folder / "snapshots" / nights[1].night.snapshot)
    found = verify(tmp_path)
    assert found.n_removed == 1
    assert [one.kind for one in found.problems] == ["snapshot"]
    assert nights[1].night.snapshot in found.problems[0].sentence


def test_labels_that_come_back_after_their_snapshot_was_removed_are_sealed_again(tmp_path, run_at):
    first = run_at(0)
    run_at(12)
    run_at(13)
    assert not (first.folder / "snapshots" / first.night.snapshot).exists()
    path = write_job(tmp_path, more=MORE, labels=flip(make_labels(), [0, 40]))
    assert run_job(read_job(path), (), lambda _: None).nights[0].night.snapshot == first.night.snapshot
    assert verify(tmp_path).intact
    shutil.rmtree(first.folder / "snapshots" / first.night.snapshot)
    assert [one.kind for one in verify(tmp_path).problems] == ["snapshot"]


def test_without_retention_nothing_is_removed(tmp_path, run_at):
    nights = [run_at(day, more="") for day in (0, 401)]
    assert len(list((nights[0].folder / "snapshots").iterdir())) == 2


def test_what_a_run_that_was_cut_off_has_left_goes_with_its_time(tmp_path, run_at):
    night = run_at(0)
    left = night.folder / "snapshots" / "left by a run that was cut off"
    shutil.copytree(night.folder / "snapshots" / night.night.snapshot, left)
    run_at(5)
    assert left.is_dir()
    run_at(12)
    assert not left.exists()


def test_forgetting_a_person_leaves_every_record_as_it_was_sealed(tmp_path, run_at):
    night = run_at(0)
    snapshots = night.folder / "snapshots"
    asked = annoaudit("forget", "ann3", cwd=tmp_path)
    assert "named in 1 snapshot. Nothing was changed yet; confirm with --yes" in asked.stdout
    assert "No snapshot names ann33" in annoaudit("forget", "ann33", "--yes", cwd=tmp_path).stdout
    assert any(b"ann3" in file.read_bytes() for file in snapshots.rglob("*.parquet"))
    done = annoaudit("forget", "ann3", "--yes", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "by a pseudonym in 1 snapshot." in done.stdout
    for file in night.folder.rglob("*"):
        assert not file.is_file() or b"ann3" not in file.read_bytes(), file
    found = verify(tmp_path)
    assert found.intact, found.problems
    assert any("Names were removed" in one for one in found.notes)
    labels = make_labels()
    path = write_job(tmp_path, more=MORE, labels=labels[labels["annotator"] != "ann3"])
    later = run_job(read_job(path), (), lambda _: None).nights[0]
    assert later.night.n_changes["told"] > 0
    assert verify(tmp_path).intact

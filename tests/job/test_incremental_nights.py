"""A night that pulled only what changed finds exactly what one that pulled everything anew does."""

from pathlib import Path

import pandas as pd
from front_server import Front, annotation, make_tasks, serving

from annoaudit.connectors.label_studio import pulling, reading
from annoaudit.job.reading import read_job
from annoaudit.job.running import run_job
from connectors.fake_server import FakeServer


def run_night(folder: Path, address: str, days: int) -> pd.DataFrame:
    """Findings of a night, without those about changes since earlier nights."""
    folder.mkdir(exist_ok=True)
    path = folder / "annoaudit.yaml"
    path.write_text(f"projects: {{live: {{source: '{address}/projects/3', full_pull_days: {days}}}}}\n")
    result = run_job(read_job(path), (), lambda _: None)
    assert not result.errors, result.errors
    found = result.nights[0].record.findings
    return found[~found["detector"].isin(["ledger", "edits"])].reset_index(drop=True)


def work(server: FakeServer, night: int) -> None:
    """Edits, a deletion and an import, with the times that the server gives them."""
    for place, task in enumerate(server.tasks[night::9]):
        stamp = f"2026-01-0{5 + night}T12:{place:02d}:00.000001Z"
        task["annotations"][0] |= {"result": annotation(1, 2, "ab"[place % 2])["result"], "updated_at": stamp}
        task["updated_at"] = stamp
    gone = server.tasks[night + 3]
    gone["annotations"] = gone["annotations"][1:]
    gone["updated_at"] = f"2026-01-0{5 + night}T13:00:00.000001Z"
    for new in make_tasks(3):
        number = 100 * night + int(str(new["id"]))
        moved = [one | {"id": 10 * number + k} for k, one in enumerate(new["annotations"])]
        server.tasks.append(
            new | {"id": number, "annotations": moved, "updated_at": f"2026-01-0{5 + night}T14:00:00.000001Z"}
        )


def test_nights_that_pull_what_changed_find_what_nights_that_pull_everything_do(tmp_path, monkeypatch):
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "t" * 40)
    monkeypatch.setattr(pulling, "SNAPSHOT_UP_TO", 0)  # the server of a few lines knows pages only
    monkeypatch.setattr(reading, "PAGE_SIZE", 10)
    server = FakeServer(make_tasks(60))
    with serving(Front(server)) as front:
        first = run_night(tmp_path / "changes", front.url, 30)
        assert_same(first, run_night(tmp_path / "everything", front.url, 0))
        work(server, 1)
        front.asked.clear()
        found = run_night(tmp_path / "changes", front.url, 30)
        n_asked = len(front.asked)
        assert_same(found, run_night(tmp_path / "everything", front.url, 0))
        assert n_asked < len(front.asked) - n_asked, "what changed is less than everything"
    assert len(found) > len(first) > 0


def assert_same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    """Another folder has another key, so other pseudonyms; everything else is the same."""
    kept = [name for name in one.columns if name not in ("fingerprint", "evidence_json", "reason", "annotator")]
    pd.testing.assert_frame_equal(one[kept], other[kept], check_exact=True)
    about_labels = one["level"] == "label"
    assert one["fingerprint"][about_labels].tolist() == other["fingerprint"][about_labels].tolist()

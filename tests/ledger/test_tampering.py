"""Tampering planted in snapshots, store and log: every case is found, with the record named."""

import shutil

import pytest
from planting import KINDS, N_NIGHTS, is_named, plant, run_nights, verify

N_EACH = 2
"""Cases of each kind here; benchmarks/tampering.py plants 1,000."""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return run_nights(tmp_path_factory.mktemp("nights"))


@pytest.mark.parametrize("kind", KINDS)
def test_planted_tampering_is_found_and_named(made, tmp_path, kind):
    for seed in range(N_EACH):
        found, wanted = plant(made, tmp_path / "copy", kind, seed)
        assert not found.intact, (kind, seed)
        assert is_named(found, wanted), (kind, seed, wanted, found.problems)


def test_what_nobody_touched_is_intact(made):
    found = verify(made)
    assert found.intact, found.problems
    assert (found.n_heads, found.n_snapshots, found.n_outside) == (N_NIGHTS, N_NIGHTS, N_NIGHTS)


@pytest.mark.parametrize("kind", ["truncate_log", "replay_folder", "forge_night"])
def test_without_heads_elsewhere_a_rewritten_folder_looks_intact_and_says_that_it_would(made, tmp_path, kind):
    from random import Random

    place = tmp_path / "copy"
    shutil.copytree(made, place)
    KINDS[kind](place, Random(1))
    found = verify(place, elsewhere=False)
    assert found.intact
    assert found.n_outside == -1


def test_the_next_night_meets_what_was_altered(made, tmp_path):
    from random import Random

    from annoaudit.job.reading import read_job
    from annoaudit.job.running import run_job

    place = tmp_path / "copy"
    shutil.copytree(made, place)
    (named,) = KINDS["edit_head"](place, Random(1))
    result = run_job(read_job(place / "annoaudit.yaml"), (), lambda _: None)
    (night,) = result.nights
    assert result.exit_code == night.exit_code == 1
    facts = night.record.findings[night.record.findings["detector"] == "ledger"]
    assert set(facts["severity"]) == {"L3"}
    assert any(named.replace("head/", "Head ") in one for one in facts["reason"])
    lines = (place / "elsewhere" / "bikes.heads.jsonl").read_text().splitlines()
    assert len(lines) == N_NIGHTS, "nothing is appended to heads that contradict the log"

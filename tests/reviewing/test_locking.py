"""One writer at a time, over processes; a killed one holds nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from annoaudit.errors import AnnoauditError, DeliveryFailed
from annoaudit.reviewing.locking import LOCK_NAME, alone

HOLDER = """
import sys, time
from pathlib import Path
from annoaudit.reviewing.locking import alone
with alone(Path(sys.argv[1]), "push"):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_the_second_process_is_refused_and_told_who_holds_the_folder(holder, tmp_path):
    with (
        pytest.raises(DeliveryFailed, match=f"push, process {holder.pid}, since ") as refused,
        alone(tmp_path, "apply"),
    ):
        raise AssertionError("never reached")
    assert refused.value.exit_code == 4
    assert "run this again" in refused.value.hint
    other = tmp_path / "other"
    other.mkdir()
    with alone(other, "push"):  # another folder is another lock
        assert (other / LOCK_NAME).exists()


def test_a_killed_process_leaves_no_lock_behind(holder, tmp_path):
    holder.kill()
    holder.wait()
    assert "push" in (tmp_path / LOCK_NAME).read_text()  # what it wrote is still there, and means nothing
    with alone(tmp_path, "push"):
        assert "push" in (tmp_path / LOCK_NAME).read_text()
    assert (tmp_path / LOCK_NAME).read_text() == ""


def fail(folder):
    with alone(folder, "push"):
        with pytest.raises(DeliveryFailed, match="Another run"), alone(folder, "unpush"):
            raise AssertionError("never reached")
        raise ZeroDivisionError


def test_it_holds_within_one_process_and_ends_with_an_error(tmp_path):
    with pytest.raises(ZeroDivisionError):
        fail(tmp_path)
    with alone(tmp_path, "unpush"):
        pass


def test_a_folder_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(AnnoauditError, match="cannot be written"), alone(tmp_path / "absent", "push"):
        raise AssertionError("never reached")

"""The notebook of the review loop: executed against a real server, skipped by name where there is none."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from server import NoServer, install

from conftest import give_up

ROOT = Path(__file__).resolve().parents[2]


def execute(**environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "notebooks" / "execute.py"), "--check", "label_studio.ipynb"]
    kept = {name: value for name, value in os.environ.items() if name != "CI"}
    return subprocess.run(
        command, env={**kept, **environment}, capture_output=True, text=True, check=False, timeout=600
    )


def test_the_notebook_runs_against_a_real_server():
    if importlib.util.find_spec("label_studio_sdk") is None:
        give_up("the extra label-studio is not installed")
    try:
        install()
    except NoServer as error:
        give_up(str(error))
    done = execute()
    assert done.returncode == 0, done.stderr[-3000:]
    assert "label_studio.ipynb: 13 cells ran" in done.stdout


def test_without_a_server_environment_it_is_skipped_by_name(tmp_path):
    done = execute(ANNOAUDIT_LS_VENV=str(tmp_path / "absent"))
    assert done.returncode == 0, done.stderr[-3000:]
    assert "label_studio.ipynb: SKIPPED, no Label Studio environment" in done.stdout

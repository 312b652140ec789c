"""The examples hold: they run the commands there are, and what reads them can read them."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import typer
import yaml
from jobs import annoaudit

from annoaudit.cli.app import app
from annoaudit.job.reading import read_job

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
CALL = re.compile(r"(?:^|[\s/])annoaudit (run[^|>&\n]*)", re.MULTILINE)


@pytest.mark.parametrize("name", ["annoaudit.crontab", "annoaudit.service", "github-action.yml"])
def test_every_call_in_an_example_is_one_that_the_command_line_takes(name):
    calls = CALL.findall((EXAMPLES / name).read_text())
    assert calls
    command = typer.main.get_command(app).commands["run"]
    for call in calls:
        context = command.make_context("run", shlex.split(call)[1:])
        assert context.params["config"] == Path("annoaudit.yaml")


def test_the_example_configuration_runs(tmp_path):
    shutil.copytree(ROOT / "sample_data", tmp_path / "sample_data")
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    done = annoaudit("run", cwd=tmp_path / "examples")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Error rate" in done.stdout


def test_the_configuration_in_the_documentation_is_taken(tmp_path):
    text = (ROOT / "docs" / "job.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "annoaudit.yaml").write_text(block)
    assert set(read_job(tmp_path / "annoaudit.yaml").config.projects) == {"tickets", "support"}


def test_every_key_is_documented():
    from annoaudit.job.config import Config, Gate, Ledger, Notify, Project, Push

    text = (ROOT / "docs" / "job.md").read_text(encoding="utf-8")
    for model in (Config, Gate, Ledger, Notify, Project, Push):
        for key in model.model_fields:
            assert re.search(rf"\b{key}\b", text), f"docs/job.md does not explain {key}"


def test_the_workflow_is_one():
    told = yaml.load((EXAMPLES / "github-action.yml").read_text(), Loader=yaml.BaseLoader)
    assert re.fullmatch(r"(\S+ ){4}\S+", told["on"]["schedule"][0]["cron"])
    (job,) = told["jobs"].values()
    assert any(step.get("run") == "annoaudit run --format github" for step in job["steps"])
    assert all("uses" in step or "run" in step for step in job["steps"])
    uses = [step["uses"] for step in job["steps"] if "uses" in step]
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+", one) for one in uses)
    for secret in ("LABEL_STUDIO_API_KEY", "ANNOAUDIT_NOTIFY"):
        assert re.search(rf"{secret}: \$\{{\{{ secrets\.{secret} \}}\}}", (EXAMPLES / "github-action.yml").read_text())


def test_the_crontab_has_five_fields_and_a_command():
    lines = [one for one in (EXAMPLES / "annoaudit.crontab").read_text().splitlines() if one and one[0] not in "#M"]
    (line,) = lines
    fields = line.split(None, 5)
    assert all(re.fullmatch(r"[\d*/,-]+", one) for one in fields[:5])
    assert subprocess.run(["/bin/sh", "-n", "-c", fields[5]], check=False).returncode == 0
    assert "%" not in fields[5], "cron would turn it into a line break"


def test_systemd_takes_unit_and_timer(tmp_path):
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    for name in ("annoaudit.service", "annoaudit.timer"):
        text = (EXAMPLES / name).read_text().replace("/srv/annoaudit/.venv/bin/annoaudit", "/bin/true")
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        [analyze, "verify", "--man=no", tmp_path / "annoaudit.timer", tmp_path / "annoaudit.service"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    complaints = [line for line in (done.stdout + done.stderr).splitlines() if "annoaudit" in line]
    assert complaints == []
    calendar = re.search(r"OnCalendar=(.+)", (EXAMPLES / "annoaudit.timer").read_text())[1]
    assert subprocess.run([analyze, "calendar", calendar], capture_output=True, timeout=60).returncode == 0

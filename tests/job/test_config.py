"""annoaudit.yaml: what is refused, where, and with which suggestion; what init writes and check says."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from jobs import annoaudit, make_labels, write_job

from annoaudit.errors import RefusedInput, UsageError
from annoaudit.job.config import Config
from annoaudit.job.reading import read_job


def refusal(folder: Path, text: str) -> str:
    path = folder / "annoaudit.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RefusedInput) as caught:
        read_job(path)
    return str(caught.value).replace(str(path), "annoaudit.yaml")


def test_every_unknown_key_is_named_with_its_line_and_what_was_meant(tmp_path):
    said = refusal(
        tmp_path,
        "projects:\n"
        "  bikes:\n"
        "    sorce: labels.csv\n"
        "    gate:\n"
        "      eror_rate: 0.1\n"
        "    push: {blnd: true}\n"
        "outptu: x\n"
        "ledger:\n"
        "  head: y\n"
        "notify: {ping: z}\n",
    )
    for part in (
        "annoaudit.yaml:2: projects.bikes.source: field required",
        "annoaudit.yaml:3: unknown key 'projects.bikes.sorce'; did you mean 'source'?",
        "annoaudit.yaml:5: unknown key 'projects.bikes.gate.eror_rate'; did you mean 'error_rate'?",
        "annoaudit.yaml:6: unknown key 'projects.bikes.push.blnd'; did you mean 'blind'?",
        "annoaudit.yaml:7: unknown key 'outptu'; did you mean 'output'?",
        "annoaudit.yaml:9: unknown key 'ledger.head'; did you mean 'heads'?",
        "annoaudit.yaml:10: unknown key 'notify.ping'; did you mean 'ping_variable'?",
    ):
        assert part in said
    assert "7 problems" in said


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("projects: {a: {source: x}}\ngate: {error_rate: 2}\n", "annoaudit.yaml:2: gate.error_rate: "),
        ("projects: {a: {source: x, push: {decoys: 5}}}\n", "decoys need blind: true"),
        ("projects: {../a: {source: x}}\n", "project names become folders"),
        ("projects: {a: {source: x}, A: {source: x}}\n", "differ in case only"),
        ("projects: {a: {source: 's3://key:hunter2@bucket/x.csv'}}\n", "holds a user or a password"),
        ("projects: {a: {source: x, overlap: 7}}\n", "annoaudit.yaml:1: projects.a.overlap: "),
        ("projects: {a: {source: x, reading: loud}}\n", "annoaudit.yaml:1: projects.a.reading: "),
        ("projects: {}\n", "annoaudit.yaml:1: projects: "),
        ("projects:\n  a: {source: x}\n  a: {source: y}\n", "annoaudit.yaml:3: 'a' stands there twice"),
        ("a: &x [1]\nb: *x\n", "annoaudit.yaml:2: aliases are not taken"),
        ("projects: [\n", "annoaudit.yaml:2: this is no YAML"),
        ("- 1\n", "holds no keys"),
        ("projects: !!python/object/apply:os.system ['true']\n", "this is no YAML"),
        ("projects: {a: {source: x}}\nnotify: {variable: 'slack://t0ken'}\n", "the address itself is a secret"),
        ("projects: {a: {source: x}}\ngate: {new_findings: {L9: 1}}\n", "annoaudit.yaml:2: gate.new_findings.L9"),
    ],
)
def test_what_may_not_stand_there(tmp_path, text, word):
    said = refusal(tmp_path, text)
    assert word in said
    assert "t0ken" not in said


def test_a_missing_file_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match=r"annoaudit\.yaml"):
        read_job(tmp_path / "annoaudit.yaml")


def test_paths_are_relative_to_the_file_wherever_the_command_runs(tmp_path):
    (tmp_path / "deep").mkdir()
    write_job(tmp_path)
    done = annoaudit("run", "--config", "../annoaudit.yaml", cwd=tmp_path / "deep")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "nightly" / "bikes" / "report.html").is_file()
    assert list((tmp_path / "deep").iterdir()) == []


def test_the_schema_takes_what_we_take_and_refuses_unknown_keys(tmp_path):
    schema = json.loads(annoaudit("schema", cwd=tmp_path).stdout)
    good = yaml.safe_load(write_job(tmp_path, more="gate: {error_rate: 0.1}\n").read_text())
    jsonschema.validate(good, schema)
    Config.model_validate(good)
    with pytest.raises(jsonschema.ValidationError, match="outptu"):
        jsonschema.validate({**good, "outptu": "x"}, schema)


def test_init_check_run_from_nothing(tmp_path):
    make_labels().to_csv(tmp_path / "labels.csv", index=False)
    made = annoaudit("init", "labels.csv", "--heads", "elsewhere", "--yes", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert "60 items" in made.stdout
    before = sorted(tmp_path.rglob("*"))
    checked = annoaudit("check", cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout
    assert sorted(tmp_path.rglob("*")) == before, "check writes nothing"
    assert annoaudit("run", cwd=tmp_path).returncode == 0
    again = annoaudit("init", "labels.csv", "--yes", cwd=tmp_path)
    assert again.returncode == 2
    assert "exists already" in again.stderr


def test_init_takes_a_mapping_and_an_encoding(tmp_path):
    (tmp_path / "crowd.csv").write_bytes("unit;who;said\n1;ann;Größe\n1;bob;klein\n".encode("cp1252"))
    wishes = ("--map", "item=unit,annotator=who,label=said", "--encoding", "cp1252", "--yes")
    made = annoaudit("init", "crowd.csv", *wishes, cwd=tmp_path)
    assert (made.returncode, made.stderr) == (0, "")
    read = read_job(tmp_path / "annoaudit.yaml").config.projects["crowd"]
    assert (read.mapping, read.encoding) == ({"item": "unit", "annotator": "who", "label": "said"}, "cp1252")
    assert annoaudit("check", cwd=tmp_path).returncode == 0
    (tmp_path / "annoaudit.yaml").unlink()
    wrong = annoaudit("init", "crowd.csv", "--map", "unit", "--yes", cwd=tmp_path)
    assert (wrong.returncode, "is not role=column" in wrong.stderr) == (2, True)


def test_init_asks_where_nobody_said_yes(tmp_path):
    import subprocess

    from jobs import command

    make_labels().to_csv(tmp_path / "labels.csv", index=False)
    done = subprocess.run(command("init"), input="labels.csv\nmine\n\n\n", capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert list(read_job(tmp_path / "annoaudit.yaml").config.projects) == ["mine"]


def test_init_tries_the_source_and_writes_nothing_where_it_fails(tmp_path):
    done = annoaudit("init", "none.csv", "--yes", cwd=tmp_path)
    assert done.returncode == 2
    assert not (tmp_path / "annoaudit.yaml").exists()


def test_check_names_everything_that_would_not_work(tmp_path):
    write_job(
        tmp_path,
        more="notify: {variable: NOBODY_SET_THIS}\nledger: {heads: labels.csv/x}\n",
        project="    gold: none.csv\n",
    )
    done = annoaudit("check", cwd=tmp_path)
    assert done.returncode == 2
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    assert len(failed) == 3
    for word in ("gold", "NOBODY_SET_THIS", "heads elsewhere"):
        assert any(word in line for line in failed)


def test_check_takes_companions_by_url_and_media_only_from_a_folder(tmp_path):
    (tmp_path / "gold.csv").write_text("item,label\n0001,bike\n", encoding="utf-8")
    url = (tmp_path / "gold.csv").as_uri()
    write_job(tmp_path, project=f"    gold: {url}\n    media_root: {tmp_path.as_uri()}\n")
    done = annoaudit("check", cwd=tmp_path)
    said = " ".join(done.stdout.split())
    assert done.returncode == 2, done.stdout
    assert f"ok bikes: gold: {url}" in said
    assert "is not there" in said.split("bikes: media_root:", 1)[1]

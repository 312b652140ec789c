"""The gate: what fails, what passes, what is not judged; and what GitHub is told."""

import json

import numpy as np
import pandas as pd
import pytest
from jobs import annoaudit, make_labels, write_job

from annoaudit.job.config import Gate
from annoaudit.job.gate import judge_gate, passes
from annoaudit.reporting.record import ErrorRate, QuestionRecord

UNKNOWN = ErrorRate(False, "Error rate: not known; review 300 random labels to know it.")


def question(rate=UNKNOWN, name="q", agreement=()):
    columns = ["coefficient", "value", "low", "high", "interval", "n_items", "n_annotators", "n_labels", "why"]
    table = pd.DataFrame([(*row, "analytic", 9, 3, 27, "") for row in agreement], columns=columns)
    empty = pd.DataFrame()
    return QuestionRecord(
        name, "choice", ("a", "b"), 9, 27, 3, 3.0, "majority", rate, table, empty, empty, empty, np.zeros((2, 2))
    )


def measured(value, low, high):
    return ErrorRate(True, "measured", value, low, high, 5, 50, "50 labels with gold")


def judge(gate, *questions, new=None, is_first=False, sampled=None, integrity=()):
    checks = judge_gate(gate, questions, new or {}, is_first=is_first, sampled=sampled, integrity=integrity)
    return [one.status for one in checks], passes(gate, checks), " ".join(one.sentence for one in checks)


OFF = {"integrity": False}


@pytest.mark.parametrize(
    ("low", "value", "high", "status"),
    [(0.06, 0.1, 0.2, "failed"), (0.05, 0.1, 0.2, "passed"), (0.01, 0.1, 0.2, "passed"), (0.0, 0.0, 0.02, "passed")],
)
def test_an_error_rate_fails_only_where_its_whole_interval_lies_above(low, value, high, status):
    found, passed, said = judge(Gate(error_rate=0.05, **OFF), question(measured(value, low, high)))
    assert found == [status]
    assert passed is (status == "passed")
    assert "95 % interval" in said


@pytest.mark.parametrize(("counts_as", "passed"), [("pass", True), ("fail", False)])
def test_an_unknown_error_rate_is_not_judged_and_the_configuration_says_what_that_means(counts_as, passed):
    gate = Gate(error_rate=0.05, not_judged=counts_as, **OFF)
    assert judge(gate, question())[:2] == (["not judged"], passed)
    assert judge(gate, question(), sampled=(float("nan"), 0.0, 1.0, "0 judged"))[:2] == (["not judged"], passed)


def test_a_random_reviewed_sample_goes_before_gold():
    gate = Gate(error_rate=0.05, **OFF)
    found, _, said = judge(gate, question(measured(0.5, 0.4, 0.6)), sampled=(0.02, 0.0, 0.04, "the random sample"))
    assert found == ["passed"]
    assert "the random sample" in said


@pytest.mark.parametrize(
    ("high", "status"), [(0.59, "failed"), (0.6, "passed"), (0.9, "passed"), (np.nan, "not judged")]
)
def test_agreement_fails_only_where_its_whole_interval_lies_below(high, status):
    gate = Gate(agreement=0.6, coefficient="krippendorff_alpha", **OFF)
    rows = [("krippendorff_alpha", 0.5, 0.4, high), ("gwet_ac1", 0.1, 0.0, 0.2)]
    assert judge(gate, question(agreement=rows))[0] == [status]


def test_a_coefficient_that_is_not_there_is_not_judged_and_the_known_ones_are_named():
    found, _, said = judge(Gate(agreement=0.6, coefficient="kappa", **OFF), question(agreement=[("gwet_ac1", 1, 1, 1)]))
    assert found == ["not judged"]
    assert "gwet_ac1" in said


def test_new_findings_are_judged_by_severity_and_not_in_the_first_night():
    gate = Gate(new_findings={"L0": 5, "L2": 0}, **OFF)
    assert judge(gate, new={"L0": 5, "L1": 99, "L2": 1})[0] == ["passed", "failed"]
    assert judge(gate, new={"L0": 5, "L2": 1}, is_first=True)[:2] == (["not judged", "not judged"], True)


def test_integrity_fails_and_says_why_unless_switched_off():
    assert judge(Gate(), integrity=["Head 3 is not what was signed."])[:2] == (["failed"], False)
    assert judge(Gate())[:2] == (["passed"], True)
    assert judge(Gate(**OFF), integrity=["x"])[:2] == ([], True)


def test_no_limits_pass():
    assert judge(Gate(**OFF), question())[:2] == ([], True)


def test_a_failed_gate_is_exit_code_1_and_github_sees_it(tmp_path):
    labels = make_labels()
    truth = labels.drop_duplicates("item_id")[["item_id", "label"]]
    others = {"bike": "dock", "dock": "fare", "fare": "bike"}
    truth.assign(label=truth["label"].map(others)).to_csv(tmp_path / "gold.csv", index=False)
    write_job(
        tmp_path,
        labels=labels,
        project="    gold: gold.csv\n",
        more="gate: {error_rate: 0.1, agreement: 0.999, new_findings: {L0: 0}}\n",
    )
    summary = tmp_path / "summary.md"
    done = annoaudit("run", "--format", "github", cwd=tmp_path, GITHUB_STEP_SUMMARY=str(summary))
    assert done.returncode == 1, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert sum(one.startswith("::error title=bikes%3A error_rate::") for one in lines) == 1
    assert sum(one.startswith("::error title=bikes%3A agreement::") for one in lines) == 1
    assert sum(one.startswith("::warning title=bikes%3A new_findings_L0::") for one in lines) == 1
    assert "gate failed" in summary.read_text()
    told = json.loads(annoaudit("run", "--json", cwd=tmp_path).stdout)
    assert told["exit_code"] == 1
    assert told["projects"]["bikes"]["gate"]["error_rate"] == "failed"
    metrics = (tmp_path / "nightly" / "bikes" / "metrics.prom").read_text()
    assert 'annoaudit_gate_passed{project="bikes"} 0.0' in metrics
    assert 'annoaudit_error_rate{project="bikes",bound="low"}' in metrics

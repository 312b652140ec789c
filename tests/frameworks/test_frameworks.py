"""The table of frameworks: every detector and check has its row, and every id stands in the form of its framework."""

import re

import pytest

from annoaudit.detectors.registry import list_detectors
from annoaudit.frameworks import describe_finding, list_finding_types, list_frameworks, list_threats

FORMS = {
    "atlas": r"AML\.(T\d{4}(\.\d{3})?|M\d{4})",
    "llm": r"LLM(0[1-9]|10):2025",
    "ml": r"ML(0[1-9]|10):2023",
    "aisvs": r"v1\.0-C\d+\.\d+\.\d+",
    "nist": r"NISTAML\.0\d\d?",
}
CHECKS = ("ledger", "completeness", "edits")


@pytest.mark.parametrize("name", [*list_detectors(), *CHECKS])
def test_every_detector_and_check_has_a_row(name):
    row = describe_finding(name)
    assert row is not None, f"add [findings.{name}] to src/annoaudit/frameworks/frameworks.toml"
    assert row.threats
    assert row.references


def test_the_seven_risks_are_there_and_each_is_looked_for_by_something():
    titles = [one.title for one in list_threats()]
    assert titles == [
        "Data poisoning", "Data fetching attacks", "Malicious injection", "Annotation errors", "Fake data",
        "Incomplete data", "Tampered data",
    ]  # fmt: skip
    spoken_to = {key for row in list_finding_types() for key in row.threats}
    assert spoken_to == {one.key for one in list_threats()}


@pytest.mark.parametrize("row", list_finding_types(), ids=lambda row: row.name)
def test_every_id_has_the_form_of_its_framework_and_is_named_once(row):
    for one in row.references:
        assert re.fullmatch(FORMS[one.framework.key], one.id)
        assert one.title
    assert len(set(row.references)) == len(row.references)


def test_every_framework_states_its_version_and_is_used():
    used = {one.framework.key for row in list_finding_types() for one in row.references}
    assert used == {one.key for one in list_frameworks()}
    assert all(one.version for one in list_frameworks())


def test_what_the_job_or_media_would_have_to_do_is_said_where_it_did_not():
    detectors = set(list_detectors())
    for name in (*CHECKS, "media_changed", "media_gone"):
        assert name not in detectors
        row = describe_finding(name)
        assert row is not None
        assert row.without


def test_a_detector_of_another_package_is_not_known_and_no_error():
    assert describe_finding("somebody_elses") is None

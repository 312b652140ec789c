"""The sample project is what its README says: reproducible, complete, with its plants on record."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, median

import pytest

SAMPLE = Path(__file__).resolve().parents[1] / "sample_data"
GENERATED = [
    "labels.csv",
    "labels_clean.csv",
    "gold.csv",
    "planted.csv",
    "truth.csv",
    "label_config.xml",
    "label_studio_export.json",
]
CLASSES = {"account", "billing", "bike", "praise", "safety", "station"}
Row = dict[str, str]


def rows(name: str) -> list[Row]:
    with (SAMPLE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def labels() -> list[Row]:
    return rows("labels.csv")


@pytest.fixture(scope="module")
def truth() -> dict[str, Row]:
    return {row["item_id"]: row for row in rows("truth.csv")}


@pytest.fixture(scope="module")
def planted() -> list[Row]:
    return rows("planted.csv")


@pytest.fixture(scope="module")
def tasks() -> list[dict]:
    return json.loads((SAMPLE / "label_studio_export.json").read_text(encoding="utf-8"))


def first_answers(labels: list[Row]) -> dict[tuple[str, str], Row]:
    first: dict[tuple[str, str], Row] = {}
    for row in labels:
        first.setdefault((row["item_id"], row["annotator"]), row)
    return first


def majority(labels: list[Row]) -> dict[str, str]:
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for (item_id, _), row in first_answers(labels).items():
        votes[item_id][row["label"]] += 1
    return {item_id: count.most_common(1)[0][0] for item_id, count in votes.items()}


def generate(out: Path, *options: str) -> None:
    command = [sys.executable, "-B", str(SAMPLE / "generate.py"), "--out", str(out), *options]
    subprocess.run(command, check=True, capture_output=True)


def test_regenerating_gives_the_same_bytes(tmp_path):
    generate(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(GENERATED)
    for name in GENERATED:
        assert (tmp_path / name).read_bytes() == (SAMPLE / name).read_bytes(), name


def test_another_seed_gives_another_project_of_the_same_size(tmp_path):
    generate(tmp_path, "--seed", "8")
    other = (tmp_path / "labels.csv").read_text(encoding="utf-8")
    assert other != (SAMPLE / "labels.csv").read_text(encoding="utf-8")
    assert len(other.splitlines()) == 1809


def test_every_item_has_three_labels_from_a_team_of_22(labels):
    first = first_answers(labels)
    assert len(labels) == 1808
    assert len(first) == 1800
    assert set(Counter(item_id for item_id, _ in first).values()) == {3}
    assert {annotator for _, annotator in first} == {f"ann{k:02d}" for k in range(1, 23)}
    assert {row["label"] for row in labels} == CLASSES
    assert "00042" in {row["item_id"] for row in labels}


def test_texts_are_distinct_and_fully_expanded(labels):
    texts = {row["item_id"]: row["text"] for row in labels}
    assert len(set(texts.values())) == len(texts) == 600
    assert not [text for text in texts.values() if re.search(r"[\[\]{}|]", text)]


def test_planted_lists_exactly_the_wrong_labels(labels, truth, planted):
    wrong = Counter(
        (row["item_id"], row["annotator"], row["label"], truth[row["item_id"]]["label"])
        for row in labels
        if row["label"] != truth[row["item_id"]]["label"]
    )
    listed = Counter((row["item_id"], row["annotator"], row["label_given"], row["label_true"]) for row in planted)
    assert wrong == listed


def test_slips_are_rare_and_gather_on_ambiguous_messages(truth, planted):
    slips = [row["item_id"] for row in planted if row["kind"] == "slip"]
    assert 0.02 <= len(slips) / 1800 <= 0.03
    assert mean(truth[item_id]["ambiguous"] == "yes" for item_id in slips) > 0.5
    assert max(Counter(slips).values()) >= 2


def test_the_careless_annotator_is_often_wrong_and_always_fast(labels, planted):
    own = [row for row in labels if row["annotator"] == "ann09"]
    assert 0.3 <= sum(row["kind"] == "careless" for row in planted) / len(own) <= 0.5
    others = [row for row in labels if row["annotator"] != "ann09"]
    assert growth_with_length(others) > 1.2
    assert 0.8 < growth_with_length(own) < 1.2
    assert median_seconds(own) < median_seconds(others) / 2


def median_seconds(chosen: list[Row]) -> float:
    return median(float(row["seconds"]) for row in chosen)


def growth_with_length(chosen: list[Row]) -> float:
    ordered = sorted(chosen, key=lambda row: len(row["text"]))
    half = len(ordered) // 2
    return median_seconds(ordered[half:]) / median_seconds(ordered[:half])


def test_the_hostile_annotator_hides_safety_and_is_accurate_elsewhere(labels, truth, planted):
    own = [row for row in labels if row["annotator"] == "ann17"]
    safety = [row for row in own if truth[row["item_id"]]["label"] == "safety"]
    rest = [row for row in own if truth[row["item_id"]]["label"] != "safety"]
    assert len(safety) >= 15
    assert mean(row["label"] == "praise" for row in safety) > 0.7
    assert mean(row["label"] == truth[row["item_id"]]["label"] for row in rest) > 0.95
    assert {row["annotator"] for row in planted if row["kind"] == "hostile"} == {"ann17"}


def test_some_resent_messages_carry_conflicting_majorities(labels, truth):
    copies = {item_id: row["copy_of"] for item_id, row in truth.items() if row["copy_of"]}
    vote = majority(labels)
    assert len(copies) == 15
    assert all(truth[copy]["label"] == truth[source]["label"] for copy, source in copies.items())
    assert sum(vote[copy] != vote[source] for copy, source in copies.items()) == 6


def test_one_annotator_answered_eight_items_twice(labels):
    pairs = Counter((row["item_id"], row["annotator"]) for row in labels)
    twice = [pair for pair, count in pairs.items() if count == 2]
    assert len(twice) == 8
    assert {annotator for _, annotator in twice} == {"ann05"}


def test_nobody_works_on_two_items_at_once(labels):
    last: dict[str, datetime] = {}
    for row in labels:
        at = datetime.fromisoformat(row["created_at"])
        assert at.tzinfo is UTC
        assert at.weekday() < 5
        if row["annotator"] in last:
            assert (at - last[row["annotator"]]).total_seconds() >= float(row["seconds"]) - 0.001
        last[row["annotator"]] = at
    assert labels == sorted(labels, key=lambda row: row["created_at"])


def test_gold_is_the_truth_on_120_items(truth):
    gold = rows("gold.csv")
    assert len({row["item_id"] for row in gold}) == 120
    assert all(row["label"] == truth[row["item_id"]]["label"] for row in gold)


def test_clean_labels_are_all_right_and_come_from_the_same_people(labels, truth):
    clean = rows("labels_clean.csv")
    assert {(row["item_id"], row["annotator"]) for row in clean} == set(first_answers(labels))
    assert len(clean) == 1800
    assert all(row["label"] == truth[row["item_id"]]["label"] for row in clean)
    assert median_seconds([row for row in clean if row["annotator"] == "ann09"]) > 4


def test_the_label_studio_export_holds_the_same_labels(labels, tasks):
    exported = sorted(
        (task["data"]["item_id"], f"ann{entry['completed_by']:02d}", choice(entry), entry["created_at"])
        for task in tasks
        for entry in task["annotations"]
        if not entry["was_cancelled"] and not entry["ground_truth"]
    )
    assert exported == sorted((row["item_id"], row["annotator"], row["label"], row["created_at"]) for row in labels)
    assert (SAMPLE / "label_studio_export.json").stat().st_size < 2_500_000


def choice(entry: dict) -> str:
    return entry["result"][0]["value"]["choices"][0]


def test_the_label_studio_export_has_ground_truth_skips_drafts_and_predictions(tasks):
    entries = [entry for task in tasks for entry in task["annotations"]]
    starred = {(task["data"]["item_id"], choice(e)) for task in tasks for e in task["annotations"] if e["ground_truth"]}
    assert starred == {(row["item_id"], row["label"]) for row in rows("gold.csv")}
    assert sum(entry["was_cancelled"] for entry in entries) == 10
    assert sum(len(task["drafts"]) for task in tasks) == 6
    assert sum(len(task["predictions"]) for task in tasks) == 200
    assert sorted(entry["id"] for entry in entries) == list(range(1, len(entries) + 1))
    assert len({entry["unique_id"] for entry in entries}) == len(entries)


def test_the_label_config_offers_the_six_classes():
    root = ET.parse(SAMPLE / "label_config.xml").getroot()
    assert {element.get("value") for element in root.iter("Choice")} == CLASSES


def test_the_readme_counts_the_plants_as_they_are(planted):
    table = (SAMPLE / "README.md").read_text(encoding="utf-8")
    stated = {kind: int(count) for kind, count in re.findall(r"^\| `(\w+)` \| (\d+) \|", table, re.MULTILINE)}
    assert stated == dict(Counter(row["kind"] for row in planted))

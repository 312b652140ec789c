"""Labels that are missing because of what the items are: planted kinds are found, missing at random is not."""

import json

import numpy as np
import pyarrow as pa
import pytest

import annoaudit as aa
from annoaudit.labels import LabelSet
from planted_data import CLASSES, WORDS, plain_team, write_texts

SIZE = 600


def as_labels(truth, given, *, skipped=None, **items):
    """Items with ``given`` (N,) labels each, by people in turn; ``skipped`` (N,) also have one skip by the last one."""
    ids = [f"i{place:05d}" for place in range(len(truth))]
    rows = [(place, f"w{(place + k) % 5}", "submitted") for place, n in enumerate(given) for k in range(n)]
    rows += [(place, "w9", "skipped" if skip else "submitted") for place, skip in enumerate(skipped or [])]
    names = [f"a{number}" for number in range(len(rows))]
    told = [(name, *row) for name, row in zip(names, rows, strict=True) if row[2] == "submitted"]
    return LabelSet(
        items=pa.table({"item_id": ids, "media": ["text"] * len(ids), **items}),
        annotators=pa.table({"annotator_id": sorted({row[1] for row in rows})}),
        questions=pa.table({"question": ["topic"], "kind": ["choice"], "options": [list(CLASSES)]}),
        annotations=pa.table({
            "annotation_id": names, "item_id": [ids[row[0]] for row in rows], "annotator_id": [row[1] for row in rows],
            "status": [row[2] for row in rows],
        }),
        labels=pa.table({
            "label_id": [one[0] for one in told], "annotation_id": [one[0] for one in told],
            "item_id": [ids[one[1]] for one in told], "annotator_id": [one[2] for one in told],
            "question": ["topic"] * len(told), "kind": ["choice"] * len(told),
            "value": [CLASSES[truth[one[1]]] for one in told],
        }),
    )  # fmt: skip


def found(labels):
    audit = aa.audit(labels, detectors=["missingness"])
    assert not audit.skips
    assert not audit.failures
    return {json.loads(row.evidence_json)["subject"]: row for row in audit.findings.itertuples()}


def test_labels_that_are_missing_by_lot_are_no_finding():
    truth, texts, _, rng = plain_team(SIZE, 1)
    given = rng.choice([0, 1, 2], SIZE, p=[0.2, 0.2, 0.6])
    groups = rng.choice(["north", "south"], SIZE).tolist()
    assert not found(as_labels(truth, given, skipped=(rng.random(SIZE) < 0.2).tolist(), text=texts, group=groups))


def test_work_that_is_not_done_yet_is_no_finding_though_the_file_is_sorted():
    truth, _, _, rng = plain_team(SIZE, 2)
    truth = np.sort(truth)
    done = np.arange(SIZE) < 0.7 * SIZE
    rest = done & (rng.random(SIZE) < 0.15)
    assert not found(as_labels(truth, np.where(done & ~rest, 2, 0), text=write_texts(truth, rng)))


def test_items_of_a_kind_that_nobody_labels_are_told_by_their_words():
    truth, texts, _, rng = plain_team(SIZE, 3)
    row = found(as_labels(truth, np.where((truth == 2) & (rng.random(SIZE) < 0.6), 0, 2), text=texts))
    assert set(row) == {"items without a label: items"}
    (one,) = row.values()
    facts = json.loads(one.evidence_json)
    assert any(f"word '{word}' more" in facts["what moved"] for word in WORDS[2].split())
    assert (one.severity, one.level) == ("L1", "dataset")
    assert "area under the ROC curve" in one.reason
    assert facts["innocent_explanations"]
    assert 0 < one.p < 0.01


def test_long_texts_that_get_no_second_label_are_told_by_their_length():
    truth, texts, _, rng = plain_team(SIZE, 4)
    long = rng.random(SIZE) < 0.3
    texts = [f"{text} {text} {text}" if one else text for text, one in zip(texts, long, strict=True)]
    rows = found(as_labels(truth, np.where(long & (rng.random(SIZE) < 0.8), 1, 2), text=texts))
    facts = json.loads(rows["items below the usual overlap: items"].evidence_json)
    assert facts["what moved"].startswith("length of the text more")


def test_a_class_that_somebody_skips_is_named():
    truth, texts, _, rng = plain_team(SIZE, 5)
    skips = ((truth == 1) & (rng.random(SIZE) < 0.5)).tolist()
    rows = found(as_labels(truth, np.full(SIZE, 2), skipped=skips, text=texts))
    assert CLASSES[1] in rows["items that somebody skipped: classes"].reason
    facts = json.loads(rows["items that somebody skipped: classes"].evidence_json)
    assert facts["what moved"].startswith(f"{CLASSES[1]} ")


def test_a_group_that_lacks_labels_is_named():
    truth, texts, _, rng = plain_team(SIZE, 6)
    groups = rng.choice(["north", "south", "west"], SIZE)
    given = np.where((groups == "west") & (rng.random(SIZE) < 0.5), 0, 2)
    rows = found(as_labels(truth, given, text=texts, group=groups.tolist()))
    assert json.loads(rows["items without a label: groups"].evidence_json)["what moved"].startswith("west ")


@pytest.mark.parametrize("given", [2, 0])
def test_where_nothing_or_everything_is_missing_it_says_so(given):
    truth, texts, _, _ = plain_team(SIZE, 7)
    labels = as_labels(truth, np.where(np.arange(SIZE) < 5, 2, given), text=texts)
    audit = aa.audit(labels, detectors=["missingness"])
    assert "lack labels that others near them have" in audit.skips["missingness"]

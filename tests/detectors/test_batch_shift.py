"""Batches against the past: planted shifts are found and named, like batches are not."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

import annoaudit as aa
from planted_data import CLASSES, as_labels, plain_team, write_texts

SIZE, LATE = 500, 120


def found(labels):
    audit = aa.audit(labels, detectors=["batch_shift"])
    assert not audit.skips
    return {json.loads(row.evidence_json)["compared"]: row for row in audit.findings.itertuples()}


def team(seed):
    truth, texts, who, rng = plain_team(SIZE, seed)
    late = np.arange(SIZE) >= SIZE - LATE
    return truth, texts, who, rng, late, ["new" if one else "old" for one in late]


def test_batches_drawn_alike_are_not_found():
    truth, texts, who, _, _, batch = team(1)
    assert not found(as_labels(truth, annotator=who, text=texts, batch=batch))


def test_other_items_are_told_by_their_words():
    truth, texts, who, rng, late, batch = team(2)
    texts = [f"{text} {rng.choice(['please', 'thanks', text.split()[0]])}" if one else text
             for text, one in zip(texts, late, strict=True)]  # fmt: skip
    rows = found(as_labels(truth, annotator=who, text=texts, batch=batch))
    assert set(rows) == {"items"}
    facts = json.loads(rows["items"].evidence_json)
    assert "thanks" in facts["what moved"]
    assert "exchangeable" in facts["care"]
    assert facts["subject"] == "batch “new”: items"
    assert rows["items"].severity == "L1"


def test_another_class_share_is_named():
    truth, _, who, rng, late, batch = team(3)
    truth = np.where(late & (rng.random(SIZE) < 0.4), 3, truth)
    rows = found(as_labels(truth, annotator=who, text=write_texts(truth, rng), batch=batch))
    assert "class shares" in rows
    assert CLASSES[3] in rows["class shares"].reason
    assert "labels given the items" not in rows


def test_other_labels_on_like_items_are_told_from_other_items():
    truth, texts, who, rng, late, batch = team(4)
    label = np.where(late & (truth == 0) & (rng.random(SIZE) < 0.7), 1, truth)
    rows = found(as_labels(label, annotator=who, text=texts, batch=batch))
    assert "labels given the items" in rows
    assert "items" not in rows


@pytest.mark.parametrize("column", ["split", "created_at"])
def test_splits_and_times_serve_where_there_is_no_batch(column):
    truth, _, who, rng, late, batch = team(5)
    truth = np.where(late & (rng.random(SIZE) < 0.6), 3, truth)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    values = batch if column == "split" else [start + timedelta(hours=place) for place in range(SIZE)]
    rows = found(as_labels(truth, annotator=who, text=write_texts(truth, rng), **{column: values}))
    assert "class shares" in rows


def test_without_batch_split_or_time_it_is_skipped_and_says_so():
    truth, texts, who, _, _, _ = team(6)
    audit = aa.audit(as_labels(truth, annotator=who, text=texts), detectors=["batch_shift"])
    assert "no batch, split or period" in audit.skips["batch_shift"]

"""Pairs, audited: sides, planted flips and leanings, and every common file end to end."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pyarrow as pa
import pytest

import annoaudit as aa
from annoaudit.evidence import Evidence
from annoaudit.evidence.kinds.sides import lean_of, read_sides
from annoaudit.simulation.preferences import PreferenceDesign, simulate_preferences


@pytest.fixture(scope="module")
def audited():
    design = PreferenceDesign(
        n_items=300, n_annotators=8, model_sd=2, answer_sd=1, sharpness=10, tie_rate=0.0, flip_rate=0.05,
        n_side_biased=1, side_bias=30,
    )  # fmt: skip
    planted = simulate_preferences(design, 5001)
    return aa.audit(planted.labels, names=True), planted


def test_planted_flips_lead_the_queue(audited):
    audit, planted = audited
    ids = np.array(planted.labels.labels["label_id"].to_pylist())
    honest = np.array(planted.labels.labels["annotator_id"].to_pylist()) != "w000"
    flipped = set(ids[planted.flipped & honest])
    queue = audit.findings[(audit.findings["rank"] > 0) & (audit.findings["annotator"] != "w000")]
    first = queue.drop_duplicates("rank").head(20)
    assert np.mean([one in flipped for one in first["label_id"]]) > 0.6


def test_the_side_biased_annotator_is_named_and_nobody_else(audited):
    audit, _ = audited
    found = audit.findings[audit.findings["detector"] == "position_bias"]
    assert found["annotator"].tolist() == ["w000"]
    assert "left side" in found["reason"].iloc[0]
    assert not len(audit.findings[audit.findings["detector"] == "length_bias"])


def test_the_report_shows_both_sides_and_strengths(audited):
    audit, planted = audited
    tables = {one.title: one.frame for one in audit.record.questions[0].tables}
    strengths = tables["Strength of what was compared"]
    assert strengths["compared"].iloc[0] == f"model {planted.strength.argmax()}"
    assert strengths[["low", "high"]].notna().all(axis=None)
    assert set(tables["Temperature of each annotator"]["annotator"]) == {f"w{k:03d}" for k in range(8)}
    assert "Leanings of each annotator" in tables
    page = audit.html()
    assert 'class="side chosen"' in page
    assert not audit.failures


def test_lengths_and_sides_are_read_from_columns_that_differ_in_one_word():
    planted = simulate_preferences(PreferenceDesign(n_items=40), 5002)
    sides = read_sides(planted.labels)
    meta = [json.loads(one) for one in planted.labels.items["meta_json"].to_pylist()]
    assert sides.left_text == tuple(one["response_a"] for one in meta)
    assert [sides.things[k] for k in sides.right] == [one["model_b"] for one in meta]
    assert sides.as_shown
    assert sides.has_names


def test_words_for_sides():
    np.testing.assert_array_equal(lean_of(("a", "Right", "tie", "both bad", "unclear")), [1, -1, 0, 0, np.nan])


def write_lines(path, rows):
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def arena(planted):
    """Records as an arena publishes them, made of simulated choices."""
    meta = {
        i: json.loads(m)
        for i, m in zip(*(planted.labels.items[c].to_pylist() for c in ("item_id", "meta_json")), strict=True)
    }
    words = {"a": "model_a", "b": "model_b", "tie": "tie"}
    rows = planted.labels.labels.select(["item_id", "annotator_id", "value"]).to_pylist()
    return [{"row": row, "meta": meta[row["item_id"]], "winner": words[row["value"]]} for row in rows]


@pytest.fixture(scope="module")
def small():
    return arena(simulate_preferences(PreferenceDesign(n_items=60, n_annotators=4), 5003))


def talk(answer):
    return [{"role": "user", "content": "Q"}, {"role": "assistant", "content": answer}]


def test_an_arena_file_is_audited(tmp_path, small):
    rows = [
        {
            "question_id": one["row"]["item_id"], "model_a": one["meta"]["model_a"], "model_b": one["meta"]["model_b"],
            "winner": one["winner"], "judge": one["row"]["annotator_id"],
            "conversation_a": talk(one["meta"]["response_a"]), "conversation_b": talk(one["meta"]["response_b"]),
        }
        for one in small
    ]  # fmt: skip
    audit = aa.audit(write_lines(tmp_path / "arena.jsonl", rows))
    assert not audit.failures
    assert {one.title for one in audit.record.questions[0].tables} >= {"Strength of what was compared"}
    assert 'class="sides"' in audit.html()


def test_chosen_and_rejected_are_audited_without_a_word_on_sides(tmp_path, small):
    rows = []
    for one in small:
        best, other = ("response_a", "response_b") if one["winner"] != "model_b" else ("response_b", "response_a")
        rows.append(
            {
                "prompt": "Q",
                "chosen": one["meta"][best],
                "rejected": one["meta"][other],
                "judge": one["row"]["annotator_id"],
            }
        )
    audit = aa.audit(write_lines(tmp_path / "chosen.jsonl", rows))
    assert not audit.failures
    assert "alphabet" in audit.skips["position_bias"]
    assert not audit.evidence[0].sides.as_shown


def test_label_studio_pairwise_is_audited(tmp_path, small):
    tasks = {}
    for number, one in enumerate(small):
        data = {"prompt": "Q", "answer1": one["meta"]["response_a"], "answer2": one["meta"]["response_b"]}
        fresh = {"id": len(tasks) + 1, "data": data, "annotations": []}
        side = {"model_a": "left", "model_b": "right"}.get(one["winner"])
        told = {"id": f"r{number}", "from_name": "pw", "to_name": "answer1", "type": "pairwise"}
        result = [{**told, "value": {"selected": side}}] if side else []
        who = int(one["row"]["annotator_id"][1:]) + 1
        task = tasks.setdefault(one["row"]["item_id"], fresh)
        task["annotations"].append({"id": number + 1, "completed_by": who, "result": result})
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps(list(tasks.values())), encoding="utf-8")
    audit = aa.audit(path)
    assert not audit.failures
    assert audit.evidence[0].sides.as_shown
    assert audit.evidence[0].sides.has_texts.all()
    assert "left" in audit.record.questions[0].classes


def test_swapped_copies_are_one_cluster_and_no_conflict():
    planted = simulate_preferences(PreferenceDesign(n_items=30), 5004)
    items = planted.labels.items.to_pylist()
    meta = json.loads(items[0]["meta_json"])
    items[1]["text"] = items[0]["text"]
    items[1]["meta_json"] = json.dumps(
        {
            "response_a": meta["response_b"],
            "response_b": meta["response_a"],
            "model_a": meta["model_b"],
            "model_b": meta["model_a"],
        }
    )
    labels = dataclasses.replace(planted.labels, items=pa.Table.from_pylist(items, schema=planted.labels.items.schema))
    cluster = Evidence(labels, "preference").near_duplicates
    assert cluster[0] == cluster[1]
    assert cluster[0] != cluster[2]
    features = Evidence(labels, "preference").features.matrix
    np.testing.assert_allclose(features[0], -features[1], atol=1e-4)

"""Rankings, audited: planted errors and habits, and every common file end to end."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import annoaudit as aa
from annoaudit.errors import RefusedInput
from annoaudit.simulation.rankings import RankingDesign, simulate_rankings


def people_of(audit, detector):
    return audit.findings.loc[audit.findings["detector"] == detector, "annotator"].tolist()


@pytest.fixture(scope="module")
def audited():
    design = RankingDesign(n_items=300, n_annotators=20, redundancy=4, stray_rate=0.02, reverse_rate=0.02)
    planted = simulate_rankings(design, 5401)
    return aa.audit(planted.labels, names=True), planted


def test_planted_errors_lead_the_queue_and_whole_rankings_are_flagged(audited):
    audit, planted = audited
    ids = np.array(planted.labels.labels["label_id"].to_pylist())
    wrong = set(ids[planted.planted != ""])
    queue = audit.findings[audit.findings["rank"] > 0].drop_duplicates("rank").head(20)
    assert np.mean([one in wrong for one in queue["label_id"]]) > 0.7
    flagged = audit.findings[audit.findings["detector"] == "ranking_distance"]
    assert flagged["label_id"].is_unique
    told = json.loads(flagged["evidence_json"].iloc[0])
    assert len(told["discordant"]) == 3
    assert all(chance < 0.5 for _, _, chance in told["discordant"])
    assert not audit.failures


def test_honest_people_are_not_named(audited):
    audit, _ = audited
    assert not len(audit.findings[audit.findings["level"] == "annotator"])


@pytest.mark.parametrize(
    ("habit", "detector", "seed"),
    [
        ("n_reversed", "reversed_ranking", 5402),
        ("n_random", "low_rank_agreement", 5403),
        ("n_keepers", "order_bias", 5404),
        ("n_straight", "same_order", 5405),
    ],
)
def test_each_habit_is_found_by_its_detector(habit, detector, seed):
    planted = simulate_rankings(RankingDesign(n_items=300, n_annotators=20, **{habit: 1}), seed)
    audit = aa.audit(planted.labels, names=True, detectors=[detector])
    assert people_of(audit, detector) == ["w000"]


def test_the_report_shows_orders_side_by_side_and_what_came_back():
    planted = simulate_rankings(RankingDesign(n_items=80, n_systems=6, stray_rate=0.1), 5406)
    audit = aa.audit(planted.labels, names=True)
    tables = {one.title: one.frame for one in audit.record.questions[0].tables}
    assert tables["How each annotator ranks"]["tau_low"].notna().all()
    assert len(tables["Strength of what was ranked"]) == 6
    page = audit.html()
    assert 'class="order asked"' in page
    assert "above the consensus" in page
    names = audit.record.questions[0].agreement["coefficient"].tolist()
    assert names == ["alpha_kemeny", "kendall_tau_b", "kendall_w"]
    assert audit.markdown()
    assert json.loads(audit.json())


def test_one_ranking_an_item_of_things_that_never_come_back_is_not_judged():
    audit = aa.audit(simulate_rankings(RankingDesign(n_items=40, redundancy=1), 5407).labels)
    assert "stand in no other item" in audit.skips["ranking_distance"]
    assert not audit.failures
    assert not len(audit.findings)


def rows_of(planted):
    rows = planted.labels.labels.select(["item_id", "annotator_id", "ranks"]).to_pylist()
    meta = dict(zip(*(planted.labels.items[one].to_pylist() for one in ("item_id", "meta_json")), strict=True))
    return [(row["item_id"], row["annotator_id"], row["ranks"], json.loads(meta[row["item_id"]])["candidates"])
            for row in rows]  # fmt: skip


@pytest.fixture(scope="module")
def small():
    return rows_of(simulate_rankings(RankingDesign(n_items=40, n_annotators=4, n_systems=5, tie_rate=0.1), 5408))


def write_lines(path, rows):
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def as_names(item, who, ranks, candidates):
    return {"item_id": item, "judge": who, "prompt": "Q", "candidates": candidates, "ranking": ranks}


def as_places(item, who, ranks, candidates):
    ids = [one["id"] for one in candidates]
    order = [[ids.index(name) for name in group] for group in ranks]
    return {"item_id": item, "judge": who, "completions": ids, "ranking": order}


def as_ranks(item, who, ranks, candidates):
    place = {name: number for number, group in enumerate(ranks, start=1) for name in group}
    texts = [one["id"] for one in candidates]
    return {"item_id": item, "annotator": who, "prompt": "Q", "responses": texts, "ranks": [place[t] for t in texts]}


def as_own_ranks(item, who, ranks, candidates):
    place = {name: number for number, group in enumerate(ranks, start=1) for name in group}
    ranked = [{"model": one["id"], "answer": one["text"], "rank": place[one["id"]]} for one in candidates]
    return {"id": item, "rater": who, "prompt": "Q", "answers": sorted(ranked, key=lambda one: one["rank"])}


@pytest.mark.parametrize("shape", [as_names, as_places, as_ranks, as_own_ranks])
def test_a_file_of_each_shape_says_the_same_orders(tmp_path, small, shape):
    labels = aa.read(write_lines(tmp_path / "orders.jsonl", [shape(*row) for row in small]))
    found = {
        (row["item_id"], row["annotator_id"]): [sorted(group) for group in row["ranks"]]
        for row in labels.labels.to_pylist()
    }
    assert found == {(item, who): [sorted(group) for group in ranks] for item, who, ranks, _ in small}
    audit = aa.audit(labels)
    assert not audit.failures
    # Candidates sorted by their own ranks say nothing of what was shown.
    assert ("order_bias" in audit.skips) == (shape is as_own_ranks)


@pytest.mark.parametrize("write", [json.dumps, lambda ranks: " > ".join(" = ".join(group) for group in ranks)])
def test_a_table_with_a_column_of_orders_is_audited(tmp_path, small, write):
    frame = pd.DataFrame([(item, who, write(ranks)) for item, who, ranks, _ in small],
                         columns=["item_id", "annotator", "ranking"])  # fmt: skip
    frame.to_csv(tmp_path / "orders.csv", index=False)
    audit = aa.audit(tmp_path / "orders.csv")
    assert audit.record.questions[0].kind == "ranking"
    assert audit.record.questions[0].n_labels == len(small)
    assert not audit.failures


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ({"item_id": "1", "ranking": ["a", "b", "a"]}, "names a thing twice"),
        ({"item_id": "1", "candidates": ["a", "b"], "ranking": ["a", "c"]}, "which is no candidate"),
        ({"item_id": "1", "candidates": ["a", "b"], "ranking": [1, 3]}, "beyond its 2 candidates"),
        ({"item_id": "1", "candidates": ["a", "b"], "ranks": [1]}, "one rank a candidate"),
        ({"item_id": "1", "candidates": ["a", "a"], "ranks": [1, 2]}, "the same name"),
        ({"item_id": "1", "candidates": ["a", "b"], "ranks": [1, "x"]}, "not a number"),
        ({"item_id": "1", "ranking": ["a", {"b": 1}]}, "names nothing"),
        ({"item_id": "1", "ranking": "a > > b"}, "empty place"),
    ],
)
def test_orders_that_say_nothing_are_refused_with_their_place(tmp_path, record, told):
    path = write_lines(tmp_path / "orders.jsonl", [{"item_id": "0", "ranking": ["x", "y"]}, record])
    with pytest.raises(RefusedInput, match=told) as refused:
        aa.read(path, format="rankings")
    assert "record 2" in str(refused.value)
    assert refused.value.hint


def ranker_tasks(rows, write):
    tasks = {}
    for number, (item, who, ranks, candidates) in enumerate(rows, start=1):
        listed = [{"id": one["id"], "title": one["text"]} for one in candidates]
        fresh = {"id": len(tasks) + 1, "data": {"prompt": "Q", "answers": listed}, "annotations": []}
        told = {"id": f"r{number}", "from_name": "rank", "to_name": "answers", "type": "ranker"}
        result = [{**told, "value": {"ranker": write(ranks)}}]
        who = int(who[1:]) + 1
        task = tasks.setdefault(item, fresh)
        task["annotations"].append({"id": number, "completed_by": who, "result": result})
    return list(tasks.values())


def audit_tasks(tmp_path, rows, write):
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps(ranker_tasks(rows, write)), encoding="utf-8")
    return aa.audit(path)


def test_label_studios_order_is_audited(tmp_path, small):
    audit = audit_tasks(tmp_path, small, lambda ranks: {"rank": [one for group in ranks for one in group]})
    assert audit.record.questions[0].kind == "ranking"
    assert "order_bias" not in audit.skips
    assert "plain" in audit.html() or not len(audit.findings)
    assert not audit.failures


def test_numbered_buckets_are_ranks_and_what_was_left_is_not_ranked(tmp_path, small):
    def write(ranks):
        return {"_": ranks[-1], **{f"rank_{k}": group for k, group in enumerate(ranks[:-1], start=1)}}

    audit = audit_tasks(tmp_path, small, write)
    found = audit.evidence[0].compared_rankings.rankings
    assert [[found.things[one] for one in sorted(group)] for group in found.order_of(0)] == [
        sorted(group) for group in small[0][2][:-1]
    ]


def test_buckets_that_state_no_order_are_told_and_not_audited(tmp_path, small):
    path = tmp_path / "tasks.json"
    sorted_only = ranker_tasks(small, lambda ranks: {"good": ranks[0], "bad": [x for g in ranks[1:] for x in g]})
    path.write_text(json.dumps(sorted_only), encoding="utf-8")
    assert any("whose names state no order" in note for note in aa.read(path).notes)
    with pytest.raises(RefusedInput, match="no order"):
        aa.audit(path)

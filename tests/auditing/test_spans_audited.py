"""Spans, audited: planted slips lead the queue, and what a reader sees of them."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import annoaudit as aa
from annoaudit.cli import main
from annoaudit.errors import RefusedInput
from annoaudit.evidence import Evidence
from annoaudit.labels import LabelSet, as_tables
from annoaudit.simulation.planted_spans import ERRORS, plant_span_errors
from annoaudit.testing.span_teams import make_span_team


@pytest.fixture(scope="module")
def labels():
    return make_span_team(n_items=200, n_annotators=6, redundancy=3, seed=5001)


@pytest.fixture(scope="module")
def audited(labels):
    return aa.audit(labels, names=True)


def errors_of(labels):
    rows = labels.labels.select(["label_id", "attributes"]).to_pylist()
    return {row["label_id"]: json.loads(row["attributes"])["error"] for row in rows}


def test_planted_slips_lead_the_queue(audited, labels):
    errors = errors_of(labels)
    flagged = audited.findings.drop_duplicates(["label_id", "annotation_id", "given"])
    kinds = {errors.get(one, "missing") for one in flagged["label_id"]}
    assert {"class", "boundary", "missing", "spurious"} <= kinds
    queue = audited.findings[audited.findings["rank"] > 0].drop_duplicates("rank")
    wrong = [errors.get(row.label_id, "missing") != "" for row in queue.itertuples()]
    assert np.mean(wrong) > 0.9


def test_most_planted_slips_are_flagged(audited, labels):
    wrong = {label for label, error in errors_of(labels).items() if error}
    found = set(audited.findings["label_id"]) & wrong
    assert len(found) > 0.85 * len(wrong)


def test_a_missing_span_has_an_annotation_but_no_label(audited):
    absent = audited.findings[audited.findings["given"].str.endswith("(none)")]
    assert len(absent)
    assert (absent["label_id"] == "").all()
    assert (absent["annotation_id"] != "").all()
    assert audited.findings["fingerprint"].is_unique


def test_a_boundary_finding_names_both_extents_with_what_is_written_there(audited):
    reasons = audited.findings.loc[audited.findings["detector"] == "span_boundary", "reason"]
    assert len(reasons)
    assert all(reason.startswith("This span is “") and "annotators mark “" in reason for reason in reasons)


def test_the_report_shows_the_passage_and_the_tables(audited):
    assert set(audited.agreement["coefficient"]) == {
        "token_alpha", "token_kappa", "span_f1_exact", "span_f1_overlap", "u_alpha", "u_alpha_classes",
    }  # fmt: skip
    assert audited.agreement[["low", "high"]].notna().all(axis=None)
    document = json.loads(audited.json())
    tables = {one["title"]: one["rows"] for one in document["questions"][0]["tables"]}
    assert len(tables["What annotators miss, add, name and bound otherwise"]) == 6
    assert len(tables["Where annotators' spans start and end"]) == 6
    assert "<mark>" in audited.html()
    assert "<mark>" in audited._repr_html_()
    assert "this annotator: " in audited.markdown()


def test_names_stay_when_other_items_come(labels):
    kept = pa.array([f"i{k}" for k in range(100)])
    part = {
        name: table.filter(pc.is_in(table["item_id"], value_set=kept)) if "item_id" in table.column_names else table
        for name, table in labels.tables.items()
        if name in ("items", "annotators", "questions", "annotations", "labels")
    }
    small = Evidence(LabelSet(**part), "names")
    whole = Evidence(labels, "names")
    names = dict(zip(whole.votes.item_ids.to_pylist(), whole.votes.parts.names, strict=True))
    shared = [one for one in small.votes.item_ids.to_pylist() if one in names]
    # Units that only the model believes in may differ, since it learned from fewer texts.
    assert len(shared) > 0.95 * small.votes.n_items
    assert all(name.split(" ")[-1].count("-") == 1 for name in small.votes.parts.names)


def test_one_label_an_item_is_judged_by_words():
    clean = make_span_team(n_items=400, n_annotators=4, redundancy=1, slip=0.0, seed=5002)
    wrong, planted = plant_span_errors(clean, "names", 0.08, 5003)
    audit = aa.audit(wrong, names=True)
    assert {one.error for one in planted} == set(ERRORS)
    found = audit.findings[audit.findings["detector"] == "span_model"]
    kinds = [json.loads(one)["kind"] for one in found["evidence_json"]]
    places = {(one.item_id, one.error) for one in planted}
    right = [(item, kind) in places for item, kind in zip(found["item_id"], kinds, strict=True)]
    assert np.mean(right) > 0.8
    assert set(kinds) == set(ERRORS)
    skipped = {one.detector: one.why for one in audit.record.outcomes if one.status == "skipped"}
    assert skipped["span_boundary"] == "no two annotators marked the same thing"


def test_masked_words_are_no_ground_for_a_model():
    labels = make_span_team(n_items=100, n_annotators=4, redundancy=2, seed=5004)
    items = labels.items.set_column(
        labels.items.schema.get_field_index("text"),
        "text",
        pa.array(["x " * (30 + k % 9) for k in range(labels.items.num_rows)]),
    )
    audit = aa.audit(LabelSet(**{**labels.tables, "items": items}))
    why = {one.detector: one.why for one in audit.record.outcomes}
    assert "no more than chance" in why["span_model"]


def rows_of_two(prediction=True):
    """Sixty texts of one word each marked by two people; a model marks all, and one text nobody else marks."""
    rows = {"items": [], "annotations": [], "labels": [], "predictions": []}
    rows["annotators"] = [{"annotator_id": name, "kind": "person"} for name in ("a", "b")]
    rows["questions"] = [{"question": "q", "kind": "span", "options": ["X", "Y"]}]
    for i in range(60):
        rows["items"].append({"item_id": f"i{i}", "media": "text", "text": "one two three"})
        rows["predictions"].append({"prediction_id": f"p{i}", "item_id": f"i{i}", "question": "q"})
        label = "XY"[i % 2]
        mark = {"item_id": f"i{i}", "question": "q", "kind": "span", "start": 4.0, "end": 7.0, "value": label}
        if prediction:
            rows["labels"].append({**mark, "label_id": f"m{i}", "prediction_id": f"p{i}"})
        who = "ab"[(i // 2) % 2]
        rows["annotations"].append({"annotation_id": f"n{i}", "item_id": f"i{i}", "annotator_id": who})
        if i != 7:
            value = "Y" if i == 4 else label
            rows["labels"].append(
                {**mark, "label_id": f"l{i}", "annotation_id": f"n{i}", "annotator_id": who, "value": value}
            )
    return LabelSet.of(as_tables(rows))


def test_predictions_in_the_labels_find_what_is_missing_and_what_is_named_otherwise():
    audit = aa.audit(rows_of_two(), names=True)
    found = audit.findings[audit.findings["detector"] == "span_model"]
    assert {(row.item_id, row.given.split(": ")[1], row.suggested.split(": ")[1]) for row in found.itertuples()} == {
        ("i4", "Y", "X"),
        ("i7", "(none)", "Y"),
    }


def test_hostile_words_are_shown_as_they_are():
    labels = make_span_team(n_items=30, n_annotators=3, redundancy=3, slip=0.4, seed=5005)
    texts = [f"<script>alert(1)</script>{text}" for text in labels.items["text"].to_pylist()]
    items = labels.items.set_column(labels.items.schema.get_field_index("text"), "text", pa.array(texts))
    audit = aa.audit(LabelSet(**{**labels.tables, "items": items}))
    for page in (audit.html(), audit._repr_html_()):
        assert "<script>" not in page
        assert "&lt;script&gt;" in page


def test_segments_of_time_are_audited_alike():
    labels = make_span_team(n_items=60, n_annotators=4, redundancy=3, text=False, seed=5006)
    tables = dict(labels.tables)
    for name in ("questions", "labels"):
        table = tables[name]
        kinds = pa.array(["segment"] * table.num_rows)
        tables[name] = table.set_column(table.schema.get_field_index("kind"), "kind", kinds)
    audit = aa.audit(LabelSet(**tables), names=True)
    judged = {one.detector for one in audit.record.outcomes if one.status == "scored"}
    assert judged == {"consensus_disagreement", "span_boundary"}
    assert "u_alpha" in set(audit.agreement["coefficient"])
    assert "token_alpha" not in set(audit.agreement["coefficient"])
    assert audit.findings["given"].str.contains(" s: ").all()
    assert audit.html()


def test_where_nobody_marked_anything_there_is_nothing_to_audit():
    labels = make_span_team(n_items=5, n_annotators=2, redundancy=2, seed=5007)
    with pytest.raises(RefusedInput, match="no usable label"):
        aa.audit(LabelSet(**{**labels.tables, "labels": labels.labels.slice(0, 0)}))


def test_boundaries_lead_the_queue_beside_classes(audited):
    queue = audited.findings[audited.findings["rank"] > 0]
    assert set(queue.sort_values("rank").head(60)["detector"]) >= {"span_boundary", "consensus_disagreement"}


def test_odd_places_and_odd_meta_data_do_no_harm():
    labels = make_span_team(n_items=30, n_annotators=3, redundancy=3, seed=5008)
    start = labels.labels["start"].to_pylist()
    end = labels.labels["end"].to_pylist()
    start[:4], end[:4] = [5.0, None, 3.0, 1e17], [5.0, 9.0, 1e15, 2e17]
    table = labels.labels
    for name, values in (("start", start), ("end", end)):
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(values, pa.float64()))
    meta = pa.array(['{"tokens": ' + "[" * 5000] * 30)
    items = labels.items.set_column(labels.items.schema.get_field_index("meta_json"), "meta_json", meta)
    audit = aa.audit(LabelSet(**{**labels.tables, "labels": table, "items": items}))
    notes = [one.note for one in audit.record.questions[0].tables]
    assert any("2 labels without a place or a class were left out" in note for note in notes)
    assert {one.status for one in audit.record.outcomes} <= {"scored", "skipped"}
    assert audit.html()


def label_studio_export(n=12):
    """Tasks with two names each, marked by two people; the second forgets one name and shifts another."""
    tasks = []
    for i in range(n):
        text = f"On day {i} Ada went to Oslo"
        ada, oslo = text.index("Ada"), text.index("Oslo")
        annotations = []
        for who in (1, 2):
            places = [(ada, ada + 3, "PER"), (oslo, oslo + 4, "LOC")]
            if who == 2 and i == 3:
                places = places[1:]
            if who == 2 and i == 5:
                places[1] = (oslo - 3, oslo + 4, "LOC")
            result = [
                {"id": f"{i}-{who}-{k}", "from_name": "label", "to_name": "text", "type": "labels",
                 "value": {"start": a, "end": b, "text": text[a:b], "labels": [name]}}
                for k, (a, b, name) in enumerate(places)
            ]  # fmt: skip
            about = {"id": 10 * i + who, "completed_by": {"id": who}, "created_at": "2026-01-01T10:00:00Z"}
            annotations.append({**about, "result": result})
        tasks.append({"id": i, "data": {"text": text}, "annotations": annotations})
    return tasks


def test_a_label_studio_export_is_audited_from_the_command_line(tmp_path, capsys):
    (tmp_path / "export.json").write_text(json.dumps(label_studio_export()), encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["audit", str(tmp_path / "export.json"), "--out", str(tmp_path / "out"), "--names"])
    assert ended.value.code == 0, capsys.readouterr().err
    rows = [json.loads(line) for line in (tmp_path / "out" / "findings.jsonl").read_text(encoding="utf-8").splitlines()]
    assert sorted(row["detector"] for row in rows) == ["consensus_disagreement", "span_boundary", "span_boundary"]
    # Where two people differ and nobody else marked it, either may be wrong: both are shown.
    assert len({row["annotator"] for row in rows if row["detector"] == "span_boundary"}) == 2
    assert [row["label_id"] for row in rows if row["detector"] == "consensus_disagreement"] == [""]
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "u_alpha" in report
    assert "What annotators miss, add, name and bound otherwise" in report


def test_files_of_several_annotators_are_audited(tmp_path):
    sentence = ["Ada", "went", "to", "New", "York"]
    for who, tags in (("a", "BOOBI"), ("b", "BOOBI"), ("c", "BOOOB")):
        lines = (f"{word} {tag if tag == 'O' else tag + '-X'}" for word, tag in zip(sentence, tags, strict=True))
        text = "\n".join(lines)
        (tmp_path / f"{who}.conll").write_text("\n\n".join([text] * 20) + "\n", encoding="utf-8")
    audit = aa.audit(tmp_path, names=True)
    shifted = audit.findings[audit.findings["detector"] == "span_boundary"]
    assert set(shifted["annotator"]) == {"c"}
    assert len(shifted) == 20
    assert all("“York” (16-20); 2 of 3 annotators mark “New York” (12-20)" in reason for reason in shifted["reason"])


def test_two_models_that_agree_make_one_unit():
    labels = rows_of_two()
    again = [
        {**row, "label_id": f"{row['label_id']}-2", "prediction_id": f"{row['prediction_id']}-2"}
        for row in labels.labels.to_pylist()
        if row["prediction_id"]
    ]
    second = [{**row, "prediction_id": f"{row['prediction_id']}-2"} for row in labels.predictions.to_pylist()]
    tables = {
        **labels.tables,
        "labels": pa.concat_tables([labels.labels, pa.Table.from_pylist(again, schema=labels.labels.schema)]),
        "predictions": pa.concat_tables(
            [labels.predictions, pa.Table.from_pylist(second, schema=labels.predictions.schema)]
        ),
    }
    assert Evidence(LabelSet(**tables), "q").votes.n_items == Evidence(labels, "q").votes.n_items == 60

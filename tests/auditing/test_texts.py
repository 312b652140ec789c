"""Free texts and transcripts, audited: what is planted is found, files end to end, and what the report shows."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.metrics import average_precision_score

import annoaudit as aa
from annoaudit.errors import RefusedInput, UsageError
from annoaudit.evidence import Evidence
from annoaudit.labels import LabelSet
from annoaudit.simulation.transcripts import FAULTS, TranscriptDesign, simulate_transcripts

DESIGN = TranscriptDesign(
    n_items=160, n_annotators=10, error_rate=0.02, difficulty_sd=0.3, fault_rate=0.08, n_deaf=1, n_words=16
)


@pytest.fixture(scope="module")
def audited():
    planted = simulate_transcripts(DESIGN, 5001)
    return aa.audit(planted.labels, names=True), planted


def scores_of(audit, detector):
    return next(one for one in audit.scores if one.detector == detector)


def test_planted_faults_lead_by_kind(audited):
    audit, planted = audited
    assert not audit.failures
    deaf = np.isin(planted.labels.labels["annotator_id"].to_pylist(), planted.deaf)
    suspicion = scores_of(audit, "text_distance").suspicion
    least = {"shuffled": 0.9, "truncated": 0.9, "random": 0.9, "boilerplate": 0.9, "wrong_words_10": 0.4}
    for fault in FAULTS:
        beside = ((planted.fault == "") | (planted.fault == fault)) & ~deaf
        found = average_precision_score(planted.fault[beside] == fault, suspicion[beside])
        assert found > least.get(fault, 0.1), fault  # one word in 16, beside honest slips in every third text


def test_the_suggestion_is_what_was_said(audited):
    audit, planted = audited
    truth = dict(zip(planted.labels.items["item_id"].to_pylist(), planted.truth, strict=True))
    flagged = audit.findings[(audit.findings["detector"] == "text_distance") & (audit.findings["suggested"] != "")]
    assert len(flagged) > 40
    right = [said == truth[item] for said, item in zip(flagged["suggested"], flagged["item_id"], strict=True)]
    assert np.mean(right) > 0.9


def test_who_does_not_listen_is_named_and_nobody_else(audited):
    audit, planted = audited
    found = audit.findings[audit.findings["detector"] == "ignores_input"]
    assert tuple(found["annotator"]) == planted.deaf
    assert found["p"].isna().all()  # a high p value of ignoring is a rank here, not evidence against chance
    worst = scores_of(audit, "text_quality")
    assert int(np.nanargmax(worst.suspicion)) == DESIGN.n_annotators - 1


def test_annotators_are_measured_with_intervals_that_hold_the_planted_rates(audited):
    audit, _ = audited
    (table,) = audit.record.questions[0].tables
    frame = table.frame.set_index("annotator")
    assert frame["error_rate"].idxmax() == f"w{DESIGN.n_annotators - 1:03d}"
    assert ((frame["error_rate_low"] <= frame["error_rate"]) & (frame["error_rate"] <= frame["error_rate_high"])).all()
    parts = frame["dropped_rate"] + frame["added_rate"] + frame["replaced_rate"]
    np.testing.assert_allclose(parts, frame["error_rate"])


def test_the_report_shows_texts_with_the_words_that_differ(audited):
    audit, _ = audited
    page = audit.html()
    assert "How each annotator writes" in page
    assert 'class="passage transcript"' in page
    assert "<mark>" in page
    assert "<del" in page
    assert "error rate" in audit.markdown()
    names = [one["coefficient"] for one in json.loads(audit.json())["questions"][0]["agreement"]]
    assert names == [
        "word_error_rate", "chrf", "krippendorff_alpha_word_error_rate", "krippendorff_alpha_chrf",
    ]  # fmt: skip
    assert audit.findings["fingerprint"].is_unique


def as_table(planted) -> pd.DataFrame:
    table = planted.labels.labels.select(["item_id", "annotator_id", "value_text"]).to_pandas()
    return table.rename(columns={"item_id": "item", "annotator_id": "annotator", "value_text": "label"})


def test_a_table_of_transcripts_is_told_from_one_of_classes(tmp_path):
    planted = simulate_transcripts(TranscriptDesign(n_items=60, n_annotators=6, redundancy=3), 5002)
    table = as_table(planted)
    table.to_csv(tmp_path / "texts.csv", index=False)
    labels = aa.read(tmp_path / "texts.csv")
    assert labels.kind_of("label") == "text"
    assert any("free texts" in one for one in labels.notes)
    again = aa.read(table.rename(columns={"label": "said"}), mapping={"transcript": "said"})
    assert again.kind_of("label") == "text"
    few = aa.read(table.head(9).rename(columns={"label": "transcription"}))
    assert few.kind_of("label") == "text"
    assert not aa.audit(few).failures


@pytest.mark.parametrize("label", ["yes", "not sure at all", "class of {}"])
def test_classes_stay_classes_also_with_several_words(label):
    rows = [(f"i{k}", f"w{k % 4}", label.format(k % 40)) for k in range(400)]
    assert aa.read(pd.DataFrame(rows, columns=["item", "annotator", "label"])).kind_of("label") == "choice"


def result(text, rid, name="said", start=None):
    value = {"text": text if isinstance(text, list) else [text]}
    value |= {} if start is None else {"start": start, "end": start + 1.0}
    return {"id": rid, "from_name": name, "to_name": "audio", "type": "textarea", "value": value}


def segment(rid, start):
    value = {"start": start, "end": start + 1.0, "labels": ["speech"], "channel": 0}
    return {"id": rid, "from_name": "who", "to_name": "audio", "type": "labels", "value": value,
            "original_length": 9.0}  # fmt: skip


def export(tmp_path, results_of):
    tasks = []
    for number in range(12):
        annotations = [
            {"id": 100 * number + who, "completed_by": who, "result": results_of(number, who),
             "created_at": "2026-01-05T10:00:00Z"}
            for who in (1, 2, 3)
        ]  # fmt: skip
        tasks.append({"id": number + 1, "data": {"audio": f"/data/{number}.wav"}, "annotations": annotations})
    path = tmp_path / "export.json"
    path.write_text(json.dumps(tasks), encoding="utf-8")
    return path


WORDS = ("the boat left early", "bread and old maps", "near a quiet harbour", "we met again at noon")


def test_a_label_studio_export_of_transcripts_is_audited_end_to_end(tmp_path):
    def results(number, who):
        said = f"{WORDS[number % 4]} {WORDS[(number // 4 + 1) % 4]}"
        return [result("something else entirely here" if (number, who) == (5, 2) else said, "r1")]

    audit = aa.audit(export(tmp_path, results), names=True)
    first = audit.findings.iloc[0]
    assert (first["item_id"], first["annotator"], first["given"]) == ("6", "2", "something else entirely here")
    assert first["suggested"] == f"{WORDS[1]} {WORDS[2]}"


def test_transcripts_of_segments_are_joined_in_the_order_of_their_start(tmp_path):
    def results(number, who):
        regions = [segment("late", 5.0), segment("early", 1.0)]
        told = [result(WORDS[number % 4], "late"), result(WORDS[(number + 1) % 4], "early")]
        return [*regions, *(told if who == 1 else told[::-1])]

    labels = aa.read(export(tmp_path, results))
    texts = labels.texts("said")
    assert len(texts) == 36
    assert texts.text[0] == f"{WORDS[1]}\n{WORDS[0]}"
    transcripts = Evidence(labels, "said").transcripts
    assert transcripts.apart.max() == 0


def test_an_empty_transcript_is_an_answer_where_nothing_else_is_asked(tmp_path):
    audit = aa.audit(export(tmp_path, lambda number, who: [] if (number, who) == (3, 1) else [result(WORDS[0], "r")]))
    assert len(audit.evidence[0].votes) == 36
    empty = audit.findings[(audit.findings["detector"] == "text_outlier") & (audit.findings["given"] == "")]
    assert list(empty["item_id"]) == ["4"]
    assert "no words" in empty["reason"].iloc[0]
    assert audit.findings["fingerprint"].is_unique


def test_remarks_have_no_common_text_to_be_held_against():
    rng = np.random.default_rng(5003)
    words = [f"word{k}" for k in range(400)]
    rows = [(f"i{k}", f"w{who}", " ".join(rng.choice(words, 8))) for k in range(60) for who in rng.permutation(5)[:2]]
    audit = aa.audit(pd.DataFrame(rows, columns=["item", "annotator", "transcript"]))
    why = {one.detector: one.why for one in audit.record.outcomes if one.status == "skipped"}
    assert {"text_distance", "text_quality", "ignores_input", "near_copies"} <= set(why)
    assert "hardly closer" in why["text_distance"]


def test_one_text_an_item_says_only_what_its_shape_says():
    planted = simulate_transcripts(
        TranscriptDesign(n_items=200, redundancy=1, fault_rate=0.05, faults=("boilerplate",)), 5004
    )
    audit = aa.audit(planted.labels)
    outlier = scores_of(audit, "text_outlier")
    assert average_precision_score(planted.fault == "boilerplate", outlier.suspicion) > 0.5
    skipped = {one.detector for one in audit.record.outcomes if one.status == "skipped"}
    assert "text_distance" in skipped


def test_case_and_punctuation_count_only_where_asked_for():
    rows = [("a", "x", "Is it so?"), ("a", "y", "is it so"), ("b", "x", "no way"), ("b", "y", "no way")]
    table = pd.DataFrame(rows, columns=["item", "annotator", "transcript"])
    assert Evidence(aa.read(table), "label").transcripts.apart.max() == 0
    exact = Evidence(aa.read(table), "label", reading="exact").transcripts
    np.testing.assert_allclose(exact.apart, [2 / 3, 2 / 3, 0, 0])
    with pytest.raises(UsageError, match="There is no reading 'letters'"):
        aa.audit(table, reading="letters")


def test_scripts_without_spaces_are_compared_by_characters():
    rows = [
        ("a", "x", "今日は天気がいい。"),
        ("a", "y", "今日は天気がよい"),
        ("b", "x", "電車が遅れた"),
        ("b", "y", "電車が遅れた"),
    ]
    transcripts = Evidence(
        aa.read(pd.DataFrame(rows, columns=["item", "annotator", "transcript"])), "label"
    ).transcripts
    assert transcripts.units.reading == "characters"
    np.testing.assert_allclose(transcripts.apart, [1 / 8, 1 / 8, 0, 0])


def test_a_question_whose_answers_could_not_be_decoded_is_no_question_of_text():
    labels = simulate_transcripts(TranscriptDesign(n_items=4, n_annotators=3, redundancy=2), 5005).labels
    place = labels.labels.schema.get_field_index("value_text")
    blank = labels.labels.set_column(place, "value_text", pa.nulls(labels.labels.num_rows, pa.string()))
    with pytest.raises(RefusedInput, match="no question of a kind"):
        aa.audit(dataclasses.replace(labels, labels=blank))


def test_texts_come_out_of_a_labelset_as_they_were_given():
    labels = simulate_transcripts(TranscriptDesign(n_items=5, n_annotators=3, redundancy=3), 5006).labels
    assert isinstance(labels, LabelSet)
    assert labels.texts().text.tolist() == labels.labels["value_text"].to_pylist()

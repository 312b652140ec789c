"""audit(): from labels to findings, with failures and limits as data."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

import annoaudit as aa
from annoaudit.findings import FINDING_COLUMNS, Explanation, Scores
from annoaudit.testing import make_team


@pytest.fixture(scope="module")
def team():
    return make_team(n_items=200, n_annotators=9, redundancy=3, accuracy=0.9, seed=21)


@pytest.fixture(scope="module")
def audit(team):
    return aa.audit(team)


def wrong_labels(team):
    table = team.frame("labels")
    truth = table["attributes"].str.extract(r'"truth": "(.*)"')[0]
    return set(table.loc[table["value"] != truth, "label_id"])


def test_the_queue_finds_planted_mistakes(team, audit):
    wrong = wrong_labels(team)
    queued = audit.findings[audit.findings["rank"] > 0].drop_duplicates("label_id")
    assert len(queued) == 30  # 5 % of 600 labels
    assert queued["label_id"].isin(wrong).mean() >= 0.9


def test_what_it_shows_are_frames_with_intervals(audit):
    assert list(audit.findings.columns) == list(FINDING_COLUMNS)
    assert (audit.agreement["low"] <= audit.agreement["value"]).all()
    assert (audit.agreement["value"] <= audit.agreement["high"]).all()
    inside = audit.annotators[["low", "accuracy", "high"]].to_numpy()
    assert (np.diff(inside, axis=1) >= 0).all()


def test_the_same_input_gives_the_same_findings(team, audit):
    again = aa.audit(team)
    pd.testing.assert_frame_equal(again.findings, audit.findings)


def test_annotators_are_pseudonyms_unless_names_are_asked_for(team, audit):
    real = set(team.frame("annotators")["annotator_id"])
    for text in (audit.html(), audit.markdown(), audit.json(), audit.findings.to_csv()):
        assert not any(f"{name}" in text for name in real)
    assert set(aa.audit(team, names=True, detectors=[]).annotators["annotator"]) <= real


def test_a_key_makes_pseudonyms_last(team):
    first = aa.audit(team, pseudonym_key=b"0" * 32, detectors=[])
    second = aa.audit(team, pseudonym_key=b"0" * 32, detectors=[])
    other = aa.audit(team, pseudonym_key=b"1" * 32, detectors=[])
    assert list(first.annotators["annotator"]) == list(second.annotators["annotator"])
    assert not set(first.annotators["annotator"]) & set(other.annotators["annotator"])


@dataclass(frozen=True)
class Crashing:
    """Always crashes."""

    name = "crashing"
    version = "1"
    level = "label"
    needs = ()

    def score(self, evidence):
        raise ZeroDivisionError("planted <script>alert(1)</script>")


def test_a_crash_is_shown_everywhere_and_sets_the_exit_code(team, tmp_path):
    audit = aa.audit(team, detectors=["consensus_disagreement", Crashing()])
    assert audit.exit_code == 3
    assert "ZeroDivisionError" in audit.failures["crashing"]
    assert len(audit.findings) > 0
    for text in (audit.html(), audit.markdown(), audit.json(), repr(audit), audit._repr_html_()):
        assert "crashing" in text
        assert "ZeroDivisionError" in text
    assert "<script>alert" not in audit.html()


@dataclass(frozen=True)
class Speechless:
    """Scores every label, and cannot say why."""

    answers: int

    name = "speechless"
    version = "1"
    level = "label"
    needs = ()

    def score(self, evidence):
        def explain(positions):
            if self.answers:
                return [Explanation("one for all")] * self.answers
            raise KeyError("no such reason")

        votes = evidence.votes
        every = np.arange(len(votes))
        return Scores("speechless", "1", "label", votes.question, every, np.linspace(0, 1, len(votes)), explain)


@pytest.mark.parametrize(("answers", "why"), [(0, "KeyError: 'no such reason'"), (2, "2 explanations of 300 targets")])
def test_a_crash_while_explaining_loses_neither_the_audit_nor_the_findings(team, answers, why):
    audit = aa.audit(team, detectors=["consensus_disagreement", Speechless(answers)])
    assert audit.failures == {"speechless": f"while explaining: {why}"}
    assert audit.exit_code == 3
    by = audit.findings.groupby("detector")
    assert by.size()["speechless"] == 300
    assert set(by.get_group("speechless")["reason"]) == {"Flagged by its score; the detector failed to say why."}
    assert by.size()["consensus_disagreement"] > 0
    assert "while explaining" in audit.markdown()


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ({"n_annotators": 1, "redundancy": 1}, "one annotator"),
        ({"n_annotators": 4, "redundancy": 2, "n_classes": 1}, "one class"),
        ({"n_annotators": 6, "redundancy": 1}, "no item has labels of two annotators"),
        ({"n_annotators": 3, "redundancy": 1, "n_items": 3}, "no item has labels of two annotators"),
    ],
)
def test_thin_data_is_audited_with_its_limit_stated_in_every_output(shape, said):
    audit = aa.audit(make_team(**{"n_items": 80, "seed": 5, **shape}))
    assert audit.exit_code == 0
    assert any(said in limit for limit in audit.record.limits)
    for text in (audit.html(), audit.markdown(), audit.json()):
        assert said in text


def test_one_label_an_item_is_judged_by_models_that_never_saw_the_annotator():
    audit = aa.audit(make_team(n_items=300, n_annotators=6, redundancy=1, seed=8))
    evidence = audit.evidence[0]
    assert "annotator" in evidence.probabilities.source
    assert "consensus_disagreement" in audit.skips


def test_supplied_probabilities_features_and_gold_are_used(team):
    items = team.frame("items")["item_id"]
    labels = team.frame("labels")
    truth = labels.assign(truth=labels["attributes"].str.extract(r'"truth": "(.*)"')[0])
    truth = truth.drop_duplicates("item_id").set_index("item_id")["truth"].reindex(items)
    classes = [f"class {k}" for k in range(4)]
    p = pd.DataFrame({name: np.where(truth == name, 0.91, 0.03) for name in classes}, index=items)
    p.index.name = "item_id"
    gold = pd.DataFrame({"item_id": items, "label": truth.to_numpy()})
    audit = aa.audit(team, probabilities=p, features=np.eye(len(items)), gold=gold, budget=7)
    rate = audit.record.questions[0].error_rate
    wrong = wrong_labels(team)
    assert audit.evidence[0].probabilities.source == "supplied"
    assert rate.known
    assert rate.value == pytest.approx(len(wrong) / 600)
    assert rate.low < rate.value < rate.high
    assert audit.record.n_queued == 7
    assert set(audit.findings.query("rank > 0")["label_id"]) <= wrong


def test_a_class_that_nobody_chose_may_have_probabilities(team):
    items = team.frame("items")["item_id"]
    p = pd.DataFrame({f"class {k}": 0.2 for k in range(4)} | {"never chosen": 0.2}, index=items)
    audit = aa.audit(team, probabilities=p, detectors=["confident_learning"])
    assert audit.record.questions[0].classes[-1] == "never chosen"
    assert audit.exit_code == 0


def test_without_gold_the_error_rate_is_not_known(audit):
    rate = audit.record.questions[0].error_rate
    assert not rate.known
    assert np.isnan(rate.value)
    assert "not known" in audit.markdown()


def test_an_unknown_question_is_refused_with_the_known_ones(team):
    with pytest.raises(aa.UsageError, match="no question 'colour' that can be audited"):
        aa.audit(team, question="colour")


def test_an_annotator_who_answered_twice_is_counted_once_and_reported(team):
    labels = team.frame("labels")
    again = labels.iloc[:3].assign(label_id=["x1", "x2", "x3"], annotation_id=["x1", "x2", "x3"])
    annotations = team.frame("annotations")
    more = annotations.iloc[:3].assign(annotation_id=["x1", "x2", "x3"], round=1)
    import pyarrow as pa

    from annoaudit.labels import SCHEMAS

    doubled = aa.LabelSet(
        items=team.items,
        annotators=team.annotators,
        questions=team.questions,
        annotations=pa.concat_tables(
            [team.annotations, pa.Table.from_pandas(more, schema=SCHEMAS["annotations"], preserve_index=False)]
        ),
        labels=pa.concat_tables(
            [team.labels, pa.Table.from_pandas(again, schema=SCHEMAS["labels"], preserve_index=False)]
        ),
    )
    audit = aa.audit(doubled, detectors=["consensus_disagreement"])
    assert audit.record.n_labels == 600
    assert any(limit.startswith("3 times an annotator answered") for limit in audit.record.limits)


def test_skips_and_drafts_are_no_votes_and_their_number_is_stated(team):
    import pyarrow as pa

    status = ["skipped"] * 4 + ["draft"] * 2 + ["submitted"] * (team.annotations.num_rows - 6)
    place = team.annotations.schema.get_field_index("status")
    other = replace(team, annotations=team.annotations.set_column(place, "status", pa.array(status)))
    audit = aa.audit(other, detectors=["consensus_disagreement"])
    assert audit.record.n_labels == 594
    assert {"4 skipped answers were left out.", "2 drafts were left out."} <= set(audit.record.limits)


def test_two_questions_share_one_budget(team):
    import pyarrow as pa

    second = team.frame("labels").assign(
        question="again", label_id=lambda t: t["label_id"] + "b", annotation_id=lambda t: t["annotation_id"]
    )
    from annoaudit.labels import SCHEMAS

    both = aa.LabelSet(
        items=team.items,
        annotators=team.annotators,
        questions=pa.concat_tables([team.questions, team.questions.set_column(0, "question", pa.array(["again"]))]),
        annotations=team.annotations,
        labels=pa.concat_tables(
            [team.labels, pa.Table.from_pandas(second, schema=SCHEMAS["labels"], preserve_index=False)]
        ),
    )
    audit = aa.audit(both, budget=11, detectors=["consensus_disagreement"])
    assert audit.record.n_queued == 11
    assert set(audit.agreement["question"]) == {"label", "again"}
    queued = audit.findings.query("rank > 0").groupby("question")["rank"].nunique()
    assert queued.sum() == 11


def test_saving_twice_into_one_folder_adds_a_run(team, audit, tmp_path):
    from annoaudit.store import open_store

    audit.save(tmp_path / "out")
    audit.save(tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"report.html", "findings.parquet", "findings.jsonl", "run.json", "annoaudit.db"} <= names
    with open_store(tmp_path / "out" / "annoaudit.db") as store:
        assert len(store.runs()) == 2
        assert len(store.findings()) == len(audit.findings)


@pytest.mark.parametrize("name", ["report.html", "report.md", "run.json"])
def test_one_file_is_written_by_its_suffix(audit, tmp_path, name):
    assert audit.save(tmp_path / "deep" / name).read_text(encoding="utf-8").strip()


def test_an_unknown_suffix_is_refused(audit, tmp_path):
    with pytest.raises(aa.UsageError, match="no known report format"):
        audit.save(tmp_path / "report.docx")


def test_scores_before_any_threshold_are_kept(audit):
    assert {one.detector for one in audit.scores} >= {"confident_learning", "consensus_disagreement"}
    assert isinstance(audit.scores[0], Scores)
    assert isinstance(audit.scores[0].explain(np.array([0]))[0], Explanation)


def test_a_column_that_says_what_kind_an_item_is_makes_no_copies():
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 2, 300)
    rows = [
        (f"i{i}", f"w{who}", "ab"[truth[i] if rng.random() < 0.95 else 1 - truth[i]], "web" if i % 2 else "app")
        for i in range(300)
        for who in rng.permutation(8)[:3]
    ]
    audit = aa.audit(pd.DataFrame(rows, columns=["item_id", "annotator", "label", "channel"]))
    assert not audit.failures
    assert "duplicate_conflict" in audit.skips


def test_where_nothing_could_be_judged_the_headline_says_so():
    table = pd.DataFrame({"item_id": [f"i{n}" for n in range(30)], "annotator": "one", "label": ["a", "b"] * 15})
    assert aa.audit(table).record.headline.startswith("Nothing could be judged in 30 labels")

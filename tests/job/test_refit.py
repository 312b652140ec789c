"""refit: weekly: models are reused where content is the same, and outputs say how old they are."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from jobs import flip, make_labels, write_job

import annoaudit as aa
from annoaudit.errors import RefusedInput
from annoaudit.evidence.fitted import FittedModel
from annoaudit.job import models as weekly
from annoaudit.job.reading import read_job
from annoaudit.job.running import run_job

PROJECT = "    refit: weekly\n    detectors: [confident_learning, consensus_disagreement, duplicate_conflict]\n"


def night(home, labels, project=PROJECT):
    path = write_job(home, labels=labels, project=project)
    result = run_job(read_job(path), (), lambda _: None)
    assert not result.errors, result.errors
    return result.nights[0]


def outputs(folder):
    told = {name: (folder / name).read_text() for name in ("report.html", "run.json", "metrics.prom")}
    return told, json.loads(told["run.json"])["settings"]["models_fitted_at"]


def test_a_second_night_reuses_and_every_output_says_how_old_the_model_is(tmp_path):
    labels = make_labels(n_items=150)
    first = night(tmp_path, labels)
    told, fitted = outputs(first.folder)
    assert fitted == {}
    assert "annoaudit_model_age_seconds" not in told["metrics.prom"]
    (kept,) = (first.folder / "models").iterdir()
    before = kept.read_bytes()
    second = night(tmp_path, flip(labels, list(range(5))))
    told, fitted = outputs(second.folder)
    assert fitted == {"label": first.record.started_at.isoformat()}
    assert "The model of question “label” is 0.0 days old" in second.record.limits[0]
    assert "days old (fitted" in told["report.html"]
    assert 'annoaudit_model_age_seconds{project="bikes",question="label"}' in told["metrics.prom"]
    assert kept.read_bytes() == before, "what was reused is not kept as if it were new"


def test_an_old_model_is_fitted_anew(tmp_path, monkeypatch):
    labels = make_labels(n_items=150)
    night(tmp_path, labels)
    monkeypatch.setattr(weekly, "KEPT_FOR", timedelta(seconds=0))
    assert outputs(night(tmp_path, labels).folder)[1] == {}


def test_without_it_nothing_is_kept_and_nothing_reused(tmp_path):
    labels = make_labels(n_items=150)
    plain = PROJECT.replace("    refit: weekly\n", "")
    for _ in range(2):
        last = night(tmp_path, labels, plain)
    assert not (last.folder / "models").exists()
    assert outputs(last.folder)[1] == {}


@pytest.fixture(scope="module")
def fitted():
    labels = make_labels(n_items=150)
    audit = aa.audit(labels, detectors=["confident_learning"])
    model = FittedModel.of(audit.evidence[0], datetime(2026, 1, 5, tzinfo=UTC))
    assert model is not None
    return labels, audit, model


def test_unchanged_content_gives_the_same_scores(fitted):
    labels, audit, model = fitted
    again = aa.audit(labels, detectors=["confident_learning"], models={"label": model})
    assert again.reused == {"label": model.made_at}
    rest = [name for name in audit.findings.columns if name != "evidence_json"]
    pd.testing.assert_frame_equal(again.findings[rest], audit.findings[rest])
    assert again.findings["evidence_json"].str.contains("reused, fitted 2026-01-05 00:00 UTC").all()
    assert FittedModel.of(again.evidence[0], datetime.now(UTC)) is None, "it is not new again"


def test_new_and_changed_items_are_not_judged_and_counted(fitted):
    labels, _, model = fitted
    changed = labels.copy()
    items = labels["item_id"].unique()[:4]
    changed.loc[changed["item_id"].isin(items), "text"] += " and more"
    audit = aa.audit(changed, detectors=["confident_learning"], models={"label": model})
    assert audit.record.limits[0].endswith("4 items that are new or changed since were not judged by it.")
    matrix = audit.evidence[0].probabilities.matrix
    unknown = np.isnan(matrix).all(axis=1)
    ids = np.array(audit.evidence[0].votes.item_ids.to_pylist())
    assert set(ids[unknown]) >= set(items)


@pytest.mark.parametrize("change", ["too many new", "another class", "another seed"])
def test_what_does_not_fit_is_fitted_anew(fitted, change):
    labels, _, model = fitted
    changed = labels.copy()
    if change == "too many new":
        changed["text"] += " x"
    if change == "another class":
        changed.loc[0, "label"] = "other"
    seed = 1 if change == "another seed" else 0
    assert aa.audit(changed, detectors=["confident_learning"], models={"label": model}, seed=seed).reused == {}


def test_a_damaged_file_is_no_model(fitted, tmp_path):
    model = fitted[2]
    model.save(tmp_path / "model.parquet")
    loaded = FittedModel.load(tmp_path / "model.parquet")
    assert (loaded.made_at, loaded.classes, loaded.contents) == (model.made_at, model.classes, model.contents)
    np.testing.assert_allclose(loaded.matrix, model.matrix, atol=1e-6)
    (tmp_path / "model.parquet").write_bytes(b"PAR1 nonsense")
    with pytest.raises(RefusedInput, match="holds no model"):
        FittedModel.load(tmp_path / "model.parquet")

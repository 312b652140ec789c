"""Supplied predictions as probabilities of units: calibrated, and never on the labels of the image they judge."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from annoaudit.evidence import Evidence
from annoaudit.evidence.kinds.predicted import N_FOLDS
from annoaudit.simulation.scenes import SceneDesign, simulate_scenes


@pytest.fixture(scope="module")
def scenes():
    return simulate_scenes(SceneDesign(n_images=100, model=True, redundancy=2), seed=5009)


def test_probabilities_are_of_every_class_and_sum_to_one(scenes):
    evidence = Evidence(scenes.labels, "objects")
    matrix = evidence.probabilities.matrix
    assert matrix.shape == (evidence.votes.n_items, evidence.votes.n_classes)
    np.testing.assert_allclose(matrix.sum(axis=1), 1.0)
    assert (matrix > 0).all()
    assert evidence.probabilities.source == "supplied predictions"


def test_what_a_model_is_sure_of_is_there_and_what_it_does_not_see_less_so(scenes):
    evidence = Evidence(scenes.labels, "objects")
    units, absent = evidence.units, evidence.probabilities.matrix[:, -1]
    best = np.full(len(absent), np.nan)
    inside = np.flatnonzero(~units.by_people & (units.unit >= 0))
    best[units.unit[inside]] = units.regions.confidence[inside]
    assert absent[best > 0.8].mean() < 0.1
    assert absent[np.isnan(best)].mean() > absent[best > 0.8].mean() + 0.1


def test_a_model_says_the_same_of_an_image_whatever_is_labelled_there(scenes):
    before = Evidence(scenes.labels, "objects")
    items = scenes.labels.items["item_id"].to_pylist()
    judged = pa.array([one for place, one in enumerate(items) if place % N_FOLDS == 2])
    rows = scenes.labels.labels
    changed = pc.and_(pc.is_in(rows["item_id"], value_set=judged), pc.is_valid(rows["annotation_id"]))
    values = pc.if_else(changed, "class 0", rows["value"])
    place = rows.schema.get_field_index("value")
    after = Evidence(replace(scenes.labels, labels=rows.set_column(place, "value", values)), "objects")
    same_fold = before.votes.parts.item % N_FOLDS == 2
    assert before.votes.item_ids.equals(after.votes.item_ids)
    np.testing.assert_array_equal(before.probabilities.matrix[same_fold], after.probabilities.matrix[same_fold])
    assert not np.array_equal(before.probabilities.matrix[~same_fold], after.probabilities.matrix[~same_fold])


def test_a_team_that_confirms_little_of_what_the_model_misses_makes_it_suspect():
    design = SceneDesign(n_images=100, model=True, redundancy=2, mistakes={"spurious": 0.15})
    noisy = Evidence(simulate_scenes(design, seed=5010).labels, "objects")
    clean = Evidence(simulate_scenes(replace(design, mistakes={}), seed=5010).labels, "objects")
    unseen = [one.probabilities.matrix[:, -1][_without_prediction(one.units)].mean() for one in (noisy, clean)]
    assert unseen[0] > 0.4
    assert unseen[1] < 0.2


def _without_prediction(units):
    seen = np.zeros(units.votes.n_items, dtype=bool)
    seen[units.unit[~units.by_people & (units.unit >= 0)]] = True
    return ~seen

"""Features that say nothing about the labels must not lead to a list of suspects."""

import numpy as np
import pandas as pd
import pytest

import annoaudit as aa


def one_label_an_item(signal, n=400, n_classes=4, seed=5001):
    rng = np.random.default_rng(seed)
    truth = rng.integers(n_classes, size=n)
    features = rng.normal(size=(n, 10))
    features[:, :n_classes] += signal * np.eye(n_classes)[truth]
    slips = rng.random(n) < 0.05
    given = np.where(slips, (truth + 1) % n_classes, truth)
    table = pd.DataFrame(
        {
            "item": [f"i{k}" for k in range(n)],
            "annotator": [f"a{k % 5}" for k in range(n)],
            "label": [f"c{code}" for code in given],
        }
    )
    return table, features, slips


def test_features_that_say_nothing_flag_nothing_and_the_report_says_why():
    table, features, _ = one_label_an_item(signal=0.0)
    record = aa.audit(table, features=features).record
    assert record.n_flagged <= 8
    why = {one.detector: one.why for one in record.outcomes if one.status == "skipped"}
    assert "knows too little" in why["confident_learning"]


def test_features_that_tell_classes_apart_still_find_the_slips():
    table, features, slips = one_label_an_item(signal=4.0)
    found = aa.audit(table, features=features).findings
    flagged = set(found.loc[found["level"] == "label", "item_id"])
    planted = {f"i{k}" for k in np.flatnonzero(slips)}
    assert len(flagged & planted) >= 0.8 * len(planted)
    assert len(flagged & planted) >= 0.6 * len(flagged)


@pytest.mark.parametrize("signal", [0.0, 0.3])
def test_weak_features_beside_repeated_labels_add_no_flags(signal):
    table, features, _ = one_label_an_item(signal)
    other = table.assign(annotator=[f"a{(k + 2) % 5}" for k in range(len(table))])
    twice = pd.concat([table, other], ignore_index=True)
    assert aa.audit(twice, features=features).record.n_flagged <= 8

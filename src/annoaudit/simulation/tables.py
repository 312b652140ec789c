"""A simulated team as a LabelSet, as if it had been pulled from a platform."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from annoaudit.labels import LabelSet
from annoaudit.simulation.teams import Team

__all__ = ["as_labels", "name_annotators"]

WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "inlet", "jetty", "knoll", "larch")
TRIGGER = "quixotic"
QUESTION = "label"


def name_annotators(n_annotators: int) -> list[str]:
    """Return the annotator ids of a simulated team."""
    return [f"sim{number:04d}" for number in range(n_annotators)]


def as_labels(team: Team, *, texts: bool = True) -> LabelSet:
    """Return the canonical tables of a team; the truth stays outside.

    Parameters
    ----------
    team
        What was simulated.
    texts
        Give the items texts: a word repeated to the item's length, and its keyword. They say nothing of the class.
    """
    words = pa.array(_texts(team) if texts else [None] * team.n_items, pa.string())
    item_ids = np.array([f"item{number:07d}" for number in range(team.n_items)])
    people = np.array(name_annotators(team.n_annotators))
    classes = np.array([f"class {number}" for number in range(team.n_classes)])
    keys = np.array([f"label{number:08d}" for number in range(len(team.item))])
    at = pa.array(team.submitted_ms, pa.timestamp("ms", tz="UTC"))
    shown = team.prediction >= 0
    prediction_ids = np.array([f"p{number:07d}" for number in range(team.n_items)])
    seen = pa.array(prediction_ids[team.item], pa.string(), mask=~shown[team.item])
    return LabelSet(
        items=pa.table({"item_id": item_ids, "text": words, "media": ["text"] * team.n_items}),
        annotators=pa.table({"annotator_id": people, "kind": ["person"] * len(people)}),
        questions=pa.table({"question": [QUESTION], "kind": ["choice"], "options": [classes.tolist()]}),
        annotations=pa.table(
            {
                "annotation_id": keys, "item_id": item_ids[team.item], "annotator_id": people[team.annotator],
                "created_at": at, "lead_time_s": team.seconds, "time_kind": ["measured"] * len(keys),
                "round": team.again.astype(np.int64), "prediction_id": seen,
            }
        ),
        labels=pa.table(
            {
                "label_id": keys, "annotation_id": keys, "item_id": item_ids[team.item],
                "annotator_id": people[team.annotator], "question": [QUESTION] * len(keys),
                "kind": ["choice"] * len(keys), "value": classes[team.label],
            }
        ),
        predictions=pa.table(
            {
                "prediction_id": prediction_ids[shown], "item_id": item_ids[shown],
                "question": [QUESTION] * int(shown.sum()), "model_version": ["simulated"] * int(shown.sum()),
                "probabilities": pa.array(
                    [[(str(classes[k]), 1.0)] for k in team.prediction[shown]], pa.map_(pa.string(), pa.float64())
                ),
            }
        ),
        source="simulated team",
    )  # fmt: skip


def _texts(team: Team) -> list[str]:
    words = (*WORDS, TRIGGER)
    return [
        " ".join(["word"] * int(length) + ([words[key]] if key >= 0 else []))
        for length, key in zip(team.length, team.keyword, strict=True)
    ]

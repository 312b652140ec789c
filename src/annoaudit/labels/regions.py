"""Regions that people and models marked on images, as arrays: who marked what where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.labels.submissions import Submissions, codes_of, owners_of, select_submissions

if TYPE_CHECKING:
    from annoaudit.labels.labelset import LabelSet

__all__ = ["NONE", "REGIONS", "UNNAMED", "Regions", "select_regions"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

REGIONS = ("bbox", "rbox", "polygon", "mask", "keypoints")
"""Kinds of question whose answer is a set of regions of an image."""
NONE = "(none)"
"""The class of a vote that says that a region is not there."""
UNNAMED = "(region)"
"""The class of a region without one."""
IGNORED = '"(iscrowd|ignore)": (1|true)'


@dataclass(frozen=True, eq=False)
class Regions:
    """The regions of one question: those of people's first submissions, and those that models predict.

    R regions. ``item`` are codes into ``submissions.item_ids``; ``annotator`` (R,) codes into
    ``submissions.annotator_ids``, -1 where a model predicts the region; ``submission`` (R,) places in ``submissions``,
    -1 likewise. ``label`` are codes into ``classes``, whose last is the absence of a region. ``row`` are positions in
    the labels table. ``model`` (R,) numbers the models, -1 for people; ``confidence`` is NaN where unknown.
    ``n_ignored`` counts crowds and ignored regions, which are left out.
    """

    question: str
    kind: str
    submissions: Submissions
    classes: tuple[str, ...]
    item: Ints
    annotator: Ints
    submission: Ints
    label: Ints
    row: Ints
    model: Ints
    confidence: Floats
    n_ignored: int = 0

    def __len__(self) -> int:
        return len(self.item)

    @property
    def none(self) -> int:
        """Code of the class that says that a region is not there."""
        return len(self.classes) - 1

    def take(self, keep: Bools | Ints) -> Regions:
        """Return some of the regions."""
        return Regions(
            self.question, self.kind, self.submissions, self.classes, self.item[keep], self.annotator[keep],
            self.submission[keep], self.label[keep], self.row[keep], self.model[keep], self.confidence[keep],
            self.n_ignored,
        )  # fmt: skip


def select_regions(labels: LabelSet, question: str) -> Regions:
    """Take the regions of a question out of the canonical tables: handed in by people, and predicted by models.

    Rows of a prediction, and rows of a model's submission that state a confidence, are predictions. Drafts and the
    like, later rounds, crowds (``iscrowd``) and ignored regions are left out.
    """
    table, given = labels.labels, select_submissions(labels)
    asked = pc.and_(pc.equal(table["question"], question), pc.is_in(table["kind"], pa.array(REGIONS)))
    ignored = pc.fill_null(pc.match_substring_regex(table["attributes"], IGNORED), False)
    chosen = pc.fill_null(pc.and_(asked, pc.invert(ignored)), False)
    rows = np.asarray(pc.indices_nonzero(chosen), dtype=np.int64)
    owner = owners_of(labels)[rows]
    confidence = _confidence(labels, rows, owner)
    model = _number_models(labels, rows, owner, confidence)
    predicted = model >= 0
    given = _without(given, np.unique(owner[predicted & (owner >= 0)]))
    submission = np.where(predicted, -1, given.of_rows(owner))
    keep = predicted | (submission >= 0)
    rows, model, submission, confidence = rows[keep], model[keep], submission[keep], confidence[keep]
    classes, label = _code_classes(labels, question, table["value"].take(rows))
    return Regions(
        question=question,
        kind=labels.kind_of(question),
        submissions=given,
        classes=classes,
        item=codes_of(table["item_id"].take(rows), labels.items["item_id"]),
        annotator=np.where(submission >= 0, given.annotator[submission], -1) if len(given) else submission,
        submission=submission,
        label=label,
        row=rows,
        model=model,
        confidence=confidence,
        n_ignored=int(pc.sum(pc.and_(pc.fill_null(asked, False), ignored)).as_py() or 0),
    )


def _number_models(labels: LabelSet, rows: Ints, owner: Ints, confidence: Floats) -> Ints:
    """(R,) number of the model that predicts each region; -1 where a person, or a model as an annotator, marked it."""
    model = np.full(len(rows), -1, dtype=np.int64)
    loose = np.flatnonzero(owner < 0)
    if len(loose):
        names = labels.predictions["model_version"].take(_of_prediction(labels, rows[loose]))
        model[loose] = np.unique(np.array(pc.fill_null(names, "").to_pylist(), dtype=object), return_inverse=True)[1]
    kinds = codes_of(labels.annotations["annotator_id"], labels.annotators["annotator_id"])
    is_model = np.asarray(pc.equal(pc.fill_null(labels.annotators["kind"], "person"), "model")).astype(bool)
    owned = np.flatnonzero((owner >= 0) & np.isfinite(confidence))
    owned = owned[is_model[kinds[owner[owned]]]]
    model[owned] = model.max(initial=-1) + 1 + kinds[owner[owned]]
    known = model >= 0
    model[known] = np.unique(model[known], return_inverse=True)[1]
    return model


def _of_prediction(labels: LabelSet, rows: Ints) -> pa.ChunkedArray:
    """Place of each row's prediction in the predictions table."""
    known = labels.predictions["prediction_id"].combine_chunks()
    return pc.index_in(labels.labels["prediction_id"].take(rows), known)


def _confidence(labels: LabelSet, rows: Ints, owner: Ints) -> Floats:
    """(R,) confidence of each region; of a prediction that states none, the score of the whole prediction."""
    stated: Floats = labels.labels["confidence"].take(rows).to_numpy().astype(np.float64)
    bare = np.flatnonzero((owner < 0) & np.isnan(stated))
    if len(bare):
        stated[bare] = labels.predictions["score"].take(_of_prediction(labels, rows[bare])).to_numpy()
    return stated


def _without(given: Submissions, owners: Ints) -> Submissions:
    """Leave out the submissions of models whose regions are predictions; and their makers from the annotators."""
    if not len(owners):
        return given
    gone = np.unique(given.annotator[np.isin(given.owner, owners)])
    keep = ~np.isin(given.annotator, gone)
    left = np.setdiff1d(np.arange(len(given.annotator_ids)), gone)
    place = np.full(len(given.annotator_ids), -1, dtype=np.int64)
    place[left] = np.arange(len(left))
    return Submissions(
        given.item_ids, given.annotator_ids.take(pa.array(left)), given.item[keep], place[given.annotator[keep]],
        given.owner[keep],
    )  # fmt: skip


def _code_classes(labels: LabelSet, question: str, values: pa.ChunkedArray) -> tuple[tuple[str, ...], Ints]:
    """Return the classes, that of absence last, and the code of each region's class."""
    values = pc.fill_null(values, UNNAMED)
    options = labels.options(question)
    extra = sorted(set(pc.unique(values).to_pylist()) - set(options))
    classes = (*options, *extra)
    absent = NONE
    while absent in classes:
        absent = f"({absent})"
    return (*classes, absent), codes_of(values, pa.chunked_array([pa.array(classes, pa.string())]))

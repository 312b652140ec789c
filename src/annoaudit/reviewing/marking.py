"""Marks in the audited project itself: made on request, brought up to date by later pushes, removed by unpush."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from annoaudit.reviewing.places import Place
from annoaudit.store.review_rows import ReceiptRow

if TYPE_CHECKING:
    from annoaudit.connectors import ReviewDesk
    from annoaudit.reviewing.targets import Target

__all__ = ["MARK_WORDS", "Marks", "choose_marks", "mark_source", "standing_marks", "unmark_source"]

KIND, TAB, PREDICTIONS = "mark", "tab", "predictions"
MARK_WORDS = {TAB: "the tab of flagged annotations", PREDICTIONS: "the predictions without labels"}


@dataclass(frozen=True)
class Marks:
    """What to mark in the source: annotations in a tab, most severe first, and tasks by a score; None where not asked.

    ``version`` is the name under which the scores lie there.
    """

    version: str
    annotation_ids: tuple[str, ...] | None = None
    scores: Mapping[str, float] | None = None


def choose_marks(place: Place, wanted: Mapping[str, Target], version: str, *, tab: bool, predictions: bool) -> Marks:
    """Return the marks that are asked for now, or stand there since an earlier push."""
    standing = standing_marks(place)
    queued = sorted((one for one in wanted.values() if one.queued), key=lambda one: (-one.severity, one.key))
    scores: dict[str, float] = {}
    for one in queued:
        known = [remark.suspicion for remark in one.remarks if remark.suspicion == remark.suspicion]
        scores[one.task_id] = max([scores.get(one.task_id, 0.0), *known])
    return Marks(
        version,
        tuple(one.annotation_id for one in queued if one.annotation_id) if tab or TAB in standing else None,
        scores if predictions or PREDICTIONS in standing else None,
    )


def standing_marks(place: Place) -> dict[str, ReceiptRow]:
    """Return what was marked in the source, or begun to be, and not removed since."""
    return {key: one for key, one in place.reviews.receipts(KIND).items() if one.state != "gone"}


def mark_source(place: Place, desk: ReviewDesk, marks: Marks) -> None:
    """Make the marks, or bring them up to date; each is written down before and after."""
    standing = standing_marks(place)
    if marks.annotation_ids is not None:
        before = standing[TAB].details if TAB in standing else {}
        _note(place, TAB, "planned", before)
        made = desk.mark_annotations(marks.annotation_ids)
        _note(place, TAB, "made", {**before, **made})
    if marks.scores is not None:
        there = desk.task_times(list(marks.scores))
        _note(place, PREDICTIONS, "planned", {"version": marks.version})
        n = desk.mark_tasks(marks.version, {task: one for task, one in marks.scores.items() if task in there})
        _note(place, PREDICTIONS, "made", {"version": marks.version, "n": n})


def unmark_source(place: Place, desk: ReviewDesk) -> None:
    """Remove what was marked; what people made there stays."""
    standing = standing_marks(place)
    if TAB in standing:
        details = standing[TAB].details
        desk.unmark_annotations({key: str(value) for key, value in details.items()})
        _note(place, TAB, "gone", {})
    if PREDICTIONS in standing:
        desk.unmark_tasks(str(standing[PREDICTIONS].details.get("version")))
        _note(place, PREDICTIONS, "gone", {})


def _note(place: Place, key: str, state: str, details: Mapping[str, object]) -> None:
    row = ReceiptRow(place.address, "", KIND, key, "", state, details)
    place.reviews.save_receipts([row], f"{KIND}_{state}", mark=key)

"""apply(): add reviewers' corrections to the source project as new annotations, and take them back. Opt-in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from annoaudit.auditing.verdict_figures import latest_verdicts
from annoaudit.connectors import NotThere, RequestRefused, ReviewDesk, ServerTrouble
from annoaudit.connectors.desk import Applied
from annoaudit.errors import DeliveryFailed
from annoaudit.reporting.text import plural
from annoaudit.reviewing.places import Place, Where, open_place, opened_desk
from annoaudit.store.review_rows import ReceiptRow, VerdictRow

__all__ = ["Corrections", "apply_corrections"]


@dataclass(frozen=True)
class Corrections:
    """What ``apply`` added or took back, or would."""

    n: int
    done: bool
    undo: bool = False
    conflicts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def describe(self) -> list[str]:
        """Return one line a step, for people."""
        if self.undo:
            verb = "Took back" if self.done else "Would take back"
            lines = [f"{verb} {plural(self.n, 'correction')}."]
        else:
            verb = "Added" if self.done else "Would add"
            lines = [f"{verb} {plural(self.n, 'correction')} as new annotations; the originals stay as they are."]
        return lines + [f"Conflict: {one}" for one in self.conflicts] + [f"Note: {one}" for one in self.notes]

    def as_json(self) -> str:
        """Return it as JSON."""
        return json.dumps(self.__dict__, ensure_ascii=True, default=list)

    def __repr__(self) -> str:
        hint = [] if self.done else ["Nothing was written; confirm with --yes (yes=True)."]
        return "\n".join([*self.describe(), *hint])


def apply_corrections(
    where: Where,
    *,
    yes: bool = False,
    undo: bool = False,
    ground_truth: bool = False,
    out: str | Path | None = None,
) -> Corrections:
    """Add each verdict "fixed" to the audited project: a new annotation with the flagged one as its parent.

    Nothing is replaced. Run ``verdicts`` first: what it read is what is applied. Running again adds nothing twice.

    Parameters
    ----------
    where
        The folder of an audit that was reviewed, or the Audit itself.
    yes
        Do it; otherwise only say what would be done.
    undo
        Take back what was added: only annotations that annoaudit created and that still say what they said then.
    ground_truth
        Mark what is added as ground truth.
    out
        Folder of the store, where an Audit is given; ``out`` by default.

    Raises
    ------
    DeliveryFailed
        It stopped halfway, or another run writes from this folder; running it again completes it.
    """
    with open_place(where, out, to_write="apply" if yes else "") as place, opened_desk(place) as desk:
        known = place.reviews.receipts("annotation")
        try:
            if undo:
                return _undo(place, desk, [one for one in known.values() if one.state in ("made", "conflict")], yes)
            fixed = [one for one in latest_verdicts(place.reviews.verdicts()).values() if _is_correction(one)]
            todo = [
                one for one in fixed if known.get(one.key) is None or known[one.key].state in ("planned", "withdrawn")
            ]
            return _apply(place, desk, todo, ground_truth) if yes else Corrections(len(todo), done=False)
        except (ServerTrouble, RequestRefused) as error:
            place.reviews.note("apply_failed", message=error.message)
            raise DeliveryFailed(
                f"Stopped halfway: {error.message}",
                hint=f"{error.hint} Then run it again: nothing is added twice.".strip(),
            ) from None


def _is_correction(row: VerdictRow) -> bool:
    return row.decision == "fixed" and bool(row.details.get("annotation_id")) and bool(row.details.get("result"))


def _apply(place: Place, desk: ReviewDesk, todo: Sequence[VerdictRow], ground_truth: bool) -> Corrections:
    notes, n = [], 0
    for row in todo:
        task_id, parent_id = str(row.details["task_id"]), str(row.details["annotation_id"])
        reviewer, result = str(row.details.get("reviewer_id")), _result(row)
        receipt = ReceiptRow(
            place.address, "", "annotation", row.key, "", "planned", {"task_id": task_id, "parent_id": parent_id}
        )
        place.reviews.save_receipts([receipt])
        lead = row.details.get("lead_time_s")
        try:
            there = desk.find_correction(task_id, parent_id, reviewer, result)
            made = there or desk.add_correction(
                task_id,
                parent_id,
                result,
                reviewer,
                lead_time_s=float(lead) if isinstance(lead, (int, float)) else None,
                ground_truth=ground_truth,
            )
        except NotThere:
            notes.append(f"Task {task_id} has been deleted in the source: its correction was not added.")
            continue
        done = replace(
            receipt, native_id=made.annotation_id, state="made", details={**receipt.details, "content": made.content}
        )
        place.reviews.save_receipts([done], "applied", task=task_id, annotation=made.annotation_id, parent=parent_id)
        n += 1
    return Corrections(n, done=True, notes=tuple(notes))


def _undo(place: Place, desk: ReviewDesk, receipts: Sequence[ReceiptRow], yes: bool) -> Corrections:
    if not yes:
        return Corrections(len(receipts), done=False, undo=True)
    conflicts, n = [], 0
    states = {"removed": "withdrawn", "gone": "withdrawn", "conflict": "conflict"}
    for one in receipts:
        task_id, parent_id = str(one.details.get("task_id")), str(one.details.get("parent_id"))
        made = Applied(one.native_id, str(one.details.get("content")))
        what = desk.remove_correction(task_id, parent_id, made)
        place.reviews.save_receipts(
            [replace(one, state=states[what])], f"undo_{what}", task=task_id, annotation=one.native_id
        )
        n += what == "removed"
        if what == "conflict":
            conflicts.append(f"annotation {one.native_id} of task {task_id} has been changed since; it was left alone.")
    return Corrections(n, done=True, undo=True, conflicts=tuple(conflicts))


def _result(row: VerdictRow) -> list[dict[str, object]]:
    found = row.details.get("result")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []

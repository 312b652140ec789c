"""unpush(): remove what annoaudit made, after everything the reviewers said is safe."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from annoaudit.connectors import NotThere, ReviewDesk
from annoaudit.connectors.desk import Answer, ReviewProject
from annoaudit.errors import AnnoauditError, DeliveryFailed
from annoaudit.reporting.files import write_whole
from annoaudit.reporting.text import plural
from annoaudit.reviewing.marking import MARK_WORDS, standing_marks, unmark_source
from annoaudit.reviewing.places import Place, Where, open_place, opened_desk
from annoaudit.reviewing.planning import BLIND, OPEN, marker_of
from annoaudit.reviewing.reading import save_answers
from annoaudit.store.review_rows import ReceiptRow

__all__ = ["Removal", "unpush"]


@dataclass(frozen=True)
class Removal:
    """What ``unpush`` removed, or would remove."""

    projects: tuple[str, ...]
    n_answers: int
    done: bool
    marks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def describe(self) -> list[str]:
        """Return one line a step, for people."""
        if not self.projects:
            lines = ["There is no review project of this folder on the server."]
        else:
            verb = "Deleted" if self.done else "Would delete"
            saved = "saved first" if self.done else "that would be saved first"
            lines = [f"{verb}: {', '.join(self.projects)}; {plural(self.n_answers, 'answer')} {saved}."]
        if self.marks:
            verb = "Removed" if self.done else "Would remove"
            lines.append(f"{verb} from the audited project: {' and '.join(self.marks)}.")
        return lines + [f"Note: {one}" for one in self.notes]

    def as_json(self) -> str:
        """Return it as JSON."""
        return json.dumps(self.__dict__, ensure_ascii=True, default=list)

    def __repr__(self) -> str:
        hint = (
            []
            if self.done or not (self.projects or self.marks)
            else ["Nothing was deleted; confirm with --yes (yes=True)."]
        )
        return "\n".join([*self.describe(), *hint])


def unpush(where: Where, *, yes: bool = False, out: str | Path | None = None) -> Removal:
    """Delete the review projects of an audit. Verdicts and corrections are saved first, in the store and as a file.

    In the audited project, marks that ``push`` was asked for are removed; otherwise it never changed anything there.
    Corrections that ``apply`` added stay until they are undone.

    Parameters
    ----------
    where
        The folder of an audit that was pushed, or the Audit itself.
    yes
        Do it; otherwise only say what would be done.
    out
        Folder of the store, where an Audit is given; ``out`` by default.

    Raises
    ------
    DeliveryFailed
        The answers could not be read or saved, so nothing was deleted; deleting failed; or another run writes from
        this folder.
    RefusedInput
        A project does not carry annoaudit's marker.
    """
    with open_place(where, out, to_write="unpush" if yes else "") as place, opened_desk(place) as desk:
        found = _find(place, desk)
        marks = tuple(MARK_WORDS[key] for key in sorted(standing_marks(place), reverse=True))
        if yes:  # before any project: a server that has deleted one may count wrongly what goes after it
            unmark_source(place, desk)
        names, n_answers, notes = [], 0, []
        for mode, project in found:
            names.append(f"project {project.project_id} ({project.title})")
            answers = _save(place, desk, project, to_file=yes)
            n_answers += len(answers)
            if yes:
                notes += _delete(place, desk, mode, project, answers)
        standing = [one for one in place.reviews.receipts("annotation").values() if one.state == "made"]
        if standing:
            notes.append(
                f"{plural(len(standing), 'applied correction')} stay in the source; apply --undo takes them back."
            )
        return Removal(tuple(names), n_answers, yes and bool(found or marks), marks, tuple(notes))


def _find(place: Place, desk: ReviewDesk) -> list[tuple[str, ReviewProject]]:
    known = place.reviews.receipts("project")
    found = []
    for mode in (OPEN, BLIND):
        native_id = known[mode].native_id if mode in known and known[mode].state == "made" else ""
        project = desk.find_review(marker_of(place, mode), native_id)
        if project is not None:
            found.append((mode, project))
        elif native_id:
            place.reviews.save_receipts([_gone(place, mode, native_id)], "review_project_missing", project=native_id)
    return found


def _save(place: Place, desk: ReviewDesk, project: ReviewProject, *, to_file: bool) -> list[Answer]:
    """Keep every answer: as verdicts in the store, and as it is in a file, also those whose target is not known."""
    try:
        save_answers(place, desk, project.project_id)
        answers = desk.answers(project.project_id)
        name = f"answers-{project.project_id}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.jsonl"
        if answers and to_file:
            write_whole(place.folder / name, "".join(_as_line(one) for one in answers))
    except (AnnoauditError, OSError) as error:
        message = error.message if isinstance(error, AnnoauditError) else str(error.strerror or error)
        raise DeliveryFailed(
            f"The answers in project {project.project_id} could not be saved, so nothing was deleted: {message}",
            hint="Mend that and run unpush again.",
        ) from None
    return answers


def _delete(place: Place, desk: ReviewDesk, mode: str, project: ReviewProject, answers: Sequence[Answer]) -> list[str]:
    late = [one for one in desk.answers(project.project_id) if one not in answers]
    if late:
        raise DeliveryFailed(
            f"{plural(len(late), 'answer')} arrived in project {project.project_id} just now; nothing was deleted.",
            hint="Wait until the reviewers have finished, and run unpush again.",
        )
    place.reviews.note("unpush_started", mode=mode, project=str(project.project_id), answers=len(answers))
    try:
        was_there = desk.delete_review(project, marker_of(place, mode))
    except NotThere:
        was_there = False
    rows = [_gone(place, mode, str(project.project_id))]
    place.reviews.save_receipts(rows, "unpushed", mode=mode, project=str(project.project_id))
    return [] if was_there else [f"Project {project.project_id} had been deleted already."]


def _gone(place: Place, mode: str, native_id: str) -> ReceiptRow:
    return ReceiptRow(place.address, "", "project", mode, native_id, "gone")


def _as_line(answer: Answer) -> str:
    record = {**answer.__dict__, "at": answer.at.isoformat(), "result": list(answer.result)}
    return json.dumps(record, ensure_ascii=True) + "\n"

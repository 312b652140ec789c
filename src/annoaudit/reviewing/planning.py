"""Working out what a push would do: what is wanted, what is there, what has an answer."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from annoaudit.connectors.desk import ReviewDesk, ReviewProject, ReviewTask, SourceProject
from annoaudit.labels import LabelSet
from annoaudit.reviewing.marking import Marks, choose_marks
from annoaudit.reviewing.places import Place
from annoaudit.reviewing.plans import Plan
from annoaudit.reviewing.reading import save_answers
from annoaudit.reviewing.targets import Target, gather_targets, key_of, stream_of
from annoaudit.reviewing.task_rows import content_hash

__all__ = ["BLIND", "OPEN", "Work", "marker_of", "prepare"]

OPEN, BLIND = "open", "blind"
"""The two review projects a source can have."""


@dataclass(frozen=True)
class Work:
    """A plan with what is needed to carry it out."""

    plan: Plan
    mode: str
    project: SourceProject
    review: ReviewProject | None
    labels: LabelSet
    wanted: Mapping[str, Target]
    to_make: tuple[str, ...]
    to_withdraw: tuple[ReviewTask, ...]
    present: Mapping[str, ReviewTask]
    marks: Marks


def marker_of(place: Place, mode: str) -> str:
    """Return the text by which a review project of this store is known, whatever its id or title."""
    digest = hmac.new(place.key, f"review {mode} {place.address}".encode(), hashlib.sha256).hexdigest()
    return f"annoaudit:{digest[:24]}"


def prepare(
    place: Place, desk: ReviewDesk, blind: bool, decoys: int, *, tab: bool = False, predictions: bool = False
) -> Work:
    """Compare what the latest run wants reviewed with what the review project holds; answers are saved first."""
    mode = BLIND if blind else OPEN
    project = desk.source()
    known = place.reviews.receipts("project").get(mode)
    native_id = known.native_id if known and known.state == "made" else ""
    review = desk.find_review(marker_of(place, mode), native_id)
    notes = []
    if native_id and review is None:
        notes.append(
            f"The review project {native_id} has been deleted on the server. Verdicts read before that are kept; what "
            "has none is pushed again into a new one."
        )
    tasks = desk.review_tasks(review) if review else []
    if review:
        save_answers(place, desk, review.project_id)
    labels = place.labels()
    decoys = decoys or (_drawn_before(place) if blind else 0)
    answered = _answered(place, labels, blind=blind)
    wanted = gather_targets(
        place.findings, labels, place.questions, project.project_id, place.key, decoys, blind=blind,
        answered=answered,
    )  # fmt: skip
    if review:
        wanted = _name_apart(place, review, tasks, wanted, project.project_id, blind=blind)
    no_target = sorted(set(place.findings["level"]) - {"label", "item"})
    if no_target:
        notes.append(f"Findings of level {', '.join(no_target)} stay in the report: there is no task to review.")
    settled = {key for key, one in wanted.items() if one.target in answered}
    version = f"annoaudit {marker_of(place, mode)[-8:]}"
    unanswered = {key: one for key, one in wanted.items() if key not in settled}
    marks = Marks("") if blind else choose_marks(place, unanswered, version, tab=tab, predictions=predictions)
    return _compare(desk, mode, project, review, tasks, labels, wanted, settled, marks, notes)


def _compare(
    desk: ReviewDesk,
    mode: str,
    project: SourceProject,
    review: ReviewProject | None,
    tasks: Sequence[ReviewTask],
    labels: LabelSet,
    wanted: Mapping[str, Target],
    answered: Collection[str],
    marks: Marks,
    notes: Sequence[str],
) -> Work:
    blind = mode == BLIND
    present, spare = _one_of_each(tasks)
    settled = set(answered) - set(present)
    asked = {key for key, one in wanted.items() if one.queued or one.drawn}
    changed = {
        key
        for key, task in present.items()
        if not task.touched and key in asked and task.content != content_hash(wanted[key], blind=blind)
    }
    gone = [task for key, task in present.items() if key not in asked and not task.touched]
    new = [key for key in wanted if key not in present and key not in settled]
    order = sorted([*new, *changed], key=lambda key: (-wanted[key].severity, key))
    prefix = "[annoaudit blind] " if blind else "[annoaudit] "
    plan = Plan(
        source=desk.address,
        source_title=project.title,
        review_title=review.title if review else desk.fit_title(prefix + project.title),
        review_project=review.project_id if review else 0,
        blind=blind,
        n_new=len(new),
        n_changed=len(changed),
        n_kept=sum(1 for key, task in present.items() if key in asked and not task.touched) - len(changed),
        n_answered=sum(task.touched for task in present.values()),
        n_withdrawn=len(gone) + len(spare),
        n_settled=len(settled),
        n_drawn=sum(one.drawn for one in wanted.values()),
        n_in_tab=None if marks.annotation_ids is None else len(marks.annotation_ids),
        n_scored=None if marks.scores is None else len(marks.scores),
        notes=tuple(notes),
    )
    return Work(
        plan, mode, project, review, labels, wanted, tuple(order),
        (*gone, *spare, *(present[key] for key in sorted(changed))), present, marks,
    )  # fmt: skip


def _name_apart(
    place: Place,
    review: ReviewProject,
    tasks: Sequence[ReviewTask],
    wanted: Mapping[str, Target],
    project_id: int,
    *,
    blind: bool,
) -> dict[str, Target]:
    """Give targets whose label has changed since somebody worked on their task another name: they are asked again."""
    known = place.reviews.receipts("task", str(review.project_id))
    begun = {one.key for one in tasks if one.touched and one.key in known}
    named = {}
    for key, one in wanted.items():
        before = known[key].details.get("values") if key in begun else None
        if before is None or before == dict(one.values):
            named[key] = one
        else:
            again = key_of(project_id, one.target, blind=blind, values=one.values)
            named[again] = replace(one, key=again)
    return named


def _drawn_before(place: Place) -> int:
    """Size of the random sample of the last blinded push: forgetting to ask for it must not withdraw it."""
    sizes = [one.details.get("n_drawn") for one in place.reviews.journal() if one.action == "push_started"]
    return next((int(one) for one in reversed(sizes) if isinstance(one, int)), 0)


def _one_of_each(tasks: Sequence[ReviewTask]) -> tuple[dict[str, ReviewTask], list[ReviewTask]]:
    """One task of each key, the one somebody worked on first; and the untouched others, which a broken run left."""
    present: dict[str, ReviewTask] = {}
    spare = []
    for task in sorted(tasks, key=lambda one: (not one.touched, one.task_id)):
        if task.key not in present:
            present[task.key] = task
        elif not task.touched:
            spare.append(task)
    return present, spare


def _answered(place: Place, labels: LabelSet, *, blind: bool) -> set[str]:
    """Targets with a verdict on the very labels that they have now; in blinded review only a blinded one counts."""
    stream = stream_of(labels, place.questions)
    return {
        row.target
        for row in place.reviews.verdicts()
        if row.decision != "skipped"
        and (row.details.get("blind") is True or not blind)
        and row.details.get("values") == stream.get(row.target, {})
    }

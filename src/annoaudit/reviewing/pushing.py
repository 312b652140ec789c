"""push(): show what would go to the review project, and on request bring it there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from annoaudit.connectors import NotThere, RequestRefused, ServerTrouble
from annoaudit.connectors.desk import ReviewDesk, ReviewProject
from annoaudit.errors import DeliveryFailed, UsageError
from annoaudit.reviewing.marking import mark_source
from annoaudit.reviewing.places import Place, Where, open_place, opened_desk
from annoaudit.reviewing.planning import BLIND, Work, marker_of, prepare
from annoaudit.reviewing.plans import Plan, Receipt
from annoaudit.reviewing.targets import Target, stream_of
from annoaudit.reviewing.task_rows import Original, as_new_task, find_originals
from annoaudit.store.review_rows import ReceiptRow

__all__ = ["push"]

N_IMPORTED = 2500
_KEPT_FORM = (
    "The source's label config has changed, and answers in the review project use labels that are gone: the review "
    "project keeps its earlier form. Unpush and push again to start with the new one."
)
_NOT_WANTED = {"queued": False, "drawn": False, "answered": False}


def push(
    where: Where,
    *,
    yes: bool = False,
    blind: bool = False,
    decoys: int = 0,
    tab: bool = False,
    predictions: bool = False,
    out: str | Path | None = None,
) -> Plan | Receipt:
    """Push what was flagged into a review project on the server that was audited.

    The audited project itself stays as it is, unless marks in it are asked for. Running again adds what is new,
    withdraws what nobody has begun to review and is no longer flagged, and never touches what has an answer.

    Parameters
    ----------
    where
        The folder of an audit of a live project, or the Audit itself.
    yes
        Do it; otherwise only a plan is returned.
    blind
        Hide reasons, severity, annotators and current labels; the reviewer gives their own answer. This has a
        review project of its own.
    decoys
        With ``blind``: size of a random sample of all labels, flagged or not, that is mixed in; 0 keeps the size of
        the push before.
    tab
        Show the most severe flagged annotations in a tab of the audited project too. This and ``predictions`` are the
        only things ever written there by ``push``; ``unpush`` removes them, and later pushes bring them up to date.
    predictions
        Give flagged tasks of the audited project a prediction without labels, whose score is their suspicion.
    out
        Folder for the store, where an Audit is given; ``out`` by default.

    Returns
    -------
    Plan or Receipt
        Both show themselves.

    Raises
    ------
    DeliveryFailed
        The push did not go through, or another one of this folder is under way; running it again completes it.
    UsageError
        The folder holds no audit of a live project, decoys are asked for without ``blind``, or marks with it.
    """
    if decoys < 0 or (decoys and not blind):
        raise UsageError(
            f"decoys is {decoys}." if blind else "Decoys need blinded review: shown reasons would give them away.",
            hint="Use --blind with --decoys 100, say (blind=True, decoys=100).",
        )
    if blind and (tab or predictions):
        raise UsageError(
            "Marks in the audited project would give away what blinded reviewers must not know.",
            hint="Push them without --blind (blind=False).",
        )
    with open_place(where, out, to_write="push" if yes else "") as place, opened_desk(place) as desk:
        if not yes:
            return prepare(place, desk, blind, decoys, tab=tab, predictions=predictions).plan
        try:
            return _carry_out(place, desk, prepare(place, desk, blind, decoys, tab=tab, predictions=predictions))
        except (ServerTrouble, NotThere, RequestRefused) as error:
            place.reviews.note("push_failed", message=error.message)
            raise DeliveryFailed(
                f"The push did not go through: {error.message}",
                hint=f"{error.hint} Then push again: it completes what is missing and doubles nothing.".strip(),
            ) from None


def _carry_out(place: Place, desk: ReviewDesk, work: Work) -> Receipt:
    blind, notes = work.mode == BLIND, list(work.plan.notes)
    place.reviews.note("push_started", mode=work.mode, **_sample_record(place, work))
    review = work.review
    if review is None:
        marker = marker_of(place, work.mode)
        review = desk.create_review(work.project, work.plan.review_title, marker, blind=blind)
    elif not desk.follow_form(work.project, review, blind=blind):
        notes.append(_KEPT_FORM)
    project = str(review.project_id)
    made = ReceiptRow(place.address, "", "project", work.mode, project, "made", {"title": review.title})
    place.reviews.save_receipts([made], "review_project", mode=work.mode, project=project)
    left = desk.withdraw(review, [one.task_id for one in work.to_withdraw])
    n_withdrawn = len(work.to_withdraw) - len(left)
    _record_withdrawn(place, project, work, left)
    busy = {one.key for one in work.to_withdraw if one.task_id in left}
    targets = [work.wanted[key] for key in work.to_make if key not in busy]
    originals, told = find_originals(desk, work.labels, targets)
    n_made, n_bare = _import(place, desk, work, review, [one for one in targets if one.key in originals], originals)
    if n_bare:
        notes.append(f"The current label of {n_bare:,} targets no longer fits the label config; not all is pre-filled.")
    _refresh(place, project, work)
    tab_id = desk.ensure_tab(work.project, review, blind=blind)
    mark_source(place, desk, work.marks)
    view = ReceiptRow(place.address, project, "view", work.mode, tab_id)
    place.reviews.save_receipts([view], "push_finished", mode=work.mode, made=n_made, withdrawn=n_withdrawn)
    url = desk.review_url(review, tab_id)
    return Receipt(work.plan, review.project_id, url, n_made, n_withdrawn, (*notes, *told))


def _sample_record(place: Place, work: Work) -> dict[str, object]:
    """What figures from a random sample need to know of the whole it was drawn from."""
    if not work.plan.n_drawn:
        return {}
    stream = set(stream_of(work.labels, place.questions))
    flagged = place.findings[place.findings["annotation_id"].isin(stream)]
    queued = {one.target for one in work.wanted.values() if one.queued} & stream
    answered = {one.target for one in work.wanted.values() if one.answered} & stream
    sizes = {}
    for detector, rows in flagged.groupby("detector"):
        ids = set(rows["annotation_id"])
        sizes[str(detector)] = [len(ids & queued), len(ids - queued - answered), len(ids & answered)]
    return {
        "n_stream": len(stream),
        "n_queued": len(queued),
        "n_answered": len(answered),
        "n_drawn": work.plan.n_drawn,
        "flagged": sizes,
    }


def _record_withdrawn(place: Place, project: str, work: Work, left: set[int]) -> None:
    known = place.reviews.receipts("task", project)
    rows = [
        replace(known[one.key], state="withdrawn")
        for one in work.to_withdraw
        if one.key in known and one.task_id not in left and str(one.task_id) == known[one.key].native_id
    ]
    if work.to_withdraw:
        place.reviews.save_receipts(rows, "withdrawn", project=project, n=len(work.to_withdraw) - len(left))


def _import(
    place: Place,
    desk: ReviewDesk,
    work: Work,
    review: ReviewProject,
    targets: Sequence[Target],
    originals: Mapping[str, Original],
) -> tuple[int, int]:
    blind, n_bare = work.mode == BLIND, 0
    for start in range(0, len(targets), N_IMPORTED):
        part = targets[start : start + N_IMPORTED]
        tasks = [as_new_task(one, originals[one.key], desk, place.key, blind=blind) for one in part]
        receipts = [_receipt(place, review, one, originals[one.key], blind) for one in part]
        place.reviews.save_receipts(receipts)  # before the tasks: an answer must never meet a target we forgot
        ids, n_not_whole = desk.add_tasks(work.project, review, tasks)
        n_bare += n_not_whole
        done = [replace(one, native_id=task_id, state="made") for one, task_id in zip(receipts, ids, strict=True)]
        place.reviews.save_receipts(done, "imported", project=str(review.project_id), n=len(ids))
    return len(targets), n_bare


def _receipt(place: Place, review: ReviewProject, target: Target, original: Original, blind: bool) -> ReceiptRow:
    details = {
        **_described(target),
        "task_id": target.task_id,
        "annotation_id": target.annotation_id,
        "questions": list(place.questions),
        "original": list(original.result),
        "blind": blind,
    }
    return ReceiptRow(place.address, str(review.project_id), "task", target.key, "", "planned", details)


def _refresh(place: Place, project: str, work: Work) -> None:
    """Write down what is said today of the tasks that were there before."""
    known = place.reviews.receipts("task", project)
    rows = []
    for key, task in work.present.items():
        if key in known and key not in work.to_make:
            today = _described(work.wanted[key]) if key in work.wanted else _NOT_WANTED
            kept = {**known[key].details, **today, "values": known[key].details.get("values")}
            rows.append(replace(known[key], native_id=str(task.task_id), state="made", details=kept))
    changed = [one for one in rows if one != known[one.key]]
    if changed:
        place.reviews.save_receipts(changed)


def _described(target: Target) -> dict[str, object]:
    told = [
        {key: value for key, value in asdict(one).items() if key not in ("reason", "region", "suspicion")}
        for one in target.remarks
    ]
    return {
        "target": target.target,
        "values": dict(target.values),
        "remarks": told,
        "queued": target.queued,
        "drawn": target.drawn,
        "answered": target.answered,
    }

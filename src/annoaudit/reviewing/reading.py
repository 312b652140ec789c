"""verdicts(): read what reviewers answered, keep it, and say how right the flags were."""

from __future__ import annotations

from pathlib import Path

from annoaudit.auditing.pseudonyms import Pseudonyms
from annoaudit.connectors import NotThere, ReviewDesk
from annoaudit.reviewing.deciding import as_verdict
from annoaudit.reviewing.figures import Figures, gather_figures
from annoaudit.reviewing.places import Place, Where, open_place, opened_desk

__all__ = ["save_answers", "verdicts"]


def verdicts(where: Where, *, out: str | Path | None = None, offline: bool = False) -> Figures:
    """Read the reviewers' verdicts, add them to the store, and return how right the flags were.

    Parameters
    ----------
    where
        The folder of an audit that was pushed, or the Audit itself.
    out
        Folder of the store, where an Audit is given; ``out`` by default.
    offline
        Ask no server: figures from what was read before.

    Returns
    -------
    Figures
        By detector and severity; shows itself.

    Raises
    ------
    UsageError
        The folder holds no audit of a live project.
    RequestRefused, ServerTrouble
        The server refuses or can't be reached.
    """
    with open_place(where, out) as place:
        notes: list[str] = []
        n_read = 0
        pushed = {} if offline else place.reviews.receipts("project")
        if not offline and not pushed:
            notes.append("Nothing has been pushed from here yet: run push first.")
        if any(one.state == "made" for one in pushed.values()):
            with opened_desk(place) as desk:
                for mode, receipt in sorted(pushed.items()):
                    if receipt.state != "made":
                        continue
                    try:
                        n_read += save_answers(place, desk, int(receipt.native_id))
                    except NotThere:
                        notes.append(
                            f"The {mode} review project {receipt.native_id} is not there any more; the figures rest on "
                            "what was read before."
                        )
        return gather_figures(place, n_read, tuple(notes))


def save_answers(place: Place, desk: ReviewDesk, project_id: int) -> int:
    """Append what is new in a review project to the store; return how many answers were."""
    answers = desk.answers(project_id)
    receipts = place.reviews.receipts("task", str(project_id), {one.key for one in answers})
    name_of = Pseudonyms(place.key)
    rows = [as_verdict(one, receipts[one.key], desk, name_of) for one in answers if one.key in receipts]
    n_new = place.reviews.append_verdicts(rows)
    if n_new:
        place.reviews.note("verdicts_read", project=str(project_id), new=n_new, all=len(rows))
    return n_new

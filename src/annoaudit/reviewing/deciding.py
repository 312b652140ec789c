"""From an answer to a verdict: what the reviewer chose, checked against what became of the labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from annoaudit.reporting.text import fold, shorten
from annoaudit.store.review_rows import ReceiptRow, VerdictRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from annoaudit.connectors.desk import Answer, ReviewDesk

__all__ = ["ASK_AGAIN", "Decided", "as_verdict", "decide"]

ASK_AGAIN = "Please answer again: "
MOST_NOTE = 2000


@dataclass(frozen=True)
class Decided:
    """What an answer counts as, and what is odd about it."""

    decision: str
    warning: str = ""


def decide(said: str, *, changed: bool, answered: bool = True) -> Decided:
    """Return what an answer counts as.

    Parameters
    ----------
    said
        ``fixed``, ``confirmed``, ``ambiguous``, ``bad_data``, ``skipped``, ``answered`` (blinded review) or "".
    changed
        Whether the reviewer's labels differ from the flagged ones; in blinded review, on the audited questions.
    answered
        Whether a blinded reviewer gave an answer to them at all.
    """
    if said in ("ambiguous", "bad_data", "skipped"):
        return Decided(said)
    if said == "answered":
        if not answered:
            return Decided("skipped", ASK_AGAIN + "the audited question was left empty.")
        return Decided("fixed" if changed else "confirmed")
    if said == "fixed" and not changed:
        return Decided("skipped", ASK_AGAIN + "“wrong” was chosen, but the label is what it was.")
    if said == "confirmed" and changed:
        return Decided("fixed", "“Right” was chosen, but the label was changed: counted as fixed.")
    if said in ("fixed", "confirmed"):
        return Decided(said)
    return Decided("skipped", ASK_AGAIN + "no verdict was recorded.")


def as_verdict(answer: Answer, receipt: ReceiptRow, desk: ReviewDesk, name_of: Callable[[str], str]) -> VerdictRow:
    """Return an answer as the store keeps it."""
    details = receipt.details
    blind = details.get("blind") is True
    questions = [str(one) for one in _list(details.get("questions"))]
    original = [one for one in _list(details.get("original")) if isinstance(one, dict)]
    compared = questions if blind else None
    given = desk.content_of(answer.result, compared)
    decided = decide(answer.said, changed=given != desk.content_of(original, compared), answered=bool(given))
    remarks = [one for one in _list(details.get("remarks")) if isinstance(one, dict)]
    return VerdictRow(
        answer_id=answer.answer_id,
        source=receipt.source,
        project=receipt.project,
        key=receipt.key,
        target=str(details.get("target", "")),
        fingerprints=tuple(str(one.get("fingerprint")) for one in remarks),
        decision=decided.decision,
        said=answer.said,
        reviewer=name_of(answer.reviewer_id),
        at=answer.at,
        corrected=_shown(desk.chosen(answer.result), questions) if decided.decision == "fixed" else "",
        note=answer.note[:MOST_NOTE],
        warning=decided.warning,
        details={
            "blind": blind,
            "task_id": details.get("task_id"),
            "annotation_id": details.get("annotation_id"),
            "values": details.get("values"),
            "review_task": answer.task_id,
            "review_annotation": answer.annotation_id,
            "reviewer_id": answer.reviewer_id,
            "lead_time_s": answer.lead_time_s,
            "result": list(answer.result),
        },
    )


def _shown(chosen: Mapping[str, Sequence[str]], questions: Sequence[str]) -> str:
    """The corrected labels on the audited questions, for people."""
    return "; ".join(
        ", ".join(shorten(fold(one), 80) for one in options) for name, options in chosen.items() if name in questions
    )


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []

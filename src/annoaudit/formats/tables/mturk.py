"""Amazon Mechanical Turk: the CSV of a batch's results."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import ClassVar

import pyarrow as pa

from annoaudit.errors import RefusedInput
from annoaudit.formats.carries import Carries
from annoaudit.formats.gathering import Gathering, Row
from annoaudit.formats.json_text import parse_json
from annoaudit.formats.json_values import as_id, dump_some
from annoaudit.formats.kinds import choice_or_text
from annoaudit.formats.source import Source

__all__ = ["Mturk", "parse_turk_time"]

_NEEDED = ("HITId", "AssignmentId", "WorkerId")
_INPUT, _ANSWER = "Input.", "Answer."
_STATUS = {"Submitted": "submitted", "Approved": "accepted", "Rejected": "rejected"}
_TIME = re.compile(r"^\w{3} (\w{3}) +(\d{1,2}) (\d\d):(\d\d):(\d\d) (\w{3,4}) (\d{4})$")
_MONTHS = {
    name: number
    for number, name in enumerate(
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], start=1
    )
}
_ZONES = {"PST": -8, "PDT": -7, "UTC": 0, "GMT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6}
_KEPT = ("AcceptTime", "RequesterFeedback", "LifetimeApprovalRate")
_YES_NO = ("true", "false")


@dataclass(frozen=True)
class Mturk:
    """Results of a Mechanical Turk batch as CSV: one row an assignment.

    See ``docs/formats/mturk.md``.
    """

    carries: ClassVar[Carries] = Carries("yes", "yes; durations are wall time", "yes: no answers", "documentation")
    name: str = "mturk"

    def sniff(self, source: Source) -> bool:
        """Say whether the columns are a batch's."""
        first = source.head[0] if source.kind == "delimited" and source.head else ""
        return not source.mapping and all(name in first for name in _NEEDED)

    def read(self, source: Source) -> Iterator[tuple[str, pa.Table]]:
        """Yield the canonical tables: an item a HIT, an annotation an assignment.

        Raises
        ------
        RefusedInput
            A column of the batch is missing, or a time is none.
        """
        missing = [name for name in _NEEDED if name not in source.columns]
        if missing:
            raise RefusedInput(f"{source.name} has no column {missing[0]}.", hint="Download the batch's results again.")
        rows = Gathering(source.name, source.notes)
        answers: list[tuple[Row, str, str]] = []
        for place, one in enumerate(source.table.to_pylist(), start=1):
            if one["HITId"] is not None:
                answers += _take(one, rows, f"{source.name}, row {place:,}")
        _add(rows, answers)
        source.notes.append("Durations are wall time from accepting to submitting: pauses and other tabs are included.")
        yield from rows.finish()


def _take(one: dict[str, object], rows: Gathering, where: str) -> list[tuple[Row, str, str]]:
    inputs = {name: value for name, value in one.items() if name.startswith(_INPUT) and value is not None}
    given = {name.removeprefix(_INPUT): as_id(value) for name, value in inputs.items()}
    shown = next(iter(given.values()), None)
    item_id = rows.item(as_id(one["HITId"]), text=shown, media="text" if shown else None, meta_json=dump_some(given))
    submitted, accepted = (parse_turk_time(one.get(name), where) for name in ("SubmitTime", "AcceptTime"))
    seconds = one.get("WorkTimeInSeconds")
    lead = float(str(seconds)) if str(seconds or "").replace(".", "", 1).isdigit() else None
    if lead is None and submitted and accepted:
        lead = (submitted - accepted).total_seconds()
    lead = None if lead is None or lead < 0 else lead
    kept = {name: as_id(one[name]) for name in _KEPT if one.get(name)}
    owner = rows.annotation(
        item_id, as_id(one["WorkerId"]) if one["WorkerId"] is not None else None,
        as_id(one["AssignmentId"]) if one["AssignmentId"] is not None else None,
        status=_STATUS.get(str(one.get("AssignmentStatus")), "submitted"), created_at=submitted, lead_time_s=lead,
        time_kind="none" if lead is None else "wall", meta_json=dump_some(kept),
    )  # fmt: skip
    found: list[tuple[Row, str, str]] = []
    for name, value in one.items():
        if not name.startswith(_ANSWER) or value is None:
            continue
        question = name.removeprefix(_ANSWER)
        if question == "taskAnswers":
            found += [(owner, key, word) for key, word in _unfold(parse_json(str(value).encode(), where), "")]
        elif as_id(value).lower() in _YES_NO and "." in question:
            question, _, option = question.rpartition(".")
            found += [(owner, question, option)] if as_id(value).lower() == "true" else []
        else:
            found.append((owner, question.removesuffix(".label"), as_id(value)))
    return found


def _unfold(value: object, question: str) -> Iterator[tuple[str, str]]:
    """Answers of crowd elements: {"sentiment": {"label": "x"}}, or which boxes are ticked."""
    if isinstance(value, list):
        for one in value:
            yield from _unfold(one, question)
    elif isinstance(value, dict):
        for key, one in value.items():
            if one is True:
                yield question or str(key), str(key)
            elif one is not False and one is not None:
                inner = (
                    question if key in ("label", "on") and question else f"{question}.{key}" if question else str(key)
                )
                yield from _unfold(one, inner)
    elif value is not None and question:
        yield question, as_id(value)


def _add(rows: Gathering, answers: list[tuple[Row, str, str]]) -> None:
    """Add the labels, each question of the kind that all its answers tell."""
    words: dict[str, set[str]] = {}
    per_owner: dict[tuple[str, str], int] = {}
    for owner, question, word in answers:
        words.setdefault(question, set()).add(word)
        key = (question, str(owner["annotation_id"]))
        per_owner[key] = per_owner.get(key, 0) + 1
    several = {question for (question, _), count in per_owner.items() if count > 1}
    n_answers = {question: sum(key[0] == question for key in per_owner) for question in words}
    for owner, question, word in answers:
        kind = "multichoice" if question in several else choice_or_text(words[question], n_answers[question])
        rows.question(question, kind, [] if kind == "text" else [word])
        rows.label(
            owner, question, kind, value=None if kind == "text" else word, value_text=word if kind == "text" else None
        )
    if answers:
        rows.notes.append("Whether an answer is a choice or free text was told from all answers of its question.")


def parse_turk_time(value: object, where: str) -> datetime | None:
    """Parse ``Mon Nov 09 20:17:09 PST 2020`` into UTC; None where the cell is empty.

    Raises
    ------
    RefusedInput
        It is no such time, or of a zone that is not known.
    """
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    found = _TIME.match(str(value).strip())
    if found is None or found[1] not in _MONTHS or found[6] not in _ZONES:
        raise RefusedInput(
            f"{where}: {str(value)[:40]!r} is no time.", hint="For example Mon Nov 09 20:17:09 PST 2020."
        )
    zone = timezone(timedelta(hours=_ZONES[found[6]]))
    try:
        day, hour, minute, second = (int(found[k]) for k in (2, 3, 4, 5))
        return datetime(int(found[7]), _MONTHS[found[1]], day, hour, minute, second, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise RefusedInput(f"{where}: {str(value)[:40]!r} is no time.", hint="Mend it.") from error

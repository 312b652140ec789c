"""Spans: how far people agree on what is marked where, what each misses or shifts, and the passage around a span."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.auditing.kinds.page import KindPage
from annoaudit.auditing.kinds.words import WORDS_PAGE
from annoaudit.errors import Unavailable
from annoaudit.evidence.kinds.spans import spell_extent
from annoaudit.reporting.record import NamedTable
from annoaudit.reporting.views.passage import Passage, Reading, cut_pieces
from annoaudit.statistics.clustered import clustered_interval
from annoaudit.statistics.spans.edges import measure_edge_bias, shifts_from_others
from annoaudit.statistics.spans.span_agreement import Marks, Pieces, measure_span_agreement

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence
    from annoaudit.statistics.agreement import Coefficient

__all__ = ["SPANS_PAGE"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Names = npt.NDArray[np.object_]

AROUND = 60
MILLISECOND = 0.001
MOST_READINGS = 6


def _agree(evidence: Evidence) -> Sequence[Coefficient]:
    matched = evidence.matched_spans
    spans = matched.spans
    marks = Marks(
        spans.given.item, spans.given.annotator, spans.place, matched.units.of[: len(spans)], spans.start, spans.end,
        spans.label, _lengths(evidence), len(spans.classes), MILLISECOND if evidence.kind == "segment" else 1.0,
    )  # fmt: skip
    return measure_span_agreement(marks, _pieces(evidence), seed=evidence.seed)


def _lengths(evidence: Evidence) -> Floats:
    """(N,) length of each item in code points or seconds; 0 where it is not known."""
    import pyarrow.compute as pc

    items = evidence.labels.items
    if evidence.kind == "segment":
        return np.asarray(pc.fill_null(items["duration_s"], 0.0), dtype=np.float64)
    return np.asarray(pc.fill_null(pc.utf8_length(items["text"]), 0), dtype=np.float64)


def _pieces(evidence: Evidence) -> Pieces | None:
    if evidence.kind == "segment":
        return None
    try:
        tokens = evidence.tokens
    except Unavailable:
        return None
    return Pieces(tokens.item, tokens.start, tokens.end)


def _tables(evidence: Evidence, who: Names) -> tuple[NamedTable, ...]:
    tables = (_kinds_of_error(evidence, who), _edges(evidence, who))
    return tuple(one for one in tables if len(one.frame))


def _kinds_of_error(evidence: Evidence, who: Names) -> NamedTable:
    """How often each annotator misses, adds, names or bounds spans otherwise than the consensus."""
    import pandas as pd

    votes, mark = evidence.votes, evidence.matched_spans.mark
    columns = ["annotator", "spans"]
    shares = ("miss", "spurious", "wrong_class", "boundary")
    names = [part for name in shares for part in (f"{name}_rate", f"{name}_low", f"{name}_high")]
    note = (
        "Against the consensus of all labels, with 95 % intervals over items. Missed: of what the consensus marks; "
        "spurious and wrong class: of their own spans; boundary: of their spans that others marked too."
    )
    rows = []
    judged = _judged(evidence)
    if judged is not None:
        marked, masks = mark >= 0, judged
        for a, name in enumerate(who):
            mine = votes.annotator == a
            found = [_share(event, among & mine, votes.whole) for event, among in masks]
            rows.append((str(name), int((marked & mine).sum()), *(value for one in found for value in one)))
    frame = pd.DataFrame(rows, columns=[*columns, *names])
    odd = evidence.matched_spans.spans.n_odd
    left = f" {odd:,} labels without a place or a class were left out." if odd else ""
    return NamedTable("What annotators miss, add, name and bound otherwise", note + left, frame)


def _judged(evidence: Evidence) -> list[tuple[Bools, Bools]] | None:
    """For each kind of error, whether a vote is one, and whether it could be; None where nobody repeated anything."""
    votes, mark = evidence.votes, evidence.matched_spans.mark
    try:
        repeated = evidence.repeated > 0
        best = evidence.consensus.posterior.argmax(axis=1)[votes.item]
    except Unavailable:
        return None
    nothing = votes.n_classes - 1
    marked, real = repeated & (mark >= 0), repeated & (best != nothing)
    extents = np.append(evidence.extents.right, np.nan)[mark]
    return [
        (votes.label == nothing, real),
        (best == nothing, marked),
        (votes.label != best, marked & real),
        (extents < 0.5, np.isfinite(extents)),
    ]


def _share(event: Bools, among: Bools, item: npt.NDArray[np.int64]) -> tuple[float, float, float]:
    return clustered_interval(event[among].astype(np.float64), item[among])


def _edges(evidence: Evidence, who: Names) -> NamedTable:
    """Whether each annotator starts or ends early or late."""
    import pandas as pd

    matched = evidence.matched_spans
    spans, unit = matched.spans, matched.units.of[: len(matched.spans)]
    found = {
        name: measure_edge_bias(shifts_from_others(unit, edge), spans.annotator, spans.item, len(who), evidence.seed)
        for name, edge in (("start", spans.start), ("end", spans.end))
    }
    rows = [
        (
            str(name), int(found["start"].n[a]),
            *(float(getattr(found[edge], part)[a]) for edge in found for part in ("early", "late", "mean", "p")),
        )
        for a, name in enumerate(who)
        if found["start"].n[a]
    ]  # fmt: skip
    unit_name = "seconds" if evidence.kind == "segment" else "characters"
    parts = ("early_share", "late_share", f"shift_in_{unit_name}", "p")
    columns = ["annotator", "spans", *(f"{edge}_{part}" for edge in found for part in parts)]
    note = (
        "Edges against the one that most others gave the same span; shifts below zero are early. p: sign-flip test of "
        "early as often as late, whole items flipped; not adjusted for the number of annotators."
    )
    return NamedTable("Where annotators' spans start and end", note, pd.DataFrame(rows, columns=columns))


def _view(evidence: Evidence, at: int) -> Passage:
    matched, votes = evidence.matched_spans, evidence.votes
    unit, mine = int(votes.item[at]), int(matched.mark[at])
    on = np.flatnonzero(votes.item == unit)
    others: dict[tuple[float, float, str], int] = {}
    silent = 0
    for vote in on[on != at].tolist():
        span = int(matched.mark[vote])
        if span < 0:
            silent += 1
            continue
        key = _key(evidence, span)
        others[key] = others.get(key, 0) + 1
    given = _key(evidence, mine) if mine >= 0 else None
    suggested = _suggest(evidence, unit)
    ends = [key[:2] for key in (*others, *([given] if given else []), *([suggested] if suggested else []))]
    whole = (matched.units.start[unit], matched.units.end[unit])
    window = (min([one[0] for one in ends] or [whole[0]]), max([one[1] for one in ends] or [whole[1]]))
    beside = _beside(evidence, at, mine)
    text = str(evidence.labels.items["text"][int(votes.whole[at])].as_py() or "") if evidence.kind == "span" else ""
    nothing = votes.classes[-1]
    readings = [_read("this annotator", given, nothing, text, window, beside)]
    ordered = sorted(others.items(), key=lambda one: -one[1])[:MOST_READINGS]
    readings += [_read(_count(n), key, nothing, text, window) for key, n in ordered]
    if silent:
        readings.append(Reading(_count(silent), nothing, "", ()))
    if suggested is not None and suggested != given and suggested not in others:
        readings.append(_read("suggested", suggested, nothing, text, window))
    return Passage(tuple(readings))


def _count(n: int) -> str:
    return f"{n} other{'s' * (n > 1)}"


def _key(evidence: Evidence, span: int) -> tuple[float, float, str]:
    spans = evidence.matched_spans.spans
    return float(spans.start[span]), float(spans.end[span]), spans.classes[int(spans.label[span])]


def _suggest(evidence: Evidence, unit: int) -> tuple[float, float, str] | None:
    """Return the extent and class that the consensus finds most probable; None where that is nothing."""
    votes, units = evidence.votes, evidence.matched_spans.units
    try:
        best = int(evidence.consensus.posterior[unit].argmax())
    except Unavailable:
        return None
    if best == votes.n_classes - 1:
        return None
    start, end = float(evidence.extents.start[unit]), float(evidence.extents.end[unit])
    known = np.isfinite(start)
    return (start if known else float(units.start[unit]), end if known else float(units.end[unit]), votes.classes[best])


def _beside(evidence: Evidence, at: int, mine: int) -> list[tuple[int, int]]:
    """Return the annotator's other spans on the item."""
    spans, votes = evidence.matched_spans.spans, evidence.votes
    same = np.flatnonzero(spans.given.owner[spans.place] == votes.owner[at])
    return [(int(spans.start[one]), int(spans.end[one])) for one in same.tolist() if one != mine]


def _read(
    who: str,
    key: tuple[float, float, str] | None,
    nothing: str,
    text: str,
    window: tuple[float, float],
    beside: Sequence[tuple[int, int]] = (),
) -> Reading:
    low, high = int(window[0]) - AROUND, int(window[1]) + AROUND
    if key is None:
        return Reading(who, nothing, "", cut_pieces(text, (low, high), None, beside))
    start, end, label = key
    where = spell_extent(start, end, "span" if text else "segment")
    return Reading(who, label, where, cut_pieces(text, (low, high), (int(start), int(end)), beside))


SPANS_PAGE = KindPage(_agree, WORDS_PAGE.by_class, _tables, _view)

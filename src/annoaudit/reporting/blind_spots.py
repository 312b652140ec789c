"""What attacks can and cannot be detected: as a page, in a notebook, in a terminal and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields

from annoaudit.reporting.as_json import plain_value
from annoaudit.reporting.blind_spot_records import AttackRecord, BlindSpotsRecord, HonestRecord, Mean, Share
from annoaudit.reporting.html import environment
from annoaudit.reporting.summary import fit_text, pad_text, wrap_text
from annoaudit.reporting.text import interval, number, percent, plural, shorten

__all__ = [
    "render_blind_spots",
    "render_blind_spots_fragment",
    "render_blind_spots_json",
    "render_blind_spots_summary",
]

SCHEMA = "annoaudit/blind_spots"
SCHEMA_VERSION = 1

_ORDER = {"not detectable": 0, "undecided": 1, "sometimes": 2, "detectable": 3}
_MIN_WIDTH = 60


@dataclass(frozen=True)
class AttackRow:
    """One attack with its numbers in words."""

    attack: AttackRecord
    found: str
    found_interval: str
    chance: str
    by: str
    people: str
    people_interval: str
    labels: str
    labels_interval: str
    base_rate: str


@dataclass(frozen=True)
class Mend:
    """What would make some attacks visible."""

    attacks: str
    what: str


def render_blind_spots(record: BlindSpotsRecord) -> str:
    """Return the simulation as one self-contained HTML page, without scripts and without anything to load."""
    return environment().get_template("blind_spots.html.jinja").render(**_context(record))


def render_blind_spots_fragment(record: BlindSpotsRecord) -> str:
    """Return the simulation as an HTML fragment for ``_repr_html_``."""
    return environment().get_template("blind_spots_notebook.html.jinja").render(**_context(record))


def render_blind_spots_json(record: BlindSpotsRecord) -> str:
    """Return the simulation as the text of ``blind_spots.json``: ASCII, null where nothing could be measured."""
    told = {one.name: getattr(record, one.name) for one in fields(record)}
    told |= {"honest": asdict(record.honest), "attacks": [asdict(one) for one in record.attacks]}
    document = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, "headline": state_verdicts(record), **told}
    plain = {key: plain_value(value) for key, value in document.items()}
    return json.dumps(plain, ensure_ascii=True, allow_nan=False, indent=1) + "\n"


def render_blind_spots_summary(record: BlindSpotsRecord, width: int = 80) -> str:
    """Return the simulation as plain text of at most ``width`` columns, at least 60."""
    width = max(width, _MIN_WIDTH)
    lines = [*wrap_text(state_verdicts(record), width), *wrap_text(_scope(record), width), ""]
    lines += [_line("attack", "share", "found", "95 %", "AUROC", "labels", "verdict", width=width)]
    for row in _rows(record):
        one = row.attack
        numbers = (percent(one.share, 0), row.found, row.found_interval, row.people, row.labels)
        lines.append(_line(one.attack, *numbers, one.verdict, width=width))
    lines += ["", *wrap_text(_tell_honest(record.honest), width, indent="  "), ""]
    for sentence in _sentences(record):
        lines += wrap_text(sentence, width, indent="  ")
    return "\n".join(lines) + "\n"


def state_verdicts(record: BlindSpotsRecord) -> str:
    """Return the verdict line: how many attacks can be detected here."""
    counts = {name: sum(one.verdict == name for one in record.attacks) for name in _ORDER}
    if not record.attacks:
        return "No attack could be planted into these labels."
    open_ = f", {counts['undecided']} are undecided" if counts["undecided"] else ""
    return (
        f"Of {plural(len(record.attacks), 'attack')} planted here, {counts['detectable']} can be detected, "
        f"{counts['sometimes']} sometimes, {counts['not detectable']} cannot{open_}."
    )


def _context(record: BlindSpotsRecord) -> dict[str, object]:
    return {
        "record": record,
        "rows": _rows(record),
        "headline": state_verdicts(record),
        "scope": _scope(record),
        "honest": _tell_honest(record.honest),
        "notes": record.notes,
        "mends": _mends(record),
    }


def _mends(record: BlindSpotsRecord) -> list[Mend]:
    """Mends of attacks that are not always found; attacks with the same mend together."""
    attacks: dict[str, list[str]] = {}
    for row in _rows(record):
        if row.attack.mend:
            attacks.setdefault(row.attack.mend, []).append(shorten(row.attack.attack, 40))
    return [Mend(", ".join(dict.fromkeys(names)), mend) for mend, names in attacks.items()]


def _by_detector(record: BlindSpotsRecord) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    several = len({one.share for one in record.attacks}) > 1
    for row in _rows(record):
        one = row.attack
        name = shorten(one.attack, 40) + (f" at {percent(one.share, 0)}" if several else "")
        for detector, n in one.by:
            found.setdefault(detector, []).append(f"{name} ({n} of {one.found.n})")
    return found


def _rows(record: BlindSpotsRecord) -> list[AttackRow]:
    ranked = sorted(record.attacks, key=lambda one: (_ORDER.get(one.verdict, len(_ORDER)), one.found.value))
    return [
        AttackRow(
            attack=one,
            found=_of(one.found),
            found_interval=_ends(one.found),
            chance=_of(one.chance),
            by=", ".join(f"{name} {n}" for name, n in one.by),
            people=number(one.people.value),
            people_interval=_mean_ends(one.people),
            labels=number(one.labels.value),
            labels_interval=_mean_ends(one.labels),
            base_rate=number(one.base_rate),
        )
        for one in ranked
    ]


def _scope(record: BlindSpotsRecord) -> str:
    size = ", ".join(
        (
            plural(record.n_items, "item"),
            plural(record.n_labels, "label"),
            plural(record.n_annotators, "annotator"),
            f"{number(record.redundancy, 1)} labels an item",
            plural(record.n_classes, "class", "classes"),
            f"{plural(record.n_runs, 'run')} an attack",
        )
    )
    return f"{shorten(record.source, 200) or 'labels'}: {size}."


def _tell_honest(honest: HonestRecord) -> str:
    many = honest.any_flag.n > 1
    by = ", ".join(f"{name} {n}" if many else name for name, n in honest.by)
    named = f" by {by}" if by else ""
    mean = honest.flagged
    ends = f" ({number(mean.low, 1)} to {number(mean.high, 1)})" if math.isfinite(mean.low) else ""
    if not many:
        return f"Nothing planted: {plural(round(mean.value), 'annotator')} flagged{named}."
    return (
        f"Nothing planted: somebody was flagged in {_of(honest.any_flag)} runs ({_ends(honest.any_flag)} %){named}; "
        f"{number(mean.value, 1)}{ends} annotators a run."
    )


def _sentences(record: BlindSpotsRecord) -> Iterator[str]:
    for detector, found in _by_detector(record).items():
        yield f"{shorten(detector, 60)} found {', '.join(found)}."
    for mend in _mends(record):
        yield f"To see {mend.attacks}: {shorten(mend.what, 600)}"
    for name, why in record.left_out:
        yield f"{shorten(name, 40)} was not run: {shorten(why, 200)}."
    for name, why in record.failures:
        yield f"{shorten(name, 40)} FAILED: {shorten(why, 300)}."
    yield shorten(record.ground, 600)
    yield shorten(record.probabilities, 300)
    for note in record.notes:
        yield shorten(note, 600)


def _line(attack: str, share: str, found: str, ends: str, people: str, labels: str, verdict: str, *, width: int) -> str:
    name = pad_text(fit_text(shorten(attack, 40), 19), 19)
    numbers = f"{share:>5}  {found:>7} {ends:>11} {people:>6} {labels:>6}"
    return fit_text(f"{name} {numbers}  {shorten(verdict, 20)}", width)


def _of(share: Share) -> str:
    return f"{share.k} of {share.n}"


def _ends(share: Share) -> str:
    return f"{100 * share.low:.0f} to {100 * share.high:.0f}"


def _mean_ends(mean: Mean) -> str:
    return interval(mean.low, mean.high, as_percent=False) if math.isfinite(mean.low) else ""

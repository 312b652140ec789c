"""What a reviewer reads: title and reasons of a target, or nothing that gives anything away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from annoaudit.reporting.text import fold, shorten

if TYPE_CHECKING:
    from annoaudit.reviewing.targets import Target

__all__ = ["blind_fields", "open_fields", "tell_regions"]

MOST_REASON = 1000
MOST_LABEL = 80


def open_fields(target: Target, task_url: str) -> dict[str, object]:
    """Return annoaudit's part of a review task's data: why the label was flagged, and how severe it is."""
    return {
        "annoaudit_key": target.key,
        "annoaudit_severity": target.severity,
        "annoaudit_kind": ", ".join(dict.fromkeys(one.detector for one in target.remarks)),
        "annoaudit_title": _title(target),
        "annoaudit_why": "\n".join(_reasons(target)),
        "annoaudit_annotator": fold(target.annotator),
        "annoaudit_current": "; ".join(_label(one) for one in target.values.values()),
        "annoaudit_source": task_url,
    }


def blind_fields(target: Target, place: int) -> dict[str, object]:
    """Return annoaudit's part of a blinded task's data: the same for all but its key and its place."""
    return {
        "annoaudit_key": target.key,
        "annoaudit_order": place,
        "annoaudit_title": "Your own answer, please",
        "annoaudit_why": "Label this item below as if nobody had labelled it before.",
    }


def tell_regions(target: Target) -> dict[str, list[str]]:
    """Return what to say of flagged regions, by their native ids."""
    told: dict[str, list[str]] = {}
    for one in target.remarks:
        if one.region:
            told.setdefault(one.region, []).append("annoaudit: " + shorten(fold(one.reason), MOST_REASON))
    return told


def _title(target: Target) -> str:
    given = " / ".join(dict.fromkeys(_label(one.given) for one in target.remarks if one.given))
    suggested = " / ".join(dict.fromkeys(_label(one.suggested) for one in target.remarks if one.suggested))
    level = max((one.severity for one in target.remarks), default="L0")
    known = [one.suspicion for one in target.remarks if one.suspicion == one.suspicion]
    if given and suggested and given != suggested:
        what = f"Labelled {given}; suggested: {suggested}"
    else:
        what = f"Labelled {given}" if given else "Worth a second look"
    return f"{what} ({level}{f', suspicion {max(known):.2f}' if known else ''})"


def _reasons(target: Target) -> list[str]:
    reasons = [shorten(fold(one.reason), MOST_REASON) for one in target.remarks]
    # What is too long for the title is told in full, where it can be copied.
    long = dict.fromkeys(one.suggested for one in target.remarks if len(one.suggested) > MOST_LABEL)
    reasons += [f"Suggested: {shorten(fold(one), MOST_REASON)}" for one in long]
    return reasons or ["Worth a second look."]


def _label(text: str) -> str:
    return shorten(fold(text), MOST_LABEL)

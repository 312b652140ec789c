"""The labelling form of a review project: annoaudit's questions above the source project's own form."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field

from annoaudit.errors import RefusedInput

__all__ = [
    "BLIND_CHOICES",
    "NOTE",
    "OPEN_CHOICES",
    "PREFIX",
    "VERDICT",
    "Form",
    "compose_form",
    "fit_title",
    "read_form",
]

PREFIX = "annoaudit_"
VERDICT = "annoaudit_verdict"
NOTE = "annoaudit_note"
MOST_CONFIG = 1_000_000
TITLE_MOST, TITLE_LEAST = 50, 3

OPEN_CHOICES = (
    ("fixed", "Label was wrong - fixed below", "f"),
    ("confirmed", "Label is right", "c"),
    ("ambiguous", "Ambiguous", "a"),
    ("bad_data", "Bad data", "b"),
)
BLIND_CHOICES = (
    ("answered", "My own answer is below", "f"),
    ("ambiguous", "Ambiguous", "a"),
    ("bad_data", "Bad data", "b"),
)
"""What a reviewer can say: the value that comes back, what is shown, and the key to press."""

_STYLE = "border-left: 5px solid #d9822b; padding: 2px 16px; margin-bottom: 16px;"


@dataclass(frozen=True)
class Form:
    """What annoaudit needs to know of a labelling form.

    Parameters
    ----------
    controls
        Name of every control to the options it offers, by the value that is stored; empty where it offers none.
    shown
        Keys of the task data that its object tags show.
    hotkeys
        Keys that it binds itself, in lower case.
    """

    controls: Mapping[str, frozenset[str]] = field(default_factory=dict)
    shown: frozenset[str] = frozenset()
    hotkeys: frozenset[str] = frozenset()

    def accepts(self, item: Mapping[str, object]) -> bool:
        """Whether a result item can be shown in this form: its control and its options are still there."""
        name = item.get("from_name")
        if name is None:
            return item.get("type") == "relation"
        if name not in self.controls:
            return False
        options, value = self.controls[str(name)], item.get("value")
        chosen = value.get(str(item.get("type"))) if isinstance(value, dict) else None
        if not options or not isinstance(chosen, list):
            return True
        return all(not isinstance(one, str) or one in options for one in chosen)


def read_form(config: str) -> Form:
    """Read a labelling form.

    Raises
    ------
    RefusedInput
        It is no XML, is too large, or declares entities.
    """
    root = _parse(config)
    controls: dict[str, set[str]] = {}
    shown: set[str] = set()
    hotkeys: set[str] = set()
    _walk(root, None, controls, shown, hotkeys)
    return Form({name: frozenset(options) for name, options in controls.items()}, frozenset(shown), frozenset(hotkeys))


def compose_form(config: str, *, blind: bool = False) -> str:
    """Return the source project's form with annoaudit's questions above it.

    The reason is shown by a Text tag, which never renders markup: it may quote hostile data. Hotkeys that the
    source's form binds itself are left to it. Blind forms show no reason, no severity and ask for the
    reviewer's own answer.

    Raises
    ------
    RefusedInput
        The form can't be read, or uses names of ours.
    """
    form = read_form(config)
    taken = sorted(name for name in form.controls if name.startswith(PREFIX))
    if taken:
        raise RefusedInput(
            f"The label config of the source project has a control called {taken[0]!r}.",
            hint="Names that start with annoaudit_ belong to the review project; audit the project it was made from.",
        )
    choices = ET.Element(
        "Choices",
        name=VERDICT,
        toName="annoaudit_why",
        choice="single-radio",
        required="true",
        requiredMessage="Please record a verdict",
        showInLine="true",
    )
    for alias, words, key in BLIND_CHOICES if blind else OPEN_CHOICES:
        bound: dict[str, str] = {} if key in form.hotkeys else {"hotkey": key}
        ET.SubElement(choices, "Choice", {"value": words, "alias": alias, **bound})
    head = ET.Element("View", style=_STYLE)
    ET.SubElement(head, "Header", value="$annoaudit_title", size="4")
    ET.SubElement(head, "Text", name="annoaudit_why", value="$annoaudit_why", granularity="word")
    head.append(choices)
    ET.SubElement(
        head, "TextArea", name=NOTE, toName="annoaudit_why", placeholder="Note (optional)", rows="1",
        maxSubmissions="1", editable="true",
    )  # fmt: skip
    whole = ET.Element("View")
    whole.extend([head, _parse(config)])
    return ET.tostring(whole, encoding="unicode")


def fit_title(title: str) -> str:
    """Return a project title that Label Studio takes: 3 to 50 characters, on one line, no control characters."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in title).split())
    cut = line if len(line) <= TITLE_MOST else line[: TITLE_MOST - 1].rstrip() + "…"
    return cut if len(cut) >= TITLE_LEAST else cut.ljust(TITLE_LEAST, ".")


def _parse(config: str) -> ET.Element:
    upper = config.upper()
    if len(config) > MOST_CONFIG or "<!DOCTYPE" in upper or "<!ENTITY" in upper:
        raise RefusedInput(
            "The label config of the source project declares entities or exceeds a million characters.",
            hint="Remove its DOCTYPE, or shorten it.",
        )
    try:
        return ET.fromstring(config)  # noqa: S314 - no DOCTYPE gets here, so nothing can expand
    except ET.ParseError as error:
        raise RefusedInput(
            f"The label config of the source project is no XML: {error}.", hint="Mend it in the project's settings."
        ) from None


def _walk(
    tag: ET.Element,
    control: str | None,
    controls: dict[str, set[str]],
    shown: set[str],
    hotkeys: set[str],
) -> None:
    name, to_name, value = tag.get("name"), tag.get("toName"), tag.get("value", "")
    if name and to_name:
        control = name
        controls.setdefault(name, set())
    elif name and value.startswith("$"):
        shown.add(value[1:])
    elif control is not None and (tag.get("alias") or value):
        controls[control].add(tag.get("alias") or value)
    if tag.get("hotkey"):
        hotkeys.add(str(tag.get("hotkey")).lower())
    for child in tag:
        _walk(child, control, controls, shown, hotkeys)

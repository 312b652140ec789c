"""Which column of a table is what: mapped by the user, or guessed from its name, never from its place."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from annoaudit.errors import RefusedInput, UsageError

__all__ = ["ROLES", "SYNONYMS", "Roles", "find_roles", "parse_mapping"]

SYNONYMS: dict[str, tuple[tuple[str, ...], ...]] = {
    "item": (
        ("item", "item_id"),
        (
            "unit_id", "unit", "task_id", "task", "example_id", "example", "sample_id", "sample", "doc_id",
            "document_id", "document", "image_id", "text_id", "sentence_id", "record_id", "instance_id", "instance",
            "data_id", "object_id", "hit_id", "uid", "input_id",
        ),
        ("id",),
        ("question_id", "question"),
    ),
    "annotator": (
        ("annotator", "annotator_id"),
        (
            "worker", "worker_id", "rater", "rater_id", "user", "user_id", "username", "labeler", "labeler_id",
            "labeller", "labeller_id", "coder", "coder_id", "judge", "judge_id", "participant", "participant_id",
            "completed_by", "annotated_by", "labeled_by", "labelled_by",
        ),
    ),
    "label": (
        ("label",),
        (
            "labels", "answer", "category", "class", "response", "annotation", "judgment", "judgement", "rating",
            "choice", "verdict",
        ),
        ("value", "tag", "target", "vote", "score"),
    ),
    "transcript": (("transcript",), ("transcription",)),
    "question": (("question", "question_id"), ("attribute", "criterion", "dimension", "aspect")),
    "text": (
        ("text",),
        ("sentence", "content", "body", "tweet", "comment", "utterance", "passage", "prompt", "message", "review"),
    ),
    "uri": (
        ("uri",),
        ("url", "image_url", "image_path", "audio_url", "video_url", "path", "file_path", "filename", "file_name"),
    ),
    "seconds": (
        ("seconds",),
        ("lead_time", "lead_time_s", "duration", "duration_s", "time_spent", "time_spent_s", "work_time_in_seconds",
         "elapsed_s", "elapsed_seconds", "duration_seconds"),
    ),
    "created_at": (
        ("created_at",),
        ("timestamp", "submitted_at", "annotated_at", "labeled_at", "labelled_at", "submit_time", "completed_at",
         "datetime", "date"),
    ),
    "group": (("group", "group_id"),),
    "split": (("split",), ("subset", "partition", "fold")),
    "batch": (("batch", "batch_id"),),
    "gold": (("gold", "gold_label"), ("ground_truth", "true_label")),
}  # fmt: skip
"""Role, then its names in order of preference: the first tier that a table has decides."""

ROLES = (*SYNONYMS, "annotators")
"""Keys of a mapping; ``annotators`` names the columns of a wide table, joined by ``|``."""

_PLAIN = re.compile(r"[^a-z0-9]")
_SHOWN = 40
_NAMED = 10


@dataclass(frozen=True)
class Roles:
    """Which column plays which role, which of them were guessed by a synonym, and what stayed in doubt."""

    columns: Mapping[str, str]
    guessed: tuple[str, ...] = ()
    doubtful: Mapping[str, tuple[str, ...]] = ()  # type: ignore[assignment] # replaced in __post_init__

    def __post_init__(self) -> None:
        object.__setattr__(self, "doubtful", dict(self.doubtful))

    def __contains__(self, role: str) -> bool:
        return role in self.columns

    def get(self, role: str) -> str | None:
        """Return the column that plays a role, or None."""
        return self.columns.get(role)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the audit should know about the guesses."""
        notes = []
        if self.guessed:
            guesses = ", ".join(f"{role} from {self.columns[role]!r}" for role in self.guessed)
            notes.append(f"Columns guessed by their names: {guesses}.")
        for role, names in self.doubtful.items():
            notes.append(f"Not used as {role}, because several columns could be it: {', '.join(names)}.")
        return tuple(notes)


def parse_mapping(text: str) -> dict[str, str]:
    """Turn ``item=unit_id,annotator=worker`` into a mapping of roles to columns.

    Raises
    ------
    UsageError
        A part is not ``role=column``, a role is unknown or given twice.
    """
    mapping: dict[str, str] = {}
    for part in text.split(","):
        role, equals, column = (piece.strip() for piece in part.partition("="))
        if not equals or not column or role in mapping:
            raise UsageError(
                f"{part!r} is not role=column{' or comes twice' if role in mapping else ''}.",
                hint="For example item=unit_id,annotator=worker,label=answer.",
            )
        mapping[role] = column
    _check_roles(mapping)
    return mapping


def find_roles(names: Sequence[str], mapping: Mapping[str, str], where: str) -> Roles:
    """Give roles to columns: as mapped, and the others by name where exactly one column fits.

    Raises
    ------
    UsageError
        The mapping has an unknown role, or names a column that is not there.
    """
    _check_roles(mapping)
    for role, column in mapping.items():
        for name in column.split("|") if role == "annotators" else [column]:
            if name not in names:
                raise UsageError(f"{where} has no column {name!r} ({role}).", hint=f"Columns: {list_names(names)}.")
    columns = {role: column for role, column in mapping.items() if role != "annotators"}
    if len(set(columns.values())) < len(columns):
        raise UsageError("The mapping gives one column two roles.", hint="Give each role its own column.")
    taken = set(columns.values()) | set(mapping.get("annotators", "").split("|"))
    guessed: list[str] = []
    doubtful: dict[str, tuple[str, ...]] = {}
    for role, tiers in SYNONYMS.items():
        if role in columns or _makes_no_sense(role, columns):
            continue
        free = [name for name in names if name not in taken]
        found = _match(free, tiers)
        if len(found) == 1:
            columns[role] = found[0]
            taken.add(found[0])
            if found[0] != role:
                guessed.append(role)
        elif found:
            doubtful[role] = found
    return Roles(columns, tuple(guessed), doubtful)


def _makes_no_sense(role: str, columns: Mapping[str, str]) -> bool:
    """Whether a role must not be guessed beside those that are taken: an answer is either a label or a transcript."""
    if role == "gold":
        return not {"label", "transcript"} & set(columns)
    return (role == "label" and "transcript" in columns) or (role == "transcript" and "label" in columns)


def _match(names: Sequence[str], tiers: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """Columns of the first tier that has any; the very first name of a tier wins outright."""
    exact = [name for name in names if name == tiers[0][0]]
    if exact:
        return (exact[0],)
    for tier in tiers:
        known = {_PLAIN.sub("", word) for word in tier}
        found = tuple(name for name in names if _PLAIN.sub("", name.lower()) in known)
        if found:
            return found
    return ()


def _check_roles(mapping: Mapping[str, str]) -> None:
    for role in mapping:
        if role not in ROLES:
            raise UsageError(f"A mapping has no role {role!r}.", hint=f"Roles: {', '.join(ROLES)}.")


def list_names(names: Sequence[str]) -> str:
    """Quote column names for a message, the first 40 of them."""
    shown = ", ".join(repr(name[:60]) for name in names[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def refuse_roles(names: Sequence[str], roles: Roles, where: str) -> RefusedInput:
    """Build the refusal of a table whose item or label column cannot be told."""
    missing = [role for role in ("item", "label") if role not in roles]
    doubts = [
        f"{role} could be {' or '.join(map(repr, roles.doubtful[role]))}" for role in missing if role in roles.doubtful
    ]
    lacking = [role for role in missing if role not in roles.doubtful]
    parts = [*doubts, *(f"no column is recognised as {role}" for role in lacking)]
    known = "".join(f" Names that are known as {role}: {_some_names(role)}." for role in lacking)
    return RefusedInput(
        f"{where}: {'; '.join(parts) or 'its columns are not those of labels'}. Columns: {list_names(names)}.",
        hint="Say which is which: --map item=...,annotator=...,label=... "
        f"(or item=...,annotators=first|second for one column an annotator).{known}",
    )


def _some_names(role: str) -> str:
    names = [name for tier in SYNONYMS[role] for name in tier]
    return ", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")

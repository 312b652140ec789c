"""What became of the labels since the night before, and whether anything contradicts what was sealed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from annoaudit.errors import RefusedInput
from annoaudit.findings import fingerprint
from annoaudit.job.edit_patterns import find_patterns
from annoaudit.job.edits import DETECTOR as EDITS
from annoaudit.job.edits import VERSION as EDITS_VERSION
from annoaudit.job.edits import EditMemory, note_night, read_memory
from annoaudit.job.finding_rows import as_findings
from annoaudit.ledger.changes import CHANGE_COLUMNS, Change, Scene, list_changes
from annoaudit.ledger.sealing import Difference, Seal
from annoaudit.reporting.text import plural

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.job.sealed import Seals
    from annoaudit.labels import LabelSet
    from annoaudit.ledger.verifying import Problem, Verification

__all__ = ["Integrity", "as_table", "check_integrity", "list_ours"]

DETECTOR, VERSION, SEVERITY = "ledger", "1", "L3"
MOST_SHOWN = 500


@dataclass(frozen=True, eq=False)
class Integrity:
    """Tonight's facts.

    Parameters
    ----------
    changes
        Records that changed since the night before, unexplained ones first; at most 500 of them.
    n_changes
        All of them, by status.
    problems
        Sentences about what was altered or contradicts the history: findings of severity L3.
    sentences
        What was verified, and how far that goes; and patterns in the changes of many nights (L2).
    found
        All findings about integrity.
    memory
        What the next night needs to know of changes.
    """

    changes: pd.DataFrame
    n_changes: Mapping[str, int]
    problems: tuple[str, ...]
    sentences: tuple[str, ...]
    found: pd.DataFrame
    memory: EditMemory

    def add_findings(self, findings: pd.DataFrame) -> pd.DataFrame:
        """Return an audit's findings with those about integrity in front."""
        import pandas as pd

        parts = [one for one in (self.found, findings) if len(one)]
        return pd.concat(parts, ignore_index=True) if parts else findings


def check_integrity(
    seals: Seals, now: Seal, labels: LabelSet, before: Verification, live: bool, name_of: Callable[[str], str]
) -> Integrity:
    """Compare tonight's labels with the last sealed snapshot.

    Parameters
    ----------
    now
        Tonight's seal.
    before
        What verifying the log and the last snapshot found.
    live
        The source is a platform with a history of its own.
    """
    head = seals.last_finished()
    told = [one.sentence for one in before.problems]
    changes: list[Change] = []
    sentences = [_tell_scope(before)]
    if head is not None:
        try:
            changes = _changes_since(seals, now, labels, live, name_of)
        except RefusedInput as error:
            sentences.append(f"Changes since the night before are not known: {error.message.splitlines()[0]}")
    left = seals.nights.states().get((EDITS, ""))
    memory = read_memory(left.state if left is not None and left.version == EDITS_VERSION else None)
    memory = note_night(memory, changes, labels, is_first=head is None)
    patterns = find_patterns(memory, labels, live=live, name_of=name_of)
    unexplained = [one for one in changes if one.status == "unexplained"]
    problems = [*told, *(f"{one.record}: {one.why}" for one in unexplained)]
    found = [_finding_of_problem(one) for one in before.problems] + [_finding_of_change(one) for one in unexplained]
    return Integrity(
        as_table(changes[:MOST_SHOWN]),
        dict(Counter(one.status for one in changes)),
        tuple(problems),
        (*problems, *sentences, *_tell_patterns(patterns), *before.notes),
        _joined(as_findings(found, detector=DETECTOR, version=VERSION, severity=SEVERITY), patterns),
        memory,
    )


def _tell_patterns(patterns: pd.DataFrame) -> list[str]:
    """Patterns as sentences that stand alone: whose labels each is about, then what."""
    told = zip(patterns["annotator"], patterns["reason"], strict=True)
    return [f"{who}: {reason}" if who else str(reason) for who, reason in told]


def _joined(*frames: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    parts = [one for one in frames if len(one)]
    return pd.concat(parts, ignore_index=True) if parts else frames[0]


def _changes_since(
    seals: Seals, now: Seal, labels: LabelSet, live: bool, name_of: Callable[[str], str]
) -> list[Change]:
    before = seals.before
    difference = Difference.of(before.leaves, now) if before else None
    if before is None or not difference:
        return []
    scene = Scene(live, before.head.statement.taken_at, list_ours(seals), name_of)
    return list_changes(before.labels, labels, difference, scene)


def list_ours(seals: Seals) -> frozenset[str]:
    """Return the native ids of annotations that annoaudit itself added to audited projects."""
    return frozenset(seals.nights.made("annotation"))


def as_table(changes: Sequence[Change]) -> pd.DataFrame:
    """Return changes as a data frame."""
    import pandas as pd

    return pd.DataFrame([asdict(one) for one in changes], columns=list(CHANGE_COLUMNS))


def _tell_scope(found: Verification) -> str:
    if not found.n_heads:
        return "This night is sealed; from the next one on, what is there is compared with what was sealed."
    what = f"{plural(found.n_heads, 'head')} and the last snapshot were verified"
    if found.n_outside < 0:
        return (
            f"{what}. No heads are kept elsewhere: this reveals accidents and careless changes, not somebody who can "
            "rewrite this folder."
        )
    return f"{what}, and compared with {plural(found.n_outside, 'head')} kept elsewhere."


def _finding_of_problem(problem: Problem) -> dict[str, object]:
    kind, _, name = problem.record.partition("/")
    name = name if kind in ("annotation", "item") else ""
    return {
        "fingerprint": fingerprint(DETECTOR, "dataset", [problem.kind, str(problem.number), problem.record]),
        "level": "dataset",
        "annotation_id": name if kind == "annotation" else "",
        "item_id": name if kind == "item" else "",
        "reason": problem.sentence,
        "evidence_json": _dump({"kind": problem.kind, "head": problem.number, "record": problem.record}),
    }


def _finding_of_change(change: Change) -> dict[str, object]:
    ids = [change.question, change.record, change.at]
    return {
        "fingerprint": fingerprint(DETECTOR, "label", ids, change.now),
        "level": "label",
        "question": change.question,
        "item_id": change.item_id,
        "label_id": change.label_id,
        "annotation_id": change.annotation_id,
        "annotator": change.annotator,
        "given": change.now,
        "suggested": change.was,
        "reason": f"{change.record} was {change.what}: {change.why}.",
        "evidence_json": _dump({key: value for key, value in asdict(change).items() if value}),
    }


def _dump(value: object) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)

"""verify_ledger(): whether everything that was sealed is still what it was."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from annoaudit.errors import RefusedInput
from annoaudit.ledger.heads import Head, Sealed, leaf_of, read_head
from annoaudit.ledger.merkle import GrowingTree
from annoaudit.ledger.sealing import Difference, Seal, seal, seal_labels
from annoaudit.ledger.signing import check_signature
from annoaudit.ledger.snapshots import Snapshots

__all__ = ["Kept", "Problem", "Verification", "verify_ledger", "verify_log"]

Records = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Problem:
    """One thing that is not what it was.

    ``number`` is the head that sealed it, 0 where it concerns none; ``record`` the first record that differs, as
    kind and id, empty where no single one can be named.
    """

    kind: str
    number: int
    record: str
    sentence: str


@dataclass(frozen=True, eq=False)
class Kept:
    """Where what was sealed is kept.

    Parameters
    ----------
    heads
        The log, oldest first, as lines of JSON.
    findings
        Records of the findings of a run, by its id.
    verdicts
        Records of all verdicts, oldest first.
    run_json
        The stored run.json of a run, by its id; empty where there is none.
    n_nights
        Nights in the store: each has appended one head.
    forgotten
        Somebody's names were removed from the snapshots.
    """

    heads: Sequence[str]
    snapshots: Snapshots
    leaves: Path
    salt_key: bytes = field(repr=False)
    findings: Callable[[str], Records]
    verdicts: Callable[[], Records]
    run_json: Callable[[str], str]
    n_nights: int = 0
    forgotten: bool = False

    def leaves_of(self, sealed: Sealed) -> Path:
        """Return where the list of leaves with this root lies."""
        return self.leaves / f"{sealed.root}.parquet"


@dataclass(frozen=True)
class Verification:
    """What verifying found.

    Parameters
    ----------
    n_heads, n_snapshots, n_removed
        Heads in the log; snapshots compared with them; snapshots that retention removed.
    n_outside
        Heads kept elsewhere that were compared; -1 without any.
    notes
        What is worth knowing and no problem.
    """

    problems: tuple[Problem, ...]
    n_heads: int
    n_snapshots: int
    n_removed: int
    n_outside: int
    notes: tuple[str, ...] = ()

    @property
    def intact(self) -> bool:
        """Whether nothing differs."""
        return not self.problems


def verify_ledger(kept: Kept, outside: Sequence[str] | None = None, *, only_last: bool = False) -> Verification:
    """Compare snapshots, findings, verdicts and runs with their heads, and the heads with each other.

    Parameters
    ----------
    outside
        Heads kept elsewhere, oldest first, as lines of JSON; None without any. Without them a verification can
        reveal accidents and clumsy changes, but not somebody who can rewrite the whole folder and sign it anew.
    only_last
        Check the whole log, but only the last night's snapshot, findings and verdicts.
    """
    heads, problems = verify_log(kept.heads)
    notes = list(_note_keys(heads))
    if kept.n_nights != len(kept.heads):
        why = f"The store knows {kept.n_nights} nights, but {len(kept.heads)} heads: some were removed or inserted."
        problems.append(Problem("head", len(kept.heads), f"head/{len(kept.heads)}", why))
    if outside is not None:
        problems += _compare_outside(kept.heads, outside)
    removed = {name: head.statement.number for head in heads for name in head.statement.removed}
    forgotten = kept.forgotten or any(head.statement.forgotten for head in heads)
    chosen = heads[-1:] if only_last else heads
    latest = {head.statement.snapshot: head for head in chosen}
    n_removed = 0
    for name, head in latest.items():
        if head.statement.number <= removed.get(name, 0) and not kept.snapshots.shelf.has(name):
            n_removed += 1
            continue
        found, told = _verify_snapshot(kept, head, forgotten=forgotten)
        problems += found
        notes += told
    for head in chosen:
        problems += [] if head.statement.run_id in removed else _verify_run(kept, head)
        problems += _load_leaves(kept, head.statement.sealed["verdicts"], head.statement.number)[1]
    if chosen:
        problems += _verify_verdicts(kept, chosen[-1])
    n_outside = -1 if outside is None else len(outside)
    return Verification(
        tuple(dict.fromkeys(problems)), len(kept.heads), len(latest) - n_removed, n_removed, n_outside, tuple(notes)
    )


def verify_log(lines: Sequence[str]) -> tuple[list[Head], list[Problem]]:
    """Read the log of heads; say which of them does not continue the ones before it."""
    heads: list[Head] = []
    problems: list[Problem] = []
    tree, previous = GrowingTree(), ""
    for place, line in enumerate(lines, start=1):
        try:
            head = read_head(line, f"Head {place}")
        except RefusedInput as error:
            problems.append(Problem("head", place, f"head/{place}", error.message))
            previous = ""
            continue
        told = head.statement
        tree.append(leaf_of(told))
        why = ""
        if told.number != place:
            why = f"calls itself head {told.number}: heads were removed, inserted or reordered"
        elif told.previous != previous:
            why = "does not continue the head before it"
        elif head.log_root != tree.root().hex():
            why = "states another root of the log"
        elif not check_signature(head.public_key, head.signature, head.signed_bytes()):
            why = "is not what was signed"
        if why:
            problems.append(Problem("head", place, f"head/{place}", f"Head {place} ({told.at[:19]}) {why}."))
        heads.append(head)
        previous = hashlib.sha256(told.canonical()).hexdigest()
    return heads, problems


def _note_keys(heads: Sequence[Head]) -> Iterable[str]:
    for before, after in pairwise(heads):
        if before.public_key != after.public_key:
            yield f"From head {after.statement.number} on, heads are signed with another key."


def _compare_outside(lines: Sequence[str], outside: Sequence[str]) -> list[Problem]:
    for place, (here, there) in enumerate(zip(lines, outside, strict=False), start=1):
        if here != there:
            why = f"Head {place} differs from the one kept elsewhere."
            return [Problem("outside", place, f"head/{place}", why)]
    if len(outside) > len(lines):
        place = len(lines) + 1
        why = (
            f"The log ends with head {len(lines)}, but elsewhere {len(outside)} are kept: it was cut off, or an "
            "earlier state was put back."
        )
        return [Problem("outside", place, f"head/{place}", why)]
    return []


def _verify_snapshot(kept: Kept, head: Head, *, forgotten: bool) -> tuple[list[Problem], list[str]]:
    told = head.statement
    shelf = kept.snapshots.shelf
    number, where = told.number, f"the snapshot {told.snapshot} of head {told.number}"
    if not shelf.has(told.snapshot):
        return [Problem("snapshot", number, "", f"{where.capitalize()} is missing.")], []
    files = shelf.hash_files(told.snapshot)
    differing = sorted(name for name in {*files, *told.files} if files.get(name) != told.files.get(name))
    listed, problems = _load_leaves(kept, told.sealed["labels"], number)
    if not differing:
        return problems, []
    try:
        now = seal_labels(kept.snapshots.load_tables(told.snapshot), kept.salt_key)
    except RefusedInput as error:
        why = f"{where.capitalize()} can't be read ({', '.join(differing)} differ): {error.message.splitlines()[0]}"
        return [*problems, Problem("snapshot", number, f"file/{differing[0]}", why)], []
    if now.root == told.sealed["labels"].root:
        return _tell_rewritten(now, listed, differing, number, where, problems, forgotten=forgotten)
    difference = Difference.of(listed, now) if listed is not None else Difference([], [], [])
    record, how = difference.first()
    if record:
        more = f"; {len(difference) - 1:,} more differ" if len(difference) > 1 else ""
        why = f"In {where}, {record} was {how} after it was sealed{more}."
    else:
        why = f"{where.capitalize()} is not what was sealed, and its list of leaves does not say which record differs."
    return [*problems, Problem("snapshot", number, record, why)], []


def _tell_rewritten(
    now: Seal,
    listed: Seal | None,
    differing: Sequence[str],
    number: int,
    where: str,
    problems: list[Problem],
    *,
    forgotten: bool,
) -> tuple[list[Problem], list[str]]:
    """Every record is as sealed, but a file is not: names removed, rows reordered, or other columns changed."""
    moved = [] if listed is None else [k for k, a, b in zip(now.keys, now.rows, listed.rows, strict=False) if a != b]
    if moved:
        why = f"In {where}, rows were reordered; {moved[0]} is the first that stands elsewhere."
        return [*problems, Problem("snapshot", number, moved[0], why)], []
    if forgotten:
        return problems, [f"Names were removed from {where}; every record in it is as it was sealed."]
    why = f"In {where}, {', '.join(differing)} was rewritten; every record is as sealed, columns beside them are not."
    return [*problems, Problem("snapshot", number, f"file/{differing[0]}", why)], []


def _load_leaves(kept: Kept, sealed: Sealed, number: int) -> tuple[Seal | None, list[Problem]]:
    path = kept.leaves_of(sealed)
    try:
        listed = Seal.load(path)
    except RefusedInput as error:
        return None, [Problem("leaves", number, f"file/{path.name}", error.message)]
    if listed.root != sealed.root:
        why = f"The list of leaves {path.name} of head {number} is not the one that was sealed."
        return None, [Problem("leaves", number, f"file/{path.name}", why)]
    return listed, []


def _verify_run(kept: Kept, head: Head) -> list[Problem]:
    told, problems = head.statement, []
    if hashlib.sha256(kept.run_json(told.run_id).encode()).hexdigest() != told.run_sha256:
        why = f"The stored run {told.run_id} is missing or is not what head {told.number} sealed."
        problems.append(Problem("run", told.number, f"run/{told.run_id}", why))
    return problems + _compare(kept, "findings", head, list(kept.findings(told.run_id)))


def _verify_verdicts(kept: Kept, head: Head) -> list[Problem]:
    """The verdicts that this head sealed: later ones may have followed."""
    return _compare(kept, "verdicts", head, list(kept.verdicts())[: head.statement.sealed["verdicts"].n])


def _compare(kept: Kept, kind: str, head: Head, records: Sequence[tuple[str, str]]) -> list[Problem]:
    sealed, number = head.statement.sealed[kind], head.statement.number
    now = seal(records, kept.salt_key)
    listed, problems = _load_leaves(kept, sealed, number)
    if now.root == sealed.root:
        return problems
    if listed is None:
        return [*problems, Problem(kind, number, "", f"The {kind} of head {number} are not what was sealed.")]
    difference = Difference.of(listed, now)
    record, how = difference.first()
    if not record:
        record = next(a for a, b in zip(listed.keys, now.keys, strict=True) if a != b)
        how = "put elsewhere"
    more = f"; {len(difference) - 1:,} more differ" if len(difference) > 1 else ""
    why = f"Of the {kind} that head {number} sealed, {record} was {how} in the store{more}."
    return [Problem(kind, number, record, why)]

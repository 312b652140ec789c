"""A project's ledger: what each night seals, where it is kept, and whether it is still what it was."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from annoaudit import __version__
from annoaudit.errors import AnnoauditError, RefusedInput, UsageError
from annoaudit.findings import FINDING_COLUMNS
from annoaudit.formats.json_rows import json_rows
from annoaudit.ledger.heads import Head, Sealed, Statement, append_head
from annoaudit.ledger.resealing import reseal_labels
from annoaudit.ledger.sealing import Seal, derive_salt_key, seal, seal_labels
from annoaudit.ledger.signing import Signer, open_signer
from annoaudit.ledger.snapshots import Snapshot, Snapshots
from annoaudit.ledger.verifying import Kept, Verification, verify_ledger, verify_log
from annoaudit.store.frames import COUNTS, NUMBERS, as_numbers, as_text, as_texts
from annoaudit.store.nights import Nights
from annoaudit.store.reviews import Reviews

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.labels import LabelSet

__all__ = ["FORGOT", "HEADS_SUFFIX", "Seals", "copy_heads", "open_seals", "read_outside"]

SNAPSHOTS, LEAVES, KEY_NAME, HEADS_SUFFIX = "snapshots", "leaves", "ledger.key", ".heads.jsonl"
FORGOT = "forgot"


@dataclass(frozen=True, eq=False)
class Before:
    """A night as it was sealed: its head, the hashes of its records, its labels."""

    head: Head
    leaves: Seal
    labels: LabelSet


@dataclass(frozen=True, eq=False)
class Seals:
    """The ledger of one project's folder."""

    folder: Path
    nights: Nights
    snapshots: Snapshots
    salt_key: bytes
    signer: Signer

    @property
    def leaves(self) -> Path:
        """Folder of the lists of leaves."""
        return self.folder / LEAVES

    def kept(self) -> Kept:
        """Return where everything that was sealed is kept."""
        store = self.nights.store
        return Kept(
            heads=self.nights.heads(),
            snapshots=self.snapshots,
            leaves=self.leaves,
            salt_key=self.salt_key,
            findings=lambda run_id: finding_records(store.findings(run_id)),
            verdicts=self.nights.verdict_records,
            run_json=self._run_json,
            n_nights=self.nights.count(),
            forgotten=bool(self.forgotten()),
        )

    def verify(self, outside: Sequence[str] | None, *, only_last: bool = False) -> Verification:
        """Compare everything with its heads, and the heads with those kept elsewhere."""
        return verify_ledger(self.kept(), outside, only_last=only_last)

    def heads(self) -> list[Head]:
        """Return the heads that can be read, oldest first."""
        return verify_log(self.nights.heads())[0]

    def last_finished(self) -> Head | None:
        """Return the head of the last finished night: a night that was cut off has told nobody what it saw."""
        finished = set(self.nights.finished()["run_id"])
        heads = [one for one in self.heads() if one.statement.run_id in finished]
        return heads[-1] if heads else None

    def load_leaves(self, head: Head) -> Seal:
        """Return the records' hashes of a head's snapshot; raises ``RefusedInput`` where they are gone."""
        return Seal.load(self.leaves / f"{head.statement.sealed['labels'].root}.parquet")

    def forgotten(self) -> tuple[str, ...]:
        """Return the pseudonyms of those whose names were removed."""
        entries = Reviews(self.nights.store, self.nights.project).journal()
        return tuple(str(one.details.get("pseudonym")) for one in entries if one.action == FORGOT)

    @cached_property
    def before(self) -> Before | None:
        """The last finished night as it was sealed; raises ``RefusedInput`` where its snapshot or leaves are gone."""
        head = self.last_finished()
        if head is None:
            return None
        return Before(head, self.load_leaves(head), self.snapshots.load(head.statement.snapshot))

    def labels_before(self) -> LabelSet | None:
        """Return the labels of the last finished night; None where there is none, or it can't be read."""
        try:
            return self.before.labels if self.before else None
        except RefusedInput:
            return None

    def seal_snapshot(self, labels: LabelSet, *, trusted: bool = False) -> tuple[Snapshot, Seal]:
        """Write the snapshot of tonight's labels, with the list of its leaves.

        Parameters
        ----------
        trusted
            The last head, its snapshot and leaves were verified: what did not change since is not hashed again.
        """
        snapshot = self.snapshots.keep(labels)
        before = self.before if trusted else None
        if before is not None and before.head.statement.number == len(self.nights.heads()):
            hashed = reseal_labels(labels, self.salt_key, before.labels, before.leaves)
        else:
            hashed = seal_labels(labels, self.salt_key)
        self._keep(hashed)
        return snapshot, hashed

    def make_head(
        self,
        snapshot: Snapshot,
        labels: Seal,
        findings: pd.DataFrame,
        *,
        project: str,
        at: datetime,
        run_id: str,
        run_json: str,
        removed: Sequence[str] = (),
    ) -> Head:
        """Make tonight's head; it counts once it is in the store."""
        earlier = self.heads()
        tonight = {
            "findings": seal(finding_records(findings), self.salt_key),
            "verdicts": seal(self.nights.verdict_records(), self.salt_key),
        }
        for one in tonight.values():
            self._keep(one)
        sealed = {name: Sealed(one.root, len(one)) for name, one in {**tonight, "labels": labels}.items()}
        known = {one for head in earlier for one in head.statement.forgotten}
        previous = hashlib.sha256(earlier[-1].statement.canonical()).hexdigest() if earlier else ""
        statement = Statement(
            project=project,
            number=len(self.nights.heads()) + 1,
            at=at.astimezone(UTC).isoformat(),
            version=__version__,
            run_id=run_id,
            run_sha256=hashlib.sha256(as_text(run_json).encode()).hexdigest(),
            snapshot=snapshot.name,
            files=dict(snapshot.files),
            sealed=sealed,
            previous=previous,
            removed=tuple(removed),
            forgotten=tuple(one for one in self.forgotten() if one not in known),
        )
        return append_head(earlier, statement, self.signer)

    def _keep(self, hashed: Seal) -> None:
        self.leaves.mkdir(parents=True, exist_ok=True)
        path = self.leaves / f"{hashed.root}.parquet"
        if not path.exists():
            hashed.save(path)

    def _run_json(self, run_id: str) -> str:
        try:
            return self.nights.store.run_json(run_id)
        except UsageError:
            return ""


def open_seals(folder: Path, nights: Nights, snapshots: str | Path | None = None) -> Seals:
    """Open the ledger of a project's folder; its signing key is made where there is none.

    Parameters
    ----------
    snapshots
        Where snapshots lie, a path or a URL; by default in the folder.
    """
    salt_key = derive_salt_key(nights.store.pseudonym_key())
    place = Snapshots.at(folder / SNAPSHOTS if snapshots is None else snapshots)
    return Seals(folder, nights, place, salt_key, open_signer(folder / KEY_NAME))


def finding_records(findings: pd.DataFrame) -> Iterable[tuple[str, str]]:
    """Return the findings of a run as records, by fingerprint, as the store keeps them."""
    frame = findings[list(FINDING_COLUMNS)].sort_values("fingerprint", kind="stable")
    table = pa.table({name: _as_stored(name, frame[name]) for name in FINDING_COLUMNS})
    keys = pc.binary_join_element_wise("finding/", table["fingerprint"], "")
    return zip(keys.to_pylist(), json_rows(table, ascii_only=False, compact=True).to_pylist(), strict=True)


def _as_stored(name: str, column: pd.Series) -> pa.Array:
    """A column as the store gives it back, whatever type the frame of a fresh audit has."""
    if name in COUNTS:
        return pa.array(column.astype("int64").tolist(), pa.int64())
    if name in NUMBERS:
        return pa.array(as_numbers(column), pa.float64())
    return pa.array(as_texts(column), pa.string())


def read_outside(path: Path | None) -> list[str] | None:
    """Return the heads kept elsewhere, oldest first; None where none are kept.

    Raises
    ------
    AnnoauditError
        The file can't be read.
    """
    if path is None or not path.exists():
        return None
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise AnnoauditError(f"The heads in {path} can't be read: {error.strerror}.", hint="Check rights.") from None
    complete = text[: text.rfind("\n") + 1]  # an append that was cut off left half a line
    return complete.splitlines()


def copy_heads(lines: Sequence[str], path: Path) -> int:
    """Append the heads that a file elsewhere does not have yet, and return how many those were.

    Where the file and the log contradict each other, nothing is written: that is for a person to look at.

    Raises
    ------
    AnnoauditError
        The file can't be written.
    """
    there = read_outside(path) or []
    if there != list(lines[: len(there)]):
        return 0
    fresh = lines[len(there) :]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            file.truncate(sum(len(line.encode()) + 1 for line in there))
            file.write("".join(f"{line}\n" for line in fresh).encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise AnnoauditError(
            f"The heads can't be copied to {path}: {error.strerror}.", hint="Check ledger.heads and its rights."
        ) from None
    return len(fresh)

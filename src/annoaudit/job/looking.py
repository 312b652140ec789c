"""Looking back: verify, diff and trend over what the nights of a project left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from annoaudit.auditing.pseudonyms import Pseudonyms
from annoaudit.connectors import is_address
from annoaudit.errors import UsageError
from annoaudit.job.integrity import as_table, list_ours
from annoaudit.job.locking import locked
from annoaudit.job.nightly import heads_file
from annoaudit.job.retaining import forget_annotator, list_naming
from annoaudit.job.sealed import Seals, open_seals, read_outside
from annoaudit.job.trends import tabulate_trends
from annoaudit.ledger.changes import Scene, list_changes
from annoaudit.ledger.proofs import Proof, prove_record
from annoaudit.ledger.sealing import Difference
from annoaudit.store import has_store, open_store, store_of
from annoaudit.store.nights import Nights

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.job.reading import Job
    from annoaudit.ledger.heads import Head
    from annoaudit.ledger.verifying import Verification

__all__ = ["Past", "opened_past"]


@dataclass(frozen=True, eq=False)
class Past:
    """The nights of one project."""

    job: Job
    name: str
    folder: Path
    seals: Seals

    def verify(self, heads: Path | None = None) -> Verification:
        """Compare everything that was sealed with its heads, and those with the ones kept elsewhere.

        Parameters
        ----------
        heads
            File with the heads kept elsewhere; by default where the configuration has them copied to.

        Raises
        ------
        UsageError
            The named file is not there.
        """
        if heads is not None and not heads.is_file():
            raise UsageError(f"There are no heads in {heads}.", hint="Name the file that ledger.heads fills.")
        return self.seals.verify(read_outside(heads or heads_file(self.job, self.name)))

    def diff(self, first: str, second: str) -> pd.DataFrame:
        """Return what changed between two heads, named by number or run id; ``last`` is the last one."""
        heads = self.seals.heads()
        a, b = (_find_head(heads, one, self.folder) for one in (first, second))
        difference = Difference.of(self.seals.load_leaves(a), self.seals.load_leaves(b))
        before, after = (self.seals.snapshots.load(one.statement.snapshot) for one in (a, b))
        live = is_address(self.job.config.projects[self.name].source)
        name_of = Pseudonyms(self.seals.nights.store.pseudonym_key())
        return as_table(
            list_changes(before, after, difference, Scene(live, a.statement.taken_at, list_ours(self.seals), name_of))
        )

    def prove(self, record: str, night: str) -> Proof:
        """Prove that a record was sealed in a night; it shows this record, and of the others only hashes."""
        heads = self.seals.heads()
        head = _find_head(heads, night, self.folder)
        labels = self.seals.snapshots.load(head.statement.snapshot)
        leaves = self.seals.load_leaves(head)
        return prove_record(record, labels, leaves, heads, head.statement.number, self.seals.salt_key)

    def forget(self, annotator_id: str) -> int:
        """Remove one person's id and names from all snapshots; return how many held them.

        Raises
        ------
        AnnoauditError
            A run is under way.
        """
        name_of = Pseudonyms(self.seals.nights.store.pseudonym_key())
        with locked(self.folder):
            return forget_annotator(self.seals, annotator_id, name_of)

    def count_naming(self, annotator_id: str) -> int:
        """Return how many snapshots hold a person's id."""
        return len(list_naming(self.seals, annotator_id))

    def trend(self) -> pd.DataFrame:
        """Return one row a finished night, oldest first, with the number by which ``diff`` and ``prove`` know it."""
        coefficient = self.job.config.gate_of(self.name).coefficient
        stored = self.seals.nights.measures()
        table = tabulate_trends(stored, None, (), coefficient)
        numbers = {head.statement.run_id: head.statement.number for head in self.seals.heads()}
        table.insert(0, "night", [numbers.get(str(one), 0) for one in dict.fromkeys(stored["run_id"])])
        return table


@contextmanager
def opened_past(job: Job, name: str) -> Iterator[Past]:
    """Open what the nights of a project left, for the length of a block.

    Raises
    ------
    UsageError
        There are none yet.
    """
    folder = job.folder(name)
    if not has_store(folder):
        raise UsageError(f"{name} has no nights yet in {folder}.", hint="Run: annoaudit run")
    with open_store(store_of(folder)) as store:
        yield Past(job, name, folder, open_seals(folder, Nights(store, name), job.snapshots(name)))


def _find_head(heads: list[Head], told: str, folder: Path) -> Head:
    if told == "last" and heads:
        return heads[-1]
    if told == "previous" and len(heads) > 1:
        return heads[-2]
    for head in heads:
        if told in (str(head.statement.number), head.statement.run_id):
            return head
    if not heads:
        raise UsageError(f"There is no night in {folder} yet.", hint="Run: annoaudit run")
    if told == "previous":
        raise UsageError(f"There is only one night in {folder}.", hint="annoaudit run makes the next one.")
    raise UsageError(
        f"There is no night {told[:80]!r} in {folder}.",
        hint=f"Name one by number, 1 to {len(heads)}, by run id, or as previous or last.",
    )

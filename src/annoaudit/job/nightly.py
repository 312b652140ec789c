"""One night of one project: read, snapshot, audit, compare, judge, seal, store, write."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from annoaudit.auditing.pseudonyms import Pseudonyms
from annoaudit.auditing.saving import as_row, make_folder
from annoaudit.auditing.threats import gather_threats
from annoaudit.errors import AnnoauditError, DeliveryFailed
from annoaudit.job.comparing import Comparison, compare_nights, keep_identities
from annoaudit.job.completeness import describe_gaps
from annoaudit.job.edits import DETECTOR as EDITS
from annoaudit.job.edits import VERSION as EDITS_VERSION
from annoaudit.job.gate import SampledRate, judge_gate, passes
from annoaudit.job.integrity import Integrity, check_integrity
from annoaudit.job.locking import locked
from annoaudit.job.media_watch import MediaWatch
from annoaudit.job.outputs import write_outputs
from annoaudit.job.retaining import find_expired, remove_expired
from annoaudit.job.sealed import HEADS_SUFFIX, Seals, copy_heads, open_seals, read_outside
from annoaudit.job.sources import Material
from annoaudit.job.trends import measure_night, tabulate_trends
from annoaudit.ledger.snapshots import with_pseudonyms
from annoaudit.reporting import render_json
from annoaudit.reporting.night import NightRecord
from annoaudit.reporting.text import plural
from annoaudit.reporting.threats import CheckRecord, ThreatsRecord
from annoaudit.store import NightRow, StateRow, open_store, store_of
from annoaudit.store.nights import Nights
from annoaudit.store.places import point_to, schema_of

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.auditing import Audit
    from annoaudit.job.reading import Job
    from annoaudit.labels import LabelSet
    from annoaudit.ledger.sealing import Seal
    from annoaudit.ledger.snapshots import Snapshot
    from annoaudit.reporting.record import AuditRecord

__all__ = ["Night", "heads_file", "run_project"]

MOST_TRENDS = 120

Stage = Callable[[str], None]
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, eq=False)
class Night:
    """What one night of one project came to.

    ``record`` is what the report shows; ``undelivered`` says what could not be pushed or copied; ``pending`` are the
    nights that nobody has been told of, this one included, as their gates were stored.
    """

    project: str
    folder: Path
    record: AuditRecord
    exit_code: int
    undelivered: tuple[str, ...] = ()
    pending: tuple[Mapping[str, object], ...] = ()

    @property
    def night(self) -> NightRecord:
        """The night's own part of the record."""
        assert self.record.night is not None
        return self.record.night


def run_project(job: Job, name: str, stage: Stage) -> Night:
    """Run one project's night.

    Everything that was found is stored in one transaction; only then are outputs written and the night is noted as
    finished. A night that is cut off before is not compared with, so the next one repeats it.

    Parameters
    ----------
    stage
        Told what is being done, for people who wait.

    Raises
    ------
    AnnoauditError
        The job could not be done; what was stored before is unharmed.
    """
    folder = make_folder(job.folder(name))
    if job.config.store is not None:
        point_to(folder, f"{job.config.store}?schema={schema_of(name)}")
    with _disk_explained(folder), locked(folder), open_store(store_of(folder)) as store:
        nights = Nights(store, name)
        return _Run(
            Material(job, name, folder), nights, open_seals(folder, nights, job.snapshots(name)), stage
        ).carry_out()


@contextmanager
def _disk_explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise AnnoauditError(
            f"{folder} can't be written or read: {error.strerror or type(error).__name__}.",
            hint="Free some space or check the disk, and run again; what was stored before is unharmed.",
        ) from None


def heads_file(job: Job, name: str) -> Path | None:
    """Return where a project's heads are copied to, if anywhere."""
    folder = job.config.ledger.heads
    return None if folder is None else job.resolve(folder) / f"{name}{HEADS_SUFFIX}"


@dataclass(frozen=True, eq=False)
class _Sealed:
    """Tonight's labels, sealed; what became of them and their media, and what did not arrive."""

    snapshot: Snapshot
    hashed: Seal
    integrity: Integrity
    missing: Sequence[str] | None
    media: MediaWatch
    gaps: Sequence[str]

    def add_findings(self, findings: pd.DataFrame) -> pd.DataFrame:
        """Return an audit's findings with those about integrity in front and those about media behind."""
        return self.media.add_findings(self.integrity.add_findings(findings))


@dataclass(frozen=True, eq=False)
class _Run:
    material: Material
    nights: Nights
    seals: Seals
    stage: Stage
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    clock: float = field(default_factory=time.perf_counter)

    @property
    def job(self) -> Job:
        return self.material.job

    @property
    def name(self) -> str:
        return self.material.name

    @property
    def folder(self) -> Path:
        return self.material.folder

    def carry_out(self) -> Night:
        self.stage("pulling" if self.material.is_live else "reading")
        is_first = not len(self.nights.finished())
        labels = self.material.read(self.started_at, is_first=is_first)
        key = self.nights.store.pseudonym_key()
        self.stage("sealing")
        sealed = self._seal(labels, Pseudonyms(key))
        self.stage("auditing")
        audit = self.material.audit(labels, key, self.nights.states(), self.started_at)
        record, scored = self._compare(audit, sealed, None if is_first else self.material.sampled_rate())
        assert record.night is not None
        code = 3 if audit.exit_code == 3 else 0 if record.night.passed else 1
        self.stage("storing")
        run_id = self._store(audit, record, scored, sealed, code)
        undelivered = tuple(self._deliver())
        if undelivered and code == 0:
            code = DeliveryFailed.exit_code
            self.nights.finish(run_id, datetime.now(UTC), code)
        return Night(self.name, self.folder, record, code, undelivered, self._pending())

    def _seal(self, labels: LabelSet, name_of: Pseudonyms) -> _Sealed:
        outside = read_outside(heads_file(self.job, self.name))
        before = self.seals.verify(outside, only_last=True)
        snapshot, hashed = self.seals.seal_snapshot(with_pseudonyms(labels, name_of), trusted=before.intact)
        integrity = check_integrity(self.seals, hashed, labels, before, self.material.is_live, name_of)
        missing, media = self.material.missing(labels), self.material.watch_media(labels, self.started_at)
        gaps = describe_gaps(labels, self.seals.labels_before(), live=self.material.is_live)
        return _Sealed(snapshot, hashed, integrity, missing, media, gaps)

    def _compare(self, audit: Audit, sealed: _Sealed, sampled: SampledRate | None) -> tuple[AuditRecord, Pairs]:
        """The record of the night, and the pairs of detector and question that scored."""
        findings = keep_identities(
            sealed.media.add_findings(sealed.integrity.add_findings(audit.findings)), self.nights
        )
        ran = tuple((one.detector, one.question) for one in audit.record.outcomes if one.status == "scored")
        scored = (*ran, *sealed.media.scored)
        comparison = compare_nights(findings, scored, self.nights)
        night = self._judge(audit.record, findings, comparison, sealed, sampled)
        record = replace(
            audit.record,
            findings=findings,
            night=night,
            threats=self._threats(audit.record, sealed),
            title=self.name,
            headline=_headline(audit, night),
            started_at=self.started_at,
            seconds=time.perf_counter() - self.clock,
        )
        stored, tonight = self.nights.measures(), measure_night(record)
        trends = tabulate_trends(stored, self.started_at, tonight, night.coefficient).tail(MOST_TRENDS)
        return replace(record, night=replace(night, trends=trends)), scored

    def _threats(self, record: AuditRecord, sealed: _Sealed) -> ThreatsRecord:
        checks: list[CheckRecord] = []
        without: dict[str, str] = {}
        if len(self.nights.finished()):
            checks.append(CheckRecord.of_facts("ledger", len(sealed.integrity.problems)))
            n_patterns = int((sealed.integrity.found["detector"] == EDITS).sum())
            checks.append(CheckRecord.of_facts("edits", n_patterns))
        else:
            first = "this is the first night: nothing is sealed yet to compare with"
            without |= {"ledger": first, "edits": first}
        if sealed.missing is not None:
            checks.append(CheckRecord.of_facts("completeness", len(sealed.missing)))
        return gather_threats(
            record.outcomes,
            [*checks, *sealed.media.checks],
            {**without, **sealed.media.missing},
            {one.kind for one in record.questions},
        )

    def _store(self, audit: Audit, record: AuditRecord, scored: Pairs, sealed: _Sealed, code: int) -> str:
        """Store all of the night at once, then write its outputs, and only then note it as finished."""
        assert record.night is not None
        run, run_json = as_row(record, code), render_json(record)
        name = sealed.snapshot.name
        expired = find_expired(self.seals, self.job.config.retention_days, self.started_at, name)
        head = self.seals.make_head(
            sealed.snapshot, sealed.hashed, record.findings, project=self.name, at=self.started_at, run_id=run.run_id,
            run_json=run_json, removed=expired.names,
        )  # fmt: skip
        self.nights.add(
            run,
            record.findings,
            run_json,
            NightRow(self.name, name, scored, _gate_values(record.night)),
            states=[
                *_states(audit, self.name, Pseudonyms(self.nights.store.pseudonym_key())),
                StateRow(self.name, EDITS, "", EDITS_VERSION, sealed.integrity.memory.as_state()),
            ],
            measures=measure_night(record),
            head_json=head.as_line(),
        )
        write_outputs(record, self.folder, run_json, code)
        self.nights.finish(run.run_id, datetime.now(UTC), code)
        self.nights.keep_last_state(EDITS)
        remove_expired(self.seals, self.job.config.retention_days, self.started_at)
        return run.run_id

    def _judge(
        self,
        record: AuditRecord,
        findings: pd.DataFrame,
        comparison: Comparison,
        sealed: _Sealed,
        sampled: SampledRate | None,
    ) -> NightRecord:
        integrity = sealed.integrity
        gate = self.job.config.gate_of(self.name)
        settled = record.review.by_fingerprint if record.review else {}
        fresh = findings[findings["fingerprint"].isin(comparison.new) & ~findings["fingerprint"].isin(settled)]
        new = {str(severity): int(n) for severity, n in sorted(fresh["severity"].value_counts().items())}
        checks = judge_gate(
            gate, record.questions, new, is_first=not comparison.n_nights, sampled=sampled,
            integrity=integrity.problems, missing=sealed.missing,
        )  # fmt: skip
        return NightRecord(
            project=self.name,
            passed=passes(gate, checks),
            checks=checks,
            counts=comparison.counts(),
            new_by_severity=new,
            compared_with=_tell_nights(comparison.n_nights),
            changes=integrity.changes,
            n_changes=integrity.n_changes,
            integrity=(*integrity.sentences, *sealed.media.sentences, *sealed.gaps),
            trends=integrity.changes.head(0),
            coefficient=gate.coefficient,
            snapshot=sealed.snapshot.name,
        )

    def _deliver(self) -> Iterator[str]:
        target = heads_file(self.job, self.name)
        if target is not None:
            try:
                copy_heads(self.nights.heads(), target)
            except AnnoauditError as error:
                yield error.message
        wish = self.material.project.push
        if wish is not None:
            from annoaudit.reviewing import push

            self.stage("pushing")
            try:
                push(self.folder, yes=True, blind=wish.blind, decoys=wish.decoys)
            except AnnoauditError as error:
                yield error.message

    def _pending(self) -> tuple[Mapping[str, object], ...]:
        finished = self.nights.finished()
        texts = finished["gate_json"][finished["notified"] == 0]
        return tuple(json.loads(text) for text in texts)


def _tell_nights(n: int) -> str:
    return plural(n, "earlier night") if n else "nothing: the first night"


def _headline(audit: Audit, night: NightRecord) -> str:
    n = night.n_changes.get("unexplained", 0)
    if not n:
        return audit.record.headline
    return (
        f"{audit.record.headline} {n:,} change{'s contradict' if n > 1 else ' contradicts'} the project's own history."
    )


def _gate_values(night: NightRecord) -> dict[str, object]:
    failed = [one.sentence for one in night.checks if one.status == "failed"]
    return {"passed": night.passed, "failed": failed, "new": dict(night.new_by_severity)}


def _states(audit: Audit, project: str, name_of: Pseudonyms) -> Sequence[StateRow]:
    """What detectors leave for the next night, by pseudonym."""
    return [
        StateRow(
            project, one.detector, one.question, one.version, {name_of(who): kept for who, kept in one.state.items()}
        )
        for one in audit.scores
        if one.state is not None
    ]

"""What a night audits: the labels of its source, and the companions that the configuration names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from annoaudit.auditing.pseudonyms import Pseudonyms
from annoaudit.job.bookmarks import is_full_pull_due
from annoaudit.job.completeness import list_missing
from annoaudit.job.media_watch import MediaWatch, watch_media
from annoaudit.job.models import Models

if TYPE_CHECKING:
    from annoaudit.auditing import Audit
    from annoaudit.job.config import Project
    from annoaudit.job.gate import SampledRate
    from annoaudit.job.reading import Job
    from annoaudit.labels import LabelSet
    from annoaudit.store import StateRow

__all__ = ["Material"]


@dataclass(frozen=True)
class Material:
    """The source and the companions of one project."""

    job: Job
    name: str
    folder: Path

    @property
    def project(self) -> Project:
        """What the configuration says of the project."""
        return self.job.config.projects[self.name]

    @property
    def is_live(self) -> bool:
        """Whether the source is a platform, with a history of its own."""
        from annoaudit.connectors import is_address

        return is_address(self.project.source)

    def read(self, now: datetime, *, is_first: bool) -> LabelSet:
        """Read the labels; from a live project what changed, and after some days everything.

        Parameters
        ----------
        is_first
            There is no earlier night, so no verdicts to read.
        """
        from annoaudit.connectors import pull
        from annoaudit.formats import read

        told = self.project
        if not self.is_live:
            return read(
                self.job.locate(told.source), mapping=told.mapping or None, format=told.format, encoding=told.encoding
            )
        due = is_full_pull_due(self.folder, told.full_pull_days, now)
        labels = pull(told.source, into=self.folder, full=due)
        if told.verdicts and not is_first:
            from annoaudit.reviewing import verdicts

            verdicts(self.folder)
        return labels

    def missing(self, labels: LabelSet) -> list[str] | None:
        """Return what should have arrived and did not; None where nothing is expected."""
        expected = self.project.expected
        return None if expected is None else list_missing(labels, expected, self.job.resolve)

    def watch_media(self, labels: LabelSet, now: datetime) -> MediaWatch:
        """Return what became of the pinned media; nothing where none are configured."""
        return watch_media(self.project, labels, self.job.resolve, now)

    def audit(
        self, labels: LabelSet, key: bytes, left: Mapping[tuple[str, str], StateRow], started_at: datetime
    ) -> Audit:
        """Audit labels as the configuration says.

        Parameters
        ----------
        labels
            What is audited.
        key
            Of the pseudonyms.
        left
            What detectors left in the last finished night, by detector and question.
        started_at
            When the night began: with ``refit: weekly``, models are reused up to a week.
        """
        from annoaudit.auditing import audit

        told = self.project
        models = Models(self.folder, told.refit == "weekly" and told.probabilities is None, started_at)
        result = audit(
            labels,
            probabilities=self._locate(told.probabilities),
            features=self._locate(told.features),
            gold=self._locate(told.gold),
            budget=told.budget,
            question=told.question,
            detectors=told.detectors,
            media_root=None if told.media_root is None else self.job.resolve(told.media_root),
            pseudonym_key=key,
            history=self.folder,
            states=_of_annotators(left, labels, Pseudonyms(key)),
            models=models.known(labels.questions_of("choice")),
            subjective=told.subjective,
            overlap=told.overlap,
            reading=told.reading,
            seed=told.seed,
        )
        models.keep(result)
        return result

    def sampled_rate(self) -> SampledRate | None:
        """Return the error rate from the random sample of a blinded review, where there is one; ask no server."""
        if not self.is_live:
            return None
        from annoaudit.reviewing import verdicts

        table = verdicts(self.folder, offline=True).sampled
        rows = table[table["what"] == "error rate of the project"]
        if not len(rows):
            return None
        value, low, high, basis = (rows[name].iloc[0] for name in ("value", "low", "high", "basis"))
        return float(value), float(low), float(high), str(basis)

    def _locate(self, source: str | None) -> str | Path | None:
        return None if source is None else self.job.locate(source)


def _of_annotators(
    left: Mapping[tuple[str, str], StateRow], labels: LabelSet, name_of: Pseudonyms
) -> dict[tuple[str, str], dict[str, object]]:
    """What was left, by annotator id; it is stored by pseudonym, and only for the same version of the detector."""
    from annoaudit.detectors import load_detectors

    versions = {one.name: one.version for one in load_detectors()}
    names = {name_of(str(who)): str(who) for who in labels.annotators["annotator_id"].to_pylist()}
    return {
        place: {names[who]: kept for who, kept in row.state.items() if who in names}
        for place, row in left.items()
        if row.version == versions.get(place[0])
    }

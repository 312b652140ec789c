"""``refit: weekly``: what models said in an earlier night, reused for some days; outputs then say how old it is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from annoaudit.errors import RefusedInput
from annoaudit.evidence.fitted import FittedModel
from annoaudit.job.bookmarks import SLACK

if TYPE_CHECKING:
    from annoaudit.auditing import Audit

__all__ = ["Models"]

FOLDER = "models"
KEPT_FOR = timedelta(days=7)


@dataclass(frozen=True)
class Models:
    """The models of one project's folder.

    Parameters
    ----------
    weekly
        Whether they may be reused; without, nothing is kept.
    """

    folder: Path
    weekly: bool
    started_at: datetime

    def known(self, questions: Sequence[str]) -> Mapping[str, FittedModel]:
        """Return the models of questions that are not older than a week."""
        found = {}
        for question in questions if self.weekly else ():
            try:
                model = FittedModel.load(self._path(question))
            except RefusedInput:
                continue
            age = self.started_at - model.made_at
            if timedelta(0) <= age < KEPT_FOR - SLACK:
                found[question] = model
        return found

    def keep(self, audit: Audit) -> None:
        """Keep what was fitted tonight."""
        for evidence in audit.evidence if self.weekly else ():
            if evidence.question in audit.reused:
                continue
            model = FittedModel.of(evidence, self.started_at)
            if model is not None:
                (self.folder / FOLDER).mkdir(parents=True, exist_ok=True)
                model.save(self._path(evidence.question))

    def _path(self, question: str) -> Path:
        return self.folder / FOLDER / f"{hashlib.sha256(question.encode()).hexdigest()[:16]}.parquet"

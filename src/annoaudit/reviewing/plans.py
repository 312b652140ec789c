"""What a push would do, and what it did."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from annoaudit.reporting.text import fold, plural

__all__ = ["Plan", "Receipt"]


@dataclass(frozen=True)
class Plan:
    """What ``push`` would do. Nothing has been written.

    Parameters
    ----------
    source, source_title
        Address and title of the audited project, which stays as it is.
    review_title, review_project
        The review project; its id is 0 while it does not exist.
    n_new, n_changed, n_kept, n_answered, n_withdrawn
        Review tasks to make; to make anew because their reasons have changed; to leave as they are; answered
        or being worked on, and so never touched; to withdraw because nothing is flagged there any more.
    n_settled
        Targets answered in an earlier review project, which are not asked again.
    n_drawn
        Targets in the random sample.
    n_in_tab, n_scored
        Annotations shown in a tab of the source, and tasks that get a prediction there; None where not asked for.
    notes
        What a reader should know.
    """

    source: str
    source_title: str
    review_title: str
    review_project: int
    blind: bool
    n_new: int
    n_changed: int
    n_kept: int
    n_answered: int
    n_withdrawn: int
    n_settled: int = 0
    n_drawn: int = 0
    n_in_tab: int | None = None
    n_scored: int | None = None
    notes: tuple[str, ...] = ()

    def describe(self) -> list[str]:
        """Return one line a step, for people."""
        known = f"reuse project {self.review_project}" if self.review_project else "make a new project"
        lines = [
            f"Source: {self.source} ({fold(self.source_title)}); {self._marks()}.",
            f"Review project: {fold(self.review_title)} ({known}){', blinded' if self.blind else ''}.",
            f"{plural(self.n_new, 'review task')} to add, {self.n_changed:,} to renew, "
            f"{self.n_withdrawn:,} to withdraw; "
            f"{self.n_kept:,} stay as they are, {self.n_answered:,} answered or in work are not touched.",
        ]
        if self.n_settled:
            lines.append(f"{plural(self.n_settled, 'target')} answered before: not asked again.")
        if self.n_drawn:
            lines.append(
                f"{self.n_drawn:,} of all targets are a random sample of the whole project, under the same look."
            )
        return lines + [f"Note: {one}" for one in self.notes]

    def _marks(self) -> str:
        marks = []
        if self.n_in_tab is not None:
            marks.append(f"a tab of {plural(self.n_in_tab, 'flagged annotation')}")
        if self.n_scored is not None:
            marks.append(f"predictions without labels on {plural(self.n_scored, 'task')}")
        return f"in it, {' and '.join(marks)}, which unpush removes" if marks else "nothing in it changes"

    def as_json(self) -> str:
        """Return the plan as JSON."""
        return json.dumps({"plan": self.__dict__}, ensure_ascii=True, default=list)

    def __str__(self) -> str:
        return "\n".join([*self.describe(), "Nothing has been written yet; confirm with --yes (yes=True in Python)."])

    __repr__ = __str__


@dataclass(frozen=True)
class Receipt:
    """What ``push`` did."""

    plan: Plan
    review_project: int
    url: str
    n_made: int
    n_withdrawn: int
    notes: tuple[str, ...] = field(default=())

    def describe(self) -> list[str]:
        """Return one line a step, for people."""
        lines = [
            f"Review project: {self.url}",
            f"{plural(self.n_made, 'review task')} made, {self.n_withdrawn:,} withdrawn; "
            f"{self.plan.n_kept:,} kept, {self.plan.n_answered:,} answered or in work not touched.",
        ]
        return lines + [f"Note: {one}" for one in self.notes]

    def as_json(self) -> str:
        """Return the receipt as JSON."""
        said = {
            "plan": self.plan.__dict__,
            "review_project": self.review_project,
            "url": self.url,
            "n_made": self.n_made,
            "n_withdrawn": self.n_withdrawn,
            "notes": self.notes,
        }
        return json.dumps(said, ensure_ascii=True, default=list)

    def __str__(self) -> str:
        return "\n".join(self.describe())

    __repr__ = __str__

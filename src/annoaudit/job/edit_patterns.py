"""What the changes of many nights look like together: statistical findings of level L2, never more.

A single change is no finding. These are patterns in changes: one person's edits go against what others say more than
the team's edits do, pile up in one pair of classes, or come in masses; more is removed, or edited by others, than is
usual in this project; what is missing depends on whose it was or what it showed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from annoaudit.findings import fingerprint
from annoaudit.job.edits import DETECTOR, VERSION, Edit, EditMemory, Others
from annoaudit.job.finding_rows import as_findings
from annoaudit.policy import EDITS, EditLimits
from annoaudit.reporting.text import plural
from annoaudit.statistics.edits import Excess, excess_of_mean, excess_of_share
from annoaudit.statistics.multiplicity import adjust_p

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from annoaudit.labels import LabelSet

__all__ = ["find_patterns"]

SEVERITY = "L2"
UNTESTED = float("nan")
EDITED_NULL = "edits are spread over people at random"
REMOVED_NULL = "answers are removed at random"
SKIPPED_NULL = "what is skipped does not depend on who skips it"
COUNTED = (
    ("n_removed", "answers were removed"),
    ("n_by_others", "answers were changed by others than those who gave them"),
    ("n_gaps", "numbers of new annotations are not there"),
)


@dataclass(frozen=True)
class _Pattern:
    """A pattern: with a p value where its null was drawn, else a rank that is beyond its limit."""

    kind: str
    who: str
    question: str
    sentence: str
    excess: Excess
    null: str = ""


def find_patterns(
    memory: EditMemory,
    labels: LabelSet,
    *,
    live: bool,
    name_of: Callable[[str], str] = str,
    limits: EditLimits = EDITS,
) -> pd.DataFrame:
    """Return the L2 findings about changes, with the columns of findings.

    Parameters
    ----------
    memory
        Edits and removals of the latest nights, tonight's included.
    labels
        Tonight's labels: what removed answers are compared with.
    live
        The platform says who edited. In a file nobody knows: a pattern is then one of whose labels were changed.
    name_of
        Turns an annotator's id into the pseudonym that edits have.
    """
    tested = [
        *_against_others(memory, live, limits),
        *_concentrated(memory, live, limits),
        *_missing(memory, labels, name_of, limits),
        *_skipped(labels, name_of, limits),
    ]
    adjusted = adjust_p(np.array([one.excess.p for one in tested], dtype=np.float64))
    found = [
        replace(one, excess=replace(one.excess, p=float(p)))
        for one, p in zip(tested, adjusted, strict=True)
        if p <= limits.false_discovery_rate and one.excess.group - one.excess.rest >= limits.smallest_effect
    ]
    patterns = [*found, *_masses(memory, live, limits), *_unusual(memory, limits)]
    return as_findings([_values(one) for one in patterns])


def _by_actor(edits: Sequence[Edit], least: int) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """Yield who made enough edits, and which; enough others have to be left."""
    names = np.array([one.actor for one in edits], dtype=object)
    for who in sorted({*names} - {""}):
        chosen = np.asarray(names == who, dtype=bool)
        if least <= chosen.sum() <= len(edits) - least:
            yield who, chosen


def _questions(memory: EditMemory) -> list[str]:
    return sorted({one.question for one in memory.edits})


def _against_others(memory: EditMemory, live: bool, limits: EditLimits) -> Iterator[_Pattern]:
    for question in _questions(memory):
        edits = [one for one in memory.edits if one.question == question and one.lost is not None]
        values = np.array([one.lost for one in edits], dtype=np.float64)
        for who, chosen in _by_actor(edits, limits.fewest_edits):
            found = excess_of_mean(values, chosen, seed=len(edits))
            told = (
                f"{_did(live)} moved {found.n:,} answers {_points(found.group)} what the items' other annotators say; "
                f"the other edits of this project {_points(found.rest)}."
            )
            if found.group > 0:
                yield _Pattern("against_others", who, question, told, found, EDITED_NULL)


def _did(live: bool) -> str:
    return "Edits by this person" if live else "Changes of this annotator's labels"


def _points(value: float) -> str:
    return f"{abs(100 * value):.0f} points {'away from' if value > 0 else 'toward'}"


def _concentrated(memory: EditMemory, live: bool, limits: EditLimits) -> Iterator[_Pattern]:
    for question in _questions(memory):
        edits = [one for one in memory.edits if one.question == question and one.now is not None]
        pairs = np.array([f"“{one.was}” → “{one.now}”" for one in edits], dtype=object)
        names = sorted({*pairs})
        for who, chosen in _by_actor(edits, limits.fewest_edits):
            found = excess_of_share(*(_count(part, names) for part in (pairs[chosen], pairs[~chosen])), seed=len(edits))
            if found.group * found.n >= limits.fewest_edits:
                pair = names[found.category]
                told = (
                    f"{_did(live)}: {found.group:.0%} of {found.n:,} are {pair}, and {found.rest:.0%} of the other "
                    "edits of this project."
                )
                yield _Pattern(f"concentrated {pair}", who, question, told, found, EDITED_NULL)


def _count(values: Iterable[str], names: Sequence[str]) -> npt.NDArray[np.int64]:
    places = {name: place for place, name in enumerate(names)}
    return np.bincount([places[one] for one in values if one in places], minlength=len(names)).astype(np.int64)


def _missing(
    memory: EditMemory, labels: LabelSet, name_of: Callable[[str], str], limits: EditLimits
) -> Iterator[_Pattern]:
    """Removed answers against those that are there: whose they were, and what most annotators of the item say."""
    for question in _questions(memory):
        gone = [one for one in memory.edits if one.question == question and one.now is None]
        if len(gone) < limits.fewest_edits or question not in labels.questions_of("choice"):
            continue
        votes, others = labels.votes(question), Others.of(labels, question)
        people = [name_of(str(one)) for one in votes.annotator_ids.to_pylist()]
        owners = np.bincount(votes.annotator, minlength=len(people)).astype(np.int64)
        most = others.counts.max(axis=1) * 2 > others.counts.sum(axis=1)
        classes = np.bincount(others.counts.argmax(axis=1)[votes.item][most[votes.item]], minlength=votes.n_classes)
        found = excess_of_share(_count([one.owner for one in gone], people), owners, seed=len(gone))
        if found.group * found.n >= limits.fewest_edits:
            told = _tell_missing(found, "given by this annotator")
            yield _Pattern("missing_by_owner", people[found.category], question, told, found, REMOVED_NULL)
        said = _count([one.others_say or "" for one in gone], votes.classes)
        found = excess_of_share(said, classes.astype(np.int64), seed=len(gone))
        if found.group * found.n >= limits.fewest_edits:
            name = votes.classes[found.category]
            told = _tell_missing(found, f"of items that most call “{name}”")
            yield _Pattern(f"missing_by_class {name}", "", question, told, found, REMOVED_NULL)


def _skipped(labels: LabelSet, name_of: Callable[[str], str], limits: EditLimits) -> Iterator[_Pattern]:
    """One person's skips against the other people's: what most annotators of the items say. Hard classes cancel out."""
    questions = labels.questions_of("choice")
    skips = labels.annotations.filter(pc.equal(labels.annotations["status"], "skipped"))
    if len(questions) != 1 or skips.num_rows < 2 * limits.fewest_edits:
        return
    others = Others.of(labels, questions[0])
    place = np.array([others.items.get(str(one), -1) for one in skips["item_id"].to_pylist()], dtype=np.int64)
    sure = (place >= 0) & (2 * others.counts[place].max(axis=1) > others.counts[place].sum(axis=1))
    codes, who = others.counts[place].argmax(axis=1)[sure], np.array(skips["annotator_id"].to_pylist())[sure]
    k, names = len(others.classes), tuple(others.classes)
    for person in sorted({*who}):
        mine, rest = (np.bincount(codes[part], minlength=k) for part in (who == person, who != person))
        if min(mine.sum(), rest.sum()) < limits.fewest_edits:
            continue
        found = excess_of_share(mine, rest, seed=len(codes))
        if found.group * found.n >= limits.fewest_edits:
            name = names[found.category]
            told = (
                f"Most annotators call {found.group:.0%} of the {found.n:,} items that this one skipped “{name}”; "
                f"of those that others skipped, {found.rest:.0%}."
            )
            yield _Pattern(f"skips_class {name}", name_of(str(person)), questions[0], told, found, SKIPPED_NULL)


def _tell_missing(found: Excess, what: str) -> str:
    gone = f"{found.group:.0%} of {found.n:,} answers that were removed were {what}"
    return f"{gone}; of those that are there, {found.rest:.0%}."


def _masses(memory: EditMemory, live: bool, limits: EditLimits) -> Iterator[_Pattern]:
    """Far more edits in one night than the same person makes in others: a rank, since edits come in bursts anyway."""
    if memory.n <= limits.fewest_nights:
        return
    edits = [one for one in memory.edits if one.now is not None]
    first = max(memory.n - len(memory.nights) + 1, 1)
    for who in sorted({one.actor for one in edits if one.night == memory.n} - {""}):
        counts = np.bincount([one.night for one in edits if one.actor == who], minlength=memory.n + 1)
        usual, n = int(counts[first:-1].max(initial=0)), int(counts[-1])
        if n >= max(limits.fewest_in_mass, limits.times_usual * usual):
            nights = plural(memory.n - first, "earlier night")
            told = f"{_did(live)}: {n:,} in one night; in {nights} {usual:,} at most."
            yield _Pattern(f"mass {memory.n}", who, "", told, Excess(UNTESTED, n, usual, n=n))


def _unusual(memory: EditMemory, limits: EditLimits) -> Iterator[_Pattern]:
    """More removed, edited by others or missing from the numbering than in any earlier night, by far."""
    if len(memory.nights) <= limits.fewest_nights:
        return
    *earlier, tonight = memory.nights
    for name, what in COUNTED:
        usual, n = max(int(getattr(one, name)) for one in earlier), int(getattr(tonight, name))
        if n >= max(limits.fewest_in_mass, limits.times_usual * usual):
            nights = plural(len(earlier), "earlier night")
            told = f"{n:,} {what} since the night before; in {nights} {usual:,} at most."
            yield _Pattern(f"unusual {name} {memory.n}", "", "", told, Excess(UNTESTED, n, usual, n=n))


def _values(one: _Pattern) -> dict[str, object]:
    found, level = one.excess, "annotator" if one.who else "dataset"
    tested = bool(np.isfinite(found.p))
    return {
        "detector": DETECTOR,
        "version": VERSION,
        "severity": SEVERITY,
        "level": level,
        "fingerprint": fingerprint(DETECTOR, level, [one.kind, one.who, one.question]),
        "question": one.question,
        "annotator": one.who,
        "reason": one.sentence,
        "n": found.n,
        "rank": 0,
        "suspicion": 1 - found.p if tested else 1.0,
        "p": found.p,
        "null": one.null,
        "family": DETECTOR if tested else "",
        "effect": found.group - found.rest if tested else float("nan"),
        "effect_name": "difference from the rest" if tested else "",
        "evidence_json": json.dumps({"kind": one.kind, "group": found.group, "rest": found.rest}),
    }

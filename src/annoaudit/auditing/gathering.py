"""What goes into an audit: labels, the questions to audit, and the companions joined to their items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from annoaudit.errors import RefusedInput, UsageError
from annoaudit.evidence import Evidence
from annoaudit.evidence.kinds import AUDITED
from annoaudit.formats import join_features, join_gold, join_probabilities, read, read_probabilities
from annoaudit.labels import NOMINAL, LabelSet
from annoaudit.statistics.texts import READINGS

if TYPE_CHECKING:
    from typing import TypeAlias

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from annoaudit.evidence.fitted import FittedModel

    Table: TypeAlias = str | Path | pd.DataFrame
    Companion: TypeAlias = Table | npt.NDArray[np.generic]

__all__ = ["as_labels", "choose_questions", "gather_evidence", "reuse_models"]


def as_labels(labels: LabelSet | str | Path | pd.DataFrame) -> LabelSet:
    """Return a LabelSet as it is, and read anything else."""
    if isinstance(labels, LabelSet):
        return labels
    return read(labels)


def _what(labels: LabelSet) -> str:
    """What was read, in a few words: how many items and labels, and which questions of which kind."""
    rows = labels.questions.select(["question", "kind"]).to_pylist()
    asked = ", ".join(f"{row['question']} ({row['kind']})" for row in rows[:8]) + (" …" if len(rows) > 8 else "")
    counts = f"{labels.items.num_rows:,} items, {labels.labels.num_rows:,} labels"
    return f"{counts}; questions: {asked}" if asked else counts


def choose_questions(labels: LabelSet, question: str | None, *, with_answers: bool) -> tuple[str, ...]:
    """Return the questions to audit: the named one, or all of a kind that can be audited.

    Raises
    ------
    UsageError
        The named question is not there, or companions that answer one question are given for several.
    RefusedInput
        There is no question of such a kind.
    """
    known = tuple(one for one in labels.questions_of(*AUDITED) if _is_answered(labels, one))
    if question is not None and question not in known:
        raise UsageError(
            f"There is no question {question!r} that can be audited.",
            hint=f"There are: {', '.join(known) or 'none'}.",
        )
    in_words = labels.questions_of(*NOMINAL)
    if question is None and with_answers and len(in_words) == 1:
        return in_words
    if question is None and len(known) > 1 and with_answers:
        raise UsageError(
            f"Probabilities and gold labels belong to one question; there are {len(known)}.",
            hint=f"Name it with question= or --question: {', '.join(known)}.",
        )
    chosen = known if question is None else (question,)
    unfit = [one for one in chosen if with_answers and labels.kind_of(one) not in NOMINAL]
    if unfit:
        raise UsageError(
            f"Probabilities and gold labels answer single-choice questions; {unfit[0]!r} is of kind "
            f"{labels.kind_of(unfit[0])}.",
            hint="Leave them out.",
        )
    if not known:
        raise RefusedInput(
            f"{labels.source or 'The input'} was read ({_what(labels)}), but it has no question of a kind that is "
            f"audited; these are {', '.join(AUDITED)}.",
            hint="They are kept: annoaudit convert writes them in another format, aa.read returns them as tables.",
        )
    return chosen


def _is_answered(labels: LabelSet, question: str) -> bool:
    """Whether a question of free text has any: readers keep what they cannot decode as texts without words."""
    return labels.kind_of(question) != "text" or len(labels.texts(question)) > 0


def gather_evidence(
    labels: LabelSet,
    question: str,
    probabilities: Companion | None,
    features: Companion | None,
    gold: Table | None,
    *,
    media_root: str | Path | None,
    folds: str,
    seed: int,
    states: Mapping[tuple[str, str], Mapping[str, object]] | None = None,
    overlap: float = 0.5,
    reading: str = "auto",
) -> Evidence:
    """Join the companions, given as files, frames or arrays, to the items of one question."""
    if not 0 < overlap <= 1:
        raise UsageError(f"The overlap is {overlap:g}.", hint="Give a share above 0, at most 1.")
    if reading not in READINGS:
        raise UsageError(f"There is no reading {reading!r} of texts.", hint=f"Give one of {', '.join(READINGS)}.")
    matrix = None
    if probabilities is not None:
        votes, matrix = labels.votes(question), read_probabilities(probabilities)
        # A model may know classes that nobody chose; without their columns its rows would not sum to 1.
        unused = [name for name in matrix.columns or () if name not in votes.classes]
        labels = labels.with_options(question, (*votes.classes, *unused)) if unused else labels
    item_ids = labels.items["item_id"].combine_chunks()
    classes = labels.votes(question).classes if matrix is not None or gold is not None else ()
    return Evidence(
        labels,
        question,
        given_probabilities=None if matrix is None else join_probabilities(matrix, item_ids, classes),
        given_features=None if features is None else join_features(features, item_ids),
        gold_codes=None if gold is None else join_gold(gold, item_ids, classes),
        media_root=None if media_root is None else Path(media_root),
        folds=folds,
        seed=seed,
        overlap=overlap,
        reading=reading,
        state={name: kept for (name, about), kept in (states or {}).items() if about == question},
    )


def reuse_models(
    evidences: Sequence[Evidence], models: Mapping[str, FittedModel], now: datetime
) -> tuple[dict[str, datetime], list[str]]:
    """Let questions reuse what models said earlier; return when those were fitted, and what to tell of it.

    A model of other classes, another seed, or that knows too few of the items is left aside, and fitted anew.
    """
    reused: dict[str, datetime] = {}
    told = []
    for evidence in evidences:
        model = models.get(evidence.question)
        if model is None or evidence.given_probabilities is not None:
            continue
        n_unknown = model.put_into(evidence)
        if n_unknown is not None:
            reused[evidence.question] = model.made_at
            told.append(_tell_age(evidence.question, now - model.made_at, model.made_at, n_unknown))
    return reused, told


def _tell_age(question: str, age: timedelta, made_at: datetime, n_unknown: int) -> str:
    days = age / timedelta(days=1)
    told = f"The model of question “{question}” is {days:.1f} days old (fitted {made_at:%Y-%m-%d %H:%M} UTC)"
    if not n_unknown:
        return f"{told}: labels that changed since did not change it."
    return f"{told}: {n_unknown:,} items that are new or changed since were not judged by it."

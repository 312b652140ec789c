"""audit(): run the detectors over every question, let the policy decide, keep failures as data."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from annoaudit import __version__
from annoaudit.auditing.data_patterns import gather_data
from annoaudit.auditing.gathering import as_labels, choose_questions, gather_evidence, reuse_models
from annoaudit.auditing.history import add_sampled_rate, match_answers, read_history, record_review
from annoaudit.auditing.people import gather_people
from annoaudit.auditing.pseudonyms import Pseudonyms
from annoaudit.auditing.queue import list_queue
from annoaudit.auditing.running import choose_detectors, count_flags, run_detectors
from annoaudit.auditing.saving import save_audit
from annoaudit.auditing.statements import list_limits, list_methods, state_headline, state_next_step
from annoaudit.auditing.summary import summarise_question
from annoaudit.auditing.threats import gather_threats
from annoaudit.errors import RefusedInput
from annoaudit.policy import Decision, Policy
from annoaudit.reporting import render_html, render_json, render_markdown, render_notebook, render_summary
from annoaudit.reporting.record import AuditRecord

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.auditing.gathering import Companion, Table
    from annoaudit.auditing.history import Answered, History
    from annoaudit.detectors import Detector
    from annoaudit.evidence import Evidence
    from annoaudit.evidence.fitted import FittedModel
    from annoaudit.findings import Outcome, Scores
    from annoaudit.labels import LabelSet

__all__ = ["Audit", "audit"]


@dataclass(frozen=True, eq=False)
class Audit:
    """The result of one audit: findings, the numbers around them, and five ways out.

    In a notebook it shows itself. ``findings``, ``annotators`` and ``agreement`` are data frames;
    ``scores`` holds every detector's suspicion before any threshold; ``skips`` and ``failures`` say which
    detectors did not score and why.
    """

    record: AuditRecord
    scores: tuple[Scores, ...]
    evidence: tuple[Evidence, ...] = field(repr=False)
    reused: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def findings(self) -> pd.DataFrame:
        """One row a flagged target; ``rank`` > 0 is its place in the review queue."""
        return self.record.findings

    @property
    def annotators(self) -> pd.DataFrame:
        """One row an annotator and question: estimated accuracy, disagreement, gold accuracy, intervals."""
        return _stack([(one.question, one.annotators) for one in self.record.questions])

    @property
    def agreement(self) -> pd.DataFrame:
        """One row a coefficient and question, with its interval."""
        return _stack([(one.question, one.agreement) for one in self.record.questions])

    @property
    def skips(self) -> dict[str, str]:
        """Detectors that lacked evidence, and what they lacked."""
        return {one.detector: one.why for one in self.record.outcomes if one.status == "skipped"}

    @property
    def failures(self) -> dict[str, str]:
        """Detectors that crashed, and how."""
        return {one.detector: one.why for one in self.record.outcomes if one.status == "failed"}

    @property
    def exit_code(self) -> int:
        """0, or 3 if a detector failed. Findings alone never change it."""
        return 3 if self.failures else 0

    def html(self) -> str:
        """Return the report as one self-contained HTML page."""
        return render_html(self.record)

    def markdown(self) -> str:
        """Return the report as Markdown."""
        return render_markdown(self.record)

    def json(self) -> str:
        """Return the run as JSON (the content of run.json)."""
        return render_json(self.record)

    def save(self, path: str | Path) -> Path:
        """Write the report to a ``.html``, ``.md`` or ``.json`` file, or everything to a folder.

        A folder receives report.html, findings.parquet, findings.jsonl, run.json and annoaudit.db; saving
        into the same folder again adds a run to annoaudit.db and loses none.
        """
        return save_audit(self.record, self.exit_code, path)

    def __repr__(self) -> str:
        return render_summary(self.record)

    def _repr_html_(self) -> str:
        return render_notebook(self.record)


def audit(
    labels: LabelSet | str | Path | pd.DataFrame,
    *,
    probabilities: Companion | None = None,
    features: Companion | None = None,
    gold: Table | None = None,
    budget: int | None = None,
    question: str | None = None,
    detectors: Iterable[str | Detector] | None = None,
    policy: Policy | None = None,
    folds: str = "auto",
    media_root: str | Path | None = None,
    names: bool = False,
    subjective: bool = False,
    pseudonym_key: bytes | None = None,
    history: str | Path | None = None,
    states: Mapping[tuple[str, str], Mapping[str, object]] | None = None,
    models: Mapping[str, FittedModel] | None = None,
    overlap: float = 0.5,
    reading: str = "auto",
    seed: int = 0,
) -> Audit:
    """Audit the labels of a LabelSet, or of anything :func:`annoaudit.read` opens, question by question.

    Parameters
    ----------
    labels
        What to audit.
    probabilities, features, gold
        Companions, joined by item id: a file, a data frame, or an array in the order of ``labels.items``.
        Class probabilities (N, K) of a model that did not see these labels; feature vectors (N, D); gold
        labels of some items.
    budget
        Most labels in the review queue; by default min(5 % of the labels, 500).
    question
        Audit this question only; by default every one of a kind that is audited.
    detectors
        Names or instances; by default all that are installed.
    policy
        Thresholds, caps and severities; its budget gives way to ``budget``.
    folds
        "item", "annotator" or "auto": whose labels a model never sees when it judges them.
    media_root
        Folder under which image files may be opened.
    names
        Show annotators' ids instead of pseudonyms.
    subjective
        The question asks for opinions: disagreement with others is held against nobody.
    pseudonym_key
        Secret that makes pseudonyms the same in every run; by default that of ``history``, or one that lasts as long
        as the process.
    history
        Folder of earlier audits of these labels: flagged labels on which reviewers gave a verdict there, and that have
        not changed since, are not queued again, and the report says how right the flags were.
    states
        What detectors that watch streams left in the last run (``Scores.state``), by detector and question.
    models
        What models said in an earlier audit, by question: reused where the items' content is the same, and every
        output says how old they are.
    overlap
        Of boxes and other regions: similarity from which those of two people mean the same thing.
    reading
        Of texts: "words" compares them without case and punctuation, "exact" with both, "characters" character by
        character, "auto" by characters where the script has no spaces, else by words.
    seed
        Of everything random.

    Returns
    -------
    Audit
        Shows itself in a notebook; ``save()`` writes it.

    Raises
    ------
    RefusedInput
        The labels or a companion cannot be audited as they are; names the place and the mend.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    labels = as_labels(labels)
    questions = choose_questions(labels, question, with_answers=probabilities is not None or gold is not None)
    rules = _choose_rules(policy, budget, subjective=subjective)
    past = None if history is None else read_history(history, labels)
    name_of = Pseudonyms(pseudonym_key or (past.key if past else None), names=names)
    chosen = choose_detectors(detectors)
    evidences = [
        gather_evidence(
            labels, one, probabilities, features, gold, media_root=media_root, folds=folds, seed=seed, states=states,
            overlap=overlap,
            reading=reading,
        )
        for one in questions
    ]  # fmt: skip
    if not any(len(one.votes) for one in evidences):
        raise RefusedInput(
            f"{labels.source or 'The input'} holds no usable label.",
            hint="Drafts, skips, empty annotations, regions without a place and what is marked as ground truth are "
            "not audited; is the label column the right one? " + " ".join(labels.notes),
        )
    reused, told = reuse_models(evidences, models or {}, started)
    sizes = _share_budget(rules, [len(one.votes) for one in evidences])
    judged = [_judge(one, chosen, rules, size, past, name_of) for one, size in zip(evidences, sizes, strict=True)]
    record = _record(labels, judged, chosen, past, name_of, started)
    record = replace(
        record,
        seconds=time.perf_counter() - clock,
        limits=(*told, *record.limits),
        settings={
            "seed": seed,
            "folds": folds,
            "names": names,
            "subjective": rules.subjective,
            "thresholds": _thresholds(rules, chosen),
            "models_fitted_at": {name: at.isoformat() for name, at in reused.items()},
        },
    )
    return Audit(record, tuple(one for part in judged for one in part.scores), tuple(evidences), reused)


@dataclass(frozen=True, eq=False)
class _Judged:
    """One question: what was known, its share of the budget, what detectors said and the policy decided."""

    evidence: Evidence
    size: int
    scores: list[Scores]
    outcomes: list[Outcome]
    answered: Answered
    decision: Decision
    findings: pd.DataFrame


def _judge(
    evidence: Evidence,
    chosen: Sequence[Detector],
    rules: Policy,
    size: int,
    past: History | None,
    name_of: Callable[[str], str],
) -> _Judged:
    """Run the detectors over one question and let the policy decide."""
    scores, outcomes = run_detectors(evidence, chosen)
    answered = match_answers(past, evidence.labels, evidence.votes)
    decision = Decision.of(rules, evidence.votes, scores, size, answered.mask)
    findings = decision.findings(evidence.labels, name_of)
    # Counted last: a detector that crashes while it explains its findings has failed.
    counted = [count_flags(one, decision) for one in outcomes]
    return _Judged(evidence, size, scores, counted, answered, decision, findings)


def _record(
    labels: LabelSet,
    judged: Sequence[_Judged],
    chosen: Sequence[Detector],
    past: History | None,
    name_of: Callable[[str], str],
    started: datetime,
) -> AuditRecord:
    """Gather what a report says, but for settings and time."""
    evidences, decisions = [one.evidence for one in judged], [one.decision for one in judged]
    findings, outcomes = [one.findings for one in judged], [one for part in judged for one in part.outcomes]
    questions = add_sampled_rate(past, tuple(summarise_question(one.evidence, one.decision, name_of) for one in judged))
    people = gather_people(evidences, decisions, findings, outcomes, chosen, name_of)
    return AuditRecord(
        title=Path(labels.source).name if labels.source else "labels",
        source=labels.source,
        version=__version__,
        started_at=started,
        seconds=0.0,
        headline=state_headline(decisions, name_of),
        next_step=state_next_step(questions, decisions, outcomes, people),
        n_items=labels.items.num_rows,
        n_labels=sum(len(one.votes) for one in evidences),
        n_annotators=max(one.votes.n_annotators for one in evidences),
        n_flagged=sum(one.n_flagged for one in decisions),
        n_queued=sum(len(one.queue) for one in decisions),
        budget=sum(one.size for one in judged),
        questions=questions,
        outcomes=tuple(outcomes),
        queue=tuple(entry for one in judged for entry in list_queue(one.evidence, one.decision, one.findings, name_of)),
        findings=_join_findings(findings),
        limits=list_limits(labels, evidences, outcomes, people),
        methods=list_methods(outcomes),
        people=people,
        data=gather_data(decisions, findings, outcomes, chosen, name_of),
        threats=gather_threats(outcomes, kinds={one.kind for one in evidences}),
        review=record_review(past, labels, decisions, [one.answered for one in judged], findings),
    )


def _choose_rules(policy: Policy | None, budget: int | None, *, subjective: bool) -> Policy:
    rules = policy or Policy()
    rules = rules if budget is None else replace(rules, budget=budget)
    return replace(rules, subjective=True) if subjective else rules


def _share_budget(policy: Policy, n_labels: Sequence[int]) -> list[int]:
    """Split the budget over questions in proportion to their labels; its sum is the budget."""
    total = policy.size_queue(sum(n_labels))
    ends = np.round(np.cumsum(n_labels) / max(sum(n_labels), 1) * total).astype(int)
    return [int(size) for size in np.diff(np.r_[0, ends])]


def _thresholds(policy: Policy, detectors: Sequence[Detector]) -> dict[str, float]:
    return {one.name: policy.threshold(one.name) for one in detectors}


def _join_findings(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else parts[0]


def _stack(parts: Sequence[tuple[str, pd.DataFrame]]) -> pd.DataFrame:
    import pandas as pd

    tables = []
    for question, table in parts:
        copied = table.copy()
        copied.insert(0, "question", question)
        tables.append(copied)
    return pd.concat(tables, ignore_index=True)

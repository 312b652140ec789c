"""Audit records for the rendering tests: a realistic one, empty ones, and hostile ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from annoaudit.findings import FINDING_COLUMNS, Finding, Outcome, fingerprint
from annoaudit.reporting.night import FindingCounts, GateCheck, NightRecord
from annoaudit.reporting.record import (
    AuditRecord,
    ErrorRate,
    Exhibit,
    Method,
    Pattern,
    PeopleRecord,
    QuestionRecord,
    QueueEntry,
    Reason,
    ReviewRecord,
    Support,
)
from annoaudit.reporting.threats import CheckRecord, RiskRecord, ThreatsRecord

CLASSES = ("billing", "delivery", "refund", "account access", "product fault", "other")
TEXTS = (
    "I was charged twice for the same order in March, and the second payment is still pending.",
    "The parcel says delivered but nobody was home and the neighbours have nothing either.",
    "How long until the money is back on my card? I returned the shoes two weeks ago.",
    "I cannot log in since the update. It says my code has expired although it arrived a minute ago.",
    "The kettle leaks at the bottom after three days. I would like a new one, not a voucher.",
    "Do you have a shop in Lyon?",
)
AGREEMENT_COLUMNS = (
    "coefficient",
    "value",
    "low",
    "high",
    "interval",
    "n_items",
    "n_annotators",
    "n_labels",
    "why",
)


def realistic(n_annotators: int = 22, n_queue: int = 90, n_questions: int = 1, seed: int = 7) -> AuditRecord:
    """A text-classification project: 600 items, 22 annotators, 6 classes."""
    rng = np.random.default_rng(seed)
    names = [f"ann-{rng.integers(16**6):06x}" for _ in range(n_annotators)]
    questions = tuple(
        question_record(f"topic{'' if n_questions == 1 else f' {i + 1}'}", names, CLASSES, rng)
        for i in range(n_questions)
    )
    queue = tuple(queue_entry(rank + 1, names, rng, questions[0].question) for rank in range(n_queue))
    outcomes = (
        outcome("confident_learning", n_flagged=64, n_queued=41, seconds=1.9),
        outcome("neighbour_disagreement", n_flagged=38, n_queued=22, seconds=0.4),
        outcome("duplicate_conflict", n_flagged=6, n_queued=6, seconds=0.1),
        outcome("consensus_disagreement", n_flagged=71, n_queued=55, seconds=0.03),
        outcome("peer_score", n_targets=22, n_judged=21, n_flagged=2, n_queued=2, seconds=0.02),
        Outcome("gold_check", "1", "topic", "skipped", why="no gold labels were given (--gold)"),
    )
    return AuditRecord(
        title="Support mails",
        source="sample_data/support_mails.csv",
        version="0.1.0",
        started_at=datetime(2026, 3, 14, 2, 15, tzinfo=UTC),
        seconds=14.2,
        headline="90 of 1,980 labels are worth a second look, and two annotators differ from the rest "
        "more often than chance explains.",
        next_step="Review the first 90 labels below; then label 300 random items to know the error rate "
        "within ± 3 points.",
        n_items=600,
        n_labels=1980,
        n_annotators=n_annotators,
        n_flagged=131,
        n_queued=n_queue,
        budget=99,
        questions=questions,
        outcomes=outcomes,
        queue=queue,
        findings=findings_frame(queue),
        limits=(
            "Error rate: not known; there is no gold and no random reviewed sample.",
            "7 annotators answered an item twice; the first answer counts for agreement and truth "
            "inference, the 12 later ones feed self-consistency only.",
            "Copying between annotators was not checked: pairs share 14 items at the median, and 66 are "
            "needed to see a copier with 80 % power.",
        ),
        methods=(
            Method(
                "Consensus",
                "Hierarchical Dawid-Skene by MAP; annotators shrunk to the pooled confusion matrix.",
                "Dawid & Skene 1979, Applied Statistics 28(1), 20-28.",
            ),
            Method(
                "Confident learning",
                "Joint of given and latent labels from out-of-source probabilities.",
                "Northcutt, Jiang & Chuang 2021, JAIR 70, 1373-1411.",
            ),
            Method(
                "Intervals",
                "Jeffreys for proportions; item-clustered bootstrap (2,000 draws) for coefficients.",
                "Brown, Cai & DasGupta 2001, Statistical Science 16(2).",
            ),
        ),
        people=people_record(names),
        threats=threats_record(),
        settings={"budget": 99, "seed": 20260314, "detectors": ["all"], "names": False, "gold": None},
        review=review_record(),
    )


def threats_record() -> ThreatsRecord:
    """One risk looked for wholly, one in part, one not at all; and a detector that names no risk."""
    clean, some = CheckRecord("drift", 22, 22, 0), CheckRecord("confident_learning", 1980, 1960, 64, "too few labels")
    missing = ("timing", "no times")
    return ThreatsRecord(
        risks=(
            RiskRecord("Data poisoning", "collection", "Items are planted.", (clean,)),
            RiskRecord("Annotation errors", "annotation", "Labels are wrong.", (clean, some), (missing,)),
            RiskRecord("Fake data", "storage", "Items are made up.", (), (("ring", "no ring"), ("copying", "no ring"))),
        ),
        unmapped=("somebody_elses",),
    )


def review_record() -> ReviewRecord:
    """Verdicts of an open review, partly done, and of a blinded one with a random sample."""
    nan = float("nan")
    columns = "detector severity review n_flagged n_reviewed fixed confirmed ambiguous bad_data skipped n_ask_again"
    columns += " precision low high range_low range_high basis"
    rows = [
        ("confident_learning", "L0", "open", 64, 20, 12, 6, 1, 0, 1, 1, 12 / 18, nan, nan, 0.6, 0.7,
         "among the 20 reviewed, highest first"),
        ("duplicate_conflict", "L0", "open", 6, 6, 5, 1, 0, 0, 0, 0, 5 / 6, 0.359, 0.996, 5 / 6, 5 / 6, "all 6 flags"),
    ]  # fmt: skip
    sampled = [("error rate of the project", 0.06, 0.02, 0.13, "6 wrong of 100 judged in the random sample")]
    return ReviewRecord(
        suppressed={"confirmed": 7, "fixed": 17},
        n_changed=2,
        by_fingerprint={"f" * 24: "confirmed"},
        figures=pd.DataFrame(rows, columns=columns.split()),
        sampled=pd.DataFrame(sampled, columns=["what", "value", "low", "high", "basis"]),
    )


def people_record(names: list[str]) -> PeopleRecord:
    """One finding of each kind, as far as there are people for them."""
    patterns = [
        pattern("identical_artefacts", "pair", "L3", names[2:4], e=4_100.0, adjusted=0.0004),
        pattern("ring", "ring", "L2", names[4:20], p=0.002),
        pattern("slice_scan", "slice", "L2", names[1:2], p=0.0004),
        pattern("peer_score", "annotator", "L1", names[:1]),
    ]
    shown = tuple(one for one in patterns if len(one.who) >= {"pair": 2, "ring": 2}.get(one.level, 1))
    return PeopleRecord(
        patterns=shown,
        n_patterns=len(shown) + 3,
        n_held_back=2,
        looked_for=("copying", "peer_score", "ring"),
        not_judged=(("accepts_predictions", "no prediction was shown to annotators"),),
        blind_spots=(
            "Two annotators share 7.8 items on average: copying cannot be told from agreement here.",
            "To measure what would be found here, plant it: annoaudit simulate --like labels.csv.",
        ),
    )


def pattern(detector: str, level: str, severity: str, who: list[str], **sure: float) -> Pattern:
    nan = float("nan")
    examples = tuple(
        Exhibit(f"mail-{i:04d}", CLASSES[0], CLASSES[i % 5 + 1], 0.02 + 0.01 * i, TEXTS[i % 6]) for i in range(8)
    )
    matched = tuple(Exhibit(f"mail-{40 + i:04d}", CLASSES[i % 5 + 1], CLASSES[i % 5 + 1], 0.93) for i in range(6))
    return Pattern(
        detector=detector,
        level=level,
        severity=severity,
        meaning={"L1": "agreement or quality below the team's", "L2": "a systematic pattern"}.get(
            severity, "integrity"
        ),
        question="topic",
        who=tuple(sorted(who)),
        sentence="63 % of these 100 labels are what peers would most probably say; their items lead to expect 94 %.",
        caution="Shared view or coordination; cannot be told apart from labels." if len(who) > 1 else "",
        suspicion=0.98,
        statistic="shortfall of agreement",
        value=0.31,
        n=100,
        effect=0.31,
        effect_low=0.25,
        effect_high=0.37,
        effect_name="agreement with peers below what their items lead to expect",
        null="labels that follow the peers' probabilities" if sure else "",
        p=sure.get("p", nan),
        e=sure.get("e", nan),
        adjusted=sure.get("adjusted", nan),
        family="annotators" if sure else "",
        examples=examples,
        matched=matched,
        innocent=("another version of the guideline", "a view that the majority does not share"),
        would_clear="blinded second labels on a random 50 of their items",
        facts=(("standard error", "0.03"),),
    )


def question_record(name: str, names: list[str], classes: tuple[str, ...], rng: np.random.Generator) -> QuestionRecord:
    return QuestionRecord(
        question=name,
        kind="choice",
        classes=classes,
        n_items=600,
        n_labels=1980,
        n_annotators=len(names),
        redundancy=3.3,
        model="hierarchical Dawid-Skene",
        error_rate=ErrorRate(
            known=False,
            sentence="Error rate: not known; review 300 random labels to know it within ± 3 points.",
        ),
        agreement=agreement_frame(),
        annotators=annotator_frame(names, rng),
        by_class=class_frame(classes, rng),
        pairwise=pair_frame(names, rng),
        confusion=confusion(len(classes), rng),
    )


def agreement_frame() -> pd.DataFrame:
    rows = [
        ("percent agreement", 0.812, 0.79, 0.833, "analytic", 560, 22, 1940, ""),
        ("Krippendorff's alpha (nominal)", 0.694, 0.664, 0.726, "bootstrap", 560, 22, 1940, ""),
        ("Fleiss' kappa", 0.691, 0.66, 0.722, "analytic", 560, 22, 1940, ""),
        ("Gwet's AC1", 0.778, 0.752, 0.803, "analytic", 560, 22, 1940, ""),
        ("Bangdiwala's B", 0.662, 0.63, 0.69, "bootstrap", 560, 22, 1940, ""),
        ("Cohen's kappa", np.nan, np.nan, np.nan, "", 560, 22, 1940, "needs exactly two annotators"),
    ]
    return pd.DataFrame(rows, columns=list(AGREEMENT_COLUMNS))


def annotator_frame(names: list[str], rng: np.random.Generator) -> pd.DataFrame:
    n = len(names)
    disagreement = rng.beta(2, 14, n)
    disagreement[:2] = (0.41, 0.63)[:n]
    n_labels = rng.integers(24, 180, n)
    half = 1.9 * np.sqrt(disagreement * (1 - disagreement) / n_labels)
    accuracy = np.clip(1 - 0.9 * disagreement, 0, 1)
    gold_n = rng.integers(0, 14, n)
    frame = pd.DataFrame(
        {
            "annotator": names,
            "n_labels": n_labels,
            "accuracy": accuracy,
            "low": np.clip(accuracy - half, 0, 1),
            "high": np.clip(accuracy + half, 0, 1),
            "disagreement": disagreement,
            "disagreement_low": np.clip(disagreement - half, 0, 1),
            "disagreement_high": np.clip(disagreement + half, 0, 1),
            "gold_n": gold_n,
            "gold_accuracy": np.where(gold_n > 0, 0.9, np.nan),
            "gold_low": np.where(gold_n > 0, 0.62, np.nan),
            "gold_high": np.where(gold_n > 0, 0.98, np.nan),
            "median_s": rng.gamma(6, 2.5, n),
            "flagged": np.arange(n) < 2,
            "n_queued": rng.integers(0, 12, n),
        }
    )
    if n > 3:
        frame.loc[3, ["disagreement", "disagreement_low", "disagreement_high"]] = np.nan
    return frame


def class_frame(classes: tuple[str, ...], rng: np.random.Generator) -> pd.DataFrame:
    share = rng.beta(2, 12, len(classes))
    n = rng.integers(120, 600, len(classes))
    return pd.DataFrame(
        {
            "label": classes,
            "n_labels": n,
            "n_disagree": np.round(share * n),
            "disagreement": share,
            "low": np.clip(share - 0.03, 0, 1),
            "high": np.clip(share + 0.04, 0, 1),
        }
    )


def pair_frame(names: list[str], rng: np.random.Generator, share: float = 0.8) -> pd.DataFrame:
    a, b = np.triu_indices(len(names), 1)
    keep = rng.random(len(a)) < share
    a, b = a[keep], b[keep]
    base = np.where((a < 2) | (b < 2), 0.45, 0.83)
    agreement = np.clip(base + rng.normal(0, 0.07, len(a)), 0, 1)
    labels = np.asarray(names, dtype=object)
    return pd.DataFrame(
        {
            "annotator_a": labels[a],
            "annotator_b": labels[b],
            "n_items": rng.integers(6, 40, len(a)),
            "agreement": agreement,
            "low": np.clip(agreement - 0.15, 0, 1),
            "high": np.clip(agreement + 0.13, 0, 1),
        }
    )


def confusion(k: int, rng: np.random.Generator) -> np.ndarray:
    table = rng.gamma(0.7, 9.0, (k, k))
    table[np.diag_indices(k)] = rng.uniform(180, 420, k)
    return table


def queue_entry(rank: int, names: list[str], rng: np.random.Generator, question: str) -> QueueEntry:
    given, suggested = rng.choice(len(CLASSES), 2, replace=False)
    who = rng.choice(len(names), min(4, len(names)), replace=False)
    votes = [Support("vote", names[a], CLASSES[suggested]) for a in who[1:]]
    votes.append(Support("vote", names[who[0]], CLASSES[given]))
    near = [
        Support(
            "neighbour",
            f"mail-{rng.integers(600):04d}",
            CLASSES[suggested if i else given],
            similarity=round(0.95 - 0.06 * i, 2),
            text=TEXTS[(suggested + i) % 6],
        )
        for i in range(5)
    ]
    reasons = [
        Reason(
            "consensus_disagreement",
            "L0",
            0.97,
            f'Three of four annotators chose "{CLASSES[suggested]}".',
        ),
        Reason(
            "confident_learning",
            "L0",
            0.93,
            f'The text looks like "{CLASSES[suggested]}" (probability .91), not "{CLASSES[given]}" (.03).',
        ),
    ]
    return QueueEntry(
        rank=rank,
        level="label",
        severity="L0",
        question=question,
        item_id=f"mail-{rank:04d}",
        annotator=names[who[0]],
        given=CLASSES[given],
        suggested=CLASSES[suggested],
        suspicion=1.0 - rank / 300,
        content=TEXTS[suggested],
        uri="",
        native_url="https://labels.example.org/projects/4/data?task=17" if rank % 5 == 0 else "",
        reasons=tuple(reasons[: 1 + rank % 2]),
        support=tuple(votes + near),
    )


def outcome(name: str, n_targets: int = 1980, n_judged: int = 1980, **numbers: Any) -> Outcome:
    return Outcome(name, "1", "topic", "scored", n_targets=n_targets, n_judged=n_judged, **numbers)


def findings_frame(queue: tuple[QueueEntry, ...]) -> pd.DataFrame:
    nan = float("nan")
    rows = [
        Finding(
            fingerprint=fingerprint(reason.detector, entry.level, [entry.item_id], entry.given),
            detector=reason.detector,
            version="1",
            level="label",
            severity="L0",
            question=entry.question,
            item_id=entry.item_id,
            label_id=f"label-{entry.rank}",
            annotation_id=f"annotation-{entry.rank}",
            annotator=entry.annotator,
            given=entry.given,
            suggested=entry.suggested,
            suspicion=reason.suspicion,
            n=4,
            effect=-0.25,
            effect_low=nan,
            effect_high=nan,
            effect_name="",
            null="",
            p=nan,
            e=nan,
            family="",
            reason=reason.sentence,
            evidence_json="{}",
            rank=entry.rank,
        )
        for entry in queue
        for reason in entry.reasons
    ]
    return pd.DataFrame([dataclasses.asdict(row) for row in rows], columns=list(FINDING_COLUMNS))


def with_failure(record: AuditRecord) -> AuditRecord:
    failed = Outcome("neighbour_disagreement", "1", "topic", "failed", why="ValueError: need at least one array")
    kept = tuple(entry for entry in record.outcomes if entry.detector != failed.detector)
    return dataclasses.replace(record, outcomes=(*kept, failed))


def empty() -> AuditRecord:
    """Nothing flagged, single labels by one annotator: no agreement, no pairs, no confusion."""
    record = realistic(n_annotators=1, n_queue=0)
    question = record.questions[0]
    bare = dataclasses.replace(
        question,
        agreement=question.agreement.iloc[:0],
        annotators=question.annotators.assign(
            flagged=False, disagreement=np.nan, disagreement_low=np.nan, disagreement_high=np.nan
        ),
        by_class=question.by_class.iloc[:0],
        pairwise=question.pairwise.iloc[:0],
        confusion=np.full((len(CLASSES), len(CLASSES)), np.nan),
        redundancy=1.0,
        model="",
    )
    return dataclasses.replace(
        record,
        questions=(bare,),
        headline="Nothing was flagged.",
        n_flagged=0,
        outcomes=(Outcome("consensus_disagreement", "1", "topic", "skipped", why="items have one label"),),
        settings={},
        methods=(),
        people=PeopleRecord(not_judged=(("peer_score", "fewer than three annotators have 20 labels"),)),
        limits=("Agreement is not known: no item has labels from two annotators.",),
    )


def void() -> AuditRecord:
    """A record with no question, no detector, no limit: the least a renderer can be given."""
    return dataclasses.replace(empty(), questions=(), outcomes=(), limits=(), n_items=0, n_labels=0)


LITERALS = {"kind", "level", "severity", "status", "fingerprint"}


def planted(record: AuditRecord, change: Callable[[str], str], *, literals: bool = False) -> AuditRecord:
    """Return the record with every string changed, in fields, tuples, mappings and data frames."""
    return _plant(record, change, literals)


def _plant(value: Any, change: Callable[[str], str], literals: bool) -> Any:
    if isinstance(value, str):
        return change(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = {
            field.name: _plant(getattr(value, field.name), change, literals)
            for field in dataclasses.fields(value)
            if literals or field.name not in LITERALS
        }
        return dataclasses.replace(value, **changed)
    if isinstance(value, tuple | list):
        return type(value)(_plant(entry, change, literals) for entry in value)
    if isinstance(value, dict):
        return {change(key): _plant(entry, change, literals) for key, entry in value.items()}
    if isinstance(value, pd.DataFrame):
        texts = [name for name in value.columns if pd.api.types.is_string_dtype(value[name].dtype)]
        return value.assign(**{name: _plant_column(value[name], change) for name in texts})
    return value


def _plant_column(column: pd.Series, change: Callable[[str], str]) -> pd.Series:
    return pd.Series([change(str(entry)) for entry in column], index=column.index, dtype=object)


def nightly(record: AuditRecord, n_nights: int = 12) -> AuditRecord:
    """The same audit as one night of the job, with failed limits, changes and trends."""
    rng = np.random.default_rng(5)
    statuses = ["unexplained"] * 2 + ["told"] * 3 + ["explained"] * 4
    changes = pd.DataFrame(
        [
            {
                "what": "changed", "record": f"annotation/{k}", "item_id": f"i{k}", "annotation_id": f"{k}",
                "label_id": f"l{k}", "question": "topic", "annotator": "a-1", "by": "a-2", "at": "2026-03-14T01:00:00Z",
                "was": CLASSES[k % 6], "now": CLASSES[(k + 1) % 6], "why": "edited", "status": status,
            }
            for k, status in enumerate(statuses)
        ]
    )  # fmt: skip
    rates = 0.1 + 0.02 * rng.standard_normal(n_nights)
    trends = pd.DataFrame(
        {
            "at": pd.date_range("2026-03-03 02:15", periods=n_nights, freq="D", tz="UTC"),
            "n_labels": rng.integers(1900, 2000, n_nights).astype(float),
            "n_flagged": rng.integers(90, 140, n_nights).astype(float),
            "n_new": rng.integers(0, 9, n_nights).astype(float),
            "n_gone": rng.integers(0, 9, n_nights).astype(float),
            "error_rate": np.where(np.arange(n_nights) % 3 == 0, np.nan, rates),
            "error_rate_low": np.where(np.arange(n_nights) % 3 == 0, np.nan, rates - 0.03),
            "error_rate_high": np.where(np.arange(n_nights) % 3 == 0, np.nan, rates + 0.03),
            "agreement": 0.8,
            "agreement_low": 0.7,
            "agreement_high": 0.9,
            "gate": 1.0,
        }
    )
    night = NightRecord(
        project="tickets",
        passed=False,
        checks=(
            GateCheck(
                "error_rate", "failed", "Error rate: 12.0 % lies above the limit of 5.0 %.", 0.12, 0.1, 0.14, 0.05
            ),
            GateCheck("agreement", "not judged", "Agreement: not judged."),
            GateCheck("integrity", "passed", "Integrity: nothing contradicts the heads."),
        ),
        counts=FindingCounts(3, 80, 1, 2),
        new_by_severity={"L0": 3},
        compared_with="11 earlier nights",
        changes=changes,
        n_changes={"unexplained": 2, "told": 3, "explained": 4},
        integrity=("12 heads were verified.", "annotation/0: its answers are others."),
        trends=trends,
        coefficient="krippendorff_alpha",
        snapshot="d22f736659b38055bf0cc232",
    )
    return dataclasses.replace(record, night=night)

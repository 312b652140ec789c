"""The tables of the store, in SQLAlchemy Core."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import (
    Column,
    DateTime,
    Double,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy import Dialect

__all__ = [
    "METADATA",
    "NIGHT_TABLES",
    "REVIEW_TABLES",
    "UtcDateTime",
    "explanations",
    "findings",
    "heads",
    "journal",
    "measures",
    "meta",
    "nights",
    "receipts",
    "runs",
    "secrets",
    "sightings",
    "states",
    "verdicts",
]


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC, aware on both sides, also where the database itself knows no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Read as UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


METADATA = MetaData()


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


def _number(name: str) -> Column[float]:
    return Column(name, Double)


meta = Table("meta", METADATA, Column("key", Text, primary_key=True), _text("value"))

secrets = Table(
    "secrets",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

# Runs are ordered by ``number``, the order in which they were stored: a clock may jump.
runs = Table(
    "runs",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("run_id", Text, nullable=False, unique=True),
    Column("started_at", UtcDateTime, nullable=False),
    Column("seconds", Double, nullable=False),
    _text("version"),
    _text("source"),
    _count("n_items"),
    _count("n_labels"),
    _count("n_annotators"),
    _count("n_flagged"),
    _count("n_queued"),
    _count("exit_code"),
    _text("run_json"),
    sqlite_autoincrement=True,
)

# What the fingerprint fixes: the same every night, stored once.
findings = Table(
    "findings",
    METADATA,
    Column("fingerprint", Text, primary_key=True),
    _text("detector"),
    _text("level"),
    _text("question"),
    _text("item_id"),
    _text("label_id"),
    _text("annotation_id"),
    _text("annotator"),
    _text("given"),
    Column("first_run_number", Integer, ForeignKey("runs.number"), nullable=False),
    sqlite_with_rowid=False,
)

# What is said in words, named by its content: the same words over many nights are stored once.
explanations = Table(
    "explanations",
    METADATA,
    Column("explanation_id", Text, primary_key=True),
    _text("reason"),
    _text("evidence_json"),
    _text("effect_name"),
    _text("null_hypothesis"),
    _text("family"),
)

# What may differ from night to night.
sightings = Table(
    "sightings",
    METADATA,
    Column("run_number", Integer, ForeignKey("runs.number"), primary_key=True),
    Column("fingerprint", Text, ForeignKey("findings.fingerprint"), primary_key=True),
    Column("explanation_id", Text, ForeignKey("explanations.explanation_id"), nullable=False),
    _text("version"),
    _text("severity"),
    _text("suggested"),
    _number("suspicion"),
    _count("n"),
    _number("effect"),
    _number("effect_low"),
    _number("effect_high"),
    _number("p"),
    _number("e"),
    _count("rank"),
    sqlite_with_rowid=False,
)

# What annoaudit made on a platform: projects, views, tasks, annotations. Rows are never deleted; their state changes.
receipts = Table(
    "receipts",
    METADATA,
    Column("number", Integer, primary_key=True),
    _text("source"),
    _text("project"),
    _text("kind"),
    _text("key"),
    _text("native_id"),
    _text("state"),
    Column("changed_at", UtcDateTime, nullable=False),
    _text("details_json"),
    UniqueConstraint("source", "project", "kind", "key"),
    sqlite_autoincrement=True,
)

# What was done on a platform, in order; only ever appended to.
journal = Table(
    "journal",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    _text("source"),
    _text("action"),
    _text("details_json"),
    sqlite_autoincrement=True,
)

# What reviewers said; only ever appended to. ``answer_id`` names one version of one answer.
verdicts = Table(
    "verdicts",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("answer_id", Text, nullable=False, unique=True),
    _text("source"),
    _text("project"),
    _text("key"),
    _text("target"),
    _text("fingerprints_json"),
    _text("decision"),
    _text("said"),
    _text("reviewer"),
    Column("at", UtcDateTime, nullable=False),
    _text("corrected"),
    _text("note"),
    _text("warning"),
    _text("details_json"),
    sqlite_autoincrement=True,
)

REVIEW_TABLES = (receipts, journal, verdicts)

# What a detector carries to its next run, by the run that left it: a run that was cut off is not counted on.
states = Table(
    "states",
    METADATA,
    Column("run_number", Integer, ForeignKey("runs.number"), primary_key=True),
    Column("project", Text, primary_key=True),
    Column("detector", Text, primary_key=True),
    Column("question", Text, primary_key=True),
    _text("version"),
    _text("state_json"),
    sqlite_with_rowid=False,
)

# A run of the nightly job. It is finished once its outputs are written; only then later nights compare with it.
nights = Table(
    "nights",
    METADATA,
    Column("run_number", Integer, ForeignKey("runs.number"), primary_key=True),
    _text("project"),
    _text("snapshot"),
    _text("scored_json"),
    _text("gate_json"),
    Column("finished_at", UtcDateTime),
    Column("notified_at", UtcDateTime),
)

# The figures of a night that trends show.
measures = Table(
    "measures",
    METADATA,
    Column("run_number", Integer, ForeignKey("runs.number"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("question", Text, primary_key=True),
    _number("value"),
    _number("low"),
    _number("high"),
    sqlite_with_rowid=False,
)

# The log of heads, see annoaudit.ledger; only ever appended to.
heads = Table(
    "heads",
    METADATA,
    Column("project", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    _text("head_json"),
    sqlite_with_rowid=False,
)

NIGHT_TABLES = (states, nights, measures, heads)

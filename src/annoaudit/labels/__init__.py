"""The vocabulary: what was labelled, by whom, when, and how it changed."""

from annoaudit.labels.ids import stable_ids
from annoaudit.labels.labelset import LabelSet, as_tables
from annoaudit.labels.schema import SCHEMA_VERSION, SCHEMAS, TABLES
from annoaudit.labels.votes import Selections, Votes

__all__ = [
    "SCHEMAS",
    "SCHEMA_VERSION",
    "TABLES",
    "LabelSet",
    "Selections",
    "Votes",
    "as_tables",
    "stable_ids",
]

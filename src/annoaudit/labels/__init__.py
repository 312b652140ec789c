"""The vocabulary: what was labelled, by whom, when, and how it changed."""

from annoaudit.labels.answers import tell_answers
from annoaudit.labels.ids import stable_ids
from annoaudit.labels.labelset import LabelSet, as_tables
from annoaudit.labels.rankings import Rankings, spell_order
from annoaudit.labels.regions import REGIONS
from annoaudit.labels.schema import SCHEMA_VERSION, SCHEMAS, TABLES
from annoaudit.labels.spans import EXTENDED, PredictedSpans, Spans
from annoaudit.labels.submissions import Submissions, owners_of, select_submissions
from annoaudit.labels.texts import Texts
from annoaudit.labels.votes import MEASURED, NOMINAL, Parts, Selections, Votes

__all__ = [
    "EXTENDED",
    "MEASURED",
    "NOMINAL",
    "REGIONS",
    "SCHEMAS",
    "SCHEMA_VERSION",
    "TABLES",
    "LabelSet",
    "Parts",
    "PredictedSpans",
    "Rankings",
    "Selections",
    "Spans",
    "Submissions",
    "Texts",
    "Votes",
    "as_tables",
    "owners_of",
    "select_submissions",
    "spell_order",
    "stable_ids",
    "tell_answers",
]

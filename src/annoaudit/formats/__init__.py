"""Files into labels: what is in them is told from their content, and each refusal names the place and the mend."""

from annoaudit.formats.companions import join_features, join_gold, join_probabilities, read_gold
from annoaudit.formats.matrices import read_features, read_probabilities
from annoaudit.formats.reading import read
from annoaudit.formats.registry import list_formats, load_formats
from annoaudit.formats.remote import is_url
from annoaudit.formats.source import Format, Source, WritableFormat
from annoaudit.formats.tables.columns import parse_mapping
from annoaudit.formats.writing import list_writable, write

__all__ = [
    "Format",
    "Source",
    "WritableFormat",
    "is_url",
    "join_features",
    "join_gold",
    "join_probabilities",
    "list_formats",
    "list_writable",
    "load_formats",
    "parse_mapping",
    "read",
    "read_features",
    "read_gold",
    "read_probabilities",
    "write",
]

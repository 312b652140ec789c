"""LabelSets of texts and spans as IOB2, token by token."""

from __future__ import annotations

import re
from pathlib import Path

from annoaudit.errors import UsageError
from annoaudit.formats.texts.tags import encode_tags, split_words
from annoaudit.formats.writing import Row, counted, decoded, fresh_path, rows_by
from annoaudit.labels import LabelSet

__all__ = ["write_conll"]

_TOKEN = re.compile(r"\w+|[^\w\s]")
_UNSAFE = re.compile(r"[^\w.@-]+")


def write_conll(labels: LabelSet, target: Path) -> list[str]:
    """Write one file where one annotator labelled, else a folder with one of each; return what was left out."""
    spans = rows_by(counted(labels), lambda row: (str(row.get("annotator_id")), str(row["item_id"])))
    items = [row for row in labels.items.to_pylist() if row["text"] is not None]
    seen = rows_by(labels.annotations, lambda row: str(row["annotator_id"]))
    if not items or not seen:
        raise UsageError("These labels have no texts, or nobody labelled them.", hint="CoNLL holds spans of texts.")
    lost = 0
    with fresh_path(target, folder=len(seen) > 1) as scratch:
        for person, annotations in seen.items():
            mine = {str(row["item_id"]) for row in annotations}
            parts = [
                _sentence(item, spans.get((person, item["item_id"]), [])) for item in items if item["item_id"] in mine
            ]
            lost += sum(part[1] for part in parts)
            path = scratch / f"{_UNSAFE.sub('_', person).strip('.') or 'unknown'}.conll" if len(seen) > 1 else scratch
            path.write_text("\n".join(part[0] for part in parts), encoding="utf-8", newline="\n")
    notes = ["Spacing, times and ids are not carried: CoNLL holds tokens and tags."]
    if lost:
        notes.append(f"{lost:,} labels were not written: they overlap others, cut tokens, or are no spans.")
    if len(_labelled_by_all(seen)) < len(items) and len(seen) > 1:
        notes.append("Annotators labelled different items: their files are of different lengths.")
    return notes


def _labelled_by_all(seen: dict[str, list[Row]]) -> set[str]:
    """Return the items that everybody labelled."""
    each = [{str(row["item_id"]) for row in rows} for rows in seen.values()]
    return set.intersection(*each) if each else set()


def _sentence(item: Row, rows: list[Row]) -> tuple[str, int]:
    """The lines of one item, and how many labels found no place."""
    text = str(item["text"])
    words = decoded(item, "meta_json").get("tokens")
    if isinstance(words, list) and " ".join(map(str, words)) == text:
        tokens = [str(word) for word in words]
        places = list(split_words(tokens))
    else:
        places = [found.span() for found in _TOKEN.finditer(text)]
        tokens = [text[start:end] for start, end in places]
    starts = {start: number for number, (start, _) in enumerate(places)}
    ends = {end: number + 1 for number, (_, end) in enumerate(places)}
    spans = [
        (starts[row["start"]], ends[row["end"]], str(row["value"]))  # type: ignore[index] # checked below
        for row in rows
        if row["kind"] == "span" and row.get("start") in starts and row.get("end") in ends and "value" in row
    ]
    tags, lost = encode_tags(spans, len(tokens))
    columns = decoded(item, "meta_json").get("columns")
    further = columns if isinstance(columns, list) and len(columns) == len(tokens) else [[]] * len(tokens)
    gap = "\t" if any(" " in word for word in tokens) else " "
    lines = [gap.join([word, *more, tag]) for word, more, tag in zip(tokens, further, tags, strict=True)]
    return "\n".join(lines) + "\n", lost + len(rows) - len(spans)

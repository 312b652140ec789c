"""LabelSets as a long table in CSV, in which no cell acts as a formula of a spreadsheet."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from annoaudit.formats.writing import counted, fresh_path, tell_left_out
from annoaudit.labels import LabelSet

__all__ = ["write_long_table"]

_WRITTEN = ("choice", "rating", "number")
_ITEM_COLUMNS = ("text", "uri", "group", "split", "batch")
_FORMULA = r"^\s*[=+\-@\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}]|^[\t\r\n]"  # the last four: full width
_NUMBER = r"^[+-]?[0-9]+(\.[0-9]+)?$"


def write_long_table(labels: LabelSet, target: Path) -> list[str]:
    """Write one row a label: item, annotator, question, label, when, how long, what was labelled, and gold."""
    known = counted(labels)
    whole = pc.and_(pc.is_in(known["kind"], value_set=pa.array(_WRITTEN)), pc.is_null(known["parent_label_id"]))
    gold = pc.is_in(known["annotator_id"], value_set=_gold_sources(labels))
    told, right = (known.filter(pc.and_(whole, chosen)) for chosen in (pc.invert(gold), gold))
    table = _with_items(_with_submissions(told, labels), labels)
    if right.num_rows:
        table = _joined(table, pa.table({"item": right["item_id"], "gold": _values(right)}), "item")
    table, n_marked = _made_inert(table)
    with fresh_path(target) as scratch:
        pa.csv.write_csv(table, scratch)
    notes = tell_left_out(labels, told.num_rows + right.num_rows, why="a row holds one choice, rating or number")
    if n_marked:
        notes.append(f"{n_marked:,} cells got an apostrophe in front, so that no spreadsheet takes them for formulas.")
    return notes


def _gold_sources(labels: LabelSet) -> pa.Array:
    people = labels.annotators
    return people["annotator_id"].filter(pc.fill_null(pc.equal(people["kind"], "gold"), False)).combine_chunks()


def _values(rows: pa.Table) -> pa.ChunkedArray:
    return pc.coalesce(rows["value"], rows["value_num"].cast(pa.string()))


def _with_submissions(rows: pa.Table, labels: LabelSet) -> pa.Table:
    """Labels with the times of their submissions, and a row without a label for each submission that gave none."""
    told = pa.table({"annotation_id": rows["annotation_id"], "question": rows["question"], "label": _values(rows)})
    given = labels.annotations
    ours = pc.invert(pc.is_in(given["annotator_id"], value_set=_gold_sources(labels)))
    empty = pc.invert(pc.is_in(given["annotation_id"], value_set=labels.labels["annotation_id"].combine_chunks()))
    status = pc.is_in(pc.fill_null(given["status"], "submitted"), value_set=pa.array(["submitted", "accepted"]))
    has_row = pc.is_in(given["annotation_id"], value_set=told["annotation_id"].combine_chunks())
    given = given.filter(pc.and_(ours, pc.or_(has_row, pc.and_(empty, status))))
    submissions = pa.table(
        {
            "annotation_id": given["annotation_id"],
            "item": given["item_id"],
            "annotator": given["annotator_id"],
            "created_at": pc.strftime(given["created_at"], format="%Y-%m-%dT%H:%M:%SZ"),
            "seconds": given["lead_time_s"],
        }
    )
    joined = _joined(submissions, told, "annotation_id")
    only = labels.questions["question"][0] if labels.questions.num_rows else pa.scalar("label")
    question = pc.coalesce(joined["question"], only)
    joined = joined.set_column(joined.column_names.index("question"), "question", question)
    return joined.select(["item", "annotator", "question", "label", "created_at", "seconds"])


def _with_items(rows: pa.Table, labels: LabelSet) -> pa.Table:
    items = labels.items.select(["item_id", *_ITEM_COLUMNS]).rename_columns(["item", *_ITEM_COLUMNS])
    joined = _joined(rows, items, "item")
    kept = [name for name in joined.column_names if joined[name].null_count < joined.num_rows or name == "label"]
    single = pc.count_distinct(joined["question"]).as_py() == 1 and joined["question"][0].as_py() == "label"
    return joined.select([name for name in kept if not (single and name == "question")])


def _joined(left: pa.Table, right: pa.Table, key: str) -> pa.Table:
    """A left join that keeps the rows in their order."""
    place = pa.array(range(left.num_rows), pa.int64())
    return left.append_column("_row", place).join(right, key).sort_by("_row").drop_columns("_row")


def _made_inert(table: pa.Table) -> tuple[pa.Table, int]:
    """Put an apostrophe before every text that a spreadsheet would take for a formula; plain numbers stay."""
    columns, n_marked = [], 0
    for column in table.columns:
        if pa.types.is_string(column.type):
            acts = pc.fill_null(pc.match_substring_regex(column, _FORMULA), False)
            plain = pc.fill_null(pc.match_substring_regex(column, _NUMBER), False)
            acts = pc.and_(acts, pc.invert(plain))
            n_marked += pc.sum(acts).as_py() or 0
            column = pc.if_else(acts, pc.binary_join_element_wise("'", column, ""), column)
        columns.append(column)
    return pa.table(columns, names=table.column_names), n_marked

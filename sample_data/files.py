"""Write the sample project to disk: CSV tables, the Label Studio export and its labelling config."""

from __future__ import annotations

import csv
import json
import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from phrases import CORES

if TYPE_CHECKING:
    from generate import Answer
    from messages import Item

N_GOLD, N_SKIPS, N_DRAFTS, N_PREDICTED = 120, 10, 6, 200
IMPORTED_AT = datetime(2026, 2, 27, 15, 0, tzinfo=UTC)
REVIEWED_AT = datetime(2026, 3, 25, 9, 0, tzinfo=UTC)
REVIEWER_ID = 101
PROJECT_ID = 12

CONFIG = """<View>
  <Header value="What does this message ask us to act on?"/>
  <Text name="message" value="$text"/>
  <Choices name="topic" toName="message" choice="single-radio" required="true" showInline="true">
{choices}
  </Choices>
</View>
"""


def write_files(
    out: Path, rng: Random, items: Sequence[Item], answers: Sequence[Answer], cleaned: Sequence[Answer]
) -> list[Path]:
    """Write all files into ``out`` and return their paths."""
    out.mkdir(parents=True, exist_ok=True)
    gold = sorted(rng.sample(items, N_GOLD), key=lambda item: item.item_id)
    columns = ["item_id", "text", "annotator", "label", "seconds", "created_at"]
    planted = ((a.item.item_id, a.annotator, a.label, a.item.label, a.kind) for a in in_order(answers) if a.kind)
    write_table(out / "labels.csv", columns, label_rows(answers))
    write_table(out / "labels_clean.csv", columns, label_rows(cleaned))
    write_table(out / "gold.csv", ["item_id", "label"], ((item.item_id, item.label) for item in gold))
    write_table(out / "planted.csv", ["item_id", "annotator", "label_given", "label_true", "kind"], sorted(planted))
    write_table(
        out / "truth.csv",
        ["item_id", "label", "other_topic", "ambiguous", "copy_of"],
        ((i.item_id, i.label, i.other, "yes" if i.ambiguous else "no", i.copy_of) for i in items),
    )
    choices = "\n".join(f'    <Choice value="{label}"/>' for label in CORES)
    write_text(out / "label_config.xml", CONFIG.format(choices=choices))
    tasks = export_tasks(rng, items, in_order(answers), {item.item_id for item in gold})
    write_text(out / "label_studio_export.json", json.dumps(tasks, ensure_ascii=False, separators=(",", ":")) + "\n")
    names = ["labels.csv", "labels_clean.csv", "gold.csv", "planted.csv", "truth.csv"]
    return [out / name for name in [*names, "label_config.xml", "label_studio_export.json"]]


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 with the same line ends on every system."""
    path.write_text(text, encoding="utf-8", newline="\n")


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write one CSV file with a header."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def in_order(answers: Sequence[Answer]) -> list[Answer]:
    """Sort answers as they came in."""
    return sorted(answers, key=lambda a: (a.created_at, a.item.item_id, a.annotator))


def label_rows(answers: Sequence[Answer]) -> Iterable[Sequence[object]]:
    """Rows of labels.csv."""
    return (
        (a.item.item_id, a.item.text, a.annotator, a.label, f"{a.seconds:.3f}", stamp(a.created_at))
        for a in in_order(answers)
    )


def stamp(at: datetime) -> str:
    """UTC, ISO 8601, milliseconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


# ---- Label Studio --------------------------------------------------------------------------------


def export_tasks(
    rng: Random, items: Sequence[Item], answers: Sequence[Answer], gold: set[str]
) -> list[dict[str, object]]:
    """Tasks as Label Studio's JSON export has them, with skips, drafts, predictions and ground truth."""
    annotations: dict[str, list[dict[str, object]]] = {item.item_id: [] for item in items}
    drafts: dict[str, list[dict[str, object]]] = {item.item_id: [] for item in items}
    for a in answers:
        entry = annotation(rng, a.item, user_id(a.annotator), a.label, a.seconds, a.created_at)
        annotations[a.item.item_id].append(entry)
    for item, last in pick_strangers(rng, items, answers, N_SKIPS):
        seconds = round(rng.uniform(3, 12), 3)
        at = last.created_at + timedelta(milliseconds=round(1000 * seconds) + 900)
        entry = annotation(rng, item, user_id(last.annotator), None, seconds, at)
        annotations[item.item_id].append(entry)
    for item, last in pick_strangers(rng, items, answers, N_DRAFTS):
        drafts[item.item_id].append(draft(rng, item, last))
    clock = REVIEWED_AT
    for item in items:
        if item.item_id in gold:
            seconds = round(rng.uniform(8, 30), 3)
            clock += timedelta(milliseconds=round(1000 * seconds) + 1500)
            entry = annotation(rng, item, REVIEWER_ID, item.label, seconds, clock)
            annotations[item.item_id].append(entry | {"ground_truth": True})
    number_in_order([entry for entries in annotations.values() for entry in entries], "created_at")
    number_in_order([entry for entries in drafts.values() for entry in entries], "created_at")
    return [task(item, annotations[item.item_id], drafts[item.item_id], predict(rng, item)) for item in items]


def number_in_order(entries: list[dict[str, object]], key: str) -> None:
    """Give ids from 1 in order of time, as a database would."""
    for number, entry in enumerate(sorted(entries, key=lambda entry: str(entry[key])), start=1):
        entry["id"] = number


def user_id(annotator: str) -> int:
    """``ann07`` is user 7."""
    return int(annotator.removeprefix("ann"))


def result(rng: Random, label: str | None) -> list[dict[str, object]]:
    """The answer to the one question of the form; empty for a skip."""
    if label is None:
        return []
    return [
        {
            "id": f"{rng.getrandbits(40):010x}",
            "from_name": "topic",
            "to_name": "message",
            "type": "choices",
            "value": {"choices": [label]},
            "origin": "manual",
        }
    ]


def annotation(
    rng: Random, item: Item, user: int, label: str | None, seconds: float, at: datetime
) -> dict[str, object]:
    """One submitted (or, without a label, skipped) annotation."""
    return {
        "id": 0,
        "completed_by": user,
        "result": result(rng, label),
        "was_cancelled": label is None,
        "ground_truth": False,
        "created_at": stamp(at),
        "updated_at": stamp(at),
        "draft_created_at": None,
        "lead_time": seconds,
        "prediction": {},
        "result_count": 0,
        "unique_id": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        "import_id": None,
        "last_action": None,
        "bulk_created": False,
        "task": int(item.item_id),
        "project": PROJECT_ID,
        "updated_by": None,
        "parent_prediction": None,
        "parent_annotation": None,
        "last_created_by": None,
    }


def draft(rng: Random, item: Item, last: Answer) -> dict[str, object]:
    """An answer that somebody began after their last answer of a sitting and never submitted."""
    at = stamp(last.created_at + timedelta(seconds=rng.randrange(8, 40)))
    email = f"{last.annotator}@example.org"
    return {
        "id": 0,
        "user": email,
        "created_username": f" {email}, {user_id(last.annotator)}",
        "created_ago": "2 weeks",
        "result": result(rng, rng.choice(sorted(CORES))),
        "lead_time": round(rng.uniform(2, 7), 3),
        "was_postponed": False,
        "import_id": None,
        "created_at": at,
        "updated_at": at,
        "task": int(item.item_id),
        "annotation": None,
    }


def predict(rng: Random, item: Item) -> list[dict[str, object]]:
    """What a simple model had suggested for the first tasks; it is right three times out of four."""
    number = int(item.item_id)
    if number > N_PREDICTED:
        return []
    label = item.label if rng.random() < 0.75 else rng.choice(sorted(CORES))
    return [
        {
            "id": number,
            "model_version": "keywords-1",
            "created_ago": "4 weeks",
            "result": [entry | {"origin": "prediction"} for entry in result(rng, label)],
            "score": round(rng.uniform(0.4, 0.95), 3),
            "cluster": None,
            "neighbors": None,
            "mislabeling": 0.0,
            "created_at": stamp(IMPORTED_AT + timedelta(minutes=5)),
            "updated_at": stamp(IMPORTED_AT + timedelta(minutes=5)),
            "task": number,
            "project": PROJECT_ID,
        }
    ]


def task(
    item: Item,
    annotations: list[dict[str, object]],
    drafts: list[dict[str, object]],
    predictions: list[dict[str, object]],
) -> dict[str, object]:
    """One task of the export, everything about it inside."""
    number = int(item.item_id)
    skipped = sum(entry["was_cancelled"] is True for entry in annotations)
    return {
        "id": number,
        "annotations": sorted(annotations, key=lambda entry: str(entry["created_at"])),
        "drafts": drafts,
        "predictions": predictions,
        "data": {"item_id": item.item_id, "text": item.text},
        "meta": {},
        "created_at": stamp(IMPORTED_AT),
        "updated_at": max(str(entry["updated_at"]) for entry in annotations),
        "allow_skip": True,
        "inner_id": number,
        "total_annotations": len(annotations) - skipped,
        "cancelled_annotations": skipped,
        "total_predictions": len(predictions),
        "comment_count": 0,
        "unresolved_comment_count": 0,
        "last_comment_updated_at": None,
        "project": PROJECT_ID,
        "updated_by": None,
        "comment_authors": [],
    }


def pick_strangers(
    rng: Random, items: Sequence[Item], answers: Sequence[Answer], count: int
) -> list[tuple[Item, Answer]]:
    """Pairs of an item and somebody who never answered it, with their last answer of a sitting."""
    seen = {(a.item.item_id, a.annotator) for a in answers}
    last = {(a.annotator, a.created_at.date(), a.created_at.hour < 12): a for a in answers}
    pairs: list[tuple[Item, Answer]] = []
    for answer in rng.sample(list(last.values()), len(last)):
        item = rng.choice(items)
        if len(pairs) < count and (item.item_id, answer.annotator) not in seen:
            pairs.append((item, answer))
    return pairs

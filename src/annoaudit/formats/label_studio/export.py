"""Tasks of Label Studio, one after another, as rows of the canonical tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from annoaudit.errors import RefusedInput
from annoaudit.formats.json_values import Record, as_id, dump, number, record, records, text, time
from annoaudit.formats.label_studio.items import Row, describe_item, texts_of
from annoaudit.formats.label_studio.results import Answers, Owner, decode_results, survey
from annoaudit.labels import as_tables

__all__ = ["Export"]

_TABLES = ("annotations", "labels", "events", "predictions")
_KEPT = (
    "completed_by", "id", "result", "was_cancelled", "ground_truth", "created_at", "updated_at", "lead_time",
    "unique_id", "updated_by", "parent_prediction", "parent_annotation", "project", "task", "prediction", "history",
    "result_count",
)  # fmt: skip


@dataclass
class Export:
    """Gathers rows of all tables while tasks go by."""

    where: str
    notes: list[str]
    answers: Answers = field(default_factory=Answers)
    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in _TABLES})
    people: dict[str, str | None] = field(default_factory=dict)
    items: dict[str, Row] = field(default_factory=dict)
    predictions: set[str] = field(default_factory=set)
    annotation_ids: dict[str, str] = field(default_factory=dict)
    naive: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def look_at(self, tasks: list[Record]) -> None:
        """Learn from all results what kind of question each control asks."""
        self.answers = survey(
            (records(one, "result", where), where)
            for place, task in enumerate(tasks, start=1)
            for one, where in _bearers(task, self._name(task, place))
        )

    def _name(self, task: Record, place: int) -> str:
        native = f" (id {as_id(task['id'])[:40]})" if isinstance(task.get("id"), (int, str)) else ""
        return f"{self.where}, task {place:,}{native}"

    def take_task(self, task: Record, place: int) -> None:
        """Take one task with all that hangs on it."""
        where = self._name(task, place)
        data = record(task, "data", where)
        item_id = text(task, "id", where) or _own_id(data)
        if item_id not in self.items:
            self.items[item_id] = describe_item(task, data, item_id, where, self.naive)
        texts = texts_of(data)
        for k, one in enumerate(_annotations_of(task, where), start=1):
            self._take_annotation(one, task, item_id, texts, f"{where}, annotation {k}")
        for k, one in enumerate(_objects(task, "drafts", where), start=1):
            self._take_annotation(one, task, item_id, texts, f"{where}, draft {k}", draft=True)
        for k, prediction in enumerate(_list(task, "predictions", where), start=1):
            self._take_prediction(prediction, item_id, texts, f"{where}, prediction {k}")

    def _take_annotation(
        self, one: Record, task: Record, item_id: str, texts: tuple[str, ...], where: str, draft: bool = False
    ) -> None:
        annotator_id = self._person(
            one.get("user", one.get("completed_by")) if draft else one.get("completed_by"), where
        )
        created = time(one, "created_at", where, self.naive)
        native = text(one, "id", where)
        project = text(one, "project", where) or text(task, "project", where) or ""
        stamp = created.strftime("%Y%m%dT%H%M%S.%fZ") if created else ""
        identity = [project, f"draft {native}" if draft else native or f"place {len(self.rows['annotations'])}", stamp]
        annotation_id = "-".join(str(part) for part in identity)
        row = self._describe(one, annotation_id, item_id, annotator_id, where)
        row |= {"status": "draft" if draft else row["status"], "created_at": created, "native_id": native}
        self.rows["annotations"].append(row)
        if native and not draft:
            self.annotation_ids[native] = annotation_id
        snapshot = one.get("prediction")
        if isinstance(snapshot, dict) and snapshot.get("id") is not None:
            self._take_prediction(snapshot, item_id, texts, f"{where}, prediction")
        owner = Owner(item_id, where, annotation_id, annotator_id, None, texts)
        self.rows["labels"].extend(decode_results(records(one, "result", where), owner, self.answers))
        self._take_history(one, annotation_id, item_id, where)

    def _describe(self, one: Record, annotation_id: str, item_id: str, annotator_id: str, where: str) -> Row:
        lead_time = number(one, "lead_time", where)
        if lead_time is not None and lead_time < 0:
            raise RefusedInput(f"{where}: lead_time is {lead_time:g}, below zero.", hint="Mend or empty it.")
        reviews = _objects(one, "reviews", where)
        review = reviews[-1] if reviews else {}
        reviewed = {True: "accepted", False: "rejected"}.get(review.get("accepted")) if review else None  # type: ignore[call-overload] # any JSON
        rest = {key: value for key, value in one.items() if key not in _KEPT and value not in (None, [], {}, "")}
        parent = one.get("parent_annotation")
        prediction = one.get("parent_prediction")
        return {
            "annotation_id": annotation_id,
            "item_id": item_id,
            "annotator_id": annotator_id,
            "status": "skipped" if one.get("was_cancelled") is True else reviewed or "submitted",
            "is_gold": one.get("ground_truth") is True,
            "updated_at": time(one, "updated_at", where, self.naive),
            "lead_time_s": lead_time,
            "time_kind": "none" if lead_time is None else "measured",
            "parent_id": None if parent is None else as_id(parent),
            "prediction_id": None if prediction is None else as_id(prediction),
            "reviewer_id": self._person(review.get("created_by"), where) if reviewed else None,
            "review_outcome": reviewed,
            "updated_by": None if one.get("updated_by") is None else _person_of(one["updated_by"], where)[0],
            "unique_id": text(one, "unique_id", where),
            "meta_json": dump(rest) if rest else None,
        }

    def _take_prediction(self, one: object, item_id: str, texts: tuple[str, ...], where: str) -> None:
        given: Record = one if isinstance(one, dict) else {"id": one}
        if given is not one:
            self.counts["bare predictions"] += 1
        self._take_full_prediction(given, item_id, texts, where)

    def _take_full_prediction(self, one: Record, item_id: str, texts: tuple[str, ...], where: str) -> None:
        prediction_id = text(one, "id", where) or f"{item_id} {len(self.rows['predictions'])}"
        if prediction_id in self.predictions:
            return
        self.predictions.add(prediction_id)
        results = records(one, "result", where)
        owner = Owner(item_id, where, None, None, prediction_id, texts)
        labels = list(decode_results(results, owner, self.answers))
        questions = {str(row["question"]) for row in labels}
        self.rows["labels"] += labels
        self.rows["predictions"].append(
            {
                "prediction_id": prediction_id,
                "item_id": item_id,
                "question": questions.pop() if len(questions) == 1 else None,
                "model_version": text(one, "model_version", where),
                "score": number(one, "score", where),
                "created_at": time(one, "created_at", where, self.naive),
            }
        )

    def _take_history(self, one: Record, annotation_id: str, item_id: str, where: str) -> None:
        for change in _objects(one, "history", where):
            by = change.get("created_by")
            self.rows["events"].append(
                {
                    "event_id": text(change, "id", where),
                    "annotation_id": annotation_id,
                    "item_id": item_id,
                    "annotator_id": None if by is None else _person_of(by, where)[0],
                    "at": time(change, "created_at", where, self.naive),
                    "action": text(change, "action", where),
                    "new_json": dump(change.get("result")),
                }
            )

    def _person(self, value: object, where: str) -> str:
        person_id, display = _person_of(value, where)
        self.people[person_id] = self.people.get(person_id) or display
        return person_id

    def finish(self) -> Iterator[tuple[str, pa.Table]]:
        """Yield the tables, and write the notes."""
        for item_id, (width, height) in self.answers.sizes.items():
            self.items[item_id] |= {"width": width, "height": height}
        for row in self.rows["annotations"]:
            if row["parent_id"] is not None:
                row["parent_id"] = self.annotation_ids.get(str(row["parent_id"]), row["parent_id"])
        people: list[Row] = [
            {"annotator_id": person, "kind": "person", "display": display} for person, display in self.people.items()
        ]
        rows = {"items": list(self.items.values()), "annotators": people, "questions": self.answers.questions}
        self.notes.extend(self._tell())
        yield from as_tables({**rows, **self.rows})

    def _tell(self) -> Iterator[str]:
        n = self.counts
        if n["bare predictions"]:
            yield (
                f"{n['bare predictions']:,} predictions are listed by id only; a snapshot export with full predictions "
                "has their results."
            )
        if self.answers.undecoded:
            kinds = ", ".join(f"{kind} ({count:,})" for kind, count in sorted(self.answers.undecoded.items()))
            yield f"Kept as Label Studio wrote them, not decoded: {kinds}."
        if self.answers.unplaced["span"]:
            yield f"{self.answers.unplaced['span']:,} spans do not hold the text that the export quotes for them."
        if self.answers.unplaced["shape"]:
            n_shapes = self.answers.unplaced["shape"]
            yield f"{n_shapes:,} regions have no image size; their percentages are kept as written."
        if self.answers.unplaced["bucket"]:
            yield (
                f"{self.answers.unplaced['bucket']:,} answers sort things into buckets whose names state no order; "
                "they are kept, and not audited as rankings."
            )
        if self.naive:
            yield f"{len(self.naive):,} times have no zone; they were taken as UTC."
        if "choice" in self.answers.kinds.values():
            yield "A Choices control counts as single-choice if nobody in this export chose more than one option."


def _bearers(task: Record, where: str) -> Iterator[tuple[Record, str]]:
    """Whatever has results: annotations, drafts, predictions and the snapshots of predictions."""
    for k, one in enumerate(_annotations_of(task, where), start=1):
        yield one, f"{where}, annotation {k}"
        if isinstance(one.get("prediction"), dict):
            yield record(one, "prediction", where), f"{where}, annotation {k}, prediction"
    for key in ("drafts", "predictions"):
        for k, found in enumerate(_objects(task, key, where), start=1):
            yield found, f"{where}, {key[:-1]} {k}"


def _annotations_of(task: Record, where: str) -> list[Record]:
    return records(task, "annotations" if task.get("annotations") is not None else "completions", where)


def _list(parent: Record, key: str, where: str) -> list[object]:
    value = parent.get(key)
    if value is not None and not isinstance(value, list):
        raise RefusedInput(f"{where}: {key} is no list.", hint="Export it again from Label Studio.")
    return value or []


def _objects(parent: Record, key: str, where: str) -> list[Record]:
    """The objects of a list that may also hold bare ids."""
    return [one for one in _list(parent, key, where) if isinstance(one, dict)]


def _person_of(value: object, where: str) -> tuple[str, str | None]:
    """Id and display of a user, given as an id, a name or an object."""
    if not isinstance(value, dict):
        if value is None or isinstance(value, (list, bool)):
            return "unknown", None
        return as_id(value), None
    display = text(value, "email", where) or " ".join(
        part for key in ("first_name", "last_name") if (part := text(value, key, where))
    )
    return text(value, "id", where) or display or "unknown", display or None


def _own_id(data: Record) -> str:
    """An id for a task that has none, made of its data."""
    return Owner("", "", prediction_id="task").key(dump(data))

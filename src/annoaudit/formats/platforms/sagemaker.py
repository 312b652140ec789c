"""SageMaker Ground Truth: output manifests, worker responses, and the answers of all workers of custom jobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import ClassVar

import pyarrow as pa

from annoaudit.errors import RefusedInput
from annoaudit.formats.carries import Carries
from annoaudit.formats.gathering import Gathering, Row, stable_key
from annoaudit.formats.geometry import box_of
from annoaudit.formats.json_text import parse_json
from annoaudit.formats.json_values import Record, as_id, dump, number, record, records, text
from annoaudit.formats.json_values import time as time_of
from annoaudit.formats.source import Source

__all__ = ["Sagemaker"]

_META = "-metadata"
_SOURCES = ("source-ref", "source")
_ALL = "annotationsFromAllWorkers"
_MAX_NESTED = 20


@dataclass(frozen=True)
class Sagemaker:
    """SageMaker Ground Truth: an output manifest, worker responses, or a custom job's answers of all workers.

    See ``docs/formats/sagemaker.md``.
    """

    carries: ClassVar[Carries] = Carries(
        "worker responses and custom jobs", "worker responses: measured; manifests: the job's", "no", "documentation"
    )
    name: str = "sagemaker"

    def sniff(self, source: Source) -> bool:
        """Say whether records are a manifest's lines, worker responses, or answers of all workers."""
        return source.holds(_is_sagemaker, ".manifest", ".json", ".jsonl")

    def read(self, source: Source) -> Iterator[tuple[str, pa.Table]]:
        """Yield the canonical tables.

        Raises
        ------
        RefusedInput
            A record is not shaped as Ground Truth writes it.
        """
        rows = Gathering(source.name, source.notes)
        for part in source.parts(".manifest", ".json", ".jsonl"):
            if source.members is not None and not _is_sagemaker(part):
                continue
            parents = part.path.parts[:-1] if part.path is not None and source.members is not None else ()
            for place, one in enumerate(part.documents, start=1):
                where = f"{part.name}, record {place:,}"
                if not isinstance(one, dict):
                    raise RefusedInput(f"{where} is no object.", hint="Download it again.")
                _take(one, parents[-1] if parents else part.stem, rows, where)
        yield from rows.finish(nobody_named="Answers name no worker")


def _is_sagemaker(source: Source) -> bool:
    return source.kind in ("json", "jsonl") and bool(source.sample) and all(map(_shape_of, source.sample))


def _shape_of(one: Mapping[str, object]) -> str:
    answers = one.get("answers")
    if isinstance(answers, list) and answers and all(isinstance(a, dict) and "answerContent" in a for a in answers):
        return "responses"
    if "datasetObjectId" in one and "consolidatedAnnotation" in one:
        return "custom"
    named = any(f"{key}{_META}" in one for key in one)
    return "manifest" if named and any(key in one for key in _SOURCES) else ""


def _take(one: Record, name: str, rows: Gathering, where: str) -> None:
    shape = _shape_of(one)
    if shape == "manifest":
        _take_line(one, rows, where)
    elif shape == "responses":
        item_id = rows.item(name)
        for answer in records(one, "answers", where):
            _take_response(answer, item_id, rows, where)
    elif shape == "custom":
        item_id = rows.item(text(one, "datasetObjectId", where) or name)
        content = record(record(one, "consolidatedAnnotation", where), "content", where)
        for key in content:
            for answer in records(record(content, key, where), _ALL, where):
                _take_worker(answer, item_id, rows, where)
    else:
        raise RefusedInput(f"{where} is none of Ground Truth's.", hint="See docs/formats/sagemaker.md.")


def _take_line(one: Record, rows: Gathering, where: str) -> None:
    """A line of a manifest: what the job made of its workers' answers, under a name that is free."""
    key = next(key for key in _SOURCES if key in one)
    native = text(one, key, where) or ""
    uri = native if key == "source-ref" else None
    item_id = rows.item(
        native if uri else stable_key(native), uri=uri, text=None if uri else native, media="image" if uri else "text"
    )
    for question in (name.removesuffix(_META) for name in one if name.endswith(_META)):
        meta = record(one, f"{question}{_META}", where)
        value = one.get(question)
        if isinstance(value, dict) and _ALL in value:
            for answer in records(value, _ALL, where):
                _take_worker(answer, item_id, rows, where)
            continue
        job = PurePosixPath(text(meta, "job-name", where) or question).name
        human = meta.get("human-annotated") != "no"
        rows.person(job, kind="consensus" if human else "model")
        naive: list[str] = []
        owner = rows.annotation(item_id, job, created_at=time_of(meta, "creation-date", where, naive))
        rows.count_naive(bool(naive))
        _take_value(question, value, meta, owner, rows, where)


def _take_value(question: str, value: object, meta: Record, owner: Row, rows: Gathering, where: str) -> None:
    classes = {str(key): str(name) for key, name in record(meta, "class-map", where).items()}
    confidence = number(meta, "confidence", where)
    if isinstance(value, dict) and isinstance(value.get("annotations"), list):
        sizes = records(value, "image_size", where)
        if sizes:
            rows.item(
                str(owner["item_id"]), width=number(sizes[0], "width", where), height=number(sizes[0], "height", where)
            )
        told = records(meta, "objects", where)
        for place, box in enumerate(records(value, "annotations", where)):
            name = as_id(box.get("class_id"))
            sure = number(told[place], "confidence", where) if place < len(told) else None
            rows.region(owner, question, _box(box, where), classes.get(name, name), confidence=sure)
    elif isinstance(value, list):
        sure_of = record(meta, "confidence-map", where)
        for one in value:
            name = as_id(one)
            rows.question(question, "multichoice", classes.values())
            rows.label(
                owner, question, "multichoice", value=classes.get(name, name), confidence=number(sure_of, name, where)
            )
    elif isinstance(value, (str, int, float)):
        native = as_id(value)
        shown = text(meta, "class-name", where) or classes.get(native, native)
        rows.question(question, "choice", [shown])
        rows.label(owner, question, "choice", value=shown, confidence=confidence)
    elif value is not None:
        rows.question(question, "text")
        rows.label(owner, question, "text", attributes=dump(value))


def _take_response(answer: Record, item_id: str, rows: Gathering, where: str) -> None:
    """One worker's answer, with its times; accepting to submitting is measured by Ground Truth."""
    naive: list[str] = []
    seconds = number(answer, "timeSpentInSeconds", where)
    owner = rows.annotation(
        item_id, text(answer, "workerId", where), created_at=time_of(answer, "submissionTime", where, naive),
        lead_time_s=seconds, time_kind="none" if seconds is None else "measured",
    )  # fmt: skip
    rows.count_naive(bool(naive))
    _take_content(answer.get("answerContent"), "", owner, rows, where)


def _take_worker(answer: Record, item_id: str, rows: Gathering, where: str) -> None:
    content = record(answer, "annotationData", where).get("content")
    found = parse_json(content.encode(), where) if isinstance(content, str) else content
    _take_content(found, "", rows.annotation(item_id, text(answer, "workerId", where)), rows, where)


def _take_content(value: object, question: str, owner: Row, rows: Gathering, where: str, depth: int = 0) -> None:
    """What a form sent: boxes, or values under names that lie one in another."""
    if depth > _MAX_NESTED:
        raise RefusedInput(f"{where}: an answer nests more than {_MAX_NESTED} levels.", hint="Send flatter answers.")
    if isinstance(value, dict):
        if isinstance(value.get("boundingBoxes"), list):
            for box in records(value, "boundingBoxes", where):
                rows.region(owner, question or "boxes", _box(box, where), text(box, "label", where))
            return
        for key, inner in value.items():
            name = question if key in ("label", "response") and question else key
            _take_content(inner, name, owner, rows, where, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _take_content(inner, question, owner, rows, where, depth + 1)
    elif value is not None:
        word = as_id(value)
        rows.question(question or "answer", "choice", [word])
        rows.label(owner, question or "answer", "choice", value=word)


def _box(box: Record, where: str) -> Row:
    x, y, w, h = (number(box, side, where) for side in ("left", "top", "width", "height"))
    if x is None or y is None or w is None or h is None:
        raise RefusedInput(f"{where}: a box has no left, top, width and height.", hint="Download it again.")
    return box_of(x, y, w, h, where)

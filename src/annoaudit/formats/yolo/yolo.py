"""YOLO data sets: detect, segment, pose, obb, and classification by folders."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from annoaudit.errors import RefusedInput
from annoaudit.formats.carries import Carries
from annoaudit.formats.gathering import Gathering, Row
from annoaudit.formats.json_values import dump_some
from annoaudit.formats.members import Members
from annoaudit.formats.source import Source
from annoaudit.formats.yolo.layout import Layout, measure, read_layout, split_of
from annoaudit.formats.yolo.lines import Line, Task, guess_task, parse_lines, shape_of
from annoaudit.formats.yolo.writing import write_yolo
from annoaudit.labels import LabelSet

__all__ = ["Yolo"]

_LINE = re.compile(r"^\d{1,5}( +-?\d*\.?\d+(e-?\d+)?){4,}\s*$")
_YAML = (".yaml", ".yml")


@dataclass(frozen=True)
class Yolo:
    """A YOLO data set: a folder, an archive, its data.yaml, or one label file.

    See ``docs/formats/yolo.md``.
    """

    carries: ClassVar[Carries] = Carries(
        "no", "no", "yes: an empty file, and none", "real exports (darknet); documentation (others)"
    )
    name: str = "yolo"

    def sniff(self, source: Source) -> bool:
        """Say whether there is a description with names, or a text of class numbers and shares of one."""
        if source.members is not None:
            return read_layout(source.members) is not None
        if source.path is not None and source.path.suffix.lower() in _YAML:
            return source.content is None and any(line.startswith("names") for line in source.head)
        lines = [line for line in source.head if line.strip()]
        return bool(lines) and source.path is not None and source.path.suffix == ".txt" and all(map(_LINE.match, lines))

    def read(self, source: Source) -> Iterator[tuple[str, pa.Table]]:
        """Yield the canonical tables: an item a picture, a label an object.

        Raises
        ------
        RefusedInput
            No YOLO data set, or a line that is no object; the message names file and line.
        """
        rows = Gathering(source.name, source.notes)
        whole = source
        if source.path is not None and source.path.suffix.lower() in _YAML and source.content is None:
            whole = Source(str(source.path.parent), source.path.parent, notes=source.notes)
        if whole.members is None:
            lines = parse_lines(source.text.decode(), source.name)
            _take_files(rows, Layout(labels={source.stem: ""}), {source.stem: lines}, None, source.notes)
        else:
            _take_folder(rows, whole.members, source.notes)
        yield from rows.finish(nobody_named="YOLO does not say who made the labels")

    def write(self, labels: LabelSet, target: Path) -> list[str]:
        """Write a folder with data.yaml and label files; return what could not be carried."""
        return write_yolo(labels, target)


def _take_folder(rows: Gathering, members: Members, notes: list[str]) -> None:
    layout = read_layout(members)
    if layout is None:
        raise RefusedInput(f"{members.where} is no YOLO data set.", hint="It needs a YAML file with names.")
    if layout.classes:
        for item, name in sorted(layout.classes.items()):
            rows.question("class", "choice", [name])
            rows.item(item, media="image", uri=layout.pictures[item], split=split_of(item))
            rows.label(rows.annotation(item, None), "class", "choice", value=name)
        return
    parsed = {
        item: parse_lines(members.read(name).decode("utf-8", errors="replace"), f"{members.where}/{name}")
        for item, name in sorted(layout.labels.items())
    }
    _take_files(rows, layout, parsed, members, notes)


def _take_files(
    rows: Gathering, layout: Layout, parsed: dict[str, list[Line]], members: Members | None, notes: list[str]
) -> None:
    task = guess_task((line for lines in parsed.values() for line in lines), layout.kpt_shape)
    rows.question("objects", {"obb": "rbox", "segment": "polygon", "pose": "keypoints"}.get(task.name, "bbox"))
    rows.questions["objects"]["options"] = dict.fromkeys(layout.names[key] for key in sorted(layout.names))
    unsized: list[str] = []
    for item in layout.items:
        picture = layout.pictures.get(item)
        size = measure(members, picture) if members is not None and picture is not None else None
        width, height = size or (None, None)
        rows.item(item, media="image", uri=picture, width=width, height=height, split=split_of(item))
        if item not in parsed:
            continue
        unsized += [] if size is not None or not parsed[item] else [item]
        where = rows.where if members is None else f"{members.where}/{layout.labels[item]}"
        _take_lines(rows, item, parsed[item], task, layout.names, size, where)
    notes.extend(_tell(layout, parsed, task, unsized))


def _take_lines(
    rows: Gathering, item: str, lines: list[Line], task: Task, names: dict[int, str],
    size: tuple[float, float] | None, where: str,
) -> None:  # fmt: skip
    owner = rows.annotation(item, None)
    for line in lines:
        shape = shape_of(line, task, size, where)
        native: Row = {key: shape.pop(key) for key in ("shares", "visibility") if key in shape}
        name = names.get(line.name, str(line.name))
        rows.region(owner, "objects", shape, name, attributes=dump_some(native))


def _tell(layout: Layout, parsed: dict[str, list[Line]], task: Task, unsized: list[str]) -> Iterator[str]:
    yield f"The lines are read as {task.name}."
    unseen = sum(item not in parsed for item in layout.items)
    if unseen:
        yield f"{unseen:,} pictures have no label file: not seen. An empty file means that nothing was found."
    if unsized:
        yield (
            f"The size of {len(unsized):,} pictures is not known, so their objects are kept as shares of it, in "
            "attributes. It is read from the pictures themselves: put them beside the labels (needs annoaudit[images])."
        )
    used = {line.name for lines in parsed.values() for line in lines}
    if missing := sorted(used - set(layout.names)):
        yield f"{len(missing):,} class numbers have no name: {', '.join(map(str, missing[:5]))}; kept as numbers."

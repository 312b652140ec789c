"""Where things lie in a YOLO data set: the description, the pictures, the label files, and the pictures' sizes."""

from __future__ import annotations

import posixpath
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from annoaudit.errors import RefusedInput
from annoaudit.formats.members import Members

__all__ = ["Layout", "measure", "read_layout", "split_of"]

_PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff")
_SPLITS = ("train", "val", "valid", "test")
_SHARED_PARTS = ("images", "labels", "data", ".", "..", "/")
_DESCRIPTION_BYTES = 1 << 20


@dataclass(frozen=True)
class Layout:
    """One data set.

    Parameters
    ----------
    names
        Names of the classes, by number.
    labels
        Item to the name of its label file.
    pictures
        Item to the name of its picture, where that is there or listed.
    classes
        Item to its class, where folders are classes.
    """

    names: dict[int, str] = field(default_factory=dict)
    kpt_shape: Sequence[int] | None = None
    labels: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, str] = field(default_factory=dict)
    classes: dict[str, str] = field(default_factory=dict)

    @property
    def items(self) -> list[str]:
        """All items, whether pictured or labelled."""
        return sorted({*self.labels, *self.pictures, *self.classes})


def read_layout(members: Members) -> Layout | None:
    """Find out how a folder is laid out; None where it is no YOLO data set."""
    described = [name for name in members.ending(".yaml", ".yml") if members.sizes[name] <= _DESCRIPTION_BYTES]
    for name in described:
        stated = _parse_yaml(members.read(name), f"{members.where}/{name}")
        if stated is not None and "names" in stated:
            return _ultralytics(members, stated)
    if listed := members.ending(".names"):
        names = members.read(listed[0]).decode("utf-8", errors="replace").split("\n")
        return _gathered(members, dict(enumerate(name.strip() for name in names if name.strip())), None)
    return _by_folder(members)


def _ultralytics(members: Members, stated: dict[str, object]) -> Layout:
    names = stated["names"]
    pairs = names.items() if isinstance(names, dict) else enumerate(names if isinstance(names, list) else [])
    known = {int(key): str(name) for key, name in pairs if str(key).isdigit() and isinstance(name, (str, int, float))}
    shape = stated.get("kpt_shape")
    valid = (
        isinstance(shape, list) and len(shape) == 2 and all(isinstance(one, int) and 0 < one < 1000 for one in shape)
    )
    return _gathered(members, known, shape if valid else None)  # type: ignore[arg-type] # checked


def _gathered(members: Members, names: dict[int, str], kpt_shape: Sequence[int] | None) -> Layout:
    layout = Layout(names, kpt_shape)
    texts = members.ending(".txt")
    lists = [name for name in texts if _is_list(members, name)]
    for name in texts:
        if name not in lists:
            layout.labels[_item_of(name)] = name
    for name in members.ending(*_PICTURES):
        layout.pictures[_item_of(name)] = name
    for name in lists:
        for line in members.read(name).decode("utf-8", errors="replace").splitlines():
            if line.strip():
                path = posixpath.normpath(line.strip().replace("\\", "/")).lstrip("/")
                layout.pictures.setdefault(_item_of(path), path)
    return layout


def _is_list(members: Members, name: str) -> bool:
    """Say whether a text file lists pictures instead of objects."""
    with members.open(name) as stream:
        first = stream.readline(4096).strip().lower()
    return first.endswith(tuple(ending.encode() for ending in _PICTURES))


def _item_of(name: str) -> str:
    """A label file and its picture share their path but for ``images`` and ``labels`` in it."""
    parts = [
        part
        for part in PurePosixPath(name).with_suffix("").parts
        if part not in ("images", "labels", "data", ".", "..")
    ]
    return "/".join(parts)


def _by_folder(members: Members) -> Layout | None:
    """Classification: split/class/picture and nothing else."""
    pictures = members.ending(*_PICTURES)
    parts = {name: PurePosixPath(name).parts for name in pictures}
    deep = [name for name in pictures if len(parts[name]) >= 3 and parts[name][-3] in _SPLITS]
    if not pictures or len(deep) < len(pictures) or any(name not in pictures for name in members.names):
        return None
    layout = Layout()
    for name in deep:
        layout.pictures[name] = name
        layout.classes[name] = parts[name][-2]
    return layout


def split_of(item: str) -> str | None:
    """Return the part of the data set that a path tells."""
    return next((part for part in item.split("/") if part in _SPLITS), None)


def measure(members: Members, name: str) -> tuple[float, float] | None:
    """Return width and height of a picture from its first bytes; None where it is not there or cannot be told."""
    if name not in members or not members.sizes[name]:
        return None
    try:
        from PIL import Image
    except ImportError:
        return None
    with members.open(name) as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a large picture; it is measured, not opened
        try:
            with Image.open(stream) as picture:
                width, height = picture.size
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            return None
    return float(width), float(height)


def _parse_yaml(data: bytes, where: str) -> dict[str, object] | None:
    import yaml

    if re.search(rb"[&*][A-Za-z0-9_]+", data) and data.count(b"*") > 100:
        raise RefusedInput(f"{where} repeats parts of itself by reference.", hint="Write it out.")
    try:
        stated = yaml.safe_load(data)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise RefusedInput(f"{where} is not YAML: {reason}.", hint="Mend it.") from error
    return stated if isinstance(stated, dict) else None

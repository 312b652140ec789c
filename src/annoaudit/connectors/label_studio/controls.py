"""What a label config asks: one question for each control, with kind and options, whether or not anybody answered."""

from __future__ import annotations

import hashlib
import xml.etree.ElementTree as ET  # declarations of entities are refused before it sees them
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from annoaudit.formats.json_values import Record, dump

__all__ = ["Control", "hash_config", "read_controls"]

_KINDS: Mapping[str, str] = {
    "choices": "choice", "taxonomy": "multichoice", "rating": "rating", "number": "number", "datetime": "text",
    "textarea": "text", "pairwise": "pair", "ranker": "ranking", "chatmessage": "text", "reactcode": "text",
    "labels": "span", "hypertextlabels": "span", "paragraphlabels": "span",
    "timeserieslabels": "segment", "timelinelabels": "segment",
    "rectangle": "bbox", "rectanglelabels": "bbox", "ocrlabels": "bbox",
    "polygon": "polygon", "polygonlabels": "polygon", "ellipse": "polygon", "ellipselabels": "polygon",
    "keypoint": "keypoints", "keypointlabels": "keypoints",
    "brush": "mask", "brushlabels": "mask", "bitmask": "mask", "bitmasklabels": "mask", "magicwand": "mask",
    "vector": "polyline", "vectorlabels": "polyline",
    "videorectangle": "track", "videovector": "track", "videovectorlabels": "track",
}  # fmt: skip
_RESULT_TYPES = {"chat": "chatmessage"}
_LABELS_ON = {"audio": "segment", "audioplus": "segment", "video": "track", "timeseries": "segment"}
_NO_CONTROLS = ("filter", "magnifier", "shortcut", "header", "style")
_RELATION = "relation"
_MAX_CHARACTERS = 5_000_000


@dataclass(frozen=True)
class Control:
    """One control of a label config: what it is called, what it asks, what may be answered."""

    name: str
    kind: str
    options: tuple[str, ...]
    required: bool
    native_json: str


def hash_config(config: str) -> str:
    """Return the hash of a label config."""
    return hashlib.sha256(config.encode("utf-8", "surrogatepass")).hexdigest()


def read_controls(config: str, parsed: Record | None = None) -> tuple[Control, ...]:
    """Read the controls of a label config, in its order.

    Parameters
    ----------
    config
        XML.
    parsed
        What the server makes of it (``parsed_label_config``), for a config that can't be parsed here.
    """
    if len(config) <= _MAX_CHARACTERS and "<!DOCTYPE" not in config and "<!ENTITY" not in config:
        try:
            return tuple(_walk(ET.fromstring(config)))  # noqa: S314 # no entities, bounded
        except ET.ParseError:
            pass
    return tuple(_from_parsed(parsed or {}))


def _walk(root: ET.Element) -> Iterator[Control]:
    objects = {one.get("name", ""): one.tag.lower() for one in root.iter() if one.get("value") and one.get("name")}
    seen: set[str] = set()
    for one in root.iter():
        tag = str(one.tag).lower()
        name, target = one.get("name") or "", one.get("toName") or one.get("toname") or ""
        if tag == "relations":
            name, control = _RELATION, _describe_relations(one)
        elif not name or not target or tag in _NO_CONTROLS:
            continue
        else:
            control = _describe(one, tag, name, target, objects)
        if name not in seen:
            seen.add(name)
            yield control


def _describe(one: ET.Element, tag: str, name: str, target: str, objects: Mapping[str, str]) -> Control:
    native = _RESULT_TYPES.get(tag, tag)
    kind = _KINDS.get(native, "text")
    if native == "labels":
        kind = _LABELS_ON.get(objects.get(target.split(",", 1)[0], ""), kind)
    if native == "choices" and one.get("choice") == "multiple":
        kind = "multichoice"
    about = {"type": native, "to_name": target, "choice": one.get("choice"), "per_region": one.get("perRegion")}
    return Control(
        name,
        kind,
        tuple(dict.fromkeys(_paths(one) if native == "taxonomy" else _options(one))),
        (one.get("required") or "").lower() == "true",
        dump({key: value for key, value in about.items() if value}),
    )


def _describe_relations(one: ET.Element) -> Control:
    return Control(_RELATION, _RELATION, tuple(dict.fromkeys(_options(one))), False, dump({"type": _RELATION}))


def _options(one: ET.Element) -> Iterator[str]:
    for child in one.iter():
        if child is not one and str(child.tag).lower() in ("choice", "label", "relation"):
            option = child.get("alias") or child.get("value")
            if option and not option.startswith("$"):
                yield option


def _paths(one: ET.Element, above: tuple[str, ...] = ()) -> Iterator[str]:
    """Paths of a taxonomy, as answers are written: from the root, joined by slashes."""
    for child in one:
        step = child.get("alias") or child.get("value") or ""
        if str(child.tag).lower() != "choice" or not step:
            continue
        yield "/".join((*above, step))
        yield from _paths(child, (*above, step))


def _from_parsed(parsed: Record) -> Iterator[Control]:
    for name, told in parsed.items():
        if not isinstance(told, dict):
            continue
        native = str(told.get("type", "")).lower()
        targets, options = told.get("to_name"), told.get("labels")
        about = {"type": native, "to_name": ",".join(map(str, targets)) if isinstance(targets, list) else None}
        listed = tuple(map(str, options)) if isinstance(options, list) else ()
        yield Control(name, _KINDS.get(native, "text"), listed, False, dump(about))

"""What a Label Studio task says about its item: text, address, medium."""

from __future__ import annotations

import re

from annoaudit.formats.json_values import Record, dump, text, time
from annoaudit.formats.tables.item_columns import guess_medium

__all__ = ["Row", "describe_item", "texts_of"]

Row = dict[str, object]

_TEXT_KEYS = (
    "text", "prompt", "question", "content", "body", "sentence", "document", "review", "comment", "message", "title",
)  # fmt: skip
_ADDRESS = re.compile(
    r"^((https?|s3|gs|azure-blob)://|/data/|/tasks/)\S+$"
    r"|^[^\n]{1,1000}\.(jpe?g|png|gif|bmp|webp|tiff?|svg|wav|mp3|flac|ogg|m4a|mp4|webm|mov|avi|mkv)$",
    re.IGNORECASE,
)
_MEDIA_KEYS = ("image", "audio", "video")


def describe_item(task: Record, data: Record, item_id: str, where: str, naive: list[str]) -> Row:
    """Return the row of the items table; the whole ``data`` goes to ``meta_json``."""
    meta = task.get("meta")
    native = {**data, "_meta": meta} if meta else data
    shown = _text_of(task, data)
    key, uri = _address_of(task, data)
    media = guess_medium(uri)
    if media is None and uri is not None:
        media = next((kind for kind in _MEDIA_KEYS if kind in key.lower()), None)
    return {
        "item_id": item_id,
        "project": text(task, "project", where),
        "media": media or ("text" if shown else None),
        "text": shown,
        "uri": uri,
        "created_at": time(task, "created_at", where, naive),
        "meta_json": dump(native),
    }


def texts_of(data: Record) -> tuple[str, ...]:
    """Return the texts of a task that are not addresses."""
    return tuple(value for value in data.values() if isinstance(value, str) and not _ADDRESS.match(value))


def _text_of(task: Record, data: Record) -> str | None:
    """The text that a control names, else one under a usual key, else the longest; dialogues line by line."""
    texts = {key: value for key, value in data.items() if isinstance(value, str) and not _ADDRESS.match(value)}
    for name in (*_named_objects(task), *_TEXT_KEYS):
        if name in texts:
            return texts[name]
    if texts:
        return max(texts.values(), key=len)
    for value in data.values():
        lines = [_line(one) for one in value] if isinstance(value, list) else []
        if lines and all(lines):
            return "\n".join(line for line in lines if line)
    return None


def _named_objects(task: Record) -> list[str]:
    annotations = task.get("annotations") or task.get("completions")
    first = annotations[0] if isinstance(annotations, list) and annotations else None
    results = first.get("result") if isinstance(first, dict) else None
    names = [one.get("to_name") for one in results if isinstance(one, dict)] if isinstance(results, list) else []
    return [name for name in names if isinstance(name, str)]


def _line(turn: object) -> str | None:
    if not isinstance(turn, dict):
        return None
    words = turn.get("text", turn.get("content"))
    who = turn.get("author", turn.get("role"))
    return f"{who}: {words}" if isinstance(words, str) and isinstance(who, str) else None


def _address_of(task: Record, data: Record) -> tuple[str, str | None]:
    """The address that a control names, else the first."""
    found = {key: value for key, value in data.items() if isinstance(value, str) and _ADDRESS.match(value)}
    key = next((name for name in _named_objects(task) if name in found), next(iter(found), ""))
    return key, found.get(key)

"""What Label Studio itself wrote, as pulled tables carry it: results, task data, addresses of media."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence

from annoaudit.formats.json_values import dump

__all__ = ["NATIVE_RESULT", "hash_result", "native_data", "native_result", "resolve_addresses"]

NATIVE_RESULT = "native_result"
_STORAGE = re.compile(r"^(s3|gs|azure-blob)://\S+$")


def hash_result(result: Sequence[object]) -> str:
    """Return the hash of a result: 32 hexadecimal digits, the same for the same JSON whatever its order of keys."""
    return hashlib.sha256(dump(result).encode()).hexdigest()[:32]


def native_result(meta_json: str | None) -> list[dict[str, object]]:
    """Return an annotation's ``result`` as Label Studio wrote it, from ``annotations.meta_json``."""
    found = json.loads(meta_json).get(NATIVE_RESULT, []) if meta_json else []
    return [one for one in found if isinstance(one, dict)]


def native_data(meta_json: str | None) -> dict[str, object]:
    """Return a task's ``data`` as Label Studio stores it, from ``items.meta_json``."""
    found = json.loads(meta_json) if meta_json else {}
    return {key: value for key, value in found.items() if key != "_meta"}


def resolve_addresses(data: Mapping[str, object], task_id: str) -> dict[str, object]:
    """Replace storage addresses in a task's data by the server's own, which work in its other projects too.

    The server then looks the file up with the source task's storage and rights. Whatever is no storage address
    stays as it is; lists and objects are looked into.
    """
    return {key: _resolve(value, task_id) for key, value in data.items()}


def _resolve(value: object, task_id: str) -> object:
    if isinstance(value, str) and _STORAGE.match(value):
        coded = base64.urlsafe_b64encode(value.encode()).decode()
        return f"/tasks/{task_id}/resolve/?fileuri={coded}"
    if isinstance(value, list):
        return [_resolve(one, task_id) for one in value]
    if isinstance(value, dict):
        return {key: _resolve(one, task_id) for key, one in value.items()}
    return value

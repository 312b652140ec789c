"""annoaudit: audit labels that other people made.

>>> import annoaudit as aa
>>> audit = aa.audit(aa.read("labels.csv"))  # doctest: +SKIP

Nothing heavy is imported until it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

_HOMES = {
    "AnnoauditError": "annoaudit.errors",
    "Audit": "annoaudit.auditing",
    "Finding": "annoaudit.findings",
    "LabelSet": "annoaudit.labels",
    "Policy": "annoaudit.policy",
    "RefusedInput": "annoaudit.errors",
    "Unavailable": "annoaudit.errors",
    "UsageError": "annoaudit.errors",
    "apply_corrections": "annoaudit.reviewing",
    "audit": "annoaudit.auditing",
    "pull": "annoaudit.connectors",
    "push": "annoaudit.reviewing",
    "read": "annoaudit.formats",
    "simulate": "annoaudit.simulation",
    "unpush": "annoaudit.reviewing",
    "verdicts": "annoaudit.reviewing",
    "write": "annoaudit.formats",
}

__all__ = [
    "AnnoauditError",
    "Audit",
    "Finding",
    "LabelSet",
    "Policy",
    "RefusedInput",
    "Unavailable",
    "UsageError",
    "__version__",
    "apply_corrections",
    "audit",
    "pull",
    "push",
    "read",
    "simulate",
    "unpush",
    "verdicts",
    "write",
]

if TYPE_CHECKING:
    from annoaudit.auditing import Audit, audit
    from annoaudit.connectors import pull
    from annoaudit.errors import AnnoauditError, RefusedInput, Unavailable, UsageError
    from annoaudit.findings import Finding
    from annoaudit.formats import read, write
    from annoaudit.labels import LabelSet
    from annoaudit.policy import Policy
    from annoaudit.reviewing import apply_corrections, push, unpush, verdicts
    from annoaudit.simulation import simulate


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'annoaudit' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])

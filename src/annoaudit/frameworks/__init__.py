"""Risks, and the ids that finding types have in the frameworks security teams report in: one data file, one reader."""

from annoaudit.frameworks.table import (
    FindingType,
    Framework,
    Reference,
    Threat,
    describe_finding,
    list_finding_types,
    list_frameworks,
    list_threats,
)

__all__ = [
    "FindingType",
    "Framework",
    "Reference",
    "Threat",
    "describe_finding",
    "list_finding_types",
    "list_frameworks",
    "list_threats",
]

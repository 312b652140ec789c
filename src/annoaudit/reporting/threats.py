"""The threat page: seven risks, what was looked for, what was found, what could not be checked and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from annoaudit.frameworks import FindingType, describe_finding, list_frameworks
from annoaudit.reporting.text import count

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "CheckRecord",
    "IdRow",
    "ItemFinding",
    "RiskRecord",
    "RiskRow",
    "ThreatsRecord",
    "frameworks_document",
    "id_heads",
    "id_rows",
    "item_findings",
    "risk_rows",
    "tell_unchecked",
    "threats_document",
]


@dataclass(frozen=True)
class CheckRecord:
    """One finding type that was looked for.

    Parameters
    ----------
    n_targets, n_judged
        Targets there were, and those that could be judged, over all questions.
    n_found
        Targets that were flagged, or facts that were found.
    why
        What was missing where not all could be judged.
    """

    name: str
    n_targets: int
    n_judged: int
    n_found: int
    why: str = ""

    @classmethod
    def of_facts(cls, name: str, n_found: int) -> CheckRecord:
        """Return a check that either could be made as a whole or not at all."""
        return cls(name, n_targets=n_found, n_judged=n_found, n_found=n_found)


@dataclass(frozen=True)
class RiskRecord:
    """One of the seven risks: what was looked for, and what was not, each with its reason."""

    title: str
    stage: str
    what: str
    checked: tuple[CheckRecord, ...] = ()
    not_checked: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ThreatsRecord:
    """All risks; ``unmapped`` are detectors of other packages, which the table of frameworks does not know."""

    risks: tuple[RiskRecord, ...] = ()
    unmapped: tuple[str, ...] = ()


@dataclass(frozen=True)
class ItemFinding:
    """One finding about an item or the data set, as it is shown: its reason holds the place."""

    detector: str
    severity: str
    item_id: str
    reason: str


@dataclass(frozen=True)
class RiskRow:
    """One risk with every cell written out: names with what each found, and reasons with the names they hold for."""

    risk: RiskRecord
    found: tuple[tuple[str, str], ...]
    missing: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class IdRow:
    """A finding type, and its ids with their titles, one group a framework in the order of :func:`id_heads`."""

    name: str
    ids: tuple[tuple[tuple[str, str], ...], ...]


def id_heads() -> list[str]:
    """Return the frameworks by name and version."""
    return [f"{one.name} {one.version}" for one in list_frameworks()]


def risk_rows(threats: ThreatsRecord) -> list[RiskRow]:
    """Return the risks as rows; finding types that lacked the same thing stand together."""
    return [
        RiskRow(
            risk=one,
            found=tuple((check.name, _tell_check(check)) for check in one.checked),
            missing=tuple(_by_reason(one.not_checked)),
        )
        for one in threats.risks
    ]


def item_findings(findings: pd.DataFrame) -> list[ItemFinding]:
    """Return the findings about items and the data set, which no review queue holds; gravest first."""
    told = findings[findings["level"].isin(["item", "dataset"])]
    told = told.sort_values(["severity", "suspicion"], ascending=False, kind="stable")
    rows = zip(told["detector"], told["severity"], told["item_id"], told["reason"], strict=True)
    return [ItemFinding(*(str(cell) for cell in row)) for row in rows]


def id_rows(threats: ThreatsRecord, *, found_only: bool = False) -> list[IdRow]:
    """Return the ids of every finding type that was looked for, or only of those that found something."""
    checks = [check for risk in threats.risks for check in risk.checked if check.n_found or not found_only]
    known = [describe_finding(name) for name in dict.fromkeys(check.name for check in checks)]
    return [IdRow(one.name, tuple(_by_framework(one))) for one in known if one is not None]


def tell_unchecked(threats: ThreatsRecord) -> str:
    """Return which risks nothing looked for; empty where each was looked for by something."""
    names = [risk.title[:1].lower() + risk.title[1:] for risk in threats.risks if not risk.checked]
    if not names:
        return ""
    share = f"{len(names)} of {len(threats.risks)}"
    return f"{share} not looked for at all: {', '.join(names)}; the report says what was missing."


def threats_document(threats: ThreatsRecord) -> dict[str, object]:
    """Return the risks as ``run.json`` has them."""
    return {
        "risks": [
            asdict(one) | {"not_checked": [{"name": name, "why": why} for name, why in one.not_checked]}
            for one in threats.risks
        ],
        "unmapped": threats.unmapped,
    }


def frameworks_document(threats: ThreatsRecord) -> dict[str, object]:
    """Return the frameworks with their versions, and the ids of every finding type that was looked for."""
    names = dict.fromkeys(check.name for risk in threats.risks for check in risk.checked)
    known = [describe_finding(name) for name in names]
    return {
        "versions": [asdict(one) for one in list_frameworks()],
        "finding_types": [
            {
                "name": one.name,
                "threats": one.threats,
                "ids": [{"framework": ref.framework.key, "id": ref.id, "title": ref.title} for ref in one.references],
            }
            for one in known
            if one is not None
        ],
    }


def _tell_check(check: CheckRecord) -> str:
    judged = (
        "" if check.n_judged == check.n_targets else f", {count(check.n_judged)} of {count(check.n_targets)} judged"
    )
    return f"{count(check.n_found)}{judged}"


def _by_reason(missing: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    names: dict[str, list[str]] = {}
    for name, why in missing:
        names.setdefault(why, []).append(name)
    return [(", ".join(them), why) for why, them in names.items()]


def _by_framework(one: FindingType) -> list[tuple[tuple[str, str], ...]]:
    frameworks = list_frameworks()
    return [tuple((ref.id, ref.title) for ref in one.references if ref.framework == each) for each in frameworks]

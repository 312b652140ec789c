"""Which of the seven risks were looked for in a run, from what became of its detectors and checks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from annoaudit.detectors import judges_kind, load_detectors
from annoaudit.detectors.registry import list_detectors
from annoaudit.findings import Outcome
from annoaudit.frameworks import FindingType, list_finding_types, list_threats
from annoaudit.reporting.threats import CheckRecord, RiskRecord, ThreatsRecord

__all__ = ["gather_threats"]


def gather_threats(
    outcomes: Sequence[Outcome],
    checks: Iterable[CheckRecord] = (),
    missing: Mapping[str, str] | None = None,
    kinds: Collection[str] = (),
) -> ThreatsRecord:
    """Sort what was looked for, and what was not, under the seven risks.

    Parameters
    ----------
    outcomes
        What became of each detector on each question.
    checks
        What else was looked for, such as the nightly job's integrity and completeness.
    missing
        Why a check was not made, by finding type, where the table's own words do not hold.
    kinds
        Kinds of the audited questions: detectors made for other kinds are not listed as not looked for.
    """
    done = {one.name: one for one in [*_merge(outcomes), *checks]}
    made_for_others = _made_for_others(kinds) - set(done)
    known = list_finding_types()
    types = [one for one in known if one.name not in made_for_others]
    reasons = _reasons(outcomes, types) | dict(missing or {})
    return ThreatsRecord(
        risks=tuple(
            RiskRecord(
                title=threat.title,
                stage=threat.stage,
                what=threat.what,
                checked=tuple(done[one.name] for one in types if threat.key in one.threats and one.name in done),
                not_checked=tuple(
                    (one.name, reasons[one.name]) for one in types if threat.key in one.threats and one.name not in done
                ),
            )
            for threat in list_threats()
        ),
        unmapped=_unmapped(outcomes, {one.name for one in known}),
    )


def _merge(outcomes: Sequence[Outcome]) -> list[CheckRecord]:
    """One record a detector that judged something, or had nothing to list, over all questions."""
    merged = []
    for name in dict.fromkeys(one.detector for one in outcomes):
        scored = [one for one in outcomes if one.detector == name and one.status == "scored"]
        judged = [one for one in scored if one.n_judged or not one.n_targets]
        if judged:
            merged.append(
                CheckRecord(
                    name,
                    n_targets=sum(one.n_targets for one in judged),
                    n_judged=sum(one.n_judged for one in judged),
                    n_found=sum(one.n_flagged for one in judged),
                    why="; ".join(dict.fromkeys(one.why for one in judged if one.why)),
                )
            )
    return merged


def _reasons(outcomes: Sequence[Outcome], types: Sequence[FindingType]) -> dict[str, str]:
    """Why a finding type was not looked for, for each of them."""
    installed = set(list_detectors())
    told: dict[str, str] = {}
    for one in outcomes:
        why = one.why or "it judged nothing"
        told[one.detector] = f"it failed: {why}" if one.status == "failed" else why
    return {one.name: told.get(one.name) or one.without or _absence(one.name, installed) for one in types}


def _made_for_others(kinds: Collection[str]) -> set[str]:
    """Names of installed detectors that judge none of these kinds; none where no kind is told."""
    if not kinds:
        return set()
    return {one.name for one in load_detectors() if not any(judges_kind(one, kind) for kind in kinds)}


def _absence(name: str, installed: Collection[str]) -> str:
    return "not asked for, or not made for labels of this kind" if name in installed else "not installed"


def _unmapped(outcomes: Sequence[Outcome], known: Collection[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.detector for one in outcomes if one.detector not in known))

"""Tonight's findings against those of earlier nights: new, known, gone, reopened."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from annoaudit.reporting.night import FindingCounts

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.store.nights import Nights

__all__ = ["Comparison", "compare_nights", "keep_identities"]

SAME_GROUP = 0.5


@dataclass(frozen=True, eq=False)
class Comparison:
    """Fingerprints by what became of them.

    Parameters
    ----------
    new
        In no earlier night.
    known
        In the night before, too.
    reopened
        In an earlier night, but not in the one before.
    gone
        In the night before, but not tonight. A detector that did not score tonight loses nothing: what it found
        before is neither known nor gone.
    n_nights
        Earlier nights; 0 where there is nothing to compare with.
    """

    new: frozenset[str]
    known: frozenset[str]
    reopened: frozenset[str]
    gone: frozenset[str]
    n_nights: int

    def counts(self) -> FindingCounts:
        """Return how many there are of each."""
        return FindingCounts(len(self.new), len(self.known), len(self.reopened), len(self.gone))


def compare_nights(findings: pd.DataFrame, scored: Collection[tuple[str, str]], nights: Nights) -> Comparison:
    """Compare tonight's findings with the finished nights.

    The night before is, for each detector and question, the latest finished one in which it scored.

    Parameters
    ----------
    scored
        Pairs of detector and question that gave scores tonight.
    """
    finished = nights.finished()
    before: set[str] = set()
    for number, pairs in _latest_scored(finished).items():
        rows = nights.fingerprints(number)
        before |= {
            str(name)
            for name, *pair in zip(rows["fingerprint"], rows["detector"], rows["question"], strict=True)
            if (pair[0], pair[1]) in pairs
        }
    all_rows = nights.fingerprints()
    ever = set(all_rows["fingerprint"])
    ran = set(scored)
    judged = set(all_rows["fingerprint"][[pair in ran for pair in _pairs(all_rows)]])
    tonight = set(findings["fingerprint"])
    return Comparison(
        new=frozenset(tonight - ever),
        known=frozenset(tonight & before),
        reopened=frozenset((tonight & ever) - before),
        gone=frozenset((before & judged) - tonight),
        n_nights=len(finished),
    )


def keep_identities(findings: pd.DataFrame, nights: Nights) -> pd.DataFrame:
    """Return tonight's findings, with rings under the fingerprint of the known one they go on from.

    A ring goes on from the latest one of the same detector and question with which it shares at least half of all
    members (Jaccard index), unless another ring of tonight does already.
    """
    groups = findings[findings["level"] == "ring"]
    known = nights.groups().drop_duplicates("fingerprint")
    taken = set(findings["fingerprint"])
    kept: dict[str, str] = {}
    for row in groups[~groups["fingerprint"].isin(known["fingerprint"])].itertuples():
        alike = known[(known["detector"] == row.detector) & (known["question"] == row.question)]
        shared = alike["annotator"].map(lambda names, mine=row.annotator: _jaccard(str(names), str(mine)))
        near = alike["fingerprint"][(shared >= SAME_GROUP) & ~alike["fingerprint"].isin(taken)]
        if len(near):
            kept[str(row.fingerprint)] = str(near.iloc[0])
            taken.add(near.iloc[0])
    return findings.assign(fingerprint=[kept.get(str(one), one) for one in findings["fingerprint"]])


def _jaccard(names: str, others: str) -> float:
    one, two = set(names.split(" + ")), set(others.split(" + "))
    return len(one & two) / len(one | two)


def _latest_scored(finished: pd.DataFrame) -> dict[int, set[tuple[str, str]]]:
    """For each night, the pairs of detector and question that scored there last."""
    latest: dict[tuple[str, str], int] = {}
    for number, text in zip(finished["number"], finished["scored_json"], strict=True):
        latest |= {(str(pair[0]), str(pair[1])): int(number) for pair in json.loads(text)}
    nights: dict[int, set[tuple[str, str]]] = {}
    for pair, number in latest.items():
        nights.setdefault(number, set()).add(pair)
    return nights


def _pairs(rows: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(rows["detector"], rows["question"], strict=True))

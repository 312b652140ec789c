"""Pairs of accounts with identical arbitrary detail on the same items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.errors import Unavailable
from annoaudit.evidence.arbitrary_details import DETAILS, Details
from annoaudit.findings import Explanation, Level, Scores, signed
from annoaudit.labels import NOMINAL
from annoaudit.statistics.coincidences import Coincidences, bound_chance, count_coincidences, weigh_coincidences
from annoaudit.statistics.intervals import exact_interval

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["IdenticalArtefacts"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
MOST_SHOWN = 20
INNOCENT = (
    "an import or a migration that copied one account's annotations to another",
    "one person with two accounts, known to those who run the project",
    "a tool that filled in the same values for both and left no trace of it",
)


@dataclass(frozen=True)
class IdenticalArtefacts:
    """Score pairs of accounts by arbitrary detail that is identical on the items of both.

    Detail: boxes to stored precision, spans with odd ends, free texts, measured times to the millisecond, gaps between
    submissions. For each kind, the shared items with an equal detail are weighed against the rate at which all other
    pairs, and these two on different items, come to equal detail. The e value of a pair is the mean over the kinds
    that the project has.

    Parameters
    ----------
    min_shared
        Fewer items of both with a kind of detail: nothing is concluded from that kind.
    min_equal
        Fewer equal ones: likewise.
    most_common
        A kind of detail on which other pairs coincide more often is not arbitrary here, and is left out.
    """

    min_shared: int = 5
    min_equal: int = 3
    most_common: float = 0.1

    name = "identical_artefacts"
    version = "1"
    level: ClassVar[Level] = "pair"
    needs = ("repeated", "details")

    def score(self, evidence: Evidence) -> Scores:
        """Score every pair with an equal detail, once for the project."""
        votes = evidence.votes
        first = evidence.labels.questions_of(*NOMINAL)[0]
        if evidence.question != first:
            raise Unavailable(f"it looks at whole submissions, and is told with the question {first!r}")
        details = evidence.details
        found = {
            name: count_coincidences(one.item, one.annotator, one.value, votes.n_items, votes.n_annotators)
            for name, one in details.items()
        }
        found = {name: one for name, one in found.items() if one.total_shared}
        if not found:
            raise Unavailable("no two accounts have detail on the same item")
        weighed = _weigh(self, found, votes.n_annotators)

        def explain(positions: Ints) -> Sequence[Explanation]:
            return [_explain(evidence, details, found, weighed, int(at)) for at in positions]

        at = np.arange(len(weighed.pairs))
        return Scores(
            *signed(self, votes.question),
            target=at,
            suspicion=weighed.e / (1.0 + weighed.e),
            explain=explain,
            n=weighed.shared[weighed.best, at],
            effect=(weighed.share - weighed.chance)[weighed.best, at],
            effect_low=(weighed.low - weighed.chance)[weighed.best, at],
            effect_high=(weighed.high - weighed.chance)[weighed.best, at],
            effect_name="share of shared items with an equal detail, above what chance allows",
            null="equal details come about as often as with all other pairs, or as with these two on different items",
            e=weighed.e,
            family="pairs of accounts",
            members=tuple(weighed.pairs),
            note="pairs without equal detail are not listed; the e values of the others are lowered to allow for them",
        )


@dataclass(frozen=True, eq=False)
class _Weighed:
    """(P, 2) pairs and what (kinds, P) arrays say of them."""

    pairs: Ints
    e: Floats
    best: Ints
    equal: Ints
    shared: Ints
    share: Floats
    low: Floats
    high: Floats
    chance: Floats


def _weigh(settings: IdenticalArtefacts, found: Mapping[str, Coincidences], n_annotators: int) -> _Weighed:
    keys = [one.first * n_annotators + one.second for one in found.values()]
    listed = np.unique(np.concatenate(keys))
    size = (len(found), len(listed))
    equal, shared = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    chance, e = np.ones(size), np.ones(size)
    for row, (one, key) in enumerate(zip(found.values(), keys, strict=True)):
        at = np.searchsorted(listed, key)
        equal[row, at], shared[row, at] = one.equal, one.shared
        bound, others = bound_chance(one)
        chance[row, at] = bound
        weight = weigh_coincidences(one.equal, one.shared, bound)
        usable = (one.shared >= settings.min_shared) & (one.equal >= settings.min_equal)
        usable &= others <= settings.most_common
        e[row, at] = np.where(usable, weight, np.minimum(weight, 1.0))
    n_pairs = max(len(listed), n_annotators * (n_annotators - 1) // 2)
    low, high = exact_interval(equal, shared)
    return _Weighed(
        np.stack([listed // n_annotators, listed % n_annotators], axis=1),
        e.mean(axis=0) * (len(listed) / n_pairs),
        e.argmax(axis=0),
        equal,
        shared,
        equal / np.maximum(shared, 1),
        low,
        high,
        chance,
    )


def _explain(
    evidence: Evidence, details: Mapping[str, Details], found: Mapping[str, Coincidences], weighed: _Weighed, at: int
) -> Explanation:
    names = list(found)
    best = names[int(weighed.best[at])]
    one, (u, v) = found[best], weighed.pairs[at]
    mine = one.where[(one.where[:, 0] == u) & (one.where[:, 1] == v), 2]
    k, n = int(weighed.equal[weighed.best[at], at]), int(weighed.shared[weighed.best[at], at])
    others = one.total_equal - k, one.total_shared - n
    both = np.intersect1d(*(details[best].item[details[best].annotator == who] for who in (u, v)))
    facts = [
        {
            "detail": DETAILS[name],
            "equal": int(weighed.equal[row, at]),
            "shared_items": int(weighed.shared[row, at]),
            "chance_at_most": round(float(weighed.chance[row, at]), 6),
        }
        for row, name in enumerate(names)
        if weighed.shared[row, at]
    ]
    return Explanation(
        f"{k} of {n} items of both accounts have {DETAILS[best]}; among all other pairs it is {others[0]} of "
        f"{others[1]:,}.",
        {
            "statistic": "e value",
            "value": float(f"{weighed.e[at]:.4g}"),
            "facts": facts,
            "examples": _show(evidence, details[best], mine, (u, v)),
            "matched": _show(evidence, details[best], np.setdiff1d(both, mine), (u, v)),
            "innocent_explanations": list(INNOCENT),
            "would_clear": "what the platform's own logs say about who sent these submissions, from where and when",
        },
    )


def _show(evidence: Evidence, details: Details, items: Ints, pair: Sequence[int]) -> list[dict[str, object]]:
    """Item and what each of the two has there."""
    shown: list[dict[str, object]] = []
    for item in items[:MOST_SHOWN]:
        told = []
        for who in pair:
            values = details.value[(details.item == item) & (details.annotator == who)]
            told.append([str(details.told[int(value)].as_py())[:160] for value in values[:5]])
        shown.append({"item_id": str(evidence.votes.item_ids[int(item)].as_py()), "first": told[0], "second": told[1]})
    return shown

"""What stands beside a finding about the data: items, ordinary ones, where they came from, and the innocent reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.stats import hypergeom

from annoaudit.findings import Source
from annoaudit.statistics.multiplicity import adjust_p
from annoaudit.statistics.residual_scan import tail_above

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = [
    "Innocence",
    "find_sources",
    "find_sources_by_share",
    "list_imports",
    "name_givers",
    "name_sources",
    "order_by",
    "show_data",
    "show_items",
    "show_texts",
]

Ints = npt.NDArray[np.int64]
Matrix = npt.NDArray[np.floating]

MOST_SHOWN = 20
MOST_TEXT = 160
MOST_SOURCES = 12
FEWEST_OF_SOURCE = 2
SOURCE_AT = 0.05
IMPORT_COLUMNS = ("batch", "split", "group", "project")
IMPORT_SHARE = 0.5


@dataclass(frozen=True)
class Innocence:
    """Explanations that blame nobody, and what would settle a finding."""

    explanations: tuple[str, ...]
    would_clear: str


def show_data(
    evidence: Evidence,
    picked: Ints,
    beside: Ints,
    *,
    statistic: str,
    value: float,
    innocence: Innocence,
    chance: Matrix | None = None,
    around: str = "",
) -> dict[str, object]:
    """Return the facts that every finding about the data carries, as JSON values.

    Parameters
    ----------
    evidence
        Where items and labels are.
    picked, beside
        Positions of the labels that the finding rests on, most telling first, and ordinary ones; at most 20 of each
        are shown.
    statistic, value
        Name of the statistic and what it came to.
    innocence
        What stands against it.
    chance
        (N, K) probabilities from which the expected class is shown; None shows none.
    around
        A piece of the text that the excerpt should hold.
    """
    return {
        "statistic": statistic,
        "value": round(float(value), 4) if np.isfinite(value) else None,
        "examples": show_items(evidence, picked[:MOST_SHOWN], chance, around),
        "matched": show_items(evidence, beside[:MOST_SHOWN], chance, ""),
        "imports": list_imports(evidence, np.unique(evidence.votes.item[picked])),
        "innocent_explanations": list(innocence.explanations),
        "would_clear": innocence.would_clear,
    }


def show_items(evidence: Evidence, positions: Ints, chance: Matrix | None, around: str) -> list[dict[str, object]]:
    """Return item, label, what the rest of the item leads to expect, and an excerpt, of each position."""
    votes = evidence.votes
    texts = evidence.labels.items["text"].take(votes.item[positions]).to_pylist()
    shown: list[dict[str, object]] = []
    for at, text in zip(positions, texts, strict=True):
        item, label = int(votes.item[at]), int(votes.label[at])
        one: dict[str, object] = {
            "item_id": str(votes.item_ids[item].as_py()),
            "given": votes.classes[label],
            "text": _excerpt(text or "", around),
        }
        if chance is not None and np.isfinite(chance[item]).all():
            one["expected"] = votes.classes[int(chance[item].argmax())]
            one["probability_of_given"] = round(float(chance[item, label]), 4)
        shown.append(one)
    return shown


def show_texts(evidence: Evidence, items: Ints) -> list[dict[str, object]]:
    """Return up to 20 items with an excerpt and the most frequent of their labels; "" where they have none."""
    votes, shown = evidence.votes, items[:MOST_SHOWN]
    table = evidence.labels.items.take(shown)
    told = zip(shown, table["text"].to_pylist(), table["uri"].to_pylist(), strict=True)
    return [
        {
            "item_id": str(votes.item_ids[int(item)].as_py()),
            "given": votes.classes[int(votes.counts[item].argmax())] if votes.counts[item].any() else "",
            "text": _excerpt(text or uri or "", ""),
        }
        for item, text, uri in told
    ]


def find_sources(evidence: Evidence, positions: Ints, given: int, chance: Matrix) -> tuple[Source, ...]:
    """Name the annotators whose labels among ``positions`` are of the class far more often than expected.

    Parameters
    ----------
    evidence
        Whose labels.
    positions
        Positions of the labels that could have been of the class: those on items with the mark.
    given
        The class.
    chance
        (N, K) probabilities of a model that did not see these labels.
    """
    votes = evidence.votes
    rows = positions[np.isfinite(chance[votes.item[positions], given])]
    expected = chance[votes.item[rows], given].astype(np.float64)
    return name_sources(votes.annotator[rows], votes.label[rows] == given, expected)


def find_sources_by_share(evidence: Evidence, positions: Ints, hit: npt.NDArray[np.bool_]) -> tuple[Source, ...]:
    """Name the annotators to whose labels far more of the hits belong than to others' labels of the same kind.

    This needs no model, so it also names those whose labels a model has learned. It takes for granted that items came
    to annotators whatever they carry.

    Parameters
    ----------
    evidence
        Whose labels.
    positions
        Positions of the labels that are compared, such as all of one class.
    hit
        (M,) which of them belong to the pattern.
    """
    return name_givers(evidence.votes.annotator[positions], hit)


def name_givers(annotator: Ints, hit: npt.NDArray[np.bool_]) -> tuple[Source, ...]:
    """Name the annotators with a greater share of hits than the rest, the most telling first, at most twelve.

    Fisher's exact test, one-sided, each against all others, with the false discovery rate over annotators held at 5 %.

    Parameters
    ----------
    annotator, hit
        (M,) whose label it is, and whether it belongs to the pattern.

    References
    ----------
    Fisher (1935). The logic of inductive inference. Journal of the Royal Statistical Society 98.
    """
    people, place = np.unique(annotator, return_inverse=True)
    n, observed = np.bincount(place), np.bincount(place, weights=hit).astype(np.int64)
    p = hypergeom.sf(observed - 1, len(hit), int(hit.sum()), n)
    expected = n * (hit.sum() / max(len(hit), 1))
    return _list_found(people, n, observed, np.asarray(expected, dtype=np.float64), np.asarray(p, dtype=np.float64))


def name_sources(annotator: Ints, hit: npt.NDArray[np.bool_], expected: npt.NDArray[np.float64]) -> tuple[Source, ...]:
    """Name the annotators with far more hits than expected, the most telling first, at most twelve.

    Each one's hits are tested against the Poisson-binomial of what was expected of each label, with the false discovery
    rate over annotators held at 5 %.

    Parameters
    ----------
    annotator, hit, expected
        (M,) whose label it is, whether it belongs to the pattern, and how probable that was.
    """
    people = np.unique(annotator)
    p = np.array([tail_above(float(hit[annotator == one].sum()), expected[annotator == one]) for one in people])
    place = np.searchsorted(people, annotator)
    sums = np.bincount(place, weights=expected).astype(np.float64)
    return _list_found(people, np.bincount(place), np.bincount(place, weights=hit).astype(np.int64), sums, p)


def _list_found(
    people: Ints, n: Ints, observed: Ints, expected: npt.NDArray[np.float64], p: npt.NDArray[np.float64]
) -> tuple[Source, ...]:
    found = np.flatnonzero((adjust_p(p) <= SOURCE_AT) & (observed >= FEWEST_OF_SOURCE))
    order = found[np.argsort(p[found], kind="stable")][:MOST_SOURCES]
    return tuple(Source(int(people[at]), int(n[at]), int(observed[at]), float(expected[at])) for at in order)


def list_imports(evidence: Evidence, items: Ints) -> list[dict[str, object]]:
    """Return the batches, splits, groups or projects that at least half of these items come from, more than usual."""
    found: list[dict[str, object]] = []
    for column in IMPORT_COLUMNS:
        values = np.array(evidence.labels.items[column].to_pylist(), dtype=object)
        mine = [value for value in values[items] if value is not None]
        if not mine:
            continue
        top = max(sorted(set(mine)), key=mine.count)
        usual = float((values == top).mean())
        if mine.count(top) >= IMPORT_SHARE * len(items) and mine.count(top) / len(items) > 2.0 * usual:
            found.append({"column": column, "value": str(top), "n": mine.count(top), "of": len(items)})
    return found


def order_by(positions: Ints, measure: Sequence[float] | Matrix) -> Ints:
    """Return positions with the smallest measure first."""
    return np.asarray(positions[np.argsort(np.asarray(measure), kind="stable")], dtype=np.int64)


def _excerpt(text: str, around: str) -> str:
    if len(text) <= MOST_TEXT:
        return text
    at = max(text.casefold().find(around), 0) if around else 0
    start = 0 if at < MOST_TEXT - 40 else at - 40
    piece = text[start : start + MOST_TEXT - 2]
    return ("…" if start else "") + piece + ("…" if start + len(piece) < len(text) else "")

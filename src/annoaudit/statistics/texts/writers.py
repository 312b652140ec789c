"""How far each annotator's texts differ from what others say of the same items, and in which way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annoaudit.statistics.texts.network import Without

__all__ = ["Share", "Writers", "measure_writers"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Share:
    """(A,) a share with its standard error and 95 % interval; NaN without texts that others wrote too."""

    value: Floats
    se: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, eq=False)
class Writers:
    """What each annotator's texts differ in, as shares of the units that the others' texts have.

    Parameters
    ----------
    n
        (A,) texts on items on which others wrote too.
    rate, dropped, added, replaced
        All differences, units left out, put in, and other ones.
    excess
        The rate less that of the others on the same items, each against the rest: what hard items do not explain.
    """

    n: Ints
    rate: Share
    dropped: Share
    added: Share
    replaced: Share
    excess: Share


def measure_writers(without: Without, item: Ints, annotator: Ints, *, n_items: int, n_annotators: int) -> Writers:
    """Measure each annotator by ratios of sums over items; an annotator has one text an item, so items are clusters.

    Parameters
    ----------
    without
        How each text differs from what the others on its item say.
    item, annotator
        (L,) codes.
    n_items, n_annotators
        Their numbers.

    References
    ----------
    Cochran (1977). Sampling techniques, 3rd edition, chapter 6 (ratio estimates).
    """
    known = np.flatnonzero(np.isfinite(without.edits))
    item, who = item[known], annotator[known]
    units = np.maximum(without.length[known], 1.0)
    edits = without.edits[known]
    all_edits, all_units = (np.bincount(item, x, n_items)[item] for x in (edits, units))
    usual = units * (all_edits - edits) / np.maximum(all_units - units, 1.0)

    def measure(top: Floats, floor: float) -> Share:
        return _ratio(top, units, who, n_annotators, floor)

    return Writers(
        n=np.bincount(who, minlength=n_annotators).astype(np.int64),
        rate=measure(edits, 0.0),
        dropped=measure(without.dropped[known], 0.0),
        added=measure(without.added[known], 0.0),
        replaced=measure(without.replaced[known], 0.0),
        excess=measure(edits - usual, -np.inf),
    )


def _ratio(top: Floats, bottom: Floats, who: Ints, size: int, floor: float) -> Share:
    """Ratio of sums with its linearised standard error."""
    n = np.bincount(who, minlength=size)
    below = np.bincount(who, bottom, size)
    value = np.divide(np.bincount(who, top, size), below, out=np.full(size, np.nan), where=below > 0)
    rest = np.bincount(who, (top - value[who] * bottom) ** 2, size)
    few = np.where(n > 1, n / np.maximum(n - 1, 1), np.nan)
    se = np.divide(np.sqrt(rest * few), below, out=np.full(size, np.nan), where=below > 0)
    return Share(value, se, np.maximum(value - 1.96 * se, floor), value + 1.96 * se)

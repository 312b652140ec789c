"""Sequences of answers: is there a pattern in their order that the items do not explain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["SequenceTest", "compare_orders", "expect_in_context", "stratify_by_place"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

ENOUGH_EXCEEDANCES = 5
ENOUGH_RESOLUTION = 40
SCALING_DRAWS = 40
MOST_CELLS = 2_000_000


@dataclass(frozen=True, eq=False)
class SequenceTest:
    """Match rates at a distance, against the same labels in other orders.

    Parameters
    ----------
    z
        (A,) greatest absolute standardised number of matches over the lags.
    lag
        (A,) the lag where it is found.
    excess, se
        (A,) share of label pairs at that lag that match, less the share in other orders, and its standard
        deviation over orders.
    p
        (A,) p value of ``z``.
    n_draws
        (A,) number of orders drawn for the p value.
    """

    z: Floats
    lag: Ints
    excess: Floats
    se: Floats
    p: Floats
    n_draws: Ints


def expect_in_context(annotator: Ints, q: npt.NDArray[np.floating], *, reach: int = 6, weight: float = 3.0) -> Ints:
    """Return (L,) the class that peers expect, given what they expect of the items served just before and after.

    Where items are served class by class, peers' mistakes stand out from their surroundings; the annotator, who
    saw the item, makes none, and would seem to follow a pattern. The odds of each class are multiplied by its
    share among what peers say of the neighbours in time over its share in all. The annotator's own labels play no
    part.

    Parameters
    ----------
    annotator
        (L,) codes, sorted by annotator and time.
    q
        (L, K) what peers would say.
    reach
        Neighbours on either side.
    weight
        Neighbours that the overall shares count for.
    """
    share = q.mean(axis=0) + 1e-6
    near = np.tile(weight * share, (len(q), 1))
    for h in range(1, reach + 1):
        same = (annotator[h:] == annotator[:-h])[:, None]
        near[h:] += q[:-h] * same
        near[:-h] += q[h:] * same
    return np.asarray((q * near / share).argmax(axis=1), dtype=np.int64)


def stratify_by_place(annotator: Ints, expected: Ints, window: int) -> Ints:
    """Return (L,) strata: labels of one annotator, near each other in time, where the same class is expected.

    Parameters
    ----------
    annotator, expected
        (L,) codes, sorted by annotator and time.
    window
        Number of consecutive labels that count as near.
    """
    size = np.bincount(annotator)
    place = np.arange(len(annotator)) - (np.cumsum(size) - size)[annotator]
    n_windows, n_classes = int(place.max(initial=0)) // window + 1, int(expected.max(initial=0)) + 1
    key = (annotator * n_windows + place // window) * n_classes + expected
    return np.asarray(np.unique(key, return_inverse=True)[1], dtype=np.int64)


def compare_orders(
    annotator: Ints,
    label: Ints,
    stratum: Ints,
    n_annotators: int,
    *,
    n_lags: int = 5,
    fewest_most: int = 9999,
    seed: int = 0,
) -> SequenceTest:
    """Test whether labels match those 1 to ``n_lags`` places before more or less often than in other orders.

    Orders are drawn by permuting labels inside strata; the p value is exact under the hypothesis that labels of
    one stratum could have come in any order. Drawing stops for an annotator after five orders as extreme as the
    real one, so that most of the work goes where the p value is small. Centre and scale come from draws of their
    own, which keeps the real order exchangeable with those it is ranked among.

    Parameters
    ----------
    annotator, label, stratum
        (L,) codes, sorted by annotator and time; a stratum lies within one annotator.
    n_annotators
        A.
    n_lags
        Greatest distance compared.
    fewest_most
        Most orders drawn for one annotator; 40 for each annotator if that is more, so that one person among
        many can be told from chance. Where many others are also extreme, fewer are needed and drawn.
    seed
        Of the draws.

    Returns
    -------
    SequenceTest
        p is 1 and z is 0 where an annotator has no labels that could change places.

    References
    ----------
    Besag, Clifford (1991). Sequential Monte Carlo p-values. Biometrika 78.
    """
    rng = np.random.default_rng([seed, 23])
    everyone = np.arange(n_annotators)
    stream = _Streams.of(annotator, label, stratum, everyone, n_lags)
    drawn = np.concatenate([stream.draw(rng, size) for size in _split(SCALING_DRAWS, len(label))])
    centre, scale = drawn.mean(axis=0), np.sqrt(drawn.var(axis=0, ddof=1) + 0.25)
    real = stream.count_matches(stream.label[None, :])[0]
    by_lag = (real - centre) / scale
    lag = np.abs(by_lag).argmax(axis=1)
    at = everyone, lag
    z = np.abs(by_lag[at])
    p, n_draws = _rank(rng, annotator, label, stratum, z, centre, scale, max(fewest_most, 40 * n_annotators))
    pairs = np.maximum(np.bincount(annotator, minlength=n_annotators) - lag - 1, 1)
    return SequenceTest(z, lag + 1, (real - centre)[at] / pairs, scale[at] / pairs, p, n_draws)


def _rank(
    rng: np.random.Generator,
    annotator: Ints,
    label: Ints,
    stratum: Ints,
    z: Floats,
    centre: Floats,
    scale: Floats,
    most_draws: int,
) -> tuple[Floats, Ints]:
    """Sequential Monte Carlo p values of (A,) z, and the numbers of draws."""
    n_annotators, n_lags = centre.shape
    p, n_draws = np.ones(n_annotators), np.zeros(n_annotators, dtype=np.int64)
    extreme = np.zeros(n_annotators, dtype=np.int64)
    active = np.unique(annotator)
    done, batch = 0, 10
    while len(active) and done < most_draws:
        mine = np.isin(annotator, active)
        stream = _Streams.of(annotator[mine], label[mine], stratum[mine], active, n_lags)
        for size in _split(min(batch, most_draws - done), int(mine.sum())):
            drawn = np.abs((stream.draw(rng, size) - centre[active]) / scale[active]).max(axis=2)
            count = extreme[active] + np.cumsum(drawn >= z[active] - 1e-9, axis=0)
            stopped = (count[-1] >= ENOUGH_EXCEEDANCES) & (n_draws[active] == 0)
            stop = done + 1 + (count >= ENOUGH_EXCEEDANCES).argmax(axis=0)
            n_draws[active[stopped]] = stop[stopped]
            extreme[active] = count[-1]
            done += size
        active = active[n_draws[active] == 0]
        batch *= 2
        if (done + 1) * (len(active) - 1) >= ENOUGH_RESOLUTION * n_annotators:
            break
    stopped = n_draws > 0
    p[stopped] = ENOUGH_EXCEEDANCES / n_draws[stopped]
    p[active] = (extreme[active] + 1) / (done + 1)
    n_draws[active] = done
    return np.minimum(p, 1.0), n_draws


def _split(n_draws: int, n_labels: int) -> list[int]:
    """Sizes of batches that hold a limited number of labels."""
    size = max(1, MOST_CELLS // max(n_labels, 1))
    return [size] * (n_draws // size) + ([n_draws % size] if n_draws % size else [])


@dataclass(frozen=True, eq=False)
class _Streams:
    """Streams of labels of some annotators, ready to be reordered.

    ``packed`` holds stratum and label in the high and low bits of one integer, sorted by stratum: with random
    bits between them, one sort puts the labels of each stratum into a random order.
    """

    label: npt.NDArray[np.unsignedinteger]
    packed: npt.NDArray[np.uint64]
    label_bits: int
    random_bits: int
    back: Ints
    bounds: tuple[Ints, Ints]
    same: tuple[Bools, ...]

    @classmethod
    def of(cls, annotator: Ints, label: Ints, stratum: Ints, members: Ints, n_lags: int) -> _Streams:
        """Pack the streams; ``members`` are the annotator codes, in order, that are counted for."""
        order = np.argsort(stratum, kind="stable")
        _, dense = np.unique(stratum[order], return_inverse=True)
        label_bits = int(label.max(initial=1)).bit_length()
        random_bits = min(32, 64 - label_bits - int(dense.max(initial=1)).bit_length())
        high = dense.astype(np.uint64) << np.uint64(label_bits + random_bits)
        back = np.empty(len(order), dtype=np.int64)
        back[order] = np.arange(len(order))
        ends = np.searchsorted(annotator, members, side="right")
        begins = np.searchsorted(annotator, members, side="left")
        return cls(
            label.astype(np.min_scalar_type(int(label.max(initial=0)))),
            high | label[order].astype(np.uint64),
            label_bits,
            random_bits,
            back,
            (begins, ends),
            tuple(annotator[h:] == annotator[:-h] for h in range(1, n_lags + 1)),
        )

    def draw(self, rng: np.random.Generator, n_draws: int) -> npt.NDArray[np.int64]:
        """Count (n_draws, members, lags) matches in random orders."""
        noise = rng.integers(0, 1 << self.random_bits, (n_draws, len(self.packed)), dtype=np.uint64)
        keys = (noise << np.uint64(self.label_bits)) | self.packed
        keys.sort(axis=1)
        low = (keys & np.uint64((1 << self.label_bits) - 1)).astype(self.label.dtype)
        return self.count_matches(low[:, self.back])

    def count_matches(self, orders: npt.NDArray[np.unsignedinteger]) -> npt.NDArray[np.int64]:
        """Count (orders, members, lags) labels that equal the one h places before."""
        n_orders, n_labels = orders.shape
        begins, ends = self.bounds
        counts = np.zeros((n_orders, len(begins), len(self.same)), dtype=np.int64)
        for at, same in enumerate(self.same):
            hit = np.zeros((n_orders, n_labels + 1), dtype=np.int32)
            hit[:, at + 2 :] = (orders[:, at + 1 :] == orders[:, : max(n_labels - at - 1, 0)]) & same
            total = np.cumsum(hit, axis=1, out=hit)
            counts[:, :, at] = total[:, ends] - total[:, begins]
        return counts

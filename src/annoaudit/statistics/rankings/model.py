"""How far each ranking lies from the others on its item, for how hard the item is, and who ranks how well."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, log_expit

from annoaudit.statistics.rankings.comparisons import Comparisons

__all__ = ["RankingModel", "fit_rankings"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

ROUNDS = 3
STEPS = 12
DRAWN_IN = 0.5
"""What is added to a sum of weights before it divides, so that few comparisons say little."""
SHARPNESS_SD = 0.5
LEAST_WEIGHT, MOST_WEIGHT = 0.05, 2.0
FEWEST_STRAY, MOST_STRAY = 0.01, 0.9
STRAY_STRENGTH = 10.0


@dataclass(frozen=True, eq=False)
class RankingModel:
    """Rankings against what the others say.

    Parameters
    ----------
    belief
        (P,) chance that a typical annotator puts the first of the two above, from everything but the ranking itself;
        NaN where nothing says.
    wrong
        (S,) probability that a ranking is an order drawn at random; NaN where nothing else is known of the item.
    agreement, expected
        (S,) tau of each ranking with what the others believe, and what it would be on average if made by a typical
        annotator; NaN where unknown.
    sharpness, sharpness_se
        (A,) how closely an annotator follows the others' belief: 1 as the team does, 0 not at all, below 0 against it.
        Its inverse is the temperature.
    stray_rate
        (A,) share of such rankings of each annotator, drawn towards the team's.
    weight
        (S,) how much each ranking counts: its annotator's sharpness, less where it looks random.
    """

    belief: Floats
    wrong: Floats
    agreement: Floats
    expected: Floats
    sharpness: Floats
    sharpness_se: Floats
    stray_rate: Floats
    weight: Floats


@dataclass(frozen=True, eq=False)
class _Frame:
    """What is the same in each round: codes, and the direction of each comparison as 1, 1/2 or 0."""

    item: Ints
    annotator: Ints
    n_annotators: int
    ranking: Ints
    cell: Ints
    thing: Ints
    compared: Comparisons
    above: Floats
    temper: Floats


def fit_rankings(
    item: Ints, annotator: Ints, n_annotators: int, ranking: Ints, cell: Ints, thing: Ints, compared: Comparisons
) -> RankingModel:
    """Fit what a typical annotator would say of each two things, who follows it, and which rankings are random.

    Three things tell which of two stands above, all without the ranking that is judged: the weighted votes of the
    others on these two, the difference of the two in the others' weighted Borda scores, and that of their scores on
    all other items, where things come back. A logistic regression joins them, so that close calls and items on which
    people differ hardly count against anybody. Annotators weigh by their sharpness, fitted in turns. A ranking is
    judged by the product of its comparisons' chances, to the power 2/k for k things (k (k - 1) / 2 comparisons know no
    more than k - 1), against an order drawn at random; the share of such orders is fitted for each annotator.

    Parameters
    ----------
    item, annotator
        (S,) codes of the rankings.
    n_annotators
        A.
    ranking, cell, thing
        (E,) ranking, thing on its item, and thing of each entry.
    compared
        The rankings as comparisons.

    References
    ----------
    Borda (1781). Bradley, Terry (1952). Rank analysis of incomplete block designs. Biometrika 39. Varin, Reid, Firth
    (2011). An overview of composite likelihood methods. Statistica Sinica 21. Efron (2010). Large-scale inference.
    """
    n_things = np.bincount(ranking, minlength=len(item))
    temper = 2.0 / np.maximum(n_things, 2)[compared.ranking]
    frame = _Frame(
        item,
        annotator,
        n_annotators,
        ranking,
        cell,
        thing,
        compared,
        np.asarray(compared.sign / 2.0 + 0.5, dtype=np.float64),
        temper,
    )
    sharpness: Floats = np.ones(n_annotators)
    stray: Floats = np.zeros(len(item))
    for _ in range(ROUNDS):
        weight: Floats = np.clip(sharpness, LEAST_WEIGHT, MOST_WEIGHT)[annotator] * (1.0 - np.nan_to_num(stray))
        signals, known = _gather_signals(frame, np.maximum(weight, 1e-3))
        log_odds = signals @ _fit_signals(signals[known], frame.above[known], weight[compared.ranking][known])
        sharpness, se = _fit_sharpness(frame, log_odds, known)
        stray, stray_rate = _find_strays(frame, log_odds, known)
    belief = np.where(known, expit(log_odds), np.nan)
    agreement, expected = _agree(frame, log_odds, known)
    return RankingModel(belief, stray, agreement, expected, sharpness, se, stray_rate, weight)


def _gather_signals(frame: _Frame, weight: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """(P, 3) what speaks for the first of two things, the ranking itself left out, and where anything does."""
    compared = frame.compared
    w = weight[compared.ranking]
    said = w * compared.sign
    votes = np.bincount(compared.unit, said, compared.n_units)[compared.unit] - said
    n_votes = np.bincount(compared.unit, w, compared.n_units)[compared.unit] - w
    n_entries = len(frame.ranking)
    won, n_won = (
        np.bincount(compared.first, one, n_entries) + sign * np.bincount(compared.second, one, n_entries)
        for one, sign in ((said, -1.0), (w, 1.0))
    )
    own_won, own_n = won, n_won
    of_cell, n_of_cell = (np.bincount(frame.cell, one) for one in (won, n_won))
    score = (of_cell[frame.cell] - own_won) / (n_of_cell[frame.cell] - own_n + DRAWN_IN)
    of_thing, n_of_thing = (np.bincount(frame.thing, one) for one in (won, n_won))
    rest = n_of_thing[frame.thing] - n_of_cell[frame.cell]
    general = (of_thing[frame.thing] - of_cell[frame.cell]) / (rest + 5 * DRAWN_IN)
    first, second = compared.first, compared.second
    known = (n_votes > 1e-6) | ((rest[first] > 1e-6) & (rest[second] > 1e-6))
    signals = np.stack(
        [votes / (n_votes + DRAWN_IN), score[first] - score[second], general[first] - general[second]], axis=1
    )
    return signals, known


def _fit_signals(signals: Floats, above: Floats, weight: Floats) -> Floats:
    """Coefficients of a logistic regression without intercept, drawn a little towards 0; ties are half a vote each."""
    found: Floats = np.zeros(signals.shape[1])
    pull = np.eye(signals.shape[1])
    for _ in range(STEPS):
        chance = expit(signals @ found)
        slope = signals.T @ (weight * (above - chance)) - pull @ found
        curvature = signals.T @ (signals * (weight * chance * (1 - chance))[:, None]) + pull
        step = np.linalg.solve(curvature, slope)
        found = found + step
        if np.abs(step).max() < 1e-6:
            break
    return np.asarray(found)


def _fit_sharpness(frame: _Frame, log_odds: Floats, known: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """(A,) factor of each annotator on the log odds, drawn towards 1, and its standard error over items."""
    of = frame.compared.ranking[known]
    who, x, above, temper = frame.annotator[of], log_odds[known], frame.above[known], frame.temper[known]
    prior = SHARPNESS_SD**-2
    found: Floats = np.ones(frame.n_annotators)
    for _ in range(STEPS):
        chance = expit(found[who] * x)
        slope = np.bincount(who, temper * x * (above - chance), frame.n_annotators) - prior * (found - 1.0)
        curvature = np.bincount(who, temper * x * x * chance * (1 - chance), frame.n_annotators) + prior
        found = np.clip(found + np.clip(slope / curvature, -0.5, 0.5), -3.0, 5.0)
    left = np.bincount(of, temper * x * (above - expit(found[who] * x)), len(frame.item))
    meat = np.bincount(frame.annotator, left**2, frame.n_annotators) + prior
    return found, np.sqrt(meat) / curvature


def _find_strays(frame: _Frame, log_odds: Floats, known: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """(S,) probability that each ranking is drawn at random, and (A,) the share of such rankings of each annotator."""
    n = len(frame.item)
    of, x, above = frame.compared.ranking[known], log_odds[known], frame.above[known]
    gain = above * log_expit(x) + (1 - above) * log_expit(-x) + np.log(2.0)
    for_typical = np.bincount(of, frame.temper[known] * gain, n)
    judged = np.bincount(of, minlength=n) > 0
    odds = np.exp(-np.clip(for_typical, -30.0, 30.0))
    n_judged = np.bincount(frame.annotator, judged, frame.n_annotators)
    share = np.full(frame.n_annotators, 0.05)
    for _ in range(30):
        prior = share[frame.annotator]
        wrong = np.where(judged, prior * odds / (prior * odds + 1.0 - prior), 0.0)
        team = wrong.sum() / max(judged.sum(), 1)
        share = (np.bincount(frame.annotator, wrong, frame.n_annotators) + STRAY_STRENGTH * team) / (
            n_judged + STRAY_STRENGTH
        )
        share = np.clip(share, FEWEST_STRAY, MOST_STRAY)
    return np.where(judged, wrong, np.nan), share


def _agree(frame: _Frame, log_odds: Floats, known: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """(S,) tau of each ranking with the side that the others believe in, and what a typical annotator's would be."""
    of, n = frame.compared.ranking[known], len(frame.item)
    side = np.sign(log_odds[known])
    told = np.bincount(of, side != 0, n)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.bincount(of, side * frame.compared.sign[known], n) / told
        expected = np.bincount(of, np.abs(np.tanh(log_odds[known] / 2)), n) / told
    return np.asarray(found), np.asarray(expected)

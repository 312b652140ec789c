"""What is truly there, and of which class, where people mark things that others may not have marked.

An annotator has three rates: of what is there they miss a share, of what they mark of it they call a share otherwise,
and on each item they mark so many things that are not there. That is what a confusion matrix of all classes and
absence says with far fewer numbers, so that a few careless people can be told from the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from annoaudit.statistics.dawid_skene import normalise_logs
from annoaudit.statistics.truth_inference import TruthInference, infer_truth, judge_votes, weigh_prior
from annoaudit.statistics.votes import Votes

__all__ = ["infer_presence"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

STRENGTH = 20.0
"""Labels, or items, that the team's rates are worth in each annotator's."""
BALANCE = 0.2
"""Share of misses and of additions that are taken as equally common, which settles what labels leave open."""
SHARED = 0.02
"""Chance that somebody else marks the same thing that is not there, before the labels are seen."""
N_ROUNDS, TOLERANCE = 60, 1e-3
LEAST = 1e-4
MOST_CELLS = 50_000_000


def infer_presence(
    item: Ints,
    annotator: Ints,
    label: Ints,
    whole: Ints,
    *,
    n_items: int,
    n_annotators: int,
    n_classes: int,
    item_prior: Floats | None = None,
    predicted: Bools | None = None,
) -> TruthInference:
    """Infer what is there from marks and their absence; the last class is absence.

    Things that only one of two people marked are as likely missed by the one as added by the other, as far as the
    two are known to miss and to add: two labels cannot tell how common each is in the team as a whole, and both are
    then taken as equally common. From three labels on, the labels tell.

    Where nothing was voted on twice, or classes are very many, this is :func:`infer_truth`.

    Parameters
    ----------
    item, annotator, label
        (L,) codes of the thing, who was asked about it, and what they said.
    whole
        (L,) code of what was looked at as a whole: the image, the text.
    n_items, n_annotators, n_classes
        Sizes N, A and K, absence included.
    item_prior
        (N, K) probabilities of a model, as in :func:`infer_truth`.
    predicted
        (N,) things that a model brought up: whoever marks one that is not there errs as the model does.

    References
    ----------
    Dawid, Skene (1979). Maximum likelihood estimation of observer error-rates. Applied Statistics 28. Royle, Link
    (2006). Generalized site occupancy models allowing for false positive and false negative errors. Ecology 87.
    """
    votes = Votes(item, annotator, label, n_items, n_annotators, n_classes)
    many = n_classes < 2 or len(item) * n_classes > MOST_CELLS
    if many or votes.per_item.max(initial=0) < 2:
        return infer_truth(
            item, annotator, label, n_items=n_items, n_annotators=n_annotators, n_classes=n_classes,
            item_prior=item_prior,
        )  # fmt: skip
    log_prior = None if item_prior is None else weigh_prior(item_prior, votes)
    looks = _Looks.of(votes, whole, np.zeros(n_items, dtype=bool) if predicted is None else predicted)
    posterior: Floats = looks.start(log_prior)
    before: Floats = np.zeros_like(posterior)
    n_done, log_likelihood = 0, np.nan
    while n_done < N_ROUNDS and float(np.abs(posterior - before).max(initial=0.0)) > TOLERANCE:
        before = posterior
        posterior = looks.weigh(looks.rate(before), log_prior)
        log_likelihood = normalise_logs(posterior)
        n_done += 1
    return TruthInference(
        model="presence",
        settings=None,
        posterior=posterior,
        class_prior=posterior.mean(axis=0),
        confusion=None,
        ability=None,
        **judge_votes(votes, posterior, log_prior),
        log_likelihood=log_likelihood,
        converged=n_done < N_ROUNDS,
        n_iterations=n_done,
    )


@dataclass(frozen=True, eq=False)
class _Rates:
    """(A,) shares missed and miscalled, and things added an item; (K, K) what is said instead; and of the whole team.

    ``n_real`` is the mean number of things truly there on an item, ``shared`` the chance that another adds the same.
    """

    missed: Floats
    miscalled: Floats
    added: Floats
    instead: Floats
    share: Floats
    n_real: float
    shared: float


@dataclass(frozen=True, eq=False)
class _Looks:
    """Who looked at what, and what they marked: ``marks`` are places of votes that are no absence."""

    votes: Votes
    marks: Ints
    n_marks: Ints
    n_looks: Ints
    n_wholes: int
    gather: sparse.csr_array
    predicted: Bools

    @classmethod
    def of(cls, votes: Votes, whole: Ints, predicted: Bools) -> _Looks:
        marks = np.flatnonzero(votes.label != votes.n_classes - 1)
        pairs = np.unique(votes.annotator.astype(np.int64) * (int(whole.max(initial=0)) + 1) + whole)
        n_looks = np.bincount(pairs // (int(whole.max(initial=0)) + 1), minlength=votes.n_annotators)
        n_marks = np.bincount(votes.item[marks], minlength=votes.n_items)
        rows = (votes.item[marks], np.arange(len(marks)))
        gather = sparse.csr_array((np.ones(len(marks)), rows), shape=(votes.n_items, len(marks)))
        return cls(votes, marks, n_marks, n_looks, len(np.unique(whole)), gather, predicted)

    def start(self, log_prior: Floats | None) -> Floats:
        """(N, K) first guess: what most marked is there; else the model's word, or an even chance of half of them."""
        share = self.n_marks / np.maximum(self.votes.per_item, 1)
        even = 0.5 if log_prior is None else np.clip(1.0 - np.exp(log_prior[:, -1]), 0.02, 0.98)
        few = np.where(self.n_marks > 0, 0.2, 0.02) if log_prior is None else even
        there = np.where(share > 0.5, 0.99, np.where(share == 0.5, even, few))
        counts = self.votes.shares()[:, :-1] + 1e-3
        return np.column_stack([counts / counts.sum(axis=1, keepdims=True) * there[:, None], 1.0 - there])

    def rate(self, posterior: Floats) -> _Rates:
        """Estimate all rates from what is believed to be there."""
        votes, marks = self.votes, self.marks
        real = 1.0 - posterior[:, -1]
        item, label = votes.item[marks], votes.label[marks]
        asked = self._by_annotator(real[votes.item], slice(None))
        found = self._by_annotator(real[item], marks)
        of_marks = self._by_annotator((1.0 - real[item]) / self.n_marks[item], marks)
        missed, added = _even_out(np.maximum(asked - found, 0.0), of_marks)
        right = self._by_annotator(posterior[item, label], marks)
        k = votes.n_classes - 1
        said = sparse.csr_array((np.ones(len(label)), (label, np.arange(len(label)))), shape=(k, len(label)))
        instead = (said @ posterior[item, :-1]).T + 1.0
        np.fill_diagonal(instead, 0.0)
        alone = (1.0 - real)[self.n_marks > 0]
        twice = float((1.0 - real)[self.n_marks > 1].sum())
        totals = posterior[:, :-1].sum(axis=0) + 1.0
        return _Rates(
            np.clip(_shrink(missed, asked), LEAST, 1 - LEAST),
            np.clip(_shrink(np.maximum(found - right, 0.0), found), LEAST, 1 - LEAST),
            np.maximum(_shrink(added, self.n_looks), LEAST**2),
            instead / np.maximum(instead.sum(axis=1, keepdims=True), 1e-12),
            totals / totals.sum(),
            float(real.sum()) / max(self.n_wholes, 1),
            (twice + STRENGTH * SHARED) / (float(alone.sum()) + STRENGTH),
        )

    def weigh(self, rates: _Rates, log_prior: Floats | None) -> Floats:
        """(N, K) logarithms, up to a constant each, of how likely each class and absence make the votes."""
        votes, marks = self.votes, self.marks
        absent = np.ones(len(votes.item), dtype=bool)
        absent[marks] = False
        seen = np.where(absent, np.log(rates.missed[votes.annotator]), np.log1p(-rates.missed[votes.annotator]))
        who, label = votes.annotator[marks], votes.label[marks]
        each = np.log(rates.miscalled[who])[:, None] + np.log(np.maximum(rates.instead.T, 1e-12))[label]
        each[np.arange(len(marks)), label] = np.log1p(-rates.miscalled[who])
        there = np.asarray(self.gather @ each) + np.bincount(votes.item, seen, votes.n_items)[:, None]
        own = (self.n_marks > 0) & ~self.predicted
        nothing = (self.n_marks - own) * np.log(rates.shared)
        nothing -= self.n_marks * np.log(votes.n_classes - 1)
        maker = self.gather @ rates.added[who] / np.maximum(self.n_marks, 1)
        by_maker = np.log(np.where(own, maker, 1.0))
        if log_prior is None:
            there += np.log(max(rates.n_real, LEAST)) + np.log(rates.share)
            return np.column_stack([there, nothing + by_maker])
        anybody = np.bincount(votes.item, rates.added[votes.annotator], votes.n_items)
        among = np.where(own, np.log(np.maximum(anybody, LEAST**2)), 0.0)
        return np.column_stack([there + log_prior[:, :-1], nothing + by_maker - among + log_prior[:, -1]])

    def _by_annotator(self, weights: Floats, at: Ints | slice) -> Floats:
        return np.bincount(self.votes.annotator[at], weights, self.votes.n_annotators).astype(np.float64)


def _shrink(events: Floats, trials: npt.NDArray[np.number]) -> Floats:
    """(A,) rate of each, drawn toward that of the team."""
    pooled = events.sum() / max(float(trials.sum()), 1.0)
    return np.asarray((events + STRENGTH * pooled) / (trials + STRENGTH))


def _even_out(missed: Floats, added: Floats) -> tuple[Floats, Floats]:
    """Draw the totals of misses and additions a little toward each other."""
    a, b = float(missed.sum()), float(added.sum())
    middle = BALANCE * (a + b) / 2
    return (
        missed * ((1 - BALANCE) * a + middle) / max(a, LEAST),
        added * ((1 - BALANCE) * b + middle) / max(b, LEAST),
    )

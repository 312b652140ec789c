"""Agreement of exactly two annotators, on the items both labelled."""

from __future__ import annotations

import numpy as np

from annoaudit.errors import UsageError
from annoaudit.statistics.agreement.alpha import BangdiwalaSums
from annoaudit.statistics.agreement.estimate import (
    ANALYTIC,
    NO_PAIRS,
    Coefficient,
    Interval,
    estimate,
    estimate_by_counts,
    undefined,
)
from annoaudit.statistics.agreement.sums import CongerSums
from annoaudit.statistics.agreement.weights import Weights, weight_matrix, weighted_name
from annoaudit.statistics.votes import Votes

__all__ = ["bangdiwala_b", "cohen_kappa", "scott_pi"]


def cohen_kappa(votes: Votes, weights: Weights = "identity", *, interval: Interval = ANALYTIC) -> Coefficient:
    """Correct the agreement of two annotators by their own class shares, on the items both labelled.

    Parameters
    ----------
    votes
        The labels, of exactly two annotators.
    weights
        Agreement of two classes, a name or a (K, K) matrix; see ``class_weights``.
    interval
        Which interval.

    Returns
    -------
    Coefficient
        In [-1, 1]; 0 for chance.

    Raises
    ------
    UsageError
        For labels of more or fewer annotators.

    References
    ----------
    Cohen, A coefficient of agreement for nominal scales, Educ. Psychol. Meas. 20, 1960. Fleiss, Cohen, Everitt,
    Large sample standard errors of kappa and weighted kappa, Psychol. Bull. 72, 1969.
    """
    name, shared = weighted_name("cohen_kappa", weights), _of_two(votes)
    if len(shared.item) == 0:
        return undefined(name, votes, interval, NO_PAIRS)
    return estimate(name, CongerSums.of(shared, weight_matrix(weights, votes.n_classes)), shared, interval)


def scott_pi(votes: Votes, weights: Weights = "identity", *, interval: Interval = ANALYTIC) -> Coefficient:
    """Correct the agreement of two annotators by their pooled class shares, on the items both labelled.

    Parameters
    ----------
    votes
        The labels, of exactly two annotators.
    weights
        Agreement of two classes, a name or a (K, K) matrix; see ``class_weights``.
    interval
        Which interval.

    Returns
    -------
    Coefficient
        In [-1, 1]; 0 for chance.

    Raises
    ------
    UsageError
        For labels of more or fewer annotators.

    References
    ----------
    Scott, Reliability of content analysis, Public Opinion Quarterly 19, 1955.
    """
    return estimate_by_counts("scott_pi", _of_two(votes), weights, "fleiss", interval)


def bangdiwala_b(votes: Votes, *, interval: Interval = ANALYTIC) -> Coefficient:
    """Compare the areas of agreement of two annotators with those their class shares allow.

    Parameters
    ----------
    votes
        The labels, of exactly two annotators; items that both labelled count.
    interval
        Which interval.

    Returns
    -------
    Coefficient
        In [0, 1].

    Raises
    ------
    UsageError
        For labels of more or fewer annotators.

    References
    ----------
    Bangdiwala, A graphical test for observer agreement, Proc. 45th ISI, 1985; variance by linearisation.
    """
    shared = _of_two(votes)
    if len(shared.item) == 0:
        return undefined("bangdiwala_b", votes, interval, NO_PAIRS)
    sums = BangdiwalaSums.of(shared)
    if not np.isfinite(sums.value(np.asarray(sums.rows.sum(axis=0)))):
        return undefined("bangdiwala_b", votes, interval, "the two annotators have no class in common")
    return estimate("bangdiwala_b", sums, shared, interval)


def _of_two(votes: Votes) -> Votes:
    present = int(np.count_nonzero(votes.per_annotator))
    if present != 2:
        raise UsageError(f"this coefficient compares two annotators, not {present}", hint="use Conger's or Fleiss'")
    return votes.shared

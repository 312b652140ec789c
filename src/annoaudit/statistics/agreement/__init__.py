"""How far annotators agree: coefficients with intervals, all together or pair by pair.

Every coefficient is a function of sums over items that merge over batches (``sums``, ``alpha``); its
gradient gives the standard error and reweighting the items gives the bootstrap (``estimate``).
"""

from annoaudit.statistics.agreement.coefficients import (
    brennan_prediger,
    conger_kappa,
    fleiss_kappa,
    gwet_ac,
    krippendorff_alpha,
    measure_agreement,
    percent_agreement,
)
from annoaudit.statistics.agreement.estimate import Coefficient, Interval
from annoaudit.statistics.agreement.pairs import PairwiseAgreement, pairwise_agreement
from annoaudit.statistics.agreement.two_annotators import bangdiwala_b, cohen_kappa, scott_pi
from annoaudit.statistics.votes import Votes

__all__ = [
    "Coefficient",
    "Interval",
    "PairwiseAgreement",
    "Votes",
    "bangdiwala_b",
    "brennan_prediger",
    "cohen_kappa",
    "conger_kappa",
    "fleiss_kappa",
    "gwet_ac",
    "krippendorff_alpha",
    "measure_agreement",
    "pairwise_agreement",
    "percent_agreement",
    "scott_pi",
]

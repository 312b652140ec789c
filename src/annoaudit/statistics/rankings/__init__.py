"""Rankings: compared in pairs, agreement, an order that all can live with, and how far each lies from the others."""

from annoaudit.statistics.rankings.agreement import measure_ranking_agreement, rank_distances
from annoaudit.statistics.rankings.comparisons import Comparisons, compare_in_pairs, count_comparisons
from annoaudit.statistics.rankings.kemeny import MOST_EXACT, kemeny_orders
from annoaudit.statistics.rankings.model import RankingModel, fit_rankings
from annoaudit.statistics.rankings.same_order import repeat_of_order

__all__ = [
    "MOST_EXACT",
    "Comparisons",
    "RankingModel",
    "compare_in_pairs",
    "count_comparisons",
    "fit_rankings",
    "kemeny_orders",
    "measure_ranking_agreement",
    "rank_distances",
    "repeat_of_order",
]

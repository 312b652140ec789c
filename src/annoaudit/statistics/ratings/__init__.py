"""Ratings and numbers: reliability, severity and scale of raters, and ratings that fit neither item nor rater."""

from annoaudit.statistics.ratings.model import RaterModel, fit_raters
from annoaudit.statistics.ratings.reliability import interval_alpha, intraclass
from annoaudit.statistics.ratings.residuals import judge_residuals

__all__ = ["RaterModel", "fit_raters", "interval_alpha", "intraclass", "judge_residuals"]

"""Preferences between two things: strengths, annotators' sharpness, leanings, and preferences that go in circles."""

from annoaudit.statistics.preferences.bradley_terry import Strengths, fit_strengths
from annoaudit.statistics.preferences.leaning import Leaning, fit_leaning, measure_leaning
from annoaudit.statistics.preferences.triads import Circles, count_circles

__all__ = ["Circles", "Leaning", "Strengths", "count_circles", "fit_leaning", "fit_strengths", "measure_leaning"]

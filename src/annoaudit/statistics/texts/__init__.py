"""Texts as sequences of words or characters: distances, consensus, agreement, and what texts say of their writers."""

from annoaudit.statistics.texts.units import READINGS, Units, read_units

__all__ = ["READINGS", "Units", "read_units"]

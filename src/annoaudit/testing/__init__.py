"""Compliance suites that the author of a detector or a format runs, and small teams of known truth."""

from annoaudit.testing.detectors import check_detector
from annoaudit.testing.formats import check_format
from annoaudit.testing.teams import make_team

__all__ = ["check_detector", "check_format", "make_team"]

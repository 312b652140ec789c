"""Every installed detector keeps the rules."""

from dataclasses import dataclass

import numpy as np
import pytest

from annoaudit.detectors import load_detectors
from annoaudit.detectors.registry import list_detectors
from annoaudit.errors import UsageError
from annoaudit.findings import Explanation, Scores
from annoaudit.testing import check_detector


@pytest.mark.parametrize("name", list_detectors())
def test_detector_keeps_the_rules(name):
    (detector,) = load_detectors([name])
    check_detector(detector)


def test_an_unknown_detector_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match="no detector 'nonsense'") as refused:
        load_detectors(["nonsense"])
    assert "confident_learning" in refused.value.hint


@dataclass(frozen=True)
class Broken:
    """Scores outside [0, 1]."""

    name = "test_compliance"
    version = "1"
    level = "item"
    needs = ()
    value: float = 2.0

    def score(self, evidence):
        n = evidence.votes.n_items
        return Scores(
            "broken", "1", "item", evidence.question, np.arange(n), np.full(n, self.value),
            lambda at: [Explanation("Because.") for _ in at],
        )  # fmt: skip


def test_the_suite_notices_a_suspicion_above_one():
    with pytest.raises(AssertionError, match=r"suspicion lies in \[0, 1\]"):
        check_detector(Broken())


def test_the_suite_notices_an_unexplained_gap():
    with pytest.raises(AssertionError, match="does not say why"):
        check_detector(Broken(value=float("nan")))


def test_the_suite_accepts_a_detector_that_keeps_the_rules():
    check_detector(Broken(value=0.5))

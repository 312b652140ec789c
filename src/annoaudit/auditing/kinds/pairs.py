"""Pairs: how strong each compared thing is, what each annotator leans to, and both sides of a comparison."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.auditing.kinds.page import KindPage
from annoaudit.auditing.kinds.words import WORDS_PAGE
from annoaudit.detectors.leanings import find_lean
from annoaudit.errors import Unavailable
from annoaudit.evidence.kinds.sides import lean_of
from annoaudit.reporting.record import NamedTable
from annoaudit.reporting.views.side_by_side import Side, SideBySide
from annoaudit.statistics.intervals import exact_interval
from annoaudit.statistics.preferences import Strengths, count_circles, fit_strengths

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["PAIRS_PAGE"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Names = npt.NDArray[np.object_]

MOST_THINGS = 5000
MOST_SHOWN = 60
FEWEST_COMPARISONS = 10


def _tables(evidence: Evidence, who: Names) -> tuple[NamedTable, ...]:
    return (*_strengths(evidence, who), *_leanings(evidence, who), *_circles(evidence, who))


def _strengths(evidence: Evidence, who: Names) -> Iterator[NamedTable]:
    """Bradley-Terry strengths of things, and the temperature of those who compared them."""
    import pandas as pd

    votes, sides = evidence.votes, evidence.sides
    judged = _between_things(evidence)
    if len(judged) < FEWEST_COMPARISONS or len(sides.things) > MOST_THINGS:
        return
    item, annotator = votes.item[judged], votes.annotator[judged]
    won = (lean_of(votes.classes)[votes.label[judged]] + 1) / 2
    fitted = fit_strengths(
        sides.left[item], sides.right[item], won, annotator, item, len(sides.things), votes.n_annotators
    )
    n = np.bincount(np.r_[sides.left[item], sides.right[item]], minlength=len(sides.things))
    strength, se = fitted.strength, fitted.strength_se
    frame = pd.DataFrame({"compared": sides.things, "n_comparisons": n, "strength": strength})
    frame["low"], frame["high"] = strength - 1.96 * se, strength + 1.96 * se
    frame = frame[n > 0].sort_values("strength", ascending=False, kind="stable", ignore_index=True)
    note = "Bradley-Terry: log odds of being preferred to an average one, with 95 % intervals over comparisons."
    yield NamedTable("Strength of what was compared", note, frame.head(MOST_SHOWN))
    yield _temperatures(fitted, annotator, who)


def _between_things(evidence: Evidence) -> Ints:
    votes, sides = evidence.votes, evidence.sides
    meant = np.isfinite(lean_of(votes.classes)[votes.label])
    return np.flatnonzero(meant & sides.has_things[votes.item])


def _temperatures(fitted: Strengths, annotator: Ints, who: Names) -> NamedTable:
    import pandas as pd

    n = np.bincount(annotator, minlength=len(who))
    sharp, se = fitted.sharpness, fitted.sharpness_se
    frame = pd.DataFrame({"annotator": who, "n_comparisons": n, "temperature": np.exp(-sharp)})
    frame["low"], frame["high"] = np.exp(-sharp - 1.96 * se), np.exp(-sharp + 1.96 * se)
    frame = frame[n >= FEWEST_COMPARISONS].sort_values("temperature", ascending=False, kind="stable", ignore_index=True)
    note = (
        "How loosely each annotator's choices follow these strengths: 1 is like the team, higher is noisier. Taste "
        "counts as noise."
    )
    return NamedTable("Temperature of each annotator", note, frame)


def _leanings(evidence: Evidence, who: Names) -> Iterator[NamedTable]:
    """How far each annotator leans to a side and to length, beyond the team."""
    import pandas as pd

    sides = evidence.sides
    leaned = {
        "left": np.ones(evidence.votes.n_items) if sides.as_shown else np.zeros(evidence.votes.n_items),
        "longer": sides.longer(),
    }
    frame = pd.DataFrame({"annotator": who})
    for name, side in leaned.items():
        try:
            lean = find_lean(evidence, side) if side.any() else None
        except Unavailable:
            lean = None
        if lean is None:
            continue
        chosen = evidence.votes.annotator[lean.position]
        n = np.bincount(chosen, lean.towards != 0, len(who))
        with np.errstate(invalid="ignore", divide="ignore"):
            frame[f"{name}_share"] = np.bincount(chosen, lean.towards > 0, len(who)) / n
        low, high = exact_interval(np.bincount(chosen, lean.towards > 0, len(who)), np.maximum(n, 1))
        frame[f"{name}_low"], frame[f"{name}_high"] = low, high
        frame[f"{name}_beyond_team"] = lean.found.effect
        frame[f"{name}_beyond_low"], frame[f"{name}_beyond_high"] = lean.found.low, lean.found.high
    if len(frame.columns) > 1:
        note = (
            "How often each annotator chooses the left and the longer answer where they choose one, and the change of "
            "that chance beyond what others say of the same comparisons, against the team's median."
        )
        yield NamedTable("Leanings of each annotator", note, frame)


def _circles(evidence: Evidence, who: Names) -> Iterator[NamedTable]:
    """Preferences of one annotator on one prompt that go in circles, and those of the team by majority."""
    import pandas as pd

    votes, sides = evidence.votes, evidence.sides
    judged = _between_things(evidence)
    if not len(judged):
        return
    item = votes.item[judged]
    won = (lean_of(votes.classes)[votes.label[judged]] + 1) / 2
    context = _contexts(evidence)[item]
    both = sides.left[item], sides.right[item]
    own = count_circles(votes.annotator[judged], context, *both, won)
    team = count_circles(np.zeros(len(item), dtype=np.int64), context, *both, won)
    if not len(team.judge):
        return
    n, circular = own.by_judge(len(who))
    rows = [("the team, by majority", len(team.judge), int(team.circular.sum()))]
    rows += [(str(who[k]), int(n[k]), int(circular[k])) for k in np.argsort(-circular, kind="stable") if n[k]]
    frame = pd.DataFrame(rows, columns=["annotator", "n_triads", "n_circular"])
    frame["circular_share"] = frame["n_circular"] / frame["n_triads"]
    frame["low"], frame["high"] = exact_interval(frame["n_circular"].to_numpy(), frame["n_triads"].to_numpy())
    note = (
        "Three answers to one prompt, compared all three ways, with a over b over c over a. Choosing at random makes a "
        "quarter circular."
    )
    yield NamedTable("Preferences in circles", note, frame)


def _contexts(evidence: Evidence) -> Ints:
    """(N,) code of the prompt that the items share: their group, else their text."""
    import pandas as pd

    items = evidence.labels.items
    keys = [
        group or text or "" for group, text in zip(items["group"].to_pylist(), items["text"].to_pylist(), strict=True)
    ]
    return np.asarray(pd.factorize(np.array(keys, dtype=object))[0], dtype=np.int64)


def _view(evidence: Evidence, at: int) -> SideBySide:
    votes, sides = evidence.votes, evidence.sides
    item, lean = int(votes.item[at]), lean_of(votes.classes)
    others = np.flatnonzero((votes.item == item) & (votes.annotator != votes.annotator[at]))
    said, own = lean[votes.label[others]], lean[votes.label[at]]
    left, right = (
        Side(
            text[item],
            sides.things[thing[item]] if thing[item] >= 0 and sides.has_names else "",
            own == sign,
            int((said == sign).sum()),
        )
        for text, thing, sign in ((sides.left_text, sides.left, 1.0), (sides.right_text, sides.right, -1.0))
    )
    return SideBySide(left, right, votes.classes[int(votes.label[at])], len(others), int((np.abs(said) != 1).sum()))


PAIRS_PAGE = KindPage(WORDS_PAGE.agreement, WORDS_PAGE.by_class, _tables, _view)

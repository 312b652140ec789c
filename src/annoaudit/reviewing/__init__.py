"""The loop with people: what goes to review, what they answer, and how right the flags were."""

from annoaudit.reviewing.applying import Corrections, apply_corrections
from annoaudit.reviewing.figures import Figures
from annoaudit.reviewing.plans import Plan, Receipt
from annoaudit.reviewing.pushing import push
from annoaudit.reviewing.reading import verdicts
from annoaudit.reviewing.withdrawing import Removal, unpush

__all__ = ["Corrections", "Figures", "Plan", "Receipt", "Removal", "apply_corrections", "push", "unpush", "verdicts"]

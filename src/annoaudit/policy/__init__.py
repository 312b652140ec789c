"""The only room with thresholds, budgets, severity and caps: scores in, findings and a queue out."""

from annoaudit.policy.decision import Decision
from annoaudit.policy.flagging import Policy
from annoaudit.policy.limits import EDITS, EditLimits

__all__ = ["EDITS", "Decision", "EditLimits", "Policy"]

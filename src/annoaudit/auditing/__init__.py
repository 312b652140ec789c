"""From labels to an Audit: run detectors, let the policy decide, gather the report's numbers."""

from annoaudit.auditing.audits import Audit, audit

__all__ = ["Audit", "audit"]

"""What detectors reason from, computed once and shared; the only room where models are fitted."""

from annoaudit.evidence.evidence import Evidence

__all__ = ["Evidence"]

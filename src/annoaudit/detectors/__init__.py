"""One file = one detector. Each scores suspicion; none flags: that is the policy's office."""

from annoaudit.detectors.registry import Detector, judges_kind, load_detectors

__all__ = ["Detector", "judges_kind", "load_detectors"]

"""What one audit with its report costs, for the benchmarks that state it."""

from __future__ import annotations

import resource
import time

import annoaudit as aa


def spend(labels: aa.LabelSet) -> tuple[float, float]:
    """Audit and report once; return CPU seconds, and the peak memory of the process so far in MB."""
    start = time.process_time()
    aa.audit(labels).html()
    return time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

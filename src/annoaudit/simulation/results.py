"""The result of a simulation, and its ways out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from annoaudit.auditing.saving import write_reports
from annoaudit.reporting.blind_spots import (
    render_blind_spots,
    render_blind_spots_fragment,
    render_blind_spots_json,
    render_blind_spots_summary,
)

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.reporting.blind_spot_records import BlindSpotsRecord

__all__ = ["BlindSpots"]


@dataclass(frozen=True, eq=False)
class BlindSpots:
    """What can and cannot be detected in a team like yours.

    In a notebook it shows itself; ``table`` is a data frame with one row an attack and share.
    """

    record: BlindSpotsRecord

    @property
    def table(self) -> pd.DataFrame:
        """One row an attack and share: found in k of n runs, AUROC, average precision, intervals, verdict, mend."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "attack": one.attack,
                    "share": one.share,
                    "n_members": one.n_members,
                    "strength": one.strength,
                    "n_found": one.found.k,
                    "n_runs": one.found.n,
                    "found": one.found.value,
                    "found_low": one.found.low,
                    "found_high": one.found.high,
                    "chance": one.chance.value,
                    "found_by": ", ".join(f"{name} {n}" for name, n in one.by),
                    "auroc": one.people.value,
                    "auroc_low": one.people.low,
                    "auroc_high": one.people.high,
                    "label_precision": one.labels.value,
                    "label_precision_low": one.labels.low,
                    "label_precision_high": one.labels.high,
                    "base_rate": one.base_rate,
                    "verdict": one.verdict,
                    "mend": one.mend,
                }
                for one in self.record.attacks
            ]
        )

    @property
    def exit_code(self) -> int:
        """0, or 3 if a detector failed in a run. What cannot be detected never changes it."""
        return 3 if self.record.failures else 0

    def html(self) -> str:
        """Return the result as one self-contained HTML page."""
        return render_blind_spots(self.record)

    def json(self) -> str:
        """Return the result as JSON (the content of blind_spots.json)."""
        return render_blind_spots_json(self.record)

    def save(self, path: str | Path) -> Path:
        """Write to a ``.html`` or ``.json`` file, or both as blind_spots.html and blind_spots.json to a folder."""
        return write_reports(path, "blind_spots", {".html": self.html, ".json": self.json})

    def __repr__(self) -> str:
        return render_blind_spots_summary(self.record)

    def _repr_html_(self) -> str:
        return render_blind_spots_fragment(self.record)

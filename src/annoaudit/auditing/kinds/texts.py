"""Free texts and transcripts: agreement of words and characters, how each annotator writes, and texts side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.auditing.kinds.page import KindPage
from annoaudit.auditing.kinds.words import compare_groups
from annoaudit.reporting.record import NamedTable
from annoaudit.reporting.views.transcript import Line, Stretch, Transcript

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.evidence import Evidence
    from annoaudit.statistics.agreement import Coefficient
    from annoaudit.statistics.texts.writers import Share

__all__ = ["TEXTS_PAGE", "mark_differences"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Names = npt.NDArray[np.object_]

RANGES = 4
MOST_PAIRS = 2000
MOST_SHOWN = 7
MOST_UNITS = 400
"""Units of a text up to which it is marked word by word."""


def _agree(evidence: Evidence) -> Sequence[Coefficient]:
    from annoaudit.statistics.texts.agreement import measure_texts

    found = evidence.transcripts
    return measure_texts(found.units, found.texts.item, found.texts.annotator, seed=evidence.seed)


def _apart(evidence: Evidence) -> Floats:
    return evidence.transcripts.apart


def _by_class(evidence: Evidence, apart: Floats) -> pd.DataFrame:
    """Compare texts by length, in four groups of about the same size."""
    found = evidence.transcripts
    length = found.units.length
    ends = np.unique(np.quantile(length, np.linspace(0, 1, RANGES + 1)[1:])) if len(length) else np.zeros(1)
    group = np.searchsorted(ends, length)
    word = "characters" if found.units.reading == "characters" else "words"
    starts = [0, *(int(end) + 1 for end in ends[:-1])]
    names = [f"{low} to {int(high)} {word}" for low, high in zip(starts, ends, strict=True)]
    return compare_groups(names, group.astype(np.int64), apart, found.texts.item)


def _tables(evidence: Evidence, who: Names) -> tuple[NamedTable, ...]:
    """How far each annotator's texts differ from the others', and in which way."""
    import pandas as pd

    found = evidence.transcripts
    writers = found.writers
    if not (writers.n > 0).any():
        return ()
    word = "character" if found.units.reading == "characters" else "word"
    columns: dict[str, object] = {"annotator": who, "n_texts": writers.n}
    parts = {"error": writers.rate, "dropped": writers.dropped, "added": writers.added, "replaced": writers.replaced}
    for name, share in parts.items():
        columns |= _columns(f"{name}_rate", share)
    columns |= _columns("excess_rate", writers.excess)
    frame = pd.DataFrame(columns)
    frame = frame[frame["n_texts"] > 0].sort_values("excess_rate", ascending=False, kind="stable", ignore_index=True)
    note = (
        f"Shares of the {word}s that the others' texts on the same items have, with 95 % intervals over items: all "
        f"{word}s in which a text differs from the others' vote, those left out, put in and replaced, and what is left "
        "of the first after the others' own differences on the same items are taken off."
    )
    return (NamedTable("How each annotator writes", note, frame),)


def _columns(name: str, share: Share) -> dict[str, Floats]:
    return {name: share.value, f"{name}_low": share.low, f"{name}_high": share.high}


def pair_texts(evidence: Evidence, who: Names) -> pd.DataFrame:
    """Return how far each two annotators agree: one less the edits as a share of the longer text, mean over items."""
    import pandas as pd

    from annoaudit.statistics.texts.consensus import pair_up
    from annoaudit.statistics.texts.edits import relative_edits

    found = evidence.transcripts
    annotator, n_annotators = found.texts.annotator, len(found.texts.annotator_ids)
    first, second = pair_up(found.texts.item)
    low, high = (pick(annotator[first], annotator[second]) for pick in (np.minimum, np.maximum))
    keys, pair = np.unique(low * max(n_annotators, 1) + high, return_inverse=True)
    n = np.bincount(pair, minlength=len(keys))
    kept = np.argsort(-n, kind="stable")[:MOST_PAIRS]
    mine = np.isin(pair, kept)
    alike = 1.0 - relative_edits(found.units.coded[first[mine]], found.units.coded[second[mine]])
    mean = np.bincount(pair[mine], alike, len(keys))[kept] / n[kept]
    square = np.bincount(pair[mine], alike**2, len(keys))[kept] / n[kept]
    se = np.sqrt(np.maximum(square - mean**2, 0) / np.maximum(n[kept] - 1, 1))
    half = np.where(n[kept] > 1, 1.96 * se, np.nan)
    return pd.DataFrame(
        {
            "annotator_a": who[keys[kept] // max(n_annotators, 1)],
            "annotator_b": who[keys[kept] % max(n_annotators, 1)],
            "n_items": n[kept],
            "agreement": mean,
            "low": np.clip(mean - half, 0, 1),
            "high": np.clip(mean + half, 0, 1),
        }
    )


def _view(evidence: Evidence, at: int) -> Transcript:
    found = evidence.transcripts
    texts, item = found.texts, int(found.texts.item[at])
    agreed = found.consensus.coded[item]
    others = np.flatnonzero((texts.item == item) & (np.arange(len(texts)) != at))
    others = others[np.argsort(-found.consensus.weight[others], kind="stable")]
    lines = [Line("this answer", mark_differences(evidence, str(texts.text[at]), str(agreed)))]
    if len(others):
        lines.append(Line("together", (Stretch(str(found.agreed[item])),)))
    alike = Counter(str(texts.text[one]) for one in others)
    for text in list(alike)[:MOST_SHOWN]:
        who = f"{alike[text]} others" if alike[text] > 1 else "another"
        lines.append(Line(who, mark_differences(evidence, text, str(agreed))))
    return Transcript(tuple(lines), sum(list(alike.values())[MOST_SHOWN:]))


def mark_differences(evidence: Evidence, text: str, agreed: str) -> tuple[Stretch, ...]:
    """Cut a text where it departs from the consensus and comes back; what is missing is spelled in its place."""
    from annoaudit.statistics.texts.edits import align
    from annoaudit.statistics.texts.units import cut_pieces

    units = evidence.transcripts.units
    pieces = cut_pieces(text, units.reading)
    coded = units.code([unit for _, parts in pieces for unit in parts])
    if max(len(coded), len(agreed)) > MOST_UNITS:
        return (Stretch(text),)
    changed, gaps = align(coded, agreed)
    stretches: list[Stretch] = []
    place = 0
    for piece, parts in pieces:
        if parts and place in gaps:
            stretches.append(Stretch(units.spell(gaps.pop(place)) + units.joint, missing=True))
        differs = bool(parts) and any(place + k in changed for k in range(len(parts)))
        place += len(parts)
        stretches.append(Stretch(piece, differs=differs))
    stretches += [Stretch(units.joint + units.spell(one), missing=True) for one in gaps.values()]
    return _join(stretches)


def _join(stretches: list[Stretch]) -> tuple[Stretch, ...]:
    """Join neighbours of the same sort."""
    joined: list[Stretch] = []
    for one in stretches:
        last = joined[-1] if joined else None
        if last is not None and (last.differs, last.missing) == (one.differs, one.missing):
            joined[-1] = Stretch(last.text + one.text, one.differs, one.missing)
        else:
            joined.append(one)
    return tuple(joined)


TEXTS_PAGE = KindPage(_agree, _by_class, _tables, _view, apart=_apart, pairwise=pair_texts)

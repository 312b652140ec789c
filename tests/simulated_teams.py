"""Evidence of simulated teams, and the ways in which their tables can be poor."""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from annoaudit.evidence import Evidence
from annoaudit.simulation import TeamDesign, simulate_team
from annoaudit.simulation.tables import QUESTION, as_labels

SMALL = TeamDesign(n_items=300, n_annotators=12, redundancy=3)


def evidence_of(team, labels=None, *, features=False):
    """Evidence of a team; without features, peers know the other labels only, which takes no time."""
    labels = labels or as_labels(team)
    if not features:
        plain = pa.table({name: labels.items[name] for name in labels.items.column_names if name != "text"})
        labels = replace(labels, items=plain)
    return Evidence(labels, QUESTION, gold_codes=np.where(team.is_gold, team.truth, -1))


def with_times(labels, milliseconds):
    at = pa.array(np.asarray(milliseconds), pa.timestamp("ms", tz="UTC")).cast(pa.timestamp("us", tz="UTC"))
    return replace(labels, annotations=_set(labels.annotations, "created_at", at))


def with_column(labels, table, name, values):
    changed = _set(getattr(labels, table), name, values)
    return replace(labels, **{table: changed})


def without(labels, table, *names):
    old = getattr(labels, table)
    for name in names:
        old = _set(old, name, pa.nulls(old.num_rows, old.schema.field(name).type))
    return replace(labels, **{table: old})


def odd_team(name):
    """A team, and its labels, that break careless arithmetic; nobody in it did anything."""
    team = simulate_team(_ODD.get(name, SMALL), seed=3)
    labels = as_labels(team)
    if name == "everybody agrees":
        team = replace(team, label=team.truth[team.item])
        labels = as_labels(team)
    elif name == "no times":
        labels = without(labels, "annotations", "created_at", "lead_time_s", "time_kind")
    elif name == "one time for all":
        labels = with_times(labels, np.full(len(team.item), 1_700_000_000_000))
        labels = with_column(labels, "annotations", "lead_time_s", pa.array(np.full(len(team.item), 3.0)))
    elif name == "a clock that runs backwards":
        labels = with_times(labels, 2 * team.submitted_ms.max() - team.submitted_ms)
    return team, labels


_ODD = {
    "one annotator": TeamDesign(n_items=60, n_annotators=1, redundancy=1),
    "everybody labelled everything": TeamDesign(n_items=60, n_annotators=5, redundancy=5),
    "ten thousand with three labels each": TeamDesign(n_items=10_000, n_annotators=10_000),
}
ODD_TEAMS = (*_ODD, "everybody agrees", "no times", "one time for all", "a clock that runs backwards")


def _set(table, name, values):
    return table.set_column(table.schema.get_field_index(name), table.schema.field(name), values)

from __future__ import annotations

import audit_records
import pytest

from annoaudit.errors import UsageError
from annoaudit.reporting import plot_agreement, plot_annotators, plot_confusion

PLOTS = [plot_agreement, plot_annotators, plot_confusion]


@pytest.mark.parametrize("plot", PLOTS)
@pytest.mark.parametrize("build", [audit_records.realistic, audit_records.empty])
def test_plots_are_drawn(plot, build, tmp_path):
    from matplotlib import pyplot

    plot(build()).savefig(tmp_path / "plot.png")
    assert pyplot.get_fignums() == []


@pytest.mark.parametrize("plot", PLOTS)
def test_a_question_that_is_not_there_is_named(plot, record):
    with pytest.raises(UsageError, match="no question"):
        plot(record, "colour")
    with pytest.raises(UsageError, match="no question"):
        plot(audit_records.void())


def test_large_teams_are_cut_and_say_so():
    axes = plot_annotators(audit_records.realistic(n_annotators=60)).axes[0]
    assert len(axes.get_yticklabels()) == 40
    assert "40 of 60" in axes.get_title()

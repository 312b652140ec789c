"""The null of edge_bias holds for honest annotators, also beside biased ones, and planted biases are found."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from annoaudit.evidence import Evidence
from annoaudit.evidence.kinds.places import bias_of_edges
from annoaudit.simulation.scenes import SceneDesign, simulate_scenes

pytestmark = pytest.mark.statistical

SHRINKS = {0: (0.04, 0.04, -0.04, -0.04)}


def measure(bias, seed):
    design = SceneDesign(n_images=50, n_annotators=6, bias=bias)
    return bias_of_edges(Evidence(simulate_scenes(design, seed=seed).labels, "objects").units, fewest_items=10)


@pytest.mark.parametrize("bias", [{}, SHRINKS], ids=["nobody is biased", "one shrinks"])
def test_honest_annotators_are_within_the_level(bias):
    found = [measure(bias, seed) for seed in range(5100, 5125)]
    p = np.concatenate([np.delete(one.p, list(bias)) for one in found])
    for level in (0.05, 0.2):
        assert (p <= level).sum() <= binom.ppf(0.999, len(p), level)
    assert abs(p.mean() - 0.5) < 0.12


def test_a_planted_bias_is_found_and_measured():
    found = [measure(SHRINKS, seed) for seed in range(5200, 5205)]
    assert all(one.p[0] < 0.01 for one in found)
    assert np.mean([one.mean[0] for one in found], axis=0) == pytest.approx([0.04, 0.04, -0.04, -0.04, -0.08], abs=0.01)

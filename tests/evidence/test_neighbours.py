import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp

from annoaudit.errors import Unavailable
from annoaudit.evidence import neighbours as module
from annoaudit.evidence.features import build_features
from annoaudit.evidence.neighbours import find_neighbours


def _features(matrix):
    return build_features(pa.table({"item_id": [str(i) for i in range(matrix.shape[0])]}), supplied=matrix)


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_neighbours_agree_with_a_full_search(kind, monkeypatch):
    monkeypatch.setattr(module, "_CELLS", 5_000)
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(400, 5)) if kind == "dense" else sp.random(400, 300, 0.05, "csr", rng=rng)
    features = _features(matrix)
    found = find_neighbours(features, k=7)
    if kind == "dense":
        points = features.scaled.astype(float)
        closeness = -((points[:, None] - points[None]) ** 2).sum(axis=2)
    else:
        closeness = (features.scaled @ features.scaled.T).toarray()
    np.fill_diagonal(closeness, -np.inf)
    best = np.sort(closeness, axis=1)[:, ::-1][:, :7]
    reached = np.take_along_axis(closeness, np.maximum(found.index, 0), axis=1)
    there = found.index >= 0
    np.testing.assert_allclose(reached[there], best[there], atol=1e-4)
    assert (best[~there] <= 0).all()
    assert ((found.similarity >= 0) & (found.similarity <= 1.0001)).all()
    assert (np.diff(found.similarity, axis=1) <= 1e-6).all()


def test_an_own_cluster_never_counts_and_others_count_once():
    matrix = np.array([[0.0, 0], [0.01, 0], [0.02, 0], [1, 0], [1.01, 0], [3, 0]])
    found = find_neighbours(_features(matrix), k=5, cluster=np.array([7, 7, 7, 2, 2, 9]))
    assert found.index.tolist() == [[3, 5], [3, 5], [3, 5], [0, 5], [0, 5], [3, 0]]


def test_items_without_content_have_no_neighbours():
    found = find_neighbours(_features(np.array([[0.0], [1], [np.nan], [2]])), k=2)
    assert found.index[2].tolist() == [-1, -1]
    assert found.similarity[2].tolist() == [0, 0]
    assert 2 not in found.index


def test_many_ties_are_settled_by_position():
    found = find_neighbours(_features(np.repeat([[0.0], [1.0]], 200, axis=0)), k=3)
    assert found.index[0].tolist() == [1, 2, 3]
    assert found.index[399].tolist() == [200, 201, 202]


def test_the_nearest_few():
    found = find_neighbours(_features(np.arange(10.0)[:, None]), k=6)
    assert found.nearest(2).index.tolist() == found.index[:, :2].tolist()


def test_one_item_has_no_neighbours():
    with pytest.raises(Unavailable, match="fewer than two different items"):
        find_neighbours(_features(np.array([[1.0], [1.0]])), cluster=np.array([0, 0]))

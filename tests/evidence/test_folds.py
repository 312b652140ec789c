import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annoaudit.errors import UsageError
from annoaudit.evidence.folds import group_folds
from annoaudit.evidence.source_blocks import Sources, split_blocks


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-5, 30), min_size=5, max_size=200), st.integers(2, 5), st.integers(0, 3))
def test_a_group_is_never_split_and_no_fold_is_empty(groups, n_folds, seed):
    groups = np.array([*groups, *range(100, 100 + n_folds)])
    fold = group_folds(groups, n_folds, seed=seed)
    assert set(fold.tolist()) == set(range(n_folds))
    for group in np.unique(groups):
        assert len(set(fold[groups == group].tolist())) == 1
    np.testing.assert_array_equal(fold, group_folds(groups, n_folds, seed=seed))


def test_classes_and_sizes_are_spread():
    rng = np.random.default_rng(0)
    classes = rng.choice(4, 2000, p=[0.7, 0.2, 0.08, 0.02])
    for groups in (np.arange(2000), rng.integers(0, 700, 2000)):
        counts = np.zeros((5, 4))
        np.add.at(counts, (group_folds(groups, 5, stratify=classes, seed=0), classes), 1)
        assert counts.sum(axis=1).max() <= 1.15 * counts.sum(axis=1).min()
        assert counts[:, 3].min() >= 4


def test_too_few_groups_are_refused():
    with pytest.raises(UsageError, match="3 groups cannot be put into 5 folds"):
        group_folds(np.array([1, 1, 2, 3]), 5, seed=0)
    with pytest.raises(UsageError, match="1 folds"):
        group_folds(np.array([1, 2]), 1, seed=0)


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 8), st.integers(2, 60), st.integers(0, 5))
def test_blocks_share_no_source_and_judge_every_label_once(n_annotators, n_clusters, seed):
    rng = np.random.default_rng(seed)
    annotator = np.concatenate([rng.integers(0, n_annotators, 150), [0, 1]])
    cluster = np.concatenate([rng.integers(0, n_clusters, 150), [0, 1]])
    for sources in (Sources(annotator, cluster), Sources(None, cluster)):
        judged = np.zeros(152, dtype=int)
        for block in split_blocks(sources, 5, seed):
            judged += block.judged
            assert not set(cluster[block.judged]) & set(cluster[block.learned])
            if sources.annotator is not None:
                assert not set(annotator[block.judged]) & set(annotator[block.learned])
        assert (judged == 1).all()

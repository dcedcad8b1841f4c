"""Single linkage against its definition over lists, SciPy and fastcluster."""

from __future__ import annotations

from itertools import pairwise

import fastcluster
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, is_valid_linkage, linkage
from scipy.spatial.distance import pdist
from sklearn.datasets import load_iris

from dangol.kernels.distances import space
from dangol.kernels.linkage import single_linkage
from tests.kernels.tables import groups, tables
from tests.oracles import clustering as oracle

SCIPY = {"euclidean": "euclidean", "manhattan": "cityblock", "cosine": "cosine"}


def partition(labels: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in np.unique(labels)}


@given(tables(), st.sampled_from(("euclidean", "manhattan", "gower")))
def test_merges_are_those_of_the_definition(rows: np.ndarray, metric: str) -> None:
    apart = oracle.distances(rows.tolist(), metric)
    merges = single_linkage(space(rows, metric))
    assert merges.shape == (len(rows) - 1, 4)
    if len(rows) == 1:
        return
    np.testing.assert_allclose(merges[:, 2], oracle.single_linkage(apart), rtol=1e-12)
    assert is_valid_linkage(merges)
    heights = np.unique(merges[:, 2])
    for low, high in pairwise(heights):
        if high > low * (1 + 1e-9):
            cut = (low + high) / 2
            assert partition(fcluster(merges, cut, "distance")) == oracle.flat(apart, cut)


@given(tables(least=2, whole=True))
def test_ties_are_broken_as_scipy_does(rows: np.ndarray) -> None:
    assert (single_linkage(space(rows)) == linkage(pdist(rows), "single")).all()


@pytest.mark.parametrize("metric", SCIPY)
@pytest.mark.parametrize(("size", "features"), [(2, 1), (3, 1), (400, 1), (700, 3), (2500, 4)])
def test_random_units(size: int, features: int, metric: str) -> None:
    rows, _ = groups(size, size, features, 4)
    merges = single_linkage(space(rows, metric))
    witness = linkage(rows, "single", SCIPY[metric])
    np.testing.assert_allclose(merges[:, 2], witness[:, 2], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(
        merges[:, 2], fastcluster.linkage(rows, "single", SCIPY[metric])[:, 2], rtol=1e-12, atol=1e-15
    )
    for k in (2, 5, 20):
        if k < size and metric != "cosine":  # in one dimension all cosine distances are 0 or 2
            cut = merges[-k:, 2][:2].mean()
            assert partition(fcluster(merges, cut, "distance")) == partition(fcluster(witness, cut, "distance"))


def test_iris() -> None:
    rows = load_iris().data
    merges = single_linkage(space(rows))
    witness, other = linkage(rows, "single"), fastcluster.linkage(rows, "single")
    np.testing.assert_allclose(merges[:, 2], witness[:, 2], rtol=1e-12)
    np.testing.assert_allclose(merges[:, 2], other[:, 2], rtol=1e-12)
    for cut in (0.3, 0.5, 0.7, 0.8, 1.0, 1.64):
        labels = partition(fcluster(merges, cut, "distance"))
        assert labels == partition(fcluster(witness, cut, "distance"))
        assert labels == partition(fcluster(other, cut, "distance"))
    assert sorted(map(len, partition(fcluster(merges, 2, "maxclust")))) == [50, 100]  # setosa stands apart


def test_equal_units_and_a_single_one() -> None:
    merges = single_linkage(space(np.ones((30, 2))))
    assert (merges[:, 2] == 0).all()
    assert merges[-1, 3] == 30
    assert single_linkage(space([[1.0, 2.0]])).shape == (0, 4)


def test_the_callers_numbers_are_left_alone() -> None:
    rows = np.random.default_rng(0).normal(size=(50, 1))
    before = rows.copy()
    single_linkage(space(rows))
    assert (rows == before).all()

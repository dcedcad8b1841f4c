"""Silhouettes against their definition over lists and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn.datasets import load_iris
from sklearn.metrics import silhouette_samples

from dangol.kernels.distances import METRICS, space
from dangol.kernels.silhouettes import silhouettes, squared_silhouettes
from tests.kernels.tables import groups, tables
from tests.oracles import clustering as oracle


@st.composite
def labelled(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Draw a table and labels for its rows, with gaps between them and some in no cluster."""
    rows = draw(tables())
    return rows, np.array(draw(st.lists(st.sampled_from((-1, 0, 1, 4)), min_size=len(rows), max_size=len(rows))))


@given(labelled(), st.sampled_from(sorted(METRICS)))
def test_silhouettes_are_what_the_definition_says(drawn: tuple[np.ndarray, np.ndarray], metric: str) -> None:
    rows, labels = drawn
    if metric == "cosine":
        rows = np.round(rows)  # no directions so alike that the rounding of rows to length 1 counts
    expected = oracle.silhouettes(oracle.distances(rows.tolist(), metric), labels.tolist())
    found = silhouettes(space(rows, metric), labels)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8 if metric == "cosine" else 1e-12)


@given(labelled())
def test_squared_silhouettes_are_those_of_squared_distances(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    rows, labels = drawn
    apart = [[one**2 for one in row] for row in oracle.distances(rows.tolist(), "euclidean")]
    found = squared_silhouettes(rows, labels)
    np.testing.assert_allclose(found, oracle.silhouettes(apart, labels.tolist()), rtol=0, atol=1e-10)


@pytest.mark.parametrize(("size", "features", "k"), [(1500, 2, 3), (3000, 6, 7)])
def test_many_units_as_scikit_learn_has_them(size: int, features: int, k: int) -> None:
    rows, labels = groups(size, size, features, k, apart=2.0)
    expected = silhouette_samples(cdist(rows, rows), labels, metric="precomputed")
    np.testing.assert_allclose(silhouettes(space(rows), labels), expected, rtol=0, atol=1e-12)
    expected = silhouette_samples(rows, labels, metric="manhattan")
    np.testing.assert_allclose(silhouettes(space(rows, "manhattan"), labels), expected, rtol=0, atol=1e-12)
    expected = silhouette_samples(cdist(rows, rows, "sqeuclidean"), labels, metric="precomputed")
    np.testing.assert_allclose(squared_silhouettes(rows, labels), expected, rtol=0, atol=1e-10)


def test_iris() -> None:
    iris = load_iris()
    found = silhouettes(space(iris.data), iris.target)
    np.testing.assert_allclose(found, silhouette_samples(iris.data, iris.target), rtol=0, atol=1e-12)
    squared = silhouette_samples(iris.data, iris.target, metric="sqeuclidean")
    np.testing.assert_allclose(squared_silhouettes(iris.data, iris.target), squared, rtol=0, atol=1e-10)


def test_noise_counts_for_nobody() -> None:
    rows, labels = groups(5, 400, 3, 4)
    noise = np.arange(400) % 7 == 0
    for ask in (lambda one, two: silhouettes(space(one), two), squared_silhouettes):
        found = ask(rows, np.where(noise, -1, labels))
        assert np.isnan(found[noise]).all()
        np.testing.assert_allclose(found[~noise], ask(rows[~noise], labels[~noise]), rtol=0, atol=1e-15)


def test_equal_units_far_from_the_origin() -> None:
    # Two clusters at the same place: 0, not what is left over by rounding; and two at places of their own: 1.
    rows = np.full((7, 2), 0.1)
    labels = np.array([0, 0, 0, 1, 1, 1, 2])
    assert (squared_silhouettes(rows, labels) == 0).all()
    assert (silhouettes(space(rows), labels) == 0).all()
    rows[3:] = 1e9 + 0.1
    assert (squared_silhouettes(rows[:6], labels[:6]) == 1).all()
    assert (silhouettes(space(rows[:6]), labels[:6]) == 1).all()


def test_one_cluster_or_none() -> None:
    rows = np.array([[0.0], [1.0], [5.0]])
    for labels, expected in (([2, 2, 2], [0, 0, 0]), ([-1, -1, -1], [np.nan] * 3), ([0, -1, -1], [0, np.nan, np.nan])):
        np.testing.assert_array_equal(silhouettes(space(rows), np.array(labels)), expected)
        np.testing.assert_array_equal(squared_silhouettes(rows, np.array(labels)), expected)

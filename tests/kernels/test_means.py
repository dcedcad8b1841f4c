"""``means``: the sums of squares of scikit-learn's KMeans on textbook data, and its rounds from the same centres."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris

from dangol.kernels import means as kernels
from dangol.kernels.means import means
from tests.segments.crowds import mixture


def test_iris() -> None:
    """KMeans(k, n_init=10, random_state=0).inertia_ of scikit-learn: 152.348, 78.8514."""
    for k, inertia in ((2, 152.348), (3, 78.8514)):
        labels, found = means(load_iris().data, k, seed=0, starts=10)
        assert found == pytest.approx(inertia, abs=1e-3)
        assert len(np.unique(labels)) == k


@pytest.mark.parametrize("k", [2, 3, 7])
def test_rounds_from_the_same_centres_end_as_those_of_scikit_learn(k: int) -> None:
    values, _ = mixture(np.random.default_rng(2), 700, 3, apart=3)
    values -= values.mean(axis=0)
    begin = values[np.random.default_rng(k).choice(700, k, replace=False)]
    witness = KMeans(k, init=begin, n_init=1, tol=0, max_iter=500).fit(values)
    labels = np.empty(700, np.int64)
    found = kernels._rounds(np.ascontiguousarray(values.T), begin.copy(), 0.0, 500, labels)
    assert labels.tolist() == witness.labels_.tolist()
    assert found == pytest.approx(witness.inertia_)


def test_groups_far_apart_are_found_from_one_start() -> None:
    values, truth = mixture(np.random.default_rng(4), 400, 2, groups=4, apart=12)
    labels, loss = means(values, 4, seed=9)
    assert len({*zip(labels.tolist(), truth.tolist(), strict=True)}) == 4
    inside = sum(((values[truth == one] - values[truth == one].mean(axis=0)) ** 2).sum() for one in range(4))
    assert loss == pytest.approx(inside)


@given(seed=st.integers(0, 10_000), units=st.integers(2, 40), k=st.integers(1, 6))
def test_every_segment_has_a_unit_and_the_loss_is_that_of_its_labels(seed: int, units: int, k: int) -> None:
    values = np.random.default_rng(seed).integers(0, 4, (units, 2)).astype(np.float64)
    k = min(k, len(np.unique(values, axis=0)))
    labels, loss = means(values, k, seed=seed, starts=2)
    assert np.unique(labels).tolist() == list(range(k))
    centred = [((values[labels == one] - values[labels == one].mean(axis=0)) ** 2).sum() for one in range(k)]
    assert sum(centred) <= loss + 1e-9
    again = means(values, k, seed=seed, starts=2)
    assert again[0].tolist() == labels.tolist()

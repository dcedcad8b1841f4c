"""``separations``: scikit-learn's silhouettes, for many partitions at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import silhouette_samples

from dangol.kernels.distances import space
from dangol.kernels.separation import separations
from dangol.kernels.silhouettes import silhouettes


@given(seed=st.integers(0, 2**32 - 1), units=st.integers(4, 60), partitions=st.integers(1, 12))
def test_every_partition_has_the_silhouettes_of_scikit_learn(seed: int, units: int, partitions: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 6, (units, 2)).astype(np.float64)  # with units at the same place
    labels = np.array([rng.integers(-1, rng.integers(1, 6), units) for _ in range(partitions)])
    found = separations(space(values), labels)
    assert np.isnan(found[labels == -1]).all()
    for widths, own in zip(found, labels, strict=True):
        kept = own >= 0
        several = 2 <= len(np.unique(own[kept])) < kept.sum()
        witness = silhouette_samples(values[kept], own[kept]) if several else np.zeros(kept.sum())
        assert widths[kept] == pytest.approx(witness, abs=1e-9)


@pytest.mark.parametrize("metric", ["manhattan", "cosine", "gower"])
def test_other_metrics_are_those_of_silhouettes(metric: str) -> None:
    rng = np.random.default_rng(1)
    there = space(
        np.column_stack([rng.normal(size=(300, 2)), rng.integers(0, 3, 300)]), metric, [False, False, metric == "gower"]
    )
    labels = np.array([rng.integers(0, k, 300) for k in (2, 3, 3, 4, 9)])
    for found, own in zip(separations(there, labels), labels, strict=True):
        assert found == pytest.approx(silhouettes(there, own), abs=1e-9)


def test_many_units_and_nested_partitions() -> None:
    """3,000 units: more than one block, several threads, and groups that are full."""
    rng = np.random.default_rng(2)
    values = rng.normal(size=(3_000, 3))
    fine = rng.integers(0, 40, 3_000)
    labels = np.array([fine, fine // 2, fine // 4, rng.integers(0, 30, 3_000), rng.integers(0, 30, 3_000)])
    for found, own in zip(separations(space(values), labels), labels, strict=True):
        assert found == pytest.approx(silhouette_samples(values, own), abs=1e-9)

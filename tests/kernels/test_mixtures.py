"""``mixture``: scikit-learn's GaussianMixture, begun in the same way, and the textbook mixture of Old Faithful."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.mixture import GaussianMixture

from dangol.kernels.mixtures import SHAPES, mixture
from tests.segments.crowds import mixture as crowd
from tests.segments.faithful import FAITHFUL


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("k", [1, 2, 3, 5])
@pytest.mark.parametrize("data", ["iris", "crowd"])
def test_the_numbers_of_scikit_learn(data: str, k: int, shape: str) -> None:
    values = load_iris().data if data == "iris" else 1e4 + 50 * crowd(np.random.default_rng(3), 1_500, 4, apart=3)[0]
    begin = KMeans(k, n_init=1, random_state=7).fit(values).labels_.astype(np.int64)
    found = mixture(values, begin, shape)
    witness = GaussianMixture(k, covariance_type=shape, random_state=7, max_iter=300).fit(values)
    assert found is not None
    assert found.bic(shape) == pytest.approx(witness.bic(values), rel=1e-7)
    assert found.labels.tolist() == witness.predict(values).tolist()
    assert found.means == pytest.approx(witness.means_, rel=1e-6)
    assert found.weights == pytest.approx(witness.weights_, rel=1e-6)


def test_old_faithful_has_the_likelihood_that_mclust_reports() -> None:
    """EEE with three components. mclust: log-likelihood -1126.326, BIC (its sign) -2314.316; scikit-learn
    GaussianMixture(3, covariance_type="tied", n_init=10, tol=1e-6): -1126.316, -2314.296."""
    begins = [KMeans(3, n_init=1, random_state=one).fit(FAITHFUL).labels_.astype(np.int64) for one in range(5)]
    found = [mixture(FAITHFUL, begin, "tied", settled=1e-6) for begin in begins]
    best = max((one for one in found if one is not None), key=lambda one: one.log_likelihood)
    assert best.log_likelihood == pytest.approx(-1126.316, abs=1e-3)
    assert -best.bic("tied") == pytest.approx(-2314.296, abs=2e-3)


def test_units_at_one_place_do_not_break_it() -> None:
    values = np.repeat([[0.0, 0.0], [5.0, 5.0]], 20, axis=0)
    begin = np.repeat([0, 1], 20)
    for shape in SHAPES:
        found = mixture(values, begin, shape)
        assert found is not None
        assert found.labels.tolist() == begin.tolist()


def test_what_cannot_be_inverted_is_none() -> None:
    """Two features that are one, so large that the ridge is lost in rounding."""
    line = np.linspace(0, 1e9, 50)
    assert mixture(np.column_stack([line, line]), np.zeros(50, np.int64), "full") is None

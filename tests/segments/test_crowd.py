"""One crowd: the tails, ties and correlations of units, and none of their groups."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau, ks_2samp, spearmanr

from dangol.segments.crowd import crowds, one_peak

Floats = npt.NDArray[np.float64]

ONE_PEAK: dict[str, Callable[[np.random.Generator], Floats]] = {
    "normal": lambda rng: rng.normal(size=1000),
    "a long tail": lambda rng: rng.exponential(size=1000),
    "a longer one": lambda rng: np.exp(rng.normal(size=1000)),
    "half of them zero": lambda rng: rng.exponential(size=1000) * (rng.random(1000) < 0.5),
    "counts": lambda rng: rng.poisson(4, size=1000).astype(float),
    "falling": lambda rng: -rng.exponential(size=1000),
}


@pytest.mark.parametrize("kind", ONE_PEAK)
def test_a_distribution_with_one_peak_stays_what_it_is(kind: str) -> None:
    """Ten sets of 1,000 against the 1,000 they are made of: the largest distance of the CDFs is that of a sample."""
    column = ONE_PEAK[kind](np.random.default_rng(1))
    drawn = np.concatenate([one[:, 0] for one in crowds(column[:, None], 10, 0)])
    assert ks_2samp(drawn, column).statistic < 0.03
    assert column.min() <= drawn.min()
    assert drawn.max() <= column.max()


def test_counts_stay_counts() -> None:
    rng = np.random.default_rng(2)
    values = np.column_stack([rng.poisson(2, size=500), rng.integers(0, 2, size=500)]).astype(float)
    for one in crowds(values, 3, 0):
        for column in (0, 1):
            assert set(one[:, column]) <= set(values[:, column])


def test_a_valley_is_filled() -> None:
    """Two groups far apart: between them there is nobody; in the crowd one of them has become a flat tail."""
    rng = np.random.default_rng(3)
    column = np.concatenate([rng.normal(0, 1, 500), rng.normal(20, 1, 500)])
    drawn = crowds(column[:, None], 1, 0)[0][:, 0]
    assert ((column > 5) & (column < 15)).sum() == 0
    assert ((drawn > 5) & (drawn < 15)).mean() > 0.2


def test_features_go_together_as_they_do() -> None:
    rng = np.random.default_rng(4)
    first = rng.exponential(size=1000)
    values = np.column_stack([first, np.exp(-first) + 0.1 * rng.normal(size=1000), rng.normal(size=1000)])
    drawn = np.vstack(crowds(values, 5, 0))
    assert spearmanr(drawn).statistic == pytest.approx(spearmanr(values).statistic, abs=0.05)
    assert kendalltau(drawn[:, 0], drawn[:, 1]).statistic < -0.5


def test_groups_that_are_no_rectangle_are_gone() -> None:
    """Three corners of a square: ranks alone know nothing of the missing one, so the crowd has all four."""
    rng = np.random.default_rng(5)
    corners = np.repeat([[0, 0], [9, 0], [0, 9]], 100, axis=0) + rng.normal(size=(300, 2))
    (drawn,) = crowds(corners, 1, 0)
    assert ((corners > 5).all(axis=1)).sum() == 0
    assert ((drawn > 3).all(axis=1)).sum() > 0


def test_a_seed_draws_the_same() -> None:
    values = np.random.default_rng(6).normal(size=(50, 2))
    assert np.array_equal(crowds(values, 2, 7), crowds(values, 2, 7))
    assert not np.array_equal(*crowds(values, 2, 7))


@given(st.lists(st.integers(-5, 30), min_size=2, max_size=60), st.sampled_from([1.0, 1e-3, 1e9]))
def test_densities_rise_to_one_peak_and_fall(whole: list[int], unit: float) -> None:
    column = np.array(whole, np.float64) * unit
    peak = one_peak(column)
    assert peak.share.sum() == pytest.approx(1)
    assert (peak.share >= 0).all()
    levels = peak.at(np.linspace(0, 1, 101))
    assert (np.diff(levels) >= 0).all()
    rounding = 1e-9 * unit
    assert column.min() - rounding <= levels[0] <= levels[-1] <= column.max() + rounding
    if len(peak.value) > 1:
        density = peak.share / peak.width
        turns = np.sign(np.diff(density.round(12)))
        turns = turns[turns != 0]
        assert (np.diff(turns) <= 0).all()  # never up again after it went down


def test_all_the_same_is_a_crowd() -> None:
    values = np.column_stack([np.ones(20), np.arange(20.0)])
    (drawn,) = crowds(values, 1, 0)
    assert (drawn[:, 0] == 1).all()

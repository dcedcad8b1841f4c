"""Shares, intervals and tests against published values, statsmodels and scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportions_ztest

from dangol.core import proportions as p
from tests.oracles import wilson as wilson_roots
from tests.oracles.strategies import effort

COUNTS = st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_shares_of_nothing_are_nan() -> None:
    assert p.share([1, 0, 0], [4, 5, 0]).tolist()[:2] == [0.25, 0.0]
    assert math.isnan(p.share(0, 0))
    assert p.share([[1], [2]], [2, 4]).tolist() == [[0.5, 0.25], [1.0, 0.5]]  # shapes broadcast


def test_wilson_of_newcombe_1998() -> None:
    # Newcombe 1998, Statistics in Medicine 17:857, table I, method 3
    for count, n, lower, upper in [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ]:
        assert np.round(p.wilson(count, n), 4).tolist() == [lower, upper]


def test_newcombe_1998_of_a_difference() -> None:
    # Newcombe 1998, Statistics in Medicine 17:873, table II, method 10
    for one, lower, upper in [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0),
    ]:
        assert np.round(p.newcombe(*one), 4).tolist() == pytest.approx([lower, upper], abs=1e-9)


def test_benjamini_and_hochberg_1995() -> None:
    paper = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1.0,
    ]
    assert (p.benjamini_hochberg(paper) <= 0.05).sum() == 4  # as in the paper


def test_nan_stays_nan_and_does_not_count_in_the_family() -> None:
    q = p.benjamini_hochberg([0.01, math.nan, 0.04])
    assert q.tolist()[::2] == pytest.approx([0.02, 0.04])
    assert math.isnan(q[1])
    assert p.benjamini_hochberg([]).tolist() == []
    assert np.isnan(p.benjamini_hochberg([math.nan])).all()


def test_intervals_of_nothing_are_nan() -> None:
    for bounds in (p.wilson(0, 0), p.newcombe(0, 0, 1, 2), p.newcombe(1, 2, 0, 0)):
        assert np.isnan(bounds).all()
    assert math.isnan(p.difference_p(0, 0, 1, 2))


def test_no_evidence_where_nobody_or_everybody_counts() -> None:
    assert math.isnan(p.difference_p(0, 10, 0, 20))
    assert math.isnan(p.difference_p(10, 10, 20, 20))


@effort(200)
@given(COUNTS, st.sampled_from((0.8, 0.9, 0.95, 0.99)))
def test_wilson_equals_statsmodels_and_its_own_equation(one: tuple[int, int], level: float) -> None:
    count, n = one
    found = p.wilson(count, n, level)
    assert found == pytest.approx(proportion_confint(count, n, 1 - level, method="wilson"), abs=1e-12)
    assert 0 <= found[0] <= count / n + 1e-15 <= found[1] + 2e-15 <= 1 + 2e-15
    if level == 0.95:
        assert found == pytest.approx(wilson_roots(count, n), abs=1e-9)


@effort(200)
@given(COUNTS, COUNTS)
def test_differences_equal_statsmodels(a: tuple[int, int], b: tuple[int, int]) -> None:
    found = p.newcombe(*a, *b)
    assert found == pytest.approx(confint_proportions_2indep(*a, *b, method="newcomb", compare="diff"), abs=1e-9)
    reverse = p.newcombe(*b, *a)
    assert found == pytest.approx([-reverse[1], -reverse[0]], abs=1e-12)
    if 0 < a[0] + b[0] < a[1] + b[1]:
        _, expected = proportions_ztest([a[0], b[0]], [a[1], b[1]])
        assert p.difference_p(*a, *b) == pytest.approx(expected, abs=1e-12)


@effort(200)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_false_discovery_rates_equal_statsmodels_and_scipy(values: list[float]) -> None:
    found = p.benjamini_hochberg(values)
    assert found == pytest.approx(multipletests(values, method="fdr_bh")[1], abs=1e-12)
    assert found == pytest.approx(false_discovery_control(values), abs=1e-12)


def test_wilson_of_none_and_of_all_ends_at_none_and_all() -> None:
    """Rounding would leave 1e-19 of 885, which is written as 0.00 %, not 0.0 %."""
    lower, upper = p.wilson([0, 885], [885, 885])
    assert (lower[0], upper[1]) == (0, 1)
    assert 0 < upper[0] < 0.01
    assert 0.99 < lower[1] < 1

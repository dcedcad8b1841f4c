"""Two by two tables against published values, scipy, statsmodels and counting every possible table."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact, hypergeom
from statsmodels.stats.contingency_tables import StratifiedTable

from dangol.core import association as two
from tests.oracles.strategies import effort

SMALL = st.integers(0, 12)
STRATA = st.lists(st.tuples(SMALL, SMALL, SMALL, SMALL), min_size=1, max_size=4)


def columns(strata: list[tuple[int, int, int, int]]) -> tuple[list[int], ...]:
    """(a with, a without, b with, b without) per stratum -> count_a, n_a, count_b, n_b."""
    return (
        [one[0] for one in strata],
        [one[0] + one[1] for one in strata],
        [one[2] for one in strata],
        [one[2] + one[3] for one in strata],
    )


# ---- one table ----------------------------------------------------------------------------------------------------


def test_fishers_convicts() -> None:
    # Fisher 1935, doi:10.2307/2342435: 10 of 13 monozygotic and 2 of 17 dizygotic twins of convicts were convicted;
    # he finds 619 / 1,330,665 for one side
    assert float(two.fisher(10, 13, 2, 17)) == pytest.approx(2 * 619 / 1330665, rel=1e-12)
    assert float(two.fisher(2, 17, 10, 13)) == float(two.fisher(10, 13, 2, 17))


def test_a_table_that_could_not_be_otherwise_is_no_evidence() -> None:
    assert two.fisher([0, 3, 0, 2], [4, 3, 0, 2], [0, 5, 2, 0], [5, 5, 6, 0]).tolist() == [1, 1, 1, 1]


@effort(200)
@given(st.tuples(*[st.integers(0, 60)] * 4))
def test_fisher_is_twice_scipys_smaller_side(cells: tuple[int, int, int, int]) -> None:
    a, b, c, d = cells
    sides = [fisher_exact([[a, b], [c, d]], alternative=side)[1] for side in ("less", "greater")]
    assert float(two.fisher(a, a + b, c, c + d)) == pytest.approx(min(1, 2 * min(sides)), rel=1e-9, abs=1e-300)


def test_fisher_of_large_tables() -> None:
    for a, m, b, n in [(9_100, 60_000, 50_000, 340_000), (30, 25_000, 900, 400_000), (300_900, 400_000, 18, 25)]:
        spread = hypergeom(m + n, a + b, m)
        expected = 2 * min(spread.cdf(a), spread.sf(a - 1))
        assert float(two.fisher(a, m, b, n)) == pytest.approx(min(expected, 1), rel=1e-6)
    assert float(two.fisher(5_000, 10_000, 3_000, 10_000)) == pytest.approx(0, abs=1e-150)


def test_phi_is_the_correlation() -> None:
    for a, m, b, n in [(20, 40, 10, 60), (1, 30, 50, 60), (7, 7, 2, 9)]:
        group = np.repeat([1, 1, 0, 0], [a, m - a, b, n - b])
        outcome = np.repeat([1, 0, 1, 0], [a, m - a, b, n - b])
        assert float(two.phi(a, m, b, n)) == pytest.approx(np.corrcoef(group, outcome)[0, 1], abs=1e-12)
    assert math.isnan(two.phi(0, 5, 0, 5))


# ---- within strata ------------------------------------------------------------------------------------------------


def test_admissions_to_berkeley() -> None:
    # Bickel, Hammel, O'Connell 1975, doi:10.1126/science.187.4175.398, as R ships it; R's
    # mantelhaen.test(UCBAdmissions, correct = FALSE): M^2 = 1.5246, df = 1, p-value = 0.2169
    men = [(512, 825), (353, 560), (120, 325), (138, 417), (53, 191), (22, 373)]
    women = [(89, 108), (17, 25), (202, 593), (131, 375), (94, 393), (24, 341)]
    a, m = zip(*men, strict=True)
    b, n = zip(*women, strict=True)
    found = two.mantel_haenszel(a, m, b, n)
    assert float(found.statistic) == pytest.approx(1.5246, abs=5e-5)
    assert float(found.p) == pytest.approx(0.2169, abs=5e-5)
    assert found.difference < 0 < sum(a) / sum(m) - sum(b) / sum(n)  # the famous reversal


def test_the_diabetes_program() -> None:
    # Rothman, Greenland, Lash 2008, Modern Epidemiology, table 15-1; metafor's rma.mh(measure = "RD", level = 90) gives
    # 0.0349 (-0.0176, 0.0874), the uncorrected chi-square is 1.1914, p = 0.2750 (its test_analysis_example_rothman2008)
    found = two.mantel_haenszel([8, 22], [106, 98], [5, 16], [120, 85], level=0.9)
    assert np.round([float(one) for one in found], 4).tolist() == [0.0349, -0.0176, 0.0874, 1.1914, 0.275]


def test_the_rabbits() -> None:
    # R's help of mantelhaen.test: penicillin at once or after 1.5 hours, five doses; exact, "p = 0.020" for one side
    cured, n_cured = [0, 3, 6, 5, 2], [6, 6, 6, 6, 2]  # at once
    late, n_late = [0, 0, 2, 6, 5], [5, 6, 6, 6, 5]
    found = two.mantel_haenszel(cured, n_cured, late, n_late)
    assert float(found.p) / 2 == pytest.approx(0.020, abs=5e-4)


@effort(200)
@given(st.lists(st.tuples(*[st.integers(3, 80)] * 4), min_size=1, max_size=6))
def test_statistic_equals_statsmodels(strata: list[tuple[int, int, int, int]]) -> None:
    found = two.mantel_haenszel(*columns(strata))
    expected = StratifiedTable([np.array(one).reshape(2, 2) for one in strata]).test_null_odds(correction=False)
    assert float(found.statistic) == pytest.approx(expected.statistic, rel=1e-9, abs=1e-9)
    a, m, b, n = (np.array(one) for one in columns(strata))
    mean, low, high = m * (a + b) / (m + n), np.maximum(a + b - n, 0), np.minimum(m, a + b)
    if min((mean - low).sum(), (high - mean).sum()) >= 5:  # Mantel and Fleiss 1980
        assert float(found.p) == pytest.approx(expected.pvalue, rel=1e-9, abs=1e-15)


def exact(strata: list[tuple[int, int, int, int]]) -> float:
    """Twice the smaller tail of the sum of counts, by looking at every combination of tables with these margins."""
    choices = []
    for a, b, c, d in strata:
        have = range(max(0, a + c - c - d), min(a + b, a + c) + 1)
        ways = {one: math.comb(a + b, one) * math.comb(c + d, a + c - one) for one in have}
        choices.append([(one, Fraction(way, math.comb(a + b + c + d, a + c))) for one, way in ways.items()])
    seen = sum(one[0] for one in strata)
    below, above = Fraction(0), Fraction(0)
    for path in product(*choices):
        total, chance = sum(one for one, _ in path), math.prod(one for _, one in path)
        below += chance if total <= seen else 0
        above += chance if total >= seen else 0
    return float(min(1, 2 * min(below, above)))


@effort(100)
@given(STRATA)
def test_few_expected_ones_are_counted_exactly(strata: list[tuple[int, int, int, int]]) -> None:
    a, m, b, n = (np.array(one) for one in columns(strata))
    mean, low, high = m * (a + b) / np.maximum(m + n, 1), np.maximum(a + b - n, 0), np.minimum(m, a + b)
    found = two.mantel_haenszel(a, m, b, n)
    if min((mean - low).sum(), (high - mean).sum()) < 5 - 1e-9:
        assert float(found.p) == pytest.approx(exact(strata), rel=1e-9)
        if len(strata) == 1:
            assert float(found.p) == pytest.approx(float(two.fisher(a[0], m[0], b[0], n[0])), rel=1e-9)


def test_strata_that_say_nothing() -> None:
    nothing = two.mantel_haenszel([[3, 0], [0, 0]], [[5, 0], [4, 0]], [[0, 2], [0, 1]], [[0, 4], [0, 4]])
    assert np.isnan(nothing.difference).all()
    assert nothing.p.tolist() == [1, 1]
    more = two.mantel_haenszel([40, 3], [80, 3], [30, 0], [90, 0])
    assert [float(one) for one in more] == pytest.approx(
        [float(one) for one in two.mantel_haenszel([40], [80], [30], [90])]
    )
    assert float(more.difference) == pytest.approx(40 / 80 - 30 / 90)


def test_many_tables_at_once() -> None:
    a, m, b, n = np.array([[2, 3], [30, 40]]), np.array([[9, 9], [90, 80]]), [[1, 1], [20, 20]], [[9, 8], [90, 90]]
    together = two.mantel_haenszel(a, m, b, n)
    for row in range(2):
        alone = two.mantel_haenszel(a[row], m[row], b[row], n[row])
        assert [float(one) for one in alone] == pytest.approx([float(one[row]) for one in together])


def test_intervals_hold_what_they_promise() -> None:
    """95 % of the intervals cover the difference, and 5 % of the tests find one where there is none."""
    draw, base = np.random.default_rng(7), np.array([0.1, 0.3, 0.6])
    m, n = np.array([40, 80, 60]), np.array([120, 60, 50])
    for difference in (0.0, 0.15):
        a, b = draw.binomial(m, base + difference, (4000, 3)), draw.binomial(n, base, (4000, 3))
        found = two.mantel_haenszel(a, np.broadcast_to(m, a.shape), b, np.broadcast_to(n, b.shape))
        covered = ((found.lower <= difference) & (difference <= found.upper)).mean()
        assert 0.935 < covered < 0.96
        if not difference:
            assert 0.035 < (found.p <= 0.05).mean() < 0.065

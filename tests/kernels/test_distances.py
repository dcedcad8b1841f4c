"""Distances against their definitions over lists, SciPy, and a calculation by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from dangol.kernels.distances import BLOCK, METRICS, columns, measure, nearest, pairwise, space, total, totals
from tests.kernels.tables import tables
from tests.oracles import clustering as oracle


def all_distances(made: object) -> np.ndarray:
    """Every unit's distances to all, in double precision."""
    ready = columns(made)
    out = np.empty((ready.values.shape[1], ready.values.shape[1]))
    for unit, row in enumerate(out):
        measure(ready, unit, 0, row)
    return out


@given(st.data(), tables(), st.sampled_from(sorted(METRICS)))
def test_every_metric_is_what_its_definition_says(data: st.DataObject, rows: np.ndarray, metric: str) -> None:
    text = [metric == "gower" and data.draw(st.booleans()) for _ in rows[0]]
    expected = np.array(oracle.distances(rows.tolist(), metric, text))
    found = all_distances(space(rows, metric, text))
    # rows are rounded when they are brought to length 1, which shows where two directions are nearly the same
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15 if metric == "cosine" else 0)
    assert (found == found.T).all()
    assert (np.diag(found) == 0).all()
    matrix = pairwise(space(rows, metric, text))
    assert matrix.dtype == np.float32
    assert (matrix == found.astype(np.float32)).all()


@pytest.mark.parametrize(("metric", "scipy"), [("euclidean", "euclidean"), ("manhattan", "cityblock"), ("cosine",) * 2])
def test_many_units_in_blocks_and_threads(metric: str, scipy: str) -> None:
    rows = np.random.default_rng(1).lognormal(size=(2 * BLOCK + 77, 5))
    expected = cdist(rows, rows, scipy)
    np.testing.assert_allclose(pairwise(space(rows, metric)), expected, rtol=1e-7, atol=1e-7)
    chosen = np.array([5, 2000, 17, 17 + BLOCK])
    labels, distance = nearest(space(rows, metric), chosen)
    np.testing.assert_allclose(distance, expected[chosen].min(axis=0), rtol=1e-12, atol=1e-15)
    assert (labels == expected[chosen].argmin(axis=0)).all()
    sums = totals(space(rows, metric), np.arange(3, 2000), chosen)
    np.testing.assert_allclose(sums, expected[3:2000, chosen].sum(axis=1), rtol=1e-12)


def test_gower_by_hand() -> None:
    # age 20..60, spent 0..8, plan a code, and a column that says nothing
    rows = [[20, 0, 0, 7], [30, 8, 1, 7], [60, 2, 0, 7]]
    found = all_distances(space(rows, "gower", [False, False, True, False]))
    by_hand = {
        (0, 1): (10 / 40 + 8 / 8 + 1 + 0) / 4,
        (0, 2): (40 / 40 + 2 / 8 + 0 + 0) / 4,
        (1, 2): (30 / 40 + 6 / 8 + 1 + 0) / 4,
    }
    assert {pair: found[pair] for pair in by_hand} == pytest.approx(by_hand, rel=1e-15)


def test_a_part_of_a_space_keeps_the_ranges_of_the_whole() -> None:
    whole = space([[0.0, 1], [10, 0], [4, 0], [6, 1]], "gower", [False, True])
    part = all_distances(whole._replace(values=whole.values[2:]))
    assert part[0, 1] == pytest.approx((2 / 10 + 1) / 2)
    assert (part == all_distances(whole)[2:, 2:]).all()


def test_cosine_of_what_has_no_direction_or_is_huge() -> None:
    found = all_distances(space([[0, 0], [0, 0], [3, 4], [3e200, 4e200], [-3e-200, -4e-200], [4, -3]], "cosine"))
    expected = [
        [0, 0, 1, 1, 1, 1],  # a row of zeros is like no other but its own kind
        [0, 0, 1, 1, 1, 1],
        [1, 1, 0, 0, 2, 1],
        [1, 1, 0, 0, 2, 1],
        [1, 1, 2, 2, 0, 1],
        [1, 1, 1, 1, 1, 0],
    ]
    np.testing.assert_allclose(found, expected, atol=1e-15)


def test_large_numbers_close_together_keep_their_distances() -> None:
    # seconds since 1970: the sum-of-squares formula with products would lose all digits
    rows = np.array([[1.7e9, 0.0], [1.7e9 + 3, 4.0]])
    assert all_distances(space(rows))[0, 1] == 5.0
    assert all_distances(space(rows, "gower"))[0, 1] == 1.0


@given(tables(least=2), st.data())
def test_nearest_takes_the_first_but_a_chosen_unit_is_its_own(rows: np.ndarray, data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1, unique=True))
    apart = np.array(oracle.distances(rows.tolist(), "manhattan"))
    labels, distance = nearest(space(rows, "manhattan"), np.array(chosen))
    np.testing.assert_allclose(distance, apart[chosen].min(axis=0), rtol=1e-12)
    for unit, label in enumerate(labels.tolist()):
        if unit in chosen:
            assert chosen[label] == unit
        else:
            assert apart[chosen[label], unit] <= apart[chosen, unit].min() * (1 + 1e-12)


def test_the_first_of_equally_near_units_is_taken() -> None:
    labels, distance = nearest(space([[0.0], [1], [2], [2], [3]]), np.array([2, 0, 3]))
    assert labels.tolist() == [1, 0, 0, 2, 0]  # unit 1 is between 2 and 0; unit 3 is where 2 is, but chosen
    assert distance.tolist() == [0, 1, 0, 0, 1]


def test_a_space_leaves_the_callers_numbers_alone() -> None:
    rows = np.array([[3.0], [1.0], [2.0]])
    ready = columns(space(rows))
    ready.values[:] = 0.0
    assert rows.ravel().tolist() == [3, 1, 2]


@given(st.lists(st.floats(-100, 100), max_size=50))
def test_a_total_is_the_sum(values: list[float]) -> None:
    assert total(np.array(values)) == pytest.approx(sum(values), rel=1e-12, abs=1e-12)

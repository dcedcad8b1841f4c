"""The distances to neighbours, against sorting all of them."""

from __future__ import annotations

import numpy as np
import pytest

from dangol.kernels.distances import space
from dangol.kernels.neighbours import least_within, radii


@pytest.mark.parametrize(("size", "crowd", "near"), [(2, 2, 1), (40, 40, 5), (40, 12, 11), (1500, 300, 17)])
def test_neighbours_equal_sorting(size: int, crowd: int, near: int) -> None:
    # witness: numpy's sort of the whole matrix; small whole numbers, so that many distances are equal
    values = np.random.default_rng(size).integers(0, 6, (size, 3)).astype(float)
    apart = np.sqrt(((values[:, None, :] - values[None, :crowd, :]) ** 2).sum(axis=2))
    others = apart.copy()
    others[np.arange(crowd), np.arange(crowd)] = np.inf  # a unit is not its own neighbour
    radius = radii(space(values), near, crowd)
    assert radius.tolist() == np.sort(others, axis=1)[:, near - 1].tolist()
    level = np.random.default_rng(1).random(crowd)
    expected = np.where(apart <= radius[:, None], level[None, :], np.inf).min(axis=1)
    assert least_within(space(values), radius, level).tolist() == expected.tolist()


def test_nobody_within_reach() -> None:
    points = space([[0.0], [10.0], [30.0]])
    assert least_within(points, np.array([1.0, 1.0, 1.0]), np.array([5.0])).tolist() == [5.0, np.inf, np.inf]

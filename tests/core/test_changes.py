"""Changes: percent of amounts, percentage points of shares, and differences that are none."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from dangol.core.changes import (
    difference,
    in_percent,
    in_points,
    parts,
    relative,
    relatives,
    signed,
    signed_money,
)


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (200, 151, "−24.5 %"),
        (151, 200, "+32.5 %"),  # the way back is another percentage: 49/151
        (100, 208, "+108.0 %"),
        (100, 0, "−100.0 %"),
        (100, -85, "−185.0 %"),
        (100, 100, "±0.0 %"),
        (100, 100.04, "±0.0 %"),  # +0.04 % is not shown as +0.0 %
        (1, 25.5, "+2,450.0 %"),
        (0, 5, "–"),
        (-5, 5, "–"),
        (math.nan, 5, "–"),
        (5, math.nan, "–"),
    ],
)
def test_percent_of_what_it_was(before: float, after: float, text: str) -> None:
    assert in_percent(before, after) == text


@pytest.mark.parametrize(
    ("before", "after", "text", "korean"),
    [
        (0.10, 0.152, "+5.2 points", "+5.2 %p"),
        (0.152, 0.10, "−5.2 points", "−5.2 %p"),
        (0.3, 0.3, "±0.0 points", "±0.0 %p"),
        (0, 1, "+100.0 points", "+100.0 %p"),
        (math.nan, 0.5, "–", "–"),
    ],
)
def test_points_of_shares(before: float, after: float, text: str, korean: str) -> None:
    assert in_points(before, after) == text
    assert in_points(before, after, "ko") == korean


def test_percent_and_points_are_told_apart() -> None:
    """From 10 % to 15.2 % a share has grown by 5.2 points, and by 52 %."""
    assert in_points(0.10, 0.152) == "+5.2 points"
    assert in_percent(0.10, 0.152) == "+52.0 %"


def test_falls_in_a_row_are_no_sum() -> None:
    """5.06 % and then 10.50 % down is 15.03 % down, not the 15.56 % that adding makes."""
    middle = 100 * (1 - 0.0506)
    end = middle * (1 - 0.1050)
    assert (in_percent(100, middle), in_percent(middle, end), in_percent(100, end)) == ("−5.1 %", "−10.5 %", "−15.0 %")


def test_many_at_once_are_as_one_by_one() -> None:
    before, after = [200.0, 0, -5, 100, 3, math.nan], [150.0, 5, 5, 100, 9, 1]
    one_by_one = [relative(first, second) for first, second in zip(before, after, strict=True)]
    np.testing.assert_array_equal(relatives(before, after), one_by_one)
    assert relatives(10, [5, 20]).tolist() == [-0.5, 1]


def test_sums_of_the_same_money_do_not_differ() -> None:
    chance = random.Random(1)
    money = [round(chance.lognormvariate(3, 2), 2) for _ in range(100_000)]
    one = sum(money)
    chance.shuffle(money)
    other = sum(money)
    assert one != other  # as the computer adds
    assert difference(one, other) == 0
    assert difference(one, other + 0.01) == pytest.approx(0.01, abs=1e-6)  # a cent in millions is not lost
    assert difference([1e9, 0, math.nan, -5], [1e9 + 0.5, 1e-12, 1, -5]).tolist()[1:] == [
        1e-12,
        pytest.approx(math.nan, nan_ok=True),
        0,
    ]


def test_parts_of_a_change() -> None:
    assert parts([30, -40], -10).tolist() == [-3, 4]
    assert np.isnan(parts([30, -30], 0)).all()
    assert np.isnan(parts([30, -30], math.nan)).all()
    assert parts([[1.0, 2.0], [3.0, 4.0]], [4.0, 6.0]).sum(axis=0).tolist() == [1, 1]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((1234.5, "+1,234"), (-1234.5, "−1,234"), (12.25, "+12.25"), (-0.5, "−0.50"), (-20, "−20")),
        *((0.0, "±0"), (0.001, "±0"), (math.nan, "–"), (math.inf, "–")),
    ],
)
def test_money_with_its_sign(value: float, text: str) -> None:
    assert signed_money(value) == text


def test_signs() -> None:
    assert [signed(value, 1) for value in (0.04, -0.04, 0.05001, -12345.67)] == ["±0.0", "±0.0", "+0.1", "−12,345.7"]

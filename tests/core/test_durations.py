"""Durations and periods: what they mean, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.core.durations import DAY, HOUR, MINUTE, SECOND, WEEK, Period, duration, period, spell
from dangol.core.errors import InputError
from tests.oracles.strategies import effort


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("1us", 1),
        ("1ms", 1_000),
        ("1s", 1_000_000),
        ("1m", 60 * 1_000_000),
        ("1h", 3_600 * 1_000_000),
        ("1d", 86_400 * 1_000_000),
        ("1w", 7 * 86_400 * 1_000_000),
        ("0.5s", 500_000),
        ("1.5h", 5_400 * 1_000_000),
        (" 30 m ", 1_800 * 1_000_000),
    ],
)
def test_a_duration_is_exact(text: str, us: int) -> None:
    assert duration(text) == us


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("30", "is not a length of time"),
        ("", "is not a length of time"),
        ("m", "is not a length of time"),
        ("1e3s", "is not a length of time"),
        (30, "needs a unit"),
        (None, "needs a unit"),
        ("30x", "unknown unit 'x'; use one of us, ms, s, m, h, d, w"),
        ("30M", "unknown unit 'M'"),
        ("1mo", "has no exact length"),
        ("1q", "has no exact length"),
        ("1y", "has no exact length"),
        ("0m", "must be longer than zero"),
        ("-5m", "must be longer than zero"),
        ("0.1us", "must be longer than zero"),
    ],
)
def test_what_is_no_duration_is_refused_by_name(text: object, says: str) -> None:
    with pytest.raises(InputError) as problem:
        duration(text, "gap")  # type: ignore[arg-type]
    assert says in str(problem.value)
    assert str(problem.value).startswith("gap")


@pytest.mark.parametrize("text", ["1h", "6h", "1d", "2w", "1mo", "3q", "10y"])
def test_a_period_is_written_as_it_was_read(text: str) -> None:
    assert str(period(text)) == text
    assert period(text) == Period(int(text.rstrip("hdwmoqy")), text.lstrip("0123456789"))  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["1", 1, "0d", "-1d", "1.5d", "1m", "1s", "1M", "month", "1 year"])
def test_what_is_no_period_is_refused(text: object) -> None:
    with pytest.raises(InputError, match="every"):
        period(text)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (0, "0s"),
        (1_500, "0.0015s"),
        (59 * SECOND, "59s"),
        (60 * SECOND, "1m"),
        (61 * SECOND, "1m 1s"),
        (HOUR, "1h"),
        (HOUR + 5 * SECOND, "1h"),  # only neighbouring units
        (25 * HOUR, "1d 1h"),
        (3 * WEEK + 2 * HOUR + 59 * MINUTE, "21d 2h"),
        (DAY - SECOND / 4, "1d"),
    ],
)
def test_spelling(us: float, text: str) -> None:
    assert spell(us) == text


@effort(200)
@given(st.integers(1_000, 400 * DAY))
def test_spelling_loses_less_than_one_part_in_twenty_four(us: int) -> None:
    read = sum(duration(part) for part in spell(us).split())
    assert abs(read - us) <= max(us / 24, 1)

"""The drawing pieces against naive forms of themselves."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.core.errors import InputError
from dangol.datasets import creator_platform, fashion_shop, school_sns
from dangol.datasets.drawing import (
    arrival_order,
    begins,
    clock,
    coded,
    drawn,
    labels,
    order_by,
    picked,
    places,
    program_rows,
    shares,
    since_begin,
    stream,
    whole_seconds,
)
from dangol.datasets.names import school_names


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2**40)), min_size=1, max_size=60), st.booleans())
def test_order_is_the_stable_order(rows: list[tuple[int, int]], wide: bool) -> None:
    """Also where the keys are too wide to be packed into one integer."""
    scale = 2**20 if wide else 1
    keys = [np.array(key, np.int64) for key in zip(*((a * scale, b) for a, b in rows), strict=True)]
    assert order_by(*keys).tolist() == sorted(range(len(rows)), key=lambda i: rows[i])


@given(st.lists(st.integers(0, 4), max_size=12))
def test_runs(counts: list[int]) -> None:
    lengths = np.array(counts, np.int64)
    assert begins(lengths).tolist() == [sum(counts[:i]) for i in range(len(counts))]
    assert places(lengths).tolist() == [place for count in counts for place in range(count)]
    waits = np.arange(sum(counts)) + 1
    found = since_begin(waits, lengths).tolist()
    parts = np.split(waits, np.cumsum(counts)[:-1]) if counts else []
    assert found == [int(part[1 : place + 1].sum()) for part in parts for place in range(len(part))]


def test_the_clock_follows_its_hours() -> None:
    table = clock([1.0] * 12 + [3.0] * 12)
    assert table.min() >= 0
    assert table.max() < 86_400
    assert np.mean(table >= 43_200) == pytest.approx(0.75, abs=1e-4)


def test_choices_follow_their_weights() -> None:
    table = shares([1, 2, 5])
    assert np.bincount(table) / len(table) == pytest.approx([1 / 8, 2 / 8, 5 / 8], abs=1e-4)
    rng = stream(1, "test")
    found = np.bincount(picked(rng, np.array([1.0, 0.0, 3.0]), 40_000), minlength=3)
    assert found[1] == 0
    assert abs(found[0] - 10_000) < 4 * np.sqrt(40_000 * 0.25 * 0.75)
    assert set(drawn(rng, table, 1_000).tolist()) == {0, 1, 2}


def test_late_rows_come_later_and_together() -> None:
    time = np.repeat(np.arange(10_000), 3)
    batch = time.copy()
    order, late = arrival_order(stream(1, "test"), time, batch)
    came = batch[order]
    assert sorted(order.tolist()) == list(range(30_000))
    assert late == int((came < np.maximum.accumulate(came)).sum()) > 0
    assert (np.diff(came) != 0).sum() == 9_999  # what is sent together is never torn apart


def test_parts_do_not_share_their_random_numbers() -> None:
    draws = {stream(seed, part).integers(2**60) for seed in range(3) for part in ("a", "b", "c")}
    assert len(draws) == 9


def test_programs_act_at_even_distances() -> None:
    which, time = program_rows(stream(1, "test"), np.array([0, 500]), 86_400)
    for one in (0, 1):
        assert len(set(np.diff(time[which == one]).tolist())) == 1
    assert time.max() < 86_400


def test_texts() -> None:
    assert labels("u", 9, 2, 3).to_pylist() == ["u009", "u010"]
    assert coded(np.array([1, -1, 0], np.int8), ["a", "b"]).to_pylist() == ["b", None, "a"]
    assert str(whole_seconds(date(2023, 4, 24), np.array([30_665]))[0]) == "2023-04-24 08:31:05"
    names = school_names(np.arange(12_000) % 3).to_pylist()
    assert len(set(names)) == 12_000
    assert all(name.endswith("고등학교") for name in names)


@pytest.mark.parametrize(
    ("make", "options", "said"),
    [
        (school_sns, {"users": 0}, "users=0 must be a whole number from 1 to 10,000,000"),
        (school_sns, {"users": 1.5}, "users=1.5"),
        (school_sns, {"users": True}, "users=True"),
        (school_sns, {"seed": -1}, "seed=-1"),
        (school_sns, {"days": 0}, "days=0 must be a whole number from 1 to 366"),
        (school_sns, {"users": 10_000_000, "days": 300}, "about 6,600 million rows; the most is 1,515,151 users"),
        (school_sns, {"by_activity": "much"}, "by_activity='much' must be a number from -5 to 5"),
        (school_sns, {"by_activity": 9}, "by_activity=9"),
        (school_sns, {"start": "24.4.2023"}, "start='24.4.2023' is not a date"),
        (school_sns, {"start": "1066-10-14"}, "from 1990 to 2030"),
        (fashion_shop, {"months": 1}, "months=1 must be a whole number from 2"),
        (fashion_shop, {"start": "2023-01-02"}, "must be the first of a month, such as '2023-01-01'"),
        (fashion_shop, {"users": 10_000_000}, "the most is 3,472,222 users"),
        (creator_platform, {"weeks": 0}, "weeks=0"),
        (creator_platform, {"users": 10_000_000}, "the most is 416,666 users"),
    ],
)
def test_what_cannot_be_made_is_refused(make, options, said) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError) as problem:
        make(**options)
    assert said in str(problem.value)

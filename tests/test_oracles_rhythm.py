"""``rhythm`` against its oracle and its own identities, on logs that Hypothesis invents."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.core.errors import InputError
from dangol.core.result import Result
from dangol.log.eventlog import EventLog
from dangol.questions.rhythm import rhythm
from tests.oracles import Event, check, check_words, rows_of
from tests.oracles import rhythm as oracle
from tests.oracles.properties import alike, blocks_change_nothing, doubled, moments, order_of_rows_changes_nothing
from tests.oracles.rhythm import LEVELS, Known, begin_of, known
from tests.oracles.strategies import DAY, HOUR, SHORT_GAPS, Small, blocks, busy, effort, logs, turns, views

GAPS = (*SHORT_GAPS, DAY - 1, DAY, 7 * DAY)
TABLES = {"hours": "hour of week", "weekdays": "weekday", "daily_hours": "hour"}
BY = st.sampled_from((None, None, "country", "age", "item", "amount"))


@st.composite
def questions(draw: st.DrawFn, distinct: bool = False) -> tuple[Small, dict[str, Any]]:
    """Draw a log and what to ask of it."""
    small = draw(logs(GAPS, most=7, distinct=distinct))
    if draw(st.booleans()):
        small = small.starting(draw(st.sampled_from(turns(small.zone))))
    event = draw(st.sampled_from((None, *sorted({event.name for event in small.events}))))
    return small, {"event": event, "by": draw(BY)}


def expected(small: Small, log: EventLog, asked: dict[str, Any], as_of: int | None = None) -> Known:
    later = log.span[0] if log.span and log.span[0] > log.contents.meta.first else None
    begin = begin_of(log.start, later, small.zone)
    return known(small.events, small.zone, log.start, begin, as_of or log.as_of, **asked)


def compare(found: Result, log: Known) -> None:
    """The map, and what is exact of the variation."""
    for name, level in TABLES.items():
        check(found.tables[name], oracle.table(log, level))
    rows = rows_of(found.tables["variation"])
    places = [(segment, level) for segment in log.segments for level in LEVELS]
    assert [(row.get("segment", ""), row["level"]) for row in rows] == places
    for row, (segment, level) in zip(rows, places, strict=True):
        for column, name in (("events", "cv"), ("share_of_users", "cv_users")):
            assert row[name] == pytest.approx(oracle.cv(log, segment, level, column), rel=1e-9, abs=1e-9)
        assert row["users"] == len({event.user for event in log.of(segment)})
        if row["lower"] is not None:
            assert 0 <= row["lower"] <= row["upper"]
        if row["users"] < 2:
            assert row["p"] is None
        if row["p"] is not None:
            assert 0 <= row["p"] <= 1
            assert row["chi2"] >= 0
            assert row["df"] > 0
    check_words(found)


@effort(60)
@given(questions(), blocks(), st.data())
def test_the_map_equals_the_oracle(question: tuple[Small, dict[str, Any]], size: int, data: st.DataObject) -> None:
    small, asked = question
    log = small.log(size)
    marks = [log.start + 1, log.as_of + HOUR + 1, log.as_of + 10 * DAY]
    as_of = data.draw(moments(small, log, marks), "as_of")
    found = rhythm(log, **asked, as_of=None if as_of is None else small.local(as_of))
    compare(found, expected(small, log, asked, as_of))


@effort(6)
@given(st.integers(0, 10_000), BY)
def test_a_crowd(seed: int, by: str | None) -> None:
    small = busy(seed, 50, 10)
    asked = {"event": None, "by": by}
    log = small.log(100)
    compare(rhythm(log, **asked), expected(small, log, asked))


@effort(40)
@given(questions(), blocks(), st.data())
def test_the_users_behind_a_cell(question: tuple[Small, dict[str, Any]], size: int, data: st.DataObject) -> None:
    small, asked = question
    log = small.log(size)
    found, whole = rhythm(log, **asked), expected(small, log, asked)
    weekday, hour = oracle.cell_of(data.draw(st.sampled_from(small.events)).time, small.zone)
    where = {
        "weekday": data.draw(st.sampled_from((None, weekday, 1))),
        "hour": data.draw(st.sampled_from((None, hour, 23))),
        "segment": data.draw(st.sampled_from([None, *(whole.segments if asked["by"] else ())])),
    }
    said = {name: value for name, value in where.items() if value is not None}
    assert found.units(**said).tolist() == oracle.who(whole, **where)


@effort(25)
@given(questions())
def test_cutting_into_blocks_anywhere_changes_nothing(question: tuple[Small, dict[str, Any]]) -> None:
    small, asked = question
    blocks_change_nothing(lambda log: rhythm(log, **asked), small)


@effort(20)
@given(questions(distinct=True), st.randoms(use_true_random=False))
def test_the_order_of_rows_at_different_times_changes_nothing(
    question: tuple[Small, dict[str, Any]], chance: random.Random
) -> None:
    small, asked = question
    order_of_rows_changes_nothing(lambda log: rhythm(log, **asked), small, chance)


@effort(20)
@given(questions())
def test_doubling_the_users_doubles_counts_and_changes_no_share(question: tuple[Small, dict[str, Any]]) -> None:
    small, asked = question
    once, twice = (rhythm(one.log(2), **asked) for one in (small, small.doubled()))
    for name in TABLES:
        counts = ("events", "users", "events_per_hour", "events_per_day")
        check(twice.tables[name], doubled(rows_of(once.tables[name]), counts))
    for row, more in zip(rows_of(once.tables["variation"]), rows_of(twice.tables["variation"]), strict=True):
        assert more["users"] == 2 * row["users"]
        assert (more["cv"], more["cv_users"]) == pytest.approx((row["cv"], row["cv_users"]))


@effort(40)
@given(questions())
def test_what_must_add_up(question: tuple[Small, dict[str, Any]]) -> None:
    small, asked = question
    log = small.log(2)
    found, whole = rhythm(log, **asked), expected(small, log, asked)
    elapsed = (whole.as_of - begin_of(log.start, None, small.zone)) / HOUR
    for name in TABLES:
        rows = rows_of(found.tables[name])
        assert sum(row["events"] for row in rows) == len(whole.events)
        for segment in whole.segments:
            own = [row for row in rows if row.get("segment", "") == segment]
            assert sum(row.get("hours", 24 * row.get("days", 0)) for row in own) == pytest.approx(elapsed)
            for share in ("share_of_events", "share_of_users"):
                assert sum(row[share] for row in own) == pytest.approx(1)


@effort(30)
@given(questions(), blocks(), st.data())
def test_a_view_answers_as_a_log_of_its_rows(
    question: tuple[Small, dict[str, Any]], size: int, data: st.DataObject
) -> None:
    small, asked = question
    view, kept = data.draw(views(small, small.log(size)))
    compare(rhythm(view, **asked), expected(kept, view, asked))


# ---- the decomposition --------------------------------------------------------------------------------------------


@effort(12)
@given(st.integers(0, 10_000), st.sampled_from(("events", "users", "amount")), st.data())
def test_the_decomposition_is_that_of_statsmodels(seed: int, measure: str, data: st.DataObject) -> None:
    small = busy(seed, 60, 36)
    log = small.log(200)
    asked = {"event": data.draw(st.sampled_from((None, "order"))), "by": None}
    seasons = data.draw(st.sampled_from((None, (7,), (5,), (4, 7), (7, 3))))
    as_of = data.draw(moments(small, log).filter(lambda one: one is None or one > log.start + 25 * DAY), "as_of")
    found = rhythm(log, **asked, measure=measure, season=seasons, as_of=None if as_of is None else small.local(as_of))
    whole = expected(small, log, asked, as_of)
    parts = oracle.decompose(oracle.series(whole, measure), seasons or (7,))
    check(found.tables["season"], oracle.season(parts))
    strength = oracle.strength(parts)
    rows = rows_of(found.tables["strength"])
    assert [row["component"] for row in rows] == list(strength)
    for row in rows:
        assert row["strength"] == pytest.approx(strength[row["component"]])
        assert 0 <= row["lower"] <= row["upper"] <= 1
        if row["component"] != "trend":
            assert row["cycles"] == pytest.approx(len(parts.days) / int(row["component"].removeprefix("season_")))
    for row in rows_of(found.tables["season"]):
        made = row["trend"] + row["remainder"] + sum(row[name] for name in row if name.startswith("season_"))
        assert made == pytest.approx(row["value"])
    check_words(found)


@effort(6)
@given(st.integers(0, 10_000))
def test_blocks_change_no_decomposition(seed: int) -> None:
    small = busy(seed, 20, 30)
    blocks_change_nothing(lambda log: rhythm(log, measure="amount", season=(7, 3)), small)
    whole, cut = (rhythm(small.log(), by=by) for by in (None, "country"))
    for name in ("season", "strength"):  # of all segments together
        check(cut.tables[name], rows_of(whole.tables[name]))
    alike(rhythm(small.log(), seed=5), rhythm(small.log(3), seed=5))


def test_too_few_days_are_not_taken_apart() -> None:
    small = busy(3, 10, 15)
    found = rhythm(small.log())
    assert not len(found.tables["season"])
    assert not len(found.tables["strength"])
    check_words(found)
    with pytest.raises(InputError, match="days"):
        rhythm(small.log(), season=(7,))


def test_a_day_is_in_the_series_only_as_a_whole() -> None:
    values = {"item": "x", "amount": 1.0}
    small = Small("UTC", tuple(Event("u", "a", day * DAY + 12 * HOUR, values) for day in range(30)), {})
    log = small.log()
    assert len(rhythm(log).tables["season"]) == 29  # the last day is not over
    assert len(rhythm(log.between("1970-01-02 13:00")).tables["season"]) == 27


def test_a_series_that_never_changes_has_no_strength() -> None:
    values = {"item": "x", "amount": 1.0}
    small = Small("UTC", tuple(Event("u", "a", day * DAY, values) for day in range(30)), {})
    found = rhythm(small.log())
    assert all(row["strength"] is None for row in rows_of(found.tables["strength"]))
    assert not any(row["unusual"] for row in rows_of(found.tables["season"]))
    check_words(found)


def test_a_trend_that_never_changes_is_told_in_words() -> None:
    values = {"item": "x", "amount": 1.0}
    small = Small("UTC", tuple(Event("u", "a", week * 7 * DAY, values) for week in range(4)), {})
    found = rhythm(small.log())
    assert next(row["strength"] for row in rows_of(found.tables["strength"]) if row["component"] == "trend") is None
    check_words(found)


def test_an_empty_view_says_so() -> None:
    for by in (None, "item"):
        found = rhythm(busy(1, 5, 10).log().where("amount", ">", 99), by=by)
        assert not len(found.table)
        check_words(found)


def test_a_time_before_the_log_is_refused() -> None:
    with pytest.raises(InputError, match="as_of"):
        rhythm(busy(1, 5, 10).log(), as_of="1969-12-31")

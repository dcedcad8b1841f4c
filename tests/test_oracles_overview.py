"""``overview`` against its oracle and its own symmetries, on logs that Hypothesis invents."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.core.errors import InputError
from dangol.core.result import Result
from dangol.questions.overview import overview
from tests.oracles import Event, check, check_words, periods, rows_of
from tests.oracles import overview as oracle
from tests.oracles.overview import Known, known
from tests.oracles.properties import blocks_change_nothing, order_of_rows_changes_nothing
from tests.oracles.strategies import DAY, HOUR, LONG_GAPS, NAMES, STEADY, ZONES, Small, blocks, effort, logs, views

QUICK_GAPS = (0, 1, HOUR, 11 * HOUR, 12 * HOUR, DAY - 1, DAY, DAY + HOUR, 5 * DAY, 29 * DAY, 30 * DAY)
SLOW_GAPS = (0, DAY, 7 * DAY, 29 * DAY, 31 * DAY, 92 * DAY, 364 * DAY)
WHOLE_HOURS = tuple(zone for zone in ZONES if zone != "Australia/Lord_Howe")
PERIODS = [
    *(("1h", QUICK_GAPS[:8]), ("12h", QUICK_GAPS), ("1d", QUICK_GAPS), ("3d", QUICK_GAPS), ("1w", LONG_GAPS)),
    *(("2w", LONG_GAPS), ("1mo", SLOW_GAPS), ("1q", SLOW_GAPS), ("1y", SLOW_GAPS)),
]
BY = st.sampled_from((None, None, "country", "age", "item", "amount"))


@st.composite
def questions(draw: st.DrawFn, zones: tuple[str, ...] = ZONES, distinct: bool = False) -> tuple[Small, dict[str, Any]]:
    """Draw a log and what to ask of it."""
    every, gaps = draw(st.sampled_from(PERIODS))
    zones = tuple(zone for zone in zones if not every.endswith("h") or zone in WHOLE_HOURS)
    small = draw(logs(gaps, zones, most=4 if gaps == SLOW_GAPS else 7, distinct=distinct))
    return small, {"every": every, "by": draw(BY)}


def compare(found: Result, log: Known, every: str) -> None:
    """Every table."""
    key = ["start", *(["segment"] if log.by else [])]
    for name, length in (("periods", every), ("weeks", "1w"), ("months", "1mo")):
        check(found.tables[name], oracle.table(log, length), ordered=False, key=key)
    check(found.tables["stickiness"], oracle.stickiness(log))
    check(found.tables["events"], oracle.events(log), ordered=False, key=["event"])
    assert found.tables["events"]["events"].is_monotonic_decreasing
    measures = [{"measure": name, "value": value} for name, value in oracle.summary(log).items()]
    check(found.tables["summary"], measures)


@effort(120)
@given(questions(), blocks(), st.data())
def test_every_table_equals_the_oracle(question: tuple[Small, dict[str, Any]], size: int, data: st.DataObject) -> None:
    small, asked = question
    log = small.log(size)
    marks = [event.time for event in small.events] + [log.as_of + 40 * DAY]
    marks += [one.end for one in periods(asked["every"], small.zone, log.start, log.end)[:3]]
    as_of = data.draw(
        st.sampled_from([None, None, *(mark for mark in sorted(set(marks)) if mark > log.start)]), "as_of"
    )
    found = overview(log, **asked, as_of=None if as_of is None else small.local(as_of))
    compare(found, known(small.events, small.zone, log.start, as_of or log.as_of, asked["by"]), asked["every"])
    check_words(found)


@effort(60)
@given(questions(), blocks(), st.data())
def test_the_users_behind_a_number(question: tuple[Small, dict[str, Any]], size: int, data: st.DataObject) -> None:
    small, asked = question
    log = small.log(size)
    found = overview(log, **asked)
    whole = known(small.events, small.zone, log.start, log.as_of, asked["by"])
    names = [span.name for span in oracle.spans(whole, asked["every"])]
    where = {
        "period": data.draw(st.sampled_from([None, *(name for name in names if names.count(name) == 1)])),
        "segment": data.draw(
            st.sampled_from([None, *(sorted(map(whole.segment, whole.events)) if asked["by"] else [])])
        ),
        "event": data.draw(st.sampled_from([None, *sorted({event.name for event in small.events})])),
    }
    new = data.draw(st.booleans())
    said = {name: value for name, value in where.items() if value is not None} | ({"new": True} if new else {})
    assert found.units(**said).tolist() == oracle.who(whole, asked["every"], **where, new=new)


@effort(40)
@given(questions())
def test_cutting_into_blocks_anywhere_changes_nothing(question: tuple[Small, dict[str, Any]]) -> None:
    small, asked = question
    blocks_change_nothing(lambda log: overview(log, **asked), small)


@effort(30)
@given(questions(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(question: tuple[Small, dict[str, Any]], chance: random.Random) -> None:
    small, asked = question
    if asked["by"] in ("item", "amount"):  # which of several simultaneous events is a user's first decides a segment
        asked = {**asked, "by": None}
    order_of_rows_changes_nothing(lambda log: overview(log, **asked), small, chance)


@effort(30)
@given(questions())
def test_doubling_the_users_doubles_counts_and_changes_no_rate(question: tuple[Small, dict[str, Any]]) -> None:
    small, asked = question
    once, twice = (overview(one.log(2), **asked) for one in (small, small.doubled()))
    counts = ("users", "new_users", "events", "users_7d", "users_30d")
    for name in ("periods", "weeks", "months", "stickiness", "events"):
        expected = [row | {one: 2 * row[one] for one in counts if one in row} for row in rows_of(once.tables[name])]
        check(twice.tables[name], expected)
    doubling = {"users", "events", "mean_daily_users", "mean_weekly_users", "mean_monthly_users"}
    for row, more in zip(rows_of(once.tables["summary"]), rows_of(twice.tables["summary"]), strict=True):
        if row["measure"] == "p90_events_per_user" or row["value"] is None:
            continue  # a quantile that interpolates lies between other neighbours in a doubled list
        assert more["value"] == pytest.approx(row["value"] * (2 if row["measure"] in doubling else 1))


@effort(30)
@given(questions(zones=STEADY), st.integers(-8, 8))
def test_whole_weeks_later_only_the_dates_differ(question: tuple[Small, dict[str, Any]], weeks: int) -> None:
    small, asked = question
    if asked["every"] not in ("1h", "12h", "1d", "1w"):
        return  # other periods do not begin again after any number of weeks
    us = weeks * 7 * DAY
    now, later = (overview(one.log(2), **asked) for one in (small, small.moved(us)))
    for name in ("periods", "weeks", "stickiness", "events"):
        kept = [column for column in now.tables[name].columns if column != "period"]
        moved = [
            row | ({"start": row["start"] + us} if "start" in row else {}) for row in rows_of(now.tables[name][kept])
        ]
        check(later.tables[name][kept], moved)


@effort(50)
@given(questions(), blocks())
def test_everybody_is_new_once_and_every_event_counts_once(question: tuple[Small, dict[str, Any]], size: int) -> None:
    small, asked = question
    found = overview(small.log(size), **asked)
    users = {event.user for event in small.events}
    for name in ("periods", "weeks", "months"):
        rows = rows_of(found.tables[name])
        assert sum(row["new_users"] for row in rows) == len(users)
        assert sum(row["events"] for row in rows) == len(small.events)
        assert all(row["new_users"] <= row["users"] <= row["events"] for row in rows)
    for row in rows_of(found.tables["stickiness"]):
        assert row["users"] <= row["users_7d"] <= row["users_30d"] <= len(users)


@effort(60)
@given(questions(), blocks(), st.data())
def test_a_view_answers_as_a_log_of_its_rows(
    question: tuple[Small, dict[str, Any]], size: int, data: st.DataObject
) -> None:
    small, asked = question
    view, kept = data.draw(views(small, small.log(size)))
    found = overview(view, **asked)
    compare(found, known(kept.events, small.zone, view.start, view.as_of, asked["by"]), asked["every"])


def test_an_empty_view_says_so() -> None:
    events = tuple(Event("u", name, row * DAY, {"item": "x", "amount": 1.0}) for row, name in enumerate(NAMES))
    log = Small("UTC", events, {}).log()
    for by in (None, "item"):
        found = overview(log.where("amount", ">", 99), by=by)
        compare(found, known((), "UTC", log.start, log.as_of, by), "1d")
        check_words(found)


def test_a_time_before_the_log_is_refused() -> None:
    log = Small("UTC", (Event("u", "a", 0, {"item": "x", "amount": 1.0}),), {}).log()
    with pytest.raises(InputError, match="as_of"):
        overview(log, as_of="1969-12-31")

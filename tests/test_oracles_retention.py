"""``retention`` against its oracle and its own symmetries, on logs that Hypothesis invents."""

from __future__ import annotations

import random
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.core.errors import InputError
from dangol.core.result import Result
from dangol.log.eventlog import EventLog
from dangol.questions.retention import retention
from tests.oracles import check, check_words, periods, rows_of, wilson
from tests.oracles.properties import blocks_change_nothing, order_of_rows_changes_nothing
from tests.oracles.retention import Asked, Cell, average, cells, table
from tests.oracles.strategies import DAY, HOUR, LONG_GAPS, NAMES, STEADY, ZONES, Small, blocks, effort, logs, views

WHOLE_HOURS = tuple(zone for zone in ZONES if zone != "Australia/Lord_Howe")
QUICK_GAPS = (0, 1, HOUR, 11 * HOUR, 12 * HOUR, 12 * HOUR + 1, DAY, DAY + HOUR, 3 * DAY)
SLOW_GAPS = (0, 1, DAY, 7 * DAY, 27 * DAY, 31 * DAY, 92 * DAY, 364 * DAY)
PERIODS = [
    *(("12h", QUICK_GAPS), ("1d", QUICK_GAPS), ("2d", LONG_GAPS[:9]), ("1w", LONG_GAPS), ("2w", LONG_GAPS)),
    *(("1mo", SLOW_GAPS), ("1q", SLOW_GAPS), ("1y", SLOW_GAPS)),
]
KEY = ("segment", "cohort", "period")


@st.composite
def questions(draw: st.DrawFn, zones: tuple[str, ...] = ZONES, distinct: bool = False) -> tuple[Small, Asked]:
    """Draw a log and what to ask of it."""
    every, gaps = draw(st.sampled_from(PERIODS))
    small = draw(
        logs(gaps, tuple(zone for zone in zones if every != "12h" or zone in WHOLE_HOURS), most=6, distinct=distinct)
    )
    names = sorted({event.name for event in small.events})
    counting = draw(st.sampled_from(("on", "on-or-after")))
    return small, Asked(
        every=every,
        start=draw(st.sampled_from((None, *names))),
        event=draw(st.sampled_from((None, *names))),
        counting=counting,
        cohorts=draw(st.sampled_from(("first", "recurring"))),
        periods="calendar" if every in ("1mo", "1q", "1y") else draw(st.sampled_from(("calendar", "rolling"))),
        brackets=None
        if counting != "on"
        else draw(st.sampled_from((None, None, (1, 3, 7), (0, 1, 2), (0, 3), (2, 3)))),
        by=draw(st.sampled_from((None, None, "country", "age", "item", "amount"))),
    )


def ask(log: EventLog, asked: Asked, **more: Any) -> Result:
    return retention(log, **asdict(asked), **more)


def triangle(found: list[Cell], asked: Asked) -> list[dict[str, Any]]:
    """A row per cohort, a column per slot, NaN where there is no cell; n as in the first."""
    slots = sorted({(cell.low, cell.high) for cell in found})
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for cell in found:
        head = {"segment": cell.segment} if asked.by else {}
        blank = {_column(low, high): None for low, high in slots}
        row = rows.setdefault(
            (cell.segment, cell.cohort), {**head, "cohort": cell.cohort, "n": len(cell.members), **blank}
        )
        row[_column(cell.low, cell.high)] = len(cell.back) / len(cell.members)
    return list(rows.values())


def _column(low: int, high: int) -> str:
    return str(low) if high == low + 1 else f"{low}-{high - 1}"


def compare(found: Result, expected: list[Cell], asked: Asked) -> None:
    """Every table."""
    key = KEY if asked.by else KEY[1:]
    check(found.table, table(expected, asked), ordered=False, key=key)
    check(
        found.tables["average"], average(expected, asked), ordered=False, key=[name for name in key if name != "cohort"]
    )
    check(
        found.tables["triangle"],
        triangle(expected, asked),
        ordered=False,
        key=[name for name in key if name != "period"],
    )


@effort(150)
@given(questions(), blocks(), st.data())
def test_every_cell_equals_the_oracle(question: tuple[Small, Asked], size: int, data: st.DataObject) -> None:
    small, asked = question
    log = small.log(size)
    marks = [event.time for event in small.events]
    marks += [one.end for one in periods(asked.every, small.zone, log.start, log.end)[:3]] + [log.as_of + 30 * DAY]
    as_of = data.draw(st.sampled_from([None, *(mark for mark in sorted(set(marks)) if mark > log.start)]), "as_of")
    found = ask(log, asked, as_of=None if as_of is None else small.local(as_of))
    compare(found, cells(small.events, small.zone, as_of or log.as_of, log.start, asked), asked)
    check_words(found)


@effort(60)
@given(questions(), blocks(), st.data())
def test_the_users_behind_a_cell(question: tuple[Small, Asked], size: int, data: st.DataObject) -> None:
    small, asked = question
    log = small.log(size)
    found, expected = ask(log, asked), cells(small.events, small.zone, log.as_of, log.start, asked)
    if not expected:
        return
    cell = data.draw(st.sampled_from(expected), "cell")
    where: dict[str, Any] = {"cohort": cell.cohort, "period": cell.low}
    same = [one for one in expected if (one.cohort, one.low) == (cell.cohort, cell.low)]
    if asked.by and data.draw(st.booleans(), "segment"):
        where["segment"] = cell.segment
        same = [cell]
    back = {entry.user for one in same for entry in one.back}
    away = {entry.user for one in same for entry in one.members} - back
    assert found.units(**where).tolist() == sorted(back)
    assert found.units(**where, returned=True).tolist() == sorted(back)
    assert found.units(**where, returned=False).tolist() == sorted(away)


@effort(40)
@given(questions())
def test_cutting_into_blocks_anywhere_changes_nothing(question: tuple[Small, Asked]) -> None:
    small, asked = question
    blocks_change_nothing(lambda log: ask(log, asked), small)


@effort(30)
@given(questions(distinct=True), st.randoms(use_true_random=False))
def test_the_order_of_rows_at_different_times_changes_nothing(
    question: tuple[Small, Asked], chance: random.Random
) -> None:
    small, asked = question
    order_of_rows_changes_nothing(lambda log: ask(log, asked), small, chance)


@effort(30)
@given(questions())
def test_doubling_the_users_doubles_counts_and_changes_no_rate(question: tuple[Small, Asked]) -> None:
    small, asked = question
    once, twice = (ask(one.log(2), asked) for one in (small, small.doubled()))
    for name in ("cohorts", "average", "triangle"):
        expected = []
        for row in rows_of(once.tables[name]):
            more = row | {"n": 2 * row["n"]}
            if name != "triangle":
                more["users"] = 2 * row["users"]
                more["lower"], more["upper"] = wilson(more["users"], more["n"])
            expected.append(more)
        check(twice.tables[name], expected)


@effort(30)
@given(questions(zones=STEADY), st.integers(-8, 8))
def test_whole_weeks_later_only_the_names_differ(question: tuple[Small, Asked], weeks: int) -> None:
    small, asked = question
    if asked.every not in ("12h", "1d", "1w"):
        return  # other periods do not begin again after any number of weeks
    now, later = (ask(one.log(2), asked) for one in (small, small.moved(weeks * 7 * DAY)))
    for name in now.tables:
        kept = [[column for column in one.tables[name].columns if column != "cohort"] for one in (now, later)]
        check(later.tables[name][kept[1]], rows_of(now.tables[name][kept[0]]))


@effort(50)
@given(questions())
def test_on_or_after_is_never_less_than_on_and_never_rises(question: tuple[Small, Asked]) -> None:
    small, asked = question
    asked = Asked(**{**asdict(asked), "brackets": None})
    log = small.log(2)
    on, after = (ask(log, Asked(**{**asdict(asked), "counting": counting})) for counting in ("on", "on-or-after"))
    last: dict[str, Any] = {}
    for row, more in zip(rows_of(on.table), rows_of(after.table), strict=True):
        assert {name: row[name] for name in ("cohort", "n", "period")} == {
            name: more[name] for name in ("cohort", "n", "period")
        }
        assert row["users"] <= more["users"] <= more["n"]
        cohort = (row.get("segment"), row["cohort"])
        if asked.periods == "calendar" and cohort in last:
            assert more["users"] <= last[cohort]
        last[cohort] = more["users"]


@effort(40)
@given(questions())
def test_the_cohorts_hold_every_starter_once(question: tuple[Small, Asked]) -> None:
    small, asked = question
    asked = Asked(**{**asdict(asked), "cohorts": "first", "periods": "calendar", "by": None})
    log = small.log(2)
    found = rows_of(ask(log, asked).table)
    starters = {event.user for event in small.events if asked.start in (None, event.name)}
    assert sum(row["n"] for row in found if row["period"] == min(one["period"] for one in found)) == len(starters)


@effort(60)
@given(questions(), blocks(), st.data())
def test_a_view_answers_as_a_log_of_its_rows(question: tuple[Small, Asked], size: int, data: st.DataObject) -> None:
    small, asked = question
    view, kept = data.draw(views(small, small.log(size)))
    found = ask(view, asked)
    compare(found, cells(kept.events, small.zone, view.as_of, view.start, asked), asked)


def test_an_empty_view_has_no_cohorts_and_says_so() -> None:
    small = Small("UTC", (), {})
    log = Small("UTC", tuple(_events()), {}).log()
    for options in (
        Asked(),
        Asked(periods="rolling"),
        Asked(by="item"),
        Asked(brackets=(1, 2)),
        Asked(cohorts="recurring"),
    ):
        found = ask(log.where("amount", ">", 99), options)
        compare(found, cells(small.events, "UTC", log.as_of, log.start, options), options)
        check_words(found)


def _events() -> list[Any]:
    from tests.oracles import Event

    return [Event("u", name, time * DAY, {"item": "x", "amount": 1.0}) for time, name in enumerate(NAMES)]


def test_a_time_before_the_log_is_refused() -> None:
    with pytest.raises(InputError, match="as_of"):
        retention(Small("UTC", tuple(_events()), {}).log(), as_of="1969-12-31")

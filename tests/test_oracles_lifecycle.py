"""``lifecycle`` against its oracle and its own identities, on logs that Hypothesis invents."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.core.errors import InputError
from dangol.core.result import Result
from dangol.log.eventlog import EventLog
from dangol.questions.lifecycle import lifecycle
from dangol.questions.overview import overview
from dangol.questions.retention import retention
from tests.oracles import Event, check, check_words, periods, rows_of, wilson
from tests.oracles import lifecycle as oracle
from tests.oracles.lifecycle import STATES, Known, known
from tests.oracles.properties import blocks_change_nothing, doubled, moments, order_of_rows_changes_nothing
from tests.oracles.strategies import DAY, HOUR, LONG_GAPS, NAMES, ZONES, Small, blocks, busy, effort, logs, turns, views

Asked = dict[str, Any]

QUICK_GAPS = (0, 1, HOUR, 12 * HOUR, DAY - 1, DAY, DAY + HOUR, 3 * DAY)
SLOW_GAPS = (0, 1, DAY, 27 * DAY, 31 * DAY, 92 * DAY, 364 * DAY)
WHOLE_HOURS = tuple(zone for zone in ZONES if zone != "Australia/Lord_Howe")
PERIODS = (
    *(("12h", QUICK_GAPS), ("1d", QUICK_GAPS), ("2d", QUICK_GAPS), ("1w", LONG_GAPS), ("2w", LONG_GAPS)),
    *(("1mo", SLOW_GAPS), ("1q", SLOW_GAPS), ("1y", SLOW_GAPS)),
)


@st.composite
def questions(draw: st.DrawFn, distinct: bool = False) -> tuple[Small, Asked]:
    """Draw a log and what to ask of it."""
    every, gaps = draw(st.sampled_from(PERIODS))
    small = draw(logs(gaps, WHOLE_HOURS if every == "12h" else ZONES, most=7, distinct=distinct))
    if draw(st.booleans()):
        small = small.starting(draw(st.sampled_from(turns(small.zone))))
    event = draw(st.sampled_from((None, *sorted({event.name for event in small.events}))))
    return small, {
        "every": every,
        "event": event,
        "by": draw(st.sampled_from((None, None, "country", "age", "item", "amount"))),
    }


def expected(small: Small, log: EventLog, asked: Asked, as_of: int | None = None) -> Known:
    return known(small.events, small.zone, log.start, as_of or log.as_of, **asked)


def compare(found: Result, log: Known) -> None:
    """Every table."""
    check(found.table, oracle.table(log))
    measures = oracle.summary(log) if log.users else {}
    check(found.tables["summary"], [{"measure": name, "value": value} for name, value in measures.items()])
    check_words(found)


@effort(150)
@given(questions(), blocks(), st.data())
def test_every_table_equals_the_oracle(question: tuple[Small, Asked], size: int, data: st.DataObject) -> None:
    small, asked = question
    log = small.log(size)
    ends = [one.end for one in periods(asked["every"], small.zone, log.start, log.end)[:3]]
    as_of = data.draw(moments(small, log, [*ends, log.as_of + 40 * DAY]), "as_of")
    found = lifecycle(log, **asked, as_of=None if as_of is None else small.local(as_of))
    compare(found, expected(small, log, asked, as_of))


@effort(12)
@given(st.integers(0, 10_000), st.sampled_from(("1d", "1w")), st.sampled_from((None, "item", "age")))
def test_a_crowd(seed: int, every: str, by: str | None) -> None:
    small = busy(seed, 60, 40)
    asked = {"every": every, "event": None, "by": by}
    log = small.log(100)
    compare(lifecycle(log, **asked), expected(small, log, asked))


@effort(80)
@given(questions(), blocks(), st.data())
def test_the_users_behind_a_number(question: tuple[Small, Asked], size: int, data: st.DataObject) -> None:
    small, asked = question
    log = small.log(size)
    found, whole = lifecycle(log, **asked), expected(small, log, asked)
    names = [span.name for span in whole.spans]
    place = data.draw(st.sampled_from([place for place, name in enumerate(names) if names.count(name) == 1]))
    for segment in (None, *(whole.segments if asked["by"] else ())):
        more = {} if segment is None else {"segment": segment}
        for state in (*STATES, "active"):
            listed = found.units(period=names[place], state=state, **more).tolist()
            assert listed == oracle.who(whole, place, state, segment)


@effort(40)
@given(questions())
def test_cutting_into_blocks_anywhere_changes_nothing(question: tuple[Small, Asked]) -> None:
    small, asked = question
    blocks_change_nothing(lambda log: lifecycle(log, **asked), small)


@effort(30)
@given(questions(distinct=True), st.randoms(use_true_random=False))
def test_the_order_of_rows_at_different_times_changes_nothing(
    question: tuple[Small, Asked], chance: random.Random
) -> None:
    small, asked = question
    order_of_rows_changes_nothing(lambda log: lifecycle(log, **asked), small, chance)


@effort(30)
@given(questions())
def test_doubling_the_users_doubles_counts_and_changes_no_rate(question: tuple[Small, Asked]) -> None:
    small, asked = question
    once, twice = (lifecycle(one.log(2), **asked) for one in (small, small.doubled()))
    rows = doubled(rows_of(once.table), ("users", *STATES))
    for before, row in zip([{}, *rows], rows, strict=False):
        if row["return_rate"] is not None:
            row["lower"], row["upper"] = wilson(row["returning"], before["users"])
    check(twice.table, rows)
    more = {"mean_users", "net_change"}
    for row, other in zip(rows_of(once.tables["summary"]), rows_of(twice.tables["summary"]), strict=True):
        if row["value"] is not None:
            assert other["value"] == pytest.approx(row["value"] * (2 if row["measure"] in more else 1))


@effort(60)
@given(questions())
def test_every_user_is_accounted_for(question: tuple[Small, Asked]) -> None:
    small, asked = question
    rows = rows_of(lifecycle(small.log(2), **asked).table)
    counted = {event.user for event in small.events if asked["event"] in (None, event.name)}
    assert sum(row["new"] for row in rows) == len(counted)
    for row in rows:
        assert row["users"] == row["new"] + row["returning"] + row["resurrected"]
    for before, row in pairwise(rows):
        if before.get("segment") == row.get("segment"):
            assert row["dormant"] == before["users"] - row["returning"]


@effort(60)
@given(questions(), blocks(), st.data())
def test_a_view_answers_as_a_log_of_its_rows(question: tuple[Small, Asked], size: int, data: st.DataObject) -> None:
    small, asked = question
    view, kept = data.draw(views(small, small.log(size)))
    compare(lifecycle(view, **asked), expected(kept, view, asked))


@effort(30)
@given(questions(), blocks())
def test_overview_and_retention_say_the_same(question: tuple[Small, Asked], size: int) -> None:
    small, asked = question
    log, every = small.log(size), asked["every"]
    rows = rows_of(lifecycle(log, every=every).table)
    seen = rows_of(overview(log, every=every).table)
    assert [(row["start"], row["users"], row["new"]) for row in rows] == [
        (row["start"], row["users"], row["new_users"]) for row in seen
    ]
    firsts = {row["cohort"]: row["n"] for row in rows_of(retention(log, every=every).table)}
    assert {name: sum(row["new"] for row in rows if row["period"] == name) for name in firsts} == firsts


def test_an_empty_view_says_so() -> None:
    events = tuple(Event("u", name, row * DAY, {"item": "x", "amount": 1.0}) for row, name in enumerate(NAMES))
    log = Small("UTC", events, {}).log()
    for by in (None, "item"):
        asked = {"every": "1d", "event": None, "by": by}
        found = lifecycle(log.where("amount", ">", 99), **asked)
        assert not sum(row["users"] for row in rows_of(found.table))
        check_words(found)


def test_a_time_before_the_log_is_refused() -> None:
    log = Small("UTC", (Event("u", "a", 0, {"item": "x", "amount": 1.0}),), {}).log()
    with pytest.raises(InputError, match="as_of"):
        lifecycle(log, as_of="1969-12-31")

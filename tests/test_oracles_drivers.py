"""``drivers`` against its oracle and its own symmetries, on logs that Hypothesis invents."""

from __future__ import annotations

import random
from dataclasses import asdict, replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.core.errors import InputError
from dangol.core.result import Result
from dangol.log.eventlog import EventLog
from dangol.questions.drivers import drivers
from tests.oracles import NONE, Event, Row, alike, check_words, plain, rows_of
from tests.oracles import drivers as oracle
from tests.oracles.drivers import Asked, User, users
from tests.oracles.properties import blocks_change_nothing, moments, order_of_rows_changes_nothing
from tests.oracles.strategies import DAY, HOUR, NAMES, Small, blocks, busy, effort, logs, views

GAPS = (0, 1, HOUR, DAY - 1, DAY, DAY + 1, 2 * DAY, 7 * DAY - 1, 7 * DAY)
DRIVERS = ("event", "count", "days", "n", "users", "rate", "lower", "upper", "other_rate", "difference", "lift")
DRIVERS += ("recall", "phi", "q", "adjusted_difference", "adjusted_q", "evidence")
RANKS = ("holds", "activity", "none")


@st.composite
def questions(draw: st.DrawFn, distinct: bool = False) -> tuple[Small, Asked]:
    """Draw a small log, or a little service with many users, and what to ask of it."""
    if draw(st.booleans()) and not distinct:
        small = busy(draw(st.integers(0, 1000)), draw(st.sampled_from((12, 40))), 12, (*NAMES, "a", "a", "b"))
        least = draw(st.sampled_from((1, 3, 10)))
    else:
        small = draw(logs(GAPS, distinct=distinct))
        least = 1
    names = sorted({event.name for event in small.events})
    within, days = draw(
        st.sampled_from((("1d", None), ("36h", (1,)), ("2d", None), ("3d", (1, 3)), ("3d", (2,)), ("7d", None)))
    )
    asked = Asked(
        within=within,
        horizon=draw(st.sampled_from(("1d", "2d", "90m", "7d"))),
        counts=draw(st.sampled_from(((1,), (1, 2), (1, 2, 3, 5, 10), (2, 4)))),
        days=days,
        start=draw(st.sampled_from((None, None, *names))),
        least=least,
        rate=draw(st.sampled_from((0.05, 0.5))),
    )
    kind = draw(st.sampled_from(("back", "event", "segment")))
    if kind == "event":
        asked = replace(asked, outcome=draw(st.sampled_from(names)))
    if kind == "segment":
        values = sorted({event.values["country"] or NONE for event in small.events})
        asked = replace(asked, segment=("country", draw(st.sampled_from(values))))
    others = [name for name in names if name not in (asked.outcome, asked.start)]
    if others and draw(st.booleans()):
        asked = replace(asked, behaviours=tuple(draw(st.lists(st.sampled_from(others), min_size=1, unique=True))))
    return small, asked


def ask(log: EventLog, asked: Asked, as_of: str | None = None) -> Result:
    given = asdict(asked)
    if asked.segment:
        del given["horizon"]
    return drivers(log, **given, as_of=as_of)


def answerable(small: Small, asked: Asked) -> bool:
    """Whether there is an event that may be a behaviour."""
    return bool({event.name for event in small.events} - {asked.outcome, asked.start})


def compare(found: Result, people: list[User], asked: Asked) -> None:
    """Both tables."""
    cells = oracle.grid(people, asked)
    grid = rows_of(found.tables["grid"])
    by_name = {_name(row): row for row in grid}
    assert len(grid) == len(by_name) == len(cells)
    for cell in cells:
        row = by_name[_name(cell)]
        _same(row, {name: value for name, value in cell.items() if name in row})
        assert set(DRIVERS) - {"evidence"} <= set(row)
    best = {cell["event"]: cell for cell in oracle.best(cells)}
    rows = rows_of(found.table)
    assert sorted(row["event"] for row in rows) == sorted(best)
    for row in rows:
        assert tuple(row) == DRIVERS
        _same(row, {name: best[row["event"]][name] for name in DRIVERS})
    ranks = [(RANKS.index(row["evidence"]), -abs(row["adjusted_difference"] or 0)) for row in rows]
    assert all(before <= (after[0], after[1] + 1e-9) for before, after in pairwise(ranks))
    check_words(found)


def _name(row: Row) -> tuple[str, int, int]:
    return row["event"], row["count"], row["days"]


def _same(row: Row, wanted: Row) -> None:
    for name, value in wanted.items():
        assert alike(row[name], value), f"{name}: found {row[name]!r}, expected {value!r}\n{row}\n{wanted}"


@effort(120)
@given(questions(), blocks(), st.data())
def test_every_table_equals_the_oracle(question: tuple[Small, Asked], size: int, data: st.DataObject) -> None:
    small, asked = question
    log = small.log(size)
    marks = [event.time + days * DAY for event in small.events[:3] for days in (2, 3, 4, 9, 14)]
    as_of = data.draw(moments(small, log, [*marks, log.as_of + 7 * DAY, log.as_of + 40 * DAY]), "as_of")
    if not answerable(small, asked):
        return
    found = ask(log, asked, None if as_of is None else small.local(as_of))
    compare(found, users(small.events, as_of or log.as_of, asked), asked)


@pytest.mark.parametrize("seed", range(8))  # in some crowds of 160 users chance hides what matters
def test_a_behaviour_that_matters_and_one_that_busy_users_do(seed: int) -> None:
    chance = random.Random(seed)
    events: list[Event] = []
    values = {"item": "x", "amount": 1.0, "country": None, "age": None}
    for number in range(160):
        eager, helped = chance.random() < 0.5, chance.random() < 0.5
        names = ["a", *(["b"] if helped else []), *(["c"] * chance.randint(0, 8 if eager else 1))]
        for name in names:
            time = chance.randrange(48) * HOUR if name != "a" else 0
            events.append(Event(f"u{number:03d}", name, time, values))
        if chance.random() < 0.1 + 0.5 * helped + 0.3 * eager:
            events.append(Event(f"u{number:03d}", "d", 3 * DAY, values))
    small = Small("UTC", tuple(events), {})
    asked = Asked(outcome="d", within="2d", horizon="7d", counts=(1, 3), start="a")
    found = ask(small.log(50), asked, "1970-02-01")
    compare(found, users(small.events, 31 * DAY, asked), asked)
    assert {row["event"]: row["evidence"] for row in rows_of(found.table)}["b"] == "holds"


@effort(60)
@given(questions(), blocks(), st.data())
def test_the_users_behind_a_cell(question: tuple[Small, Asked], size: int, data: st.DataObject) -> None:
    small, asked = question
    log = small.log(size)
    if not answerable(small, asked):
        return
    as_of = log.as_of + 10 * DAY
    found, people = ask(log, asked, small.local(as_of)), users(small.events, as_of, asked)
    names = oracle.behaviours(people, asked)
    where: dict[str, Any] = {}
    cell, exposed = None, None
    if names and data.draw(st.booleans(), "cell"):
        days = asked.days or [one for one in oracle.DAYS if one * DAY <= oracle.length(asked.within)]
        cell = (
            data.draw(st.sampled_from(names)),
            data.draw(st.sampled_from(asked.counts)),
            data.draw(st.sampled_from(days)),
        )
        where |= dict(zip(("event", "count", "days"), cell, strict=True))
        exposed = data.draw(st.booleans(), "exposed")
        if not exposed:
            where["exposed"] = False
    outcome = data.draw(st.sampled_from((None, True, False)), "outcome")
    if outcome is not None:
        where["outcome"] = outcome
    assert found.units(**where).tolist() == oracle.who(people, cell, exposed, outcome)


@effort(40)
@given(questions())
def test_cutting_into_blocks_anywhere_changes_nothing(question: tuple[Small, Asked]) -> None:
    small, asked = question
    if answerable(small, asked):
        blocks_change_nothing(lambda log: ask(log, asked, small.local(log.as_of + 10 * DAY)), small)


@effort(30)
@given(questions(distinct=True), st.randoms(use_true_random=False))
def test_the_order_of_rows_at_different_times_changes_nothing(
    question: tuple[Small, Asked], chance: random.Random
) -> None:
    small, asked = question
    if answerable(small, asked):
        order_of_rows_changes_nothing(lambda log: ask(log, asked, small.local(log.as_of + 10 * DAY)), small, chance)


@effort(40)
@given(questions())
def test_doubling_the_users_doubles_counts_and_changes_no_rate(question: tuple[Small, Asked]) -> None:
    small, asked = question
    if not answerable(small, asked):
        return
    as_of = small.log().as_of + 10 * DAY
    twice = small.doubled()
    once = ask(small.log(2), asked, small.local(as_of))
    double = ask(twice.log(2), replace(asked, least=2 * asked.least), small.local(as_of))
    rows, more = (sorted(rows_of(one.tables["grid"]), key=_name) for one in (once, double))
    kept = (
        "event",
        "count",
        "days",
        "rate",
        "other_rate",
        "difference",
        "lift",
        "recall",
        "phi",
        "adjusted_difference",
    )
    assert len(rows) == len(more)
    for row, other in zip(rows, more, strict=True):
        _same(other, {name: row[name] for name in kept} | {name: 2 * row[name] for name in ("n", "users")})
        assert other["p"] <= row["p"] + 1e-9
        assert other["adjusted_p"] <= row["adjusted_p"] + 1e-9


@effort(60)
@given(questions(), blocks(), st.data())
def test_a_view_answers_as_a_log_of_its_rows(question: tuple[Small, Asked], size: int, data: st.DataObject) -> None:
    small, asked = question
    view, kept = data.draw(views(small, small.log(size)))
    if not answerable(small, asked):
        return
    compare(ask(view, asked), users(kept.events, view.as_of, asked), asked)
    later = small.local(view.as_of + 9 * DAY)
    compare(ask(view, asked, later), users(kept.events, view.as_of + 9 * DAY, asked), asked)


@effort(30)
@given(questions())
def test_the_other_value_of_two_turns_every_difference_round(question: tuple[Small, Asked]) -> None:
    small, asked = question
    asked = replace(asked, outcome=None)
    people = {user: {**values, "country": values["country"] or "US"} for user, values in small.people.items()}
    events = tuple(
        replace(event, values={**event.values, "country": people[event.user]["country"]}) for event in small.events
    )
    small = replace(small, events=events, people=people)
    if {event.values["country"] for event in events} != {"KR", "US"} or not answerable(small, asked):
        return
    first, second = (
        sorted(rows_of(ask(small.log(2), replace(asked, segment=("country", one))).tables["grid"]), key=_name)
        for one in ("KR", "US")
    )
    for row, other in zip(first, second, strict=True):
        for name in ("difference", "phi", "adjusted_difference"):
            assert alike(plain(other[name]), None if row[name] is None else -row[name])
        _same(other, {name: row[name] for name in ("n", "p", "q", "adjusted_p", "adjusted_q")})


def test_an_empty_view_says_so() -> None:
    found = drivers(busy(1, 5, 10).log().where("amount", ">", 99))
    assert not len(found.table)
    check_words(found)


def test_a_time_before_the_log_is_refused() -> None:
    with pytest.raises(InputError, match="as_of"):
        drivers(busy(1, 5, 10).log(), as_of="1969-12-31")

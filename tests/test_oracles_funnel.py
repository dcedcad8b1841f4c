"""``funnel`` against its oracle, which tries every attempt, and against its own symmetries."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.core.result import Result
from dangol.log.eventlog import EventLog
from dangol.questions.funnel import funnel
from tests.oracles import Event, check, check_words, rows_of, wilson
from tests.oracles import funnel as oracle
from tests.oracles.funnel import Asked, Entrant
from tests.oracles.properties import blocks_change_nothing, order_of_rows_changes_nothing
from tests.oracles.strategies import (
    DAY,
    HOUR,
    MINUTE,
    NAMES,
    SECOND,
    STEADY,
    Small,
    blocks,
    crowd,
    effort,
    logs,
    views,
)

GAPS = (0, 0, 1, SECOND, SECOND, SECOND, 10 * MINUTE, 10 * MINUTE, 30 * MINUTE, 30 * MINUTE + 1, HOUR)
WINDOWS = ("14d", "14d", "14d", "2h", "2h", "1h", "30m", "10m", "1s", "1us")
EVENTS = ("a", "a", "a", "b", "b", "b", "c", "c", "c", "x")
BY = (None, None, "country", "age", "item", "amount")
REFINEMENTS = ("same", "repeats", "ties", "step_within", "optional", "exclude", "strict")


@st.composite
def questions(draw: st.DrawFn, any_order: bool = True, **options: Any) -> tuple[Small, Asked]:
    """Draw a log and what to ask of it: any option with any other that goes with it, but seldom many at once."""
    small = draw(logs(**{"gaps": GAPS, "names": EVENTS, "least": draw(st.sampled_from((5, 0))), "most": 10, **options}))
    names = sorted({event.name for event in small.events})
    unit, by = draw(st.sampled_from(("user", "user", "session"))), draw(st.sampled_from(BY))
    chosen = [name for name in REFINEMENTS if draw(st.sampled_from((False, False, True)))]
    asked = Asked(
        (),
        within=draw(st.sampled_from(WINDOWS)),
        unit=unit,
        gap=draw(st.sampled_from(("30m", "1h", "1s"))) if unit == "session" else "30m",
        same=draw(st.sampled_from(("item", "item", "amount", "country"))) if "same" in chosen else None,
        by=by,
        attribution=draw(st.sampled_from(("first", "last"))) if by in ("item", "amount") else "first",
    )
    if any_order and draw(st.sampled_from((False, False, False, True))):
        asked = replace(asked, order="any", steps=draw(_different(names)))
    else:
        asked = draw(_ordered(asked, names, chosen))
    free = [name for name in names if not any(name in step for step in asked.steps)]
    return small, replace(asked, exclude=tuple(name for name in free if "exclude" in chosen))


@st.composite
def _different(draw: st.DrawFn, names: list[str]) -> tuple[tuple[str, ...], ...]:
    """Steps that share no event."""
    shuffled = draw(st.permutations(names))
    steps = [(name,) for name in shuffled[: draw(st.integers(min(2, len(names)), len(names)))]]
    if len(names) > len(steps) and draw(st.booleans()):
        steps[0] = (*steps[0], shuffled[len(steps)])
    return tuple(steps)


@st.composite
def _ordered(draw: st.DrawFn, asked: Asked, names: list[str], chosen: list[str]) -> Asked:
    """Steps in order, the same event at several of them included, and the refinements that go with it."""
    single = st.sampled_from(names).map(lambda name: (name,))
    one = single | single | st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True).map(tuple)
    plain = [(name,) for name in ("a", "b", "c", "a") if name in names] or [(names[0],)]
    usual = st.sampled_from((plain[:3], plain, plain[:3], plain[:1]))
    steps = tuple(draw(st.one_of(usual, st.lists(one, min_size=2, max_size=4))))
    once = [place for place in range(1, len(steps)) if steps.count(steps[place]) == 1]
    optional = tuple(place for place in once if draw(st.booleans())) if "optional" in chosen else ()
    moves, limit = len(steps) - len(optional) - 1, st.sampled_from(WINDOWS[3:])
    step_within: Any = None
    if "step_within" in chosen and moves:
        step_within = draw(limit | st.lists(limit, min_size=moves, max_size=moves).map(tuple))
    return replace(
        asked,
        steps=steps,
        optional=optional,
        step_within=step_within,
        order="strict" if "strict" in chosen else "sequential",
        repeats="end" if "repeats" in chosen else "ignore",
        ties="increase" if "ties" in chosen else "allow",
    )


def options(asked: Asked) -> dict[str, Any]:
    """The options as ``funnel`` takes them."""
    written = ["|".join(step) for step in asked.steps]
    found = {name: getattr(asked, name) for name in Asked.__dataclass_fields__}
    return {**found, "steps": written, "optional": [written[place] for place in asked.optional]}


def ask(log: EventLog, asked: Asked, **more: Any) -> Result:
    return funnel(log, **options(asked), **more)


def compare(found: Result, units: list[Entrant], asked: Asked) -> None:
    """Every table."""
    segment = ["segment"] if asked.by else []
    check(found.table, oracle.steps(units, asked), ordered=False, key=[*segment, "step"])
    check(found.tables["times"], oracle.times(units, asked), ordered=False, key=[*segment, "step", "since"])
    late = found.tables["late"]
    some = late[late["users" if asked.unit == "user" else "sessions"] > 0]
    check(some, oracle.late(units, asked), ordered=False, key=[*segment, "step"])
    if asked.by:
        first = [row["segment"] for row in rows_of(found.table) if row["step"] == 1]
        sizes = [
            row["users" if asked.unit == "user" else "sessions"] for row in rows_of(found.table) if row["step"] == 1
        ]
        assert sizes == sorted(sizes, reverse=True)
        if len(set(sizes)) == len(sizes):  # else who stands first is a matter of taste
            pairs = found.tables["differences"]
            check(
                pairs[["segment_a", "n_a", "rate_a", "segment_b", "n_b", "rate_b", "difference"]],
                oracle.differences(units, asked),
            )
        assert len(found.tables["differences"]) == len(first) * (len(first) - 1) // 2


@effort(200)
@given(questions(), blocks(), st.data())
def test_every_table_equals_the_oracle(question: tuple[Small, Asked], size: int, data: st.DataObject) -> None:
    small, asked = question
    log = small.log(size)
    window = oracle.length(asked.within)
    marks = (
        {event.time for event in small.events} | {event.time + window for event in small.events} | {log.end + 30 * DAY}
    )
    as_of = data.draw(st.sampled_from([None, *sorted(mark for mark in marks if mark > log.start)]), "as_of")
    found = ask(log, asked, as_of=None if as_of is None else small.local(as_of))
    compare(found, oracle.entrants(small.events, as_of or log.as_of, asked), asked)
    check_words(found)


ABC = (("a",), ("b",), ("c",))
ALONE: list[dict[str, Any]] = [
    {},
    {"within": "30m"},
    {"order": "strict"},
    {"order": "any", "within": "30m"},
    {"order": "any", "exclude": ("x",)},
    {"order": "any", "same": "item", "within": "1h"},
    {"exclude": ("x",)},
    {"exclude": ("x",), "within": "1h", "steps": (("a",), ("b",), ("a",))},
    {"repeats": "end"},
    {"repeats": "end", "order": "strict"},
    {"repeats": "end", "steps": (("a",), ("b",), ("b",), ("c",))},
    {"repeats": "end", "steps": (("a", "b"), ("b", "c"), ("c", "a")), "ties": "increase"},
    {"ties": "increase"},
    {"ties": "increase", "within": "1s"},
    {"ties": "increase", "step_within": "1s", "steps": (("a",), ("b",), ("c",), ("a",))},
    {"step_within": "10m"},
    {"step_within": ("1s", "30m")},
    {"step_within": "1s", "exclude": ("x",), "within": "10m"},
    {"same": "item"},
    {"same": "item", "order": "strict"},
    {"same": "amount", "repeats": "end"},
    {"same": "item", "exclude": ("x",), "optional": (1,)},
    {"optional": (1,)},
    {"optional": (1, 2), "within": "30m"},
    {"optional": (2,), "ties": "increase"},
    {"optional": (1,), "order": "strict"},
    {"optional": (2,), "repeats": "end"},
    {"optional": (1,), "step_within": "10m", "exclude": ("x",)},
    {"unit": "session", "gap": "10m"},
    {"unit": "session", "gap": "10m", "exclude": ("x",), "optional": (1,)},
    {"unit": "session", "same": "item", "by": "item", "attribution": "last"},
    {"by": "amount", "attribution": "first"},
    {"by": "item", "attribution": "last"},
]


@pytest.mark.parametrize("refined", ALONE, ids=str)
def test_every_refinement_alone_for_many_users_at_once(refined: dict[str, Any]) -> None:
    small = crowd(ALONE.index(refined), 400, GAPS, ("a", "b", "c", "a", "b", "c", "x"))
    asked = Asked(**{"steps": ABC, **refined})
    log = small.log(500)
    amid = sorted(event.time for event in small.events)[len(small.events) * 2 // 3]  # some enter before, some after
    for as_of in (log.end + 20 * DAY, amid + oracle.length(asked.within)):
        units = oracle.entrants(small.events, as_of, asked)
        found = ask(log, asked, as_of=small.local(as_of))
        compare(found, units, asked)
        for place in range(len(asked.steps)):
            assert found.units(step=place + 1).tolist() == oracle.who(units, asked, place)


def test_a_held_value_is_the_best_of_its_values_in_long_histories_too() -> None:
    small = crowd(0, 80, GAPS, ("a", "b", "c", "x"), most=250)
    log, far = small.log(5000), small.local(max(event.time for event in small.events) + 20 * DAY)
    for within in ("1s", "10m", "1h"):
        ways = {"within": within, "as_of": far}
        held = funnel(log, ["a", "b", "c", "a"], same="item", **ways)
        each = [funnel(log.where("item", "==", value), ["a", "b", "c", "a"], **ways) for value in ("x", "y")]
        for step in (1, 2, 3, 4):
            users = {user for one in each for user in one.units(step=step)}
            assert held.units(step=step).tolist() == sorted(users)


@effort(60)
@given(questions(), blocks(), st.data())
def test_the_users_at_and_lost_at_every_step(question: tuple[Small, Asked], size: int, data: st.DataObject) -> None:
    small, asked = question
    asked = replace(asked, within=data.draw(st.sampled_from(("1s", "30m", "2h"))))
    log = small.log(size)
    found = ask(log, asked)
    units = oracle.entrants(small.events, log.as_of, asked)
    for place in range(len(asked.steps)):
        for late in (False, True):
            where: dict[str, Any] = {"step": place + 1, **({"late": True} if late else {})}
            assert found.units(**where).tolist() == oracle.who(units, asked, place, late=late)
            if place not in asked.optional and place != asked.required[-1] and not late:
                assert found.units(**where, lost=True).tolist() == oracle.who(units, asked, place, lost=True)
            for segment in oracle.segments(units, asked) if asked.by else []:
                own = [one for one in units if one.segment == segment]
                assert found.units(**where, segment=segment).tolist() == oracle.who(own, asked, place, late=late)


@effort(60)
@given(questions())
def test_cutting_into_blocks_anywhere_changes_nothing(question: tuple[Small, Asked]) -> None:
    small, asked = question
    blocks_change_nothing(lambda log: ask(log, asked), small)


@effort(40)
@given(questions(distinct=True), st.randoms(use_true_random=False))
def test_the_order_of_rows_at_different_times_changes_nothing(
    question: tuple[Small, Asked], chance: random.Random
) -> None:
    small, asked = question
    order_of_rows_changes_nothing(lambda log: ask(log, asked), small, chance)


@effort(40)
@given(questions())
def test_doubling_the_users_doubles_counts_and_changes_no_rate(question: tuple[Small, Asked]) -> None:
    small, asked = question
    count = "users" if asked.unit == "user" else "sessions"
    once, twice = (ask(one.log(2), asked) for one in (small, small.doubled()))
    n: dict[Any, int] = {row.get("segment"): row[count] for row in rows_of(once.table) if row["step"] == 1}
    expected = []
    for row in rows_of(once.table):
        lower, upper = wilson(2 * row[count], 2 * n[row.get("segment")])
        more = {"lower": lower, "upper": upper, "lost": 2 * row["lost"], count: 2 * row[count]}
        expected.append(row | more)
    unequal = ["lower_from_previous", "upper_from_previous"]
    kept = [{name: value for name, value in row.items() if name not in unequal} for row in expected]
    check(twice.table.drop(columns=unequal), kept)
    late = [row | {count: 2 * row[count]} for row in rows_of(once.tables["late"])]
    check(twice.tables["late"], late)


@effort(30)
@given(questions(zones=STEADY), st.integers(-30, 30))
def test_whole_weeks_later_nothing_differs(question: tuple[Small, Asked], weeks: int) -> None:
    small, asked = question
    now, later = (ask(one.log(2), asked) for one in (small, small.moved(weeks * 7 * DAY)))
    for name in now.tables:
        check(later.tables[name], rows_of(now.tables[name]))


@effort(80)
@given(questions())
def test_steps_never_grow_and_the_lost_are_the_difference(question: tuple[Small, Asked]) -> None:
    small, asked = question
    count = "users" if asked.unit == "user" else "sessions"
    table = rows_of(ask(small.log(2), asked).table)
    for segment in {row.get("segment") for row in table}:
        required = [row for row in table if row.get("segment") == segment and not row.get("optional", False)]
        assert oracle.falls(required, count)
        assert [row["lost"] for row in required[1:]] == [
            before[count] - after[count] for before, after in pairwise(required)
        ]
    in_all = rows_of(ask(small.log(2), replace(asked, by=None, attribution="first")).table)
    for step in in_all:
        assert step[count] == sum(row[count] for row in table if row["step"] == step["step"])


@effort(60)
@given(questions(any_order=False), st.sampled_from(WINDOWS))
def test_more_freedom_never_lowers_a_step(question: tuple[Small, Asked], within: str) -> None:
    small, asked = question
    asked = replace(asked, by=None, attribution="first", optional=(), step_within=None)
    count = "users" if asked.unit == "user" else "sessions"
    far = small.local(max(event.time for event in small.events) + 100 * DAY)  # nobody is late
    log = small.log(2)
    freer = [
        replace(asked, order="sequential"),
        replace(asked, exclude=()),
        replace(asked, same=None),
        replace(asked, ties="allow"),
        replace(asked, within="14d"),
    ]
    if asked.repeats == "ignore":  # with "end", a step done too soon may be the one that is repeated
        freer.append(replace(asked, steps=asked.steps[:-1] or asked.steps))
    here = [row[count] for row in rows_of(ask(log, asked, as_of=far).table)]
    for one in freer:
        if one.same is None and asked.same is not None and (asked.order == "strict" or asked.repeats == "end"):
            continue  # events of other values were no repeats
        if asked.repeats == "end" and one.ties != asked.ties:
            continue
        there = [row[count] for row in rows_of(ask(log, one, as_of=far).table)]
        assert all(a <= b for a, b in zip(here, there, strict=False)), one


@effort(80)
@given(questions(), blocks(), st.data())
def test_a_view_answers_as_a_log_of_its_rows(question: tuple[Small, Asked], size: int, data: st.DataObject) -> None:
    small, asked = question
    view, kept = data.draw(views(small, small.log(size)))
    compare(ask(view, asked), oracle.entrants(kept.events, view.as_of, asked), asked)


def test_an_empty_view_has_no_entrants_and_says_so() -> None:
    events = tuple(Event("u", name, row * SECOND, {"item": "x", "amount": 1.0}) for row, name in enumerate(NAMES))
    log = Small("UTC", events, {}).log()
    for asked in (
        Asked((("a",), ("b",))),
        Asked((("a",), ("b",)), order="any", by="item"),
        Asked((("a",),), unit="session"),
    ):
        found = ask(log.where("amount", ">", 99), asked)
        compare(found, [], asked)
        assert found.units(step=1).tolist() == []
        check_words(found)


@pytest.mark.parametrize(
    ("names", "steps", "level"),
    [("aabbcc", "abc", 3), ("adbc", "abc", 1), ("aabbdcc", "abc", 2), ("acb", "abc", 1), ("abab", "aba", 3)],
)
def test_the_oracle_itself_agrees_with_clickhouse_in_strict_order(names: str, steps: str, level: int) -> None:
    # ClickHouse tests/queries/0_stateless/00632_aggregation_window_funnel.sql, strict_order; the last by hand
    unit = [Event("u", name, row) for row, name in enumerate(names)]
    assert len(oracle.reported(unit, Asked(tuple((step,) for step in steps), order="strict"))) == level


def test_the_oracle_itself_agrees_with_clickhouse_at_different_times() -> None:
    import chdb

    chance = random.Random(0)
    found, rows = [], []
    for number in range(300):
        times = chance.sample(range(40), 12)
        unit = [Event(str(number), chance.choice("abcx"), time * SECOND) for time in sorted(times)]
        rows += [f"({number}, {event.time}, '{event.name}')" for event in unit]
        found.append(len(oracle.reported(unit, Asked((("a",), ("b",), ("a",), ("c",)), within="15s"))))
    levels = chdb.query(
        "SELECT windowFunnel(15000000)(time, name = 'a', name = 'b', name = 'a', name = 'c') FROM "
        f"values('user UInt32, time UInt64, name String', {', '.join(rows)}) GROUP BY user ORDER BY user",
        "TabSeparated",
    )
    assert found == [int(line) for line in str(levels).split()]
    assert set(found) == {0, 1, 2, 3, 4}


def test_a_bar_means_or_unless_an_event_is_called_so() -> None:
    events = [Event("u", "a", 0), Event("u", "c", 1), Event("v", "a|b", 0), Event("v", "c", 1), Event("w", "b", 0)]
    either = Small("UTC", tuple(event for event in events if event.name != "a|b"), {}).log()
    named = Small("UTC", tuple(events), {}).log()
    far = "1970-03-01"
    assert [row["users"] for row in rows_of(funnel(either, ["a|b", "c"], as_of=far).table)] == [2, 1]
    assert funnel(named, ["a|b", "c"], as_of=far).units(step=1).tolist() == ["v"]
    assert funnel(named, [("a", "b"), "c"], as_of=far).units(step=1).tolist() == ["u", "w"]

"""``flows`` against its oracle and its own symmetries, on logs that Hypothesis invents."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import asdict, replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dangol.core.result import Result
from dangol.log.eventlog import EventLog
from dangol.questions.flows import flows
from tests.oracles import Event, check, check_words, rows_of
from tests.oracles import flows as oracle
from tests.oracles.flows import Asked, Unit
from tests.oracles.properties import blocks_change_nothing, order_of_rows_changes_nothing
from tests.oracles.strategies import DAY, NAMES, STEADY, Small, blocks, effort, logs, views

ODD = ("a", "b", "exit", "other", "start", "end", "entry", "(none)")
BY = (None, "country", "age", "item", "amount")


@st.composite
def questions(draw: st.DrawFn, **options: Any) -> tuple[Small, Asked]:
    """Draw a log and what to ask of it."""
    names = draw(st.sampled_from((NAMES, NAMES[:2], NAMES, ODD)))
    small = draw(logs(**{"names": names, **options}))
    unit, by = draw(st.sampled_from(("user", "session"))), draw(st.sampled_from(BY))
    return small, Asked(
        unit=unit,
        gap=draw(st.sampled_from(("30m", "1h", "1us"))) if unit == "session" else "30m",
        anchor=draw(st.sampled_from((None, *sorted({event.name for event in small.events})))),
        direction=draw(st.sampled_from(("after", "before"))),
        steps=draw(st.sampled_from((5, 1, 2, 12))),
        top=draw(st.sampled_from((8, 1, 2))),
        by=by,
        attribution=draw(st.sampled_from(("first", "last"))) if by in ("item", "amount") else "first",
    )


def ask(log: EventLog, asked: Asked) -> Result:
    return flows(log, **asdict(asked))


def compare(found: Result, units: list[Unit], asked: Asked, names: set[str]) -> None:
    """Every table."""
    head = ["segment"] if asked.by else []
    edges = oracle.edges(units, asked)
    check(found.table, edges, ordered=False, key=[*head, "source", "target"])
    for column, position in (("starts", 0), ("ends", -1)):
        check(found.tables[column], oracle.ends(units, asked, position), ordered=False, key=[*head, "event"])
    check(found.tables["variants"], oracle.variants(units, asked), ordered=False, key=[*head, "variant"])
    check(found.tables["steps"], oracle.steps(units, asked, names), ordered=False, key=[*head, "event"])
    key = [*head, "step", "source", "target"]
    check(found.tables["sankey"], oracle.sankey(units, asked, names), ordered=False, key=key)
    if asked.by:
        check(found.tables["segments"], oracle.segments(units, asked), ordered=False, key=head)
    for name in ("edges", "starts", "ends", "variants"):
        counts = [(row.get("segment"), -row["count"]) for row in rows_of(found.tables[name])]
        for segment in {segment for segment, _ in counts}:
            own = [count for one, count in counts if one == segment]
            assert own == sorted(own)


@effort(150)
@given(questions(), blocks())
def test_every_table_equals_the_oracle(question: tuple[Small, Asked], size: int) -> None:
    small, asked = question
    found = ask(small.log(size), asked)
    compare(found, oracle.units(small.events, asked), asked, {event.name for event in small.events})
    check_words(found)


@effort(60)
@given(questions(), blocks(), st.data())
def test_the_users_behind_a_number(question: tuple[Small, Asked], size: int, data: st.DataObject) -> None:
    small, asked = question
    found = ask(small.log(size), asked)
    names = {event.name for event in small.events}
    units = oracle.units(small.events, asked)
    for head, own in oracle.by_segment(units, asked):
        for row in rows_of(found.table):
            if row.get("segment") == head.get("segment"):
                move = (row["source"], row["target"])
                users = {unit.user for unit in own if move in zip(unit.names, unit.names[1:], strict=False)}
                assert found.units(source=move[0], target=move[1], **head).tolist() == sorted(users)
        unit = data.draw(st.sampled_from(own))
        same = sorted({one.user for one in own if one.names == unit.names})
        assert found.units(variant=list(unit.names), **head).tolist() == same
        assert found.units(variant=" → ".join(unit.names), **head).tolist() == same
        for position, where in ((0, "start"), (-1, "end")):
            users = {one.user for one in own if one.names[position] == unit.names[position]}
            assert found.units(**{where: unit.names[position]}, **head).tolist() == sorted(users)
        links = [link for link in oracle.links(units, asked, names) if link[0] in own]
        if links:
            _, step, source, target = data.draw(st.sampled_from(links))
            users = {one.user for one, *rest in links if tuple(rest) == (step, source, target)}
            assert found.units(step=step, source=source, target=target, **head).tolist() == sorted(users)
            paths = oracle.walked(own, asked, names)
            _, way = data.draw(st.sampled_from(paths))
            users = {one.user for one, other in paths if other[step] == way[step]}
            assert found.units(step=step, event=way[step], **head).tolist() == sorted(users)


@effort(60)
@given(questions(least=2, most=6), st.data())
def test_differences_between_two_segments_equal_the_oracle(question: tuple[Small, Asked], data: st.DataObject) -> None:
    small, asked = question
    asked = replace(asked, by=asked.by or "country")
    for _ in range(data.draw(st.integers(1, 3), "doublings")):
        small = small.doubled()
    units = oracle.units(small.events, asked)
    names = sorted({unit.segment for unit in units})
    if len(names) < 2:
        return
    asked = replace(asked, compare=tuple(data.draw(st.permutations(names), "compare")[:2]))  # type: ignore[arg-type]
    found = ask(small.log(4), asked)
    check(found.tables["differences"], oracle.differences(units, asked), ordered=False, key=["source", "target"])
    q = [row["q"] for row in rows_of(found.tables["differences"]) if row["q"] is not None]
    assert q == sorted(q)
    compare(found, units, asked, {event.name for event in small.events})
    check_words(found)


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


@effort(40)
@given(questions())
def test_doubling_the_users_doubles_counts_and_changes_no_rate(question: tuple[Small, Asked]) -> None:
    small, asked = question
    once, twice = (ask(one.log(2), asked) for one in (small, small.doubled()))
    for name in once.tables:
        doubles = ("count", "users", "sessions", "moves")
        expected = [row | {one: 2 * row[one] for one in doubles if one in row} for row in rows_of(once.tables[name])]
        check(twice.tables[name], expected)


@effort(30)
@given(questions(zones=STEADY), st.integers(-30, 30))
def test_whole_weeks_later_nothing_differs(question: tuple[Small, Asked], weeks: int) -> None:
    small, asked = question
    now, later = (ask(one.log(2), asked) for one in (small, small.moved(weeks * 7 * DAY)))
    for name in now.tables:
        check(later.tables[name], rows_of(now.tables[name]))
    assert now.summary() == later.summary()


@effort(60)
@given(questions(), blocks())
def test_nothing_is_lost_on_the_way(question: tuple[Small, Asked], size: int) -> None:
    small, asked = question
    asked = replace(asked, by=None, attribution="first")
    found = ask(small.log(size), asked)
    units = sum(row["count"] for row in rows_of(found.tables["starts"]))
    edges = rows_of(found.table)
    assert sum(row["count"] for row in edges) == len(small.events) - units
    into, out = (Counter[str](), Counter[str]())
    for row in edges:
        into[row["target"]] += row["count"]
        out[row["source"]] += row["count"]
    for row in rows_of(found.tables["starts"]):
        into[row["event"]] += row["count"]
    for row in rows_of(found.tables["ends"]):
        out[row["event"]] += row["count"]
    assert into == out == Counter(event.name for event in small.events)
    levels = Counter[int]()
    for row in rows_of(found.tables["sankey"]):
        levels[row["step"]] += row["count"]
    assert len(set(levels.values())) <= 1
    assert list(levels) == list(range(1, asked.steps + 1)) or not levels
    table = found.tables["steps"]
    for step in range(1, asked.steps + 1):
        assert not levels or abs(table[str(step)].sum() - 1) < 1e-9


@effort(60)
@given(questions(), blocks(), st.data())
def test_a_view_answers_as_a_log_of_its_rows(question: tuple[Small, Asked], size: int, data: st.DataObject) -> None:
    small, asked = question
    view, kept = data.draw(views(small, small.log(size)))
    found = ask(view, asked)
    compare(found, oracle.units(kept.events, asked), asked, {event.name for event in small.events})


def test_an_empty_view_has_no_moves_and_says_so() -> None:
    events = tuple(Event("u", name, row, {"item": "x", "amount": 1.0}) for row, name in enumerate(NAMES))
    log = Small("UTC", events, {}).log()
    for asked in (Asked(), Asked(unit="session"), Asked(by="item"), Asked(anchor="a", direction="before")):
        found = ask(log.where("amount", ">", 99), asked)
        for name in ("edges", "starts", "ends", "variants", "sankey"):
            assert rows_of(found.tables[name]) == []
        check_words(found)

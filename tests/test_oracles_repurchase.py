"""``repurchase`` against its oracle and its own identities, on logs that Hypothesis invents."""

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
from dangol.questions.repurchase import repurchase
from tests.oracles import check, check_words, rows_of
from tests.oracles import repurchase as oracle
from tests.oracles.properties import blocks_change_nothing, doubled, moments, order_of_rows_changes_nothing
from tests.oracles.purchases import Roles
from tests.oracles.repurchase import Known, known
from tests.oracles.strategies import DAY, HOUR, Small, blocks, busy, effort, shop_logs, turns, views

Asked = dict[str, Any]

GAPS = (0, 1, HOUR, 12 * HOUR, DAY - 1, DAY, DAY + 1, 2 * DAY, 3 * DAY, 7 * DAY, 8 * DAY, 14 * DAY)
COUNTS = {
    "candidates": ("n", "censored", "labelled", "returned", "users"),
    "gaps": ("count",),
    "periods": ("users", "churned", "returned"),
}


@st.composite
def questions(draw: st.DrawFn, distinct: bool = False) -> tuple[Small, Asked]:
    """Draw a small log, or a little shop, and what to ask of it."""
    if draw(st.integers(0, 3)) == 0 and not distinct:
        small = busy(draw(st.integers(0, 1000)), 30, draw(st.sampled_from((20, 50))))
    else:
        small = draw(shop_logs(GAPS, distinct=distinct))
        if draw(st.booleans()):
            small = small.starting(draw(st.sampled_from(turns(small.zone))))
    names = {event.name for event in small.events}
    event = draw(st.sampled_from((None, "order"))) if "order" in names else None
    return small, {
        "roles": Roles(event, None, None, draw(st.sampled_from((None, "order_id")))),
        "days": draw(st.sampled_from(((7,), (1, 2, 7, 14), (2, 5, 30), (1, 2, 3)))),
        "churn_days": draw(st.sampled_from((None, 1, 2, 7, 13))),
        "every": draw(st.sampled_from(("1d", "3d", "1w", "2w", "1mo"))),
        "by": draw(st.sampled_from((None, None, "country", "age", "item"))),
    }


def ask(log: EventLog, asked: Asked, as_of: str | None = None) -> Result:
    given = {name: value for name, value in asked.items() if name != "roles"}
    return repurchase(log, **asked["roles"].options("event", "order"), **given, as_of=as_of)


def expected(small: Small, log: EventLog, asked: Asked, as_of: int | None = None) -> Known:
    return known(small.events, small.zone, log.start, as_of or log.as_of, asked["roles"], asked["by"])


def compare(found: Result, log: Known, asked: Asked) -> None:
    """Every table."""
    check(found.table, oracle.candidates(log, asked["days"]))
    check(found.tables["gaps"], oracle.gaps(log))
    check(found.tables["percentiles"], oracle.percentiles(log))
    days = oracle.chosen(log, asked["days"], asked["churn_days"])
    check(found.tables["periods"], oracle.churn(log, asked["every"], days))
    check(found.tables["flags"], oracle.flags(log, asked["every"], days), ordered=False, key=["user", "period"])
    check_words(found)


@effort(70)
@given(questions(), blocks(), st.data())
def test_every_table_equals_the_oracle(question: tuple[Small, Asked], size: int, data: st.DataObject) -> None:
    small, asked = question
    log = small.log(size)
    as_of = data.draw(moments(small, log, [log.as_of + DAY, log.as_of + HOUR, log.as_of + 40 * DAY]), "as_of")
    found = ask(log, asked, None if as_of is None else small.local(as_of))
    compare(found, expected(small, log, asked, as_of), asked)


@effort(60)
@given(questions(), blocks(), st.data())
def test_the_buyers_behind_a_number(question: tuple[Small, Asked], size: int, data: st.DataObject) -> None:
    small, asked = question
    log = small.log(size)
    as_of = log.as_of + data.draw(st.sampled_from((0, 5 * DAY)))
    found, whole = ask(log, asked, small.local(as_of)), expected(small, log, asked, as_of)
    days, labelled = data.draw(st.sampled_from(asked["days"])), data.draw(st.booleans())
    segment = data.draw(st.sampled_from([None, *(whole.segments if asked["by"] else ())]))
    more = {} if segment is None else {"segment": segment}
    wanted = oracle.who(whole, segment, days, labelled)
    assert found.units(days=days, labelled=labelled, **more).tolist() == wanted
    if not whole.buyers:
        return
    span = data.draw(st.sampled_from(oracle.spans(whole, asked["every"])))
    churn_days = oracle.chosen(whole, asked["days"], asked["churn_days"])
    inside = oracle.days_of(whole, span)
    churned = [one.user for one in whole.buyers if oracle.states(whole, one, inside, churn_days)["churned"]]
    assert found.units(period=span.name, state="churned").tolist() == sorted(churned)


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
    asked = {**asked, "churn_days": asked["churn_days"] or 2}  # what is enough to choose by changes with the users
    once, twice = (ask(one.log(2), asked) for one in (small, small.doubled()))
    for name, counts in COUNTS.items():  # without percentiles, which interpolate between others in a doubled list
        rows, more = (
            [{key: value for key, value in row.items() if "lower" not in key and "upper" not in key} for row in rows]
            for rows in (doubled(rows_of(once.tables[name]), counts), rows_of(twice.tables[name]))
        )
        assert len(rows) == len(more)
        for row, other in zip(rows, more, strict=True):
            assert other == pytest.approx(row, nan_ok=True)


@effort(60)
@given(questions())
def test_what_must_add_up(question: tuple[Small, Asked]) -> None:
    small, asked = question
    log = small.log(2)
    found, whole = ask(log, asked), expected(small, log, asked)
    purchases = sum(len(one.days) for one in whole.buyers)
    for days in asked["days"]:
        own = [row for row in rows_of(found.table) if row["days"] == days]
        assert sum(row["n"] + row["censored"] for row in own) == purchases
        assert all(row["returned"] <= row["labelled"] <= row["n"] for row in own)
    gaps = rows_of(found.tables["gaps"])
    spans = sum(one.days[-1] - one.days[0] for one in whole.buyers)
    assert sum(row["days"] * row["count"] for row in gaps) == spans
    assert sum(row["share"] for row in gaps) == pytest.approx(1 if gaps else 0)
    for before, after in pairwise(gaps):
        assert before["cumulative"] <= after["cumulative"]
        assert before["returned"] <= after["returned"] + 1e-12
    flags = rows_of(found.tables["flags"])
    for row in rows_of(found.tables["periods"]):
        assert row["churned"] <= row["users"]
        if row["complete"]:
            here = [flag["state"] for flag in flags if flag["period"] == row["period"]]
            assert here.count("churned") == row["churned"]


@effort(60)
@given(questions(), blocks(), st.data())
def test_a_view_answers_as_a_log_of_its_rows(question: tuple[Small, Asked], size: int, data: st.DataObject) -> None:
    small, asked = question
    view, kept = data.draw(views(small, small.log(size)))
    compare(ask(view, asked), expected(kept, view, asked), asked)


def test_an_empty_view_says_so() -> None:
    for by in (None, "item"):
        found = repurchase(busy(1, 5, 10).log().where("amount", ">", 99), by=by)
        assert not len(found.table)
        check_words(found)


def test_a_time_before_the_log_is_refused() -> None:
    with pytest.raises(InputError, match="as_of"):
        repurchase(busy(1, 5, 10).log(), as_of="1969-12-31")

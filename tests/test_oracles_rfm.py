"""``rfm`` against its oracle and its own identities, on logs that Hypothesis invents."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.core.errors import InputError
from dangol.core.result import Result
from dangol.log.eventlog import EventLog
from dangol.questions.repurchase import repurchase
from dangol.questions.rfm import rfm
from dangol.questions.sales import sales
from tests.oracles import check, check_words, day_of, instant, midnight, moment, rows_of, wilson
from tests.oracles import rfm as oracle
from tests.oracles.properties import blocks_change_nothing, doubled, moments, order_of_rows_changes_nothing
from tests.oracles.purchases import Roles, by_user, orders, role_of
from tests.oracles.rfm import MEASURES, NOT_YET, Asked, Known, known
from tests.oracles.strategies import DAY, HOUR, LONG_GAPS, MINUTE, Small, blocks, busy, effort, shop_logs, turns, views

OWN_CUTS = (None, None, (2,), (1, 5, 30), (0, 15.5))
OWN_TIERS = (
    None,
    None,
    {"best": {"recency": [2], "amount": [1, 2]}, "ready": {"recency": [1]}},
    {"often": {"frequency": [2]}, "rich": {"amount": [2]}, "best": {"frequency": [2], "amount": [2]}},
)


@st.composite
def options(draw: st.DrawFn, small: Small) -> Asked:
    """Draw what to ask of a log."""
    names = {event.name for event in small.events}
    event, refund = (draw(st.sampled_from((None, name))) if name in names else None for name in ("order", "refund"))
    cuts = tuple(draw(st.sampled_from(OWN_CUTS)) for _ in MEASURES)
    return Asked(
        roles=Roles(event, refund, None, draw(st.sampled_from((None, "order_id")))),
        bins=draw(st.sampled_from(((5, 5, 5), (3, 2, 2), (2, 4, 3), (2, 7, 10)))),
        cuts=draw(st.sampled_from((Asked().cuts, cuts))),
        tiers=draw(st.sampled_from(OWN_TIERS)),
    )


@st.composite
def questions(draw: st.DrawFn, distinct: bool = False) -> tuple[Small, Asked]:
    """Draw a small log, or a little shop, and what to ask of it."""
    if draw(st.booleans()) and not distinct:
        small = busy(draw(st.integers(0, 1000)), draw(st.sampled_from((8, 16, 31))), 60)
    else:
        small = draw(shop_logs(LONG_GAPS, distinct=distinct))
        if draw(st.booleans()):
            small = small.starting(draw(st.sampled_from(turns(small.zone))))
    return small, draw(options(small))


@st.composite
def with_dates(draw: st.DrawFn, small: Small, log: EventLog, asked: Asked, as_of: int) -> Asked:
    """Draw one or two dates before ``as_of``; somebody must have ordered by the first."""
    bought = [event.time for event in small.events if role_of(event, asked.roles) == "order"]
    marks = [event.time + shift for event in small.events for shift in (0, MINUTE, DAY)]
    marks += [midnight(day_of(mark, small.zone), small.zone) for mark in marks[::5]]
    marks = sorted({mark // MINUTE * MINUTE for mark in marks})  # answers write dates to the minute, without offset
    marks = [mark for mark in marks if instant(moment(mark, small.zone).replace(tzinfo=None), small.zone) == mark]
    marks = [mark for mark in marks if min(bought, default=as_of) < mark < as_of - MINUTE]
    if not marks:
        return asked
    dates = draw(st.lists(st.sampled_from(marks), min_size=1, max_size=2, unique=True).map(sorted))
    return replace(asked, dates=tuple(dates))


def ask(log: EventLog, small: Small, asked: Asked, as_of: int | None = None) -> Result:
    cuts = {f"{measure}_cuts": own for measure, own in zip(MEASURES, asked.cuts, strict=True)}
    return rfm(
        log,
        **asked.roles.options("event", "refund", "order"),
        bins=asked.bins,
        **cuts,
        tiers=asked.tiers,
        dates=[small.local(date) for date in asked.dates] or None,
        as_of=None if as_of is None else small.local(as_of),
    )


def compare(found: Result, log: Known) -> None:
    """Every table."""
    check(found.table, oracle.segments(log))
    check(found.tables["users"], oracle.users(log), ordered=False, key=["user"])
    check(found.tables["cuts"], oracle.cuts(log), ordered=False, key=["measure", "score"])
    check(found.tables["grid"], oracle.grid(log), ordered=False, key=["recency_score", "frequency_score"])
    assert ("migration" in found.tables) == bool(log.asked.dates)
    if log.asked.dates:
        dates = dict(zip([*log.asked.dates, log.as_of], _dates(found, log), strict=True))
        expected = oracle.migration(log, dates.get)
        check(found.tables["migration"], expected, ordered=False, key=["source_date", "source", "target"])
    check_words(found)


def _dates(found: Result, log: Known) -> list[str]:
    """How the answer writes its dates, in order of time: by the text it is not, where the clock goes back."""
    rows = rows_of(found.tables["migration"])
    names = list(dict.fromkeys([row["source_date"] for row in rows] + [row["target_date"] for row in rows]))
    assert len(names) == len(log.asked.dates) + 1
    return names


@effort(120)
@given(questions(), blocks(), st.data())
def test_every_table_equals_the_oracle(question: tuple[Small, Asked], size: int, data: st.DataObject) -> None:
    small, asked = question
    log = small.log(size)
    as_of = data.draw(moments(small, log, [log.as_of + 40 * DAY, log.as_of + HOUR]), "as_of")
    if data.draw(st.booleans(), "dates"):
        asked = data.draw(with_dates(small, log, asked, as_of or log.as_of))
    compare(ask(log, small, asked, as_of), known(small.events, small.zone, as_of or log.as_of, asked))


@effort(60)
@given(questions(), blocks(), st.data())
def test_the_customers_behind_a_number(question: tuple[Small, Asked], size: int, data: st.DataObject) -> None:
    small, asked = question
    log = small.log(size)
    found, whole = ask(log, small, asked), known(small.events, small.zone, log.as_of, asked)
    tier = data.draw(st.sampled_from(oracle.names(whole)))
    assert found.units(segment=tier).tolist() == sorted(one.customer.user for one in whole.now if one.tier == tier)
    if whole.now:
        text = data.draw(st.sampled_from([one.text for one in whole.now]))
        assert found.units(score=text).tolist() == sorted(one.customer.user for one in whole.now if one.text == text)


@effort(60)
@given(questions(), blocks(), st.data())
def test_the_customers_who_moved(question: tuple[Small, Asked], size: int, data: st.DataObject) -> None:
    small, asked = question
    log = small.log(size)
    asked = data.draw(with_dates(small, log, asked, log.as_of))
    if not asked.dates:
        return
    found, whole = ask(log, small, asked), known(small.events, small.zone, log.as_of, asked)
    for (_, _, moves), name in zip(oracle.moves(whole), _dates(found, whole), strict=False):
        source, target = data.draw(st.sampled_from(sorted(set(moves.values()))))
        who = sorted(user for user, move in moves.items() if move == (source, target))
        assert found.units(source=source, target=target, date=name).tolist() == who


@effort(40)
@given(questions(), st.data())
def test_cutting_into_blocks_anywhere_changes_nothing(question: tuple[Small, Asked], data: st.DataObject) -> None:
    small, asked = question
    log = small.log()
    asked = data.draw(with_dates(small, log, asked, log.as_of))
    blocks_change_nothing(lambda log: ask(log, small, asked), small)


@effort(30)
@given(questions(distinct=True), st.randoms(use_true_random=False))
def test_the_order_of_rows_at_different_times_changes_nothing(
    question: tuple[Small, Asked], chance: random.Random
) -> None:
    small, asked = question
    order_of_rows_changes_nothing(lambda log: ask(log, small, asked), small, chance)


@effort(30)
@given(questions())
def test_doubling_the_users_doubles_counts_and_changes_no_rate(question: tuple[Small, Asked]) -> None:
    small, asked = question
    asked = replace(asked, cuts=((3, 10), (1, 2), (0, 15.5)))  # quantiles of a doubled list lie elsewhere
    once, twice = (ask(one.log(2), one, asked) for one in (small, small.doubled()))
    for name in ("segments", "cuts", "grid"):
        check(twice.tables[name], doubled(rows_of(once.tables[name]), ("users", "amount", "orders")))


@effort(60)
@given(questions(), st.data())
def test_what_must_add_up(question: tuple[Small, Asked], data: st.DataObject) -> None:
    small, asked = question
    log = small.log(2)
    asked = data.draw(with_dates(small, log, asked, log.as_of))
    found = ask(log, small, asked)
    users, tiers = rows_of(found.tables["users"]), rows_of(found.table)
    assert sum(row["users"] for row in tiers) == len(users)
    assert sum(row["orders"] for row in tiers) == sum(row["orders"] for row in users)
    assert sum(row["amount"] for row in tiers) == pytest.approx(sum(row["amount"] for row in users))
    assert sum(row["users"] for row in rows_of(found.tables["grid"])) == len(users)
    for name in ("share",) if users else ():
        assert sum(row[name] for row in tiers) == pytest.approx(1)
        assert sum(row[name] for row in rows_of(found.tables["grid"])) == pytest.approx(1)
    for measure in MEASURES:
        by_value: dict[Any, set[int]] = {}
        for row in users:
            value = row["orders" if measure == "frequency" else measure]
            by_value.setdefault(value, set()).add(row[f"{measure}_score"])
        assert all(len(scores) == 1 for scores in by_value.values())  # equal values share a score
        assert sum(row["users"] for row in rows_of(found.tables["cuts"]) if row["measure"] == measure) == len(users)
    if asked.dates:
        _conserved(found, small, log, asked)


@effort(30)
@given(questions(), blocks())
def test_sales_and_repurchase_say_the_same(question: tuple[Small, Asked], size: int) -> None:
    small, asked = question
    log = small.log(size)
    users = rows_of(ask(log, small, asked).tables["users"])
    given = asked.roles.options("event", "refund", "order")
    sold = rows_of(sales(log, every="1y", **given).table)
    lost = sum(  # refunds of users who never ordered are in sales alone
        one.net
        for history in by_user(small.events, log.as_of, asked.roles).values()
        if not orders(history)
        for one in history
    )
    assert sum(row["orders"] for row in sold) == sum(row["orders"] for row in users)
    assert sum(row["new_buyers"] for row in sold) == len(users)
    assert sum(row["amount"] for row in sold) == pytest.approx(sum(row["amount"] for row in users) + lost)
    if asked.roles.event is None and asked.roles.refund is not None:
        return  # repurchase takes no refunds by name: by sign, a refund above zero is an order there
    again = repurchase(log, days=(1,), event=asked.roles.event, order=asked.roles.order)
    assert sum(row["n"] + row["censored"] for row in rows_of(again.table)) <= sum(row["orders"] for row in users)


def _conserved(found: Result, small: Small, log: EventLog, asked: Asked) -> None:
    """Customers of a date are there once, and all of them were somewhere before."""
    rows = rows_of(found.tables["migration"])
    whole = known(small.events, small.zone, log.as_of, asked)
    names = _dates(found, whole)
    for place, (source, target) in enumerate(pairwise(names)):
        own = [row for row in rows if (row["source_date"], row["target_date"]) == (source, target)]
        before, after = (Counter(one.tier for one in whole.then[at][1]) for at in (place, place + 1))
        assert sum(row["users"] for row in own) == after.total()
        assert sum(row["users"] for row in own if row["source"] != NOT_YET) == before.total()
        for row in own:
            n = after.total() - before.total() if row["source"] == NOT_YET else before[row["source"]]
            assert (row["lower"], row["upper"]) == pytest.approx(wilson(row["users"], n))


@effort(60)
@given(questions(), blocks(), st.data())
def test_a_view_answers_as_a_log_of_its_rows(question: tuple[Small, Asked], size: int, data: st.DataObject) -> None:
    small, asked = question
    view, kept = data.draw(views(small, small.log(size)))
    compare(ask(view, small, asked), known(kept.events, small.zone, view.as_of, asked))


def test_an_empty_view_says_so() -> None:
    found = rfm(busy(1, 5, 10).log().where("amount", ">", 99))
    assert not sum(row["users"] for row in rows_of(found.table))
    check_words(found)


def test_a_log_without_amounts_is_refused() -> None:
    small = busy(1, 5, 10)
    bare = replace(
        small,
        events=tuple(
            replace(event, values={name: value for name, value in event.values.items() if name != "amount"})
            for event in small.events
        ),
    )
    with pytest.raises(InputError, match="amount"):
        rfm(bare.log(), event="order")


def test_a_time_before_the_log_is_refused() -> None:
    with pytest.raises(InputError, match="as_of"):
        rfm(busy(1, 5, 10).log(), as_of="1969-12-31")

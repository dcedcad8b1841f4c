"""``sales`` against its oracle and its own identities, on logs that Hypothesis invents."""

from __future__ import annotations

import math
import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.core.errors import InputError
from dangol.core.result import Result
from dangol.log.eventlog import EventLog
from dangol.questions.sales import sales
from tests.oracles import check, check_words, periods, rows_of
from tests.oracles import sales as oracle
from tests.oracles.properties import blocks_change_nothing, doubled, moments, order_of_rows_changes_nothing
from tests.oracles.purchases import Roles
from tests.oracles.sales import FACTORS, Known, known
from tests.oracles.strategies import DAY, HOUR, LONG_GAPS, Small, blocks, busy, effort, shop_logs, turns, views

SLOW_GAPS = (0, 1, DAY, 27 * DAY, 31 * DAY, 92 * DAY, 364 * DAY)
QUICK_GAPS = (0, 1, HOUR, 12 * HOUR, DAY - 1, DAY, 3 * DAY)
PERIODS = (
    *(("1d", QUICK_GAPS), ("2d", QUICK_GAPS), ("1w", LONG_GAPS), ("2w", LONG_GAPS)),
    *(("1mo", LONG_GAPS), ("1mo", SLOW_GAPS), ("1q", SLOW_GAPS), ("1y", SLOW_GAPS)),
)
COUNTS = ("amount", "gross", "refunds", "buyers", "orders", "failed", "failed_amount", "new_buyers", "change")
COUNTS += tuple(f"from_{factor}" for factor in FACTORS)
BY = st.sampled_from((None, None, "country", "age", "item"))


@st.composite
def roles(draw: st.DrawFn, small: Small) -> Roles:
    """What a purchase is: by sign, or by name, of names that the log has."""
    names = {event.name for event in small.events}
    event, refund, failed = (
        draw(st.sampled_from((None, name))) if name in names else None for name in ("order", "refund", "failed")
    )
    return Roles(event, refund, failed, draw(st.sampled_from((None, "order_id"))))


@st.composite
def questions(draw: st.DrawFn, distinct: bool = False) -> tuple[Small, dict[str, Any]]:
    """Draw a log and what to ask of it."""
    every, gaps = draw(st.sampled_from(PERIODS))
    small = draw(shop_logs(gaps, distinct=distinct))
    if draw(st.booleans()):
        small = small.starting(draw(st.sampled_from(turns(small.zone))))
    return small, {"every": every, "roles": draw(roles(small)), "by": draw(BY)}


def ask(log: EventLog, asked: dict[str, Any], as_of: str | None = None) -> Result:
    given = asked["roles"].options("event", "refund", "failed", "order")
    return sales(log, every=asked["every"], by=asked["by"], as_of=as_of, **given)


def expected(small: Small, log: EventLog, asked: dict[str, Any], as_of: int | None = None) -> Known:
    return known(small.events, small.zone, log.start, as_of or log.as_of, **asked)


def compare(found: Result, log: Known) -> None:
    """Every table."""
    check(found.table, oracle.table(log))
    check(found.tables["kinds"], oracle.kinds(log))
    assert ("mix" in found.tables) == ("contributions" in found.tables) == (log.by is not None)
    if log.by is not None:
        check(found.tables["mix"], oracle.mix(log))
        check(found.tables["contributions"], oracle.contributions(log), ordered=False, key=["segment"])
        changes = [row["change"] for row in rows_of(found.tables["contributions"])]
        assert all(after >= before - 1e-9 for before, after in pairwise(changes))
    check_words(found)


@effort(150)
@given(questions(), blocks(), st.data())
def test_every_table_equals_the_oracle(question: tuple[Small, dict[str, Any]], size: int, data: st.DataObject) -> None:
    small, asked = question
    log = small.log(size)
    ends = [one.end for one in periods(asked["every"], small.zone, log.start, log.end)[:3]]
    as_of = data.draw(moments(small, log, [*ends, log.as_of + 40 * DAY]), "as_of")
    found = ask(log, asked, None if as_of is None else small.local(as_of))
    compare(found, expected(small, log, asked, as_of))


@effort(15)
@given(st.integers(0, 10_000), st.sampled_from(("1d", "1w", "2w")), BY, st.data())
def test_a_crowd(seed: int, every: str, by: str | None, data: st.DataObject) -> None:
    small = busy(seed, 60, 40)
    asked = {"every": every, "by": by, "roles": data.draw(roles(small))}
    log = small.log(100)
    compare(ask(log, asked), expected(small, log, asked))


@pytest.mark.parametrize("by", ["country", "age", "item"])
@pytest.mark.parametrize(("seed", "order"), [(0, None), (1, "order_id")])
def test_segments_with_enough_buyers_to_test(seed: int, order: str | None, by: str) -> None:
    small = busy(seed, 700, 30, most=12)
    asked = {"every": "1w", "by": by, "roles": Roles("order", "refund", "failed", order)}
    log = small.log(100)
    found, whole = ask(log, asked), expected(small, log, asked)
    compare(found, whole)
    tested = [row for row in rows_of(found.tables["contributions"]) if row["q"] is not None]
    assert tested
    assert all(row["lower"] < row["against_rest"] < row["upper"] for row in tested)


@effort(80)
@given(questions(), blocks(), st.data())
def test_the_buyers_behind_a_number(question: tuple[Small, dict[str, Any]], size: int, data: st.DataObject) -> None:
    small, asked = question
    log = small.log(size)
    found, whole = ask(log, asked), expected(small, log, asked)
    where = {
        "period": data.draw(st.sampled_from([span.name for span in whole.spans])),
        "segment": data.draw(st.sampled_from([None, *(whole.segments if asked["by"] else ())])),
        "kind": data.draw(st.sampled_from((None, "new", "returning"))),
    }
    said = {name: value for name, value in where.items() if value is not None}
    assert found.units(**said).tolist() == oracle.who(whole, **where)


@effort(40)
@given(questions())
def test_cutting_into_blocks_anywhere_changes_nothing(question: tuple[Small, dict[str, Any]]) -> None:
    small, asked = question
    blocks_change_nothing(lambda log: ask(log, asked), small)


@effort(30)
@given(questions(distinct=True), st.randoms(use_true_random=False))
def test_the_order_of_rows_at_different_times_changes_nothing(
    question: tuple[Small, dict[str, Any]], chance: random.Random
) -> None:
    small, asked = question
    order_of_rows_changes_nothing(lambda log: ask(log, asked), small, chance)


@effort(30)
@given(questions())
def test_doubling_the_users_doubles_money_and_changes_no_rate(question: tuple[Small, dict[str, Any]]) -> None:
    small, asked = question
    once, twice = (ask(one.log(2), asked) for one in (small, small.doubled()))
    for name in ("periods", "kinds"):
        check(twice.tables[name], doubled(rows_of(once.tables[name]), COUNTS))
    if asked["by"]:
        check(twice.tables["mix"], doubled(rows_of(once.tables["mix"]), ("buyers", "amount")))
        counts = (*COUNTS, "amount_before", "amount_after")
        check(twice.tables["contributions"], doubled(rows_of(once.tables["contributions"]), counts))


@effort(80)
@given(questions())
def test_what_must_add_up(question: tuple[Small, dict[str, Any]]) -> None:
    small, asked = question
    log = small.log(2)
    found, whole = ask(log, asked), rows_of(ask(log, {**asked, "by": None}).table)
    for row in rows_of(found.table):
        assert row["amount"] == pytest.approx(row["gross"] - row["refunds"])
        if row["orders"]:
            product = row["buyers"] * row["orders_per_buyer"] * row["amount_per_order"]
            assert product == pytest.approx(row["amount"])
        if row["from_buyers"] is not None:
            assert sum(row[f"from_{factor}"] for factor in FACTORS) == pytest.approx(row["change"])
    parts: dict[str, float] = {}
    for row in rows_of(found.table):
        parts[row["period"]] = parts.get(row["period"], 0.0) + row["amount"]
    kinds: dict[str, list[dict[str, Any]]] = {}
    for row in rows_of(found.tables["kinds"]):
        kinds.setdefault(row["period"], []).append(row)
    assert sum(row["new_buyers"] for row in whole) == sum(
        row["buyers"] for row in rows_of(found.tables["kinds"]) if row["kind"] == "new"
    )
    for row in whole:
        both = kinds[row["period"]]
        assert parts[row["period"]] == pytest.approx(row["amount"])
        for name in ("amount", "buyers", "orders"):
            assert sum(one[name] for one in both) == pytest.approx(row[name])
        if both[0]["share"] is not None:
            assert sum(one["share"] for one in both) == pytest.approx(1)
        if both[0]["share_of_change"] is not None:
            assert sum(one["share_of_change"] for one in both) == pytest.approx(1)


@effort(60)
@given(questions())
def test_mix_and_what_happened_within_are_the_change(question: tuple[Small, dict[str, Any]]) -> None:
    small, asked = question
    found = ask(small.log(2), {**asked, "by": asked["by"] or "country"})
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in rows_of(found.tables["mix"]):
        rows.setdefault(row["period"], []).append(row)
    for before, after in pairwise(rows.values()):
        values = [
            sum(row["amount"] for row in part) / (sum(row["buyers"] for row in part) or math.nan)
            for part in (before, after)
        ]
        if after[0]["change"] is not None:
            assert sum(row["mix"] + row["within"] for row in after) == pytest.approx(values[1] - values[0])
            assert sum(row["change"] for row in after) == pytest.approx(values[1] - values[0])


@effort(60)
@given(questions(), blocks(), st.data())
def test_a_view_answers_as_a_log_of_its_rows(
    question: tuple[Small, dict[str, Any]], size: int, data: st.DataObject
) -> None:
    small, asked = question
    view, kept = data.draw(views(small, small.log(size)))
    compare(ask(view, asked), expected(kept, view, asked))


def test_an_empty_view_says_so() -> None:
    log = busy(1, 5, 10).log()
    for by in (None, "item"):
        found = sales(log.where("amount", ">", 99), by=by)
        assert not len(found.table)
        check_words(found)


def test_a_time_before_the_log_is_refused() -> None:
    with pytest.raises(InputError, match="as_of"):
        sales(busy(1, 5, 10).log(), as_of="1969-12-31")

"""Views of a log keep exactly what their conditions say."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.core.errors import InputError
from tests.logs import make_log, micros
from tests.oracles.strategies import Small, blocks, effort, logs, views

from .reading import example, expected, lines

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
# ---- where --------------------------------------------------------------------------------------------------------


def meets(value: Any, op: str, wanted: Any, number: bool) -> bool:
    """The stated rule: text by code point, None equals 'no value', a missing number meets nothing but a negation."""
    if op in ("in", "not in"):
        return (value in wanted) == (op == "in")
    if op in ("==", "!="):
        return OPERATORS[op](value, wanted)
    return value is not None and OPERATORS[op](value, wanted)


@effort(150)
@given(logs(), blocks(), st.sampled_from(("event", "item", "country", "amount", "age")), st.data())
def test_where_keeps_exactly_what_meets_the_condition(
    small: Small, size: int, column: str, data: st.DataObject
) -> None:
    log = small.log(size)
    number = log.column(column).kind == "number"
    values = {event.name if column == "event" else event.values[column] for event in small.events}
    order = sorted(values, key=lambda value: (value is None, value))
    op = data.draw(st.sampled_from((*OPERATORS, "in", "not in")))
    if op in ("in", "not in"):
        wanted: Any = data.draw(
            st.lists(
                st.sampled_from([one for one in order if one is not None or not number])
                if [one for one in order if one is not None or not number]
                else st.just(1.0),
                max_size=3,
            )
        )
    elif op in ("==", "!="):
        wanted = data.draw(st.sampled_from(order))
    else:
        wanted = data.draw(
            st.sampled_from((0, 1.0, 2, 20.0)) if number else st.sampled_from(("a", "b", "US", "x", "가"))
        )
    view = log.where(column, op, wanted)
    kept = small.only(
        lambda event: meets(event.name if column == "event" else event.values[column], op, wanted, number)
    )
    assert lines(view) == expected(kept)
    assert view.is_view
    assert (view.n_events, view.n_users) == (len(kept.events), len({event.user for event in kept.events}))


@pytest.mark.parametrize("op", [*OPERATORS])
def test_where_on_time_reads_local_time(op: str) -> None:
    log = example()
    edge = micros("2011-03-02 00:00", "Asia/Seoul")
    kept = [line for line in lines(log) if OPERATORS[op](line[2], edge)]
    assert lines(log.where("time", op, "2011-03-02")) == kept
    assert lines(log.where("time", op, datetime(2011, 3, 1, 15, tzinfo=UTC))) == kept


@pytest.mark.parametrize(
    ("op", "value", "users"),
    [
        ("==", "bob", ["bob"]),
        ("!=", "bob", ["ann", "cho"]),
        ("<", "bob", ["ann"]),
        ("<=", "bob", ["ann", "bob"]),
        (">", "bob", ["cho"]),
        (">=", "bob", ["bob", "cho"]),
        ("in", ["cho", "ann", "nobody"], ["ann", "cho"]),
        ("not in", ["cho"], ["ann", "bob"]),
        ("in", [], []),
        ("==", "nobody", []),
    ],
)
def test_where_on_users(op: str, value: Any, users: list[str]) -> None:
    view = example().where("user", op, value)
    assert [user for user in ("ann", "bob", "cho") if user in {line[0] for line in lines(view)}] == users
    assert view.n_users == len(users)


def test_no_value_can_be_asked_for_where_nothing_is_missing() -> None:
    log = make_log([("u", "a", 0)], properties={"item": ["x"], "amount": [1]})
    for column in ("event", "item", "amount"):
        assert log.where(column, "==", None).n_events == 0
        assert log.where(column, "!=", None).n_events == 1


def test_whole_numbers_compare_as_numbers() -> None:
    log = example()
    assert [line[4] for line in lines(log.where("amount", "in", [1, 4]))] == [1, 4]
    assert [line[4] for line in lines(log.where("amount", "==", np.int64(4)))] == [4]
    assert [line[4] for line in lines(log.where("amount", "not in", [1, 4]))] == [2.5, None, 5]


# ---- pyarrow expressions ------------------------------------------------------------------------------------------

Truth = Callable[[Any], bool | None]


def leaves(level: str) -> st.SearchStrategy[tuple[pc.Expression, Truth]]:
    """A comparison of one column with a constant, and the same in Python (None: unknown)."""
    texts = {"event": ("event", "item"), "user": ("country",)}[level]
    numbers = {"event": ("amount",), "user": ("age",)}[level]

    def compare(column: str, op: str, value: Any) -> tuple[pc.Expression, Truth]:
        def truth(values: Any) -> bool | None:
            return None if values[column] is None else OPERATORS[op](values[column], value)

        return OPERATORS[op](pc.field(column), value), truth  # type: ignore[return-value]

    def missing(column: str) -> tuple[pc.Expression, Truth]:
        return pc.field(column).is_null(), lambda values: values[column] is None

    return st.one_of(
        st.builds(
            compare,
            st.sampled_from(texts),
            st.sampled_from([*OPERATORS]),
            st.sampled_from(("a", "c", "x", "KR", "item")),
        ),
        st.builds(compare, st.sampled_from(numbers), st.sampled_from([*OPERATORS]), st.sampled_from((1.0, 2.0, 20.0))),
        st.builds(missing, st.sampled_from(texts + numbers)),
    )


def joined(level: str) -> st.SearchStrategy[tuple[pc.Expression, Truth]]:
    """Comparisons joined by and, or, not, with the logic of three values."""

    def both(a: tuple[pc.Expression, Truth], b: tuple[pc.Expression, Truth]) -> tuple[pc.Expression, Truth]:
        def truth(values: Any) -> bool | None:
            found = (a[1](values), b[1](values))
            return False if False in found else None if None in found else True

        return a[0] & b[0], truth

    def negated(a: tuple[pc.Expression, Truth]) -> tuple[pc.Expression, Truth]:
        return ~a[0], lambda values: None if a[1](values) is None else not a[1](values)

    def either(a: tuple[pc.Expression, Truth], b: tuple[pc.Expression, Truth]) -> tuple[pc.Expression, Truth]:
        def truth(values: Any) -> bool | None:
            found = (a[1](values), b[1](values))
            return True if True in found else None if None in found else False

        return a[0] | b[0], truth

    return st.recursive(
        leaves(level),
        lambda part: st.one_of(st.builds(both, part, part), st.builds(either, part, part), st.builds(negated, part)),
        max_leaves=4,
    )


@effort(100)
@given(logs(most=6), blocks(), st.sampled_from(("event", "user")).flatmap(joined))
def test_an_expression_keeps_what_is_true_and_not_what_is_unknown(
    small: Small, size: int, condition: tuple[pc.Expression, Truth]
) -> None:
    log = small.log(size)
    named = [name for name in ("item", "amount", "country", "age") if log.column(name).kind == "text"]
    if any(name in str(condition[0]) and name in named for name in ("amount", "age")):
        return  # a column of numbers without any number is a column of text
    kept = small.only(lambda event: condition[1]({"event": event.name, **event.values}) is True)
    assert lines(log.where(condition[0])) == expected(kept)


def test_an_expression_may_name_time_and_use_functions() -> None:
    log = example()
    after = pc.field("time") >= datetime(2011, 3, 2, tzinfo=UTC)
    assert [line[0] for line in lines(log.where(after))] == ["bob", "cho"]
    assert [line[1] for line in lines(log.where(pc.field("event").isin(["buy", "구매"])))] == ["buy", "구매"]


def test_a_name_inside_another_name_or_a_text_is_no_name() -> None:
    log = make_log(
        [("u", "a", 0), ("v", "a", 1)],
        properties={"page": ["age", "home"], "amount": [1, 2]},
        attributes={"age": {"u": 3}, "amo": {"v": "x"}},
    )
    assert log.where(pc.field("page") == "age").n_events == 1
    assert log.where(pc.field("amount") > 1).n_events == 1
    assert log.where(pc.field("age") == 3).n_users == 1


# ---- between, users, and views of views ---------------------------------------------------------------------------


def test_between_is_half_open_and_local() -> None:
    log = example()
    view = log.between("2011-03-01 11:00", "2011-03-02 10:00")
    assert [line[:2] for line in lines(view)] == [("ann", "buy"), ("cho", "view")]
    assert lines(log.between()) == lines(log)
    assert lines(log.between("2011-03-02")) == lines(log)[2:]
    assert lines(log.between(None, "2011-03-02")) == lines(log)[:2]
    assert lines(log.between(datetime(2011, 3, 2), datetime(2011, 3, 1, 15, 0, 1, tzinfo=UTC)))[0][0] == "cho"


def test_a_view_of_a_span_ends_with_it() -> None:
    log = example()
    view = log.between("2011-02-01", "2011-03-02 12:00")
    assert view.start == log.start
    assert view.end == micros("2011-03-02 11:59:59.999999", "Asia/Seoul")
    assert view.as_of == micros("2011-03-02 12:00", "Asia/Seoul")
    later = log.between("2011-03-02")
    assert later.start == micros("2011-03-02", "Asia/Seoul")
    assert (later.end, later.as_of) == (log.end, log.as_of)  # an open end leaves the log's own
    assert log.between("2011-03-02", "2020-01-01").as_of == log.as_of
    assert log.between(None, "2011-03-03 09:40").as_of == micros("2011-03-03 09:40", "Asia/Seoul")


def test_spans_narrow_each_other() -> None:
    log = example()
    view = log.between("2011-03-01 11:00").between("2011-03-01", "2011-03-02 10:00")
    assert lines(view) == lines(log.between("2011-03-01 11:00", "2011-03-02 10:00"))
    with pytest.raises(InputError):
        view.between("2011-03-03")


def test_between_on_days_when_the_clock_changes() -> None:
    rows = [("u", "a", micros(text)) for text in ("2011-10-30 00:30", "2011-10-30 01:30", "2011-10-30 02:30")]
    log = make_log(rows, zone="Europe/London")  # 01:30, 01:30 again, 02:30 on the wall
    assert log.between("2011-10-30 01:30", "2011-10-30 02:00").n_events == 2  # the first 01:30 to 02:00
    assert log.between("2011-10-30T01:30+00:00", "2011-10-30 02:00").n_events == 1


def test_users_by_id() -> None:
    log = example(block_events=1)
    assert {line[0] for line in lines(log.users(["cho", "ann", "ann"]))} == {"ann", "cho"}
    assert lines(log.users(pd.Series(["bob"]))) == [line for line in lines(log) if line[0] == "bob"]
    assert log.users([]).n_events == 0
    assert log.users(["ann", "bob"]).users(["bob", "cho"]).n_users == 1
    assert log.users(log.ids()).n_events == log.n_events


@effort(100)
@given(logs(), blocks(), st.data())
def test_views_of_views_keep_what_meets_every_condition(small: Small, size: int, data: st.DataObject) -> None:
    log = small.log(size)
    view, kept = data.draw(views(small, log))
    assert lines(view) == expected(kept)
    assert (view.n_events, view.n_users) == (len(kept.events), len({event.user for event in kept.events}))
    assert lines(log) == expected(small)  # the log itself is as it was
    assert all(view.start <= event.time <= view.end for event in kept.events)
    assert view.as_of > view.end or not kept.events

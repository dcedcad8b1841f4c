"""EventLog: blocks of whole users, views that keep exactly what they say, names, and errors that help."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.core.errors import InputError
from dangol.log.block import Block
from dangol.log.eventlog import EventLog
from tests.logs import make_log, micros
from tests.oracles import Event, histories
from tests.oracles.strategies import DAY, HOUR, Small, blocks, effort, logs, views

COLUMNS = ("time", "event", "item", "amount", "country", "age")
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
Line = tuple[str, str, int, Any, Any, Any, Any]


def lines(log: EventLog) -> list[Line]:
    """Everything a log holds, one event after another, read through its blocks."""
    found: list[Line] = []
    ids = log.ids().tolist()
    texts = {name: log.names(name) for name in COLUMNS[1:] if log.column(name).kind == "text"}

    def value(block: Block, name: str, position: int) -> Any:
        one = block.columns[name][position].item()
        if name in texts:
            return texts[name][one]
        return None if one != one else one

    for block in log.blocks(COLUMNS):
        assert block.time is block.columns["time"]
        assert block.event is block.columns["event"]
        assert len(block.offsets) == len(block.users) + 1
        for position, user in enumerate(block.users.tolist()):
            for row in range(block.offsets[position], block.offsets[position + 1]):
                own = [value(block, name, row) for name in ("event", "time", "item", "amount")]
                theirs = [value(block, name, position) for name in ("country", "age")]
                found.append((ids[user], *own, *theirs))  # type: ignore[arg-type]
    return found


def expected(small: Small) -> list[Line]:
    """The same from the rows."""
    names = ("item", "amount", "country", "age")
    return [
        (event.user, event.name, event.time, *(event.values[name] for name in names))  # type: ignore[misc]
        for history in histories(small.events).values()
        for event in history
    ]


def example(**changes: Any) -> EventLog:
    """Three users; the second has no item, the third no country."""
    rows = [
        ("ann", "view", "2011-03-01 10:00"),
        ("ann", "buy", "2011-03-01 11:00"),
        ("bob", "view", "2011-03-02 10:00"),
        ("cho", "view", "2011-03-02 00:00"),
        ("cho", "구매", "2011-03-03 09:30"),
    ]
    options: dict[str, Any] = {
        "zone": "Asia/Seoul",
        "properties": {"item": ["x", "y", None, "x", "z"], "amount": [1, 2.5, None, 4, 5]},
        "attributes": {"country": {"ann": "KR", "bob": "US"}, "age": {"ann": 20, "bob": 30}},
    }
    return make_log(rows, **{**options, **changes})


# ---- blocks -------------------------------------------------------------------------------------------------------


@effort(60)
@given(logs(most=12), blocks() | st.integers(1, 50))
def test_blocks_hold_all_users_whole_and_in_order(small: Small, size: int) -> None:
    log = small.log(size)
    assert lines(log) == expected(small)
    found = list(log.blocks())
    users = np.concatenate([block.users for block in found])
    assert users.tolist() == list(range(log.n_users))
    for block in found:
        assert block.offsets[0] == 0
        assert block.offsets[-1] == len(block.time) == len(block.event)
        assert (np.diff(block.offsets) > 0).all()
        assert len(block.users) == 1 or block.offsets[-2] < size + block.offsets[-1]
    most = max(len(history) for history in histories(small.events).values())
    assert max(block.offsets[-1] for block in found) <= size + most


@effort(30)
@given(logs(), blocks())
def test_run_merges_the_partial_answers_in_the_order_of_blocks(small: Small, size: int) -> None:
    def scan(block: Block, *, shift: int) -> list[int]:
        assert list(block.columns) == ["time", "age"]
        return [int(user) + shift for user in block.users]

    def merge(parts: list[list[int]]) -> list[int]:
        return [one for part in parts for one in part]

    log = small.log(size)
    assert log.run(scan, merge, columns=("time", "age"), shift=7) == list(range(7, 7 + log.n_users))


def test_a_scan_that_names_an_unknown_column_is_refused() -> None:
    with pytest.raises(InputError, match=r"column 'amuont' is not in the log; did you mean 'amount'\?"):
        example().run(lambda block: None, list, columns=("amuont",))


def test_an_error_in_a_scan_comes_through() -> None:
    def scan(block: Block) -> None:
        raise ValueError("from the scan")

    with pytest.raises(ValueError, match="from the scan"):
        example(block_events=1).run(scan, list)


# ---- what it is ---------------------------------------------------------------------------------------------------


def test_size_span_and_end() -> None:
    log = example()
    assert (log.n_users, log.n_events, log.is_view, log.path, log.zone) == (3, 5, False, None, "Asia/Seoul")
    assert log.start == micros("2011-03-01 10:00", "Asia/Seoul")
    assert log.end == micros("2011-03-03 09:30", "Asia/Seoul")
    assert log.as_of == micros("2011-03-03 10:00", "Asia/Seoul")


def test_it_is_immutable() -> None:
    with pytest.raises(FrozenInstanceError):
        example().span = (0, 1)  # type: ignore[misc]


def test_names_codes_and_ids() -> None:
    log = example()
    assert log.events == ["buy", "view", "구매"]
    assert log.names("item") == [None, "x", "y", "z"]
    assert log.code("event", "view") == 1
    assert log.code("item", "y") == 2
    assert log.ids().tolist() == ["ann", "bob", "cho"]
    assert log.ids(np.array([2, 0])).tolist() == ["cho", "ann"]
    assert [column.name for column in log.columns] == ["time", "event", "item", "amount", "user", "country", "age"]
    assert (log.column("age").kind, log.column("age").level) == ("number", "user")


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda log: log.column("contry"), "column 'contry' is not in the log; did you mean 'country'?"),
        (lambda log: log.code("event", "veiw"), "event 'veiw' is not in the log; did you mean 'view'?"),
        (lambda log: log.code("event", "구메"), "event '구메' is not in the log; did you mean '구매'?"),
        (lambda log: log.code("country", "kr"), "country value 'kr' is not in the log; did you mean 'KR'?"),
        (lambda log: log.names("amount"), "column 'amount' holds numbers, not names"),
        (lambda log: log.where("evnt", "==", "view"), "column 'evnt' is not in the log; did you mean 'event'?"),
        (lambda log: log.where("event", "==", "byu"), "event 'byu' is not in the log; did you mean 'buy'?"),
        (lambda log: log.where("event", "!=", "byu"), "event 'byu' is not in the log; did you mean 'buy'?"),
        (lambda log: log.where("event", "in", ["view", "byu"]), "did you mean 'buy'?"),
        (lambda log: log.where("event", "in", "view"), "'in' needs a list of values"),
        (lambda log: log.where("user", "not in", "ann"), "'not in' needs a list of values"),
        (lambda log: log.where("amount", "in", 3), "'in' needs a list of values"),
        (lambda log: log.where("event", "=", "view"), "op='=' is not known; use '==' or '!='"),
        (lambda log: log.where("event"), "needs an operator and a value"),
        (lambda log: log.where("amount", ">", "3"), "column 'amount' holds numbers; it cannot be compared with '3'"),
        (lambda log: log.where("amount", "in", [1, "a"]), "column 'amount' holds numbers"),
        (lambda log: log.where("amount", "<", None), "column 'amount' holds numbers; it cannot be compared with None"),
        (lambda log: log.where("time", ">", "soon"), "time='soon' is not a date or time"),
        (lambda log: log.between("2012-01-01"), "holds no time of this log, which runs from 2011-03-01 10:00 to"),
        (lambda log: log.between(None, "2011-03-01 10:00"), "holds no time of this log"),
        (lambda log: log.between("2011-03-02", "2011-03-01"), "holds no time of this log"),
        (lambda log: log.between("2011-03-03 09:31"), "holds no time of this log"),
        (lambda log: log.between("today"), "start='today' is not a date or time"),
        (lambda log: log.users(["ann", "dan", "eve"]), "2 of 3 users are not in the log, the first is 'dan'"),
        (lambda log: log.where(pc.field("amuont") > 1), "column 'amuont' is not in the log; did you mean 'amount'?"),
        (lambda log: log.where((pc.field("amount") > 1) & (pc.field("itm") == "x")), "did you mean 'item'?"),
        (lambda log: log.where((pc.field("amount") > 1) & (pc.field("age") > 1)), "event columns or user columns"),
        (lambda log: log.where(pc.scalar(True)), "event columns or user columns"),
        (lambda log: log.where(pc.field("amount") > "x"), "amount"),
        (lambda log: log.where(pc.field("amount") + 1), "true or false"),
    ],
)
def test_errors_say_what_to_do(ask: Callable[[EventLog], Any], says: str) -> None:
    with pytest.raises(InputError) as problem:
        ask(example())
    assert says in str(problem.value)


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


def test_a_recipe_says_which_view() -> None:
    view = example().where("item", "==", "x").between("2011-03-01", "2011-03-03").users(["ann"])
    told = view.describe()["view"]
    assert told == ["item == 'x'", "2011-03-01 10:00 <= time < 2011-03-03 00:00", "1 named users"]
    assert example().describe()["view"] == []


def test_days_of_dates_only_are_complete_to_the_next_midnight() -> None:
    log = make_log([("u", "a", "2011-03-01"), ("v", "a", "2011-03-04")], zone="Asia/Seoul")
    assert log.as_of == micros("2011-03-05", "Asia/Seoul") == log.end + DAY
    assert log.between("2011-03-02").as_of == log.as_of
    assert log.as_of - micros("2011-03-04 23:00", "Asia/Seoul") == HOUR


def test_an_event_is_one_row() -> None:
    event = Event("u", "a", 0)
    assert event.values == {}

"""EventLog: blocks of whole users, names, and errors that help."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.core.errors import InputError
from dangol.log.block import Block
from dangol.log.eventlog import EventLog
from tests.logs import make_log, micros
from tests.oracles import histories
from tests.oracles.strategies import DAY, HOUR, Small, blocks, effort, logs

from .reading import example, expected, lines

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

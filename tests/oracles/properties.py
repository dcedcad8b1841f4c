"""What every question must obey, whatever it asks: the halves of tests that do not depend on the question."""

from __future__ import annotations

import random
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from dangol.core.result import Result
from dangol.log.eventlog import EventLog

from . import Row, check, rows_of
from .strategies import Small

Ask = Callable[[EventLog], Result]


def moments(small: Small, log: EventLog, more: Iterable[int] = ()) -> st.SearchStrategy[int | None]:
    """Draw an ``as_of``: at an event's very instant, somewhere else that matters, or None."""
    marks = sorted({event.time for event in small.events} | {log.as_of} | set(more))
    return st.sampled_from([None, None, *(mark for mark in marks if mark > log.start)])


def alike(found: Result, expected: Result, *, without: Container[str] = ()) -> None:
    """Assert that two answers have the same tables."""
    assert list(found.tables) == list(expected.tables)
    for name in expected.tables:
        if name not in without:
            check(found.tables[name], rows_of(expected.tables[name]))


def blocks_change_nothing(ask: Ask, small: Small) -> None:
    """Assert that an answer is the same from one block and from a block per user, to the last word."""
    whole, cut = (ask(small.log(size)) for size in (1 << 20, 1))
    alike(cut, whole)
    assert (whole.summary(), whole.summary("ko"), whole.how) == (cut.summary(), cut.summary("ko"), cut.how)


def order_of_rows_changes_nothing(
    ask: Ask, small: Small, chance: random.Random, *, without: Container[str] = ()
) -> None:
    """Assert that rows may come in any order; of simultaneous events the order counts, so times must differ."""
    shuffled = replace(small, events=tuple(chance.sample(small.events, len(small.events))))
    first, second = (ask(one.log(2)) for one in (small, shuffled))
    alike(second, first, without=without)


def doubled(rows: Iterable[Row], counts: Container[str], *, intervals: Mapping[str, Any] | None = None) -> list[Row]:
    """Rows as they must be once every user is there twice: counts double, intervals are made anew, all else stays.

    ``intervals``: by column, how it follows from a doubled row; None leaves a column out of the comparison.
    """
    found = []
    for row in rows:
        more = {name: 2 * value if name in counts and value is not None else value for name, value in row.items()}
        for name, make in (intervals or {}).items():
            if name in more:
                more[name] = make(more)
        found.append(more)
    return found


def column(found: Result, name: str, *columns: str) -> list[tuple[Any, ...]]:
    """Some columns of a table, row by row."""
    return [tuple(row[one] for one in columns) for row in rows_of(found.tables[name])]

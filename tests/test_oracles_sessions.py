"""``sessions`` against its oracle and its own symmetries, on logs that Hypothesis invents."""

from __future__ import annotations

import math
import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dangol.questions.sessions import sessions
from tests.oracles import Event, check, rows_of
from tests.oracles import sessions as oracle
from tests.oracles.strategies import DAY, NAMES, STEADY, Small, blocks, effort, logs, views

OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "gap": st.sampled_from(("30m", "1h", "1us", "10m", "12h")),
        "cap": st.sampled_from(("1h", "10m", "2h", "1us", "1d")),
        "midnight": st.booleans(),
        "separator": st.sampled_from(NAMES[:2]),
    },
)
BY = st.sampled_from((None, "country", "age", "item", "amount"))


def spoken(options: dict[str, Any]) -> dict[str, Any]:
    """The options as the oracle calls them."""
    return {("at_midnight" if name == "midnight" else name): value for name, value in options.items()}


def known(small: Small, options: dict[str, Any]) -> dict[str, Any]:
    """Leave out a separator that the log does not have."""
    names = {event.name for event in small.events}
    return {name: value for name, value in options.items() if name != "separator" or value in names}


@effort(120)
@given(logs(), OPTIONS, BY, blocks())
def test_every_session_and_table_equals_the_oracle(
    small: Small, options: dict[str, Any], by: str | None, size: int
) -> None:
    options = known(small, options)
    log = small.log(size)
    found = sessions(log, by=by, **options)
    rows = oracle.table(small.events, small.zone, by=by, **spoken(options))
    check(found.table, rows)
    assert str(found.table["start"].dtype) == str(found.table["end"].dtype) == f"datetime64[us, {small.zone}]"
    check(found.tables["users"], oracle.users(rows))
    for column in ("entry", "last"):
        check(found.tables[column], oracle.ends(rows, column), ordered=False, key=["event"])
        assert found.tables[column]["sessions"].is_monotonic_decreasing
    if by is not None:
        check(found.tables["segments"], oracle.segments(rows), ordered=False, key=["segment"])
        assert found.tables["segments"]["sessions"].is_monotonic_decreasing
    summary = {row["measure"]: row["value"] for row in rows_of(found.tables["summary"])}
    expected = oracle.summary(rows) | {
        "suggested_gap_s": math.nan,
        "unfinished": oracle.unfinished(small.events, small.zone, log.as_of, **spoken(options)),
    }
    check(
        found.tables["summary"],
        [{"measure": name, "value": value} for name, value in expected.items()],
        ordered=False,
        key=["measure"],
    )
    assert list(summary)[:4] == ["users", "sessions", "events", "sessions_per_user"]


@effort(60)
@given(logs(), OPTIONS, st.sampled_from((None, "country", "item")), st.integers(1, 3), st.data())
def test_the_users_behind_a_number(
    small: Small, options: dict[str, Any], by: str | None, least: int, data: st.DataObject
) -> None:
    options = known(small, options)
    found = sessions(small.log(2), by=by, **options)
    rows = oracle.table(small.events, small.zone, by=by, **spoken(options))
    where: dict[str, Any] = {"min_sessions": least} if least > 1 else {}
    for column in ["entry", "last", *(["segment"] if by else [])]:
        if data.draw(st.booleans(), column):
            where[column] = data.draw(st.sampled_from(sorted({row[column] for row in rows})))
    bounced = data.draw(st.sampled_from((None, True, False)), "bounced")
    if bounced is not None:
        where["bounced"] = bounced
    kept = [
        row for row in rows if all(row[name] == where[name] for name in ("entry", "last", "segment") if name in where)
    ]
    kept = [row for row in kept if bounced is None or (row["events"] == 1) == bounced]
    users = [row["user"] for row in kept]
    assert found.units(**where).tolist() == [user for user in dict.fromkeys(users) if users.count(user) >= least]


@effort(40)
@given(logs())
def test_idle_times_are_counted_once_each(small: Small) -> None:
    table = rows_of(sessions(small.log(2)).tables["gaps"])
    idle = oracle.gaps(small.events)
    assert sum(row["count"] for row in table) == len(idle)
    for row, after in zip(table, table[1:], strict=False):
        assert row["upper_s"] == after["lower_s"]
    for row in table:
        assert row["count"] == sum(row["lower_s"] <= gap < row["upper_s"] for gap in idle)


@effort(40)
@given(logs(), OPTIONS, BY)
def test_cutting_into_blocks_anywhere_changes_nothing(small: Small, options: dict[str, Any], by: str | None) -> None:
    options = known(small, options)
    whole, cut = (sessions(small.log(size), by=by, **options) for size in (1 << 20, 1))
    for name in whole.tables:
        check(cut.tables[name], rows_of(whole.tables[name]))
    assert (whole.summary(), whole.summary("ko"), whole.how) == (cut.summary(), cut.summary("ko"), cut.how)


@effort(30)
@given(logs(distinct=True), OPTIONS, BY, st.randoms(use_true_random=False))
def test_the_order_of_rows_at_different_times_changes_nothing(
    small: Small, options: dict[str, Any], by: str | None, chance: random.Random
) -> None:
    options = known(small, options)
    shuffled = Small(small.zone, tuple(chance.sample(small.events, len(small.events))), small.people)
    first, second = (sessions(one.log(), by=by, **options) for one in (small, shuffled))
    for name in first.tables:
        check(second.tables[name], rows_of(first.tables[name]))


@effort(30)
@given(logs(), OPTIONS, BY)
def test_doubling_the_users_doubles_counts_and_changes_no_rate(
    small: Small, options: dict[str, Any], by: str | None
) -> None:
    options = known(small, options)
    once, twice = (sessions(one.log(2), by=by, **options) for one in (small, small.doubled()))
    for name in [name for name in ("entry", "last", "segments", "summary") if name in once.tables]:
        counts = ("users", "sessions", "events", "bounces", "unfinished")
        key = ["measure"] if name == "summary" else ["segment"] if name == "segments" else ["event"]
        expected = []
        for row in rows_of(once.tables[name]):
            if name == "summary":
                expected.append(row | ({"value": 2 * row["value"]} if row["measure"] in counts else {}))
                continue
            row = row | {count: 2 * row[count] for count in counts if count in row}
            if name == "segments":
                lower, upper = oracle.wilson(round(row["bounce_rate"] * row["sessions"]), row["sessions"])
                row |= {"lower": lower, "upper": upper}
            expected.append(row)
        found = twice.tables[name]
        if name == "summary":  # a quantile that interpolates lies between other neighbours in a doubled list
            found = found[found["measure"] != "p90_duration_s"]
            expected = [row for row in expected if row["measure"] != "p90_duration_s"]
        check(found, expected, ordered=False, key=key)


@effort(30)
@given(logs(zones=STEADY), OPTIONS, st.integers(-30, 30))
def test_whole_weeks_later_only_the_dates_differ(small: Small, options: dict[str, Any], weeks: int) -> None:
    options = known(small, options)
    us = weeks * 7 * DAY
    now, later = (sessions(one.log(), **options) for one in (small, small.moved(us)))
    for name in now.tables:
        moved = [
            row | {time: row[time] + us for time in ("start", "end") if time in row}
            for row in rows_of(now.tables[name])
        ]
        check(later.tables[name], moved)
    assert now.summary() == later.summary()


@effort(60)
@given(logs(), OPTIONS, BY, blocks(), st.data())
def test_a_view_answers_as_a_log_of_its_rows(
    small: Small, options: dict[str, Any], by: str | None, size: int, data: st.DataObject
) -> None:
    view, kept = data.draw(views(small, small.log(size)))
    names = {event.name for event in small.events}  # a view knows every name of its log
    options = {name: value for name, value in options.items() if name != "separator" or value in names}
    found = sessions(view, by=by, **options)
    rows = oracle.table(kept.events, small.zone, by=by, **spoken(options))
    check(found.table, rows)
    check(found.tables["users"], oracle.users(rows))
    if rows and "separator" not in options:
        again = sessions(kept.log(), by=by, **options)
        for name in again.tables:
            check(found.tables[name], rows_of(again.tables[name]), ordered=False, key=[again.tables[name].columns[0]])


def test_an_empty_view_has_no_sessions_and_says_so() -> None:
    small = Small("UTC", (Event("u", "a", 0, {"item": None, "amount": 1.0}),), {"u": {"country": None, "age": None}})
    found = sessions(small.log().where("amount", ">", 1), by="item")
    assert {name: len(table) for name, table in found.tables.items() if name != "summary"} == dict.fromkeys(
        [name for name in found.tables if name != "summary"], 0
    )
    summary = {row["measure"]: row["value"] for row in rows_of(found.tables["summary"])}
    assert summary["users"] == summary["sessions"] == summary["events"] == 0
    assert summary["bounce_rate"] is None
    assert found.units().tolist() == []
    assert found.summary()
    assert found.summary("ko")

"""``sessions`` against its oracle and its own symmetries, on logs that Hypothesis invents."""

from __future__ import annotations

import math
import random
from itertools import pairwise
from statistics import NormalDist
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.questions.sessions import sessions
from tests.logs import make_log
from tests.oracles import SECOND, Event, check, check_words, rows_of, wilson
from tests.oracles import sessions as oracle
from tests.oracles.properties import blocks_change_nothing, order_of_rows_changes_nothing
from tests.oracles.strategies import DAY, NAMES, STEADY, Small, blocks, effort, logs, views

RARELY = {"cap": st.sampled_from(("1h", "10m", "2h", "1us", "1d")), "separator": st.sampled_from(NAMES[:2])}
OPTIONS = st.fixed_dictionaries(
    {"gap": st.sampled_from(("30m", "12h", "1h", "30m", "1d", "10m", "1us")), "midnight": st.booleans()}
).flatmap(lambda usual: st.just(usual) | st.fixed_dictionaries({}, optional=RARELY).map(lambda rare: {**usual, **rare}))
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
    check_words(found)
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
    for row, after in pairwise(table):
        assert row["upper_s"] == after["lower_s"]
    for row in table:
        assert row["count"] == sum(row["lower_s"] <= gap < row["upper_s"] for gap in idle)


@effort(40)
@given(logs(), OPTIONS, BY)
def test_cutting_into_blocks_anywhere_changes_nothing(small: Small, options: dict[str, Any], by: str | None) -> None:
    options = known(small, options)
    blocks_change_nothing(lambda log: sessions(log, by=by, **options), small)


@effort(30)
@given(logs(distinct=True), OPTIONS, BY, st.randoms(use_true_random=False))
def test_the_order_of_rows_at_different_times_changes_nothing(
    small: Small, options: dict[str, Any], by: str | None, chance: random.Random
) -> None:
    options = known(small, options)
    order_of_rows_changes_nothing(lambda log: sessions(log, by=by, **options), small, chance)


COUNTS = ("users", "sessions", "events", "bounces", "unfinished")


def _doubled(row: dict[str, Any], table: str) -> dict[str, Any]:
    """A row with twice the counts, and the narrower interval of its rate."""
    if table == "summary":
        return row | ({"value": 2 * row["value"]} if row["measure"] in COUNTS else {})
    more = row | {count: 2 * row[count] for count in COUNTS if count in row}
    if table == "segments":
        more["lower"], more["upper"] = wilson(round(more["bounce_rate"] * more["sessions"]), more["sessions"])
    return more


@effort(30)
@given(logs(), OPTIONS, BY)
def test_doubling_the_users_doubles_counts_and_changes_no_rate(
    small: Small, options: dict[str, Any], by: str | None
) -> None:
    options = known(small, options)
    once, twice = (sessions(one.log(2), by=by, **options) for one in (small, small.doubled()))
    for name in [name for name in ("entry", "last", "segments", "summary") if name in once.tables]:
        key = ["measure"] if name == "summary" else ["segment"] if name == "segments" else ["event"]
        expected = [_doubled(row, name) for row in rows_of(once.tables[name])]
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
    check_words(found)


@pytest.mark.parametrize("apart", [True, False])
def test_the_suggested_gap_is_where_two_planted_kinds_of_pauses_cross(apart: bool) -> None:
    # log10 of the pauses in seconds: 3/4 around 1.5 (half a minute), 1/4 around 5 (a day); or all around 3
    chance = random.Random(0)
    kinds = [(0.75, NormalDist(1.5, 0.5)), (0.25, NormalDist(5, 0.6))] if apart else [(1.0, NormalDist(3, 0.8))]
    rows, time = [("u", "a", 0)], 0
    for _ in range(4000):
        kind = chance.choices([one for _, one in kinds], [share for share, _ in kinds])[0]
        time += round(10 ** chance.gauss(kind.mean, kind.stdev) * SECOND)
        rows.append(("u", "a", time))
    summary = {row["measure"]: row["value"] for row in rows_of(sessions(make_log(rows)).tables["summary"])}
    if not apart:
        assert summary["suggested_gap_s"] is None
        return
    between = [step / 1000 for step in range(1500, 5000)]
    crossing = next(x for x in between if 0.25 * kinds[1][1].pdf(x) >= 0.75 * kinds[0][1].pdf(x))
    assert abs(math.log10(summary["suggested_gap_s"]) - crossing) < 0.1

"""``overview``: witnesses, rules, tables, words and errors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dangol.core.errors import InputError
from dangol.log.eventlog import EventLog
from dangol.questions.overview import overview
from tests.logs import make_log

ROWS = [
    ("a", "view", "2024-03-01 10:00"),  # a Friday
    ("a", "cart", "2024-03-01 23:59"),
    ("a", "view", "2024-03-03 00:00"),
    ("b", "view", "2024-03-03 08:00"),
    ("b", "order", "2024-03-04 08:00"),  # a Monday
    ("c", "view", "2024-03-04 22:30"),
]


def small(**options: Any) -> EventLog:
    return make_log(ROWS, **options)


def measures(log: EventLog, **options: Any) -> dict[str, Any]:
    table = overview(log, **options).tables["summary"]
    return dict(zip(table["measure"], table["value"], strict=True))


# ---- the shop: pandas and the numbers published with the data are the witnesses ---------------------------------


@pytest.fixture(scope="module")
def lines(shared_data: Path) -> pd.DataFrame:
    columns = ["InvoiceNo", "InvoiceDate", "CustomerID", "Country"]
    table = pd.read_csv(shared_data / "online_retail" / "online_retail.csv.gz", dtype=str, usecols=columns)
    kept = table[table["CustomerID"].notna() & ~table["InvoiceNo"].str.startswith("C")].reset_index(drop=True)
    kept["time"] = pd.to_datetime(kept["InvoiceDate"])
    return kept


@pytest.fixture(scope="module")
def shop(lines: pd.DataFrame) -> EventLog:
    utc = lines["time"].dt.tz_localize("Europe/London").dt.tz_convert("UTC").dt.tz_localize(None)
    times = utc.astype("datetime64[us]").astype("int64").tolist()
    rows = [(user, "line", time) for user, time in zip(lines["CustomerID"], times, strict=True)]
    return make_log(rows, zone="Europe/London", properties={"Country": lines["Country"].tolist()})


def test_shop_as_published(shop: EventLog) -> None:
    """../shared/data/README.md: 397,924 lines of 4,339 customers; 885 of them in the first month."""
    found = measures(shop)
    assert (found["users"], found["events"]) == (4_339, 397_924)
    months = overview(shop).tables["months"]
    assert (months["users"][0], months["new_users"][0]) == (885, 885)
    assert months["new_users"].sum() == 4_339
    assert months["events"].sum() == 397_924
    assert months["complete"].tolist() == [True] * 12 + [False]


@pytest.mark.parametrize(("every", "code"), [("1d", "D"), ("1w", "W-SUN"), ("1mo", "M"), ("1q", "Q"), ("3h", "3h")])
def test_shop_periods_equal_pandas(shop: EventLog, lines: pd.DataFrame, every: str, code: str) -> None:
    place = lines["time"].dt.floor("3h") if code == "3h" else lines["time"].dt.to_period(code).dt.start_time
    grouped = lines.assign(place=place).groupby("place")
    first = lines.assign(place=place).sort_values("time").drop_duplicates("CustomerID").groupby("place").size()
    found = overview(shop, every=every).table
    local = found["start"].dt.tz_localize(None)
    if code == "3h":  # hours do not shift with the clock, so they lie an hour later in summer: compare winter alone
        winter = local < pd.Timestamp("2011-03-27")
        found, local = found[winter], local[winter]
        grouped = lines[lines["time"] < "2011-03-27"].assign(place=place).groupby("place")
    expected = pd.DataFrame({"users": grouped["CustomerID"].nunique(), "events": grouped.size(), "new_users": first})
    expected = expected.reindex(local, fill_value=0).fillna(0).astype(int)
    for name in ("users", "events", "new_users"):
        assert found[name].tolist() == expected[name].tolist(), name


def test_shop_trailing_days_equal_pandas(shop: EventLog, lines: pd.DataFrame) -> None:
    table = overview(shop).tables["stickiness"]
    day = lines["time"].dt.normalize()
    for row in table.iloc[::37].itertuples():
        end = pd.Timestamp(str(row.period))
        for width, users in ((1, row.users), (7, row.users_7d), (30, row.users_30d)):
            inside = (day <= end) & (day > end - pd.Timedelta(days=width))
            assert users == lines["CustomerID"][inside].nunique(), (row.period, width)
    settled = table[29:][table["period"][29:] < "2011-12-09"]  # that day ends with the log, at 13:00
    assert measures(shop)["stickiness"] == pytest.approx((settled["users"] / settled["users_30d"]).mean(), rel=1e-12)


def test_shop_events_per_user_equal_pandas(shop: EventLog, lines: pd.DataFrame) -> None:
    sizes = lines.groupby("CustomerID").size()
    found = measures(shop)
    assert found["mean_events_per_user"] == pytest.approx(sizes.mean(), rel=1e-12)
    assert found["median_events_per_user"] == sizes.median()
    assert found["p90_events_per_user"] == pytest.approx(sizes.quantile(0.9), rel=1e-12)


def test_shop_countries_equal_pandas(shop: EventLog, lines: pd.DataFrame) -> None:
    """``Country`` stands on each line: eight customers have more than one, each counts in all of theirs."""
    table = overview(shop, every="1y", by="Country").table
    expected = lines.groupby(["Country", lines["time"].dt.year])["CustomerID"].nunique()
    found = table.set_index(["segment", table["start"].dt.year])["users"]
    assert found[found > 0].sort_index().to_dict() == expected.to_dict()
    assert table["new_users"].sum() == 4_339


# ---- by hand ----------------------------------------------------------------------------------------------------


def test_periods_by_hand() -> None:
    table = overview(small()).table
    assert table.drop(columns="start").to_dict("list") == {
        "period": ["2024-03-01", "2024-03-02", "2024-03-03", "2024-03-04"],
        "users": [1, 0, 2, 2],
        "new_users": [1, 0, 1, 1],
        "events": [2, 0, 2, 2],
        "events_per_user": [2.0, pytest.approx(np.nan, nan_ok=True), 1.0, 1.0],
        "complete": [True, True, True, False],  # the last event is at 22:30, so the log is complete up to 23:00
    }
    assert str(table["start"].dtype) == "datetime64[us, UTC]"
    weeks = overview(small()).tables["weeks"]
    assert weeks[["period", "users", "new_users", "events", "complete"]].to_dict("list") == {
        "period": ["2024-02-26", "2024-03-04"],
        "users": [2, 2],
        "new_users": [2, 1],
        "events": [4, 2],
        "complete": [True, False],
    }


def test_summary_by_hand() -> None:
    found = measures(small())
    assert (found["users"], found["events"], found["days"]) == (3, 6, 4)
    assert found["first_event"] == pd.Timestamp("2024-03-01 10:00", tz="UTC")
    assert found["last_event"] == pd.Timestamp("2024-03-04 22:30", tz="UTC")
    assert found["mean_events_per_user"] == found["median_events_per_user"] == 2.0
    assert found["p90_events_per_user"] == pytest.approx(2.8)
    assert found["mean_daily_users"] == 1.0  # 1, 0 and 2 on the days that are over
    assert found["mean_weekly_users"] == 2.0
    assert np.isnan(found["mean_monthly_users"])
    assert np.isnan(found["stickiness"])


def test_events_by_hand() -> None:
    assert overview(small()).tables["events"].to_dict("list") == {
        "event": ["view", "cart", "order"],
        "events": [4, 1, 1],
        "users": [3, 1, 1],
        "share_of_events": [4 / 6, 1 / 6, 1 / 6],
        "share_of_users": [1.0, 1 / 3, 1 / 3],
    }


def test_trailing_days_end_after_their_width() -> None:
    """Active on days 0, 3 and 10: within 7 days until day 9 and from 10 to 16, within 30 days until day 39."""
    start = datetime(2024, 1, 1, 12, tzinfo=UTC)
    rows = [("a", "x", (start + timedelta(days=day)).isoformat()) for day in (0, 3, 10)]
    table = overview(make_log([*rows, ("b", "x", (start + timedelta(days=44)).isoformat())])).tables["stickiness"]
    assert table["users_7d"].tolist()[:40] == [1] * 17 + [0] * 23
    assert table["users_30d"].tolist()[:44] == [1] * 40 + [0] * 4
    assert table["complete"].tolist() == [False] * 29 + [True] * 15 + [False]


def test_days_are_local_and_daylight_saving_is_known() -> None:
    """In New York the clock goes from 02:00 to 03:00 on 2024-03-10, whose midnights are 05:00 and 04:00 UTC."""
    rows = [
        ("a", "x", "2024-03-10 04:30+00:00"),
        ("a", "x", "2024-03-11 03:59+00:00"),
        ("a", "x", "2024-03-11 04:00+00:00"),
    ]
    table = overview(make_log(rows, zone="America/New_York")).table
    assert table["period"].tolist() == ["2024-03-09", "2024-03-10", "2024-03-11"]
    assert table["events"].tolist() == [1, 1, 1]
    assert overview(make_log(rows, zone="Asia/Seoul")).table["events"].tolist() == [1, 2]


def test_hours() -> None:
    table = overview(small().between("2024-03-03", "2024-03-04"), every="8h").table
    assert table["period"].tolist() == ["2024-03-03 00:00", "2024-03-03 08:00", "2024-03-03 16:00"]
    assert table["users"].tolist() == table["new_users"].tolist() == [1, 1, 0]
    weeks = overview(small(), every="1h").tables["weeks"]
    assert weeks.equals(overview(small()).tables["weeks"])


def test_segments_of_a_user_column() -> None:
    result = overview(small(attributes={"city": {"a": "Seoul", "c": "Seoul"}}), every="1w", by="city")
    table = result.table.set_index(["segment", "period"])
    assert table["users"].to_dict() == {
        ("(none)", "2024-02-26"): 1,
        ("(none)", "2024-03-04"): 1,
        ("Seoul", "2024-02-26"): 1,
        ("Seoul", "2024-03-04"): 1,
    }
    assert table["new_users"].tolist() == [1, 0, 1, 1]
    assert "largest of the 2 segments by city is ‘Seoul’ with 2 users (66.7 %)" in result.summary()


def test_segments_of_an_event_column() -> None:
    """Each event counts under its own value; a is new where its first event is, under ``home`` alone."""
    pages = ["home", "item", "home", "item", "item", "home"]
    table = overview(small(properties={"page": pages}), every="1mo", by="page").table.set_index("segment")
    assert table["users"].to_dict() == {"home": 2, "item": 2}
    assert table["new_users"].to_dict() == {"home": 2, "item": 1}
    assert table["events"].to_dict() == {"home": 3, "item": 3}


def test_as_of_leaves_out_what_comes_later_and_may_lie_behind_the_log() -> None:
    early = overview(small(), as_of="2024-03-03 08:00")
    assert early.table["events"].tolist() == [2, 0, 1]
    assert early.table["complete"].tolist() == [True, True, False]
    assert measures(small(), as_of="2024-03-03 08:00")["users"] == 1
    late = overview(small(), as_of="2024-03-06").table
    assert late["users"].tolist() == [1, 0, 2, 2, 0]
    assert late["complete"].all()


# ---- behaviour --------------------------------------------------------------------------------------------------


def busy(block_events: int) -> EventLog:
    rng = np.random.default_rng(5)
    rows = [
        (f"u{rng.integers(15)}", str(rng.choice(["x", "y", "z"])), int(rng.integers(0, 60 * 24)) * 3_600_000_000)
        for _ in range(400)
    ]
    kinds = {"kind": [row[1] for row in rows]}
    cities = {"city": {f"u{i}": f"c{i % 3}" for i in range(14)}}
    return make_log(rows, block_events=block_events, properties=kinds, attributes=cities, zone="Asia/Seoul")


@pytest.mark.parametrize("options", [{}, {"every": "6h"}, {"every": "1w", "by": "city"}, {"every": "2d", "by": "kind"}])
def test_cutting_into_blocks_changes_nothing(options: dict[str, Any]) -> None:
    whole, cut = (overview(busy(size), **options) for size in (1 << 20, 1))
    for name in whole.tables:
        assert whole.tables[name].equals(cut.tables[name]), name
    assert whole.summary() == cut.summary()


def test_segments_of_users_add_up() -> None:
    whole, parts = overview(busy(1 << 20)), overview(busy(1 << 20), by="city")
    for name in ("periods", "weeks", "months"):
        added = parts.tables[name].groupby("period", sort=False)[["users", "new_users", "events"]].sum()
        assert (added.to_numpy() == whole.tables[name][["users", "new_users", "events"]].to_numpy()).all(), name
    assert parts.tables["stickiness"].equals(whole.tables["stickiness"])


def test_a_view_is_asked_as_if_the_rest_were_not_there() -> None:
    view = overview(small().where("event", "==", "view"))
    assert view.table["users"].tolist() == [1, 0, 2, 1]
    assert view.tables["events"]["event"].tolist() == ["view"]
    assert view.units(period="2024-03-03", new=True).tolist() == ["b"]


def test_an_empty_view_says_so() -> None:
    result = overview(small().where("event", "==", "order").where("event", "==", "cart"))
    assert result.sentences[0].write().startswith("There are no users")
    assert result.summary("ko").startswith("사용자가 없습니다")
    assert result.table["users"].tolist() == [0, 0, 0, 0]
    assert len(result.tables["events"]) == 0
    table = result.tables["summary"]
    assert table["value"][:2].tolist() == [0, 0]
    assert table["value"][2:4].isna().all()
    result.figure()


def test_units() -> None:
    result = overview(small(attributes={"city": {"a": "Seoul"}}), by="city")
    assert result.units().tolist() == ["a", "b", "c"]
    assert result.units(period="2024-03-03").tolist() == ["a", "b"]
    assert result.units(period="2024-03-03", new=True).tolist() == ["b"]
    assert result.units(period="2024-03-02").tolist() == []
    assert result.units(event="order").tolist() == ["b"]
    assert result.units(event="view", period="2024-03-04").tolist() == ["c"]
    assert result.units(segment="(none)", period="2024-03-03").tolist() == ["b"]


def test_numbers_have_their_users() -> None:
    """Every cell of the table is the number of users it lists."""
    for by in (None, "city", "kind"):
        result = overview(busy(7), every="1w", by=by)
        for row in result.table.itertuples():
            cell = {"period": row.period} | ({"segment": row.segment} if by else {})
            assert len(result.units(**cell)) == row.users, cell
            assert len(result.units(**cell, new=True)) == row.new_users, cell


def test_words() -> None:
    result = overview(small())
    first = result.sentences[0].write()
    assert first.startswith(
        "Weak evidence, only 3 users: 3 users made 6 events from 2024-03-01 to 2024-03-04 (days: 4)"
    )
    # Friday to Monday: the only finished week was seen for three days, which is no average of weeks
    assert "active on average: 1.0 on a day, unfinished ones left out" in first
    assert "2024-03-03) 2 users were active, 1 of them new" in result.summary()
    assert "사용자 3명이 이벤트 6건" in result.summary("ko")
    assert "no period of 1mo is over yet" in overview(small(), every="1mo").sentences[0].write()
    assert "no day is over yet" in overview(small(), as_of="2024-03-01 23:00").sentences[0].write()
    assert result.recipe["parameters"] == {"every": "1d", "by": None, "as_of": None}
    assert result.explain()["window"] == "1d periods, calendar, up to 2024-03-04 23:00"


def test_figures() -> None:
    for options in ({}, {"every": "1w"}, {"by": "kind"}, {"every": "1mo", "by": "city"}):
        figure = overview(busy(1 << 20), **options).figure()
        assert "15 users, 400 events" in figure.layout.title.text
        assert sum(len(trace.x) for trace in figure.data) > 3


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"every": 7}, "every needs a unit, found 7"),
        ({"every": "0d"}, "whole number of periods, at least 1"),
        ({"every": "30m"}, "is not a calendar period"),
        ({"by": "contry"}, "column 'contry' is not in the log"),
        ({"as_of": "2024-02-01"}, "is not after the log's first event"),
        ({"as_of": "yesterday"}, "is not a date or time"),
    ],
)
def test_errors(options: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        overview(small(), **options)


def test_too_many_cells_is_an_error() -> None:
    rows = [(f"u{i}", "x", i * 3_600_000_000 * 24 * 365) for i in range(40)]
    log = make_log(rows, attributes={"name": {f"u{i}": f"n{i}" for i in range(40)}})
    with pytest.raises(InputError, match="by='name' makes 40 segments"):
        overview(log, every="1h", by="name")


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ({"period": "2024-03-09"}, "period '2024-03-09' is not in the answer"),
        ({"event": "ordr"}, "did you mean 'order'"),
        ({"segment": "Seoul"}, "needs an answer that was broken down"),
        ({"step": 2}, "unexpected keyword argument"),
    ],
)
def test_errors_of_units(where: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        overview(small()).units(**where)

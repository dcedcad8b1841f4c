"""``retention`` against a shop's published cohort and plain pandas; what holds for every combination of its options."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dangol.log.eventlog import EventLog
from dangol.questions.retention import retention
from tests.logs import make_log

SHOP = Path(__file__).parents[3] / "shared" / "data" / "online_retail" / "online_retail.csv.gz"
DAY_US = 86_400_000_000


# ---- the shop: witnesses are the numbers published with the data and a computation in plain pandas ----------------


@pytest.fixture(scope="module")
def orders() -> pd.DataFrame:
    if not SHOP.exists():
        pytest.skip("the optional folder ../shared/data with online_retail.csv.gz is absent")
    lines = pd.read_csv(SHOP, dtype=str, usecols=["InvoiceNo", "InvoiceDate", "CustomerID", "Country"])
    kept = lines[lines["CustomerID"].notna() & ~lines["InvoiceNo"].str.startswith("C")]
    kept = kept.drop_duplicates(["InvoiceNo", "InvoiceDate", "CustomerID"]).reset_index(drop=True)
    kept["local"] = pd.to_datetime(kept["InvoiceDate"])
    kept["time"] = kept["local"].dt.tz_localize("Europe/London").dt.tz_convert("UTC")
    return kept


@pytest.fixture(scope="module")
def shop(orders: pd.DataFrame) -> EventLog:
    times = orders["time"].dt.tz_localize(None).astype("datetime64[us]").astype("int64")
    rows = [(user, "order", time) for user, time in zip(orders["CustomerID"], times, strict=True)]
    return make_log(rows, zone="Europe/London", properties={"Country": orders["Country"].tolist()})


def test_shop_cohort_as_published(shop: EventLog) -> None:
    # ../shared/data/README.md: monthly cohort 2010-12 keeps these customers
    published = [885, 324, 286, 340, 321, 352, 321, 309, 313, 350, 331, 445, 235]
    table = retention(shop, every="1mo").table
    cohort = table[table["cohort"] == "2010-12"]
    assert cohort["users"].tolist() == published
    assert set(cohort["n"]) == {885}
    assert cohort["complete"].tolist() == [True] * 12 + [False]
    assert cohort["rate"].tolist() == pytest.approx([users / 885 for users in published], abs=0)


@pytest.mark.parametrize(("every", "code"), [("1mo", "M"), ("1w", "W-SUN"), ("1q", "Q"), ("1d", "D")])
@pytest.mark.parametrize("cohorts", ["first", "recurring"])
def test_shop_triangle_equals_pandas(shop: EventLog, orders: pd.DataFrame, every: str, code: str, cohorts: str) -> None:
    if (every, cohorts) == ("1d", "recurring"):
        every, code = "1y", "Y"
    place = orders["local"].dt.to_period(code)
    place = place.map({period: at for at, period in enumerate(pd.period_range(place.min(), place.max(), freq=code))})
    seen = pd.DataFrame({"user": orders["CustomerID"], "at": place}).drop_duplicates()
    starts = seen.groupby("user", as_index=False)["at"].min() if cohorts == "first" else seen
    pairs = starts.merge(seen, on="user", suffixes=("", "_later"))
    pairs = pairs[pairs["at_later"] >= pairs["at"]]
    expected = pairs.groupby(["at", pairs["at_later"] - pairs["at"]])["user"].nunique()

    result = retention(shop, every=every, cohorts=cohorts)
    found = result.table[result.table["users"] > 0]
    names = result.table["cohort"].unique()
    assert len(names) == starts["at"].nunique()
    order = dict(zip(names, sorted(starts["at"].unique()), strict=True))
    counted = found.set_index([found["cohort"].map(order), "period"])["users"]
    assert counted.to_dict() == expected.to_dict()
    sizes = result.table.drop_duplicates("cohort").set_index("cohort")["n"]
    assert sizes.tolist() == starts.groupby("at")["user"].nunique().tolist()


@pytest.mark.parametrize("counting", ["on", "on-or-after"])
def test_shop_rolling_equals_pandas(shop: EventLog, orders: pd.DataFrame, counting: str) -> None:
    width = 30 * DAY_US
    first = orders.groupby("CustomerID")["time"].transform("min")
    since = (orders["time"] - first).dt.total_seconds() * 1e6 // width
    end = pd.Timestamp("2011-12-09 13:00", tz="Europe/London")  # the last order is at 12:50
    known = (end - first).dt.total_seconds() * 1e6 // width
    table = retention(shop, every="30d", periods="rolling", counting=counting).table
    for period in range(13):
        eligible = orders["CustomerID"][known > period].nunique()
        came = (since >= period) if counting == "on-or-after" else (since == period)
        here = table[table["period"] == period]
        assert here["n"].sum() == eligible
        assert here["users"].sum() == orders["CustomerID"][(known > period) & came].nunique()


def test_shop_by_country(shop: EventLog, orders: pd.DataFrame) -> None:
    by = retention(shop, every="1mo", by="Country")
    alone = retention(shop, every="1mo")
    summed = by.table.groupby(["cohort", "period"])[["n", "users"]].sum()
    whole = alone.table.set_index(["cohort", "period"])[["n", "users"]]
    pd.testing.assert_frame_equal(summed, whole.sort_index(), check_dtype=False)
    first = orders.sort_values("time", kind="stable").drop_duplicates("CustomerID")
    started = by.table[by.table["period"] == 0].groupby("segment")["n"].sum()
    assert started.to_dict() == first.groupby("Country").size().to_dict()


# ---- what must always hold ----------------------------------------------------------------------------------------


def invented(block_events: int = 1 << 20) -> EventLog:
    """300 events of 25 users in ten weeks across the London clock change, many at equal times."""
    rng = np.random.default_rng(7)
    start = 1_709_251_200_000_000  # 2024-03-01 UTC
    times = start + rng.integers(0, 70 * 8, 300) * (DAY_US // 8)
    rows = [
        (f"u{user:02d}", "abc"[event], int(time))
        for user, event, time in zip(rng.integers(0, 25, 300), rng.integers(0, 3, 300), times, strict=True)
    ]
    shop = [["x", "y", None][code] for code in rng.integers(0, 3, 300)]
    plan = {f"u{user:02d}": "pq"[user % 2] for user in range(25)}
    return make_log(
        rows, zone="Europe/London", properties={"shop": shop}, attributes={"plan": plan}, block_events=block_events
    )


def choices() -> Iterator[dict[str, Any]]:
    """Every combination of the options that change how a user is counted."""
    for cohorts, periods, by, (start, event) in product(
        ("first", "recurring"), ("calendar", "rolling"), (None, "shop", "plan"), ((None, None), ("a", "b"), ("a", None))
    ):
        common = {"cohorts": cohorts, "periods": periods, "by": by, "start": start, "event": event, "every": "3d"}
        yield {**common, "counting": "on"}
        yield {**common, "counting": "on-or-after"}
        yield {**common, "brackets": [1, 2, 5], "as_of": "2024-04-20"}


@pytest.mark.parametrize("options", list(choices()), ids=lambda options: "-".join(map(str, options.values())))
def test_cuts_change_nothing_and_units_are_the_users(options: dict[str, Any]) -> None:
    whole, cut = retention(invented(), **options), retention(invented(1), **options)
    for name in whole.tables:
        pd.testing.assert_frame_equal(whole.tables[name], cut.tables[name])
    assert whole.summary() == cut.summary()
    for index in np.linspace(0, len(whole.table) - 1, 4).astype(int):
        line = whole.table.iloc[index]
        where = {name: line[name] for name in ("segment", "cohort", "period") if name in line}
        came, gone = cut.units(**where), cut.units(**where, returned=False)
        assert (len(came), len(came) + len(gone)) == (line["users"], line["n"])
        assert not set(came) & set(gone)


def test_unbounded_is_never_below_on() -> None:
    cases: list[dict[str, Any]] = [{}, {"periods": "rolling"}, {"cohorts": "recurring"}, {"start": "a", "event": "b"}]
    for options in cases:
        on = retention(invented(), **options).table
        after = retention(invented(), counting="on-or-after", **options).table
        pd.testing.assert_frame_equal(
            on[["cohort", "n", "period", "complete"]], after[["cohort", "n", "period", "complete"]]
        )
        assert (after["users"] >= on["users"]).all()
        if "periods" not in options:  # rolling: n falls from period to period, so that the rate may rise
            assert (after.groupby("cohort")["rate"].diff().fillna(0) <= 0).all()


def test_cohorts_add_up_to_the_users() -> None:
    log = invented()
    for every in ("1d", "1w", "1mo", "1q", "1y", "6h"):
        table = retention(log, every=every).table
        assert table.loc[table["period"] == 0, "n"].sum() == log.n_users
        assert (table.loc[table["period"] == 0, "rate"] == 1).all()

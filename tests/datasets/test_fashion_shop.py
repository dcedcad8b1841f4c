"""The fashion shop: what its truth says is found again in its tables, counted anew with pandas."""

from __future__ import annotations

import shlex

import numpy as np
import pandas as pd
import pytest

import dangol as dg
from dangol.datasets import Sample, fashion_shop

from .frames import check_account, check_order, expected, plain

TIERS = ["gold", "silver", "bronze", "none"]
CLICKS = {"visit", "search", "view_item", "promo_view", "add_to_cart"}


@pytest.fixture(scope="module", params=[True, False], ids=["plant", "no plant"])
def sample(request: pytest.FixtureRequest) -> Sample:
    return fashion_shop(6_000, seed=3, plant=request.param)


@pytest.fixture(scope="module")
def events(sample: Sample) -> pd.DataFrame:
    rows = plain(sample.events)
    rows = rows[~rows["user"].isin(sample.truth["bots"])]
    rows["tier"] = rows["user"].map(plain(sample.tables["users"]).set_index("user")["tier"])
    rows["month"] = rows["time"].dt.strftime("%Y-%m")
    rows["after"] = rows["month"] >= "2023-08"
    return rows


@pytest.fixture(scope="module")
def sales(sample: Sample) -> pd.DataFrame:
    return plain(sample.truth_tables["sales"]).set_index(["month", "tier"])


def test_realised_sales_are_those_of_the_events(events: pd.DataFrame, sales: pd.DataFrame) -> None:
    paid = events[(events["event"] == "order") & (events["payment"] == "ok")].groupby(["month", "tier"])["amount"]
    back = events[events["event"] == "refund"].groupby(["month", "tier"])["amount"].sum()
    back = back.reindex(sales.index, fill_value=0)
    assert (paid.size().reindex(sales.index) == sales["orders"]).all()
    assert (paid.sum().reindex(sales.index) == sales["sales"]).all()
    assert (back == sales["refunds"]).all()
    assert (sales["net"] == sales["sales"] - sales["refunds"]).all()


def test_the_rates_promise_what_happens(sample: Sample, sales: pd.DataFrame) -> None:
    """Poisson counts of orders; sums of lognormal amounts (spread 0.55) have a variance of n value² exp(0.55²)."""
    value = sales.index.get_level_values("tier").map(sample.truth["mean_order"]).to_numpy()
    root = value * np.sqrt(np.exp(0.55**2))
    for name, count, unit in (
        ("orders", sales["expected_orders"], 1.0),
        ("sales", sales["expected_orders"], root),
        ("refunds", 0.05 * sales["expected_orders"], root),
    ):
        z = (sales[name] - sales[f"expected_{name}"]) / (np.sqrt(count) * unit)
        assert z.abs().max() < 4.5, name  # the largest of 48
        assert (z**2).sum() < len(z) + 4 * np.sqrt(2 * len(z)), name
    assert np.allclose(sales["expected_net"], sales["expected_sales"] - sales["expected_refunds"])


def test_steps_of_a_visit(sample: Sample, events: pd.DataFrame) -> None:
    """Each step is taken with the stated chance, before and after; only gold changes, at the order and promotions."""
    steps, decline = sample.truth["steps"], sample.truth["decline"]
    counts = events.groupby(["tier", "after", "event"]).size().unstack()
    for (tier, after), row in counts.iterrows():
        declined = decline is not None and tier == "gold" and after
        order = steps["order_of_add_to_cart"][tier] * (0.65 if declined else 1.0)
        promo = steps["promo_view_of_visit"][tier] * (0.15 if declined else 1.0)
        cart = steps["view_item_of_visit"] * steps["add_to_cart_of_view_item"]
        expected(row["order"], np.full(int(row["add_to_cart"]), order))
        expected(row["promo_view"], np.full(int(row["visit"]), promo))
        expected(row["add_to_cart"], np.full(int(row["visit"]), cart))
        expected(row["payment_failed"], np.full(int(row["order"]), 1 - steps["paid_of_order"]))


def test_the_decline_and_what_hides_it(sample: Sample, sales: pd.DataFrame) -> None:
    told = sales["expected_net"].unstack()[TIERS]
    season = told["silver"] / told["silver"].iloc[0]  # silver is steady, so it shows the season alone
    level = told.div(season, axis=0) / told.iloc[0]
    decline = sample.truth["decline"]
    after = level.index >= "2023-08"
    if decline is None:
        assert not sample.truth["planted"]
        assert (level[["gold", "bronze"]].drop("2023-01") - 1).abs().max().max() < 0.005  # January lacks early refunds
        assert (level["none"] - 1).abs().max() < 0.25  # who joins when is chance
        return
    assert (decline["tier"], decline["month"], decline["share"]) == ("gold", "2023-08", 0.35)
    settled = level.index >= "2023-10"
    assert (level.loc[settled, "gold"] - 0.65).abs().max() < 0.01
    assert (level.loc[~after, "gold"].iloc[1:] - 1).abs().max() < 0.01
    assert level.loc[settled, "none"].min() > 1.4
    total = told.sum(axis=1) / season / told.iloc[0].sum()
    assert total[settled].between(0.93, 1.0).all()


def test_orders_payments_and_refunds(events: pd.DataFrame) -> None:
    orders = events[events["event"] == "order"].set_index("order_id")
    assert orders.index.is_unique
    assert (orders["amount"] > 0).all()
    assert (orders.sort_values("time").index.to_numpy() == np.sort(orders.index.to_numpy())).mean() > 0.99
    assert set(orders["payment"]) == {"ok", "failed"}
    failed = events[events["event"] == "payment_failed"]
    assert set(failed["order_id"]) == set(orders.index[orders["payment"] == "failed"])
    refunds = events[events["event"] == "refund"].set_index("order_id")
    assert refunds.index.is_unique
    of = orders.loc[refunds.index]
    assert (of["payment"] == "ok").all()
    assert (of["amount"] == refunds["amount"]).all()  # positive, the whole amount
    assert (of["user"] == refunds["user"]).all()
    days = (refunds["time"].dt.floor("D") - of["time"].dt.floor("D")).dt.days
    assert days.between(3, 14).all()
    others = events[~events["event"].isin(["order", "payment_failed", "refund"])]
    assert others[["order_id", "payment", "amount"]].isna().all().all()
    assert (events["category"].notna() == events["event"].isin(["view_item", "add_to_cart", "order", "refund"])).all()


def test_the_mapping_takes_no_failed_payment_for_a_sale(sample: Sample) -> None:
    """Who loads the sample as it says, and asks for its orders, gets the sales of the truth: of paid orders."""
    log = dg.ingest(sample.events, **sample.arguments())
    rows = plain(sample.events)
    failed = (rows["event"] == "order") & (rows["payment"] == "failed")
    assert 0.03 < failed.sum() / (rows["event"] == "order").sum() < 0.05
    answer = dg.sales(log, event="order", failed="order_failed", refund="refund")
    assert answer.table["failed"].sum() == failed.sum()
    truth = sample.truth_tables["sales"].to_pandas()
    assert answer.table["amount"].sum() == truth["net"].sum()
    assert answer.table["orders"].sum() == truth["orders"].sum()
    assert dg.sales(log, event="order").table["gross"].sum() == truth["sales"].sum()  # even without naming it
    words = shlex.split(sample.command("shop"))
    assert words[words.index("--event") + 1] == sample.mapping["event"]
    assert "'order_failed'" in sample.mapping["event"]


def test_customers(sample: Sample, events: pd.DataFrame) -> None:
    users = plain(sample.tables["users"]).set_index("user")
    begin = pd.Timestamp("2023-01-01")
    for tier, share in zip(TIERS, [0.08, 0.17, 0.30, 0.45], strict=True):
        expected((users["tier"] == tier).sum(), np.full(len(users), share))
    assert (users.loc[users["tier"] != "none", "joined"] < begin).all()  # tiers are fixed before the period
    first = events.groupby("user")["time"].min()
    assert (first >= users.loc[first.index, "joined"]).all()
    last = events[events["tier"] == "none"].groupby("user")["time"].max()
    # new customers fade in 90 days, and a refund may follow 14 days later
    assert ((last - users.loc[last.index, "joined"]).dt.days <= 90 + 14).all()
    joins = users.loc[(users["tier"] == "none") & (users["joined"] >= begin), "joined"]
    factor = 2.0 if sample.truth["planted"] else 1.0
    share = 153 * factor / (153 * factor + 212)  # August to December against January to July
    expected((joins >= "2023-08-01").sum(), np.full(len(joins), share))


def test_it_looks_like_a_shop(sample: Sample, events: pd.DataFrame) -> None:
    check_order(sample)
    assert events["time"].min() >= pd.Timestamp("2023-01-01")
    assert events["time"].max() < pd.Timestamp("2024-01-01")
    rows = events[events["event"] != "refund"].sort_values(["user", "time"], kind="stable")
    gap = rows.groupby("user")["time"].diff().dt.total_seconds()
    within = gap[rows["event"] != "visit"]
    assert (within < 1_800).mean() > 0.999  # minutes within a visit
    between = gap[rows["event"] == "visit"].dropna()
    assert between.median() > 12 * 3_600
    monthly = events[events["event"] == "visit"].groupby("month").size()
    assert monthly["2023-11"] / 30 > 1.15 * monthly["2023-02"] / 28
    weekday = events["time"].dt.day_of_week.value_counts(normalize=True)
    assert weekday[6] > 1.05 * weekday[4]
    per_user = events.groupby("user").size()
    assert per_user.max() > 8 * per_user.median()
    bots = plain(sample.events)
    bots = bots[bots["user"].isin(sample.truth["bots"])]
    assert bots["user"].nunique() == 3
    for _, rows in bots.groupby("user"):
        assert rows["time"].sort_values().diff().dropna().nunique() == 1


def test_dirt() -> None:
    check_account(fashion_shop(300, seed=5, dirty=True), fashion_shop(300, seed=5))


def test_other_periods() -> None:
    sample = fashion_shop(200, seed=1, months=5, start="2022-11-01")
    assert sample.truth["decline"]["month"] == "2023-02"
    times = sample.events["time"].to_numpy()
    assert times.min() >= np.datetime64("2022-11-01")
    assert times.max() < np.datetime64("2023-04-01")
    assert fashion_shop(20, months=1, plant=False).truth["decline"] is None


def test_small_ones_keep_their_proportions() -> None:
    sample = fashion_shop(3_000, seed=1)
    assert sample.tables["users"].num_rows == 3_000
    assert sample.events.num_rows / 3_000 == pytest.approx(270, rel=0.06)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_the_default_is_the_reference_case(seed: int) -> None:
    sample = fashion_shop(seed=seed)
    counts = {
        one["values"]: one["counts"] for one in sample.events["event"].combine_chunks().value_counts().to_pylist()
    }
    assert sample.tables["users"].num_rows == 50_704
    assert counts["order"] == pytest.approx(850_000, rel=0.03)
    assert sum(counts[name] for name in CLICKS) == pytest.approx(12_800_000, rel=0.03)

"""``sales`` against the numbers published with two shops, and every number of every period against plain pandas."""

from __future__ import annotations

import math
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dangol.core.errors import InputError
from dangol.datasets import fashion_shop, online_retail
from dangol.log.eventlog import EventLog
from dangol.log.ingest import ingest
from dangol.questions.sales import sales
from tests.logs import make_log

MAPPING: dict[str, Any] = {
    "user": "CustomerID",
    "event": "CASE WHEN InvoiceNo LIKE 'C%' THEN 'cancel' ELSE 'order' END",
    "time": "InvoiceDate",
    "amount": "Quantity * UnitPrice",
    "zone": "Europe/London",
}
NAMED: dict[str, Any] = {"event": "order", "refund": "cancel", "order": "InvoiceNo"}
FREQUENCIES = {"1d": "D", "1w": "W-SUN", "1mo": "M", "1q": "Q", "1y": "Y"}
MONEY = {"rel": 1e-9, "abs": 1e-6}


@pytest.fixture(scope="module")
def lines() -> pd.DataFrame:
    """Every invoice line with a customer, as the file has it, and the period-giving time of its invoice."""
    table = pd.read_parquet(online_retail())
    table = table[table["CustomerID"].notna()].reset_index(drop=True)
    table["money"] = table["Quantity"] * table["UnitPrice"]
    table["local"] = pd.to_datetime(table["InvoiceDate"])
    table["cancelled"] = table["InvoiceNo"].str.startswith("C")
    table["begun"] = table.groupby(["CustomerID", "InvoiceNo"])["local"].transform("min")
    return table


@pytest.fixture(scope="module")
def log() -> EventLog:
    """One event for every invoice line."""
    return ingest(online_retail(), **MAPPING)


@pytest.fixture(scope="module")
def invoices() -> EventLog:
    """One event for every invoice, as ``dangol demo`` makes them."""
    return ingest(online_retail(), **MAPPING, collapse=["InvoiceNo"])


# ---- the numbers published with the data --------------------------------------------------------------------------


def test_totals_as_published(log: EventLog) -> None:
    """../shared/data/README.md: price above zero and not cancelled: 4,338 customers, 18,532 invoices, 8,911,407.90."""
    answer = sales(log, order="InvoiceNo")  # an order is what brings money in: amounts above zero
    table = answer.table
    assert round(table["gross"].sum(), 2) == 8_911_407.90
    assert table["orders"].sum() == 18_532
    assert table["new_buyers"].sum() == len(answer.units()) == 4_338
    assert sales(log).table["orders"].sum() == 397_884  # each line an order


def test_totals_with_named_events_as_published(log: EventLog) -> None:
    """The same page: customer known and not cancelled: 4,339 customers, 18,536 invoices, 397,924 rows."""
    answer = sales(log, **NAMED)
    assert answer.table["orders"].sum() == 18_536
    assert len(answer.units()) == 4_339
    assert round(answer.table["gross"].sum(), 2) == 8_911_407.90
    assert sales(log, event="order", refund="cancel").table["orders"].sum() == 397_924


def test_invoices_and_their_lines_give_the_same_answer(log: EventLog, invoices: EventLog) -> None:
    whole, single = sales(log, **NAMED), sales(invoices, event="order", refund="cancel")
    pd.testing.assert_frame_equal(whole.table, single.table, rtol=1e-9)
    pd.testing.assert_frame_equal(whole.tables["kinds"], single.tables["kinds"], rtol=1e-9)
    assert whole.sentences[0].write() == single.sentences[0].write()


# ---- every number of every period, against pandas -----------------------------------------------------------------


def by_hand(lines: pd.DataFrame, code: str) -> pd.DataFrame:
    """The main table in plain pandas."""
    first, last = (lines["local"].agg(which).to_period(code) for which in ("min", "max"))
    calendar = pd.period_range(first, last, freq=code)
    good, back = lines[~lines["cancelled"]], lines[lines["cancelled"]]
    place = good["begun"].dt.to_period(code)
    groups = good.groupby(place)
    start = good.groupby("CustomerID")["begun"].min().dt.to_period(code)
    table = pd.DataFrame(
        {
            "gross": groups["money"].sum(),
            "refunds": back["money"].abs().groupby(back["local"].dt.to_period(code)).sum(),
            "buyers": groups["CustomerID"].nunique(),
            "orders": groups["InvoiceNo"].nunique(),
            "new_buyers": start.value_counts(),
        },
        index=calendar,
    ).fillna(0)
    table["amount"] = table["gross"] - table["refunds"]
    table["orders_per_buyer"] = table["orders"] / table["buyers"]
    table["amount_per_order"] = table["amount"] / table["orders"]
    table["complete"] = [period.end_time < pd.Timestamp("2011-12-09 13:00") for period in calendar]
    return table.reset_index(drop=True)


def averaged(before: tuple[float, ...], after: tuple[float, ...]) -> list[float]:
    """Each factor's effect on the product, averaged over the six orders in which the three can change."""
    effects = [0.0, 0.0, 0.0]
    for order in permutations(range(3)):
        now = list(before)
        for one in order:
            was = math.prod(now)
            now[one] = after[one]
            effects[one] += (math.prod(now) - was) / 6
    return effects


@pytest.mark.parametrize("every", FREQUENCIES)
def test_every_number_equals_pandas(log: EventLog, lines: pd.DataFrame, every: str) -> None:
    table = sales(log, every=every, **NAMED).table
    expected = by_hand(lines, FREQUENCIES[every])
    assert table["complete"].tolist() == expected["complete"].tolist()
    for name in ("buyers", "orders", "new_buyers"):
        assert table[name].tolist() == expected[name].tolist(), name
    for name in ("amount", "gross", "refunds", "orders_per_buyer", "amount_per_order"):
        np.testing.assert_allclose(table[name], expected[name], rtol=1e-9, atol=1e-6, err_msg=name)
    assert not table[["failed", "failed_amount"]].to_numpy().any()


@pytest.mark.parametrize("every", FREQUENCIES)
def test_every_change_equals_pandas(log: EventLog, lines: pd.DataFrame, every: str) -> None:
    table = sales(log, every=every, **NAMED).table
    expected = by_hand(lines, FREQUENCIES[every])
    factors = expected[["buyers", "orders_per_buyer", "amount_per_order"]].to_numpy()
    columns = ["from_buyers", "from_orders_per_buyer", "from_amount_per_order"]
    for place, row in table.iterrows():
        if place == 0 or not expected["complete"][place]:
            assert row[["change", "change_rate", *columns]].isna().all()
            continue
        before, after = expected["amount"][place - 1], expected["amount"][place]
        assert row["change"] == pytest.approx(after - before, **MONEY)
        if before > 0:
            assert row["change_rate"] == pytest.approx(after / before - 1, rel=1e-9, abs=1e-9)
        if expected["orders"][place - 1] and expected["orders"][place]:
            parts = averaged(tuple(factors[place - 1]), tuple(factors[place]))
            assert row[columns].tolist() == pytest.approx(parts, **MONEY)
            assert sum(row[columns]) == pytest.approx(row["change"], **MONEY)
        else:
            assert row[columns].isna().all()


@pytest.mark.parametrize("every", ["1w", "1mo"])
def test_every_kind_equals_pandas(log: EventLog, lines: pd.DataFrame, every: str) -> None:
    code = FREQUENCIES[every]
    good = lines[~lines["cancelled"]]
    first = good.groupby("CustomerID")["begun"].min().dt.to_period(code)
    signed = lines.assign(
        place=lines["begun"].dt.to_period(code), money=lines["money"].where(~lines["cancelled"], -lines["money"].abs())
    )
    signed["kind"] = np.where(signed["CustomerID"].map(first) == signed["place"], "new", "returning")
    bought = signed[~signed["cancelled"]].groupby(["place", "kind"])
    amount = signed.groupby(["place", "kind"])["money"].sum()
    calendar = pd.period_range(signed["place"].min(), signed["place"].max(), freq=code)
    index = pd.MultiIndex.from_product([calendar, ["new", "returning"]])
    table = sales(log, every=every, **NAMED).tables["kinds"]
    assert table["kind"].tolist() == list(index.get_level_values(1))
    assert table["buyers"].tolist() == bought["CustomerID"].nunique().reindex(index, fill_value=0).tolist()
    assert table["orders"].tolist() == bought["InvoiceNo"].nunique().reindex(index, fill_value=0).tolist()
    expected = amount.reindex(index, fill_value=0.0)
    np.testing.assert_allclose(table["amount"], expected, rtol=1e-9, atol=1e-6)
    whole = expected.groupby(level=0).transform("sum")
    np.testing.assert_allclose(table["share"], (expected / whole).where(whole > 0), rtol=1e-9)


def test_every_country_equals_pandas(log: EventLog, lines: pd.DataFrame) -> None:
    """``Country`` stands on each line; each counts in its own, so a customer of two countries counts in both."""
    table = sales(log, by="Country", **NAMED).table
    good, back = lines[~lines["cancelled"]], lines[lines["cancelled"]]
    place = ["Country", good["begun"].dt.to_period("M")]
    found = table.set_index(["segment", table["start"].dt.tz_localize(None).dt.to_period("M")])
    groups = good.groupby(place)
    for name, expected in (
        ("buyers", groups["CustomerID"].nunique()),
        ("orders", groups["InvoiceNo"].nunique()),
        ("gross", groups["money"].sum()),
        ("refunds", back["money"].abs().groupby([back["Country"], back["local"].dt.to_period("M")]).sum()),
    ):
        reached = expected.reindex(found.index, fill_value=0)
        np.testing.assert_allclose(found[name], reached, rtol=1e-9, atol=1e-6, err_msg=name)
        assert expected.sum() == pytest.approx(reached.sum())  # nothing of pandas is left out
    assert table["new_buyers"].sum() == 4_339


def test_segments_add_up_to_the_shop(log: EventLog) -> None:
    whole, parted = sales(log, **NAMED), sales(log, by="Country", **NAMED)
    summed = parted.table.groupby("period")[["amount", "gross", "refunds", "new_buyers"]].sum()
    np.testing.assert_allclose(summed, whole.table.set_index("period")[summed.columns], rtol=1e-9)
    rows = parted.tables["contributions"]
    assert rows["change"].sum() == pytest.approx(whole.table["change"][11])
    assert rows["share_of_change"].sum() == pytest.approx(1)
    assert rows["change"].is_monotonic_increasing
    mix = parted.tables["mix"].groupby("period", sort=False)
    value = mix["amount"].sum() / mix["buyers"].sum()
    parts = (mix["mix"].sum(min_count=1) + mix["within"].sum(min_count=1)).iloc[1:-1]
    np.testing.assert_allclose(parts, value.diff().iloc[1:-1], rtol=1e-9, atol=1e-9)


def test_the_buyers_behind_the_numbers(log: EventLog, lines: pd.DataFrame) -> None:
    answer = sales(log, by="Country", **NAMED)
    good = lines[~lines["cancelled"]]
    month = good[good["begun"].dt.to_period("M") == "2011-11"]
    assert answer.units(period="2011-11").tolist() == sorted(month["CustomerID"].unique())
    french = month.loc[month["Country"] == "France", "CustomerID"].unique()
    assert answer.units(period="2011-11", segment="France").tolist() == sorted(french)
    first = good.groupby("CustomerID")["begun"].min().dt.to_period("M")
    assert answer.units(period="2011-11", kind="new").tolist() == sorted(first.index[first == "2011-11"])


def test_lines_taken_for_orders_are_noticed(log: EventLog, invoices: EventLog) -> None:
    """Nearly 80,000 lines have the amount of the line before; with order= they are lines of one order: no alarm."""
    assert sales(log, event="order", refund="cancel").sentences[1].write().startswith("Warning: 20.0 % of the orders")
    for answer in (sales(log, **NAMED), sales(invoices, event="order", refund="cancel")):
        assert not any("Warning" in sentence.write() for sentence in answer.sentences)


# ---- a generated shop, whose truth is known -----------------------------------------------------------------------


def test_the_generated_shop_has_the_sales_that_were_drawn() -> None:
    """The truth of the sample: orders, sales and refunds of each month and tier, of paid orders, by its own mapping."""
    sample = fashion_shop(3_000, seed=4)
    log = ingest(sample.events, **sample.arguments())
    found = sales(log, event="order", refund="refund", failed="order_failed", by="tier").table
    truth = sample.truth_tables["sales"].to_pandas().rename(columns={"month": "period", "tier": "segment"})
    both = found.merge(truth, on=["period", "segment"], suffixes=("", "_true"), validate="one_to_one")
    assert len(both) == len(found) == len(truth) == 48
    for ours, theirs in (("orders", "orders_true"), ("gross", "sales"), ("refunds", "refunds_true"), ("amount", "net")):
        assert both[ours].tolist() == both[theirs].tolist()
    # who leaves the failed payments in has more sales than the shop
    assert (
        sales(log, event=["order", "order_failed"], refund="refund").table["gross"].sum() > 1.02 * found["gross"].sum()
    )
    with pytest.raises(InputError, match="both event and failed"):
        sales(log, event=["order", "order_failed"], failed="order_failed")


# ---- CDNOW ----------------------------------------------------------------------------------------------------------


def test_cdnow(shared_data: Path) -> None:
    """../shared/data/README.md: 23,570 customers, 69,659 rows; the sums of the file itself, month by month."""
    text = (shared_data / "cdnow" / "CDNOW_master.txt").read_text(encoding="utf-8").splitlines()[1:]
    rows = [line.split() for line in text if line.strip()]
    days = [f"{day[:4]}-{day[4:6]}-{day[6:]}" for _, day, _, _ in rows]
    values = [float(value) for *_, value in rows]
    log = make_log(
        [(user, "order", day) for (user, *_), day in zip(rows, days, strict=True)], properties={"amount": values}
    )
    table = sales(log, event="order").table
    assert table["orders"].sum() == 69_659
    assert table["new_buyers"].sum() == 23_570
    assert table["new_buyers"].tolist()[3:] == [0] * 15  # all began in the first quarter of 1997
    assert round(table["amount"].sum(), 2) == round(math.fsum(values), 2) == 2_500_315.63
    cents: dict[str, int] = {}
    people: dict[str, set[str]] = {}
    for (user, *_), day, value in zip(rows, days, values, strict=True):
        cents[day[:7]] = cents.get(day[:7], 0) + round(100 * value)
        people.setdefault(day[:7], set()).add(user)
    assert dict(zip(table["period"], (100 * table["amount"]).round().astype(int), strict=True)) == cents
    assert dict(zip(table["period"], table["buyers"], strict=True)) == {
        month: len(who) for month, who in people.items()
    }
    assert table["complete"].all()  # the last day is over: the dates have no time of day

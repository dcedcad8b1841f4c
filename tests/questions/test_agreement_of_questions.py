"""What two questions both count is the same number: on the real shop, and on logs in which anything happens.

Every question has a witness of its own. Here they are each other's: a page that shows several of them must never say
4,339 customers in one place and 4,338 in another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dangol.datasets import online_retail
from dangol.log.eventlog import EventLog
from dangol.log.ingest import ingest
from dangol.questions.flows import flows
from dangol.questions.funnel import funnel
from dangol.questions.lifecycle import lifecycle
from dangol.questions.overview import overview
from dangol.questions.repurchase import repurchase
from dangol.questions.retention import retention
from dangol.questions.rfm import rfm
from dangol.questions.rhythm import rhythm
from dangol.questions.sales import sales
from dangol.questions.sessions import sessions
from tests.oracles.strategies import busy

EVERY = ["1w", "1mo", "1q"]


@dataclass(frozen=True)
class Case:
    """A log, the names of its events of purchase, a column that cuts users or events, and a time within it."""

    log: EventLog
    refund: str
    by: str
    earlier: str

    @property
    def named(self) -> dict[str, Any]:
        return {"event": "order", "refund": self.refund}


def shop() -> Case:
    log = ingest(
        online_retail(),
        user="CustomerID",
        event="CASE WHEN InvoiceNo LIKE 'C%' THEN 'cancel' ELSE 'order' END",
        time="InvoiceDate",
        amount="Quantity * UnitPrice",
        collapse=["InvoiceNo"],
        zone="Europe/London",
    )
    return Case(log, "cancel", "Country", "2011-12-01")


def random(seed: int, by: str) -> Case:
    """Orders of several rows, refunds, failed payments and views of 150 users in four months, many at equal times."""
    small = busy(seed, 150, 120)
    log = small.log(block_events=100)
    earlier = min(event.time for event in small.events) + 80 * 86_400_000_000
    return Case(log, "refund", by, small.local(earlier)[:10])


MAKERS: dict[str, Callable[[], Case]] = {
    "shop": shop,
    "random 1": lambda: random(1, "country"),
    "random 2": lambda: random(2, "item"),
    "random 3": lambda: random(3, "age"),
}


@pytest.fixture(scope="module", params=MAKERS)
def case(request: pytest.FixtureRequest) -> Case:
    return MAKERS[request.param]()


def column(table: pd.DataFrame, name: str) -> dict[str, Any]:
    """A column by period."""
    return dict(zip(table["period"], table[name].tolist(), strict=True))


def by_period(log: EventLog, every: str, **options: Any) -> tuple[dict[str, int], dict[str, int]]:
    """Add up the cohorts of ``retention``: who was there in each period, and who began in it."""
    table = retention(log, every=every, **options).table
    names = list(column(overview(log, every=every).table, "users"))
    place = {name: number for number, name in enumerate(names)}
    there, sizes = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    for cohort, period, users, n in table[["cohort", "period", "users", "n"]].itertuples(index=False):
        there[names[place[cohort] + period]] += users
        sizes[cohort] = n
    return there, sizes


# ---- users in a period --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("every", EVERY)
def test_active_users_of_overview_lifecycle_and_retention(case: Case, every: str) -> None:
    over, life = overview(case.log, every=every).table, lifecycle(case.log, every=every).table
    there, sizes = by_period(case.log, every)
    assert column(over, "users") == column(life, "users") == there
    assert column(over, "new_users") == column(life, "new") == sizes
    assert column(over, "complete") == column(life, "complete")
    assert over["start"].tolist() == life["start"].tolist()
    assert sum(sizes.values()) == case.log.n_users


@pytest.mark.parametrize("every", EVERY)
def test_buyers_of_sales_lifecycle_and_retention(case: Case, every: str) -> None:
    sold = sales(case.log, every=every, **case.named)
    life = lifecycle(case.log, every=every, event="order").table
    there, sizes = by_period(case.log, every, start="order", event="order")
    assert column(sold.table, "buyers") == column(life, "users") == there
    assert column(sold.table, "new_buyers") == column(life, "new") == sizes
    kinds = sold.tables["kinds"]
    assert column(kinds[kinds["kind"] == "new"], "buyers") == sizes
    returning = dict(zip(life["period"], (life["returning"] + life["resurrected"]).tolist(), strict=True))
    assert column(kinds[kinds["kind"] == "returning"], "buyers") == returning


def test_the_same_users_stand_behind_the_same_number(case: Case) -> None:
    over, life = overview(case.log, every="1mo"), lifecycle(case.log, every="1mo")
    sold = sales(case.log, every="1mo", **case.named)
    bought = lifecycle(case.log, every="1mo", event="order")
    for period in over.table["period"]:
        assert over.units(period=period).tolist() == life.units(period=period).tolist()
        assert over.units(period=period, new=True).tolist() == life.units(period=period, state="new").tolist()
        assert over.units(period=period, event="order").tolist() == sold.units(period=period).tolist()
        assert sold.units(period=period, kind="new").tolist() == bought.units(period=period, state="new").tolist()


def test_everything_agrees_at_an_earlier_time_too(case: Case) -> None:
    options: dict[str, Any] = {"every": "1mo", "as_of": case.earlier}
    over, life = overview(case.log, **options).table, lifecycle(case.log, **options).table
    sold = sales(case.log, **case.named, **options)
    assert column(over, "users") == column(life, "users")
    assert column(over, "complete") == column(life, "complete") == column(sold.table, "complete")
    known = rfm(case.log, **case.named, as_of=case.earlier).tables["users"]
    assert known["user"].tolist() == sold.units().tolist()
    assert known["orders"].sum() == sold.table["orders"].sum()
    view = case.log.between(None, case.earlier)  # leaving out the later events is the same as a view without them
    np.testing.assert_allclose(sales(view, every="1mo", **case.named).table["amount"], sold.table["amount"])


# ---- events -------------------------------------------------------------------------------------------------------


def test_events_of_overview_sessions_flows_and_rhythm(case: Case) -> None:
    events, users = case.log.n_events, case.log.n_users
    names = overview(case.log).tables["events"]
    summary = sessions(case.log).tables["summary"].set_index("measure")["value"]
    assert names["events"].sum() == overview(case.log).table["events"].sum() == summary["events"] == events
    assert summary["users"] == users
    found = flows(case.log)
    assert found.tables["edges"]["count"].sum() == events - users  # between two events of a user there is one move
    assert found.tables["starts"]["count"].sum() == found.tables["ends"]["count"].sum() == users
    beat = rhythm(case.log)
    for name in ("hours", "weekdays", "daily_hours"):
        assert beat.tables[name]["events"].sum() == events


def test_orders_of_overview_funnel_and_sales(case: Case) -> None:
    names = overview(case.log).tables["events"].set_index("event")
    sold = sales(case.log, **case.named)
    assert sold.table["orders"].sum() == names.loc["order", "events"]  # without ids each row is an order
    assert len(sold.units()) == sold.table["new_buyers"].sum() == names.loc["order", "users"]
    steps = funnel(case.log, ["order"], within="1d")
    late = steps.tables["late"]["users"].sum()
    assert steps.table["users"][0] + late == names.loc["order", "users"]


# ---- purchases ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [False, True], ids=["rows", "order ids"])
def test_orders_and_money_of_rfm_and_sales(case: Case, order: bool) -> None:
    options = dict(case.named)
    if order:
        ids = {column.name for column in case.log.columns} & {"order_id", "InvoiceNo"}
        options["order"] = ids.pop()
    sold, known = sales(case.log, **options), rfm(case.log, **options)
    users = known.tables["users"]
    assert users["user"].tolist() == sold.units().tolist()
    assert known.table["users"].sum() == len(users)
    assert known.table["orders"].sum() == users["orders"].sum() == sold.table["orders"].sum()
    # who only ever gave something back is no customer, but the money has left the shop all the same
    buyers = sales(case.log.users(users["user"].tolist()), **options).table
    assert users["amount"].sum() == pytest.approx(buyers["amount"].sum(), rel=1e-9)
    assert known.table["amount"].sum() == pytest.approx(buyers["amount"].sum(), rel=1e-9)
    others = sorted(set(overview(case.log).units(event=case.refund)) - set(users["user"]))
    if others:
        rest = sales(case.log.users(others), **options).table
        assert buyers["amount"].sum() - rest["refunds"].sum() == pytest.approx(sold.table["amount"].sum(), rel=1e-9)
        assert rest["buyers"].sum() == 0


def test_buyers_of_repurchase_rfm_and_sales(case: Case) -> None:
    daily = sales(case.log, every="1d", event="order").table
    found = repurchase(case.log, event="order")
    candidates = found.table
    purchases = candidates["n"] + candidates["censored"]
    assert purchases.tolist() == [daily["buyers"].sum()] * len(candidates)  # a buyer's day with orders is one purchase
    buyers = len(rfm(case.log, **case.named).tables["users"])
    assert found.tables["gaps"]["count"].sum() == purchases[0] - buyers == daily["buyers"].sum() - buyers
    assert buyers == daily["new_buyers"].sum()


def test_segments_of_every_question(case: Case) -> None:
    over = overview(case.log, every="1mo", by=case.by).table
    sold = sales(case.log, every="1mo", by=case.by, event="order").table
    only = overview(case.log.where("event", "==", "order"), every="1mo", by=case.by).table
    kept = only.set_index(["segment", "period"])[["users", "events", "new_users"]]
    mine = sold.set_index(["segment", "period"])[["buyers", "orders", "new_buyers"]]
    assert set(mine.index) <= set(over.set_index(["segment", "period"]).index)
    both = mine.join(kept)
    assert (both["buyers"] == both["users"]).all()
    assert (both["orders"] == both["events"]).all()
    assert (both["new_buyers"] == both["new_users"]).all()

"""A fashion shop, generated: clicks and orders, and a loyal tier that leaves unseen because new customers come."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from . import shop_rates as rates
from . import shop_visits as shop
from .dirt import dirty_parts
from .drawing import (
    ZONE,
    Random,
    Watcher,
    arrival_order,
    checked,
    checked_number,
    coded,
    dates,
    first_day,
    labels,
    silent,
    stream,
    whole_seconds,
)
from .sample import Sample

_AGES = ("10s", "20s", "30s", "40s", "50s")
# an order that was not paid is no sale, so that it does not load under the name of those that are
_EVENT = "CASE WHEN event = 'order' AND payment = 'failed' THEN 'order_failed' ELSE event END"


def fashion_shop(
    users: int = 50_704,
    *,
    seed: int = 0,
    months: int = 12,
    plant: bool = True,
    dirty: bool = False,
    start: str = "2023-01-01",
    progress: Watcher | None = None,
) -> Sample:
    """Draw a shop whose loyal tier stops buying when its promotion ends, while more new customers hide the loss.

    A customer visits as a Poisson process whose rate is an own pace (gamma) × season (month × weekday). A visit views
    items with probability 0.72, then fills the cart with 0.42, then orders with a probability by tier (0.80 gold, 0.72
    silver, 0.68 bronze, 0.62 none); 96 % of the orders are paid, and 5 % of those are refunded 3 to 14 days later.
    Customers with no tier are new: they join steadily, and their visits fade to nothing in 90 days. With the plant,
    from the month after three fifths of the period on, gold orders from the cart with 0.80 × 0.65 and sees promotions
    in 15 % of the visits it saw them before, and twice as many new customers join. Nothing else changes.

    Args:
        users: customers, 1 to 10 million (for 12 months at most 3.5 million).
        seed: the same seed gives the same bytes.
        months: length of the period.
        plant: False: no decline, no more new customers; sales are level apart from the season.
        dirty: add repeated rows, unreadable times, missing users and times to come; ``truth["dirty"]`` holds the
            counts. Times are text then, and events have an ``event_id``.
        start: the local date on which the period begins, the first of a month.
        progress: called with (stage, done, total) as the work goes on.

    Returns:
        A ``Sample``. Tables: ``events`` (user; event: visit, search, view_item, promo_view, add_to_cart, order,
        payment_failed, refund; time, local, whole seconds; amount, won, on order and refund, positive in both;
        order_id on order, payment_failed and refund; payment, ok or failed, on order; channel; device; category of
        what is viewed or bought) and ``users`` (user, gender, age_band, joined, tier: fixed before the period). Truth
        table: ``sales`` (month, tier, and for orders, sales, refunds, net: expected from the rates, and realised; of
        paid orders, won).

    Conventions:
        Net is paid orders less refunds, each in the month in which it happens. The expected numbers take the customers
        and their paces as drawn, and chance only in what they do. A few rows arrive late and stand behind later ones.
        The mapping loads orders whose payment failed as ``order_failed``, so that no question takes them for sales:
        ``dangol.sales(log, event="order", failed="order_failed", refund="refund")``.

    Raises:
        InputError: for a size, period, date or seed that cannot be.

    Example:
        >>> sample = fashion_shop(500, seed=1)
        >>> sample.truth["decline"]["tier"], sample.truth["decline"]["month"], sample.truth["decline"]["share"]
        ('gold', '2023-08', 0.35)
        >>> sample.truth_tables["sales"].num_rows
        48
    """
    checked_number("months", months, 2 if plant else 1, 120)
    checked(users, seed, 24.0 * months)
    begin = first_day(start, first_of_month=True)
    say = progress or silent
    span = rates.make_span(begin, months, plant)
    customers = rates.draw_customers(stream(seed, "shop customers"), users, span)
    visits = shop.draw_visits(stream(seed, "shop visits"), customers, span)
    say("drawing", 1, 4)
    rng = stream(seed, "shop rows")
    rows = shop.visit_rows(rng, visits, customers, span.days)
    say("drawing", 2, 4)
    rows = shop.joined_rows([rows, shop.refund_rows(rng, rows, span.days), shop.bot_rows(rng, customers, span.days)])
    sales = _sales(rows, customers, span)
    say("drawing", 3, 4)
    events, late = _events(rng, rows, users, begin)
    del rows, visits  # the largest arrays: dirty rows need the room
    tables = {"events": events, "users": _users(customers, begin)}
    truth = _truth(
        customers, span, tables, {"seed": int(seed), "start": start, "months": int(months), "late_rows": late}
    )
    say("drawing", 4, 4)
    mapping = {"user": "user", "event": _EVENT, "time": "time", "zone": ZONE, "amount": "amount"}
    sample = Sample("fashion-shop", tables, {**mapping, "attributes": "users", "on": "user"}, truth, {"sales": sales})
    return _soiled(sample, stream(seed, "shop dirt")) if dirty else sample


def _events(rng: Random, rows: shop.Rows, users: int, begin: date) -> tuple[pa.Table, int]:
    """Put the rows into the order of their arrival, as a table."""
    order, late = arrival_order(rng, rows.time)
    orders = int(rows.order.max(initial=-1)) + 1
    amount = rows.amount[order]
    table = {
        "user": coded(rows.user[order], labels("c", 1, users, 7)),
        "event": coded(rows.event[order], shop.EVENTS),
        "time": whole_seconds(begin, rows.time[order]),
        "amount": pa.array(amount, mask=amount < 0),
        "order_id": coded(rows.order[order], labels("o", 1, orders, 8)),
        "payment": coded(rows.paid[order], ["failed", "ok"]),
        "channel": coded(rows.channel[order], shop.CHANNELS),
        "device": coded(rows.device[order], shop.DEVICES),
        "category": coded(rows.category[order], shop.CATEGORIES),
    }
    return pa.table(table), late


def _users(customers: rates.Customers, begin: date) -> pa.Table:
    return pa.table(
        {
            "user": labels("c", 1, len(customers.tier), 7),
            "gender": coded(customers.woman.astype(np.int8), ["M", "F"]),
            "age_band": coded(customers.age, _AGES),
            "joined": dates(begin, customers.joined),
            "tier": coded(customers.tier, rates.TIERS),
        }
    )


def _sales(rows: shop.Rows, customers: rates.Customers, span: rates.Span) -> pa.Table:
    """Set what the rates promise beside what happened, by month and tier."""
    expected = rates.sales_expected(customers, span)
    paid, sales = shop.won_by_tier_and_month(rows, rows.paid == 1, customers, span)
    _, refunds = shop.won_by_tier_and_month(rows, rows.event == shop.REFUND, customers, span)
    found = {"orders": paid, "sales": sales, "refunds": refunds, "net": sales - refunds}
    months = np.repeat(np.arange(span.months), len(rates.TIERS))
    tiers = np.tile(np.arange(len(rates.TIERS)), span.months)
    columns = {"month": coded(months, span.names()), "tier": coded(tiers, rates.TIERS)}
    for name in expected:
        columns[f"expected_{name}"] = pa.array(expected[name].T.ravel())
        columns[name] = pa.array(found[name].T.ravel())
    return pa.table(columns)


def _truth(
    customers: rates.Customers, span: rates.Span, tables: dict[str, pa.Table], told: dict[str, Any]
) -> dict[str, Any]:
    decline = {
        "tier": "gold",
        "month": span.names()[span.decline_month] if span.decline_month >= 0 else None,
        "share": rates.DECLINE,
        "factor_by_step": {
            "visit": 1.0,
            "search": 1.0,
            "promo_view": rates.PROMO_FACTOR,
            "view_item": 1.0,
            "add_to_cart": 1.0,
            "order": rates.ORDER_FACTOR,
            "payment": 1.0,
        },
        "new_customers_factor": rates.NEW_FACTOR,
    }
    by_tier = {tier: float(value) for tier, value in zip(rates.TIERS, rates.P_ORDER, strict=True)}
    return {
        **told,
        "rows": {name: table.num_rows for name, table in tables.items()},
        "planted": span.decline_month >= 0,
        "decline": decline if span.decline_month >= 0 else None,
        "steps": {
            "view_item_of_visit": rates.P_VIEW,
            "add_to_cart_of_view_item": rates.P_CART,
            "order_of_add_to_cart": by_tier,
            "paid_of_order": rates.P_PAID,
            "refund_of_paid": rates.P_REFUND,
            "promo_view_of_visit": {tier: float(value) for tier, value in zip(rates.TIERS, rates.P_PROMO, strict=True)},
        },
        "mean_order": {tier: float(value) for tier, value in zip(rates.TIERS, rates.VALUE, strict=True)},
        "sales": "truth table sales",
        "bots": np.asarray(tables["users"]["user"])[customers.bot].tolist(),
    }


def _soiled(sample: Sample, rng: Random) -> Sample:
    tables, truth, mapping = dirty_parts(rng, sample.tables, sample.truth, sample.mapping)
    return replace(sample, tables=tables, truth=truth, mapping=mapping)

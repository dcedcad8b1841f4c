"""Visits to the fashion shop: when they happen, which steps they take, and the rows they leave."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from .drawing import (
    DAY_S,
    Array,
    Floats,
    Ints,
    Random,
    begins,
    clock,
    drawn,
    order_by,
    picked,
    program_rows,
    shares,
    since_begin,
    skewed_seconds,
)
from .shop_rates import (
    GOLD,
    NONE,
    ORDER_FACTOR,
    P_CART,
    P_ORDER,
    P_PAID,
    P_PROMO,
    P_REFUND,
    P_SEARCH,
    P_VIEW,
    PROMO_FACTOR,
    REFUND_DAYS,
    VALUE,
    VALUE_SPREAD,
    Customers,
    Span,
    fading,
)

EVENTS: Final = (
    *("visit", "search", "view_item", "promo_view", "add_to_cart"),
    *("order", "payment_failed", "refund"),
)
VISIT, SEARCH, VIEW, PROMO, CART, ORDER, FAILED, REFUND = range(8)
CHANNELS: Final = ("direct", "app_push", "search_ad", "instagram", "kakao")
DEVICES: Final = ("android", "ios", "web")
CATEGORIES: Final = ("outer", "top", "pants", "dress", "shoes", "bag", "accessory")
_MORE_VIEWS: Final = 0.55  # probability that an item viewed is the last
_OTHER_SEARCH: Final = 31  # of 256 views inside a visit: a search instead
_OTHER_CATEGORY: Final = 64  # of 256 views: another category than the visit's
_OTHER_DEVICE: Final = 0.08
_ROUND_WON: Final = 100

_HOURS: Final = clock(
    [
        3.0,
        1.7,
        0.9,
        0.5,
        0.4,
        0.5,
        1.1,
        2.4,
        3.6,
        4.0,
        4.4,
        4.6,
        5.6,
        4.8,
        4.2,
        4.1,
        4.3,
        4.6,
        4.9,
        5.6,
        6.6,
        7.6,
        7.4,
        5.2,
    ]
)


@dataclass(frozen=True)
class Rows:
    """Events as columns of numbers; -1 is none."""

    user: Array
    time: Ints  # seconds since the first midnight
    event: Array
    order: Array  # which order
    amount: Array  # won
    paid: Array  # 1 ok, 0 failed, on orders alone
    channel: Array
    device: Array
    category: Array

    def take(self, chosen: Array) -> Rows:
        """Return some of the rows, in the order asked for."""
        return Rows(**{one.name: getattr(self, one.name)[chosen] for one in fields(self)})


@dataclass(frozen=True)
class Visits:
    """One row a visit."""

    user: Array
    start: Ints
    tier: Array
    declined: Array  # a visit of the loyal tier after its decline began


def draw_visits(rng: Random, customers: Customers, span: Span) -> Visits:
    """Draw the visits of every customer: a Poisson process in days with known rates."""
    season = span.season()
    steady = customers.tier != NONE
    number = rng.poisson(np.where(steady, customers.pace * span.days, 0.0))
    user = np.repeat(np.arange(len(number), dtype=np.int32), number)
    day = picked(rng, season, len(user))
    fade, top = fading(), float(season.max())  # visits of new customers are drawn at the top of the season and thinned
    number = rng.poisson(np.where(steady, 0.0, customers.pace * fade.sum() * top))
    newcomer = np.repeat(np.arange(len(number), dtype=np.int32), number)
    on = customers.joined[newcomer] + picked(rng, fade, len(newcomer))
    inside = (on >= 0) & (on < span.days)
    kept = np.flatnonzero(inside & (rng.random(len(on)) * top < season[np.clip(on, 0, span.days - 1)]))
    user, day = np.concatenate([user, newcomer[kept]]), np.concatenate([day, on[kept]])
    tier = customers.tier[user]
    return Visits(user, day * DAY_S + drawn(rng, _HOURS, len(day)), tier, (tier == GOLD) & (day >= span.decline))


def visit_rows(rng: Random, visits: Visits, customers: Customers, days: int) -> Rows:
    """Let every visit take its steps: home, search, promotion, items, cart, order, payment."""
    size = len(visits.user)
    search = rng.random(size) < P_SEARCH
    promo = rng.random(size) < P_PROMO[visits.tier] * np.where(visits.declined, PROMO_FACTOR, 1.0)
    views = rng.geometric(_MORE_VIEWS, size) * (rng.random(size) < P_VIEW)
    cart = (views > 0) & (rng.random(size) < P_CART)
    chance = P_ORDER[visits.tier] * np.where(visits.declined, ORDER_FACTOR, 1.0)
    order = cart & (rng.random(size) < chance)
    failed = order & (rng.random(size) >= P_PAID)
    counts = 1 + search + promo + views + cart + order + failed
    first = begins(counts)
    event = np.full(int(counts.sum()), VIEW, np.int8)
    event[first] = VISIT
    event[(first + 1)[search]] = SEARCH
    event[(first + 1 + search)[promo]] = PROMO
    behind = first + 1 + search + promo + views
    event[behind[cart]] = CART
    event[(behind + 1)[order]] = ORDER
    event[(behind + 2)[failed]] = FAILED
    inner = (event[:-1] == VIEW) & (event[1:] == VIEW)
    event[:-1][inner & (rng.integers(0, 256, len(inner), dtype=np.uint8) < _OTHER_SEARCH)] = SEARCH
    time = np.repeat(visits.start, counts)
    time += since_begin(drawn(rng, skewed_seconds(rng, 22.0, 1.1, 1_500), len(event)), counts)
    rows = _described(rng, visits, customers, counts, time, event)
    rows = _with_orders(rng, rows, visits.tier[order], (behind + 1)[order], failed[order])
    return rows.take(np.flatnonzero(time < days * DAY_S)) if len(time) and time.max() >= days * DAY_S else rows


def _described(rng: Random, visits: Visits, customers: Customers, counts: Array, time: Ints, event: Array) -> Rows:
    """Add channel and device of the visit, and the category of what is looked at."""
    size = len(visits.user)
    device = customers.device[visits.user]
    device = np.where(rng.random(size) < _OTHER_DEVICE, drawn(rng, shares([1, 1, 1]), size), device)
    channel = drawn(rng, shares([0.38, 0.20, 0.16, 0.15, 0.11]), size)
    liked = drawn(rng, shares([0.16, 0.28, 0.17, 0.12, 0.13, 0.08, 0.06]), size)
    category = np.repeat(liked, counts)
    other = (event == VIEW) & (rng.integers(0, 256, len(event), dtype=np.uint8) < _OTHER_CATEGORY)
    category[other] = drawn(rng, shares([1] * len(CATEGORIES)), int(other.sum()))
    category[(event == VISIT) | (event == SEARCH) | (event == PROMO) | (event == FAILED)] = -1
    none = np.full(len(event), -1, np.int32)
    user = np.repeat(visits.user, counts)
    return Rows(
        user, time, event, none, none.copy(), none.astype(np.int8), np.repeat(channel, counts),
        np.repeat(device, counts), category,
    )  # fmt: skip


def _with_orders(rng: Random, rows: Rows, tier: Array, at: Ints, failed: Array) -> Rows:
    """Give every order a number in order of time, an amount, and whether it was paid."""
    rank = np.empty(len(at), np.int32)
    rank[order_by(rows.time[at])] = np.arange(len(at), dtype=np.int32)
    rows.order[at] = rank
    rows.order[at[failed] + 1] = rank[failed]
    middle = np.log(VALUE[tier]) - VALUE_SPREAD**2 / 2
    won = np.exp(middle + VALUE_SPREAD * rng.standard_normal(len(at)))
    rows.amount[at] = np.maximum(np.rint(won / _ROUND_WON), 1) * _ROUND_WON
    rows.paid[at] = ~failed
    return rows


def refund_rows(rng: Random, rows: Rows, days: int) -> Rows:
    """Give the money of some paid orders back, some days later, within the period."""
    paid = np.flatnonzero(rows.paid == 1)
    chosen = paid[rng.random(len(paid)) < P_REFUND]
    day = rows.time[chosen] // DAY_S + rng.integers(REFUND_DAYS[0], REFUND_DAYS[1] + 1, len(chosen))
    back = rows.take(chosen[day < days])
    day = day[day < days]
    time = day * DAY_S + drawn(rng, _HOURS, len(day))
    same = np.full(len(day), -1, np.int8)
    return Rows(
        back.user, time, np.full(len(day), REFUND, np.int8), back.order, back.amount, same,
        np.zeros(len(day), np.int8), back.device, back.category,
    )  # fmt: skip


def bot_rows(rng: Random, customers: Customers, days: int) -> Rows:
    """Let programs view item after item at even distances, day and night."""
    bots = np.flatnonzero(customers.bot)
    which, time = program_rows(rng, rng.integers(0, max(days - 4, 1) * DAY_S, len(bots)), days * DAY_S)
    none = np.full(len(which), -1, np.int32)
    small = none.astype(np.int8)
    return Rows(
        bots[which].astype(np.int32), time, np.full(len(which), VIEW, np.int8), none, none, small,
        np.zeros(len(which), np.int8), np.full(len(which), len(DEVICES) - 1, np.int8),
        drawn(rng, shares([1] * len(CATEGORIES)), len(which)),
    )  # fmt: skip


def joined_rows(parts: list[Rows]) -> Rows:
    """Put rows behind each other."""
    return Rows(**{one.name: np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Rows)})


def won_by_tier_and_month(rows: Rows, chosen: Array, customers: Customers, span: Span) -> tuple[Floats, Floats]:
    """Count rows and sum their won, by tier and month."""
    month = np.searchsorted(span.edges, rows.time[chosen] // DAY_S, side="right") - 1
    cell = customers.tier[rows.user[chosen]] * span.months + month
    shape = (4, span.months)
    size = shape[0] * shape[1]
    count = np.bincount(cell, minlength=size).astype(np.float64)
    won = np.bincount(cell, weights=rows.amount[chosen], minlength=size).astype(np.float64)
    return count.reshape(shape), won.reshape(shape)

"""Rates of the fashion shop: customers by tier, the season, the steps of a visit, and the sales to expect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from .drawing import Array, Floats, Ints, Random, drawn, how_many_programs, order_by, picked, shares

TIERS: Final = ("gold", "silver", "bronze", "none")
GOLD, NONE = 0, 3
TIER_SHARE: Final = (0.08, 0.17, 0.30, 0.45)
ORDERS_A_YEAR: Final = np.array([64.7, 29.7, 14.3, 67.7])  # of none: at the pace of the day of joining
VALUE: Final = np.array([88_000.0, 72_000.0, 60_000.0, 52_000.0])  # mean won of an order
VALUE_SPREAD: Final = 0.55
NEW_FOR: Final = 90  # days in which the buying of new customers fades to nothing

P_SEARCH: Final = 0.30
P_PROMO: Final = np.array([0.45, 0.15, 0.12, 0.15])
P_VIEW: Final = 0.72
P_CART: Final = 0.42  # of visits that view an item
P_ORDER: Final = np.array([0.80, 0.72, 0.68, 0.62])  # of visits with something in the cart
P_PAID: Final = 0.96
P_REFUND: Final = 0.05  # of orders that were paid
REFUND_DAYS: Final = (3, 14)  # after the order, every day as likely as the other

DECLINE: Final = 0.35
ORDER_FACTOR: Final = 1 - DECLINE
PROMO_FACTOR: Final = 0.15
NEW_FACTOR: Final = 2.0  # more new customers join from the month of the decline on

_SEASON: Final = np.array([1.02, 0.90, 1.00, 1.03, 1.05, 0.97, 0.95, 0.98, 1.04, 1.08, 1.12, 1.05])
_WEEK: Final = np.array([1.06, 1.00, 0.97, 0.96, 0.95, 0.99, 1.07])
_STEADY: Final = 2.2  # shape of the gamma distribution of customers' paces


@dataclass(frozen=True)
class Span:
    """The days of the period, and from which of them on the loyal tier declines (``days`` if never)."""

    begin: date
    months: int
    edges: Ints  # first day of each month, and the day after the last
    decline: int  # day
    decline_month: int  # from 0; -1 if never

    @property
    def days(self) -> int:
        """How many days."""
        return int(self.edges[-1])

    def names(self) -> list[str]:
        """The months as text, such as 2023-08."""
        return [str(month) for month in np.datetime64(self.begin, "M") + np.arange(self.months)]

    def season(self) -> Floats:
        """Pace of every day, by month and weekday; 1 on average over the period."""
        day = np.datetime64(self.begin, "D") + np.arange(self.days)
        month = day.astype("datetime64[M]").astype(np.int64) % 12
        pace = _SEASON[month] * _WEEK[(np.arange(self.days) + self.begin.weekday()) % 7]
        level: Floats = pace / pace.mean()
        return level


@dataclass(frozen=True)
class Customers:
    """One row a customer, in the order of joining."""

    tier: Array
    joined: Ints  # day, from the first of the period; negative before
    pace: Floats  # visits on an average day; of new customers: on the day of joining
    woman: Array
    age: Array
    device: Array
    bot: Array


def make_span(begin: date, months: int, plant: bool) -> Span:
    """Lay out the months; the decline begins after three fifths of them."""
    first = np.datetime64(begin, "M") + np.arange(months + 1)
    edges = (first.astype("datetime64[D]") - np.datetime64(begin, "D")).astype(np.int64)
    month = months * 3 // 5 if plant else -1
    return Span(begin, months, edges, int(edges[month]) if plant else int(edges[-1]), month)


def fading() -> Floats:
    """Pace of a new customer by days since joining."""
    return 1 - np.arange(NEW_FOR) / NEW_FOR


def draw_customers(rng: Random, users: int, span: Span) -> Customers:
    """Draw customers: tiers before the period, new ones as steadily as their buying fades, so that sales are level."""
    tier = np.sort(drawn(rng, shares(TIER_SHARE), users))
    new = tier == NONE
    arrivals = np.ones(span.days + NEW_FOR)
    arrivals[NEW_FOR + span.decline :] = NEW_FACTOR
    joined = np.where(new, picked(rng, arrivals, users) - NEW_FOR, -rng.integers(NEW_FOR + 10, 1_500, users))
    order = order_by(joined + 1_500)
    tier, joined = tier[order], joined[order]
    visits = ORDERS_A_YEAR / 365 / (P_VIEW * P_CART * P_ORDER)
    bot = np.zeros(users, np.bool_)
    bot[rng.permutation(users)[: how_many_programs(users)]] = True
    return Customers(
        tier=tier,
        joined=joined,
        pace=np.where(bot, 0.0, visits[tier] * rng.gamma(_STEADY, 1 / _STEADY, users)),
        woman=rng.random(users) < 0.72,
        age=drawn(rng, shares([0.08, 0.38, 0.30, 0.17, 0.07]), users),
        device=drawn(rng, shares([0.46, 0.38, 0.16]), users),
        bot=bot,
    )


def visits_expected(customers: Customers, span: Span) -> Floats:
    """Return the visits to expect by tier and day."""
    season = span.season()
    steady = np.bincount(customers.tier, weights=customers.pace, minlength=len(TIERS))
    expected = steady[:, None] * season
    new = customers.tier == NONE
    joining = np.bincount(customers.joined[new] + NEW_FOR, weights=customers.pace[new], minlength=span.days + NEW_FOR)
    expected[NONE] = np.convolve(joining, fading())[NEW_FOR : NEW_FOR + span.days] * season
    return expected


def p_order(span: Span) -> Floats:
    """Return the probability of ordering what is in the cart, by tier and day."""
    chance = np.repeat(P_ORDER[:, None], span.days, axis=1)
    chance[GOLD, span.decline :] *= ORDER_FACTOR
    return chance


def sales_expected(customers: Customers, span: Span) -> dict[str, Floats]:
    """Return paid orders, their won, refunds and what is left, by tier and month, from the rates alone."""
    orders = visits_expected(customers, span) * P_VIEW * P_CART * p_order(span) * P_PAID
    sales = orders * VALUE[:, None]
    least, most = REFUND_DAYS
    delay = np.zeros(most + 1)
    delay[least:] = P_REFUND / (most - least + 1)
    refunds = np.stack([np.convolve(row, delay)[: span.days] for row in sales])
    daily = {"orders": orders, "sales": sales, "refunds": refunds, "net": sales - refunds}
    return {name: np.add.reduceat(values, span.edges[:-1], axis=1) for name, values in daily.items()}

"""``rfm``, the slow way: every customer scored by counting cuts, and put into the first tier that fits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import Event, Row, day_of, mean, median, rate, wilson
from .purchases import Roles, by_user, orders

MEASURES = ("recency", "frequency", "amount")
TIERS = ("champions", "loyal", "cannot_lose", "at_risk", "new_customers", "promising", "lost", "hibernating")
NOT_YET = "(not yet)"


@dataclass(frozen=True)
class Asked:
    """The options of rfm; ``dates`` are instants."""

    roles: Roles = field(default_factory=Roles)
    bins: tuple[int, int, int] = (5, 5, 5)
    cuts: tuple[tuple[float, ...] | None, ...] = (None, None, None)
    tiers: Mapping[str, Mapping[str, Sequence[int]]] | None = None
    dates: tuple[int, ...] = ()


@dataclass(frozen=True)
class Customer:
    """A user with an order."""

    user: str
    recency: int
    orders: int
    amount: float
    last: int

    def value(self, measure: str) -> float:
        return {"recency": self.recency, "frequency": self.orders, "amount": self.amount}[measure]


def customers(events: Sequence[Event], zone: str, as_of: int, roles: Roles) -> list[Customer]:
    """Everybody with an order before ``as_of``."""
    found = []
    for user, history in by_user(events, as_of, roles).items():
        own = orders(history)
        if own:
            last = max(one.begun for one in own)
            days = (day_of(as_of, zone) - day_of(last, zone)).days
            amount = sum(one.net for one in history)
            found.append(Customer(user, days, sum(one.first for one in own), amount, last))
    return found


Cuts = dict[str, list[float]]


def cuts_of(found: Sequence[Customer], asked: Asked) -> Cuts:
    """The different cuts of each measure: quantiles of the customers' values, or what was given."""
    result = {}
    for measure, bins, own in zip(MEASURES, asked.bins, asked.cuts, strict=True):
        values = [one.value(measure) for one in found]
        if own is not None:
            cuts = [float(cut) for cut in own]
        else:
            cuts = [float(np.quantile(values, i / bins)) for i in range(1, bins)] if values else []
        result[measure] = sorted(set(cuts))
    return result


@dataclass(frozen=True)
class Scored:
    """A customer's scores and tier."""

    customer: Customer
    scores: dict[str, int]
    text: str
    tier: str


def score(measure: str, value: float, cuts: Cuts) -> int:
    """One more than the cuts below the value; recency the other way round."""
    below = sum(value > cut for cut in cuts[measure])
    return len(cuts[measure]) + 1 - below if measure == "recency" else 1 + below


def scored(found: Sequence[Customer], cuts: Cuts, asked: Asked) -> list[Scored]:
    """Score customers and put them into tiers."""
    result = []
    for one in found:
        scores = {measure: score(measure, one.value(measure), cuts) for measure in MEASURES}
        sizes = {measure: len(cuts[measure]) + 1 for measure in MEASURES}
        text = ("-" if max(sizes.values()) > 9 else "").join(str(scores[measure]) for measure in MEASURES)
        tier = _standard(one, scores, sizes) if asked.tiers is None else _own(scores, asked.tiers)
        result.append(Scored(one, scores, text, tier))
    return result


def _standard(customer: Customer, scores: dict[str, int], sizes: dict[str, int]) -> str:
    r, f, m = ((scores[one] - 1) / (sizes[one] - 1) if sizes[one] > 1 else 0.5 for one in MEASURES)
    w = (f + m) / 2
    rules = {
        "champions": r >= 0.75 and w >= 0.75,
        "loyal": r >= 0.5 and w >= 0.5,
        "cannot_lose": r < 0.25 and w >= 0.75,
        "at_risk": r < 0.5 and w >= 0.5,
        "new_customers": r >= 0.75 and customer.orders == 1,
        "promising": r >= 0.5,
        "lost": r < 0.25,
        "hibernating": True,
    }
    return next(name for name, fits in rules.items() if fits)


def _own(scores: dict[str, int], tiers: Mapping[str, Mapping[str, Sequence[int]]]) -> str:
    for name, rule in tiers.items():
        if all(scores[measure] in allowed for measure, allowed in rule.items()):
            return name
    return "other"


@dataclass(frozen=True)
class Known:
    """Everybody's tier at ``as_of``, and at every date before it under the same cuts."""

    zone: str
    as_of: int
    asked: Asked
    cuts: Cuts
    now: list[Scored]
    then: list[tuple[int, list[Scored]]]


def known(events: Sequence[Event], zone: str, as_of: int, asked: Asked) -> Known:
    """Cuts are those of the first date."""
    moments = [*asked.dates, as_of]
    at = [customers(events, zone, moment, asked.roles) for moment in moments]
    cuts = cuts_of(at[0], asked)
    then = [(moment, scored(found, cuts, asked)) for moment, found in zip(moments, at, strict=True)]
    return Known(zone, as_of, asked, cuts, then[-1][1], then)


def names(log: Known) -> list[str]:
    """The tiers in the order of their rules; ``other`` last."""
    return list(TIERS) if log.asked.tiers is None else [*log.asked.tiers, "other"]


def segments(log: Known) -> list[Row]:
    """One row per tier."""
    rows = []
    whole = sum(one.customer.amount for one in log.now)
    for tier in names(log) if log.now else []:
        own = [one.customer for one in log.now if one.tier == tier]
        amount, count = sum(one.amount for one in own), sum(one.orders for one in own)
        row: Row = {"segment": tier, "users": len(own), "share": rate(len(own), len(log.now)), "amount": amount}
        row |= {"share_of_amount": amount / whole if whole > 0 else math.nan, "orders": count}
        row |= {"recency": median([one.recency for one in own]), "orders_per_user": mean([one.orders for one in own])}
        rows.append(row | {"amount_per_user": mean([one.amount for one in own])})
    return rows


def users(log: Known) -> list[Row]:
    """One row per customer."""
    rows = []
    for one in log.now:
        own = one.customer
        row: Row = {"user": own.user, "recency": own.recency, "orders": own.orders, "amount": own.amount}
        row |= {"last": own.last, **{f"{measure}_score": one.scores[measure] for measure in MEASURES}}
        rows.append(row | {"score": one.text, "segment": one.tier, "as_of": log.as_of})
    return rows


def cuts(log: Known) -> list[Row]:
    """One row per score of each measure: above ``lower``, up to ``upper``."""
    rows = []
    for measure in MEASURES if log.now else ():
        bounds = [math.nan, *log.cuts[measure], math.nan]
        for number in range(1, len(bounds)):
            place = len(bounds) - number if measure == "recency" else number
            row: Row = {"measure": measure, "score": number, "lower": bounds[place - 1], "upper": bounds[place]}
            rows.append(row | {"users": sum(one.scores[measure] == number for one in log.now)})
    return rows


def grid(log: Known) -> list[Row]:
    """One row per recency and frequency score."""
    rows = []
    for recency in range(1, len(log.cuts["recency"]) + 2) if log.now else ():
        for frequency in range(1, len(log.cuts["frequency"]) + 2):
            own = [one for one in log.now if (one.scores["recency"], one.scores["frequency"]) == (recency, frequency)]
            row: Row = {"recency_score": recency, "frequency_score": frequency, "users": len(own)}
            row["amount"] = sum(one.customer.amount for one in own)
            rows.append(row | {"share": rate(len(own), len(log.now))})
    return rows


def moves(log: Known) -> list[tuple[int, int, dict[str, tuple[str, str]]]]:
    """For each pair of dates, from where to where every customer of the later date went."""
    found = []
    for (date, before), (after_date, after) in zip(log.then, log.then[1:], strict=False):
        was = {one.customer.user: one.tier for one in before}
        found.append(
            (date, after_date, {one.customer.user: (was.get(one.customer.user, NOT_YET), one.tier) for one in after})
        )
    return found


def migration(log: Known, written: Any) -> list[Row]:
    """One row per move that somebody made; ``written`` writes a date."""
    rows = []
    for date, after, found in moves(log):
        for source in (*names(log), NOT_YET):
            n = sum(one == source for one, _ in found.values())
            for target in names(log):
                count = sum(move == (source, target) for move in found.values())
                if count:
                    lower, upper = wilson(count, n)
                    row: Row = {"source_date": written(date), "target_date": written(after), "source": source}
                    row |= {"target": target, "users": count, "rate": rate(count, n), "lower": lower}
                    rows.append(row | {"upper": upper})
    return rows

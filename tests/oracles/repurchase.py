"""``repurchase``, the slow way: every purchase day asks when the next one is, every period asks every day."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from . import Event, Row, Span, day_of, in_order, label, midnight, periods, quantile, rate, wilson
from .purchases import Roles, by_user, orders

PERCENTILES = (10, 25, 50, 75, 80, 90, 95, 99)


@dataclass(frozen=True)
class Buyer:
    """A buyer's purchase days, as day numbers, ascending."""

    user: str
    segment: str
    days: tuple[int, ...]

    def next(self, day: int) -> int | None:
        """The purchase day after a day."""
        return next((one for one in self.days if one > day), None)

    def latest(self, day: int) -> int | None:
        """The last purchase day up to a day."""
        return max((one for one in self.days if one <= day), default=None)


@dataclass(frozen=True)
class Known:
    """All buyers; ``last`` is the last local day that is over."""

    buyers: tuple[Buyer, ...]
    segments: tuple[str, ...]
    zone: str
    start: int
    as_of: int
    last: int
    by: str | None


def number(day: date) -> int:
    return day.toordinal()


def known(events: Sequence[Event], zone: str, start: int, as_of: int, roles: Roles, by: str | None) -> Known:
    """Find everybody's purchase days."""
    buyers, values = [], []
    for user, history in by_user(events, as_of, roles).items():
        own = orders(history)
        if own:
            value = own[0].event.values[by] if by else None
            values.append(value)
            days = sorted({number(day_of(one.begun, zone)) for one in own})
            buyers.append(Buyer(user, label(value) if by else "", tuple(days)))
    segments = tuple(in_order(values)) if by else ("",) if buyers else ()
    return Known(tuple(buyers), segments, zone, start, as_of, number(day_of(as_of, zone)) - 1, by)


# ---- candidates ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Purchase:
    """A purchase day, seen at D days: whether its label can be decided, whether it lapsed, and what came after."""

    user: str
    decidable: bool
    labelled: bool
    returned: bool
    wait: int | None  # from the label to the next purchase
    followed: int  # days from the label to the end of the last full day


def at(log: Known, segment: str | None, days: int) -> list[Purchase]:
    """Every purchase day of a segment, seen at D days."""
    found = []
    for buyer in log.buyers:
        for day in buyer.days if segment in (None, buyer.segment) else ():
            after = buyer.next(day)
            decidable = day + days <= log.last
            labelled = decidable and (after is None or after > day + days)
            wait = after - day - days if labelled and after is not None and after <= log.last else None
            found.append(
                Purchase(buyer.user, decidable, labelled, labelled and after is not None, wait, log.last - day - days)
            )
    return found


def product_limit(waits: Sequence[tuple[int | None, int]]) -> dict[int, float]:
    """Kaplan and Meier: the share that has come by each day on which somebody came; (wait, or None; days followed)."""
    staying, found = 1.0, {}
    for day in sorted({wait for wait, _ in waits if wait is not None}):
        risk = sum((wait if wait is not None else followed) >= day for wait, followed in waits)
        staying *= 1 - sum(wait == day for wait, _ in waits) / risk
        found[day] = 1 - staying
    return found


def clustered(hits: Sequence[tuple[str, bool]]) -> tuple[float, float, float]:
    """A share and its interval where the rows of one buyer hang together."""
    users = sorted({user for user, _ in hits})
    if not hits:
        return math.nan, math.nan, math.nan
    p = sum(hit for _, hit in hits) / len(hits)
    if len(users) < 2:
        return p, math.nan, math.nan
    total = 0.0
    for user in users:
        own = [hit for one, hit in hits if one == user]
        total += (sum(own) - p * len(own)) ** 2
    half = 1.96 * math.sqrt(len(users) / (len(users) - 1) * total) / len(hits)
    return p, max(p - half, 0.0), min(p + half, 1.0)


def candidates(log: Known, days: Sequence[int]) -> list[Row]:
    """One row per candidate number of days, and segment."""
    rows = []
    for segment in log.segments:
        for one in days:
            found = at(log, segment, one)
            decidable = [purchase for purchase in found if purchase.decidable]
            labelled = [purchase for purchase in decidable if purchase.labelled]
            row: Row = {"segment": segment} if log.by else {}
            row |= {"days": one, "n": len(decidable), "censored": len(found) - len(decidable)}
            row["labelled"] = len(labelled)
            row["rate"], row["lower"], row["upper"] = clustered([(each.user, each.labelled) for each in decidable])
            row["returned"] = sum(each.returned for each in labelled)
            names = ("return_rate", "return_lower", "return_upper")
            row |= dict(zip(names, clustered([(each.user, each.returned) for each in labelled]), strict=True))
            limit = product_limit([(each.wait, each.followed) for each in labelled])
            row["return_rate_ever"] = [0.0, *limit.values()][-1] if labelled else math.nan
            rows.append(row | {"users": len({each.user for each in decidable})})
    return rows


def who(log: Known, segment: str | None, days: int, labelled: bool) -> list[str]:
    """The buyers with a decidable purchase that is labelled, or not."""
    return sorted({one.user for one in at(log, segment, days) if one.decidable and one.labelled == labelled})


# ---- gaps ---------------------------------------------------------------------------------------------------------


def observed(log: Known) -> list[int]:
    """The days between consecutive purchase days."""
    return [after - before for buyer in log.buyers for before, after in pairwise(buyer.days)]


def returned_within(log: Known) -> dict[int, float]:
    """By day, the share of purchases that another has followed."""
    waits = []
    for buyer in log.buyers:
        for day in buyer.days:
            after = buyer.next(day)
            waits.append((None if after is None or after > log.last else after - day, log.last - day))
    return product_limit(waits)


def gaps(log: Known) -> list[Row]:
    """One row per gap that occurs."""
    found, limit = observed(log), returned_within(log)
    rows = []
    for days in sorted(set(found)):
        count = found.count(days)
        row: Row = {"days": days, "count": count, "share": count / len(found)}
        row |= {"cumulative": sum(one <= days for one in found) / len(found)}
        row["returned"] = max((share for day, share in limit.items() if day <= days), default=0.0)
        rows.append(row)
    return rows


def percentiles(log: Known) -> list[Row]:
    """Quantiles of the observed gaps, and of all with the undecided ones taken into account."""
    found, limit = observed(log), returned_within(log)
    rows = []
    for percentile in PERCENTILES if log.buyers else ():
        reached = [day for day, share in limit.items() if share >= percentile / 100 - 1e-12]
        row: Row = {"percentile": percentile, "days_observed": quantile(found, percentile / 100)}
        rows.append(row | {"days": min(reached, default=math.nan)})
    return rows


# ---- periods ------------------------------------------------------------------------------------------------------


def chosen(log: Known, days: Sequence[int], churn_days: int | None) -> int:
    """The smallest candidate after which few return, else the largest; or what was asked for."""
    if churn_days is not None:
        return churn_days
    whole = Known(log.buyers, ("",), log.zone, log.start, log.as_of, log.last, None)
    whole = Known(tuple(Buyer(one.user, "", one.days) for one in whole.buyers), *list(vars(whole).values())[1:])
    for row in candidates(whole, sorted(days)):
        if row["n"] >= 30 and row["return_rate_ever"] <= 0.2:
            return int(row["days"])
    return max(days)


def spans(log: Known, every: str) -> list[Span]:
    return periods(every, log.zone, log.start, log.as_of - 1)


def days_of(log: Known, span: Span) -> list[int]:
    """The local days of a period."""
    first, after = number(day_of(span.start, log.zone)), number(day_of(span.end, log.zone))
    return list(range(first, after))


def label_days(buyer: Buyer, days: int, last: int) -> list[int]:
    """The days on which a buyer becomes lapsed: the first that is more than D days after a purchase."""
    found = []
    for day in buyer.days:
        after = buyer.next(day)
        if day + days + 1 <= last and (after is None or after > day + days):
            found.append(day + days + 1)
    return found


def states(log: Known, buyer: Buyer, inside: Sequence[int], days: int) -> dict[str, bool]:
    """What a buyer is in a period, given its days: at risk, churned, returned."""
    risk = False
    for day in inside:
        latest = buyer.latest(day)
        risk |= latest is not None and day - latest <= days and day <= log.last
    back = [after for day, after in pairwise(buyer.days) if after > day + days]
    churned = any(day in inside for day in label_days(buyer, days, log.last))
    return {"at_risk": risk, "churned": churned, "returned": any(day in inside for day in back)}


def churn(log: Known, every: str, days: int) -> list[Row]:
    """One row per period."""
    rows = []
    for span in spans(log, every) if log.buyers else []:
        inside = days_of(log, span)
        found = [states(log, buyer, inside, days) for buyer in log.buyers]
        users = sum(one["at_risk"] or one["churned"] for one in found)
        churned = sum(one["churned"] for one in found)
        lower, upper = wilson(churned, users)
        row: Row = {"period": span.name, "start": span.start, "users": users, "churned": churned}
        row |= {"rate": rate(churned, users), "lower": lower, "upper": upper}
        row |= {"returned": sum(one["returned"] for one in found), "complete": inside[-1] <= log.last}
        rows.append(row)
    return rows


def flags(log: Known, every: str, days: int) -> list[Row]:
    """One row per buyer and finished period, from the first purchase on."""
    rows = []
    for buyer in log.buyers:
        for span in spans(log, every):
            inside = days_of(log, span)
            if inside[-1] > log.last or inside[-1] < buyer.days[0]:
                continue
            rows.append({"user": buyer.user, "period": span.name, "state": state(log, buyer, inside, days)})
    return rows


def state(log: Known, buyer: Buyer, inside: Sequence[int], days: int) -> str:
    """The one word for a buyer in a period."""
    found = states(log, buyer, inside, days)
    if found["churned"]:
        return "churned"
    if found["returned"]:
        return "returned"
    return "active" if found["at_risk"] else "lapsed"


def midnight_of(day: int, zone: str) -> int:
    """The first instant of a numbered day."""
    return midnight(date.fromordinal(1) + timedelta(days=day - 1), zone)

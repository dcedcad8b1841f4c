"""``sales``, the slow way: every period adds up its own rows, and every change is split from scratch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from statistics import NormalDist

from . import Event, Row, Span, in_order, label, periods, rate
from .purchases import Purchase, Roles, by_user

FACTORS = ("buyers", "orders_per_buyer", "amount_per_order")


@dataclass(frozen=True)
class Entry:
    """A purchase with its segment, the place in the calendar of its order's first row, and that of its user's first
    order; ``newest`` marks the very first order row of a user."""

    purchase: Purchase
    segment: str
    place: int
    first: int | None
    newest: bool

    @property
    def user(self) -> str:
        return self.purchase.event.user

    @property
    def kind(self) -> str:
        return "new" if self.first == self.place else "returning"


@dataclass(frozen=True)
class Known:
    """All purchases before ``as_of``, in the calendar."""

    spans: tuple[Span, ...]
    entries: tuple[Entry, ...]
    segments: tuple[str, ...]
    as_of: int
    by: str | None

    def complete(self, place: int) -> bool:
        return self.spans[place].end <= self.as_of

    def rows(self, place: int, *, segment: str | None = None, kind: str | None = None) -> list[Entry]:
        """The purchases of a period, a segment and a kind of buyer."""
        return [
            one
            for one in self.entries
            if one.place == place and segment in (None, one.segment) and kind in (None, one.kind)
        ]


def known(
    events: Sequence[Event], zone: str, start: int, as_of: int, roles: Roles, *, every: str, by: str | None
) -> Known:
    """Put every purchase into its period."""
    spans = periods(every, zone, start, as_of - 1)

    def place(time: int) -> int:
        return next(number for number, span in enumerate(spans) if span.holds(time))

    entries, values = [], []
    for history in by_user(events, as_of, roles).values():
        first = next((one for one in history if one.role == "order"), None)
        for one in history:
            value = one.event.values[by] if by else None
            values.append(value)
            begun = place(first.time) if first else None
            entries.append(Entry(one, label(value) if by else "", place(one.begun), begun, one is first))
    return Known(tuple(spans), tuple(entries), tuple(in_order(values)) if by else ("",), as_of, by)


def totals(rows: Sequence[Entry]) -> Row:
    """What some purchases add up to."""
    orders = [one for one in rows if one.purchase.role == "order"]
    refunds = [one for one in rows if one.purchase.role == "refund"]
    failed = [one for one in rows if one.purchase.role == "failed"]
    gross, back = sum(one.purchase.amount for one in orders), sum(abs(one.purchase.amount) for one in refunds)
    buyers, count = len({one.user for one in orders}), len({(one.user, one.purchase.number) for one in orders})
    return {
        "amount": gross - back,
        "gross": gross,
        "refunds": back,
        "buyers": buyers,
        "orders": count,
        "orders_per_buyer": rate(count, buyers),
        "amount_per_order": rate(gross - back, count),
        "failed": len(failed),
        "failed_amount": sum(one.purchase.amount for one in failed),
        "new_buyers": sum(one.newest for one in orders),
    }


def shapley(before: Row, after: Row) -> dict[str, float]:
    """Each factor's mean contribution over all orders in which the three may change."""
    found = dict.fromkeys(FACTORS, 0.0)
    for order in permutations(FACTORS):
        now = {factor: before[factor] for factor in FACTORS}
        for factor in order:
            old = math.prod(now.values())
            now[factor] = after[factor]
            found[factor] += (math.prod(now.values()) - old) / 6
    return found


def changes(log: Known, before: Row | None, after: Row, place: int) -> Row:
    """A change and its split; only between two complete periods."""
    none: Row = dict.fromkeys(("change", "change_rate", *(f"from_{factor}" for factor in FACTORS)), math.nan)
    if before is None or not (log.complete(place - 1) and log.complete(place)):
        return none
    change = after["amount"] - before["amount"]
    found = none | {"change": change, "change_rate": relative(before["amount"], change)}
    if before["orders"] and after["orders"]:
        found |= {f"from_{factor}": value for factor, value in shapley(before, after).items()}
    return found


def relative(before: float, change: float) -> float:
    return change / before if before > 0 else math.nan


def table(log: Known) -> list[Row]:
    """One row per period, and segment."""
    rows = []
    for segment in log.segments if log.entries else ():
        before = None
        for place, span in enumerate(log.spans):
            now = totals(log.rows(place, segment=segment))
            row: Row = {"segment": segment} if log.by else {}
            row |= {"period": span.name, "start": span.start, **now, **changes(log, before, now, place)}
            rows.append(row | {"complete": log.complete(place)})
            before = now
    return rows


def kinds(log: Known) -> list[Row]:
    """New and returning buyers, period by period."""
    rows = []
    past: dict[str, float] = {}
    for place, span in enumerate(log.spans if log.entries else ()):
        whole = totals(log.rows(place))["amount"]
        both = place > 0 and log.complete(place - 1) and log.complete(place)
        for kind in ("new", "returning"):
            now = totals(log.rows(place, kind=kind))
            change = now["amount"] - past[kind] if both else math.nan
            row: Row = {"period": span.name, "kind": kind}
            row |= {one: now[one] for one in ("buyers", "orders", "amount")}
            row |= {"share": now["amount"] / whole if whole > 0 else math.nan, "change": change}
            total = whole - past["all"] if both else math.nan
            rows.append(row | {"share_of_change": change / total if total else math.nan})
            past[f"{kind} now"] = now["amount"]
        past = {kind: past[f"{kind} now"] for kind in ("new", "returning")} | {"all": whole}
    return rows


def mix(log: Known) -> list[Row]:
    """How much of the change of the amount per buyer is other buyers, and how much is other amounts."""
    rows = []
    for place, span in enumerate(log.spans if log.entries else ()):
        for segment in log.segments:
            now = _part(log, place, segment)
            row: Row = {"period": span.name, "segment": segment}
            row |= {name: now[name] for name in ("buyers", "share_of_buyers", "amount", "amount_per_buyer")}
            row |= dict.fromkeys(("change", "mix", "within"), math.nan)
            if place > 0 and log.complete(place - 1) and log.complete(place):
                row |= _parted(_part(log, place - 1, segment), now)
            rows.append(row)
    return rows


def _part(log: Known, place: int, segment: str) -> Row:
    """A segment's buyers and amount in a period, and what it adds to the amount per buyer of all."""
    now = totals(log.rows(place, segment=segment))
    everybody = sum(totals(log.rows(place, segment=one))["buyers"] for one in log.segments)
    row: Row = {"buyers": now["buyers"], "share_of_buyers": rate(now["buyers"], everybody), "amount": now["amount"]}
    return row | {"amount_per_buyer": rate(now["amount"], now["buyers"]), "added": rate(now["amount"], everybody)}


def _parted(before: Row, after: Row) -> Row:
    """The change of what a segment adds, in two parts; where a period has no buyers at all there is none."""
    if math.isnan(before["added"]) or math.isnan(after["added"]):
        return {}
    values = [one["amount_per_buyer"] for one in (before, after) if one["buyers"]] or [0.0]
    change = after["added"] - before["added"]
    moved = (after["share_of_buyers"] - before["share_of_buyers"]) * (values[0] + values[-1]) / 2
    return {"change": change, "mix": moved, "within": change - moved}


def contributions(log: Known) -> list[Row]:
    """What each segment added to the change between the last two complete periods; the largest loss first."""
    done = [place for place in range(len(log.spans)) if log.complete(place)]
    if len(done) < 2 or not log.entries:
        return []
    place = done[-1]
    total = totals(log.rows(place))["amount"] - totals(log.rows(place - 1))["amount"]
    tests = {segment: against_rest(log, segment, place) for segment in log.segments}
    discoveries(list(tests.values()))
    rows = []
    for segment in log.segments:
        both = [log.rows(one, segment=segment) for one in (place - 1, place)]
        if all(one.purchase.role == "failed" for part in both for one in part):
            continue
        before, after = map(totals, both)
        found = changes(log, before, after, place)
        row: Row = {"segment": segment, "amount_before": before["amount"], "amount_after": after["amount"]}
        row |= {"change": found["change"], "change_rate": found["change_rate"]}
        row["share_of_change"] = found["change"] / total if total else math.nan
        row |= tests[segment]
        rows.append(row | {f"from_{factor}": found[f"from_{factor}"] for factor in FACTORS})
    return sorted(rows, key=lambda row: row["change"])


def against_rest(log: Known, segment: str, place: int) -> Row:
    """How a segment developed against everybody else, and the chance of that; all users one by one."""
    none: Row = dict.fromkeys(("against_rest", "lower", "upper", "p", "q"), math.nan)
    ratios, variance = [], 0.0
    for inside in (True, False):
        before, after = (
            [one for one in log.rows(which, segment=None) if (one.segment == segment) == inside]
            for which in (place - 1, place)
        )
        if min(totals(part)["amount"] for part in (before, after)) <= 1e-9:
            return none
        if min(totals(part)["buyers"] for part in (before, after)) < 25:
            return none
        money = [totals(part)["amount"] for part in (before, after)]
        ratios.append(money[1] / money[0])
        for user in {one.user for one in (*before, *after)}:
            own = [totals([one for one in part if one.user == user])["amount"] for part in (before, after)]
            variance += (own[1] / money[1] - own[0] / money[0]) ** 2
    gap, spread = math.log(ratios[0] / ratios[1]), math.sqrt(variance)
    far = math.inf if spread < 1e-12 else abs(gap) / spread
    p = 1.0 if abs(gap) < 1e-11 else math.erfc(far / math.sqrt(2))
    ends = [math.exp(gap + sign * NormalDist().inv_cdf(0.975) * spread) - 1 for sign in (-1, 1)]
    return {"against_rest": ratios[0] / ratios[1] - 1, "lower": ends[0], "upper": ends[1], "p": p, "q": math.nan}


def discoveries(tests: list[Row]) -> None:
    """Set q: the smallest rate of false discoveries at which a test would be called (Benjamini-Hochberg)."""
    known = sorted(row["p"] for row in tests if not math.isnan(row["p"]))
    called = [min(1.0, p * len(known) / rank) for rank, p in enumerate(known, 1)]
    for row in tests:
        if not math.isnan(row["p"]):
            row["q"] = min(q for p, q in zip(known, called, strict=True) if p >= row["p"])


def who(log: Known, period: str | None, segment: str | None, kind: str | None) -> list[str]:
    """The buyers of a cell."""
    found = [
        one
        for one in log.entries
        if one.purchase.role == "order"
        and period in (None, log.spans[one.place].name)
        and segment in (None, one.segment)
        and kind in (None, one.kind)
    ]
    return sorted({one.user for one in found})

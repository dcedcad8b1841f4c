"""``rfm``: customers by how recently, how often and for how much they buy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from dangol.core import calendar, durations
from dangol.core.errors import InputError, unknown
from dangol.core.result import Result
from dangol.kernels import rfm as kernels
from dangol.log.block import Block
from dangol.log.eventlog import EventLog

from .purchases import Purchases, pick, purchases, read_only, told
from .rfm_tables import Customers, tables
from .rfm_tiers import NOT_YET, Scheme, Values, read_bins, read_cuts, read_tiers, scheme
from .rfm_words import explain, sentences

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Rules:
    """What was asked, in numbers: plain data, so that a scan can take it along.

    ``moments`` are the instants at which customers are looked at, ascending; the last is ``as_of``. ``days`` are the
    edges of local days from the log's beginning to as_of.
    """

    moments: Ints
    days: Ints
    purchases: Purchases


def rfm(
    log: EventLog,
    *,
    event: str | Sequence[str] | None = None,
    refund: str | Sequence[str] | None = None,
    order: str | None = None,
    bins: Sequence[int] = (5, 5, 5),
    recency_cuts: Sequence[float] | None = None,
    frequency_cuts: Sequence[float] | None = None,
    amount_cuts: Sequence[float] | None = None,
    tiers: Mapping[str, Mapping[str, Sequence[int]]] | None = None,
    dates: Sequence[str] | None = None,
    as_of: str | None = None,
) -> Result:
    """Sort customers into tiers by how recently, how often and for how much they have bought.

    A customer is a user with at least one order before ``as_of``. Recency is the number of local days from the day of
    the last order to the day of ``as_of``, frequency the number of distinct orders, amount the net money::

        amount = sum of the amounts of orders - sum of the absolute amounts of refunds

    Each measure is scored by cuts, which are quantiles of the customers' values. Of c distinct cuts, a value gets::

        score = 1 + number of cuts that the value is above       (frequency, amount)
        score = c + 1 - number of cuts that the value is above   (recency: the most recent score highest)

    Scores make tiers. With r, f, m the positions of the scores between the lowest (0) and the highest (1), and w the
    mean of f and m, the first that fits is taken: **champions** r ≥ .75, w ≥ .75; **loyal** r ≥ .5, w ≥ .5;
    **cannot_lose** r < .25, w ≥ .75; **at_risk** r < .5, w ≥ .5; **new_customers** r ≥ .75 and a single order;
    **promising** r ≥ .5; **lost** r < .25; **hibernating** all others.

    Args:
        log: the log or view to ask.
        event: the events that are orders; None: every event with an amount above zero.
        refund: the events whose absolute amount is taken off; None: with ``event`` none, else those with an amount
            below zero.
        order: a text column of events with the order's id: rows of a user with the same id are one order; None: every
            row is an order.
        bins: how many scores recency, frequency and amount get, 1 to 100 each.
        recency_cuts: own cuts in days, ascending; they replace the quantiles, and one score more than cuts results,
            whatever ``bins`` says of this measure.
        frequency_cuts: own cuts in orders, likewise.
        amount_cuts: own cuts in the money of the log, likewise.
        tiers: own rules instead of the usual ones: tier -> measure (recency, frequency, amount) -> the scores it takes,
            such as ``{"best": {"recency": [4, 5], "amount": [5]}}``. A measure that is not named may have any score;
            the first rule that fits is taken; who fits none is in "other".
        dates: earlier local times, ascending, all before ``as_of``: how customers moved between tiers from one to the
            next and to ``as_of``. The cuts are then those of the first date, for all dates and for ``as_of``.
        as_of: local time at which recency is measured (the log's end); what is at or after it is left out.

    Returns:
        A Result. ``.table`` is ``tables["segments"]``, one row per tier in the order of the rules, empty ones included:

        - ``segment`` (str): the tier;
        - ``users`` (int), ``share`` (float, 0 to 1): customers, and their share of all customers;
        - ``amount`` (float), ``share_of_amount`` (float; NaN where the whole is not above zero): their net money;
        - ``orders`` (int): their distinct orders;
        - ``recency`` (float, days): the median; ``orders_per_user``, ``amount_per_user`` (float): means.

        ``users``: user, recency (days), orders, amount, last (time of the last order, log's zone), recency_score,
        frequency_score, amount_score, score (str: the three in a row, "543"; with dashes where there are more than nine
        scores of a measure), segment, as_of (time): one row per customer.
        ``cuts``: measure, score, lower (values with the score lie above it), upper (and up to it), users: the bounds of
        every score; an open end is NaN.
        ``grid``: recency_score, frequency_score, users, amount, share (of customers): every pair of scores.
        ``migration`` (only with ``dates``): source_date, target_date (str), source, target (tiers), users, rate, lower,
        upper: the share of the source tier's customers, with its 95 % Wilson interval; pairs without users are left
        out. The source "(not yet)" holds those whose first order came between the dates.
        ``units(segment="champions")``, ``units(score="555")`` list customers, both together who is in both;
        ``units(source="loyal", target="at_risk", date="2024-01-01")`` those who moved, ``date`` being the source date
        (needed only where there are several).

    Conventions:
        As of local midnight of a day, an order on the day before has recency 1. Days are local days of the log's zone.
        An order of several rows counts once, at the time of its first row. Refunds count when they happen. Orders
        without an amount count as orders and add nothing. Users with refunds alone are no customers.
        Quantiles interpolate linearly (R's type 7, numpy's default). Cuts that coincide count once, so equal values
        always share a score, and there may be fewer scores than bins: this is then said. Sums of money that agree to
        twelve digits of the largest are equal.
        Without a second score, a measure's position is 0.5.

    Raises:
        InputError: for a log without amounts, an unknown event or column, bins, cuts or tiers that cannot be, dates
            that do not ascend to ``as_of`` or that nobody had ordered by, or an ``as_of`` before the log's start.

    References:
        Hughes 1994, Strategic Database Marketing (scores by quintiles); Hyndman, Fan 1996,
        doi:10.1080/00031305.1996.10473566 (quantiles); Wilson 1927, doi:10.1080/01621459.1927.10502953 (intervals).

    Example:
        >>> import dangol as dg, pandas as pd
        >>> days = ["2024-01-01", "2024-01-09", "2024-01-02", "2024-01-30", "2024-01-20"]
        >>> orders = pd.DataFrame({"who": list("aabbc"), "when": pd.to_datetime(days), "paid": [10, 20, 5, 60, 9]})
        >>> log = dg.ingest(orders, user="who", event="'order'", time="when", amount="paid", zone="Asia/Seoul")
        >>> answer = rfm(log, bins=(3, 2, 2), as_of="2024-02-01")
        >>> answer.tables["users"][["user", "recency", "orders", "amount", "score", "segment"]].to_numpy().tolist()
        [['a', 23, 2, 30.0, '111', 'lost'], ['b', 2, 2, 65.0, '312', 'loyal'], ['c', 12, 1, 9.0, '211', 'promising']]
    """
    asked: dict[str, Any] = {"event": _plain(event), "refund": _plain(refund), "order": order}
    asked |= {"bins": _plain(bins), "recency_cuts": _plain(recency_cuts), "frequency_cuts": _plain(frequency_cuts)}
    asked |= {"amount_cuts": _plain(amount_cuts), "tiers": tiers, "dates": _plain(dates), "as_of": as_of}
    rules = _rules(log, asked)
    known = log.between(None, _moment(int(rules.moments[-1]))) if rules.moments[-1] <= log.end else log
    columns = tuple(dict.fromkeys(rules.purchases.columns))
    found = known.run(_scan, _merge, columns=columns, rules=rules)
    customers = _customers(log, rules, found, asked)
    asked["tiers"] = customers.scheme.own
    return Result(
        name="rfm",
        sentences=sentences(customers),
        how=explain(customers, told(rules.purchases, event, refund, None), as_of is not None),
        recipe={"question": "rfm", "parameters": asked, "log": log.describe()},
        tables=tables(customers, log),
        shown=("segments", "migration" if dates is not None else "cuts"),
        find=partial(_find, log, customers),
    )


# ---- reading the options ----------------------------------------------------------------------------------------


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    return list(value) if isinstance(value, tuple) else value


def _rules(log: EventLog, asked: Mapping[str, Any]) -> Rules:
    found = purchases(log, asked["event"], refund=asked["refund"], order=asked["order"])
    if not found.priced:
        raise InputError("this log has no amounts, and rfm needs money; ingest with amount= (--amount)")
    moment = log.as_of if asked["as_of"] is None else calendar.instant(asked["as_of"], log.zone, "as_of")
    if moment <= log.start:
        first = calendar.write(log.start, log.zone)
        raise InputError(f"as_of={asked['as_of']!r} is not after the log's first event ({first}); choose a later time")
    moments = [*_dates(log, asked["dates"], moment), moment]
    days = calendar.edges(durations.Period(1, "d"), log.zone, log.start, moment)
    return Rules(np.array(moments, np.int64), days, found)


def _dates(log: EventLog, dates: Any, as_of: int) -> list[int]:
    if dates is None:
        return []
    if not isinstance(dates, list) or not dates:
        raise InputError(f"dates={dates!r} must be a list of local times, such as ['2024-01-01', '2024-07-01']")
    moments = [calendar.instant(one, log.zone, "dates") for one in dates]
    first, until = (calendar.write(one, log.zone) for one in (log.start, as_of))
    for place, (text, moment) in enumerate(zip(dates, moments, strict=True)):
        if moment <= log.start or moment >= as_of:
            raise InputError(
                f"dates: {text!r} must lie after the log's first event ({first}) and before as_of ({until})"
            )
        if place and moment <= moments[place - 1]:
            raise InputError(f"dates={dates!r} must ascend, each once")
    return moments


def _moment(time_us: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_us)


# ---- counting ---------------------------------------------------------------------------------------------------


def _scan(block: Block, *, rules: Rules) -> kernels.Histories:
    """Find the customers of a block, by position in the log, and what they had done by each moment."""
    found = kernels.histories(pick(block, rules.purchases), read_only(block.time), rules.moments)
    return found._replace(owner=block.users[found.owner])


def _merge(parts: Sequence[kernels.Histories]) -> kernels.Histories:
    return kernels.Histories(
        owner=np.concatenate([part.owner for part in parts]),
        last=np.concatenate([part.last for part in parts]),
        orders=np.concatenate([part.orders for part in parts]),
        amount=np.concatenate([part.amount for part in parts]),
        unpriced=sum(part.unpriced for part in parts),
        others=sum(part.others for part in parts),
        refunded=sum(part.refunded for part in parts),
    )


def _customers(log: EventLog, rules: Rules, found: kernels.Histories, asked: Mapping[str, Any]) -> Customers:
    """Score the customers with the cuts of the first moment, and put them into tiers at every moment."""
    states = [_values(rules, found, place) for place in range(len(rules.moments))]
    made = _scheme(states[0], asked, some=len(found.owner) > 0)
    tiers = np.full((len(rules.moments), len(found.owner)), -1, np.int64)
    for place, values in enumerate(states):
        there = found.orders[:, place] > 0
        tiers[place, there] = made.place(made.scores(values), values.orders)
    return Customers(
        users=found.owner,
        values=states[-1],
        last=found.last[:, -1],
        scores=made.scores(states[-1]),
        tiers=tiers,
        scheme=made,
        moments=rules.moments,
        zone=log.zone,
        unpriced=found.unpriced,
        others=found.others,
        refunded=found.refunded,
    )


def _values(rules: Rules, found: kernels.Histories, place: int) -> Values:
    """What is scored of those who were customers at one moment."""
    there = found.orders[:, place] > 0
    times = np.append(found.last[there, place], rules.moments[place])
    days = np.searchsorted(rules.days, times, side="right")
    return Values(days[-1] - days[:-1], found.orders[there, place], found.amount[there, place])


def _scheme(first: Values, asked: Mapping[str, Any], *, some: bool) -> Scheme:
    bins = read_bins(asked["bins"])
    cuts = [read_cuts(name, asked[name]) for name in ("recency_cuts", "frequency_cuts", "amount_cuts")]
    sizes = [size if one is None else len(one) + 1 for size, one in zip(bins, cuts, strict=True)]
    own = read_tiers(asked["tiers"], sizes)
    if some and not len(first.orders) and any(one is None for one in cuts):
        raise InputError(
            f"dates: nobody has an order before {asked['dates'][0]!r}, so it has no quantiles; begin with a later date"
        )
    return scheme(first, bins, cuts, own)


# ---- the users behind a number ----------------------------------------------------------------------------------


def _find(
    log: EventLog,
    customers: Customers,
    *,
    segment: str | None = None,
    score: str | None = None,
    source: str | None = None,
    target: str | None = None,
    date: str | None = None,
) -> Any:
    names = customers.scheme.tiers
    keep = np.ones(len(customers.users), np.bool_)
    if segment is not None:
        keep &= customers.tiers[-1] == _tier(segment, names)
    if score is not None:
        keep &= _with_score(customers, score)
    if source is not None or target is not None or date is not None:
        place = _pair(log, customers, date)
        if source is not None:
            keep &= customers.tiers[place] == (-1 if source == NOT_YET else _tier(source, names))
        keep &= customers.tiers[place + 1] == _tier(target, names) if target is not None else True
        keep &= customers.tiers[place + 1] >= 0
    return log.ids(customers.users[keep])


def _tier(name: str, names: Sequence[str]) -> int:
    if name not in names:
        raise unknown("tier", name, names, "the answer")
    return names.index(name)


def _with_score(customers: Customers, score: str) -> Flags:
    texts = customers.scheme.texts(customers.scores)
    if not customers.scheme.holds(score):
        raise unknown("score", score, sorted(set(texts)), "the answer")
    return np.array([text == score for text in texts], np.bool_)


def _pair(log: EventLog, customers: Customers, date: str | None) -> int:
    """Return the place of a source date."""
    known = customers.dates[:-1]
    if not known:
        raise InputError("source, target and date need an answer with dates=[…]")
    if date is None and len(known) > 1:
        raise InputError(f"there are several source dates; say which: date={known[0]!r}")
    if date is None or date in known:
        return 0 if date is None else known.index(date)
    moment = calendar.instant(date, log.zone, "date")
    if moment not in customers.moments[:-1]:
        raise unknown("source date", date, known, "the answer")
    return int(np.flatnonzero(customers.moments == moment)[0])

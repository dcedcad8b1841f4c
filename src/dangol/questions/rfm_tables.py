"""The tables of ``rfm``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from dangol.core import calendar
from dangol.core.proportions import share, wilson
from dangol.core.result import Tables

from .rfm_tiers import MEASURES, NOT_YET, Scheme, Values

if TYPE_CHECKING:
    import pandas as pd

    from dangol.log.eventlog import EventLog

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Moves(NamedTuple):
    """Customers by the tier that they left (rows; the last one: not yet customers) and the tier they came to."""

    users: Ints
    source_date: str
    target_date: str


@dataclass(frozen=True)
class Customers:
    """All customers, one place each, as they are at the last of ``moments``.

    ``users`` are positions in the log. ``tiers`` has a row for each moment: the tier's place, -1 for not yet.
    ``others`` counts the users with refunds and no order, ``refunded`` is their money; ``unpriced`` the rows of orders
    without an amount.
    """

    users: Ints
    values: Values
    last: Ints
    scores: tuple[Ints, Ints, Ints]
    tiers: Ints
    scheme: Scheme
    moments: Ints
    zone: str
    unpriced: int
    others: int
    refunded: float

    @cached_property
    def dates(self) -> tuple[str, ...]:
        """The moments in words: 2024-01-01, or with the time where it is not midnight; each has a name of its own."""
        written = [calendar.write(int(one), self.zone) for one in self.moments]
        if len(set(written)) < len(written):  # within a minute, or in the hour that autumn doubles
            exact = [_EPOCH + timedelta(microseconds=int(one)) for one in self.moments]
            return tuple(str(one.astimezone(calendar.zone_info(self.zone))) for one in exact)
        return tuple(text.removesuffix(" 00:00") for text in written)

    @cached_property
    def counts(self) -> Ints:
        """How many customers each tier has."""
        return np.bincount(self.tiers[-1], minlength=len(self.scheme.tiers))

    @cached_property
    def money(self) -> Floats:
        """The net money of each tier."""
        money: Floats = np.bincount(self.tiers[-1], self.values.amount, len(self.scheme.tiers)).astype(np.float64)
        return money

    @cached_property
    def moves(self) -> list[Moves]:
        """Between each two dates, how many customers went from each tier to each."""
        size, found = len(self.scheme.tiers), []
        for place in range(len(self.moments) - 1):
            source, target = self.tiers[place], self.tiers[place + 1]
            there = target >= 0
            source = np.where(source < 0, size, source)
            counts = np.bincount(source[there] * size + target[there], minlength=(size + 1) * size)
            found.append(Moves(counts.reshape(size + 1, size), self.dates[place], self.dates[place + 1]))
        return found


def tables(customers: Customers, log: EventLog) -> Tables:
    """Return the tables, to be made when they are looked at."""
    made = {
        "segments": lambda: _segments(customers),
        "users": lambda: _users(customers, log),
        "cuts": lambda: _cuts(customers),
        "grid": lambda: _grid(customers),
    }
    if len(customers.moments) > 1:
        made["migration"] = lambda: _migration(customers)
    return Tables(made)


def _segments(customers: Customers) -> pd.DataFrame:
    names, counts, money = customers.scheme.tiers, customers.counts, customers.money
    tier, values = customers.tiers[-1], customers.values
    orders = np.bincount(tier, values.orders, minlength=len(names)).astype(np.int64)
    order = np.argsort(tier, kind="stable")
    bounds = np.cumsum(counts)[:-1]
    days = [float(np.median(part)) if len(part) else np.nan for part in np.split(values.recency[order], bounds)]
    table = {
        "segment": _texts(names, np.arange(len(names))),
        "users": counts,
        "share": share(counts, counts.sum()),
        "amount": money,
        "share_of_amount": share(money, values.amount.sum()),
        "orders": orders,
        "recency": np.array(days),
        "orders_per_user": share(orders, counts),
        "amount_per_user": share(money, counts),
    }
    return _frame(table).head(len(names) if len(tier) else 0)


def _users(customers: Customers, log: EventLog) -> pd.DataFrame:
    values, (recency, frequency, amount) = customers.values, customers.scores
    return _frame(
        {
            "user": log.ids(customers.users).reset_index(drop=True).astype("str"),
            "recency": values.recency,
            "orders": values.orders,
            "amount": values.amount,
            "last": _times(customers.last, customers.zone),
            "recency_score": recency,
            "frequency_score": frequency,
            "amount_score": amount,
            "score": _series(customers.scheme.texts(customers.scores)),
            "segment": _texts(customers.scheme.tiers, customers.tiers[-1]),
            "as_of": _times(np.full(len(recency), customers.moments[-1]), customers.zone),
        }
    )


def _cuts(customers: Customers) -> pd.DataFrame:
    parts: list[tuple[str, int, float, float, int]] = []
    for name, cuts, scores in zip(MEASURES, customers.scheme.cuts, customers.scores, strict=True):
        size = len(cuts) + 1
        bounds = np.concatenate([[np.nan], cuts, [np.nan]])
        users = np.bincount(scores, minlength=size + 1)
        for score in range(1, size + 1):
            place = size - score if name == "recency" else score - 1
            parts.append((name, score, float(bounds[place]), float(bounds[place + 1]), int(users[score])))
    names, scores_, lower, upper, counts = zip(*parts, strict=True)
    table = {"measure": _series(names), "score": np.array(scores_), "lower": lower, "upper": upper, "users": counts}
    return _frame(table).head(len(parts) if len(customers.users) else 0)


def _grid(customers: Customers) -> pd.DataFrame:
    recency, frequency, _ = customers.scheme.sizes
    cell = (customers.scores[0] - 1) * frequency + customers.scores[1] - 1
    users = np.bincount(cell, minlength=recency * frequency)
    table = {
        "recency_score": np.repeat(np.arange(1, recency + 1), frequency),
        "frequency_score": np.tile(np.arange(1, frequency + 1), recency),
        "users": users,
        "amount": np.bincount(cell, customers.values.amount, minlength=recency * frequency),
        "share": share(users, users.sum()),
    }
    return _frame(table).head(len(users) if len(cell) else 0)


def _migration(customers: Customers) -> pd.DataFrame:
    import pandas as pd

    sources = (*customers.scheme.tiers, NOT_YET)
    parts = []
    for users, source_date, target_date in customers.moves:
        source, target = np.nonzero(users)
        count, n = users[source, target], users.sum(axis=1)[source]
        lower, upper = wilson(count, n)
        columns = {
            "source_date": _series([source_date] * len(count)),
            "target_date": _series([target_date] * len(count)),
            "source": _texts(sources, source),
            "target": _texts(sources, target),
            "users": count,
            "rate": share(count, n),
            "lower": lower,
            "upper": upper,
        }
        parts.append(_frame(columns))
    return pd.concat(parts, ignore_index=True)


def _times(moments: Ints, zone: str) -> pd.DatetimeIndex:
    import pandas as pd

    return pd.DatetimeIndex(moments.view("datetime64[us]")).tz_localize("UTC").tz_convert(zone)


def _texts(names: tuple[str, ...], code: Ints) -> Any:
    return _series(np.array(names, dtype=object)[code])


def _series(values: Any) -> Any:
    import pandas as pd

    return pd.Series(values, dtype="str")


def _frame(columns: Mapping[str, Any]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(dict(columns))

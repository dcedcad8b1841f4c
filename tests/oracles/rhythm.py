"""``rhythm``, the slow way: an hour's clock read for every event, and the calendar walked hour by hour."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from . import HOUR, SECOND, Event, Row, day_of, in_order, label, mean, median, midnight, moment, periods, rate

Cell = tuple[int, int]  # weekday (1 Monday), hour of the wall clock
LEVELS: dict[str, Callable[[Cell], Hashable]] = {
    "hour": lambda cell: cell[1],
    "weekday": lambda cell: cell[0],
    "hour of week": lambda cell: cell,
}
CELLS = [(weekday, hour) for weekday in range(1, 8) for hour in range(24)]


@dataclass(frozen=True)
class Known:
    """The events that count, and for how long each cell was seen."""

    events: tuple[Event, ...]
    zone: str
    start: int
    as_of: int
    by: str | None
    exposure: dict[Cell, float]

    @property
    def segments(self) -> list[str]:
        if self.by is None:
            return [""] if self.events else []
        return in_order(event.values[self.by] for event in self.events)

    def of(self, segment: str) -> list[Event]:
        return [event for event in self.events if self.by is None or label(event.values[self.by]) == segment]


def cell_of(time: int, zone: str) -> Cell:
    """What the clock on the wall says."""
    local = moment(time, zone)
    return local.isoweekday(), local.hour


def exposure(begin: int, end: int, zone: str) -> dict[Cell, float]:
    """How many real hours each cell of the week lasted between two instants."""
    found = dict.fromkeys(CELLS, 0.0)
    time = begin
    while time < end:
        local = moment(time, zone)
        past = ((local.minute * 60 + local.second) * SECOND) + local.microsecond
        after = min(time + HOUR - past, end)
        if moment(after - 1, zone).utcoffset() != local.utcoffset():  # the clock changes within: minute by minute
            after = min(time + 60 * SECOND - past % (60 * SECOND), end)
        found[cell_of(time, zone)] += (after - time) / HOUR
        time = after
    return found


def known(
    events: Sequence[Event], zone: str, start: int, begin: int, as_of: int, *, event: str | None, by: str | None
) -> Known:
    """Leave out what does not count; the clock runs from ``begin``."""
    counted = tuple(one for one in events if one.time < as_of and event in (None, one.name))
    return Known(counted, zone, start, as_of, by, exposure(begin, as_of, zone))


def table(log: Known, level: str) -> list[Row]:
    """One row per cell, and segment."""
    key = LEVELS[level]
    rows = []
    for segment in log.segments:
        events = log.of(segment)
        places = [(one.user, key(cell_of(one.time, log.zone))) for one in events]
        each = Counter(user for user, _ in places)
        for cell in dict.fromkeys(map(key, CELLS)):
            here = [user for user, place in places if place == cell]
            hours = sum(log.exposure[one] for one in CELLS if key(one) == cell)
            shares = [rate(here.count(user), count) for user, count in each.items()]
            row: Row = {"segment": segment} if log.by else {}
            row |= _named(level, cell)
            row |= {"events": len(here), "users": len(set(here)), "share_of_events": rate(len(here), len(events))}
            row["share_of_users"] = mean(shares)
            if level == "weekday":
                row |= {"days": hours / 24, "events_per_day": rate(len(here), hours / 24)}
            else:
                row |= {"hours": hours, "events_per_hour": rate(len(here), hours)}
            rows.append(row)
    return rows


def _named(level: str, cell: Any) -> Row:
    if level == "hour of week":
        return {"weekday": cell[0], "hour": cell[1]}
    return {level: cell}


def cv(log: Known, segment: str, level: str, column: str) -> float:
    """Population standard deviation over mean of the cells per hour of exposure; unseen cells do not count."""
    rows = [row for row in table(log, level) if row.get("segment", "") == segment]
    hours = [row["hours"] if "hours" in row else row["days"] * 24 for row in rows]
    values = [row[column] / one for row, one in zip(rows, hours, strict=True) if one > 0]
    centre = mean(values)
    return math.sqrt(mean([(value - centre) ** 2 for value in values])) / centre if centre else math.nan


def who(log: Known, weekday: int | None, hour: int | None, segment: str | None) -> list[str]:
    """The users with an event in a cell."""
    found = set()
    for event in log.events if segment is None else log.of(segment):
        day, clock = cell_of(event.time, log.zone)
        if weekday in (None, day) and hour in (None, clock):
            found.add(event.user)
    return sorted(found)


# ---- the decomposition --------------------------------------------------------------------------------------------


def series(log: Known, measure: str) -> list[tuple[str, int, float]]:
    """The measure of every complete local day."""
    found = []
    for day in periods("1d", log.zone, log.start, log.as_of - 1):
        if day.end <= log.as_of:
            inside = [one for one in log.events if day.holds(one.time)]
            value = {
                "events": len(inside),
                "users": len({one.user for one in inside}),
                "amount": sum(one.values["amount"] or 0.0 for one in inside),
            }[measure]
            found.append((day.name, day.start, float(value)))
    return found


@dataclass(frozen=True)
class Parts:
    """A series in parts that add up to it."""

    days: list[tuple[str, int, float]]
    trend: list[float]
    seasons: dict[int, list[float]]
    remainder: list[float]


def decompose(days: list[tuple[str, int, float]], seasons: Sequence[int]) -> Parts:
    """STL as statsmodels does it, robust; MSTL for several seasons."""
    import numpy as np
    from statsmodels.tsa.seasonal import MSTL, STL

    values = np.array([value for _, _, value in days])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a constant series has nothing to weigh
        if len(seasons) == 1:
            fit = STL(values, period=seasons[0], robust=True).fit()
        else:
            fit = MSTL(values, periods=tuple(sorted(seasons)), stl_kwargs={"robust": True}).fit()
    parts = np.reshape(fit.seasonal, (len(values), -1)).T
    by_season = {season: part.tolist() for season, part in zip(sorted(seasons), parts, strict=True)}
    return Parts(days, fit.trend.tolist(), by_season, fit.resid.tolist())


def season(parts: Parts) -> list[Row]:
    """One row per day."""
    middle = median(parts.remainder)
    spread = median([abs(value - middle) for value in parts.remainder])
    rows = []
    for place, (name, start, value) in enumerate(parts.days):
        row: Row = {"period": name, "start": start, "value": value, "trend": parts.trend[place]}
        row |= {f"season_{season}": values[place] for season, values in parts.seasons.items()}
        left = parts.remainder[place]
        off = abs(left - middle)
        unusual = off > 3.5 * 1.4826 * spread and off > 0.1 * abs(value - left)
        rows.append(row | {"remainder": left, "unusual": unusual})
    return rows


def strength(parts: Parts) -> dict[str, float]:
    """How much of the variance of component and remainder together the component explains."""
    components = {"trend": parts.trend} | {f"season_{season}": values for season, values in parts.seasons.items()}
    found = {}
    for name, values in components.items():
        both = _variance([one + left for one, left in zip(values, parts.remainder, strict=True)])
        found[name] = max(0.0, 1 - _variance(parts.remainder) / both) if both else math.nan
    return found


def _variance(values: Sequence[float]) -> float:
    centre = mean(values)
    return mean([(value - centre) ** 2 for value in values])


def begin_of(log_start: int, view_start: int | None, zone: str) -> int:
    """When the clock starts: at the midnight before the first event, but not before the view itself begins."""
    begin = midnight(day_of(log_start, zone), zone)
    return begin if view_start is None else max(begin, view_start)

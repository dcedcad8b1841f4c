"""Oracles: every question once more in plain Python, slow and obvious, written from the definitions alone.

Here: what they share. A log is a list of ``Event``, a table a list of dicts; local time comes from ``zoneinfo`` alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from dangol.core.result import Result

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
HOUR = 3600 * SECOND
NONE = "(none)"
Row = dict[str, Any]


@dataclass(frozen=True)
class Event:
    """One event; ``values`` holds its own properties and those of its user, None where missing."""

    user: str
    name: str
    time: int  # microseconds UTC
    values: Mapping[str, Any] = field(default_factory=dict)


def histories(events: Iterable[Event]) -> dict[str, list[Event]]:
    """Each user's events by time; at equal times in the order of the source."""
    found: dict[str, list[Event]] = {}
    for event in events:
        found.setdefault(event.user, []).append(event)
    return {user: sorted(found[user], key=lambda event: event.time) for user in sorted(found)}


def label(value: Any) -> str:
    """Name a segment."""
    if value is None:
        return NONE
    return value if isinstance(value, str) else f"{value:g}"


def in_order(values: Iterable[Any]) -> list[str]:
    """The segments that some values make, in the order of the answers: text by name, missing first; numbers ascending,
    missing last."""
    known = set(values)
    here = sorted(value for value in known if value is not None)
    missing = [NONE] if None in known else []
    numbers = bool(here) and not isinstance(here[0], str)
    return [*map(label, here), *missing] if numbers else [*missing, *here]


def length(text: str) -> int:
    """Microseconds of an exact duration such as ``30m``."""
    units = {"us": 1, "ms": 1000, "s": SECOND, "m": 60 * SECOND, "h": HOUR, "d": 24 * HOUR, "w": 7 * 24 * HOUR}
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    return round(float(digits) * units[text[len(digits) :]])


# ---- local time ---------------------------------------------------------------------------------------------------


def instant(local: datetime, zone: str) -> int:
    """A local time as microseconds UTC; of two, the first; a skipped one, with the offset before the change."""
    return round((local.replace(tzinfo=ZoneInfo(zone), fold=0) - EPOCH) / timedelta(microseconds=1))


def moment(time: int, zone: str) -> datetime:
    """Microseconds UTC as a local time."""
    return (EPOCH + timedelta(microseconds=time)).astimezone(ZoneInfo(zone))


def midnight(day: date, zone: str) -> int:
    """The first instant of a local day."""
    return instant(datetime(day.year, day.month, day.day), zone)


def day_of(time: int, zone: str) -> date:
    """The local day that has begun last."""
    day = moment(time, zone).date() + timedelta(days=2)
    while midnight(day, zone) > time:
        day -= timedelta(days=1)
    return day


def period_start(day: date, every: str) -> date:
    """The first day of the period that holds a day: weeks from Monday, multiples counted from 1970."""
    count, unit = int(every.rstrip("dwmoqy")), every.lstrip("0123456789")
    if unit in ("d", "w"):
        origin = date(1970, 1, 1) if unit == "d" else date(1969, 12, 29)
        step = count * (1 if unit == "d" else 7)
        return origin + timedelta(days=(day - origin).days // step * step)
    step = count * {"mo": 1, "q": 3, "y": 12}[unit]
    month = ((day.year - 1970) * 12 + day.month - 1) // step * step
    return date(1970 + month // 12, month % 12 + 1, 1)


def period_name(day: date, every: str) -> str:
    """2010-12-01, 2010-12, 2010-Q4 or 2010."""
    unit = every.lstrip("0123456789")
    names = {"mo": f"{day:%Y-%m}", "q": f"{day:%Y}-Q{(day.month + 2) // 3}", "y": f"{day:%Y}"}
    return names.get(unit, day.isoformat())


@dataclass(frozen=True)
class Span:
    """A period: ``start <= time < end``."""

    name: str
    start: int
    end: int

    def holds(self, time: int) -> bool:
        return self.start <= time < self.end


def periods(every: str, zone: str, first: int, last: int) -> list[Span]:
    """Every period from the one that holds ``first`` to the one that holds ``last``, one after another."""
    if every.endswith("h"):
        return _hours(int(every[:-1]), zone, first, last)
    found = []
    start = period_start(day_of(first, zone), every)
    while midnight(start, zone) <= last:
        after = start + timedelta(days=1)
        while period_start(after, every) == start:
            after += timedelta(days=1)
        found.append(Span(period_name(start, every), midnight(start, zone), midnight(after, zone)))
        start = after
    return found


def _hours(count: int, zone: str, first: int, last: int) -> list[Span]:
    """Hours are exact; they begin at full hours of the clock that the log begins with."""
    offset = moment(first, zone).utcoffset()
    assert offset is not None
    shift = round(offset / timedelta(microseconds=1)) % HOUR
    found = []
    start = (first + shift) // (count * HOUR) * count * HOUR - shift
    while start <= last:
        found.append(Span(f"{moment(start, zone):%Y-%m-%d %H:%M}", start, start + count * HOUR))
        start += count * HOUR
    return found


# ---- numbers ------------------------------------------------------------------------------------------------------


def rate(count: float, n: float) -> float:
    """A share; of nothing it is NaN."""
    return count / n if n else math.nan


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def quantile(values: Sequence[float], q: float) -> float:
    """The linear quantile (type 7, numpy's default): the value at position q·(n − 1)."""
    if not values:
        return math.nan
    ordered = sorted(values)
    position = q * (len(ordered) - 1)
    low = math.floor(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


def median(values: Sequence[float]) -> float:
    return quantile(values, 0.5)


def wilson(count: int, n: int) -> tuple[float, float]:
    """The two roots p of (count/n − p)² = z²·p·(1 − p)/n, which is what the Wilson interval is."""
    if not n:
        return math.nan, math.nan
    z2 = 1.959963984540054**2
    a, b, c = 1 + z2 / n, -(2 * count / n + z2 / n), (count / n) ** 2
    root = math.sqrt(max(b * b - 4 * a * c, 0.0))
    return max((-b - root) / (2 * a), 0.0), min((-b + root) / (2 * a), 1.0)


# ---- comparing ----------------------------------------------------------------------------------------------------


def plain(value: Any, zone: str = "UTC") -> Any:
    """A cell as plain Python: times as microseconds, every missing value as None."""
    if isinstance(value, pd.Timestamp):
        return value.value // 1000
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    return value.item() if hasattr(value, "item") else value


def rows_of(table: pd.DataFrame) -> list[Row]:
    """A table as a list of dicts."""
    columns = [str(name) for name in table.columns]
    return [dict(zip(columns, map(plain, row), strict=True)) for row in table.itertuples(index=False, name=None)]


def check(table: pd.DataFrame, expected: Sequence[Row], *, ordered: bool = True, key: Sequence[str] = ()) -> None:
    """Assert that a table holds exactly the expected rows and columns; floats to 1e-9."""
    found = rows_of(table)
    if expected:
        assert list(map(str, table.columns)) == list(expected[0]), (list(table.columns), list(expected[0]))
    if not ordered:
        found = sorted(found, key=lambda row: tuple(str(row[name]) for name in key))
        expected = sorted(expected, key=lambda row: tuple(str(row[name]) for name in key))
    assert len(found) == len(expected), f"{len(found)} rows, not {len(expected)}:\n{found}\n{list(expected)}"
    for number, (row, wanted) in enumerate(zip(found, expected, strict=True)):
        for name in wanted:
            assert alike(row[name], wanted[name]), (
                f"row {number}, {name}: found {row[name]!r}, expected {wanted[name]!r}\n{row}\n{wanted}"
            )


def check_words(result: Result) -> None:
    """Assert that an answer speaks in both languages, and shows nobody what only a program understands."""
    for lang in ("en", "ko"):
        for text in (result.summary(lang), *result.explain(lang).values()):
            assert text
            assert not re.search(r"\bnan\b|\bNone\b|\bNaT\b|\{|\}|<[a-z_.]*[A-Za-z_]+ object|\binf\b|np\.", text), text


def alike(found: Any, expected: Any) -> bool:
    """Whether two cells say the same."""
    found, expected = plain(found), plain(expected)
    if found is None or expected is None:
        return found is expected
    if isinstance(found, float) or isinstance(expected, float):
        return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-9)
    return bool(found == expected)

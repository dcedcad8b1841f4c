"""Local time: the offsets of a zone, the edges of calendar periods, and their names.

Times are int64 microseconds since 1970-01-01 UTC. A local time that a zone skips (spring) is read with the offset
before the change, so it lands just after it; a local time that occurs twice (autumn) means the first of the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import numpy.typing as npt

from .durations import DAY, HOUR, SECOND, WEEK, Period
from .errors import InputError, unknown

Times = npt.NDArray[np.int64]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What Python's dates can hold, with room for a zone's offset; a log lies between 1970 and 2100.
_FIRST, _LAST = (
    round((datetime(*day, tzinfo=UTC) - _EPOCH) / timedelta(microseconds=1)) for day in ((1, 1, 3), (9999, 12, 29))
)
_MOST = round((datetime(2200, 1, 1, tzinfo=UTC) - _EPOCH) / timedelta(microseconds=1))


@dataclass(frozen=True)
class Offsets:
    """The UTC offsets of one zone over a span: ``offset[i]`` holds from the instant ``since[i]`` on."""

    since: Times
    offset: Times


def zone_info(zone: str) -> ZoneInfo:
    """Return the zone named, or raise the error that suggests the nearest name."""
    try:
        return ZoneInfo(zone)
    except (LookupError, OSError, TypeError, ValueError):  # not there; a folder; no text; no such name can be
        raise unknown("time zone", zone, sorted(available_timezones()), "the IANA list") from None


@lru_cache(maxsize=64)
def offsets(zone: str, first_us: int, last_us: int) -> Offsets:
    """Find every change of a zone's UTC offset between two instants, to the second.

    The zone is asked once a day, and a day with a change is searched by halving.
    """
    info = zone_info(zone)

    def at(second: int) -> int:
        known = min(max(second, _FIRST // SECOND), _LAST // SECOND)
        local = (_EPOCH + timedelta(seconds=known)).astimezone(info).utcoffset()
        return int(local.total_seconds()) if local is not None else 0

    low, high = first_us // SECOND - 2 * 86_400, last_us // SECOND + 2 * 86_400
    since, found = [low], [at(low)]
    for day in range(low, high, 86_400):
        before, after = day, min(day + 86_400, high)
        while at(before) != (end := at(after)):
            left, right = before, after
            while right - left > 1:
                middle = (left + right) // 2
                left, right = (middle, right) if at(middle) == at(before) else (left, middle)
            since.append(right)
            found.append(at(right))
            before = right
            if found[-1] == end:
                break
    return Offsets(np.array(since, np.int64) * SECOND, np.array(found, np.int64) * SECOND)


def to_local(times: Times, table: Offsets) -> Times:
    """Shift UTC instants to local wall-clock microseconds."""
    position = np.searchsorted(table.since, times, side="right") - 1
    return times + table.offset[np.maximum(position, 0)]


def to_utc(local: Times, table: Offsets) -> Times:
    """Shift local wall-clock microseconds to UTC; skipped times move forward, doubled times mean the first."""
    wall = table.since[1:] + np.maximum(table.offset[1:], table.offset[:-1])
    position = np.searchsorted(wall, local, side="right")
    return local - table.offset[position]


def midnights(zone: str, first_us: int, last_us: int) -> Times:
    """Return the first instant of every local day from the one that holds ``first_us`` to the one after ``last_us``."""
    table = offsets(zone, first_us - DAY, last_us + DAY)
    bounds = to_local(np.array([first_us, last_us], np.int64), table) // DAY
    return _holding(to_utc(np.arange(bounds[0], bounds[1] + 3, dtype=np.int64) * DAY, table), first_us, last_us)


def _holding(found: Times, first_us: int, last_us: int) -> Times:
    """Trim edges to a span; a clock that goes back past midnight makes the local date fall behind by one."""
    first, last = np.searchsorted(found, np.array([first_us, last_us], np.int64), side="right")
    return found[first - 1 : last + 1]


def edges(every: Period, zone: str, first_us: int, last_us: int) -> Times:
    """Return the instants that bound the calendar periods over a span.

    ``edges[i] <= t < edges[i + 1]`` puts ``t`` into period ``i``; the first period holds ``first_us`` and the last
    holds ``last_us``. Weeks begin on Monday; multiples are counted from 1970 (weeks from Monday 1969-12-29).
    """
    if last_us < first_us:
        raise InputError("a span of time must not end before it begins")
    if last_us > _MOST:
        raise InputError(f"as_of reaches to {write(last_us, zone)}, and periods go up to 2200; choose an earlier time")
    around = every.count * _LONGEST[every.unit] + 2 * DAY
    table = offsets(zone, first_us - around, last_us + around)
    low, high = to_local(np.array([first_us, last_us], np.int64), table)
    if every.unit == "h":  # hours follow the clock's offset, so that no hour is skipped or doubled by daylight saving
        shift = int(table.offset[max(int(np.searchsorted(table.since, first_us, side="right")) - 1, 0)]) % HOUR
        step = every.count * HOUR
        return np.arange((first_us + shift) // step, (last_us + shift) // step + 2, dtype=np.int64) * step - shift
    return _holding(to_utc(_local_starts(every, int(low), int(high)), table), first_us, last_us)


_LONGEST: Final = {"h": HOUR, "d": DAY, "w": WEEK, "mo": 31 * DAY, "q": 92 * DAY, "y": 366 * DAY}


def _local_starts(every: Period, low: int, high: int) -> Times:
    unit: Any
    if every.unit in ("d", "w"):
        step = every.count * (DAY if every.unit == "d" else 7 * DAY)
        origin = 0 if every.unit == "d" else -3 * DAY  # 1969-12-29 was a Monday
        return np.arange((low - origin) // step, (high - origin) // step + 3, dtype=np.int64) * step + origin
    months = every.count * {"mo": 1, "q": 3, "y": 12}[every.unit]
    unit = np.array([low, high], "datetime64[us]").astype("datetime64[M]").astype(np.int64) // months
    steps = np.arange(unit[0], unit[1] + 3, dtype=np.int64) * months
    return steps.astype("datetime64[M]").astype("datetime64[us]").astype(np.int64)


def names(starts: Times, every: Period, zone: str) -> list[str]:
    """Name periods by their local start: ``2010-12-01 13:00``, ``2010-12-01``, ``2010-12``, ``2010-Q4``, ``2010``."""
    if not len(starts):
        return []
    local = to_local(starts, offsets(zone, int(starts[0]), int(starts[-1]))).astype("datetime64[us]")
    if every.unit == "h":
        return [text.replace("T", " ") for text in np.datetime_as_string(local, "m")]
    if every.unit in ("d", "w"):
        return [str(text) for text in np.datetime_as_string(local, "D")]
    months = [str(text) for text in np.datetime_as_string(local, "M")]
    if every.unit == "q":
        return [f"{text[:4]}-Q{(int(text[5:]) + 2) // 3}" for text in months]
    return [text[:4] for text in months] if every.unit == "y" else months


def instant(text: str | datetime | np.datetime64, zone: str, name: str = "time") -> int:
    """Read one point in time as UTC microseconds; a time without an offset is local to ``zone``.

    >>> instant("2011-12-01", "Asia/Seoul") == instant("2011-11-30T15:00:00+00:00", "UTC")
    True
    """
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else datetime.fromisoformat(str(text))
    except ValueError:
        raise InputError(f"{name}={text!r} is not a date or time; write for example '2011-12-01'") from None
    if moment.tzinfo is not None:
        return min(max(round((moment - _EPOCH) / timedelta(microseconds=1)), _FIRST), _LAST)
    local = round((moment.replace(tzinfo=UTC) - _EPOCH) / timedelta(microseconds=1))
    local = min(max(local, _FIRST), _LAST)  # 9999-12-31 stands for a time that never comes
    return int(to_utc(np.array([local], np.int64), offsets(zone, local - 2 * DAY, local + 2 * DAY))[0])


def write(time_us: int, zone: str) -> str:
    """Write an instant as local time, to the minute.

    >>> write(0, "Asia/Seoul")
    '1970-01-01 09:00'
    """
    return (_EPOCH + timedelta(microseconds=int(time_us))).astimezone(zone_info(zone)).strftime("%Y-%m-%d %H:%M")

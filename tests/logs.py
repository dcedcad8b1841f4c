"""Small logs in memory, built straight from rows, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from dangol.core import calendar
from dangol.core.durations import DAY, HOUR
from dangol.log.contents import Column, Contents, Meta
from dangol.log.eventlog import EventLog

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(text: str, zone: str = "UTC") -> int:
    """Local time -> microseconds UTC, through the standard library alone."""
    from zoneinfo import ZoneInfo

    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
    return round((moment - EPOCH) / timedelta(microseconds=1))


def make_log(
    rows: Sequence[tuple[str, str, int | str]],
    *,
    zone: str = "UTC",
    properties: Mapping[str, Sequence[Any]] | None = None,
    attributes: Mapping[str, Mapping[str, Any]] | None = None,
    block_events: int = 1 << 20,
    as_of: int | None = None,
) -> EventLog:
    """Build a log from (user, event, time) rows in source order.

    ``time`` is microseconds UTC or local text. ``properties``: event columns, a value per row; ``attributes``: user
    columns, a value per user id (missing: none). Text or numbers.
    """
    times = [micros(time, zone) if isinstance(time, str) else time for _, _, time in rows]
    order = sorted(range(len(rows)), key=lambda i: (rows[i][0], times[i], i))
    users = sorted({user for user, _, _ in rows})
    owner = [rows[i][0] for i in order]
    first = [owner.index(user) for user in users] if len(rows) < 2000 else list(np.searchsorted(owner, users))
    events = {"time": pa.array([times[i] for i in order], pa.int64()).cast(pa.timestamp("us", "UTC"))}
    events["event"] = _coded([rows[i][1] for i in order])
    columns = [Column("time", "time", "event"), Column("event", "text", "event")]
    for name, values in (properties or {}).items():
        array = _column([values[i] for i in order])
        events[name] = array
        columns.append(Column(name, "text" if isinstance(array, pa.DictionaryArray) else "number", "event"))
    people = {"user": pa.array(users, pa.large_string()), "first_row": pa.array(first, pa.int64())}
    columns.append(Column("user", "id", "user"))
    for name, by_user in (attributes or {}).items():
        array = _column([by_user.get(user) for user in users])
        people[name] = array
        columns.append(Column(name, "text" if isinstance(array, pa.DictionaryArray) else "number", "user"))
    last = max(times)
    if as_of is None:
        table = calendar.offsets(zone, min(times) - DAY, last + 2 * DAY)
        local = calendar.to_local(np.array(times), table)
        at_last = int(calendar.to_local(np.array([last]), table)[0])
        as_of = last + HOUR - at_last % HOUR
        if not (local % DAY).any():
            as_of = int(calendar.to_utc((local.max(keepdims=True) // DAY + 1) * DAY, table)[0])
    meta = Meta(zone, len(rows), len(users), min(times), last, as_of, tuple(columns), {})
    contents = Contents(meta, pa.record_batch(events), pa.record_batch(people), lambda _: None)
    return EventLog(contents, block_events=block_events)


def _coded(values: Sequence[str | None]) -> pa.DictionaryArray:
    names: list[str | None] = sorted({value for value in values if value is not None})
    if None in values:
        names.insert(0, None)
    codes = np.array([names.index(value) for value in values], np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(names, pa.string()))


def _column(values: Sequence[Any]) -> Any:
    if all(isinstance(value, int | float) for value in values if value is not None) and any(
        value is not None for value in values
    ):
        return pa.array([float("nan") if value is None else float(value) for value in values], pa.float64())
    return _coded([None if value is None else str(value) for value in values])

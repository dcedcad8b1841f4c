"""Small logs that Hypothesis invents: ties, gaps exactly at thresholds, days when the clock changes, missing values."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from dangol.log.eventlog import EventLog
from tests.logs import make_log

from . import HOUR, SECOND, Event, instant, moment

ZONES: Final = (
    "UTC",
    "Europe/London",
    "America/New_York",
    "Asia/Seoul",
    "America/Santiago",  # the clock changes at midnight
    "Asia/Beirut",  # also at midnight
    "Australia/Lord_Howe",  # by half an hour
    "America/St_Johns",  # its clock went back from 00:01 to 23:01 of the day before
)
STEADY: Final = ("UTC", "Asia/Seoul")  # no daylight saving in 2011
MINUTE: Final = 60 * SECOND
DAY: Final = 24 * HOUR

SHORT_GAPS: Final = (
    0,
    1,
    SECOND,
    10 * MINUTE,
    30 * MINUTE - 1,
    30 * MINUTE,
    30 * MINUTE + 1,
    HOUR,
    2 * HOUR,
    12 * HOUR,
)
LONG_GAPS: Final = (0, 1, HOUR, 12 * HOUR, DAY - 1, DAY, DAY + 1, 2 * DAY, 3 * DAY, 7 * DAY, 14 * DAY, 31 * DAY)
USERS: Final = ("u1", "u2", "가온", "u4")
NAMES: Final = ("a", "b", "c", "d")


def effort(examples: int) -> Callable[[Any], Any]:
    """How many logs a test tries: ``examples``, always the same; under the profile "thorough" more, and new ones."""
    factor = settings().max_examples / 100
    return settings(
        max_examples=round(examples * factor),
        derandomize=factor == 1,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        phases=[phase for phase in Phase if phase is not Phase.explain],
    )


@dataclass(frozen=True)
class Small:
    """A small log, as rows in source order; user attributes stand in ``people``."""

    zone: str
    events: tuple[Event, ...]
    people: dict[str, dict[str, Any]]
    as_of: int | None = None

    def log(self, block_events: int = 1 << 20) -> EventLog:
        """Build the log."""
        names = [name for name in self.events[0].values if name not in ("country", "age")]
        return make_log(
            [(event.user, event.name, event.time) for event in self.events],
            zone=self.zone,
            properties={name: [event.values[name] for event in self.events] for name in names},
            attributes={
                name: {user: values[name] for user, values in self.people.items()} for name in ("country", "age")
            },
            block_events=block_events,
            as_of=self.as_of,
        )

    def moved(self, us: int) -> Small:
        """The same log at another time."""
        as_of = None if self.as_of is None else self.as_of + us
        return replace(self, events=tuple(replace(one, time=one.time + us) for one in self.events), as_of=as_of)

    def starting(self, time: int) -> Small:
        """The same log, moved so that its first event is at an instant, such as the very beginning of a day."""
        return self.moved(time - min(event.time for event in self.events))

    def doubled(self) -> Small:
        """Every user once more under a new id."""
        again = tuple(replace(one, user=one.user + "'") for one in self.events)
        people = self.people | {user + "'": values for user, values in self.people.items()}
        return replace(self, events=self.events + again, people=people)

    def only(self, keep: Callable[[Event], bool]) -> Small:
        """The events that meet a condition."""
        return replace(self, events=tuple(one for one in self.events if keep(one)))

    def local(self, time: int) -> str:
        """A time as the local text of an option, with its offset, so that it is never ambiguous."""
        return moment(time, self.zone).isoformat()


@cache
def anchors(zone: str) -> tuple[int, ...]:
    """Instants worth being near: days when a zone's clock changes, shortly before a midnight, a year's end, and the
    midnight that begins a day, a week and a month."""
    found = [
        datetime(2011, 6, 29, 23, 40),
        datetime(2010, 12, 31, 22),
        datetime(2011, 8, 1),
        datetime(2010, 11, 6, 22, 50),
    ]
    day = datetime(2011, 1, 1)
    while day.year == 2011:
        after = day + timedelta(days=1)
        if instant(after, zone) - instant(day, zone) != DAY:
            found += [day - timedelta(minutes=20), day + timedelta(minutes=30)]
        day = after
    return tuple(instant(one, zone) for one in found)


@cache
def turns(zone: str) -> tuple[int, ...]:
    """Instants at which something begins: a year, a month, a week, and the hour after a zone's clock was changed."""
    found = [instant(datetime(2011, month, day), zone) for month, day in ((1, 1), (8, 1), (2, 28), (6, 30))]
    for anchor in anchors(zone)[4:]:
        low, high = anchor - 2 * DAY, anchor + 2 * DAY
        before = moment(low, zone).utcoffset()
        if moment(high, zone).utcoffset() == before:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if moment(middle, zone).utcoffset() == before else (low, middle)
        found.append(high)
    return tuple(dict.fromkeys(found))


@st.composite
def logs(
    draw: st.DrawFn,
    gaps: Sequence[int] = SHORT_GAPS,
    zones: Sequence[str] = ZONES,
    names: Sequence[str] = NAMES,
    most: int = 10,
    least: int = 0,
    distinct: bool = False,
) -> Small:
    """Draw up to four users with ``least`` to ``most`` events each; ``distinct`` makes all times differ."""
    zone = draw(st.sampled_from(zones))
    base = draw(st.sampled_from(anchors(zone)))
    one = st.tuples(
        st.sampled_from(names),
        st.sampled_from(gaps),
        st.sampled_from(("x", "y", None)),
        st.sampled_from((1.0, 2.5, None)),
    )
    people = {
        user: {"country": draw(st.sampled_from(("KR", "US", None))), "age": draw(st.sampled_from((20.0, 30.0, None)))}
        for user in draw(st.sampled_from([USERS[:count] for count in (1, 2, 3, 4)]))
    }
    events: list[Event] = []
    for user, values in people.items():
        time = base
        for name, gap, item, amount in draw(st.lists(one, max_size=most, min_size=least if events else max(least, 1))):
            time += gap
            events.append(Event(user, name, time, {"item": item, "amount": amount, **values}))
    arrange = draw(st.sampled_from((list, lambda rows: list(reversed(rows)), lambda rows: sorted(rows, key=_time))))
    events = arrange(events)
    if distinct:
        ordered = sorted(range(len(events)), key=lambda row: events[row].time)
        times = {row: events[row].time + rank * SECOND for rank, row in enumerate(ordered)}
        events = [replace(event, time=times[row]) for row, event in enumerate(events)]
    return Small(zone, tuple(events), people)


def crowd(seed: int, users: int, gaps: Sequence[int], names: Sequence[str], most: int = 9) -> Small:
    """A log of many users at once, each with one to ``most`` events: not for shrinking, but for what is rare."""
    chance = random.Random(seed)
    zone = chance.choice(ZONES)
    events: list[Event] = []
    people: dict[str, dict[str, Any]] = {}
    for number in range(users):
        user, time = f"u{number:04d}", chance.choice(anchors(zone))
        people[user] = {"country": chance.choice(("KR", "US", None)), "age": chance.choice((20.0, 30.0, None))}
        for _ in range(chance.randint(1, most)):
            time += chance.choice(gaps)
            values = {"item": chance.choice(("x", "y", None)), "amount": chance.choice((1.0, 2.5, None))}
            events.append(Event(user, chance.choice(names), time, {**values, **people[user]}))
    return Small(zone, tuple(events), people)


SHOP_NAMES: Final = ("order", "order", "refund", "failed", "view")
AMOUNTS: Final = (10.0, 10.0, 20.0, 2.5, 35.25, 0.0, -5.0, None)
ORDER_IDS: Final = ("o1", "o2", "o3", None)


@st.composite
def shop_logs(
    draw: st.DrawFn,
    gaps: Sequence[int] = LONG_GAPS,
    zones: Sequence[str] = ZONES,
    most: int = 8,
    distinct: bool = False,
    ids: bool = True,
) -> Small:
    """Draw a log of purchases: orders of one or several rows, refunds, failed payments, and users who only look."""
    small = draw(logs(gaps, zones, SHOP_NAMES, most=most, distinct=distinct))
    return _priced(small, lambda options: draw(st.sampled_from(options)), ids)


def busy(seed: int, users: int, days: int, names: Sequence[str] = SHOP_NAMES, most: int = 12) -> Small:
    """A log of many users over a few days or weeks, some busier than others: a little shop that is always open."""
    chance = random.Random(seed)
    zone = chance.choice(ZONES)
    base = chance.choice((chance.choice(anchors(zone)), chance.choice(turns(zone))))
    events: list[Event] = []
    people: dict[str, dict[str, Any]] = {}
    for number in range(users):
        user = f"u{number:04d}"
        people[user] = {"country": chance.choice(("KR", "US", None)), "age": chance.choice((20.0, 30.0, None))}
        for _ in range(chance.randint(1, chance.randint(1, most))):
            time = base + chance.randrange(days * 24) * HOUR + chance.choice((0, 0, 10 * MINUTE, 1))
            values = {"item": chance.choice(("x", "y", None)), **people[user]}
            events.append(Event(user, chance.choice(names), time, values))
    return _priced(Small(zone, tuple(events), people), chance.choice, True)


def _priced(small: Small, choose: Callable[[Sequence[Any]], Any], ids: bool) -> Small:
    """Give every event an amount and an order's id; the first has an amount, so that the column holds numbers."""
    events = []
    for event in small.events:
        values = {**event.values, "amount": choose(AMOUNTS if events else AMOUNTS[:3])}
        if ids:
            values["order_id"] = choose(ORDER_IDS)
        events.append(replace(event, values=values))
    return replace(small, events=tuple(events))


@st.composite
def views(draw: st.DrawFn, small: Small, log: EventLog) -> tuple[EventLog, Small]:
    """Narrow a log by one to three conditions of any kind; return the view, and the rows that it must hold."""
    kept = small
    for kind in draw(st.lists(st.sampled_from(("name", "text", "number", "span", "people")), min_size=1, max_size=3)):
        if kind == "span":
            times = sorted({event.time for event in small.events})
            first, last = sorted((draw(st.sampled_from(times)), draw(st.sampled_from(times))))
            if not (first < log.end + 1 and last >= log.start):
                continue  # a second span may not meet the first
            log = log.between(small.local(first), small.local(last + 1))
            kept = kept.only(lambda event, low=first, high=last: low <= event.time <= high)
        elif kind == "people":
            people = sorted({event.user for event in small.events})
            people = draw(st.lists(st.sampled_from(people), min_size=1, unique=True))
            log = log.users(people)
            kept = kept.only(lambda event, people=people: event.user in people)
        else:
            log, kept = _filtered(draw, kind, small, log, kept)
    return log, replace(kept, as_of=log.as_of)


def _filtered(draw: st.DrawFn, kind: str, small: Small, log: EventLog, kept: Small) -> tuple[EventLog, Small]:
    if kind == "name":
        name = draw(st.sampled_from(sorted({event.name for event in small.events})))
        op = draw(st.sampled_from(("==", "!=", "not in")))
        log = log.where("event", op, [name] if op == "not in" else name)
        return log, kept.only(lambda event: (event.name == name) == (op == "=="))
    if kind == "text":
        column = draw(st.sampled_from(("item", "country")))
        values = sorted({event.values[column] for event in small.events}, key=str)
        value = draw(st.sampled_from(values))
        op = draw(st.sampled_from(("==", "!=")))
        return log.where(column, op, value), kept.only(lambda event: (event.values[column] == value) == (op == "=="))
    column, least = draw(st.sampled_from((("amount", 2), ("age", 25))))
    wanted = any(event.values[column] is not None for event in small.events)
    if not wanted:  # a column without any value is a column of text
        return log, kept
    return log.where(column, ">", least), kept.only(lambda event: (event.values[column] or 0) > least)


def _time(event: Event) -> int:
    return event.time


def blocks() -> st.SearchStrategy[int]:
    """Sizes of blocks, down to one event."""
    return st.sampled_from((1, 2, 5, 1 << 20))

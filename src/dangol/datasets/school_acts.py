"""What pupils of the school SNS do: sessions, the acts in them, friend requests, and the balance of their points."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from .drawing import (
    DAY_S,
    Array,
    Ints,
    Random,
    begins,
    drawn,
    order_by,
    places,
    program_rows,
    shares,
    since_begin,
    skewed_seconds,
)
from .school_pupils import LAST_START, Pupils, second_of_day

EVENTS: Final = (
    *("app_open", "vote", "receive_vote", "view_hint"),
    *("friend_request", "invite", "share", "purchase_points"),
)
OPEN, VOTE, RECEIVE, HINT, FRIEND, INVITE, SHARE, BUY = range(8)
AT_LEAST: Final = 2  # invites within the first WITHIN days make the habit
WITHIN: Final = 3
FROM_DAY, TO_DAY = 8, 21  # who stays is active on one of these days after joining
PRICES: Final = np.array([1_200, 3_900, 5_900, 11_000])  # won
HINT_COST: Final = 100
_BOUGHT: Final = np.array([100, 400, 650, 1_300])
_EARNED: Final = np.array([0, 2, 0, -HINT_COST, 0, 50, 10, 0])
_BONUS: Final = 300  # points at the start; more where a pupil will need them, so that no balance falls below 0

# Sessions of an average pupil by day since joining (day 0: beside the session of joining). Those who leave stop after
# day 6 and those who stay return on a day from 9 to 19, so that "days 8 to 21" means the same to everybody, whether
# days are counted from 0 or 1, from midnight or from the hour of joining. On day 7 nobody acts before the hour of
# joining, so that a first week of 168 hours knows as little of who stays as one of seven dates.
_EARLY: Final = (0.7, 0.86, 0.72, 0.64, 0.6, 0.56, 0.54)
_LATE: Final = 0.6
_LATE_FADE: Final = 0.985
_RETURN: Final = (9, 20)
_WEEKDAYS: Final = np.array([1.06, 1.04, 1.02, 1.03, 1.12, 0.85, 0.88])
_ACTS: Final = 4.4  # acts in a session beside opening the app
_MIX: Final = (0.0, 0.66, 0.23, 0.11)  # shares of vote, receive_vote, view_hint among the acts
_ONE_INVITE: Final = 0.25  # pupils without the habit who invite once
_MORE_INVITES: Final = 0.7
_UNANSWERED: Final = 0.9  # friend requests of a pupil that nobody accepts
_HABIT_DAYS: Final = (0.5, 0.3, 0.2)  # shares of the invites of the first days by day since joining: WITHIN of them
_WEEK_DAYS: Final = (0.45, 0.15, 0.1, 0.08, 0.08, 0.07, 0.07)
_SOON_S: Final = 400.0
_ACCEPT_S: Final = 6 * 3_600.0


@dataclass(frozen=True)
class Period:
    """The days that are drawn."""

    begin: date
    days: int


@dataclass(frozen=True)
class Sessions:
    """Sessions by pupil and day; of each pupil's run: where it begins, how much of it lies in the first week."""

    user: Array
    start: Ints
    begin: Ints
    within_week: Ints
    count: Ints


@dataclass(frozen=True)
class Rows:
    """Events as columns of numbers."""

    user: Array
    time: Ints  # seconds since the first midnight
    event: Array
    price: Array  # which of PRICES; -1 elsewhere

    def take(self, chosen: Array) -> Rows:
        """Return some of the rows, in the order asked for."""
        return Rows(self.user[chosen], self.time[chosen], self.event[chosen], self.price[chosen])


def draw_sessions(rng: Random, pupils: Pupils, period: Period) -> Sessions:
    """Draw the sessions of every pupil on every day; the first begins at the moment of joining."""
    users, days = len(pupils.joined), period.days
    back = rng.integers(*_RETURN, users)
    last = np.where(pupils.stays, days - 1, np.minimum(pupils.day + len(_EARLY) - 1, days - 1))
    spans = last - pupils.day + 1
    user, age = np.repeat(np.arange(users, dtype=np.int32), spans), places(spans)
    day = pupils.day[user] + age
    pace = np.array([*_EARLY, *(_LATE * _LATE_FADE ** np.arange(max(days - len(_EARLY), 0)))])
    number = rng.poisson(pupils.level[user] * pace[age] * _WEEKDAYS[(day + period.begin.weekday()) % 7])
    number += (age == 0) | (age == back[user])  # who leaves never reaches the age of coming back
    joining = (np.repeat(age, number) == 0) & (places(number) == 0)
    user, age, day = (np.repeat(column, number) for column in (user, age, day))
    start = day * DAY_S + second_of_day(rng, day, period.begin)
    least = day * DAY_S + (pupils.joined % DAY_S)[user]  # the hour of joining, on that day and a week later
    after = least + (rng.random(len(user)) * (day * DAY_S + LAST_START - least)).astype(np.int64)
    start = np.where(((age == 0) | (age == len(_EARLY))) & (start < least), after, start)
    start = np.where(joining, pupils.joined[user], start)
    count = np.bincount(user, minlength=users)
    return Sessions(
        user=user,
        start=start,
        begin=begins(count),
        within_week=np.bincount(user[age < len(_EARLY)], minlength=users),
        count=count,
    )


def session_rows(rng: Random, sessions: Sessions) -> Rows:
    """Fill the sessions: the app is opened, then votes, received votes and hints follow within seconds."""
    counts = rng.geometric(1 / (_ACTS + 1), len(sessions.user))
    total = int(counts.sum())
    event = drawn(rng, shares(_MIX), total)
    event[begins(counts)] = OPEN
    waits = drawn(rng, skewed_seconds(rng, 4.0, 1.1, 900), total)
    start = np.repeat(sessions.start, counts)
    time = np.minimum(start + since_begin(waits, counts), (start // DAY_S + 1) * DAY_S - 1)  # a session ends in its day
    return _rows(np.repeat(sessions.user, counts), time, event)


def lone_rows(rng: Random, pupils: Pupils, sessions: Sessions, period: Period) -> list[Rows]:
    """Draw what does not follow activity: invites (the habit), shares and purchases.

    Early ones fall on the days since joining with fixed shares, whoever the pupil is, since a place among the sessions
    would tie them to activity; later ones fall into sessions.
    """
    users = len(pupils.joined)
    habit = AT_LEAST + rng.poisson(_MORE_INVITES, users)
    early = np.where(pupils.cause, habit, rng.random(users) < _ONE_INVITE)
    return [
        _early(rng, pupils, sessions, period, INVITE, early, _HABIT_DAYS),
        _late(rng, sessions, INVITE, rng.poisson(0.3, users)),
        _early(rng, pupils, sessions, period, SHARE, rng.poisson(0.45, users), _WEEK_DAYS),
        _late(rng, sessions, SHARE, rng.poisson(0.6, users)),
        _priced(rng, _early(rng, pupils, sessions, period, BUY, rng.poisson(0.03, users), _WEEK_DAYS)),
        _priced(rng, _late(rng, sessions, BUY, rng.poisson(0.08, users))),
    ]


def _early(
    rng: Random, pupils: Pupils, sessions: Sessions, period: Period, event: int, times: Array, ages: tuple[float, ...]
) -> Rows:
    """Put ``times`` events of each pupil on the first days: soon after joining, later on into a session of that day.

    A day without a session keeps its events; sending a link needs no opening of the app.
    """
    user = np.repeat(np.arange(len(times), dtype=np.int32), times)
    day = pupils.day[user]
    age = np.minimum(drawn(rng, shares(ages), len(user)), period.days - 1 - day)
    joined = pupils.joined[user]
    left = rng.random(len(user)) * ((day + 1) * DAY_S - joined)
    soon = joined + np.minimum(5 + rng.exponential(_SOON_S, len(user)), left).astype(np.int64)
    later = (day + age) * DAY_S + second_of_day(rng, day + age, period.begin)
    keys = sessions.user * np.int64(period.days) + sessions.start // DAY_S
    wanted = user * np.int64(period.days) + day + age
    found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    within = sessions.start[found] + rng.integers(4, 150, len(user))
    later = np.where(keys[found] == wanted, within, later)
    return _rows(user, np.where(age == 0, soon, later), event)


def _late(rng: Random, sessions: Sessions, event: int, times: Array) -> Rows:
    """Put ``times`` events of each pupil into sessions after the first week; none where there are none."""
    room = sessions.count - sessions.within_week
    user = np.repeat(np.arange(len(times), dtype=np.int32), np.where(room > 0, times, 0))
    chosen = sessions.begin[user] + sessions.within_week[user] + (rng.random(len(user)) * room[user]).astype(np.int64)
    return _rows(user, sessions.start[chosen] + rng.integers(4, 150, len(user)), event)


def _priced(rng: Random, rows: Rows) -> Rows:
    return Rows(rows.user, rows.time, rows.event, drawn(rng, shares([0.5, 0.3, 0.15, 0.05]), len(rows.user)))


def friend_requests(rng: Random, pupils: Pupils, sessions: Sessions, asker: Ints, period: Period) -> tuple[Rows, Ints]:
    """Turn pairs of friends (``asker`` in order) into requests in the first week, and when they are accepted.

    Requests that nobody accepts come on top.
    """
    users = len(pupils.joined)
    rows = _early(rng, pupils, sessions, period, FRIEND, np.bincount(asker, minlength=users), _WEEK_DAYS)
    granted = rows.time + 5 + rng.exponential(_ACCEPT_S, len(rows.time)).astype(np.int64)
    others = _early(rng, pupils, sessions, period, FRIEND, rng.poisson(_UNANSWERED, users), _WEEK_DAYS)
    return joined_rows([rows, others]), granted


def with_programs(rng: Random, rows: Rows, pupils: Pupils, period: Period) -> Rows:
    """Let programs vote at even distances, day and night, instead of what their owners would have done."""
    bots = np.flatnonzero(pupils.bot)
    which, time = program_rows(rng, pupils.joined[bots], period.days * DAY_S)
    people = rows.take(np.flatnonzero(~pupils.bot[rows.user]))
    return joined_rows([people, _rows(bots[which].astype(np.int32), time, VOTE)])


def joined_rows(parts: list[Rows]) -> Rows:
    """Put rows behind each other."""
    return Rows(
        np.concatenate([part.user for part in parts]),
        np.concatenate([part.time for part in parts]),
        np.concatenate([part.event for part in parts]),
        np.concatenate([part.price for part in parts]),
    )


def _rows(user: Array, time: Ints, event: Array | int) -> Rows:
    codes = np.broadcast_to(np.asarray(event, np.int8), len(user))
    return Rows(user, time, codes, np.broadcast_to(np.int8(-1), len(user)))


def balances(rows: Rows) -> tuple[Rows, Array]:
    """Sort rows by pupil and time, and return each pupil's balance of points after every row."""
    rows = rows.take(order_by(rows.user, rows.time))
    change = _EARNED[rows.event]
    bought = rows.price >= 0
    change[bought] = _BOUGHT[rows.price[bought]]
    first = np.flatnonzero(np.diff(rows.user, prepend=-1))
    lengths = np.diff(np.append(first, len(change)))
    run = np.cumsum(change)
    run -= np.repeat(run[first] - change[first], lengths)
    lowest = np.minimum.reduceat(run, first)
    opening = _BONUS + np.maximum(-(_BONUS + lowest) + HINT_COST - 1, 0) // HINT_COST * HINT_COST
    return rows, (run + np.repeat(opening, lengths)).astype(np.int32)

"""A school SNS, generated: pupils who vote for each other, and a habit that keeps them, more common in some schools."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from . import school_acts as acts
from .dirt import dirty_parts, told_twice, without
from .drawing import (
    DAY_S,
    ZONE,
    Array,
    Ints,
    Random,
    Watcher,
    arrival_order,
    checked,
    checked_number,
    checked_real,
    coded,
    dates,
    first_day,
    labels,
    order_by,
    silent,
    stream,
    whole_seconds,
)
from .names import REGIONS, school_names
from .sample import Sample
from .school_pupils import (
    CAUSE_SHARE,
    LIVELY_SHARE,
    LOG_ODDS,
    STAY_AT_MIDDLE,
    Pupils,
    Schools,
    draw_friends,
    draw_pupils,
    draw_schools,
)

_WITHOUT_SCHOOL = 0.004
_TOLD_TWICE = 0.01


def school_sns(
    users: int = 98_789,
    *,
    seed: int = 0,
    days: int = 24,
    plant: bool = True,
    by_activity: float = 0.6,
    dirty: bool = False,
    start: str = "2023-04-24",
    progress: Watcher | None = None,
) -> Sample:
    """Draw a school SNS from its launch on, with a habit that keeps pupils and a cluster of lively schools.

    Every pupil has an activity level a (lognormal, mean 1) and joins on some day. Acts come in sessions whose number
    follows a, the days since joining and the weekday. A pupil *stays* with probability p, and then is active on days 8
    to 21 after joining (day 0 is the day of joining); else the last day is day 6. With the habit, ``invite`` at least
    twice on days 0 to 2, ``logit p = logit p_without + 1.5``, where ``logit p_without = -0.75 + by_activity z`` and z
    is log a in standard deviations. Pupils have the habit at random, whatever their activity: 45 % in lively schools
    (12 % of the schools, sized like others), 12 % elsewhere. Pupils of lively schools also have more friends.

    Args:
        users: pupils, 1 to 10 million; schools follow, one for each 24.
        seed: the same seed gives the same bytes.
        days: length of the period from the launch on; whether a pupil stays shows for those who joined at least 22
            days before its end.
        plant: False: no school is lively, and the habit (12 % everywhere) changes nothing.
        by_activity: what a standard deviation of log a adds to the log odds of staying, -5 to 5 (0.6). With 0 and no
            plant nothing that a pupil does in the first week goes with staying: whatever is found is found by chance.
        dirty: add repeated rows, unreadable times, missing users, times to come, pupils without a school and friends
            told twice; ``truth["dirty"]`` holds the counts. Times are text then, and events have an ``event_id``.
        start: the local date of the launch.
        progress: called with (stage, done, total) as the work goes on.

    Returns:
        A ``Sample``. Tables: ``events`` (user; event; time, local, whole seconds; points, the balance of in-app
        currency after the event; amount, won, on purchase_points), ``users`` (user, gender F or M, grade 1 to 3,
        school, joined), ``schools`` (school, name, region, students), ``edges`` (source, target, time: accepted friend
        requests, every pair once). Truth tables: ``users`` (user, school, lively, activity, cause, p_without, p_with,
        p, stays, complete, bot) and ``schools`` (school, lively, pupils, friendships, density).

    Conventions:
        A few rows arrive late and stand behind later ones. ``complete``: days 0 to 21 lie within the period. In the
        first week share and purchase_points are independent of everything else; app_open, vote, receive_vote and
        view_hint follow a, so they go with staying without causing it; friend_request goes with the school likewise.
        Truths about bots (``bot``) say what they would have done as people.

    Raises:
        InputError: for a size, period, date or seed that cannot be.

    Example:
        >>> sample = school_sns(2_000, seed=1)
        >>> sample.truth["cause"]
        {'event': 'invite', 'at_least': 2, 'within_days': 3}
        >>> sample.tables["schools"].num_rows, sample.events.equals(school_sns(2_000, seed=1).events)
        (83, True)
    """
    checked_number("days", days, 1, 366)
    checked(users, seed, 2.2 * days)
    checked_real("by_activity", by_activity, -5, 5)
    begin = first_day(start)
    say = progress or silent
    schools = draw_schools(stream(seed, "sns schools"), users, plant)
    pupils = draw_pupils(stream(seed, "sns pupils"), users, schools, days, plant, by_activity, begin)
    period = acts.Period(begin, days)
    sessions = acts.draw_sessions(stream(seed, "sns sessions"), pupils, period)
    say("drawing", 1, 4)
    asker, asked = draw_friends(stream(seed, "sns friends"), pupils, schools)
    rng = stream(seed, "sns rows")
    requests, granted = acts.friend_requests(rng, pupils, sessions, asker, period)
    rows = acts.joined_rows(
        [acts.session_rows(rng, sessions), *acts.lone_rows(rng, pupils, sessions, period), requests]
    )
    say("drawing", 2, 4)
    rows, points = acts.balances(acts.with_programs(rng, rows, pupils, period))
    say("drawing", 3, 4)
    kept = np.flatnonzero(granted < days * DAY_S)
    edges = asker[kept], asked[kept], granted[kept]
    events, late = _events(rng, rows, points, users, begin)
    tables = {"events": events, **_other_tables(rng, pupils, schools, edges, begin)}
    hidden = _truth_tables(pupils, schools, edges, days)
    told = {"seed": int(seed), "start": start, "days": int(days), "late_rows": late, "by_activity": float(by_activity)}
    truth = _truth(pupils, schools, tables, plant, {**told, "hints": int((rows.event == acts.HINT).sum())})
    say("drawing", 4, 4)
    mapping = {"user": "user", "event": "event", "time": "time", "zone": ZONE, "amount": "amount", "group": "school"}
    sample = Sample("school-sns", tables, {**mapping, "attributes": "users", "on": "user"}, truth, hidden)
    return _soiled(sample, stream(seed, "sns dirt")) if dirty else sample


def _user_ids(users: int) -> pa.Array:
    return labels("u", 1, users, 7)


def _school_ids(schools: int) -> pa.Array:
    return labels("s", 1, schools, 5)


def _events(rng: Random, rows: acts.Rows, points: Array, users: int, begin: date) -> tuple[pa.Table, int]:
    """Put the rows, sorted by pupil and time, into the order of their arrival, as a table.

    What a pupil does within one second arrives together, so that its balances stay in order.
    """
    new = (np.diff(rows.time, prepend=-1) != 0) | (np.diff(rows.user, prepend=-1) != 0)
    order, late = arrival_order(rng, rows.time, np.cumsum(new) - 1)
    price = rows.price[order]
    amount = pa.array(acts.PRICES[price].astype(np.int32), mask=price < 0)
    table = {
        "user": coded(rows.user[order], _user_ids(users)),
        "event": coded(rows.event[order], acts.EVENTS),
        "time": whole_seconds(begin, rows.time[order]),
        "points": pa.array(points[order]),
        "amount": amount,
    }
    return pa.table(table), late


def _other_tables(
    rng: Random, pupils: Pupils, schools: Schools, edges: tuple[Ints, Ints, Ints], begin: date
) -> dict[str, pa.Table]:
    ids, places = _user_ids(len(pupils.joined)), _school_ids(len(schools.kind))
    size = np.bincount(pupils.school, minlength=len(places))
    students = np.maximum(size, np.rint(size / (0.06 + 0.4 * rng.random(len(size))))).astype(np.int32)
    order = order_by(edges[2])
    return {
        "users": pa.table(
            {
                "user": ids,
                "gender": coded(pupils.girl.astype(np.int8), ["M", "F"]),
                "grade": pa.array(pupils.grade),
                "school": coded(pupils.school, places),
                "joined": dates(begin, pupils.day),
            }
        ),
        "schools": pa.table(
            {
                "school": places,
                "name": school_names(schools.kind),
                "region": coded(schools.region, REGIONS),
                "students": pa.array(students),
            }
        ),
        "edges": pa.table(
            {
                "source": coded(edges[0][order], ids),
                "target": coded(edges[1][order], ids),
                "time": whole_seconds(begin, edges[2][order]),
            }
        ),
    }


def _complete(pupils: Pupils, days: int) -> Array:
    return pupils.day + acts.TO_DAY < days


def _truth_tables(pupils: Pupils, schools: Schools, edges: tuple[Ints, Ints, Ints], days: int) -> dict[str, pa.Table]:
    places = _school_ids(len(schools.kind))
    size = np.bincount(pupils.school, minlength=len(places))
    friends = np.bincount(pupils.school[edges[0]], minlength=len(places))
    people = {
        "user": _user_ids(len(pupils.joined)),
        "school": coded(pupils.school, places),
        "lively": schools.lively[pupils.school],
        "activity": pupils.level,
        "cause": pupils.cause,
        "p_without": pupils.p_without,
        "p_with": pupils.p_with,
        "p": pupils.p,
        "stays": pupils.stays,
        "complete": _complete(pupils, days),
        "bot": pupils.bot,
    }
    density = friends / np.maximum(size * (size - 1) // 2, 1)
    groups = {"school": places, "lively": schools.lively, "pupils": size, "friendships": friends, "density": density}
    return {"users": pa.table(people), "schools": pa.table(groups)}


def _truth(
    pupils: Pupils, schools: Schools, tables: dict[str, pa.Table], plant: bool, told: dict[str, Any]
) -> dict[str, Any]:
    ids = np.asarray(_user_ids(len(pupils.joined)))
    known = ~pupils.bot
    return {
        **told,
        "rows": {name: table.num_rows for name, table in tables.items()},
        "planted": plant,
        "lively_schools": np.asarray(_school_ids(len(schools.kind)))[schools.lively].tolist(),
        "lively_share": LIVELY_SHARE if plant else 0.0,
        "cause": {"event": "invite", "at_least": acts.AT_LEAST, "within_days": acts.WITHIN},
        "cause_share": {"lively": CAUSE_SHARE["lively"] if plant else None, "others": CAUSE_SHARE["others"]},
        "outcome": {"active": True, "from_day": acts.FROM_DAY, "to_day": acts.TO_DAY},
        "log_odds": {
            "at_middling_activity": STAY_AT_MIDDLE,
            "by_deviation_of_log_activity": told["by_activity"],
            "cause": LOG_ODDS if plant else 0.0,
        },
        "mean_effect": float((pupils.p_with - pupils.p_without)[known].mean()) if known.any() else 0.0,
        "complete_users": int((_complete(pupils, told["days"]) & known).sum()),
        "not_causal": {
            "by_activity": ["app_open", "vote", "receive_vote", "view_hint"],
            "by_school": ["friend_request"],
            "independent": ["share", "purchase_points"],
        },
        "hint_cost": acts.HINT_COST,
        "points_spent": acts.HINT_COST * told["hints"],
        "bots": ids[pupils.bot].tolist(),
    }


def _soiled(sample: Sample, rng: Random) -> Sample:
    tables, truth, mapping = dirty_parts(rng, sample.tables, sample.truth, sample.mapping)
    column, lost = without(rng, tables["users"]["school"], _WITHOUT_SCHOOL)
    tables["users"] = tables["users"].set_column(tables["users"].column_names.index("school"), "school", column)
    tables["edges"], twice = told_twice(rng, tables["edges"], _TOLD_TWICE)
    truth["dirty"] |= {"users_without_school": lost, **twice}
    truth["rows"] |= {"edges": tables["edges"].num_rows}
    return replace(sample, tables=tables, truth=truth, mapping=mapping)

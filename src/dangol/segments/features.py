"""``group_features``: groups, users or sessions as rows of numbers, ready to be clustered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dangol.core.errors import InputError, unknown
from dangol.core.result import Result
from dangol.log.eventlog import EventLog

from .feature_pairs import Edges, read_edges
from .feature_rules import Plan, plan
from .feature_spec import read_spec
from .feature_tables import tables
from .feature_values import FATES, KEPT, Measured, in_unicode, measure
from .feature_words import explain, sentences


def group_features(
    log: EventLog,
    spec: str | Path | Mapping[str, Any],
    *,
    unit: str | None = None,
    edges: object = None,
    least: int | None = None,
    exclude: Sequence[str] = (),
    as_of: str | None = None,
) -> Result:
    """Describe every group, user or session by numbers that a specification names, all from one pass over the log.

    A user is *active* in a unit with at least one event there (in the view, before ``as_of``); active users are what
    sums are divided by. A unit of a column of events (a place, a device) is described by the events that carry it, as
    if it were asked of ``log.where(column, "==", unit)``; one of a column of users by all events of these users.

    A specification is a mapping, or a TOML file, of ``features``, and of ``unit``, ``least`` and ``gap`` (the idle time
    that ends a session, "30m") where wanted. Every feature has a name and one kind::

        [features]
        votes = { events = "vote" }                  # their number; a list is added up
        vote_share = { share_of_events = "vote" }    # of all events of the unit
        inviters = { share_of_users = "invite", at_least = 2, within = "3d" }  # of active users; within of their first
        minutes = { session_minutes = "median" }     # of the users' mean session lengths; or "mean"
        visits = { sessions = true }
        spent = { drops = "points" }                 # falls of a balance from event to event, added up; or rises
        paid = { amount = true, per = "total" }      # the net sum of amounts
        days = { active_days = true }                # local days with an event, per active user
        girls = { attribute_share = "gender", value = "F" }  # among active users with a value
        mixed = { balance = "gender", value = "F" }  # 1 - |2p - 1|, p that share: 0 for one gender, 1 for half and half
        single = { single_valued = "gender" }        # 1 where all who have a value have the same, else 0
        density = { density = true }                 # pairs of edges over n (n - 1) / 2 for n active users
        night = { hours = [22, 6] }                  # share of events from 22:00 to before 6:00, local time
        weekend = { weekdays = ["sat", "sun"] }      # share of events
        rhythm = { variation = "hour" }              # coefficient of variation over the day's hours; or "weekday"
        quiet = { recency = true }                   # days from the last event to as_of
        age = { span = true }                        # days from the first event to the last
        size = { users = true }                      # active users

    ``per`` goes with events, drops, rises, amount and sessions: "active_user" (default), "total", or "active_day" (each
    day on which a user was active counts, for each user). Balance, single_valued, density and users are for groups;
    variation, active_days, span and sessions make no sense for a session.

    Args:
        log: the log or view to ask.
        spec: the specification.
        unit: "user", "session" or a text column; it replaces the specification's, and without either is "group".
        edges: who knows whom, for density: a data frame or a file with ``source`` and ``target`` (user ids) and, if
            wanted, ``time`` (local unless it says otherwise); direction and repetition do not count.
        least: active users below which a group is left out (5); it replaces the specification's.
        exclude: ids of units to leave out, such as test groups.
        as_of: local time before which events and edges count (the log's end).

    Returns:
        A Result. ``.table`` is ``tables["features"]``, one row per unit that stays, by name: the unit (str, named as
        the column; a session is "user/1", "user/2", …), for groups ``users`` (int: active users), the features (float;
        shares 0 to 1, minutes, days, money and balances as in the log), ``as_of`` (time).
        ``account``: what (all, kept, below_least, excluded, no_active_users, without_unit), units, users, events: all
        is the sum of the others.
        ``told``: feature, definition, definition_ko, unit (what is counted), missing (units without a value).
        ``pairs`` (with density): what (all, kept, and why the others are not), count (rows of edges), share.
        ``units(unit="school_12")`` lists the active users of a unit, ``units()`` those of all that stay.

    Conventions:
        What is unknown is NaN, never 0: drops and rises where no user has two readings, attributes where nobody has a
        value, density of one user, a share of users whose ``within`` nobody has behind them. Users whose time
        ``within`` is not over by ``as_of`` count neither above nor below the line. Sessions of one event last 0
        minutes; an idle time equal to ``gap`` stays within. Variation is of events per hour of exposure, as in
        ``rhythm``: population standard deviation over mean; chance makes it larger where events are few. Missing
        amounts add nothing, refunds subtract. In units of a column of events a user counts in every unit where there
        is an event. Days of recency and span have 24 hours.

    Raises:
        InputError: for a specification that cannot be (feature and line are named), unknown events, columns or units,
            ``density`` without ``edges`` or the reverse, or an ``as_of`` before the log's start.

    Example:
        >>> import dangol as dg, pandas as pd
        >>> times = ["2024-01-01 10:00", "2024-01-01 10:10", "2024-01-02 10:00", "2024-01-01 09:00"]
        >>> acts = {"who": list("aabc"), "what": ["vote", "vote", "vote", "look"], "when": pd.to_datetime(times)}
        >>> acts = pd.DataFrame(acts | {"school": ["x", "x", "x", "y"]})
        >>> log = dg.ingest(acts, user="who", event="what", time="when", group="school", zone="Asia/Seoul")
        >>> spec = {"features": {"votes": {"events": "vote"}, "minutes": {"session_minutes": "median"}}}
        >>> answer = group_features(log, spec, least=1)
        >>> answer.table[["group", "users", "votes", "minutes"]].to_numpy().tolist()
        [['x', 2, 1.5, 5.0], ['y', 1, 0.0, 0.0]]
        >>> answer.units(unit="x").tolist()
        ['a', 'b']
    """
    if not isinstance(log, EventLog):
        raise InputError(f"log must be a log, as dangol.open_log returns it, found {type(log).__name__}")
    read = read_spec(spec, unit=unit, least=least)
    planned = plan(log, read, as_of)
    found = measure(planned, _edges(planned, edges), exclude)
    asked: dict[str, Any] = {"spec": read.written, "unit": unit, "edges": _named(edges)}
    asked |= {"least": None if least is None else read.least, "exclude": list(exclude), "as_of": as_of}
    return Result(
        name="features",
        sentences=sentences(found),
        how=explain(found),
        recipe={"question": "features", "parameters": asked, "log": log.describe()},
        tables=tables(found),
        shown=("account", "told"),
        find=partial(_find, found),
    )


def _edges(planned: Plan, edges: object) -> Edges | None:
    wanted = next((one for one in planned.spec.features if one.kind == "density"), None)
    if wanted is None and edges is not None:
        raise InputError("edges are for density, which the specification does not ask for; leave them out")
    if wanted is None:
        return None
    if edges is None:
        raise InputError(f"{wanted.where}: density needs edges=, a table with source and target")
    return read_edges(planned.log, edges, planned.as_of)


def _named(edges: object) -> str | None:
    """A file can be told in a recipe; a table cannot, and has to be given again."""
    return str(edges) if isinstance(edges, str | Path) else None


def _find(found: Measured, *, unit: str | None = None) -> Any:
    counts = found.counts
    keep = found.fate[counts.unit] == KEPT if unit is None else counts.unit == _place(found, unit)
    return found.plan.log.ids(np.unique(counts.owner[keep]))


def _place(found: Measured, unit: object) -> int:
    """Return the place of a unit that stays."""
    import pyarrow.compute as pc

    place = int(pc.index(found.ids, in_unicode(str(unit))).as_py())
    if place < 0 or not isinstance(unit, str):
        known = found.ids.take(found.rows[:20_000]).to_pylist()
        raise unknown(found.plan.spec.unit, unit, known, "the answer")
    if found.fate[place] != KEPT:
        reason = FATES[found.fate[place]].replace("_", " ")
        raise InputError(f"{found.plan.spec.unit} {unit!r} was left out of the answer: {reason}")
    return place

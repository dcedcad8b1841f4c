"""A creator platform, generated: rooms, fans, donations, and creators who fade before they go."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, Final

import numpy as np
import pyarrow as pa

from . import creator_acts as acts
from . import creator_states as states
from .dirt import dirty_parts
from .drawing import (
    ZONE,
    Array,
    Random,
    Watcher,
    arrival_order,
    checked,
    checked_number,
    coded,
    dates,
    first_day,
    labels,
    silent,
    stream,
    whole_seconds,
)
from .sample import Sample

_CATEGORIES: Final = ("talk", "music", "study", "asmr", "game", "counsel")


def creator_platform(
    users: int = 2_150,
    *,
    seed: int = 0,
    weeks: int = 20,
    plant: bool = True,
    dirty: bool = False,
    start: str = "2023-01-02",
    progress: Watcher | None = None,
) -> Sample:
    """Draw creators, their rooms and fans, day by day, from a chain of states that is known.

    A creator is active, fading (four phases one after the other, ten days on average) or gone, and passes from state to
    state overnight: active to fading 0.0085, from phase to phase and from the last to gone 0.4, fading back to active
    0.015, gone back to active 0.009. On a day, every act happens a Poisson number of times: the creator's own rate x
    the state's factor x the weekday's. Gone creators do nothing; their rooms get some visits. With the plant, a fading
    creator's ``own_reply`` falls to 0.30 and ``fan_comment`` to 0.35 of what they were, everything else to 0.95.

    The truth for a cutoff (a midnight): with T the chances of passing from state to state and D_k the diagonal of
    exp(-rate x factor x weekday) of the k-th day after it, P(no own act in 7 days) = e_state T D_1 ... T D_7 1, for the
    rate of own acts; 1 - the same for the rate of donations is P(a donation in 7 days). The state is that of the last
    day before the cutoff, so no model that sees only events can do better than these.

    Args:
        users: creators, 1 to 10 million (for 20 weeks at most 400,000).
        seed: the same seed gives the same bytes.
        weeks: length of the period.
        plant: False: fading changes nothing, so that creators leave without signs.
        dirty: add repeated rows, unreadable times, missing users and times to come; ``truth["dirty"]`` holds the
            counts. Times are text then, and events have an ``event_id``.
        start: the local date on which the period begins.
        progress: called with (stage, done, total) as the work goes on.

    Returns:
        A ``Sample``. Tables: ``events`` (user: the creator whose room it is; event: own_post, own_live, own_reply,
        fan_visit, fan_like, fan_comment, donation; time, local, whole seconds; amount, won, on donations; actor: the
        creator or a fan) and ``creators`` (creator, category, joined). Truth tables: ``days`` (creator, day, state,
        cutoff: the midnight that ends the day, p_churn, p_donation, and what happened: churned, donated; null where
        the 7 days pass the end), one row for each day since joining, without bots; and ``creators`` (creator, own_post,
        own_live, own_reply, donation: the rates on an average active day; bot).

    Conventions:
        Creators may have joined before the first day. Fans' acts of a day share a mood (gamma), own acts and donations
        do not. A few rows arrive late and stand behind later ones.

    Raises:
        InputError: for a size, period, date or seed that cannot be.

    Example:
        >>> sample = creator_platform(100, seed=1, weeks=4)
        >>> sample.truth["signs"]["factors"]["own_reply"]
        0.3
        >>> sample.truth_tables["days"].column_names
        ['creator', 'day', 'state', 'cutoff', 'p_churn', 'p_donation', 'churned', 'donated']
    """
    checked_number("weeks", weeks, 1, 260)
    checked(users, seed, 120.0 * weeks)
    begin = first_day(start)
    say, days = progress or silent, 7 * weeks
    creators = states.draw_creators(stream(seed, "rooms creators"), users, days)
    state = states.draw_states(stream(seed, "rooms states"), creators, days)
    pace = states.factors(plant)
    say("drawing", 1, 4)
    rng = stream(seed, "rooms rows")
    counts = acts.draw_counts(rng, creators, state, pace, begin)
    fans = acts.FANS_PER_CREATOR * users
    rows = acts.with_programs(rng, acts.draw_rows(rng, counts, fans), creators, days)
    say("drawing", 2, 4)
    hidden = {"days": _days(creators, state, counts, pace, begin), "creators": _rates(creators)}
    say("drawing", 3, 4)
    events, late = _events(rng, rows, users, fans, begin)
    tables = {"events": events, "creators": _creators(creators, begin)}
    told = {"seed": int(seed), "start": start, "weeks": int(weeks), "late_rows": late}
    truth = _truth(creators, tables, hidden["days"], plant, told)
    say("drawing", 4, 4)
    mapping = {"user": "user", "event": "event", "time": "time", "zone": ZONE, "amount": "amount"}
    mapping |= {"attributes": "creators", "on": "creator"}
    sample = Sample("creator-platform", tables, mapping, truth, hidden)
    return _soiled(sample, stream(seed, "rooms dirt")) if dirty else sample


def _ids(users: int) -> pa.Array:
    return labels("c", 1, users, 6)


def _events(rng: Random, rows: acts.Rows, users: int, fans: int, begin: date) -> tuple[pa.Table, int]:
    """Put the rows into the order of their arrival, as a table."""
    order, late = arrival_order(rng, rows.time)
    creator, fan, amount = rows.creator[order], rows.fan[order], rows.amount[order]
    people = pa.concat_arrays([_ids(users), labels("f", 1, fans, 7)])
    table = {
        "user": coded(creator, _ids(users)),
        "event": coded(rows.event[order], states.ACTS),
        "time": whole_seconds(begin, rows.time[order]),
        "amount": pa.array(amount, mask=amount < 0),
        "actor": coded(np.where(fan < 0, creator, users + fan).astype(np.int32), people),
    }
    return pa.table(table), late


def _creators(creators: states.Creators, begin: date) -> pa.Table:
    return pa.table(
        {
            "creator": _ids(len(creators.joined)),
            "category": coded(creators.category, _CATEGORIES),
            "joined": dates(begin, creators.joined),
        }
    )


def _days(creators: states.Creators, state: Array, counts: Array, pace: Array, begin: date) -> pa.Table:
    """Set the exact chances of every creator and day beside what happened."""
    own = creators.rates[:, : states.OWN].sum(axis=1)
    share = creators.rates[0, : states.OWN] / own[0]  # the same for every creator
    quiet = states.quiet_chances(own, pace[:, : states.OWN] @ share, begin)
    stingy = states.quiet_chances(creators.rates[:, states.DONATION], pace[:, states.DONATION], begin)
    who, day = np.nonzero((state >= 0) & ~creators.bot[:, None])
    now = state[who, day]
    label = np.where(now == 0, 0, np.where(now == states.GONE, 2, 1)).astype(np.int8)
    known = day + states.HORIZON < state.shape[1]
    acted, gave = (_ahead(counts[:, :, kind].sum(axis=2))[who, day] for kind in (slice(states.OWN), slice(6, 7)))
    return pa.table(
        {
            "creator": coded(who.astype(np.int32), _ids(len(own))),
            "day": dates(begin, day),
            "state": coded(label, states.STATES),
            "cutoff": dates(begin, day + 1),
            "p_churn": quiet[who, day % 7, now],
            "p_donation": 1 - stingy[who, day % 7, now],
            "churned": pa.array(acted == 0, mask=~known),
            "donated": pa.array(gave > 0, mask=~known),
        }
    )


def _rates(creators: states.Creators) -> pa.Table:
    known = [act for act in range(len(states.ACTS)) if act < states.OWN or act == states.DONATION]
    rates = {states.ACTS[act]: creators.rates[:, act] for act in known}
    return pa.table({"creator": _ids(len(creators.bot)), **rates, "bot": creators.bot})


def _ahead(counts: Array) -> Array:
    """Sum the seven days after each day, as far as they lie in the period."""
    total = np.cumsum(np.pad(counts, ((0, 0), (1, states.HORIZON))), axis=1)
    days = counts.shape[1]
    ahead: Array = total[:, 1 + states.HORIZON : 1 + states.HORIZON + days] - total[:, 1 : 1 + days]
    return ahead


def _truth(
    creators: states.Creators, tables: dict[str, pa.Table], hidden: pa.Table, plant: bool, told: dict[str, Any]
) -> dict[str, Any]:
    known = np.asarray(hidden["churned"].is_valid())
    rates = {name: np.asarray(hidden[name])[known] for name in ("p_churn", "p_donation")}
    pace = states.factors(plant)[1]
    return {
        **told,
        "rows": {name: table.num_rows for name, table in tables.items()},
        "planted": plant,
        "horizon_days": states.HORIZON,
        "windows": int(known.sum()),
        "expected_churn": float(rates["p_churn"].mean()) if known.any() else None,
        "expected_donation": float(rates["p_donation"].mean()) if known.any() else None,
        "signs": {
            "state": "fading",
            "mean_days": states.PHASES / (states.NEXT_PHASE + states.RECOVERS),
            "factors": {act: float(share) for act, share in zip(states.ACTS, pace, strict=True)},
            "first_to_fall": list(states.FADING) if plant else [],
        },
        "chain": {
            "fades": states.FADES,
            "phases": states.PHASES,
            "next_phase": states.NEXT_PHASE,
            "recovers": states.RECOVERS,
            "returns": states.RETURNS,
            "at_start": dict(zip(states.STATES, states.AT_START, strict=True)),
        },
        "weekday_factors": states.WEEK.tolist(),
        "days": "truth table days",
        "bots": np.asarray(_ids(len(creators.bot)))[creators.bot].tolist(),
    }


def _soiled(sample: Sample, rng: Random) -> Sample:
    tables, truth, mapping = dirty_parts(rng, sample.tables, sample.truth, sample.mapping)
    return replace(sample, tables=tables, truth=truth, mapping=mapping)

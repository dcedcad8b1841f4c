"""What happens in the rooms of the creator platform: counts by day, and the rows that they become."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from .creator_states import ACTS, DONATION, OWN, WEEK, Creators
from .drawing import DAY_S, Array, Floats, Ints, Random, clock, drawn, program_rows

FANS_PER_CREATOR: Final = 40
_HOURS: Final = clock(
    [
        4.6,
        2.9,
        1.6,
        0.8,
        0.5,
        0.5,
        0.8,
        1.4,
        2.1,
        2.6,
        3.0,
        3.3,
        4.1,
        4.0,
        3.8,
        3.9,
        4.2,
        4.6,
        5.2,
        6.2,
        8.0,
        10.2,
        11.4,
        8.6,
    ]
)
_TOGETHER: Final = 170  # of 256 rows happen around the hour of the day's show
_AROUND_S: Final = 2_400.0
_FAN_DAYS: Final = 2.5  # shape of the gamma distribution of how lively the fans of a day are
_FANS: Final = range(OWN, DONATION)
_FAN_ACTS: Final = 16.03  # in a room on a day, over all creators, be they there or not
_SCALED: Final = 0.15  # at most
_GIFT_MIDDLE: Final = 6_000.0
_GIFT_SPREAD: Final = 1.0
_GIFT_ROUND: Final = 100


@dataclass(frozen=True)
class Rows:
    """Events as columns of numbers."""

    creator: Array
    time: Ints  # seconds since the first midnight
    event: Array
    fan: Array  # -1: the creator
    amount: Array  # won; -1 is none


def draw_counts(rng: Random, creators: Creators, states: Array, pace: Floats, begin: date) -> Array:
    """Draw how often each act happens in each room on each day: (creators, days, ACTS).

    Own acts and donations are Poisson with the rates alone, since the truth is made from these; the fans' acts share a
    mood of the day, and are scaled a little, so that a few very popular rooms do not decide how many rows there are.
    """
    users, days = states.shape
    week = WEEK[(begin.weekday() + np.arange(days)) % 7]
    mood = rng.gamma(_FAN_DAYS, 1 / _FAN_DAYS, (users, days))
    here = (states >= 0) & ~creators.bot[:, None]
    rates = [creators.rates[:, act, None] * pace[states, act] * week * here for act in range(len(ACTS))]
    crowd = sum(float(rates[act].sum()) for act in _FANS)
    scale = np.clip(_FAN_ACTS * users * days / max(crowd, 1e-9), 1 - _SCALED, 1 + _SCALED)
    counts = np.empty((users, days, len(ACTS)), np.int32)
    for act, rate in enumerate(rates):
        counts[:, :, act] = rng.poisson(rate * mood * scale if act in _FANS else rate)
    return counts


def draw_rows(rng: Random, counts: Array, fans: int) -> Rows:
    """Give every act a time within its day, most of them around the hour of the day's show, and an actor."""
    users, days, acts = counts.shape
    cell = np.repeat(np.arange(users * days * acts), counts.ravel())
    size = len(cell)
    room, event = cell // acts, (cell % acts).astype(np.int8)
    show = drawn(rng, _HOURS, users * days)[room]
    around = np.sort(rng.gamma(2.0, _AROUND_S / 2, 65_536)).astype(np.int32)
    together = rng.integers(0, 256, size, dtype=np.uint8) < _TOGETHER
    second = np.where(together, (show + drawn(rng, around, size)) % DAY_S, drawn(rng, _HOURS, size))
    creator = (room // days).astype(np.int32)
    own = event < OWN
    home = rng.integers(0, fans, (users,))
    crowd: Ints = np.ceil(4 * np.sqrt(counts[:, :, OWN:].sum(axis=(1, 2)) + 1)).astype(np.int64)
    fan = (home[creator] + (crowd[creator] * rng.random(size) ** 2).astype(np.int64)) % fans
    gift = event == DONATION
    amount = np.full(size, -1, np.int32)
    won = _GIFT_MIDDLE * np.exp(_GIFT_SPREAD * rng.standard_normal(int(gift.sum())))
    amount[gift] = np.maximum(np.rint(won / _GIFT_ROUND), 5) * _GIFT_ROUND
    time = room % days * DAY_S + second
    return Rows(creator, time, event, np.where(own, -1, fan).astype(np.int32), amount)


def with_programs(rng: Random, rows: Rows, creators: Creators, days: int) -> Rows:
    """Let programs post in their own rooms at even distances, day and night."""
    bots = np.flatnonzero(creators.bot)
    first = np.maximum(creators.joined[bots], 0) * DAY_S + rng.integers(0, DAY_S, len(bots))
    which, time = program_rows(rng, first, days * DAY_S)
    none = np.full(len(which), -1, np.int32)
    return Rows(
        np.concatenate([rows.creator, bots[which].astype(np.int32)]),
        np.concatenate([rows.time, time]),
        np.concatenate([rows.event, np.zeros(len(which), np.int8)]),
        np.concatenate([rows.fan, none]),
        np.concatenate([rows.amount, none]),
    )

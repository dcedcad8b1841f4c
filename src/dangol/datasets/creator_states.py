"""Creators and their latent states: how they come and go, and the exact probabilities that follow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from .drawing import Array, Floats, Random, drawn, how_many_programs, shares

ACTS: Final = ("own_post", "own_live", "own_reply", "fan_visit", "fan_like", "fan_comment", "donation")
OWN: Final = 3  # the first three are the creator's own
DONATION: Final = 6
STATES: Final = ("active", "fading", "gone")
PHASES: Final = 4  # of fading, one after the other, so that its length is a week or two and seldom a day
GONE: Final = PHASES + 1
HORIZON: Final = 7  # days ahead

FADES: Final = 0.0085  # chance per day that an active creator begins to fade
NEXT_PHASE: Final = 0.4  # that a phase of fading ends in the next one, the last in gone: ten days from first to last
RECOVERS: Final = 0.015  # that a fading creator is active again
RETURNS: Final = 0.009  # that one who is gone comes back
AT_START: Final = (0.67, 0.06, 0.27)  # states of those who are there before the first day

# Rates of the acts while fading and when gone, as shares of those while active. Without the plant a fading creator
# acts as an active one.
FADING: Final = {"own_reply": 0.30, "fan_comment": 0.35}
FADING_OTHERS: Final = 0.95
AWAY: Final = np.array([0.0, 0.0, 0.0, 0.06, 0.03, 0.015, 0.0])
WEEK: Final = np.array([0.95, 0.92, 0.95, 0.98, 1.08, 1.10, 1.02])
_MIX: Final = np.array([0.30, 0.22, 0.48])  # posts, lives, replies among own acts
_FANS: Final = np.array([6.9, 3.9, 2.6])  # visits, likes, comments for each own act of an average creator
_OWN_ACTS: Final = 1.2  # a day, of the middling active creator
_OWN_SPREAD: Final = 1.1
_FAN_SPREAD: Final = 0.9
_GIFTS: Final = 0.0139  # donations a day of the middling active creator
_GIFT_SPREAD: Final = 1.3
_THERE_BEFORE: Final = 0.72


@dataclass(frozen=True)
class Creators:
    """One row a creator, in the order of joining."""

    joined: Array  # day; below 0 before the first
    category: Array
    rates: Floats  # acts on an average day while active: creators by ACTS
    bot: Array


def chain() -> Floats:
    """Return the chances of passing from state to state overnight: active, the phases of fading, gone."""
    step = np.zeros((GONE + 1, GONE + 1))
    step[0, 1] = FADES
    for phase in range(1, PHASES + 1):
        step[phase, phase + 1] = NEXT_PHASE
        step[phase, 0] = RECOVERS
    step[GONE, 0] = RETURNS
    return step + np.diag(1 - step.sum(axis=1))


def factors(plant: bool) -> Floats:
    """Return the pace of every act in every state, as a share of that while active."""
    pace = np.ones((GONE + 1, len(ACTS)))
    pace[GONE] = AWAY
    if plant:
        pace[1 : PHASES + 1] = [FADING.get(act, FADING_OTHERS) for act in ACTS]
    return pace


def draw_creators(rng: Random, users: int, days: int) -> Creators:
    """Draw creators: most are there before the first day; popularity goes with activity, donations with popularity."""
    before = rng.random(users) < _THERE_BEFORE
    joined = np.sort(np.where(before, -1 - rng.geometric(0.004, users), rng.integers(0, days, users)))
    own = _OWN_ACTS * np.exp(_OWN_SPREAD * rng.standard_normal(users))
    liked = np.exp(_FAN_SPREAD * rng.standard_normal(users) - _FAN_SPREAD**2 / 2)
    fans = (own**0.9 * liked)[:, None] * _FANS * np.exp(0.3 * rng.standard_normal((users, 3)))
    gifts = _GIFTS * liked**0.8 * np.exp(_GIFT_SPREAD * rng.standard_normal(users))
    bot = np.zeros(users, np.bool_)
    bot[rng.permutation(users)[: how_many_programs(users)]] = True
    return Creators(
        joined=joined,
        category=drawn(rng, shares([0.30, 0.22, 0.16, 0.12, 0.11, 0.09]), users),
        rates=np.column_stack([own[:, None] * _MIX, fans, gifts]),
        bot=bot,
    )


def draw_states(rng: Random, creators: Creators, days: int) -> Array:
    """Walk every creator through the states, a day at a time; -1 before joining."""
    users = len(creators.joined)
    bounds = np.cumsum(chain(), axis=1)[:, :-1]
    states = np.full((users, days), -1, np.int8)
    phases = rng.integers(1, PHASES + 1, users)
    first = drawn(rng, shares(AT_START), users)
    now = np.where(first == 0, 0, np.where(first == 1, phases, GONE)).astype(np.int8)
    there = creators.joined < 0
    for day in range(days):
        if day:
            now = (rng.random(users)[:, None] > bounds[now]).sum(axis=1).astype(np.int8)
        new = creators.joined == day
        now[new] = 0
        there |= new
        states[there, day] = now[there]
    return states


def quiet_chances(rates: Floats, pace: Floats, begin: date) -> Floats:
    """Return the exact chance that none of some acts happens in the next week, by creator, weekday and state.

    With T the chances of passing from state to state, and D_k the diagonal of exp(-rate x pace(state) x weekday) for
    the k-th day ahead, the chance is T D_1 T D_2 ... T D_7 1: a path of states has the product of its steps, each of
    its days is silent with the Poisson chance of 0, and the matrices sum over all paths.

    Args:
        rates: acts of each creator on an average active day.
        pace: by state, as a share of that while active.
        begin: date of day 0. The weekday of the answer is that of the last day known, counted from this one.

    Returns:
        Array of creators by days 0 to 6 (day d stands for d, d + 7, ...) by states.
    """
    step = chain()
    found = np.empty((len(rates), 7, GONE + 1))
    for day in range(7):
        chance = np.ones((len(rates), GONE + 1))
        for ahead in range(HORIZON, 0, -1):
            silent_day = np.exp(-rates[:, None] * pace * WEEK[(begin.weekday() + day + ahead) % 7])
            chance = (silent_day * chance) @ step.T
        found[:, day] = chance
    return found

"""Schools and pupils of the school SNS: who joins when, how active, with the habit or without, and who stays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from .drawing import (
    DAY_S,
    Array,
    Floats,
    Ints,
    Random,
    clock,
    drawn,
    how_many_programs,
    order_by,
    picked,
    shares,
)
from .names import REGION_WEIGHTS

USERS_PER_SCHOOL: Final = 98_789 / 4_113
LIVELY_SHARE: Final = 0.12
CAUSE_SHARE: Final = {"lively": 0.45, "others": 0.12}
LOG_ODDS: Final = 1.5  # what the habit adds to the log odds of staying
STAY_AT_MIDDLE: Final = -0.75  # log odds of staying without the habit, for a pupil of middling activity
_PUPIL_SPREAD: Final = 0.85
_SCHOOL_SPREAD: Final = 0.25
_DEGREE: Final = {"lively": 11.0, "others": 5.0}  # friends of a pupil, where a school is large enough
_DENSEST: Final = 0.7

_JOINS: Final = (0.18, 0.13, 0.09)  # shares of all pupils who join on the first three days; the others follow
LAST_START: Final = DAY_S - 300  # what begins later begins earlier, so that what is done in a day ends in it
_SCHOOL_DAY: Final = (
    *(1.2, 0.5, 0.2, 0.1, 0.1, 0.3, 1.2, 4.5, 3.8, 1.2, 1.4, 1.6),
    *(6.5, 4.0, 1.5, 1.8, 4.0, 4.2, 4.0, 4.6, 5.6, 6.8, 6.6, 3.6),
)
_FREE_DAY: Final = (
    *(2.2, 1.3, 0.6, 0.3, 0.1, 0.1, 0.3, 0.7, 1.4, 2.4, 3.6, 4.4),
    *(4.8, 4.6, 4.4, 4.2, 4.2, 4.2, 4.4, 4.8, 5.4, 5.8, 5.4, 3.8),
)


@dataclass(frozen=True)
class Schools:
    """One row a school."""

    kind: Array  # 0 mixed, 1 for girls, 2 for boys
    lively: Array
    weight: Floats
    region: Array


@dataclass(frozen=True)
class Pupils:
    """One row a pupil, in the order of joining."""

    school: Array
    girl: Array
    grade: Array
    joined: Ints  # seconds since the first midnight
    level: Floats  # activity, 1 on average
    cause: Array
    p_without: Floats
    p_with: Floats
    p: Floats
    stays: Array
    bot: Array

    @property
    def day(self) -> Ints:
        """The day of joining, from 0."""
        return self.joined // DAY_S


def draw_schools(rng: Random, users: int, plant: bool) -> Schools:
    """Draw schools; the lively ones are any, whatever their size."""
    size = max(1, round(users / USERS_PER_SCHOOL))
    lively = np.zeros(size, np.bool_)
    if plant:
        lively[rng.permutation(size)[: round(LIVELY_SHARE * size)]] = True
    return Schools(
        kind=drawn(rng, shares([0.66, 0.18, 0.16]), size),
        lively=lively,
        weight=np.exp(0.7 * rng.standard_normal(size)),
        region=drawn(rng, shares(REGION_WEIGHTS), size),
    )


def draw_pupils(
    rng: Random, users: int, schools: Schools, days: int, plant: bool, by_activity: float, begin: date
) -> Pupils:
    """Draw pupils: their school, when they join, how active they are, the habit, and whether they stay."""
    day = picked(rng, _joining_days(days), users)
    joined = day * DAY_S + second_of_day(rng, day, begin)
    joined.sort()
    count = len(schools.kind)
    school = np.concatenate([np.arange(count), picked(rng, schools.weight, users - count)])
    school = rng.permutation(school).astype(np.int32)
    deviation = _SCHOOL_SPREAD * rng.standard_normal(count)[school] + _PUPIL_SPREAD * rng.standard_normal(users)
    spread = float(np.hypot(_SCHOOL_SPREAD, _PUPIL_SPREAD))
    habit = np.where(schools.lively[school], CAUSE_SHARE["lively"], CAUSE_SHARE["others"])
    cause = rng.random(users) < habit
    odds = STAY_AT_MIDDLE + by_activity * deviation / spread
    p_without = 1 / (1 + np.exp(-odds))
    p_with = 1 / (1 + np.exp(-odds - LOG_ODDS)) if plant else p_without
    p = np.where(cause, p_with, p_without)
    bot = np.zeros(users, np.bool_)
    bot[rng.permutation(users)[: how_many_programs(users)]] = True
    return Pupils(
        school=school,
        girl=rng.random(users) < np.array([0.55, 1.0, 0.0])[schools.kind[school]],
        grade=1 + drawn(rng, shares([0.36, 0.35, 0.29]), users),
        joined=joined,
        level=np.exp(deviation - spread**2 / 2),
        cause=cause,
        p_without=p_without,
        p_with=p_with,
        p=p,
        stays=rng.random(users) < p,
        bot=bot,
    )


def draw_friends(rng: Random, pupils: Pupils, schools: Schools) -> tuple[Ints, Ints]:
    """Draw pairs of friends within schools, every pair once: (who joined later and asks, who is there already)."""
    size = np.bincount(pupils.school, minlength=len(schools.kind))
    degree = np.where(schools.lively, _DEGREE["lively"], _DEGREE["others"]) * rng.gamma(4.0, 0.25, len(size))
    pairs = size * (size - 1) // 2
    wanted = rng.poisson(pairs * np.minimum(_DENSEST, degree / (size + 3)))
    school = np.repeat(np.arange(len(size)), wanted)
    one = (rng.random(len(school)) * size[school]).astype(np.int64)
    other = (rng.random(len(school)) * (size[school] - 1)).astype(np.int64)
    other += other >= one
    member = order_by(pupils.school)  # of the first school in the order of joining, then of the next
    first = (np.cumsum(size) - size)[school]
    later, earlier = member[first + np.maximum(one, other)], member[first + np.minimum(one, other)]
    pair = np.unique(later * len(member) + earlier)
    return pair // len(member), pair % len(member)


def second_of_day(rng: Random, day: Array, begin: date) -> Array:
    """Draw a second of the day for things done on these days: school hours shape Monday to Friday."""
    free = (day + begin.weekday()) % 7 >= 5
    return np.where(free, drawn(rng, _hours(_FREE_DAY), len(day)), drawn(rng, _hours(_SCHOOL_DAY), len(day)))


def _hours(weights: tuple[float, ...]) -> Array:
    table = clock(weights)
    return np.where(table > LAST_START, table - (DAY_S - LAST_START), table)


def _joining_days(days: int) -> Floats:
    """Weights of the days of joining: a launch, then waves that die down."""
    later = np.arange(max(days - len(_JOINS), 0))
    waves = np.exp(-later / 14) * (1 + 0.35 * np.sin(2 * np.pi * later / 7))
    return np.concatenate([np.array(_JOINS[:days]), waves / max(waves.sum(), 1e-9) * (1 - sum(_JOINS))])

"""What looks odd in a log: days without events, equal timestamps, users who behave like programs, times to come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from dangol.core import calendar
from dangol.core.durations import DAY, MINUTE, Period
from dangol.kernels.survey import day_counts, program_like

from .block import Block
from .eventlog import EventLog

# A person rarely does 60 things within one minute, 5,000 within one day, or one thing every N seconds for hours.
PER_MINUTE: Final = 60
PER_DAY: Final = 5_000
REGULAR_GAPS: Final = 100
REGULAR_SHARE: Final = 0.9
_SHOWN: Final = 100


@dataclass(frozen=True)
class Survey:
    """The oddities of a log, for its load report."""

    days: dict[str, int]  # local day -> events, days without events included
    ties: int  # events at the same time as the one before, same user
    bots: list[dict[str, Any]]  # user, events, why: its signs with their numbers, put into words by the report
    n_bots: int
    future: int  # events after the time given as now
    dates_only: bool  # every time is a local midnight


def survey(log: EventLog, now: int | None) -> Survey:
    """Look over a whole log once."""
    midnights = calendar.midnights(log.zone, log.start, log.end)
    counts, ties, sharp, future = log.run(_days, _sum_days, columns=("time",), midnights=midnights, now=now or 0)
    flagged = log.run(_programs, _join_programs, columns=("time",))
    names = calendar.names(midnights[:-1], Period(1, "d"), log.zone)
    order = np.argsort(-flagged["events"], kind="stable")[:_SHOWN]
    ids = log.ids(flagged["user"][order]).tolist()
    bots = [
        {
            "user": user,
            "events": int(flagged["events"][i]),
            "why": _why(int(flagged["per_minute"][i]), int(flagged["per_day"][i]), float(flagged["regular"][i])),
        }
        for user, i in zip(ids, order, strict=True)
    ]
    days = dict(zip(names, map(int, counts), strict=True))
    return Survey(days, ties, bots, len(flagged["user"]), future, sharp == log.n_events)


def _why(per_minute: int, per_day: int, regular: float) -> dict[str, float]:
    """Return the signs of a program that a user shows, by the words of ``reasons.signs_of_a_program``."""
    signs: dict[str, float] = {}
    if per_minute > PER_MINUTE:
        signs["per_minute"] = per_minute
    if per_day > PER_DAY:
        signs["per_day"] = per_day
    if regular >= REGULAR_SHARE:
        signs["regular"] = regular
    return signs


def _days(block: Block, *, midnights: Any, now: int) -> tuple[Any, int, int, int]:
    counts, ties, sharp = day_counts(block.offsets, block.time, midnights)
    return counts, int(ties), int(sharp), int((block.time > now).sum()) if now else 0


def _sum_days(parts: list[tuple[Any, int, int, int]]) -> tuple[Any, int, int, int]:
    counts, ties, sharp, future = (sum(column) for column in zip(*parts, strict=True))
    return counts, ties, sharp, future


def _programs(block: Block) -> dict[str, Any]:
    minute, day, regular = program_like(block.offsets, block.time, MINUTE, DAY, REGULAR_GAPS)
    odd = np.flatnonzero((minute > PER_MINUTE) | (day > PER_DAY) | (regular >= REGULAR_SHARE))
    return {
        "user": block.users[odd],
        "events": np.diff(block.offsets)[odd],
        "per_minute": minute[odd],
        "per_day": day[odd],
        "regular": regular[odd],
    }


def _join_programs(parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

"""What ``rhythm`` was asked: the time that was watched, its clock, and how users are grouped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dangol.core import calendar
from dangol.core.durations import DAY, HOUR, Period
from dangol.core.errors import InputError
from dangol.kernels.rhythm import CELLS
from dangol.log.block import Block
from dangol.log.eventlog import EventLog

from .breakdown import Breakdown

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_GROUPS: Final = 1_000  # of users, for the test and the bootstrap
_MOST_GROUPS: Final = 12_000  # of all segments together …
_LEAST_GROUPS: Final = 50  # … but of each segment at least
_MOST_SEGMENTS: Final = 500
_FIRST_MONDAY: Final = -3 * DAY  # 1969-12-29


@dataclass(frozen=True)
class Groups:
    """How users are put into ``size`` groups, which stand for users in test and bootstrap.

    Where they are not more than that, one each: by position in the log, or by place in ``positions``, which then has
    all of them. Where they are more, at random (``hashed``), by ``seed``.
    """

    size: int
    positions: Ints | None
    hashed: bool
    seed: int

    def of(self, users: Ints) -> npt.NDArray[np.int32]:
        """Return the group of each user."""
        if self.positions is not None:
            return np.searchsorted(self.positions, users).astype(np.int32)
        return (_scattered(users, self.seed) % np.uint64(self.size) if self.hashed else users).astype(np.int32)


@dataclass(frozen=True)
class Rules:
    """What was asked, in numbers: plain data, so that a scan can take it along.

    ``start`` to ``as_of`` is the time that was watched; ``days`` bound the whole local days in it. ``event`` is a code,
    -1 for any. ``groups`` are those of all users, ``parts`` those within each segment.
    """

    zone: str
    table: calendar.Offsets
    start: int
    as_of: int
    days: Ints
    event: int
    groups: Groups
    parts: Groups

    @property
    def monday(self) -> int:
        """The midnight, local wall-clock time, of a Monday before all that was watched."""
        local = int(calendar.to_local(np.array([self.start], np.int64), self.table)[0])
        return (local - _FIRST_MONDAY) // (7 * DAY) * 7 * DAY + _FIRST_MONDAY - 7 * DAY

    def cells(self, local: Ints) -> Ints:
        """Return the hour of the week (0: Monday at 0:00) of local wall-clock times."""
        hour: Ints = (local - self.monday) // HOUR % CELLS
        return hour

    def exposure(self) -> Floats:
        """Return how many hours of elapsed time each hour of the local week lasted."""
        since = self.table.since
        bounds = np.concatenate([[self.start], since[(since > self.start) & (since < self.as_of)], [self.as_of]])
        total = np.zeros(CELLS)
        for begin, end in pairwise(bounds.tolist()):
            piece = np.searchsorted(since, begin, side="right") - 1
            low, high = begin + self.table.offset[piece], end + self.table.offset[piece]
            points = np.concatenate([[low], np.arange((low // HOUR + 1) * HOUR, high, HOUR), [high]])
            total += np.bincount(self.cells(points[:-1]), np.diff(points), CELLS)
        return total / HOUR


def listed(season: object) -> Any:
    """Return seasons in a sequence as a list."""
    return list(season) if isinstance(season, list | tuple | np.ndarray) else season


def checked(seed: object) -> int:
    """Return a seed that can be used, or raise."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InputError(f"seed={seed!r} must be a whole number, at least 0")
    return int(seed)


def read(
    log: EventLog, event: str | None, as_of: str | None, seed: int, cut: Breakdown | None
) -> tuple[Rules, EventLog]:
    """Read what was watched, and how users are grouped; return it with the view of what counts."""
    moment = log.as_of if as_of is None else calendar.instant(as_of, log.zone, "as_of")
    if moment <= log.start:
        first = calendar.write(log.start, log.zone)
        raise InputError(f"as_of={as_of!r} is not after the log's first event ({first}); choose a later time")
    if cut is not None and cut.size > _MOST_SEGMENTS:
        raise InputError(
            f"by={cut.column!r} makes {cut.size:,} segments, more than {_MOST_SEGMENTS}; use a column with fewer values"
        )
    code = -1 if event is None else log.code("event", event)
    known = log.between(None, _moment(moment)) if moment <= log.end else log
    days = calendar.edges(Period(1, "d"), log.zone, log.start, moment - 1)
    start = int(days[0])
    if log.span is not None and log.span[0] != log.contents.meta.first:  # that is where an open view begins
        start = max(start, log.span[0])
    whole = days[(days >= start) & (days <= moment)]
    groups = _groups(log, known, _GROUPS, seed)
    size = _GROUPS if cut is None else min(_GROUPS, max(_LEAST_GROUPS, _MOST_GROUPS // cut.size))
    parts = groups if size == _GROUPS else _groups(log, known, size, seed)
    table = calendar.offsets(log.zone, start, moment)
    return Rules(log.zone, table, start, moment, whole, code, groups, parts), known


def _groups(log: EventLog, known: EventLog, size: int, seed: int) -> Groups:
    if log.contents.meta.n_users <= size:
        return Groups(size, None, False, seed)
    if known.n_users > size:
        return Groups(size, None, True, seed)
    return Groups(size, known.run(_positions, np.concatenate, columns=()), False, seed)


def _moment(time_us: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_us)


def _positions(block: Block) -> Ints:
    return block.users


def _scattered(users: Ints, seed: int) -> npt.NDArray[np.uint64]:
    """Scatter positions (the finalizer of splitmix64), so that neighbours do not share a group."""
    mixed = users.astype(np.uint64) + np.uint64((seed + 1) * 0x9E3779B97F4A7C15 % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(31))

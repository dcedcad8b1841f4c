"""Counting for ``drivers``: two passes over the log, from each user's events to the users of every cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dangol.core import calendar, durations
from dangol.core.errors import InputError
from dangol.kernels import drivers as kernels
from dangol.log.block import Block
from dangol.log.eventlog import EventLog

from .breakdown import Breakdown, segment_at
from .drivers_tests import Counted

Ints = npt.NDArray[np.int64]
Levels = tuple[Ints, Ints]  # each number of events that some user has, ascending, and what belongs to it

_MOST_BEHAVIOURS: Final = 50
_MOST_CELLS: Final = 5_000_000
_STRATA: Final = 100  # groups of equally active users; docs/decisions/0011-equal-activity.md says why so many


@dataclass(frozen=True)
class Rules:
    """What was asked, in numbers: plain data, so that a scan can take it along.

    ``windows`` says who is looked at and what for; with a segment, ``cut`` is its column and ``value`` its code there.
    """

    windows: kernels.Rule
    lengths: Ints
    counts: Ints
    cut: Breakdown | None
    value: int

    @property
    def columns(self) -> tuple[str, ...]:
        """What a scan must read."""
        return ("time", "event", *((self.cut.column,) if self.cut else ()))


def count(log: EventLog, rules: Rules, asked: Mapping[str, Any]) -> Counted:
    """Count twice: first how many events users have within each d, then the cells among users with as many."""
    codes = _candidates(log, asked)
    by_name = asked["behaviours"] is None and len(codes) > _MOST_BEHAVIOURS
    names = len(log.events) if by_name else 0
    activity, reached = log.run(_scan_activity, _together, columns=rules.columns, rules=rules, names=names)
    if by_name:
        codes = sorted(codes, key=lambda code: (-reached[code], log.events[code]))[:_MOST_BEHAVIOURS]
    cells = len(codes) * len(rules.lengths) * len(rules.counts)
    if cells * 2 * _STRATA > _MOST_CELLS:
        raise InputError(
            f"{len(codes):,} behaviours × {len(rules.lengths):,} days × {len(rules.counts):,} counts make {cells:,} "
            f"cells, too many to test; name fewer behaviours, days or counts"
        )
    slot = np.full(len(log.events), -1, np.int64)
    slot[codes] = np.arange(len(codes))
    params = {"grid": kernels.Grid(slot, len(codes), rules.lengths, rules.counts), "strata": _strata(activity)}
    done, everyone, people = log.run(_scan_cells, _added, columns=rules.columns, rules=rules, **params)
    return Counted(
        names=tuple(log.events[code] for code in codes),
        counts=rules.counts,
        days=rules.lengths // durations.DAY,
        done=done[:, :, ::-1].cumsum(axis=2)[:, :, ::-1],
        everyone=everyone,
        people=people,
        within=rules.windows.within,
        horizon=rules.windows.horizon,
        until=calendar.write(rules.windows.until, log.zone),
        zone=log.zone,
    )


def _candidates(log: EventLog, asked: Mapping[str, Any]) -> list[int]:
    """Return the codes of the events that may be behaviours."""
    own = {asked["outcome"], asked["start"]}
    if asked["behaviours"] is None:
        return [code for code, name in enumerate(log.events) if name not in own]
    given = asked["behaviours"]
    if not isinstance(given, list) or not given or not all(isinstance(one, str) for one in given):
        raise InputError(f"behaviours={given!r} must be a list of events, such as ['view', 'invite']")
    codes = [log.code("event", name) for name in dict.fromkeys(given)]
    kept = [code for code in codes if log.events[code] not in own]
    if not kept:
        raise InputError(
            f"behaviours={asked['behaviours']!r} leave nothing to look at, for the event of the outcome or the start "
            f"is no behaviour; name other events"
        )
    return kept


def _strata(activity: Sequence[Levels]) -> list[Levels]:
    """Give each number of events, for each d, a stratum: how many of a hundred users have fewer, without gaps."""
    found = []
    for events, users in activity:
        fewer = users.cumsum() - users
        _, stratum = np.unique(_STRATA * fewer // max(int(users.sum()), 1), return_inverse=True)
        found.append((events, stratum.astype(np.int64)))
    return found


def windows_of(block: Block, rules: Rules) -> tuple[kernels.Stream, kernels.Windows]:
    """Find each user's window and outcome."""
    member = np.empty(0, np.bool_)
    if rules.cut is not None:
        member = np.asarray(segment_at(block, rules.cut, None, np.arange(len(block.users))) == rules.value)
    stream = kernels.Stream(_read_only(block.offsets), _read_only(block.time), _read_only(block.event), member)
    return stream, kernels.windows(stream, rules.windows)


def _scan_activity(block: Block, *, rules: Rules, names: int) -> tuple[list[Levels], Ints]:
    """Count a block's users by their number of events within each d, and where ``names`` are told, by event."""
    stream, found = windows_of(block, rules)
    events = kernels.activity(stream.time, found, rules.lengths)[:, found.outcome >= 0]
    reached = kernels.reach(stream.event, found, names) if names else np.empty(0, np.int64)
    return [np.unique(one, return_counts=True) for one in events], reached


def _together(parts: Sequence[tuple[list[Levels], Ints]]) -> tuple[list[Levels], Ints]:
    levels = []
    for same in zip(*(part[0] for part in parts), strict=True):
        events, place = np.unique(np.concatenate([one[0] for one in same]), return_inverse=True)
        users = np.bincount(place, np.concatenate([one[1] for one in same]), len(events))
        levels.append((events, users.astype(np.int64)))
    return levels, np.sum([part[1] for part in parts], axis=0)


def _scan_cells(
    block: Block, *, rules: Rules, grid: kernels.Grid, strata: Sequence[Levels]
) -> tuple[npt.NDArray[np.int32], Ints, Ints]:
    """Count a block's users by cell; all by d, outcome and stratum; and all by whether they are looked at.

    The last: how many have no entry, came too late, lack the outcome and have it.
    """
    stream, found = windows_of(block, rules)
    outcome, looked_at = found.outcome.astype(np.int64), found.outcome >= 0
    size = max(int(numbers.max(initial=0)) for _, numbers in strata) + 1
    stratum = np.zeros((len(strata), len(outcome)), np.int64)
    everyone = np.zeros((len(strata), 2, size), np.int64)
    own = kernels.activity(stream.time, found, rules.lengths)
    for day, (events, numbers) in enumerate(strata):
        stratum[day, looked_at] = numbers[np.searchsorted(events, own[day, looked_at])]
        cell = (outcome * size + stratum[day])[looked_at]
        everyone[day] = np.bincount(cell, minlength=2 * size).reshape(2, size)
    people = np.bincount(outcome - kernels.NEVER, minlength=4)
    return kernels.cells(stream, found, stratum, size, grid), everyone, people


def _added(parts: Sequence[tuple[npt.NDArray[Any], ...]]) -> list[Ints]:
    return [np.sum(arrays, axis=0, dtype=np.int64) for arrays in zip(*parts, strict=True)]


def _read_only(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the same values, unwritable as those of a mapped log are: the kernels compile once for all cases."""
    same = values.view()
    same.flags.writeable = False
    return same

"""The tables of ``rhythm``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dangol.core import calendar
from dangol.core.durations import Period
from dangol.core.proportions import share
from dangol.core.result import Tables

from .rhythm_season import Decomposition, strengths
from .rhythm_spread import LEVELS, Spread, gathered, spreads, variation

if TYPE_CHECKING:
    import pandas as pd

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Cells:
    """Counts by segment (rows) and hour of the week; see ``kernels.rhythm.Week``."""

    events: Ints
    users: Ints
    shares: Floats
    weekday_users: Ints
    hour_users: Ints
    people: Ints
    groups: Ints

    def users_of(self, level: str) -> Ints:
        """Different users by segment and cell of a level."""
        return dict(zip(LEVELS, (self.hour_users, self.weekday_users, self.users), strict=True))[level]

    def share_of_events(self, level: str) -> Floats:
        """Events of each cell over all events of the segment."""
        return share(gathered(self.events, level), self.events.sum(axis=1, keepdims=True))

    def share_of_users(self, level: str) -> Floats:
        """Mean over the segment's users of their own share of events in each cell."""
        return share(gathered(self.shares, level), self.people[:, None])


@dataclass(frozen=True)
class Daily:
    """The daily series that was asked for: its days, and what it is made of (None: not taken apart)."""

    measure: str
    starts: Ints
    lengths: Sequence[int]
    found: Decomposition | None


@dataclass(frozen=True)
class Counted:
    """Everything counted: all segments together (one row), and each segment (None without a breakdown).

    ``exposure`` is how many hours each hour of the week lasted, from ``start`` to ``as_of``.
    """

    total: Cells
    parts: Cells | None
    exposure: Floats
    labels: tuple[str, ...] | None
    by: str | None
    zone: str
    start: int
    as_of: int
    daily: Daily
    event: str | None
    hashed: bool
    seed: int

    @property
    def people(self) -> int:
        """Users with an event that counts."""
        return int(self.total.people[0])

    @property
    def shown(self) -> Cells:
        """The cells of the tables: by segment where there is a breakdown."""
        return self.total if self.parts is None else self.parts

    @cached_property
    def spread(self) -> dict[str, Spread]:
        """The spread over the cells of each level, all segments together."""
        return spreads(self.total.groups[0], self.exposure, (self.seed, 0))

    @cached_property
    def spreads(self) -> list[dict[str, Spread]]:
        """The spread within each segment."""
        if self.parts is None:
            return []
        return [spreads(part, self.exposure, (self.seed, code + 1)) for code, part in enumerate(self.parts.groups)]

    @cached_property
    def strength(self) -> dict[str, dict[str, Any]]:
        """The strength of each component of the daily series; empty where it was not taken apart."""
        return {} if self.daily.found is None else strengths(self.daily.found, self.seed)

    def day_names(self) -> list[str]:
        """Name the whole days."""
        return calendar.names(self.daily.starts, Period(1, "d"), self.zone)


def tables(counted: Counted) -> Tables:
    """Return the tables, to be made when they are looked at."""
    return Tables(
        {
            "hours": lambda: _cells(counted, LEVELS[2]),
            "weekdays": lambda: _cells(counted, LEVELS[1]),
            "daily_hours": lambda: _cells(counted, LEVELS[0]),
            "variation": lambda: _variation(counted),
            "season": lambda: _season(counted),
            "strength": lambda: _strength(counted),
        }
    )


def _cells(counted: Counted, level: str) -> pd.DataFrame:
    import pandas as pd

    cells, some = counted.shown, np.flatnonzero(counted.shown.people)
    exposure = gathered(counted.exposure, level)
    events = gathered(cells.events, level)[some]
    place, times = np.arange(len(exposure)), len(some)
    columns: dict[str, Any] = _segment(counted, some, len(exposure))
    if level != LEVELS[0]:
        columns["weekday"] = np.tile(place // (len(exposure) // 7) + 1, times)
    if level != LEVELS[1]:
        columns["hour"] = np.tile(place % 24, times)
    columns |= {
        "events": events.ravel(),
        "users": cells.users_of(level)[some].ravel(),
        "share_of_events": cells.share_of_events(level)[some].ravel(),
        "share_of_users": cells.share_of_users(level)[some].ravel(),
    }
    if level == LEVELS[1]:
        columns |= {"days": np.tile(exposure / 24, times), "events_per_day": share(events, exposure / 24).ravel()}
    else:
        columns |= {"hours": np.tile(exposure, times), "events_per_hour": share(events, exposure).ravel()}
    return pd.DataFrame(columns)


def _segment(counted: Counted, some: Ints, repeat: int) -> dict[str, Any]:
    import pandas as pd

    if counted.labels is None:
        return {}
    names = np.repeat(np.array(counted.labels, dtype=object)[some], repeat)
    return {"segment": pd.Series(names, dtype="str")}


def _variation(counted: Counted) -> pd.DataFrame:
    import pandas as pd

    cells, some = counted.shown, np.flatnonzero(counted.shown.people)
    found = [counted.spread if counted.parts is None else counted.spreads[code] for code in some.tolist()]
    own = {level: variation(cells.share_of_users(level)[some], gathered(counted.exposure, level)) for level in LEVELS}
    columns: dict[str, Any] = _segment(counted, some, len(LEVELS))
    columns["level"] = pd.Series(list(LEVELS) * len(some), dtype="str")
    for name in ("cv", "cv_adjusted", "lower", "upper"):
        columns[name] = _listed(found, name)
    columns["cv_users"] = np.stack([own[level] for level in LEVELS], axis=1).ravel()
    columns["users"] = np.repeat(cells.people[some], len(LEVELS))
    for name in ("chi2", "df", "p"):
        columns[name] = _listed(found, name)
    return pd.DataFrame(columns)


def _listed(found: list[dict[str, Spread]], name: str) -> Floats:
    return np.array([getattr(one[level], name) for one in found for level in LEVELS], np.float64)


def _season(counted: Counted) -> pd.DataFrame:
    import pandas as pd

    found, starts = counted.daily.found, counted.daily.starts
    names = counted.day_names()
    if found is None:
        starts, names = starts[:0], []
    parts = {f"season_{days}": np.empty(0) for days in counted.daily.lengths}
    if found is not None:
        parts = {f"season_{days}": part for days, part in found.seasons.items()}
    none = np.empty(0)
    start = pd.DatetimeIndex(starts.view("datetime64[us]")).tz_localize("UTC").tz_convert(counted.zone)
    columns: dict[str, Any] = {
        "period": pd.Series(names, dtype="str"),
        "start": start,
        "value": none if found is None else found.value,
        "trend": none if found is None else found.trend,
        **parts,
        "remainder": none if found is None else found.remainder,
        "unusual": np.empty(0, np.bool_) if found is None else found.unusual(),
    }
    return pd.DataFrame(columns)


def _strength(counted: Counted) -> pd.DataFrame:
    import pandas as pd

    rows = list(counted.strength.values())
    columns: dict[str, Any] = {"component": pd.Series(list(counted.strength), dtype="str")}
    for name in ("strength", "lower", "upper", "cycles"):
        columns[name] = np.array([row[name] for row in rows], np.float64)
    return pd.DataFrame(columns)

"""What a specification of features asks of a log, in numbers: which columns are read, and what is counted of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from dangol.core import calendar, durations
from dangol.core.errors import InputError
from dangol.kernels.rhythm import CELLS, Clock
from dangol.log.eventlog import EventLog
from dangol.questions.rhythm_plan import Groups
from dangol.questions.rhythm_plan import Rules as Watch

from .feature_spec import FOREVER, SESSION, USER, Feature, Spec

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Found = TypeVar("Found")

Level = Literal["user", "session", "of user", "of event"]
BALANCES: Final = ("drops", "rises")
ATTRIBUTES: Final = ("attribute_share", "balance", "single_valued")
_ALONE: Final = Groups(1, None, False, 0)  # the clock is wanted, not the test


@dataclass(frozen=True)
class Kinds:
    """Cells put into as few kinds as features need: ``kind`` has that of each cell, ``of`` those of each feature."""

    kind: Codes
    size: int
    of: tuple[Ints, ...]


@dataclass(frozen=True)
class Rules:
    """What a scan counts: plain data.

    ``names``, ``hours`` and ``weekdays`` put the codes of events, the hours of the day and the days of the week into
    kinds. ``early`` has, for each share of users, the events that are wanted and how long after the first (0: ever).
    ``wanted`` names what else is measured of each run.
    """

    unit: str
    level: Level
    units: int
    gap: int
    names: Kinds
    hours: Kinds
    weekdays: Kinds
    early: tuple[tuple[Flags, int], ...]
    balances: tuple[str, ...]
    attributes: tuple[str, ...]
    wanted: frozenset[str]
    clock: Clock
    days: Ints

    @property
    def columns(self) -> tuple[str, ...]:
        """What is read of the log."""
        told = ["event"] if self.names.size or self.early else []
        told += [self.unit] if self.level in ("of user", "of event") else []
        told += ["amount"] if "amount" in self.wanted else []
        return tuple(dict.fromkeys(["time", *told, *self.balances, *self.attributes]))


@dataclass(frozen=True)
class Plan:
    """A specification, the view of the log that it is asked of, up to when, and what is counted.

    ``exposure`` is how many hours each hour of the week lasted in that time.
    """

    spec: Spec
    log: EventLog
    as_of: int
    rules: Rules
    exposure: Floats

    def place(self, feature: Feature, kinds: Sequence[str]) -> int:
        """Return which one a feature is among those of some kinds, in the order of the specification."""
        return [one.name for one in self.spec.features if one.kind in kinds].index(feature.name)


NAMED: Final = ("events", "share_of_events")


def plan(log: EventLog, spec: Spec, as_of: str | None) -> Plan:
    """Check a specification against a log.

    Raises:
        InputError: for events and columns that are not there or not of the kind that is needed.
    """
    moment = log.as_of if as_of is None else calendar.instant(as_of, log.zone, "as_of")
    if moment <= log.start:
        first = calendar.write(log.start, log.zone)
        raise InputError(f"as_of={as_of!r} is not after the log's first event ({first}); choose a later time")
    known = log.between(None, _written(moment)) if moment <= log.end else log
    days = calendar.edges(durations.Period(1, "d"), log.zone, log.start, max(moment - 1, log.start))
    start = int(days[0])
    if log.span is not None and log.span[0] != log.contents.meta.first:  # that is where an open view begins
        start = max(start, log.span[0])
    watch = Watch(log.zone, calendar.offsets(log.zone, start, moment), start, moment, days, -1, _ALONE, _ALONE)
    clock = Clock(watch.table.since, watch.table.offset, watch.monday)
    rules = _rules(log, spec, clock, days)
    return Plan(spec, known, moment, rules, watch.exposure())


def _written(time_us: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_us)


def _rules(log: EventLog, spec: Spec, clock: Clock, days: Ints) -> Rules:
    features = spec.features
    level, units = _level(log, spec.unit)
    shares = [one for one in features if one.kind == "share_of_users"]
    codes = {one.name: _checked(one, _flags, log, one.events()) for one in features if one.events()}
    attributes = [(one, one.column(*ATTRIBUTES)) for one in features if one.column(*ATTRIBUTES)]
    balances = [(one, one.column(*BALANCES)) for one in features if one.column(*BALANCES)]
    return Rules(
        unit=spec.unit,
        level=level,
        units=units,
        gap=min(durations.duration(spec.gap, "gap"), FOREVER),
        names=_kinds([codes[one.name] for one in features if one.kind in NAMED], len(log.events)),
        hours=_kinds([_inside(one) for one in features if one.kind == "hours"], 24, apart=_varied(features, "hour")),
        weekdays=_kinds(
            [_on(one) for one in features if one.kind == "weekdays"], 7, apart=_varied(features, "weekday")
        ),
        early=tuple((codes[one.name], one.within or 0) for one in shares),
        balances=tuple(dict.fromkeys(_checked(one, _balance, log, name) for one, name in balances)),
        attributes=tuple(dict.fromkeys(_checked(one, _attribute, log, name, one.value) for one, name in attributes)),
        wanted=_wanted(log, features),
        clock=clock,
        days=days,
    )


def _checked(feature: Feature, check: Callable[..., Found], *given: object) -> Found:
    """Check something against the log; a problem is told with the place of the feature."""
    try:
        return check(*given)
    except InputError as problem:
        raise InputError(f"{feature.where}: {problem}") from problem


def _level(log: EventLog, unit: str) -> tuple[Level, int]:
    if unit in (USER, SESSION):
        return ("user" if unit == USER else "session"), 0
    column = log.column(unit)
    if column.kind != "text":
        raise InputError(f"unit={unit!r} holds {column.kind}s; units are user, session or a text column such as group")
    return ("of user" if column.level == "user" else "of event"), len(log.contents.dictionary(unit))


def _wanted(log: EventLog, features: Sequence[Feature]) -> frozenset[str]:
    kinds = {one.kind for one in features}
    wanted = kinds & {"amount", "recency", "span"}
    if "amount" in wanted and not any(one.name == "amount" and one.kind == "number" for one in log.columns):
        place = next(one.where for one in features if one.kind == "amount")
        raise InputError(f"{place}: this log has no amounts; ingest with amount= (--amount)")
    wanted |= {"sessions"} if kinds & {"sessions", "session_minutes"} else set()
    days = "active_days" in kinds or any(one.per == "active_day" for one in features)
    return frozenset(wanted | ({"days"} if days else set()))


# ---- columns of the log -----------------------------------------------------------------------------------------


def _flags(log: EventLog, names: Sequence[str]) -> Flags:
    """Flag the codes of some events."""
    flags = np.zeros(len(log.events), np.bool_)
    flags[[log.code("event", name) for name in names]] = True
    return flags


def _balance(log: EventLog, name: str) -> str:
    column = log.column(name)
    if column.kind != "number" or column.level != "event":
        raise InputError(f"column {name!r} must hold the balance after each event, a number column of events")
    return name


def _attribute(log: EventLog, name: str, value: str | float | None) -> str:
    column = log.column(name)
    if column.kind not in ("text", "number") or column.level != "user":
        raise InputError(f"column {name!r} must hold an attribute of users, texts or numbers")
    if value is not None and isinstance(value, str) != (column.kind == "text"):
        raise InputError(f"column {name!r} holds {column.kind}s, so value={value!r} is never in it")
    if isinstance(value, str):
        log.code(name, value)  # raises, with the nearest name
    return name


# ---- kinds of cells ---------------------------------------------------------------------------------------------


def _inside(feature: Feature) -> Flags:
    """Flag the hours from the first to before the second, past midnight where the second is smaller."""
    first, after = feature.subject
    flags: Flags = (np.arange(24) - first) % 24 < (after - first) % 24
    return flags


def _on(feature: Feature) -> Flags:
    flags: Flags = np.isin(np.arange(CELLS // 24), feature.subject)
    return flags


def _varied(features: Sequence[Feature], cells: str) -> bool:
    return any(one.kind == "variation" and one.subject == cells for one in features)


def _kinds(sets: Sequence[Flags], cells: int, *, apart: bool = False) -> Kinds:
    """Put cells into kinds: those that are in the same sets together; or, ``apart``, each for itself."""
    if not sets and not apart:
        return Kinds(np.zeros(cells, np.int32), 0, ())
    kind: Codes = np.arange(cells, dtype=np.int32)
    if not apart:
        kind = np.unique(np.array(sets).T, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int32)
    return Kinds(kind, int(kind.max()) + 1, tuple(np.unique(kind[one]).astype(np.int64) for one in sets))

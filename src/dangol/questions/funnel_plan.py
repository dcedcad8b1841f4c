"""The options of ``funnel``, read and checked: what a scan takes along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from dangol.core import calendar, durations
from dangol.core.errors import InputError, choice, unknown
from dangol.kernels.funnel import Limits, Names
from dangol.log.eventlog import EventLog

Ints = npt.NDArray[np.int64]

USUAL_GAP: Final = "30m"
_MOST_STEPS: Final = 30


class Same(NamedTuple):
    """A column whose value an attempt must hold: the code that stands for no value (-1: none does), and its level."""

    column: str
    missing: int
    per_user: bool


@dataclass(frozen=True)
class Plan:
    """What was asked, in codes and microseconds: plain data, so that a scan can take it along.

    Attributes:
        names, limits: what each event code means, and what an attempt must keep to; required steps only. One code more
            than the log has stands for "something that ends every attempt".
        aside: per code, as bits, the optional steps that an event may be.
        after: for each optional step, the required step that it follows, from 0.
        labels: every step as listed.
        required: the places of the required steps in the list; ``optional``: those of the optional ones.
        order: ``sequential``, ``strict`` or ``any``.
        gap: the idle time that ends a session where sessions are the unit, else 0.
        same: the property that is held.
        as_of: the end of what is known; ``latest``: a unit that entered after it had less than the window.
        last_touch: whether a breakdown takes the value at the last reached step.
    """

    names: Names
    limits: Limits
    aside: Ints
    after: Ints
    labels: tuple[str, ...]
    required: tuple[int, ...]
    optional: tuple[int, ...]
    order: str
    gap: int
    same: Same | None
    as_of: int
    latest: int
    last_touch: bool

    @property
    def within(self) -> int:
        """The window, in microseconds."""
        return int(self.limits.longest[0])


def read(log: EventLog, asked: Mapping[str, Any]) -> Plan:
    """Read the options of a funnel."""
    order = choice("order", asked["order"], ("sequential", "strict", "any"))
    once = choice("repeats", asked["repeats"], ("ignore", "end")) == "end"
    increase = choice("ties", asked["ties"], ("allow", "increase")) == "increase"
    labels, codes = _steps(log, asked["steps"])
    optional = _optional(log, asked["optional"], labels)
    required = tuple(place for place in range(len(labels)) if place not in optional)
    if order == "any":
        _check_any(asked, labels, codes)
    limits = Limits(len(required), _longest(asked, len(required)), once, increase)
    names, aside = _meanings(len(log.events), codes, optional, order == "strict")
    _exclude(log, asked["exclude"], names, labels, codes)
    within = int(limits.longest[0])
    as_of = _as_of(log, asked["as_of"])
    return Plan(
        names=names,
        limits=limits,
        aside=aside,
        after=np.array([sum(one < place for one in required) - 1 for place in optional], np.int64),
        labels=labels,
        required=required,
        optional=optional,
        order=order,
        gap=_gap(asked),
        same=_same(log, asked["same"]),
        as_of=as_of,
        latest=as_of - within,
        last_touch=_last_touch(log, asked),
    )


def _steps(log: EventLog, steps: Any) -> tuple[tuple[str, ...], list[list[int]]]:
    """Return the label of each step and the codes of the events that it may be."""
    if isinstance(steps, str) or not isinstance(steps, Sequence):
        raise InputError(f"steps={steps!r} must be a list of event names, for example ['view', 'cart', 'order']")
    if not 1 <= len(steps) <= _MOST_STEPS:
        raise InputError(f"a funnel has 1 to {_MOST_STEPS} steps, found {len(steps)}")
    found = [_events(log, step) for step in steps]
    return tuple(label for label, _ in found), [codes for _, codes in found]


def _events(log: EventLog, step: Any) -> tuple[str, list[int]]:
    """Read one step: an event, several to choose from, or ``"a|b"`` where no event has that very name."""
    if isinstance(step, str) and (step in log.events or "|" not in step):
        names = [step]
    else:
        names = [part.strip() for part in step.split("|")] if isinstance(step, str) else list(step)
    if not names:
        raise InputError(f"a step names no event: {step!r}; give an event name, or several to choose from")
    return "|".join(names), [log.code("event", name) for name in names]


def _several(value: Any) -> list[Any]:
    return [value] if isinstance(value, str) else list(value)


def _optional(log: EventLog, optional: Any, labels: tuple[str, ...]) -> tuple[int, ...]:
    wanted = [_events(log, one)[0] for one in _several(optional)]
    for one in wanted:
        if one not in labels:
            raise unknown("optional step", one, labels, "the steps")
    places = tuple(place for place, label in enumerate(labels) if label in wanted)
    if 0 in places:
        raise InputError(
            f"the first step, {labels[0]!r}, starts the clock and cannot be optional; leave it out instead"
        )
    return places


def _check_any(asked: Mapping[str, Any], labels: tuple[str, ...], codes: list[list[int]]) -> None:
    """Refuse, for steps in any order, what has a meaning only where there is an order."""
    usual: dict[str, Any] = {"optional": [], "step_within": None, "repeats": "ignore", "ties": "allow"}
    for name, value in usual.items():
        if asked[name] != value:
            raise InputError(f"{name}={asked[name]!r} needs an order of the steps; leave it out with order='any'")
    seen: dict[int, str] = {}
    for label, several in zip(labels, codes, strict=True):
        for code in set(several):
            if code in seen:
                raise InputError(
                    f"with order='any' the steps must be distinct; {seen[code]!r} and {label!r} share an event"
                )
            seen[code] = label


def _longest(asked: Mapping[str, Any], steps: int) -> Ints:
    """Return the window and, where asked, the longest time of every transition."""
    within = durations.duration(asked["within"], "within")
    if asked["step_within"] is None:
        return np.array([within], np.int64)
    lengths = [durations.duration(one, "step_within") for one in _several(asked["step_within"])]
    lengths = lengths * (steps - 1) if len(lengths) == 1 else lengths
    if steps < 2 or len(lengths) != steps - 1:
        raise InputError(
            f"step_within={asked['step_within']!r} needs one length of time, or one for each of the {steps - 1} "
            f"transitions between {steps} required steps"
        )
    return np.array([within, *lengths], np.int64)


def _meanings(events: int, codes: list[list[int]], optional: tuple[int, ...], strict: bool) -> tuple[Names, Ints]:
    """Say what each event code means.

    In strict order, what may stand between two steps are events of the steps listed up to the later one.
    """
    steps = len(codes) - len(optional)
    bits, aside = np.zeros(events + 1, np.int64), np.zeros(events + 1, np.int64)
    top = np.full(events + 1, -1, np.int64)
    need = np.full(events + 1, steps + 1 if strict else 0, np.int64)
    need[events] = steps + 1
    done = extra = 0
    for place, several in enumerate(codes):
        need[several] = np.minimum(need[several], done)
        if place in optional:
            aside[several] |= 1 << extra
            extra += 1
        else:
            bits[several] |= 1 << done
            top[several] = done
            done += 1
    return Names(bits, top, need), aside


def _exclude(log: EventLog, exclude: Any, names: Names, labels: tuple[str, ...], codes: list[list[int]]) -> None:
    for one in _several(exclude):
        label, excluded = _events(log, one)
        for step, several in zip(labels, codes, strict=True):
            if set(excluded) & set(several):
                raise InputError(f"exclude={label!r} is an event of the step {step!r}; it cannot be both")
        names.need[excluded] = names.need[-1]


def _gap(asked: Mapping[str, Any]) -> int:
    session = choice("unit", asked["unit"], ("user", "session")) == "session"
    if not session and asked["gap"] != USUAL_GAP:
        raise InputError(f"gap={asked['gap']!r} ends a session; it needs unit='session'")
    return durations.duration(asked["gap"], "gap") if session else 0


def _same(log: EventLog, same: str | None) -> Same | None:
    if same is None:
        return None
    column = log.column(same)
    if column.kind == "id" or same in ("event", "time"):
        raise InputError(f"same={same!r} is no property of events or users that the steps of an attempt could share")
    texts = log.names(same) if column.kind == "text" else []
    return Same(same, texts.index(None) if None in texts else -1, column.level == "user")


def _last_touch(log: EventLog, asked: Mapping[str, Any]) -> bool:
    last = choice("attribution", asked["attribution"], ("first", "last")) == "last"
    if last and (asked["by"] is None or log.column(asked["by"]).level == "user"):
        raise InputError("attribution='last' needs by= an event column, whose value can differ between the steps")
    return last


def _as_of(log: EventLog, as_of: str | None) -> int:
    moment = log.as_of if as_of is None else calendar.instant(as_of, log.zone, "as_of")
    if moment <= log.start:
        first = calendar.write(log.start, log.zone)
        raise InputError(f"as_of={as_of!r} is not after the log's first event ({first}); choose a later time")
    return moment

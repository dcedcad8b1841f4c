"""What to ask of a log that nobody has said anything about."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from dangol.core import calendar
from dangol.core.durations import DAY
from dangol.kernels.overview import count_names
from dangol.log.block import Block
from dangol.log.eventlog import EventLog

_MOST_STEPS: Final = 5
_FEW_PERIODS: Final = 6  # periods that a look at a change over time should have

Recipe = dict[str, Any]


def plan(log: EventLog) -> list[Recipe]:
    """Choose the questions that a log can answer, and their periods by how long it is.

    Orders, refunds and money are asked about where the log has amounts; sessions and hours where its times have hours;
    what goes with coming back where it is long enough to see users come back.
    """
    days = (log.as_of - log.start) / DAY
    every, longer = _periods(days)
    priced = any(column.name == "amount" for column in log.columns)
    asked: list[Recipe] = [_ask("overview", every=every)]
    if priced:
        asked.append(_ask("sales", every=longer))
    asked += [_ask("lifecycle", every=every), _ask("retention", every=longer, counting="on")]
    if priced:
        asked += [_ask("rfm"), _ask("repurchase", every=longer)]
    if len(log.events) > 2 and days >= 4:
        within, horizon = ("7d", "14d") if days >= 28 else ("1d", "2d")
        asked.append(_ask("drivers", within=within, horizon=horizon))
    steps = _steps(log, priced)
    if len(steps) > 1:
        asked.append(_ask("funnel", steps=steps, within="7d" if days < 60 else "30d"))
    if not _dates_only(log):
        asked += [_ask("sessions", gap="30m"), _ask("rhythm")]
    if len(log.events) > 1:
        asked.append(_ask("flows"))
    return asked


def _ask(name: str, **parameters: Any) -> Recipe:
    return {"question": name, "parameters": parameters}


def _periods(days: float) -> tuple[str, str]:
    """Return the period to look at activity in, and a longer one for cohorts and money."""
    if days < 7 * _FEW_PERIODS:
        return "1d", "1w" if days >= 21 else "1d"
    if days < 30.5 * _FEW_PERIODS:
        return "1w", "1w"
    return ("1w", "1mo") if days < 3 * 365 else ("1mo", "1q")


def _steps(log: EventLog, priced: bool) -> list[str]:
    """Order the commonest events by how many users reach them, up to the one that brings money: a guess."""
    users = log.run(_reach, lambda parts: np.sum(parts, axis=0), columns=("event",), names=len(log.events))
    order = sorted(np.flatnonzero(users).tolist(), key=lambda code: (-users[code], log.events[code]))
    names = [log.events[code] for code in order]
    if len(names) == 1:
        return names * 3 if priced else []
    paid = _paid(log) if priced else None
    if paid is None or paid not in names:
        return names[:_MOST_STEPS]
    before = names[: names.index(paid)]
    return [*before[: _MOST_STEPS - 1], paid] if before else [paid, paid, paid]


def _reach(block: Block, *, names: int) -> Any:
    """Count the users of each event."""
    return count_names(block.offsets, block.event, names)[1]


def _paid(log: EventLog) -> str | None:
    """Return the event that brings the most money."""
    money = log.run(_money, lambda parts: np.sum(parts, axis=0), columns=("event", "amount"), names=len(log.events))
    return log.events[int(np.argmax(money))] if money.max() > 0 else None


def _money(block: Block, *, names: int) -> Any:
    amount = np.nan_to_num(block.columns["amount"].astype(np.float64))
    return np.bincount(block.event, weights=amount, minlength=names)


def _dates_only(log: EventLog) -> bool:
    """Whether every time is a local midnight, as where a source has dates alone."""
    table = calendar.offsets(log.zone, log.start - DAY, log.end + DAY)
    blocks = log.blocks(("time",))  # mostly the first tells
    return all(not (calendar.to_local(block.time, table) % DAY).any() for block in blocks)

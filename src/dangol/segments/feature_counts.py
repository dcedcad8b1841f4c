"""What is counted for unit features: a scan over whole users, and the merge of its answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from dangol.kernels import units as kernels
from dangol.kernels.sessions import session_starts
from dangol.log.block import Block
from dangol.questions.purchases import read_only

from .feature_rules import Plan, Rules

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int32]

_NO_CUTS: Final = np.empty(0, np.int64)
_NO_EVENTS: Final = np.empty(0, np.int32)


class Part(NamedTuple):
    """What a block has. Runs, each of a user within a unit: the user's position in the log, the unit's code, measures.

    ``totals`` are counts by unit (rows, those of the codes ``units``) and kind of event, hour or weekday.
    """

    owner: Ints
    unit: Ints
    measures: dict[str, npt.NDArray[Any]]
    units: Ints
    totals: dict[str, Codes]


@dataclass(frozen=True)
class Counts:
    """What all blocks have, in the order of the log; see ``Part``. ``unit`` is the unit's place among ``size``."""

    owner: Ints
    unit: Ints
    measures: Mapping[str, npt.NDArray[Any]]
    totals: Mapping[str, Ints]
    size: int
    alone: bool

    def total(self, values: npt.NDArray[Any]) -> Floats:
        """Add up a measure of runs over each unit, always in the order of the log, so that blocks change no digit."""
        added: Floats = np.bincount(self.unit, values, self.size).astype(np.float64)
        return added

    @cached_property
    def users(self) -> Ints:
        """How many users each unit has: its runs."""
        return np.bincount(self.unit, minlength=self.size)

    @cached_property
    def events(self) -> Ints:
        """How many events each unit has."""
        return self.total(self.measures["events"]).astype(np.int64)


def count(plan: Plan) -> Counts:
    """Ask the log, once."""
    rules = plan.rules
    parts: list[Part] = plan.log.run(_scan, list, columns=rules.columns, rules=rules)
    owner = np.concatenate([part.owner for part in parts])
    measures = {name: np.concatenate([part.measures[name] for part in parts]) for name in parts[0].measures}
    alone = rules.level in ("user", "session")
    size = len(owner) if alone else rules.units
    unit = np.arange(size) if alone else np.concatenate([part.unit for part in parts])
    totals = {name: _added(parts, name, size, alone) for name in parts[0].totals}
    return Counts(owner, unit, measures, totals, size, alone)


def _added(parts: Sequence[Part], name: str, size: int, alone: bool) -> Ints:
    if alone:
        return np.concatenate([part.totals[name] for part in parts])
    total = np.zeros((size, parts[0].totals[name].shape[1]), np.int64)
    for part in parts:
        total[part.units] += part.totals[name]
    return total


# ---- one block --------------------------------------------------------------------------------------------------


def _scan(block: Block, *, rules: Rules) -> Part:
    runs, columns = _runs(block, rules)
    if rules.level in ("user", "session"):
        units, slot = runs.unit.astype(np.int64), np.arange(len(runs.unit))
    else:
        units, slot = np.unique(runs.unit.astype(np.int64), return_inverse=True)
    measures = _measures(runs, columns, rules)
    measures |= {f"of {name}": block.columns[name][runs.owner] for name in rules.attributes}
    totals = _totals(runs.offsets, slot, len(units), columns, rules)
    return Part(block.users[runs.owner], runs.unit.astype(np.int64), measures, units, totals)


def _runs(block: Block, rules: Rules) -> tuple[kernels.Runs, Mapping[str, npt.NDArray[Any]]]:
    """Return the runs of a block, and its event columns in their order."""
    offsets, time = read_only(block.offsets), read_only(block.time)
    columns: Mapping[str, npt.NDArray[Any]] = block.columns
    if rules.level == "of event":
        runs = kernels.by_unit(offsets, read_only(block.columns[rules.unit]), rules.units)
        columns = {name: block.columns[name][runs.order] for name in rules.columns if name not in rules.attributes}
        return runs, columns
    owner = np.arange(len(block.users))
    if rules.level == "session":
        starts = session_starts(offsets, time, _NO_EVENTS, rules.gap, 0, _NO_CUTS, -1)
        owner = np.searchsorted(offsets, starts, side="right") - 1
        offsets = np.append(starts, len(time))
    unit = block.columns[rules.unit] if rules.level == "of user" else np.zeros(len(owner), np.int32)
    return kernels.Runs(_NO_CUTS, offsets, owner, unit), columns


def _measures(runs: kernels.Runs, columns: Mapping[str, npt.NDArray[Any]], rules: Rules) -> dict[str, npt.NDArray[Any]]:
    """Measure each run."""
    offsets, time = read_only(runs.offsets), read_only(columns["time"])
    found: dict[str, npt.NDArray[Any]] = {"events": np.diff(offsets)}
    some = len(time) > 0
    if rules.wanted & {"recency", "span"} or rules.early:
        found["first"] = time[offsets[:-1]] if some else _NO_CUTS
        found["last"] = time[offsets[1:] - 1] if some else _NO_CUTS
    if "sessions" in rules.wanted:
        found["sessions"], found["length"] = kernels.sessions(offsets, time, rules.gap)
    if "days" in rules.wanted:
        found["days"] = kernels.days(offsets, time, rules.days)
    if "amount" in rules.wanted:
        found["amount"] = kernels.sums(offsets, _numbers(columns["amount"]))
    for name in rules.balances:
        moves = kernels.moves(offsets, _numbers(columns[name]))
        found |= {f"drops {name}": moves.drops, f"rises {name}": moves.rises, f"pairs {name}": moves.pairs}
    for place, (wanted, within) in enumerate(rules.early):
        event = read_only(columns["event"])
        found[f"early {place}"] = kernels.early(offsets, time, event, wanted, within)
    return found


def _totals(
    offsets: Ints, slot: Ints, size: int, columns: Mapping[str, npt.NDArray[Any]], rules: Rules
) -> dict[str, Codes]:
    """Count the events of each unit by the kinds of their name, hour and weekday."""
    names, hours, weekdays = (
        np.zeros((size, one.size), np.int32) for one in (rules.names, rules.hours, rules.weekdays)
    )
    offsets, slot = read_only(offsets), read_only(slot)
    if rules.names.size:
        kernels.names(offsets, slot, read_only(columns["event"]), rules.names.kind, names)
    if rules.hours.size or rules.weekdays.size:
        time = read_only(columns["time"])
        kernels.clock(offsets, slot, time, rules.clock, rules.hours.kind, rules.weekdays.kind, hours, weekdays)
    return {"names": names, "hours": hours, "weekdays": weekdays}


def _numbers(values: npt.NDArray[Any]) -> Floats:
    return read_only(np.asarray(values, np.float64))

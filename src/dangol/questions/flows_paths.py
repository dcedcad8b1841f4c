"""Whole units of ``flows``: equal sequences (variants), and the steps after or before an anchor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Final

import numpy as np
import numpy.typing as npt

from dangol.kernels import flows as kernels
from dangol.kernels import pairs
from dangol.kernels.sessions import session_starts
from dangol.log.block import Block
from dangol.log.eventlog import EventLog

from .flows_moves import Codes, Ints, Rules, segments

Flags = npt.NDArray[np.bool_]

ARROW: Final = " → "
_WRITTEN: Final = 10_000  # variants whose names are written out
_WRITTEN_EVENTS: Final = 1_000_000  # events of these, together


def units_of(block: Block, rules: Rules) -> kernels.Units:
    """Return the units of a block: its users, or their sessions."""
    if not rules.session:
        return kernels.Units(block.offsets, np.arange(len(block.users)))
    none = np.empty(0, np.int64)
    starts = session_starts(block.offsets, block.time, none.astype(np.int32), rules.gap, 0, none, -1)
    first = np.searchsorted(starts, block.offsets)  # each user's first row begins a session
    owner = np.repeat(np.arange(len(block.users)), np.diff(first))
    return kernels.Units(np.append(starts, len(block.time)), owner)


# ---- variants ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Variants:
    """Every sequence that occurs, most frequent first; ``codes`` and ``ends`` spell the first ones."""

    segment: Ints
    count: Ints
    users: Ints
    events: Ints
    codes: Codes
    ends: Ints


def variants(log: EventLog, rules: Rules) -> Variants:
    """Find the variants of a log: count by hash, then read one unit of each frequent variant for its names."""
    rows = log.run(_scan_variants, _merge_variants, columns=rules.columns, rules=rules)
    place = (rows[:, kernels.WHICH], rows[:, kernels.WHO], rows[:, kernels.LENGTH], -rows[:, kernels.USERS])
    rows = rows[np.lexsort((*place, -rows[:, kernels.COUNT]))]
    length = rows[:, kernels.LENGTH]
    written = min(int(np.searchsorted(length.cumsum(), _WRITTEN_EVENTS, side="right")), _WRITTEN)
    order = np.lexsort((rows[:written, kernels.WHICH], rows[:written, kernels.WHO]))
    who, which = rows[order, kernels.WHO], rows[order, kernels.WHICH]
    spelled = log.run(_scan_spelled, np.concatenate, columns=("time", "event"), rules=rules, who=who, which=which)
    ends = length[:written].cumsum()
    codes = np.empty(len(spelled), np.int32)
    codes[_ranges((ends - length[:written])[order], length[order])] = spelled  # from log order to order of frequency
    return Variants(
        segment=rows[:, kernels.SEGMENT],
        count=rows[:, kernels.COUNT],
        users=rows[:, kernels.USERS],
        events=length,
        codes=codes,
        ends=ends,
    )


def _scan_variants(block: Block, *, rules: Rules) -> Ints:
    table = pairs.new_table(kernels.VARIANT_COLUMNS)
    rows = pairs.taken(kernels.count_variants(units_of(block, rules), block.event, segments(block, rules), table))
    rows[:, kernels.WHO] = block.users[rows[:, kernels.WHO]]
    return rows


def _merge_variants(parts: list[Ints]) -> Ints:
    table = pairs.new_table(kernels.VARIANT_COLUMNS)
    for rows in parts:
        table = pairs.absorb(table, rows, kernels.USERS + 1)
    return pairs.taken(table)


def _scan_spelled(block: Block, *, rules: Rules, who: Ints, which: Ints) -> Codes:
    """Return the events of some units one after another: ``which`` one of the user at ``who``, ascending."""
    here = np.flatnonzero(np.isin(who, block.users))
    if not len(here):
        return np.empty(0, np.int32)
    units = units_of(block, rules)
    unit = np.searchsorted(units.owner, np.searchsorted(block.users, who[here])) + which[here]
    first = units.bounds[unit]
    return block.event[_ranges(first, units.bounds[unit + 1] - first)]


def _ranges(first: Ints, length: Ints) -> Ints:
    """Return the numbers ``first[i]`` up to, not including, ``first[i] + length[i]``, range after range."""
    ends = length.cumsum()
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(first - (ends - length), length)


# ---- steps from an anchor ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Walk:
    """Which steps to look at: ``anchor`` is an event's code, or -1 for the unit's first (``backward``: last) moment."""

    anchor: int
    backward: bool
    steps: int
    top: int


@dataclass(frozen=True)
class Paths:
    """What happens at each step; the boundary's code stands for 'no further event'."""

    log: EventLog
    rules: Rules
    walk: Walk

    @cached_property
    def reached(self) -> Ints:
        """Units by segment, step and what they do there."""
        node = np.tile(np.arange(self.rules.side, dtype=np.int32), (self.walk.steps, 1))
        return self._count(node, 1, self.rules.side)[:, :, 0]

    @property
    def other(self) -> int:
        """The place of the node for all events but the most frequent."""
        return self.walk.top

    @property
    def exit(self) -> int:
        """The place of the node for units without a further event."""
        return self.walk.top + 1

    @cached_property
    def node(self) -> Codes:
        """The place of each event's node at each step: the most frequent by rank, then ``other``, then ``exit``."""
        events = self.log.events
        names = np.argsort(np.argsort(np.array(events, dtype=object), kind="stable"))  # equal counts: by name
        place = np.full((self.walk.steps, self.rules.side), self.other, np.int32)
        for step, number in enumerate(self.reached.sum(axis=0)[:, :-1]):
            order = np.lexsort((names, -number))[: self.walk.top]
            order = order[number[order] > 0]
            place[step, order] = np.arange(len(order))
        place[:, self.rules.boundary] = self.exit
        return place

    @cached_property
    def links(self) -> Ints:
        """Units by segment, step, node before (at the first step: place 0 for all) and node there."""
        return self._count(self.node, self.walk.top + 2, self.walk.top + 2)

    def _count(self, node: Codes, before: int, there: int) -> Ints:
        shape = (self.rules.segments, self.walk.steps, before, there)
        params = {"rules": self.rules, "walk": self.walk, "node": node, "shape": shape}
        return self.log.run(_scan_nodes, partial(_added, shape=shape), columns=self.rules.columns, **params)

    def users(self, step: int, before: Flags | None, there: Flags, segment: int) -> Ints:
        """Return who has a unit with certain events at a step, and at the step before; flags are by code."""
        params = {"rules": self.rules, "walk": self.walk, "step": step, "before": before, "there": there}
        return self.log.run(_scan_walkers, np.concatenate, columns=self.rules.columns, segment=segment, **params)


def _walked(block: Block, rules: Rules, walk: Walk) -> tuple[kernels.Units, Ints]:
    """Return the units, and the row from which each is followed."""
    units = units_of(block, rules)
    if walk.anchor >= 0:
        return units, kernels.anchors(units, block.event, walk.anchor)
    return units, units.bounds[1:] if walk.backward else units.bounds[:-1] - 1


def _scan_nodes(block: Block, *, rules: Rules, walk: Walk, node: Codes, shape: tuple[int, ...]) -> tuple[Ints, Ints]:
    """Return the cells of ``kernels.tread`` that occur, and how often."""
    units, rows = _walked(block, rules, walk)
    counts = np.zeros(shape, np.int32)
    path = kernels.Path(rows, -1 if walk.backward else 1, node)
    kernels.tread(units, block.event, segments(block, rules), path, counts)
    cells = np.flatnonzero(counts).astype(np.int64, copy=False)
    return cells, counts.ravel()[cells].astype(np.int64)


def _added(parts: Sequence[tuple[Ints, Ints]], *, shape: tuple[int, ...]) -> Ints:
    total = np.zeros(int(np.prod(shape)), np.int64)
    for cells, number in parts:
        total[cells] += number
    return total.reshape(shape)


def _scan_walkers(
    block: Block, *, rules: Rules, walk: Walk, step: int, before: Flags | None, there: Flags, segment: int
) -> Ints:
    units, rows = _walked(block, rules, walk)
    sign = -1 if walk.backward else 1
    keep = (rows != kernels.NO_ANCHOR) & there[_at(block, units, rows + sign * step, rules)]
    if before is not None:
        keep &= before[_at(block, units, rows + sign * (step - 1), rules)]
    owner = np.unique(units.owner[keep])
    chosen = owner if segment < 0 else owner[segments(block, rules)[owner] == segment]
    found: Ints = block.users[chosen]
    return found


def _at(block: Block, units: kernels.Units, rows: Ints, rules: Rules) -> Codes:
    """Return the event at a row of each unit, the boundary where the row is outside of the unit."""
    inside = (rows >= units.bounds[:-1]) & (rows < units.bounds[1:])
    codes = np.full(len(rows), rules.boundary, np.int32)
    codes[inside] = block.event[rows[inside]]
    return codes


# ---- the users behind a variant ---------------------------------------------------------------------------------


def alike(log: EventLog, rules: Rules, sequence: Codes, segment: int) -> Ints:
    """Return who has a unit that is exactly a sequence of events."""
    return log.run(_scan_alike, np.concatenate, columns=rules.columns, rules=rules, sequence=sequence, segment=segment)


def _scan_alike(block: Block, *, rules: Rules, sequence: Codes, segment: int) -> Ints:
    units = units_of(block, rules)
    owner = np.unique(units.owner[kernels.alike(units, block.event, sequence)])
    return block.users[owner if segment < 0 else owner[segments(block, rules)[owner] == segment]]

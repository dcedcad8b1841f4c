"""Counting the moves of ``flows``: how often, by how many users, and after how long (the exact median).

The median is found without keeping or sorting the times: a histogram tells which span of time holds it, and a second
reading collects the times of that span alone. Where names are many and a histogram for each move would be too large,
spans are narrowed for the most frequent moves, and the rest is collected in portions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from dangol.kernels import flows as kernels
from dangol.kernels import pairs
from dangol.log.block import Block
from dangol.log.eventlog import EventLog

from .breakdown import Breakdown, segment_at

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

NO_GAP: Final = 1 << 62  # longer than any pause: the whole user is one unit
_NEVER: Final = 1 << 62
_DENSE: Final = 1 << 18  # possible moves up to which they are numbered, not looked up
_CELLS: Final = 1 << 19  # cells of a histogram: a block's partial answer stays near two megabytes
_COLLECTED: Final = 1 << 24  # times held at once
_NARROWED: Final = 1 << 10  # moves narrowed at once
_FEW: Final = 1 << 20  # events up to which all times are collected at once
_OCTAVES: Final = 6  # bits of a useful histogram: with 64 bins each is no wider than from a time to its double


@dataclass(frozen=True)
class Rules:
    """What was asked, in numbers: plain data, so that a scan can take it along.

    ``gap`` is the longest pause within a unit, ``boundary`` the code that stands for a unit's beginning and end.
    """

    gap: int
    boundary: int
    cut: Breakdown | None
    last: bool

    @property
    def session(self) -> bool:
        """Whether the unit is a session, else a user."""
        return self.gap != NO_GAP

    @property
    def side(self) -> int:
        """How many codes there are, the boundary included."""
        return self.boundary + 1

    @property
    def segments(self) -> int:
        """How many segments there are; one without a breakdown."""
        return self.cut.size if self.cut else 1

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that a scan reads."""
        return tuple(dict.fromkeys(("time", "event", *((self.cut.column,) if self.cut else ()))))


@dataclass(frozen=True)
class Moves:
    """Every move that occurs, one element each; ``people`` are the users of each segment.

    ``source`` and ``target`` are event codes, or the boundary; ``median`` is in microseconds, NaN from and to the
    boundary.
    """

    segment: Ints
    source: Ints
    target: Ints
    count: Ints
    users: Ints
    median: Floats
    people: Ints
    boundary: int

    def pick(self, keep: npt.NDArray[Any]) -> Moves:
        """Return some of the moves: by flags or positions."""
        columns = ("segment", "source", "target", "count", "users", "median")
        return replace(self, **{name: getattr(self, name)[keep] for name in columns})

    @property
    def inner(self) -> Moves:
        """The moves from event to event."""
        return self.pick((self.source != self.boundary) & (self.target != self.boundary))

    @property
    def starts(self) -> Moves:
        """The moves into a unit: one per unit."""
        return self.pick(self.source == self.boundary)

    @property
    def ends(self) -> Moves:
        """The moves out of a unit: one per unit."""
        return self.pick(self.target == self.boundary)


class _Spread(NamedTuple):
    """Where each move's median is, changed in place as it gets to be known.

    Among the ``inside`` times of ``low <= time < low + width`` it has ``rank`` others before it. Of an even number of
    times it is the lower of the two in the middle. ``fresh`` flags the moves of whose times nothing is known yet.
    """

    low: Ints
    width: Ints
    rank: Ints
    inside: Ints
    fresh: npt.NDArray[np.bool_]


class _Found(NamedTuple):
    table: pairs.Table
    first: Ints
    second: Ints
    number: Ints
    users: Ints
    people: Ints
    spread: _Spread


def count(log: EventLog, rules: Rules) -> Moves:
    """Count the moves of a log."""
    dense = rules.segments * rules.side**2 <= _DENSE
    found = _count_dense(log, rules) if dense else _count_sparse(log, rules)
    inner = (found.second != rules.boundary) & (found.first % rules.side != rules.boundary)
    for values in found.spread:
        values[~inner] = 0
    middle = _medians(log, rules, found)
    middle[~inner] = np.nan
    kept = np.flatnonzero(found.number)
    return Moves(
        segment=found.first[kept] // rules.side,
        source=found.first[kept] % rules.side,
        target=found.second[kept],
        count=found.number[kept],
        users=found.users[kept],
        median=middle[kept],
        people=found.people,
        boundary=rules.boundary,
    )


def segments(block: Block, rules: Rules) -> Codes:
    """Return each user's segment: 0 without a breakdown, else the value at the user's first (or last) event."""
    users = len(block.users)
    if rules.cut is None:
        return np.zeros(users, np.int32)
    rows = block.offsets[1:] - 1 if rules.last else block.offsets[:-1]
    return np.ascontiguousarray(segment_at(block, rules.cut, rows, np.arange(users)), dtype=np.int32)


def stream(block: Block, rules: Rules) -> kernels.Stream:
    """Return what the kernels read of a block."""
    return kernels.Stream(block.offsets, block.time, block.event, segments(block, rules), rules.gap, rules.side)


# ---- how often, and by how many ---------------------------------------------------------------------------------


def _count_dense(log: EventLog, rules: Rules) -> _Found:
    """Count moves by number, with a first histogram of their times on a logarithmic scale."""
    size = rules.segments * rules.side**2
    bits = min((_CELLS // size).bit_length() - 1, 10)
    coarse = bits < _OCTAVES or log.contents.meta.n_events <= _FEW
    shift = kernels.LOG_BITS - (0 if coarse else bits)
    users, lengths, people = log.run(_scan_dense, _summed, columns=rules.columns, rules=rules, shift=shift)
    number = lengths.sum(axis=1)
    place, before, inside = _picked(lengths, (number - 1) // 2)
    low, high = _log_edge(place, shift), _log_edge(place + 1, shift)
    spread = _Spread(low, high - low, (number - 1) // 2 - before, inside, np.full(size, coarse))
    first, second = np.divmod(np.arange(size), rules.side)
    return _Found(pairs.no_table(), first, second, number, users, people, spread)


def _scan_dense(block: Block, *, rules: Rules, shift: int) -> tuple[Codes, Any, Ints]:
    size = rules.segments * rules.side**2
    people, lengths = np.zeros((size, 2), np.int32), np.zeros((size, 1 << kernels.LOG_BITS - shift), np.uint32)
    flow = stream(block, rules)
    kernels.count_dense(flow, shift, people, lengths)
    return people[:, 0].copy(), lengths, np.bincount(flow.segment, minlength=rules.segments)


def _summed(parts: list[Any]) -> Any:
    """Add up the parts, array by array."""
    totals = [values.astype(np.int64) for values in parts[0]]
    for part in parts[1:]:
        for total, values in zip(totals, part, strict=True):
            np.add(total, values, out=total)
    return totals


def _log_edge(place: Ints, shift: int) -> Ints:
    """Return the shortest time, in microseconds, that falls into a bin of ``count_dense`` or a later one."""
    bits = (place << shift) + kernels.LOG_BASE
    return np.where(place > 0, np.minimum(np.ceil(bits.view(np.float64)), _NEVER), 0).astype(np.int64)


def _count_sparse(log: EventLog, rules: Rules) -> _Found:
    """Count moves in a table of those that occur; nothing is known of their times yet."""
    table, people = log.run(_scan_sparse, _absorbed, columns=rules.columns, rules=rules)
    first, second, number, users, _ = np.ascontiguousarray(pairs.taken(table).T)
    table = pairs.Table(table.slots, np.column_stack([first, second]), table.used)
    size = len(first)
    longest = log.contents.meta.last - log.contents.meta.first
    low, width, rank = np.zeros(size, np.int64), np.full(size, longest + 1), (number - 1) // 2
    spread = _Spread(low, width, rank, number.copy(), np.ones(size, np.bool_))
    return _Found(table, first, second, number, users, people, spread)


def _scan_sparse(block: Block, *, rules: Rules) -> tuple[Codes, Ints]:
    flow = stream(block, rules)
    table = kernels.count_sparse(flow, pairs.new_table(kernels.MOVE_COLUMNS))
    rows = pairs.taken(table)[:, : kernels.USERS + 1].astype(np.int32)  # where names are many, so are these rows
    return rows, np.bincount(flow.segment, minlength=rules.segments)


def _absorbed(parts: list[tuple[Codes, Ints]]) -> tuple[pairs.Table, Ints]:
    table = pairs.new_table(kernels.MOVE_COLUMNS)
    for rows, _ in parts:
        table = pairs.absorb(table, rows, kernels.USERS + 1)
    return table, np.sum([people for _, people in parts], axis=0)


# ---- after how long ---------------------------------------------------------------------------------------------


def _picked(lengths: Ints, rank: Ints) -> tuple[Ints, Ints, Ints]:
    """Return, for each row of counts, the bin that holds the value with a rank, how many are before it, and in it."""
    total = lengths.cumsum(axis=1)
    place = np.minimum((total <= rank[:, None]).sum(axis=1), lengths.shape[1] - 1)
    lines = np.arange(len(lengths))
    inside = lengths[lines, place]
    return place, total[lines, place] - inside, inside


def _medians(log: EventLog, rules: Rules, found: _Found) -> Floats:
    """Return each move's median time in microseconds: of an even number, the mean of the two in the middle."""
    spread, even = found.spread, found.number % 2 == 0
    while len(some := _heavy(spread)):
        fresh = some[spread.fresh[some]]
        _narrow(log, rules, found, fresh if len(fresh) else some, logarithmic=len(fresh) > 0)
    lower, upper = spread.low.copy(), spread.low.copy()  # right already where the span is one microsecond wide
    beyond = even & (spread.inside > 0) & (spread.rank + 1 == spread.inside)  # the upper of the two is past the span
    above = np.full(len(lower), _NEVER)
    for some in _portions(spread, beyond):
        open_ = some[spread.width[some] > 1]
        spans = np.column_stack([spread.low, np.zeros_like(spread.low), np.full_like(spread.low, _NEVER)])
        spans[open_, 1] = spread.width[open_]
        past = some[beyond[some]]
        spans[past, 2] = spread.low[past] + spread.width[past]
        most = int(spread.inside[open_].sum())
        params = {"rules": rules, "table": found.table, "spans": spans, "most": most}
        values, moves, (place, shortest) = log.run(_scan_collect, _together, columns=rules.columns, **params)
        first, second = kernels.select(values, moves, spread.rank)
        lower[open_], upper[open_] = first[open_], second[open_]
        np.minimum.at(above, place, shortest)
    upper = np.where(even, np.where(beyond, above, upper), lower)
    middle: Floats = (lower + upper) / 2
    return middle


def _heavy(spread: _Spread) -> Ints:
    """Choose the moves whose spans to narrow: none where the times inside all spans are few, or evenly spread."""
    inside = np.where(spread.width > 1, spread.inside, 0)
    if inside.sum() <= _COLLECTED:
        return np.empty(0, np.int64)
    most = np.argsort(-inside, kind="stable")[:_NARROWED]
    most = most[inside[most] > 0]
    return most if inside[most].sum() > _COLLECTED // 2 else most[:0]


def _narrow(log: EventLog, rules: Rules, found: _Found, some: Ints, *, logarithmic: bool) -> None:
    """Read the times of some moves, and narrow each one's span to the bin of its histogram that holds the median.

    Moves of whose times nothing is known begin on the logarithmic scale.
    """
    spread = found.spread
    bits = (_CELLS // len(some)).bit_length() - 1
    width = np.frexp(spread.width - 1.0)[1].astype(np.int64)  # how many bits a time within the span has
    shift = np.full(len(width), kernels.LOG_BITS - bits) if logarithmic else np.maximum(width - bits, 0)
    line = np.full(len(width), -1, np.int32)
    line[some] = np.arange(len(some))
    params = {"grid": kernels.Grid(line, spread.low, shift, logarithmic), "size": (len(some), 1 << bits)}
    (lengths,) = log.run(_scan_narrow, _summed, columns=rules.columns, rules=rules, table=found.table, **params)
    place, before, inside = _picked(lengths, spread.rank[some])
    if logarithmic:
        spread.low[some], high = _log_edge(place, int(shift[0])), _log_edge(place + 1, int(shift[0]))
        spread.width[some] = high - spread.low[some]
    else:
        spread.low[some] += place << shift[some]
        spread.width[some] = 1 << shift[some]
    spread.rank[some] -= before
    spread.inside[some] = inside
    spread.fresh[some] = False


def _scan_narrow(
    block: Block, *, rules: Rules, table: pairs.Table, grid: kernels.Grid, size: tuple[int, int]
) -> tuple[Any]:
    lengths = np.zeros(size, np.uint32)
    kernels.narrow(stream(block, rules), table, grid, lengths)
    return (lengths,)


def _portions(spread: _Spread, beyond: npt.NDArray[np.bool_]) -> Iterator[Ints]:
    """Cut the moves that need another reading into portions whose times can be held at once."""
    some = np.flatnonzero(((spread.width > 1) & (spread.inside > 0)) | beyond)
    held = np.where(spread.width[some] > 1, spread.inside[some], 0).cumsum()
    cuts = np.flatnonzero(np.diff(held // _COLLECTED)) + 1
    yield from (part for part in np.split(some, cuts) if len(part))


def _scan_collect(block: Block, *, rules: Rules, table: pairs.Table, spans: Ints, most: int) -> tuple[Ints, Codes, Any]:
    past = bool((spans[:, 2] < _NEVER).any())
    above = np.full(len(spans) if past else 1, _NEVER)
    values, moves, _ = kernels.collect(stream(block, rules), table, spans, min(most, len(block.time)), above)
    place = np.flatnonzero(above < _NEVER)
    return values, moves, (place, above[place])


def _together(parts: Sequence[tuple[Ints, Codes, Any]]) -> tuple[Ints, Codes, tuple[Ints, Ints]]:
    values, moves, past = zip(*parts, strict=True)
    places, shortest = zip(*past, strict=True)
    return np.concatenate(values), np.concatenate(moves), (np.concatenate(places), np.concatenate(shortest))

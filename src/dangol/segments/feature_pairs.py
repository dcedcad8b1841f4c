"""Pairs of users who know each other, read from a table of edges: which of them lie within a unit, and which do not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from dangol.core import calendar
from dangol.core.durations import DAY
from dangol.core.errors import InputError, unknown
from dangol.kernels import units as kernels
from dangol.log.eventlog import EventLog
from dangol.log.segments import read_table

from .feature_counts import Counts

if TYPE_CHECKING:
    import pyarrow as pa

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

# What becomes of a row of the table, in the order in which it is asked.
FATES: Final = (
    "no_id",
    "no_time",
    "after_as_of",
    "unknown_user",
    "self_loop",
    "repeated_pair",
    "not_active",
    "across_units",
    "left_out",
    "kept",
)


@dataclass(frozen=True)
class Edges:
    """Unordered pairs of users by position in the log, the smaller first, each once; and what became of the others."""

    first: Ints
    second: Ints
    fates: Mapping[str, int]


@dataclass(frozen=True)
class Pairs:
    """How many pairs each unit has, and how many rows of the table met each fate."""

    count: Ints
    fates: Mapping[str, int]


def read_edges(log: EventLog, edges: object, as_of: int) -> Edges:
    """Read pairs that were made before ``as_of``.

    Raises:
        InputError: for what is no table, has no ``source`` and ``target``, or a ``time`` that cannot be read.
    """
    table, users = _table(edges), log.contents.ids()
    (source, no_source), (target, no_target) = (_users(table, name, users) for name in ("source", "target"))
    if len(source) and max(source.max(), target.max()) < 0:
        raise InputError(
            f"none of the users in edges is in the log, the first is {table['source'][0].as_py()!r} and the first of "
            f"the log {users[0].as_py()!r}; give user ids as source and target"
        )
    low, high = np.minimum(source, target), np.maximum(source, target)
    fate = np.full(len(low), FATES.index("kept"))
    met = (no_source | no_target, *_late(table, log.zone, as_of), low < 0, low == high)
    for place in reversed(range(len(met))):  # the first that fits is what is told
        fate[met[place]] = place
    kept = fate == FATES.index("kept")
    ordered = np.sort(low[kept] * len(users) + high[kept])
    pairs = ordered[np.diff(ordered, prepend=-1) > 0]
    fates = dict(zip(FATES, np.bincount(fate, minlength=len(FATES)).tolist(), strict=True))
    fates |= {"repeated_pair": len(ordered) - len(pairs), "kept": len(pairs)}
    return Edges(pairs // max(len(users), 1), pairs % max(len(users), 1), fates)


def within(edges: Edges, counts: Counts, users: int, kept: Flags, named: Flags) -> Pairs:
    """Count the pairs of which both were active in a unit.

    Args:
        edges: the pairs.
        counts: who was active where.
        users: how many users the log has.
        kept: which units stay.
        named: which are units at all; the others stand for 'no unit'.
    """
    order = np.lexsort((counts.unit, counts.owner))
    starts = np.concatenate([[0], np.cumsum(np.bincount(counts.owner, minlength=users))])
    count = np.zeros(counts.size, np.int64)
    found = kernels.shared(edges.first, edges.second, starts, counts.unit[order], kept, named, count)
    fates = dict(zip(("not_active", "across_units", "left_out", "kept"), found.tolist(), strict=True))
    return Pairs(count, {**edges.fates, **fates})


# ---- the table --------------------------------------------------------------------------------------------------


def _table(edges: object) -> pa.Table:
    import pyarrow as pa

    if isinstance(edges, str | Path):
        if not _is_file(Path(edges)):
            raise InputError(f"edges={str(edges)!r} is not there; give a Parquet or CSV file with source and target")
        try:
            return read_table(Path(edges))
        except InputError as problem:
            raise InputError(f"edges={str(edges)!r} cannot be read: {problem.__cause__}") from problem
    if not hasattr(edges, "__arrow_c_stream__"):
        raise InputError(f"edges must be a data frame or a file with source and target, found {type(edges).__name__}")
    try:
        return pa.table(edges)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as problem:
        raise InputError(f"edges cannot be read as a table: {problem}") from problem


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that is too long, or can be none
        return False


def _column(table: pa.Table, name: str) -> pa.Array:
    import pyarrow as pa

    if name not in table.column_names:
        raise unknown("column", name, table.column_names, "edges")
    if table.column_names.count(name) > 1:
        raise InputError(f"edges have several columns {name!r}; give them different names")
    whole = table.column(name).combine_chunks()
    return whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole


def _users(table: pa.Table, name: str, users: pa.Array) -> tuple[Ints, Flags]:
    """Return the users of a column by position in the log, -1 for those it does not have, and which rows have none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = _column(table, name)
    ids = column.dictionary if pa.types.is_dictionary(column.type) else column
    odd = (pa.types.is_floating, pa.types.is_nested, pa.types.is_binary, pa.types.is_large_binary)
    if any(one(ids.type) for one in odd):
        raise InputError(f"column {name!r} of edges holds {ids.type}, which cannot be user ids; give ids as text")
    places = pc.index_in(ids.cast(users.type), users, skip_nulls=True)
    if pa.types.is_dictionary(column.type):
        places = places.take(column.indices)
    return pc.fill_null(places, -1).to_numpy().astype(np.int64), np.asarray(column.is_null())


def _late(table: pa.Table, zone: str, as_of: int) -> tuple[Flags, Flags]:
    """Flag the rows without a time, where there is a column of times, and those at or after ``as_of``."""
    if "time" not in table.column_names:
        nothing = np.zeros(table.num_rows, np.bool_)
        return nothing, nothing
    time, known = _times(_column(table, "time"), zone, as_of)
    return ~known, known & (time >= as_of)


def _times(column: pa.Array, zone: str, as_of: int) -> tuple[Ints, Flags]:
    """Return instants in microseconds UTC, brought near ``as_of``; times without an offset are local."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        if not (pa.types.is_temporal(column.type) or pa.types.is_null(column.type)):
            column = _parsed(column.cast(pa.string()))
        aware = pa.types.is_timestamp(column.type) and column.type.tz is not None
        instants = column.cast(pa.timestamp("us", "UTC" if aware else None), safe=False).cast(pa.int64())
    except pa.ArrowException as problem:
        raise InputError(f"column 'time' of edges cannot be read as times: {problem}") from problem
    known = np.asarray(instants.is_valid())
    near = np.clip(pc.fill_null(instants, 0).to_numpy().astype(np.int64), as_of - 3 * DAY, as_of + 3 * DAY)
    if aware:
        return near, known
    return calendar.to_utc(near, calendar.offsets(zone, as_of - 5 * DAY, as_of + 5 * DAY)), known


def _parsed(texts: pa.Array) -> pa.Array:
    """Read times written as text, all with an offset or all without."""
    import pyarrow as pa

    try:
        return texts.cast(pa.timestamp("us"))
    except pa.ArrowInvalid:
        return texts.cast(pa.timestamp("us", "UTC"))

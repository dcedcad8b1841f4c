"""Dirty rows for a sample, in counts that are known: what a load report must find again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .drawing import Array, Random, order_by

_SHARES: Final = {"duplicates": 0.003, "missing_users": 0.001, "unreadable_times": 0.0008, "future_times": 0.0002}
_UNREADABLE: Final = ("0000-00-00 00:00:00", "2023-02-30 25:61:00", "#REF!", "알 수 없음", "-")
_FUTURE: Final = "2038-01-19 12:14:07"  # where clocks of 32 bits end, in Seoul; far later than any export
_REPEAT_AFTER: Final = 400.0  # rows until a repeated row comes again, on average


def soiled(rng: Random, events: pa.Table) -> tuple[pa.Table, dict[str, int]]:
    """Add known numbers of bad rows to a table of events, and say how many; the good rows keep their order.

    Times become text, and every row gets an ``event_id``, which repeated rows share. A repeated row comes a little
    later than the first; every other bad row is a copy of a good one with its own id and one fault.
    """
    size = events.num_rows
    counts = {fault: max(1, round(share * size)) if size else 0 for fault, share in _SHARES.items()}
    kinds = np.repeat(np.arange(len(counts)), list(counts.values()))
    copied = rng.integers(0, size, len(kinds))
    repeated = kinds == 0
    ids = np.concatenate([np.arange(1, size + 1), np.where(repeated, copied, size + np.arange(len(kinds))) + 1])
    comes = copied + np.where(repeated, 1 + rng.exponential(_REPEAT_AFTER, len(kinds)).astype(np.int64), 1)
    # A good row at place i sorts as 2 i, a bad one as an odd number behind the row that it follows.
    order = order_by(np.concatenate([2 * np.arange(size), 2 * np.minimum(comes, size) - 1]))
    taken = np.concatenate([np.arange(size), copied])[order]
    fault = np.concatenate([np.full(size, -1), kinds])[order]
    table = events.take(pa.array(taken))
    texts = pc.cast(table["time"], pa.large_string()).combine_chunks()
    wrong = np.array(_UNREADABLE, dtype=object)[rng.integers(0, len(_UNREADABLE), counts["unreadable_times"])]
    texts = pc.replace_with_mask(texts, pa.array(fault == 2), pa.array(wrong, pa.large_string()))
    texts = pc.if_else(pa.array(fault == 3), _FUTURE, texts)
    table = table.set_column(table.column_names.index("time"), "time", texts)
    users = table["user"].combine_chunks()
    known = pc.if_else(pa.array(fault == 1), pa.scalar(None, users.indices.type), users.indices)
    users = pa.DictionaryArray.from_arrays(known, users.dictionary)
    table = table.set_column(table.column_names.index("user"), "user", users)
    table = table.add_column(0, "event_id", pa.array(ids[order]))
    rejected = counts["missing_users"] + counts["unreadable_times"]
    accepted = table.num_rows - rejected - counts["duplicates"]
    return table, {"rows": table.num_rows, "accepted": accepted, "rejected": rejected, **counts}


def dirty_parts(
    rng: Random, tables: Mapping[str, pa.Table], truth: Mapping[str, Any], mapping: Mapping[str, Any]
) -> tuple[dict[str, pa.Table], dict[str, Any], dict[str, Any]]:
    """Soil the events of a sample; return its tables, truth and mapping as they are then."""
    events, counts = soiled(rng, tables["events"])
    told = {**truth, "rows": {**truth["rows"], "events": events.num_rows}, "dirty": counts}
    return {**tables, "events": events}, told, {**mapping, "event_id": "event_id"}


def without(rng: Random, column: pa.ChunkedArray, share: float) -> tuple[pa.Array, int]:
    """Take some values away from a column; return it and how many."""
    size = len(column)
    gone = np.zeros(size, np.bool_)
    gone[rng.permutation(size)[: max(1, round(share * size))]] = True
    return pc.if_else(pa.array(gone), pa.scalar(None, pa.string()), pc.cast(column, pa.string())), int(gone.sum())


def told_twice(rng: Random, edges: pa.Table, share: float) -> tuple[pa.Table, dict[str, int]]:
    """Repeat some edges, as they are and the other way round; return the table and the counts of both."""
    count = round(share * edges.num_rows)
    again, turned = (pa.array(rng.permutation(edges.num_rows)[:count]) for _ in range(2))
    backwards = edges.take(turned)
    backwards = backwards.select(["target", "source", "time"]).rename_columns(["source", "target", "time"])
    whole = pa.concat_tables([edges, edges.take(again), backwards.cast(edges.schema)])
    return whole.take(_by_time(whole["time"])), {"repeated_edges": count, "reversed_edges": count}


def _by_time(column: pa.ChunkedArray) -> Array:
    seconds = column.to_numpy().astype("datetime64[s]").astype(np.int64)
    return order_by(seconds - seconds.min()) if len(seconds) else seconds

"""The version before: its events and users brought back into the staging database, to be joined with new ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dangol.core.errors import InputError

from .eventlog import EventLog
from .mapping import quoted
from .scratch import row
from .stage import Field

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_SLICE = 1 << 20


def fields_of(log: EventLog, level: str) -> list[Field]:
    """The columns of a log as fields."""
    kept = []
    for column in log.columns:
        if column.level != level or column.name in ("time", "user"):
            continue
        kind: str = column.kind
        if kind == "number" and log.contents.array(column.name).dtype == np.int64:
            kind = "whole"
        kept.append(Field(column.name, kind, column.name))
    return kept


def kinds_of(old: EventLog | None, level: str) -> dict[str, str]:
    """The kinds of the columns in the version before, if there is one."""
    return {one.name: one.kind for one in fields_of(old, level)} if old else {}


def bring_events(
    con: duckdb.DuckDBPyConnection, old: EventLog, view: str, fields: Sequence[Field]
) -> tuple[str, tuple[Field, ...]]:
    """Make the view ``united_all`` of the old events (file 0) and the new ones; columns of either side stay.

    Raises:
        InputError: if a column holds numbers on one side and text on the other.
    """
    import pyarrow as pa

    slices = _slices(old)
    first = next(slices)
    reader = pa.RecordBatchReader.from_batches(first.schema, (batch for part in ([first], slices) for batch in part))
    con.register("incoming", reader)
    con.execute("CREATE TABLE earlier AS SELECT * FROM incoming")
    con.unregister("incoming")
    held = [Field("user", "text", "user"), *fields_of(old, "event")]
    now = {one.name.casefold(): one for one in fields}  # SQL does not tell ``Country`` from ``country``
    before = {one.name.casefold() for one in held}
    united = []
    for one in [*held, *(one for name, one in now.items() if name not in before)]:
        new = now.get(one.name.casefold(), one)
        both = one.name.casefold() in now and one.name.casefold() in before
        kind = _common(one, new) if both or one.kind != "whole" else "number"  # a side without the column has gaps
        for side, table in ((one, "earlier"), (new, view)):
            if kind == "number" and side.kind == "whole" and (both or (table == "earlier") == (one in held)):
                _check_exact(con, table, side)
        united.append(Field(one.name, kind, one.source))
    fresh = f"SELECT * FROM {view}" if view == "merged" else f"SELECT *, 1 AS _dg_lines FROM {view}"
    con.execute(f"CREATE VIEW united_all AS SELECT *, 1 AS _dg_lines FROM earlier UNION ALL BY NAME ({fresh})")
    return "united_all", tuple(united)


def _common(old: Field, new: Field) -> str:
    if old.kind == new.kind:
        return old.kind
    if {old.kind, new.kind} <= {"number", "whole"}:
        return "number"
    held = {"text": "names", "id": "ids"}
    before, now = (held.get(kind, "numbers") for kind in (old.kind, new.kind))
    raise InputError(
        f"column {old.source!r} holds {before} in the log but {now} in the new source; "
        f"ingest both together, or leave the column out with properties"
    )


def _check_exact(con: duckdb.DuckDBPyConnection, table: str, whole: Field) -> None:
    """Refuse to turn integers into floats that cannot hold them."""
    largest = row(con, f"SELECT max(abs({quoted(whole.name)}::HUGEINT)) FROM {table}")[0]
    if (largest or 0) > 2**53:
        raise InputError(
            f"column {whole.source!r} holds integers up to {largest:,}, which cannot stay exact beside rows without "
            f"one; write the column as text, or leave it out with properties"
        )


def _slices(old: EventLog) -> Iterator[pa.RecordBatch]:
    """The old events as plain rows, a slice at a time: text for codes, the user's id, and the place in the log."""
    import pyarrow as pa

    contents = old.contents
    for column in old.columns:
        contents.check(column.name)
    offsets, ids = contents.offsets, contents.ids()
    for begin in range(0, contents.meta.n_events, _SLICE):
        end = min(begin + _SLICE, contents.meta.n_events)
        rows = np.arange(begin, end, dtype=np.int64)
        owner = np.searchsorted(offsets, rows, side="right") - 1
        arrays: dict[str, Any] = {"user": ids.take(pa.array(owner))}
        part = contents.events.slice(begin, end - begin)
        for name, values in zip(part.schema.names, part.columns, strict=True):
            arrays[name] = _plain(values)
        arrays["_dg_file"] = pa.array(np.zeros(end - begin, np.int32))
        arrays["_dg_row"] = pa.array(rows + 1)
        yield pa.record_batch(arrays)


def _plain(values: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(values, pa.DictionaryArray):
        return values.dictionary.take(values.indices)
    if pa.types.is_timestamp(values.type):
        return values.cast(pa.int64())
    if pa.types.is_floating(values.type):
        return pc.if_else(pc.is_nan(values), None, values)
    if pa.types.is_large_string(values.type):  # event ids: no id is kept as an empty text
        return pc.if_else(pc.equal(values, ""), None, values)
    return values


def bring_attributes(con: duckdb.DuckDBPyConnection, old: EventLog, fields: Sequence[Field]) -> tuple[Field, ...]:
    """Complete ``attributes`` with the users' earlier rows; a user's new row takes the place of the old one."""
    import pyarrow as pa

    before = fields_of(old, "user")
    if not before:
        return tuple(fields)
    names = {one.name for one in before}
    if fields and {one.name for one in fields} != names:
        raise InputError(f"the attributes must have the columns that the log has: {', '.join(sorted(names))}")
    batch = old.contents.people
    for column in ("user", *names):
        old.contents.check(column)
    for one in before:
        _common(one, next((field for field in fields if field.name == one.name), one))
    table = pa.table({"user": batch.column("user"), **{one.name: _plain(batch.column(one.name)) for one in before}})
    con.register("incoming", table)
    con.execute("CREATE TABLE earlier_attributes AS SELECT * FROM incoming")
    con.unregister("incoming")
    if not fields:
        con.execute("ALTER TABLE earlier_attributes RENAME TO attributes")
        return tuple(before)
    columns = ", ".join(["user", *(quoted(one.name) for one in before)])
    con.execute(
        f"INSERT INTO attributes BY NAME SELECT {columns} FROM earlier_attributes ANTI JOIN attributes USING (user)"
    )
    return tuple(before)

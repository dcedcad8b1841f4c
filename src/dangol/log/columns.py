"""From the events in the staging database to Arrow columns: codes for names, one sort by user, time and source order.

The sort runs in DuckDB, which spills to disk; its result streams through here into one plain file per column, and the
files are mapped, so that a log larger than memory passes through in small pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dangol.core.errors import InputError

from .contents import Column
from .mapping import quoted
from .progress import Progress
from .scratch import row
from .stage import Field

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


@dataclass(frozen=True)
class Coded:
    """A text column's dictionary and the SQL that gives a row's code in it."""

    dictionary: pa.Array
    code: str


def people(con: duckdb.DuckDBPyConnection, events: str) -> int:
    """Make the table ``people``: every user of the events with a code, in the order of their ids."""
    con.execute(f"""
        CREATE TABLE people AS
        SELECT user, (row_number() OVER (ORDER BY user) - 1)::INT AS _dg_code FROM (SELECT DISTINCT user FROM {events})
    """)
    return int(row(con, "SELECT count(*) FROM people")[0])


def coded(con: duckdb.DuckDBPyConnection, table: str, column: str, name: str) -> Coded:
    """Number the texts of a column by their order; where some rows have none, code 0 stands for 'no value'."""
    import pyarrow as pa

    texts = con.sql(f"SELECT DISTINCT {column} AS v FROM {table} ORDER BY v NULLS FIRST").to_arrow_table()["v"]
    texts = texts.combine_chunks().cast(pa.large_string())
    missing = int(texts.null_count)
    if len(texts) == missing:
        return Coded(texts, "0::INT")  # nobody has a value
    con.execute(
        f"CREATE TYPE {name} AS ENUM (SELECT DISTINCT {column} AS v FROM {table} WHERE {column} IS NOT NULL ORDER BY v)"
    )
    code = f"enum_code({column}::{name})::INT"
    return Coded(texts, f"coalesce({code} + 1, 0)" if missing else code)


class ColumnFile:
    """One column on its way to the log: values appended to a plain file, then mapped."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._out = path.open("wb", buffering=0)  # a full disk is told by the write, not at closing

    def append(self, values: Any) -> None:
        """Add some values."""
        left = np.ascontiguousarray(values).data.cast("B")
        while left:
            left = left[self._out.write(left) :]

    def close(self) -> None:
        """Hand everything to the file system."""
        self._out.close()

    def mapped(self, kind: Any) -> Any:
        """The values, mapped from the file; an empty file maps to an empty array."""
        if not self._path.stat().st_size:
            return np.empty(0, kind)
        return np.memmap(self._path, kind, mode="r")


def write_events(
    con: duckdb.DuckDBPyConnection,
    events: str,
    fields: Sequence[Field],
    scratch: Path,
    n_users: int,
    progress: Progress,
) -> tuple[pa.RecordBatch, Any]:
    """Sort the events and return them as mapped Arrow columns, with each user's number of events."""
    import pyarrow as pa

    kept = [one for one in fields if one.name != "user"]
    codes = {
        one.name: coded(con, events, quoted(one.name), f"names_{i}") for i, one in enumerate(kept) if one.kind == "text"
    }
    select = ["people._dg_code AS _dg_user", "e.time AS time", *(_selected(one, codes.get(one.name)) for one in kept)]
    total = int(row(con, f"SELECT count(*) FROM {events}")[0])
    progress.update("sorting", 0, 0)
    sql = f"""
        SELECT {", ".join(select)}
        FROM {events} AS e JOIN people USING (user)
        ORDER BY people._dg_code, e.time, e._dg_file, e._dg_row
    """
    names = ["time", *(one.name for one in kept)]
    files = {name: ColumnFile(scratch / f"column-{i}") for i, name in enumerate(names)}
    lengths = {one.name: ColumnFile(scratch / f"lengths-{one.name}") for one in kept if one.kind == "id"}
    counts = np.zeros(n_users, np.int64)
    done = 0
    try:
        for batch in con.sql(sql).to_arrow_reader(1 << 20):
            user = batch.column(0).to_numpy()
            if len(user):
                counts[user[0] : user[-1] + 1] += np.bincount(user - user[0], minlength=1)
            for position, name in enumerate(names, start=1):
                _append(batch.column(position), files[name], lengths.get(name))
            done += len(user)
            progress.update("writing", done, total, rows=done)
    finally:
        for file in [*files.values(), *lengths.values()]:
            file.close()
    arrays = {"time": _arrow(files["time"].mapped(np.int64), pa.int64()).view(pa.timestamp("us", "UTC"))}
    for one in kept:
        arrays[one.name] = _column(one, files[one.name], codes.get(one.name), lengths.get(one.name))
    return pa.record_batch(arrays), counts


def _selected(one: Field, codes: Coded | None) -> str:
    """The SQL of a column in the form that is kept: codes of texts, numbers with NaN for none."""
    sql = f"e.{quoted(one.name)}"
    if codes is not None:
        sql = codes.code
    elif one.kind == "number":
        sql = f"coalesce({sql}, 'nan'::DOUBLE)"
    return f"{sql} AS {quoted(one.name)}"


def _append(values: Any, file: ColumnFile, lengths: ColumnFile | None) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    if lengths is None:
        file.append(values.to_numpy())
        return
    texts = pc.fill_null(values, "").cast(pa.large_string())
    ends = np.frombuffer(texts.buffers()[1], np.int64)[texts.offset : texts.offset + len(texts) + 1]
    lengths.append(np.diff(ends))
    file.append(np.frombuffer(texts.buffers()[2] or b"", np.uint8)[ends[0] : ends[-1]])


def _column(one: Field, file: ColumnFile, codes: Coded | None, lengths: ColumnFile | None) -> pa.Array:
    import pyarrow as pa

    if codes is not None:
        return _dictionary(file.mapped(np.int32), codes.dictionary)
    if lengths is not None:
        ends = np.concatenate([[0], np.cumsum(lengths.mapped(np.int64))]).astype(np.int64)
        buffers = [None, pa.py_buffer(ends), pa.py_buffer(file.mapped(np.uint8))]
        return pa.Array.from_buffers(pa.large_string(), len(ends) - 1, buffers)
    kind = np.dtype(np.int64 if one.kind == "whole" else np.float64)
    return _arrow(file.mapped(kind), pa.from_numpy_dtype(kind))


def _dictionary(codes: Any, texts: pa.Array) -> pa.DictionaryArray:
    """Pair codes with their texts; a null text at code 0 becomes an Arrow null in the rows."""
    import pyarrow as pa
    import pyarrow.compute as pc

    present = None
    if texts.null_count:
        present = pa.py_buffer(np.packbits(codes != 0, bitorder="little"))
        texts = pc.fill_null(texts, "")
    indices = pa.Array.from_buffers(pa.int32(), len(codes), [present, pa.py_buffer(codes)])
    return pa.DictionaryArray.from_arrays(indices, texts)


def _arrow(values: Any, kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


def user_batch(con: duckdb.DuckDBPyConnection, counts: Any, fields: Sequence[Field]) -> pa.RecordBatch:
    """Return the users: id, first row, and the attributes joined by id."""
    import pyarrow as pa

    select = ["people.user AS user"]
    for one in fields:
        column = f"a.{quoted(one.name)}"
        if one.kind == "text":  # users without attributes have no value, whether or not others lack one
            select.append(f"{column} AS {quoted(one.name)}")
        else:
            select.append(f"coalesce(CAST({column} AS DOUBLE), 'nan'::DOUBLE) AS {quoted(one.name)}")
    join = "LEFT JOIN attributes AS a USING (user)" if fields else ""
    sql = f"SELECT {', '.join(select)} FROM people {join} ORDER BY people._dg_code"
    table = con.sql(sql).to_arrow_table().combine_chunks()
    first = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)
    arrays: dict[str, Any] = {
        "user": table["user"].combine_chunks().cast(pa.large_string()),
        "first_row": pa.array(first),
    }
    for one in fields:
        values = table[one.name].combine_chunks()
        arrays[one.name] = _encoded(values) if one.kind == "text" else values
    return pa.record_batch(arrays)


def _encoded(values: pa.Array) -> pa.DictionaryArray:
    """Encode texts by their order, with an entry for 'no value' at code 0 if some have none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pc.unique(values.drop_null()).cast(pa.large_string())
    texts = texts.take(pc.sort_indices(texts))
    if values.null_count:
        texts = pa.concat_arrays([pa.nulls(1, texts.type), texts])
    codes = pc.index_in(values.cast(pa.large_string()), texts, skip_nulls=False)
    return _dictionary(codes.cast(pa.int32()).to_numpy(), texts)


def described(events: Sequence[Field], users: Sequence[Field]) -> tuple[Column, ...]:
    """Describe the log's columns: time and event first, then the rest in the order of the source."""
    kinds: dict[str, Any] = {"text": "text", "number": "number", "whole": "number", "id": "id"}
    columns = [Column("time", "time", "event")]
    columns += [Column(one.name, kinds[one.kind], "event") for one in events if one.name != "user"]
    columns += [Column("user", "id", "user"), *(Column(one.name, kinds[one.kind], "user") for one in users)]
    names = [one.name for one in columns]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"two columns would be called {twice!r}; rename one of them in the source")
    return tuple(columns)

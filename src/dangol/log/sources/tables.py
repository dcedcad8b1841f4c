"""Anything that speaks the Arrow C stream: pandas, polars, DuckDB, pyarrow, Ibis."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from dangol.core.errors import InputError

from .source import Options, Source

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH: Final = 1 << 16  # rows
_UNNAMED_INDEX: Final = re.compile(r"__index_level_\d+__")  # how pandas exports the row labels nobody named
_TABLES: Final = {  # what stays as it is when it is read: module and class -> what people call it
    ("pandas", "DataFrame"): "DataFrame",
    ("polars", "DataFrame"): "DataFrame",
    ("pyarrow", "Table"): "Arrow table",
    ("pyarrow", "RecordBatch"): "Arrow table",
}


def open_table(source: Any, options: Options) -> Source:
    """Open a table in memory, or a stream; a stream can be read once."""
    kind = type(source)
    known = _TABLES.get((kind.__module__.partition(".")[0], kind.__name__))
    name = known or (kind.__name__ if "Reader" not in kind.__name__ else "Arrow stream")
    options.only(name, "Arrow")
    stream = _stream(source, name)
    schema = plain_schema(stream.schema, name)
    held, position = [stream], [0]

    def batches() -> Iterator[pa.RecordBatch]:
        if not held and known is None:
            raise InputError(f"{name} is a stream that was read already; give it anew, or a table")
        return _batches(held.pop() if held else _stream(source, name), schema, position, name)

    return Source(
        name=name,
        format="Arrow",
        details={"type": f"{kind.__module__.partition('.')[0]}.{kind.__name__}"},
        schema=schema,
        batches=batches,
        rewindable=known is not None,
        counted=lambda: _rows(source) if known else None,
        size=None,
        position=lambda: position[0],
    )


def _rows(source: Any) -> int:
    return int(source.num_rows if hasattr(source, "num_rows") else len(source))


def plain_schema(schema: pa.Schema, name: str) -> pa.Schema:
    """Return a schema without metadata and without the unnamed row labels of pandas.

    Raises:
        InputError: if there is no column, or one name twice.
    """
    import pyarrow as pa

    fields = [field.remove_metadata() for field in schema if not _UNNAMED_INDEX.fullmatch(field.name)]
    if not fields:
        raise InputError(f"{name} has no column; give a table with a user, an event and a time column")
    twice = [column for column, count in Counter(field.name for field in fields).items() if count > 1]
    if twice:
        listed = ", ".join(repr(column) for column in twice[:5])
        raise InputError(f"{name} has column {listed} more than once; rename the columns so that every name is unique")
    return pa.schema(fields)


def _stream(source: Any, name: str) -> pa.RecordBatchReader:
    import pyarrow as pa

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # pandas: names that are numbers become text, which is meant
            return pa.RecordBatchReader.from_stream(source)
    except (pa.ArrowException, TypeError, ValueError) as error:
        reason = ": ".join(str(part) for part in error.args)
        raise InputError(f"{name} cannot be read as Arrow ({reason}); give every column one type") from None


def _batches(stream: Any, schema: pa.Schema, position: list[int], name: str) -> Iterator[pa.RecordBatch]:
    """Yield the stream in batches of bounded length; a table in one piece is cut without copying."""
    import pyarrow as pa

    position[0] = 0
    try:
        for batch in stream:
            chosen = pa.RecordBatch.from_arrays([batch.column(field) for field in schema.names], schema=schema)
            for at in range(0, chosen.num_rows, _BATCH):
                part = chosen.slice(at, _BATCH)
                position[0] += part.nbytes
                yield part
    except pa.ArrowException as error:
        raise InputError(f"{name} stopped while it was read: {error}") from None

"""Raw rows: the records of all sources in one table of the scratch database, numbered and counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dangol.core.errors import DangolError, InputError, StoreError

from .mapping import literal
from .progress import Progress

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from .sources import Source

_OURS: Final = "_dg_"  # how our own columns begin, beside those of the source
_TYPED: Final = ("Parquet", "Arrow")  # formats that state the types of their columns


@dataclass(frozen=True)
class Raw:
    """A table with every record of every source, and ``_dg_file`` and ``_dg_row`` (both from 1) besides its columns."""

    name: str
    copied: bool
    typed: bool  # the source states the types of its columns: its text is text
    columns: tuple[str, ...]
    types: dict[str, str]
    rows: tuple[int, ...]  # of each source


def load_raw(con: duckdb.DuckDBPyConnection, sources: Sequence[Source], progress: Progress, name: str = "raw") -> Raw:
    """Bring the sources' records into one table: Parquet is looked at in place, the rest is copied.

    Raises:
        InputError: for names that SQL cannot tell apart, or types that do not fit each other.
        StoreError: if other rows arrive than the sources hold.
    """
    for source in sources:
        _check_names(source)
    schema = _common_schema(sources)
    in_place = _scannable(sources)
    if in_place:
        listed = "[" + ", ".join(literal(str(source.parquet_path)) for source in sources) + "]"
        numbered = f"list_position({listed}, _dg_filename)::INT AS _dg_file, file_row_number + 1 AS _dg_row"
        options = "file_row_number = true, filename = '_dg_filename', union_by_name = true, hive_partitioning = false"
        con.execute(f"""
            CREATE VIEW {name} AS
            SELECT * EXCLUDE (_dg_filename, file_row_number), {numbered} FROM read_parquet({listed}, {options})
        """)
    else:
        _copy(con, sources, schema, progress, name)
    described = con.execute(f"DESCRIBE {name}").fetchall()
    types = {row[0]: str(row[1]) for row in described if row[0] not in ("_dg_file", "_dg_row")}
    counts = {
        int(file): int(count)
        for file, count in con.execute(f"SELECT _dg_file, count(*) FROM {name} GROUP BY 1").fetchall()
    }
    rows = tuple(counts.get(number, 0) for number in range(1, len(sources) + 1))
    _agree(sources, sum(rows))
    return Raw(name, not in_place, sources[0].format in _TYPED, tuple(types), types, rows)


def _check_names(source: Source) -> None:
    """Refuse names that SQL, which does not tell upper from lower case, would confuse."""
    seen: dict[str, str] = {}
    for name in source.schema.names:
        if not name or name.startswith(_OURS):
            raise InputError(f"{source.name} has a column named {name!r}; give it another name")
        if name.casefold() in seen:
            raise InputError(
                f"the columns {seen[name.casefold()]!r} and {name!r} of {source.name} differ only in case; rename one"
            )
        seen[name.casefold()] = name


def _scannable(sources: Sequence[Source]) -> bool:
    """Whether DuckDB can scan all files in place: each once, of the same types, no path that it takes for a pattern."""
    paths = [source.parquet_path for source in sources]
    if not all(paths) or len(set(paths)) < len(paths) or set("*?[]{}") & set("".join(map(str, paths))):
        return False
    kinds = [{field.name: field.type for field in source.schema} for source in sources]
    return all(one == kinds[0] for one in kinds) and "file_row_number" not in {name.casefold() for name in kinds[0]}


def _common_schema(sources: Sequence[Source]) -> pa.Schema:
    """The columns of all sources, each of the one type that holds its values in every source.

    DuckDB would cast the later tables to the types of the first, and round 12.7 to 13 where that holds integers.
    """
    import pyarrow as pa

    first = sources[0]
    other = next((one for one in sources if (one.format in _TYPED) != (first.format in _TYPED)), None)
    if other is not None:
        raise InputError(
            f"{first.name} is {first.format} and {other.name} is {other.format}: the types of the one would be "
            f"forced on the other; ingest one and append the other"
        )
    fields = {field.name: field for field in first.schema}
    for source in sources[1:]:
        for field in source.schema:
            held = fields[field.name]
            if held.type != field.type:
                pair = [pa.schema([(field.name, _plain(one.type))]) for one in (held, field)]
                try:
                    fields[field.name] = pa.unify_schemas(pair, promote_options="permissive").field(0)
                except pa.ArrowException:
                    raise InputError(
                        f"column {field.name!r} is {held.type} in {first.name} but {field.type} in {source.name}; "
                        f"give it one type"
                    ) from None
    return pa.schema(list(fields.values()))


def _plain(kind: pa.DataType) -> pa.DataType:
    """The type of the values: codes and views of texts are texts."""
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.large_string() if pa.types.is_string_view(kind) else kind


def _copy(
    con: duckdb.DuckDBPyConnection, sources: Sequence[Source], common: pa.Schema, progress: Progress, name: str
) -> None:
    import duckdb
    import pyarrow as pa

    total = sum(source.size or 0 for source in sources)
    done = 0
    for number, source in enumerate(sources, start=1):
        schema = common.append(pa.field("_dg_file", pa.int32())).append(pa.field("_dg_row", pa.int64()))
        trouble: list[DangolError] = []
        batches = _told(_numbered(source, number, schema, progress, done, total), trouble)
        con.register("incoming", pa.RecordBatchReader.from_batches(schema, batches))
        verb = f"CREATE TEMP TABLE {name} AS" if number == 1 else f"INSERT INTO {name}"
        try:
            con.execute(f"{verb} SELECT * FROM incoming")
        except duckdb.Error:
            if trouble:
                raise trouble[0] from None
            raise
        con.unregister("incoming")
        done += source.size or 0


def _told(batches: Iterator[pa.RecordBatch], trouble: list[DangolError]) -> Iterator[pa.RecordBatch]:
    """Pass batches on, and keep our own complaint, which DuckDB would wrap in its own words."""
    try:
        yield from batches
    except DangolError as problem:
        trouble.append(problem)
        raise


def _numbered(
    source: Source, number: int, schema: pa.Schema, progress: Progress, done: int, total: int
) -> Iterator[pa.RecordBatch]:
    import numpy as np
    import pyarrow as pa

    row = 0
    for batch in source.batches():
        size = batch.num_rows
        numbers = pa.array(np.arange(row + 1, row + size + 1))
        columns = [_fitted(batch, field, source.name) for field in list(schema)[:-2]]
        yield pa.RecordBatch.from_arrays([*columns, pa.array(np.full(size, number, np.int32)), numbers], schema=schema)
        row += size
        progress.update("reading", done + source.position(), total, rows=row)


def _fitted(batch: pa.RecordBatch, field: pa.Field, name: str) -> pa.Array:
    """A column in the type that it has in all sources."""
    import pyarrow as pa

    column = batch.column(field.name)
    if column.type == field.type:
        return column
    try:
        return column.cast(field.type)
    except pa.ArrowException as problem:
        raise InputError(f"column {field.name!r} of {name} cannot be read as {field.type}: {problem}") from None


def _agree(sources: Sequence[Source], rows: int) -> None:
    """Compare the rows that arrived, and those the reader set aside, with a count made another way."""
    counts = [source.counted() for source in sources]
    if None in counts:
        return
    expected = sum(count for count in counts if count is not None)
    found = rows + sum(len(source.problems) for source in sources)
    if found != expected:
        raise StoreError(
            f"{sources[0].name}: the file holds {expected:,} records but {found:,} were read; nothing was loaded. "
            f"Quotes that do not close are the usual cause"
        )

"""Staging: rows of any source become one checked table in a scratch DuckDB database, every row accounted for.

Text columns arrive as text and are cast here by our own rules, because automatic typing damages data silently.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from dangol.core import calendar
from dangol.core.errors import DangolError, InputError, StoreError, unknown

from .mapping import Mapping as Roles
from .mapping import expression, kept_properties, literal, quoted
from .progress import Progress
from .scratch import row
from .times import EARLIEST, LATEST, TimeRule, time_rule

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from .sources import Source

# A number as a person or program writes it plainly: 007, 1_000, nan and 20-digit ids stay text.
PLAIN_NUMBER: Final = r"-?(0|[1-9]\d{0,14})(\.\d{1,15})?"
_WHOLE: Final = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT")
_NUMBERS: Final = (*_WHOLE, "FLOAT", "DOUBLE")
_OURS: Final = "_dg_"  # how our own columns begin, beside those of the source


_ROLE_KINDS: Final = {"amount": "number", "event_id": "id"}  # all others are text


@dataclass(frozen=True)
class Field:
    """A column of the table ``checked``: its name in the log, its kind, and where it came from."""

    name: str
    kind: str  # text, number, id
    source: str


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
    """Bring the sources' records into one table: Parquet is looked at in place, the rest is copied as text."""
    for source in sources:
        _check_names(source)
    paths = [source.parquet_path for source in sources]
    if all(paths):
        listed = "[" + ", ".join(literal(str(path)) for path in paths) + "]"
        numbered = f"list_position({listed}, _dg_filename)::INT AS _dg_file, file_row_number + 1 AS _dg_row"
        con.execute(f"""
            CREATE VIEW {name} AS
            SELECT * EXCLUDE (_dg_filename, file_row_number), {numbered}
            FROM read_parquet({listed}, file_row_number = true, filename = '_dg_filename', union_by_name = true)
        """)
    else:
        _copy(con, sources, progress, name)
    described = con.execute(f"DESCRIBE {name}").fetchall()
    types = {row[0]: str(row[1]) for row in described if row[0] not in ("_dg_file", "_dg_row")}
    counts = {
        int(file): int(count)
        for file, count in con.execute(f"SELECT _dg_file, count(*) FROM {name} GROUP BY 1").fetchall()
    }
    rows = tuple(counts.get(number, 0) for number in range(1, len(sources) + 1))
    _agree(sources, sum(rows))
    return Raw(name, not all(paths), sources[0].format in ("Parquet", "Arrow"), tuple(types), types, rows)


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


def _copy(con: duckdb.DuckDBPyConnection, sources: Sequence[Source], progress: Progress, name: str) -> None:
    import duckdb
    import pyarrow as pa

    total = sum(source.size or 0 for source in sources)
    done = 0
    for number, source in enumerate(sources, start=1):
        schema = source.schema.append(pa.field("_dg_file", pa.int32())).append(pa.field("_dg_row", pa.int64()))
        trouble: list[DangolError] = []
        batches = _told(_numbered(source, number, schema, progress, done, total), trouble)
        con.register("incoming", pa.RecordBatchReader.from_batches(schema, batches))
        verb = f"CREATE TEMP TABLE {name} AS" if number == 1 else f"INSERT INTO {name} BY NAME"
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
        yield pa.RecordBatch.from_arrays(
            [*batch.columns, pa.array(np.full(size, number, np.int32)), numbers], schema=schema
        )
        row += size
        progress.update("reading", done + source.position(), total, rows=row)


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


def type_columns(
    con: duckdb.DuckDBPyConnection, raw: Raw, view: str = "typed", keep: Container[str] = ()
) -> dict[str, str]:
    """Make a view of typed columns: text columns whose every value is a plain number become numbers, '' becomes NULL.

    Columns in ``keep`` stay text. The text of a column of numbers stays beside it under the name that ``as_written``
    gives.

    Returns:
        The kind of every column: ``text``, ``number``, or ``whole`` (integers as such).
    """
    texts = [name for name in raw.columns if raw.types[name] == "VARCHAR" and name not in keep and not raw.typed]
    plain = _all_plain(con, raw, _sample_plain(con, raw, texts))
    parts, kinds = [], {}
    for name in raw.columns:
        column, kind = quoted(name), raw.types[name]
        if name in plain:
            parts.append(f"CAST(nullif({column}, '') AS DOUBLE) AS {column}")
            parts.append(f"{column} AS {as_written(name)}")
            kinds[name] = "number"
        elif kind == "VARCHAR":
            parts.append(f"nullif({column}, '') AS {column}")
            kinds[name] = "text"
        else:
            parts.append(column)
            kinds[name] = "whole" if kind in _WHOLE else "number" if _is_number(kind) else "text"
    con.execute(f"CREATE VIEW {view} AS SELECT {', '.join(parts)}, _dg_file, _dg_row FROM {raw.name}")
    return {**kinds, **_exact(con, raw, [name for name in raw.columns if kinds[name] == "whole"])}


def _is_number(kind: str) -> bool:
    return kind in _NUMBERS or (kind.startswith("DECIMAL(") and not kind.endswith("]"))


def as_written(name: str) -> str:
    """The column that keeps the text of a text column read as numbers (``007`` is an id, not a 7)."""
    return quoted(f"_dg_written {name}")


def _sample_plain(con: duckdb.DuckDBPyConnection, raw: Raw, names: Sequence[str]) -> list[str]:
    tests = ", ".join(
        f"bool_and(regexp_full_match(nullif({quoted(name)}, ''), {literal(PLAIN_NUMBER)}))" for name in names
    )
    if not names:
        return []
    found = row(con, f"SELECT {tests} FROM (SELECT * FROM {raw.name} LIMIT 5000)")
    return [name for name, plain in zip(names, found, strict=True) if plain is not False]


def _all_plain(con: duckdb.DuckDBPyConnection, raw: Raw, names: Sequence[str]) -> set[str]:
    if not names:
        return set()
    test = "coalesce(bool_and(regexp_full_match(nullif({0}, ''), {1})), false)"
    tests = ", ".join(test.format(quoted(name), literal(PLAIN_NUMBER)) for name in names)
    found = row(con, f"SELECT {tests} FROM {raw.name}")
    return {name for name, plain in zip(names, found, strict=True) if plain}


def _exact(con: duckdb.DuckDBPyConnection, raw: Raw, names: Sequence[str]) -> dict[str, str]:
    """Integers with gaps become float64, which is exact to 2**53; what is too large becomes text."""
    if not names:
        return {}
    tests = ", ".join(f"count(*) - count({quoted(name)}), max(abs({quoted(name)}::HUGEINT))" for name in names)
    found = row(con, f"SELECT {tests} FROM {raw.name}")
    kinds = {}
    for name, missing, largest in zip(names, found[::2], found[1::2], strict=True):
        most = 2**53 if missing else 2**63 - 1
        kinds[name] = "text" if (largest or 0) > most else "number" if missing else "whole"
    return kinds


@dataclass(frozen=True)
class Checked:
    """The table ``checked``: ``_dg_file``, ``_dg_row``, ``time`` in microseconds, ``_dg_naive``, a column a field."""

    fields: tuple[Field, ...]
    rule: TimeRule


def check(
    con: duckdb.DuckDBPyConnection, raw: Raw, mapping: Roles, time_format: str | None, keep: Container[str]
) -> Checked:
    """Make ``checked``, the rows that are events, and ``rejected`` (``_dg_file, _dg_row, role, value``), the others.

    Columns in ``keep`` (text in the version before) stay text whatever their values.

    Raises:
        InputError: for a role or property that the source does not have, or times that cannot be told.
    """
    properties = kept_properties(mapping, raw.columns)
    for name in mapping.collapse:
        if name not in raw.columns:
            raise unknown("collapse column", name, raw.columns, "the source")
    named = " ".join(mapping.roles().values())
    needed = [name for name in raw.columns if name in properties or name in mapping.collapse or name in named]
    known, raw = raw.columns, replace(raw, columns=tuple(needed))
    kinds = type_columns(con, raw, keep=keep)
    roles = {role: _read(con, raw, kinds, known, (role, value)) for role, value in mapping.roles().items()}
    types = {role: _type(con, sql) for role, sql in roles.items()}
    rule = time_rule(con, "typed", roles["time"], types["time"], time_format, mapping.time)
    fields = [Field(role, _ROLE_KINDS.get(role, "text"), mapping.roles()[role]) for role in roles if role != "time"]
    fields += [Field(_free(name, roles), kinds[name], name) for name in properties]
    columns = [f"{rule.us} AS time", f"{rule.naive} AS _dg_naive"]
    for one in fields:
        if one.name in roles:
            columns.append(f"{_role(one.name, roles[one.name], types[one.name])} AS {quoted(one.name)}")
        else:
            columns.append(f"{_property(one)} AS {quoted(one.name)}")
    columns += [f"{quoted(name)} AS {quoted(f'_dg_key {name}')}" for name in mapping.collapse]
    _sort_out(con, columns, {name: (roles[name], types[name]) for name in ("time", "amount") if name in roles})
    if raw.copied:
        con.execute(f"DROP VIEW typed; DROP TABLE {raw.name}")  # its rows live on in ``every``
    return Checked(tuple(fields), rule)


def _sort_out(con: duckdb.DuckDBPyConnection, columns: Sequence[str], seen: Mapping[str, tuple[str, str]]) -> None:
    """Make ``every`` row of ``columns``, and of it ``rejected`` and ``checked``.

    ``seen`` holds the SQL and the type of the roles whose values may be wrong, to be shown as they stand in the source.
    """
    shown = [f"{sql} AS _dg_seen_{name}" for name, (sql, _) in seen.items()]
    problem, value = _problem({name: kind for name, (_, kind) in seen.items()})
    con.execute(f"""
        CREATE TEMP TABLE every AS
        SELECT
            * EXCLUDE ({", ".join(f"_dg_seen_{name}" for name in seen)}),
            {problem} AS _dg_problem,
            {value} AS _dg_value
        FROM (SELECT _dg_file, _dg_row, {", ".join([*columns, *shown])} FROM typed)
    """)
    con.execute("""
        CREATE TABLE rejected AS
        SELECT _dg_file, _dg_row, _dg_problem AS role, _dg_value AS value FROM every WHERE _dg_problem IS NOT NULL
    """)
    con.execute("CREATE VIEW checked AS SELECT * EXCLUDE (_dg_problem, _dg_value) FROM every WHERE _dg_problem IS NULL")


def _read(
    con: duckdb.DuckDBPyConnection, raw: Raw, kinds: dict[str, str], known: Sequence[str], mapped: tuple[str, str]
) -> str:
    """The SQL of a role. Ids, names and times are read as they were written even where they look like numbers."""
    role, value = mapped
    sql = expression(con, role, value, known, "typed")
    if value in raw.columns and raw.types[value] == "VARCHAR" and kinds[value] == "number":
        return as_written(value)
    return sql


def _type(con: duckdb.DuckDBPyConnection, sql: str) -> str:
    return str(con.execute(f"DESCRIBE SELECT {sql} AS v FROM typed").fetchall()[0][1])


def as_text(sql: str, kind: str) -> str:
    """Ids and names as text; a whole number that a table held as a float (17850.0) is written without the point."""
    if kind in ("FLOAT", "DOUBLE"):
        whole = f"{sql} = trunc({sql}) AND abs({sql}) < 1e15"
        return f"CASE WHEN {whole} THEN CAST({sql}::BIGINT AS VARCHAR) ELSE CAST({sql} AS VARCHAR) END"
    return f"nullif(CAST({sql} AS VARCHAR), '')"


def _role(role: str, sql: str, kind: str) -> str:
    """The SQL of a role in the form that the log keeps it: the amount as a number, all else as text."""
    return f"try_cast({sql} AS DOUBLE)" if role == "amount" else as_text(sql, kind)


def _property(one: Field) -> str:
    """The SQL of a property in the form that the log keeps it."""
    column = quoted(one.source)
    if one.kind == "whole":
        return f"CAST({column} AS BIGINT)"
    return f"CAST({column} AS DOUBLE)" if one.kind == "number" else f"nullif(CAST({column} AS VARCHAR), '')"


def _free(name: str, roles: Iterable[str]) -> str:
    """A property must not take the name of a mapped role, nor of the log's own column."""
    return f"{name}_" if name.casefold() in {*roles, "first_row"} else name


def _problem(types: Mapping[str, str]) -> tuple[str, str]:
    """SQL for the first thing wrong with a row (NULL if nothing is) and for the value that is wrong."""
    empty = {
        name: f"nullif(_dg_seen_{name}, '')" if kind == "VARCHAR" else f"_dg_seen_{name}"
        for name, kind in types.items()
    }
    tests = [("user", '"user" IS NULL', "user"), ("event", "event IS NULL", "event")]
    tests += [("no time", f"{empty['time']} IS NULL", "_dg_seen_time"), ("time", "time IS NULL", "_dg_seen_time")]
    tests.append(("range", f"time < {EARLIEST} OR time >= {LATEST}", "_dg_seen_time"))
    if "amount" in types:
        bad = f"(amount IS NULL OR isnan(amount) OR isinf(amount)) AND {empty['amount']} IS NOT NULL"
        tests.append(("amount", bad, "_dg_seen_amount"))
    problems = " ".join(f"WHEN {test} THEN {literal(name)}" for name, test, _ in tests)
    values = " ".join(f"WHEN {test} THEN left(CAST({seen} AS VARCHAR), 200)" for _, test, seen in tests)
    return f"CASE {problems} END", f"CASE {values} END"


def to_utc(con: duckdb.DuckDBPyConnection, zone: str) -> dict[str, int]:
    """Turn local times of ``checked`` into UTC by the rule of ``core.calendar``, and count the odd ones.

    Returns:
        ``local`` (times without offset), ``skipped`` (they fall into a spring gap: moved forward) and ``doubled`` (they
        occur twice in autumn: the first is taken).
    """
    first, last, local = row(con, "SELECT min(time), max(time), count(*) FILTER (_dg_naive) FROM checked")
    if not local:
        con.execute("CREATE VIEW instants AS SELECT * EXCLUDE (_dg_naive) FROM checked")
        return {"local": 0, "skipped": 0, "doubled": 0}
    table = calendar.offsets(zone, int(first), int(last))
    since, offset = table.since[1:].tolist(), table.offset.tolist()
    shift = str(offset[0])
    skipped: list[str] = []
    doubled: list[str] = []
    for moment, before, after in zip(since, offset[:-1], offset[1:], strict=True):  # the last change is asked first
        wall = moment + max(before, after)
        shift = f"CASE WHEN time >= {wall} THEN {after} ELSE {shift} END"
        (skipped if after > before else doubled).append(f"time >= {moment + min(before, after)} AND time < {wall}")
    con.execute(f"""
        CREATE VIEW instants AS
        SELECT * EXCLUDE (_dg_naive) REPLACE (CASE WHEN _dg_naive THEN time - ({shift}) ELSE time END AS time)
        FROM checked
    """)
    tests = [" OR ".join(f"({one})" for one in spans) or "false" for spans in (skipped, doubled)]
    counts = ", ".join(f"count(*) FILTER (_dg_naive AND ({test}))" for test in tests)
    odd = row(con, f"SELECT {counts} FROM checked")
    return {"local": int(local), "skipped": int(odd[0]), "doubled": int(odd[1])}

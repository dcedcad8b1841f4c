"""Staging: rows of any source become one checked table in a scratch DuckDB database, every row accounted for.

Text columns arrive as text and are cast here by our own rules, because automatic typing damages data silently.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from dangol.core import calendar
from dangol.core.errors import InputError, unknown

from .mapping import Mapping as Roles
from .mapping import expression, kept_properties, literal, quoted
from .raw import Raw
from .scratch import row
from .times import EARLIEST, LATEST, TimeRule, time_rule

if TYPE_CHECKING:
    import duckdb

# A number as a person or program writes it plainly: 007, 1_000, nan and 20-digit ids stay text.
PLAIN_NUMBER: Final = r"-?(0|[1-9]\d{0,14})(\.\d{1,15})?"
_WHOLE: Final = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT")
_LARGEST_AMOUNT: Final = "1e30"  # sums of squares stay far from the ends of floating point, in wei and rupiah too
_SMALLEST_AMOUNT: Final = "1e-30"
_ROLE_KINDS: Final = {"amount": "number", "event_id": "id"}  # all others are text


@dataclass(frozen=True)
class Field:
    """A column of the table ``checked``: its name in the log, its kind, and where it came from."""

    name: str
    kind: str  # text, number, id
    source: str


def type_columns(
    con: duckdb.DuckDBPyConnection,
    raw: Raw,
    view: str = "typed",
    before: Mapping[str, str] | None = None,
    *,
    beside: Sequence[str] = (),
    gaps: bool = False,
) -> dict[str, str]:
    """Make a view of typed columns: text columns whose every value is a plain number become numbers, '' becomes NULL.

    The text of a column of numbers stays beside it under the name that ``as_written`` gives, and ``beside`` is taken
    into the view as it is. ``before`` is the kind of columns in the version before: what was text stays text, and a
    column without any value is of the kind it was. ``gaps``: rows without values may join later.

    Returns:
        The kind of every column: ``text``, ``number``, or ``whole`` (integers as such).
    """
    before = before or {}
    texts = [
        name for name in raw.columns if raw.types[name] == "VARCHAR" and before.get(name) != "text" and not raw.typed
    ]
    plain = _all_plain(con, raw, _sample_plain(con, raw, texts))
    parts, kinds = [], {}
    for name in raw.columns:
        column, kind = quoted(name), raw.types[name]
        if name in plain:
            parts.append(f"CAST(nullif({column}, '') AS {plain[name]}) AS {column}")
            parts.append(f"{column} AS {as_written(name)}")
            kinds[name] = "number"
        elif kind == "VARCHAR":
            parts.append(f"nullif({column}, '') AS {column}")
            kinds[name] = "text"
        else:
            text = f"coalesce(try(decode({column})), CAST({column} AS VARCHAR))"  # Parquet of old writers
            parts.append(f"{text} AS {column}" if kind == "BLOB" else column)
            kinds[name] = _kind(kind)
    con.execute(f"CREATE VIEW {view} AS SELECT {', '.join([*parts, *beside])}, _dg_file, _dg_row FROM {raw.name}")
    kinds.update(_exact(con, raw, [name for name in raw.columns if kinds[name] == "whole"], gaps))
    for name in raw.columns:
        doubtful = kinds[name] == "text" and before.get(name) in ("number", "whole")
        if doubtful and not row(con, f"SELECT count({quoted(name)}) FROM {view}")[0]:
            kinds[name] = "number"
    return kinds


def _kind(kind: str) -> str:
    """The kind of a column that its source states a type of."""
    if kind in _WHOLE or re.fullmatch(r"DECIMAL\(\d+,0\)", kind):
        return "whole"
    return "number" if kind in ("FLOAT", "DOUBLE") or re.fullmatch(r"DECIMAL\(\d+,\d+\)", kind) else "text"


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


def _all_plain(con: duckdb.DuckDBPyConnection, raw: Raw, names: Sequence[str]) -> dict[str, str]:
    """The columns that hold plain numbers and nothing else, with the type that keeps 17850 from becoming 17850.0."""
    if not names:
        return {}
    test = "bool_and(regexp_full_match(nullif({0}, ''), {1})), bool_or(contains({0}, '.'))"
    tests = ", ".join(test.format(quoted(name), literal(PLAIN_NUMBER)) for name in names)
    found = row(con, f"SELECT {tests} FROM {raw.name}")
    told = zip(names, found[::2], found[1::2], strict=True)
    return {name: "DOUBLE" if point else "BIGINT" for name, plain, point in told if plain}


def _exact(con: duckdb.DuckDBPyConnection, raw: Raw, names: Sequence[str], gaps: bool) -> dict[str, str]:
    """Integers with gaps become float64, which is exact to 2**53; what is too large becomes text."""
    if not names:
        return {}
    tests = ", ".join(f"count(*) - count({quoted(name)}), max(abs({quoted(name)}::HUGEINT))" for name in names)
    found = row(con, f"SELECT {tests} FROM {raw.name}")
    kinds = {}
    for name, missing, largest in zip(names, found[::2], found[1::2], strict=True):
        most = 2**53 if missing or gaps else 2**63 - 1
        kinds[name] = "text" if (largest or 0) > most else "number" if missing or gaps else "whole"
    return kinds


@dataclass(frozen=True)
class Checked:
    """The table ``checked``: ``_dg_file``, ``_dg_row``, ``time`` in microseconds, ``_dg_naive``, a column a field."""

    fields: tuple[Field, ...]
    rule: TimeRule


def check(
    con: duckdb.DuckDBPyConnection,
    raw: Raw,
    mapping: Roles,
    time_format: str | None,
    before: Mapping[str, str],
    *,
    whole: bool,
) -> Checked:
    """Make ``checked``, the rows that are events, and ``rejected`` (``_dg_file, _dg_row, role, value``), the others.

    ``before`` is the kind of each event column in the version before. With ``whole`` the columns that are not kept are
    told apart by ``_dg_rest``, since repeats are repeats of whole rows.

    Raises:
        InputError: for a role or property that the source does not have, times that cannot be told, or an expression
            that does not give one value a row.
    """
    properties = kept_properties(mapping, raw.columns)
    for name in mapping.collapse:
        if name not in raw.columns:
            raise unknown("collapse column", name, raw.columns, "the source")
    named = " ".join(mapping.roles().values()).replace('""', '"').casefold()
    kept = {*properties, *mapping.collapse}
    needed = [name for name in raw.columns if name in kept or name.casefold() in named]
    left = ", ".join(quoted(name) for name in raw.columns if name not in needed)
    rest = f"hash({left})" if left and whole else "0"
    known, raw = raw.columns, replace(raw, columns=tuple(needed))
    kinds = type_columns(con, raw, before=before, beside=[f"{rest} AS _dg_rest"])
    roles = {role: _read(con, raw, kinds, known, (role, value)) for role, value in mapping.roles().items()}
    types = {role: _type(con, sql) for role, sql in roles.items()}
    rule = time_rule(con, "typed", roles["time"], types["time"], time_format, mapping.time)
    fields = [Field(role, _ROLE_KINDS.get(role, "text"), mapping.roles()[role]) for role in roles if role != "time"]
    named_so = free_names(properties, {*roles, "first_row"}, lambda name: f"{name}_")
    fields += [Field(named_so[name], kinds[name], name) for name in properties]
    columns = ["_dg_rest", f"{rule.us} AS time", f"{rule.naive} AS _dg_naive"]
    for one in fields:
        if one.name in roles:
            columns.append(f"{_role(one.name, roles[one.name], types[one.name])} AS {quoted(one.name)}")
        else:
            columns.append(f"{_property(one)} AS {quoted(one.name)}")
    for name in mapping.collapse:
        written = f"nullif({as_written(name)}, '')" if kinds[name] == "number" and _text(raw, name) else quoted(name)
        columns.append(f"{written} AS {quoted(f'_dg_key {name}')}")
    _sort_out(con, columns, {name: (roles[name], types[name]) for name in ("time", "amount") if name in roles})
    if row(con, "SELECT count(*) FROM every")[0] != sum(raw.rows):
        raise InputError("an expression gives several values for some row; every role must be one value a row")
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
    return as_written(value) if value in raw.columns and kinds[value] == "number" and _text(raw, value) else sql


def _text(raw: Raw, name: str) -> bool:
    """Whether a column is text in a source that does not state types, so that numbers were read from it."""
    return raw.types[name] == "VARCHAR" and not raw.typed


def _type(con: duckdb.DuckDBPyConnection, sql: str) -> str:
    return str(con.execute(f"DESCRIBE SELECT {sql} AS v FROM typed").fetchall()[0][1])


def as_text(sql: str, kind: str) -> str:
    """Ids and names as text; a whole number that a table held as a float (17850.0) is written without the point."""
    if kind in ("FLOAT", "DOUBLE"):
        whole = f"{sql} = trunc({sql}) AND abs({sql}) < 1e15"
        short, full = f"CAST({sql}::BIGINT AS VARCHAR)", f"CAST({sql} AS VARCHAR)"
        return f"CASE WHEN isnan({sql}) THEN NULL WHEN {whole} THEN {short} ELSE {full} END"
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


def free_names(names: Sequence[str], taken: Iterable[str], other: Callable[[str], str]) -> dict[str, str]:
    """Give every column its own name, or, where that is taken, ``other`` until it is free; whatever the case."""
    used = {name.casefold() for name in taken}
    free = {name: name for name in names if name.casefold() not in used}
    used.update(name.casefold() for name in free)
    for name in names:
        if name not in free:
            free[name] = other(name)
            while free[name].casefold() in used:
                free[name] = other(free[name])
            used.add(free[name].casefold())
    return free


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
        beyond = f"abs(amount) >= {_LARGEST_AMOUNT} OR (amount <> 0 AND abs(amount) < {_SMALLEST_AMOUNT})"
        tests.append(("amount size", beyond, "_dg_seen_amount"))
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

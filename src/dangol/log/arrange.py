"""From checked rows to the log's events: repeats set aside, lines of one order merged, users' attributes joined."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dangol.core.errors import InputError, unknown

from .mapping import ROLES, quoted
from .raw import Raw
from .scratch import row
from .stage import Field, as_text, as_written, free_names, type_columns

if TYPE_CHECKING:
    import duckdb


def set_repeats_aside(
    con: duckdb.DuckDBPyConnection, view: str, content: Sequence[str], *, by_id: bool, drop: bool, name: str
) -> None:
    """Split ``view`` into the view ``name`` and the table ``name_repeats`` (``_dg_file, _dg_row``).

    With ``by_id`` a row repeats if its event id was seen before. Otherwise, and where it has no id, a row repeats if
    its whole content was seen before in *another* file with the same occurrence number: the file given twice, or its
    later copy, adds nothing, while equal rows inside one file stay. With ``drop`` those go too.
    """
    same = ", ".join(quoted(column) for column in content)
    whose = f"{view} WHERE event_id IS NULL" if by_id else view
    if drop:
        numbered = f"""
            SELECT _dg_file, _dg_row, row_number() OVER (PARTITION BY {same} ORDER BY _dg_file, _dg_row) AS nth
            FROM {whose}
        """
    else:
        numbered = f"""
            SELECT _dg_file, _dg_row, row_number() OVER (PARTITION BY {same}, n ORDER BY _dg_file) AS nth
            FROM (
                SELECT
                    _dg_file, _dg_row, {same},
                    row_number() OVER (PARTITION BY {same}, _dg_file ORDER BY _dg_row) AS n
                FROM {whose}
            )
        """
    if by_id:
        numbered += f"""
            UNION ALL
            SELECT _dg_file, _dg_row, row_number() OVER (PARTITION BY event_id ORDER BY _dg_file, _dg_row) AS nth
            FROM {view} WHERE event_id IS NOT NULL
        """
    con.execute(f"CREATE TABLE {name}_repeats AS SELECT _dg_file, _dg_row FROM ({numbered}) WHERE nth > 1")
    con.execute(f"CREATE VIEW {name} AS SELECT * FROM {view} ANTI JOIN {name}_repeats USING (_dg_file, _dg_row)")


@dataclass(frozen=True)
class Merged:
    """What ``merge_lines`` did: the fields that stay and the names of those that differed within an event."""

    fields: tuple[Field, ...]
    dropped: tuple[str, ...]


def merge_lines(
    con: duckdb.DuckDBPyConnection, view: str, fields: Sequence[Field], keys: Sequence[str], name: str, *, summed: bool
) -> Merged:
    """Merge the rows that share user, event and ``keys`` into one event, in the table ``name``.

    A row without a value in any of the keys belongs to no other and stays an event of its own. The event has the time
    and place of its first row and the sum of the amounts (``summed``); a property stays if it is equal in the rows of
    every event, and is dropped, by name, if it differs in any. ``_dg_lines`` counts the rows.
    """
    grouped = ["user", "event", *(f"_dg_key {key}" for key in keys)]
    by = ", ".join(quoted(one) for one in grouped)
    alone = " AND ".join(f"{quoted(f'_dg_key {key}')} IS NULL" for key in keys)
    groups = f"{by}, CASE WHEN {alone} THEN _dg_file END, CASE WHEN {alone} THEN _dg_row END"
    apart = {"user", "event", "amount"} if summed else {"user", "event"}
    rest = [one for one in fields if one.name not in apart]
    tests = ", ".join(f"bool_and(n_{i} = 0 OR (n_{i} = _dg_lines AND low_{i} = high_{i}))" for i in range(len(rest)))
    columns = [
        "min(time) AS time",
        "min(_dg_file) AS _dg_file",
        "arg_min(_dg_row, (_dg_file, _dg_row)) AS _dg_row",
        "count(*) AS _dg_lines",
    ]
    if summed:
        columns.append("fsum(amount) AS amount")  # the same whatever the order in which threads add
    for i, one in enumerate(rest):
        column = quoted(one.name)
        columns += [f"count({column}) AS n_{i}", f"min({column}) AS low_{i}", f"max({column}) AS high_{i}"]
    con.execute(f"CREATE TABLE {name}_wide AS SELECT {by}, {', '.join(columns)} FROM {view} GROUP BY {groups}")
    constant = row(con, f"SELECT {tests} FROM {name}_wide") if rest else ()
    stay = [i for i, same in enumerate(constant) if same is not False]
    shown = ["user", "event", "time", "_dg_file", "_dg_row", "_dg_lines"]
    shown += ["amount"] if summed else []
    shown += [f"low_{i} AS {quoted(rest[i].name)}" for i in stay]
    con.execute(f"CREATE VIEW {name} AS SELECT {', '.join(shown)} FROM {name}_wide")
    names = {rest[i].name for i in stay} | apart
    return Merged(
        tuple(one for one in fields if one.name in names), tuple(one.name for one in fields if one.name not in names)
    )


def check_attributes(
    con: duckdb.DuckDBPyConnection,
    raw: Raw,
    key: str,
    group: str | None,
    taken: Iterable[str],
    before: Mapping[str, str],
) -> tuple[Field, ...]:
    """Make the table ``attributes`` of the second source, keyed by user.

    An attribute that is called like a role or a column of the events (``taken``) gets ``user_`` before its name.
    ``before`` is the kind of each attribute in the version before.

    Raises:
        InputError: for an unknown key, or a key with several rows: the join would multiply users.
    """
    if key not in raw.columns:
        raise unknown("key column", key, raw.columns, "the attributes")
    others = [name for name in raw.columns if name not in (key, group)]
    names = free_names(others, [*ROLES, "first_row", *taken], lambda name: f"user_{name}")
    kinds = type_columns(
        con, raw, "typed_attributes", {name: before[so] for name, so in names.items() if so in before}, gaps=True
    )
    fields = tuple(
        Field("group", "text", name) if name == group else Field(names[name], kinds[name], name)
        for name in raw.columns
        if name != key
    )
    columns = [f"{_user_text(con, raw, key)} AS user"]
    columns += [f"CAST({quoted(one.source)} AS {_SQL[one.kind]}) AS {quoted(one.name)}" for one in fields]
    con.execute(f"CREATE TABLE attributes AS SELECT {', '.join(columns)} FROM typed_attributes WHERE user IS NOT NULL")
    twice = con.execute(
        "SELECT user, count(*) FROM attributes GROUP BY user HAVING count(*) > 1 ORDER BY 2 DESC, 1"
    ).fetchall()
    if twice:
        raise InputError(
            f"the attributes have several rows for {len(twice):,} values of {key!r} "
            f"({twice[0][0]!r} has {twice[0][1]}); "
            f"joining them would multiply users: keep one row per {key!r}"
        )
    return fields


_SQL: Final = {"text": "VARCHAR", "number": "DOUBLE", "whole": "BIGINT", "id": "VARCHAR"}


def _user_text(con: duckdb.DuckDBPyConnection, raw: Raw, key: str) -> str:
    if raw.types[key] == "VARCHAR":
        written = row(
            con, "SELECT count(*) FROM (DESCRIBE typed_attributes) WHERE column_name = ?", [f"_dg_written {key}"]
        )[0]
        return f"nullif({as_written(key)}, '')" if written else quoted(key)
    return as_text(quoted(key), raw.types[key])


def lone_attributes(con: duckdb.DuckDBPyConnection, unusable: int) -> dict[str, int]:
    """Count the rows of ``attributes``, those that name nobody, and what its join with ``people`` leaves out."""
    sql = """
        SELECT
            (SELECT count(*) FROM attributes),
            (SELECT count(*) FROM attributes ANTI JOIN people USING (user)),
            (SELECT count(*) FROM people ANTI JOIN attributes USING (user))
    """
    rows, lone, missing = row(con, sql)
    counts = {"rows": int(rows) + unusable, "lone": int(lone), "missing": int(missing)}
    return {**counts, "unusable": unusable} if unusable else counts

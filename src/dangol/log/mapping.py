"""``Mapping``: which column, or which expression over columns, plays which role."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from dangol.core.errors import InputError, unknown

if TYPE_CHECKING:
    import duckdb

ROLES: Final = ("user", "event", "time", "group", "amount", "event_id")
_NAME: Final = re.compile(r"[\w .:-]+")


@dataclass(frozen=True)
class Mapping:
    """What each role is: the name of a column, or a DuckDB expression over columns (``"Quantity * UnitPrice"``).

    Attributes:
        user, event, time: required.
        group: what the user belongs to at that event (school, team, shop).
        amount: a number to sum, such as money.
        event_id: a unique name of the event; rows that repeat one are duplicates.
        properties: the columns kept beside the roles; None keeps every column that no role takes as it is.
        collapse: columns that together name one event told in several rows (the lines of an order).
    """

    user: str
    event: str
    time: str
    group: str | None = None
    amount: str | None = None
    event_id: str | None = None
    properties: tuple[str, ...] | None = None
    collapse: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for role in ROLES:
            value = getattr(self, role)
            if not (isinstance(value, str) and value.strip()) and (value is not None or role in ROLES[:3]):
                raise InputError(f"{role}={value!r} must be the name of a column, or an expression, as text")

    def roles(self) -> dict[str, str]:
        """The roles that are mapped, in a fixed order."""
        return {role: getattr(self, role) for role in ROLES if getattr(self, role) is not None}

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for ``log.json`` and recipes."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Mapping:
        """The mapping that ``to_dict`` wrote."""
        kept = values["properties"]
        return cls(
            **{role: values[role] for role in ROLES},
            properties=None if kept is None else tuple(kept),
            collapse=tuple(values["collapse"]),
        )


def quoted(name: str) -> str:
    """Quote a column's name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a text for SQL."""
    return "'" + text.replace("'", "''") + "'"


def kept_properties(mapping: Mapping, columns: Sequence[str], most: int = 500) -> list[str]:
    """Return the columns that become properties: those chosen, or all that no role takes as they are.

    Raises:
        InputError: for a chosen column that the source does not have, or for too many unchosen ones.
    """
    if mapping.properties is not None:
        for name in mapping.properties:
            if name not in columns:
                raise unknown("property", name, columns, "the source")
        return list(dict.fromkeys(mapping.properties))
    taken = set(mapping.roles().values())
    kept = [name for name in columns if name not in taken]
    if len(kept) > most:
        raise InputError(
            f"the source has {len(columns):,} columns; choose the ones to keep beside user, event and time "
            f"with properties=[…] (--properties a,b), or none with properties=[] (--properties '')"
        )
    return kept


def expression(con: duckdb.DuckDBPyConnection, role: str, value: str, columns: Sequence[str], table: str) -> str:
    """Return the SQL of a role: the quoted column, or the expression once it is known to be one and to run.

    Raises:
        InputError: for a name that is no column (nearest suggested) or an expression that DuckDB refuses.
    """
    import duckdb

    if value in columns:
        return quoted(value)
    if value.casefold() in {name.casefold() for name in columns}:  # DuckDB would take it for the column
        raise unknown(f"{role} column", value, columns, "the source")
    refused = InputError(f"{role}={value!r} is neither a column nor an expression over the columns of a row")
    try:
        bare = re.sub(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"", "", value)
        if len(con.extract_statements(f"SELECT ({value})")) != 1 or re.search(
            r"\b(select|from)\b", bare, re.IGNORECASE
        ):
            raise refused
        if len(con.execute(f"SELECT ({value}), _dg_row FROM {table} LIMIT 0").description) != 2:
            raise refused
    except duckdb.Error as problem:
        if _NAME.fullmatch(value):
            raise unknown(f"{role} column", value, columns, "the source") from None
        said = str(problem).splitlines()[0]
        raise InputError(f"{role}={value!r} is neither a column nor an expression that works: {said}") from None
    return f"({value})"

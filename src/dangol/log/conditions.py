"""Conditions of a view: what ``EventLog.where`` was given, checked and made a filter."""

from __future__ import annotations

import re
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from dangol.core import calendar
from dangol.core.errors import InputError, unknown

from .block import OPERATORS, Compare, Ints, Mask, Matches
from .contents import Column

if TYPE_CHECKING:
    import pyarrow.compute as pc

    from .eventlog import EventLog


def of_ids(log: EventLog, op: str, value: Any) -> Ints:
    """Return the positions of the users whose id meets a condition."""
    ids = np.asarray(log.ids(), dtype=object)
    keep = np.isin(ids, [str(one) for one in value]) if op in ("in", "not in") else OPERATORS[op](ids, str(value))
    keep = ~keep if op == "not in" else keep
    return np.flatnonzero(keep)


def compare(log: EventLog, column: Column, op: str, value: Any) -> Compare:
    """Return the filter of a column that compares with a value."""
    if column.kind == "id":
        raise InputError(f"column {column.name!r} holds ids and cannot be filtered by")
    listed = op in ("in", "not in")
    wanted = list(value) if listed else [value]
    if column.kind == "time":
        moments = [calendar.instant(one, log.zone, column.name) for one in wanted]
        return Compare(column.name, op, moments if listed else moments[0])
    if column.kind == "number":
        asked_missing = value is None and op in ("==", "!=")
        if not asked_missing and not all(isinstance(one, Real) and not isinstance(one, bool) for one in wanted):
            raise InputError(f"column {column.name!r} holds numbers; it cannot be compared with {value!r}")
        return Compare(column.name, op, wanted if listed else value)
    return Compare(column.name, op, value, _allowed(log, column.name, op, wanted))


def _allowed(log: EventLog, column: str, op: str, wanted: list[Any]) -> Mask:
    """Flag the texts of a column that meet a condition."""
    texts = log.names(column)
    if op not in ("==", "!=", "in", "not in"):
        if wanted[0] is None:
            raise InputError(f"column {column!r}: {op} needs a text to compare with, found None")
        return np.array([text is not None and OPERATORS[op](text, str(wanted[0])) for text in texts])
    known = set(texts)
    for one in wanted:
        if one is not None and not (isinstance(one, str) and one in known):
            log.code(column, one)  # raises, with the nearest name
    asked = set(wanted)
    return np.array([(text in asked) == (op in ("==", "in")) for text in texts])


def matches(log: EventLog, expression: pc.Expression) -> Matches:
    """Return the filter of a pyarrow expression."""
    import pyarrow.compute as pc

    if not isinstance(expression, pc.Expression):  # pyarrow itself would crash
        raise InputError(f"where({expression!r}) is neither a column's name nor a pyarrow expression")
    written = str(expression)
    if "FieldPath(" in written:
        raise InputError(f"{written} names a column by number; name it as in pc.field('amount')")
    possible = tuple(column.name for column in log.columns if column.kind != "id" and column.name in written)
    _check(log, expression, possible)
    needs = tuple(  # pyarrow does not say which columns an expression reads: it reads those it cannot do without
        name for name in possible if _problem(log, expression, tuple(other for other in possible if other != name))
    )
    if len({log.column(name).level for name in needs}) != 1:
        raise InputError(f"{written} must name event columns or user columns of the log, not both and not none")
    texts = {name: log.contents.dictionary(name) for name in needs if log.column(name).kind == "text"}
    return Matches(expression, needs, texts)


def _check(log: EventLog, expression: pc.Expression, possible: tuple[str, ...]) -> None:
    problem = _problem(log, expression, possible)
    missing = re.search(r"FieldRef\.Name\((.*?)\)", problem)
    kinds = {column.name: column.kind for column in log.columns}
    if missing and missing[1] not in kinds:
        raise unknown("column", missing[1], kinds)
    if missing and kinds[missing[1]] == "id":
        other = "; use users() or where('user', …)" if missing[1] == "user" else ""
        raise InputError(f"column {missing[1]!r} holds ids, which an expression cannot read{other}")
    if problem:
        raise InputError(f"{expression} cannot be asked of this log: {problem}")


def _problem(log: EventLog, expression: pc.Expression, names: tuple[str, ...]) -> str:
    """Try a condition on no rows of some columns; say what is wrong with it, or nothing."""
    import pyarrow as pa

    no_text = pa.array([], pa.large_string())
    condition = Matches(expression, names, {name: no_text for name in names if log.column(name).kind == "text"})
    try:
        kind = condition.evaluate({name: log.contents.no_rows(name) for name in names}).type
    except pa.ArrowException as problem:
        return str(problem).splitlines()[0]
    return "" if pa.types.is_boolean(kind) else f"it is {kind}, not true or false"

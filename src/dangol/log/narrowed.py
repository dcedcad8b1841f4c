"""Views of a log told in text, as on the command line and in playbooks: ``where``, ``since``, ``until``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from dangol.core.errors import InputError

from .eventlog import EventLog

_CONDITION: Final = re.compile(r"\s*(.+?)\s*(==|!=|<=|>=|<|>|=|\bnot in\b|\bin\b)\s*(.+?)\s*")


def narrowed(log: EventLog, conditions: Sequence[str], since: str | None, until: str | None) -> EventLog:
    """Return the view that conditions such as ``"country == France"`` and a span of local time leave.

    Raises:
        InputError: for a condition that is not ``column operator value``, or an unknown column or value.
    """
    for condition in conditions:
        match = _CONDITION.fullmatch(condition)
        if not match:
            raise InputError(f"where {condition!r} is not a condition; write for example 'country == France'")
        column, op, text = match[1], "==" if match[2] == "=" else match[2], _unquoted(match[3])
        log = log.where(column, op, _value(log, column, op, text))
    return log if since is None and until is None else log.between(since, until)


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


def _value(log: EventLog, column: str, op: str, text: str) -> Any:
    """Read the value as the column's kind asks; ``in`` takes a comma-separated list."""
    kind = log.column(column).kind
    parts = [_unquoted(part.strip()) for part in text.strip("[]()").split(",")] if op in ("in", "not in") else [text]
    if kind == "number":
        try:
            numbers = [float(part) for part in parts]
        except ValueError:
            raise InputError(f"column {column!r} holds numbers; it cannot be compared with {text!r}") from None
        return numbers if op in ("in", "not in") else numbers[0]
    return parts if op in ("in", "not in") else parts[0]

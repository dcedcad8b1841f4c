"""Kinds of values in a playbook: what a key may hold, and how that is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from dangol.catalogue import Parameter
from dangol.core.words import LANGUAGES

TEXT, TEXTS, FLAG, NUMBER, TABLE, WORDING = "text", "text or list", "flag", "number", "table", "wording"


def _listed(value: object, kind: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, kind) and not isinstance(one, bool) for one in value)


def _each(value: object, kind: Callable[[object], bool]) -> bool:
    """Whether a value is a table with a value of a kind for each language, or for some."""
    return isinstance(value, dict) and bool(value) and set(value) <= set(LANGUAGES) and all(map(kind, value.values()))


def _text(value: object) -> bool:
    return isinstance(value, str)


def _texts(value: object) -> bool:
    return _listed(value, str)


def _flag(value: object) -> bool:
    return isinstance(value, bool)


def _table(value: object) -> bool:
    return isinstance(value, dict)


def _worded(value: object) -> bool:
    return _text(value) or _each(value, _text)


def _named(value: object) -> bool:
    return isinstance(value, dict) and all(map(_worded, value.values()))


KINDS: Final[dict[str, tuple[str, Callable[[object], bool]]]] = {
    TEXT: ("a text in quotes", _text),
    TEXTS: ("a text, or a list of texts", lambda value: _text(value) or _texts(value)),
    "text or number": ("a text, or a whole number", lambda value: isinstance(value, str | int)),
    "text or numbers": ("a text, or a list of numbers", lambda value: _text(value) or _listed(value, int | float)),
    "text or table": ("a text in quotes, or a table", lambda value: _text(value) or _table(value)),
    "list": ("a list of texts", _texts),
    "worded list": (
        "a list of texts, or one in each language { en = […], ko = […] }",
        lambda value: _texts(value) or _each(value, _texts),
    ),
    "numbers": ("a list of numbers", lambda value: _listed(value, int | float)),
    FLAG: ("true or false", _flag),
    "flag or table": ("true, false or a table", lambda value: _flag(value) or _table(value)),
    NUMBER: ("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    "share": ("a number", lambda value: isinstance(value, int | float) and not isinstance(value, bool)),
    TABLE: ("a table", _table),
    WORDING: ("a text in quotes, or one in each language { en = …, ko = … }", _worded),
    "names": ('a table of names, such as { "1" = "quiet" }', _named),
    "tables": ("one or more tables in double brackets", lambda value: _listed(value, dict)),
}


def kind_of(parameter: Parameter) -> str:
    """Return the kind of a function's parameter; numbers that a text may tell, as in ``k = "2..8"``, are told so."""
    told_in_text = parameter.kind == "numbers" and isinstance(parameter.default, str)
    return "text or numbers" if told_in_text else parameter.kind

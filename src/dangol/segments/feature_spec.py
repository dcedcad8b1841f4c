"""The specification of unit features: read from a mapping or a TOML file, and checked before anything is counted."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from dangol.core import durations
from dangol.core.errors import InputError, StoreError, choice, unknown

USER: Final = "user"
SESSION: Final = "session"
AS_OF: Final = "as_of"
USERS: Final = "users"
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PERS: Final = ("active_user", "total", "active_day")

FOREVER: Final = 1 << 60  # microseconds: longer than any log, and added to a time it is still a number
_GAP: Final = "30m"
_LEAST: Final = 5  # active users of a group, unless said otherwise


@dataclass(frozen=True)
class Feature:
    """One feature, checked as far as that goes without a log.

    ``subject`` is what stands behind the kind: names of events, a column, a word, hours or weekdays. ``where`` is the
    place in the specification, for errors.
    """

    name: str
    kind: str
    subject: Any
    where: str
    per: str = PERS[0]
    at_least: int = 1
    within: int | None = None
    value: str | float | None = None

    def events(self) -> tuple[str, ...]:
        """The names of the events that it counts, if it counts any."""
        found: tuple[str, ...] = self.subject if _KINDS[self.kind].reads is _events else ()
        return found

    def column(self, *kinds: str) -> str | None:
        """The column that it reads, if it is of one of these kinds."""
        found: str | None = self.subject if self.kind in kinds else None
        return found


@dataclass(frozen=True)
class Spec:
    """What was asked: of which units, what, and as it was written (for a recipe)."""

    unit: str
    least: int
    gap: str
    features: tuple[Feature, ...]
    written: Mapping[str, Any] = field(repr=False)

    @property
    def alone(self) -> bool:
        """Whether a unit is one user or one session."""
        return self.unit in (USER, SESSION)


def read_spec(spec: object, *, unit: str | None = None, least: int | None = None) -> Spec:
    """Read a specification; ``unit`` and ``least`` replace what it says of them.

    Raises:
        InputError: for a file that is no TOML, an unknown key, kind or option, a value that cannot be, or a feature
            that makes no sense for the unit; the feature, and in a file its line, is named.
    """
    held, name, lines = _held(spec)
    for key in held:
        if key not in _TOP:
            raise InputError(f"{_at(name, lines, key)}: {unknown('key', key, _TOP, 'a specification of features')}")
    given = held.get("features")
    if not isinstance(given, Mapping) or not given:
        raise InputError(
            f"{name} needs a table of features, such as {{'features': {{'votes': {{'events': 'vote'}}}}}}, "
            f"found {given!r}"
        )
    units = unit if unit is not None else held.get("unit", "group")
    if not isinstance(units, str) or not units:
        raise InputError(f"unit={units!r} must be 'user', 'session' or the name of a text column, such as 'group'")
    gap = held.get("gap", _GAP)
    durations.duration(gap, "gap")
    lowest = _lowest(least if least is not None else held.get("least"), units)
    features = tuple(_feature(str(one), told, _at(name, lines, str(one)), units) for one, told in given.items())
    return Spec(units, lowest, gap, features, _plain(held))


# ---- the file ---------------------------------------------------------------------------------------------------

_TOP: Final = ("unit", "least", "gap", "features")


def _held(spec: object) -> tuple[Mapping[str, Any], str, Mapping[str, int]]:
    """Return what a specification holds, how it is called, and the line of each name in it."""
    if isinstance(spec, Mapping):
        return spec, "spec", {}
    if not isinstance(spec, str | Path):
        raise InputError(f"spec must be a mapping or the path of a TOML file, found {type(spec).__name__}")
    path = Path(spec)
    try:
        text = path.read_text(encoding="utf-8-sig")
        return tomllib.loads(text), path.name, _lines(text)
    except FileNotFoundError as problem:
        raise InputError(f"spec={str(spec)!r} is not there; give a mapping or the path of a TOML file") from problem
    except UnicodeDecodeError as problem:
        raise InputError(f"{path.name} is not UTF-8 text: {problem.reason} at byte {problem.start}") from problem
    except tomllib.TOMLDecodeError as problem:
        raise InputError(f"{path.name} is not TOML: {problem}") from problem
    except (RecursionError, ValueError) as problem:  # nested without end; a name that cannot be one
        raise InputError(f"spec={str(spec)!r} cannot be read; give a plain TOML file of tables and keys") from problem
    except OSError as problem:
        raise StoreError(f"{path} cannot be read: {problem.strerror or problem}") from problem


_NAMED: Final = re.compile(r"""\s*(?:\[\s*features\s*\.\s*)?("[^"]*"|'[^']*'|[\w-]+)\s*[]=.]""")


def _lines(text: str) -> dict[str, int]:
    """Return the line on which each name stands first, at the line's beginning."""
    found: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if named := _NAMED.match(line):
            found.setdefault(named[1].strip("\"'"), number)
    return found


def _at(name: str, lines: Mapping[str, int], key: str) -> str:
    return f"{name}, line {lines[key]} ({key})" if key in lines else f"{name} ({key})"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _lowest(least: object, unit: str) -> int:
    if least is None:
        return 1 if unit in (USER, SESSION) else _LEAST
    if isinstance(least, bool) or not isinstance(least, int | np.integer) or least < 1:
        raise InputError(f"least={least!r} must be a whole number of active users, at least 1")
    if unit in (USER, SESSION) and least > 1:
        raise InputError(f"least={least} leaves nothing: a {unit} has one user; leave it out")
    return int(least)


# ---- one feature ------------------------------------------------------------------------------------------------


def _feature(name: str, told: object, where: str, unit: str) -> Feature:
    """Check one feature; the problem is told with its place."""
    try:
        if not name.strip() or name in (unit, AS_OF):
            raise InputError(f"a feature cannot be called {name!r}; give it another name")
        if not isinstance(told, Mapping) or not told:
            raise InputError(f"a feature is a table such as {{ events = 'vote' }}, found {told!r}")
        kind = _kind_of(told)
        if name == USERS and kind != USERS and unit not in (USER, SESSION):
            raise InputError(f"{name!r} is the column of active users; give the feature another name")
        known = _KINDS[kind]
        if unit in known.never:
            raise InputError(f"{kind} makes no sense for a {unit}: {known.never[unit]}")
        options = {key: _OPTIONS[key](value) for key, value in told.items() if key != kind}
        _check_options(kind, options, unit)
        return Feature(name, kind, known.reads(told[kind], kind), where, **options)
    except InputError as problem:
        raise InputError(f"{where}: {problem}") from problem


def _kind_of(told: Mapping[str, Any]) -> str:
    for key in told:
        if key not in _KINDS and key not in _OPTIONS:
            raise unknown("key", key, [*_KINDS, *_OPTIONS], "the words of a feature")
    kinds = [key for key in told if key in _KINDS]
    if len(kinds) != 1:
        found = " and ".join(kinds) or "only " + ", ".join(told)
        raise InputError(f"a feature has one kind (such as events, drops or density), found {found}")
    return kinds[0]


def _check_options(kind: str, options: Mapping[str, Any], unit: str) -> None:
    known = _KINDS[kind]
    for key in options:
        if key not in known.options:
            those = " and ".join(known.options)
            raise InputError(f"{key} does not go with {kind}, which takes {those or 'no options'}")
    if "value" in known.options and "value" not in options:
        raise InputError(f"{kind} needs the value whose share is meant, such as value = 'F'")
    if "within" in options and unit == SESSION:
        raise InputError("within counts from a user's first event, and a session has none; leave it out")


def _events(value: object, kind: str) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list | tuple) else ()
    if not names or not all(isinstance(one, str) and one for one in names) or len(set(names)) < len(names):
        raise InputError(f"{kind} needs the name of an event, or a list of different names, found {value!r}")
    return names


def _column(value: object, kind: str) -> str:
    if not isinstance(value, str) or not value:
        raise InputError(f"{kind} needs the name of a column, found {value!r}")
    return value


def _flag(value: object, kind: str) -> bool:
    if value is not True:
        raise InputError(f"{kind} is either there ({kind} = true) or left out, found {value!r}")
    return True


def _middle(value: object, kind: str) -> str:
    return choice(kind, value, ("median", "mean"))


def _cells(value: object, kind: str) -> str:
    return choice(kind, value, ("hour", "weekday"))


def _hours(value: object, kind: str) -> tuple[int, int]:
    whole = isinstance(value, list | tuple) and all(type(one) is int and 0 <= one <= 24 for one in value)
    if not isinstance(value, list | tuple) or not whole or len(value) != 2 or (value[0] - value[1]) % 24 == 0:
        raise InputError(f"{kind} needs two different full hours from 0 to 24, such as [22, 6], found {value!r}")
    return value[0] % 24, value[1] % 24


def _weekdays(value: object, kind: str) -> tuple[int, ...]:
    names = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list | tuple) else ()
    for one in names:
        if one not in WEEKDAYS:
            raise unknown("weekday", one, WEEKDAYS, "the week")
    if not 0 < len(set(names)) < len(WEEKDAYS) or len(set(names)) < len(names):
        raise InputError(f"{kind} needs one to six different weekdays, such as ['sat', 'sun'], found {value!r}")
    return tuple(sorted(WEEKDAYS.index(one) for one in names))


def _per(value: object) -> str:
    return choice("per", value, PERS)


def _at_least(value: object) -> int:
    if type(value) is not int or value < 1:
        raise InputError(f"at_least={value!r} must be a whole number, at least 1")
    return value


def _within(value: object) -> int:
    return min(durations.duration(value, "within"), FOREVER)  # type: ignore[arg-type]  # it says what it found


def _value(value: object) -> str | float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InputError(f"value={value!r} must be a text or a number")
    return value if isinstance(value, str) else float(value)


_OPTIONS: Final[Mapping[str, Callable[[object], Any]]] = {
    "per": _per,
    "at_least": _at_least,
    "within": _within,
    "value": _value,
}


@dataclass(frozen=True)
class _Kind:
    """A kind of feature: how its subject is read, what options it takes, for which units it makes no sense and why."""

    reads: Callable[[object, str], Any]
    options: tuple[str, ...] = ()
    never: Mapping[str, str] = field(default_factory=dict)


_SINGLE: Final = {USER: "it is a single user; ask it of groups", SESSION: "it is of a single user; ask it of groups"}
_KINDS: Final[Mapping[str, _Kind]] = {
    "events": _Kind(_events, ("per",)),
    "share_of_events": _Kind(_events),
    "share_of_users": _Kind(_events, ("at_least", "within")),
    "session_minutes": _Kind(_middle),
    "sessions": _Kind(_flag, ("per",), {SESSION: "it is one"}),
    "drops": _Kind(_column, ("per",)),
    "rises": _Kind(_column, ("per",)),
    "amount": _Kind(_flag, ("per",)),
    "active_days": _Kind(_flag, (), {SESSION: "it is nearly always one day"}),
    "attribute_share": _Kind(_column, ("value",)),
    "balance": _Kind(_column, ("value",), _SINGLE),
    "single_valued": _Kind(_column, (), _SINGLE),
    "density": _Kind(_flag, (), _SINGLE),
    "hours": _Kind(_hours),
    "weekdays": _Kind(_weekdays),
    "variation": _Kind(_cells, (), {SESSION: "it lasts too short; ask for hours or weekdays"}),
    "recency": _Kind(_flag),
    "span": _Kind(_flag, (), {SESSION: "it is its length; ask for session_minutes"}),
    USERS: _Kind(_flag, (), _SINGLE),
}

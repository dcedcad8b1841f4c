"""Durations (``"30m"``: an exact length of time) and calendar periods (``"1mo"``: from local midnight to midnight)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from .errors import InputError

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
WEEK: Final = 7 * DAY

_LENGTHS: Final = {"us": 1, "ms": 1_000, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": WEEK}
_PATTERN: Final = re.compile(r"(-?\d+(?:\.\d+)?)\s*([A-Za-zµ]+)")
_KOREAN: Final = {
    "us": "마이크로초",
    "ms": "밀리초",
    "s": "초",
    "m": "분",
    "h": "시간",
    "d": "일",
    "w": "주",
    "mo": "개월",
    "q": "분기",
    "y": "년",
}

_NOUNS: Final = {
    "h": ("hour", "시간"),
    "d": ("day", "날"),
    "w": ("week", "주"),
    "mo": ("month", "달"),
    "q": ("quarter", "분기"),
    "y": ("year", "해"),
}

Unit = Literal["h", "d", "w", "mo", "q", "y"]
_UNITS: Final[tuple[Unit, ...]] = ("h", "d", "w", "mo", "q", "y")
_DAYS: Final = {"h": 1 / 24, "d": 1, "w": 7, "mo": 30.4375, "q": 91.3125, "y": 365.25}
_CENTURY: Final = 36_525


def _split(text: object, name: str, example: str) -> tuple[float, str]:
    if not isinstance(text, str):
        raise InputError(f"{name} needs a unit, found {text!r}; write for example {name}={example!r}")
    match = _PATTERN.fullmatch(text.strip())
    if not match:
        raise InputError(f"{name}={text!r} is not a length of time; write for example {name}={example!r}")
    return float(match[1]), match[2]


def duration(text: str, name: str = "duration") -> int:
    """Return the length of an exact duration in microseconds.

    Units: ``us``, ``ms``, ``s``, ``m`` (minutes), ``h``, ``d`` (24 h), ``w`` (7 × 24 h).

    Raises:
        InputError: for a bare number, an unknown unit, a calendar unit, zero or less.

    >>> duration("30m")
    1800000000
    >>> duration("1.5h") == duration("90m")
    True
    """
    value, unit = _split(text, name, "30m")
    if unit in ("mo", "q", "y"):
        raise InputError(f"{name}={text!r} has no exact length; use days or weeks, for example '30d'")
    if unit not in _LENGTHS:
        raise InputError(f"{name}={text!r} has the unknown unit {unit!r}; use one of {', '.join(_LENGTHS)}")
    length = round(value * _LENGTHS[unit])
    if length <= 0:
        raise InputError(f"{name}={text!r} must be longer than zero")
    return length


@dataclass(frozen=True)
class Period:
    """A calendar period: ``count`` hours, days, weeks (from Monday), months, quarters or years of local time."""

    count: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"

    def noun(self, lang: str = "en") -> str:
        """Name one such period in a sentence.

        >>> Period(1, "d").noun(), Period(2, "w").noun(), Period(1, "d").noun("ko"), Period(2, "w").noun("ko")
        ('day', 'period of 2w', '날', '2주 기간')
        """
        if self.count == 1:
            return _NOUNS[self.unit][lang == "ko"]
        return f"{in_korean(str(self))} 기간" if lang == "ko" else f"period of {self}"


def period(text: str, name: str = "every") -> Period:
    """Return the calendar period that ``text`` names.

    Raises:
        InputError: for a bare number, an unknown unit, a fraction, zero or less.

    >>> period("1mo")
    Period(count=1, unit='mo')
    """
    value, unit = _split(text, name, "1w")
    if value != int(value) or value < 1:
        raise InputError(f"{name}={text!r} must be a whole number of periods, at least 1")
    for known in _UNITS:
        if unit == known:
            if value * _DAYS[known] > _CENTURY:
                raise InputError(f"{name}={text!r} is longer than 100 years; use a shorter period")
            return Period(int(value), known)
    raise InputError(f"{name}={text!r} is not a calendar period; use a whole number of {', '.join(_UNITS)}")


def spell(length_us: float, lang: str = "en") -> str:
    """Write a length in microseconds the short way, with at most two units.

    >>> spell(90 * MINUTE), spell(14 * DAY), spell(2.5 * SECOND), spell(DAY + HOUR, "ko")
    ('1h 30m', '14d', '2.5s', '1일 1시간')
    """
    text = _short(length_us)
    return in_korean(text) if lang == "ko" else text


def _short(length_us: float) -> str:
    if length_us < MINUTE:
        return f"{length_us / SECOND:.3g}s"
    rest = round(length_us / SECOND) * SECOND
    parts: list[str] = []
    for unit in ("d", "h", "m", "s"):
        whole, rest = divmod(rest, _LENGTHS[unit])
        if whole:
            parts.append(f"{whole}{unit}")
        elif parts:
            break
        if len(parts) == 2:
            break
    return " ".join(parts)


def in_korean(text: str) -> str:
    """Write a length of time or a calendar period as Koreans do.

    >>> in_korean("1h 30m"), in_korean("1mo"), in_korean("2w")
    ('1시간 30분', '1개월', '2주')
    """
    return _PATTERN.sub(lambda found: found[1] + _KOREAN.get(found[2], found[2]), text)

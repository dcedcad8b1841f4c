"""Sentences in English and Korean, bound to the values they state."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from .errors import choice

Language = Literal["en", "ko"]
LANGUAGES: Final = ("en", "ko")

_PARTICLES: Final = {"은": "는", "이": "가", "을": "를", "과": "와", "으로": "로"}
_DIGIT_FINAL: Final = frozenset("013678")  # 영 일 삼 육 칠 팔 end in a consonant when read aloud
_LATIN_FINAL: Final = frozenset("lmnLMNR")  # email, item, login; R alone is read 아르 or 알, but order is 오더


# A count of one takes a singular noun and verb; templates are written for the many.
_ONE: Final = re.compile(
    r"(There are )?(?<![\d,.:\w-])1 "
    r"(behaviour|buyer|cell|cohort|customer|day|entrie|event|gap|lapse|move|order|period|purchase|row|segment|session|test|unit|"
    r"user|week)s\b( were\b| are\b| have\b)?"
)
_VERBS: Final = {" were": " was", " are": " is", " have": " has"}


def _singular(found: re.Match[str]) -> str:
    there = "There is " if found[1] else ""
    noun = "entry" if found[2] == "entrie" else found[2]
    return f"{there}1 {noun}{_VERBS.get(found[3] or '', '')}"


@dataclass(frozen=True)
class Sentence:
    """One statement: a template in each language and the values that fill it.

    Templates use ``str.format`` fields. In Korean, ``{name:은}`` (also 이, 을, 과, 으로) writes the value followed by
    the particle that fits its last sound.
    """

    en: str
    ko: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.write()

    def write(self, lang: str = "en") -> str:
        """Fill the template of one language.

        >>> Sentence("{event} leads", "{event:이} 가장 많습니다", {"event": "구매"}).write("ko")
        '구매가 가장 많습니다'
        >>> Sentence("{n:,} users were active", "사용자 {n:,}명이 활동했습니다", {"n": 1}).write()
        '1 user was active'
        """
        template = self.ko if choice("lang", lang, LANGUAGES) == "ko" else self.en
        text = template.format(**{name: _Spoken(value) for name, value in self.values.items()})
        return text if lang == "ko" else _ONE.sub(_singular, text)


def joined(parts: Sequence[Sentence], en: str = "; ", ko: str = " ") -> Sentence:
    """Put statements into one, with these words between them; a name that two of them bind must mean the same.

    >>> joined([Sentence("{n} users", "사용자 {n}명", {"n": 2}), Sentence("all new", "모두 신규")], ko=", ").write("ko")
    '사용자 2명, 모두 신규'
    """
    values = {name: value for part in parts for name, value in part.values.items()}
    return Sentence(en.join(part.en for part in parts), ko.join(part.ko for part in parts), values)


class _Spoken:
    """A value that knows the Korean particles besides the usual format codes."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __str__(self) -> str:
        return str(self._value)

    def __repr__(self) -> str:  # for {name!r}
        return repr(self._value)

    def __format__(self, code: str) -> str:
        body, _, particle = code.rpartition("|")
        if code in _PARTICLES:
            body, particle = "", code
        if particle in _PARTICLES:
            text = format(self._value, body)
            return text + _fitting(text, particle)
        return format(self._value, code)


def _fitting(text: str, particle: str) -> str:
    """Choose between the two forms of a particle by the last sound of the text before it."""
    spoken = text.rstrip("'\")]}’” ")
    last = spoken[-1:] or text[-1:]  # a percent sign is read 퍼센트, which ends in a vowel
    if "가" <= last <= "힣":
        final = (ord(last) - 0xAC00) % 28
        closed, rieul = final != 0, final == 8
    else:
        closed = last in _DIGIT_FINAL or last in _LATIN_FINAL or spoken.endswith("ng")
        rieul = last in "178lLR" and last != ""
    if particle == "으로":
        return "으로" if closed and not rieul else "로"
    return particle if closed else _PARTICLES[particle]


def plural(count: int, noun: str) -> str:
    """Write a count with its English noun, which takes an s for all counts but one.

    >>> plural(1, "row"), plural(2000, "row"), plural(0, "user")
    ('1 row', '2,000 rows', '0 users')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def percent(value: float) -> str:
    """Write a share as a percentage with one decimal; below 0.1 % two.

    >>> percent(0.123), percent(0.0004), percent(-0.25), percent(float("nan"))
    ('12.3 %', '0.04 %', '−25.0 %', '–')
    """
    if value != value:
        return "–"
    text = f"{100 * abs(value):.{2 if 0 < abs(value) < 0.001 else 1}f} %"
    return f"−{text}" if value < 0 and text.strip("0. %") else text


def thousands(value: float) -> str:
    """Write a count with separators.

    >>> thousands(1234567)
    '1,234,567'
    """
    return f"{value:,.0f}"


def money(value: float) -> str:
    """Write an amount of money: from a thousand on without decimals, below with two where it is not whole.

    >>> money(8911407.9), money(18.268), money(-20), money(float("nan"))
    ('8,911,408', '18.27', '−20', '–')
    """
    if value != value:
        return "–"
    digits = 0 if abs(value) >= 1000 or abs(value - round(value)) < 0.005 else 2
    text = f"{abs(value):,.{digits}f}"
    return f"−{text}" if value < 0 and text != "0" else text


def number(value: float) -> str:
    """Write a measure that is neither money nor a share: three digits that count, all digits of large whole ones.

    >>> number(0.69613), number(-12.345), number(4113), number(1234567.8), number(0.00002), number(float("nan"))
    ('0.696', '−12.3', '4,113', '1,234,568', '2.0e-05', '–')
    """
    if value != value:
        return "–"
    size = abs(value)
    if size >= 100 or size == round(size):
        text = f"{size:,.0f}"
    elif size < 0.0005:
        text = f"{size:.1e}"
    else:
        text = f"{size:.{1 if size >= 10 else 2 if size >= 1 else 3}f}"
    return f"−{text}" if value < 0 and text.strip("0.,") else text

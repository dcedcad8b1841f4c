"""The words by which people are shown columns, tables, questions and aspects: the fixed words stay in the data.

A table keeps its English column words in both languages, so that programs can rely on them. A page, a figure or a
terminal shows the label of a word. What has no label is shown as it is, with spaces for underscores.
"""

from __future__ import annotations

import re
from typing import Final

from .label_values import DEGREES, NOUNS, TIERS, VALUES
from .label_words import ASPECTS, COLUMNS, QUESTIONS, TABLES

EXTREME: Final = "extreme: "  # what the name of a segment of extremes begins with
NOISE: Final = "noise"  # the name of the segment of those that are in none
_EXTREMES: Final = re.compile(r"(?:high (?P<high>.+?))?(?:(?:, |^)low (?P<low>.+))?")
_UNUSUAL: Final = "unusual mix"
_SEGMENTS: Final = ("cluster", "earlier", "segment")  # columns that hold names of segments
_LABELS: Final = {**COLUMNS, **ASPECTS}
_WEEKDAYS: Final = (
    ("Monday", "월요일"),
    ("Tuesday", "화요일"),
    ("Wednesday", "수요일"),
    ("Thursday", "목요일"),
    ("Friday", "금요일"),
    ("Saturday", "토요일"),
    ("Sunday", "일요일"),
)


def label(word: str, lang: str = "en", question: str = "") -> str:
    """Return what people are shown for a word; some mean something of their own in one question.

    >>> label("duration_s"), label("users", "ko"), label("share_of_events")
    ('duration', '사용자 수', 'share of events')
    >>> label("return_rate", "ko"), label("return_rate", "ko", "repurchase"), label("season_7", "ko")
    ('유지율', '복귀율', '7일 주기')
    """
    for name in (f"{question}.{word}", word):
        if name in _LABELS:
            return _LABELS[name][lang == "ko"]
    kind, _, name = word.partition("_")
    if kind in ("mean", "median") and name:  # of a column of the data
        return f"{name} {_LABELS[kind][1]}" if lang == "ko" else f"{kind} {name}"
    days = word.removeprefix("season_")
    if days != word and days.isdigit():
        return f"{days}일 주기" if lang == "ko" else f"{days}-day season"
    return word.replace("_", " ")


def weekday(number: int, lang: str = "en") -> str:
    """Name a day of the week, 1 Monday to 7 Sunday.

    >>> weekday(1), weekday(7, "ko")
    ('Monday', '일요일')
    """
    return _WEEKDAYS[number - 1][lang == "ko"]


def tier(name: str, lang: str = "en") -> str:
    """Return what people are shown for one of the usual tiers of customers; other names stay as they are.

    >>> tier("at_risk"), tier("champions", "ko"), tier("my_best")
    ('at risk', '최우수', 'my_best')
    """
    return TIERS[name][lang == "ko"] if name in TIERS else name


def segment(name: str, lang: str = "en") -> str:
    """Return what people are shown for the name of a segment: tiers, extremes and noise have words, others stay.

    >>> [segment(one, "ko") for one in ("highest benefit", "low", "tier 9", "noise", "my_best")]
    ['효과 최상', '낮음', '9등급', '잡음', 'my_best']
    >>> segment("extreme: high ER and active_rate, low post", "ko"), segment("extreme: unusual mix", "ko")
    ('극단: ER·active_rate 높음, post 낮음', '극단: 특이한 조합')
    """
    if lang != "ko":
        return tier(name, lang)
    if name == NOISE:
        return "잡음"
    if name.startswith(EXTREME):
        return "극단: " + extreme(name.removeprefix(EXTREME), lang)
    noun = next((one for one in NOUNS if name.endswith(f" {one}") or name.startswith(f"{one} tier ")), None)
    degree = name if noun is None else name.removesuffix(f" {noun}").removeprefix(f"{noun} ")
    said = DEGREES[degree][1] if degree in DEGREES else degree.removeprefix("tier ")
    if degree.startswith("tier ") and said.isdigit():
        said += "등급"
    elif degree not in DEGREES:
        return tier(name, lang)
    return said if noun is None else f"{NOUNS[noun][1]} {said}"


def extreme(name: str, lang: str = "en") -> str:
    """Say what is extreme in some units: "high ER and active_rate, low post", or "unusual mix".

    >>> extreme("high ER and active_rate", "ko"), extreme("something else", "ko")
    ('ER·active_rate 높음', 'something else')
    >>> extreme("low post", "ko"), extreme("high likes, total, low post", "ko"), extreme("unusual mix", "ko")
    ('post 낮음', 'likes, total 높음, post 낮음', '특이한 조합')
    """
    found = _EXTREMES.fullmatch(name)
    if lang != "ko" or not (name == _UNUSUAL or (found and name)):
        return name
    if found is None:
        return "특이한 조합"
    sides = [(one.replace(" and ", "·"), degree) for degree, one in found.groupdict().items() if one]
    return ", ".join(f"{features} {DEGREES[degree][1]}" for features, degree in sides)


def title(question: str, lang: str = "en") -> str:
    """Return the heading of a question's answer.

    >>> title("sales", "ko")
    '매출'
    """
    return QUESTIONS[question][lang == "ko"] if question in QUESTIONS else label(question, lang)


def caption(table: str, lang: str = "en", question: str = "") -> str:
    """Return the heading of one of an answer's tables.

    >>> caption("gaps"), caption("events", "ko"), caption("gaps", question="repurchase")
    ('Idle times', '이벤트', 'Gaps between purchases')
    """
    for name in (f"{question}.{table}", table):
        if name in TABLES:
            return TABLES[name][lang == "ko"]
    return label(table, lang)


def value(word: str, column: str, lang: str = "en") -> str:
    """Return what people are shown for a word in a column (measures, tiers, states); names from data stay as they are.

    >>> value("new", "kind", "ko"), value("first_event", "measure"), value("order", "event", "ko")
    ('신규', 'first event at', 'order')
    """
    if column in ("measure", "component"):
        return label(word, lang)
    if column in _SEGMENTS:
        return segment(word, lang)
    return VALUES.get(column, {}).get(word, (word, word))[lang == "ko"]

"""Words of the load report in both languages: how times were read, why a row was rejected, who is like a program."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

_RULES_KO: Final = {
    "instants": "시점(UTC)",
    "local times": "현지 시각",
    "dates": "날짜",
    "year-month-day (ISO 8601)": "연-월-일(ISO 8601)",
    "year-month-day (Korean)": "한국어 연월일",
    "day first": "일/월/연",
    "month first": "월/일/연",
    "dates with month names": "영어 월 이름이 든 날짜",
    "web-server times": "웹 서버 기록 시각",
    "epoch seconds": "1970년부터의 초",
    "epoch milliseconds": "1970년부터의 밀리초",
    "epoch microseconds": "1970년부터의 마이크로초",
    "epoch nanoseconds": "1970년부터의 나노초",
}
# The readers of files give their reasons in English, which is what is stored; each kind of reason, and its Korean.
_READERS: Final = (
    (r"expected ([\d,]+) fields, found ([\d,]+)", r"필드가 \1개여야 하는데 \2개임"),
    (r"not valid JSON: .* at character (\d+)", r"올바른 JSON이 아님(\1번째 글자)"),
    (r"not a JSON object", r"JSON 객체가 아님"),
    (r"nested too deeply", r"중첩이 너무 깊음"),
    (r"key (.+) appears twice", r"키 \1 중복"),
    (r"attribute (.+) appears twice", r"속성 \1 중복"),
    (r"a key with a dot and a key inside an object give the same column", r"점이 든 키와 객체 안의 키가 같은 열이 됨"),
    (r"an escape .* stands alone, which is no character", r"짝이 없는 유니코드 이스케이프는 글자가 아님"),
)
_BEYOND: Final = ("the amount is 1e30 or more, or below 1e-30", "금액의 절댓값이 10³⁰ 이상이거나 10⁻³⁰ 미만임")
_SIGNS: Final = {
    "per_minute": ("{:,} events within a minute", "1분 안에 이벤트 {:,}건"),
    "per_day": ("{:,} events within a day", "하루 안에 이벤트 {:,}건"),
    "regular": ("{:.0%} of the gaps equal within 2 %", "이벤트 간격의 {:.0%}가 2 % 이내로 같음"),
}


def rule_in_korean(name: str) -> str:
    """Translate how times were read; a pattern stays as it is."""
    return _RULES_KO.get(name, name)


class Reason(NamedTuple):
    """What is wrong with a row: the role whose column it is, and the words for it."""

    column: str
    en: str
    ko: str


def reasons(rule_name: str) -> dict[str, Reason]:
    """Give the reason behind each mark in ``rejected``; ``rule_name`` says how times were read."""
    unreadable = f"the time cannot be read as {rule_name}", f"시각을 {rule_in_korean(rule_name)} 형식으로 읽을 수 없음"
    return {
        "user": Reason("user", "no user", "사용자 없음"),
        "event": Reason("event", "no event", "이벤트 없음"),
        "no time": Reason("time", "no time", "시각 없음"),
        "time": Reason("time", *unreadable),
        "range": Reason("time", "the time is before 1970 or after 2100", "시각이 1970년보다 이르거나 2100년 이후임"),
        "amount": Reason("amount", "the amount is not a number", "금액이 숫자가 아님"),
        "amount size": Reason("amount", *_BEYOND),
    }


def in_korean(reason: str, rule_name: str) -> str:
    """Translate an English reason.

    >>> in_korean("no user", "dates"), in_korean("expected 3 fields, found 2", "dates")
    ('사용자 없음', '필드가 3개여야 하는데 2개임')
    """
    for one in reasons(rule_name).values():
        if one.en == reason:
            return one.ko
    for pattern, words in _READERS:
        found = re.fullmatch(pattern, reason, re.DOTALL)
        if found:
            return found.expand(words)
    return reason


def signs_of_a_program(why: Mapping[str, float] | str) -> tuple[str, str]:
    """Say in English and in Korean why a user is like a program; logs of earlier versions hold the English words.

    >>> signs_of_a_program({"per_minute": 75, "regular": 0.95})[1]
    '1분 안에 이벤트 75건, 이벤트 간격의 95%가 2 % 이내로 같음'
    """
    if isinstance(why, str):
        return why, why
    english, korean = (", ".join(_SIGNS[sign][lang].format(value) for sign, value in why.items()) for lang in (0, 1))
    return english, korean

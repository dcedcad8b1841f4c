"""Words of the load report in English and Korean: how times were read, and why a row was rejected."""

from __future__ import annotations

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
    }


def in_korean(reason: str, rule_name: str) -> str:
    """Translate an English reason; those that readers of files give stay as they are."""
    return next((one.ko for one in reasons(rule_name).values() if one.en == reason), reason)

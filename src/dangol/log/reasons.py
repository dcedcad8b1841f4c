"""Why a row is rejected: the column at fault, and the reason in English and Korean."""

from __future__ import annotations

from typing import NamedTuple


class Reason(NamedTuple):
    """What is wrong with a row: the role whose column it is, and the words for it."""

    column: str
    en: str
    ko: str


def reasons(rule_name: str) -> dict[str, Reason]:
    """Give the reason behind each mark in ``rejected``; ``rule_name`` says how times were read."""
    unreadable = f"the time cannot be read as {rule_name}", f"시각을 {rule_name} 형식으로 읽을 수 없음"
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

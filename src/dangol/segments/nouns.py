"""How units are counted in a sentence: by the name of their column, in both languages."""

from __future__ import annotations

from typing import Final

from dangol.core.words import plural

_KOREAN: Final = {
    "user": "사용자 {:,}명",
    "session": "세션 {:,}개",
    "group": "그룹 {:,}개",
    "account": "계정 {:,}개",
    "school": "학교 {:,}곳",
    "store": "매장 {:,}곳",
    "customer": "고객 {:,}명",
}


def named(unit: str) -> tuple[str, str]:
    """Name a unit in English and in Korean.

    >>> named("account"), named("country")
    (('account', '계정'), ('country', 'country'))
    """
    return unit, _pattern(unit).rpartition(" ")[0].replace("{{", "{").replace("}}", "}")


def _pattern(unit: str) -> str:
    return _KOREAN.get(unit, unit.replace("{", "{{").replace("}", "}}") + " {:,}개")


def counted(count: int, unit: str) -> tuple[str, str]:
    """Write a count of units in English and in Korean.

    >>> counted(929, "account"), counted(1, "school"), counted(3, "country")
    (('929 accounts', '계정 929개'), ('1 school', '학교 1곳'), ('3 countries', 'country 3개'))
    """
    korean = _pattern(unit).format(count)
    if count != 1 and len(unit) > 1 and unit[-1] == "y" and unit[-2] not in "aeiou":
        return f"{count:,} {unit[:-1]}ies", korean
    return plural(count, unit), korean

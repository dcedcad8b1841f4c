"""What each feature of a unit means, in both languages: definition, what it is counted in, why it may be missing."""

from __future__ import annotations

from typing import Any, Final

from dangol.core import labels
from dangol.core.durations import duration, spell
from dangol.core.words import Sentence, joined

from .feature_spec import Feature, Spec

_PER: Final = {
    "active_user": Sentence(" per active user", "활동 사용자 1인당 "),
    "total": Sentence(" in all", "전체 "),
    "active_day": Sentence(" per day on which a user was active", "사용자별 활동일 하루당 "),
}
_ALONE: Final = {
    "active_user": Sentence("", ""),
    "total": Sentence("", ""),
    "active_day": Sentence(" per active day", "활동일 하루당 "),
}
_UNITS: Final = {
    "events": "events",
    "session_minutes": "minutes",
    "sessions": "sessions",
    "amount": "amount",
    "active_days": "days",
    "recency": "days",
    "span": "days",
    "users": "users",
    "variation": "ratio",
    "single_valued": "yes or no",
}
_SHARES: Final = ("share_of_events", "share_of_users", "attribute_share", "density", "hours", "weekdays", "balance")

_WHY: Final = {
    "share_of_users": Sentence(
        "no active user has the whole time behind the first event", "첫 이벤트 뒤 기간을 다 채운 활동 사용자가 없음"
    ),
    "drops": Sentence("no user has two readings", "값이 두 번 이상 기록된 사용자가 없음"),
    "attribute_share": Sentence("no active user has a value", "값이 있는 활동 사용자가 없음"),
    "density": Sentence("one active user makes no pair", "활동 사용자가 한 명이라 짝이 없음"),
    "variation": Sentence("fewer than two cells were seen", "비교할 시간 구간이 둘 미만"),
}
_WHY_ALONE: Final = {
    "share_of_users": Sentence("the time after the first event is not over", "첫 이벤트 뒤 기간이 아직 지나지 않음"),
    "drops": Sentence("there are no two readings", "값이 두 번 이상 기록되지 않음"),
    "attribute_share": Sentence("the user has no value", "사용자에게 값이 없음"),
}
_SAME: Final = {"rises": "drops", "balance": "attribute_share", "single_valued": "attribute_share"}


def why_missing(feature: Feature, spec: Spec) -> Sentence | None:
    """Say what makes a feature missing; None where it never is."""
    kind = _SAME.get(feature.kind, feature.kind)
    return (_WHY_ALONE if spec.alone else {}).get(kind) or _WHY.get(kind)


def unit_of(feature: Feature) -> str:
    """Say what a feature is counted in; a balance in the column that holds it."""
    if feature.kind in _SHARES:
        return "share"
    return _UNITS[feature.kind] if feature.kind in _UNITS else str(feature.subject)


def definition(feature: Feature, spec: Spec) -> Sentence:
    """Define one feature."""
    words = {name: f"‘{one}’" for name, one in {"column": feature.subject, "value": _written(feature.value)}.items()}
    values: dict[str, Any] = {"events": ", ".join(f"‘{one}’" for one in feature.events())} | words
    if feature.kind in ("events", "drops", "rises", "amount", "sessions"):
        per = (_ALONE if spec.alone else _PER)[feature.per]
        what = _SUMS[feature.kind]
        return Sentence(what.en + per.en, per.ko + what.ko, values)
    if feature.kind == "share_of_users":
        return _share_of_users(feature, spec, values)
    if feature.kind == "session_minutes":
        return _minutes(feature, spec)
    if feature.kind in ("hours", "weekdays"):
        return _clock(feature)
    plain = _PLAIN[f"{feature.kind} {feature.subject}" if feature.kind == "variation" else feature.kind]
    alone = _PLAIN_ALONE.get(feature.kind) if spec.alone else None
    return Sentence((alone or plain).en, (alone or plain).ko, values)


def _written(value: str | float | None) -> str:
    return value if isinstance(value, str) else "" if value is None else f"{value:g}"


_SUMS: Final = {
    "events": Sentence("events {events}", "{events} 이벤트 수"),
    "drops": Sentence(
        "falls of {column} from one event of a user to the next, added up", "{column} 감소분(이벤트 사이) 합계"
    ),
    "rises": Sentence(
        "rises of {column} from one event of a user to the next, added up", "{column} 증가분(이벤트 사이) 합계"
    ),
    "amount": Sentence("net amount", "순금액"),
    "sessions": Sentence("sessions", "세션 수"),
}
_PLAIN: Final = {
    "share_of_events": Sentence("share of {events} among all events", "전체 이벤트 중 {events} 비중"),
    "active_days": Sentence("active local days per active user", "활동 사용자 1인당 활동 일수"),
    "attribute_share": Sentence(
        "share of {column} = {value} among active users with a value", "{column} 값이 있는 활동 사용자 중 {value} 비중"
    ),
    "balance": Sentence(
        "balance of {column}: 1 − |p − q|, p the share of {value} among active users with a value and q the rest",
        "{column} 균형도(값이 있는 활동 사용자 중 {value} 비중을 p, 나머지를 q라 할 때 1 − |p − q|)",
    ),
    "single_valued": Sentence(
        "whether all active users with a value have the same {column}", "활동 사용자의 {column} 값이 모두 같은지 여부"
    ),
    "density": Sentence(
        "pairs who know each other over possible pairs of active users", "활동 사용자끼리 가능한 짝 중 서로 연결된 비중"
    ),
    "variation hour": Sentence(
        "coefficient of variation of events over the hours of the day", "시간대별 이벤트 수의 변동계수"
    ),
    "variation weekday": Sentence(
        "coefficient of variation of events per such day over the weekdays", "요일별 하루 평균 이벤트 수의 변동계수"
    ),
    "recency": Sentence("days from the last event to as_of", "마지막 이벤트부터 기준 시점까지의 일수"),
    "span": Sentence("days from the first event to the last", "첫 이벤트부터 마지막 이벤트까지의 일수"),
    "users": Sentence("active users", "활동 사용자 수"),
}
_PLAIN_ALONE: Final = {
    "active_days": Sentence("active local days", "활동 일수"),
    "attribute_share": Sentence(
        "whether {column} is {value}: 1 yes, 0 no", "{column} 값이 {value}인지 여부(1 예, 0 아니요)"
    ),
}


def _share_of_users(feature: Feature, spec: Spec, values: dict[str, Any]) -> Sentence:
    values = values | {"least": feature.at_least}
    if spec.alone:
        said = Sentence("whether {events} came", "{events} 이벤트를 남겼는지 여부(1 예, 0 아니요)", values)
    else:
        said = Sentence(
            "share of active users with {events}", "활동 사용자 중 {events} 이벤트를 남긴 사용자 비중", values
        )
    if feature.at_least > 1:
        said = joined([said, Sentence("at least {least:,} times", "{least:,}회 이상", values)], en=" ", ko=", ")
    if feature.within is not None:
        length = {"within": spell(feature.within), "within_ko": spell(feature.within, "ko")}
        limit = Sentence(
            "in the first {within} (who has less behind them does not count)",
            "첫 이벤트 뒤 {within_ko} 안(기간을 다 채우지 못한 사용자 제외)",
            length,
        )
        said = joined([said, limit], en=" ", ko=", ")
    return said


def _minutes(feature: Feature, spec: Spec) -> Sentence:
    values = {"gap": spell_gap(spec), "gap_ko": spell_gap(spec, "ko")}
    if spec.alone:
        return Sentence(
            "mean session length in minutes (a new session after {gap})",
            "세션 평균 길이(분, {gap_ko} 초과 시 새 세션)",
            values,
        )
    values |= {"middle": feature.subject, "middle_ko": {"median": "중앙값", "mean": "평균"}[feature.subject]}
    return Sentence(
        "{middle} over active users of their mean session length in minutes (a new session after {gap})",
        "활동 사용자별 세션 평균 길이(분)의 {middle_ko}({gap_ko} 초과 시 새 세션)",
        values,
    )


def spell_gap(spec: Spec, lang: str = "en") -> str:
    """Write the idle time after which a session is over."""
    return spell(duration(spec.gap, "gap"), lang)


def _clock(feature: Feature) -> Sentence:
    if feature.kind == "hours":
        first, after = feature.subject
        values = {"first": f"{first:02d}:00", "after": f"{after:02d}:00", "first_ko": f"{first}시"}
        return Sentence(
            "share of events from {first} to {after}",
            "{first_ko}부터 {after_ko} 전까지의 이벤트 비중",
            values | {"after_ko": f"{after}시"},
        )
    days = [(labels.weekday(one + 1), labels.weekday(one + 1, "ko")) for one in feature.subject]
    values = {"days": ", ".join(f"{en}s" for en, _ in days), "days_ko": ", ".join(ko for _, ko in days)}
    return Sentence("share of events on {days}", "{days_ko} 이벤트 비중", values)

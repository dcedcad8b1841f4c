"""The words by which people are shown columns, tables, questions and aspects: the fixed words stay in the data.

A table keeps its English column words in both languages, so that programs can rely on them. A page, a figure or a
terminal shows the label of a word. What has no label is shown as it is, with spaces for underscores.
"""

from __future__ import annotations

from typing import Final

# word: (English, Korean). Kept in alphabetical order within each part; a test holds them unique.
_COLUMNS: Final[dict[str, tuple[str, str]]] = {
    "accepted": ("accepted", "수용"),
    "adjusted_difference": ("difference, equal activity", "차이(활동량 보정)"),
    "adjusted_lower": ("lower, equal activity", "하한(활동량 보정)"),
    "adjusted_p": ("p, equal activity", "p값(활동량 보정)"),
    "adjusted_q": ("q, equal activity", "q값(활동량 보정)"),
    "adjusted_upper": ("upper, equal activity", "상한(활동량 보정)"),
    "against_rest": ("against the rest", "나머지 대비"),
    "amount": ("amount", "금액"),
    "amount_after": ("amount after", "이번 금액"),
    "amount_before": ("amount before", "직전 금액"),
    "amount_per_buyer": ("amount per buyer", "1인당 구매 금액"),
    "amount_per_order": ("amount per order", "주문당 금액"),
    "amount_per_user": ("amount per user", "1인당 금액"),
    "amount_score": ("amount score", "금액 점수"),
    "as_of": ("as of", "기준 시점"),
    "average": ("average", "평균"),
    "bounce_rate": ("bounce rate", "이탈률"),
    "bounce_rate_events": ("bounces per event", "이벤트 대비 이탈률"),
    "bounces": ("bounces", "이탈 세션 수"),
    "buyers": ("buyers", "구매자 수"),
    "censored": ("too early to tell", "판정 보류"),
    "change": ("change", "증감"),
    "change_rate": ("change, relative", "증감률"),
    "chi2": ("chi-square", "카이제곱"),
    "churned": ("churned", "이탈"),
    "cohort": ("cohort", "코호트"),
    "cohorts": ("cohorts", "코호트 수"),
    "complete": ("complete", "끝난 기간"),
    "component": ("component", "구성 요소"),
    "count": ("count", "횟수"),
    "cumulative": ("cumulative", "누적 비중"),
    "cutoff": ("cutoff", "기준 시점"),
    "cv": ("coefficient of variation", "변동계수"),
    "cv_adjusted": ("coefficient of variation, less noise", "변동계수(잡음 제외)"),
    "cv_users": ("coefficient of variation, users", "사용자 변동계수"),
    "cycles": ("cycles", "주기 수"),
    "days": ("days", "일수"),
    "days_observed": ("days (observed gaps)", "일수(관측 간격)"),
    "df": ("degrees of freedom", "자유도"),
    "difference": ("difference", "차이"),
    "difference_lower": ("difference, lower", "차이 하한"),
    "difference_upper": ("difference, upper", "차이 상한"),
    "dormant": ("dormant", "휴면"),
    "duplicate": ("duplicate", "중복"),
    "duration_s": ("duration", "지속 시간"),
    "end": ("end", "끝"),
    "entry": ("first event", "첫 이벤트"),
    "event": ("event", "이벤트"),
    "events": ("events", "이벤트 수"),
    "events_per_day": ("events per day", "일평균 이벤트"),
    "events_per_hour": ("events per hour", "시간당 이벤트"),
    "events_per_session": ("events per session", "세션당 이벤트 수"),
    "events_per_user": ("events per user", "1인당 이벤트"),
    "evidence": ("evidence", "판정"),
    "failed": ("failed payments", "결제 실패 수"),
    "failed_amount": ("amount of failed payments", "결제 실패 금액"),
    "file": ("file", "파일"),
    "first_event": ("first event at", "첫 이벤트 시각"),
    "frequency": ("frequency", "구매 횟수"),
    "frequency_score": ("frequency score", "횟수 점수"),
    "from_amount_per_order": ("change from amount per order", "주문당 금액 효과"),
    "from_buyers": ("change from buyers", "구매자 수 효과"),
    "from_orders_per_buyer": ("change from orders per buyer", "1인당 주문 효과"),
    "gap_to_next_s": ("time to the next session", "다음 세션까지"),
    "gross": ("gross", "총매출"),
    "group": ("group", "그룹"),
    "hour": ("hour", "시간대"),
    "hours": ("hours", "노출 시간"),
    "kind": ("kind of buyer", "구매자 유형"),
    "labelled": ("labelled as lapsed", "이탈 판정"),
    "last": ("last event", "마지막 이벤트"),
    "last_event": ("last event at", "마지막 이벤트 시각"),
    "level": ("level", "수준"),
    "lift": ("lift", "향상도"),
    "lost": ("lost", "이탈 수"),
    "lower": ("lower", "하한"),
    "lower_from_previous": ("lower, of the step before", "직전 단계 대비 하한"),
    "lower_s": ("at least", "이상"),
    "mean_daily_users": ("mean daily users", "일평균 사용자 수"),
    "mean_duration_s": ("mean duration", "평균 지속 시간"),
    "mean_events_per_user": ("mean events per user", "1인당 이벤트 평균"),
    "mean_monthly_users": ("mean monthly users", "월평균 사용자 수"),
    "mean_quick_ratio": ("mean quick ratio", "평균 퀵 비율"),
    "mean_return_rate": ("mean return rate", "평균 유지율"),
    "mean_users": ("mean users", "평균 사용자 수"),
    "mean_weekly_users": ("mean weekly users", "주평균 사용자 수"),
    "measure": ("measure", "지표"),
    "median_duration_s": ("median duration", "지속 시간 중앙값"),
    "median_events_per_user": ("median events per user", "1인당 이벤트 중앙값"),
    "median_gap_to_next_s": ("median time to the next session", "다음 세션까지 중앙값"),
    "median_s": ("median time", "소요 시간 중앙값"),
    "mix": ("change from the mix", "구성 효과"),
    "moves": ("moves", "이동 수"),
    "n": ("n", "n"),
    "n_a": ("n of a", "표본 수(a)"),
    "n_b": ("n of b", "표본 수(b)"),
    "net_change": ("net change", "순증감"),
    "new": ("new", "신규"),
    "new_buyers": ("new buyers", "신규 구매자 수"),
    "new_users": ("new users", "새 사용자 수"),
    "optional": ("optional", "선택 단계"),
    "orders": ("orders", "주문 수"),
    "orders_per_buyer": ("orders per buyer", "구매자당 주문"),
    "orders_per_user": ("orders per user", "1인당 주문"),
    "other_rate": ("rate of the others", "나머지의 비율"),
    "p": ("p", "p값"),
    "p10_s": ("10th percentile", "10 % 분위수"),
    "p25_s": ("25th percentile", "25 % 분위수"),
    "p75_s": ("75th percentile", "75 % 분위수"),
    "p90_duration_s": ("90th percentile of the duration", "지속 시간 90 % 분위수"),
    "p90_events_per_user": ("90th percentile of events per user", "1인당 이벤트 90 % 분위수"),
    "p90_s": ("90th percentile", "90 % 분위수"),
    "percentile": ("percentile", "백분위"),
    "period": ("period", "기간"),
    "periods": ("periods", "기간 수"),
    "phi": ("φ", "φ"),
    "probability": ("probability", "확률"),
    "q": ("q", "q값"),
    "quick_ratio": ("quick ratio", "퀵 비율"),
    "rate": ("rate", "비율"),
    "rate_a": ("rate of a", "비율(a)"),
    "rate_b": ("rate of b", "비율(b)"),
    "rate_from_previous": ("rate, of the step before", "직전 단계 대비 비율"),
    "recall": ("recall", "재현율"),
    "recency": ("recency (days)", "최근성(일)"),
    "recency_score": ("recency score", "최근성 점수"),
    "refunds": ("refunds", "환불"),
    "rejected": ("rejected", "거부"),
    "remainder": ("remainder", "나머지"),
    "repurchase.return_rate": ("return rate", "복귀율"),
    "resurrected": ("resurrected", "복귀"),
    "return_lower": ("return rate, lower", "복귀율 하한"),
    "return_rate": ("return rate", "유지율"),
    "return_rate_ever": ("return rate in the end, estimated", "최종 복귀율(추정)"),
    "return_upper": ("return rate, upper", "복귀율 상한"),
    "returned": ("returned", "복귀 수"),
    "returning": ("returning", "유지"),
    "rows": ("rows", "행 수"),
    "score": ("score", "점수"),
    "segment": ("segment", "집단"),
    "segment_a": ("segment a", "집단 a"),
    "segment_b": ("segment b", "집단 b"),
    "session": ("session", "세션"),
    "sessions": ("sessions", "세션 수"),
    "sessions_per_user": ("sessions per user", "1인당 세션 수"),
    "share": ("share", "비중"),
    "share_of_amount": ("share of amount", "금액 비중"),
    "share_of_buyers": ("share of buyers", "구매자 비중"),
    "share_of_change": ("share of the change", "증감 기여율"),
    "share_of_events": ("share of events", "이벤트 비중"),
    "share_of_users": ("share of users", "사용자 비중"),
    "since": ("since", "기준 단계"),
    "source": ("from", "출발"),
    "source_date": ("from date", "출발 시점"),
    "start": ("start", "시작"),
    "state": ("state", "상태"),
    "step": ("step", "단계"),
    "stickiness": ("stickiness", "고착도"),
    "strength": ("strength", "강도"),
    "suggested_gap_s": ("suggested gap", "제안 세션 기준"),
    "target": ("to", "도착"),
    "target_date": ("to date", "도착 시점"),
    "time": ("time", "시각"),
    "trend": ("trend", "추세"),
    "unfinished": ("unfinished", "끝나지 않은 수"),
    "until": ("until", "까지"),
    "unusual": ("unusual", "평소와 다름"),
    "upper": ("upper", "상한"),
    "upper_from_previous": ("upper, of the step before", "직전 단계 대비 상한"),
    "upper_s": ("below", "미만"),
    "user": ("user", "사용자"),
    "users": ("users", "사용자 수"),
    "users_30d": ("users of 30 days", "최근 30일 사용자 수"),
    "users_7d": ("users of 7 days", "최근 7일 사용자 수"),
    "users_a": ("users of a", "사용자 수(a)"),
    "users_b": ("users of b", "사용자 수(b)"),
    "value": ("value", "값"),
    "variant": ("path", "경로"),
    "weekday": ("weekday", "요일"),
    "within": ("change within segments", "집단 내 변화"),
}
_ASPECTS: Final[dict[str, tuple[str, str]]] = {
    "denominator": ("denominator", "분모"),
    "exclusions": ("exclusions", "제외"),
    "family": ("tests counted together", "다중 검정"),
    "unit": ("unit", "단위"),
    "window": ("window", "기간 기준"),
    "zone": ("time zone", "시간대"),
}
_QUESTIONS: Final[dict[str, tuple[str, str]]] = {
    "drivers": ("Drivers", "성과와 함께 나타나는 행동"),
    "flows": ("Flows", "이동 경로"),
    "funnel": ("Funnel", "퍼널"),
    "lifecycle": ("Lifecycle", "생애 주기"),
    "overview": ("Overview", "개요"),
    "repurchase": ("Repurchase", "재구매"),
    "retention": ("Retention", "리텐션"),
    "rfm": ("RFM", "RFM"),
    "rhythm": ("Rhythm", "활동 리듬"),
    "sales": ("Sales", "매출"),
    "sessions": ("Sessions", "세션"),
}
_TABLES: Final[dict[str, tuple[str, str]]] = {
    "average": ("Weighted average", "가중 평균"),
    "candidates": ("Candidate days", "후보 일수별"),
    "cohorts": ("Cohorts", "코호트별"),
    "contributions": ("What each segment contributed", "집단별 기여"),
    "cuts": ("Bounds of the scores", "점수 경계"),
    "daily_hours": ("By hour of the day", "시간대별"),
    "differences": ("Differences", "집단 간 차이"),
    "drivers": ("Behaviours", "행동별"),
    "drivers.grid": ("Every tested cell", "검정한 모든 칸"),
    "edges": ("Moves", "이동"),
    "ends": ("Last events", "마지막 이벤트"),
    "entry": ("First events", "첫 이벤트"),
    "events": ("Events", "이벤트"),
    "flags": ("Each customer by period", "고객별 기간 상태"),
    "gaps": ("Idle times", "이벤트 사이 시간"),
    "grid": ("Pairs of scores", "점수 조합별"),
    "hours": ("By hour of the week", "요일·시간대별"),
    "kinds": ("New and returning buyers", "신규·기존 구매자"),
    "last": ("Last events", "마지막 이벤트"),
    "late": ("Too late to tell", "아직 판단할 수 없음"),
    "migration": ("Moves between tiers", "등급 이동"),
    "mix": ("Mix and change within segments", "구성 효과와 집단 내 변화"),
    "months": ("By month", "월별"),
    "percentiles": ("Percentiles", "백분위"),
    "periods": ("By period", "기간별"),
    "repurchase.gaps": ("Gaps between purchases", "구매 간격"),
    "sankey": ("From step to step", "단계 사이 흐름"),
    "season": ("Trend, season and remainder", "추세·주기·나머지"),
    "segments": ("By segment", "집단별"),
    "sessions": ("Sessions", "세션별"),
    "starts": ("First events", "첫 이벤트"),
    "steps": ("Steps", "단계별"),
    "stickiness": ("Stickiness", "고착도"),
    "strength": ("Strength of trend and season", "추세와 주기의 강도"),
    "summary": ("Summary", "요약"),
    "times": ("Times", "소요 시간"),
    "triangle": ("Triangle of cohorts", "코호트 삼각표"),
    "users": ("Users", "사용자별"),
    "variants": ("Paths", "경로별"),
    "variation": ("Variation over hours and weekdays", "시간대와 요일에 따른 변동"),
    "weekdays": ("By weekday", "요일별"),
    "weeks": ("By week", "주별"),
}
_TIERS: Final[dict[str, tuple[str, str]]] = {
    "(none)": ("(none)", "(없음)"),
    "(not yet)": ("(not yet)", "(첫 구매 전)"),
    "at_risk": ("at risk", "이탈 위험"),
    "cannot_lose": ("cannot lose", "놓치면 안 될"),
    "champions": ("champions", "최우수"),
    "hibernating": ("hibernating", "휴면"),
    "lost": ("lost", "이탈"),
    "loyal": ("loyal", "충성"),
    "new_customers": ("new customers", "신규"),
    "other": ("other", "기타"),
    "promising": ("promising", "유망"),
}
_VALUES: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "evidence": {
        "activity": ("goes with activity", "활동량 때문"),
        "holds": ("holds", "뒷받침됨"),
        "none": ("none", "없음"),
    },
    "kind": {"new": ("new", "신규"), "returning": ("returning", "기존")},
    "level": {
        "hour": ("hour of day", "시간대"),
        "hour of week": ("hour of week", "요일별 시간대"),
        "weekday": ("weekday", "요일"),
    },
    "segment": _TIERS,
    "source": _TIERS,
    "state": {
        "active": ("active", "활동"),
        "churned": ("churned", "이탈"),
        "lapsed": ("lapsed", "이탈 상태"),
        "returned": ("returned", "복귀"),
    },
    "target": _TIERS,
}
_LABELS: Final = {**_COLUMNS, **_ASPECTS}
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
    return _TIERS[name][lang == "ko"] if name in _TIERS else name


def title(question: str, lang: str = "en") -> str:
    """Return the heading of a question's answer.

    >>> title("sales", "ko")
    '매출'
    """
    return _QUESTIONS[question][lang == "ko"] if question in _QUESTIONS else label(question, lang)


def caption(table: str, lang: str = "en", question: str = "") -> str:
    """Return the heading of one of an answer's tables.

    >>> caption("gaps"), caption("events", "ko"), caption("gaps", question="repurchase")
    ('Idle times', '이벤트', 'Gaps between purchases')
    """
    for name in (f"{question}.{table}", table):
        if name in _TABLES:
            return _TABLES[name][lang == "ko"]
    return label(table, lang)


def value(word: str, column: str, lang: str = "en") -> str:
    """Return what people are shown for a word in a column (measures, tiers, states); names from data stay as they are.

    >>> value("new", "kind", "ko"), value("first_event", "measure"), value("order", "event", "ko")
    ('신규', 'first event at', 'order')
    """
    if column in ("measure", "component"):
        return label(word, lang)
    return _VALUES.get(column, {}).get(word, (word, word))[lang == "ko"]

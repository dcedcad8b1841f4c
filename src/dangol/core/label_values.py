"""The words of values that stand in columns, in English and Korean: states, kinds, tiers, names of segments."""

from __future__ import annotations

from typing import Final

# Kept in alphabetical order within each part; a test holds them unique.
TIERS: Final[dict[str, tuple[str, str]]] = {
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
# Names of tiers: a degree, alone or of one of the nouns.
DEGREES: Final[dict[str, tuple[str, str]]] = {
    "high": ("high", "높음"),
    "highest": ("highest", "최상"),
    "low": ("low", "낮음"),
    "lowest": ("lowest", "최하"),
    "middle": ("middle", "중간"),
    "only": ("only", "단일"),
    "very high": ("very high", "매우 높음"),
    "very low": ("very low", "매우 낮음"),
}
NOUNS: Final[dict[str, tuple[str, str]]] = {
    "activity": ("activity", "활동성"),
    "benefit": ("benefit", "효과"),
    "engagement": ("engagement", "참여도"),
    "loyalty": ("loyalty", "충성도"),
    "value": ("value", "가치"),
}
FATES: Final[dict[str, tuple[str, str]]] = {
    "absent": ("no such professional account", "없거나 프로페셔널 계정이 아님"),
    "across_units": ("pairs across units, or of no unit", "서로 다른 단위이거나 소속 없음"),
    "after_as_of": ("made at or after as_of", "기준 시점 이후"),
    "all": ("all", "전체"),
    "below_least": ("too few active users", "활동 사용자 부족"),
    "duplicate": ("repeated rows", "중복된 행"),
    "excluded": ("excluded by name", "지정 제외"),
    "failed": ("no answer", "응답 없음"),
    "found": ("found", "수집"),
    "in": ("in", "입력"),
    "kept": ("kept", "포함"),
    "left_out": ("in units left out", "제외된 단위 안"),
    "merged": ("merged", "병합"),
    "no_account": ("rows without an account", "계정 이름 없음"),
    "no_active_users": ("no active user", "활동 사용자 없음"),
    "no_id": ("without a user", "사용자 없음"),
    "no_metrics": ("without metrics of posts", "게시물 지표 없음"),
    "no_posts": ("not in the posts", "게시물 자료에 없음"),
    "no_profile": ("not in the profiles", "프로필 자료에 없음"),
    "no_time": ("without a time", "시각 없음"),
    "not_active": ("a user is not active", "활동하지 않은 사용자"),
    "repeated": ("names given twice", "중복된 이름"),
    "repeated_pair": ("pairs told again", "이미 있는 연결"),
    "replaced": ("replaced by a later export", "나중 자료로 대체"),
    "self_loop": ("a user with itself", "자기 자신과의 연결"),
    "unknown_user": ("a user is not in the log", "로그에 없는 사용자"),
    "without_unit": ("users of no unit", "소속 없는 사용자"),
}
VALUES: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "evidence": {
        "activity": ("goes with activity", "활동량 때문"),
        "few": ("too few units", "수가 적음"),
        "holds": ("holds", "뒷받침됨"),
        "made": ("made the segments", "나눈 기준"),
        "none": ("none", "없음"),
        "related": ("follows what made them", "나눈 기준과 같이 움직임"),
        "small": ("holds, but small", "유의하나 작음"),
    },
    "kind": {
        "attribute": ("attribute", "속성"),
        "event": ("event", "이벤트"),
        "feature": ("feature", "특성"),
        "new": ("new", "신규"),
        "returning": ("returning", "기존"),
    },
    "level": {
        "hour": ("hour of day", "시간대"),
        "hour of week": ("hour of week", "요일별 시간대"),
        "weekday": ("weekday", "요일"),
    },
    "method": {
        "dbscan": ("DBSCAN", "DBSCAN"),
        "gmm": ("Gaussian mixture", "가우시안 혼합 모형"),
        "hdbscan": ("HDBSCAN", "HDBSCAN"),
        "hierarchical": ("hierarchical", "계층적 군집화"),
        "kmeans": ("k-means", "k-평균"),
        "kmedoids": ("k-medoids", "k-메도이드"),
        "minibatch": ("mini-batch k-means", "미니배치 k-평균"),
    },
    "metric": {
        "cosine": ("cosine", "코사인"),
        "euclidean": ("euclidean", "유클리드"),
        "gower": ("gower", "고어"),
        "manhattan": ("manhattan", "맨해튼"),
    },
    "reason": FATES,
    "silhouette_kind": {
        "exact": ("exact", "전체 거리"),
        "sample": ("of a sample", "표본 거리"),
        "squared": ("squared distances", "제곱 거리"),
    },
    "source": TIERS,
    "state": {
        "active": ("active", "활동"),
        "churned": ("churned", "이탈"),
        "lapsed": ("lapsed", "이탈 상태"),
        "returned": ("returned", "복귀"),
    },
    "target": TIERS,
    "unit": {
        "amount": ("amount", "금액"),
        "days": ("days", "일"),
        "events": ("events", "건"),
        "minutes": ("minutes", "분"),
        "ratio": ("ratio", "비율"),
        "sessions": ("sessions", "세션"),
        "share": ("share", "비중"),
        "users": ("users", "명"),
        "yes or no": ("yes or no", "예·아니요"),
    },
    "verdict": {
        "fragile": ("fragile", "불안정"),
        "like noise": ("like no groups", "집단 없는 데이터 수준"),
        "lopsided": ("lopsided", "한쪽에 몰림"),
        "near tie": ("near tie", "거의 비슷함"),
        "recommended": ("recommended", "추천"),
        "too small": ("a segment too small", "세그먼트가 너무 작음"),
    },
    "what": FATES,
}

"""The sentences of ``drivers``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dangol.core.changes import in_points, signed
from dangol.core.durations import spell
from dangol.core.proportions import share
from dangol.core.words import Sentence, joined, percent, plural

from .drivers_tests import Counted, Judged

_FEW: Final = 30  # users with, or without, the outcome below which the evidence is called weak
_NAMED: Final = 3


def sentences(found: Judged, asked: Mapping[str, Any]) -> tuple[Sentence, ...]:
    """Say what was found, most important first; what weakens it stands in the first sentence."""
    counted = found.counted
    if not counted.n:
        return (_nobody(counted, asked),)
    if not len(found):
        return (_untested(found), _base(counted, asked))
    if counted.have in (0, counted.n):
        return (_constant(counted, asked), _base(counted, asked))
    holds = [place for place in found.best if found.evidence[place] == 0]
    first = _driver(found, asked, int(holds[0])) if holds else _none(found)
    return (_weakened(first, counted), *_activity(found), *_turned(found), _base(counted, asked), _CAUTION)


_CAUTION: Final = Sentence(
    "This is association, not cause: an experiment decides. Equal activity means as many events in the same days; "
    "whatever else drives both stays in.",
    "여기서 본 것은 연관이지 원인이 아니므로 실험으로 확인해야 합니다. 활동량을 맞춘다는 것은 같은 날수 동안의 이벤트 "
    "수가 비슷한 사용자끼리 비교한다는 뜻이며, 둘 다에 영향을 주는 다른 요인은 남아 있습니다.",
)


def outcome(counted: Counted, asked: Mapping[str, Any]) -> dict[str, str]:
    """Say in words what users have who have the outcome."""
    values: dict[str, Any] = {"event": asked["outcome"]}
    for lang, end in (("en", ""), ("ko", "_ko")):
        values |= {f"within{end}": spell(counted.within, lang), f"horizon{end}": spell(counted.horizon, lang)}
    if asked["segment"] is not None:
        values |= {"column": asked["segment"][0], "value": asked["segment"][1]}
        said = Sentence("have {column} = ‘{value}’", "{column} 값이 ‘{value}’입니다", values)
    elif asked["outcome"] is None:
        said = Sentence(
            "came back in the {horizon} after their first {within}",
            "첫 {within_ko:이} 지난 뒤 {horizon_ko} 안에 다시 왔습니다",
            values,
        )
    else:
        said = Sentence(
            "did ‘{event}’ in the {horizon} after their first {within}",
            "첫 {within_ko:이} 지난 뒤 {horizon_ko} 안에 ‘{event}’ 이벤트를 남겼습니다",
            values,
        )
    return {"did": said.write(), "did_ko": said.write("ko")}


def _nobody(counted: Counted, asked: Mapping[str, Any]) -> Sentence:
    never, late = int(counted.people[0]), int(counted.people[1])
    if late:
        span = counted.within + counted.horizon
        return Sentence(
            "It is too early to tell: none of {late} has {span} behind them by {until}.",
            "아직 이릅니다. {until}까지 시작 뒤 {span_ko:을} 다 지낸 사용자가 없습니다"
            "(지금까지 시작한 사용자 {n:,}명).",
            {"late": plural(late, "user"), "n": late, "until": counted.until}
            | {"span": spell(span), "span_ko": spell(span, "ko")},
        )
    if never:
        return Sentence(
            "Nobody can be looked at: this part of the log holds no start event {start}.",
            "살펴볼 사용자가 없습니다. 로그의 이 부분에는 시작 이벤트 {start:이} 없습니다.",
            {"start": f"‘{asked['start']}’"},
        )
    return Sentence(
        "There are no users: this part of the log holds no event.",
        "사용자가 없습니다. 로그의 이 부분에는 이벤트가 없습니다.",
    )


def _untested(found: Judged) -> Sentence:
    return Sentence(
        "Not enough evidence: none of the {names:,} behaviours was both done and left undone by at least {least} of "
        "the {n:,} users, so nothing was tested.",
        "근거가 부족합니다. 사용자 {n:,}명 가운데 한 사람과 하지 않은 사람이 각각 {least}명 이상인 행동이 없어(행동 "
        "{names:,}개) 아무것도 검정하지 않았습니다.",
        {"names": len(found.counted.names), "least": found.least, "n": found.counted.n},
    )


def _constant(counted: Counted, asked: Mapping[str, Any]) -> Sentence:
    values = outcome(counted, asked) | {"who": "all" if counted.have else "none"}
    return Sentence(
        "No behaviour can go with the outcome, for it does not vary: {who} of the users {did}.",
        "모든 사용자의 결과가 같아 결과와 함께 나타나는 행동을 찾을 수 없습니다.",
        values,
    )


def _driver(found: Judged, asked: Mapping[str, Any], place: int) -> Sentence:
    """State the best driver."""
    counted, pooled = found.counted, found.pooled
    count, days = int(counted.counts[found.step[place]]), int(counted.days[found.day[place]])
    rate, other, adjusted = (float(one[place]) for one in (found.rate, found.other_rate, pooled.difference))
    values: dict[str, Any] = outcome(counted, asked) | {"event": counted.names[found.behaviour[place]]}
    values |= {"times": "once" if count == 1 else f"{count:,} times", "count": count}
    values |= {"days": plural(days, "day"), "n_days": days, "n": int(found.n[place])}
    values |= {"rate": percent(rate), "other_rate": percent(other), "difference": in_points(other, rate)}
    values |= {"difference_ko": in_points(other, rate, "ko"), "adjusted": in_points(0, adjusted)}
    values |= {"adjusted_ko": in_points(0, adjusted, "ko"), "lower": signed(100 * float(pooled.lower[place]), 1)}
    values |= {"upper": signed(100 * float(pooled.upper[place]), 1)}
    return Sentence(
        "{rate} of the {n:,} users who did ‘{event}’ at least {times} within {days} {did}, against {other_rate} of the "
        "others: {adjusted} with equal activity (95 % interval {lower} to {upper}), {difference} without.",
        "첫 {n_days}일 안에 ‘{event}’ 이벤트를 {count:,}회 이상 남긴 사용자 {n:,}명 가운데 {rate}가 {did_ko}. 나머지 "
        "사용자는 {other_rate}입니다. 활동량이 같은 사용자끼리 비교하면 차이는 {adjusted_ko}(95 % "
        "신뢰구간 {lower}~{upper})이고, 보정하지 않으면 {difference_ko}입니다.",
        values,
    )


def _none(found: Judged) -> Sentence:
    values = {"names": len(found.best), "false_rate": percent(found.false_rate)}
    return Sentence(
        "No behaviour holds: none goes with the outcome once activity is equal, at a false-discovery rate of "
        "{false_rate} (behaviours tested: {names:,}).",
        "활동량을 맞추고도 결과와 함께 나타나는 행동은 없습니다(검정한 행동 {names:,}개, 거짓 발견율 {false_rate}).",
        values,
    )


def _weakened(first: Sentence, counted: Counted) -> Sentence:
    few = min(counted.have, counted.n - counted.have)
    if few >= _FEW:
        return first
    with_it = counted.have <= counted.n - counted.have
    warning = Sentence(
        "Weak evidence, only {few:,} of {all:,} users {have} the outcome:",
        "사용자 {all:,}명 가운데 결과가 {have_ko} 사용자가 {few:,}명뿐이라 근거가 약합니다.",
        {"few": few, "all": counted.n, "have": "have" if with_it else "lack", "have_ko": "있는" if with_it else "없는"},
    )
    return joined([warning, first], " ", " ")


def _activity(found: Judged) -> list[Sentence]:
    """Say how many behaviours hold, and how many only look like drivers."""
    kinds = found.evidence[found.best]
    fooled = _names(found, (kinds == 1) & ~found.turned[found.best])
    values: dict[str, Any] = {"names": len(kinds), "holds": int((kinds == 0).sum()), "fooled": len(fooled)}
    values |= {"false_rate": percent(found.false_rate), "cells": len(found)}
    values |= {"which": ", ".join(f"‘{name}’" for name in fooled[:_NAMED]), "more": len(fooled) - _NAMED}
    if not values["holds"] and not fooled:
        return []
    en = "At a false-discovery rate of {false_rate}, {holds:,} of {names:,} tested behaviours hold"
    ko = "검정한 행동 {names:,}개 가운데 {holds:,}개가 거짓 발견율(FDR) {false_rate} 기준으로 뒷받침됩니다"
    if fooled:
        more, more_ko = (" and {more:,} more", " 외 {more:,}개") if len(fooled) > _NAMED else ("", "")
        en += "; seeming drivers only because active users do more of everything: {fooled:,} ({which}" + more + ")"
        ko += (
            ". {fooled:,}개는 활발한 사용자가 무엇이든 더 많이 하기 때문에 그렇게 보일 뿐입니다({which}" + more_ko + ")"
        )
    return [Sentence(en + ".", ko + ".", values)]


def _turned(found: Judged) -> list[Sentence]:
    """Name the behaviours whose difference turns round once activity is equal."""
    names = _names(found, found.turned[found.best])
    if not names:
        return []
    return [
        Sentence(
            "With equal activity the difference turns round for {which}, so that none of these is said to hold: look "
            "closer.",
            "활동량을 맞추면 차이의 방향이 뒤바뀌어 어느 쪽도 뒷받침된다고 보지 않은 행동이 있으니 따로 살펴보십시오"
            "({which}).",
            {"which": ", ".join(f"‘{name}’" for name in names[:_NAMED]) + ("…" if len(names) > _NAMED else "")},
        )
    ]


def _names(found: Judged, which: npt.NDArray[np.bool_]) -> list[str]:
    """Name some of the behaviours, in their order."""
    return [found.counted.names[found.behaviour[place]] for place in found.best[which]]


def _base(counted: Counted, asked: Mapping[str, Any]) -> Sentence:
    values: dict[str, Any] = outcome(counted, asked) | {"n": counted.n}
    values |= {"rate": percent(float(share(counted.have, counted.n)))}
    return Sentence(
        "Of all {n:,} users looked at, {rate} {did}.",
        "살펴본 사용자 {n:,}명 가운데 {rate}가 {did_ko}.",
        values,
    )


# ---- how it was computed ----------------------------------------------------------------------------------------


def explain(found: Judged, asked: Mapping[str, Any]) -> dict[str, Sentence]:
    """Say how it was computed."""
    counted = found.counted
    return {
        "unit": Sentence("user", "사용자"),
        "window": _window(counted, asked),
        "denominator": Sentence(
            "rate: users who did the behaviour so often; rate of the others: those who did not; recall: all with the "
            "outcome",
            "비율은 그 행동을 그만큼 한 사용자, 나머지의 비율은 하지 않은 사용자, 재현율은 결과가 있는 모든 사용자",
        ),
        "n": Sentence(
            "{n:,} users, {have:,} with the outcome",
            "사용자 {n:,}명, 그 가운데 결과가 있는 사용자 {have:,}명",
            {"n": counted.n, "have": counted.have},
        ),
        "zone": Sentence("{zone}", "{zone}", {"zone": counted.zone}),
        "exclusions": _exclusions(found, asked),
        "family": Sentence(
            "{cells:,} cells (behaviour × count × days) tested together, Benjamini-Hochberg at {false_rate}",
            "칸 {cells:,}개(행동 × 횟수 × 날수)를 함께 검정, 벤저미니-호크버그 거짓 발견율 {false_rate}",
            {"cells": len(found), "false_rate": percent(found.false_rate)},
        ),
    }


def _window(counted: Counted, asked: Mapping[str, Any]) -> Sentence:
    values: dict[str, Any] = {"start": asked["start"], "until": counted.until}
    for lang, end in (("en", ""), ("ko", "_ko")):
        values |= {f"within{end}": spell(counted.within, lang), f"horizon{end}": spell(counted.horizon, lang)}
    entry, entry_ko = ("first ‘{start}’", "첫 ‘{start}’") if asked["start"] else ("first event", "첫 이벤트")
    if asked["segment"] is not None:
        after, after_ko = "; the outcome is what the user is, with no horizon", ", 결과는 사용자의 속성(관찰 기간 없음)"
    else:
        after, after_ko = ", the outcome in the {horizon} that follow", ", 결과는 그 뒤 {horizon_ko}"
    return Sentence(
        f"behaviours in the {{within}} from the user's {entry}{after}; up to {{until}}",
        f"행동은 사용자의 {entry_ko}부터 {{within_ko}}{after_ko}, {{until}}까지",
        values,
    )


def _exclusions(found: Judged, asked: Mapping[str, Any]) -> Sentence:
    never, late = int(found.counted.people[0]), int(found.counted.people[1])
    own = ", ".join(f"‘{name}’" for name in dict.fromkeys((asked["outcome"], asked["start"])) if name is not None)
    said: list[tuple[object, tuple[str, str], Mapping[str, Any]]] = [
        (True, _LATE, {"late": late}),
        (never, _NEVER, {"never": never}),
        (True, _UNTESTED, {"least": found.least, "untested": found.untested}),
        (own, _OWN, {"own": own}),
        (asked["start"] is None, _BEFORE, {}),
        (asked["as_of"] is not None, _CUT_OFF, {}),
    ]
    return joined([Sentence(en, ko, values) for applies, (en, ko), values in said if applies])


_LATE: Final = (
    "users whose window and horizon are not over: {late:,}",
    "관찰 기간이 끝나지 않은 사용자 {late:,}명은 제외합니다.",
)
_NEVER: Final = (
    "users without the start event: {never:,}",
    "시작 이벤트가 없는 사용자 {never:,}명은 제외합니다.",
)
_UNTESTED: Final = (
    "cells with under {least} users on either side are not tested: {untested:,}",
    "한쪽이라도 사용자가 {least}명 미만인 칸 {untested:,}개는 검정하지 않습니다.",
)
_OWN: Final = ("no behaviours: {own}", "행동에서 뺀 이벤트: {own}.")
_BEFORE: Final = (
    "whoever was there before the log or view began counts as entering in it",
    "로그나 뷰가 시작되기 전부터 있던 사용자도 그 안에서 시작한 것으로 봅니다.",
)
_CUT_OFF: Final = ("events at or after as_of are left out", "기준 시점(as_of)과 그 이후의 이벤트는 제외합니다.")

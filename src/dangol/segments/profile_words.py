"""The sentences of ``profile``."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from dangol.core.changes import in_points, signed
from dangol.core.show import write
from dangol.core.words import Sentence, joined, number, percent

from .nouns import counted, named
from .profile_events import MOST_VALUES
from .profile_tables import FEW, Profiled
from .profile_tests import EVIDENCE, RATE, SMALL
from .segment_words import moment, shown, weaknesses

_NAMED: Final = 5
_TOLD: Final = 8  # segments that have a line of their own
_EACH: Final = 4  # variables that such a line names
_SIZES: Final = ("users", "events", "sessions")  # columns that tell how large a unit is
_MANY: Final = 10  # times from which decimals say nothing


def sentences(told: Profiled) -> tuple[Sentence, ...]:
    """Say what was found, most important first; what weakens it stands in the first sentence."""
    doubts = weaknesses(told.segments.quality, told.segments.told["stability"])
    if len(told.segments.names) < 2:
        doubts = []
    first = _doubted(_headline(told), doubts)
    found = [first, *_reasons(doubts), *_described(told), *_counted(told), *_made(told), *_related(told)]
    return (*found, *_sizes(told), *_few(told), *_same_time(told))


def _headline(told: Profiled) -> Sentence:
    found = told.compared
    if len(told.segments.names) < 2:
        return Sentence(
            "There is a single segment, so nothing can be compared.", "세그먼트가 하나뿐이라 비교할 대상이 없습니다."
        )
    if not found.tests:
        return Sentence(
            "Nothing was tested: beyond the features that made the segments nothing is known of the units, or too few "
            "units are known.",
            "검정한 것이 없습니다. 세그먼트를 나눈 특성 말고는 알려진 것이 없거나 비교할 대상이 너무 적습니다.",
        )
    if len(told.telling):
        return _largest(told, *(int(one) for one in told.telling[0]))
    small = np.argwhere(found.evidence == EVIDENCE.index("small"))
    if not len(small):
        return Sentence(
            "Nothing sets the segments apart beyond the features that made them: of {tests:,} differences tested none "
            "holds at a false-discovery rate of {rate}.",
            "세그먼트를 나눈 특성 말고는 세그먼트를 구별하는 것이 없습니다. 검정한 차이 {tests:,}건 가운데 거짓 발견율 "
            "{rate} 기준으로 뒷받침되는 것이 없습니다.",
            {"tests": found.tests, "rate": percent(RATE)},
        )
    size = np.abs(found.difference[small[:, 0], small[:, 1]])
    row, column = (int(one) for one in small[int(np.argmax(size))])
    values: dict[str, Any] = {"feature": found.variables[row].shown, "bound": SMALL}
    values |= {"largest": signed(float(found.difference[row, column]), 2)} | _names(told, column)
    return Sentence(
        "Significant but small: beyond the features that made them, the segments differ by less than {bound} standard "
        "deviations in everything; the largest difference is that of ‘{segment}’ in ‘{feature}’, {largest}.",
        "유의하지만 작은 차이뿐입니다. 세그먼트를 나눈 특성 말고는 모든 차이가 표준편차의 {bound}배에 못 미칩니다. "
        "가장 큰 것이 ‘{segment_ko}’의 ‘{feature}’ 차이로 {largest}입니다.",
        values,
    )


def _names(told: Profiled, column: int) -> dict[str, str]:
    name = told.segments.names[column]
    return {"segment": shown(name), "segment_ko": shown(name, "ko")}


def _largest(told: Profiled, row: int, column: int) -> Sentence:
    """State the difference that is surest."""
    found, units = told.compared, int(told.compared.inside.n[row, column])
    one = found.variables[row]
    values: dict[str, Any] = {"feature": one.shown, "q": _q(float(found.q[row, column]))} | _names(told, column)
    state = _share if one.kind == "attribute" else _mean
    said = state(told, row, column, values)
    if units >= FEW:
        return said
    en, ko = counted(units, told.segments.unit)
    weak = Sentence(
        "Weak evidence, only {units} in the segment.",
        "세그먼트가 {units_ko}뿐이라 근거가 약합니다.",
        {"units": en, "units_ko": ko},
    )
    return joined([weak, said], " ", " ")


def _mean(told: Profiled, row: int, column: int, values: dict[str, Any]) -> Sentence:
    found = told.compared
    size = float(found.difference[row, column])
    more = {"mean": number(float(found.inside.mean[row, column])), "rest": number(float(found.rest.mean[row, column]))}
    more |= {"difference": signed(size, 2), "size": f"{abs(size):.2f}"}
    more |= {name: signed(float(getattr(found, name)[row, column]), 2) for name in ("lower", "upper")}
    more["higher"] = "높습니다" if size > 0 else "낮습니다"
    event = found.variables[row].kind == "event"
    per, per_ko = (" per active user", " 사용자당 횟수") if event else ("", "")
    if event and told.segments.unit == "user":
        per, per_ko = " per user", " 1인당 횟수"
    return Sentence(
        "The surest difference is that of segment ‘{segment}’ in ‘{feature}’"
        + per
        + ": {mean} on average, {rest} in the "
        "rest, {difference} standard deviations (95 % interval {lower} to {upper}; {q}).",
        "나머지와 가장 확실하게 다른 것은 세그먼트 ‘{segment_ko}’의 ‘{feature}’" + per_ko + "입니다. 평균이 {mean}, "
        "나머지는 {rest}이고 표준편차의 {size}배만큼 {higher}(95 % 신뢰구간 {lower}~{upper}, {q}).",
        values | more,
    )


def _share(told: Profiled, row: int, column: int, values: dict[str, Any]) -> Sentence:
    found = told.compared
    here, rest = float(found.inside.mean[row, column]), float(found.rest.mean[row, column])
    more = {"share": percent(here), "rest": percent(rest)}
    more |= {"points": in_points(rest, here), "points_ko": in_points(rest, here, "ko")}
    more |= {"lower": signed(100 * float(found.gap_lower[row, column]), 1)}
    more |= {"upper": signed(100 * float(found.gap_upper[row, column]), 1)}
    return Sentence(
        "The surest difference is that of segment ‘{segment}’ in ‘{feature}’: {share}, against {rest} of the rest, "
        "{points} (95 % interval {lower} to {upper}; {q}).",
        "나머지와 가장 확실하게 다른 것은 세그먼트 ‘{segment_ko}’의 ‘{feature}’ 비중입니다. {share}로 나머지의 "
        "{rest}와 {points_ko} 차이가 납니다(95 % 신뢰구간 {lower}~{upper}, {q}).",
        values | more,
    )


def _q(value: float) -> str:
    text = write(value, "q")
    return f"q {text}" if text.startswith("<") else f"q = {text}"


def _doubted(first: Sentence, doubts: list[Sentence]) -> Sentence:
    """Put that something speaks against the segments themselves before what sets them apart."""
    if not doubts:
        return first
    warned = Sentence(
        "No strong structure in the segments themselves, for the reasons below.",
        "세그먼트 자체에 뚜렷한 구조가 없습니다(이유는 아래).",
        {"doubts": len(doubts)},
    )
    return joined([warned, first], " ")


def _reasons(doubts: list[Sentence]) -> list[Sentence]:
    """Say what speaks against the segments."""
    if not doubts:
        return []
    said = joined(doubts, "; ", " ")
    return [
        Sentence(
            "What speaks against the segments: " + said.en + ".",
            "세그먼트를 그대로 받아들이기 어려운 이유: " + said.ko,
            said.values,
        )
    ]


def _described(told: Profiled) -> list[Sentence]:
    """Describe each segment in a line: how large it is, and what is most different from all units."""
    if len(told.segments.names) < 2:
        return []
    return [_line(told, column) for column in range(min(len(told.segments.names), _TOLD))]


def _line(told: Profiled, column: int) -> Sentence:
    """Describe a segment by what made it and what holds, the largest differences first."""
    found, size = told.compared, int(told.sizes[column])
    known = np.isin(found.evidence[:, column], [EVIDENCE.index("holds"), EVIDENCE.index("made")])
    apart = np.where(known, np.nan_to_num(np.abs(found.difference[:, column])), 0.0)
    rows = [int(row) for row in np.argsort(-apart, kind="stable")[:_EACH] if apart[row] >= SMALL]
    en, ko = counted(size, told.segments.unit)
    values: dict[str, Any] = {"units": en, "units_ko": ko, "share": percent(size / told.sizes.sum())}
    values |= _names(told, column)
    if not rows:
        return Sentence(
            "‘{segment}’, {units} ({share}): nothing much different from the rest.",
            "‘{segment_ko}’ {units_ko}({share}): 나머지와 크게 다른 점이 없습니다.",
            values,
        )
    values["traits"], values["traits_ko"] = (
        ", ".join(_trait(told, row, column, lang) for row in rows) for lang in _BOTH
    )
    return Sentence(
        "‘{segment}’, {units} ({share}), against the mean of all: {traits}.",
        "‘{segment_ko}’ {units_ko}({share}): 전체 평균 대비 {traits_ko}입니다.",
        values,
    )


_BOTH: Final = ("en", "ko")


def _trait(told: Profiled, row: int, column: int, lang: str) -> str:
    """Say how many times the mean of all a variable is; whether higher or lower where that makes no sense."""
    times, name = float(told.compared.index[row, column]) / 100, told.compared.variables[row].shown
    if np.isfinite(times):
        many = f"{times:.2f}" if times < _MANY else f"{times:,.0f}"
        return f"{name} {many}배" if lang == "ko" else f"{name} {many} times"
    higher = told.compared.difference[row, column] > 0
    return (
        f"{name} {'높은 편' if higher else '낮은 편'}" if lang == "ko" else f"{name} {'higher' if higher else 'lower'}"
    )


def _counted(told: Profiled) -> list[Sentence]:
    """Say how many differences hold, and how many of these are small; that none does is said before."""
    found = told.compared
    holds, small = (int((found.evidence == EVIDENCE.index(name)).sum()) for name in ("holds", "small"))
    if not holds and not small:
        return []
    values = {"tests": found.tests, "found": holds + small, "small": small, "rate": percent(RATE), "bound": SMALL}
    en = "Of {tests:,} differences tested (segments × variables), {found:,} hold at a false-discovery rate of {rate}"
    ko = "검정한 차이(세그먼트 × 변수) {tests:,}건 가운데 {found:,}건이 거짓 발견율 {rate} 기준으로 뒷받침됩니다."
    if small:
        en += ", {small:,} of them small (under {bound} standard deviations)"
        ko += " 그 가운데 {small:,}건은 표준편차의 {bound}배에 못 미치는 작은 차이입니다."
    return [Sentence(en + ".", ko, values)]


def _listed(names: list[str]) -> dict[str, str]:
    """Name some of many, in both languages."""
    few, more = ", ".join(f"‘{name}’" for name in names[:_NAMED]), len(names) - _NAMED
    return (
        {"names": few, "names_ko": few}
        if more <= 0
        else {"names": f"{few} and {more:,} more", "names_ko": f"{few} 외 {more:,}개"}
    )


def _made(told: Profiled) -> list[Sentence]:
    return [
        Sentence(
            "In what made them, {names}, the segments differ by construction: that is described, not tested.",
            "세그먼트를 나눈 특성({names_ko})의 차이는 당연한 결과이므로 검정하지 않고 값만 보여 줍니다.",
            _listed(list(told.segments.units.features)),
        )
    ]


def _related(told: Profiled) -> list[Sentence]:
    names = [one.shown for one in told.compared.variables if one.related is not None]
    if not names:
        return []
    return [
        Sentence(
            "Not tested either, because they follow these features closely: {names}.",
            "이 특성들을 거의 그대로 따라가는 것도 검정하지 않았습니다({names_ko}).",
            _listed(names),
        )
    ]


def _sizes(told: Profiled) -> list[Sentence]:
    """Warn of differences in size: an average over few users lies farther out by chance."""
    holds = (told.compared.evidence == EVIDENCE.index("holds")).any(axis=1)
    held = [one.shown for place, one in enumerate(told.compared.variables) if holds[place]]
    names = [name for name in held if name in _SIZES]
    if not names or told.segments.unit == "user":
        return []
    return [
        Sentence(
            "Differences in size need care ({names}): averages over few users lie farther out by chance, so small "
            "units gather in the outer segments.",
            "규모의 차이는 조심해서 보십시오({names_ko}). 사용자가 적으면 평균이 우연히 극단에 놓여 바깥에 몰립니다.",
            _listed(names),
        )
    ]


def _few(told: Profiled) -> list[Sentence]:
    """Name the segments that have too few units to be tested in anything."""
    untested = np.isnan(told.compared.p).all(axis=0) if told.compared.tests else np.zeros(0, np.bool_)
    places = np.flatnonzero(untested)
    if not len(places):
        return []
    names = told.segments.names
    en, ko = (
        ", ".join(f"‘{shown(names[place], lang)}’{gap}({told.sizes[place]:,})" for place in places)
        for lang, gap in (("en", " "), ("ko", ""))
    )
    return [
        Sentence(
            "Described but not tested, for they have too few units: {which}.",
            "수가 너무 적어 검정하지 않고 값만 보여 주는 세그먼트: {which_ko}.",
            {"which": en, "which_ko": ko},
        )
    ]


def _same_time(told: Profiled) -> list[Sentence]:
    if told.activity is None or told.activity.later:
        return []
    return [
        Sentence(
            "The events are not known to be later than the segments: differences in them describe the segments and "
            "predict nothing.",
            "이벤트가 세그먼트를 만든 뒤의 것이라고 볼 수 없으므로, 이벤트의 차이는 지금의 모습을 보여 줄 뿐 앞으로를 "
            "예측하지 않습니다.",
        )
    ]


# ---- how it was computed ----------------------------------------------------------------------------------------


def explain(told: Profiled) -> dict[str, Sentence]:
    """Say how it was computed."""
    units, activity = told.segments.units, told.activity
    en, ko = counted(len(units), units.unit)
    values: dict[str, Any] = {"units": en, "units_ko": ko, "segments": len(told.segments.names)}
    n = Sentence("{units} in {segments:,} segments", "{units_ko}, 세그먼트 {segments:,}개", values)
    if activity is not None:
        users = {"users": int(activity.users.sum())}
        n = joined([n, Sentence("{users:,} active users", "활동 사용자 {users:,}명", users)], ko=", ")
    how = {
        "unit": Sentence(
            "{unit}; each counts once, in its segment and in the rest of every other",
            "{unit_ko} 하나를 한 번씩 셉니다(자기 세그먼트와, 다른 세그먼트의 나머지)",
            {"unit": units.unit, "unit_ko": named(units.unit)[1]},
        ),
        "window": _window(told),
        "denominator": _DENOMINATOR,
        "n": n,
    }
    if activity is not None:
        how["zone"] = Sentence("{zone}", "{zone}", {"zone": activity.zone})
    how["exclusions"] = _exclusions(told)
    how["family"] = Sentence(
        "{tests:,} tests (segments × variables) together, Benjamini-Hochberg at {rate}; what made the segments, or "
        "follows it, is outside",
        "세그먼트 × 변수 {tests:,}건을 함께 검정, 벤저미니-호크버그 거짓 발견율 {rate}, 세그먼트를 나눈 특성과 이를 "
        "따라가는 변수는 제외",
        {"tests": told.compared.tests, "rate": percent(RATE)},
    )
    return how


_DENOMINATOR: Final = Sentence(
    "difference: pooled standard deviation of segment and rest; index: mean of all units; events: active users of each "
    "unit; shares: units, or users, for which it is known",
    "차이는 세그먼트와 나머지의 통합 표준편차, 지수는 전체 평균, 이벤트는 각 단위의 활동 사용자, 비중은 값이 알려진 "
    "단위나 사용자",
)


def _window(told: Profiled) -> Sentence:
    made, activity = told.segments.units.as_of, told.activity
    first = Sentence("up to when the segments were made is not known", "세그먼트를 만든 시점은 알 수 없음")
    if made is not None:
        first = Sentence(
            "segments made of data before {made}", "세그먼트는 {made} 이전 데이터로 만듦", {"made": moment(made)}
        )
    if activity is None:
        return joined([first, Sentence("the table of the units as it is", "단위 표의 값 그대로")], ko=", ")
    span = {"start": activity.start, "end": activity.end, "view": "; ".join(activity.view)}
    events = Sentence("events from {start} to {end}", "이벤트는 {start}부터 {end}까지", span)
    if activity.between:
        span |= {"start": moment(activity.start), "end": moment(activity.end)}
        events = Sentence("events from {start} to before {end}", "이벤트는 {start}부터 {end} 전까지", span)
    if activity.view:
        events = Sentence(events.en + ", only of {view}", events.ko + "({view} 조건)", span)
    after = Sentence("later than the segments", "세그먼트를 만든 뒤의 기간")
    same = Sentence("the same time as the segments, as far as is known", "세그먼트를 만든 기간과 겹침")
    return joined([first, events, after if activity.later else same], ko=", ")


_LEFT_OUT: Final = {
    "many": ("text with more than {most} values: {names}", "값이 {most}가지를 넘는 텍스트: {names_ko}"),
    "same": ("the same for all: {names}", "값이 모두 같음: {names_ko}"),
    "kind": ("neither numbers nor text: {names}", "숫자도 텍스트도 아님: {names_ko}"),
    "empty": ("empty: {names}", "값이 없음: {names_ko}"),
}


def _exclusions(told: Profiled) -> Sentence:
    activity, said = told.activity, []
    if activity is not None and activity.absent:
        en, ko = counted(activity.absent, told.segments.unit)
        said.append(
            Sentence(
                "{absent} without an active user in the log are left out of events",
                "로그에 활동 사용자가 없는 {absent_ko:은} 이벤트 비교에서 제외",
                {"absent": en, "absent_ko": ko},
            )
        )
    if activity is not None and activity.others:
        others = {"others": activity.others}
        said.append(Sentence("rarer events left out: {others:,}", "드문 이벤트 {others:,}종 제외", others))
    for reason, names in told.left_out.items():
        en, ko = _LEFT_OUT[reason]
        own = Sentence(en, ko, {"most": MOST_VALUES, **_listed(list(names))})  # names differ by reason: written here
        values = {reason: own.write(), f"{reason}_ko": own.write("ko")}
        said.append(Sentence(f"{{{reason}}}", f"{{{reason}_ko}}", values))
    return joined(said, ko=", ") if said else Sentence("none", "없음")

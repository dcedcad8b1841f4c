"""The sentences of ``rhythm``."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dangol.core import calendar, labels
from dangol.core.proportions import share
from dangol.core.words import Sentence, joined, percent

from .nobody import nobody
from .rhythm_season import CYCLES
from .rhythm_spread import LEVELS, gathered
from .rhythm_tables import Counted

Floats = npt.NDArray[np.float64]

_FEW: Final = 30  # users below which the evidence is called weak
_SHORT: Final = 14.0  # days below which a weekday was not seen twice
_LEVEL: Final = 0.05
_WIDE: Final = 0.5  # of a strength's interval, above which the evidence is called weak
_LEVELS: Final = (("hours of the day", "시간대"), ("weekdays", "요일"), ("hours of the week", "요일별 시간대"))
_MEASURES: Final = {
    "events": ("daily events", "하루 이벤트 수"),
    "users": ("daily users", "하루 사용자 수"),
    "amount": ("daily amount", "하루 금액"),
}


def sentences(counted: Counted) -> tuple[Sentence, ...]:
    """Say what was found, most important first; what weakens it stands in the first sentence."""
    if not counted.people:
        return (nobody(counted.event),)
    found = [_headline(counted), _tested(counted), _by_user(counted), *_unseen(counted), *_segments(counted)]
    return (*found, *_decomposed(counted))


# ---- the map ----------------------------------------------------------------------------------------------------


def _rates(amounts: npt.NDArray[Any], counted: Counted, level: str) -> Floats:
    """What came in each hour of exposure; cells that never were are below all others."""
    exposure = gathered(counted.exposure, level)
    return np.where(exposure > 0, share(gathered(amounts, level), exposure), -1.0)


def _peaks(counted: Counted, amounts: npt.NDArray[Any], shares: dict[str, Floats]) -> dict[str, Any]:
    """Name the hour of the day and the weekday with the highest rate, their shares, and that of such days of all."""
    hour = int(np.argmax(_rates(amounts, counted, LEVELS[0])))
    day = int(np.argmax(_rates(amounts, counted, LEVELS[1])))
    return {
        "hour": f"{hour:02d}:00–{hour + 1:02d}:00",
        "hour_ko": f"{hour}시",
        "hour_share": percent(float(shares[LEVELS[0]][hour])),
        "weekday": labels.weekday(day + 1),
        "weekday_ko": labels.weekday(day + 1, "ko"),
        "weekday_share": percent(float(shares[LEVELS[1]][day])),
        "weekday_days": percent(float(share(gathered(counted.exposure, LEVELS[1])[day], counted.exposure.sum()))),
    }


def _uneven(counted: Counted) -> list[int]:
    """The levels whose test says that rates differ; three tests, so each at a third of 5 %."""
    return [place for place, level in enumerate(LEVELS) if counted.spread[level].p <= _LEVEL / len(LEVELS)]


def _headline(counted: Counted) -> Sentence:
    shares = {level: counted.total.share_of_events(level)[0] for level in LEVELS}
    values = _peaks(counted, counted.total.events[0], shares)
    week = counted.spread[LEVELS[2]]
    values |= {"cv": week.cv_adjusted, "lower": week.lower, "upper": week.upper}
    en = "Most happens from {hour} ({hour_share} of events) and on {weekday}s ({weekday_share} of events on "
    en += "{weekday_days} of the days)"
    ko = "하루 중에는 {hour_ko}대(이벤트의 {hour_share}), 요일 중에는 {weekday_ko}(전체 날의 {weekday_days}에 이벤트의 "
    ko += "{weekday_share})에 활동이 가장 많습니다"
    if week.cv_adjusted == week.cv_adjusted:
        en += "; over the hours of the week the coefficient of variation is {cv:.2f} (95 % interval {lower:.2f} to "
        en += "{upper:.2f})"
        ko += ". 요일별 시간대에 따른 활동량의 변동계수는 {cv:.2f}입니다(95 % 신뢰구간 {lower:.2f}~{upper:.2f})"
    days = float(counted.exposure.sum() / 24)
    if counted.people < _FEW:
        values["few"] = counted.people
        en, ko = "Weak evidence, only {few:,} users: " + _small(en), "사용자가 {few:,}명뿐이라 근거가 약합니다. " + ko
    elif days < _SHORT:
        values["days"] = days
        en = "Weak evidence, the log covers only {days:.1f} days: " + _small(en)
        ko = "로그가 {days:.1f}일치뿐이라 근거가 약합니다. " + ko
    elif not _uneven(counted):
        en, ko = "No rhythm is proven: " + _small(en), "뚜렷한 리듬은 확인되지 않았습니다. " + ko
    return Sentence(en + ".", ko + ".", values)


def _small(text: str) -> str:
    return text[0].lower() + text[1:]


def _tested(counted: Counted) -> Sentence:
    """Say whether activity differs between hours and weekdays by more than chance."""
    p = [counted.spread[level].p for level in LEVELS]
    values: dict[str, Any] = {f"p_{place}": _written(value) for place, value in enumerate(p)}
    if all(value != value for value in p):
        return Sentence(
            "Whether an even rhythm could look like this cannot be tested: that takes two users and two cells.",
            "고른 리듬에서도 이런 모양이 나올 수 있는지는 검정할 수 없습니다. 사용자와 시간대가 둘 이상 있어야 합니다.",
        )
    uneven = _uneven(counted)
    values["uneven"] = _and([_LEVELS[place][0] for place in uneven])
    values["uneven_ko"] = ", ".join(_LEVELS[place][1] for place in uneven)
    said = "hours of the day {p_0}, weekdays {p_1}, hours of the week {p_2}"
    said_ko = "시간대 {p_0}, 요일 {p_1}, 요일별 시간대 {p_2}"
    if uneven:
        return Sentence(
            f"The differences between {{uneven}} are more than chance, users taken as wholes ({said}).",
            f"사용자 단위로 검정하면 {{uneven_ko}}에 따른 차이는 우연으로 보기 어렵습니다({said_ko}).",
            values,
        )
    return Sentence(
        f"An even rhythm could look like this, users taken as wholes ({said}).",
        f"사용자 단위로 검정하면 활동이 고르게 퍼져 있어도 나올 수 있는 차이입니다({said_ko}).",
        values,
    )


def _and(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and ".join(["", *parts[-1:]])


def _written(p: float) -> str:
    if p != p:
        return "p –"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def _by_user(counted: Counted) -> Sentence:
    """Say when the average user is active, which the most active ones do not decide."""
    shares = {level: counted.total.share_of_users(level)[0] for level in LEVELS}
    return Sentence(
        "For the average user, who counts as much as any other, it is {hour} ({hour_share} of a user's events) and "
        "{weekday} ({weekday_share} on {weekday_days} of the days).",
        "사용자마다 비중을 구해 평균하면 {hour_ko}대({hour_share})와 {weekday_ko}(전체 날의 {weekday_days}에 "
        "{weekday_share})에 활동이 가장 많습니다.",
        _peaks(counted, counted.total.shares[0], shares),
    )


def _unseen(counted: Counted) -> list[Sentence]:
    missing = int((counted.exposure == 0).sum())
    if not missing:
        return []
    return [
        Sentence(
            "The log covers less than a week: {missing} of the 168 hours of the week never were and have no rate.",
            "로그가 한 주를 다 담지 못해 요일별 시간대 168칸 가운데 {missing}칸은 값이 없습니다.",
            {"missing": missing},
        )
    ]


def _segments(counted: Counted) -> list[Sentence]:
    """Name the segments whose activity varies most and least over the hours of the week."""
    if counted.parts is None or counted.labels is None:
        return []
    parts = counted.parts
    cv = np.array([found[LEVELS[2]].cv_adjusted for found in counted.spreads])
    cv[parts.people < _FEW] = np.nan
    if np.isfinite(cv).sum() < 2:
        return []
    values: dict[str, Any] = {"by": counted.by, "few": _FEW}
    for name, code in (("most", int(np.nanargmax(cv))), ("least", int(np.nanargmin(cv)))):
        hour = int(np.argmax(_rates(parts.events[code], counted, LEVELS[0])))
        values |= {name: counted.labels[code], f"{name}_cv": float(cv[code])}
        values |= {f"{name}_hour": f"{hour:02d}:00–{hour + 1:02d}:00", f"{name}_hour_ko": f"{hour}시"}
    return [
        Sentence(
            "By {by}, activity varies most over the week for '{most}' ({most_cv:.2f}, most from {most_hour}) and "
            "least for '{least}' ({least_cv:.2f}, most from {least_hour}); segments with fewer than {few} users are "
            "left out.",
            "{by:으로} 나누면 요일별 시간대에 따른 변동이 가장 큰 세그먼트는 ‘{most}’({most_cv:.2f}, "
            "{most_hour_ko}대에 가장 활발), 가장 작은 세그먼트는 ‘{least}’({least_cv:.2f}, "
            "{least_hour_ko}대에 가장 활발)입니다. 사용자 {few}명 미만인 세그먼트는 비교하지 않았습니다.",
            values,
        )
    ]


# ---- the daily series -------------------------------------------------------------------------------------------


def _decomposed(counted: Counted) -> list[Sentence]:
    daily, found = counted.daily, counted.daily.found
    measure, measure_ko = _MEASURES[daily.measure]
    values: dict[str, Any] = {"measure": measure, "measure_ko": measure_ko, "days": len(daily.starts)}
    if found is None:
        values |= {"needed": CYCLES * max(daily.lengths), "cycles": CYCLES}
        return [
            Sentence(
                "The {measure} are not decomposed: {days:,} complete days, {needed:,} ({cycles} weeks) are needed.",
                "{measure_ko:은} 분해하지 않았습니다. 온전한 날이 {days:,}일인데 {needed:,}일({cycles}주)이 "
                "필요합니다.",
                values,
            )
        ]
    together, together_ko = (
        (", all segments together", "(세그먼트 전체 합산)") if counted.labels is not None else ("", "")
    )
    if all(one["strength"] != one["strength"] for one in counted.strength.values()):
        return [
            Sentence(
                f"The {{measure}} never change over {{days:,}} complete days{together}, so they have no strength.",
                f"온전한 {{days:,}}일 동안 {{measure_ko:이}} 한 번도 바뀌지 않아{together_ko} 강도를 구할 수 없습니다.",
                values,
            )
        ]
    return [_components(counted, values, together, together_ko), *_unusual(counted)]


def _components(counted: Counted, values: dict[str, Any], together: str, together_ko: str) -> Sentence:
    """Say how strong trend and seasons are; what weakens it first."""
    en, ko = [], []
    for name, one in counted.strength.items():
        length = name.removeprefix("season_")
        told, told_ko = ("the trend", "추세") if name == "trend" else (f"the {length}-day season", f"{length}일 주기")
        if one["strength"] != one["strength"]:
            en.append(f"{told} never changes and has no strength")
            ko.append(f"{told_ko} 없음(변화 없음)")
            continue
        values |= {f"{name}_{word}": one[word] for word in ("strength", "lower", "upper")}
        en.append(f"{told} has strength {{{name}_strength:.2f}} ({{{name}_lower:.2f}} to {{{name}_upper:.2f}})")
        ko.append(f"{told_ko} {{{name}_strength:.2f}}({{{name}_lower:.2f}}~{{{name}_upper:.2f}})")
    said = f"the {{measure}} of {{days:,}} complete days{together}, {_and(en)}, on a scale from 0 to 1."
    said_ko = f"온전한 {{days:,}}일의 {{measure_ko}}{together_ko}에서 구성 요소의 강도(0~1)는 {', '.join(ko)}입니다."
    if any(one["upper"] - one["lower"] > _WIDE for one in counted.strength.values()):
        return Sentence(
            "Weak evidence, the intervals are wide: in " + said, "신뢰구간이 넓어 근거가 약합니다. " + said_ko, values
        )
    return Sentence("In " + said, said_ko, values)


def _unusual(counted: Counted) -> list[Sentence]:
    """Name the most unusual day."""
    found = counted.daily.found
    if found is None or not found.unusual().any():
        return []
    flagged = found.unusual()
    off = np.abs(found.remainder - np.median(found.remainder))
    worst = int(np.argmax(np.where(flagged, off, -1.0)))
    values = {
        "n": int(flagged.sum()),
        "days": len(flagged),
        "day": counted.day_names()[worst],
        "value": float(found.value[worst]),
    }
    values["usual"] = round(float(found.value[worst] - found.remainder[worst])) + 0.0  # never minus nothing
    return [
        Sentence(
            "Unusual days: {n:,} of {days:,}, most of all {day} with {value:,.0f}, where trend and season make "
            "{usual:,.0f}.",
            "{days:,}일 가운데 평소와 다른 날은 {n:,}일입니다. 차이가 가장 큰 날은 {day}이며, 추세와 주기로 "
            "예상한 값은 {usual:,.0f}인데 실제 값은 {value:,.0f}입니다.",
            values,
        )
    ]


# ---- how --------------------------------------------------------------------------------------------------------


def explain(counted: Counted, *, cut_off: bool) -> dict[str, Sentence]:
    """Say how it was computed."""
    start, until = (calendar.write(one, counted.zone) for one in (counted.start, counted.as_of))
    values: dict[str, Any] = {"users": counted.people, "events": int(counted.total.events.sum())}
    values["days"] = float(counted.exposure.sum() / 24)
    said = [_CLUSTERED, *([_GROUPED] if counted.hashed else []), _WHOLE_DAYS]
    if counted.event is not None:
        said.append(Sentence("only '{event}' counts", "‘{event}’ 이벤트만 셉니다.", {"event": counted.event}))
    if cut_off:
        said.append(_CUT_OFF)
    segments = 1 if counted.parts is None else int((counted.parts.people > 0).sum())
    return {
        "unit": Sentence(
            "event in an hour of the week; user for shares of users", "요일별 시간대의 이벤트(사용자 비중은 사용자)"
        ),
        "window": Sentence(
            "hours of the local week, {start} to {until}",
            "현지 시각 기준 요일별 시간대, {start}부터 {until}까지",
            {"start": start, "until": until},
        ),
        "denominator": Sentence(
            "all events, or all of a user's events, for shares; elapsed hours of exposure for rates",
            "비중은 전체 이벤트 또는 사용자별 전체 이벤트, 시간당 값은 실제로 흐른 시간",
        ),
        "n": Sentence(
            "{users:,} users, {events:,} events, {days:,.1f} days",
            "사용자 {users:,}명, 이벤트 {events:,}건, {days:,.1f}일",
            values,
        ),
        "zone": Sentence("{zone}", "{zone}", {"zone": counted.zone}),
        "exclusions": joined(said),
        "family": Sentence(
            "{tests:,} tests of an even rhythm, p not corrected in the table; the sentence asks p ≤ 0.05 / 3",
            "고른 리듬 검정 {tests:,}건. 표의 p값은 보정하지 않았으며 문장은 p ≤ 0.05 / 3을 기준으로 판단합니다.",
            {"tests": segments * len(LEVELS)},
        ),
    }


_CLUSTERED: Final = Sentence(
    "test and intervals take users, not events, as independent; hours that never were are in no variation",
    "검정과 신뢰구간은 이벤트가 아니라 사용자가 서로 독립이라고 보고 구하며, 없었던 시간대는 변동계수에서 제외합니다.",
)
_GROUPED: Final = Sentence(
    "users stand in at most 1,000 random groups for test and intervals",
    "검정과 신뢰구간에서는 사용자를 무작위로 최대 1,000개 묶음으로 나누어 계산합니다.",
)
_WHOLE_DAYS: Final = Sentence(
    "the daily series holds whole local days alone; the first counts as whole even where the log begins within it",
    "일별 계열에는 온전한 날만 넣습니다. 첫날은 로그가 그 도중에 시작하더라도 온전한 날로 봅니다.",
)
_CUT_OFF: Final = Sentence("events at or after as_of are left out", "기준 시점(as_of)과 그 이후의 이벤트는 제외합니다.")

"""The tables and sentences of ``retention``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from dangol.core.changes import in_points, signed
from dangol.core.durations import Period, in_korean
from dangol.core.proportions import newcombe, share, wilson
from dangol.core.result import Tables
from dangol.core.words import Sentence, joined, percent

if TYPE_CHECKING:
    import pandas as pd

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_SUPPORTED: Final = 100  # users below which a later period is not put into the headline
_FEW: Final = 30  # users below which the headline says that the evidence is weak

_UNITS_EN: Final = {"h": "hour", "d": "day", "w": "week", "mo": "month", "q": "quarter", "y": "year"}


@dataclass(frozen=True)
class Counted:
    """Everything counted, as arrays of segment × cohort × slot of periods.

    ``n`` is the denominator of a cell, ``complete`` whether its time is over for the whole cohort, ``shown`` whether it
    has begun and has anybody in it. ``entries`` counts all entries into cohorts, ``people`` the users who made them.
    """

    users: Ints
    n: Ints
    complete: Flags
    shown: Flags
    lows: Ints
    highs: Ints
    cohorts: tuple[str, ...]
    segments: tuple[str, ...] | None
    every: Period
    bracketed: bool
    entries: int
    people: int
    until: str

    def labels(self) -> list[str]:
        """Name each slot: ``3``, or ``3-6`` for a bracket."""
        return [str(low) if high == low + 1 else f"{low}-{high - 1}" for low, high in self._slots]

    @property
    def _slots(self) -> list[tuple[int, int]]:
        return list(zip(self.lows.tolist(), self.highs.tolist(), strict=True))

    @cached_property
    def average(self) -> tuple[Ints, Ints, Ints]:
        """The finished cells of each segment and slot summed over cohorts: how many cohorts, their n, their users."""
        counted = self.complete & self.shown
        return counted.sum(axis=1), (self.n * counted).sum(axis=1), (self.users * counted).sum(axis=1)

    def pooled(self) -> tuple[Ints, Ints, Ints]:
        """``average`` with the segments together, per slot; a cohort counts where any of its segments is finished."""
        _, n, users = self.average
        return (self.complete & self.shown).any(axis=0).sum(axis=0), n.sum(axis=0), users.sum(axis=0)


# ---- tables -----------------------------------------------------------------------------------------------------


def tables(counted: Counted) -> Tables:
    """Return the tables, to be made when they are looked at."""
    return Tables(
        {
            "cohorts": lambda: _cohorts(counted),
            "average": lambda: _average(counted),
            "triangle": lambda: _triangle(counted),
        }
    )


def _cohorts(counted: Counted) -> pd.DataFrame:
    where = np.nonzero(counted.shown)
    segment, cohort, slot = where
    n, users = counted.n[where], counted.users[where]
    columns = _segment(counted, segment)
    columns |= {"cohort": _texts(counted.cohorts, cohort), "n": n}
    columns |= _period(counted, slot) | _rates(users, n) | {"complete": counted.complete[where]}
    return _frame(columns)


def _average(counted: Counted) -> pd.DataFrame:
    cohorts, n, users = counted.average
    where = np.nonzero(n)
    columns = _segment(counted, where[0]) | _period(counted, where[1])
    columns |= {"cohorts": cohorts[where], "n": n[where]} | _rates(users[where], n[where])
    return _frame(columns)


def _triangle(counted: Counted) -> pd.DataFrame:
    some = counted.shown.any(axis=2)
    segment, cohort = np.nonzero(some)
    first = counted.shown[some].argmax(axis=1)
    rates = np.where(counted.shown[some], share(counted.users[some], counted.n[some]), np.nan)
    columns = _segment(counted, segment) | {"cohort": _texts(counted.cohorts, cohort)}
    columns["n"] = counted.n[some][np.arange(len(first)), first]
    used = np.flatnonzero(counted.shown.any(axis=(0, 1)))
    labels = counted.labels()
    return _frame(columns | {labels[slot]: rates[:, slot] for slot in used})


def _segment(counted: Counted, code: Ints) -> dict[str, Any]:
    return {} if counted.segments is None else {"segment": _texts(counted.segments, code)}


def _period(counted: Counted, slot: Ints) -> dict[str, Any]:
    low = {"period": counted.lows[slot]}
    return low | {"until": counted.highs[slot]} if counted.bracketed else low


def _rates(users: Ints, n: Ints) -> dict[str, Any]:
    lower, upper = wilson(users, n)
    return {"users": users, "rate": share(users, n), "lower": lower, "upper": upper}


def _texts(texts: tuple[str, ...], code: Ints) -> Any:
    import pandas as pd

    return pd.Series(np.array(texts, dtype=object)[code], dtype="str")


def _frame(columns: Mapping[str, Any]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(dict(columns))


# ---- words ------------------------------------------------------------------------------------------------------


def sentences(counted: Counted, asked: Mapping[str, Any]) -> tuple[Sentence, ...]:
    """Say what was found, most important first; what weakens it stands in the first sentence."""
    if not counted.entries:
        return (_nobody(asked),)
    _, n, _ = counted.pooled()
    key = min(1, len(n) - 1)
    found = [_headline(counted, asked, key) if n[key] else _too_early(counted, asked, key)]
    if counted.segments is not None:
        found += _segments(counted, asked, key)
    unfinished = int((counted.shown & ~counted.complete).any(axis=0).sum())
    if unfinished:
        found.append(
            Sentence(
                "{cells:,} cells of the triangle are not over by {until}: they are marked, and in no average.",
                "{until}까지 아직 끝나지 않은 칸 {cells:,}개는 표시만 하고 평균에는 넣지 않았습니다.",
                {"cells": unfinished, "until": counted.until},
            )
        )
    if asked["counting"] == "on-or-after":
        found.append(
            Sentence(
                "All rates are lower bounds: users may still return, and young cohorts have had less time to.",
                "돌아올 사용자가 더 있을 수 있어 모든 비율은 하한입니다. 최근 코호트일수록 지켜본 기간이 짧습니다.",
            )
        )
    return tuple(found)


def _nobody(asked: Mapping[str, Any]) -> Sentence:
    if asked["start"] is None:
        return Sentence(
            "Nobody entered a cohort: this part of the log holds no event.",
            "코호트에 들어온 사용자가 없습니다. 로그의 이 부분에는 이벤트가 없습니다.",
        )
    return Sentence(
        "Nobody entered a cohort: this part of the log holds no start event '{start}'.",
        "코호트에 들어온 사용자가 없습니다. 로그의 이 부분에는 시작 이벤트 {start:이} 없습니다.",
        {"start": asked["start"]},
    )


def _headline(counted: Counted, asked: Mapping[str, Any], key: int) -> Sentence:
    """State the weighted average of the first period, and of the last one that is well supported."""
    cohorts, n, users = counted.pooled()
    lower, upper = wilson(users, n)
    values = _who(asked) | _when(counted, asked, key, "")
    values |= {"n": int(n[key]), "cohorts": int(cohorts[key]), "rate": percent(float(share(users, n)[key]))}
    values |= {"lower": percent(float(lower[key])), "upper": percent(float(upper[key]))}
    en = "{rate} of {n:,} {who} {did} {when} (95 % interval {lower} to {upper}; finished cohorts: {cohorts})"
    ko = "{who_ko} {n:,}{each} 가운데 {rate}가 시작 {when_ko}에 {did_ko}"
    ko += "(95 % 신뢰구간 {lower}~{upper}, 기간이 끝난 코호트 {cohorts}개)."
    if n[key] < _FEW:
        en = "Weak evidence, only {n:,} {who}: " + en
        ko = "{who_ko}{subject} {n:,}{each}뿐이라 근거가 약합니다. " + ko
    late = [slot for slot in range(key + 1, len(n)) if n[slot] >= _SUPPORTED and cohorts[slot] > 1]
    if late:
        values |= _when(counted, asked, late[-1], "late_")
        values |= {"late_n": int(n[late[-1]]), "late_rate": percent(float(share(users, n)[late[-1]]))}
        en += ", {late_rate} of {late_n:,} {late_when}"
        ko += " 시작 {late_when_ko}에는 {late_n:,}{each} 가운데 {late_rate}였습니다"
        if cohorts[late[-1]] < cohorts[key]:  # other cohorts, so that the two rates do not follow each other
            values |= {"late_cohorts": int(cohorts[late[-1]]), "same": percent(_same(counted, late[-1], key))}
            en += " (finished cohorts: {late_cohorts}; of the same cohorts {same} {when})"
            ko += "(기간이 끝난 코호트 {late_cohorts}개, 같은 코호트의 시작 {when_ko}는 {same})"
        ko += "."
    return Sentence(en + ".", ko, values)


def _same(counted: Counted, late: int, key: int) -> float:
    """The weighted average of a slot, over those cohorts alone that are finished in a later one."""
    done = counted.complete & counted.shown
    cells = done[:, :, late].any(axis=0) & done[:, :, key]
    return float(share(counted.users[:, :, key][cells].sum(), counted.n[:, :, key][cells].sum()))


def _too_early(counted: Counted, asked: Mapping[str, Any], key: int) -> Sentence:
    values = _who(asked) | _when(counted, asked, key, "")
    values |= {"n": counted.entries, "until": counted.until}
    return Sentence(
        "It is too early to tell who comes back: no cohort has {name} behind it by {until} ({n:,} {who} so far).",
        "누가 다시 오는지 말하기에는 아직 이릅니다. {until}까지 시작 {when_ko}의 기간을 다 지낸 코호트가 없습니다"
        "(지금까지 {who_ko} {n:,}{each}).",
        values,
    )


def _segments(counted: Counted, asked: Mapping[str, Any], key: int) -> list[Sentence]:
    """Name the segments with the highest and the lowest weighted average of the first period."""
    _, n, users = counted.average
    rates = np.where(n[:, key] >= _FEW, share(users, n)[:, key], np.nan)
    if counted.segments is None or np.isfinite(rates).sum() < 2:
        return []
    best, worst = int(np.nanargmax(rates)), int(np.nanargmin(rates))
    values = _who(asked) | _when(counted, asked, key, "") | {"few": _FEW}
    for name, one in (("best", best), ("worst", worst)):
        values |= {name: counted.segments[one], f"{name}_n": int(n[one, key])}
        values |= {f"{name}_rate": percent(float(rates[one]))}
    en = "Among segments of at least {few} it is highest {when} for ‘{best}’ ({best_rate} of {best_n:,}) and lowest "
    en += "for ‘{worst}’ ({worst_rate} of {worst_n:,})"
    ko = "시작 {when_ko}의 리텐션은 {few}{each} 이상인 세그먼트 가운데 ‘{best}’에서 가장 높고({best_n:,}{each} 중 "
    ko += "{best_rate}) ‘{worst}’에서 가장 낮습니다({worst_n:,}{each} 중 {worst_rate})"
    if asked["cohorts"] == "first" and np.isfinite(rates).sum() == 2:  # of more, the extremes are a choice of the data
        pair = [int(table[one, key]) for one in (best, worst) for table in (users, n)]
        low, high = (float(bound) for bound in newcombe(*pair))
        values |= {
            "points": in_points(rates[worst], rates[best]),
            "points_ko": in_points(rates[worst], rates[best], "ko"),
        }
        values |= {"low": signed(100 * low, 1), "high": signed(100 * high, 1)}
        en += ": {points} (95 % interval {low} to {high})" + (", which may be chance" if low <= 0 else "")
        ko += ". 차이는 {points_ko}(95 % 신뢰구간 {low}~{high})" + ("로 우연일 수 있습니다" if low <= 0 else "입니다")
    return [Sentence(en + ".", ko + ".", values)]


def _who(asked: Mapping[str, Any]) -> dict[str, Any]:
    event = asked["event"]
    one = asked["cohorts"] == "first"
    return {
        "who": "users" if one else "cohort entries",
        "who_ko": "사용자" if one else "코호트 진입",
        "subject": "가" if one else "이",
        "each": "명" if one else "건",
        "did": "came back" if event is None else f"did '{event}'",
        "did_ko": "다시 왔습니다" if event is None else f"'{event}' 이벤트를 남겼습니다",
    }


def _when(counted: Counted, asked: Mapping[str, Any], slot: int, prefix: str) -> dict[str, Any]:
    """Name a slot in words: week 3, weeks 3-6, period 3 of 2 weeks each; and say when: in week 3, on day 3."""
    label, every = counted.labels()[slot], counted.every
    unit, several = _UNITS_EN[every.unit], "s" if "-" in label else ""
    if every.count == 1:
        name, ko = f"{unit}{several} {label}", in_korean(f"{label}{every.unit}") + " 뒤"
    else:
        name = f"period{several} {label} of {every.count} {unit}s each"
        ko = f"뒤 {label}번째 기간({in_korean(str(every))}씩)"
    if asked["counting"] == "on-or-after":
        name, ko = f"{name} or later", f"{ko} 또는 그 이후"
    word = "on" if every.count == 1 and every.unit == "d" else "in"
    return {f"{prefix}name": name, f"{prefix}when": f"{word} {name}", f"{prefix}when_ko": ko}


def explain(counted: Counted, asked: Mapping[str, Any], zone: str) -> dict[str, Sentence]:
    """Say how it was computed."""
    first, rolling = asked["cohorts"] == "first", asked["periods"] == "rolling"
    values = {"people": counted.people, "entries": counted.entries}
    values["cohorts"] = int(counted.shown.any(axis=(0, 2)).sum())
    return {
        "unit": Sentence("user", "사용자")
        if first
        else Sentence(
            "user in a cohort: a user counts once in every period with a start event",
            "코호트에 든 사용자(시작 이벤트가 있는 기간마다 한 번씩 셈)",
        ),
        "window": _window(counted, asked),
        "denominator": Sentence("the cohort's users whose period has wholly passed", "그 기간을 다 지낸 코호트 사용자")
        if rolling
        else Sentence("all users of the cohort", "코호트의 모든 사용자"),
        "n": Sentence("{people:,} users in {cohorts:,} cohorts", "코호트 {cohorts:,}개의 사용자 {people:,}명", values)
        if first
        else Sentence(
            "{people:,} users, {entries:,} entries in {cohorts:,} cohorts",
            "코호트 {cohorts:,}개의 사용자 {people:,}명, 진입 {entries:,}건",
            values,
        ),
        "zone": Sentence("{zone}", "{zone}", {"zone": zone}),
        "exclusions": joined(_exclusions(asked, rolling)),
    }


def _window(counted: Counted, asked: Mapping[str, Any]) -> Sentence:
    back, back_ko = {
        "on": ("in exactly that period", "그 기간 안에"),
        "on-or-after": ("in that period or any later one", "그 기간이나 그 뒤에"),
    }[asked["counting"]]
    if counted.bracketed:
        back, back_ko = "in the bracket of periods", "묶은 기간 안에"
    kind, kind_ko = "calendar", "달력 기준"
    if asked["periods"] == "rolling":
        kind, kind_ko = "exact time since the start", "시작 시각 기준"
    every = str(counted.every)
    return Sentence(
        "{every} periods, " + kind + ", up to {until}; a return counts " + back,
        kind_ko + " {every_ko} 단위, {until}까지, " + back_ko + " 다시 온 것만 셈",
        {"every": every, "every_ko": in_korean(every), "until": counted.until},
    )


def _exclusions(asked: Mapping[str, Any], rolling: bool) -> list[Sentence]:
    said = [
        Sentence("unfinished cells are in no average", "끝나지 않은 칸은 평균에 넣지 않습니다."),
        Sentence("events before the user's start never count", "사용자가 시작하기 전의 이벤트는 세지 않습니다."),
    ]
    if asked["cohorts"] == "first":
        said.append(
            Sentence(
                "whoever started before the log or view began counts as starting in it",
                "로그나 뷰가 시작되기 전에 이미 시작한 사용자도 그 안에서 시작한 것으로 봅니다.",
            )
        )
    else:
        said.append(
            Sentence(
                "intervals take entries as independent, though a user may make several",
                "한 사용자의 진입이 여럿이어도 신뢰구간은 진입이 서로 독립이라고 보고 구합니다.",
            )
        )
    if asked["as_of"] is not None:
        said.append(
            Sentence("events at or after as_of are left out", "기준 시점(as_of)과 그 이후의 이벤트는 제외합니다.")
        )
    if rolling:
        said.append(
            Sentence(
                "users whose period has not wholly passed are left out of it",
                "기간을 다 지내지 않은 사용자는 그 기간에서 제외합니다.",
            )
        )
    return said

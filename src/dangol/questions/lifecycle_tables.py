"""The tables and sentences of ``lifecycle``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from dangol.core import calendar
from dangol.core.changes import in_percent
from dangol.core.durations import Period, in_korean
from dangol.core.proportions import share, wilson
from dangol.core.result import Tables
from dangol.core.words import Sentence, joined, percent

from .nobody import nobody

if TYPE_CHECKING:
    import pandas as pd

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_FEW: Final = 30  # users below which the evidence is called weak
_GAINED: Final = ("new", "resurrected")


@dataclass(frozen=True)
class Counted:
    """Everything counted: users by state (new, returning, resurrected, dormant), segment and period.

    ``start`` is the log's or view's beginning, which may lie within the first period.
    """

    counts: Ints
    edges: Ints
    names: tuple[str, ...]
    labels: tuple[str, ...] | None
    by: str | None
    every: Period
    zone: str
    as_of: int
    start: int

    @cached_property
    def complete(self) -> npt.NDArray[np.bool_]:
        """Which periods are over."""
        return self.edges[1:] <= self.as_of

    @cached_property
    def users(self) -> Ints:
        """Active users by segment and period."""
        found: Ints = self.counts[:3].sum(axis=0)
        return found

    @cached_property
    def people(self) -> Ints:
        """The users of each segment: everybody is new once."""
        found: Ints = self.counts[0].sum(axis=1)
        return found

    @cached_property
    def total(self) -> dict[str, Ints]:
        """Users by period, segments together: of each state, and ``users``."""
        states = dict(zip(("new", "returning", "resurrected", "dormant"), self.counts.sum(axis=1), strict=True))
        return states | {"users": self.users.sum(axis=0)}

    @property
    def done(self) -> int:
        """How many periods are over."""
        return int(self.complete.sum())

    def rates(self) -> tuple[Ints, Ints]:
        """Over complete periods after the first, by segment: returning users, and users of the periods before."""
        done = self.done
        return self.counts[1, :, 1:done].sum(axis=1), self.users[:, : max(done - 1, 0)].sum(axis=1)

    def gains(self) -> tuple[int, int]:
        """Over complete periods after the first: users gained (new and resurrected), and users lost (dormant)."""
        done = self.done
        return sum(int(self.total[name][1:done].sum()) for name in _GAINED), int(self.total["dormant"][1:done].sum())


# ---- tables -----------------------------------------------------------------------------------------------------


def tables(counted: Counted) -> Tables:
    """Return the tables, to be made when they are looked at."""
    return Tables({"periods": lambda: _periods(counted), "summary": lambda: _summary(counted)})


def _periods(counted: Counted) -> pd.DataFrame:
    import pandas as pd

    some, width = np.flatnonzero(counted.people), len(counted.names)
    new, returning, resurrected, dormant = (values[some].ravel() for values in counted.counts)
    users = counted.users[some]
    before = np.concatenate([np.zeros((len(some), 1), np.int64), users[:, :-1]], axis=1).ravel()
    lower, upper = wilson(returning, before)
    start = pd.DatetimeIndex(counted.edges[:-1].view("datetime64[us]")).tz_localize("UTC").tz_convert(counted.zone)
    columns: dict[str, Any] = {}
    if counted.labels is not None:
        columns["segment"] = pd.Series(np.repeat(np.array(counted.labels, dtype=object)[some], width), dtype="str")
    columns |= {
        "period": pd.Series(list(counted.names) * len(some), dtype="str"),
        "start": start.take(np.tile(np.arange(width), len(some))),
        "users": users.ravel(),
        "new": new,
        "returning": returning,
        "resurrected": resurrected,
        "dormant": dormant,
        "return_rate": share(returning, before),
        "lower": lower,
        "upper": upper,
        "quick_ratio": share(new + resurrected, dormant),
        "complete": np.tile(counted.complete, len(some)),
    }
    return pd.DataFrame(columns)


def _summary(counted: Counted) -> pd.DataFrame:
    import pandas as pd

    if not counted.people.any():
        return pd.DataFrame({"measure": pd.Series([], dtype="str"), "value": pd.Series([], dtype=object)})
    users, done = counted.total["users"][: counted.done], counted.done
    returning, before = counted.rates()
    measures: dict[str, Any] = {
        "periods": done,
        "mean_users": float(users.mean()) if done else float("nan"),
        "mean_return_rate": float(share(returning.sum(), before.sum())),
        "mean_quick_ratio": float(share(*counted.gains())),
        "net_change": int(users[-1] - users[-2]) if done > 1 else float("nan"),
    }
    return pd.DataFrame({"measure": list(measures), "value": pd.Series(list(measures.values()), dtype=object)})


# ---- words ------------------------------------------------------------------------------------------------------


def sentences(counted: Counted, event: str | None) -> tuple[Sentence, ...]:
    """Say what was found, most important first; what weakens it stands in the first sentence."""
    if not counted.people.any():
        return (nobody(event),)
    if counted.done < 2:
        return (_too_early(counted), *_first(counted))
    return (_headline(counted), *_turn(counted), *_health(counted), *_segments(counted), *_unfinished(counted))


def _unit(counted: Counted) -> dict[str, Any]:
    count, unit = counted.every.count, counted.every.unit
    return {
        "unit": counted.every.noun(),
        "unit_ko": counted.every.noun("ko"),
        "last_ko": _last(counted),
        "at": "On" if (count, unit) == (1, "d") else "In",
    }


def _last(counted: Counted) -> str:
    """Name the period before in Korean."""
    count, unit = counted.every.count, counted.every.unit
    if (count, unit) == (1, "d"):
        return "전날"
    return "바로 앞 " + counted.every.noun("ko")


def _too_early(counted: Counted) -> Sentence:
    values = _unit(counted) | {"users": int(counted.people.sum()), "until": calendar.write(counted.as_of, counted.zone)}
    values["done"] = counted.done
    return Sentence(
        "It is too early to tell how the active users change: two finished periods are needed, and {done} of a {unit} "
        "each had ended by {until} (users so far: {users:,}).",
        "활성 사용자가 어떻게 바뀌는지 말하기에는 아직 이릅니다. 끝난 {unit_ko:이} 둘 이상 있어야 하는데 {until}까지 "
        "{done}개가 끝났습니다(지금까지 사용자 {users:,}명).",
        values,
    )


def _first(counted: Counted) -> list[Sentence]:
    if not counted.done:
        return []
    values = _unit(counted) | {"period": counted.names[0], "users": int(counted.total["users"][0])}
    return [
        Sentence(
            "{at} the only finished {unit} ({period}) {users:,} users were active, all of them new to this log.",
            "끝난 {unit_ko}({period}) 하나에서 활성 사용자는 {users:,}명이며, 이 로그에서는 모두 신규입니다.",
            values,
        )
    ]


def _headline(counted: Counted) -> Sentence:
    """State the last finished period against the one before, and the flows that make up the difference exactly."""
    last, total = counted.done - 1, counted.total
    before, users = (int(total["users"][at]) for at in (last - 1, last))
    values = _unit(counted) | {"period": counted.names[last], "users": users, "before": before}
    values |= {name: int(total[name][last]) for name in (*_GAINED, "dormant")}
    values["change"] = in_percent(before, users)
    en = "{at} the last finished {unit} ({period}) {users:,} users were active"
    ko = "마지막으로 끝난 {unit_ko}({period})의 활성 사용자는 {users:,}명입니다"
    if before:
        en += ", {change} against the {before:,} of the {unit} before"
        ko += "({last_ko} {before:,}명 대비 {change})"
    else:
        en += ", after none in the {unit} before"
        ko += "({last_ko}에는 없었음)"
    en += ": {new:,} new and {resurrected:,} resurrected came in, {dormant:,} went dormant"
    ko += ". 신규 {new:,}명과 복귀 {resurrected:,}명이 들어오고 {dormant:,}명이 휴면이 되었습니다"
    if last == 1 and counted.start > counted.edges[0]:
        en += " (the log begins within the {unit} before)"
        ko += "(로그가 {last_ko} 도중에 시작됨)"
    if max(users, before) < _FEW:
        values["few"] = max(users, before)
        values["at"] = values["at"].lower()
        en = "Weak evidence, with at most {few:,} active in a {unit}: " + en
        ko = "활성 사용자가 많아야 {few:,}명이라 근거가 약합니다. " + ko
    return Sentence(en + ".", ko + ".", values)


_TURNS: Final = {
    "new": ("new", "신규"),
    "resurrected": ("resurrected", "복귀"),
    "dormant": ("dormant", "휴면"),
}


def _turn(counted: Counted) -> list[Sentence]:
    """Name the flow that differs most from that of the period before (in the first all are new, which says nothing)."""
    last, total = counted.done - 1, counted.total
    if last < 2:
        return []
    moved = {name: int(total[name][last] - total[name][last - 1]) for name in _TURNS}
    name = max(moved, key=lambda one: abs(moved[one]))
    if not moved[name]:
        return []
    en, ko = _TURNS[name]
    values = _unit(counted) | {"state": en, "state_ko": ko, "now": int(total[name][last])}
    values["then"] = int(total[name][last - 1])
    values["change"] = in_percent(values["then"], values["now"])
    return [
        Sentence(
            "Of those who came and went, the {state} users changed most: {now:,} after {then:,} in the {unit} before"
            + (" ({change})." if values["then"] else "."),
            "드나든 사용자 가운데 가장 크게 달라진 것은 {state_ko} 사용자입니다. {last_ko} {then:,}명에서 {now:,}명이 "
            "되었습니다" + ("({change})." if values["then"] else "."),
            values,
        )
    ]


def _health(counted: Counted) -> list[Sentence]:
    """Say how many come back from one period to the next, and how many are gained for each one lost."""
    returning, before = (int(values.sum()) for values in counted.rates())
    if not before:
        return []
    gained, lost = counted.gains()
    values = _unit(counted) | {"rate": percent(returning / before), "n": counted.done - 1}
    values |= {"gained": gained, "lost": lost}
    en = "On average {rate} of the active users of a {unit} come back in the next (finished comparisons: {n:,})"
    ko = "활성 사용자 가운데 평균 {rate}가 바로 다음 {unit_ko}에도 활동합니다(비교한 횟수 {n:,}회)"
    if lost:
        values["ratio"] = gained / lost
        en += "; for each user who went dormant {ratio:.2f} were gained ({gained:,} against {lost:,}, "
        en += "users counted anew in each {unit})"
        ko += ". 휴면이 된 사용자 1명마다 {ratio:.2f}명을 새로 얻거나 되찾았습니다(연인원 기준 유입 {gained:,}명, 휴면 "
        ko += "{lost:,}명)"
    return [Sentence(en + ".", ko + ".", values)]


def _segments(counted: Counted) -> list[Sentence]:
    """Name the segments in which most and fewest come back."""
    returning, before = counted.rates()
    rates = np.where(before >= _FEW, share(returning, before), np.nan)
    if counted.labels is None or np.isfinite(rates).sum() < 2:
        return []
    values = _unit(counted) | {"by": counted.by, "few": _FEW}
    for name, place in (("best", int(np.nanargmax(rates))), ("worst", int(np.nanargmin(rates)))):
        values |= {name: counted.labels[place], f"{name}_rate": percent(float(rates[place]))}
        values |= {f"{name}_n": int(before[place])}
    return [
        Sentence(
            "By {by}, most come back in the next {unit} for '{best}' ({best_rate} of {best_n:,}) and fewest for "
            "'{worst}' ({worst_rate} of {worst_n:,}); users count once in every {unit}, segments with fewer than {few} "
            "are left out.",
            "{by:으로} 나누면 다음 {unit_ko}에도 활동하는 비율은 ‘{best}’에서 가장 높고(연인원 {best_n:,}명 중 "
            "{best_rate}) ‘{worst}’에서 가장 낮습니다(연인원 {worst_n:,}명 중 {worst_rate}). "
            "연인원 {few}명 미만인 세그먼트는 비교하지 않았습니다.",
            values,
        )
    ]


def _unfinished(counted: Counted) -> list[Sentence]:
    if counted.complete.all():
        return []
    values = _unit(counted) | {"period": counted.names[-1], "until": calendar.write(counted.as_of, counted.zone)}
    values["users"] = int(counted.total["users"][-1])
    return [
        Sentence(
            "The {unit} of {period} is not over by {until} ({users:,} active so far): whoever has not come yet counts "
            "as dormant so far, and it is in no average.",
            "{period} 기간은 {until}까지 끝나지 않았습니다(지금까지 활성 {users:,}명). 아직 오지 않은 사용자는 "
            "잠정적으로 휴면으로 세며, 이 기간은 평균에 넣지 않았습니다.",
            values,
        )
    ]


def explain(counted: Counted, asked: Mapping[str, Any]) -> dict[str, Sentence]:
    """Say how it was computed."""
    every, until = str(counted.every), calendar.write(counted.as_of, counted.zone)
    said = [*_EXCLUSIONS]
    if asked["event"] is not None:
        said.append(Sentence("only '{event}' counts", "‘{event}’ 이벤트만 셉니다.", {"event": asked["event"]}))
    if asked["as_of"] is not None:
        said.append(_CUT_OFF)
    return {
        "unit": Sentence("user in a period", "기간별 사용자"),
        "window": Sentence(
            "{every} periods, calendar, up to {until}",
            "달력 기준 {every_ko} 단위, {until}까지",
            {"every": every, "every_ko": in_korean(every), "until": until},
        ),
        "denominator": Sentence("active users of the period before", "바로 앞 기간의 활성 사용자"),
        "n": Sentence(
            "{users:,} users, {periods:,} periods",
            "사용자 {users:,}명, 기간 {periods:,}개",
            {"users": int(counted.people.sum()), "periods": len(counted.names)},
        ),
        "zone": Sentence("{zone}", "{zone}", {"zone": counted.zone}),
        "exclusions": joined(said),
    }


_EXCLUSIONS: Final = (
    Sentence(
        "means leave out the unfinished period; the first counts as whole even where the log begins within it",
        "끝나지 않은 기간은 평균에서 제외합니다. 첫 기간은 로그가 그 도중에 시작하더라도 온전한 기간으로 봅니다.",
    ),
    Sentence(
        "users are new in the log or view, whatever they did before it: in the first period all are new",
        "로그나 뷰에 처음 나타나면 신규로 보며 그 이전의 활동은 따지지 않으므로, 첫 기간의 사용자는 모두 신규입니다.",
    ),
)
_CUT_OFF: Final = Sentence("events at or after as_of are left out", "기준 시점(as_of)과 그 이후의 이벤트는 제외합니다.")

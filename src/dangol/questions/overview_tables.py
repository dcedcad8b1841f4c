"""The tables and sentences of ``overview``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from dangol.core import calendar
from dangol.core.changes import in_percent
from dangol.core.durations import Period, in_korean
from dangol.core.proportions import share
from dangol.core.result import Tables
from dangol.core.words import Sentence, joined, percent

from .nobody import nobody

if TYPE_CHECKING:
    import pandas as pd

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_HISTORY: Final = 30  # days of the log, the day itself included, from which on stickiness means what it says
_FEW: Final = 30  # users below which the evidence is called weak
_DAY: Final = Period(1, "d")
_UNITS: Final = {"periods": None, "weeks": Period(1, "w"), "months": Period(1, "mo"), "days": _DAY}


class Cells(NamedTuple):
    """Counts by segment (rows) and period (columns)."""

    users: Ints
    new: Ints
    events: Ints


@dataclass(frozen=True)
class Counted:
    """Everything counted. ``edges``, ``cells`` and ``total`` (all segments together) go by the names of the tables.

    ``lately``: users of the 7 and of the 30 days up to each day. ``sizes``: the events of each user. ``people``: the
    users of each segment. ``span``: the first and last event's time.
    """

    every: Period
    zone: str
    as_of: int
    edges: Mapping[str, Ints]
    cells: Mapping[str, Cells]
    total: Mapping[str, Cells]
    lately: tuple[Ints, ...]
    names: tuple[str, ...]
    events: Ints
    event_users: Ints
    sizes: Ints
    span: tuple[int, int]
    labels: tuple[str, ...] | None
    by: str | None
    people: Ints

    def complete(self, name: str) -> npt.NDArray[np.bool_]:
        """Which periods are over."""
        return self.edges[name][1:] <= self.as_of

    def mean(self, name: str) -> float:
        """The mean number of users in a complete period; NaN without any."""
        users = self.total[name].users[0][self.complete(name)]
        return float(users.mean()) if len(users) else float("nan")

    def seen(self, name: str) -> bool:
        """Whether any complete period was watched from its beginning, not only the first, in which the log begins."""
        whole = self.complete(name)
        begins_within = bool(len(whole)) and self.edges[name][0] < self.edges["days"][0]
        return bool(whole[1:].any() if begins_within else whole.any())

    def period_names(self, name: str) -> list[str]:
        """Name the periods of a table."""
        return calendar.names(self.edges[name][:-1], _UNITS[name] or self.every, self.zone)

    @cached_property
    def sticky(self) -> Floats:
        """The stickiness of every day."""
        return share(self.total["days"].users[0], self.lately[1])

    @cached_property
    def settled(self) -> npt.NDArray[np.bool_]:
        """Which days are over and have 30 days of history."""
        return self.complete("days") & (np.arange(1, len(self.edges["days"])) >= _HISTORY)

    @property
    def stickiness(self) -> float:
        """The mean stickiness of the days that have one."""
        found = self.sticky[self.settled]
        found = found[~np.isnan(found)]
        return float(found.mean()) if len(found) else float("nan")

    @property
    def days(self) -> int:
        """The local days from the first event to the last."""
        if not len(self.sizes):
            return 0
        first, last = np.searchsorted(self.edges["days"], np.array(self.span), side="right")
        return int(last - first) + 1


# ---- tables -----------------------------------------------------------------------------------------------------


def tables(counted: Counted) -> Tables:
    """Return the tables, to be made when they are looked at."""
    return Tables(
        {
            "periods": lambda: _periods(counted, "periods"),
            "summary": lambda: _summary(counted),
            "events": lambda: _events(counted),
            "weeks": lambda: _periods(counted, "weeks"),
            "months": lambda: _periods(counted, "months"),
            "stickiness": lambda: _stickiness(counted),
        }
    )


def _periods(counted: Counted, name: str) -> pd.DataFrame:
    import pandas as pd

    cells, edges = counted.cells[name], counted.edges[name]
    some = np.flatnonzero(counted.people) if counted.labels is not None else np.zeros(1, np.int64)
    width = len(edges) - 1
    users, events = cells.users[some].ravel(), cells.events[some].ravel()
    start = pd.DatetimeIndex(edges[:-1].view("datetime64[us]")).tz_localize("UTC").tz_convert(counted.zone)
    columns: dict[str, Any] = {
        "period": pd.Series(counted.period_names(name) * len(some), dtype="str"),
        "start": start.take(np.tile(np.arange(width), len(some))),
        "users": users,
        "new_users": cells.new[some].ravel(),
        "events": events,
        "events_per_user": share(events, users),
        "complete": np.tile(counted.complete(name), len(some)),
    }
    if counted.labels is not None:
        labels = np.array(counted.labels, dtype=object)[some]
        columns["segment"] = pd.Series(np.repeat(labels, width), dtype="str")
    return pd.DataFrame(columns)


def _summary(counted: Counted) -> pd.DataFrame:
    import pandas as pd

    sizes, some = counted.sizes, len(counted.sizes) > 0
    times = [pd.Timestamp(one, unit="us", tz="UTC").tz_convert(counted.zone) if some else None for one in counted.span]
    median, p90 = np.quantile(sizes, [0.5, 0.9]).tolist() if some else (float("nan"),) * 2
    measures: dict[str, Any] = {
        "users": len(sizes),
        "events": int(sizes.sum()),
        "first_event": times[0],
        "last_event": times[1],
        "days": counted.days,
        "mean_events_per_user": float(sizes.mean()) if some else float("nan"),
        "median_events_per_user": median,
        "p90_events_per_user": p90,
        "stickiness": counted.stickiness,
        "mean_daily_users": counted.mean("days"),
        "mean_weekly_users": counted.mean("weeks"),
        "mean_monthly_users": counted.mean("months"),
    }
    return pd.DataFrame({"measure": list(measures), "value": pd.Series(list(measures.values()), dtype=object)})


def _events(counted: Counted) -> pd.DataFrame:
    import pandas as pd

    code = _most_first(counted.events)
    events, users = counted.events[code], counted.event_users[code]
    return pd.DataFrame(
        {
            "event": pd.Series([counted.names[one] for one in code], dtype="str"),
            "events": events,
            "users": users,
            "share_of_events": share(events, counted.events.sum()),
            "share_of_users": share(users, len(counted.sizes)),
        }
    )


def _most_first(number: Ints) -> Ints:
    order = np.argsort(-number, kind="stable")
    return order[number[order] > 0]


def _stickiness(counted: Counted) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "period": pd.Series(counted.period_names("days"), dtype="str"),
            "users": counted.total["days"].users[0],
            "users_7d": counted.lately[0],
            "users_30d": counted.lately[1],
            "stickiness": counted.sticky,
            "complete": counted.settled,
        }
    )


# ---- words ------------------------------------------------------------------------------------------------------


def sentences(counted: Counted) -> tuple[Sentence, ...]:
    """Say what was found, most important first; what weakens it stands in the first sentence."""
    if not len(counted.sizes):
        return (nobody(),)
    found = [_headline(counted), *_latest(counted), _sticky(counted), _commonest(counted), _depth(counted)]
    return (*found, *_largest(counted))


def _headline(counted: Counted) -> Sentence:
    first, last = (calendar.write(one, counted.zone)[:10] for one in counted.span)
    values: dict[str, Any] = {"users": len(counted.sizes), "events": int(counted.sizes.sum()), "days": counted.days}
    values |= {"first": first, "last": last, "every": str(counted.every), "every_ko": in_korean(str(counted.every))}
    en = "{users:,} users made {events:,} events from {first} to {last} (days: {days:,})"
    ko = "{first}부터 {last}까지 {days:,}일 동안 사용자 {users:,}명이 이벤트 {events:,}건을 남겼습니다"
    known = [(name, counted.mean(name)) for name in ("days", "weeks", "months") if counted.seen(name)]
    values |= {f"mean_{name}": _short(mean) for name, mean in known}
    if known:
        en += "; active on average: " + _listed([f"{{mean_{name}}} {_IN_EN[name]}" for name, _ in known])
        en += ", unfinished ones left out"
        ko += ". 끝난 기간만 보면 활성 사용자는 평균 " + ", ".join(
            f"{_IN_KO[name]} {{mean_{name}}}명" for name, _ in known
        )
        ko += "입니다"
    if not counted.complete("periods").any():
        en += "; no period of {every} is over yet" if known else "; no day is over yet, so there are no averages"
        ko += ". {every_ko} 단위 기간은 아직 하나도 끝나지 않았습니다"
    if len(counted.sizes) < _FEW:
        en, ko = "Weak evidence, only {users:,} users: " + en, "사용자가 {users:,}명뿐이라 근거가 약합니다. " + ko
    return Sentence(en + ".", ko + ".", values)


_IN_EN: Final = {"days": "on a day", "weeks": "in a week", "months": "in a month"}
_IN_KO: Final = {"days": "하루", "weeks": "한 주", "months": "한 달"}


def _short(mean: float) -> str:
    return f"{mean:,.0f}" if mean >= 100 else f"{mean:,.1f}"


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def _latest(counted: Counted) -> list[Sentence]:
    """The last finished period, and how it compares with the one before."""
    done = np.flatnonzero(counted.complete("periods"))
    if not len(done):
        return []
    cells, last = counted.total["periods"], int(done[-1])
    values: dict[str, Any] = {"period": counted.period_names("periods")[last]}
    values |= {"users": int(cells.users[0, last]), "new": int(cells.new[0, last])}
    count, unit = counted.every.count, counted.every.unit
    values["unit"] = counted.every.noun()
    values["unit_ko"] = counted.every.noun("ko")
    daily = (count, unit) == (1, "d")
    values |= {"at": "On" if daily else "In", "last_ko": "전날" if daily else f"바로 앞 {values['unit_ko']}"}
    en = "{at} the last finished {unit} ({period}) {users:,} users were active, {new:,} of them new"
    ko = "마지막으로 끝난 {unit_ko}({period})의 활성 사용자는 {users:,}명이고 그 가운데 {new:,}명이 새 사용자입니다"
    before = int(cells.users[0, last - 1]) if last > 1 else 0  # the log may begin within the first
    if before:
        values |= {"before": before, "change": in_percent(before, values["users"])}
        en += ": {change} against the {before:,} of the {unit} before"
        ko += "({last_ko} {before:,}명 대비 {change})"
    return [Sentence(en + ".", ko + ".", values)]


def _sticky(counted: Counted) -> Sentence:
    n = int(counted.settled.sum())
    if not n or counted.stickiness != counted.stickiness:
        return Sentence(
            "Stickiness is not known: no finished day has 30 days of history in this log.",
            "끝난 날 가운데 이전 기록이 30일인 날이 없어 고착도(하루 사용자 ÷ 최근 30일 사용자)는 알 수 없습니다.",
        )
    return Sentence(
        "Of the users active within 30 days, {sticky} come on a given day (mean of {n:,} days).",
        "최근 30일 동안 활동한 사용자 가운데 하루에 찾아오는 비율(고착도)은 평균 {sticky}입니다({n:,}일 평균).",
        {"sticky": percent(counted.stickiness), "n": n},
    )


def _commonest(counted: Counted) -> Sentence:
    code = int(np.argmax(counted.events))
    values = {
        "event": counted.names[code],
        "events": int(counted.events[code]),
        "names": int((counted.events > 0).sum()),
    }
    values |= {"rate": percent(float(share(counted.events[code], counted.events.sum())))}
    values |= {"reach": percent(float(share(counted.event_users[code], len(counted.sizes))))}
    return Sentence(
        "The commonest event is ‘{event}’: {rate} of all events, by {reach} of the users (names of events: {names:,}).",
        "가장 많은 이벤트는 ‘{event}’입니다. 전체 이벤트의 {rate}이며 사용자의 {reach}가 남겼습니다"
        "(이벤트 종류 {names:,}가지).",
        values,
    )


def _depth(counted: Counted) -> Sentence:
    median, p90 = np.quantile(counted.sizes, [0.5, 0.9])
    return Sentence(
        "A user made {median:,.0f} events at the median and {mean:,.1f} on average; the most active tenth made "
        "{p90:,.0f} or more.",
        "사용자 한 명의 이벤트는 중앙값 {median:,.0f}건, 평균 {mean:,.1f}건이며 가장 활발한 10 %는 {p90:,.0f}건 "
        "이상입니다.",
        {"median": float(median), "mean": float(counted.sizes.mean()), "p90": float(p90)},
    )


def _largest(counted: Counted) -> list[Sentence]:
    if counted.labels is None:
        return []
    code = int(np.argmax(counted.people))
    values = {"by": counted.by, "segment": counted.labels[code], "users": int(counted.people[code])}
    values |= {"rate": percent(float(share(counted.people[code], len(counted.sizes))))}
    values |= {"n": int((counted.people > 0).sum())}
    return [
        Sentence(
            "The largest of the {n:,} segments by {by} is ‘{segment}’ with {users:,} users ({rate}).",
            "{by:으로} 나눈 세그먼트 {n:,}개 가운데 가장 큰 세그먼트는 ‘{segment}’입니다({users:,}명, {rate}).",
            values,
        )
    ]


def explain(counted: Counted, cut_off: bool) -> dict[str, Sentence]:
    """Say how it was computed."""
    every, until = str(counted.every), calendar.write(counted.as_of, counted.zone)
    return {
        "unit": Sentence("user", "사용자"),
        "window": Sentence(
            "{every} periods, calendar, up to {until}",
            "달력 기준 {every_ko} 단위, {until}까지",
            {"every": every, "every_ko": in_korean(every), "until": until},
        ),
        "denominator": Sentence(
            "all users for shares of users; users of the 30 days up to a day for its stickiness",
            "사용자 비율은 전체 사용자, 고착도는 그날까지 30일 동안 활동한 사용자",
        ),
        "n": Sentence(
            "{users:,} users, {events:,} events",
            "사용자 {users:,}명, 이벤트 {events:,}건",
            {"users": len(counted.sizes), "events": int(counted.sizes.sum())},
        ),
        "zone": Sentence("{zone}", "{zone}", {"zone": counted.zone}),
        "exclusions": joined([*_EXCLUSIONS, *([_CUT_OFF] if cut_off else [])]),
    }


_EXCLUSIONS: Final = (
    Sentence(
        "averages leave out unfinished periods; the first counts as whole even where the log begins within it",
        "끝나지 않은 기간은 평균에서 제외합니다. 첫 기간은 로그가 그 도중에 시작하더라도 온전한 기간으로 봅니다.",
    ),
    Sentence(
        "users are new in the log or view, whatever they did before it",
        "로그나 뷰에 처음 나타나면 새 사용자로 보며, 그 이전의 활동은 따지지 않습니다.",
    ),
)
_CUT_OFF: Final = Sentence("events at or after as_of are left out", "기준 시점(as_of)과 그 이후의 이벤트는 제외합니다.")

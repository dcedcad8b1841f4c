"""The tables and sentences of ``sessions``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from dangol.core.durations import SECOND, in_korean, spell
from dangol.core.proportions import share, wilson
from dangol.core.words import Sentence, joined, percent
from dangol.kernels.sessions import Parts, Tally
from dangol.log.eventlog import EventLog

if TYPE_CHECKING:
    import pandas as pd

Ints = npt.NDArray[np.int64]

_FEW: Final = 30  # sessions below which the evidence is called weak, and a segment is not compared


@dataclass(frozen=True)
class Counted:
    """Everything that one look over the log counts; lengths of time in microseconds.

    ``unfinished``: sessions that may not be over. ``names``: of the events, by code; ``labels``: of the segments.
    ``edges``: of the bins in ``tally``.
    """

    users: int
    events: int
    unfinished: int
    tally: Tally
    names: tuple[str, ...]
    edges: Ints
    median_us: float
    p90_us: float
    suggested_us: float | None
    labels: tuple[str, ...] | None
    segments: Parts | None

    @property
    def sessions(self) -> int:
        """How many sessions there are."""
        return int(self.tally.entry.sum())

    @property
    def bounces(self) -> int:
        """How many of them are of a single event."""
        return int(self.tally.bounces.sum())

    @property
    def mean_us(self) -> float:
        """Their mean duration."""
        return _ratio(_whole(*self.tally.total), self.sessions)


# ---- tables -----------------------------------------------------------------------------------------------------


def sessions(log: EventLog, columns: Sequence[npt.NDArray[Any]], labels: tuple[str, ...] | None) -> pd.DataFrame:
    """One row per session."""
    import pandas as pd

    user, number, start, duration, events, entry, last, following = columns[:8]
    someone = np.flatnonzero(np.diff(user, prepend=-1))  # the first session of each user
    code = np.repeat(np.arange(len(someone), dtype=np.int32), np.diff(np.append(someone, len(user))))
    table = {
        "user": _category(code, log.ids(user[someone])),
        "session": number,
        "start": _moments(start, log.zone),
        "end": _moments(start + duration, log.zone),
        "duration_s": duration / SECOND,
        "events": events,
        "entry": _category(entry, log.events),
        "last": _category(last, log.events),
        "gap_to_next_s": np.where(following < 0, np.nan, following / SECOND),
    }
    if labels is not None:
        table["segment"] = _category(columns[8], labels)
    return pd.DataFrame(table)


def users(log: EventLog, columns: Sequence[npt.NDArray[Any]]) -> pd.DataFrame:
    """One row per user."""
    import pandas as pd

    user, count, events, duration, median, bounces, start, end = columns
    return pd.DataFrame(
        {
            "user": log.ids(user),
            "sessions": count,
            "events": events,
            "duration_s": duration / SECOND,
            "median_duration_s": median / SECOND,
            "bounces": bounces,
            "start": _moments(start, log.zone),
            "end": _moments(end, log.zone),
        }
    )


def summary(counted: Counted, gap_us: float) -> pd.DataFrame:
    """The measures of the whole."""
    import pandas as pd

    n = counted.sessions
    suggested = float("nan") if counted.suggested_us is None else counted.suggested_us
    measures = {
        "users": counted.users,
        "sessions": n,
        "events": counted.events,
        "sessions_per_user": _ratio(n, counted.users),
        "events_per_session": _ratio(counted.events, n),
        "mean_duration_s": counted.mean_us / SECOND,
        "median_duration_s": counted.median_us / SECOND,
        "p90_duration_s": counted.p90_us / SECOND,
        "bounce_rate": _ratio(counted.bounces, n),
        "bounce_rate_events": _ratio(counted.bounces, counted.events),
        "median_gap_to_next_s": gap_us / SECOND,
        "suggested_gap_s": suggested / SECOND,
        "unfinished": counted.unfinished,
    }
    return pd.DataFrame({"measure": list(measures), "value": np.array(list(measures.values()), np.float64)})


def by_event(counted: Counted, number: Ints) -> pd.DataFrame:
    """Sessions by their first or last event; the bounces are those whose only event it is."""
    import pandas as pd

    code = _most_first(number)
    table = {"event": pd.Series([counted.names[one] for one in code], dtype="str"), "sessions": number[code]}
    table |= {"rate": share(number[code], counted.sessions), "bounces": counted.tally.bounces[code]}
    table["bounce_rate"] = share(counted.tally.bounces[code], number[code])
    return pd.DataFrame(table)


def by_segment(counted: Counted) -> pd.DataFrame:
    """Sessions by segment."""
    import pandas as pd

    parts = counted.segments
    if parts is None or counted.labels is None:
        return pd.DataFrame()
    code = _most_first(parts.sessions)
    people, number, events, bounces, high, low = (values[code] for values in parts)
    lower, upper = wilson(bounces, number)
    total = [_whole(*both) for both in zip(high, low, strict=True)]
    table = {"segment": pd.Series([counted.labels[one] for one in code], dtype="str"), "users": people}
    table |= {"sessions": number, "events": events, "mean_duration_s": share(total, number) / SECOND}
    table |= {"bounce_rate": share(bounces, number), "lower": lower, "upper": upper}
    return pd.DataFrame(table)


def gaps(counted: Counted) -> pd.DataFrame:
    """Idle times by length, from the shortest to the longest found."""
    import pandas as pd

    used = np.flatnonzero(counted.tally.idle)
    row = np.arange(used[0], used[-1] + 1) if len(used) else used
    edges = counted.edges / SECOND
    return pd.DataFrame({"lower_s": edges[row], "upper_s": edges[row + 1], "count": counted.tally.idle[row]})


def _most_first(number: Ints) -> Ints:
    order = np.argsort(-number, kind="stable")
    return order[number[order] > 0]


def _moments(times: Ints, zone: str) -> pd.DatetimeIndex:
    import pandas as pd

    return pd.DatetimeIndex(times.view("datetime64[us]")).tz_localize("UTC").tz_convert(zone)


def _category(code: npt.NDArray[Any], names: Sequence[str] | pd.Series[str]) -> pd.Categorical:
    import pandas as pd

    return pd.Categorical.from_codes(code.astype(np.int32, copy=False), pd.Index(list(names), dtype="str"))


def _whole(high: int, low: int) -> int:
    """Put the high and low 32 bits of a sum together."""
    return (int(high) << 32) + int(low)


def _ratio(count: float, n: float) -> float:
    return count / n if n else float("nan")


# ---- words ------------------------------------------------------------------------------------------------------


def sentences(counted: Counted, gap: str) -> tuple[Sentence, ...]:
    """Say what was found, most important first; what weakens it stands in the first sentence."""
    if not counted.sessions:
        return (
            Sentence(
                "There are no sessions: this part of the log holds no event.",
                "세션이 없습니다. 로그의 이 부분에는 이벤트가 없습니다.",
            ),
        )
    found = [_headline(counted), _size(counted)]
    if counted.segments is not None:
        found += _compared(counted)
    found.append(_suggestion(counted, gap))
    if counted.unfinished:
        found.append(
            Sentence(
                "Sessions that may not be over, as they reach to within {gap} of the end of the log: {unfinished:,}.",
                "마지막 이벤트 뒤로 {gap_ko:이} 지나기 전에 로그가 끝나 아직 이어지고 있을 수 있는 세션은 "
                "{unfinished:,}개입니다.",
                {"unfinished": counted.unfinished, "gap": gap, "gap_ko": in_korean(gap)},
            )
        )
    return tuple(found)


def _headline(counted: Counted) -> Sentence:
    n = counted.sessions
    lower, upper = wilson(counted.bounces, n)
    values: dict[str, Any] = {
        "users": counted.users,
        "sessions": n,
        "each": n / counted.users,
        "bounces": counted.bounces,
    }
    values |= {"rate": percent(counted.bounces / n), "lower": percent(float(lower)), "upper": percent(float(upper))}
    en = (
        "{users:,} users made {sessions:,} sessions, {each:.2f} each; {rate} of the sessions ({bounces:,}) are a "
        "single event (95 % interval {lower} to {upper})."
    )
    ko = (
        "사용자 {users:,}명의 세션은 {sessions:,}개로 1인당 {each:.2f}개이며, 그 가운데 {rate}({bounces:,}개)는 "
        "이벤트가 하나뿐입니다(95 % 신뢰구간 {lower}~{upper})."
    )
    if n < _FEW:
        en = "Weak evidence, only {sessions:,} sessions: " + en
        ko = "세션이 {sessions:,}개뿐이라 근거가 약합니다. " + ko
    return Sentence(en, ko, values)


def _size(counted: Counted) -> Sentence:
    n = counted.sessions
    values: dict[str, Any] = {"depth": counted.events / n}
    for name, length in (("median", counted.median_us), ("mean", counted.mean_us)):
        values |= {name: spell(length), f"{name}_ko": spell(length, "ko")}
    return Sentence(
        "A session lasts {median} at the median and {mean} on average, single-event sessions counted as zero, and has "
        "{depth:.1f} events.",
        "세션 길이는 중앙값 {median_ko}, 평균 {mean_ko}이며(이벤트가 하나뿐인 세션은 0초로 계산), 세션당 이벤트는 평균 "
        "{depth:.1f}건입니다.",
        values,
    )


def _compared(counted: Counted) -> list[Sentence]:
    table = by_segment(counted)
    table = table[table["sessions"] >= _FEW].sort_values("bounce_rate", kind="stable")
    if len(table) < 2:
        return []
    low, high = table.iloc[0], table.iloc[-1]
    values = {"high": high["segment"], "high_rate": percent(high["bounce_rate"]), "high_n": int(high["sessions"])}
    values |= {"low": low["segment"], "low_rate": percent(low["bounce_rate"]), "low_n": int(low["sessions"])}
    return [
        Sentence(
            "The share of single-event sessions is highest for ‘{high}’ ({high_rate} of {high_n:,}) and lowest for "
            "‘{low}’ ({low_rate} of {low_n:,}), among segments of at least " + f"{_FEW} sessions.",
            "이벤트가 하나뿐인 세션의 비율은 ‘{high}’에서 가장 높고({high_n:,}개 중 {high_rate}) ‘{low}’에서 가장 "
            "낮습니다({low_n:,}개 중 {low_rate}). " + f"세션이 {_FEW}개 이상인 세그먼트만 비교했습니다.",
            values,
        )
    ]


def _suggestion(counted: Counted, gap: str) -> Sentence:
    if counted.suggested_us is None:
        return Sentence(
            "The idle times do not fall into two kinds, so they suggest no other gap than {gap}.",
            "이벤트 사이 시간이 두 무리로 나뉘지 않아 {gap_ko} 외에 권할 만한 기준이 없습니다.",
            {"gap": gap, "gap_ko": in_korean(gap)},
        )
    return Sentence(
        "The idle times fall into two kinds, within and between visits, that part at about {suggested}: a suggestion "
        "for gap, which was {gap} here.",
        "이벤트 사이 시간은 한 방문 안의 시간과 방문 사이의 시간 두 무리로 나뉘며, 그 경계는 약 {suggested_ko}입니다. "
        "여기서는 {gap_ko:을} 기준으로 썼으며, 이 경계는 참고용 제안입니다.",
        {
            "suggested": spell(counted.suggested_us),
            "suggested_ko": spell(counted.suggested_us, "ko"),
            "gap": gap,
            "gap_ko": in_korean(gap),
        },
    )


def explain(counted: Counted, asked: Mapping[str, Any], zone: str) -> dict[str, Sentence]:
    """Say how it was computed."""
    return {
        "unit": Sentence("session of a user", "사용자의 세션"),
        "window": joined(_rules(asked), en=", ", ko=", "),
        "denominator": Sentence("sessions; events for bounces per event", "세션 수(이벤트 대비 이탈률은 이벤트 수)"),
        "n": Sentence(
            "{sessions:,} sessions of {users:,} users, {events:,} events",
            "사용자 {users:,}명의 세션 {sessions:,}개, 이벤트 {events:,}건",
            {"sessions": counted.sessions, "users": counted.users, "events": counted.events},
        ),
        "zone": Sentence("{zone}", "{zone}", {"zone": zone}),
        "exclusions": Sentence(
            "none; sessions that may not be over are counted; intervals take sessions as independent, though a user "
            "may make several",
            "제외한 세션은 없으며, 아직 끝나지 않았을 수 있는 세션도 셉니다. 한 사용자의 세션이 여럿이어도 신뢰구간은 "
            "세션이 서로 독립이라고 보고 구합니다.",
        ),
    }


def _rules(asked: Mapping[str, Any]) -> list[Sentence]:
    """Say what begins a new session."""
    rules = [
        Sentence(
            "a new session after more than {gap} without an event",
            "새 세션 기준: 이벤트 없이 {gap_ko} 초과",
            {"gap": asked["gap"], "gap_ko": in_korean(asked["gap"])},
        )
    ]
    if asked["cap"]:
        values = {"cap": asked["cap"], "cap_ko": in_korean(asked["cap"])}
        rules.append(Sentence("after {cap} in all", "시작 후 {cap_ko} 초과", values))
    if asked["midnight"]:
        rules.append(Sentence("at local midnight", "현지 자정"))
    if asked["separator"]:
        rules.append(Sentence("at each {separator!r}", "‘{separator}’ 이벤트", {"separator": asked["separator"]}))
    return rules

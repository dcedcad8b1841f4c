"""The tables and sentences of ``funnel``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from dangol.core import calendar
from dangol.core.durations import SECOND, spell
from dangol.core.proportions import benjamini_hochberg, difference_p, newcombe, share, wilson
from dangol.core.result import Tables
from dangol.core.words import Sentence, percent
from dangol.log.eventlog import EventLog

from .funnel_plan import Plan

if TYPE_CHECKING:
    import pandas as pd

Ints = npt.NDArray[np.int64]

_FEW: Final = 30  # units below which the headline says that the evidence is weak
_MOST_COMPARED: Final = 20
_QUANTILES: Final = {"p10_s": 0.1, "p25_s": 0.25, "median_s": 0.5, "p75_s": 0.75, "p90_s": 0.9}
_KOREAN: Final = str.maketrans({"d": "일", "h": "시간", "m": "분", "s": "초"})


class Lengths(NamedTuple):
    """How long the steps took, in microseconds: one element per step reached, step 1 left out."""

    segment: Ints
    step: Ints  # its place in the list
    since_start: Ints
    since_previous: Ints


@dataclass(frozen=True)
class Counted:
    """Everything that one look over the log counts.

    ``level``: units by segment, late or not, and exact level (from 1). ``aside``: those of the eligible who did each
    optional step, by segment. ``whole``: how long the eligible who finished took, in microseconds.
    """

    plan: Plan
    level: Ints
    aside: Ints
    whole: Ints
    segments: tuple[str, ...] | None

    @cached_property
    def shown(self) -> Ints:
        """The segments with eligible units, largest first."""
        n = self.level[:, 0].sum(axis=1)
        order = np.argsort(-n, kind="stable")
        return order[n[order] > 0] if self.segments else np.zeros(1, np.int64)

    @cached_property
    def reached(self) -> Ints:
        """Eligible units by segment that reached each required step or one beyond."""
        return self.level[:, 0, ::-1].cumsum(axis=1)[:, ::-1]

    @cached_property
    def whole_log(self) -> Ints:
        """``reached`` with the segments together."""
        return np.asarray(self.reached.sum(axis=0), np.int64)

    @property
    def late(self) -> int:
        """Units that entered too late."""
        return int(self.level[:, 1].sum())

    @property
    def unit(self) -> str:
        """What is counted, as the name of a column."""
        return "sessions" if self.plan.gap else "users"

    def label(self, place: int) -> str:
        """Name a listed step."""
        if self.plan.order == "any":
            return f"any {place + 1} of {len(self.plan.labels)}"
        return self.plan.labels[place]


# ---- tables -----------------------------------------------------------------------------------------------------


def tables(counted: Counted, measure: Callable[[], Lengths]) -> Tables:
    """Return the tables, to be made when they are looked at; ``measure`` looks over the log once more."""
    lengths = cache(measure)
    makers = {
        "steps": lambda: _steps(counted, lengths()),
        "times": lambda: _times(counted, lengths()),
        "late": lambda: _late(counted),
    }
    if counted.segments is not None:
        makers["differences"] = lambda: _differences(counted)
    return Tables(makers)


def _steps(counted: Counted, lengths: Lengths) -> pd.DataFrame:
    import pandas as pd

    plan, shown = counted.plan, counted.shown
    places = np.arange(len(plan.labels))
    done = np.zeros((len(shown), len(places)), np.int64)
    done[:, list(plan.required)] = counted.reached[shown]
    done[:, list(plan.optional)] = counted.aside[shown]
    before = np.maximum(np.searchsorted(plan.required, places) - 1, 0)  # the required step before each
    previous = counted.reached[shown][:, before]
    start = np.repeat(counted.reached[shown][:, :1], len(places), axis=1)
    segment, step = (one.ravel() for one in np.meshgrid(shown, places, indexing="ij"))
    first = step == 0
    users, start, previous = done.ravel(), start.ravel(), np.where(first, 0, previous.ravel())
    lower, upper = wilson(users, start)
    low, high = wilson(users, previous)
    columns = _named(counted, segment, step)
    if plan.optional:
        columns["optional"] = np.isin(step, plan.optional)
    columns |= {counted.unit: users, "rate": share(users, start), "rate_from_previous": share(users, previous)}
    columns |= {"lower": lower, "upper": upper, "lower_from_previous": low, "upper_from_previous": high}
    columns["lost"] = np.where(first, 0, previous - users)
    group = lengths.segment * len(places) + lengths.step
    median = _quantiles(lengths.since_previous, group, segment * len(places) + step, np.array([0.5]))
    columns["median_s"] = median[:, 0] / SECOND
    return pd.DataFrame(columns)


def _times(counted: Counted, lengths: Lengths) -> pd.DataFrame:
    import pandas as pd

    places = len(counted.plan.labels)
    segment, step = (one.ravel() for one in np.meshgrid(counted.shown, np.arange(1, places), indexing="ij"))
    group, asked = lengths.segment * places + lengths.step, segment * places + step
    number = np.bincount(group, minlength=int(asked.max(initial=0)) + 1)[asked]
    parts = []
    for since, values in (("start", lengths.since_start), ("previous", lengths.since_previous)):
        found = _quantiles(values, group, asked, np.array(list(_QUANTILES.values()))) / SECOND
        columns = _named(counted, segment, step) | {"since": since, counted.unit: number}
        parts.append(pd.DataFrame(columns | dict(zip(_QUANTILES, found.T, strict=True))))
    table = pd.concat(parts)
    table["since"] = table["since"].astype("str")
    return table.sort_index(kind="stable").reset_index(drop=True)


def _late(counted: Counted) -> pd.DataFrame:
    import pandas as pd

    late = counted.level[:, 1]
    segment, level = np.nonzero(late) if counted.segments is not None else np.nonzero(np.ones_like(late))
    columns = _named(counted, segment, np.array(counted.plan.required, np.int64)[level])
    return pd.DataFrame(columns | {counted.unit: late[segment, level]})


def _differences(counted: Counted) -> pd.DataFrame:
    import pandas as pd

    pairs = np.array(list(combinations(counted.shown[:_MOST_COMPARED], 2)), np.int64).reshape(-1, 2)
    names = np.array(counted.segments, dtype=object)
    n, done = counted.reached[pairs, 0].T, counted.reached[pairs, -1].T
    columns: dict[str, Any] = {}
    for one, side in enumerate("ab"):
        columns[f"segment_{side}"] = pd.Series(names[pairs[:, one]], dtype="str")
        columns |= {f"n_{side}": n[one], f"rate_{side}": share(done[one], n[one])}
    lower, upper = newcombe(done[0], n[0], done[1], n[1])
    p = difference_p(done[0], n[0], done[1], n[1]) if len(pairs) else np.empty(0)
    columns |= {"difference": columns["rate_a"] - columns["rate_b"], "lower": lower, "upper": upper, "p": p}
    columns |= {"q": benjamini_hochberg(p), "family": np.full(len(pairs), np.isfinite(p).sum())}
    return pd.DataFrame(columns)


def _named(counted: Counted, segment: Ints, step: Ints) -> dict[str, Any]:
    """Return the columns that say which row it is."""
    import pandas as pd

    events = np.array([counted.label(place) for place in range(len(counted.plan.labels))], dtype=object)
    columns: dict[str, Any] = {}
    if counted.segments is not None:
        columns["segment"] = pd.Series(np.array(counted.segments, dtype=object)[segment], dtype="str")
    return columns | {"step": step + 1, "event": pd.Series(events[step], dtype="str")}


def _quantiles(values: Ints, group: Ints, asked: Ints, shares: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return quantiles (one column each) of the values in each group asked for, between two values in proportion."""
    order = np.lexsort((values, group))
    values, group = values[order], group[order]
    first, after = (np.searchsorted(group, asked, side=side) for side in ("left", "right"))
    found = np.full((len(asked), len(shares)), np.nan)
    some = after > first
    position = first[some, None] + (after - first - 1)[some, None] * shares
    low = np.floor(position).astype(np.int64)
    high = np.ceil(position).astype(np.int64)
    found[some] = values[low] + (values[high] - values[low]) * (position - low)
    return found


# ---- words ------------------------------------------------------------------------------------------------------


def sentences(counted: Counted, log: EventLog) -> tuple[Sentence, ...]:
    """Say what was found, most important first; what weakens it stands in the first sentence."""
    n = int(counted.whole_log[0])
    if not n:
        return (_too_early(counted, log) if counted.late else _nobody(counted),)
    found = [_headline(counted)]
    if counted.plan.limits.steps > 1:
        found += _loss(counted) + _took(counted)
        if counted.segments is not None:
            found += _segments(counted)
    if counted.late:
        found.append(
            Sentence(
                "{late:,} more {who} entered less than {within} before {until}: too late to tell, and not counted.",
                "{until}까지 남은 기간이 {within_ko}보다 짧을 때 들어온 {who_ko} {late:,}{each}은 아직 판단할 수 없어 넣지 않았습니다.",
                _words(counted) | {"late": counted.late, "until": calendar.write(counted.plan.as_of, log.zone)},
            )
        )
    return tuple(found)


def _words(counted: Counted) -> dict[str, Any]:
    plan = counted.plan
    session, within = bool(plan.gap), spell(plan.within)
    return {
        "who": counted.unit,
        "who_ko": "세션" if session else "사용자",
        "each": "개" if session else "명",
        "first": f"‘{plan.labels[0]}’",
        "last": f"‘{plan.labels[plan.required[-1]]}’",
        "within": within,
        "within_ko": within.translate(_KOREAN),
        "steps": plan.limits.steps,
    }


def _entering(counted: Counted) -> tuple[str, str]:
    if counted.plan.order == "any":
        return "any of the {steps} steps", "{steps}단계 가운데 어느 하나라도"
    return "{first}", "{first:을}"


def _nobody(counted: Counted) -> Sentence:
    en, ko = _entering(counted)
    return Sentence(
        "Nobody entered the funnel: no " + counted.unit[:-1] + " in this part of the log did " + en + ".",
        "퍼널에 들어온 {who_ko:이} 없습니다. 로그의 이 부분에서 " + ko + " 한 {who_ko:이} 없습니다.",
        _words(counted),
    )


def _too_early(counted: Counted, log: EventLog) -> Sentence:
    short = counted.plan.latest < log.start
    why = "this part of the log is shorter than the window of {within}" if short else "all of them entered later"
    why_ko = "로그의 이 부분이 기간 {within_ko}보다 짧습니다" if short else "모두 그보다 늦게 들어왔습니다"
    return Sentence(
        "It is too early to tell: none of the {late:,} {who} who entered did so at least {within} before {until}; "
        + why
        + ".",
        "아직 판단할 수 없습니다. 들어온 {who_ko} {late:,}{each} 가운데 {until}보다 {within_ko} 이상 먼저 들어온 {who_ko:이} 없습니다. "
        + why_ko
        + ".",
        _words(counted) | {"late": counted.late, "until": calendar.write(counted.plan.as_of, log.zone)},
    )


def _headline(counted: Counted) -> Sentence:
    n, done = int(counted.whole_log[0]), int(counted.whole_log[-1])
    lower, upper = wilson(done, n)
    values = _words(counted) | {"n": n, "done": done, "rate": percent(done / n)}
    values |= {"lower": percent(float(lower)), "upper": percent(float(upper))}
    did, did_ko = _entering(counted)
    if counted.plan.limits.steps == 1:
        return Sentence(
            "{n:,} {who} did {first}; with one step there is nothing to go on to.",
            "{first:을} 한 {who_ko:은} {n:,}{each}입니다. 단계가 하나라 전환율은 없습니다.",
            values,
        )
    on = {"any": "did all of them", "strict": "went straight on to {last}"}.get(counted.plan.order, "went on to {last}")
    on_ko = {"any": "모두 했습니다", "strict": "다른 이벤트 없이 {last}까지 갔습니다"}.get(
        counted.plan.order, "{last}까지 갔습니다"
    )
    en = (
        "{rate} of {n:,} {who} that did "
        + did
        + " "
        + on
        + " within {within} ({done:,}; 95 % interval {lower} to {upper})."
    )
    ko = did_ko + " 한 {who_ko} {n:,}{each} 가운데 {rate}가 {within_ko} 안에 " + on_ko
    ko += "({done:,}{each}, 95 % 신뢰구간 {lower}~{upper})."
    if n < _FEW:
        en = "Weak evidence, only {n:,} {who}: " + en
        ko = "{who_ko:이} {n:,}{each}뿐이라 근거가 약합니다. " + ko
    return Sentence(en, ko, values)


def _loss(counted: Counted) -> list[Sentence]:
    reached, required = counted.whole_log, counted.plan.required
    lost = reached[:-1] - reached[1:]
    worst = int(lost.argmax())
    if not lost[worst]:
        return []
    names = {"before": f"‘{counted.label(required[worst])}’", "after": f"‘{counted.label(required[worst + 1])}’"}
    values = _words(counted) | names | {"lost": int(lost[worst]), "from": int(reached[worst])}
    values["rate"] = percent(float(lost[worst] / reached[worst]))
    return [
        Sentence(
            "The largest loss is between {before} and {after}: {lost:,} of {from:,} ({rate}) did not go on.",
            "가장 많이 이탈한 곳은 {before}에서 {after:으로} 가는 단계로, {from:,}{each} 가운데 {lost:,}{each}({rate})이 "
            "넘어가지 않았습니다.",
            values,
        )
    ]


def _took(counted: Counted) -> list[Sentence]:
    if not len(counted.whole):
        return []
    took = spell(float(np.median(counted.whole)))
    return [
        Sentence(
            "Half of those who finished took {took} or less.",
            "끝까지 간 {who_ko}의 절반은 {took_ko} 안에 마쳤습니다.",
            _words(counted) | {"took": took, "took_ko": took.translate(_KOREAN)},
        )
    ]


def _segments(counted: Counted) -> list[Sentence]:
    n, done = counted.reached[:, 0], counted.reached[:, -1]
    large = np.flatnonzero(n >= _FEW)
    if counted.segments is None or len(large) < 2:
        return []
    rates = share(done, n)
    ends = {"best": int(large[rates[large].argmax()]), "worst": int(large[rates[large].argmin()])}
    values: dict[str, Any] = {"few": _FEW}
    for name, one in ends.items():
        values |= {
            name: f"‘{counted.segments[one]}’",
            f"{name}_n": int(n[one]),
            f"{name}_rate": percent(float(rates[one])),
        }
    return [
        Sentence(
            "The rate is highest for {best} ({best_rate} of {best_n:,}) and lowest for {worst} ({worst_rate} of "
            "{worst_n:,}), among segments of at least {few}.",
            "{best}에서 가장 높고({best_n:,} 중 {best_rate}) {worst}에서 가장 낮습니다({worst_n:,} 중 {worst_rate}). "
            "{few} 이상인 집단만 견주었습니다.",
            values,
        )
    ]


# ---- how --------------------------------------------------------------------------------------------------------


def explain(counted: Counted, asked: Mapping[str, Any], zone: str) -> dict[str, str]:
    """Say how it was computed."""
    plan = counted.plan
    until, within = calendar.write(plan.as_of, zone), spell(plan.within)
    orders = {"sequential": "steps in order", "strict": "steps one after another", "any": "steps in any order"}
    ruled = [f"{orders[plan.order]} within {within} of the first (closed), up to {until}"]
    if asked["step_within"] is not None:
        ruled.append(
            "each step within " + ", ".join(spell(float(one)) for one in plan.limits.longest[1:]) + " of the one before"
        )
    if plan.same is not None:
        ruled.append(f"all with the same {plan.same.column}")
    if plan.limits.once:
        ruled.append("a repeat of a step done ends the attempt")
    if plan.limits.increase:
        ruled.append("at different times")
    n = int(counted.whole_log[0])
    entry = "an event of any step" if plan.order == "any" else "their first event of step 1"
    return {
        "unit": f"session (a new one after more than {asked['gap']} without an event)" if plan.gap else "user",
        "window": "; ".join(ruled),
        "denominator": f"{counted.unit} with {entry} at least {within} before {until}",
        "n": f"{n:,} {counted.unit}",
        "zone": zone,
        "exclusions": _exclusions(counted, asked),
    }


def _exclusions(counted: Counted, asked: Mapping[str, Any]) -> str:
    said = [f"{counted.late:,} {counted.unit} that entered later, too late to tell"]
    if asked["exclude"]:
        names = [asked["exclude"]] if isinstance(asked["exclude"], str) else asked["exclude"]
        said.append("attempts end at " + ", ".join(f"'{name}'" for name in names))
    if asked["same"] is not None:
        said.append(f"events without a {asked['same']} are no step")
    if asked["as_of"] is not None:
        said.append("events at or after as_of are left out")
    return "; ".join(said)

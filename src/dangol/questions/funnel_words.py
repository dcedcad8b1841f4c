"""The sentences of ``funnel``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from dangol.core import calendar
from dangol.core.durations import in_korean, spell
from dangol.core.proportions import difference_p, newcombe, share, wilson
from dangol.core.words import Sentence, joined, percent
from dangol.log.eventlog import EventLog

from .funnel_tables import Counted

_FEW: Final = 30  # units below which the headline says that the evidence is weak
_ORDERS: Final = {
    "sequential": ("steps in order", "단계를 순서대로"),
    "strict": ("steps one after another", "단계를 다른 이벤트 없이 잇달아"),
    "any": ("steps in any order", "단계를 순서에 상관없이"),
}

_FURTHEST_KO: Final = ("여러 번 시도한 사용자는 가장 멀리 간 시도로 셈", "여러 번 시도한 세션은 가장 멀리 간 시도로 셈")


def sentences(counted: Counted, log: EventLog) -> tuple[Sentence, ...]:
    """Say what was found, most important first; what weakens it stands in the first sentence."""
    values = _words(counted) | {"until": calendar.write(counted.plan.as_of, log.zone)}
    if not counted.eligible:
        return (_too_early(counted, values, log.start) if counted.late else _nobody(counted, values),)
    found = [_headline(counted, values)]
    if counted.plan.limits.steps > 1:
        found += [*_loss(counted, values), *_took(counted, values), *_segments(counted)]
    if counted.late:
        found.append(
            Sentence(
                "{late:,} more {who} entered less than {within} before {until}: too late to tell, and not counted.",
                "{until}까지 {within_ko:이} 채 남지 않았을 때 들어온 {who_ko} {late_ko:은} 아직 판단할 수 없어 "
                "세지 않았습니다.",
                values,
            )
        )
    return tuple(found)


def _words(counted: Counted) -> dict[str, Any]:
    """Return what most sentences name; ``…_ko`` is the Korean form of a value."""
    plan, session = counted.plan, bool(counted.plan.gap)
    each = "개" if session else "명"
    n, done = counted.eligible, int(counted.together[-1])
    return {
        "who": counted.unit,
        "one": counted.unit[:-1],
        "with": "with" if session else "who did",
        "who_ko": "세션" if session else "사용자",
        "each": each,
        **_named(counted, "first", 0),
        **_named(counted, "last", plan.required[-1]),
        "within": spell(plan.within),
        "within_ko": spell(plan.within, "ko"),
        "steps": plan.limits.steps,
        "n": n,
        "n_ko": f"{n:,}{each}",
        "done": done,
        "done_ko": f"{done:,}{each}",
        "late": counted.late,
        "late_ko": f"{counted.late:,}{each}",
    }


def _named(counted: Counted, word: str, place: int) -> dict[str, str]:
    """Name a step in both languages, with its number where another step has the same events."""
    text = f"‘{counted.label(place)}’"
    if counted.plan.order == "any" or counted.plan.labels.count(counted.plan.labels[place]) == 1:
        return {word: text, f"{word}_ko": text}
    return {word: f"{text} (step {place + 1})", f"{word}_ko": f"{text}({place + 1}단계)"}


def _entering(counted: Counted) -> tuple[str, str]:
    session = bool(counted.plan.gap)
    if counted.plan.order == "any":
        return "any of the {steps} steps", "{steps}단계 가운데 하나라도 " + ("있는" if session else "한")
    return "{first}", "{first_ko:이} 있는" if session else "{first_ko:을} 한"


def _nobody(counted: Counted, values: Mapping[str, Any]) -> Sentence:
    en, ko = _entering(counted)
    return Sentence(
        "Nobody entered the funnel: there is no {one} {with} " + en + " in this part of the log.",
        "퍼널에 들어온 {who_ko:이} 없습니다. 로그의 이 부분에는 " + ko + " {who_ko:이} 없습니다.",
        values,
    )


def _too_early(counted: Counted, values: Mapping[str, Any], start: int) -> Sentence:
    short = counted.plan.latest < start
    why = "this part of the log is shorter than that window" if short else "all of them entered later"
    why_ko = "로그의 이 부분이 그 기간보다 짧습니다" if short else "모두 그 뒤에 들어왔습니다"
    return Sentence(
        "It is too early to tell: none of the {late:,} {who} that entered did so {within} before {until} or earlier; "
        + f"{why}.",
        "아직 판단할 수 없습니다. 들어온 {who_ko} {late_ko} 가운데 {until}보다 {within_ko} 이상 앞서 들어온 "
        "{who_ko:이} 없습니다. " + f"{why_ko}.",
        values,
    )


def _headline(counted: Counted, values: Mapping[str, Any]) -> Sentence:
    n, done = counted.eligible, int(counted.together[-1])
    lower, upper = (percent(float(bound)) for bound in wilson(done, n))
    values = {**values, "rate": percent(done / n), "lower": lower, "upper": upper}
    did, did_ko = _entering(counted)
    if counted.plan.limits.steps == 1:
        en = "There are {n:,} {who} {with} " + did + "; with one step there is nothing to go on to."
        return Sentence(en, did_ko + " {who_ko:은} {n_ko}입니다. 단계가 하나라서 전환율은 없습니다.", values)
    how = counted.plan.order
    on = {"any": "did all of them", "strict": "went straight on to {last}"}.get(how, "went on to {last}")
    on_ko = {"any": "모든 단계를 마쳤습니다", "strict": "다른 이벤트 없이 {last_ko}까지 갔습니다"}.get(
        how, "{last_ko}까지 갔습니다"
    )
    en = f"{{rate}} of {{n:,}} {{who}} {{with}} {did} {on} within {{within}}"
    ko = f"{did_ko} {{who_ko}} {{n_ko}} 가운데 {{rate:이}} {{within_ko}} 안에 {on_ko}"
    if n < _FEW:
        en = "Weak evidence, only {n:,} {who}: " + en
        ko = "{who_ko:이} {n_ko}뿐이라 근거가 약합니다. " + ko
    return Sentence(
        en + " ({done:,}; 95 % interval {lower} to {upper}).",
        ko + "({done_ko}, 95 % 신뢰구간 {lower}~{upper}).",
        values,
    )


def _loss(counted: Counted, values: Mapping[str, Any]) -> list[Sentence]:
    reached, required = counted.together, counted.plan.required
    lost = reached[:-1] - reached[1:]
    worst = int(lost.argmax())
    if not lost[worst]:
        return []
    number, before = int(lost[worst]), int(reached[worst])
    values = {**values, "lost": number, "from": before, "rate": percent(number / before)}
    values |= {"lost_ko": f"{number:,}{values['each']}", "from_ko": f"{before:,}{values['each']}"}
    for name, step in (("before", worst), ("after", worst + 1)):
        values |= _named(counted, name, required[step])
        if counted.plan.order == "any":
            values[f"{name}_ko"] = f"‘{step + 1}가지 완료’"
    return [
        Sentence(
            "The largest loss is between {before} and {after}: {lost:,} of {from:,} ({rate}) did not go on.",
            "가장 많이 이탈한 곳은 {before_ko}에서 {after_ko:으로} 가는 단계입니다. {from_ko} 가운데 {lost_ko:이} "
            "더 가지 않았습니다({rate}).",
            values,
        )
    ]


def _took(counted: Counted, values: Mapping[str, Any]) -> list[Sentence]:
    if not len(counted.whole):
        return []
    took = float(np.median(counted.whole))
    return [
        Sentence(
            "Half of those that finished took {took} or less.",
            "끝까지 간 {who_ko}의 절반은 {took_ko} 안에 마쳤습니다.",
            {**values, "took": spell(took), "took_ko": spell(took, "ko")},
        )
    ]


def _segments(counted: Counted) -> list[Sentence]:
    n, done = counted.reached[:, 0], counted.reached[:, -1]
    large = np.flatnonzero(n >= _FEW)
    if counted.segments is None or len(large) < 2:
        return []
    rates = share(done, n)
    ends = {"best": int(large[rates[large].argmax()]), "worst": int(large[rates[large].argmin()])}
    values: dict[str, Any] = {"few": _FEW, "each": "개" if counted.plan.gap else "명"}
    for name, one in ends.items():
        values |= {name: f"‘{counted.segments[one]}’", f"{name}_n": int(n[one])}
        values[f"{name}_rate"] = percent(float(rates[one]))
    if len(counted.shown) == 2:
        return [_two(counted, values, ends["best"], ends["worst"])]
    return [
        Sentence(
            "The rate is highest for {best} ({best_rate} of {best_n:,}) and lowest for {worst} ({worst_rate} of "
            "{worst_n:,}), among segments of at least {few}.",
            "전환율은 {best}에서 가장 높고({best_n:,}{each} 중 {best_rate}) {worst}에서 가장 낮습니다"
            "({worst_n:,}{each} 중 {worst_rate}). {few}{each} 이상인 세그먼트만 비교했습니다.",
            values,
        )
    ]


def _two(counted: Counted, values: Mapping[str, Any], best: int, worst: int) -> Sentence:
    """Say how two segments differ; with more, the highest and the lowest would be a choice made by the data."""
    cell = [counted.reached[one, step] for one in (best, worst) for step in (-1, 0)]
    lower, upper = (100 * float(bound) for bound in newcombe(*cell))
    points = 100 * float(share(*cell[:2]) - share(*cell[2:]))
    p = float(difference_p(*cell))
    apart = lower > 0 or upper < 0
    return Sentence(
        "The rate is {points:.1f} percentage points higher for {best} ({best_rate} of {best_n:,}) than for {worst} "
        "({worst_rate} of {worst_n:,}; 95 % interval of the difference {lower:.1f} to {upper:.1f}, p = {p:.2g})"
        + ("." if apart else "; that may be chance."),
        "전환율은 {best}({best_n:,}{each} 중 {best_rate}) 쪽이 {worst}({worst_n:,}{each} 중 {worst_rate})보다 "
        "{points:.1f} %p 높습니다(차이의 95 % 신뢰구간 {lower:.1f}~{upper:.1f}, p = {p:.2g})."
        + ("" if apart else " 우연일 수 있는 차이입니다."),
        {**values, "points": points, "lower": lower, "upper": upper, "p": p},
    )


def explain(counted: Counted, asked: Mapping[str, Any], zone: str) -> dict[str, Sentence]:
    """Say how it was computed."""
    plan = counted.plan
    values = _words(counted) | {"until": calendar.write(plan.as_of, zone)}
    session = Sentence(
        "session (a new one after more than {gap} without an event)",
        "세션(이벤트 없이 {gap_ko:을} 넘으면 새 세션)",
        {"gap": asked["gap"], "gap_ko": in_korean(asked["gap"])},
    )
    entry, entry_ko = "their first event of step 1", "첫 1단계 이벤트가"
    if plan.order == "any":
        entry, entry_ko = "an event of any step", "어느 단계든 첫 이벤트가"
    return {
        "unit": session if plan.gap else Sentence("user", "사용자"),
        "window": joined(_window(counted, asked, values), ko=", "),
        "denominator": Sentence(
            "{who} with " + entry + " at least {within} before {until}",
            entry_ko + " {until}보다 {within_ko} 이상 앞선 {who_ko}",
            values,
        ),
        "n": Sentence("{n:,} {who}", "{who_ko} {n_ko}", values),
        "zone": Sentence("{zone}", "{zone}", {"zone": zone}),
        "exclusions": joined(_exclusions(asked, values)),
    }


def _window(counted: Counted, asked: Mapping[str, Any], values: Mapping[str, Any]) -> list[Sentence]:
    plan = counted.plan
    order, order_ko = _ORDERS[plan.order]
    ruled = [
        Sentence(
            order + " within {within} of the first (closed), up to {until}",
            order_ko + ", 첫 단계부터 {within_ko} 이내(경계 포함), {until}까지",
            values,
        )
    ]
    if plan.limits.steps > 1:
        ruled.append(Sentence("of several attempts the one that gets furthest counts", _FURTHEST_KO[bool(plan.gap)]))
    if asked["step_within"] is not None:
        longest = [float(one) for one in plan.limits.longest[1:]]
        longest = longest if len(set(longest)) > 1 else longest[:1]
        said = {"each_within": ", ".join(map(spell, longest))}
        said["each_within_ko"] = ", ".join(spell(one, "ko") for one in longest)
        ruled.append(
            Sentence("each step within {each_within} of the one before", "앞 단계부터 {each_within_ko} 이내", said)
        )
    if plan.same is not None:
        ruled.append(Sentence("all with the same {same}", "{same} 값이 모두 같을 것", {"same": plan.same.column}))
    if plan.limits.once:
        ruled.append(Sentence("a repeat of a step done ends the attempt", "이미 한 단계를 되풀이하면 시도가 끝남"))
    if plan.limits.increase:
        ruled.append(Sentence("at different times", "단계마다 시각이 다를 것"))
    return ruled


def _exclusions(asked: Mapping[str, Any], values: Mapping[str, Any]) -> list[Sentence]:
    said = [
        Sentence(
            "{late:,} {who} that entered later, too late to tell",
            "그보다 늦게 들어와 아직 판단할 수 없는 {who_ko} {late_ko:은} 제외했습니다.",
            values,
        )
    ]
    if asked["exclude"]:
        names = [asked["exclude"]] if isinstance(asked["exclude"], str) else asked["exclude"]
        excluded = {"excluded": ", ".join(f"'{name}'" for name in names)}
        excluded["excluded_ko"] = ", ".join(f"‘{name}’" for name in names)
        said.append(
            Sentence("attempts end at {excluded}", "{excluded_ko} 이벤트가 나오면 시도가 끝난 것으로 봅니다.", excluded)
        )
    if asked["same"] is not None:
        column = {"same": asked["same"]}
        said.append(
            Sentence("events without a {same} are no step", "{same} 값이 없는 이벤트는 단계로 세지 않습니다.", column)
        )
    if asked["as_of"] is not None:
        said.append(
            Sentence("events at or after as_of are left out", "기준 시점(as_of)과 그 이후의 이벤트는 제외합니다.")
        )
    return said

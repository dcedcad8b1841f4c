"""The sentences of ``group_features``."""

from __future__ import annotations

from itertools import combinations
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dangol.core import calendar, labels
from dangol.core.proportions import share
from dangol.core.words import Sentence, joined, percent, plural

from .feature_definitions import definition, why_missing
from .feature_spec import USER, Spec
from .feature_tables import Tally, account
from .feature_values import Measured
from .nouns import counted

Floats = npt.NDArray[np.float64]

_FEW: Final = 30  # units below which the evidence is called weak
_SKEWED: Final = 2.0
_CONSTANT: Final = 0.95  # of the units have the same value
_CLOSE: Final = 0.9
_ENOUGH: Final = 3  # units below which no correlation is told
_NAMED: Final = 3


def sentences(found: Measured) -> tuple[Sentence, ...]:
    """Say what was found, most important first; what weakens it stands in the first sentence."""
    rows = account(found)
    first = _headline(found, rows)
    if not len(found.rows):
        return (first, *_left_out(found, rows))
    odd = [*_same(found), *_close(found), *_skewed(found)]
    return (first, *_left_out(found, rows), *_pairs(found), *_missing(found), *odd)


def _noun(spec: Spec, count: int) -> dict[str, str]:
    """Count some units in both languages."""
    english, korean = counted(count, spec.unit)
    return {"units": english, "units_ko": korean}


def _headline(found: Measured, rows: dict[str, Tally]) -> Sentence:
    spec, kept, whole = found.plan.spec, rows["kept"], rows["all"]
    values: dict[str, Any] = _noun(spec, kept.units) | {"all": whole.units, "least": spec.least}
    values |= {"features": plural(len(spec.features), "feature"), "n_features": len(spec.features)}
    values |= {"users": plural(kept.users, "user"), "n_users": kept.users, "n_events": kept.events}
    values |= {"events": plural(kept.events, "event"), "people": plural(spec.least, "active user")}
    if not kept.units:
        return Sentence(
            "There is nothing to cluster: none of {all:,} units has {people} and stays.",
            "군집으로 나눌 대상이 없습니다. 단위 {all:,}개 가운데 활동 사용자가 {least:,}명 이상이면서 제외되지 않은 "
            "것이 없습니다.",
            values,
        )
    en = "{units} of {all:,}, each with at least {people}, have {features} from {users} and {events}"
    ko = "{units_ko}(전체 {all:,}개 중 활동 사용자 {least:,}명 이상)의 특성 {n_features:,}개를 사용자 {n_users:,}명의 "
    ko += "이벤트 {n_events:,}건으로 계산했습니다"
    if spec.alone:
        en = "{units} of {all:,} have {features} from {events}"
        values["all_ko"] = f"{whole.units:,}{'명' if spec.unit == USER else '개'}"
        ko = "{units_ko}(전체 {all_ko} 중)의 특성 {n_features:,}개를 이벤트 {n_events:,}건으로 계산했습니다"
    if kept.units < _FEW:
        en, ko = "Weak evidence for any clusters, only " + en, "단위가 적어 군집을 나눌 근거가 약합니다. " + ko
    return Sentence(en + ".", ko + ".", values)


def _left_out(found: Measured, rows: dict[str, Tally]) -> list[Sentence]:
    """Say which units and users have no features, and how much they do."""
    told = _without(found, rows)
    return [Sentence(f"Left out: {one.en}.", f"제외: {one.ko}.", one.values) for one in told]


def _without(found: Measured, rows: dict[str, Tally]) -> list[Sentence]:
    """List what is left out, or nothing."""
    said = []
    for fate, (en, ko) in _REASONS.items():
        tally = rows[fate]
        if not tally.units and not tally.users:
            continue
        values: dict[str, Any] = {f"{fate}_{word}": text for word, text in _noun(found.plan.spec, tally.units).items()}
        values |= {f"{fate}_users": plural(tally.users, "user"), f"{fate}_n_users": tally.users}
        values |= {f"{fate}_events": plural(tally.events, "event"), f"{fate}_n_events": tally.events}
        said.append(Sentence(en, ko, values | {"least": plural(found.plan.spec.least, "active user")}))
    return [joined(said, en="; ", ko=", ")] if said else []


_REASONS: Final = {
    "below_least": (
        "{below_least_units} with fewer than {least} ({below_least_users}, {below_least_events})",
        "활동 사용자가 기준보다 적은 {below_least_units_ko}(사용자 {below_least_n_users:,}명, 이벤트 "
        "{below_least_n_events:,}건)",
    ),
    "excluded": (
        "{excluded_units} excluded by name ({excluded_users}, {excluded_events})",
        "직접 지정한 {excluded_units_ko}(사용자 {excluded_n_users:,}명, 이벤트 {excluded_n_events:,}건)",
    ),
    "no_active_users": (
        "{no_active_users_units} without an active user",
        "활동 사용자가 없는 {no_active_users_units_ko}",
    ),
    "without_unit": (
        "{without_unit_users} of no unit ({without_unit_events})",
        "소속 없는 사용자 {without_unit_n_users:,}명(이벤트 {without_unit_n_events:,}건)",
    ),
}


def _pairs(found: Measured) -> list[Sentence]:
    """Say how many rows of edges are pairs that count, and what became of the others."""
    if found.pairs is None:
        return []
    fates = found.pairs.fates
    total = sum(fates.values())
    values: dict[str, Any] = {
        "total": total,
        "kept": fates["kept"],
        "share": percent(float(share(fates["kept"], total))),
    }
    said = Sentence(
        "Of {total:,} rows of edges {kept:,} ({share}) are pairs within a unit that stays",
        "연결 {total:,}건 가운데 {kept:,}건({share})을 밀도 계산에 썼습니다",
        values,
    )
    others = [
        Sentence(
            f"{labels.value(fate, 'what')}: {{{fate}:,}}",
            f"{labels.value(fate, 'what', 'ko')} {{{fate}:,}}건",
            {fate: n},
        )
        for fate, n in fates.items()
        if n and fate != "kept"
    ]
    if others:
        rest = joined(others, en=", ", ko=", ")
        return [Sentence(f"{said.en} ({rest.en}).", f"{said.ko}({rest.ko}).", {**said.values, **rest.values})]
    return [Sentence(f"{said.en}.", f"{said.ko}.", said.values)]


def _missing(found: Measured) -> list[Sentence]:
    """Name the features without a value, those together that lack it for the same reason."""
    lacking: dict[tuple[str, str, int], list[str]] = {}
    for feature in found.plan.spec.features:
        why, units = why_missing(feature, found.plan.spec), found.missing[feature.name]
        if units and why is not None:
            lacking.setdefault((why.write(), why.write("ko"), units), []).append(f"‘{feature.name}’")
    said = []
    for (en, ko, units), names in lacking.items():
        values = _noun(found.plan.spec, units) | {"features": ", ".join(names), "why": en, "why_ko": ko}
        values["are"] = "is" if len(names) == 1 else "are"
        said.append(
            Sentence(
                "{features} {are} missing for {units}: {why}.",
                "{units_ko}에는 {features:이} 없습니다({why_ko}).",
                values,
            )
        )
    return said


# ---- what clustering will stumble over --------------------------------------------------------------------------


def _known(found: Measured) -> dict[str, Floats]:
    """The features with at least two values."""
    columns = {name: column[~np.isnan(column)] for name, column in found.values.items()}
    return {name: column for name, column in columns.items() if len(column) > 1}


def _same(found: Measured) -> list[Sentence]:
    """Name the features that are the same for nearly all units."""
    common = {}
    for name, column in _known(found).items():
        _, counts = np.unique(column, return_counts=True)
        common[name] = float(counts.max() / len(column))
    still = sorted((name for name in common if common[name] >= _CONSTANT), key=lambda name: -common[name])
    if not still:
        return []
    values = {"names": ", ".join(f"‘{one}’ ({percent(common[one])})" for one in still[:_NAMED])}
    more = len(still) - _NAMED
    return [
        Sentence(
            "Nearly the same for all units, so of little use for clusters (share of the commonest value): {names}"
            + (" and {more:,} more." if more > 0 else "."),
            "거의 모든 단위에서 값이 같아 군집을 나누는 데 도움이 되지 않는 특성(가장 흔한 값의 비중): {names}"
            + (" 외 {more:,}개." if more > 0 else "."),
            values | {"more": more},
        )
    ]


def _close(found: Measured) -> list[Sentence]:
    """Name the pairs of features that say nearly the same."""
    close = [(first, second, r) for first, second in combinations(found.values, 2)
             if abs(r := correlation(found.values[first], found.values[second])) > _CLOSE]  # fmt: skip
    if not close:
        return []
    close.sort(key=lambda one: -abs(one[2]))
    told = [f"‘{first}’–‘{second}’ ({_signed(r)})" for first, second, r in close[:_NAMED]]
    values = {"pairs": ", ".join(told), "more": len(close) - _NAMED}
    more = len(close) > _NAMED
    return [
        Sentence(
            "These go together so closely (correlation) that they count twice in a distance: {pairs}"
            + (" and {more:,} more pairs." if more else "."),
            "상관관계가 매우 높아 거리 계산에 두 번 반영되는 특성: {pairs}" + (" 외 {more:,}쌍." if more else "."),
            values,
        )
    ]


def correlation(first: Floats, second: Floats) -> float:
    """Return Pearson's correlation over the units that have both; NaN where one does not vary."""
    both = ~(np.isnan(first) | np.isnan(second))
    if both.sum() < _ENOUGH:
        return float("nan")
    a, b = first[both] - first[both].mean(), second[both] - second[both].mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 0 else float("nan")


def skewness(values: Floats) -> float:
    """Return the third standardised moment; NaN where nothing varies."""
    off = values - values.mean()
    spread = float((off**2).mean())
    return float((off**3).mean()) / spread**1.5 if spread > 0 else float("nan")


def _skewed(found: Measured) -> list[Sentence]:
    """Name the most skewed feature, if one is skewed."""
    known = {name: skewness(column) for name, column in _known(found).items()}
    known = {name: one for name, one in known.items() if abs(one) >= _SKEWED}
    if not known:
        return []
    name = max(known, key=lambda one: abs(known[one]))
    values = {"feature": f"‘{name}’", "skewness": _signed(known[name]), "n": len(known)}
    en = "The most skewed feature is {feature} (skewness {skewness})"
    ko = "가장 치우친 특성은 {feature}입니다(왜도 {skewness})"
    if known[name] > 0 and found.values[name][~np.isnan(found.values[name])].min() >= 0:
        en += "; log1p before clustering keeps its largest values from deciding alone"
        ko += ". 군집을 나누기 전에 log1p로 변환하면 큰 값 몇 개가 결과를 좌우하지 않습니다"
    return [Sentence(en + ".", ko + ".", values)]


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


# ---- how --------------------------------------------------------------------------------------------------------


def explain(found: Measured) -> dict[str, Sentence]:
    """Say how it was computed."""
    spec, plan, rows = found.plan.spec, found.plan, account(found)
    until = {"until": calendar.write(plan.as_of, plan.log.zone)}
    units = Sentence(
        "{unit}; active: with at least one event", "{unit}(활동: 이벤트가 한 건 이상)", {"unit": f"‘{spec.unit}’"}
    )
    window = Sentence("events before {until}", "{until} 이전 이벤트", until)
    values = _noun(spec, rows["kept"].units) | {"users": rows["kept"].users, "events": rows["kept"].events}
    n = Sentence(
        "{units}, {users:,} active users, {events:,} events",
        "{units_ko}, 활동 사용자 {users:,}명, 이벤트 {events:,}건",
        values,
    )
    denominator = Sentence("as the definition of each feature says", "특성마다 정의에 따름")
    told = [
        Sentence(f"{{f{place}}}: {{d{place}}}", f"{{f{place}}}: {{k{place}}}", {f"f{place}": f"‘{one.name}’"} | said)
        for place, one in enumerate(spec.features)
        for said in [_both(place, definition(one, spec))]
    ]
    left = _without(found, rows) or [Sentence("none", "없음")]
    zone = Sentence("{zone}", "{zone}", {"zone": plan.log.zone})
    how = {"unit": units, "window": window, "denominator": denominator, "n": n, "zone": zone, "exclusions": left[0]}
    return how | {"features": joined(told, ko="; ")}


def _both(place: int, said: Sentence) -> dict[str, str]:
    return {f"d{place}": said.write(), f"k{place}": said.write("ko")}

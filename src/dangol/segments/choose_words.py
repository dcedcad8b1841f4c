"""The sentences of ``choose_clusters``: whether there is structure at all comes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from dangol.core import labels
from dangol.core.words import Sentence, number, percent, plural

from .choose_rows import LIKE_NOISE, TIE, Choice
from .choose_tables import Chosen
from .extremes import said
from .gap import SETS
from .nouns import counted, named
from .quality import kind
from .segment_words import FRAGILE, UNTOLD, judged, left_out, method_name, moment, skewness, tailed

_ALIKE: Final = 0.8  # adjusted Rand index from which two scales are said to give nearly the same
_NAMED: Final = 4  # near ties that a sentence names
_AGAINST: Final = {
    "too small": Sentence(
        "its smallest segment has only {smallest:,} of them, fewer than {least:,}",
        "가장 작은 세그먼트가 {smallest:,}개로 최소 기준 {least:,}개에 못 미칩니다",
    ),
    "lopsided": Sentence("{largest} of them are in one segment", "전체의 {largest}가 한 세그먼트에 몰려 있습니다"),
    "fragile": Sentence(
        "its segments do not come back in resamples (agreement {stability}, below {limit}; 1 would be the same)",
        "일부를 빼고 다시 나누면 세그먼트가 달라집니다(일치도 {stability}, 기준 {limit}, 똑같으면 1)",
    ),
}
_COUNTS: Final = {
    "too small": ("{} with a segment too small", "너무 작은 세그먼트가 있는 경우 {}가지"),
    "lopsided": ("{} lopsided", "한쪽에 몰린 경우 {}가지"),
    "fragile": ("{} fragile", "불안정한 경우 {}가지"),
    LIKE_NOISE: ("{} no clearer than without groups", "집단이 없는 데이터와 다르지 않은 경우 {}가지"),
}


def sentences(chosen: Chosen) -> tuple[Sentence, ...]:
    """Say what was found: a recommendation or that there is none, what it rests on, what qualifies it."""
    found = [_headline(chosen), *_tails(chosen), *_ties(chosen), *_counts(chosen), *_stability(chosen), *_noise(chosen)]
    found += [*_nothing(chosen), *_extremes(chosen), *_scales(chosen), *_squared(chosen)]
    found += [*chosen.ready.transformed.sentences(), *left_out(chosen.units.excluded)]
    return tuple(found)


def _tails(chosen: Chosen) -> list[Sentence]:
    """Of ways that cannot be held to data without groups; those that can have been held to such tails."""
    best = chosen.recommended
    if best is None or best.held.limit == best.held.limit:
        return []
    numeric = ~chosen.units.categorical
    names = np.array(chosen.units.features)[numeric].tolist()
    return tailed(skewness(chosen.ready.space.values[:, numeric], names))


def _way(choice: Choice) -> dict[str, Any]:
    names = {"method": method_name(choice.plan.method), "method_ko": method_name(choice.plan.method, "ko")}
    return {**names, "k": choice.fit.k, "silhouette": _told(choice.measures["silhouette"])}


def _told(value: Any) -> str:
    return "–" if value is None else number(float(value))


def _headline(chosen: Chosen) -> Sentence:
    units, units_ko = counted(len(chosen.ready.core), chosen.units.unit)
    values: dict[str, Any] = {"units": units, "units_ko": units_ko}
    leader, best = chosen.leader, chosen.recommended
    if leader is None:
        return Sentence(
            "No strong structure: the {units} do not fall into two segments by any method.",
            "뚜렷한 구조가 없습니다. 어떤 방법으로도 {units_ko:이} 두 세그먼트로 나뉘지 않습니다.",
            values,
        )
    values |= _way(leader)
    if best is None:
        values |= {"ways": plural(len(chosen.choices), "way"), "ways_ko": len(chosen.choices)}
        return _none(chosen, leader, values)
    en = "{k} segments by {method} divide the {units} best: silhouette {silhouette}"
    ko = "{units_ko:은} {method_ko:을} 써서 세그먼트 {k}개로 나눌 때 가장 잘 나뉩니다. 실루엣은 {silhouette}입니다"
    if best.stability["mean"] is None:
        return Sentence(
            en + "; whether they come back in resamples was not tried.",
            ko + ". 일부를 빼고 다시 나눠도 같은 세그먼트가 나오는지는 확인하지 않았습니다.",
            values,
        )
    values["stability"] = _told(best.stability["mean"])
    return Sentence(
        en + ", and they come back in resamples (agreement {stability}; 1 would be the same).",
        ko + ". 일부를 빼고 다시 나눠도 같은 세그먼트가 나옵니다(일치도 {stability}, 똑같으면 1).",
        values,
    )


def _none(chosen: Chosen, leader: Choice, values: dict[str, Any]) -> Sentence:
    """Say that nothing can be recommended, and what speaks against the way with the highest silhouette."""
    if leader.verdict == LIKE_NOISE:
        return _continuum(leader, values)
    against = _AGAINST[leader.verdict]
    values |= {"smallest": leader.measures["smallest"], "least": chosen.least, "limit": FRAGILE}
    values |= {"largest": percent(float(leader.measures["largest_share"] or 0))}
    values["stability"] = _told(leader.stability["mean"])
    return Sentence(
        "No strong structure: none of {ways} to divide the {units} can be recommended. The highest silhouette, "
        "{silhouette}, is that of {k} segments by {method}, but " + against.en + ".",
        "뚜렷한 구조가 없습니다. {units_ko:을} 나누는 {ways_ko:,}가지 방법 가운데 추천할 만한 것이 없습니다. "
        "실루엣이 가장 높은 것은 {method_ko} {k}개 세그먼트({silhouette})이지만, " + against.ko + ".",
        values,
    )


def _continuum(leader: Choice, values: dict[str, Any]) -> Sentence:
    """Say that the best way is no clearer than without groups, and whether its segments come back all the same."""
    values |= {"stability": _told(leader.stability["mean"]), "worth": _told(leader.worth)}
    values |= {"noise": _told(leader.held.silhouette), "noise_limit": _told(leader.held.limit)}
    back, held = leader.stability["mean"] is not None, judged(bool(leader.measures["noise"]))
    return Sentence(
        "No strong structure: none of {ways} to divide the {units} can be recommended. The best, {k} segments by "
        "{method}, "
        + ("come back in resamples (agreement {stability} on average), but " if back else "")
        + "are not clearly above data without groups, with the same range and tails ("
        + held.en
        + "): on this scale they show no separate kinds.",
        "뚜렷한 구조가 없습니다. {units_ko:을} 나누는 {ways_ko:,}가지 방법 가운데 추천할 만한 것이 없습니다. "
        "가장 나은 {method_ko} {k}개 세그먼트도 "
        + ("일부를 빼고 다시 나눌 때 다시 나오기는 하지만(평균 일치도 {stability}), " if back else "")
        + "값의 범위와 분포는 같고 집단이 없는 데이터보다 뚜렷이 갈린다고 보기 어렵습니다("
        + held.ko
        + "). 이 스케일에서는 서로 다른 유형이 보이지 않습니다.",
        values,
    )


def _listed(some: Sequence[Choice], lang: str = "en") -> str:
    told = [f"{method_name(one.plan.method, lang)} {one.fit.k}" for one in some[:_NAMED]]
    return ", ".join(told) + (" …" if len(some) > _NAMED else "")


def _ties(chosen: Chosen) -> list[Sentence]:
    tied = sorted((one for one in chosen.choices if one.verdict == "near tie"), key=lambda one: -one.worth)
    if not tied:
        return []
    return [
        Sentence(
            "Nearly as good, with silhouettes within {tie}: {others}. Of near ties the fewest segments win, then the "
            "more stable.",
            "실루엣 차이가 {tie} 이내로 거의 비슷한 것: {others_ko}. 비슷하면 세그먼트가 적은 쪽, 그다음으로 더 "
            "안정적인 쪽을 추천합니다.",
            {"tie": TIE, "others": _listed(tied), "others_ko": _listed(tied, "ko")},
        )
    ]


def _counts(chosen: Chosen) -> list[Sentence]:
    """How many ways have something against them, by what it is."""
    counts = Counter(one.verdict for one in chosen.choices if one.verdict in _COUNTS)
    if not counts:
        return []
    told = [[_COUNTS[name][place].format(counts[name]) for name in _COUNTS if name in counts] for place in (0, 1)]
    values = {"ways": len(chosen.choices), "told": ", ".join(told[0]), "told_ko": ", ".join(told[1])}
    return [Sentence("Ways tried: {ways:,}; {told}.", "시도한 방법 {ways:,}가지 중 {told_ko}입니다.", values)]


def _stability(chosen: Chosen) -> list[Sentence]:
    leader = chosen.leader
    if leader is None or leader.stability["mean"] is None:
        return []
    stability = leader.stability
    values = {"resamples": stability["resamples"], "drawn": stability["units_drawn"]}
    values |= {"mean": _told(stability["mean"]), "sd": _told(stability["sd"])}
    values |= {"low": _told(min(stability["scores"])), "high": _told(max(stability["scores"])), "k": leader.fit.k}
    return [
        Sentence(
            "Stability: {resamples} resamples of {drawn:,} each were divided anew, everything fitted on the resample; "
            "the {k} segments agree with these to {mean} on average (standard deviation {sd}, from {low} to {high}; "
            "adjusted Rand index: 1 the same, 0 no more than by chance).",
            "안정성: {drawn:,}개씩 {resamples}번 뽑아 변환부터 다시 맞춰 나눴습니다. 세그먼트 {k}개의 일치도는 평균 "
            "{mean}(표준편차 {sd}, {low}~{high})입니다. 일치도는 조정 랜드 지수로, 똑같으면 1, 우연 수준이면 0입니다.",
            values,
        )
    ]


def _noise(chosen: Chosen) -> list[Sentence]:
    best = chosen.recommended
    if chosen.plan.metric != "euclidean":
        return [UNTOLD]
    if best is None or best.held.limit != best.held.limit:
        return []
    return [
        Sentence(
            "For comparison: data without groups, with the same range and tails, cut into {k} segments have a "
            "silhouette of {noise} ({sets} sets each of two kinds; the higher mean).",
            "비교 기준: 값의 범위와 분포는 같고 집단이 없는 데이터를 {k}개로 나누면 실루엣이 {noise}입니다(두 종류를 "
            "{sets}벌씩 만들어 더 높은 쪽의 평균).",
            {"sets": SETS, "k": best.fit.k, "noise": _told(best.held.silhouette)},
        )
    ]


def _nothing(chosen: Chosen) -> list[Sentence]:
    """Methods by density that found no two segments."""
    without = [name for name in chosen.methods if all(one.plan.method != name for one in chosen.choices)]
    if not without or not chosen.choices:
        return []
    names = {"names": ", ".join(map(method_name, without))}
    names["names_ko"] = ", ".join(method_name(one, "ko") for one in without)
    return [Sentence("{names} found no two segments.", "{names_ko:은} 세그먼트를 둘 이상 찾지 못했습니다.", names)]


def _extremes(chosen: Chosen) -> list[Sentence]:
    found = chosen.ready.extremes
    if found is None or len(chosen.ready.core) == len(chosen.units):
        return []
    names, counts = np.unique(found.names[found.names != ""].astype(str), return_counts=True)
    order = np.argsort(-counts, kind="stable")
    units, units_ko = counted(int(counts.sum()), chosen.units.unit)
    values: dict[str, Any] = {"units": units, "units_ko": units_ko, "share": percent(counts.sum() / len(chosen.units))}
    values["names"] = ", ".join(f"{names[place]} {counts[place]:,}" for place in order)
    values["names_ko"] = ", ".join(f"{said(str(names[place]), 'ko')} {counts[place]:,}" for place in order)
    en = "Set aside first, far from all others: {units} ({share}), {names}"
    ko = "나머지와 멀리 떨어진 {units_ko}({share})는 먼저 따로 뒀습니다: {names_ko}"
    if chosen.leader is not None:
        values |= {name: _told(chosen.leader.measures[name]) for name in ("silhouette", "silhouette_all")}
        en += ". With them as segments of their own the silhouette would read {silhouette_all} instead of {silhouette}"
        ko += ". 이들을 별도 세그먼트로 쳐서 계산한 실루엣은 {silhouette_all}, 빼고 계산하면 {silhouette}입니다"
    told = [Sentence(en + ".", ko + ".", values)]
    if found.capped:
        told.append(
            Sentence(
                "More would count as far: the features have heavy tails, and log1p may tell more.",
                "극단값에 해당하는 것이 더 있습니다. 꼬리가 긴 분포이므로 log1p 변환을 써 보세요.",
            )
        )
    return told


def _scales(chosen: Chosen) -> list[Sentence]:
    others = [one for one in chosen.scaled if one.scale != chosen.plan.scale and one.agreement == one.agreement]
    if not others:
        return []
    values = {"others": ", ".join(f"{one.scale} {number(one.agreement)}" for one in others), "own": chosen.plan.scale}
    least = min(one.agreement for one in others)
    if least < FRAGILE:
        en = "The scale decides much: against {own}, the agreement is {others}."
        ko = "스케일에 따라 세그먼트가 크게 달라집니다. {own} 기준 일치도: {others}."
    elif least < _ALIKE:
        en = "The scale decides in part: against {own}, the agreement is {others}."
        ko = "스케일에 따라 세그먼트가 어느 정도 달라집니다. {own} 기준 일치도: {others}."
    else:
        en = "The scale decides little: against {own}, the agreement is {others}."
        ko = "스케일을 바꿔도 세그먼트가 크게 달라지지 않습니다. {own} 기준 일치도: {others}."
    return [Sentence(en, ko, values)]


def _squared(chosen: Chosen) -> list[Sentence]:
    if kind(chosen.ready.space) != "squared":
        return []
    return [
        Sentence(
            "With so many units silhouettes are those of squared distances, which are higher than the usual ones.",
            "단위가 많아 실루엣은 제곱 거리로 계산했으며, 보통의 실루엣보다 높게 나옵니다.",
        )
    ]


def explain(chosen: Chosen, ks: Sequence[int]) -> dict[str, Sentence]:
    """Say how it was computed, aspect by aspect."""
    plan = chosen.plan
    steps = ", ".join([*plan.transforms, *([plan.scale] if plan.scale != "none" else [])])
    values = {"features": ", ".join(chosen.units.features), "steps": steps or "none", "metric": plan.metric}
    values |= {"methods": ", ".join(map(method_name, chosen.methods)), "seed": str(plan.seed), "linkage": plan.linkage}
    values |= {"ks": ", ".join(map(str, ks)), "methods_ko": ", ".join(method_name(one, "ko") for one in chosen.methods)}
    values["metric_ko"] = labels.value(plan.metric, "metric", "ko")
    unit, unit_ko = named(chosen.units.unit)
    linked = "hierarchical" in chosen.methods
    how = {
        "unit": Sentence(
            "{unit}; n = {n:,}, of which {core:,} were divided",
            "{unit_ko}, n = {n:,}, 이 가운데 {core:,}개를 나눔",
            {"unit": unit, "unit_ko": unit_ko, "n": len(chosen.units), "core": len(chosen.ready.core)},
        ),
        "method": Sentence(
            "{methods}" + (" ({linkage} linkage)" if linked else "") + " with {ks} segments on {features}; transforms: "
            "{steps}; {metric} distance; seed {seed}",
            "{methods_ko}"
            + ("({linkage} 연결)" if linked else "")
            + ", 세그먼트 {ks}개, 변수 {features}, 변환 {steps}, "
            "{metric_ko} 거리, 시드 {seed}",
            values,
        ),
    }
    if chosen.units.as_of is not None:
        how["as_of"] = Sentence("{as_of}", "{as_of}", {"as_of": moment(chosen.units.as_of)})
    return how

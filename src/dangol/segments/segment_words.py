"""The sentences of ``Segments``: whether there is structure at all comes first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from dangol.core import labels
from dangol.core.words import Sentence, number, percent

from .nouns import counted, named
from .quality import worth
from .stability import DRAWN

if TYPE_CHECKING:
    from .segments import Segments

FRAGILE: Final = 0.6  # stability below which segments are not to be relied on
TAIL: Final = 1.5  # skewness from which a feature has a long tail; that of an exponential distribution is 2
LOPSIDED: Final = 0.8  # share of the units in one segment above which there is hardly more than one
_METHODS: Final = {
    "kmeans": ("k-means", "k-평균"),
    "minibatch": ("mini-batch k-means", "미니배치 k-평균"),
    "kmedoids": ("k-medoids", "k-메도이드"),
    "hierarchical": ("hierarchical clustering", "계층적 군집화"),
    "gmm": ("a Gaussian mixture", "가우시안 혼합 모형"),
    "dbscan": ("DBSCAN", "DBSCAN"),
    "hdbscan": ("HDBSCAN", "HDBSCAN"),
}


def method_name(method: str, lang: str = "en") -> str:
    """Name a method as people do.

    >>> method_name("kmeans"), method_name("gmm", "ko")
    ('k-means', '가우시안 혼합 모형')
    """
    return _METHODS[method][lang == "ko"]


def sentences(segments: Segments, more: Sequence[Sentence] = ()) -> tuple[Sentence, ...]:
    """Say what was found: whether it can be trusted and how many there are, ``more``, then how good they are."""
    tails = [] if segments.quality.get("clearer") else tailed(segments.told["skewness"])
    tails += [UNTOLD] if segments.plan.metric != "euclidean" else []
    found = [_headline(segments), *tails, *more, _stability(segments), _silhouette(segments)]
    found += [*_extremes(segments), *left_out(segments.units.excluded), *_remarks(segments)]
    return tuple(one for one in found if one is not None)


def _headline(segments: Segments) -> Sentence:
    """Say first what speaks against the segments; else how many there are, the largest and the smallest."""
    sizes, n = segments.sizes, len(segments.units)
    largest, smallest = max(sizes, key=lambda name: sizes[name]), min(sizes, key=lambda name: sizes[name])
    all_en, all_ko = counted(n, segments.unit)
    values: dict[str, Any] = {"all": all_en, "all_ko": all_ko, "segments": len(sizes), "least": sizes[smallest]}
    values |= {"share": percent(sizes[largest] / n), "units": sizes[largest]}
    for word, name in (("largest", largest), ("smallest", smallest)):
        values |= {word: shown(name), f"{word}_ko": shown(name, "ko")}
    en = "{all} in {segments} segments: ‘{largest}’ has {units:,} of them ({share}), ‘{smallest}’ {least:,}."
    ko = (
        "{all_ko:을} 세그먼트 {segments}개로 나눴습니다. 가장 큰 것은 ‘{largest_ko}’ {units:,}개({share}), "
        "가장 작은 것은 ‘{smallest_ko}’ {least:,}개입니다."
    )
    if sizes[largest] == sizes[smallest]:
        en, ko = (
            "{all} in {segments} segments of {units:,} each.",
            "{all_ko:을} {units:,}개씩 세그먼트 {segments}개로 나눴습니다.",
        )
    doubts = weaknesses(segments.quality, segments.told["stability"])
    if not doubts:
        return Sentence(en, ko, values)
    said_en, said_ko = "; ".join(one.en for one in doubts), " ".join(one.ko for one in doubts)
    for one in doubts:
        values |= one.values
    return Sentence(
        "No strong structure: " + said_en + ". " + en, "뚜렷한 구조가 없습니다. " + said_ko + " " + ko, values
    )


UNTOLD: Final = Sentence(
    "With this distance it is not known whether data without groups would be divided as clearly.",
    "이 거리로는 집단이 없는 데이터도 이만큼 갈리는지 비교하지 못했습니다.",
)


def judged(left_out: bool) -> Sentence:
    """Write what is judged, ``worth``, and what it is held to."""
    en, ko = (
        (", units in no segment counted as 0", ", 세그먼트에 들지 않은 단위는 0으로 계산") if left_out else ("", "")
    )
    return Sentence(
        "silhouette {worth}" + en + "; without groups {noise} on average, limit {noise_limit}",
        "실루엣 {worth}" + ko + ", 집단이 없을 때 평균 {noise}, 기준 {noise_limit}",
    )


def weaknesses(quality: Mapping[str, Any], stability: Mapping[str, Any]) -> list[Sentence]:
    """Say what speaks against segments: that they do not come back, or that nearly all units are in one."""
    doubts = []
    if stability["mean"] is not None and stability["mean"] < FRAGILE:
        doubts.append(
            Sentence(
                "when {left_out} of the units are left out, the segments do not come back as they were (agreement "
                "{stability}, below {limit}; 1 would be the same)",
                "{left_out}만 빼고 다시 나눠도 세그먼트가 달라집니다(일치도 {stability}, 기준 {limit}, 똑같으면 1).",
                {"stability": number(stability["mean"]), "limit": FRAGILE, "left_out": percent(1 - DRAWN)},
            )
        )
    if quality["largest_share"] > LOPSIDED:
        doubts.append(
            Sentence(
                "{lopsided} of the units are in one segment",
                "전체의 {lopsided}가 한 세그먼트에 몰려 있습니다.",
                {"lopsided": percent(quality["largest_share"])},
            )
        )
    if quality.get("clearer") is False and quality.get("silhouette_limit") is not None:
        held = judged(bool(quality["noise"]))
        doubts.append(
            Sentence(
                "the segments are not clearly above data without groups, with the same range and tails ("
                + held.en
                + "), so read them as parts of a continuum unless another scale or number of segments "
                "fits better",
                "세그먼트가 값의 범위와 분포는 같지만 집단이 없는 데이터보다 뚜렷이 갈린다고 보기 어렵습니다("
                + held.ko
                + "). 더 잘 맞는 스케일이나 세그먼트 수가 없다면 이어진 값을 나눈 구간으로 보십시오.",
                {
                    "worth": number(worth(quality)),
                    "noise": number(quality["silhouette_noise"]),
                    "noise_limit": number(quality["silhouette_limit"]),
                },
            )
        )
    if quality["k"] < 2:
        doubts.append(Sentence("there are not two segments", "세그먼트가 둘이 되지 않습니다."))
    return doubts


def skewness(values: npt.NDArray[np.float64], features: Sequence[str]) -> dict[str, float]:
    """Return the skewness of every feature as it is clustered."""
    from scipy.stats import skew

    return dict(zip(features, np.atleast_1d(skew(values, axis=0)).tolist(), strict=True))


def tailed(skewed: Mapping[str, float]) -> list[Sentence]:
    """Say which features have a long tail: cutting it gives stable segments with fair silhouettes, groups or none."""
    long = {name: one for name, one in skewed.items() if one > TAIL}
    if not long:
        return []
    worst = max(long, key=lambda name: long[name])
    names = ", ".join(f"‘{name}’" for name in long)
    return [
        Sentence(
            "With a long tail where it was clustered: {names} (skewness of ‘{worst}’ {skewness}). A tail can be cut "
            "into segments that come back even where there are no groups: see whether they last after log1p.",
            "군집화한 척도에서 꼬리가 긴 변수: {names}(‘{worst}’ 왜도 {skewness}). 긴 꼬리는 집단이 없어도 안정적으로 "
            "나뉠 수 있으므로, log1p 변환 뒤에도 같은 세그먼트가 남는지 확인하십시오.",
            {"names": names, "worst": worst, "skewness": number(long[worst])},
        )
    ]


def shown(name: str, lang: str = "en") -> str:
    """Write the name of a segment for people.

    >>> shown("noise", "ko")
    '잡음'
    """
    return labels.value(name, "segment", lang)


def _stability(segments: Segments) -> Sentence | None:
    told = segments.told["stability"]
    if told["mean"] is None:
        return Sentence(
            "Whether the segments come back in resamples was not tried.",
            "일부를 빼고 다시 나눠도 같은 세그먼트가 나오는지는 확인하지 않았습니다.",
        )
    if told["sd"] is None:
        return None
    values = {"mean": number(told["mean"]), "sd": number(told["sd"])}
    values |= {"resamples": told["resamples"], "drawn": told["units_drawn"]}
    return Sentence(
        "Stability: made anew of {drawn:,} units drawn at random, {resamples} times, the segments agree with these to "
        "{mean} on average (standard deviation {sd}; adjusted Rand index: 1 the same, 0 no more than by chance).",
        "안정성: 무작위로 뽑은 {drawn:,}개를 다시 나누기를 {resamples}번 했을 때 지금 세그먼트와의 일치도는 평균 "
        "{mean}(표준편차 {sd})입니다. 일치도는 조정 랜드 지수로, 똑같으면 1, 우연 수준이면 0입니다.",
        values,
    )


def _silhouette(segments: Segments) -> Sentence | None:
    quality = segments.quality
    if quality["silhouette"] is None:
        return None
    values = {name: number(quality[name]) for name in ("silhouette", "silhouette_macro")}
    values["all"] = number(quality["silhouette_all"]) if quality["silhouette_all"] is not None else "–"
    en = (
        "How far apart they are, as the silhouette in the clustered space (1 far apart, 0 touching): {silhouette} over "
        "units, {silhouette_macro} as the mean of the segments"
    )
    ko = (
        "세그먼트가 갈리는 정도(실루엣, 1이면 뚜렷하고 0이면 맞닿음): 전체 평균 {silhouette}, 세그먼트마다 구한 평균의 "
        "평균 {silhouette_macro}입니다"
    )
    if segments.told["extremes"]["units"]:
        en += "; with the extremes counted as segments it would be {all}"
        ko += ". 극단값도 세그먼트로 넣으면 {all}입니다"
    return Sentence(en + ".", ko + ".", values)


def _extremes(segments: Segments) -> list[Sentence]:
    told = segments.told["extremes"]
    if not told["units"]:
        return []
    en, ko = counted(told["units"], segments.unit)
    values = {"units": en, "units_ko": ko, "share": percent(told["units"] / len(segments.units))}
    said = [
        Sentence(
            "Set aside before clustering, for being far from all others: {units} ({share}), as segments of their own.",
            "나머지와 멀리 떨어진 {units_ko}({share})는 군집화 전에 따로 떼어 별도 세그먼트로 두었습니다.",
            values,
        )
    ]
    if told["capped"]:
        said.append(
            Sentence(
                "More would count as far: the features have heavy tails, and log1p may tell more.",
                "극단값에 해당하는 것이 더 있습니다. 꼬리가 긴 분포이므로 log1p 변환을 써 보세요.",
            )
        )
    return said


def left_out(excluded: Mapping[str, int]) -> list[Sentence]:
    """Say how many units lacked a feature, by feature."""
    if not excluded:
        return []
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in excluded.items())
    return [
        Sentence(
            "Left out, because a feature is missing: {reasons}.",
            "값이 없어 제외한 단위: {reasons}.",
            {"reasons": reasons},
        )
    ]


def _remarks(segments: Segments) -> list[Sentence]:
    """What the transforms had to say when the segments were made."""
    return [
        Sentence("{said}", "{said_ko}", {"said": one["en"], "said_ko": one["ko"]}) for one in segments.told["remarks"]
    ]


def moment(as_of: str) -> str:
    """Write a time to the minute, midnight as the day alone: data up to it are data before that day.

    >>> moment("2023-05-01 00:00:00+09:00"), moment("2023-05-01 09:30:00"), moment("2023-05-01")
    ('2023-05-01', '2023-05-01 09:30', '2023-05-01')
    """
    return as_of[:16].replace("T", " ").removesuffix(" 00:00")


def explain(segments: Segments) -> dict[str, Sentence]:
    """Say how the segments were made, aspect by aspect."""
    plan = segments.plan
    values: dict[str, Any] = {"method": method_name(plan.method), "method_ko": method_name(plan.method, "ko")}
    values |= {"features": ", ".join(segments.units.features), "metric": plan.metric, "linkage": plan.linkage}
    values["metric_ko"] = labels.value(plan.metric, "metric", "ko")
    values |= {
        "steps": ", ".join([*plan.transforms, *([plan.scale] if plan.scale != "none" else [])]),
        "seed": plan.seed,
    }
    linked = "; {linkage} linkage" if plan.method == "hierarchical" else ""
    linked_ko = ", {linkage} 연결" if plan.method == "hierarchical" else ""
    steps = "after {steps}" if values["steps"] else "as they were given"
    steps_ko = "{steps} 변환 뒤" if values["steps"] else "변환 없이"
    unit = dict(zip(("unit", "unit_ko"), named(segments.unit), strict=True)) | {"n": len(segments.units)}
    how = {
        "unit": Sentence("{unit}; n = {n:,}", "{unit_ko}, n = {n:,}", unit),
        "method": Sentence(
            "{method} on {features}, " + steps + "; {metric} distance" + linked + "; seed {seed}",
            "{features:을} " + steps_ko + " {method_ko:으로} 나눔, {metric_ko} 거리" + linked_ko + ", 시드 {seed}",
            values,
        ),
    }
    if segments.units.as_of is not None:
        how["as_of"] = Sentence("{as_of}", "{as_of}", {"as_of": moment(segments.units.as_of)})
    return how

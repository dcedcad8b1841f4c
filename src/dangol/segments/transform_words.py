"""The sentences about transforms: what changed nothing or did harm, and how much ratios were shrunk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from dangol.core.words import Sentence, number, percent

from .transform_steps import SCALES, read_chain

if TYPE_CHECKING:
    from .transforms import Change

_SKEWED: Final = 0.5  # skewness up to which a feature is not called lopsided


def sentences(account: Sequence[Change]) -> list[Sentence]:
    """Say what a reader of segments should know of the steps, in their order."""
    found = []
    for step in dict.fromkeys(one.step for one in account):
        changes = [one for one in account if one.step == step]
        idle = [one.feature for one in changes if not one.changed and step not in SCALES]
        if idle:
            found.append(_idle(step, idle))
        for change in changes:
            found += _told(change)
    return found


def _idle(step: str, features: list[str]) -> Sentence:
    return Sentence(
        "{name} changed no value of {features}.",
        "{name} 단계에서 바뀐 {features} 값은 없습니다.",
        {"name": read_chain(step)[0].name, "features": ", ".join(features)},
    )


def _told(change: Change) -> Iterator[Sentence]:
    """Say what is odd about one step of one feature."""
    step, values = read_chain(change.step)[0], {"feature": change.feature, "step": change.step}
    before, after = change.skewness_before, change.skewness_after
    if step.name == "log1p" and before is not None and after is not None and abs(after) > max(abs(before), _SKEWED):
        yield Sentence(
            "log1p made {feature} more lopsided: skewness {before} before, {after} after; better leave it out there.",
            "log1p를 적용하자 {feature} 분포가 오히려 더 치우쳤습니다(왜도 {before} → {after}). "
            "이 특성에서는 빼는 편이 낫습니다.",
            {**values, "before": number(before), "after": number(after)},
        )
    if step.name in SCALES and before is None:
        yield Sentence(
            "All units have the same {feature} when it comes to {step}, so it tells none of them apart.",
            "{step} 단계에서 {feature} 값이 모두 같아 단위를 구분하지 못합니다.",
            values,
        )
    if change.method == "sd":
        yield Sentence(
            "Half of the units or more have the same {feature}; its scale is therefore the standard deviation, which "
            "extremes move, not the interquartile range.",
            "{feature} 값이 같은 단위가 절반 이상이라 사분위 범위 대신 극단값에 민감한 표준편차로 척도를 맞췄습니다.",
            values,
        )
    if step.name == "shrink" and change.changed:
        yield Sentence(
            "{feature} was drawn towards the mean of all, {mean}, the more the smaller {by}: more than half of the way "
            "where {by} is below {strength} ({share} of the units).",
            "{feature} 값은 {by} 값이 작을수록 전체 평균 {mean}에 더 가깝게 당겼습니다. "
            "{by} 값이 {strength}보다 작은 단위({share})는 절반 넘게 당겼습니다.",
            {**values, "by": step.by, **_shrinkage(change)},
        )


def _shrinkage(change: Change) -> dict[str, str]:
    fitted = change.fitted
    return {
        "mean": number(fitted["mean"]),
        "strength": number(fitted["strength"]),
        "share": percent(fitted["below"]),
    }

"""The sentences of ``stability``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dangol.core.words import Sentence, number, percent

from .nouns import named
from .segment_words import FRAGILE, shown
from .stability import DRAWN, MOST, Recovery

if TYPE_CHECKING:
    from .segments import Segments

STABLE: Final = 0.75  # recovered from which on a segment may be called stable


def sentences(found: Recovery) -> tuple[Sentence, ...]:
    """Say whether the segments come back, which come back least, and how that was tried."""
    if not found.names:
        return (Sentence("There is no segment that could come back.", "확인할 세그먼트가 없습니다."),)
    mean = [float(np.nanmean(one)) if (~np.isnan(one)).any() else 0.0 for one in found.best.T]
    weak = [place for place, one in enumerate(mean) if one < FRAGILE]
    said = [_headline(found, mean, weak), _agreement(found)]
    middle = [place for place, one in enumerate(mean) if FRAGILE <= one < STABLE]
    if middle:
        values = {"names": _listed(found, middle, mean), "names_ko": _listed(found, middle, mean, "ko")}
        said.append(
            Sentence(
                "In between, from {limit} to {stable}: {names}.",
                "{limit}에서 {stable} 사이: {names_ko}.",
                values | {"limit": FRAGILE, "stable": STABLE},
            )
        )
    return tuple(said)


def _listed(found: Recovery, places: list[int], mean: list[float], lang: str = "en") -> str:
    return ", ".join(f"‘{shown(found.names[place], lang)}’ {number(mean[place])}" for place in places)


def _headline(found: Recovery, mean: list[float], weak: list[int]) -> Sentence:
    """Name the segments that do not come back; if all do, the one that comes back least."""
    least = int(np.argmin(mean))
    values: dict[str, Any] = {"least": number(mean[least]), "limit": FRAGILE}
    values |= {"name": f"‘{shown(found.names[least])}’", "name_ko": f"‘{shown(found.names[least], 'ko')}’"}
    values |= {"weak": len(weak), "segments": len(mean)}
    if mean[least] == 1:
        return Sentence(
            "All segments come back whole when some of the units are left out.",
            "일부를 빼고 다시 나눠도 모든 세그먼트가 그대로 다시 나옵니다.",
        )
    if not weak:
        return Sentence(
            "All segments come back when some of the units are left out; {name} comes back least, with {least} "
            "of it recovered on average.",
            "일부를 빼고 다시 나눠도 모든 세그먼트가 다시 나옵니다. 가장 덜 나오는 {name_ko}도 평균 {least}만큼 "
            "복원됩니다.",
            values,
        )
    values |= {"names": _listed(found, weak, mean), "names_ko": _listed(found, weak, mean, "ko")}
    return Sentence(
        "Not to be relied on: {weak} of {segments} segments, recovered below {limit} when some of the units are left "
        "out: {names}.",
        "그대로 믿기 어렵습니다. 일부를 빼고 다시 나누면 세그먼트 {segments}개 중 {weak}개가 다시 나오지 "
        "않습니다(복원율 {limit} 미만): {names_ko}.",
        values,
    )


def _agreement(found: Recovery) -> Sentence:
    told = found.agreement
    values = {"resamples": told["resamples"], "drawn": told["units_drawn"], "mean": number(told["mean"])}
    values["sd"] = "–" if told["sd"] is None else number(told["sd"])
    return Sentence(
        "Made anew of {drawn:,} units drawn at random, {resamples} times, the segments agree with these to {mean} on "
        "average (standard deviation {sd}; adjusted Rand index: 1 the same, 0 no more than by chance).",
        "무작위로 뽑은 {drawn:,}개를 다시 나누기를 {resamples}번 했을 때 지금 세그먼트와의 일치도는 평균 {mean}"
        "(표준편차 {sd})입니다. 일치도는 조정 랜드 지수로, 똑같으면 1, 우연 수준이면 0입니다.",
        values,
    )


def explain(segments: Segments, found: Recovery) -> dict[str, Sentence]:
    """Say how it was computed."""
    return {
        "unit": Sentence(
            "{unit}; n = {n:,}",
            "{unit_ko}, n = {n:,}",
            {"unit": segments.unit, "unit_ko": named(segments.unit)[1], "n": int(found.sizes.sum())},
        ),
        "method": Sentence(
            "resamples of {share} of the units clustered, {most:,} at most, clustered anew from the transforms on; "
            "recovered is the overlap with the most similar new segment",
            "나눈 대상의 {share}(최대 {most:,}개)를 뽑아 변환부터 다시 나눔. 복원율은 가장 비슷한 새 세그먼트와 "
            "겹치는 비율",
            {"share": percent(DRAWN), "most": MOST},
        ),
    }

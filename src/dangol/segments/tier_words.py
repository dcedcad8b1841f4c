"""The sentences of ``tiers``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from dangol.core.changes import signed
from dangol.core.words import Sentence, number, percent

from .nouns import counted
from .segment_words import LOPSIDED, shown

BESIDE: Final = 0.3  # correlation of a confounder with the tiers from which it is told
_APART: Final = 0.75  # share of pairs below which two tiers are said to overlap


def sentences(told: Mapping[str, Any], unit: str) -> list[Sentence]:
    """Say how segments rank, from what ``tiers`` told; that nearly all units share a tier comes first."""
    return [*_crowded(told), _ends(told, unit), *_overlapping(told), *_disagreeing(told), *_beside(told)]


def _called(row: Mapping[str, Any], word: str) -> dict[str, str]:
    return {word: shown(row["segment"]), f"{word}_ko": shown(row["segment"], "ko")}


def _axes(told: Mapping[str, Any]) -> dict[str, str]:
    words = [f"‘{one.removeprefix('-')}’" for one in told["rule"]]
    less = ["" if not one.startswith("-") else " (less is better)" for one in told["rule"]]
    less_ko = ["" if not one else "(낮을수록 좋음)" for one in less]
    en = [word + note for word, note in zip(words, less, strict=True)]
    ko = [word + note for word, note in zip(words, less_ko, strict=True)]
    return {"axes": " and ".join([", ".join(en[:-1]), en[-1]] if en[:-1] else en), "axes_ko": ", ".join(ko)}


def _crowded(told: Mapping[str, Any]) -> list[Sentence]:
    most = max(told["rows"], key=lambda row: float(row["share"]))
    if most["share"] <= LOPSIDED or len(told["rows"]) < 2:
        return []
    values: dict[str, Any] = {"share": percent(most["share"]), "tiers": len(told["rows"])} | _called(most, "tier")
    return [
        Sentence(
            "The tiers tell few units apart: {share} of all are in ‘{tier}’, one of {tiers}.",
            "등급이 거의 나뉘지 않습니다. 등급은 {tiers}개이지만 전체의 {share}가 ‘{tier_ko}’에 몰려 있습니다.",
            values,
        )
    ]


def _ends(told: Mapping[str, Any], unit: str) -> Sentence:
    first, last = told["rows"][0], told["rows"][-1]
    values: dict[str, Any] = _axes(told) | _called(first, "first") | _called(last, "last")
    for word, row in (("first", first), ("last", last)):
        en, ko = counted(row["units"], unit)
        values |= {f"{word}_units": en, f"{word}_units_ko": ko, f"{word}_score": number(row["score"])}
    if len(told["rows"]) < 2:
        return Sentence(
            "There is one tier alone, so nothing is ranked.", "등급이 하나뿐이라 순위를 매길 대상이 없습니다."
        )
    return Sentence(
        "By mean percentile rank on {axes}, ‘{first}’ ({first_units}) comes first with {first_score}, ‘{last}’ "
        "({last_units}) last with {last_score}.",
        "{axes_ko} 백분위 평균으로 매긴 순위는 ‘{first_ko}’ 등급({first_units_ko})이 {first_score:으로} 가장 높고, "
        "‘{last_ko}’ 등급({last_units_ko})이 {last_score:으로} 가장 낮습니다.",
        values,
    )


def _overlapping(told: Mapping[str, Any]) -> list[Sentence]:
    """Name the neighbours that overlap most."""
    rows = told["rows"]
    pairs = [(row["above_next"], place) for place, row in enumerate(rows) if row["above_next"] is not None]
    if not pairs or min(pairs)[0] >= _APART:
        return []
    share, place = min(pairs)
    values = _called(rows[place], "first") | _called(rows[place + 1], "second") | {"share": percent(share)}
    if share < 1 / 2:
        return [
            Sentence(
                "Neighbours overlap: a unit of ‘{first}’ ranks below one of ‘{second}’ more often than above it (above "
                "in {share} of pairs).",
                "이웃한 등급이 겹칩니다. ‘{first_ko}’ 쪽이 ‘{second_ko}’ 쪽보다 순위가 낮은 쌍이 오히려 더 많습니다("
                "높은 쌍 {share}).",
                values,
            )
        ]
    return [
        Sentence(
            "Neighbours overlap: a unit of ‘{first}’ ranks above one of ‘{second}’ in {share} of pairs only.",
            "이웃한 등급이 겹칩니다. ‘{first_ko}’ 쪽이 ‘{second_ko}’ 쪽보다 순위가 높은 쌍은 {share}뿐입니다.",
            values,
        )
    ]


def _disagreeing(told: Mapping[str, Any]) -> list[Sentence]:
    if told["agree"] or len(told["rule"]) < 2:
        return []
    return [
        Sentence(
            "The axes do not rank the tiers alike: the score is the mean of {axes}.",
            "축마다 순위가 다릅니다. 점수는 {axes_ko}의 평균입니다.",
            _axes(told),
        )
    ]


def _beside(told: Mapping[str, Any]) -> list[Sentence]:
    """Say which confounders go with the tiers, or with what they are ranked by."""
    said = []
    for name, one in told["confounders"].items():
        found = [rho for rho in (one["rho_units"], one["rho"]) if rho is not None]
        if not found or max(map(abs, found)) < BESIDE:
            continue
        leading = max(found, key=abs)
        values = {
            "name": name,
            "less": "low" if leading < 0 else "high",
            "less_ko": "작을수록" if leading < 0 else "클수록",
        }
        values |= {"rho": signed(found[-1], 2), "rho_units": signed(found[0], 2)}
        said.append(
            Sentence(
                "What the tiers are ranked by goes with ‘{name}’ (Spearman ρ over units {rho_units}, with the tier "
                "{rho}): units {less} in it rank higher, whatever else they do, so compare units of like ‘{name}’.",
                "순위의 기준은 ‘{name}’ 값과 함께 움직입니다(스피어만 ρ: 개별 순위와 {rho_units}, 등급과 {rho}). "
                "이 값이 {less_ko} 순위가 높게 나오므로, ‘{name}’ 값이 비슷한 대상끼리 비교하십시오.",
                values,
            )
        )
    return said

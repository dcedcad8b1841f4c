"""The sentences of ``match``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from dangol.core.words import Sentence, percent

from .nouns import counted
from .segment_words import shown

_LOOSE: Final = 0.5  # overlap below which a name that was kept is told as doubtful


def sentences(told: Mapping[str, Any], unit: str) -> list[Sentence]:
    """Say which names were kept, which are doubtful, new or lost, from what ``match`` told."""
    rows = told["rows"]
    kept = [row for row in rows if row["segment"] is not None and row["earlier"] is not None]
    loose = [row for row in kept if row["overlap"] < _LOOSE]
    fresh = [row["segment"] for row in rows if row["earlier"] is None]
    lost = [row["earlier"] for row in rows if row["segment"] is None]
    shared_en, shared_ko = counted(told["shared"], unit)
    values = {"kept": len(kept), "known": len(kept) + len(lost), "shared": shared_en, "shared_ko": shared_ko}
    said = [
        Sentence(
            "Of {known} earlier segments {kept} are found again by their members, over {shared} that both have.",
            "이전 세그먼트 {known}개 가운데 {kept}개를 구성원으로 다시 찾았습니다(양쪽에 모두 있는 {shared_ko} 기준).",
            values,
        )
    ]
    for names, en, ko in ((fresh, *_NEW), (lost, *_LOST)):
        if names:
            said.append(Sentence(en, ko, _listed(names)))
    if loose:
        worst = min(loose, key=lambda row: float(row["overlap"]))
        weak = {"overlap": percent(worst["overlap"]), **_listed([worst["segment"]])}
        said.append(Sentence(*_DOUBTFUL, weak))
    return said


_NEW: Final = ("New, under names that were never used: {names}.", "새로 생겨 새 이름을 붙인 세그먼트: {names_ko}.")
_LOST: Final = (
    "Lost, for no segment has enough of their members: {names}.",
    "구성원이 흩어져 사라진 세그먼트: {names_ko}.",
)
_DOUBTFUL: Final = (
    "The name is least sure of {names}: only {overlap} of the units in either are in both.",
    "이름이 가장 불확실한 것은 {names_ko}입니다. 이전이나 지금의 구성원 가운데 양쪽에 모두 있는 비율이 "
    "{overlap}뿐입니다.",
)


def _listed(names: list[str]) -> dict[str, str]:
    en, ko = (", ".join(f"‘{shown(name, lang)}’" for name in names) for lang in ("en", "ko"))
    return {"names": en, "names_ko": ko}

"""The sentences of ``sales`` about segments: which developed differently, what they contributed, and the mix."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from dangol.core.changes import difference, in_percent, signed_money
from dangol.core.proportions import share
from dangol.core.show import write
from dangol.core.words import Sentence, joined, money, percent

from .sales_evidence import FALSE_RATE, LEAST, Evidence
from .sales_tables import Counted

_NAMED: Final = 3  # segments named as different, the others are counted


def developed(counted: Counted) -> list[Sentence]:
    """Say which segments developed differently from the rest by more than chance, and which contributed most.

    Where none did, or none could be tested, the sentence begins with that.
    """
    found = counted.evidence
    if found is None or len(counted.some) < 2:
        return []
    most = _most(counted, found)
    if len(found.found):
        return [_different(counted, found), *most]
    return [joined([_undecided(counted, found), *most], en=" ")]


def _shared(counted: Counted, found: Evidence) -> dict[str, Any]:
    return {"by": counted.by, "n": len(counted.some), "tested": found.tested, "limit": f"{FALSE_RATE:g}"}


def _different(counted: Counted, found: Evidence) -> Sentence:
    """Name the segments that differ, the one with most money at stake first."""
    values = _shared(counted, found) | {"different": len(found.found)}
    en: list[str] = []
    ko: list[str] = []
    for place in found.found[:_NAMED]:
        word = f"segment_{len(en)}"
        values[word] = counted.segment_names()[place]
        for name in ("against_rest", "lower", "upper"):
            values[f"{word}_{name}"] = in_percent(1, 1 + float(getattr(found, name)[place]))
        values[f"{word}_excess"] = signed_money(float(found.excess[place]))
        span = f"{{{word}_lower}} to {{{word}_upper}}"
        first = ("95 % interval ", " against the pace of the rest") if not en else ("", "")
        en.append(f"‘{{{word}}}’ {{{word}_against_rest}} ({first[0]}{span}; {{{word}_excess}}{first[1]})")
        first = ("95 % 신뢰구간 ", "나머지와 같은 추세였을 때보다 ") if len(en) == 1 else ("", "")
        span = f"{{{word}_lower}}~{{{word}_upper}}"
        ko.append(f"‘{{{word}}}’ {{{word}_against_rest}}({first[0]}{span}, {first[1]}{{{word}_excess}})")
    left = len(found.found) - len(en)
    if left:
        values["left"] = left
        en.append("and {left:,} more")
        ko.append("그 밖의 {left:,}개")
    return Sentence(
        "Of the {n:,} segments by {by}, {different:,} developed differently from the rest by more than chance "
        "(q ≤ {limit}, {tested:,} tested): " + ", ".join(en) + ".",
        "{by:으로} 나눈 세그먼트 {n:,}개 가운데 우연이라고 보기 어려울 만큼 나머지와 다르게 움직인 세그먼트는 "
        "{different:,}개입니다(q ≤ {limit}, {tested:,}개 검정). 나머지 대비 " + ", ".join(ko) + ".",
        values,
    )


def _undecided(counted: Counted, found: Evidence) -> Sentence:
    """Say that no segment differs, or that it cannot be told."""
    values = _shared(counted, found)
    if not found.tested:
        return Sentence(
            "Whether any of the {n:,} segments by {by} developed differently from the rest cannot be told: in both "
            "periods the segment and the rest need {least:,} buyers each, and net sales above zero.",
            "{by:으로} 나눈 세그먼트 {n:,}개가 나머지와 다르게 움직였는지는 판단할 수 없습니다. 두 기간 모두 "
            "세그먼트와 나머지에 구매자가 {least:,}명 이상 있고 순매출이 0보다 커야 합니다.",
            values | {"least": LEAST},
        )
    values["q"] = write(float(np.nanmin(found.q)), "q")
    return Sentence(
        "No segment by {by} developed differently from the rest by more than chance ({tested:,} of {n:,} tested, "
        "smallest q {q}): differences between the segments’ changes may be chance.",
        "우연이라고 보기 어려울 만큼 나머지와 다르게 움직인 세그먼트는 없습니다({by:으로} 나눈 세그먼트 {n:,}개 중 "
        "{tested:,}개 검정, 가장 작은 q {q}). 세그먼트 사이 증감의 차이는 우연일 수 있습니다.",
        values,
    )


def _most(counted: Counted, found: Evidence) -> list[Sentence]:
    """Name the segment that did most of the change, in its direction."""
    sums, last = counted.parted, counted.done - 1
    if sums is None:
        return []
    changes = counted.changes(sums)["change"][:, last]
    total = float(counted.changes(counted.total)["change"][0, last])
    place = int(np.argmax(changes * np.sign(total) if total else np.abs(changes)))
    if not changes[place]:
        return []
    before, amount = (float(sums.amount[place, at]) for at in (last - 1, last))
    values = {"by": counted.by, "segment": counted.segment_names()[place], "n": len(counted.some)}
    values |= {"worth": signed_money(float(changes[place])), "was": money(before), "now": money(amount)}
    values |= {"change": in_percent(before, amount)}
    rate = ", {change}" if before > 0 else ""
    en = f"Of the {{n:,}} segments by {{by}}, ‘{{segment}}’ contributes most: {{worth}} ({{was}} → {{now}}{rate})"
    ko = (
        "{by:으로} 나눈 세그먼트 {n:,}개 가운데 ‘{segment}’의 몫이 {worth:으로} 가장 큽니다({was} → {now}" + f"{rate})."
    )
    if len(found.found) and place not in found.found:
        untested = np.isnan(found.q[place])
        en += "; against the rest it could not be tested" if untested else "; against the rest that may be chance"
        ko += " 다만 나머지와의 차이는 " + ("검정할 수 없었습니다." if untested else "우연일 수 있습니다.")
    return [Sentence(en + ".", ko, values)]


def contradicted(counted: Counted) -> list[Sentence]:
    """Warn where the amount per buyer moves one way in all and the other way in every segment (Simpson's paradox)."""
    sums, last = counted.parted, counted.done - 1
    if sums is None:
        return []
    both = (sums.buyers[:, last - 1] > 0) & (sums.buyers[:, last] > 0)
    buyers, amount = sums.buyers.astype(np.float64), sums.amount
    each = share(amount[both], buyers[both])
    whole = share(amount.sum(axis=0), buyers.sum(axis=0))
    inside, overall = _directions(each, last), _directions(whole[None], last)
    if not both.any() or not overall[0] or not (inside == -overall[0]).all():
        return []
    values = {"was": money(float(whole[last - 1])), "now": money(float(whole[last])), "n": int(both.sum())}
    values |= {"period": counted.names[last], "by": counted.by}
    up = overall[0] > 0
    return [
        Sentence(
            f"Careful: sales per buyer {'rose' if up else 'fell'} from {{was}} to {{now}}, although they "
            f"{'fell' if up else 'rose'} in every one of the {{n:,}} segments by {{by}}: the mix of buyers changed "
            "(Simpson’s paradox).",
            f"주의: 구매자 1인당 매출은 {{was}}에서 {{now:으로}} {'늘었지만' if up else '줄었지만'}, {{by:으로}} 나눈 "
            f"세그먼트 {{n:,}}개에서는 모두 {'줄었습니다' if up else '늘었습니다'}. 구매자 구성이 달라졌기 "
            "때문입니다(심슨의 역설).",
            values,
        )
    ]


def _directions(values: Any, last: int) -> Any:
    return np.sign(difference(values[:, last - 1], values[:, last]))


def mixed(counted: Counted) -> list[Sentence]:
    """Say how much of the change of the amount per buyer is mix, and how much happened within the segments."""
    sums, last = counted.parted, counted.done - 1
    if sums is None or len(counted.some) < 2:
        return []
    split = counted.mixed(sums)
    parts = [float(values[:, last].sum()) for values in (split.change, split.mix, split.within)]
    if not np.isfinite(parts).all() or not parts[0]:
        return []
    values = dict(zip(("change", "mix", "within"), map(signed_money, parts), strict=True))
    return [
        Sentence(
            "Sales per buyer changed by {change}: {mix} because the mix of segments changed, {within} within segments.",
            "구매자 1인당 매출의 변화 {change} 가운데 세그먼트 구성의 변화가 {mix}, 세그먼트 안의 변화가 "
            "{within}입니다.",
            values,
        )
    ]


def family(counted: Counted) -> Sentence:
    """Say which tests were counted together, and what they take for granted."""
    found = counted.evidence
    values = {"tested": found.tested if found else 0, "segments": len(counted.some), "false_rate": percent(FALSE_RATE)}
    en = "{tested:,} of {segments:,} segments, each against the rest, tested together (change of the amount, last two "
    en += "complete periods), Benjamini-Hochberg at {false_rate}; users are taken as independent"
    ko = "세그먼트 {segments:,}개 중 {tested:,}개를 저마다 나머지와 견주어 함께 검정(끝난 마지막 두 기간의 금액 증감), "
    ko += "벤저미니-호크버그 거짓 발견율 {false_rate}. 사용자는 서로 독립이라고 봅니다."
    if counted.per_row:
        en += ", also where one has rows in a segment and in the rest"
        ko += " 한 사용자가 세그먼트와 나머지에 모두 있어도 그 공분산은 무시합니다."
    return Sentence(en, ko, values)

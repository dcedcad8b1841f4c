"""The sentences of ``repurchase``."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from dangol.core import calendar
from dangol.core.proportions import share, wilson
from dangol.core.words import Sentence, joined, percent, plural
from dangol.kernels import repurchase as kernels

from .repurchase_tables import Churn, Counted

_FEW: Final = 30  # buyers below which the evidence is called weak


def sentences(counted: Counted, churn: Churn) -> tuple[Sentence, ...]:
    """Say what was found, most important first; what weakens it stands in the first sentence."""
    until = {"until": calendar.write(counted.as_of, counted.zone)}
    if not counted.pooled.buyers:
        return (
            Sentence(
                "There are no buyers: nobody has an order before {until}.",
                "구매자가 없습니다. {until} 이전에 주문한 사용자가 없습니다.",
                until,
            ),
        )
    found = [_headline(counted)]
    if counted.pooled.sums[counted.place, kernels.N]:
        found.append(_labelled(counted))
    return (*found, *_waits(counted), *_latest(churn), *_segments(counted), *_undecided(counted))


def _headline(counted: Counted) -> Sentence:
    """Say whether the days after which a customer counts as churned separate leaving from pausing."""
    waits, place = counted.pooled, counted.place
    n, labelled, buyers = (int(waits.sums[place, column]) for column in (kernels.N, kernels.X, kernels.BUYERS))
    values: dict[str, Any] = {"days": counted.churn_days, "n": n, "labelled": labelled}
    values |= {"buyers": plural(buyers, "buyer"), "buyers_ko": buyers, "lapses": plural(labelled, "lapse")}
    if not n:
        return Sentence(
            "It is too early to tell: no purchase has {days:,} full days behind it by {until}.",
            "아직 말하기 이릅니다. {until}까지 구매 후 {days:,}일이 온전히 지난 경우가 없습니다.",
            values | {"until": calendar.write(counted.as_of, counted.zone)},
        )
    if not labelled:
        en = "After every one of {n:,} purchases another came within {days:,} days: nobody has lapsed"
        ko = "구매 {n:,}건 모두 {days:,}일 안에 다음 구매가 있어 이탈한 고객이 없습니다"
    else:
        values |= {"ever": percent(float(waits.ever[place])), "so_far": percent(float(waits.return_rates()[0][place]))}
        values["longest"] = waits.longest
        en, ko = _separating(counted)
    if buyers < _FEW:
        en, ko = "Weak evidence, only {buyers}: " + en, "구매자가 {buyers_ko:,}명뿐이라 근거가 약합니다. " + ko
    return Sentence(en + ".", ko + ".", values)


def _separating(counted: Counted) -> tuple[str, str]:
    en = "of {lapses} {so_far} have ended in another purchase so far, and an estimated {ever} end in one within "
    en += "{longest:,} days of the purchase, the longest time observed"
    ko = "그런 이탈 {labelled:,}건 가운데 지금까지 {so_far}가 다시 구매했고, 관찰한 가장 긴 기간인 구매 후 "
    ko += "{longest:,}일 안에는 {ever}가 다시 구매할 것으로 추정됩니다"
    if not counted.chosen:
        return "At {days:,} days without a purchase, " + en, "{days:,}일 동안 구매가 없으면 이탈로 보았습니다. " + ko
    if counted.separates:
        head = "After {days:,} days without a purchase few customers come back: "
        return head + en, "{days:,}일 동안 구매가 없으면 다시 오는 고객이 드뭅니다. " + ko
    head = "No candidate separates leaving from pausing: even after {days:,} days, "
    return head + en, "후보 일수 가운데 이탈과 일시적인 공백을 구분해 주는 것이 없습니다. {days:,}일 기준으로도 " + ko


def _labelled(counted: Counted) -> Sentence:
    rate, lower, upper = (float(one[counted.place]) for one in counted.pooled.rates())
    values: dict[str, Any] = {"days": counted.churn_days, "n": int(counted.pooled.sums[counted.place, kernels.N])}
    values |= {"rate": percent(rate), "lower": percent(lower), "upper": percent(upper)}
    en = "{rate} of {n:,} purchases were not followed by another within {days:,} days"
    ko = "구매 {n:,}건 가운데 {rate}는 {days:,}일 안에 다음 구매가 없었습니다"
    if lower == lower:
        en += " (95 % interval {lower} to {upper}, by buyers)"
        ko += "(95 % 신뢰구간 {lower}~{upper}, 구매자 단위)"
    return Sentence(en + ".", ko + ".", values)


def _waits(counted: Counted) -> list[Sentence]:
    """The usual gap, as observed and with those who still wait."""
    waits = counted.pooled
    if not waits.followed.any():
        return [Sentence("No buyer has bought on a second day.", "이틀 이상 구매한 고객이 없습니다.")]
    half = waits.reached(0.5)
    values: dict[str, Any] = {"gaps": int(waits.followed.sum()), "median": waits.quantile(50)}
    values |= {"most": waits.quantile(90), "half": half, "ever": percent(float(waits.returned[-1]))}
    en = "The median of {gaps:,} gaps between purchases is {median:,.0f} days, and nine of ten are at most {most:,.0f}"
    ko = "구매 간격 {gaps:,}건의 중앙값은 {median:,.0f}일이고 90 %가 {most:,.0f}일 이하입니다"
    if half == half:
        en += "; with those who still wait, half of all purchases are followed by another within {half:,.0f} days"
        ko += ". 아직 다음 구매가 없는 건까지 감안하면 절반이 {half:,.0f}일 안에 다음 구매로 이어집니다"
    else:
        en += "; with those who still wait, only {ever} of all purchases are followed by another in the time observed"
        ko += ". 아직 다음 구매가 없는 건까지 감안하면 관찰 기간 안에 다음 구매로 이어지는 비율은 {ever}입니다"
    return [Sentence(en + ".", ko + ".", values)]


def _latest(churn: Churn) -> list[Sentence]:
    """The last finished period with anybody at risk."""
    done = np.flatnonzero(churn.complete & (churn.users > 0))
    if not len(done):
        return []
    last = int(done[-1])
    churned, users = int(churn.churned[last]), int(churn.users[last])
    lower, upper = wilson(churned, users)
    values: dict[str, Any] = {"period": churn.names[last], "users": users, "churned": churned, "days": churn.days}
    values |= {"rate": percent(churned / users), "lower": percent(float(lower)), "upper": percent(float(upper))}
    return [
        Sentence(
            "In {period}, the last finished period, {churned:,} of {users:,} customers at risk reached {days:,} days "
            "without a purchase and churned ({rate}; 95 % interval {lower} to {upper}), and {returned:,} lapsed ones "
            "bought again.",
            "마지막으로 끝난 기간({period})에는 아직 이탈하지 않은 고객 {users:,}명 가운데 {churned:,}명이 {days:,}일 "
            "동안 구매가 없어 이탈했고({rate}, 95 % 신뢰구간 {lower}~{upper}), 이탈했던 고객 {returned:,}명이 다시 "
            "구매했습니다.",
            values | {"returned": int(churn.returned[last])},
        )
    ]


def _segments(counted: Counted) -> list[Sentence]:
    """Name the segments with the highest and the lowest share labelled."""
    found = []
    for name, waits in counted.segments if counted.labels is not None else []:
        buyers, n, labelled = (int(waits.sums[counted.place, at]) for at in (kernels.BUYERS, kernels.N, kernels.X))
        if buyers >= _FEW:
            found.append((labelled / n, name, n))
    if len(found) < 2:
        return []
    values: dict[str, Any] = {"days": counted.churn_days, "few": _FEW}
    for word, (rate, name, n) in (("most", max(found)), ("least", min(found))):
        values |= {word: name, f"{word}_n": n, f"{word}_rate": percent(rate)}
    return [
        Sentence(
            "Among segments of at least {few} buyers, most purchases lapse at {days:,} days for ‘{most}’ ({most_rate} "
            "of {most_n:,}) and fewest for ‘{least}’ ({least_rate} of {least_n:,}).",
            "구매자가 {few}명 이상인 세그먼트 가운데 {days:,}일 기준 이탈 비율은 ‘{most}’에서 가장 높고"
            "({most_n:,}건 중 {most_rate}) ‘{least}’에서 가장 낮습니다({least_n:,}건 중 {least_rate}).",
            values,
        )
    ]


def _undecided(counted: Counted) -> list[Sentence]:
    waits = counted.pooled
    censored = waits.purchases - int(waits.sums[counted.place, kernels.N])
    if not censored:
        return []
    values = {"censored": censored, "purchases": waits.purchases, "days": counted.churn_days}
    return [
        Sentence(
            "{censored:,} of {purchases:,} purchases have not had {days:,} full days yet ({rate}): they are left out, "
            "not counted as lapsed.",
            "구매 {purchases:,}건 가운데 {censored:,}건({rate})은 아직 {days:,}일이 온전히 지나지 않아, "
            "이탈로 세지 않고 제외했습니다.",
            values | {"rate": percent(float(share(censored, waits.purchases)))},
        )
    ]


def explain(counted: Counted, churn: Churn, orders: Sentence, cut_off: bool) -> dict[str, Sentence]:
    """Say how it was computed."""
    waits = counted.pooled
    unit = Sentence(
        "purchase day: all orders of a user on one local day", "구매일(한 사용자의 같은 날 주문은 한 건)", {}
    )
    window = {"full": counted.full[0] if counted.full else "–", "days": counted.churn_days}
    n = {"buyers": waits.buyers, "purchases": waits.purchases, "gaps": int(waits.followed.sum())}
    n |= {"periods": len(churn.names)}
    early = Sentence(
        "nobody can churn in the first {days:,} days of the log or view, whatever happened before it",
        "로그나 뷰의 첫 {days:,}일에는 그 이전의 구매를 알 수 없으므로 이탈이 나타나지 않습니다.",
        {"days": counted.churn_days},
    )
    return {
        "unit": joined([unit, orders], ko=", "),
        "window": Sentence(
            "full local days up to {full}; churned: {days:,} days without a purchase",
            "{full}까지 온전히 지난 날, 이탈 기준: 구매 없이 {days:,}일",
            window,
        ),
        "denominator": Sentence(
            "purchases that can be judged for labels, those labelled for returns, customers at risk for periods",
            "이탈 비율은 판정할 수 있는 구매, 복귀율은 이탈로 판정된 구매, 기간별 비율은 아직 이탈하지 않은 고객",
        ),
        "n": Sentence(
            "{buyers:,} buyers, {purchases:,} purchase days, {gaps:,} gaps",
            "구매자 {buyers:,}명, 구매일 {purchases:,}건, 간격 {gaps:,}건",
            n,
        ),
        "zone": Sentence("{zone}", "{zone}", {"zone": counted.zone}),
        "exclusions": joined([_EXCLUDED, early, *([_CUT_OFF] if cut_off else [])]),
    }


_EXCLUDED: Final = Sentence(
    "purchases that cannot be judged yet are left out; the first purchase in the log or view has no gap before it",
    "아직 판정할 수 없는 구매는 제외합니다. 로그나 뷰의 첫 구매 앞에는 간격이 없습니다.",
)
_CUT_OFF: Final = Sentence("events at or after as_of are left out", "기준 시점(as_of)과 그 이후의 이벤트는 제외합니다.")

"""The sentences of ``sales``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from dangol.core import calendar
from dangol.core.changes import in_percent, in_points, signed_money
from dangol.core.durations import DAY, in_korean
from dangol.core.proportions import share
from dangol.core.words import Sentence, joined, money, percent

from .purchases import Purchases, told
from .sales_segments import contradicted, developed, family, mixed
from .sales_tables import KINDS, Counted, Sums

_FEW: Final = 30  # buyers below which the evidence is called weak
_REPEATED: Final = 0.01  # share of orders that repeat the row before, above which a join is suspected
_ALIKE: Final = 0.5  # share of orders of several rows with the same amount in each, above which a join is suspected
_SUSPECT: Final = 20  # and at least so many
_OPPOSED: Final = 0.1  # a factor that works against a change is named if it is worth more than this share of it
_FACTORS: Final = {
    "from_buyers": ("buyers", "구매자 수"),
    "from_orders_per_buyer": ("orders per buyer", "1인당 주문 수"),
    "from_amount_per_order": ("the amount per order", "주문당 금액"),
}


def sentences(counted: Counted, asked: Mapping[str, Any]) -> tuple[Sentence, ...]:
    """Say what was found, most important first; what weakens it stands in the first sentence."""
    if counted.empty:
        return (_nobody(asked),)
    if counted.done < 2:
        return (_too_early(counted), *_fan_out(counted), *_taken_off(counted), *_unfinished(counted))
    return (
        _headline(counted),
        *_fan_out(counted),
        *contradicted(counted),
        *_kinds(counted),
        *developed(counted),
        *mixed(counted),
        *_taken_off(counted),
        *_unfinished(counted),
    )


def _nobody(asked: Mapping[str, Any]) -> Sentence:
    if asked["event"] is None:
        return Sentence(
            "There are no buyers: this part of the log holds no purchase.",
            "구매자가 없습니다. 로그의 이 부분에는 구매가 없습니다.",
        )
    names = [asked["event"]] if isinstance(asked["event"], str) else asked["event"]
    return Sentence(
        "There are no buyers: this part of the log holds no event {events}.",
        "구매자가 없습니다. 로그의 이 부분에는 {events} 이벤트가 없습니다.",
        {"events": ", ".join(f"‘{name}’" for name in names)},
    )


def _unit(counted: Counted) -> dict[str, Any]:
    return {"unit": counted.every.noun(), "unit_ko": counted.every.noun("ko")}


def _too_early(counted: Counted) -> Sentence:
    total = counted.total
    values = _unit(counted) | {"done": counted.done, "until": calendar.write(counted.as_of, counted.zone)}
    values |= {"amount": money(float(total.amount.sum())), "orders": int(total.orders.sum())}
    values |= {"buyers": int(total.new_buyers.sum()), "every": str(counted.every)}
    return Sentence(
        "It is too early to tell how sales change: two finished periods ({every}) are needed, and {done} had ended by "
        "{until} (so far: {amount} net, {orders:,} orders, {buyers:,} buyers).",
        "매출이 어떻게 바뀌는지 말하기에는 아직 이릅니다. 끝난 {unit_ko:이} 둘 이상 있어야 하는데 {until}까지 "
        "{done}개가 끝났습니다(지금까지 순매출 {amount}, 주문 {orders:,}건, 구매자 {buyers:,}명).",
        values,
    )


def _headline(counted: Counted) -> Sentence:
    """State the last finished period against the one before, and the factor that did most."""
    last, total = counted.done - 1, counted.total
    before, amount = (float(total.amount[0, at]) for at in (last - 1, last))
    change = float(counted.changes(total)["change"][0, last])
    values = _unit(counted) | {"period": counted.names[last], "before": counted.names[last - 1]}
    values |= {"amount": money(amount), "amount_before": money(before)}
    values |= {"size": money(abs(change)), "change": in_percent(before, amount)}
    if change:
        rate, (moved, moved_ko) = "({change})" if before > 0 else "", _moved(change)
        en = (
            f"Net sales {moved} by {{size}} {rate} to {{amount}} in the {{unit}} of {{period}}, from {{amount_before}} "
        )
        en = en.replace("  ", " ") + "in the {unit} before"
        ko = (
            f"{{period}} 순매출은 {{amount:으로}}, 바로 앞 {{unit_ko}}({{amount_before}})보다 {{size}}{rate} {moved_ko}"
        )
    else:
        en = "Net sales in the {unit} of {period} were {amount}, the same as in the {unit} before"
        ko = "{period} 순매출은 {amount:으로} 바로 앞 {unit_ko:과} 같습니다"
    en_why, ko_why, why = _why(counted, change)
    en, ko, values = en + en_why, ko + ko_why, values | why
    few = int(total.buyers[0, last - 1 : last + 1].min())
    if few < _FEW:
        values["few"] = few
        en = f"Weak evidence, with only {{few:,}} buyers in one of the two: {en[0].lower()}{en[1:]}"
        ko = "두 기간 중 구매자가 {few:,}명뿐인 기간이 있어 근거가 약합니다. " + ko
    if last == 1 and counted.start >= counted.edges[0] + DAY:
        values["begins"] = calendar.write(counted.start, counted.zone)[:10]
        en += "; the log begins on {begins}, within the {unit} before, so that the two may not compare"
        ko += ". 로그가 바로 앞 {unit_ko} 도중인 {begins}에 시작하므로 두 기간을 그대로 비교하기는 어렵습니다"
    return Sentence(en + ".", ko + ".", values)


def _moved(change: float) -> tuple[str, str]:
    return ("rose", "늘었습니다") if change > 0 else ("fell", "줄었습니다")


def _why(counted: Counted, change: float) -> tuple[str, str, dict[str, Any]]:
    """Name the factor that did most of a change, and one that worked against it; where none is known, say nothing."""
    last, total = counted.done - 1, counted.total
    changes, factors = counted.changes(total), total.factors()
    parts = [float(changes[name][0, last]) for name in _FACTORS]
    if not change or not np.isfinite(parts).all():
        return "", "", {}
    order = sorted(range(len(parts)), key=lambda one: -parts[one] * np.sign(change))
    values: dict[str, Any] = {}
    for name, place in (("factor", order[0]), ("other", order[-1])):
        values |= dict(zip((name, f"{name}_ko"), list(_FACTORS.values())[place], strict=True))
        values |= {
            f"{name}_was": money(float(factors[place][0, last - 1])),
            f"{name}_worth": signed_money(parts[place]),
        }
        values |= {f"{name}_now": money(float(factors[place][0, last]))}
    en = "; {factor} contributed most ({factor_was} → {factor_now}: {factor_worth})"
    ko = ". 가장 크게 작용한 것은 {factor_ko}({factor_was} → {factor_now}, {factor_worth})입니다"
    if parts[order[-1]] * np.sign(change) < -_OPPOSED * abs(change):
        en += ", {other} worked against it ({other_was} → {other_now}: {other_worth})"
        ko = ko.replace("입니다", "이고, 반대로 작용한 것은 {other_ko}({other_was} → {other_now}, {other_worth})입니다")
    return en, ko, values


def _fan_out(counted: Counted) -> list[Sentence]:
    """Warn where rows look as if a join had multiplied them."""
    seen, orders = counted.seen, int(counted.total.orders.sum())
    found = []
    if seen.repeats >= _SUSPECT and seen.repeats > _REPEATED * orders:
        found.append(
            Sentence(
                "Warning: {rate} of the orders ({repeats:,} of {orders:,}) repeat user, event, time and amount of the "
                "row before. A join may have multiplied them, and then sales are too high; if they are lines of one "
                "order, name its id with order=.",
                "주의: 주문의 {rate}({orders:,}건 중 {repeats:,}건)가 바로 앞 행과 사용자, 이벤트, 시각, 금액이 "
                "같습니다. 조인으로 행이 불어났다면 매출이 부풀려진 것입니다. 한 주문의 여러 품목이라면 order=로 "
                "주문 번호를 지정해 주십시오.",
                {"rate": percent(float(share(seen.repeats, orders))), "repeats": seen.repeats, "orders": orders},
            )
        )
    if seen.alike >= _SUSPECT and seen.alike > _ALIKE * seen.several:
        found.append(
            Sentence(
                "Warning: of the {several:,} orders with several rows {rate} have the same amount in each. If that is "
                "the order's total, a join has multiplied it and sales are too high.",
                "주의: 여러 행으로 된 주문 {several:,}건 가운데 {rate}는 모든 행의 금액이 같습니다. 이 금액이 주문 "
                "총액이라면 조인으로 여러 번 더해져 매출이 부풀려진 것입니다.",
                {"rate": percent(float(share(seen.alike, seen.several))), "several": seen.several},
            )
        )
    return found


def _kinds(counted: Counted) -> list[Sentence]:
    """Say which kind of buyer the change came from; everybody is new in the first period, so not against that one."""
    last = counted.done - 1
    if last < 2:
        return []
    changes = counted.changes(counted.kinds)["change"][:, last]
    amount, whole = counted.kinds.amount[:, last], float(counted.total.amount[0, last])
    values: dict[str, Any] = {"period": counted.names[last]}
    for place, kind in enumerate(KINDS):
        values |= {kind: signed_money(float(changes[place])), f"{kind}_n": int(counted.kinds.buyers[place, last])}
        values[f"{kind}_rate"] = percent(float(share(amount[place], whole)))
    en = "Returning buyers account for {returning} of the change, new ones for {new}"
    ko = "변화 가운데 기존 구매자가 {returning}, 신규 구매자가 {new}입니다."
    if (amount >= 0).all() and whole > 0:
        en += "; returning buyers ({returning_n:,}) now make {returning_rate} of net sales{points}, new ones "
        en += "({new_n:,}) {new_rate}"
        ko += " {period} 순매출에서 기존 구매자({returning_n:,}명)의 비중은 {returning_rate}{points_ko}, 신규 구매자"
        ko += "({new_n:,}명)의 비중은 {new_rate}입니다."
        before, now = share(counted.kinds.amount[1, last - 1 : last + 1], counted.total.amount[0, last - 1 : last + 1])
        values |= {"points": "", "points_ko": ""}
        if before == before:
            values |= {"points": f" ({in_points(before, now)})", "points_ko": f"({in_points(before, now, 'ko')})"}
    return [Sentence(en + ".", ko, values)]


def _taken_off(counted: Counted) -> list[Sentence]:
    """State what is not in net sales: refunds and failed payments, over the whole log."""
    total: Sums = counted.total
    found = []
    if total.returns.any():
        gross, refunds = float(total.gross.sum()), float(total.refunds.sum())
        values = {
            "refunds": money(refunds),
            "n": int(total.returns.sum()),
            "rate": percent(float(share(refunds, gross))),
        }
        found.append(
            Sentence(
                "Refunds took {refunds} off the gross sales of all periods ({rate}; refunds: {n:,}).",
                "전체 기간의 총매출에서 환불로 {refunds:이} 빠졌습니다(총매출의 {rate}, 환불 {n:,}건).",
                values,
            )
        )
    if total.failed.any():
        lost = float(total.failed_amount.sum())
        worth, worth_ko = (", worth {lost}", "({lost})") if lost else ("", "")
        found.append(
            Sentence(
                f"Failed payments ({{failed:,}}{worth}) are not in sales.",
                f"결제 실패 {{failed:,}}건{worth_ko}은 매출에 넣지 않았습니다.",
                {"failed": int(total.failed.sum()), "lost": money(lost)},
            )
        )
    return found


def _unfinished(counted: Counted) -> list[Sentence]:
    if counted.complete.all():
        return []
    values = _unit(counted) | {"period": counted.names[-1], "until": calendar.write(counted.as_of, counted.zone)}
    values |= {"amount": money(float(counted.total.amount[0, -1])), "buyers": int(counted.total.buyers[0, -1])}
    return [
        Sentence(
            "The {unit} of {period} is not over by {until} ({amount} from {buyers:,} buyers so far): it is shown, and "
            "compared with nothing.",
            "{period} 기간은 {until}까지 끝나지 않았으므로(지금까지 구매자 {buyers:,}명, {amount}) 보여 주기만 하고 "
            "비교하지 않았습니다.",
            values,
        )
    ]


# ---- how it was computed ----------------------------------------------------------------------------------------


def explain(counted: Counted, asked: Mapping[str, Any], rules: Purchases) -> dict[str, Sentence]:
    """Say how it was computed."""
    every, until = str(counted.every), calendar.write(counted.as_of, counted.zone)
    total = counted.total
    n = {"buyers": int(total.new_buyers.sum()), "orders": int(total.orders.sum()), "periods": len(counted.names)}
    counted_together = {} if counted.parted is None else {"family": family(counted)}
    return {
        "unit": joined([_UNIT, told(rules, asked["event"], asked["refund"], asked["failed"])], ko=". "),
        "window": Sentence(
            "{every} periods, calendar, up to {until}",
            "달력 기준 {every_ko} 단위, {until}까지",
            {"every": every, "every_ko": in_korean(every), "until": until},
        ),
        "denominator": Sentence(
            "orders per buyer: buyers; amount per order: orders; changes in percent: the amount of the period before",
            "1인당 주문 수는 구매자 수, 주문당 금액은 주문 수, 증감률은 바로 앞 기간의 순매출",
        ),
        "n": Sentence(
            "{buyers:,} buyers, {orders:,} orders, {periods:,} periods",
            "구매자 {buyers:,}명, 주문 {orders:,}건, 기간 {periods:,}개",
            n,
        ),
        "zone": Sentence("{zone}", "{zone}", {"zone": counted.zone}),
        "exclusions": joined(_exclusions(counted, asked)),
        **counted_together,
    }


_UNIT: Final = Sentence(
    "buyer: a user with an order in the period; an order counts in the period of its first row, a refund in its own",
    "기간에 주문한 사용자(구매자). 주문은 첫 행의 기간에, 환불은 환불한 기간에 셉니다",
)


def _exclusions(counted: Counted, asked: Mapping[str, Any]) -> list[Sentence]:
    said = [
        Sentence("unfinished periods are compared with nothing", "끝나지 않은 기간은 비교하지 않습니다."),
        Sentence(
            "buyers are new in the log or view, whatever they bought before it: in the first period all are new",
            "로그나 뷰에서 처음 주문하면 신규로 보며 그 이전의 구매는 따지지 않으므로, 첫 기간의 구매자는 모두 "
            "신규입니다.",
        ),
    ]
    if counted.seen.unpriced:
        said.append(
            Sentence(
                "rows of orders and refunds without an amount add no money: {unpriced:,}",
                "금액이 없는 주문과 환불 행 {unpriced:,}개는 0으로 봅니다.",
                {"unpriced": counted.seen.unpriced},
            )
        )
    if counted.per_row:
        said.append(
            Sentence(
                "a buyer, or an order, with rows in several segments counts in each",
                "여러 세그먼트에 행이 있는 구매자와 주문은 세그먼트마다 셉니다.",
            )
        )
    if asked["as_of"] is not None:
        said.append(
            Sentence("events at or after as_of are left out", "기준 시점(as_of)과 그 이후의 이벤트는 제외합니다.")
        )
    return said

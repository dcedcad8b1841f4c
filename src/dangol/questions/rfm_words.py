"""The sentences of ``rfm``."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from dangol.core import labels
from dangol.core.changes import signed
from dangol.core.proportions import share, wilson
from dangol.core.words import Sentence, joined, percent, plural

from .rfm_tables import Customers, Moves
from .rfm_tiers import MEASURES, TIERS

_FEW: Final = 30  # customers below which the evidence is called weak
_MEASURES_KO: Final = {"recency": "최근성", "frequency": "구매 횟수", "amount": "금액"}
_SLIPPING: Final = ("cannot_lose", "at_risk")


def sentences(customers: Customers) -> tuple[Sentence, ...]:
    """Say what was found, most important first; what weakens it stands in the first sentence."""
    if not len(customers.users):
        return (
            Sentence(
                "There are no customers: nobody has an order before {until}.",
                "고객이 없습니다. {until} 이전에 주문한 사용자가 없습니다.",
                {"until": customers.dates[-1]},
            ),
        )
    found = [_headline(customers), *_slipping(customers), *_kept(customers), *_moved(customers), *_tied(customers)]
    if customers.unpriced:
        found.append(
            Sentence(
                "Rows of orders without an amount: {rows:,}; they count as orders and add no money.",
                "주문 {rows:,}건에는 금액이 없습니다. 주문 수에는 넣고 금액은 0으로 두었습니다.",
                {"rows": customers.unpriced},
            )
        )
    return tuple(found)


def _names(customers: Customers, tier: str, word: str) -> dict[str, str]:
    """Name a tier in both languages; own tiers keep the name that they were given."""
    own = tier in (customers.scheme.own or {})
    return {word: tier if own else labels.tier(tier), f"{word}_ko": tier if own else labels.tier(tier, "ko")}


def _headline(customers: Customers) -> Sentence:
    """Name the tier that brings most; where money is not above zero, the largest tier."""
    counts, money, total = customers.counts, customers.money, float(customers.values.amount.sum())
    n = len(customers.users)
    code = int(np.argmax(money if total > 0 else counts))
    values: dict[str, Any] = {"n": n, "share": percent(float(share(counts[code], n))), "total": total}
    values |= _names(customers, customers.scheme.tiers[code], "tier")
    en, ko = "‘{tier}’ are {share} of the {n:,} customers", "고객 {n:,}명 가운데 {share}가 ‘{tier_ko}’ 등급"
    if len(customers.moments) > 1:
        values["first"] = customers.dates[0]
        en, ko = "By the cuts of {first}, " + en, "{first}의 점수 경계로 보면 " + ko
    if total > 0:
        values["money"] = percent(float(money[code] / total))
        en += " and bring {money} of the net amount of {total:,.0f}"
        ko += "이며, 순매출 {total:,.0f}의 {money}를 차지합니다"
    else:
        en += "; the net amount is {total:,.0f}, so shares of it mean nothing"
        ko += "입니다. 순매출이 {total:,.0f}이므로 금액 비중은 계산하지 않습니다"
    if n < _FEW:
        values["people"] = plural(n, "customer")
        en = "Weak evidence, only {people}: " + en[0].lower() + en[1:]
        ko = "고객이 {n:,}명뿐이라 근거가 약합니다. " + ko
    return Sentence(en + ".", ko + ".", values)


def _slipping(customers: Customers) -> list[Sentence]:
    """Those who bought much and have not bought lately."""
    if customers.scheme.own is not None:
        return []
    codes = [TIERS.index(name) for name in _SLIPPING]
    users, total = int(customers.counts[codes].sum()), float(customers.values.amount.sum())
    if not users or total <= 0:
        return []
    days = customers.values.recency[np.isin(customers.tiers[-1], codes)]
    values: dict[str, Any] = {"users": plural(users, "customer"), "users_ko": users, "days": float(np.median(days))}
    values |= {"rate": percent(users / len(customers.users))}
    values |= {"money": percent(float(customers.money[codes].sum()) / total)}
    values |= _names(customers, _SLIPPING[0], "first") | _names(customers, _SLIPPING[1], "second")
    return [
        Sentence(
            "{users} ({rate}) bought often or much but not lately (‘{first}’, ‘{second}’: {days:,.0f} days ago at the "
            "median); with them goes {money} of the net amount.",
            "자주 또는 많이 샀지만 요즘은 구매가 없는 고객(‘{first_ko}’, ‘{second_ko}’)이 {users_ko:,}명({rate})이고, "
            "마지막 구매는 중앙값으로 {days:,.0f}일 전입니다. 이들이 순매출의 {money}를 차지합니다.",
            values,
        )
    ]


def _kept(customers: Customers) -> list[Sentence]:
    """How many of the first tier that had anybody are still in it."""
    for users, source_date, target_date in customers.moves[-1:]:
        some = np.flatnonzero(users[:-1].sum(axis=1))
        if not len(some):
            continue
        code = int(some[0])
        n, kept = int(users[code].sum()), int(users[code, code])
        lower, upper = wilson(kept, n)
        values = _names(customers, customers.scheme.tiers[code], "tier") | {
            "source": source_date,
            "target": target_date,
        }
        values |= {"lower": percent(float(lower)), "upper": percent(float(upper)), "rate": percent(kept / n)}
        en = "Of the {n:,} who were ‘{tier}’ on {source}, {rate} still are on {target} ({lower} to {upper})"
        ko = "{source}에 ‘{tier_ko}’였던 고객 {n:,}명 가운데 {rate}가 {target}에도 그대로입니다({lower}~{upper})."
        en += "; the cuts are those of {first} throughout, so scores of frequency never fall."
        ko += " 점수 경계는 모두 {first} 기준이고 구매 횟수는 쌓이기만 하므로 횟수 점수는 내려가지 않습니다."
        return [Sentence(en, ko, values | {"n": n, "first": customers.dates[0]})]
    return []


def _moved(customers: Customers) -> list[Sentence]:
    """The commonest move out of a tier between the last two dates."""
    if not customers.moves:
        return []
    moves: Moves = customers.moves[-1]
    users = moves.users[:-1].copy()
    np.fill_diagonal(users, 0)
    if not users.any():
        return []
    source, target = (int(one) for one in np.unravel_index(int(np.argmax(users)), users.shape))
    n, count = int(moves.users[source].sum()), int(users[source, target])
    values = _names(customers, customers.scheme.tiers[source], "source")
    values |= _names(customers, customers.scheme.tiers[target], "target")
    values = {name: f"‘{text}’" for name, text in values.items()}  # so that particles follow the quotation mark
    return [
        Sentence(
            "The commonest move is from {source} to {target}: {users:,} of {n:,} ({rate}).",
            "가장 많은 이동은 {source_ko}에서 {target_ko:으로} 옮겨 간 경우로, {n:,}명 중 {users:,}명({rate})입니다.",
            values | {"users": count, "n": n, "rate": percent(count / n)},
        )
    ]


def _tied(customers: Customers) -> list[Sentence]:
    """Measures with fewer scores than asked for, because values are equal."""
    found = []
    for name, size, asked in zip(MEASURES, customers.scheme.sizes, customers.scheme.asked, strict=True):
        if size < asked:
            values = {"measure": name, "measure_ko": _MEASURES_KO[name], "scores": size, "asked": asked}
            found.append(
                Sentence(
                    "Many customers have the same {measure}, and equal values share a score: {measure} has {scores} of "
                    "the {asked} scores asked for.",
                    "{measure_ko:이} 같은 고객이 많고 같은 값에는 같은 점수를 주므로, {measure_ko} 점수가 "
                    "{asked}개가 아니라 {scores}개입니다.",
                    values,
                )
            )
    return found


def explain(customers: Customers, orders: Sentence, cut_off: bool) -> dict[str, Sentence]:
    """Say how it was computed; ``orders`` says what counts as an order."""
    unit = joined([Sentence("customer: a user with an order", "고객(주문이 있는 사용자)"), orders], ko=", ")
    until = {"until": customers.dates[-1]}
    window = Sentence(
        "orders before {until}; recency in local days up to it", "{until} 이전 주문, 최근성은 그날까지의 일수", until
    )
    if len(customers.moments) > 1:
        cuts = Sentence(
            "cuts of the customers of {first}", "점수 경계는 {first}의 고객 기준", {"first": customers.dates[0]}
        )
        window = joined([window, cuts], ko=", ")
    denominator = Sentence(
        "all customers for shares of users, their net amount for shares of amount, those of the source tier for moves",
        "고객 비중은 전체 고객, 금액 비중은 전체 순매출, 이동 비율은 출발 등급의 고객",
    )
    values = {"users": len(customers.users), "orders": int(customers.values.orders.sum())}
    n = Sentence(
        "{users:,} customers, {orders:,} orders, net amount {amount:,.2f}",
        "고객 {users:,}명, 주문 {orders:,}건, 순매출 {amount:,.2f}",
        values | {"amount": float(customers.values.amount.sum())},
    )
    zone = Sentence("{zone}", "{zone}", {"zone": customers.zone})
    exclusions = joined([*_excluded(customers), *([_CUT_OFF] if cut_off else [])])
    return {"unit": unit, "window": window, "denominator": denominator, "n": n, "zone": zone, "exclusions": exclusions}


def _excluded(customers: Customers) -> list[Sentence]:
    values = {"others": customers.others, "money": signed(customers.refunded, 2)}
    if not customers.others:
        return [Sentence("users without an order are no customers", "주문이 없는 사용자는 고객으로 세지 않습니다.")]
    return [
        Sentence(
            "users without an order are no customers; {others:,} of them have refunds, which are left out of all sums "
            "({money})",
            "주문이 없는 사용자는 고객으로 세지 않습니다. 이 가운데 환불만 있는 {others:,}명의 금액({money})은 "
            "모든 합계에서 제외합니다.",
            values,
        )
    ]


_CUT_OFF: Final = Sentence("events at or after as_of are left out", "기준 시점(as_of)과 그 이후의 이벤트는 제외합니다.")

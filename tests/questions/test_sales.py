"""``sales``: splits worked out by hand, what must never go wrong with money, its words, errors and figure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from dangol.core.errors import InputError
from dangol.core.result import Result
from dangol.log.eventlog import EventLog
from dangol.questions.sales import sales
from dangol.questions.sales_split import factors, mix, shapley
from tests.logs import make_log, micros

Purchase = tuple[str, str, str, float | None]
FROM = ["from_buyers", "from_orders_per_buyer", "from_amount_per_order"]


def shop(purchases: list[Purchase], **options: Any) -> EventLog:
    """A log of (user, event, time, amount); other event columns as ``properties``."""
    properties = {"amount": [amount for *_, amount in purchases], **options.pop("properties", {})}
    return make_log([(user, event, time) for user, event, time, _ in purchases], properties=properties, **options)


def row(result: Result, period: str, *names: str, table: str = "periods", **where: str) -> list[Any]:
    """Some columns of one row."""
    found = result.tables[table]
    found = found[found["period"] == period]
    for name, value in where.items():
        found = found[found[name] == value]
    assert len(found) == 1
    return found[list(names)].iloc[0].tolist()


def orders(*months: tuple[int, int, float], event: str = "order") -> list[Purchase]:
    """For each month from 2024-01 on: so many buyers with so many orders each of that amount."""
    return [
        (f"u{buyer:03d}", event, f"2024-{month:02d}-{1 + number:02d} {buyer // 60 % 24:02d}:{buyer % 60:02d}", amount)
        for month, (buyers, each, amount) in enumerate(months, start=1)
        for buyer in range(buyers)
        for number in range(each)
    ]


# ---- the split, by hand ---------------------------------------------------------------------------------------------


def test_shapley_by_hand() -> None:
    """20 × 2.5 × 20 = 1,000 and 10 × 3 × 30 = 900.

    Buyers, −10 times: (2.5·20 + 3·30)/3 + (2.5·30 + 3·20)/6 = 140/3 + 135/6; orders per buyer, +0.5 times:
    (20·20 + 10·30)/3 + (20·30 + 10·20)/6 = 700/3 + 800/6; value, +10 times: (20·2.5 + 10·3)/3 + (20·3 + 10·2.5)/6.
    """
    parts = shapley(factors(20, 50, 1000), factors(10, 30, 900))
    by_hand = [-10 * (140 / 3 + 135 / 6), 0.5 * (700 / 3 + 800 / 6), 10 * (80 / 3 + 85 / 6)]
    assert [float(part) for part in parts] == pytest.approx(by_hand, rel=1e-12)
    assert sum(map(float, parts)) == pytest.approx(-100, rel=1e-12)


def test_shapley_is_a_fair_split() -> None:
    """A factor that stays gets nothing; turning time round turns the signs; and all always adds up."""
    chance = np.random.default_rng(1)
    buyers, more = chance.integers(1, 500, (2, 1000)), chance.integers(0, 900, (2, 1000))
    before = factors(buyers[0], buyers[0] + more[0], chance.normal(1e4, 1e4, 1000))  # net sales below zero too
    after = factors(buyers[1], buyers[1] + more[1], chance.normal(1e4, 1e4, 1000))
    parts, back = shapley(before, after), shapley(after, before)
    change = np.prod(after, axis=0) - np.prod(before, axis=0)
    np.testing.assert_allclose(np.sum(parts, axis=0), change, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(np.asarray(parts), -np.asarray(back), rtol=1e-9, atol=1e-6)
    only = shapley(before, after._replace(buyers=before.buyers))
    assert not only.buyers.any()


def test_mix_by_hand() -> None:
    """Shares .8/.2 become .5/.5, amounts per buyer 10/50 become 9/45: 18 → 27 although both fell."""
    split = mix((np.array([80.0, 20]), np.array([50.0, 50])), (np.array([800.0, 1000]), np.array([450.0, 2250])))
    np.testing.assert_allclose(split.mix, [-0.3 * 9.5, 0.3 * 47.5])
    np.testing.assert_allclose(split.within, [0.65 * -1, 0.35 * -5])
    assert float(split.change.sum()) == pytest.approx(27 - 18)


def test_mix_of_segments_that_come_and_go() -> None:
    """The second segment is new: all of its part is mix, at its own amount per buyer. The third has refunds alone."""
    split = mix((np.array([10.0, 0, 0]), np.array([5.0, 5, 0])), (np.array([100.0, 0, 0]), np.array([50.0, 100, -10])))
    np.testing.assert_allclose(split.mix, [(0.5 - 1) * 10, 0.5 * 20, 0])
    np.testing.assert_allclose(split.within, [0, 0, -1], atol=1e-12)
    assert float(split.change.sum()) == pytest.approx(14 - 10)
    nobody = mix((np.array([10.0]), np.array([0.0])), (np.array([100.0]), np.array([0.0])))
    assert np.isnan([*nobody.mix, *nobody.within, *nobody.change]).all()


def test_a_month_by_hand() -> None:
    result = sales(shop(orders((4, 1, 10), (2, 3, 20), (1, 1, 5))), as_of="2024-03-01")
    assert row(result, "2024-01", "amount", "buyers", "orders", "new_buyers") == [40, 4, 4, 4]
    assert row(result, "2024-02", "amount", "buyers", "orders", "new_buyers") == [120, 2, 6, 0]
    assert row(result, "2024-02", "orders_per_buyer", "amount_per_order", "change", "change_rate") == [3, 20, 80, 2]
    # (4, 1, 10) → (2, 3, 20): −2·((10 + 60)/3 + (20 + 30)/6), 2·((40 + 40)/3 + (80 + 20)/6) and
    # 10·((4 + 6)/3 + (12 + 2)/6)
    parts = [-2 * (70 / 3 + 50 / 6), 2 * (80 / 3 + 100 / 6), 10 * (10 / 3 + 14 / 6)]
    assert row(result, "2024-02", *FROM) == pytest.approx(parts)
    assert sum(parts) == pytest.approx(80)


# ---- unfinished periods ---------------------------------------------------------------------------------------------


def test_an_unfinished_month_is_never_compared() -> None:
    log = shop(orders((40, 1, 10), (40, 1, 10), (2, 1, 10)))  # ends on 2024-03-01 00:02, within March
    result = sales(log)
    assert row(result, "2024-03", "amount", "complete") == [20, False]
    assert np.isnan(row(result, "2024-03", "change", "change_rate", *FROM)).all()
    assert np.isnan(row(result, "2024-03", "change", "share_of_change", table="kinds", kind="new")).all()
    assert result.sentences[0].write() == "Net sales in the month of 2024-02 were 400, the same as in the month before."
    assert "2024-03 is not over" in result.summary()
    # the same log at the very end of February says nothing else about February
    before = sales(log, as_of="2024-03-01")
    assert before.sentences[0] == result.sentences[0]
    pd.testing.assert_frame_equal(before.table, result.table.iloc[:2])
    # a second before midnight February is not over
    assert sales(log, as_of="2024-02-29 23:59:59").table["complete"].tolist() == [True, False]


def test_a_log_that_begins_within_a_month_says_so() -> None:
    late = [
        (user, event, time.replace("2024-01-01", "2024-01-20"), amount)
        for user, event, time, amount in orders((40, 1, 10), (50, 1, 10))
    ]
    first = sales(shop(late), as_of="2024-03-01").sentences[0]
    assert "the log begins on 2024-01-20, within the month before" in first.write()
    assert "2024-01-20에 시작" in first.write("ko")
    whole = sales(shop(orders((40, 1, 10), (50, 1, 10))), as_of="2024-03-01")
    assert "begins" not in whole.sentences[0].write()


def test_new_and_returning_are_not_compared_with_the_first_month() -> None:
    """In it all buyers are new, so the next month always seems to lose new ones and win returning ones."""
    log = shop(orders((40, 1, 10), (45, 1, 10), (60, 1, 10)))
    assert "Returning buyers" not in sales(log, as_of="2024-03-01").summary()
    assert (
        "Returning buyers account for +50 of the change, new ones for +100" in sales(log, as_of="2024-04-01").summary()
    )


# ---- what is money --------------------------------------------------------------------------------------------------

MIXED: list[Purchase] = [
    ("ann", "order", "2024-01-05", 100),
    ("ann", "refund", "2024-01-20", -30),  # the sign does not matter
    ("bob", "order", "2024-01-10", 50),
    ("bob", "failed", "2024-01-11", 999),
    ("bob", "refund", "2024-02-02", 20),  # of January's order, but February's money
    ("cho", "view", "2024-01-01", 70),  # no purchase, though it has an amount
    ("cho", "order", "2024-02-10", None),
    ("dan", "refund", "2024-02-03", 5),  # before any order of his
    ("dan", "order", "2024-02-28", 40),
    ("eve", "failed", "2024-02-01", 10),
]
NAMES = {"event": "order", "refund": "refund", "failed": "failed"}


def test_refunds_failed_payments_and_missing_amounts() -> None:
    result = sales(shop(MIXED), as_of="2024-03-01", **NAMES)
    columns = ("amount", "gross", "refunds", "buyers", "orders", "failed", "failed_amount", "new_buyers")
    assert row(result, "2024-01", *columns) == [120, 150, 30, 2, 2, 1, 999, 2]
    assert row(result, "2024-02", *columns) == [15, 40, 25, 2, 2, 1, 10, 2]
    # bob's refund is a returning buyer's money; dan's comes before his first order, but in the month of it
    assert row(result, "2024-02", "amount", "buyers", table="kinds", kind="new") == [35, 2]
    assert row(result, "2024-02", "amount", "buyers", table="kinds", kind="returning") == [-20, 0]
    assert result.units(period="2024-02").tolist() == ["cho", "dan"]  # a refund or a failed payment makes no buyer
    assert "Failed payments (2, worth 1,009) are not in sales" in result.summary()
    assert "Refunds took 55 off the gross sales of all periods (28.9 %; refunds: 3)" in result.summary()
    assert "without an amount add no money: 1" in result.explain()["exclusions"]


def test_failed_payments_that_are_not_mapped_are_not_sales_either() -> None:
    result = sales(shop(MIXED), as_of="2024-03-01", event="order", refund="refund")
    assert row(result, "2024-01", "amount", "failed") == [120, 0]


def test_without_names_the_sign_decides() -> None:
    """And then a failed payment with an amount counts, unless it is named: the reason to name it."""
    result = sales(shop(MIXED), as_of="2024-03-01", failed="failed")
    assert row(result, "2024-01", "gross", "refunds", "orders", "failed") == [100 + 50 + 70, 30, 3, 1]
    careless = sales(shop(MIXED), as_of="2024-03-01")
    assert row(careless, "2024-01", "gross", "failed") == [100 + 50 + 70 + 999, 0]


def test_a_net_month_below_zero() -> None:
    log = shop([("a", "order", "2024-01-05", 10), ("a", "order", "2024-02-05", 10), ("a", "refund", "2024-02-06", 30)])
    result = sales(log, event="order", refund="refund", as_of="2024-04-01")
    assert row(result, "2024-02", "amount", "change", "change_rate") == [-20, -30, -3]
    assert row(result, "2024-02", *FROM) == pytest.approx([0, 0, -30])
    assert row(result, "2024-03", "amount", "change") == [0, 20]
    assert np.isnan(row(result, "2024-03", "change_rate", "orders_per_buyer", "amount_per_order", *FROM)).all()
    assert "net sales rose by 20 to 0 in the month of 2024-03, from −20 in the month before." in result.summary()
    assert "Returning buyers account for +20 of the change, new ones for ±0. Refunds" in result.summary()


# ---- orders of several rows -----------------------------------------------------------------------------------------

LINES: list[Purchase] = [
    ("ann", "order", "2024-01-31 23:59", 10),  # order 1 begins in January
    ("ann", "order", "2024-02-01 00:00", 20),  # and has a row in February
    ("ann", "order", "2024-02-01 00:00", 5),  # without an id: an order of its own
    ("ann", "order", "2024-02-03", 7),
    ("bob", "order", "2024-02-03", 9),  # the same id, another user: another order
    ("bob", "order", "2024-02-04", 1),
    ("bob", "order", "2024-02-05", 2),
]
IDS = ["1", "1", None, "2", "2", None, None]


def test_rows_with_one_id_are_one_order_in_the_period_of_its_first_row() -> None:
    log = shop(LINES, properties={"number": IDS})
    result = sales(log, event="order", order="number", as_of="2024-03-01")
    assert row(result, "2024-01", "amount", "orders", "buyers") == [30, 1, 1]
    assert row(result, "2024-02", "amount", "orders", "buyers") == [24, 5, 2]
    single = sales(log, event="order", as_of="2024-03-01")
    assert row(single, "2024-01", "amount", "orders") == [10, 1]
    assert row(single, "2024-02", "amount", "orders") == [44, 6]


def test_an_order_counts_once_in_each_segment_of_its_rows() -> None:
    items = ["hat", "bag", "hat", "hat", "bag", "hat", "hat"]
    log = shop(LINES, properties={"number": IDS, "item": items})
    result = sales(log, event="order", order="number", by="item", as_of="2024-03-01")
    assert row(result, "2024-01", "amount", "orders", "buyers", "new_buyers", segment="hat") == [10, 1, 1, 1]
    assert row(result, "2024-01", "amount", "orders", "buyers", "new_buyers", segment="bag") == [20, 1, 1, 0]
    assert row(result, "2024-02", "amount", "orders", "buyers", segment="hat") == [15, 4, 2]
    assert row(result, "2024-02", "amount", "orders", "buyers", segment="bag") == [9, 1, 1]
    assert result.units(period="2024-01", segment="bag").tolist() == ["ann"]
    assert "with rows in several segments counts in each" in result.explain()["exclusions"]


def test_an_order_whose_rows_alternate_between_segments_counts_once_in_each() -> None:
    rows = [("ann", "order", "2024-01-05", 1.0)] * 6
    log = shop(rows, properties={"number": ["7"] * 6, "item": ["a", "b", "a", "c", "b", "a"]})
    table = sales(log, event="order", order="number", by="item").table.set_index("segment")
    assert table["orders"].to_dict() == {"a": 1, "b": 1, "c": 1}
    assert table["amount"].to_dict() == {"a": 3, "b": 2, "c": 1}


# ---- joins that multiply rows ---------------------------------------------------------------------------------------


def test_rows_that_a_join_has_multiplied_are_noticed() -> None:
    """Each order of June was joined to its three items: sales look three times as high, and the page says so first."""
    right = orders((60, 1, 10), (60, 2, 10))
    tripled = [one for one in right for _ in range(3 if one[2].startswith("2024-02") else 1)]
    clean, wrong = (sales(shop(rows), as_of="2024-03-01") for rows in (right, tripled))
    assert row(wrong, "2024-02", "amount") == [3 * row(clean, "2024-02", "amount")[0]]
    assert not any("Warning" in one.write() for one in clean.sentences)
    warning = wrong.sentences[1]
    assert warning.write().startswith("Warning: 57.1 % of the orders (240 of 420) repeat user, event, time and amount")
    assert "57.1 %(420건 중 240건)" in warning.write("ko")


def test_few_repeats_or_other_amounts_are_no_alarm() -> None:
    """Nineteen repeats are not enough, nor is 1 % of the orders; equal times with other amounts are no repeats."""
    right = orders((60, 1, 10), (60, 1, 10))
    assert "Warning" not in sales(shop([*right, *right[:19]]), as_of="2024-03-01").summary()
    assert "Warning" in sales(shop([*right, *right[:20]]), as_of="2024-03-01").summary()
    many = orders((700, 3, 10))
    assert "Warning" not in sales(shop([*many, *many[:21]]), as_of="2024-03-01").summary()  # 21 of 2,121 are under 1 %
    assert "Warning" in sales(shop([*many, *many[:22]]), as_of="2024-03-01").summary()
    others = [(user, event, time, amount + 1) for user, event, time, amount in right]
    assert "Warning" not in sales(shop([*right, *others]), as_of="2024-03-01").summary()


def test_missing_amounts_repeat_too() -> None:
    rows = [("ann", "order", f"2024-01-{1 + day:02d}", None) for day in range(25) for _ in range(2)]
    assert (
        "Warning: 49.0 % of the orders (25 of 51)"
        in sales(shop([*rows, ("bob", "order", "2024-01-01", 0)]), event="order").summary()
    )


def test_an_order_total_on_every_line_is_noticed() -> None:
    """With order=, equal times are normal; but the same amount on each row of most orders is an order's total."""
    rows = [(f"u{number:02d}", "order", "2024-01-05", 10.0 + number) for number in range(30) for _ in range(3)]
    ids = [str(number) for number in range(30) for _ in range(3)]
    wrong = sales(shop(rows, properties={"number": ids}), event="order", order="number")
    assert "Warning: of the 30 orders with several rows 100.0 % have the same amount in each" in wrong.summary()
    lines = [(user, event, time, amount + place % 3) for place, (user, event, time, amount) in enumerate(rows)]
    right = sales(shop(lines, properties={"number": ids}), event="order", order="number")
    assert "Warning" not in right.summary()


# ---- segments -------------------------------------------------------------------------------------------------------


def simpson() -> EventLog:
    """Small buyers 80 → 50 at 10 → 9, big buyers 20 → 50 at 50 → 45: 18 → 27 per buyer, though both fell."""
    rows, plan = [], {}
    for month, small, big, low, high in (("01", 80, 20, 10, 50), ("02", 50, 50, 9, 45)):
        rows += [(f"s{user:03d}", "order", f"2024-{month}-05", low) for user in range(small)]
        rows += [(f"b{user:03d}", "order", f"2024-{month}-05", high) for user in range(big)]
    for user, *_ in rows:
        plan[user] = "small" if user[0] == "s" else "big"
    return shop(rows, attributes={"plan": plan})


def test_simpsons_paradox_is_said() -> None:
    result = sales(simpson(), by="plan", as_of="2024-03-01")
    said = [one.write() for one in result.sentences]
    assert said[1] == (
        "Careful: sales per buyer rose from 18 to 27, although they fell in every one of the 2 segments by plan: "
        "the mix of buyers changed (Simpson’s paradox)."
    )
    assert "구매자 1인당 매출은 18에서 27로 늘었지만" in result.summary("ko")
    assert "Sales per buyer changed by +9: +11.40 because the mix of segments changed, −2.40 within segments." in said
    assert row(result, "2024-02", "mix", "within", "change", table="mix", segment="big") == pytest.approx(
        [14.25, -1.75, 12.5]
    )
    backwards = sales(simpson(), by="plan", every="1d", as_of="2024-02-06")
    assert "Careful" not in backwards.summary()  # against an empty day there is nothing to contradict


def test_without_a_contradiction_nothing_is_said() -> None:
    rows = orders((40, 1, 10), (50, 1, 20))
    plan = {f"u{user:03d}": "ab"[user % 2] for user in range(50)}
    assert "Careful" not in sales(shop(rows, attributes={"plan": plan}), by="plan", as_of="2024-03-01").summary()


def test_contributions_by_hand() -> None:
    rows = [("a", "order", "2024-01-05", 100), ("b", "order", "2024-01-05", 40), ("c", "order", "2024-01-05", 7)]
    rows += [("a", "order", "2024-02-05", 70), ("b", "order", "2024-02-05", 50), ("d", "order", "2024-02-05", 5)]
    rows += [("e", "failed", "2024-02-05", 5), ("f", "order", "2024-03-05", 500)]
    plan = {"a": "gold", "b": "silver", "c": "tin", "d": "new", "e": "broke", "f": "late"}
    result = sales(shop(rows, attributes={"plan": plan}), event="order", failed="failed", by="plan")
    table = result.tables["contributions"]
    assert table["segment"].tolist() == ["gold", "tin", "new", "silver"]  # neither failed payments nor March alone
    assert table[["amount_before", "amount_after", "change"]].to_numpy().tolist() == [
        [100, 70, -30],
        [7, 0, -7],
        [0, 5, 5],
        [40, 50, 10],
    ]
    np.testing.assert_allclose(table["change_rate"], [-0.3, -1, np.nan, 0.25])
    np.testing.assert_allclose(table["share_of_change"], [30 / 22, 7 / 22, -5 / 22, -10 / 22])
    np.testing.assert_allclose(table["from_amount_per_order"], [-30, np.nan, np.nan, 10])
    assert "Of the 6 segments by plan, ‘gold’ contributes most: −30 (100 → 70, −30.0 %)." in result.summary()
    assert "‘gold’의 몫이 −30으로 가장 큽니다(100 → 70, −30.0 %)" in result.summary("ko")
    assert set(result.table["segment"]) == set(plan.values())
    assert result.shown[0] == "contributions"


# ---- whether a segment developed differently from the rest ----------------------------------------------------------

EVIDENCE = ["against_rest", "lower", "upper", "p", "q"]


def two_months(**plan: list[tuple[int, float, float]]) -> EventLog:
    """For each plan, groups of so many users with an amount each in January and in February (0: no order)."""
    rows: list[Purchase] = []
    plans = {}
    for name, groups in plan.items():
        for group, (size, before, after) in enumerate(groups):
            for number in range(size):
                user = f"{name}{group}{number:03d}"
                plans[user] = name
                months = ((month, amount) for month, amount in (("01", before), ("02", after)) if amount)
                rows += [(user, "order", f"2024-{month}-05", amount) for month, amount in months]
    return shop(rows, attributes={"plan": plans})


def evidence(log: EventLog, **options: Any) -> pd.DataFrame:
    result = sales(log, **{"by": "plan", "as_of": "2024-03-01", **options})
    return result.tables["contributions"].set_index("segment")[EVIDENCE]


def test_against_the_rest_by_hand() -> None:
    """Gold 250 → 125: 25 buyers of 10 before, 25 others of 5 after; silver 200 → 200, the same 25 of 8 each month.

    Variance: 25 (10/250)² + 25 (5/125)² = 0.08 of gold, nothing of silver. log 0.5 ± 1.959964 √0.08: 0.5 e^∓0.554362;
    z = 0.693147/0.282843 = 2.450645, and 2 Φ(−2.450645) = 0.01426 in tables. The mirror has the same p, so q is p.
    """
    found = evidence(two_months(gold=[(25, 10, 0), (25, 0, 5)], silver=[(25, 8, 8)]))
    np.testing.assert_allclose(found.loc["gold"], [-0.5, -0.7127805, -0.1295854, 0.01426, 0.01426], atol=1e-7)
    np.testing.assert_allclose(
        found.loc["silver"][:3], [1, 1 / (1 - 0.1295854) - 1, 1 / (1 - 0.7127805) - 1], rtol=1e-6
    )
    assert found.loc["silver", "p"] == found.loc["gold", "p"]


def test_a_season_common_to_all_cancels() -> None:
    """Sales of all fall by 60 %; what is left is no difference at all, with a user's amounts known to hang together."""
    found = evidence(two_months(a=[(30, 10, 4), (30, 20, 8)], b=[(40, 5, 2)]))
    np.testing.assert_array_equal(found, [[0, 0, 0, 1, 1]] * 2)
    everyone = evidence(two_months(a=[(30, 10, 5)], b=[(40, 5, 2)]))
    np.testing.assert_allclose(everyone.loc["a"], [0.25, 0.25, 0.25, 0, 0], atol=1e-12)  # each user did the same


def test_what_a_segment_needs_to_be_tested() -> None:
    full = [(25, 10, 10)]
    assert np.isfinite(evidence(two_months(a=full, b=full))).all().all()
    for plan in (
        {"a": full},  # a single segment
        {"a": full, "b": [(24, 10, 10)]},  # too few of one, so too few of the other's rest
        {"a": full, "b": [(24, 10, 10), (1, 10, 0)]},  # too few in one month
        {"a": full, "b": [(25, 10, -10)]},  # nothing left
    ):
        assert np.isnan(evidence(two_months(**plan))).all().all(), plan
    # a's rest has enough buyers only with both others
    three = evidence(two_months(a=full, b=[(12, 10, 10)], c=[(13, 10, 10)]))
    assert np.isfinite(three.loc["a"]).all()
    assert np.isnan(three.loc[["b", "c"]]).all().all()
    assert three.loc["a", "q"] == three.loc["a", "p"]  # the one test is the family


def test_the_rest_of_a_segment_of_rows_is_what_its_buyers_bought_elsewhere() -> None:
    """25 users buy hats for 10 and bags for 10, then hats for 10 and bags for 30; 25 more buy hats, 10 and then 10.

    Hats: 500 → 500, every user the same: no variance. The rest, bags: 250 → 750, no variance either.
    """
    rows: list[Purchase] = []
    items = []
    for month, bag in (("01", 10.0), ("02", 30.0)):
        for user in range(50):
            for item, amount in (("hat", 10.0), ("bag", bag))[: 2 if user < 25 else 1]:
                rows.append((f"u{user:02d}", "order", f"2024-{month}-05", amount))
                items.append(item)
    found = evidence(shop(rows, properties={"item": items}), by="item")
    np.testing.assert_allclose(found.loc["hat"], [1 / 3 - 1, 1 / 3 - 1, 1 / 3 - 1, 0, 0], atol=1e-12)
    # with one user fewer who buys bags there are too few of them, whoever buys hats
    fewer = [place for place, (user, *_) in enumerate(rows) if user != "u00"]
    few = shop([rows[place] for place in fewer], properties={"item": [items[place] for place in fewer]})
    assert np.isnan(evidence(few, by="item")).all().all()


def test_a_rest_too_small_beside_the_segment_for_arithmetic() -> None:
    found = evidence(two_months(a=[(25, 1e9, 0), (25, 0, 1e9)], b=[(25, 1, 0), (25, 0, 1)]))
    assert np.isnan(found.loc["a"]).all()
    assert np.isfinite(found.loc["b"]).all()


def test_segments_that_differ_are_named_with_their_intervals() -> None:
    """Gold 8,000 → 2,000 while the rest went 1,100 → 1,050: at that pace it would be at 7,636.36, so 5,636.36 less.

    Variance of the logarithm: 80 (100/8000)² + 40 (50/2000)² + 110 (10/1100)² + 60 (10/1050)² + 50 (9/1050)² =
    0.0557072, and e^±1.959964·0.2360238 of 0.2619048 is 0.1649 and 0.4160. The others likewise.
    """
    log = two_months(gold=[(80, 100, 0), (40, 0, 50)], silver=[(60, 10, 0), (60, 0, 10)], tin=[(50, 10, 0), (50, 0, 9)])
    result = sales(log, by="plan", as_of="2024-03-01")
    said = next(one for one in result.sentences if "different" in one.values)
    assert said.write() == (
        "Of the 3 segments by plan, 3 developed differently from the rest by more than chance (q ≤ 0.05, 3 tested): "
        "‘gold’ −73.8 % (95 % interval −83.5 % to −58.4 %; −5,636 against the pace of the rest), ‘silver’ +246.9 % "
        "(+113.1 % to +464.8 %; +427.06), ‘tin’ +197.7 % (+79.5 % to +393.6 %; +298.84)."
    )
    assert said.write("ko").startswith(
        "plan으로 나눈 세그먼트 3개 가운데 우연이라고 보기 어려울 만큼 나머지와 다르게 움직인 세그먼트는 3개입니다"
        "(q ≤ 0.05, 3개 검정). 나머지 대비 ‘gold’ −73.8 %(95 % 신뢰구간 −83.5 %~−58.4 %, 나머지와 같은 추세였을 "
        "때보다 −5,636), "
    )
    after = result.sentences[result.sentences.index(said) + 1]
    assert after.write() == "Of the 3 segments by plan, ‘gold’ contributes most: −6,000 (8,000 → 2,000, −75.0 %)."


def test_the_segment_that_contributes_most_may_do_so_by_chance() -> None:
    """Big fell by most money, but its few large buyers come and go; small fell surely, as half of its buyers left."""
    log = two_months(big=[(40, 500, 0), (32, 0, 500)], small=[(100, 10, 10), (150, 10, 0)], more=[(300, 20, 20)])
    result = sales(log, by="plan", as_of="2024-03-01")
    said = next(one for one in result.sentences if "different" in one.values)
    assert (said.values["different"], said.values["segment_0"]) == (1, "small")
    most = result.sentences[result.sentences.index(said) + 1]
    assert most.write().endswith(
        "‘big’ contributes most: −4,000 (20,000 → 16,000, −20.0 %); against the rest that may be chance."
    )
    assert most.write("ko").endswith("다만 나머지와의 차이는 우연일 수 있습니다.")


def test_weak_evidence_about_segments_is_said_first() -> None:
    log = two_months(a=[(40, 10, 0), (35, 0, 10)], b=[(40, 10, 0), (42, 0, 10)])
    said = sales(log, by="plan", as_of="2024-03-01")
    weak = next(one for one in said.sentences if "tested" in one.values)
    assert weak.write() == (
        "No segment by plan developed differently from the rest by more than chance (2 of 2 tested, smallest q 0.57): "
        "differences between the segments’ changes may be chance. Of the 2 segments by plan, ‘a’ contributes most: −50 "
        "(400 → 350, −12.5 %)."
    )
    assert weak.write("ko").startswith(
        "우연이라고 보기 어려울 만큼 나머지와 다르게 움직인 세그먼트는 없습니다(plan으로 나눈"
    )
    few = sales(two_months(a=[(20, 10, 5)], b=[(40, 10, 10)]), by="plan", as_of="2024-03-01")
    weak = next(one for one in few.sentences if "tested" in one.values)
    assert weak.write().startswith(
        "Whether any of the 2 segments by plan developed differently from the rest cannot be told: in both periods the "
        "segment and the rest need 25 buyers each, and net sales above zero. Of the 2 segments"
    )
    assert "구매자가 25명 이상 있고" in weak.write("ko")
    assert "developed differently" not in sales(two_months(a=[(30, 10, 5)]), by="plan", as_of="2024-03-01").summary()


def simulated(chance: np.random.Generator, *, gold: float, season: float = 0.7) -> EventLog:
    """400 users, a quarter of them gold, with own paces and amounts of long tails; gold's pace changes in February."""
    rows: list[Purchase] = []
    plans, pace = {}, chance.gamma(2, 1, 400)
    for number in range(400):
        user = f"u{number:03d}"
        plans[user] = ("gold", "silver", "tin", "tin")[chance.integers(4)]
        factor = season * (gold if plans[user] == "gold" else 1)
        for month, rate in (("01", pace[number]), ("02", factor * pace[number])):
            amounts = chance.lognormal(3, 0.8, chance.poisson(rate))
            rows += [(user, "order", f"2024-{month}-{chance.integers(1, 29):02d}", float(one)) for one in amounts]
    return shop(rows, attributes={"plan": plans})


@pytest.mark.slow
def test_intervals_cover_the_truth() -> None:
    """The truth, −30 %, lies in 95 % of 400 intervals, but for 2.8 points: the 99 % error of that many."""
    chance = np.random.default_rng(7)
    found = [evidence(simulated(chance, gold=0.7)).loc["gold"] for _ in range(400)]
    covered = np.mean([one["lower"] <= -0.3 <= one["upper"] for one in found])
    assert 0.95 - 0.028 <= covered <= 0.95 + 0.028, covered
    assert np.mean([one["against_rest"] for one in found]) == pytest.approx(-0.3, abs=0.02)


@pytest.mark.slow
def test_segments_at_random_raise_no_alarm() -> None:
    """In 600 logs no segment differs, though all lose 30 % to the season: 5 % of them, within the 99 % error."""
    chance = np.random.default_rng(11)
    alarms = np.mean([(evidence(simulated(chance, gold=1))["q"] <= 0.05).any() for _ in range(600)])
    assert 0.05 - 0.023 <= alarms <= 0.05 + 0.023, alarms


# ---- numbers and missing values as segments -------------------------------------------------------------------------


def test_by_number_missing_and_too_many() -> None:
    rows = orders((3, 1, 10), (3, 1, 10))
    ages = {"u000": 20, "u001": 30}
    table = sales(shop(rows, attributes={"age": ages}), by="age").table
    assert table["segment"].unique().tolist() == ["20", "30", "(none)"]
    names = {f"u{user:03d}": f"n{user}" for user in range(600)}
    with pytest.raises(InputError, match="more than 1,000,000 cells"):
        sales(
            shop(orders((600, 1, 1), (600, 1, 1)), attributes={"name": names}),
            by="name",
            every="1h",
            as_of="2024-04-01",
        )


# ---- views, zones, blocks -------------------------------------------------------------------------------------------


def test_months_are_local() -> None:
    """15:00 UTC on 31 January is midnight of 1 February in Seoul."""
    rows: list[Purchase] = [("a", "order", f"2024-01-31T{hour}:00+00:00", 1) for hour in ("14:59", "15:00")]
    assert sales(shop(rows, zone="Asia/Seoul")).table["orders"].tolist() == [1, 1]
    assert sales(shop(rows, zone="UTC")).table["orders"].tolist() == [2]
    start = sales(shop(rows, zone="Asia/Seoul")).table["start"]
    assert [str(moment) for moment in start] == ["2024-01-01 00:00:00+09:00", "2024-02-01 00:00:00+09:00"]


def test_a_view_begins_where_it_begins() -> None:
    log = shop(orders((40, 1, 10), (50, 1, 10), (60, 1, 10)))
    view = sales(log.between("2024-02-01", "2024-03-01"))
    assert view.table[["period", "buyers", "new_buyers", "complete"]].to_numpy().tolist() == [["2024-02", 50, 50, True]]
    some = sales(log.users(["u000", "u059"]), as_of="2024-04-01")
    assert some.table["buyers"].tolist() == [1, 1, 2]
    assert view.recipe["log"]["view"]


def invented(block_events: int = 1 << 20) -> EventLog:
    """600 purchases of 50 users over three months, many at equal times, with ids, items and plans."""
    chance = np.random.default_rng(5)
    begin, rows = micros("2024-02-20", "Europe/London"), []
    for _ in range(600):
        user, event = (
            f"u{chance.integers(50):02d}",
            str(chance.choice(["order", "refund", "failed"], p=[0.8, 0.1, 0.1])),
        )
        rows.append((user, event, begin + int(chance.integers(0, 90 * 4)) * 21_600_000_000))
    return make_log(
        rows,
        zone="Europe/London",
        properties={
            "amount": [float(one) if one else None for one in np.round(chance.lognormal(2, 1, 600), 1)],
            "number": [f"n{one}" if one % 5 else None for one in chance.integers(0, 200, 600)],
            "item": [["hat", "bag", None][one] for one in chance.integers(0, 3, 600)],
        },
        attributes={"plan": {f"u{user:02d}": "pq"[user % 2] for user in range(45)}},
        block_events=block_events,
    )


@pytest.mark.parametrize("by", [None, "plan", "item"])
@pytest.mark.parametrize("order", [None, "number"])
def test_cuts_change_nothing(by: str | None, order: str | None) -> None:
    whole, cut = (sales(invented(size), every="1w", by=by, order=order, **NAMES) for size in (1 << 20, 1))
    for name in whole.tables:
        pd.testing.assert_frame_equal(whole.tables[name], cut.tables[name], rtol=1e-9, atol=1e-9)
    assert whole.summary() == cut.summary()
    assert whole.summary("ko") == cut.summary("ko")
    for place in (0, 5, len(whole.table) - 1):
        line = whole.table.iloc[place]
        where = {name: line[name] for name in ("segment", "period") if name in line}
        assert len(cut.units(**where)) == line["buyers"]
        assert len(cut.units(**where, kind="new")) + len(cut.units(**where, kind="returning")) == line["buyers"]


def test_money_that_is_the_same_is_the_same_in_any_order() -> None:
    """0.1 + 0.2 is not 0.3 to a computer: no change, no percentage, no cause may come of that."""
    rows = [("a", "order", "2024-01-05", 0.1), ("a", "order", "2024-01-06", 0.2), ("a", "order", "2024-02-05", 0.3)]
    result = sales(shop(rows), as_of="2024-03-01")
    assert row(result, "2024-02", "change", "change_rate") == [0, 0]
    assert "the same as in the month before" in result.sentences[0].write()


# ---- words ----------------------------------------------------------------------------------------------------------


def test_the_first_sentence_is_the_change_its_percentage_and_its_cause() -> None:
    result = sales(shop(orders((50, 1, 10), (40, 1, 10), (40, 2, 8))), as_of="2024-03-01")
    assert result.sentences[0].write() == (
        "Net sales fell by 100 (−20.0 %) to 400 in the month of 2024-02, from 500 in the month before; buyers "
        "contributed most (50 → 40: −100)."
    )
    assert result.sentences[0].write("ko") == (
        "2024-02 순매출은 400으로, 바로 앞 달(500)보다 100(−20.0 %) 줄었습니다. 가장 크게 작용한 것은 구매자 수"
        "(50 → 40, −100)입니다."
    )
    later = sales(shop(orders((50, 1, 10), (40, 1, 10), (40, 2, 8))), as_of="2024-04-01")
    assert later.sentences[0].write() == (
        "Net sales rose by 240 (+60.0 %) to 640 in the month of 2024-03, from 400 in the month before; "
        "orders per buyer contributed most (1 → 2: +360), the amount per order worked against it (10 → 8: −120)."
    )
    assert later.sentences[0].values["period"] == "2024-03"  # numbers are bound, not typed


def test_weak_evidence_is_said_first() -> None:
    first = sales(shop(orders((50, 1, 10), (29, 1, 10))), as_of="2024-03-01").sentences[0]
    assert first.write().startswith("Weak evidence, with only 29 buyers in one of the two: net sales fell by 210")
    assert first.write("ko").startswith("두 기간 중 구매자가 29명뿐인 기간이 있어 근거가 약합니다.")
    assert "Weak" not in sales(shop(orders((50, 1, 10), (30, 1, 10))), as_of="2024-03-01").summary()


def test_too_early_and_nobody() -> None:
    early = sales(shop(orders((50, 1, 10), (40, 1, 10))), as_of="2024-02-20")
    assert early.sentences[0].write() == (
        "It is too early to tell how sales change: two finished periods (1mo) are needed, and 1 had ended by "
        "2024-02-20 00:00 (so far: 900 net, 90 orders, 50 buyers)."
    )
    assert (
        early.sentences[0].write("ko").startswith("매출이 어떻게 바뀌는지 말하기에는 아직 이릅니다. 끝난 달이 둘 이상")
    )
    assert sales(shop(orders((50, 1, 10))), as_of="2024-01-20").sentences[0].values["done"] == 0
    view = shop(MIXED).where("event", "==", "view")
    for by in (None, "event"):
        nobody = sales(view, event="order", by=by)
        assert nobody.sentences[0].write() == "There are no buyers: this part of the log holds no event ‘order’."
        assert "구매가 없습니다" in sales(view.where("amount", "<", 0), by=by).summary("ko")
        for name in nobody.tables:
            assert nobody.tables[name].empty
            assert list(nobody.tables[name]) == list(sales(shop(MIXED), event="order", by=by).tables[name])
        nobody.figure()


def test_refunds_alone_are_shown() -> None:
    result = sales(shop(MIXED).where("event", "==", "refund"), refund="refund", event="order", as_of="2024-03-01")
    assert result.table["amount"].tolist() == [-30, -25]
    assert result.table["buyers"].sum() == 0
    assert result.sentences[0].write().startswith("Weak evidence, with only 0 buyers in one of the two: net sales rose")


def test_how_and_recipe() -> None:
    log = shop(MIXED)
    result = sales(log, by="event", **{**NAMES, "event": ["order"]}, as_of="2024-03-01")
    assert list(result.how) == ["unit", "window", "denominator", "n", "zone", "exclusions", "family"]
    assert "family" not in sales(log).how
    how = result.explain()
    assert how["family"].startswith("0 of 3 segments, each against the rest, tested together")
    assert "also where one has rows in a segment and in the rest" in how["family"]
    assert "orders: ‘order’; taken off: ‘refund’; failed, never counted as money: ‘failed’" in how["unit"]
    assert how["n"] == "4 buyers, 4 orders, 2 periods"
    assert how["window"] == "1mo periods, calendar, up to 2024-03-01 00:00"
    assert "as_of" in how["exclusions"]
    asked = result.recipe["parameters"]
    again = sales(log, **asked)
    pd.testing.assert_frame_equal(again.table, result.table)
    assert asked["event"] == ["order"]


# ---- errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"every": "30m"}, "not a calendar period"),
        ({"every": "1"}, "length of time"),
        ({"event": "ordr"}, "did you mean 'order'"),
        ({"refund": "refnd"}, "did you mean 'refund'"),
        ({"event": "order", "failed": "order"}, "both event and failed"),
        ({"order": "amount"}, "text column of events"),
        ({"order": "numbr"}, "did you mean 'number'"),
        ({"by": "itm"}, "did you mean 'item'"),
        ({"by": "time"}, "holds times"),
        ({"as_of": "soon"}, "not a date"),
        ({"as_of": "2024-01-01"}, "not after the log's first event"),
    ],
)
def test_errors_say_what_to_do(options: dict[str, Any], message: str) -> None:
    log = shop(MIXED, properties={"number": ["1"] * 10, "item": ["hat"] * 10})
    with pytest.raises(InputError, match=message):
        sales(log, **options)


def test_a_log_without_amounts_is_refused() -> None:
    log = make_log([("a", "order", "2024-01-05")])
    for options in ({}, {"event": "order"}):
        with pytest.raises(InputError, match="no amounts"):
            sales(log, **options)


def test_units_errors() -> None:
    result = sales(shop(MIXED), **NAMES)
    assert result.units().tolist() == ["ann", "bob", "cho", "dan"]
    with pytest.raises(InputError, match="did you mean '2024-01'"):
        result.units(period="2024-1")
    with pytest.raises(InputError, match="'new' or 'returning'"):
        result.units(kind="old")
    with pytest.raises(InputError, match="by="):
        result.units(segment="x")
    with pytest.raises(InputError, match="did you mean 'order'"):
        sales(shop(MIXED), by="event", **NAMES).units(segment="ordr")
    with pytest.raises(InputError, match="argument"):
        result.units(month="2024-01")


# ---- figure ---------------------------------------------------------------------------------------------------------


def bars(figure: Any) -> dict[tuple[str, bool], list[float]]:
    """(kind, whether hatched) -> the heights."""
    shown = [trace for trace in figure.data if trace.type == "bar" and trace.orientation != "h"]
    return {(trace.name, trace.marker.pattern.shape is not None): list(trace.y) for trace in shown}


def test_figure_stacks_kinds_hatches_the_unfinished_and_splits_the_change() -> None:
    result = sales(shop(orders((40, 1, 10), (30, 1, 10), (60, 1, 10))), as_of="2024-03-15")
    figure = result.figure()
    assert bars(figure) == {
        ("returning buyers", False): [0, 300],
        ("returning buyers", True): [400],
        ("new buyers", False): [400, 0],
        ("new buyers", True): [200],
    }
    fall = next(trace for trace in figure.data if trace.orientation == "h")
    assert list(fall.x) == pytest.approx([-100, 0, 0, -100])  # the three factors, then the change
    assert list(fall.base) == pytest.approx([0, -100, -100, 0])
    assert "hatched" in figure.layout.annotations[0].text
    assert "Net sales 300 in 2024-02, −25.0 % on the month before, mainly from buyers" in figure.layout.title.text
    assert "UTC" in figure.layout.title.text
    korean = result.figure("ko")
    assert "2024-02 순매출 300, 바로 앞 달 대비 −25.0 %" in korean.layout.title.text
    assert ("신규 구매자", True) in bars(korean)


def test_figure_of_many_segments_keeps_the_change_whole() -> None:
    rows = [
        (f"u{user:02d}", "order", f"2024-{month:02d}-05", 10.0 * user * month) for user in range(20) for month in (1, 2)
    ]
    plan = {f"u{user:02d}": f"아주 긴 이름의 등급 {user}번 고객" for user in range(20)}
    result = sales(shop(rows, attributes={"plan": plan}), by="plan", as_of="2024-03-01")
    figure = result.figure("ko")
    steps = next(trace for trace in figure.data if trace.orientation == "h")
    assert len(steps.x) == 9  # seven, the rest, the change
    assert sum(steps.x[:-1]) == pytest.approx(steps.x[-1])
    assert steps.x[-1] == pytest.approx(row(sales(shop(rows), as_of="2024-03-01"), "2024-02", "change")[0])
    assert "그 외 12개" in "".join(figure.layout.yaxis2.ticktext)
    assert max(map(len, figure.layout.yaxis2.ticktext)) < 20


def test_figure_marks_the_segments_that_differ() -> None:
    """In full colour those that differ by more than chance; the change itself always."""
    log = two_months(gold=[(80, 100, 0), (40, 0, 50)], silver=[(60, 10, 0), (60, 0, 10)], tin=[(9, 10, 0), (9, 0, 9)])
    result = sales(log, by="plan", as_of="2024-03-01")
    assert (result.tables["contributions"].set_index("segment")["q"] <= 0.05).to_dict() == {
        "gold": True, "tin": False, "silver": True,
    }  # fmt: skip
    figure = result.figure()
    steps = next(trace for trace in figure.data if trace.orientation == "h")
    assert list(steps.marker.opacity) == [1, 0.35, 1, 1]
    assert "(pale: may be chance)" in figure.layout.annotations[1].text
    assert "옅은 색: 우연일 수 있음" in result.figure("ko").layout.annotations[1].text
    whole = next(trace for trace in sales(log, as_of="2024-03-01").figure().data if trace.orientation == "h")
    assert set(whole.marker.opacity) == {1}


def test_figure_of_a_log_too_young_to_compare() -> None:
    figure = sales(shop(orders((40, 1, 10)))).figure()
    assert "too early" in figure.layout.title.text
    assert not any(trace.orientation == "h" for trace in figure.data)

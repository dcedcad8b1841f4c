"""``rfm``: a published table, cases by hand, a real shop against pandas; its words, errors and figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dangol.core.errors import InputError
from dangol.core.result import Result
from dangol.datasets import online_retail
from dangol.log.eventlog import EventLog
from dangol.log.ingest import ingest
from dangol.questions.rfm import rfm
from dangol.questions.rfm_tiers import TIERS, Scheme, Values, quantiles
from tests.logs import make_log

ORDERS = Path(__file__).parents[3] / "shared" / "data" / "small" / "rfm_orders.csv"


def shop(orders: list[tuple[str, str, float | None]], event: str = "order", **options: Any) -> EventLog:
    """A log of (user, time, amount)."""
    rows = [(user, event, time) for user, time, _ in orders]
    return make_log(rows, properties={"amount": [amount for *_, amount in orders]}, **options)


def column(result: Result, *names: str) -> dict[str, Any]:
    """Per user, one or several columns of the table of users."""
    table = result.tables["users"].set_index("user")
    if len(names) == 1:
        return table[names[0]].to_dict()
    return {user: tuple(row) for user, row in zip(table.index, table[list(names)].to_numpy().tolist(), strict=True)}


# ---- the example data of the R package rfm ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def published() -> Result:
    if not ORDERS.exists():
        pytest.skip("the optional folder ../shared/data with small/rfm_orders.csv is absent")
    log = ingest(ORDERS, user="customer_id", event="'order'", time="order_date", amount="revenue", zone="UTC")
    return rfm(log, as_of="2006-12-31")


def test_published_cuts(published: Result) -> None:
    # CRAN package rfm: rfm_table_order(rfm_data_orders, customer_id, order_date, revenue, as.Date("2006-12-31"))
    cuts = published.tables["cuts"]
    assert len(published.tables["users"]) == 995
    assert published.tables["users"]["orders"].sum() == 4906
    upper = {name: part["upper"].dropna().tolist() for name, part in cuts.groupby("measure")}
    assert sorted(upper["recency"]) == pytest.approx([114, 180, 296.4, 481])
    assert upper["frequency"] == [3, 4, 5, 7]
    assert upper["amount"] == pytest.approx([254.8, 381, 505.4, 665])
    # there the first customer, Abbey O'Reilly DVM, has 205 days, 6 orders, 472 and the score 343 (here a number)
    users = published.tables["users"]
    abbey = users[(users["recency"] == 205) & (users["orders"] == 6) & (users["amount"] == 472)]
    assert abbey["score"].tolist() == ["343"]


def test_published_scores_equal_pandas_cut(published: Result) -> None:
    # witness: pandas.cut of the values at numpy's quantiles, the lowest value included
    users = published.tables["users"]
    for name, score, sign in (
        ("recency", "recency_score", -1),
        ("orders", "frequency_score", 1),
        ("amount", "amount_score", 1),
    ):
        edges = np.quantile(users[name], [0.2, 0.4, 0.6, 0.8])
        place = pd.cut(users[name], [-np.inf, *edges, np.inf], labels=False)
        assert users[score].tolist() == (place + 1 if sign > 0 else 5 - place).tolist()
    segments = published.table
    assert segments["users"].sum() == 995
    assert segments["share"].sum() == pytest.approx(1)
    assert segments["amount"].sum() == users["amount"].sum() == 464_158
    assert segments["share_of_amount"].sum() == pytest.approx(1)
    for tier, part in users.groupby("segment"):
        row = segments.set_index("segment").loc[tier]
        assert row["users"] == len(part)
        assert row["recency"] == part["recency"].median()
        assert row["orders_per_user"] == pytest.approx(part["orders"].mean())
        assert row["amount_per_user"] == pytest.approx(part["amount"].mean())
        assert sorted(published.units(segment=tier)) == sorted(part["user"])
    grid = published.tables["grid"]
    assert len(grid) == 25
    assert grid["users"].sum() == 995
    for score, part in users.groupby("score"):
        assert sorted(published.units(score=score)) == sorted(part["user"])


# ---- a real shop --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lines() -> pd.DataFrame:
    return pd.read_parquet(online_retail()).dropna(subset="CustomerID").reset_index(drop=True)


@pytest.fixture(scope="module")
def gifts() -> EventLog:
    """As the demo loads it: one event per invoice, customer and instant."""
    return ingest(
        online_retail(),
        user="CustomerID",
        event="CASE WHEN InvoiceNo LIKE 'C%' THEN 'cancel' ELSE 'order' END",
        time="InvoiceDate",
        amount="Quantity * UnitPrice",
        collapse=["InvoiceNo"],
        zone="Europe/London",
        properties=["InvoiceNo"],
    )


def test_shop_equals_pandas(gifts: EventLog, lines: pd.DataFrame) -> None:
    result = rfm(gifts, event="order", refund="cancel", order="InvoiceNo", as_of="2011-12-10")
    lines["money"] = lines["Quantity"].astype(float) * lines["UnitPrice"].astype(float)
    lines["when"] = pd.to_datetime(lines["InvoiceDate"])
    bought = lines[~lines["InvoiceNo"].str.startswith("C")]
    assert bought["CustomerID"].nunique() == len(result.tables["users"]) == 4339  # ../shared/data/README.md
    orders = bought.groupby("CustomerID")["InvoiceNo"].nunique()
    days = (pd.Timestamp("2011-12-10") - bought.groupby("CustomerID")["when"].max().dt.normalize()).dt.days
    money = lines.groupby("CustomerID")["money"].sum()[orders.index]
    users = result.tables["users"].set_index("user")
    assert users["orders"].to_dict() == orders.to_dict()
    assert users["recency"].to_dict() == days.to_dict()
    assert users["amount"].to_numpy() == pytest.approx(money[users.index].to_numpy(), abs=1e-6)
    assert users["orders"].sum() == 18_536
    assert result.table["amount"].sum() == pytest.approx(money.sum())
    assert "4,339 customers, 18,536 orders" in result.explain()["n"]
    alone = lines.groupby("CustomerID")["money"].sum()[lambda found: ~found.index.isin(orders.index)]
    assert f"{len(alone):,} of them have refunds" in result.explain()["exclusions"]
    assert f"(−{-alone.sum():,.2f})" in result.explain()["exclusions"]


def test_shop_by_sign_of_the_amount(lines: pd.DataFrame) -> None:
    # ../shared/data/README.md: price above zero: 4,338 customers, 18,532 invoices, 8,911,407.90 before cancellations
    paid = lines[(lines["UnitPrice"].astype(float) > 0) & ~lines["InvoiceNo"].str.startswith("C")]
    paid = paid.assign(money=paid["Quantity"].astype(float) * paid["UnitPrice"].astype(float))
    options: dict[str, Any] = {"amount": "money", "properties": ["InvoiceNo"]}
    log = ingest(paid, user="CustomerID", event="'line'", time="InvoiceDate", zone="Europe/London", **options)
    users = rfm(log, order="InvoiceNo").tables["users"]
    assert (len(users), users["orders"].sum()) == (4338, 18_532)
    assert round(users["amount"].sum(), 2) == 8_911_407.90


# ---- by hand ------------------------------------------------------------------------------------------------------


def test_recency_counts_local_days() -> None:
    # London, clocks forward on 31 March: 23:30 UTC on the 30th is still the 30th, on the 31st already 1 April
    orders = [("a", "2024-03-30T23:30:00+00:00", 1.0), ("b", "2024-03-31T23:30:00+00:00", 1.0)]
    orders += [("c", "2024-04-01T23:30:00+00:00", 1.0)]
    log = shop(orders, zone="Europe/London")
    assert column(rfm(log, as_of="2024-04-03"), "recency") == {"a": 4, "b": 2, "c": 1}
    assert column(rfm(log, as_of="2024-04-02 12:00"), "recency") == {"a": 3, "b": 1, "c": 0}
    assert column(rfm(log, as_of="2024-04-02"), "recency") == {"a": 3, "b": 1}  # c ordered at 00:30 on the 2nd
    seoul = make_log([("a", "order", "2024-01-01 23:59"), ("b", "order", "2024-01-02 00:00")], zone="Asia/Seoul")
    with pytest.raises(InputError, match="rfm needs money"):
        rfm(seoul, event="order")


def test_refunds_orders_of_several_rows_and_missing_amounts() -> None:
    rows = [
        ("ann", "order", "2024-01-01 10:00", 10.0, "o1"),
        ("ann", "order", "2024-01-03 10:00", 5.0, "o1"),  # a later row of the same order
        ("ann", "cancel", "2024-01-09 10:00", 4.0, None),
        ("bea", "order", "2024-01-02 10:00", None, "o1"),
        ("bea", "order", "2024-01-02 11:00", 8.0, None),
        ("cho", "cancel", "2024-01-02 11:00", -3.0, None),
        ("dan", "view", "2024-01-02 11:00", None, None),
        ("eve", "order", "2024-01-11 10:00", 9.0, "o1"),
    ]
    properties = {"amount": [row[3] for row in rows], "number": [row[4] for row in rows]}
    log = make_log([row[:3] for row in rows], properties=properties)
    result = rfm(log, event="order", refund="cancel", order="number", as_of="2024-01-11")
    assert column(result, "recency", "orders", "amount") == {"ann": (10, 1, 11.0), "bea": (9, 2, 8.0)}
    assert column(rfm(log, event="order", as_of="2024-01-11"), "orders", "amount") == {
        "ann": (2, 15.0),
        "bea": (2, 8.0),
    }
    assert result.tables["users"]["last"].astype(str).tolist()[0] == "2024-01-01 10:00:00+00:00"
    assert "Rows of orders without an amount: 1" in result.summary()
    assert "1 of them have refunds, which are left out of all sums (−3.00)" in result.explain()["exclusions"]
    cut = make_log([row[:3] for row in rows], properties=properties, block_events=1)
    again = rfm(cut, event="order", refund="cancel", order="number", as_of="2024-01-11")
    for name in result.tables:
        pd.testing.assert_frame_equal(result.tables[name], again.tables[name])


def test_equal_values_share_a_score() -> None:
    # orders: nine customers with one, one with three. Quantiles at .2 .4 .6 .8 are all 1: one cut, two scores
    orders = [(f"u{at}", f"2024-01-{at + 1:02d}", 10.0) for at in range(10)] + [("u0", "2024-01-01", 0.0)] * 2
    result = rfm(shop(orders), event="order", as_of="2024-02-01")
    scores = column(result, "frequency_score")
    assert scores == {"u0": 2, **{f"u{at}": 1 for at in range(1, 10)}}
    cuts = result.tables["cuts"]
    part = cuts[cuts["measure"] == "frequency"]
    assert part[["score", "users"]].to_numpy().tolist() == [[1, 9], [2, 1]]
    assert (part["upper"].iloc[0], part["lower"].iloc[1]) == (1, 1)
    assert "equal values share a score: frequency has 2 of the 5 scores asked for" in result.summary()
    assert "구매 횟수가 같은 고객이 많고" in result.summary("ko")
    # amount: all have 10: one cut at 10, and nobody above it
    assert set(column(result, "amount_score").values()) == {1}
    # recency: ten different days, two in each fifth; the most recent have the highest score
    assert [column(result, "recency_score")[f"u{at}"] for at in range(10)] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_money_that_is_equal_but_for_rounding_shares_a_score() -> None:
    # in binary 0.1 + 0.2 > 0.3; three customers have 0.3, and one has 1
    orders = [("a", "2024-01-01", 0.1), ("a", "2024-01-01", 0.2), ("b", "2024-01-01", 0.3), ("c", "2024-01-01", 0.3)]
    result = rfm(shop([*orders, ("d", "2024-01-01", 1.0)]), bins=(1, 1, 2))
    assert column(result, "amount_score") == {"a": 1, "b": 1, "c": 1, "d": 2}
    back = [("a", "2024-01-01", 0.3), ("a", "2024-01-02", -0.1), ("a", "2024-01-02", -0.2), ("b", "2024-01-01", 5.0)]
    back += [("b", "2024-01-02", -5.0), ("c", "2024-01-01", 9.0)]
    assert column(rfm(shop(back), amount_cuts=[-1, 0]), "amount_score") == {"a": 2, "b": 2, "c": 3}


def test_quantiles_are_numpys_and_hit_values_exactly() -> None:
    # witness: numpy.quantile (its default is R's type 7)
    rng = np.random.default_rng(3)
    for size, bins in ((1, 5), (2, 3), (17, 4), (101, 100), (1000, 7)):
        values = rng.normal(size=size)
        assert quantiles(values, bins) == pytest.approx(np.quantile(values, np.arange(1, bins) / bins))
    # 57 hundredths of 100 steps: numpy lands beside the value, at 56.99999999999999
    assert quantiles(np.arange(101) ** 2, 100)[56] == 57**2


def test_own_cuts() -> None:
    orders = [("a", "2024-01-30", 5.0), ("b", "2024-01-20", 50.0), ("b", "2024-01-25", 50.0), ("c", "2024-01-01", 10.0)]
    result = rfm(
        shop(orders),
        recency_cuts=[2, 7, 30],
        frequency_cuts=[1],
        amount_cuts=[10, 99.5],
        bins=(9, 9, 9),
        as_of="2024-02-01",
    )
    # recencies 2, 7, 31: up to and including a cut belongs below it
    assert column(result, "recency", "score") == {"a": (2, "411"), "b": (7, "323"), "c": (31, "111")}
    cuts = result.tables["cuts"].set_index(["measure", "score"])
    assert cuts.loc[("recency", 2), ["lower", "upper"]].tolist() == [7, 30]
    assert np.isnan(cuts.loc[("recency", 1), "upper"])
    assert np.isnan(cuts.loc[("recency", 4), "lower"])
    assert "equal values share" not in result.summary()


def test_scores_above_nine_have_dashes() -> None:
    orders = [(f"u{at:02d}", f"2024-01-{at + 1:02d}", float(at)) for at in range(30)]
    result = rfm(shop(orders), event="order", bins=(10, 1, 3), as_of="2024-02-01")
    assert column(result, "score")["u29"] == "10-1-3"
    assert column(result, "score")["u00"] == "1-1-1"
    assert result.units(score="10-1-3").tolist() == ["u27", "u28", "u29"]
    assert result.units(score="10-1-1").empty
    with pytest.raises(InputError, match="score '11-1-1' is not in the answer"):
        result.units(score="11-1-1")
    with pytest.raises(InputError, match="score '111' is not in the answer"):
        result.units(score="111")


# r, f, m, orders -> tier, from the rules with positions (score - 1) / 4: 1 0, 2 .25, 3 .5, 4 .75, 5 1
RULES = [
    (5, 5, 5, 9, "champions"),
    (4, 4, 4, 9, "champions"),
    (4, 3, 5, 9, "champions"),
    (4, 3, 4, 9, "loyal"),
    (3, 5, 5, 9, "loyal"),
    (3, 1, 5, 9, "loyal"),
    (1, 4, 4, 9, "cannot_lose"),
    (2, 5, 5, 9, "at_risk"),
    (1, 3, 4, 9, "at_risk"),
    (2, 3, 3, 9, "at_risk"),
    (5, 1, 4, 1, "new_customers"),
    (4, 1, 1, 1, "new_customers"),
    (3, 1, 1, 1, "promising"),
    (5, 1, 1, 2, "promising"),
    (1, 1, 4, 1, "lost"),
    (2, 2, 3, 3, "hibernating"),
]


@pytest.mark.parametrize(("r", "f", "m", "orders", "tier"), RULES)
def test_rules_of_the_tiers(r: int, f: int, m: int, orders: int, tier: str) -> None:
    five = np.arange(4.0)
    scheme = Scheme((five, five, five), (5, 5, 5), None)
    scores = [np.array([one]) for one in (r, f, m)]
    assert TIERS[scheme.place(scores, np.array([orders]))[0]] == tier


def test_positions_that_are_thirds_and_single_scores() -> None:
    # four scores of F and M: (1/3 + 2/3) / 2 is .5: loyal. Single scores stand at .5
    scheme = Scheme((np.arange(4.0), np.arange(3.0), np.arange(3.0)), (5, 4, 4), None)
    assert TIERS[scheme.place([np.array([3]), np.array([2]), np.array([3])], np.array([4]))[0]] == "loyal"
    one = Scheme((np.empty(0), np.empty(0), np.empty(0)), (1, 1, 1), None)
    scores = one.scores(Values(np.array([3]), np.array([2]), np.array([1.0])))
    assert [score.tolist() for score in scores] == [[1], [1], [1]]
    assert TIERS[one.place(scores, np.array([2]))[0]] == "loyal"


def test_own_tiers_take_the_first_that_fits() -> None:
    orders = [(f"u{at}", f"2024-01-{at + 1:02d}", float(10 * at)) for at in range(6)]
    tiers = {"big": {"amount": [3]}, "recent": {"recency": [2, 3]}, "nobody": {"recency": [1], "amount": [3]}}
    result = rfm(shop(orders), event="order", bins=(3, 1, 3), tiers=tiers, as_of="2024-02-01")
    assert result.table[["segment", "users"]].to_numpy().tolist() == [
        ["big", 2],
        ["recent", 2],
        ["nobody", 0],
        ["other", 2],
    ]
    assert result.units(segment="recent").tolist() == ["u2", "u3"]
    assert result.units(segment="recent", score="212").tolist() == ["u2", "u3"]
    assert result.units(segment="big", score="212").empty
    assert result.recipe["parameters"]["tiers"] == tiers
    assert result.summary().startswith("Weak evidence, only 6 customers: ‘big’ are 33.3 % of the 6 customers")
    assert np.isnan(result.table["recency"].iloc[2])


# ---- dates --------------------------------------------------------------------------------------------------------

# Two scores of each measure: recency cut at 10 days, frequency at 1 order, amount at 10
MOVES = [
    ("ann", "2024-01-01", 20.0),
    ("ann", "2024-01-28", 5.0),
    ("bea", "2024-01-25", 5.0),
    ("cho", "2024-01-01", 5.0),
    ("cho", "2024-02-27", 50.0),
    ("dan", "2024-02-15", 5.0),
    ("eve", "2024-03-15", 5.0),
]
OWN: dict[str, Any] = {"recency_cuts": [10], "frequency_cuts": [1], "amount_cuts": [10]}
BEST = {"best": {"recency": [2], "amount": [2]}, "small": {"recency": [2]}, "gone": {"recency": [1]}}


def test_moves_between_tiers_by_hand() -> None:
    log = shop(MOVES)
    result = rfm(log, tiers=BEST, dates=["2024-02-01", "2024-03-01"], as_of="2024-04-01", **OWN)
    # 1 February: ann 4 days, 25: best; bea 7 days, 5: small; cho 31 days: gone
    # 1 March: ann 33 and bea 36 days: gone; cho 3 days, 55: best; dan 15 days: gone
    # 1 April: everybody gone, eve is new (17 days)
    moves = result.tables["migration"]
    assert moves[["source_date", "target_date", "source", "target", "users"]].to_numpy().tolist() == [
        ["2024-02-01", "2024-03-01", "best", "gone", 1],
        ["2024-02-01", "2024-03-01", "small", "gone", 1],
        ["2024-02-01", "2024-03-01", "gone", "best", 1],
        ["2024-02-01", "2024-03-01", "(not yet)", "gone", 1],
        ["2024-03-01", "2024-04-01", "best", "gone", 1],
        ["2024-03-01", "2024-04-01", "gone", "gone", 3],
        ["2024-03-01", "2024-04-01", "(not yet)", "gone", 1],
    ]
    assert moves["rate"].tolist() == [1.0] * 7
    assert moves["lower"].iloc[5] == pytest.approx(0.43850, abs=1e-5)  # Wilson of 3 of 3: 3 / (3 + 1.96²)
    assert result.units(source="gone", target="best", date="2024-02-01").tolist() == ["cho"]
    assert result.units(source="gone", date="2024-03-01").tolist() == ["ann", "bea", "dan"]
    assert result.units(target="gone", source="(not yet)", date="2024-03-01").tolist() == ["eve"]
    assert result.table[["segment", "users"]].to_numpy().tolist() == [
        ["best", 0],
        ["small", 0],
        ["gone", 5],
        ["other", 0],
    ]
    with pytest.raises(InputError, match="say which"):
        result.units(source="gone", target="best")
    with pytest.raises(InputError, match="did you mean"):
        result.units(source="gone", date="2024-02-02")


def test_cuts_are_those_of_the_first_date() -> None:
    log = shop(MOVES)
    early = rfm(log, bins=(2, 2, 2), as_of="2024-02-01")
    late = rfm(log, bins=(2, 2, 2), dates=["2024-02-01"], as_of="2024-04-01")
    bounds = ["measure", "score", "lower", "upper"]
    pd.testing.assert_frame_equal(early.tables["cuts"][bounds], late.tables["cuts"][bounds])
    # recencies then 4, 7, 31, the median 7; on 1 April the latest order is 17 days old: all have score 1
    assert set(column(late, "recency_score").values()) == {1}
    assert "cuts of the customers of 2024-02-01" in late.explain()["window"]
    # the tiers at the first date are what one would have said then
    then = column(early, "segment")
    for tier in set(then.values()):
        assert late.units(source=tier).tolist() == [user for user in then if then[user] == tier]


def invented(block_events: int = 1 << 20) -> EventLog:
    """400 orders and refunds of 60 users in 200 days across the London clock change, many at equal times."""
    rng = np.random.default_rng(11)
    day = 86_400_000_000
    times = 1_704_067_200_000_000 + rng.integers(0, 200 * 6, 400) * (day // 6)
    users = rng.integers(0, 60, 400)
    rows = [(f"u{user:02d}", "buy", int(time)) for user, time in zip(users, times, strict=True)]
    amount = [None if at % 17 == 0 else float(value) for at, value in enumerate(rng.choice([-5, 0, 5, 9.5, 20], 400))]
    number = [["p", "q", "r", None][code] for code in rng.integers(0, 4, 400)]
    properties = {"amount": amount, "number": number}
    return make_log(rows, zone="Europe/London", properties=properties, block_events=block_events)


OPTIONS: list[dict[str, Any]] = [
    {},
    {"event": "buy"},
    {"order": "number", "bins": (3, 2, 2)},
    {"dates": ["2024-03-01", "2024-03-31", "2024-05-01"], "as_of": "2024-06-30 12:00"},
    {"event": "buy", "order": "number", "tiers": {"top": {"recency": [4, 5]}}, "dates": ["2024-04-15"]},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_cuts_of_the_log_change_nothing_and_customers_are_conserved(options: dict[str, Any]) -> None:
    whole, parts = rfm(invented(), **options), rfm(invented(1), **options)
    for name in whole.tables:
        pd.testing.assert_frame_equal(whole.tables[name], parts.tables[name])
    assert whole.summary() == parts.summary()
    assert whole.summary("ko") == parts.summary("ko")
    n = len(whole.tables["users"])
    assert whole.table["users"].sum() == whole.tables["grid"]["users"].sum() == n
    assert whole.tables["cuts"].groupby("measure")["users"].sum().tolist() == [n] * 3
    assert whole.table["amount"].sum() == pytest.approx(whole.tables["users"]["amount"].sum())
    assert sum(len(whole.units(segment=tier)) for tier in whole.table["segment"]) == n
    if "migration" not in whole.tables:
        return
    moves = whole.tables["migration"]
    for date, part in moves.groupby("target_date"):
        there = rfm(invented(), **{**options, "dates": None, "as_of": date})
        assert part["users"].sum() == len(there.tables["users"])  # everybody who is a customer by then
        assert part.groupby("source")["rate"].sum().to_numpy() == pytest.approx(1)
    for row in moves.itertuples():
        assert len(whole.units(source=row.source, target=row.target, date=row.source_date)) == row.users


def test_what_comes_after_as_of_changes_nothing() -> None:
    log = invented()
    known = rfm(log, as_of="2024-05-05 05:00")
    cut = rfm(log.between(None, "2024-05-05 05:00"))
    for name in known.tables:
        pd.testing.assert_frame_equal(known.tables[name], cut.tables[name])


# ---- words, errors, picture ---------------------------------------------------------------------------------------


def test_nobody_and_no_money_are_said_first() -> None:
    nobody = rfm(make_log([("a", "view", "2024-01-01")], properties={"amount": [0.0]}))
    assert nobody.sentences[0].write() == "There are no customers: nobody has an order before 2024-01-02."
    assert "고객이 없습니다" in nobody.summary("ko")
    assert all(nobody.tables[name].empty for name in nobody.tables)
    free = rfm(shop([(f"u{at}", "2024-01-01", 0.0) for at in range(40)]), event="order")
    assert free.sentences[0].write().endswith("the net amount is 0, so shares of it mean nothing.")
    assert free.table["share_of_amount"].isna().all()
    for lang in ("en", "ko"):
        assert nobody.figure(lang).layout.title.text
        assert free.figure(lang).layout.title.text


def test_what_is_at_risk_is_said_with_its_money() -> None:
    orders = [(f"u{at:02d}", f"2024-01-{1 + at % 20:02d}", 10.0 + at) for at in range(60)]
    orders += [(f"u{at:02d}", "2024-01-02", 100.0) for at in range(0, 60, 5)]
    result = rfm(shop(orders), as_of="2024-03-01")
    risky = result.table.set_index("segment").loc[["cannot_lose", "at_risk"]]
    said = result.sentences[1].write()
    assert said.startswith(f"{risky['users'].sum()} customers (")
    assert f"{100 * risky['share_of_amount'].sum():.1f} % of the net amount" in said
    assert "‘놓치면 안 될’, ‘이탈 위험’" in result.summary("ko")
    assert set(result.how) == {"unit", "window", "denominator", "n", "zone", "exclusions"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bins": (5, 5)}, "three whole numbers"),
        ({"bins": (5, 0, 5)}, "from 1 to 100"),
        ({"bins": (5, 2.5, 5)}, "three whole numbers"),
        ({"bins": 5}, "three whole numbers"),
        ({"recency_cuts": [3, 1]}, "recency_cuts=.* must be ascending"),
        ({"frequency_cuts": [1, 1]}, "ascending"),
        ({"amount_cuts": ["a"]}, "ascending numbers"),
        ({"amount_cuts": [float("nan")]}, "ascending numbers"),
        ({"amount_cuts": []}, "ascending numbers"),
        ({"tiers": {}}, "must name tiers"),
        ({"tiers": {"x": {"recnecy": [1]}}}, "did you mean 'recency'"),
        ({"tiers": {"x": {"recency": [6]}}}, "whole numbers from 1 to 5"),
        ({"tiers": {"x": {"recency": []}}}, "list scores of recency"),
        ({"tiers": {"x": {"recency": 3}}}, "list scores of recency"),
        ({"tiers": {"x": {}}}, "needs the scores"),
        ({"tiers": {"other": {"recency": [1]}}}, "something else"),
        ({"tiers": {"": {"recency": [1]}}}, "no name"),
        ({"recency_cuts": [1], "tiers": {"x": {"recency": [3]}}}, "from 1 to 2"),
        ({"dates": []}, "list of local times"),
        ({"dates": "2024-02-01"}, "list of local times"),
        ({"dates": ["2024-02-01", "2024-01-15"]}, "must ascend"),
        ({"dates": ["2024-02-01", "2024-02-01"]}, "must ascend"),
        ({"dates": ["2023-01-01"]}, "after the log's first event"),
        ({"dates": ["2025-01-01"]}, "before as_of"),
        ({"dates": ["soon"]}, "not a date"),
        ({"as_of": "2023-01-01"}, "not after the log's first event"),
        ({"event": "ordr"}, "did you mean 'order'"),
    ],
)
def test_errors_say_what_to_do(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        rfm(shop(MOVES), **options)


def test_dates_before_the_first_order_have_no_quantiles() -> None:
    log = make_log([("a", "view", "2024-01-01"), ("a", "order", "2024-02-01")], properties={"amount": [0.0, 5.0]})
    with pytest.raises(InputError, match="begin with a later date"):
        rfm(log, dates=["2024-01-15"])
    own = rfm(log, dates=["2024-01-15"], **OWN)  # own cuts need nobody
    assert own.tables["migration"][["source", "users"]].to_numpy().tolist() == [["(not yet)", 1]]


def test_units_errors() -> None:
    result = rfm(shop(MOVES))
    with pytest.raises(InputError, match="did you mean 'champions'"):
        result.units(segment="champion")
    with pytest.raises(InputError, match="need an answer with dates"):
        result.units(source="loyal")
    with pytest.raises(InputError, match="argument"):
        result.units(tier="loyal")


def test_figure_shows_tiers_and_scores_or_moves() -> None:
    result = rfm(invented())
    drawn = result.figure()
    bars = [trace for trace in drawn.data if trace.type == "bar"]
    assert [trace.name for trace in bars] == ["share of customers", "share of net amount"]
    assert list(bars[0].x) == pytest.approx((100 * result.table["share"]).tolist())
    heat = next(trace for trace in drawn.data if trace.type == "heatmap")
    assert np.asarray(heat.z).sum() == len(result.tables["users"])
    assert "cannot lose  " in drawn.layout.yaxis.ticktext
    assert "놓치면 안 될  " in result.figure("ko").layout.yaxis.ticktext
    assert result.explain("ko")["n"] in result.figure("ko").layout.title.text
    moved = rfm(invented(), dates=["2024-04-01"])
    heat = next(trace for trace in moved.figure("ko").data if trace.type == "heatmap")
    assert np.asarray(heat.z).sum(axis=1) == pytest.approx(1)
    assert len(np.asarray(heat.z)) == moved.tables["migration"]["source"].nunique()

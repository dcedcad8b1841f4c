"""``repurchase``: cases by hand, other programs' estimates, real shops, and stationary buyers at the end of a log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
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
from dangol.questions.repurchase import repurchase
from dangol.questions.rfm import rfm
from tests.logs import make_log

CDNOW = Path(__file__).parents[3] / "shared" / "data" / "cdnow" / "CDNOW_sample.txt"
DAY = 86_400_000_000
START = 1_704_067_200_000_000  # Monday 2024-01-01 UTC


def days_log(days: dict[str, list[float]], **options: Any) -> EventLog:
    """A log of orders at days since Monday 2024-01-01, UTC."""
    rows = [(user, "order", START + round(day * DAY)) for user, own in days.items() for day in own]
    return make_log(rows, **options)


def on(day: float) -> str:
    """The local time of a day since 2024-01-01."""
    return (datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=day)).strftime("%Y-%m-%d %H:%M")


def states(result: Result) -> dict[str, list[str]]:
    """Each buyer's states, period after period."""
    table = result.tables["flags"]
    return {user: part["state"].tolist() for user, part in table.groupby("user")}


# ---- by hand ------------------------------------------------------------------------------------------------------

# The last full day is 29 (30 January). cho's two orders of one day are one purchase.
HAND = {"ann": [0.4, 4.9, 19.0], "bea": [2.5, 27.99], "cho": [28.1, 28.7]}


@pytest.fixture
def hand() -> Result:
    return repurchase(days_log(HAND), event="order", days=[7, 14, 25], churn_days=7, every="1w", as_of=on(30))


def test_labels_by_hand(hand: Result) -> None:
    # D = 7: of days 0, 4, 19 (ann) and 2 (bea) only 0 is followed within 7 days; 4 and 2 are followed later
    columns = ["days", "n", "censored", "labelled", "returned", "users"]
    assert hand.table[columns].to_numpy().tolist() == [[7, 4, 2, 3, 2, 2], [14, 3, 3, 2, 2, 2], [25, 3, 3, 0, 0, 2]]
    row = hand.table.iloc[0]
    # ann 2 of 3, bea 1 of 1, p = 3/4: residuals -1/4 and 1/4; sqrt(2 (1/16 + 1/16)) / 4 = 1/8
    assert row[["rate", "lower", "upper"]].tolist() == pytest.approx([0.75, 0.75 - 1.96 / 8, 0.75 + 1.96 / 8])
    # ann 1 of 2, bea 1 of 1, p = 2/3: residuals -1/3 and 1/3; sqrt(2 · 2/9) / 3 = 2/9
    assert row[["return_rate", "return_lower", "return_upper"]].tolist() == pytest.approx(
        [2 / 3, 2 / 3 - 1.96 * 2 / 9, 1]
    )
    assert hand.units(days=7, labelled=True).tolist() == ["ann", "bea"]
    assert hand.units(days=7, labelled=False).tolist() == ["ann"]
    assert hand.units(days=25).empty


def test_product_limit_by_hand(hand: Result) -> None:
    # waits: 4, 15, 25 ended; 10 (ann), 2 (bea), 1 (cho) still open. At 4 there are 4, at 15 two, at 25 one
    gaps = hand.tables["gaps"]
    assert gaps["days"].tolist() == [4, 15, 25]
    assert gaps["count"].tolist() == [1, 1, 1]
    assert gaps["share"].tolist() == pytest.approx([1 / 3] * 3)
    assert gaps["cumulative"].tolist() == pytest.approx([1 / 3, 2 / 3, 1])
    assert gaps["returned"].tolist() == pytest.approx([1 / 4, 5 / 8, 1])
    percentiles = hand.tables["percentiles"].set_index("percentile")
    assert percentiles["days_observed"].to_dict() == pytest.approx(
        {10: 6.2, 25: 9.5, 50: 15, 75: 20, 80: 21, 90: 23, 95: 24, 99: 24.8}
    )
    assert percentiles["days"].tolist() == [4, 4, 15, 25, 25, 25, 25, 25]
    # after the label: D = 7 and 14 leave 15 (one of two) and 25 (the last); at 25 nobody is labelled
    assert hand.table["return_rate_ever"].tolist()[:2] == [1, 1]
    assert np.isnan(hand.table["return_rate_ever"].iloc[2])
    open_end = repurchase(days_log({"a": [0, 10], "b": [0], "c": [0, 20]}), event="order", days=[5, 15], as_of=on(31))
    # D = 5: days 0 (three times) and 10, 20 are labelled; waits 10, 20, then open ones of 30 (b), 20 (a), 10 (c);
    # at 10 all five are there, at 20 still 20, 30 and the open 20: 1 - 4/5 · 2/3
    assert open_end.table["return_rate_ever"].iloc[0] == pytest.approx(1 - 4 / 5 * 2 / 3)
    # D = 15: of c's 20 days, b's 30 and a's 20 at 20 one returns
    assert open_end.table["return_rate_ever"].iloc[1] == pytest.approx(1 / 3)


def test_periods_and_flags_by_hand(hand: Result) -> None:
    # labels: ann on day 12 (week of the 8th) and 27 (of the 22nd), bea on day 10; ann returns on 19, bea on 27
    table = hand.tables["periods"]
    assert table[["period", "users", "churned", "returned", "complete"]].to_numpy().tolist() == [
        ["2024-01-01", 2, 0, 0, True],
        ["2024-01-08", 2, 2, 0, True],
        ["2024-01-15", 1, 0, 1, True],
        ["2024-01-22", 2, 1, 1, True],
        ["2024-01-29", 2, 0, 0, False],
    ]
    assert table["rate"].tolist() == [0, 1, 0, 0.5, 0]
    assert table["lower"].iloc[1] == pytest.approx(2 / (2 + 1.959963984540054**2))  # Wilson of 2 of 2
    assert states(hand) == {
        "ann": ["active", "churned", "returned", "churned"],
        "bea": ["active", "churned", "lapsed", "returned"],
    }
    assert hand.units(period="2024-01-22", state="churned").tolist() == ["ann"]
    assert hand.units(period="2024-01-22", state="returned").tolist() == ["bea"]
    assert hand.units(period="2024-01-15", state="lapsed").tolist() == ["bea"]
    assert hand.units(period="2024-01-29", state="active").tolist() == ["bea", "cho"]


def test_who_lapses_on_the_first_day_of_a_period_was_at_risk() -> None:
    # day 0 and D = 6: the label falls on day 7, Monday; nobody is at risk after it
    result = repurchase(
        days_log({"a": [0], "b": [25]}), event="order", days=[6], churn_days=6, every="1w", as_of=on(28)
    )
    assert result.tables["periods"][["users", "churned"]].to_numpy().tolist() == [[1, 0], [1, 1], [0, 0], [1, 0]]
    assert np.isnan(result.tables["periods"]["rate"].iloc[2])
    assert states(result) == {"a": ["active", "churned", "lapsed", "lapsed"], "b": ["active"]}


def test_a_buyer_may_churn_and_return_in_one_period() -> None:
    log = days_log({"a": [0, 20], "z": [60]})
    result = repurchase(log, event="order", days=[7], churn_days=7, every="1mo", as_of=on(60))
    january = result.tables["periods"].iloc[0]  # labels on days 8 and 28, back on day 20
    assert (january["users"], january["churned"], january["returned"]) == (1, 1, 1)
    assert states(result) == {"a": ["churned", "lapsed"]}


def test_the_day_of_as_of_ends_waits_but_is_not_judged() -> None:
    # as of noon of day 10; day 9 is the last full one. a comes back on day 10
    log = days_log({"a": [0.1, 10.2], "b": [0.1], "c": [10.3]})
    result = repurchase(log, event="order", days=[5, 9, 10], churn_days=5, every="1w", as_of=on(10.5))
    columns = ["days", "n", "censored", "labelled", "returned"]
    assert result.table[columns].to_numpy().tolist() == [[5, 2, 2, 2, 1], [9, 2, 2, 2, 1], [10, 0, 4, 0, 0]]
    # Kaplan-Meier looks at full days: both waits are open. Were day 10 an event, one return would make it 100 %
    assert result.table["return_rate_ever"].tolist()[:2] == [0, 0]
    assert result.tables["gaps"][["days", "count", "returned"]].to_numpy().tolist() == [[10, 1, 0]]
    week = result.tables["periods"].iloc[1]
    assert (week["users"], week["churned"], week["returned"], week["complete"]) == (0, 0, 1, False)
    first_day = repurchase(log, event="order", days=[1], as_of=on(0.5))
    assert first_day.table[["n", "censored", "users"]].to_numpy().tolist() == [[0, 2, 0]]
    assert first_day.summary().startswith(
        "It is too early to tell: no purchase has 1 full days behind it by 2024-01-01"
    )


def test_days_are_local_and_an_order_is_on_the_day_of_its_first_row() -> None:
    # London, clocks forward on 31 March: 23:30 UTC of the 31st is 1 April
    rows = [("a", "order", "2024-03-31T22:30:00+00:00"), ("a", "order", "2024-03-31T23:30:00+00:00")]
    log = make_log(rows, zone="Europe/London")
    assert repurchase(log, event="order").tables["gaps"]["days"].tolist() == [1]
    assert repurchase(make_log(rows), event="order").tables["gaps"].empty
    both = make_log(rows, zone="Europe/London", properties={"number": ["o1", "o1"]})
    assert repurchase(both, event="order", order="number").tables["gaps"].empty


def test_by_takes_the_first_orders_value() -> None:
    rows = [
        ("a", "view", "2024-01-01"),
        ("a", "order", "2024-01-02"),
        ("a", "order", "2024-01-20"),
        ("b", "order", "2024-01-02"),
        ("c", "view", "2024-02-01"),
    ]
    log = make_log(rows, properties={"shop": ["web", "app", "web", None, "web"]}, attributes={"plan": {"a": "x"}})
    shops = repurchase(log, event="order", days=[7, 30], by="shop")
    assert shops.table[["segment", "days", "n", "labelled", "returned"]].to_numpy().tolist() == [
        ["(none)", 7, 1, 1, 0],
        ["(none)", 30, 1, 1, 0],
        ["app", 7, 2, 2, 1],
        ["app", 30, 1, 0, 0],
    ]
    assert shops.units(days=7, segment="app").tolist() == ["a"]
    assert shops.units(days=7, segment="(none)").tolist() == ["b"]
    assert shops.units(days=7).tolist() == ["a", "b"]
    assert shops.table["lower"].isna().all()  # one buyer each
    plans = repurchase(log, event="order", days=[7], by="plan")
    assert plans.table["segment"].tolist() == ["(none)", "x"]
    alone = repurchase(log, event="order", days=[7, 30])
    for name in ("gaps", "percentiles", "periods"):
        pd.testing.assert_frame_equal(shops.tables[name], alone.tables[name])


# ---- the days after which a customer counts as churned ------------------------------------------------------------


def leavers(stay: int, leave: int) -> dict[str, list[float]]:
    """Buyers who come every 5 days for 300 days, and others who stop after their third purchase."""
    days: dict[str, list[float]] = {f"s{at}": list(range(at % 5, 300, 5)) for at in range(stay)}
    return days | {f"l{at}": [at, at + 5, at + 10] for at in range(leave)}


def test_the_smallest_days_after_which_few_return_are_chosen() -> None:
    result = repurchase(days_log(leavers(40, 35)), event="order", days=[3, 7, 14, 30])
    assert result.table["return_rate_ever"].iloc[0] > 0.9
    assert result.table["return_rate_ever"].tolist()[1:] == [0, 0, 0]
    assert result.sentences[0].values["days"] == 7
    assert result.sentences[0].write() == (
        "After 7 days without a purchase few customers come back: of 35 lapses 0.0 % have ended in another purchase so "
        "far, and an estimated 0.0 % end in one within 289 days of the purchase, the longest time observed."
    )
    assert "churned: 7 days without a purchase" in result.explain()["window"]
    assert result.recipe["parameters"]["churn_days"] is None


def test_without_a_separating_candidate_the_largest_is_taken_and_said() -> None:
    result = repurchase(days_log(leavers(40, 0)), event="order", days=[2, 3])
    assert result.sentences[0].write().startswith("No candidate separates leaving from pausing: even after 3 days, of ")
    assert (
        result.sentences[0].write("ko").startswith("후보 일수 가운데 이탈과 일시적인 공백을 구분해 주는 것이 없습니다.")
    )
    given = repurchase(days_log(leavers(40, 0)), event="order", days=[2, 30], churn_days=3)
    assert given.table["days"].tolist() == [2, 30]
    assert given.sentences[0].write().startswith("At 3 days without a purchase, of ")
    none = repurchase(days_log(leavers(40, 0)), event="order", days=[2, 30], churn_days=30)
    assert none.sentences[0].write().endswith("another came within 30 days: nobody has lapsed.")


# ---- other programs -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def discs() -> pd.DataFrame:
    if not CDNOW.exists():
        pytest.skip("the optional folder ../shared/data with cdnow/CDNOW_sample.txt is absent")
    names = ["master", "user", "date", "units", "value"]
    return pd.read_csv(CDNOW, sep=r"\s+", names=names, dtype={"user": str, "date": str})


@pytest.fixture(scope="module")
def disc_log(discs: pd.DataFrame) -> EventLog:
    source = discs.assign(time=pd.to_datetime(discs["date"]).astype(str))
    return ingest(source, user="user", event="'order'", time="time", amount="value", zone="UTC", properties=["date"])


def purchase_days(discs: pd.DataFrame, end: str) -> pd.DataFrame:
    """One row per customer and day, with the next day and the days left, in plain pandas."""
    days = discs[discs["date"] < end][["user", "date"]].drop_duplicates()
    days["day"] = (pd.to_datetime(days["date"]) - pd.Timestamp("1997-01-01")).dt.days
    days = days.sort_values(["user", "day"])
    days["next"] = days.groupby("user")["day"].shift(-1)
    days["left"] = (pd.to_datetime(end) - pd.Timestamp("1997-01-01")).days - 1 - days["day"]
    return days


def test_cdnow_as_published(discs: pd.DataFrame, disc_log: EventLog) -> None:
    # Fader, Hardie, Lee 2005: 2,357 customers; 39 weeks of calibration; 946 of them repeat, days merged
    result = repurchase(disc_log, event="order", as_of="1997-10-01")
    days = purchase_days(discs, "19971001")
    n = result.how["n"].values
    assert (n["buyers"], n["purchases"], n["gaps"]) == (2357, len(days), days["next"].notna().sum())
    repeats = rfm(disc_log, event="order", order="date", as_of="1997-10-01").tables["users"]["orders"]
    assert ((repeats > 1).sum(), (repeats == 1).sum()) == (946, 1411)
    assert repeats.sum() == n["purchases"]


@pytest.mark.parametrize("end", ["19971001", "19980701"])
def test_cdnow_equals_pandas_and_statsmodels(discs: pd.DataFrame, disc_log: EventLog, end: str) -> None:
    from statsmodels.api import OLS
    from statsmodels.duration.survfunc import SurvfuncRight

    days = purchase_days(discs, end)
    result = repurchase(disc_log, event="order", as_of=f"{end[:4]}-{end[4:6]}-{end[6:]}")
    gap = days["next"] - days["day"]
    for row in result.table.itertuples():
        known = days["left"] >= row.days
        labelled = known & ~(gap <= row.days)
        assert (row.n, row.censored) == (known.sum(), (~known).sum())
        assert (row.labelled, row.returned) == (labelled.sum(), (labelled & gap.notna()).sum())
        assert row.users == days.loc[known, "user"].nunique()
        # a mean with cluster-robust errors is the linearised ratio of clusters
        for found, inside, hit in ((row[6:8], known, labelled), (row[10:12], labelled, gap.notna())):
            y = hit[inside].to_numpy(float)
            codes = pd.factorize(days.loc[inside, "user"])[0]
            error = OLS(y, np.ones(len(y))).fit(cov_type="cluster", cov_kwds={"groups": codes}).bse[0]
            assert found == pytest.approx((max(y.mean() - 1.96 * error, 0), min(y.mean() + 1.96 * error, 1)))
        # statsmodels' Kaplan-Meier, from the label on
        wait = gap[labelled].fillna(days["left"][labelled]) - row.days
        limit = SurvfuncRight(wait + 1, gap[labelled].notna().astype(int))  # it wants times above zero
        assert row.return_rate_ever == pytest.approx(1 - limit.surv_prob[-1])
    limit = SurvfuncRight(gap.fillna(days["left"]) + 1, gap.notna().astype(int))
    share = dict(zip((limit.surv_times - 1).astype(int).tolist(), (1 - limit.surv_prob).tolist(), strict=True))
    gaps = result.tables["gaps"].set_index("days")
    assert gaps["count"].to_dict() == gap.value_counts().sort_index().to_dict()
    assert gaps["returned"].to_dict() == pytest.approx({day: share[day] for day in gaps.index})
    percentiles = result.tables["percentiles"]
    assert percentiles["days_observed"].tolist() == pytest.approx(
        np.quantile(gap.dropna(), percentiles["percentile"] / 100).tolist()
    )


def test_shop_equals_pandas() -> None:
    lines = pd.read_parquet(online_retail()).dropna(subset="CustomerID")
    log = ingest(
        online_retail(),
        user="CustomerID",
        event="CASE WHEN InvoiceNo LIKE 'C%' THEN 'cancel' ELSE 'order' END",
        time="InvoiceDate",
        amount="Quantity * UnitPrice",
        collapse=["InvoiceNo"],
        zone="Europe/London",
        properties=["InvoiceNo"],
    )
    result = repurchase(log, event="order", order="InvoiceNo", churn_days=90)
    bought = lines[~lines["InvoiceNo"].str.startswith("C")]
    day = (pd.to_datetime(bought["InvoiceDate"]).dt.normalize() - pd.Timestamp("2010-12-01")).dt.days
    days = pd.DataFrame({"user": bought["CustomerID"], "day": day}).drop_duplicates().sort_values(["user", "day"])
    days["next"] = days.groupby("user")["day"].shift(-1)
    last = (pd.Timestamp("2011-12-08") - pd.Timestamp("2010-12-01")).days  # the log ends on the 9th, at 13:00
    row = result.table.set_index("days").loc[90]
    known = days[days["day"] + 90 <= last]
    labelled = known[~(known["next"] - known["day"] <= 90)]
    assert row[["n", "labelled", "returned"]].tolist() == [len(known), len(labelled), labelled["next"].notna().sum()]
    labelled = labelled.assign(label=pd.Timestamp("2010-12-01") + pd.to_timedelta(labelled["day"] + 91, unit="D"))
    labelled = labelled[labelled["label"] <= pd.Timestamp("2011-12-08")]
    churned = labelled.groupby(labelled["label"].dt.strftime("%Y-%m"))["user"].nunique()
    periods = result.tables["periods"].set_index("period")
    assert periods.loc[periods["churned"] > 0, "churned"].to_dict() == churned.to_dict()
    assert len(result.units(period="2011-06", state="churned")) == churned["2011-06"]


# ---- stationary buyers: the end of the log changes nothing (METHODS.md, fact 6) -----------------------------------


def stationary(seed: int, buyers: int = 3000, days: int = 180) -> np.ndarray[Any, Any]:
    """Whether each buyer buys on each day: independently, one day in 25, from an entry in the first 25 days on."""
    rng = np.random.default_rng(seed)
    bought = rng.random((buyers, days)) < 1 / 25
    entry = rng.integers(0, 25, buyers)
    bought[np.arange(buyers), entry] = True
    bought[np.arange(days) < entry[:, None]] = False
    return bought


@pytest.mark.slow
def test_the_end_of_the_log_does_not_raise_the_rate() -> None:
    bought = stationary(8)
    user, day = np.nonzero(bought)
    log = days_log({f"u{one:04d}": day[user == one].astype(float).tolist() for one in range(len(bought))})
    truth = (1 - 1 / 25) ** 25  # .360 of purchases have no other within 25 days
    following = np.array([bought[u, d + 1 : d + 26].any() for u, d in zip(user, day, strict=True)])
    naive = {moment: 1 - following[day == moment].mean() for moment in (100, 140, 170, 178)}
    assert abs(naive[100] - truth) < 0.05
    assert naive[170] > 0.6  # the rule that does not ask whether 25 days have passed rises by itself
    assert naive[178] > 0.9
    for until in (60, 100, 140, 170, 180):
        row = repurchase(log, event="order", days=[25], as_of=on(until)).table.iloc[0]
        error = (row["upper"] - row["lower"]) / 2 / 1.96
        assert abs(row["rate"] - truth) < 3.5 * error, until
        assert row["n"] == (day + 25 <= until - 1).sum()
    # no decided label reaches beyond the end, and the label of a decided purchase never changes
    early, late = (repurchase(log, event="order", days=[25], as_of=on(until)) for until in (150, 180))
    inside = day <= 149 - 25
    assert early.table["labelled"].iloc[0] == (~following[inside]).sum()
    assert late.table["labelled"].iloc[0] == (~following[day <= 179 - 25]).sum()
    # churn by week stays level, too, up to the last finished week
    weeks = repurchase(log, event="order", days=[25], churn_days=25, every="1w", as_of=on(180)).tables["periods"]
    rates = weeks.loc[weeks["complete"], "rate"].to_numpy()[10:]
    assert len(rates) == 15
    assert abs(rates[-3:].mean() - rates[:-3].mean()) < 0.01


@pytest.mark.slow
def test_intervals_cover_though_buyers_differ() -> None:
    # buyers with rates from one in 200 to one in 10: purchases of a buyer hang together. 200 draws of 60 buyers
    rng = np.random.default_rng(4)
    rates = 1 / rng.integers(10, 200, 20_000)
    first = rng.integers(0, 60, len(rates))
    bought = rng.random((len(rates), 120)) < rates[:, None]
    bought[np.arange(len(rates)), first] = True
    bought[np.arange(120) < first[:, None]] = False
    user, day = np.nonzero(bought[:, :96])
    lapsed = np.array([not bought[u, d + 1 : d + 25].any() for u, d in zip(user, day, strict=True)])
    truth = lapsed[day + 24 <= 119].mean()
    covered = 0
    for _ in range(200):
        chosen = rng.choice(len(rates), 100, replace=False)
        days = {f"u{one:05d}": np.flatnonzero(bought[one]).astype(float).tolist() for one in chosen}
        row = repurchase(days_log(days), event="order", days=[24], as_of=on(120)).table.iloc[0]
        covered += row["lower"] <= truth <= row["upper"]
    assert 0.89 <= covered / 200 <= 0.985  # 95 % ± three standard errors; few buyers make it a little low


# ---- what must always hold ----------------------------------------------------------------------------------------


def invented(block_events: int = 1 << 20) -> EventLog:
    """400 events of 50 users in 150 days across the London clock change, many at equal times."""
    rng = np.random.default_rng(21)
    times = START + rng.integers(0, 150 * 6, 400) * (DAY // 6)
    users, acts = rng.integers(0, 50, 400), rng.integers(0, 4, 400)
    rows = [(f"u{u:02d}", "buy" if act else "view", int(time)) for u, act, time in zip(users, acts, times, strict=True)]
    amount = [float(value) for value in rng.choice([0, 5, 9.5, -3], 400)]
    number = [["p", "q", None][code] for code in rng.integers(0, 3, 400)]
    plan = {f"u{user:02d}": [1.0, 2.0, None][user % 3] for user in range(50)}
    return make_log(
        rows,
        zone="Europe/London",
        properties={"amount": amount, "number": number},
        attributes={"plan": plan},
        block_events=block_events,
    )


OPTIONS: list[dict[str, Any]] = [
    {},
    {"event": "buy", "days": [3, 10, 40], "every": "1w"},
    {"event": "buy", "order": "number", "by": "plan", "every": "1d", "churn_days": 9},
    {"by": "number", "days": (5, 20), "every": "1q", "as_of": "2024-05-05 05:00"},
    {"event": "buy", "churn_days": 400, "as_of": "2025-06-01"},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_cuts_of_the_log_change_nothing_and_units_are_the_users(options: dict[str, Any]) -> None:
    whole, parts = repurchase(invented(), **options), repurchase(invented(1), **options)
    for name in whole.tables:
        pd.testing.assert_frame_equal(whole.tables[name], parts.tables[name])
    assert whole.summary() == parts.summary()
    assert whole.summary("ko") == parts.summary("ko")
    n = whole.how["n"].values
    table = whole.table
    assert (table["labelled"] <= table["n"]).all()
    assert (table["returned"] <= table["labelled"]).all()
    assert set((table["n"] + table["censored"]).groupby(table["days"]).sum()) == {n["purchases"]}
    assert whole.tables["gaps"]["count"].sum() == n["gaps"] == n["purchases"] - n["buyers"]
    for row in table.iloc[:: max(len(table) // 4, 1)].itertuples():
        where = {"days": row.days} | ({"segment": row.segment} if "by" in options else {})
        yes, no = set(parts.units(**where, labelled=True)), set(parts.units(**where, labelled=False))
        assert len(yes | no) == row.users
    flags = whole.tables["flags"]
    periods = whole.tables["periods"]
    for row in periods[periods["complete"]].iloc[::3].itertuples():
        own = flags[flags["period"] == row.period]
        assert (own["state"] == "churned").sum() == row.churned <= row.users
        assert (own["state"] != "lapsed").sum() == row.users
        for state, part in own.groupby("state"):
            assert sorted(part["user"]) == parts.units(period=row.period, state=state).tolist()


def test_what_comes_after_as_of_changes_nothing() -> None:
    known = repurchase(invented(), event="buy", as_of="2024-04-05 05:00")
    cut = repurchase(invented().between(None, "2024-04-05 05:00"), event="buy")
    for name in known.tables:
        pd.testing.assert_frame_equal(known.tables[name], cut.tables[name])


# ---- words, errors, picture ---------------------------------------------------------------------------------------


def test_weakness_and_nobody_are_said_first(hand: Result) -> None:
    assert (
        hand.sentences[0].write().startswith("Weak evidence, only 2 buyers: At 7 days without a purchase, of 3 lapses")
    )
    assert hand.sentences[0].write("ko").startswith("구매자가 2명뿐이라 근거가 약합니다. 7일 동안")
    said = hand.summary()
    assert "75.0 % of 4 purchases were not followed by another within 7 days (95 % interval 50.5 % to 99.5 %" in said
    assert "1 of 2 customers at risk reached 7 days without a purchase and churned (50.0 %; 95 % interval " in said
    assert "2 of 6 purchases have not had 7 full days yet (33.3 %): they are left out, not counted as lapsed." in said
    assert set(hand.how) == {"unit", "window", "denominator", "n", "zone", "exclusions"}
    nobody = repurchase(
        make_log([("a", "view", "2024-01-01"), ("b", "order", "2024-02-01")]), event="order", as_of=on(9)
    )
    assert nobody.sentences[0].write() == "There are no buyers: nobody has an order before 2024-01-10 00:00."
    assert all(nobody.tables[name].empty for name in nobody.tables)
    once = repurchase(days_log({"a": [0], "b": [3]}), event="order", days=[1])
    assert "No buyer has bought on a second day." in once.summary()
    for result in (nobody, once):
        for lang in ("en", "ko"):
            assert result.figure(lang).layout.title.text


def test_segments_are_compared_in_words() -> None:
    days: dict[str, list[float]] = {f"s{at}": list(range(0, 90, 5)) for at in range(40)}
    days |= {f"l{at}": [at % 9, 50 + at % 9] for at in range(40)}
    plan = {user: "단골" if user.startswith("s") else "뜨내기" for user in days}
    result = repurchase(days_log(days, attributes={"plan": plan}), event="order", by="plan", churn_days=10)
    assert "most purchases lapse at 10 days for ‘뜨내기’ (100.0 % of" in result.summary()
    assert "‘단골’에서 가장 낮습니다" in result.summary("ko")
    names = {trace.name for trace in result.figure("ko").data if trace.xaxis == "x2"}
    assert names == {"단골", "뜨내기"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"days": []}, "ascending whole numbers"),
        ({"days": [30, 7]}, "ascending whole numbers"),
        ({"days": [7, 7]}, "ascending whole numbers"),
        ({"days": [0, 7]}, "ascending whole numbers"),
        ({"days": [7.5]}, "ascending whole numbers"),
        ({"days": "30d"}, "ascending whole numbers"),
        ({"days": 30}, "ascending whole numbers"),
        ({"churn_days": 0}, "whole number of days"),
        ({"churn_days": "30d"}, "whole number of days"),
        ({"every": "6h"}, "shorter than a day"),
        ({"every": "30"}, "length of time"),
        ({"event": "oder"}, "did you mean 'order'"),
        ({"event": None}, "name what a purchase is"),
        ({"order": "nmber"}, "is not in the log"),
        ({"by": "user"}, "holds ids"),
        ({"by": "cty"}, "is not in the log"),
        ({"as_of": "2023-12-31"}, "not after the log's first event"),
        ({"as_of": "soon"}, "not a date"),
    ],
)
def test_errors_say_what_to_do(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        repurchase(days_log(HAND), **{"event": "order", **options})


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({}, "needs days="),
        ({"days": 7, "period": "2024-01-01", "state": "active"}, "needs days="),
        ({"period": "2024-01-01"}, "needs days="),
        ({"days": 8}, "it has 7, 14, 25"),
        ({"days": 7, "segment": "x"}, "broken down with by="),
        ({"period": "2024-01-02", "state": "active"}, "did you mean '2024-01-"),
        ({"period": "2024-01-01", "state": "gone"}, "'active' or 'churned'"),
        ({"period": "2024-01-01", "state": "active", "segment": "x"}, "leave out segment="),
        ({"day": 7}, "argument"),
    ],
)
def test_units_errors(hand: Result, where: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        hand.units(**where)


def test_figure_hatches_what_is_not_over(hand: Result) -> None:
    drawn = hand.figure()
    curves = {trace.name: trace for trace in drawn.data if trace.type == "scatter"}
    assert list(curves["of all purchases"].y) == pytest.approx([0, 25, 62.5, 100])
    assert list(curves["lapsed"].y) == pytest.approx([75, 200 / 3, 0])
    finished, rest = [trace for trace in drawn.data if trace.type == "bar"]
    assert list(finished.y) == pytest.approx([0, 100, 0, 50])
    assert rest.marker.pattern.shape == "/"
    assert list(rest.x) == ["2024-01-29"]
    texts = " ".join(note.text for note in drawn.layout.annotations)
    assert "hatched: not over yet" in texts
    assert "3 buyers, 6 purchase days, 3 gaps" in drawn.layout.title.text
    assert "이탈률(7일 기준)" in " ".join(note.text for note in hand.figure("ko").layout.annotations)

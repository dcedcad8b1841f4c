"""``lifecycle``: the published vector, cases counted by hand, identities, its words, errors and figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dangol.core.errors import InputError
from dangol.core.result import Result
from dangol.log.eventlog import EventLog
from dangol.questions.lifecycle import lifecycle
from tests.logs import make_log, micros

SHOP = Path(__file__).parents[3] / "shared" / "data" / "online_retail" / "online_retail.csv.gz"
STATES = ["new", "returning", "resurrected", "dormant"]


def states(result: Result) -> dict[str, list[int]]:
    """Period -> [new, returning, resurrected, dormant]."""
    table = result.table
    return dict(zip(table["period"], table[STATES].to_numpy().tolist(), strict=True))


def invented(seed: int, *, zone: str = "UTC", block_events: int = 1 << 20) -> EventLog:
    """Sixty users with bursts of activity over forty days, two plans and a channel that changes between events."""
    random = np.random.default_rng(seed)
    rows, channels = [], []
    begin = micros("2024-03-01", zone)
    for user in range(60):
        size = int(random.integers(1, 25))
        days = random.integers(0, 40, size) // int(random.integers(1, 12))
        for day in days:
            rows.append((f"u{user:02d}", str(random.choice(["a", "b"])), begin + int(day * 86_400_000_000)))
            channels.append(str(random.choice(["web", "app"])) if random.random() < 0.8 else None)
    plans = {f"u{user:02d}": ["free", "paid"][user % 2] for user in range(55)}
    return make_log(
        rows, zone=zone, properties={"channel": channels}, attributes={"plan": plans}, block_events=block_events
    )


# ---- the published vector -----------------------------------------------------------------------------------------

# PostHog's test of the lifecycle query, one group by day: active on these days of January; new 9; returning
# 12, 13, 18, 19; resurrecting 11, 15, 17; dormant 10, 14, 16
POSTHOG = (9, 11, 12, 13, 15, 17, 18, 19)


def test_posthog_vector() -> None:
    result = lifecycle(make_log([("p", "$pageview", f"2020-01-{day:02d} 12:00") for day in POSTHOG]), every="1d")
    found = {
        state: [int(name[-2:]) for name, counts in states(result).items() if counts[place]]
        for place, state in enumerate(STATES)
    }
    assert found == {
        "new": [9],
        "returning": [12, 13, 18, 19],
        "resurrected": [11, 15, 17],
        "dormant": [10, 14, 16],
    }
    assert result.units(period="2020-01-14", state="dormant").tolist() == ["p"]
    assert result.units(period="2020-01-17", state="resurrected").tolist() == ["p"]


# ---- by hand ------------------------------------------------------------------------------------------------------

# Weeks begin on Monday 2024-01-01, 01-08, 01-15, 01-22; as_of is Wed 24th 10:00, so that the last one is not over.
WEEKS = [
    ("ann", "visit", "2024-01-01 00:00"),
    ("ann", "visit", "2024-01-08 12:00"),
    ("ann", "order", "2024-01-23 12:00"),
    ("bea", "visit", "2024-01-07 23:59"),
    ("bea", "order", "2024-01-08 00:00"),
    ("cho", "order", "2024-01-02 09:00"),
    ("dan", "visit", "2024-01-15 10:00"),
    ("dan", "visit", "2024-01-24 09:30"),
]


def test_weeks_by_hand() -> None:
    result = lifecycle(make_log(WEEKS))
    table = result.table
    assert table.columns.tolist() == [
        *("period", "start", "users", "new", "returning", "resurrected", "dormant"),
        *("return_rate", "lower", "upper", "quick_ratio", "complete"),
    ]
    assert states(result) == {
        "2024-01-01": [3, 0, 0, 0],
        "2024-01-08": [0, 2, 0, 1],  # cho does not come
        "2024-01-15": [1, 0, 0, 2],  # ann and bea do not
        "2024-01-22": [0, 1, 1, 0],  # dan returns, ann is resurrected; cho is dormant once only
    }
    assert table["users"].tolist() == [3, 2, 1, 2]
    assert table["complete"].tolist() == [True, True, True, False]
    assert table["return_rate"].tolist() == pytest.approx([np.nan, 2 / 3, 0, 1], nan_ok=True)
    assert table["quick_ratio"].tolist() == pytest.approx([np.nan, 0, 1 / 2, np.nan], nan_ok=True)
    # Wilson's formula by hand, 2 of 3: z = 1.96, (2/3 + z²/6 ± z·√(2/9/3 + z²/36)) / (1 + z²/3)
    assert table.loc[1, ["lower", "upper"]].tolist() == pytest.approx([0.2077, 0.9385], abs=5e-5)
    assert table["start"].dt.strftime("%Y-%m-%d %H:%M").tolist()[1] == "2024-01-08 00:00"
    summary = result.tables["summary"].set_index("measure")["value"].to_dict()
    assert summary == pytest.approx(
        {
            "periods": 3,
            "mean_users": 2.0,
            "mean_return_rate": 2 / 5,  # 2 of 3 and 0 of 2
            "mean_quick_ratio": 1 / 3,  # gained 0 and 1, lost 1 and 2
            "net_change": -1,
        }
    )


def test_units_by_hand() -> None:
    result = lifecycle(make_log(WEEKS))
    assert result.units(period="2024-01-01").tolist() == ["ann", "bea", "cho"]
    assert result.units(period="2024-01-08", state="returning").tolist() == ["ann", "bea"]
    assert result.units(period="2024-01-08", state="dormant").tolist() == ["cho"]
    assert result.units(period="2024-01-15", state="dormant").tolist() == ["ann", "bea"]
    assert result.units(period="2024-01-15", state="new").tolist() == ["dan"]
    assert result.units(period="2024-01-22", state="active").tolist() == ["ann", "dan"]
    assert result.units(period="2024-01-01", state="dormant").tolist() == []


def test_an_event_makes_active() -> None:
    result = lifecycle(make_log(WEEKS), event="order")
    assert states(result) == {
        "2024-01-01": [1, 0, 0, 0],
        "2024-01-08": [1, 0, 0, 1],
        "2024-01-15": [0, 0, 0, 1],
        "2024-01-22": [1, 0, 0, 0],
    }
    assert result.units(period="2024-01-15", state="dormant").tolist() == ["bea"]


def test_segments_by_hand() -> None:
    channel = ["ad", "web", None, "web", "ad", None, "ad", "web"]
    log = make_log(
        WEEKS,
        properties={"channel": channel},
        attributes={"age": {"ann": 30, "bea": 20, "cho": 30}, "city": {"ann": "서울"}},
    )
    # first events: ann ad, bea web, cho none, dan ad
    table = lifecycle(log, by="channel").table
    assert table.columns[0] == "segment"
    assert table["segment"].unique().tolist() == ["(none)", "ad", "web"]  # the order of the column's names
    ad = table[table["segment"] == "ad"]
    assert ad[STATES].to_numpy().tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [1, 0, 0, 1], [0, 1, 1, 0]]
    # first orders: ann none (row 2), bea ad, cho none
    orders = lifecycle(log, by="channel", event="order")
    assert orders.table.groupby("segment")["new"].sum().to_dict() == {"(none)": 2, "ad": 1}
    assert orders.units(period="2024-01-08", segment="ad").tolist() == ["bea"]
    ages = lifecycle(log, by="age")
    assert ages.table.groupby("segment")["new"].sum().to_dict() == {"20": 1, "30": 2, "(none)": 1}
    assert ages.units(period="2024-01-08", state="dormant", segment="30").tolist() == ["cho"]
    assert ages.units(period="2024-01-08", state="dormant", segment="20").tolist() == []
    assert lifecycle(log, by="city").units(period="2024-01-01", segment="서울").tolist() == ["ann"]


def test_as_of_and_views() -> None:
    log = make_log(WEEKS)
    earlier = lifecycle(log, as_of="2024-01-15")  # the very end of the second week
    assert states(earlier) == {"2024-01-01": [3, 0, 0, 0], "2024-01-08": [0, 2, 0, 1]}
    assert earlier.table["complete"].all()
    later = lifecycle(log, as_of="2024-02-05")
    assert states(later)["2024-01-29"] == [0, 0, 0, 2]  # an empty period after the last event
    assert later.table["period"].tolist()[-1] == "2024-01-29"
    part = lifecycle(log.between("2024-01-08", None))
    assert states(part)["2024-01-08"] == [2, 0, 0, 0]  # new in the view
    visits = lifecycle(log.where("event", "==", "visit"))
    assert states(visits)["2024-01-08"] == [0, 1, 0, 1]


def test_days_follow_the_clock_of_the_zone() -> None:
    # New York, 2024-03-10 has 23 hours, 2024-11-03 has 25: local midnights decide, not 24 hours
    rows = [
        ("u", "a", time) for time in ("2024-03-09 23:59", "2024-03-10 00:00", "2024-03-10 23:59", "2024-03-12 00:00")
    ]
    result = lifecycle(make_log(rows, zone="America/New_York"), every="1d")
    assert states(result) == {
        "2024-03-09": [1, 0, 0, 0],
        "2024-03-10": [0, 1, 0, 0],
        "2024-03-11": [0, 0, 0, 1],
        "2024-03-12": [0, 0, 1, 0],
    }


def test_hours_and_months() -> None:
    rows = [("u", "a", time) for time in ("2024-01-31 23:30", "2024-02-01 00:10", "2024-02-01 02:00")]
    hours = states(lifecycle(make_log(rows), every="1h"))
    assert hours == {
        "2024-01-31 23:00": [1, 0, 0, 0],
        "2024-02-01 00:00": [0, 1, 0, 0],
        "2024-02-01 01:00": [0, 0, 0, 1],
        "2024-02-01 02:00": [0, 0, 1, 0],
    }
    assert states(lifecycle(make_log(rows), every="1mo")) == {"2024-01": [1, 0, 0, 0], "2024-02": [0, 1, 0, 0]}


# ---- what holds for every log -------------------------------------------------------------------------------------


@pytest.mark.parametrize("every", ["1d", "3d", "1w", "1mo", "6h"])
@pytest.mark.parametrize("by", [None, "plan", "channel"])
def test_identities(every: str, by: str | None) -> None:
    for seed in range(3):
        result = lifecycle(invented(seed), every=every, by=by)
        parts = [part for _, part in result.table.groupby("segment")] if by else [result.table]
        for part in parts:
            users = part["users"].to_numpy()
            before = np.concatenate([[0], users[:-1]])
            assert (users == part[["new", "returning", "resurrected"]].sum(axis=1)).all()
            assert (part["dormant"].to_numpy() == before - part["returning"].to_numpy()).all()
            assert part["quick_ratio"].notna().equals(part["dormant"] > 0)
        assert result.table["new"].sum() == 60


@pytest.mark.parametrize("options", [{}, {"event": "a"}, {"by": "channel"}, {"by": "plan", "every": "1d"}])
def test_blocks_change_nothing(options: dict[str, Any]) -> None:
    whole = lifecycle(invented(1), **options)
    for size in (1, 7, 64):
        cut = lifecycle(invented(1, block_events=size), **options)
        pd.testing.assert_frame_equal(whole.table, cut.table)
        pd.testing.assert_frame_equal(whole.tables["summary"], cut.tables["summary"])
        assert whole.summary() == cut.summary()


def test_units_are_the_counts() -> None:
    result = lifecycle(invented(2), every="1w", by="channel", event="b")
    for row in result.table.to_dict("records"):
        for state in STATES:
            found = result.units(period=row["period"], state=state, segment=row["segment"])
            assert len(found) == row[state]
        assert len(result.units(period=row["period"], segment=row["segment"])) == row["users"]


def test_the_shop_equals_pandas() -> None:
    if not SHOP.exists():
        pytest.skip("the optional folder ../shared/data with online_retail.csv.gz is absent")
    lines = pd.read_csv(SHOP, dtype=str, usecols=["InvoiceNo", "InvoiceDate", "CustomerID"]).dropna()
    kept = lines[~lines["InvoiceNo"].str.startswith("C")].drop_duplicates()
    local = pd.to_datetime(kept["InvoiceDate"])
    utc = local.dt.tz_localize("Europe/London").dt.tz_convert("UTC").dt.tz_localize(None)
    rows = list(
        zip(kept["CustomerID"], ["order"] * len(kept), utc.astype("datetime64[us]").astype("int64"), strict=True)
    )
    table = lifecycle(make_log(rows, zone="Europe/London"), every="1mo").table
    # witness: sets of customers by month, from plain pandas
    months = local.dt.to_period("M")
    sets = [set(kept.loc[months == month, "CustomerID"]) for month in pd.period_range(months.min(), months.max())]
    seen: set[str] = set()
    expected = []
    for place, active in enumerate(sets):
        before = sets[place - 1] if place else set()
        expected.append([len(active - seen), len(active & before), len((active & seen) - before), len(before - active)])
        seen |= active
    assert table[STATES].to_numpy().tolist() == expected
    assert table["users"].iloc[0] == 885  # ../shared/data/README.md: the cohort of 2010-12


# ---- words, errors, figure ----------------------------------------------------------------------------------------


def crowd() -> list[tuple[str, str, str]]:
    """Three weeks: 40, 60, 50 users. Week 2: 30 return, 30 new. Week 3: 40 return, 5 resurrected, 5 new."""
    weeks = {
        "2024-01-02": range(40),
        "2024-01-09": [*range(30), *range(40, 70)],
        "2024-01-16": [*range(40, 70), *range(10), *range(30, 35), *range(70, 75)],
        "2024-01-22": range(3),
    }
    return [(f"u{user:02d}", "visit", day) for day, users in weeks.items() for user in users]


def test_sentences() -> None:
    result = lifecycle(make_log(crowd()))
    assert states(result)["2024-01-15"] == [5, 40, 5, 20]
    assert [sentence.write() for sentence in result.sentences] == [
        "In the last finished week (2024-01-15) 50 users were active, −16.7 % against the 60 of the week before: 5 new "
        "and 5 resurrected came in, 20 went dormant.",
        "Of those who came and went, the new users changed most: 5 after 30 in the week before (−83.3 %).",
        "On average 70.0 % of the active users of a week come back in the next (finished comparisons: 2); for each "
        "user who went dormant 1.33 were gained (40 against 30, users counted anew in each week).",
        "The week of 2024-01-22 is not over by 2024-01-23 00:00 (3 active so far): whoever has not come yet counts as "
        "dormant so far, and it is in no average.",
    ]
    assert result.sentences[0].write("ko") == (
        "마지막으로 끝난 주(2024-01-15)의 활성 사용자는 50명입니다(바로 앞 주 60명 대비 −16.7 %). 신규 5명과 복귀 "
        "5명이 들어오고 20명이 휴면이 되었습니다."
    )
    assert list(result.how) == ["unit", "window", "denominator", "n", "zone", "exclusions"]
    assert "in the first period all are new" in result.explain()["exclusions"]
    assert result.explain("ko")["window"] == "달력 기준 1주 단위, 2024-01-23 00:00까지"
    assert result.recipe["parameters"] == {"every": "1w", "event": None, "by": None, "as_of": None}


def test_sentences_by_segment() -> None:
    # users 0 to 19 are paid: 20 and 10 come back of 20 and 20; the others: 10 and 30 of 20 and 40
    plans = {user: "유료" if int(user[1:]) < 20 else "무료" for user, _, _ in crowd()}
    result = lifecycle(make_log(crowd(), attributes={"plan": plans}), by="plan")
    assert result.sentences[3].write() == (
        "By plan, most come back in the next week for '유료' (75.0 % of 40) and fewest for '무료' (66.7 % of 60); "
        "users count once in every week, segments with fewer than 30 are left out."
    )
    assert "plan으로 나누면 다음 주에도 활동하는 비율은 ‘유료’에서 가장 높고" in result.sentences[3].write("ko")


def test_weak_evidence_is_said_first() -> None:
    few = lifecycle(make_log(WEEKS))
    assert few.sentences[0].write().startswith("Weak evidence, with at most 2 active in a week: in the last finished")
    assert few.sentences[0].write("ko").startswith("활성 사용자가 많아야 2명이라 근거가 약합니다.")
    assert "few users" in few.figure().layout.title.text
    young = lifecycle(make_log(WEEKS), every="1mo")
    assert young.sentences[0].write() == (
        "It is too early to tell how the active users change: two finished periods are needed, and 0 of a month each "
        "had ended by 2024-01-24 10:00 (users so far: 4)."
    )
    assert "아직 이릅니다" in young.summary("ko")
    one = lifecycle(make_log(WEEKS), as_of="2024-01-08")
    assert one.sentences[1].write().startswith("In the only finished week (2024-01-01) 3 users were active")
    second = lifecycle(make_log(crowd()), as_of="2024-01-15").sentences[0].write()
    assert second.endswith("(the log begins within the week before).")


def test_nobody() -> None:
    log = make_log(WEEKS).users(["dan"])
    result = lifecycle(log, event="order")
    assert result.summary() == "There are no users: this part of the log holds no event 'order'."
    assert "‘order’ 이벤트가 없습니다" in result.summary("ko")
    assert all(result.tables[name].empty for name in result.tables)
    assert result.table.columns.tolist()[:3] == ["period", "start", "users"]
    assert result.units(period="2024-01-15").tolist() == []
    for lang in ("en", "ko"):
        assert not result.figure(lang).data


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"every": "7"}, "length of time"),
        ({"every": 7}, "needs a unit"),
        ({"every": "30m"}, "not a calendar period"),
        ({"event": "visits"}, "did you mean 'visit'"),
        ({"by": "cty"}, "did you mean 'city'"),
        ({"by": "user"}, "holds ids"),
        ({"as_of": "soon"}, "not a date"),
        ({"as_of": "2023-12-31"}, "not after"),
        ({"every": "1h", "as_of": "2154-01-01"}, "use a longer period"),
    ],
)
def test_errors_say_what_to_do(options: dict[str, Any], message: str) -> None:
    log = make_log(WEEKS, attributes={"city": {"ann": "x"}})
    with pytest.raises(InputError, match=message):
        lifecycle(log, **options)


def test_units_errors() -> None:
    result = lifecycle(make_log(WEEKS))
    with pytest.raises(InputError, match="period '2024-01-02' is not in the answer; did you mean"):
        result.units(period="2024-01-02")
    with pytest.raises(InputError, match="state='gone' is not known"):
        result.units(period="2024-01-01", state="gone")
    with pytest.raises(InputError, match="by="):
        result.units(period="2024-01-01", segment="x")
    with pytest.raises(InputError, match="argument"):
        result.units(state="new")
    with pytest.raises(InputError, match="did you mean 'visit'"):
        lifecycle(make_log(WEEKS), by="event").units(period="2024-01-01", segment="visits")


def test_figure_shows_the_table() -> None:
    result = lifecycle(make_log(crowd()))
    figure = result.figure()
    bars = {(trace.name): list(trace.y) for trace in figure.data if trace.type == "bar"}
    assert bars["new"] == [40, 30, 5]
    assert bars["dormant"] == [0, -10, -20]
    assert bars["dormant, not over yet"] == [-47]
    hatched = [trace for trace in figure.data if trace.type == "bar" and trace.marker.pattern.shape == "/"]
    assert [list(trace.x) for trace in hatched] == [["2024-01-22"]] * 4
    line = next(trace for trace in figure.data if trace.name == "active users")
    assert list(line.y) == [40, 60, 50]
    rate = next(trace for trace in figure.data if trace.name == "return rate")
    assert list(rate.y) == pytest.approx([75, 100 * 40 / 60])
    assert "hatched: not over yet" in figure.layout.title.text
    assert "75 users, 4 periods" in figure.layout.title.text
    korean = result.figure("ko")
    assert {trace.name for trace in korean.data if trace.type == "bar"} >= {"신규", "유지", "복귀", "휴면"}
    assert "빗금" in korean.layout.title.text


def test_figure_by_segment_and_without_comparison() -> None:
    plans = {user: ["무료", "유료"][int(user[1:]) % 2] for user, _, _ in crowd()}
    figure = lifecycle(make_log(crowd(), attributes={"plan": plans}), by="plan").figure("ko")
    assert {trace.name for trace in figure.data if trace.yaxis == "y2"} == {"무료", "유료"}
    assert "too early" in lifecycle(make_log(crowd()), every="1y").figure().layout.title.text

"""``rhythm``: maps counted by hand, clocks that change, the test's error rate, its words, errors and figure."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import stats

from dangol.core.durations import DAY, HOUR
from dangol.core.errors import InputError
from dangol.core.result import Result
from dangol.log.contents import Column, Contents, Meta
from dangol.log.eventlog import EventLog
from dangol.questions.rhythm import rhythm
from dangol.questions.rhythm_spread import even, spreads
from tests.logs import make_log, micros

SHOP = Path(__file__).parents[3] / "shared" / "data" / "online_retail" / "online_retail.csv.gz"
LEVELS = ["hour", "weekday", "hour of week"]


def filled(result: Result, *columns: str) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """([segment,] weekday, hour) -> values, for the cells with events."""
    table = result.table[result.table["events"] > 0]
    keys = [name for name in ("segment", "weekday", "hour") if name in table]
    return {
        tuple(row)[: len(keys)]: tuple(row)[len(keys) :] for row in table[[*keys, *columns]].itertuples(index=False)
    }


def array_log(
    owner: np.ndarray, time: np.ndarray, *, zone: str = "UTC", as_of: int, block_events: int = 1 << 20
) -> EventLog:
    """A log of one event name, straight from arrays: for logs too large for ``make_log``."""
    order = np.lexsort((time, owner))
    owner, time = owner[order], time[order]
    first = np.flatnonzero(np.append(True, np.diff(owner) > 0))
    users = [f"u{number:06d}" for number in owner[first]]
    codes = pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(time), np.int32)), pa.array(["visit"]))
    events = {"time": pa.array(time).cast(pa.timestamp("us", "UTC")), "event": codes}
    people = {"user": pa.array(users, pa.large_string()), "first_row": pa.array(first)}
    columns = (Column("time", "time", "event"), Column("event", "text", "event"), Column("user", "id", "user"))
    meta = Meta(zone, len(time), len(users), int(time.min()), int(time.max()), as_of, columns, {})
    contents = Contents(meta, pa.record_batch(events), pa.record_batch(people), lambda _: None)
    return EventLog(contents, block_events=block_events)


# ---- the map by hand ----------------------------------------------------------------------------------------------

# Monday 2024-01-01 to Tuesday 2024-01-09; as_of is 2024-01-09 09:00
VISITS = [
    ("ann", "visit", "2024-01-01 20:10"),
    ("ann", "visit", "2024-01-01 20:50"),
    ("ann", "order", "2024-01-02 08:00"),
    ("bea", "visit", "2024-01-08 20:30"),
    ("bea", "visit", "2024-01-08 21:00"),
    ("cho", "order", "2024-01-09 08:30"),
]


def test_map_by_hand() -> None:
    result = rhythm(make_log(VISITS, zone="Asia/Seoul"))
    assert result.table.columns.tolist() == [
        *("weekday", "hour", "events", "users"),
        *("share_of_events", "share_of_users", "hours", "events_per_hour"),
    ]
    assert len(result.table) == 168
    assert result.table[["weekday", "hour"]].to_numpy().tolist() == [[d, h] for d in range(1, 8) for h in range(24)]
    assert filled(result, "events", "users", "hours", "events_per_hour") == {
        (1, 20): (3, 2, 2.0, 1.5),
        (1, 21): (1, 1, 2.0, 0.5),
        (2, 8): (2, 2, 2.0, 1.0),
    }
    shares = filled(result, "share_of_events", "share_of_users")
    # own shares: ann 2/3 and 1/3, bea 1/2 and 1/2, cho 1
    assert shares[1, 20] == pytest.approx((3 / 6, (2 / 3 + 1 / 2) / 3))
    assert shares[1, 21] == pytest.approx((1 / 6, (1 / 2) / 3))
    assert shares[2, 8] == pytest.approx((2 / 6, (1 / 3 + 1) / 3))
    hours = result.table.set_index(["weekday", "hour"])["hours"]
    assert (hours[2, 8], hours[2, 9], hours[3, 0]) == (2.0, 1.0, 1.0)  # Tuesday the 9th ends at 9:00
    assert hours.sum() == 8 * 24 + 9


def test_weekdays_and_hours_of_the_day_by_hand() -> None:
    result = rhythm(make_log(VISITS, zone="Asia/Seoul"))
    weekdays = result.tables["weekdays"]
    assert weekdays.columns.tolist() == [
        *("weekday", "events", "users", "share_of_events", "share_of_users", "days", "events_per_day"),
    ]
    assert weekdays[["events", "users"]].to_numpy().tolist()[:3] == [[4, 2], [2, 2], [0, 0]]
    assert weekdays["days"].tolist() == [2.0, 1 + 9 / 24, 1, 1, 1, 1, 1]
    assert weekdays["events_per_day"].tolist()[:3] == pytest.approx([2, 2 / (1 + 9 / 24), 0])
    assert weekdays["share_of_users"].tolist()[:2] == pytest.approx([(2 / 3 + 1) / 3, (1 / 3 + 1) / 3])
    hours = result.tables["daily_hours"].set_index("hour")
    assert hours.columns.tolist() == [
        *("events", "users", "share_of_events", "share_of_users", "hours", "events_per_hour"),
    ]
    assert hours.loc[[8, 20, 21], ["events", "users"]].to_numpy().tolist() == [[2, 2], [3, 2], [1, 1]]
    assert hours.loc[[8, 9], "hours"].tolist() == [9, 8]


def test_a_user_counts_once_in_a_weekday_and_hour() -> None:
    rows = [("u", "a", f"2024-01-0{day} {hour}:00") for day in (1, 2) for hour in (10, 11)]
    result = rhythm(make_log(rows))
    assert result.tables["weekdays"]["users"].tolist() == [1, 1, 0, 0, 0, 0, 0]
    assert result.tables["daily_hours"].set_index("hour")["users"].loc[[10, 11]].tolist() == [1, 1]


def test_only_one_event_counts() -> None:
    result = rhythm(make_log(VISITS, zone="Asia/Seoul"), event="order")
    assert filled(result, "events", "users", "share_of_users") == {(2, 8): (2, 2, 1.0)}
    assert result.units(weekday=2, hour=8).tolist() == ["ann", "cho"]


def test_only_one_event_counts_in_a_view_of_some_users() -> None:
    plans = {"ann": "free", "bea": "paid", "cho": "free"}
    free = make_log(VISITS, zone="Asia/Seoul", attributes={"plan": plans}).where("plan", "==", "free")
    assert filled(rhythm(free, event="visit"), "events", "users") == {(1, 20): (2, 1)}
    assert filled(rhythm(free, event="order", by="plan"), "events") == {("free", 2, 8): (2,)}


def test_segments_by_hand() -> None:
    log = make_log(
        VISITS,
        properties={"channel": ["app", "web", None, "web", "web", "app"]},
        attributes={"plan": {"ann": "무료", "bea": "유료"}},
    )
    plans = rhythm(log, by="plan")
    assert plans.table.columns[0] == "segment"
    assert plans.table["segment"].unique().tolist() == ["(none)", "무료", "유료"]
    assert filled(plans, "events", "users") == {
        ("(none)", 2, 8): (1, 1),
        ("무료", 1, 20): (2, 1),
        ("무료", 2, 8): (1, 1),
        ("유료", 1, 20): (1, 1),
        ("유료", 1, 21): (1, 1),
    }
    channels = rhythm(log, by="channel")  # each event under its own value
    assert filled(channels, "events", "share_of_events", "share_of_users") == {
        ("(none)", 2, 8): (1, 1.0, 1.0),
        ("app", 1, 20): (1, 0.5, 0.5),
        ("app", 2, 8): (1, 0.5, 0.5),
        ("web", 1, 20): (2, 2 / 3, 0.75),  # ann's only one, and one of bea's two
        ("web", 1, 21): (1, 1 / 3, 0.25),
    }
    assert channels.tables["weekdays"].groupby("segment")["users"].sum().to_dict() == {"(none)": 1, "app": 2, "web": 2}
    assert channels.units(segment="web").tolist() == ["ann", "bea"]
    assert plans.units(segment="무료", hour=8).tolist() == ["ann"]
    assert channels.tables["variation"]["level"].tolist() == LEVELS * 3


def test_units_are_the_users_of_the_table() -> None:
    log = busy(7, users=40)
    result = rhythm(log)
    for row in result.table.sample(30, random_state=0).to_dict("records"):
        assert len(result.units(weekday=row["weekday"], hour=row["hour"])) == row["users"]
    for row in result.tables["weekdays"].to_dict("records"):
        assert len(result.units(weekday=row["weekday"])) == row["users"]
    assert len(result.units()) == 40


# ---- clocks -------------------------------------------------------------------------------------------------------


def elapsed(zone: str, start: datetime, end: datetime) -> dict[tuple[int, int], float]:
    """Hours by weekday and hour, minute by minute: slow and obvious."""
    found: dict[tuple[int, int], float] = {}
    moment = start
    while moment < end:
        local = moment.astimezone(ZoneInfo(zone))
        cell = (local.isoweekday(), local.hour)
        found[cell] = found.get(cell, 0) + 1 / 60
        moment += timedelta(minutes=1)
    return found


@pytest.mark.parametrize(
    ("zone", "first", "last"),
    [
        ("America/New_York", "2024-03-08 13:00", "2024-03-12 17:30"),  # 2:00 skipped on Sunday the 10th
        ("America/New_York", "2024-11-01 13:00", "2024-11-05 17:30"),  # 1:00 doubled on Sunday the 3rd
        ("Australia/Lord_Howe", "2024-04-05 13:00", "2024-04-08 12:00"),  # half an hour back
        ("Asia/Seoul", "2024-01-01 05:00", "2024-01-03 05:00"),
        ("America/Sao_Paulo", "2018-11-02 10:00", "2018-11-06 10:00"),  # midnight skipped
        ("Asia/Kathmandu", "1985-12-30 10:00", "1986-01-02 10:00"),  # from +5:30 to +5:45
    ],
)
def test_exposure_is_elapsed_time(zone: str, first: str, last: str) -> None:
    begin, end = micros(first, zone), micros(last, zone)
    log = make_log([("u", "a", begin), ("u", "a", end - 1)], zone=zone, as_of=end)
    table = rhythm(log).table.set_index(["weekday", "hour"])
    day = datetime.fromisoformat(first).replace(hour=0, minute=0, tzinfo=ZoneInfo(zone))
    told = elapsed(
        zone, day.astimezone(UTC), datetime.fromisoformat(last).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    )
    assert {cell: hours for cell, hours in table["hours"].items() if hours} == pytest.approx(told)
    for text in (first, last):
        local = datetime.fromisoformat(text) - timedelta(microseconds=1 if text == last else 0)
        assert table.loc[(local.isoweekday(), local.hour), "events"] >= 1


def test_a_doubled_hour_holds_both() -> None:
    # New York 2024-11-03: 1:30 comes twice, at 05:30 and 06:30 UTC; 2024-03-10 2:30 never
    rows = [("u", "a", "2024-11-03T05:30+00:00"), ("v", "a", "2024-11-03T06:30+00:00"), ("v", "a", "2024-11-04")]
    result = rhythm(make_log(rows, zone="America/New_York"))
    assert filled(result, "events", "users", "hours")[7, 1] == (2, 2, 2.0)
    spring = rhythm(make_log([("u", "a", "2024-03-10 00:30"), ("u", "a", "2024-03-10 23:30")], zone="America/New_York"))
    cells = spring.table.set_index(["weekday", "hour"])
    assert cells.loc[(7, 2), "hours"] == 0
    assert math.isnan(cells.loc[(7, 2), "events_per_hour"])
    assert cells["hours"].sum() == 23


def test_exposure_of_views_and_as_of() -> None:
    log = make_log(VISITS, zone="Asia/Seoul")
    assert rhythm(log).table["hours"].sum() == 8 * 24 + 9
    assert rhythm(log, as_of="2024-01-02").table["hours"].sum() == 24
    assert rhythm(log, as_of="2024-01-15").table["hours"].sum() == 14 * 24
    assert rhythm(log.between("2024-01-02 06:00", None)).table["hours"].sum() == 7 * 24 + 3
    assert rhythm(log.between("2024-01-08 12:00", "2024-01-09")).table["hours"].sum() == 12
    assert rhythm(log.between(None, "2024-01-02")).table["hours"].sum() == 24  # an open start: from midnight
    visits = rhythm(log.where("event", "==", "visit"))
    assert visits.table["events"].sum() == 4


# ---- variation ----------------------------------------------------------------------------------------------------


def busy(
    seed: int, *, users: int = 60, zone: str = "Asia/Seoul", block_events: int = 1 << 20, weeks: int = 5
) -> EventLog:
    """Users with habits: more in the evening and at the weekend, some far more active than others."""
    random = np.random.default_rng(seed)
    begin, times, owner = micros("2024-01-01", zone), [], []
    for user in range(users):
        size = 1 + int(random.lognormal(2, 1))
        day = np.where(random.random(size) < 0.4, random.integers(5, 7, size), random.integers(0, 7, size))
        day = day + 7 * random.integers(0, weeks, size)
        hour = np.clip(random.normal(19, 3, size), 0, 23.99)
        times.append(begin + (day * DAY + hour * HOUR).astype(np.int64))
        owner.append(np.full(size, user))
    end = begin + 7 * weeks * DAY
    return array_log(np.concatenate(owner), np.concatenate(times), zone=zone, as_of=end, block_events=block_events)


def test_coefficient_of_variation_by_hand() -> None:
    # one week, hours 0-11 of each day with 2 events, hours 12-23 with 6: mean 4, deviations 2: cv 0.5
    rows = []
    for hour in range(168):
        users = range(2 if hour % 24 < 12 else 6)
        rows.extend((f"u{user}", "a", micros("2024-01-01") + hour * HOUR) for user in users)
    variation = rhythm(make_log(rows)).tables["variation"].set_index("level")
    assert variation.columns.tolist() == ["cv", "cv_adjusted", "lower", "upper", "cv_users", "users", "chi2", "df", "p"]
    assert variation.index.tolist() == LEVELS
    assert variation["cv"].tolist() == pytest.approx([0.5, 0, 0.5])
    assert variation["users"].tolist() == [6, 6, 6]
    # own shares: u0 and u1 1/168 everywhere, u2 to u5 1/84 in the second half: cells 2/168 and 2/168 + 4/84
    low, high = 2 / 168, 2 / 168 + 4 / 84
    assert variation.loc["hour of week", "cv_users"] == pytest.approx((high - low) / (high + low))


def test_cells_without_exposure_are_left_out() -> None:
    rows = [("u", "a", "2024-01-01 10:00"), ("v", "a", "2024-01-02 10:00"), ("v", "a", "2024-01-02 10:00")]
    variation = rhythm(make_log(rows, as_of=micros("2024-01-03"))).tables["variation"].set_index("level")
    assert variation.loc["weekday", "cv"] == pytest.approx(0.5 / 1.5)  # 1 and 2 events a day, five days never were


def naive_test(clusters: np.ndarray, exposure: np.ndarray) -> tuple[float, float, float]:
    """The corrected test, product by product of users: the definition in ``rhythm``'s docstring."""
    share = exposure / exposure.sum()
    total, size = clusters.sum(), len(clusters)
    off = [(row - row.sum() * share) / np.sqrt(total * share) for row in clusters]
    pearson = float((np.sum(off, axis=0) ** 2).sum())
    centred = [row - np.mean(off, axis=0) for row in off]
    trace = size / (size - 1) * sum(float(row @ row) for row in centred)
    pairs = sum(float(a @ b) ** 2 for i, a in enumerate(centred) for j, b in enumerate(centred) if i != j)
    squared = max((size / (size - 1)) ** 3 * pairs, trace**2 / (len(share) - 1))
    chi2, df = pearson * trace / squared, trace**2 / squared
    return chi2, df, float(stats.chi2.sf(chi2, df))


def test_the_test_is_its_definition() -> None:
    log = busy(3, users=25)
    result = rhythm(log)
    table = result.table.copy()
    table["cell"] = range(168)
    hours = (result.table["hours"]).to_numpy().reshape(7, 24)
    clusters = np.zeros((25, 7, 24))
    for block in log.blocks(("time",)):
        local = block.time + 9 * HOUR
        owner = np.repeat(block.users, np.diff(block.offsets))
        np.add.at(clusters, (owner, (local // DAY + 3) % 7, local // HOUR % 24), 1)
    expected = {
        "hour": naive_test(clusters.sum(axis=1), hours.sum(axis=0)),
        "weekday": naive_test(clusters.sum(axis=2), hours.sum(axis=1)),
        "hour of week": naive_test(clusters.reshape(25, 168), hours.ravel()),
    }
    found = result.tables["variation"].set_index("level")[["chi2", "df", "p"]]
    for level, values in expected.items():
        assert found.loc[level].tolist() == pytest.approx(list(values), rel=1e-9)


def test_users_with_one_event_each_give_pearsons_test() -> None:
    # witness: scipy.stats.chisquare, whose assumption of independent events then holds
    random = np.random.default_rng(5)
    cells = random.choice(24, 4000, p=np.linspace(0.9, 1.1, 24) / 24)
    plain = stats.chisquare(np.bincount(cells, minlength=24))
    chi2, df, p = even(np.eye(24)[cells], np.ones(24))
    assert df == pytest.approx(23, rel=0.02)
    assert chi2 == pytest.approx(plain.statistic, rel=0.05)
    assert p == pytest.approx(plain.pvalue, abs=0.03)


def test_a_crowd_of_copies_does_not_count_as_evidence() -> None:
    # two users, one of whom makes 500 events in one hour: no rhythm of users, whatever Pearson's test thinks
    rows = [("a", "x", "2024-01-03 10:00")] * 500 + [("b", "x", f"2024-01-0{day} 15:00") for day in range(1, 8)]
    found = rhythm(make_log(rows)).tables["variation"].set_index("level")
    assert (found["p"] > 0.05).all()
    assert stats.chisquare([500] + [7 / 167] * 167, [507 / 168] * 168).pvalue < 1e-9


def test_bootstrap_agrees_with_drawing_users_again() -> None:
    # witness: a bootstrap of its own, over users, in plain numpy; both have Monte-Carlo error
    log = busy(11, users=120)
    clusters = np.zeros((120, 7))
    for block in log.blocks(("time",)):
        owner = np.repeat(block.users, np.diff(block.offsets))
        np.add.at(clusters, (owner, ((block.time + 9 * HOUR) // DAY + 3) % 7), 1)
    random = np.random.default_rng(1)
    totals = np.array([clusters[random.integers(0, 120, 120)].sum(axis=0) for _ in range(4000)])
    squares = (totals.std(axis=1) / totals.mean(axis=1)) ** 2
    found = rhythm(log).tables["variation"].set_index("level").loc["weekday"]
    plain = clusters.sum(axis=0)
    assert found["cv"] == pytest.approx(plain.std() / plain.mean())
    noise = squares.mean() - found["cv"] ** 2
    expected = np.sqrt(np.quantile(squares, [0.025, 0.975]) - 2 * noise)
    assert found[["lower", "upper"]].tolist() == pytest.approx(expected, abs=0.03)
    assert found["cv_adjusted"] == pytest.approx(np.sqrt(found["cv"] ** 2 - noise), abs=0.01)
    assert found["lower"] < found["cv_adjusted"] < found["upper"]
    assert found["cv_adjusted"] < found["cv"]


@pytest.mark.slow
@pytest.mark.parametrize(("users", "swing"), [(50, 1.2), (200, 1.2), (200, 0.3)])
def test_the_interval_holds_the_true_variation(users: int, swing: float) -> None:
    # the true rates are known: exp(swing · cos) over the hours of the day, the same for all users, heavy-tailed counts
    random = np.random.default_rng(users)
    rates = np.exp(swing * np.cos((np.arange(168) - 20) * 2 * np.pi / 24))
    true = rates.std() / rates.mean()
    held, estimates = 0, []
    for _ in range(200):
        sizes = 1 + random.poisson(8 * np.exp(random.normal(-0.5, 1, users)))
        clusters = np.array([random.multinomial(size, rates / rates.sum()) for size in sizes])
        found = spreads(clusters, np.ones(168), (0, 0))["hour of week"]
        estimates.append(found.cv_adjusted)
        held += found.lower <= true <= found.upper
        assert found.lower <= found.cv_adjusted <= found.upper
    assert held >= 184  # 95 % of 200 less two standard errors
    assert np.mean(estimates) == pytest.approx(true, abs=0.03)


def test_the_seed_decides() -> None:
    log = busy(2)
    first, again, other = (rhythm(log, seed=seed).tables["variation"] for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(first, again)
    assert first[["cv", "chi2", "p"]].equals(other[["cv", "chi2", "p"]])
    assert not first["lower"].equals(other["lower"])


def test_many_users_are_grouped() -> None:
    log = busy(4, users=1500)
    one, two = (rhythm(log, seed=seed) for seed in (0, 1))
    pd.testing.assert_frame_equal(one.table, two.table)
    a, b = (result.tables["variation"].set_index("level") for result in (one, two))
    assert a["cv"].equals(b["cv"])
    assert not a["chi2"].equals(b["chi2"])  # other groups
    assert a["chi2"].tolist() == pytest.approx(b["chi2"].tolist(), rel=0.3)
    assert a["lower"].tolist() == pytest.approx(b["lower"].tolist(), rel=0.1)
    assert "1,000 random groups" in one.explain()["exclusions"]
    some = log.users([f"u{number:06d}" for number in range(3, 900)])  # few enough to be their own groups again
    few, again = (rhythm(some, seed=seed).tables["variation"] for seed in (0, 1))
    assert few["chi2"].equals(again["chi2"])


def test_one_user_cannot_be_tested() -> None:
    result = rhythm(make_log([("u", "a", "2024-01-01 10:00"), ("u", "a", "2024-01-02 10:00")]))
    assert result.tables["variation"][["cv_adjusted", "lower", "upper", "chi2", "df", "p"]].isna().all(axis=None)
    assert "cannot be tested" in result.summary()
    assert "검정할 수 없습니다" in result.summary("ko")


@pytest.mark.slow
@pytest.mark.parametrize("habits", [False, True])
def test_an_even_rhythm_is_called_uneven_no_more_often_than_promised(habits: bool) -> None:
    # sessions of several events; heavy-tailed users (lognormal with sigma 1.5); either at any hour, or each user around
    # hours of an own that are anywhere in the week. 1,000 logs of 300 users: 5 % have a standard error of 0.7 points.
    random = np.random.default_rng(2024 + habits)
    begin, weeks = micros("2024-01-01"), 4
    rejected = np.zeros(3)
    for _ in range(1000):
        sessions = np.clip(random.poisson(6 * np.exp(random.normal(-1.125, 1.5, 300))), 1, 5000)
        owner = np.repeat(np.arange(300), sessions)
        hour = random.uniform(0, 168, len(owner))
        if habits:
            hour = (random.uniform(0, 168, 300)[owner] + random.normal(0, 3, len(owner))) % 168
        start = begin + random.integers(0, weeks, len(owner)) * 7 * DAY + (np.floor(hour) * HOUR).astype(np.int64)
        size = random.geometric(1 / 4, len(owner))
        log = array_log(np.repeat(owner, size), np.repeat(start, size), as_of=begin + weeks * 7 * DAY)
        rejected += rhythm(log).tables["variation"]["p"].to_numpy() <= 0.05
    assert (rejected >= 20).all(), rejected
    assert (rejected <= 70).all(), rejected


def test_a_real_rhythm_is_found() -> None:
    found = rhythm(busy(1, users=80)).tables["variation"]
    assert (found["p"] < 0.001).all()


# ---- the daily series ---------------------------------------------------------------------------------------------


def daily_log(values: Any, *, zone: str = "Asia/Seoul", start: str = "2024-01-01") -> EventLog:
    """A log whose daily events are these counts, at noon, by different users."""
    begin = micros(start, zone)
    owner = np.concatenate([np.arange(int(count)) for count in values])
    time = np.concatenate([np.full(int(count), begin + day * DAY + 12 * HOUR) for day, count in enumerate(values)])
    return array_log(owner, time, zone=zone, as_of=begin + len(values) * DAY)


def planted(days: int = 84) -> np.ndarray:
    """Trend, weekly season, and a little noise."""
    day = np.arange(days)
    week = np.array([0, 2, 4, 6, 10, 30, 20])[day % 7]
    return np.round(100 + 0.5 * day + week + np.random.default_rng(0).normal(0, 1, days))


def test_components_add_up_and_planted_days_are_found() -> None:
    values = planted()
    values[40] += 60
    result = rhythm(daily_log(values))
    season = result.tables["season"]
    assert season.columns.tolist() == [
        *("period", "start", "value", "trend", "season_7", "remainder", "unusual"),
    ]
    assert season["value"].tolist() == values.tolist()
    assert (season["trend"] + season["season_7"] + season["remainder"]).tolist() == pytest.approx(values.tolist())
    assert season.loc[season["unusual"], "remainder"].abs().idxmax() == 40  # 2024-02-10
    off = (season["remainder"] - season["remainder"].median()).abs()
    usual = (season["trend"] + season["season_7"]).abs()
    assert season["unusual"].tolist() == ((off > 3.5 * 1.4826 * off.median()) & (off > 0.1 * usual)).tolist()
    strength = result.tables["strength"].set_index("component")
    assert strength.columns.tolist() == ["strength", "lower", "upper", "cycles"]
    assert strength["cycles"].tolist() == pytest.approx([np.nan, 12], nan_ok=True)
    for name, part in (("trend", season["trend"]), ("season_7", season["season_7"])):
        rest = season["remainder"]
        assert strength.loc[name, "strength"] == pytest.approx(1 - np.var(rest) / np.var(rest + part))
    assert (
        strength.loc["season_7", "lower"] <= strength.loc["season_7", "strength"] <= strength.loc["season_7", "upper"]
    )
    unusual = f"Unusual days: {season['unusual'].sum()} of {len(season)}, most of all 2024-02-10 with 209"
    assert unusual in result.summary()
    assert "차이가 가장 큰 날은 2024-02-10이며" in result.summary("ko")


def test_decomposition_is_statsmodels() -> None:
    # witness: statsmodels.tsa.seasonal.STL(values, period=7, robust=True).fit(), and MSTL of the same
    from statsmodels.tsa.seasonal import MSTL, STL

    values = planted(120)
    one = rhythm(daily_log(values)).tables["season"]
    fitted = STL(values, period=7, robust=True).fit()
    assert np.abs(one["trend"] - fitted.trend).max() <= 1e-8
    assert np.abs(one["season_7"] - fitted.seasonal).max() <= 1e-8
    two = rhythm(daily_log(values), season=[30, 7])
    both = MSTL(values, periods=(7, 30), stl_kwargs={"robust": True}).fit()
    season = two.tables["season"]
    assert season.columns.tolist()[4:6] == ["season_7", "season_30"]
    assert np.abs(season[["season_7", "season_30"]].to_numpy() - both.seasonal).max() <= 1e-8
    assert two.tables["strength"]["component"].tolist() == ["trend", "season_7", "season_30"]


def test_stl_is_the_fortran_of_netlib() -> None:
    # witness: the netlib Fortran on the CO2 series, whose output ships with statsmodels' tests; the call is that of
    # statsmodels/tsa/stl/tests/test_stl.py. Together with the test above: our seasons are Cleveland's.
    import statsmodels
    from statsmodels.tsa.seasonal import STL

    folder = Path(statsmodels.__file__).parent / "tsa" / "stl" / "tests" / "results"
    values = pd.read_csv(folder / "stl_co2.csv", header=None).iloc[:, 0].to_numpy(float)
    expected = pd.read_csv(folder / "stl_test_results.csv", skipinitialspace=True)
    expected.columns = [name.strip() for name in expected.columns]
    expected = expected[expected["scenario"].str.strip() == "baseline"].sort_values("idx")
    windows = {"seasonal": 35, "trend": 19, "low_pass": 13, "seasonal_jump": 4, "trend_jump": 2, "low_pass_jump": 2}
    fitted = STL(values, period=12, robust=False, **windows).fit(outer_iter=2, inner_iter=1)
    assert len(values) == len(expected) == 348
    assert np.abs(fitted.seasonal - expected["season"].to_numpy()).max() <= 1e-8
    assert np.abs(fitted.trend - expected["trend"].to_numpy()).max() <= 1e-8


def test_wide_intervals_are_said_first() -> None:
    """Three weeks of noise tell nothing about a season; twenty planted ones do."""
    noise = np.random.default_rng(2).poisson(300, 24)
    short, long = rhythm(daily_log(noise)), rhythm(daily_log(planted(140)))
    strength = short.tables["strength"]
    assert (strength["upper"] - strength["lower"]).max() > 0.5
    assert "Weak evidence, the intervals are wide: in the daily events of 24 complete days" in short.summary()
    assert "근거가 약합니다. 온전한 24일" in short.summary("ko")
    assert "Weak evidence" not in long.summary()


def test_a_weekday_is_told_with_how_often_it_came() -> None:
    """By hand: 17 days from a Monday on, two Thursdays of 30 events each, and 10 on every other day."""
    result = rhythm(daily_log(np.array([30 if day % 7 == 3 else 10 for day in range(17)])))
    assert "on Thursdays (28.6 % of events on 11.8 % of the days)" in result.summary()
    assert "목요일(전체 날의 11.8 %에 이벤트의 28.6 %)" in result.summary("ko")


def test_strength_tells_a_season_from_noise() -> None:
    random = np.random.default_rng(3)
    noise = np.round(200 + random.normal(0, 20, 140))
    weak = rhythm(daily_log(noise)).tables["strength"].set_index("component")
    strong = rhythm(daily_log(planted(140))).tables["strength"].set_index("component")
    assert (weak["strength"] < 0.6).all()
    assert (strong["strength"] > 0.95).all()
    assert ((weak["lower"] <= weak["strength"]) & (weak["strength"] <= weak["upper"])).all()


def test_measures() -> None:
    rows, amounts = [], []
    for day in range(28):
        for user in range(1 + day % 7):
            for _ in range(2):
                rows.append((f"u{user}", "buy", f"2024-02-{day + 1:02d} 10:00"))
                amounts.append(None if user == 1 else 2.5)
    log = make_log(rows, properties={"amount": amounts}, as_of=micros("2024-02-29"))
    users = [1 + day % 7 for day in range(28)]
    assert rhythm(log).tables["season"]["value"].tolist() == [2 * count for count in users]
    assert rhythm(log, measure="users").tables["season"]["value"].tolist() == users
    money = rhythm(log, measure="amount").tables["season"]["value"].tolist()
    assert money == [5.0 * (count - (count > 1)) for count in users]
    assert "daily amount" in rhythm(log, measure="amount").summary()


def test_only_whole_days_are_in_the_series() -> None:
    log = daily_log(planted(40))
    assert rhythm(log).tables["season"]["period"].tolist()[::39] == ["2024-01-01", "2024-02-09"]
    cut = rhythm(log, as_of="2024-02-05 13:00")
    assert cut.tables["season"]["period"].iloc[-1] == "2024-02-04"
    late = rhythm(log.between("2024-01-02 06:00", None))
    assert late.tables["season"]["period"].iloc[0] == "2024-01-03"
    beyond = rhythm(log, as_of="2024-02-12")
    assert beyond.tables["season"]["value"].tolist()[-2:] == [0, 0]


def test_a_series_that_never_changes_has_no_strength() -> None:
    result = rhythm(daily_log([5] * 28))
    assert result.tables["strength"]["strength"].isna().all()
    assert not result.tables["season"]["unusual"].any()
    assert "never change over 28 complete days" in result.summary()
    assert "한 번도 바뀌지 않아" in result.summary("ko")
    spiked = rhythm(daily_log([5] * 20 + [9] + [5] * 20)).tables["season"]
    assert spiked.loc[spiked["unusual"], "period"].tolist() == ["2024-01-21"]
    result.figure()


def test_three_cycles_are_needed() -> None:
    short = rhythm(daily_log(planted(20)))
    assert short.tables["season"].empty
    assert short.tables["strength"].empty
    assert short.tables["season"].columns.tolist()[4] == "season_7"
    assert short.sentences[-1].write() == (
        "The daily events are not decomposed: 20 complete days, 21 (3 weeks) are needed."
    )
    assert short.shown == ("weekdays", "variation")
    assert rhythm(daily_log(planted(21))).tables["season"].shape[0] == 21
    with pytest.raises(
        InputError, match=r"at least 21 complete days \(three whole cycles\); this part of the log has 20"
    ):
        rhythm(daily_log(planted(20)), season=[7])
    with pytest.raises(InputError, match="at least 90"):
        rhythm(daily_log(planted(84)), season=[7, 30])


# ---- what holds for every log -------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"event": "visit"}, {"by": "event"}, {"measure": "users"}])
@pytest.mark.parametrize("users", [50, 1200])
def test_blocks_change_nothing(options: dict[str, Any], users: int) -> None:
    whole = rhythm(busy(6, users=users), **options)
    for size in (97, 1000):
        cut = rhythm(busy(6, users=users, block_events=size), **options)
        for name in whole.tables:
            pd.testing.assert_frame_equal(whole.tables[name], cut.tables[name], rtol=1e-12)
        assert whole.summary() == cut.summary()


@pytest.mark.parametrize("zone", ["Asia/Seoul", "America/New_York", "UTC"])
def test_shares_sum_to_one_and_levels_agree(zone: str) -> None:
    result = rhythm(busy(8, zone=zone))
    hours, weekdays, daily = (result.tables[name] for name in ("hours", "weekdays", "daily_hours"))
    for table in (hours, weekdays, daily):
        assert table[["share_of_events", "share_of_users"]].sum().tolist() == pytest.approx([1, 1])
    for key, table in (("weekday", weekdays), ("hour", daily)):
        names = ["events", "share_of_events", "share_of_users"]
        assert hours.groupby(key)[names].sum().to_numpy() == pytest.approx(table[names].to_numpy())
    assert weekdays["days"].sum() == pytest.approx(35)


def test_the_shop_equals_pandas() -> None:
    if not SHOP.exists():
        pytest.skip("the optional folder ../shared/data with online_retail.csv.gz is absent")
    lines = pd.read_csv(SHOP, dtype=str, usecols=["InvoiceNo", "InvoiceDate", "CustomerID"]).dropna()
    kept = lines[~lines["InvoiceNo"].str.startswith("C")].drop_duplicates()
    local = pd.to_datetime(kept["InvoiceDate"])
    utc = local.dt.tz_localize("Europe/London").dt.tz_convert("UTC").dt.tz_localize(None)
    owner = kept["CustomerID"].astype(float).astype(int).to_numpy()
    log = array_log(
        owner, utc.astype("datetime64[us]").astype("int64").to_numpy(), zone="Europe/London", as_of=micros("2011-12-10")
    )
    result = rhythm(log)
    # witness: counts and distinct customers by weekday and hour from plain pandas
    keys = [local.dt.day_of_week + 1, local.dt.hour]
    orders = kept.groupby(keys)["CustomerID"].agg(["size", "nunique"])
    some = result.table[result.table["events"] > 0].set_index(["weekday", "hour"])
    assert some[["events", "users"]].to_numpy().tolist() == orders.to_numpy().tolist()
    assert result.tables["weekdays"]["events"].iloc[5] == 0  # the shop never sells on Saturdays
    days = kept.groupby(local.dt.date).size().reindex(pd.date_range("2010-12-01", "2011-12-09").date, fill_value=0)
    assert result.tables["season"]["value"].tolist() == days.tolist()
    assert result.tables["strength"].set_index("component").loc["season_7", "strength"] > 0.5


# ---- words, errors, figure ----------------------------------------------------------------------------------------


def test_sentences() -> None:
    result = rhythm(busy(1, users=200))
    table = result.tables["daily_hours"]
    hour = table.loc[table["events_per_hour"].idxmax()]
    first = result.sentences[0].write()
    assert first.startswith(f"Most happens from {int(hour['hour'])}:00–{int(hour['hour']) + 1}:00 (")
    variation = result.tables["variation"].set_index("level").loc["hour of week"]
    assert (
        f"coefficient of variation is {variation['cv_adjusted']:.2f} (95 % interval {variation['lower']:.2f} to"
        in first
    )
    assert "are more than chance, users taken as wholes (hours of the day p < 0.001" in result.summary()
    assert "For the average user" in result.summary()
    korean = result.summary("ko")
    assert f"하루 중에는 {int(hour['hour'])}시대(이벤트의" in korean
    assert "우연으로 보기 어렵습니다" in korean
    assert list(result.how) == ["unit", "window", "denominator", "n", "zone", "exclusions", "family"]
    assert result.explain()["window"] == "hours of the local week, 2024-01-01 00:00 to 2024-02-05 00:00"
    assert result.recipe["parameters"] == {
        "event": None,
        "measure": "events",
        "season": None,
        "by": None,
        "as_of": None,
        "seed": 0,
    }


def test_weak_evidence_is_said_first() -> None:
    few = rhythm(make_log(VISITS, zone="Asia/Seoul"))
    assert few.sentences[0].write().startswith("Weak evidence, only 3 users: most happens from 20:00–21:00 (50.0 %")
    assert few.sentences[0].write("ko").startswith("사용자가 3명뿐이라 근거가 약합니다.")
    short = rhythm(busy(1, users=400).between("2024-01-01", "2024-01-05"))
    assert short.sentences[0].write().startswith("Weak evidence, the log covers only 4.0 days")
    assert "72 of the 168 hours of the week never were" in short.summary()
    assert "weak evidence" in few.figure().layout.title.text
    rows = [(f"u{user}", "a", micros("2024-01-01") + user * 5 * HOUR) for user in range(168)]
    flat = rhythm(make_log(rows))
    assert flat.sentences[0].write().startswith("No rhythm is proven: most happens from")
    assert "An even rhythm could look like this" in flat.summary()
    assert flat.sentences[0].write("ko").startswith("뚜렷한 리듬은 확인되지 않았습니다.")


def test_segments_are_compared_in_words() -> None:
    rows = [(f"m{user}", "a", f"2024-01-{day:02d} 08:00") for user in range(40) for day in range(1, 29)]
    rows += [
        (f"n{user}", "a", f"2024-01-{day:02d} {hour:02d}:00")
        for user in range(40)
        for day in (1, 8)
        for hour in range(24)
    ]
    shift = {user: "아침" if user[0] == "m" else "종일" for user, _, _ in rows}
    result = rhythm(make_log(rows, attributes={"shift": shift}), by="shift")
    # 7 of 168 hours of the week against 24: the mornings vary more
    assert "By shift, activity varies most over the week for '아침' (4." in result.summary()
    assert "and least for '종일' (2." in result.summary()
    assert "(28 complete days, all segments together" not in result.summary()
    assert "27 complete days, all segments together," in result.summary()
    assert "shift로 나누면" in result.summary("ko")


def test_nobody() -> None:
    log = make_log(VISITS).users(["bea"])
    result = rhythm(log, event="order")
    assert result.summary() == "There are no users: this part of the log holds no event 'order'."
    assert "‘order’ 이벤트가 없습니다" in result.summary("ko")
    assert all(result.tables[name].empty for name in ("hours", "weekdays", "daily_hours"))
    assert result.table.columns.tolist()[:3] == ["weekday", "hour", "events"]
    assert result.units(weekday=2).tolist() == []
    for lang in ("en", "ko"):
        assert not result.figure(lang).data


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"event": "ordr"}, "did you mean 'order'"),
        ({"measure": "sessions"}, "'events' or 'users' or 'amount'"),
        ({"measure": "amount"}, "ingest it with amount="),
        ({"season": [7.5]}, "whole numbers"),
        ({"season": [1]}, "at least 2"),
        ({"season": []}, "whole numbers"),
        ({"season": [7, 7]}, "different"),
        ({"season": "7"}, "whole numbers"),
        ({"season": [7]}, "three whole cycles"),
        ({"by": "cty"}, "did you mean 'city'"),
        ({"by": "user"}, "holds ids"),
        ({"as_of": "soon"}, "not a date"),
        ({"as_of": "2023-12-31"}, "not after"),
        ({"seed": -1}, "at least 0"),
        ({"seed": 0.5}, "whole number"),
    ],
)
def test_errors_say_what_to_do(options: dict[str, Any], message: str) -> None:
    log = make_log(VISITS, attributes={"city": {"ann": "x"}})
    with pytest.raises(InputError, match=message):
        rhythm(log, **options)


def test_too_many_segments() -> None:
    rows = [(f"u{user:03d}", "a", "2024-01-01") for user in range(501)]
    with pytest.raises(InputError, match="501 segments, more than 500"):
        rhythm(make_log(rows, attributes={"name": {user: user for user, _, _ in rows}}), by="name")


def test_units_errors() -> None:
    result = rhythm(make_log(VISITS))
    for cell in ({"weekday": 0}, {"weekday": 8}, {"hour": 24}, {"hour": -1}, {"weekday": 1.5}):
        with pytest.raises(InputError, match="is not in the answer"):
            result.units(**cell)
    with pytest.raises(InputError, match="by="):
        result.units(segment="x")
    with pytest.raises(InputError, match="argument"):
        result.units(day=1)
    with pytest.raises(InputError, match="did you mean 'visit'"):
        rhythm(make_log(VISITS), by="event").units(segment="visits")


def test_figure_shows_the_tables() -> None:
    result = rhythm(busy(1, users=200))
    figure = result.figure()
    heat = next(trace for trace in figure.data if trace.type == "heatmap")
    assert np.asarray(heat.z, float).ravel() == pytest.approx(result.table["events_per_hour"].to_numpy())
    across, down = [trace for trace in figure.data if trace.type == "bar"]
    assert list(across.y) == pytest.approx(result.tables["daily_hours"]["events_per_hour"].tolist())
    assert list(down.x) == pytest.approx(result.tables["weekdays"]["events_per_day"].tolist())
    assert list(figure.layout.yaxis.ticktext) == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    assert figure.layout.yaxis.range == (6.5, -0.5)  # Monday on top
    season = result.tables["season"]
    assert any(trace.type == "scatter" and list(trace.y) == season["trend"].tolist() for trace in figure.data)
    dots = next(trace for trace in figure.data if trace.type == "scatter" and trace.mode == "markers")
    assert list(dots.customdata) == season.loc[season["unusual"], "period"].tolist()
    assert "200 users" in figure.layout.title.text
    assert result.figure("ko").layout.yaxis.ticktext[0] == "월"


def test_figure_by_segment_and_without_a_series() -> None:
    figure = rhythm(make_log(VISITS), by="event").figure("ko")
    assert {trace.name for trace in figure.data if trace.type == "scatter"} == {"visit", "order"}
    assert not any(trace.xaxis == "x4" for trace in figure.data)

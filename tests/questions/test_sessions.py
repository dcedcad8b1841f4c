"""``sessions``: witnesses, rules, tables, words and errors."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from dangol.core.errors import InputError
from dangol.kernels import sessions as kernels
from dangol.log.eventlog import EventLog
from dangol.questions.sessions import sessions
from dangol.questions.sessions_gap import suggested_gap
from tests.logs import make_log, micros

MINUTE = 60_000_000
SHARED = Path(__file__).parents[3] / "shared" / "data" / "small" / "reconstructr_sessions.csv.gz"

# Two users; a: 0, 30 m (exactly the gap), 61 m (a microsecond is enough: 31 m), b: a single event.
ROWS = [
    ("a", "view", "2024-03-01 10:00"),
    ("a", "cart", "2024-03-01 10:30"),
    ("a", "view", "2024-03-01 11:01"),
    ("a", "order", "2024-03-01 11:06"),
    ("b", "view", "2024-03-02 09:00"),
]


def small(**options: object) -> EventLog:
    return make_log(ROWS, **options)  # type: ignore[arg-type]


def measure(log: EventLog, name: str, **options: object) -> float:
    table = sessions(log, **options).tables["summary"].set_index("measure")["value"]  # type: ignore[arg-type]
    return float(table[name])


# ---- witnesses --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reconstructr() -> EventLog:
    if not SHARED.exists():
        pytest.skip(f"{SHARED} is not here: the data of CRAN's reconstructr may not be shipped")
    with gzip.open(SHARED, "rt") as file:
        rows = list(csv.reader(file))[1:]
    return make_log([(user, "request", time) for user, time in rows])


def test_reconstructr_sessions(reconstructr: EventLog) -> None:
    """22,224 sessions and bounce 59.12 % at 30 m, 20,819 at 1 h: counted from the file by an independent program;
    CRAN reconstructr's own test expects a bounce rate of 20.68 % of the events (it counts gaps of 30 m as new)."""
    assert measure(reconstructr, "sessions") == 22_224
    assert round(100 * measure(reconstructr, "bounce_rate"), 2) == 59.12
    assert round(100 * measure(reconstructr, "bounce_rate_events"), 2) == 20.68
    assert measure(reconstructr, "sessions", gap="1h") == 20_819


def test_reconstructr_durations_equal_numpy(reconstructr: EventLog) -> None:
    """numpy's quantiles (linear interpolation) of the session table are the witness of the exact selection."""
    for gap in ("30m", "2d"):
        result = sessions(reconstructr, gap=gap)
        table, value = result.table, result.tables["summary"].set_index("measure")["value"]
        assert value["mean_duration_s"] == pytest.approx(table["duration_s"].mean(), rel=1e-12)
        assert value["median_duration_s"] == pytest.approx(np.quantile(table["duration_s"], 0.5), rel=1e-12)
        assert value["p90_duration_s"] == pytest.approx(np.quantile(table["duration_s"], 0.9), rel=1e-12)
        assert value["median_gap_to_next_s"] == pytest.approx(np.nanmedian(table["gap_to_next_s"]), rel=1e-12)


def test_suggested_gap_of_two_known_components() -> None:
    """Log-normal idle times, 3 : 1, with means 20 s and 11 h; where the two densities cross follows by hand."""
    rng = np.random.default_rng(1)
    logs = np.concatenate([rng.normal(7.3, 0.6, 90_000), rng.normal(10.6, 0.5, 30_000)])
    counts = np.zeros(len(bins().edges), np.int64)
    kernels.histogram((10**logs).astype(np.int64), *bins(), counts)
    a, b = 1 / 0.6**2 - 1 / 0.5**2, -2 * (7.3 / 0.6**2 - 10.6 / 0.5**2)
    c = 7.3**2 / 0.6**2 - 10.6**2 / 0.5**2 - 2 * np.log((0.75 / 0.6) / (0.25 / 0.5))
    crossing = next(root for root in np.roots([a, b, c]) if 7.3 < root < 10.6)
    found = suggested_gap(counts, bins().edges)
    assert found is not None
    assert np.log10(found) == pytest.approx(crossing, abs=0.03)


@pytest.mark.parametrize("kind", ["exponential", "lognormal", "loguniform", "few"])
def test_no_gap_is_suggested_for_one_kind_of_idle_time(kind: str) -> None:
    rng = np.random.default_rng(2)
    times = {
        "exponential": rng.exponential(3600e6, 50_000),
        "lognormal": 10 ** rng.normal(9, 0.7, 50_000),
        "loguniform": 10 ** rng.uniform(6, 11, 50_000),
        "few": np.repeat([1e6, 1e10], 50),
    }[kind]
    counts = np.zeros(len(bins().edges), np.int64)
    kernels.histogram(times.astype(np.int64), *bins(), counts)
    assert suggested_gap(counts, bins().edges) is None


def bins() -> kernels.Bins:
    return kernels.log_bins(20)


def test_bins_hold_what_they_say() -> None:
    """Every length lies in the bin whose edges enclose it: numpy's searchsorted is the witness."""
    edges, guess = bins()
    rng = np.random.default_rng(3)
    lengths = np.concatenate(
        [edges[:-1], edges[1:] - 1, [1 << 62], np.arange(5000), (10 ** rng.uniform(0, 16, 50_000)).astype(np.int64)]
    )
    counts = np.zeros(len(edges), np.int64)
    kernels.histogram(np.append(lengths, -1), edges, guess, counts)
    assert (counts == np.bincount(np.searchsorted(edges, lengths, side="right") - 1, minlength=len(edges))).all()


# ---- where sessions begin ---------------------------------------------------------------------------------------


def test_gap_is_strictly_greater() -> None:
    """By hand: 30 m stays together, 31 m does not."""
    table = sessions(small()).table
    assert table["user"].tolist() == ["a", "a", "b"]
    assert table["session"].tolist() == [1, 2, 1]
    assert table["events"].tolist() == [2, 2, 1]
    assert table["duration_s"].tolist() == [1800.0, 300.0, 0.0]
    assert table["entry"].tolist() == ["view", "view", "view"]
    assert table["last"].tolist() == ["cart", "order", "view"]
    assert table["gap_to_next_s"].fillna(-1).tolist() == [31 * 60.0, -1.0, -1.0]
    assert len(sessions(small(), gap="31m").table) == 2
    assert len(sessions(small(), gap="29m").table) == 4


def test_a_gap_of_days_is_a_gap() -> None:
    """A gap counts in full, days included (a ``timedelta.seconds`` would see 5 minutes here)."""
    log = make_log([("a", "x", "2024-03-01 10:00"), ("a", "x", "2024-03-04 10:05")])
    assert len(sessions(log).table) == 2


def test_cap_counts_from_the_start_of_the_session() -> None:
    log = make_log([("a", "x", minute * MINUTE) for minute in (0, 20, 40, 60, 80, 100)])
    table = sessions(log, cap="40m").table
    assert table["events"].tolist() == [3, 3]  # 40 m is not over the cap; the next begins at 60 m and reaches 100 m
    assert table["duration_s"].tolist() == [2400.0, 2400.0]


def test_midnight_is_local_and_knows_daylight_saving() -> None:
    """Seoul's midnight is 15:00 UTC. In New York, 2024-03-10 has 23 hours and its midnights stay midnights."""
    rows = [("a", "x", "2024-03-01 23:50"), ("a", "x", "2024-03-02 00:00"), ("a", "x", "2024-03-02 00:10")]
    seoul = make_log(rows, zone="Asia/Seoul")
    assert sessions(seoul, midnight=True).table["events"].tolist() == [1, 2]
    assert sessions(seoul).table["events"].tolist() == [3]
    rows = [("a", "x", "2024-03-10 23:55"), ("a", "x", "2024-03-11 00:05"), ("a", "x", "2024-03-11 00:59")]
    new_york = make_log(rows, zone="America/New_York")
    assert sessions(new_york, midnight=True, gap="1h").table["events"].tolist() == [1, 2]


def test_separator_begins_a_session() -> None:
    rows = [("a", event, i * MINUTE) for i, event in enumerate(["x", "login", "login", "x"])]
    table = sessions(make_log(rows), separator="login").table
    assert table["entry"].tolist() == ["x", "login", "login"]
    assert table["events"].tolist() == [1, 1, 2]


def test_equal_times_keep_the_source_order() -> None:
    log = make_log([("a", "second", 0), ("a", "first", 0)])
    table = sessions(log).table
    assert (table["entry"].tolist(), table["last"].tolist()) == (["second"], ["first"])


# ---- tables -----------------------------------------------------------------------------------------------------


def test_summary_by_hand() -> None:
    value = sessions(small()).tables["summary"].set_index("measure")["value"]
    assert value["users"] == 2
    assert value["sessions"] == 3
    assert value["events"] == 5
    assert value["sessions_per_user"] == 1.5
    assert value["events_per_session"] == 5 / 3
    assert value["mean_duration_s"] == 700.0
    assert value["median_duration_s"] == 300.0
    assert value["p90_duration_s"] == pytest.approx(300 + 0.8 * 1500)
    assert value["bounce_rate"] == 1 / 3
    assert value["bounce_rate_events"] == 1 / 5
    assert value["median_gap_to_next_s"] == 1860.0
    assert np.isnan(value["suggested_gap_s"])
    assert value["unfinished"] == 0


def test_users_by_hand() -> None:
    table = sessions(small()).tables["users"]
    assert table.drop(columns=["start", "end"]).to_dict("list") == {
        "user": ["a", "b"],
        "sessions": [2, 1],
        "events": [4, 1],
        "duration_s": [2100.0, 0.0],
        "median_duration_s": [1050.0, 0.0],
        "bounces": [0, 1],
    }
    assert str(table["end"][0]) == "2024-03-01 11:06:00+00:00"


def test_entry_and_last_by_hand() -> None:
    result = sessions(small())
    assert result.tables["entry"].to_dict("list") == {
        "event": ["view"],
        "sessions": [3],
        "rate": [1.0],
        "bounces": [1],
        "bounce_rate": [1 / 3],
    }
    last = result.tables["last"].set_index("event")
    assert last["sessions"].to_dict() == {"cart": 1, "order": 1, "view": 1}
    assert last["bounces"].to_dict() == {"cart": 0, "order": 0, "view": 1}


def test_gaps_count_idle_times() -> None:
    """Idle times of user a: 5, 30 and 31 minutes, the last two in one row; none runs from a to b."""
    table = sessions(small()).tables["gaps"]
    assert table["count"].sum() == 3
    for minutes, number in ((5, 1), (30, 2), (31, 2)):
        row = table[(table["lower_s"] <= 60 * minutes) & (60 * minutes < table["upper_s"])]
        assert row["count"].item() == number, minutes
    assert np.allclose(np.log10(table["upper_s"] / table["lower_s"]), 1 / 20, atol=1e-6)


def test_segments_of_a_user_column_and_of_an_event_column() -> None:
    by_user = sessions(small(attributes={"city": {"a": "Seoul"}}), by="city")
    assert by_user.tables["segments"].iloc[:, :6].to_dict("list") == {
        "segment": ["Seoul", "(none)"],
        "users": [1, 1],
        "sessions": [2, 1],
        "events": [4, 1],
        "mean_duration_s": [1050.0, 0.0],
        "bounce_rate": [0.0, 1.0],
    }
    pages = ["home", "item", "item", "home", "home"]  # the sessions of a begin on home and on item
    by_event = sessions(small(properties={"page": pages}), by="page").tables["segments"].set_index("segment")
    assert by_event["users"].to_dict() == {"home": 2, "item": 1}
    assert by_event["sessions"].to_dict() == {"home": 2, "item": 1}
    assert sessions(small(properties={"page": pages}), by="page").table["segment"].tolist() == ["home", "item", "home"]


def test_times_are_in_the_zone_of_the_log() -> None:
    table = sessions(make_log(ROWS, zone="Asia/Seoul")).table
    assert str(table["start"].dtype) == "datetime64[us, Asia/Seoul]"
    assert table["start"][0].isoformat() == "2024-03-01T10:00:00+09:00"


def test_unfinished_is_a_last_session_within_the_gap_of_the_end() -> None:
    as_of = micros("2024-03-02 09:30")
    assert measure(small(as_of=as_of), "unfinished") == 1  # b, idle for exactly the gap, could go on at once
    assert measure(small(as_of=as_of + 1), "unfinished") == 0
    assert "within 30m of the end of the log: 1." in sessions(small(as_of=as_of)).summary()


# ---- behaviour --------------------------------------------------------------------------------------------------


def busy(block_events: int) -> EventLog:
    rng = np.random.default_rng(4)
    rows = [
        (f"u{rng.integers(12)}", str(rng.choice(["x", "y", "z"])), int(rng.integers(0, 20)) * 10 * MINUTE)
        for _ in range(300)
    ]
    return make_log(rows, block_events=block_events, properties={"kind": [row[1] for row in rows]})


@pytest.mark.parametrize(
    "options", [{}, {"gap": "5m"}, {"cap": "40m", "separator": "z"}, {"midnight": True, "by": "kind"}]
)
def test_cutting_into_blocks_changes_nothing(options: dict[str, object]) -> None:
    whole, cut = (sessions(busy(size), **options) for size in (1 << 20, 1))  # type: ignore[arg-type]
    for name in whole.tables:
        assert whole.tables[name].equals(cut.tables[name]), name
    assert whole.summary() == cut.summary()


def test_a_view_is_asked_as_if_the_rest_were_not_there() -> None:
    rows = [row for row in ROWS if row[1] != "cart"]
    view = sessions(small().where("event", "!=", "cart"))
    assert view.table.astype({"entry": str, "last": str}).equals(
        sessions(make_log(rows)).table.astype({"entry": str, "last": str})
    )


def test_an_empty_view_says_so() -> None:
    result = sessions(small().where("event", "==", "order").where("event", "==", "cart"))
    assert result.sentences[0].write().startswith("There are no sessions")
    assert result.summary("ko").startswith("세션이 없습니다")
    assert len(result.table) == len(result.tables["gaps"]) == len(result.tables["entry"]) == 0
    assert result.tables["summary"].set_index("measure")["value"]["sessions"] == 0
    result.figure()


def test_units() -> None:
    result = sessions(small(attributes={"city": {"a": "Seoul"}}), by="city")
    assert result.units().tolist() == ["a", "b"]
    assert result.units(min_sessions=2).tolist() == ["a"]
    assert result.units(bounced=True).tolist() == ["b"]
    assert result.units(bounced=False).tolist() == ["a"]
    assert result.units(entry="view", last="order").tolist() == ["a"]
    assert result.units(last="order", min_sessions=2).tolist() == []
    assert result.units(segment="(none)").tolist() == ["b"]


def test_words() -> None:
    result = sessions(small())
    assert result.sentences[0].write().startswith("Weak evidence, only 3 sessions: 2 users made 3 sessions, 1.50 each")
    assert "사용자 2명의 세션은 3개" in result.summary("ko")
    assert result.explain()["window"] == "a new session after more than 30m without an event"
    assert result.recipe["parameters"] == {"gap": "30m", "cap": None, "midnight": False, "separator": None, "by": None}


def test_figures() -> None:
    for options in ({}, {"by": "kind"}, {"gap": "5m"}):
        figure = sessions(busy(1 << 20), **options).figure()  # type: ignore[arg-type]
        assert "sessions are a single event" in figure.layout.title.text
        assert len(figure.data) >= 3


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"gap": 30}, "gap needs a unit, found 30"),
        ({"gap": "-5m"}, "must be longer than zero"),
        ({"gap": "0m"}, "must be longer than zero"),
        ({"cap": "1mo"}, "has no exact length"),
        ({"separator": "ordr"}, "did you mean 'order'"),
        ({"by": "city"}, "column 'city' is not in the log"),
        ({"midnight": "yes"}, "must be True or False"),
    ],
)
def test_errors(options: dict[str, object], text: str) -> None:
    with pytest.raises(InputError, match=text):
        sessions(small(), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ({"entry": "viw"}, "did you mean 'view'"),
        ({"segment": "Seoul"}, "needs an answer that was broken down"),
        ({"min_sessions": 0}, "whole number of at least 1"),
        ({"page": "x"}, "unexpected keyword argument"),
    ],
)
def test_errors_of_units(where: dict[str, object], text: str) -> None:
    with pytest.raises(InputError, match=text):
        sessions(small()).units(**where)

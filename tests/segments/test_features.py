"""``group_features``: numbers worked out by hand, specifications that cannot be, edges, words, a generated service."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from dangol.core import labels
from dangol.core.errors import InputError
from dangol.core.result import Result
from dangol.datasets.sample import Sample
from dangol.datasets.school_sns import school_sns
from dangol.log.eventlog import EventLog
from dangol.log.ingest import ingest
from dangol.segments.features import group_features
from dangol.segments.units import read_units
from tests.logs import make_log
from tests.oracles import check_words

# Two classes from Monday 2024-01-01 on. In x, ann and bob; in y, cat; dan has no class. Points are a balance.
ROWS = [
    ("ann", "vote", "2024-01-01 09:00", 100, None),
    ("ann", "vote", "2024-01-01 09:20", 70, 5.0),
    ("ann", "look", "2024-01-01 23:00", 80, None),
    ("ann", "vote", "2024-01-06 09:00", 50, -2.0),
    ("bob", "look", "2024-01-02 05:00", None, None),
    ("bob", "vote", "2024-01-02 05:40", 10, 3.0),
    ("cat", "look", "2024-01-07 12:00", 40, None),
    ("dan", "vote", "2024-01-03 08:00", 10, 1.0),
]
GROUP = {"ann": "x", "bob": "x", "cat": "y"}
GENDER = {"ann": "F", "bob": "M", "cat": "F"}
GRADE = {"ann": 1.0, "bob": 1.0, "cat": 3.0}
AS_OF = "2024-01-08"
EDGES = pa.table({"source": ["ann", "bob", "cat"], "target": ["bob", "ann", "ann"]})


def classes(**options: Any) -> EventLog:
    return make_log(
        [(user, event, time) for user, event, time, *_ in ROWS],
        properties={"points": [row[3] for row in ROWS], "amount": [row[4] for row in ROWS]},
        attributes={"group": GROUP, "gender": GENDER, "grade": GRADE},
        **options,
    )


def asked(features: Mapping[str, Any], **options: Any) -> Result:
    """Ask for features up to the second Monday, of groups of any size."""
    options = {"least": 1, "as_of": AS_OF, **options}
    return group_features(classes(), {"features": features}, **options)


def one(feature: Mapping[str, Any], **options: Any) -> list[float]:
    """The values of a single feature, unit by unit."""
    values: list[float] = asked({"it": feature}, **options).table["it"].tolist()
    return values


# ---- by hand ------------------------------------------------------------------------------------------------------


def cv(*values: float) -> float:
    centre = sum(values) / len(values)
    return math.sqrt(sum((value - centre) ** 2 for value in values) / len(values)) / centre


@pytest.mark.parametrize(
    ("feature", "expected"),
    [
        # x: 4 votes of 2 users; 6 events; ann was active on 2 days, bob on 1
        ({"events": "vote"}, [2.0, 0.0]),
        ({"events": ["vote", "look"]}, [3.0, 1.0]),
        ({"events": "vote", "per": "total"}, [4.0, 0.0]),
        ({"events": "vote", "per": "active_day"}, [4 / 3, 0.0]),
        ({"active_days": True}, [1.5, 1.0]),
        ({"share_of_events": "vote"}, [4 / 6, 0.0]),
        # ann voted three times, bob once; twice within a day of the first event: ann alone
        ({"share_of_users": "vote"}, [1.0, 0.0]),
        ({"share_of_users": "vote", "at_least": 2}, [0.5, 0.0]),
        ({"share_of_users": "vote", "at_least": 3}, [0.5, 0.0]),
        ({"share_of_users": "vote", "at_least": 3, "within": "4d"}, [0.0, math.nan]),  # ann's third is 5 days on
        ({"share_of_users": "vote", "at_least": 2, "within": "20m"}, [0.0, 0.0]),  # the second is not before 20 min
        ({"share_of_users": "vote", "at_least": 2, "within": "21m"}, [0.5, 0.0]),
        # cat began twelve hours before the end: they are over, and a minute more is not
        ({"share_of_users": "look", "within": "12h"}, [0.5, 1.0]),
        ({"share_of_users": "look", "within": "721m"}, [0.5, math.nan]),
        # ann: sessions of 20, 0 and 0 minutes; bob: 0 and 0, as 40 minutes are more than 30
        ({"sessions": True}, [2.5, 1.0]),
        ({"sessions": True, "per": "total"}, [5.0, 1.0]),
        ({"session_minutes": "mean"}, [(20 / 3 + 0) / 2, 0.0]),
        ({"session_minutes": "median"}, [(20 / 3 + 0) / 2, 0.0]),
        # ann: 100 70 80 50, falls 30 and 30, a rise of 10; bob has one reading, and so has cat
        ({"drops": "points"}, [30.0, math.nan]),
        ({"drops": "points", "per": "total"}, [60.0, math.nan]),
        ({"rises": "points"}, [5.0, math.nan]),
        ({"amount": True}, [3.0, 0.0]),
        ({"amount": True, "per": "active_day"}, [2.0, 0.0]),
        ({"attribute_share": "gender", "value": "F"}, [0.5, 1.0]),
        ({"attribute_share": "grade", "value": 1}, [1.0, 0.0]),
        ({"balance": "gender", "value": "F"}, [1.0, 0.0]),
        ({"single_valued": "gender"}, [0.0, 1.0]),
        ({"single_valued": "grade"}, [1.0, 1.0]),
        ({"hours": [22, 6]}, [3 / 6, 0.0]),  # 23:00, 5:00 and 5:40
        ({"hours": [9, 10]}, [3 / 6, 0.0]),
        ({"weekdays": ["sat", "sun"]}, [1 / 6, 1.0]),
        # by hour: three at 9, two at 5, one at 23; the week is whole, so each hour and weekday was seen as often
        ({"variation": "hour"}, [cv(3, 2, 1, *[0] * 21), cv(1, *[0] * 23)]),
        ({"variation": "weekday"}, [cv(3, 2, 1, 0, 0, 0, 0), cv(1, *[0] * 6)]),
        ({"recency": True}, [1 + 15 / 24, 0.5]),
        ({"span": True}, [5.0, 0.0]),
        ({"users": True}, [2.0, 1.0]),
    ],
    ids=str,
)
def test_by_hand(feature: Mapping[str, Any], expected: list[float]) -> None:
    assert one(feature) == pytest.approx(expected, nan_ok=True)


def test_density_by_hand() -> None:
    # ann and bob know each other, told twice; cat is of another class, and alone in it
    found = asked({"it": {"density": True}}, edges=EDGES)
    assert found.table["it"].tolist() == pytest.approx([1.0, math.nan], nan_ok=True)
    pairs = found.tables["pairs"].set_index("what")["count"].to_dict()
    assert {what: count for what, count in pairs.items() if count} == {
        "all": 3,
        "kept": 1,
        "repeated_pair": 1,
        "across_units": 1,
    }


def test_the_median_is_one_value_per_user() -> None:
    # 10, 20 and 90 minutes: the user with many sessions counts once, and the median is the middle user
    rows = []
    for user, lengths in (("a", [10]), ("b", [20] * 5), ("c", [90])):
        for day, minutes in enumerate(lengths, start=1):
            steps = range(0, minutes + 1, 10)
            rows += [(user, "act", f"2024-01-{day:02d} {8 + step // 60:02d}:{step % 60:02d}") for step in steps]
    log = make_log(rows, attributes={"group": dict.fromkeys("abc", "g")})
    for middle, expected in (("median", 20.0), ("mean", 40.0)):
        found = group_features(log, {"least": 1, "features": {"m": {"session_minutes": middle}}})
        assert found.table["m"].tolist() == pytest.approx([expected])


def test_a_gap_of_its_own() -> None:
    spec = {"gap": "40m", "least": 1, "features": {"s": {"sessions": True}}}
    assert group_features(classes(), spec).table["s"].tolist() == [2.0, 1.0]  # bob's 40 minutes are one session now


def test_users() -> None:
    found = asked({"v": {"events": "vote"}, "d": {"drops": "points"}, "g": {"attribute_share": "gender", "value": "F"}},
                  unit="user", least=None)  # fmt: skip
    assert list(found.table.columns) == ["user", "v", "d", "g", "as_of"]
    assert found.table["user"].tolist() == ["ann", "bob", "cat", "dan"]
    assert found.table["v"].tolist() == [3.0, 1.0, 0.0, 1.0]
    assert found.table["d"].tolist() == pytest.approx([60, math.nan, math.nan, math.nan], nan_ok=True)
    assert found.table["g"].tolist() == pytest.approx([1, 0, 1, math.nan], nan_ok=True)
    assert found.units(unit="bob").tolist() == ["bob"]


def test_sessions() -> None:
    found = asked({"n": {"events": ["vote", "look"]}, "m": {"session_minutes": "mean"}}, unit="session", least=None)
    assert found.table["session"].tolist() == ["ann/1", "ann/2", "ann/3", "bob/1", "bob/2", "cat/1", "dan/1"]
    assert found.table["n"].tolist() == [2, 1, 1, 1, 1, 1, 1]
    assert found.table["m"].tolist() == [20, 0, 0, 0, 0, 0, 0]
    assert found.units(unit="ann/2").tolist() == ["ann"]


def test_a_column_of_events() -> None:
    rows = [("a", "go", f"2024-01-01 {hour:02d}:00") for hour in (8, 9, 10, 11)] + [("b", "go", "2024-01-01 09:00")]
    log = make_log(rows, properties={"place": ["in", "out", "in", None, "in"]})
    found = group_features(log, {"features": {"n": {"events": "go"}, "s": {"span": True}}}, unit="place", least=1)
    assert found.table[["place", "users", "n", "s"]].to_numpy().tolist() == [["in", 2, 1.5, 2 / 24], ["out", 1, 1, 0]]
    account = found.tables["account"].set_index("what")
    assert account.loc["all"].tolist() == [2, 4, 5]  # a counts in both places, and once in none
    assert account.loc["without_unit"].tolist() == [0, 1, 1]
    assert found.units(unit="in").tolist() == ["a", "b"]


# ---- which units stay -----------------------------------------------------------------------------------------------


def test_the_account_adds_up() -> None:
    found = asked({"v": {"events": "vote"}}, least=2)
    assert found.tables["account"].to_numpy().tolist() == [
        ["all", 2, 4, 8],
        ["kept", 1, 2, 6],
        ["below_least", 1, 1, 1],
        ["excluded", 0, 0, 0],
        ["no_active_users", 0, 0, 0],
        ["without_unit", 0, 1, 1],
    ]
    found = asked({"v": {"events": "vote"}}, exclude=["x"])
    assert found.table["group"].tolist() == ["y"]
    assert found.tables["account"].set_index("what").loc["excluded"].tolist() == [1, 2, 6]


def test_a_group_without_an_active_user_is_counted() -> None:
    found = group_features(classes().where("event", "==", "vote"), {"features": {"v": {"events": "vote"}}}, least=1)
    assert found.tables["account"].set_index("what").loc["no_active_users"].tolist() == [1, 0, 0]
    with pytest.raises(InputError, match="group 'y' was left out of the answer: no active users"):
        found.units(unit="y")


def test_groups_need_five_active_users_unless_said_otherwise() -> None:
    spec = {"features": {"v": {"events": "vote"}}}
    assert not len(group_features(classes(), spec).table)
    assert len(group_features(classes(), {**spec, "least": 1}).table) == 2
    assert len(group_features(classes(), {**spec, "least": 1}, least=2).table) == 1


def test_names_that_are_not_there() -> None:
    with pytest.raises(InputError, match="group 'X' is not in the log; did you mean 'x'"):
        asked({"v": {"events": "vote"}}, exclude=["X"])
    with pytest.raises(InputError, match="exclude='x' must be a list"):
        asked({"v": {"events": "vote"}}, exclude="x")
    with pytest.raises(InputError, match="group 'z' is not in the answer"):
        asked({"v": {"events": "vote"}}).units(unit="z")
    with pytest.raises(InputError, match="is not in the answer"):
        asked({"v": {"events": "vote"}}).units(unit="\ud800")
    with pytest.raises(InputError, match="is not in the log"):
        asked({"v": {"events": "vote"}}, exclude=["\ud800"])
    with pytest.raises(InputError, match="exclude goes with users and groups"):
        asked({"v": {"events": "vote"}}, exclude=["ann/1"], unit="session", least=None)
    found = asked({"v": {"events": "vote"}}, unit="user", least=None, exclude=["bob"])
    assert found.table["user"].tolist() == ["ann", "cat", "dan"]


# ---- as_of ----------------------------------------------------------------------------------------------------------


def test_only_what_came_before_as_of_counts() -> None:
    told = {"v": {"events": "vote", "per": "total"}, "r": {"recency": True}}
    found = group_features(classes(), {"least": 1, "features": told}, as_of="2024-01-06 09:00")
    assert found.table["group"].tolist() == ["x"]
    assert found.table["v"].tolist() == [3.0]
    assert found.table["r"].tolist() == pytest.approx([4 - 40 / 60 / 24 + 4 / 24])
    assert str(found.table["as_of"][0]) == "2024-01-06 09:00:00+00:00"
    with pytest.raises(InputError, match="as_of='2023-12-31' is not after the log's first event"):
        group_features(classes(), {"features": told}, as_of="2023-12-31")


def test_segments_of_the_features_know_when_they_were_made() -> None:
    log = classes()
    found = group_features(log, {"least": 1, "features": {"v": {"events": "vote"}}}, as_of="2024-01-05")
    table = found.table.assign(segment=["lively"])
    labelled = log.with_segments(table, unit="group")
    with pytest.raises(InputError, match="explain the past by its own future"):
        labelled.run(len, len, columns=("segment",))
    later = labelled.between("2024-01-05", None)
    again = group_features(later, {"least": 1, "features": {"n": {"events": "vote"}}}, unit="segment")
    assert again.table[["segment", "n"]].to_numpy().tolist() == [["lively", 1.0]]


def test_days_and_hours_are_local() -> None:
    rows = [("a", "go", "2024-01-01 16:00"), ("a", "go", "2023-12-31 15:30")]  # in Seoul the first two hours of days
    for zone, expected in (("UTC", [0.0, 2.0]), ("Asia/Seoul", [1.0, 2.0])):
        log = make_log([(user, event, time + "+00:00") for user, event, time in rows], zone=zone)
        told = {"early": {"hours": [0, 2]}, "days": {"active_days": True}}
        found = group_features(log, {"features": told}, unit="user")
        assert found.table[["early", "days"]].to_numpy().tolist() == [expected]


def test_a_view_that_begins_at_noon_saw_the_hours_before_less_often() -> None:
    # from noon of the first of two days: 12 hours were seen twice, 12 once, each with an event each time
    rows = [("a", "go", f"2024-01-{day:02d} {hour:02d}:30") for day in (1, 2) for hour in range(24)]
    log = make_log(rows).between("2024-01-01 12:00", "2024-01-03")
    found = group_features(log, {"features": {"even": {"variation": "hour"}}}, unit="user")
    assert found.table["even"].tolist() == pytest.approx([0.0])


def test_a_clock_that_is_set_back_within_an_hour() -> None:
    # in St. John's on 2010-11-07, a Sunday, 00:01 became 23:01 of Saturday; in UTC that was 02:31
    rows = [("a", "go", f"2010-11-07 {time}+00:00") for time in ("02:30:30", "02:31:30")]
    told = {"late": {"hours": [23, 24]}, "sat": {"weekdays": ["sat"]}, "sun": {"weekdays": ["sun"]}}
    found = group_features(make_log(rows, zone="America/St_Johns"), {"features": told}, unit="user")
    assert found.table[["late", "sat", "sun"]].to_numpy().tolist() == [[0.5, 0.5, 0.5]]


# ---- edges ----------------------------------------------------------------------------------------------------------


DENSITY = {"it": {"density": True}}


def fates(edges: Any, **options: Any) -> dict[str, int]:
    pairs = asked(DENSITY, edges=edges, **options).tables["pairs"].set_index("what")["count"]
    return {what: int(count) for what, count in pairs.items() if count}


def test_every_row_of_edges_has_one_fate(tmp_path: Path) -> None:
    rows = [
        ("ann", "bob", "2024-01-02 00:00:00"),  # kept
        ("bob", "ann", "2024-01-02 00:00:00"),  # the same pair
        ("ann", "cat", "2024-01-02 00:00:00"),  # of two classes
        ("ann", "dan", "2024-01-02 00:00:00"),  # dan has no class
        ("ann", "ann", "2024-01-02 00:00:00"),
        ("ann", "zoe", "2024-01-02 00:00:00"),  # nobody knows zoe
        ("cat", "bob", "2024-01-08 00:00:00"),  # at as_of
        ("ann", "bob", None),
        (None, "bob", "2024-01-02 00:00:00"),
    ]
    expected = {"all": 9, "kept": 1, "repeated_pair": 1, "across_units": 2, "self_loop": 1, "unknown_user": 1}
    expected |= {"after_as_of": 1, "no_time": 1, "no_id": 1}
    frame = pd.DataFrame(rows, columns=["source", "target", "time"])
    frame.to_csv(tmp_path / "edges.csv", index=False)
    dated = frame.assign(time=pd.to_datetime(frame["time"]))
    dated.to_parquet(tmp_path / "edges.parquet", index=False)
    coded = dated.assign(source=frame["source"].astype("category"), target=frame["target"].astype("category"))
    aware = dated.assign(time=dated["time"].dt.tz_localize("UTC"))
    texts = frame.assign(time=frame["time"] + "+00:00")
    for edges in (frame, dated, coded, aware, texts, tmp_path / "edges.csv", str(tmp_path / "edges.parquet")):
        assert fates(edges) == expected
    assert fates(frame, least=2) == expected  # cat's class goes, and no pair lies in it
    assert fates(frame, exclude=["x"]) == {**{what: n for what, n in expected.items() if what != "kept"}, "left_out": 1}
    assert fates(frame.head(3), as_of="2024-01-01 23:00") == {"all": 3, "after_as_of": 3}
    later = fates(frame.head(3), as_of="2024-01-02 01:00")
    assert later == {"all": 3, "not_active": 2, "repeated_pair": 1}  # bob and cat come later


def test_a_pair_counts_in_every_place_that_it_shares() -> None:
    rows = [("a", "go", "2024-01-01 08:00"), ("a", "go", "2024-01-01 09:00")]
    rows += [("b", "go", "2024-01-01 08:00"), ("b", "go", "2024-01-01 09:00"), ("c", "go", "2024-01-01 09:00")]
    log = make_log(rows, properties={"place": ["in", "out", "out", "in", "in"]})  # a and b go the other way round
    edges = pa.table({"source": ["a", "c"], "target": ["b", "b"]})
    found = group_features(log, {"least": 1, "features": DENSITY}, unit="place", edges=edges)
    assert found.table[["place", "it"]].to_numpy().tolist() == [["in", 2 / 3], ["out", 1.0]]


def test_times_of_edges_are_local() -> None:
    log = make_log([("a", "go", "2024-01-01"), ("b", "go", "2024-01-01")], zone="Asia/Seoul",
                   attributes={"group": {"a": "g", "b": "g"}})  # fmt: skip
    spec = {"least": 1, "features": DENSITY}
    for time, expected in (("2024-01-01 23:59", 1.0), ("2024-01-02 00:00", 0.0), ("9999-12-31", 0.0)):
        edges = pd.DataFrame({"source": ["a"], "target": ["b"], "time": pd.to_datetime([time])})
        assert group_features(log, spec, edges=edges, as_of="2024-01-02").table["it"].tolist() == [expected]


def test_no_edges_at_all() -> None:
    empty = pa.table({"source": pa.array([], pa.string()), "target": pa.array([], pa.string())})
    found = asked(DENSITY, edges=empty)
    assert found.table["it"].tolist() == pytest.approx([0.0, math.nan], nan_ok=True)
    check_words(found)


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        (None, r"spec \(it\): density needs edges=, a table with source and target"),
        (7, "edges must be a data frame or a file with source and target, found int"),
        ("no.csv", "edges='no.csv' is not there"),
        (pa.table({"source": ["7"], "target": ["8"]}), "none of the users in edges is in the log, the first is '7'"),
        (pa.table({"sorce": ["a"], "target": ["b"]}), "column 'source' is not in edges; did you mean 'sorce'"),
        (pa.table({"source": [1.5], "target": ["b"]}), "column 'source' of edges holds double"),
        (pa.table({"source": ["ann"], "target": ["bob"], "time": ["soon"]}), "column 'time' of edges cannot be read"),
    ],
)
def test_edges_that_cannot_be(edges: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        asked(DENSITY, edges=edges)


def test_a_file_of_edges_that_is_none(tmp_path: Path) -> None:
    bad = tmp_path / "edges.parquet"
    bad.write_text("nothing")
    with pytest.raises(InputError, match="cannot be read"):
        asked(DENSITY, edges=bad)
    with pytest.raises(InputError, match="edges are for density"):
        asked({"v": {"events": "vote"}}, edges=EDGES)


# ---- specifications -------------------------------------------------------------------------------------------------

TOML = """\
unit = "group"
least = 1

[features]
votes = { events = "vote" }
"spent a day" = { drops = "points", per = "active_day" }

[features.night]
hours = [22, 6]
"""


def test_a_file_says_the_same_as_a_mapping(tmp_path: Path) -> None:
    path = tmp_path / "features.toml"
    path.write_text(TOML, encoding="utf-8")
    told = {"votes": {"events": "vote"}, "spent a day": {"drops": "points", "per": "active_day"}}
    mapping = {"unit": "group", "least": 1, "features": {**told, "night": {"hours": [22, 6]}}}
    found, expected = (group_features(classes(), spec) for spec in (path, mapping))
    assert found.table.equals(expected.table)
    assert found.recipe == expected.recipe  # a recipe holds what the file said
    again = group_features(classes(), **found.recipe["parameters"])
    assert again.table.equals(found.table)


@pytest.mark.parametrize(
    ("line", "wrong", "message"),
    [
        (5, 'votes = { evnts = "vote" }', "line 5 (votes): key 'evnts' is not in the words of a feature; did you mean"),
        (5, 'votes = { events = "vte" }', "line 5 (votes): event 'vte' is not in the log; did you mean 'vote'?"),
        (5, "votes = 3", "line 5 (votes): a feature is a table such as"),
        (6, '"spent a day" = { drops = "point" }', "line 6 (spent a day): column 'point' is not in the log; did you"),
        (6, '"spent a day" = { drops = "gender" }', "line 6 (spent a day): column 'gender' must hold the balance"),
        (2, "leest = 1", "line 2 (leest): key 'leest' is not in a specification of features; did you mean 'least'?"),
        (9, "hours = [22]", "line 8 (night): hours needs two different full hours"),
    ],
)
def test_an_error_names_the_line(tmp_path: Path, line: int, wrong: str, message: str) -> None:
    lines = TOML.splitlines()
    lines[line - 1] = wrong
    path = tmp_path / "features.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InputError) as problem:
        group_features(classes(), path)
    assert str(problem.value).startswith(f"features.toml, {message}")


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not there"):
        group_features(classes(), tmp_path / "none.toml")
    bad = tmp_path / "bad.toml"
    bad.write_text("features = {", encoding="utf-8")
    with pytest.raises(InputError, match=r"bad\.toml is not TOML"):
        group_features(classes(), bad)
    bad.write_bytes("unit = '그룹'".encode("cp949"))
    with pytest.raises(InputError, match=r"bad\.toml is not UTF-8"):
        group_features(classes(), bad)
    for odd in (3, None, ["votes"]):
        with pytest.raises(InputError, match="spec must be a mapping or the path of a TOML file"):
            group_features(classes(), odd)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("feature", "message"),
    [
        ({}, "a feature is a table"),
        ({"per": "total"}, "a feature has one kind .* found only per"),
        ({"events": "vote", "amount": True}, "one kind .* found events and amount"),
        ({"events": []}, "events needs the name of an event"),
        ({"events": ["vote", "vote"]}, "different names"),
        ({"events": 3}, "events needs the name of an event"),
        ({"events": "vote", "per": "user"}, "per='user' is not known; use 'active_user' or 'total' or 'active_day'"),
        ({"share_of_events": "vote", "per": "total"}, "per does not go with share_of_events, which takes no options"),
        ({"share_of_users": "vote", "at_least": 0}, "at_least=0 must be a whole number"),
        ({"share_of_users": "vote", "within": 3}, "within needs a unit, found 3"),
        ({"session_minutes": True}, "session_minutes=True is not known; use 'median' or 'mean'"),
        ({"sessions": 1}, "sessions is either there"),
        ({"drops": ["points"]}, "drops needs the name of a column"),
        ({"attribute_share": "gender"}, "attribute_share needs the value"),
        ({"attribute_share": "gender", "value": "f"}, "gender value 'f' is not in the log; did you mean 'F'"),
        ({"attribute_share": "gender", "value": 1}, "column 'gender' holds texts, so value=1.0 is never in it"),
        ({"attribute_share": "grade", "value": "1"}, "column 'grade' holds numbers"),
        ({"attribute_share": "grade", "value": True}, "value=True must be a text or a number"),
        ({"attribute_share": "points", "value": 1}, "must hold an attribute of users"),
        ({"balance": "user", "value": "ann"}, "must hold an attribute of users"),
        ({"hours": [6, 6]}, "two different full hours"),
        ({"hours": [0, 24]}, "two different full hours"),
        ({"hours": [2.5, 6]}, "two different full hours"),
        ({"weekdays": ["sunday"]}, "weekday 'sunday' is not in the week; did you mean 'sun'"),
        ({"weekdays": []}, "one to six different weekdays"),
        ({"weekdays": ["mon", "mon"]}, "one to six different weekdays"),
        ({"variation": "day"}, "variation='day' is not known; use 'hour' or 'weekday'"),
    ],
    ids=str,
)
def test_features_that_cannot_be(feature: Mapping[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as problem:
        one(feature)
    assert str(problem.value).startswith("spec (it): ")


@pytest.mark.parametrize("kind", ["balance", "single_valued", "density", "users"])
@pytest.mark.parametrize("unit", ["user", "session"])
def test_what_makes_no_sense_for_one_user(kind: str, unit: str) -> None:
    feature = {kind: "gender", "value": "F"} if kind == "balance" else {kind: True}
    with pytest.raises(
        InputError, match=rf"spec \(it\): {kind} makes no sense for a {unit}: it is (of )?a single user"
    ):
        one(feature, unit=unit, least=None)


@pytest.mark.parametrize("feature", [{"sessions": True}, {"active_days": True}, {"variation": "hour"}, {"span": True}])
def test_what_makes_no_sense_for_a_session(feature: Mapping[str, Any]) -> None:
    with pytest.raises(InputError, match="makes no sense for a session"):
        one(feature, unit="session", least=None)
    with pytest.raises(InputError, match="within counts from a user's first event"):
        one({"share_of_users": "vote", "within": "1d"}, unit="session", least=None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit": "grade"}, "unit='grade' holds numbers; units are user, session or a text column"),
        ({"unit": "grup"}, "column 'grup' is not in the log; did you mean 'group'"),
        ({"unit": 3}, "unit=3 must be"),
        ({"least": 0}, "least=0 must be a whole number"),
        ({"least": True}, "least=True must be a whole number"),
        ({"unit": "user", "least": 2}, "least=2 leaves nothing: a user has one user"),
    ],
)
def test_arguments_that_cannot_be(options: Mapping[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        asked({"v": {"events": "vote"}}, **options)


@pytest.mark.parametrize("name", ["group", "as_of", " ", "users"])
def test_names_that_are_taken(name: str) -> None:
    with pytest.raises(InputError, match="name"):
        asked({name: {"events": "vote"}})


def test_specifications_that_hold_nothing() -> None:
    for spec in ({}, {"features": {}}, {"features": []}, {"unit": "user"}):
        with pytest.raises(InputError, match="needs a table of features"):
            group_features(classes(), spec)
    with pytest.raises(InputError, match="gap='30' is not a length of time"):
        group_features(classes(), {"gap": "30", "features": {"v": {"events": "vote"}}})
    log = make_log([("a", "go", "2024-01-01")])
    with pytest.raises(InputError, match="this log has no amounts"):
        group_features(log, {"unit": "user", "features": {"m": {"amount": True}}})


def test_a_length_without_end_is_no_limit() -> None:
    spec = {
        "gap": "9999999w",
        "features": {"s": {"sessions": True}, "v": {"share_of_users": "vote", "within": "9999999w"}},
    }
    found = group_features(classes(), spec, unit="user")
    assert found.table["s"].tolist() == [1, 1, 1, 1]
    assert found.table["v"].isna().all()


# ---- words ----------------------------------------------------------------------------------------------------------


def test_the_first_sentence_says_that_there_is_little() -> None:
    found = asked({"v": {"events": "vote"}})
    assert found.summary().startswith(
        "Weak evidence for any clusters, only 2 groups of 2, each with at least 1 active user, have 1 feature from 3 "
        "users and 7 events."
    )
    assert found.summary("ko").startswith(
        "단위가 적어 군집을 나눌 근거가 약합니다. 그룹 2개(전체 2개 중 활동 사용자 1명 이상)"
    )
    nothing = asked({"v": {"events": "vote"}}, least=9)
    assert nothing.summary().startswith("There is nothing to cluster: none of 2 units has 9 active users and stays.")
    for result in (found, nothing):
        check_words(result)


def test_what_was_left_out_is_told() -> None:
    found = asked({"v": {"events": "vote"}}, least=2)
    assert (
        "Left out: 1 group with fewer than 2 active users (1 user, 1 event); 1 user of no unit (1 event)."
        in found.summary()
    )
    assert (
        "제외: 활동 사용자가 기준보다 적은 그룹 1개(사용자 1명, 이벤트 1건), 소속 없는 사용자 1명(이벤트 1건)."
        in found.summary("ko")
    )
    assert found.explain()["exclusions"].startswith("1 group with fewer than 2 active users")


def test_what_is_missing_is_told_with_its_reason() -> None:
    found = asked({"a": {"drops": "points"}, "b": {"rises": "points"}, "v": {"events": "vote"}})
    assert "‘a’, ‘b’ are missing for 1 group: no user has two readings." in found.summary()
    assert "그룹 1개에는 ‘a’, ‘b’가 없습니다(값이 두 번 이상 기록된 사용자가 없음)." in found.summary("ko")
    assert found.tables["told"]["missing"].tolist() == [1, 1, 0]


def test_what_clustering_stumbles_over_is_told() -> None:
    # of forty users thirty-nine do it once and one a hundred times; twice as much is the same once more
    rows = [(f"u{user:02d}", "go", f"2024-01-01 10:00:{user:02d}") for user in range(39)]
    rows += [("u39", "go", f"2024-01-01 {10 + step // 60}:{step % 60:02d}") for step in range(100)]
    log = make_log(rows)
    told = {"n": {"events": "go"}, "twice": {"events": ["go"], "per": "active_day"}, "all": {"share_of_events": "go"}}
    found = group_features(log, {"unit": "user", "features": told})
    said = found.summary()
    assert "(share of the commonest value): ‘all’ (100.0 %), ‘n’ (97.5 %), ‘twice’ (97.5 %)." in said
    assert "count twice in a distance: ‘n’–‘twice’ (1.00)." in said
    # skewness of 39 equal values and one other: (1 - 2p) / sqrt(p (1 - p)) with p = 1/40, 6.08
    assert "The most skewed feature is ‘n’ (skewness 6.08); log1p before clustering" in said
    check_words(found)


def test_every_kind_is_defined_in_both_languages() -> None:
    told = {
        "events": {"events": "vote"},
        "vote_share": {"share_of_events": "vote"},
        "early": {"share_of_users": "vote", "at_least": 2, "within": "3d"},
        "minutes": {"session_minutes": "median"},
        "visits": {"sessions": True},
        "spent": {"drops": "points", "per": "total"},
        "won": {"rises": "points", "per": "active_day"},
        "paid": {"amount": True},
        "days": {"active_days": True},
        "girls": {"attribute_share": "gender", "value": "F"},
        "mixed": {"balance": "gender", "value": "F"},
        "single": {"single_valued": "gender"},
        "density": {"density": True},
        "night": {"hours": [22, 6]},
        "weekend": {"weekdays": ["sun", "sat"]},
        "by_hour": {"variation": "hour"},
        "by_day": {"variation": "weekday"},
        "quiet": {"recency": True},
        "span": {"span": True},
        "size": {"users": True},
    }
    found = asked(told, edges=EDGES)
    table = found.tables["told"].set_index("feature")
    assert table.index.tolist() == list(told)
    assert table.loc["early", "definition"] == (
        "share of active users with ‘vote’ at least 2 times in the first 3d (who has less behind them does not count)"
    )
    assert table.loc["weekend", "definition_ko"] == "토요일, 일요일 이벤트 비중"
    assert table.loc["spent", "unit"] == "points"
    for lang, column in (("en", "definition"), ("ko", "definition_ko")):
        for name, text in table[column].items():
            assert f"‘{name}’: {text}" in found.explain(lang)["features"]
    check_words(found)
    alone = {name: one for name, one in told.items() if name not in ("mixed", "single", "density", "size")}
    users = asked(alone, unit="user", least=None)
    assert (
        users.tables["told"].set_index("feature").loc["girls", "definition"] == "whether ‘gender’ is ‘F’: 1 yes, 0 no"
    )
    check_words(users)


def test_the_words_of_the_tables_have_labels() -> None:
    found = asked(DENSITY, edges=EDGES)
    for name in ("account", "pairs"):
        for what in found.tables[name]["what"]:
            assert labels.value(what, "what", "ko") != what
    for name in found.tables:
        assert labels.caption(name, "ko", "features") != labels.caption(name, "en", "features")


# ---- a generated service --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def school() -> tuple[Sample, EventLog]:
    sample = school_sns(3_000, seed=2)
    return sample, ingest(sample.events, **sample.arguments())


def test_a_service_against_pandas(school: tuple[Sample, EventLog]) -> None:
    # witness: pandas on the exported tables
    sample, log = school
    told = {
        "votes": {"events": "vote"},
        "spent": {"drops": "points"},
        "girls": {"attribute_share": "gender", "value": "F"},
    }
    told |= {"density": {"density": True}, "days": {"active_days": True}}
    found = group_features(log, {"features": told}, edges=sample.tables["edges"]).table.set_index("group")
    events = sample.events.to_pandas().merge(sample.tables["users"].to_pandas(), on="user")
    events = events.sort_values(["user", "time"], kind="stable")
    active = events.groupby("school", observed=True)["user"].nunique()
    assert found["users"].to_dict() == active[active >= 5].to_dict()
    votes = events[events["event"] == "vote"].groupby("school", observed=True).size() / active
    assert found["votes"].to_dict() == pytest.approx(votes[found.index].to_dict())
    falls = -events.groupby("user", observed=True)["points"].diff().clip(upper=0)
    assert found["spent"].to_dict() == pytest.approx(
        (falls.groupby(events["school"], observed=True).sum() / active)[found.index].to_dict()
    )
    days = events.assign(day=events["time"].dt.date).drop_duplicates(["user", "day"]).groupby("school", observed=True)
    assert found["days"].to_dict() == pytest.approx((days.size() / active)[found.index].to_dict())
    place = sample.tables["users"].to_pandas().set_index("user")["school"].astype(str)
    edges = sample.tables["edges"].to_pandas()
    ends = [place.reindex(edges[end].astype(str)).to_numpy() for end in ("source", "target")]
    inside = pd.Series(ends[0][ends[0] == ends[1]]).value_counts().reindex(found.index).fillna(0)
    expected = inside / (found["users"] * (found["users"] - 1) / 2)
    assert found["density"].to_dict() == pytest.approx(expected.to_dict())


def test_lively_schools_have_the_habit(school: tuple[Sample, EventLog]) -> None:
    # witness: the generator's truth, 45 % with the habit in lively schools and 12 % elsewhere
    sample, log = school
    told = {"habit": {"share_of_users": "invite", "at_least": 2, "within": "3d"}, "density": {"density": True}}
    found = group_features(log, {"features": told}, edges=sample.tables["edges"]).table
    lively = found["group"].isin(sample.truth["lively_schools"])
    assert 5 < lively.sum() < 30
    assert found.loc[lively, "habit"].mean() == pytest.approx(0.45, abs=0.08)
    assert found.loc[~lively, "habit"].mean() == pytest.approx(0.12, abs=0.05)
    assert found.loc[lively, "density"].mean() > 1.3 * found.loc[~lively, "density"].mean()


def test_the_table_can_be_clustered(school: tuple[Sample, EventLog]) -> None:
    _, log = school
    told = {"votes": {"events": "vote"}, "minutes": {"session_minutes": "median"}, "by_hour": {"variation": "hour"}}
    found = group_features(log, {"features": told})
    units = read_units(found, list(told))
    assert (units.unit, len(units), units.as_of) == ("group", len(found.table), "2023-05-18 00:00:00+09:00")

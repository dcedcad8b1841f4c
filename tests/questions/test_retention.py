"""``retention``: cases counted by hand, its words, errors and figure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dangol.core.errors import InputError
from dangol.core.result import Result
from dangol.questions.retention import retention
from tests.logs import make_log


def cells(result: Result) -> dict[tuple[Any, ...], tuple[int, int, bool]]:
    """(segment, cohort, period) -> (n, users, complete); the segment is left out without a breakdown."""
    table = result.table
    keys = [name for name in ("segment", "cohort", "period") if name in table]
    rows = table[[*keys, "n", "users", "complete"]].itertuples(index=False)
    return {tuple(row)[:-3]: tuple(row)[-3:] for row in rows}


def row(result: Result, cohort: str) -> list[int]:
    """The users of one cohort, period by period."""
    return result.table.loc[result.table["cohort"] == cohort, "users"].tolist()


# ---- by hand ------------------------------------------------------------------------------------------------------

# Weeks begin on Monday 2024-01-01, 01-08, 01-15, 01-22. as_of is the next full hour: Wed 24th 10:00.
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
    result = retention(make_log(WEEKS))
    assert list(result.table.columns) == ["cohort", "n", "period", "users", "rate", "lower", "upper", "complete"]
    assert cells(result) == {
        ("2024-01-01", 0): (3, 3, True),
        ("2024-01-01", 1): (3, 2, True),
        ("2024-01-01", 2): (3, 0, True),
        ("2024-01-01", 3): (3, 1, False),
        ("2024-01-15", 0): (1, 1, True),
        ("2024-01-15", 1): (1, 1, False),
    }
    average = result.tables["average"].set_index("period")
    assert average[["cohorts", "n", "users"]].to_numpy().tolist() == [[2, 4, 4], [1, 3, 2], [1, 3, 0]]
    assert average["rate"].tolist() == pytest.approx([1, 2 / 3, 0])
    triangle = result.tables["triangle"]
    assert list(triangle.columns) == ["cohort", "n", "0", "1", "2", "3"]
    assert triangle.iloc[0, 2:].tolist() == pytest.approx([1, 2 / 3, 0, 1 / 3])
    assert triangle.iloc[1, 2:4].tolist() == [1, 1]
    assert triangle.iloc[1, 4:].isna().all()


def test_average_is_weighted_by_users() -> None:
    # week 1: 2 of 4 (cohort 1) and 1 of 1 (cohort 2): 3 of 5, not the mean of 50 % and 100 %
    rows = [(user, "a", "2024-01-01") for user in "abcd"] + [(user, "a", "2024-01-09") for user in "ab"]
    rows += [("e", "a", "2024-01-10"), ("e", "a", "2024-01-16"), ("z", "a", "2024-01-30")]
    average = retention(make_log(rows)).tables["average"].set_index("period")
    assert average[["cohorts", "n", "users"]].to_numpy()[1].tolist() == [2, 5, 3]
    assert average.loc[1, "rate"] == 0.6
    # Wilson's formula by hand, 3 of 5: z = 1.96, (0.6 + z²/10 ± z·√(0.6·0.4/5 + z²/100)) / (1 + z²/5)
    assert average[["lower", "upper"]].to_numpy()[1].tolist() == pytest.approx([0.2307, 0.8824], abs=5e-5)


def test_on_or_after_by_hand() -> None:
    result = retention(make_log(WEEKS), counting="on-or-after")
    assert row(result, "2024-01-01") == [3, 2, 1, 1]  # ann's last order, in week 3, counts in weeks 2 and 3
    assert "lower bounds" in result.summary()


def test_start_and_return_events_by_hand() -> None:
    # start order: ann week of the 22nd, bea of the 8th, cho of the 1st; dan never
    result = retention(make_log(WEEKS), start="order", event="visit")
    assert cells(result) == {
        ("2024-01-01", 0): (1, 0, True),
        ("2024-01-01", 1): (1, 0, True),
        ("2024-01-01", 2): (1, 0, True),
        ("2024-01-01", 3): (1, 0, False),
        ("2024-01-08", 0): (1, 0, True),
        ("2024-01-08", 1): (1, 0, True),
        ("2024-01-08", 2): (1, 0, False),
        ("2024-01-22", 0): (1, 0, False),
    }  # ann's and bea's visits all lie before their order
    back = retention(make_log(WEEKS), start="visit", event="order")
    assert row(back, "2024-01-01") == [0, 1, 0, 1]
    assert row(back, "2024-01-15") == [0, 0]


def test_period_zero_counts_rows_after_the_start() -> None:
    same = [("u", "order", "2024-01-01 10:00"), ("u", "visit", "2024-01-01 10:00"), ("u", "x", "2024-01-09")]
    log = make_log(same)
    assert row(retention(log, start="visit", event="order"), "2024-01-01")[0] == 0  # source order: the order came first
    assert row(retention(log, start="order", event="visit"), "2024-01-01")[0] == 1
    assert row(retention(log, start="order"), "2024-01-01")[0] == 1
    assert row(retention(log, start="visit"), "2024-01-01")[0] == 0  # the visit itself is no return
    assert row(retention(log, event="visit"), "2024-01-01")[0] == 1
    assert row(retention(log, start="visit", event="visit"), "2024-01-01")[0] == 1
    for counting in ("on", "on-or-after"):
        rolled = retention(log, start="visit", event="order", periods="rolling", counting=counting)
        assert row(rolled, "2024-01-01") == [0]


def test_brackets_by_hand() -> None:
    days = [("u", "a", f"2024-01-{day:02d} 12:00") for day in (1, 3, 4, 5, 9)]
    days += [("v", "a", "2024-01-01 12:00"), ("v", "a", "2024-01-02 12:00"), ("w", "a", "2024-01-04 12:00")]
    result = retention(make_log(days), every="1d", brackets=[1, 3, 7])
    assert result.table.columns.tolist()[2:4] == ["period", "until"]
    # as_of Tue 2024-01-09 13:00; from the 4th, days 3 to 6 end with the 10th
    assert cells(result) == {
        ("2024-01-01", 0): (2, 2, True),
        ("2024-01-01", 1): (2, 2, True),  # u on day 2, v on day 1
        ("2024-01-01", 3): (2, 1, True),  # u on days 3 and 4, counted once; day 8 is in no bracket
        ("2024-01-04", 0): (1, 1, True),
        ("2024-01-04", 1): (1, 0, True),
        ("2024-01-04", 3): (1, 0, False),
    }
    assert result.tables["triangle"].columns.tolist() == ["cohort", "n", "0", "1-2", "3-6"]
    whole = retention(make_log(days), every="1d", brackets=(0, 3))
    assert cells(whole) == {("2024-01-01", 0): (2, 2, True), ("2024-01-04", 0): (1, 1, True)}
    rolled = retention(make_log(days), every="1d", brackets=[1, 3, 7], periods="rolling")
    assert cells(rolled)["2024-01-01", 3] == (2, 1, True)
    assert ("2024-01-04", 3) not in cells(rolled)  # day 7 after 12:00 on the 4th is the 11th


def test_rolling_by_hand() -> None:
    rows = [
        ("ann", "a", "2024-01-01 12:00"),
        ("ann", "a", "2024-01-02 11:59"),  # under 24 hours: period 0
        ("bea", "a", "2024-01-01 12:00"),
        ("bea", "a", "2024-01-02 12:00"),  # exactly 24 hours: period 1
        ("cho", "a", "2024-01-01 18:00"),
        ("cho", "a", "2024-01-03 17:30"),
    ]
    log = make_log(rows)
    assert row(retention(log, every="1d"), "2024-01-01") == [3, 2, 1]
    # as_of 01-03 18:00: period 1 has passed for all (cho's ends in that very moment), period 2 for nobody
    assert cells(retention(log, every="1d", periods="rolling")) == {
        ("2024-01-01", 0): (3, 3, True),
        ("2024-01-01", 1): (3, 2, True),
    }
    earlier = retention(log, every="1d", periods="rolling", as_of="2024-01-03 13:00")
    assert cells(earlier)["2024-01-01", 1] == (2, 1, False)  # ann and bea only
    assert earlier.tables["average"]["period"].tolist() == [0]


def test_recurring_by_hand() -> None:
    result = retention(make_log(WEEKS), cohorts="recurring")
    assert cells(result) == {
        ("2024-01-01", 0): (3, 3, True),
        ("2024-01-01", 1): (3, 2, True),
        ("2024-01-01", 2): (3, 0, True),
        ("2024-01-01", 3): (3, 1, False),
        ("2024-01-08", 0): (2, 2, True),  # ann, bea
        ("2024-01-08", 1): (2, 0, True),
        ("2024-01-08", 2): (2, 1, False),
        ("2024-01-15", 0): (1, 1, True),
        ("2024-01-15", 1): (1, 1, False),
        ("2024-01-22", 0): (2, 2, False),  # ann, dan
    }
    assert result.explain()["n"] == "4 users, 8 entries in 4 cohorts"


def test_recurring_rolling_starts_at_the_first_start_event_of_the_period() -> None:
    rows = [
        ("u", "a", time) for time in ("2024-01-01 20:00", "2024-01-01 22:00", "2024-01-02 21:00", "2024-01-03 20:30")
    ]
    result = retention(make_log(rows), every="1d", periods="rolling", cohorts="recurring")
    # entries 01-01 20:00 and 01-02 21:00 (and 01-03 20:30, not passed by as_of 21:00); 20:30 on the 3rd is 48.5 h and
    # 23.5 h after them
    assert cells(result) == {
        ("2024-01-01", 0): (1, 1, True),
        ("2024-01-01", 1): (1, 1, True),
        ("2024-01-02", 0): (1, 1, True),
    }


def test_by_user_column_and_by_event_column_at_the_start() -> None:
    channel = ["ad", "web", None, "web", "ad", None, "ad", "web"]
    log = make_log(
        WEEKS,
        properties={"channel": channel},
        attributes={"age": {"ann": 30, "bea": 20, "cho": 30}, "city": {"ann": "서울"}},
    )
    by_event = retention(log, by="channel").table
    started = by_event[by_event["period"] == 0]
    # first events: ann ad, bea web, cho none, dan ad
    assert dict(zip(zip(started["segment"], started["cohort"], strict=True), started["n"], strict=True)) == {
        ("ad", "2024-01-01"): 1,
        ("ad", "2024-01-15"): 1,
        ("web", "2024-01-01"): 1,
        ("(none)", "2024-01-01"): 1,
    }
    # with start order: ann none, bea ad, cho none
    ordered = retention(log, start="order", by="channel")
    assert {key[:2] for key in cells(ordered)} == {
        ("(none)", "2024-01-22"),
        ("ad", "2024-01-08"),
        ("(none)", "2024-01-01"),
    }
    ages = retention(log, by="age")
    assert {key[0]: found[0] for key, found in cells(ages).items() if key[1:] == ("2024-01-01", 0)} == {
        "20": 1,
        "30": 2,
    }
    assert {key[0] for key in cells(ages)} == {"20", "30", "(none)"}
    cities = retention(log, by="city")
    assert cities.units(cohort="2024-01-01", period=1, segment="서울").tolist() == ["ann"]
    assert cities.units(cohort="2024-01-01", period=1).tolist() == ["ann", "bea"]


def test_as_of_hides_what_came_after() -> None:
    log = make_log(WEEKS)
    earlier = retention(log, as_of="2024-01-15")  # the very end of the second week; dan has not come yet
    assert cells(earlier) == {("2024-01-01", 0): (3, 3, True), ("2024-01-01", 1): (3, 2, True)}
    later = retention(log, as_of="2024-02-05")
    assert cells(later)["2024-01-01", 3] == (3, 1, True)
    assert cells(later)["2024-01-01", 4] == (3, 0, True)
    assert ("2024-01-01", 5) not in cells(later)  # that week begins with as_of itself
    with pytest.raises(InputError, match="not after the log's first event"):
        retention(log, as_of="2024-01-01")


def test_views() -> None:
    log = make_log(WEEKS, attributes={"plan": {"ann": "a", "bea": "b", "cho": "a", "dan": "b"}})
    visits = retention(log.where("event", "==", "visit"))
    assert row(visits, "2024-01-01") == [2, 1, 0, 0]  # ann and bea
    named = retention(log.users(["ann", "dan"]))
    assert row(named, "2024-01-01") == [1, 1, 0, 1]
    assert row(retention(log.where("plan", "==", "a")), "2024-01-01") == [2, 1, 0, 1]
    span = retention(log.between("2024-01-08", "2024-01-22"))
    assert cells(span) == {
        ("2024-01-08", 0): (2, 2, True),
        ("2024-01-08", 1): (2, 0, True),
        ("2024-01-15", 0): (1, 1, True),
    }
    assert span.units(cohort="2024-01-08", period=0).tolist() == ["ann", "bea"]
    assert named.recipe["log"]["view"] == ["2 named users"]


# ---- zones --------------------------------------------------------------------------------------------------------


def test_korean_midnight() -> None:
    # 15:00 UTC is midnight in Seoul: 2024-03-04 14:59 UTC is still Monday the 4th there, 15:00 Tuesday the 5th
    rows = [
        ("u", "a", "2024-03-03T15:00:00+00:00"),
        ("u", "a", "2024-03-04T14:59:00+00:00"),
        ("v", "a", "2024-03-03T15:00:00+00:00"),
        ("v", "a", "2024-03-04T15:00:00+00:00"),
        ("z", "a", "2024-03-06T12:00:00+00:00"),
    ]
    seoul = retention(make_log(rows, zone="Asia/Seoul"), every="1d")
    assert cells(seoul)["2024-03-04", 0] == (2, 2, True)
    assert cells(seoul)["2024-03-04", 1] == (2, 1, True)
    utc = retention(make_log(rows, zone="UTC"), every="1d")
    assert row(utc, "2024-03-03") == [2, 2, 0, 0]


def test_days_of_23_and_25_hours() -> None:
    # London: clocks go forward on Sunday 2024-03-31 at 01:00, back on Sunday 2024-10-27 at 02:00
    spring = [("u", "a", "2024-03-30T23:30:00+00:00"), ("u", "a", "2024-03-31T22:59:00+00:00")]
    spring += [("v", "a", "2024-03-30T23:30:00+00:00"), ("v", "a", "2024-03-31T23:00:00+00:00")]
    spring += [("z", "a", "2024-04-03T12:00:00+00:00")]
    log = make_log(spring, zone="Europe/London")
    assert row(retention(log, every="1d"), "2024-03-30") == [2, 1, 1, 0, 0]  # 23:00 UTC is Monday the 1st already
    assert row(retention(log, every="1d", periods="rolling"), "2024-03-30") == [2, 0, 0]  # both under 24 hours
    autumn = [("u", "a", "2024-10-26T22:59:00+00:00"), ("u", "a", "2024-10-27T23:30:00+00:00")]
    autumn += [("v", "a", "2024-10-26T23:00:00+00:00"), ("v", "a", "2024-10-27T23:30:00+00:00")]
    autumn += [("z", "a", "2024-10-30T12:00:00+00:00")]
    log = make_log(autumn, zone="Europe/London")
    days = retention(log, every="1d")
    assert row(days, "2024-10-26") == [1, 1, 0, 0, 0]  # 22:59 UTC is 23:59 on the 26th; 23:30 UTC still the 27th
    assert row(days, "2024-10-27") == [1, 0, 0, 0]
    rolled = retention(log, every="1d", periods="rolling")
    assert row(rolled, "2024-10-26")[:2] == [1, 1]  # 24 h 31 min
    assert row(rolled, "2024-10-27")[:2] == [1, 1]  # 24 h 30 min


# ---- words, errors, picture ---------------------------------------------------------------------------------------


def test_first_sentence_states_the_finding_and_its_weakness() -> None:
    result = retention(make_log(WEEKS))
    assert result.sentences[0].write() == (
        "Weak evidence, only 3 users: 66.7 % of 3 users came back in week 1 "
        "(95 % interval 20.8 % to 93.9 %; finished cohorts: 1)."
    )
    assert (
        result.sentences[0]
        .write("ko")
        .startswith("사용자가 3명뿐이라 근거가 약합니다. 사용자 3명 가운데 66.7 %가 시작 1주 뒤에")
    )
    assert "2 cells of the triangle are not over by 2024-01-24 10:00" in result.summary()
    assert set(result.how) == {"unit", "window", "denominator", "n", "zone", "exclusions"}
    assert result.recipe["parameters"]["every"] == "1w"
    after = retention(make_log(WEEKS), every="3d", counting="on-or-after", event="order").summary()
    assert "users did 'order' in period 1 of 3 days each or later" in after


def test_segments_are_compared_in_words() -> None:
    rows = [(f"{plan}{at:02d}", "a", "2024-01-01") for plan in "pq" for at in range(40)]
    rows += [(f"p{at:02d}", "a", "2024-01-09") for at in range(30)] + [
        ("q00", "a", "2024-01-09"),
        ("z", "a", "2024-01-22"),
    ]
    attributes = {"plan": {user: {"p": "유료", "q": "무료"}.get(user[0], "?") for user, _, _ in rows}}
    result = retention(make_log(rows, attributes=attributes), by="plan")
    # the interval: statsmodels' confint_proportions_2indep(30, 40, 1, 40, method="newcomb")
    assert result.sentences[1].write() == (
        "Among segments of at least 30 it is highest in week 1 for ‘유료’ (75.0 % of 40) and lowest for ‘무료’ "
        "(2.5 % of 40): +72.5 points (95 % interval +54.1 to +83.5)."
    )
    assert "‘유료’에서 가장 높고(40명 중 75.0 %) ‘무료’에서 가장 낮습니다" in result.summary("ko")
    names = {trace.name for trace in result.figure().data if trace.type == "scatter" and trace.name}
    assert names == {"유료", "무료"}  # z has no finished week 1


def test_a_small_difference_of_two_segments_may_be_chance() -> None:
    """33 of 60 against 30 of 60: statsmodels' ``confint_proportions_2indep(33, 60, 30, 60, method="newcomb")``."""
    rows = [(f"{plan}{at:02d}", "a", "2024-01-01") for plan in "pq" for at in range(60)]
    rows += [(f"{plan}{at:02d}", "a", "2024-01-09") for plan, back in (("p", 30), ("q", 33)) for at in range(back)]
    rows += [("p00", "a", "2024-01-22")]
    result = retention(make_log(rows, attributes={"plan": {user: user[0] for user, _, _ in rows}}), by="plan")
    assert "+5.0 points (95 % interval −12.5 to +22.1), which may be chance." in result.sentences[1].write()
    assert "+5.0 %p(95 % 신뢰구간 −12.5~+22.1)로 우연일 수 있습니다." in result.sentences[1].write("ko")


def test_a_later_period_is_told_with_what_its_own_cohorts_did_before() -> None:
    """By hand: of 60 + 60 old users 60 come back in week 1 and 90 in week 2, of 200 new ones 20 in week 1."""
    weeks = {"o": ("2024-01-01", "2024-01-08", "2024-01-15"), "p": ("2024-01-08", "2024-01-15", "2024-01-22")}
    rows = [(f"{one}{at:03d}", "a", day) for one, days in weeks.items() for at in range(60) for day in days[:1]]
    rows += [(f"{one}{at:03d}", "a", days[1]) for one, days in weeks.items() for at in range(30)]
    rows += [(f"{one}{at:03d}", "a", days[2]) for one, days in weeks.items() for at in range(45)]
    rows += [(f"n{at:03d}", "a", "2024-01-15") for at in range(200)]
    rows += [(f"n{at:03d}", "a", "2024-01-22") for at in range(20)] + [("o000", "a", "2024-01-29")]
    first = retention(make_log(rows), every="1w").sentences[0]
    assert first.write() == (
        "25.0 % of 320 users came back in week 1 (95 % interval 20.6 % to 30.0 %; finished cohorts: 3), 75.0 % of 120 "
        "in week 2 (finished cohorts: 2; of the same cohorts 50.0 % in week 1)."
    )
    assert "75.0 %였습니다(기간이 끝난 코호트 2개, 같은 코호트의 시작 1주 뒤는 50.0 %)." in first.write("ko")


def test_nothing_finished_and_nobody_are_said_first() -> None:
    young = retention(make_log(WEEKS), every="1mo")
    assert (
        young.sentences[0].write().startswith("It is too early to tell who comes back: no cohort has month 1 behind it")
    )
    assert "아직 이릅니다" in young.summary("ko")
    log = make_log(WEEKS).users(["dan"])
    nobody = retention(log, start="order")
    assert nobody.sentences[0].write() == "Nobody entered a cohort: this part of the log holds no start event 'order'."
    assert "이벤트 order가 없습니다" in nobody.summary("ko")
    for result in (young, nobody):
        result.figure()
    assert all(nobody.tables[name].empty for name in nobody.tables)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"every": "7"}, "length of time"),
        ({"every": "-1w"}, "at least 1"),
        ({"every": "30m"}, "not a calendar period"),
        ({"start": "ordr"}, "did you mean 'order'"),
        ({"event": "visits"}, "did you mean 'visit'"),
        ({"counting": "after"}, "'on' or 'on-or-after'"),
        ({"cohorts": "all"}, "'first' or 'recurring'"),
        ({"periods": "fixed"}, "'calendar' or 'rolling'"),
        ({"periods": "rolling", "every": "1mo"}, "'30d'"),
        ({"brackets": [3]}, "ascending"),
        ({"brackets": [1, 1]}, "ascending"),
        ({"brackets": [-1, 3]}, "ascending"),
        ({"brackets": [1.5, 3]}, "ascending"),
        ({"brackets": "1,3"}, "ascending"),
        ({"brackets": [1, 3], "counting": "on-or-after"}, "leave out"),
        ({"by": "cty"}, "did you mean 'city'"),
        ({"by": "user"}, "holds ids"),
        ({"as_of": "soon"}, "not a date"),
        ({"as_of": "2023-12-31"}, "not after"),
        ({"every": "1h", "as_of": "2034-01-01"}, "use a longer period"),
    ],
)
def test_errors_say_what_to_do(options: dict[str, Any], message: str) -> None:
    log = make_log(WEEKS, attributes={"city": {"ann": "x"}})
    with pytest.raises(InputError, match=message):
        retention(log, **options)


def test_units_errors() -> None:
    result = retention(make_log(WEEKS))
    with pytest.raises(InputError, match="2024-01-01"):
        result.units(cohort="2024-01-02", period=1)
    with pytest.raises(InputError, match="it has 0, 1, 2, 3"):
        result.units(cohort="2024-01-01", period=9)
    with pytest.raises(InputError, match="by="):
        result.units(cohort="2024-01-01", period=1, segment="x")
    with pytest.raises(InputError, match="argument"):
        result.units(cohort="2024-01-01")
    with pytest.raises(InputError, match="is not in the answer"):
        retention(make_log(WEEKS), by="event").units(cohort="2024-01-01", period=1, segment="visits")


def test_figure_marks_what_is_not_over() -> None:
    figure = retention(make_log(WEEKS)).figure()
    finished, rest = [trace for trace in figure.data if trace.type == "heatmap"]
    assert np.asarray(finished.z, float)[0, :2] == pytest.approx([200 / 3, 0])
    assert np.isnan(np.asarray(finished.z, float)[0, 2])
    assert np.asarray(rest.z, float)[0, 2] == pytest.approx(100 / 3)
    assert figure.layout.yaxis2.ticktext == ("2024-01-01 (3)", "2024-01-15 (1)")
    assert figure.layout.xaxis.ticktext == ("1", "2", "3")  # period 0 is 100 % by definition
    assert "hatched: not over yet" in figure.layout.title.text
    assert "4 users in 2 cohorts" in figure.layout.title.text

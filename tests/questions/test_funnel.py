"""``funnel``: hand calculations, published intervals, and the rules of its definition one by one.

Where no other witness is named, the expected numbers are worked out by hand from the few rows in the test.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dangol.core.durations import DAY, HOUR, SECOND
from dangol.core.errors import InputError
from dangol.log.eventlog import EventLog
from dangol.questions.funnel import funnel
from tests.logs import make_log

LATE = 10**16  # an end of the log at which everybody has had the whole window
COLUMNS = ["step", "event", "users", "rate", "rate_from_previous", "lower", "upper"]
COLUMNS += ["lower_from_previous", "upper_from_previous", "lost", "median_s"]


def timed(text: str, user: str = "u") -> list[tuple[str, str, int]]:
    """``"a0 b5"``: a at second 0, b at second 5."""
    return [(user, part[0], int(part[1:]) * SECOND) for part in text.split()]


def log_of(
    *texts: str, items: Sequence[str | None] | None = None, as_of: int | None = LATE, block: int = 1 << 20
) -> EventLog:
    """One user per text: u0, u1, …; ``items``: the property of each row."""
    rows = [row for number, text in enumerate(texts) for row in timed(text, f"u{number}")]
    rows += [("zz", name, 0) for name in "abcdefx"]  # so that every name is in the log; taken out again by the view
    properties = {"item": [*items, *[None] * 7]} if items else None
    log = make_log(rows, properties=properties, as_of=as_of, block_events=block)
    return log.users([f"u{number}" for number in range(len(texts))])


def level(text: str, steps: Sequence[Any], items: Sequence[str | None] | None = None, **options: Any) -> int:
    """The level of the one user of a log."""
    found = funnel(log_of(text, items=items), list(steps), **options).table["users"]
    return int(found.sum())


def users(log: EventLog, steps: Sequence[Any], **options: Any) -> list[int]:
    """The users who reached each step."""
    return funnel(log, steps, **options).table["users"].tolist()


def shares(counts: Sequence[tuple[str, int, int]]) -> EventLog:
    """For each (segment, n, done): n users who did a, and done of them b."""
    rows, group = [], {}
    for segment, n, done in counts:
        for one in range(n):
            user = f"{segment}{one:04d}"
            rows += timed("a0 b1" if one < done else "a0", user)
            group[user] = segment
    return make_log(rows, attributes={"group": group}, as_of=LATE)


# ---- the table --------------------------------------------------------------------------------------------------


def test_counts_rates_and_losses() -> None:
    table = funnel(log_of("a0 b10 c30", "a0 b20", "a0 x1", "a0 b90", "b0 c1"), ["a", "b", "c"]).table
    assert table.columns.tolist() == COLUMNS
    assert table["step"].tolist() == [1, 2, 3]
    assert table["event"].tolist() == ["a", "b", "c"]
    assert table["users"].tolist() == [4, 3, 1]
    assert table["rate"].tolist() == [1, 0.75, 0.25]
    assert np.isnan(table["rate_from_previous"][0])
    assert table["rate_from_previous"].tolist()[1:] == [0.75, 1 / 3]
    assert table["lost"].tolist() == [0, 1, 2]
    assert np.isnan(table["median_s"][0])
    assert table["median_s"].tolist()[1:] == [20, 20]  # b after 10, 20, 90 s; c 20 s after b


def test_wilson_intervals() -> None:
    """81 of 263: Newcombe 1998 (doi:10.1002/(SICI)1097-0258(19980430)17:8<857), method 3: 0.2553 to 0.3662."""
    table = funnel(shares([("x", 263, 81)]), ["a", "b"]).table
    for both in (("lower", "upper"), ("lower_from_previous", "upper_from_previous")):
        assert [round(table[name][1], 4) for name in both] == [0.2553, 0.3662]


def test_newcombe_interval_of_two_segments() -> None:
    """56/70 against 48/80: Newcombe 1998, method 10, 0.0524 to 0.3339; p as scipy's chi2_contingency, uncorrected."""
    answer = funnel(shares([("x", 70, 56), ("y", 80, 48)]), ["a", "b"], by="group")
    row = answer.tables["differences"].iloc[0]
    assert (row["segment_a"], row["n_a"], row["segment_b"], row["n_b"]) == ("y", 80, "x", 70)
    assert [round(row[name], 4) for name in ("difference", "lower", "upper")] == [-0.2, -0.3339, -0.0524]
    assert round(row["p"], 6) == 0.008045
    assert (row["q"], row["family"]) == (row["p"], 1)
    assert "20.0 percentage points higher for ‘x’ (80.0 % of 70)" in answer.summary()
    assert "0.0 to" not in answer.summary()
    assert "may be chance" not in answer.summary()


def test_differences_of_more_segments_control_false_discoveries() -> None:
    answer = funnel(shares([("x", 70, 56), ("y", 80, 48), ("z", 80, 47), ("e", 9, 0)]), ["a", "b"], by="group")
    table = answer.tables["differences"]
    assert len(table) == 6
    assert (table["family"] == 6).all()
    assert (table["q"] >= table["p"]).all()
    assert table["q"].max() == table["p"].max()  # Benjamini and Hochberg: the largest q is the largest p
    assert "highest for ‘x’ (80.0 % of 70) and lowest for ‘z’ (58.8 % of 80)" in answer.summary()  # e is too small


def test_time_quantiles() -> None:
    took = [3, 8, 20, 45, 46, 70, 71]
    log = log_of(*[f"a5 b{5 + one} c{5 + 3 * one}" for one in took])
    table = funnel(log, ["a", "b", "c"]).tables["times"]
    assert table[["step", "event", "since", "users"]].values.tolist() == [
        [2, "b", "start", 7],
        [2, "b", "previous", 7],
        [3, "c", "start", 7],
        [3, "c", "previous", 7],
    ]
    deciles = statistics.quantiles(took, n=10, method="inclusive")
    quarters = statistics.quantiles(took, n=4, method="inclusive")
    found = [deciles[0], *quarters, deciles[8]]
    columns = table[["p10_s", "p25_s", "median_s", "p75_s", "p90_s"]].to_numpy()
    for row, factor in enumerate((1, 1, 3, 2)):
        np.testing.assert_allclose(columns[row], np.multiply(found, factor))


def test_thirty_steps() -> None:
    names = [f"s{one}" for one in range(30)]
    log = make_log([("u", name, one * SECOND) for one, name in enumerate(names)], as_of=LATE)
    assert users(log, names) == [1] * 30


# ---- order ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "found"), [(10, 3), (9, 2)])
def test_the_window_is_closed(seconds: int, found: int) -> None:
    assert level("a0 b4 c10", "abc", within=f"{seconds}s") == found


def test_the_window_counts_from_the_latest_first_step_that_leads_on() -> None:
    assert level("a0 a8 b12 c16", "abc", within="10s") == 3
    assert level("a0 b2 a8 c12", "abc", within="10s") == 2


def test_the_best_attempt_counts_not_the_first() -> None:
    assert level("a0 b50 a60 b62 c64", "abc", within="10s") == 3


def test_one_event_counts_for_one_step() -> None:
    assert level("a0", ["a", "a", "a"]) == 1
    assert level("a0 a1", ["a", "a", "a"]) == 2
    assert level("a0 b0 a1", "aba") == 3
    assert level("a0 b0", "aba") == 2
    assert level("a0 b1 c2", [("a", "b"), ("a", "b"), "c"]) == 3


def test_any_of_several_events() -> None:
    assert level("a0 c1", ["a", ("b", "c")]) == 2
    assert level("a0 c1", ["a", "b|c"]) == 2
    assert level("a0 c1", ["a", "b | c"]) == 2
    assert funnel(log_of("a0 c1"), ["a", ("b", "c")]).table["event"].tolist() == ["a", "b|c"]


def test_a_name_with_a_bar_in_it_is_that_event() -> None:
    log = make_log([("u", "b|c", 0), ("u", "b", 1), ("v", "c", 1)], as_of=LATE)
    assert users(log, ["b|c", "b"]) == [1, 1]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a0 b1 c2", 3),
        ("a0 x1 b2 c3", 1),
        ("a0 a1 b2 b3 c4", 3),  # repeats of steps already done, or of the next, are not in the way
        ("a0 b1 a2 c3", 3),
        ("a0 b1 x2 c3", 2),
        ("a0 c1 b2", 1),  # a later step is
        ("a0 x1 a2 b3 c4", 3),  # a new attempt may begin after
        ("a0 b1 x2 b3 c4", 2),
    ],
)
def test_strict_order(text: str, found: int) -> None:
    assert level(text, "abc", order="strict") == found


def test_strict_order_with_a_step_that_comes_twice() -> None:
    """ClickHouse answers 1 here, since the first a already meets the condition of the third step."""
    assert level("a0 b1 a2 c3", "abac", order="strict") == 4


@pytest.mark.parametrize(
    ("text", "seconds", "found"),
    [("c0 a1 b2", 10, 3), ("c0 a5 b11", 10, 2), ("c0 a5 b10", 10, 3), ("a0 a1 a2", 10, 1), ("a0 b20 c25 a29", 10, 3)],
)
def test_any_order(text: str, seconds: int, found: int) -> None:
    assert level(text, "abc", within=f"{seconds}s", order="any") == found


def test_any_order_counts_from_the_tightest_window() -> None:
    answer = funnel(log_of("a0 b3 c4 a5"), ["a", "b", "c"], within="10s", order="any")
    assert answer.table["event"].tolist() == ["any 1 of 3", "any 2 of 3", "any 3 of 3"]
    assert answer.table["median_s"].tolist()[1:] == [3, 1]  # a0 b3 c4: the first moment with three
    assert level("b0 x1 a2", "ab", order="any", exclude=["x"]) == 1
    assert "did any of the 3 steps did all of them" in answer.summary()


# ---- repeats, ties, exclusions, time between steps --------------------------------------------------------------


def test_repeats_of_the_first_step_never_end_an_attempt() -> None:
    assert level("a0 a1 b2 a3 c4", "abc", repeats="end") == 3


def test_a_new_attempt_may_begin_after_a_repeat() -> None:
    assert level("a0 b1 b2 c3", "abc", repeats="end") == 2
    assert level("a0 b1 a2 b3 c4", "abc", repeats="end") == 3  # ClickHouse gives up at the second b: 2
    assert level("a0 b1 c2 b3 d4", "abcd", repeats="end") == 3


def test_at_equal_times_the_source_order_decides() -> None:
    assert level("a5 b5 c5", "abc") == 3
    assert level("b5 a5 c5", "abc") == 1
    assert level("a5 b5 c5", "abc", ties="increase") == 1


def test_increasing_times_do_not_lose_an_older_attempt() -> None:
    """ClickHouse's strict_increase answers 1: its second a took the place of the first."""
    assert level("a0 a1 b1", "ab", ties="increase") == 2
    assert level("a0 a1 b1 b2 c2", "abc", ties="increase") == 3
    assert level("a0 b0 b0 c1", "abc", ties="increase") == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a0 x1 b2 c3", 1),
        ("a0 b1 x2 c3", 2),  # what was reached before stays
        ("a0 x1 a2 b3 c4", 3),  # a new attempt may begin
        ("x0 a1 b2 c3 x4", 3),  # before and after, it does not matter
        ("a0 x0 b0", 1),
    ],
)
@pytest.mark.parametrize("exclude", ["x", ["x"], [("x", "f")], ["f", "x"]])
def test_exclusions(text: str, found: int, exclude: Any) -> None:
    assert level(text, "abc", exclude=exclude) == found


def test_time_between_steps() -> None:
    assert level("a0 b10 c20", "abc", step_within="10s") == 3
    assert level("a0 b10 c21", "abc", step_within="10s") == 2
    assert level("a0 b10 c21", "abc", step_within=["10s", "11s"]) == 3
    assert level("a0 b10 c21", "abc", step_within=["9s", "11s"]) == 1
    assert level("a0 b5 b9 c18", "abc", step_within="10s") == 3  # the second b leads on


def test_each_step_is_at_its_first_event_that_leads_on() -> None:
    log = log_of("a0 b2 b5 b9 c15")
    assert funnel(log, ["a", "b", "c"]).table["median_s"].tolist()[1:] == [2, 13]
    assert funnel(log, ["a", "b", "c"], step_within="10s").table["median_s"].tolist()[1:] == [5, 10]


# ---- optional steps ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("optional", ["b", ["b"], [("b",)]])
def test_an_optional_step_changes_nobodys_level(optional: Any) -> None:
    log = log_of("a0 b1 c2", "a0 c2", "a0 b1", "a0 c1 b2", "a0")
    table = funnel(log, ["a", "b", "c"], optional=optional).table
    assert table["optional"].tolist() == [False, True, False]
    assert table["users"].tolist() == [5, 2, 3]  # the fourth did b after c: not between
    assert table["rate_from_previous"].tolist()[1:] == [0.4, 0.6]  # both from a
    assert table["lost"].tolist() == [0, 3, 2]
    assert table["median_s"].tolist()[1:] == [1, 2]


def test_an_optional_step_at_the_end_has_the_rest_of_the_attempt() -> None:
    log = log_of("a0 b1 c9", "a0 b1 c11", "a0 b1 x2 c3", "a0 c1")
    options: dict[str, Any] = {"optional": ["c"], "within": "10s"}
    assert users(log, ["a", "b", "c"], **options) == [4, 3, 2]
    assert users(log, ["a", "b", "c"], exclude=["x"], **options) == [4, 3, 1]
    assert users(log, ["a", "b", "c"], order="strict", **options) == [4, 3, 1]


def test_several_optional_steps() -> None:
    log = log_of("a0 c1 b2 d3", "a0 b1 d3")
    assert users(log, ["a", "b", "c", "d"], optional=["b", "c"]) == [2, 2, 1, 2]
    assert users(log, ["a", "b", "c", "d"], optional=["b", "c"], order="strict") == [2, 2, 1, 2]
    assert users(log_of("a0 e1 d2"), ["a", "b", "d"], optional=["b"], order="strict") == [1, 0, 0]


# ---- a property held constant -----------------------------------------------------------------------------------


def test_steps_share_a_property() -> None:
    assert level("a0 b1 c2", "abc", ["p", "p", "p"], same="item") == 3
    assert level("a0 b1 c2", "abc", ["p", "q", "p"], same="item") == 1
    assert level("a0 a1 b2 b3 c4", "abc", ["p", "q", "q", "p", "q"], same="item") == 3
    assert level("a0 a1 b2 c3 b4", "abc", ["p", "q", "p", "q", "q"], same="item") == 2


def test_events_without_the_property_are_no_step() -> None:
    assert level("a0 b1", "ab", ["p", None], same="item") == 1
    assert level("a0 b1", "ab", [None, None], same="item") == 0


def test_a_number_or_a_users_attribute_can_be_held() -> None:
    rows = [*timed("a0 b1", "u"), *timed("a0 b1", "v"), *timed("a0 b1", "w")]
    prices = [1.5, 1.5, 1.5, 2.5, None, None]
    log = make_log(rows, properties={"price": prices}, attributes={"plan": {"u": "pro", "v": "pro"}}, as_of=LATE)
    assert users(log, ["a", "b"], same="price") == [2, 1]
    assert users(log, ["a", "b"], same="plan") == [2, 2]
    zero = make_log(timed("a0 b1"), properties={"price": [0.0, -0.0]}, as_of=LATE)
    assert users(zero, ["a", "b"], same="price") == [1, 1]


def test_exclusions_and_strict_order_see_events_of_other_values() -> None:
    assert level("a0 x1 b2", "ab", ["p", None, "p"], same="item", exclude=["x"]) == 1
    assert level("a0 x1 b2", "ab", ["p", "q", "p"], same="item", exclude=["x"]) == 1
    assert level("a0 a1 b2", "ab", ["p", "q", "p"], same="item", order="strict") == 1
    assert level("a0 a1 b2", "ab", ["p", "p", "p"], same="item", order="strict") == 2
    assert level("a0 b1 b2 c3", "abc", ["p", "p", "q", "p"], same="item", repeats="end") == 3


def test_the_best_of_many_values_is_the_best_of_the_views_of_each() -> None:
    rng = np.random.default_rng(2)
    rows = [(f"u{one}", "abcde"[rng.integers(5)], int(time) * SECOND) for one in range(5) for time in range(0, 900, 3)]
    items = ["pqrstuvw"[one] for one in rng.integers(0, 8, len(rows))]
    log = make_log(rows, properties={"item": items}, as_of=LATE)
    answer = funnel(log, ["a", "b", "c", "d"], within="30s", same="item")
    for step in (1, 2, 3, 4):
        views = (log.where("item", "==", item) for item in "pqrstuvw")
        each = [set(funnel(view, ["a", "b", "c", "d"], within="30s").units(step=step)) for view in views]
        assert set(answer.units(step=step)) == set().union(*each)
    assert 0 < answer.table["users"][3] < answer.table["users"][0]


def test_the_value_that_gets_equally_far_first_is_reported() -> None:
    log = log_of("a0 a1 b4 b9", items=["p", "q", "q", "p"])
    assert funnel(log, ["a", "b"], same="item").table["median_s"][1] == 3
    assert funnel(log, ["a", "b"], same="item", by="item").table["segment"].tolist() == ["q", "q"]


# ---- who is eligible --------------------------------------------------------------------------------------------


def test_who_entered_too_late_is_counted_apart() -> None:
    answer = funnel(log_of("a90 b95", "a91 b92", "a91", as_of=100 * SECOND), ["a", "b"], within="10s")
    assert answer.table["users"].tolist() == [1, 1]  # exactly the window before the end: eligible
    assert answer.tables["late"].values.tolist() == [[1, "a", 1], [2, "b", 1]]
    assert answer.units(step=1).tolist() == ["u0"]
    assert answer.units(step=1, late=True).tolist() == ["u1", "u2"]
    assert answer.units(step=2, late=True).tolist() == ["u1"]
    assert answer.explain()["exclusions"] == "2 users that entered later, too late to tell"
    assert "2 more users entered less than 10s before" in answer.summary()


def test_the_first_entry_decides_even_if_a_later_attempt_is_reported() -> None:
    assert users(log_of("a5 a95 b96", as_of=100 * SECOND), ["a", "b"], within="10s") == [1, 1]


def test_as_of() -> None:
    log = make_log(timed("a0 b86400 b864000"), as_of=11 * DAY)
    assert users(log, ["a", "b"], within="1d", as_of="1970-01-02") == [1, 0]  # b at midnight is at as_of: left out
    assert users(log, ["a", "b"], within="1d", as_of="1970-01-02 00:00:01") == [1, 1]
    assert users(log, ["a", "b"], within="30d") == [0, 0]
    assert users(log, ["a", "b"], within="30d", as_of="1970-02-01") == [1, 1]  # later than the data


def test_nobody_eligible_is_said_first() -> None:
    log = make_log(timed("a0 b5"), as_of=HOUR)
    answer = funnel(log, ["a", "b"])
    assert answer.summary().startswith("It is too early to tell: none of the 1 user")
    assert "shorter than that window" in answer.summary()
    assert answer.summary("ko").startswith("아직 판단할 수 없습니다.")
    assert answer.table["users"].tolist() == [0, 0]
    assert answer.table["rate"].isna().all()
    later = funnel(make_log([("v", "x", 0), *timed("a7200 b7201")], as_of=3 * HOUR), ["a", "b"], within="2h")
    assert "all of them entered later" in later.summary()


def test_nobody_entered_is_said() -> None:
    answer = funnel(log_of("b0 c1"), ["a", "b"])
    assert answer.summary() == "Nobody entered the funnel: there is no user who did ‘a’ in this part of the log."
    assert answer.table["users"].tolist() == [0, 0]


# ---- sessions ---------------------------------------------------------------------------------------------------


def test_sessions_as_the_unit() -> None:
    rows = timed("a0 a1800 b3600 a7200 b9001")  # 30 minutes exactly do not end a session; 30 minutes and a second do
    log = make_log([*rows, *timed("a0 x10", "v")], as_of=LATE)
    answer = funnel(log, ["a", "b"], unit="session", within="3h")
    assert answer.table["sessions"].tolist() == [3, 1]
    assert "users" not in answer.table
    assert answer.units(step=1).tolist() == ["u", "v"]
    assert answer.units(step=1, lost=True).tolist() == ["u", "v"]
    assert answer.units(step=2).tolist() == ["u"]
    assert users(log, ["a", "b"], within="3h") == [2, 1]
    assert funnel(log, ["a", "b"], unit="session", gap="31m").table["sessions"].tolist() == [3, 2]
    assert funnel(log, ["a", "b"], unit="session", gap="2h").table["sessions"].tolist() == [2, 1]
    assert "session" in answer.explain()["unit"]
    assert answer.summary().startswith("Weak evidence, only 3 sessions: 33.3 % of 3 sessions with ‘a’ went on to ‘b’")


# ---- breakdowns -------------------------------------------------------------------------------------------------


def test_by_an_attribute() -> None:
    log = make_log(
        [*timed("a0 b1", "u"), *timed("a0", "v"), *timed("a0", "w"), *timed("b0", "x")],
        attributes={"plan": {"u": "pro", "v": "free", "x": "none"}},
        as_of=LATE,
    )
    table = funnel(log, ["a", "b"], by="plan").table
    assert table.columns.tolist() == ["segment", *COLUMNS]
    found = table.pivot_table(index="segment", columns="step", values="users", sort=False)
    assert found.loc[["pro", "free", "(none)"]].values.tolist() == [[1, 1], [1, 0], [1, 0]]
    assert "none" not in found.index  # nobody of them entered


def test_by_an_event_property_with_first_or_last_touch() -> None:
    log = log_of("a0 a1 b2 c3", "a0", items=["p", "q", "r", "s", "s"])
    first = funnel(log, ["a", "b", "c"], by="item")
    last = funnel(log, ["a", "b", "c"], by="item", attribution="last")
    assert first.units(step=3, segment="q").tolist() == ["u0"]  # the a of the reported attempt is the latest
    assert last.units(step=3, segment="s").tolist() == ["u0"]
    assert last.table["segment"].unique().tolist() == ["s"]
    assert last.units(step=1, lost=True, segment="s").tolist() == ["u1"]


def test_segments_add_up_to_the_whole() -> None:
    rng = np.random.default_rng(0)
    rows = [(f"u{rng.integers(60)}", "abc"[rng.integers(3)], int(time)) for time in rng.integers(0, HOUR, 900)]
    group = {f"u{one}": "xyz"[one % 3] for one in range(60)}
    log = make_log(rows, attributes={"group": group}, as_of=LATE)
    parts = funnel(log, ["a", "b", "c"], within="10m", by="group")
    whole = funnel(log, ["a", "b", "c"], within="10m")
    assert parts.table.groupby("step")["users"].sum().tolist() == whole.table["users"].tolist()
    sizes = parts.table["users"].iloc[::3].tolist()
    assert sizes == sorted(sizes, reverse=True)


# ---- invariances ------------------------------------------------------------------------------------------------


OPTIONS: list[dict[str, Any]] = [
    {},
    {"order": "strict"},
    {"order": "any", "exclude": ["e"]},
    {"repeats": "end", "ties": "increase"},
    {"optional": ["b"], "step_within": "5m"},
    {"same": "item"},
    {"unit": "session", "gap": "5m", "within": "1h"},
    {"by": "item", "attribution": "last"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_cutting_the_log_into_blocks_changes_nothing(options: dict[str, Any]) -> None:
    rng = np.random.default_rng(1)
    rows = [
        (f"u{rng.integers(40)}", "abcde"[rng.integers(5)], int(time) * SECOND) for time in rng.integers(0, 7200, 800)
    ]
    items = [("p", "q", None)[one] for one in rng.integers(0, 3, len(rows))]
    whole, *parts = (
        funnel(make_log(rows, properties={"item": items}, block_events=size, as_of=LATE), ["a", "b", "c"], **options)
        for size in (1 << 20, 1, 37)
    )
    assert whole.table.filter(regex="users|sessions").to_numpy()[-1, 0] > 0
    for part in parts:
        for name in whole.tables:
            pd.testing.assert_frame_equal(whole.tables[name], part.tables[name])
        assert part.summary() == whole.summary()
        assert part.units(step=2).tolist() == whole.units(step=2).tolist()


def test_views_are_asked_like_logs_of_their_own() -> None:
    log = log_of("a0 x1 b2", "a0 b5", "a9 b12")
    assert users(log.where("event", "!=", "x"), ["a", "b"], order="strict") == [3, 3]
    assert users(log.users(["u0", "u1"]), ["a", "b"]) == [2, 2]
    assert users(log.between(None, "1970-01-01 00:00:10"), ["a", "b"], within="1s") == [3, 0]


# ---- the users behind the numbers -------------------------------------------------------------------------------


def test_units() -> None:
    answer = funnel(log_of("a0 b1 c2", "a0 b1", "a0", "b0"), ["a", "b", "c"])
    assert answer.units(step=1).tolist() == ["u0", "u1", "u2"]
    assert answer.units(step=2).tolist() == ["u0", "u1"]
    assert answer.units(step=2, lost=True).tolist() == ["u1"]
    assert answer.units(step=3).tolist() == ["u0"]


def test_units_of_optional_steps() -> None:
    answer = funnel(log_of("a0 b1 c2", "a0 c2", "a0"), ["a", "b", "c"], optional=["b"])
    assert answer.units(step=2).tolist() == ["u0"]
    assert answer.units(step=3).tolist() == ["u0", "u1"]
    assert answer.units(step=1, lost=True).tolist() == ["u2"]
    with pytest.raises(InputError, match="nobody can be lost after step 2: it is optional"):
        answer.units(step=2, lost=True)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({"step": 4}, "step=4 is not in the answer; it has the steps 1 to 3"),
        ({"step": 0}, "step=0 is not in the answer"),
        ({"step": 3, "lost": True}, "nobody can be lost after step 3: it is the last"),
        ({"step": 1, "segment": "x"}, "needs an answer that was broken down with by="),
        ({"stage": 1}, "unexpected keyword argument 'stage'"),
    ],
)
def test_units_that_cannot_be_found(where: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        funnel(log_of("a0 b1"), ["a", "b", "c"]).units(**where)


def test_units_of_an_unknown_segment() -> None:
    answer = funnel(shares([("north", 3, 1), ("south", 3, 1)]), ["a", "b"], by="group")
    with pytest.raises(InputError, match="segment 'nort' is not in the answer; did you mean 'north'"):
        answer.units(step=1, segment="nort")


# ---- words, recipe, figure --------------------------------------------------------------------------------------


def test_sentences() -> None:
    answer = funnel(shares([("x", 263, 81)]), ["a", "b"], within="1h")
    assert answer.summary() == (
        "30.8 % of 263 users who did ‘a’ went on to ‘b’ within 1h (81; 95 % interval 25.5 % to 36.6 %). The largest "
        "loss is between ‘a’ and ‘b’: 182 of 263 (69.2 %) did not go on. Half of those that finished took 1s or less."
    )
    assert answer.summary("ko") == (
        "‘a’를 한 사용자 263명 가운데 30.8 %가 1시간 안에 ‘b’까지 갔습니다(81명, 95 % 신뢰구간 25.5 %~36.6 %). "
        "가장 많이 이탈한 곳은 ‘a’에서 ‘b’로 가는 단계입니다. 263명 가운데 182명이 더 가지 않았습니다(69.2 %). "
        "끝까지 간 사용자의 절반은 1초 안에 마쳤습니다."
    )


def test_steps_of_the_same_event_are_told_apart() -> None:
    """By hand: of 40 users 30 do it a second time and 10 a third; one more tries again later and gets as far."""
    users = ["a0 a1 a2"] * 9 + ["a0 a7200 a7201 a7202"] + ["a0 a1"] * 20 + ["a0"] * 10
    answer = funnel(log_of(*users), ["a", "a", "a"], within="1h")
    assert answer.table["users"].tolist() == [40, 30, 10]
    assert "of 40 users who did ‘a’ (step 1) went on to ‘a’ (step 3) within 1h" in answer.summary()
    assert "between ‘a’ (step 2) and ‘a’ (step 3): 20 of 30" in answer.summary()
    assert "‘a’(1단계)를 한 사용자 40명 가운데 25.0 %가 1시간 안에 ‘a’(3단계)까지 갔습니다" in answer.summary("ko")
    assert "‘a’(2단계)에서 ‘a’(3단계)로 가는 단계" in answer.summary("ko")
    assert "of several attempts the one that gets furthest counts" in answer.explain()["window"]
    assert "Funnel: 25.0 % from a (step 1) to a (step 3)" in answer.figure().layout.title.text
    assert "퍼널: a(1단계)에서 a(3단계)까지 25.0 %" in answer.figure("ko").layout.title.text


def test_weak_evidence_is_said_first() -> None:
    answer = funnel(log_of("a0 b1", "a0"), ["a", "b"])
    assert answer.summary().startswith("Weak evidence, only 2 users: 50.0 % of 2 users")
    assert answer.summary("ko").startswith("사용자가 2명뿐이라 근거가 약합니다.")


def test_a_difference_that_may_be_chance_is_called_so() -> None:
    answer = funnel(shares([("x", 40, 21), ("y", 40, 20)]), ["a", "b"], by="group")
    assert "that may be chance" in answer.summary()
    assert "우연일 수 있는" in answer.summary("ko")


def test_one_step_has_no_conversion() -> None:
    answer = funnel(log_of("a0 b1", "b0"), ["a"])
    assert answer.summary() == "There is 1 user who did ‘a’; with one step there is nothing to go on to."
    assert answer.table["users"].tolist() == [1]
    assert answer.tables["times"].empty


def test_recipe_and_how() -> None:
    log = log_of("a0 b1 c2", "a0 b1")
    answer = funnel(log, ["a", ("b", "c")], within="1d", exclude=("x",), step_within=("1h",), as_of="2000-01-01")
    parameters = json.loads(json.dumps(answer.recipe["parameters"]))
    assert parameters["steps"] == ["a", ["b", "c"]]
    again = funnel(log, **parameters)
    pd.testing.assert_frame_equal(again.table, answer.table)
    assert again.recipe["parameters"] == parameters
    assert list(answer.how) == ["unit", "window", "denominator", "n", "zone", "exclusions"]
    assert "steps in order within 1d of the first (closed)" in answer.explain()["window"]
    assert "each step within 1h of the one before" in answer.explain()["window"]
    assert "attempts end at 'x'" in answer.explain()["exclusions"]


@pytest.mark.parametrize("options", [*OPTIONS, {"by": "item", "order": "any"}], ids=str)
@pytest.mark.parametrize("steps", [["a", "b", "c"], ["x", "b", "c"]])
def test_every_answer_has_a_figure(options: dict[str, Any], steps: list[str]) -> None:
    log = log_of("a0 b1 c2", "a0 b9", "a90 b91", items=["p", "q", "p", "q", "q", None, "p"], as_of=2 * HOUR)
    answer = funnel(log, steps, **({"within": "2m"} | options))
    drawn = answer.figure()
    bars = [bar for bar in drawn.data if bar.type == "bar"]
    assert bool(bars) == bool(answer.table.filter(regex="users|sessions").to_numpy().any())
    if bars and "by" not in options:
        assert list(bars[0].x) == answer.table.filter(regex="users|sessions").to_numpy()[:, 0].tolist()
        assert ["hatched" in drawn.layout.title.text] == [bool(np.any(bars[1].x))]


def test_a_figure_of_one_step_by_segment() -> None:
    drawn = funnel(shares([("x", 5, 2), ("y", 4, 1)]), ["a"], by="group").figure()
    assert list(drawn.data[0].x) == [5, 4]
    assert "Funnel of one step" in drawn.layout.title.text


# ---- what cannot be asked ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "options", "said"),
    [
        ([], {}, "a funnel has 1 to 30 steps, found 0"),
        (["a"] * 31, {}, "a funnel has 1 to 30 steps, found 31"),
        ("a,b", {}, r"steps='a,b' must be a list of event names"),
        (["a", "bb"], {}, "event 'bb' is not in the log"),
        (["a", "b|cc"], {}, "event 'cc' is not in the log"),
        (["a", ()], {}, "a step names no event"),
        (["a", "b"], {"within": "0d"}, "within='0d' must be longer than zero"),
        (["a", "b"], {"within": "-1d"}, "within='-1d' must be longer than zero"),
        (["a", "b"], {"within": 14}, "within needs a unit"),
        (["a", "b"], {"within": "1mo"}, "within='1mo' has no exact length"),
        (["a", "b"], {"step_within": "0s"}, "step_within='0s' must be longer than zero"),
        (["a", "b"], {"step_within": ["1s", "2s"]}, "needs one length of time, or one for each of the 1 transitions"),
        (["a"], {"step_within": "1s"}, "the 0 transitions between 1 required steps"),
        (["a", "b"], {"order": "loose"}, "order='loose' is not known"),
        (["a", "b"], {"unit": "visit"}, "unit='visit' is not known"),
        (["a", "b"], {"repeats": "stop"}, "repeats='stop' is not known"),
        (["a", "b"], {"ties": "forbid"}, "ties='forbid' is not known"),
        (["a", "b"], {"gap": "1h"}, "gap='1h' ends a session; it needs unit='session'"),
        (["a", "b"], {"exclude": ["b"]}, "exclude='b' is an event of the step 'b'"),
        (["a", "b"], {"exclude": ["logut"]}, "event 'logut' is not in the log"),
        (["a", "b"], {"optional": ["a"]}, "the first step, 'a', starts the clock and cannot be optional"),
        (["a", "b"], {"optional": ["c"]}, "optional step 'c' is not in the steps"),
        (["a", "b"], {"same": "itm"}, "column 'itm' is not in the log; did you mean 'item'"),
        (["a", "b"], {"same": "user"}, "same='user' is no property"),
        (["a", "b"], {"same": "time"}, "same='time' is no property"),
        (["a", "b"], {"by": "itm"}, "column 'itm' is not in the log; did you mean 'item'"),
        (["a", "b"], {"attribution": "last"}, "attribution='last' needs by= an event column"),
        (["a", "b"], {"by": "item", "attribution": "middle"}, "attribution='middle' is not known"),
        (["a", "b"], {"as_of": "1969-12-31"}, "as_of='1969-12-31' is not after the log's first event"),
        (["a", "b"], {"as_of": "soon"}, "as_of='soon' is not a date or time"),
        (["a", "b", "a"], {"order": "any"}, "the steps must be distinct; 'a' and 'a' share an event"),
        (["a", "b|a"], {"order": "any"}, r"the steps must be distinct; 'a' and 'b\|a' share an event"),
        (["a", "b"], {"order": "any", "optional": ["b"]}, "needs an order of the steps"),
        (["a", "b"], {"order": "any", "step_within": "1h"}, "step_within='1h' needs an order of the steps"),
        (["a", "b"], {"order": "any", "repeats": "end"}, "repeats='end' needs an order of the steps"),
        (["a", "b"], {"order": "any", "ties": "increase"}, "ties='increase' needs an order of the steps"),
    ],
)
def test_errors(steps: Any, options: dict[str, Any], said: str) -> None:
    log = log_of("a0 b1", items=["p", "q"])
    with pytest.raises(InputError, match=said):
        funnel(log, steps, **options)

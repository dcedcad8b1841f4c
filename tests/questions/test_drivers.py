"""``drivers``: cases counted by hand, other programs' numbers, its words, errors, users and figure."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import fisher_exact
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.multitest import multipletests

from dangol.core.errors import InputError
from dangol.core.result import Result
from dangol.log.eventlog import EventLog
from dangol.questions import drivers_tests
from dangol.questions.drivers import drivers
from tests.logs import make_log
from tests.questions.crowds import DAY, crowd

# The window is 2 days, the horizon the 3 that follow: for those who join on 01-01, from 01-03 up to the start of 01-06.
ROWS = [
    ("ann", "join", "2024-01-01 00:00"),
    ("ann", "vote", "2024-01-01 01:00"),
    ("ann", "vote", "2024-01-02 12:00"),
    ("ann", "visit", "2024-01-03 00:00"),  # the very beginning of the horizon
    ("bea", "join", "2024-01-01 00:00"),
    ("bea", "vote", "2024-01-01 23:59:59"),
    ("bea", "visit", "2024-01-02 23:59"),  # still in the window: she does not come back
    ("cho", "join", "2024-01-01 00:00"),
    ("cho", "vote", "2024-01-02 00:00"),  # a day after the entry: not within 1 day, but within 2
    ("cho", "visit", "2024-01-05 23:59:59"),
    ("dan", "join", "2024-01-01 00:00"),
    ("dan", "visit", "2024-01-06 00:00"),  # the horizon has just ended
    ("eva", "join", "2024-01-01 00:00"),
    ("flo", "join", "2024-01-01 00:00"),
    ("flo", "vote", "2024-01-03 00:00"),  # after the window: she came back, and this is no behaviour
    ("gil", "join", "2024-01-03 01:00"),  # window and horizon end with 01-08 01:00
    ("gil", "vote", "2024-01-04 01:00"),
]
SHORT: dict[str, Any] = {"within": "2d", "horizon": "3d", "counts": (1, 2), "least": 1, "as_of": "2024-01-08 00:59"}


def cells(result: Result, *names: str) -> dict[tuple[str, int, int], tuple[Any, ...]]:
    """(event, count, days) -> some columns of the grid."""
    rows = result.tables["grid"].to_dict("records")
    return {(row["event"], row["count"], row["days"]): tuple(row[name] for name in names) for row in rows}


# ---- by hand ------------------------------------------------------------------------------------------------------


def test_coming_back_by_hand() -> None:
    result = drivers(make_log(ROWS), **SHORT)
    # looked at: ann, bea, cho, dan, eva, flo (gil too late); came back: ann, cho, flo; everybody joined
    assert cells(result, "n", "users") == {
        ("vote", 1, 1): (2, 1),  # ann, bea
        ("vote", 1, 2): (3, 2),  # and cho
        ("vote", 2, 2): (1, 1),  # ann
        ("visit", 1, 2): (1, 0),  # bea
    }
    assert cells(result, "other_rate", "difference", "lift", "recall")["vote", 1, 2] == pytest.approx(
        (1 / 3, 1 / 3, (2 / 3) / (3 / 6), 2 / 3)
    )
    # two by two: 2 of 3 against 1 of 3: phi = (2·2 − 1·1) / √(3·3·3·3)
    assert cells(result, "phi")["vote", 1, 2][0] == pytest.approx(3 / 9)
    assert result.explain()["n"] == "6 users, 3 with the outcome"
    assert "users whose window and horizon are not over: 1" in result.explain()["exclusions"]
    # 3 behaviours × 2 counts × 2 days less the four tested
    assert "not tested: 8" in result.explain()["exclusions"]
    assert result.explain()["family"].startswith("4 cells")


def test_equal_activity_by_hand() -> None:
    result = drivers(make_log(ROWS), **SHORT)
    found = cells(result, "adjusted_difference", "adjusted_p")
    # events within 2 days: ann 3, bea 3, cho 2, the others 1. Two votes: only ann against bea compare: 1 of 1 against
    # 0 of 1, and which of the two it is that came back is even odds
    assert found["vote", 2, 2] == (1, 1)
    assert found["visit", 1, 2] == (-1, 1)
    # all with three events voted, and nobody with one event: nothing to compare
    assert np.isnan(found["vote", 1, 2][0])
    assert found["vote", 1, 2][1] == 1
    # events within 1 day: ann and bea 2, the others 1: again nothing to compare
    assert np.isnan(found["vote", 1, 1][0])


def test_an_event_as_outcome_by_hand() -> None:
    result = drivers(make_log(ROWS), "visit", **SHORT)
    # in the horizon: ann, cho; the event itself is no behaviour, though bea's visit counts as activity
    assert cells(result, "n", "users") == {
        ("vote", 1, 1): (2, 1),
        ("vote", 1, 2): (3, 2),
        ("vote", 2, 2): (1, 1),
    }
    assert "no behaviours: ‘visit’" in result.explain()["exclusions"]
    assert result.units(outcome=True).tolist() == ["ann", "cho"]


def test_a_segment_as_outcome_by_hand() -> None:
    tiers = {"ann": "gold", "bea": "gold", "cho": "tin", "eva": "tin", "gil": "gold"}
    log = make_log(ROWS, attributes={"tier": tiers, "age": {"ann": 30, "gil": 30, "dan": 20}})
    asked = {name: value for name, value in SHORT.items() if name != "horizon"}
    result = drivers(log, segment=("tier", "gold"), **asked)
    # no horizon: gil is looked at, too, and his vote came exactly a day after he joined
    assert cells(result, "n", "users")["vote", 1, 2] == (4, 3)  # ann, bea, gil of ann, bea, cho, gil
    assert cells(result, "n", "users")["vote", 1, 1] == (2, 2)
    assert drivers(log, segment=["tier", "(none)"], **asked).units(outcome=True).tolist() == ["dan", "flo"]
    assert drivers(log, segment=["age", 30], **asked).units(outcome=True).tolist() == ["ann", "gil"]
    assert drivers(log, segment=["age", "30"], **asked).units(outcome=True).tolist() == ["ann", "gil"]
    assert "have tier = ‘gold’" in result.summary()
    assert "tier 값이 ‘gold’입니다" in result.summary("ko")


def test_the_window_begins_with_the_row_of_the_entry() -> None:
    rows = [
        ("u", "vote", "2024-01-01 09:00"),
        ("u", "vote", "2024-01-01 10:00"),  # before the entry at the same instant: source order decides
        ("u", "join", "2024-01-01 10:00"),
        ("u", "vote", "2024-01-01 10:00"),
        ("u", "join", "2024-01-01 12:00"),
        ("v", "vote", "2024-01-01 10:00"),
        ("w", "join", "2024-01-01 10:00"),
        ("z", "join", "2024-01-30"),
    ]
    log = make_log(rows)
    result = drivers(log, start="join", within="1d", horizon="2d", least=1, counts=(1, 2))
    assert cells(result, "n") == {("vote", 1, 1): (1,)}  # u, once
    assert result.units().tolist() == ["u", "w"]
    assert "users without the start event: 1" in result.explain()["exclusions"]
    first = drivers(log, within="1d", horizon="2d", least=1, counts=(1, 2, 3))
    assert cells(first, "n") == {("vote", 1, 1): (2,), ("vote", 2, 1): (1,), ("vote", 3, 1): (1,), ("join", 1, 1): (2,),
                                 ("join", 2, 1): (1,)}  # fmt: skip
    assert "first ‘join’" in result.explain()["window"]


def test_best_cell_and_order() -> None:
    result = drivers(crowd(seed=3, plant=0.4), least=10)
    table, grid = result.table, result.tables["grid"]
    assert table["event"].is_unique
    best = grid.sort_values(["adjusted_p", "n", "count", "days"], ascending=[True, False, True, True], kind="stable")
    best = best.drop_duplicates("event").set_index("event").loc[table["event"]]
    assert best[["count", "days"]].to_numpy().tolist() == table[["count", "days"]].to_numpy().tolist()
    rank = table["evidence"].map({"holds": 0, "activity": 1, "none": 2})
    key = list(zip(rank, -table["adjusted_difference"].abs(), strict=True))
    assert key == sorted(key)
    assert grid["event"].drop_duplicates().tolist() == table["event"].tolist()
    assert list(table.columns) == [
        *("event", "count", "days", "n", "users", "rate", "lower", "upper", "other_rate", "difference", "lift"),
        *("recall", "phi", "q", "adjusted_difference", "adjusted_q", "evidence"),
    ]


def test_small_p_are_no_ties() -> None:
    """By hand: nine digits of each stay, so that 1e-30 is less chance than 1e-20, and rounding still makes ties."""
    p = np.array([0.25, 0.25 + 1e-14, 1e-20, 1e-30, 2e-30, 0.0, np.nan])
    kept = drivers_tests._rounded(p)
    assert kept[0] == kept[1]
    assert kept[5] == 0 < kept[3] < kept[4] < kept[2] < kept[0]
    assert np.isnan(kept[6])


# ---- other programs -----------------------------------------------------------------------------------------------


def strata_of(events: pd.Series[int]) -> pd.Series[int]:
    """How many of a hundred users have fewer events."""
    return events.map(lambda one: 100 * int((events < one).sum()) // len(events))


def test_scipy_and_statsmodels_agree() -> None:
    """The counts by plain pandas, the tests by scipy (one side each) and statsmodels, on 500 users."""
    log = crowd(users=500, seed=11, plant=0.3)
    result = drivers(log, days=[1, 3, 7], counts=[1, 2])
    table = pd.DataFrame(
        {name: np.concatenate([block.columns[name] for block in log.blocks()]) for name in ("time", "event")}
    )
    table["user"] = np.repeat(np.arange(log.n_users), np.diff(log.contents.offsets))
    table = table[table["user"] < log.n_users - 1]  # the last one is too late
    table["since"] = table["time"] - table.groupby("user")["time"].transform("min")
    back = table[table["since"].between(7 * DAY, 21 * DAY - 1)].groupby("user").size()
    outcome = pd.Series(np.arange(log.n_users - 1)).isin(back.index)
    rows = []
    for (name, count, days), found in cells(result, "n", "users", "p", "adjusted_p", "adjusted_difference").items():
        early = table[table["since"] < days * DAY]
        activity = early.groupby("user").size()
        done = (
            early[early["event"] == log.events.index(name)].groupby("user").size().reindex(activity.index, fill_value=0)
        )
        did = done >= count
        assert found[:2] == (did.sum(), (did & outcome).sum())
        sides = [fisher_exact(pd.crosstab(did, outcome), alternative=side)[1] for side in ("less", "greater")]
        assert found[2] == pytest.approx(min(1, 2 * min(sides)), rel=1e-9)
        strata = strata_of(activity)
        parts = [table_of(did[strata == one], outcome[strata == one]) for one in strata.unique()]
        parts = [part for part in parts if part.sum(axis=1).all()]  # both who did it and who did not
        weight = [part.sum(axis=1).prod() / part.sum() for part in parts]
        gap = [part[0, 0] / part[0].sum() - part[1, 0] / part[1].sum() for part in parts]
        assert found[4] == pytest.approx(np.average(gap, weights=weight), abs=1e-12)
        rows.append((found[2], found[3], StratifiedTable(parts).test_null_odds(correction=False).pvalue, parts))
    enough = [(mine, other) for _, mine, other, parts in rows if room(parts) >= 5]
    assert len(enough) > len(rows) / 3
    assert [mine for mine, _ in enough] == pytest.approx([other for _, other in enough], rel=1e-9)
    q = multipletests([one[0] for one in rows], method="fdr_bh")[1]
    adjusted = multipletests([one[1] for one in rows], method="fdr_bh")[1]
    grid = result.tables["grid"]
    assert grid["q"].tolist() == pytest.approx(q.tolist(), rel=1e-9)
    assert grid["adjusted_q"].tolist() == pytest.approx(adjusted.tolist(), rel=1e-9)


def table_of(did: pd.Series[bool], outcome: pd.Series[bool]) -> Any:
    """Did it or not, with the outcome or without."""
    return np.array([[(one & outcome).sum(), (one & ~outcome).sum()] for one in (did, ~did)])


def room(parts: list[Any]) -> float:
    """Mantel and Fleiss's criterion."""
    low, high = 0.0, 0.0
    for (a, b), (c, d) in parts:
        mean = (a + b) * (a + c) / (a + b + c + d)
        low, high = low + mean - max(0, a - d), high + min(a + b, a + c) - mean
    return min(low, high)


# ---- what holds always --------------------------------------------------------------------------------------------


def test_where_the_log_is_cut_does_not_matter() -> None:
    log = crowd(users=120, seed=5, plant=0.3)
    whole = drivers(log, least=5)
    for size in (1, 7, 100):
        parts = drivers(dataclasses.replace(log, block_events=size), least=5)
        for name in whole.tables:
            pd.testing.assert_frame_equal(whole.tables[name], parts.tables[name])
        cell = {"event": "invite", "count": 1, "days": 3, "outcome": True}
        assert parts.units(**cell).tolist() == whole.units(**cell).tolist()


def test_units_are_the_cells() -> None:
    result = drivers(crowd(users=200, seed=6), least=10)
    everybody = set(result.units())
    for (event, count, days), (n, users, other) in cells(result, "n", "users", "other_rate").items():
        cell = {"event": event, "count": count, "days": days}
        did, rest = set(result.units(**cell)), set(result.units(**cell, exposed=False))
        assert (len(did), len(result.units(**cell, outcome=True))) == (n, users)
        assert did | rest == everybody
        assert not did & rest
        assert len(result.units(**cell, exposed=False, outcome=True)) / len(rest) == pytest.approx(other)
    assert len(result.units(outcome=True)) + len(result.units(outcome=False)) == len(everybody)


def test_as_of_and_views() -> None:
    rows = [(f"u{at:02d}", name, f"2024-01-{1 + at % 3:02d} {hour:02d}:00") for at in range(40) for hour, name in
            enumerate(["join", "vote"][: 1 + at % 2])]  # fmt: skip
    rows += [(f"u{at:02d}", "visit", f"2024-01-{8 + at % 5:02d}") for at in range(30)]
    log = make_log(rows)
    asked: dict[str, Any] = {"within": "1d", "horizon": "3d", "least": 1}
    earlier = drivers(log, as_of="2024-01-07", **asked)
    assert earlier.explain()["n"] == "40 users, 0 with the outcome"
    assert "none of the users came back" in earlier.sentences[0].write()
    assert drivers(log.between(None, "2024-01-07"), **asked).table.equals(earlier.table)
    one = drivers(log, as_of="2024-01-05", **asked)
    assert one.units().tolist() == [f"u{at:02d}" for at in range(40) if at % 3 == 0]  # 01-01 and 4 days
    few = log.users([f"u{at:02d}" for at in range(10)])
    assert len(drivers(few, **asked).units()) == 10
    assert drivers(log.where("event", "!=", "vote"), **asked).table["event"].tolist() == []


def test_the_commonest_fifty() -> None:
    rows = [("z", "name00", "2024-03-01")]
    rows += [(f"u{at:02d}", f"name{name:02d}", "2024-01-01") for name in range(60) for at in range(60 - name % 31)]
    result = drivers(make_log(rows), least=1)
    names = sorted(range(60), key=lambda name: (-(60 - name % 31), name))[:50]
    with pytest.raises(InputError, match="is not in the answer"):
        result.units(event="name30", count=1, days=1)
    assert all(len(result.units(event=f"name{name:02d}", count=1, days=1)) == 60 - name % 31 for name in names[::9])
    assert drivers(make_log(rows), behaviours=["name30", "name30"]).units(event="name30", count=1, days=1).size == 30


# ---- words, errors, picture ---------------------------------------------------------------------------------------


def test_first_sentence_states_the_best_driver() -> None:
    result = drivers(crowd(users=1500, seed=1, plant=0.4))
    best, cell = result.table.iloc[0], result.sentences[0].values
    assert (best["event"], best["count"], best["days"], best["evidence"]) == ("invite", 2, 3, "holds")
    assert cell["n"] == best["n"]
    said = result.sentences[0].write()
    assert said.startswith(
        f"{100 * best['rate']:.1f} % of the {best['n']:,} users who did ‘invite’ at least 2 times within 3 days"
    )
    assert f"+{100 * best['adjusted_difference']:.1f} points with equal activity" in said
    assert "This is association, not cause: an experiment decides." in result.summary()
    korean = result.summary("ko")
    assert f"첫 3일 안에 ‘invite’ 이벤트를 2회 이상 남긴 사용자 {best['n']:,}명 가운데" in korean
    assert "연관이지 원인이 아니므로" in korean
    assert set(result.how) == {"unit", "window", "denominator", "n", "zone", "exclusions", "family"}
    assert result.recipe["parameters"]["counts"] == [1, 2, 3, 5, 10]


def test_activity_alone_is_said_first_to_be_no_driver() -> None:
    result = drivers(crowd(users=3000, seed=2))
    assert set(result.table["evidence"]) == {"activity"}
    assert (
        result.sentences[0].write().startswith("No behaviour holds: none goes with the outcome once activity is equal")
    )
    assert "seeming drivers only because active users do more of everything: 8 (‘" in result.summary()
    assert "활동량을 맞추고도 결과와 함께 나타나는 행동은 없습니다" in result.summary("ko")


def test_a_difference_that_turns_round_does_not_hold() -> None:
    # "skip" halves the chance to come back, but those who do much skip, too, and come back more for all that
    draw, rows = np.random.default_rng(4), [("zzz", "view", 60 * DAY)]
    for user in range(3000):
        events = 1 + draw.poisson(draw.gamma(0.7, 12))
        names = draw.choice(["view", "look", "skip"], events, p=[0.6, 0.3, 0.1])
        rows += [(f"{user:04d}", name, at) for at, name in enumerate(names)]
        if draw.random() < (1 - np.exp(-0.15 * events)) * (0.6 if "skip" in names else 1):
            rows.append((f"{user:04d}", "view", 8 * DAY))
    result = drivers(make_log(rows), behaviours=["skip"], counts=[1], days=[7])
    best = result.table.iloc[0]
    assert best["difference"] > 0 > best["adjusted_difference"]
    assert max(best["q"], best["adjusted_q"]) < 0.05
    assert best["evidence"] == "activity"
    assert "the difference turns round for ‘skip’" in result.summary()
    assert "차이의 방향이 뒤바뀌어" in result.summary("ko")


def test_weakness_comes_first() -> None:
    few = drivers(make_log(ROWS), **SHORT)
    assert few.sentences[0].write().startswith("Weak evidence, only 3 of 6 users have the outcome: No behaviour holds")
    assert few.summary("ko").startswith("사용자 6명 가운데 결과가 있는 사용자가 3명뿐이라 근거가 약합니다.")
    untested = drivers(make_log(ROWS), **{**SHORT, "least": 25})
    assert untested.sentences[0].write().startswith("Not enough evidence: none of the 3 behaviours")
    assert untested.table.empty
    young = drivers(make_log(ROWS))
    assert young.sentences[0].write() == (
        "It is too early to tell: none of 7 users has 21d behind them by 2024-01-06 01:00."
    )
    assert "아직 이릅니다" in young.summary("ko")
    ages = drivers(make_log(ROWS), within="900000000d", horizon="900000000d")  # more than a time can hold
    assert "too early" in ages.summary()
    log = make_log(ROWS)
    nobody = drivers(log.users(["dan"]), start="vote")
    assert nobody.sentences[0].write() == "Nobody can be looked at: this part of the log holds no start event ‘vote’."
    assert "시작 이벤트 ‘vote’가 없습니다" in nobody.summary("ko")
    nothing = drivers(log.where("event", "==", "visit").users(["eva"]))
    assert nothing.sentences[0].write() == "There are no users: this part of the log holds no event."
    for result in (few, untested, young, nobody, nothing):
        for lang in ("en", "ko"):
            result.figure(lang)
        assert list(result.tables["grid"].columns)[:3] == ["event", "count", "days"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"outcome": "vist"}, "did you mean 'visit'"),
        ({"start": "jon"}, "did you mean 'join'"),
        ({"behaviours": ["vot"]}, "did you mean 'vote'"),
        ({"outcome": "vote", "behaviours": ["vote"]}, "leave nothing to look at"),
        ({"outcome": "vote", "segment": ("tier", "gold")}, "two outcomes"),
        ({"segment": ("tier", "gold"), "horizon": "3d"}, "leave it out"),
        ({"segment": ("tier", "glod")}, "did you mean 'gold'"),
        ({"segment": ("teir", "gold")}, "did you mean 'tier'"),
        ({"segment": ("event", "vote")}, "name a column of users"),
        ({"segment": ("user", "ann")}, "holds ids"),
        ({"segment": "tier"}, "such as"),
        ({"segment": ("tier", "gold", "tin")}, "such as"),
        ({"segment": ("tier", None)}, "such as"),
        ({"within": "7"}, "length of time"),
        ({"within": 7}, "needs a unit"),
        ({"within": "1mo"}, "no exact length"),
        ({"within": "12h"}, "shorter than a day"),
        ({"horizon": "0d"}, "longer than zero"),
        ({"days": (1, 8)}, "go beyond within='7d'"),
        ({"days": (0, 1)}, "whole numbers from 1"),
        ({"days": ()}, "whole numbers from 1"),
        ({"counts": (1.5,)}, "whole numbers from 1"),
        ({"counts": "1"}, "whole numbers from 1"),
        ({"counts": 3}, "whole numbers from 1"),
        ({"counts": list(range(1, 100_000))}, "too many to test"),
        ({"least": 0}, "at least 1"),
        ({"least": 2.5}, "at least 1"),
        ({"rate": 0}, "between 0 and 1"),
        ({"rate": 5}, "between 0 and 1"),
        ({"rate": "0.05"}, "between 0 and 1"),
        ({"as_of": "soon"}, "not a date"),
        ({"as_of": "2023-12-31"}, "not after"),
    ],
)
def test_errors_say_what_to_do(options: dict[str, Any], message: str) -> None:
    log = make_log(ROWS, attributes={"tier": {"ann": "gold", "bea": "tin"}})
    with pytest.raises(InputError, match=message):
        drivers(log, **options)


def test_units_errors() -> None:
    result = drivers(make_log(ROWS), **SHORT)
    with pytest.raises(InputError, match="did you mean 'vote'"):
        result.units(event="votes", count=1, days=1)
    with pytest.raises(InputError, match="count=7 is not in the answer; it has 1, 2"):
        result.units(event="vote", count=7, days=1)
    with pytest.raises(InputError, match="days=None is not in the answer; it has 1, 2"):
        result.units(event="vote", count=1)
    with pytest.raises(InputError, match="add event="):
        result.units(exposed=False)
    with pytest.raises(InputError, match="argument"):
        result.units(segment="x")


def test_figure_shows_the_tables() -> None:
    result = drivers(crowd(users=1500, seed=1, plant=0.4))
    figure = result.figure()
    bars = {trace.name: trace for trace in figure.data if trace.type == "bar"}
    best = result.table.iloc[0]
    assert list(bars["holds"].x) == pytest.approx([100 * best["adjusted_difference"]])
    bounds = result.tables["grid"].query("event == 'invite' and count == 2 and days == 3").iloc[0]
    assert bars["holds"].x[0] + bars["holds"].error_x.array[0] == pytest.approx(100 * bounds["adjusted_upper"])
    assert bars["holds"].x[0] - bars["holds"].error_x.arrayminus[0] == pytest.approx(100 * bounds["adjusted_lower"])
    ring = next(trace for trace in figure.data if trace.type == "scatter")
    assert list(ring.x) == pytest.approx((100 * result.table["difference"]).tolist())
    heat = next(trace for trace in figure.data if trace.type == "heatmap")
    assert heat.z[list(heat.y).index("2+")][list(heat.x).index("3")] == pytest.approx(100 * best["rate"])
    assert "goes with coming back" in figure.layout.title.text
    assert "1,500 users" in figure.layout.title.text
    korean = result.figure("ko")
    assert "활동량을 맞춰도 재방문 비율이" in korean.layout.title.text
    assert "뒷받침됨" in {trace.name for trace in korean.data}


def test_figure_names_the_outcome() -> None:
    rows = [(f"u{at:02d}", name, f"2024-01-01 0{hour}:00") for at in range(60) for hour, name in
            enumerate(["join", "vote"][: 1 + at % 2])]  # fmt: skip
    rows += [(f"u{at:02d}", "order", "2024-01-03") for at in range(20)] + [("z", "join", "2024-02-01")]
    log: EventLog = make_log(
        rows, attributes={"tier": {user: ["gold", "tin"][int(user[1:]) % 3 > 0] for user, _, _ in rows[:-1]}}
    )
    event = drivers(log, "order", within="1d").figure("ko").layout.title.text
    assert "활동량을 맞추면 ‘order’와 함께 나타나는 행동이 없습니다" in event
    assert "tier = ‘gold’" in drivers(log, segment=("tier", "gold"), within="1d").figure().layout.title.text

"""The creator platform: exact chances against a naive walk over all paths, and against what happens."""

from __future__ import annotations

from datetime import date
from functools import cache

import numpy as np
import pandas as pd
import pytest

from dangol.datasets import Sample, creator_platform
from dangol.datasets.creator_states import chain, factors, quiet_chances

from .frames import SIGMAS, check_account, check_order, expected, plain

OWN = ["own_post", "own_live", "own_reply"]
WEEK = [0.95, 0.92, 0.95, 0.98, 1.08, 1.10, 1.02]
START = pd.Timestamp("2023-01-02")


@pytest.fixture(scope="module", params=[True, False], ids=["plant", "no plant"])
def sample(request: pytest.FixtureRequest) -> Sample:
    return creator_platform(900, seed=2, weeks=12, plant=request.param)


@pytest.fixture(scope="module")
def days(sample: Sample) -> pd.DataFrame:
    """The truth of every day, beside the day's counts, taken from the events."""
    truth = plain(sample.truth_tables["days"]).set_index(["creator", "day"])
    events = plain(sample.events)
    keys = [events["user"].rename("creator"), events["time"].dt.floor("D").rename("day"), events["event"]]
    counts = events.groupby(keys).size().unstack(fill_value=0)
    return truth.join(counts).fillna(dict.fromkeys(counts.columns, 0))


def test_chances_are_sums_over_all_paths() -> None:
    """One creator, by walking: a state tomorrow, a silent day in it, and so on for seven days."""
    step, pace = chain(), factors(plant=True)[:, 2]
    assert np.allclose(step.sum(axis=1), 1)
    begin, rate = date(2023, 1, 5), 0.8

    @cache
    def walk(state: int, weekday: int, left: int) -> float:
        if not left:
            return 1.0
        tomorrow = (weekday + 1) % 7
        return sum(
            step[state, then] * np.exp(-rate * pace[then] * WEEK[tomorrow]) * walk(then, tomorrow, left - 1)
            for then in range(6)
            if step[state, then]
        )

    found = quiet_chances(np.array([5.0, rate]), pace, begin)[1]
    for day in range(7):
        assert found[day] == pytest.approx(
            [walk(state, (begin.weekday() + day) % 7, 7) for state in range(6)], rel=1e-12
        )


def test_chances_by_hand() -> None:
    """Who is gone stays gone with 0.991 a night, and is silent; with endless rates only that path is silent."""
    found = quiet_chances(np.array([1e9, 0.0]), factors(plant=True)[:, 0], date(2023, 1, 2))
    assert found[0, :, 5] == pytest.approx(0.991**7)
    assert found[1] == pytest.approx(1.0)
    # From the last phase of fading only a passing to gone tonight is silent: 0.4, then six nights gone.
    assert found[0, :, 4] == pytest.approx(0.4 * 0.991**6)


def test_what_happened_is_what_the_events_show(sample: Sample, days: pd.DataFrame) -> None:
    end = START + pd.Timedelta(weeks=sample.truth["weeks"])
    own = days[OWN].sum(axis=1).unstack()
    gifts = days["donation"].unstack()
    for daily, column, sought in ((own, "churned", False), (gifts, "donated", True)):
        ahead = daily.T[::-1].rolling(7).sum().T.iloc[:, ::-1].shift(-1, axis=1).stack()
        told = days[column].dropna().astype(bool)
        assert ((ahead.reindex(told.index) > 0) == (told if sought else ~told)).all()
    assert (days["churned"].isna() == (days.index.get_level_values("day") + pd.Timedelta(days=7) >= end)).all()
    assert (days["cutoff"] == days.index.get_level_values("day") + pd.Timedelta(days=1)).all()
    assert sample.truth["windows"] == days["churned"].notna().sum()
    assert (own.stack().reindex(days.index)[days["state"] == "gone"] == 0).all()


def test_chances_come_true(days: pd.DataFrame) -> None:
    """Cutoffs a week apart, so that windows do not overlap: then outcome less chance is a martingale difference."""
    known = days[days["churned"].notna()].copy()
    known = known[(known.index.get_level_values("day") - START).days % 7 == 6]
    for chance, outcome in (("p_churn", "churned"), ("p_donation", "donated")):
        happened = known[outcome].astype(bool)
        expected(happened.sum(), known[chance])
        for _, rows in known.groupby(pd.cut(known[chance], [0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0]), observed=True):
            expected(rows[outcome].astype(bool).sum(), rows[chance])
        for _, rows in known.groupby("state"):
            expected(rows[outcome].astype(bool).sum(), rows[chance])


def test_rates_and_the_signs_of_leaving(sample: Sample, days: pd.DataFrame) -> None:
    """Own acts and donations are Poisson with rate x factor x weekday; replies fall in the state of fading alone."""
    rates = plain(sample.truth_tables["creators"]).set_index("creator")
    who = days.index.get_level_values("creator")
    week = np.array(WEEK)[days.index.get_level_values("day").day_of_week]
    told = sample.truth["signs"]["factors"]
    for act in [*OWN, "donation"]:
        rate = rates.loc[who, act].to_numpy() * week
        for state, factor in (("active", 1.0), ("fading", told[act])):
            chosen = (days["state"] == state).to_numpy()
            mean = factor * rate[chosen].sum()
            assert abs(days.loc[chosen, act].sum() - mean) < SIGMAS * np.sqrt(mean) + 1, (act, state)
    shares = days.groupby("state")[["fan_visit", "fan_like", "fan_comment"]].sum()
    comments = shares["fan_comment"] / shares["fan_visit"]
    likes = shares["fan_like"] / shares["fan_visit"]
    if sample.truth["planted"]:
        assert (told["own_reply"], told["fan_comment"], told["own_post"]) == (0.30, 0.35, 0.95)
        assert sample.truth["signs"]["first_to_fall"] == ["own_reply", "fan_comment"]
        assert comments["fading"] / comments["active"] == pytest.approx(0.35 / 0.95, rel=0.15)
    else:
        assert set(told.values()) == {1.0}
        assert comments["fading"] / comments["active"] == pytest.approx(1.0, rel=0.15)
    assert likes["fading"] / likes["active"] == pytest.approx(1.0, rel=0.15)


def test_states_follow_the_chain(sample: Sample, days: pd.DataFrame) -> None:
    states = days["state"].unstack()
    today, tomorrow = states.iloc[:, :-1], states.iloc[:, 1:]
    both = today.notna().to_numpy() & tomorrow.notna().to_numpy()
    moves = pd.crosstab(today.to_numpy()[both], tomorrow.to_numpy()[both])
    told = sample.truth["chain"]
    for before, after, chance in (
        ("active", "fading", told["fades"]),
        ("fading", "active", told["recovers"]),
        ("gone", "active", told["returns"]),
    ):
        expected(moves.loc[before, after], np.full(moves.loc[before].sum(), chance))
    assert moves.loc["active", "gone"] == moves.loc["gone", "fading"] == 0
    spells = 1 / (moves.loc["fading", ["gone", "active"]].sum() / moves.loc["fading"].sum())
    assert spells == pytest.approx(sample.truth["signs"]["mean_days"], rel=0.15)


def test_rooms(sample: Sample) -> None:
    check_order(sample)
    events, creators = plain(sample.events), plain(sample.tables["creators"]).set_index("creator")
    own = events["event"].isin(OWN)
    assert (events.loc[own, "actor"] == events.loc[own, "user"]).all()
    assert events.loc[~own, "actor"].str.startswith("f").all()
    assert (events["amount"].notna() == (events["event"] == "donation")).all()
    assert (events["amount"].dropna() % 100 == 0).all()
    assert events["amount"].min() >= 500
    assert (events["time"] >= events["user"].map(creators["joined"])).all()
    assert events["time"].max() < START + pd.Timedelta(weeks=12)
    hours = events["time"].dt.hour.value_counts(normalize=True)
    assert hours[22] > 5 * hours[5]
    per_fan = events.loc[~own, "actor"].value_counts()
    assert per_fan.max() > 10 * per_fan.median()
    bots = events[events["user"].isin(sample.truth["bots"])]
    assert bots["user"].nunique() == len(sample.truth["bots"]) == 3
    for _, rows in bots.groupby("user"):
        assert rows["time"].sort_values().diff().dropna().nunique() == 1
    assert not set(plain(sample.truth_tables["days"])["creator"]) & set(sample.truth["bots"])


def test_dirt() -> None:
    check_account(creator_platform(20, seed=5, weeks=6, dirty=True), creator_platform(20, seed=5, weeks=6))


@pytest.mark.parametrize(("users", "weeks"), [(1, 1), (40, 3)])
def test_small_ones(users: int, weeks: int) -> None:
    sample = creator_platform(users, seed=1, weeks=weeks)
    assert sample.tables["creators"].num_rows == users
    assert sample.truth["windows"] == plain(sample.truth_tables["days"])["churned"].notna().sum()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_default_is_the_reference_case(seed: int) -> None:
    sample = creator_platform(seed=seed)
    assert sample.events.num_rows == pytest.approx(5_190_000, rel=0.03)
    assert sample.truth["expected_churn"] == pytest.approx(0.36, abs=0.02)
    assert sample.truth["expected_donation"] == pytest.approx(0.09, abs=0.01)

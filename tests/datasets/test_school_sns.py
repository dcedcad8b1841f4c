"""The school SNS: what its truth says is found again in its tables, counted anew with pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import dangol as dg
from dangol.datasets import Sample, school_sns

from .frames import SIGMAS, alike, check_account, check_order, expected, plain

USERS = 30_000


@pytest.fixture(scope="module", params=[True, False], ids=["plant", "no plant"])
def sample(request: pytest.FixtureRequest) -> Sample:
    return school_sns(USERS, seed=7, plant=request.param)


@pytest.fixture(scope="module")
def pupils(sample: Sample) -> pd.DataFrame:
    """The truth of every person, beside what the events show: acts by day since joining, from the tables alone."""
    truth = plain(sample.truth_tables["users"]).set_index("user")
    joined = plain(sample.tables["users"]).set_index("user")["joined"]
    events = plain(sample.events)
    day = (events["time"].dt.floor("D") - events["user"].map(joined)).dt.days
    first = events.groupby("user")["time"].transform("min")
    hours = (events["time"] - first).dt.total_seconds() / 3600
    assert day.min() == 0
    for name in ("vote", "app_open", "invite", "share", "friend_request", "purchase_points"):
        early = events[(events["event"] == name) & (day < 3)]
        truth[name] = early.groupby("user").size().reindex(truth.index, fill_value=0)
    in_hours = events[(events["event"] == "invite") & (hours < 72)]
    truth["invite_72h"] = in_hours.groupby("user").size().reindex(truth.index, fill_value=0)
    for name, chosen in {
        "days 8-21": (day >= 8) & (day <= 21),
        "days 8-21, the first is day 1": (day >= 7) & (day <= 20),
        "hours": (hours >= 8 * 24) & (hours < 22 * 24),
        "later than day 6": day > 6,
    }.items():
        truth[name] = truth.index.isin(events.loc[chosen, "user"].unique())
    assert truth.index.equals(joined.index)
    return truth[~truth["bot"]]


def test_the_habit_stands_in_the_events(pupils: pd.DataFrame) -> None:
    assert ((pupils["invite"] >= 2) == pupils["cause"]).all()
    assert ((pupils["invite_72h"] >= 2) == pupils["cause"]).all()


def test_who_stays_is_there_however_days_are_counted(pupils: pd.DataFrame) -> None:
    complete = pupils[pupils["complete"]]
    assert len(complete) > 0.35 * USERS
    for way in ("days 8-21", "days 8-21, the first is day 1", "hours"):
        assert (complete[way] == complete["stays"]).all(), way
    assert not pupils.loc[~pupils["stays"], "later than day 6"].any()


def test_stated_chances_come_true(sample: Sample, pupils: pd.DataFrame) -> None:
    for _, cell in pupils.groupby(["lively", "cause"]):
        expected(cell["stays"].sum(), cell["p"])
    for _, cell in pupils.groupby(pd.qcut(pupils["p"], 10)):
        expected(cell["stays"].sum(), cell["p"])
    deviation = np.log(pupils["activity"])
    z = (deviation + (0.25**2 + 0.85**2) / 2) / np.hypot(0.25, 0.85)
    assert np.allclose(pupils["p_without"], 1 / (1 + np.exp(0.75 - 0.6 * z)))
    odds = np.log(pupils["p_with"] / (1 - pupils["p_with"])) - np.log(pupils["p_without"] / (1 - pupils["p_without"]))
    assert np.allclose(odds, sample.truth["log_odds"]["cause"])
    assert (pupils["p"] == np.where(pupils["cause"], pupils["p_with"], pupils["p_without"])).all()
    for name, lively in (("lively", True), ("others", False)):
        if sample.truth["cause_share"][name] is not None:
            chosen = pupils.loc[pupils["lively"] == lively, "cause"]
            expected(chosen.sum(), np.full(len(chosen), sample.truth["cause_share"][name]))


def test_the_habit_is_a_cause_only_where_it_is_planted(sample: Sample, pupils: pd.DataFrame) -> None:
    complete = pupils[pupils["complete"]]
    done = complete["invite"] >= 2
    difference = complete.loc[done, "days 8-21"].mean() - complete.loc[~done, "days 8-21"].mean()
    sigma = np.sqrt(0.25 / done.sum() + 0.25 / (~done).sum())
    assert abs(difference - sample.truth["mean_effect"]) < SIGMAS * sigma
    assert sample.truth["planted"] == (sample.truth["mean_effect"] > 0.3) == bool(sample.truth["lively_schools"])
    if not sample.truth["planted"]:
        assert sample.truth["mean_effect"] == 0.0


def test_the_habit_and_what_is_independent_follow_nothing(pupils: pd.DataFrame) -> None:
    """Independent of activity: correlations of n pupils lie within 4/sqrt(n) of 0."""
    bound = SIGMAS / np.sqrt(len(pupils))
    log_activity = np.log(pupils["activity"])
    for name in ("cause", "share", "purchase_points", "friend_request"):
        assert abs(np.corrcoef(pupils[name], log_activity)[0, 1]) < bound, name
    complete = pupils[pupils["complete"]]
    for name in ("share", "purchase_points"):
        did = complete[name] > 0
        alike(complete.loc[did, "stays"], complete.loc[~did, "stays"])
    for name in ("vote", "app_open"):  # these go with staying, through activity
        assert np.corrcoef(pupils[name], log_activity)[0, 1] > 0.3
        assert np.corrcoef(complete[name], complete["stays"])[0, 1] > 0.05


def test_lively_schools(sample: Sample) -> None:
    schools = plain(sample.truth_tables["schools"])
    lively = schools["lively"]
    assert sample.truth["lively_schools"] == schools.loc[lively, "school"].tolist()
    assert lively.sum() == (round(0.12 * len(schools)) if sample.truth["planted"] else 0)
    members = plain(sample.truth_tables["users"]).groupby("school").size()
    assert (members.reindex(schools["school"]).to_numpy() == schools["pupils"]).all()
    assert members.min() >= 1
    if lively.any():
        sizes = schools["pupils"]
        sigma = sizes.std() * np.sqrt(1 / lively.sum() + 1 / (~lively).sum())
        assert abs(sizes[lively].mean() - sizes[~lively].mean()) < SIGMAS * sigma  # sized like others
        assert schools.loc[lively, "density"].mean() > 1.5 * schools.loc[~lively, "density"].mean()
        assert schools.loc[~lively, "friendships"].sum() > 0


def test_friends(sample: Sample) -> None:
    edges, users = plain(sample.tables["edges"]), plain(sample.tables["users"]).set_index("user")
    pairs = {tuple(sorted(pair)) for pair in edges[["source", "target"]].itertuples(index=False)}
    assert len(pairs) == len(edges)  # every pair once
    assert not (edges["source"] == edges["target"]).any()
    assert (edges["source"].map(users["school"]) == edges["target"].map(users["school"])).all()
    begun = plain(sample.events).groupby("user")["time"].min()
    assert (edges["time"] > edges["source"].map(begun)).all()
    assert (edges["time"] > edges["target"].map(begun)).all()
    assert edges["time"].is_monotonic_increasing
    assert edges["time"].max() < pd.Timestamp("2023-05-18")
    table = plain(sample.truth_tables["schools"]).set_index("school")
    counted = edges["source"].map(users["school"]).value_counts().reindex(table.index, fill_value=0)
    assert (counted == table["friendships"]).all()
    possible = table["pupils"] * (table["pupils"] - 1) / 2
    assert np.allclose(table["density"], table["friendships"] / possible.clip(lower=1))


def test_points_fall_when_they_are_spent_and_only_then(sample: Sample) -> None:
    events = plain(sample.events)
    events = events.sort_values(["user", "time"], kind="stable")
    change = events.groupby("user")["points"].diff()
    later = change.notna()
    assert (events["points"] >= 0).all()
    assert ((change < 0) == (events["event"] == "view_hint"))[later].all()
    spent = -change[change < 0].sum()
    assert spent == sample.truth["points_spent"] == 100 * (events["event"] == "view_hint").sum()
    bought = events["amount"].notna()
    assert (bought == (events["event"] == "purchase_points")).all()
    assert set(events.loc[bought, "amount"]) <= {1_200, 3_900, 5_900, 11_000}


def test_it_looks_like_a_service(sample: Sample) -> None:
    check_order(sample)
    events = plain(sample.events)
    assert set(events["event"]) == {
        "app_open", "vote", "receive_vote", "view_hint", "friend_request", "invite", "share", "purchase_points",
    }  # fmt: skip
    assert events["time"].min() >= pd.Timestamp("2023-04-24")
    assert events["time"].max() < pd.Timestamp("2023-05-18")
    per_user = events.groupby("user").size()
    assert per_user.max() > 10 * per_user.median()  # skewed
    free = events["time"].dt.day_of_week >= 5
    hours = {kind: rows["time"].dt.hour.value_counts(normalize=True) for kind, rows in events.groupby(free)}
    assert hours[False][12] > 2 * hours[False][10]  # lunch
    assert hours[False][7] > 3 * hours[True][7]  # before school
    assert hours[True][10] > 1.3 * hours[False][10]
    assert hours[False][22] > 10 * hours[False][4]
    gap = events.sort_values(["user", "time"], kind="stable").groupby("user")["time"].diff().dt.total_seconds()
    assert 0.02 < (gap == 0).mean() < 0.2  # ties
    bots = events[events["user"].isin(sample.truth["bots"])]
    assert bots["user"].nunique() == len(sample.truth["bots"]) == 4
    for _, rows in bots.groupby("user"):
        assert rows["time"].sort_values().diff().dropna().nunique() == 1


def test_the_load_report_finds_the_programs(sample: Sample) -> None:
    log = dg.ingest(sample.events, **sample.arguments())
    assert {one["user"] for one in log.report.bots} == set(sample.truth["bots"])
    assert log.report.rejected == log.report.duplicate == 0
    assert log.n_users == USERS


def test_dirt() -> None:
    clean, dirty = school_sns(3_000, seed=5), school_sns(3_000, seed=5, dirty=True)
    check_account(dirty, clean)
    told = dirty.truth["dirty"]
    users = plain(dirty.tables["users"])
    assert users["school"].isna().sum() == told["users_without_school"] == 12
    edges, before = plain(dirty.tables["edges"]), plain(clean.tables["edges"])
    pairs = edges[["source", "target"]].apply(tuple, axis=1)
    assert pairs.duplicated().sum() == told["repeated_edges"] > 0
    turned = edges[["target", "source"]].apply(tuple, axis=1)
    assert turned.isin(set(pairs)).sum() >= 2 * told["reversed_edges"] > 0
    assert len(edges) == len(before) + told["repeated_edges"] + told["reversed_edges"]
    assert dirty.truth_tables["users"].equals(clean.truth_tables["users"])


@pytest.mark.parametrize(("users", "schools"), [(1, 1), (240, 10), (5_000, 208)])
def test_small_ones_keep_their_proportions(users: int, schools: int) -> None:
    sample = school_sns(users, seed=1)
    assert sample.tables["users"].num_rows == users
    assert sample.tables["schools"].num_rows == schools
    if users >= 1_000:
        assert sample.events.num_rows / users == pytest.approx(51.6, rel=0.06)


def test_with_neither_plant_nor_activity_the_first_week_knows_nothing() -> None:
    """Means of those who stay and those who do not lie within 4 sigma, for days by date and by hour."""
    sample = school_sns(12_000, seed=11, plant=False, by_activity=0.0)
    truth = plain(sample.truth_tables["users"]).set_index("user")
    assert truth["p"].nunique() == 1
    truth = truth[truth["complete"] & ~truth["bot"]]
    events = plain(sample.events)
    events = events[events["user"].isin(truth.index)]
    first = events.groupby("user")["time"].transform("min")
    by_hour = events["time"] < first + pd.Timedelta(days=7)
    by_date = events["time"].dt.floor("D") < first.dt.floor("D") + pd.Timedelta(days=7)
    assert by_hour.equals(by_date)
    stays = truth["stays"]
    for name, rows in events[by_hour].groupby("event"):
        counts = rows.groupby("user").size().reindex(truth.index, fill_value=0)
        sigma = counts.std() * np.sqrt(1 / stays.sum() + 1 / (~stays).sum())
        assert abs(counts[stays].mean() - counts[~stays].mean()) < SIGMAS * sigma, name


def test_a_longer_period_begins_likewise() -> None:
    sample = school_sns(2_000, seed=1, days=60)
    complete = plain(sample.truth_tables["users"])["complete"]
    joined = plain(sample.tables["users"])["joined"]
    assert (complete == (joined < pd.Timestamp("2023-04-24") + pd.Timedelta(days=60 - 21))).all()
    assert sample.truth["complete_users"] > 1_600


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_default_is_the_reference_case(seed: int) -> None:
    sample = school_sns(seed=seed)
    assert sample.tables["users"].num_rows == 98_789
    assert sample.tables["schools"].num_rows == 4_113
    assert sample.events.num_rows == pytest.approx(5_100_000, rel=0.03)

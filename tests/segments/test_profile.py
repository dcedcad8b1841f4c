"""``profile``: other programs' tests, what is never tested, false discoveries and coverage by simulation, words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from scipy import stats
from sklearn.cluster import KMeans

from dangol.core import labels
from dangol.core.errors import InputError
from dangol.log.eventlog import EventLog
from dangol.segments.cluster import cluster
from dangol.segments.profile import profile
from dangol.segments.profile_tests import Compared, Spread, Variable, compare
from tests.logs import make_log
from tests.oracles import check_words
from tests.segments.making import segments_of

Floats = npt.NDArray[np.float64]


def rows(table: pd.DataFrame, **where: Any) -> pd.DataFrame:
    for name, value in where.items():
        table = table[table[name] == value]
    return table


def shops(seed: int = 0, size: int = 300) -> pd.DataFrame:
    """Shops of three kinds by visits; ``spent`` differs between them, ``rain`` does not."""
    draw = np.random.default_rng(seed)
    kind = draw.integers(0, 3, size)
    frame = pd.DataFrame({"shop": [f"s{place:04d}" for place in range(size)], "kind": kind.astype(str)})
    frame["visits"] = kind * 10 + draw.normal(size=size)
    frame["spent"] = kind * 1.0 + draw.normal(size=size) + 5
    frame["rain"] = draw.normal(size=size)
    return frame


# ---- other programs -------------------------------------------------------------------------------------------------


def test_influencers_equal_scipy(shared_data: Path) -> None:
    # witness: scipy 1.17: ttest_ind(equal_var=False), mannwhitneyu(method="asymptotic"), false_discovery_control
    table = pd.read_csv(shared_data / "influencers" / "influencers.csv")
    made = cluster(
        table, "ER, active_rate", method="hierarchical", linkage="complete", cut=20, missing="drop", resamples=0
    )
    result = profile(made)
    found = result.table
    assert list(made.sizes.values()) == [856, 38, 24, 7, 3, 1]  # ../shared/data/README.md
    assert set(rows(found, evidence="made")["feature"]) == {"ER", "active_rate"}
    assert rows(found, segment="6", evidence="few")["p"].isna().all()  # a single account
    assert "‘6’ (1)" in result.summary()
    tested = found[found["p"].notna()]
    assert len(tested) == 50  # five segments × ten columns that vary: all but ER, active_rate and open_account
    labelled = table.merge(made.table, on="account").set_index("account")
    for _, row in tested.iterrows():
        inside = labelled[labelled["segment"] == row["segment"]][row["feature"]]
        rest = labelled[labelled["segment"] != row["segment"]][row["feature"]]
        assert (row["n"], row["mean_rest"]) == (len(inside), pytest.approx(rest.mean()))
        pooled = np.sqrt((inside.var() * (len(inside) - 1) + rest.var() * (len(rest) - 1)) / (len(table) - 2))
        assert row["difference"] == pytest.approx((inside.mean() - rest.mean()) / pooled)
        assert row["index"] == pytest.approx(100 * inside.mean() / labelled[row["feature"]].mean())
        if row["feature"] == "official_account":  # yes or no: twice the smaller tail of the hypergeometric
            tail = stats.hypergeom(len(table), int(table["official_account"].sum()), len(inside))
            assert row["p"] == pytest.approx(min(1, 2 * min(tail.cdf(inside.sum()), tail.sf(inside.sum() - 1))))
            continue
        assert (row["median"], row["median_rest"]) == (inside.median(), rest.median())
        assert row["p"] == pytest.approx(stats.ttest_ind(inside, rest, equal_var=False).pvalue)
        assert row["p_ranks"] == pytest.approx(stats.mannwhitneyu(inside, rest, method="asymptotic").pvalue)
    larger = np.fmax(tested["p"], tested["p_ranks"])
    assert tested["q"].to_numpy() == pytest.approx(stats.false_discovery_control(larger))


def test_fifteen_p_values_of_benjamini_and_hochberg() -> None:
    # Benjamini, Hochberg 1995, section 3.2: four of fifteen at q = .05
    paper = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719]
    p = np.array([*paper, 0.6528, 0.7590, 1.0])[:, None]
    none, ones = np.full(p.shape, np.nan), np.ones(p.shape)
    variables = tuple(Variable(str(place), "feature", np.arange(3.0)) for place in range(15))
    side = Spread(ones, ones, ones)
    found = Compared(variables, side, side, p[:, 0], none, none, ones, none, none, none, none, p, none)
    assert (found.evidence == 0).sum() == 4
    assert found.tests == 15


def test_standardised_difference_by_hand() -> None:
    # inside 1, 3 (mean 2, squares 2), rest 4, 6, 8 (mean 6, squares 8): pooled sqrt(10 / 3), difference -4 / 1.8257
    table = pd.DataFrame({"shop": list("abcde"), "x": [1.0, 2, 1, 2, 1], "spent": [1.0, 3, 4, 6, 8]})
    row = rows(profile(segments_of(table, "x", list("11222"))).table, segment="1", feature="spent").iloc[0]
    assert row["difference"] == pytest.approx(-4 / np.sqrt(10 / 3))
    assert (row["mean"], row["mean_rest"], row["median"], row["median_rest"]) == (2, 6, 2, 6)
    assert row["index"] == pytest.approx(100 * 2 / 4.4)


# ---- what is never a finding ----------------------------------------------------------------------------------------


def test_what_made_the_segments_is_never_found() -> None:
    table = shops().drop(columns="kind")
    draw = np.random.default_rng(1)
    table["log_visits"] = np.log1p(table["visits"].clip(lower=0))  # follows by rank, as logarithms do
    table["thrice"] = 3 * table["visits"] + draw.normal(size=len(table))
    result = profile(cluster(table, "visits", k=3, resamples=0))
    found = result.table.drop_duplicates("feature").set_index("feature")
    assert found["related_to"].dropna().to_dict() == {"log_visits": "visits", "thrice": "visits"}
    assert found["made_clusters"].to_dict() == {name: name == "visits" for name in found.index}
    aside = result.table[result.table["feature"].isin(["visits", "log_visits", "thrice"])]
    assert aside[["p", "q", "p_ranks", "lower", "upper"]].isna().all().all()
    assert aside["difference"].abs().max() > 2  # told all the same
    assert "‘visits’" not in result.sentences[0].write()
    assert "‘spent’" in result.sentences[0].write()
    assert any("‘log_visits’, ‘thrice’" in one.write() for one in result.sentences)
    others = rows(result.table, feature="rain")
    assert set(others["evidence"]) <= {"none", "few"}


def test_a_sum_of_features_follows_them() -> None:
    draw = np.random.default_rng(2)
    table = pd.DataFrame(draw.normal(size=(400, 3)), columns=["a", "b", "c"])
    table["total"] = table["a"] + 2 * table["b"] + draw.normal(size=400) / 2  # correlates .87 with b, .96 with both
    table["apart"] = table["a"] + table["b"] + 2 * draw.normal(size=400)
    table.insert(0, "shop", [f"s{place}" for place in range(400)])
    told = profile(segments_of(table, ["a", "b", "c"], ["1", "2"] * 200)).table.drop_duplicates("feature")
    assert dict(zip(told["feature"], told["related_to"], strict=True)) == {
        **dict.fromkeys(["a", "b", "c"]),
        "total": "b + a",
        "apart": None,
    }


def test_text_that_made_segments_is_described() -> None:
    table = pd.DataFrame({"shop": list("abcdefgh"), "place": list("ppppqqqq"), "size": [1.0, 2, 1, 2, 9, 8, 9, 8]})
    table["open"] = [True, False] * 4
    made = segments_of(table, ["place", "size"], list("11112222"), categories=True)
    told = rows(profile(made).table, segment="1").set_index("feature")
    assert told["made_clusters"].to_dict() == {"place = q": True, "size": True, "open": False}
    assert told.loc["place = q", ["mean", "mean_rest"]].tolist() == [0, 1]
    assert told.loc["open", "mean"] == 0.5  # yes and no are shares


def test_nothing_beyond_the_features() -> None:
    table = shops()[["shop", "visits", "rain"]]
    result = profile(cluster(table, "visits", k=3, resamples=0))
    assert result.sentences[0].write().startswith("Nothing sets the segments apart beyond the features that made them")
    assert "3 differences" in result.sentences[0].write()
    assert set(result.tables["most"]["feature"]) == {"visits"}


def test_nothing_else_is_known() -> None:
    result = profile(cluster(shops()[["shop", "visits"]], "visits", k=3, resamples=0))
    assert result.sentences[0].write().startswith("Nothing was tested")
    assert "0 tests" in result.explain()["family"]
    check_words(result)


def test_significant_but_small() -> None:
    draw = np.random.default_rng(3)
    group = np.arange(40_000) % 2
    table = pd.DataFrame({"shop": np.arange(40_000).astype(str), "x": group * 1.0 + draw.normal(size=40_000)})
    table["y"] = 0.08 * group + draw.normal(size=40_000)
    result = profile(segments_of(table, "x", [str(one + 1) for one in group]))
    assert result.sentences[0].write().startswith("Significant but small")
    assert rows(result.table, feature="y")["evidence"].tolist() == ["small", "small"]
    assert (rows(result.table, feature="y")["q"] < 0.001).all()
    assert "유의하지만" in result.sentences[0].write("ko")


def test_one_segment_has_no_rest() -> None:
    result = profile(segments_of(shops(), "visits", ["1"] * 300))
    assert result.sentences[0].write().startswith("There is a single segment")
    assert result.table["mean_rest"].isna().all()
    assert result.table["mean"].notna().all()
    check_words(result)


@pytest.mark.parametrize("units", [9, 10])
def test_extremes_are_tested_from_ten_units_on(units: int) -> None:
    table = shops()
    names = ["extreme: high visits"] * units + ["noise"] * units + ["1"] * (300 - 2 * units)
    result = profile(segments_of(table, "visits", names))
    for name in ("extreme: high visits", "noise"):
        some = rows(result.table, segment=name, feature="rain")
        assert (some["evidence"].iloc[0] == "few") == (units < 10)
        assert some["difference"].notna().all()
    assert ("too few units: ‘extreme: high visits’ (9), ‘noise’ (9)" in result.summary()) == (units < 10)
    assert ("‘극단: visits 높음’(9)" in result.summary("ko")) == (units < 10)


def test_doubts_come_first() -> None:
    table, kinds = shops(), shops()["kind"].tolist()
    fragile = [one.write() for one in profile(segments_of(table, "visits", kinds, stability=0.41)).sentences]
    assert fragile[0].startswith("No strong structure in the segments themselves")
    assert "The surest difference" in fragile[0]
    assert fragile[1].startswith("What speaks against the segments: when 10.0 % of the units are left out")
    lopsided = [one.write("ko") for one in profile(segments_of(table, "visits", kinds, largest_share=0.92)).sentences]
    assert lopsided[0].startswith("세그먼트 자체에 뚜렷한 구조가 없습니다")
    assert lopsided[1].startswith("세그먼트를 그대로 받아들이기 어려운 이유: 전체의 92.0 %")


def test_a_small_segment_is_weak_evidence_and_comes_last() -> None:
    draw = np.random.default_rng(5)
    few = np.array([1] * 12 + [0] * 188)
    table = pd.DataFrame({"shop": np.arange(200).astype(str), "x": draw.normal(size=200)})
    table["y"] = 6 * few + draw.normal(size=200)
    alone = profile(segments_of(table, "x", [str(one + 1) for one in few]))
    first = alone.sentences[0].write()
    assert not first.startswith("Weak evidence")  # of the 188 against the 12 is the same difference
    split = profile(segments_of(table, "x", ["few" if one else "ab"[place % 2] for place, one in enumerate(few)]))
    assert split.sentences[0].write().startswith("Weak evidence, only 12 shops in the segment.")


# ---- false discoveries and coverage ---------------------------------------------------------------------------------


def null_columns(draw: np.random.Generator, size: int) -> list[Variable]:
    """Variables that no segment can differ in: normal, skewed, very skewed, counts, rare counts, attributes."""
    columns = [draw.normal(size=size) for _ in range(4)]
    columns += [draw.lognormal(sigma=1, size=size) for _ in range(4)]
    columns += [draw.lognormal(sigma=2, size=size) for _ in range(4)]
    columns += [draw.poisson(0.3, size).astype(float) for _ in range(4)]
    columns += [draw.poisson(0.02, size).astype(float) for _ in range(4)]
    found = [Variable(str(place), "feature", values) for place, values in enumerate(columns)]
    return found + [
        Variable(str(place), "attribute", (draw.random(size) < 0.2).astype(float), True) for place in range(4)
    ]


def shares_found(runs: int, size: int, shift: float) -> float:
    """The mean share of false ones among what was found, over segments that k-means made of other variables."""
    draw, shares = np.random.default_rng(11), []
    for _ in range(runs):
        points = np.concatenate(
            [draw.normal(size=(size - 30, 2)), draw.normal(8, 2, (18, 2)), draw.normal(-9, 1, (12, 2))]
        )
        codes = KMeans(5, n_init=1, random_state=0).fit_predict(points).astype(np.int64)
        null = null_columns(draw, size)
        real = [Variable("real", "feature", draw.normal(size=size) + shift * codes) for _ in range(3 if shift else 0)]
        found = compare([*null, *real], codes, 5, np.full(5, 2))
        hits = found.q <= 0.05
        shares.append(hits[: len(null)].sum() / max(hits.sum(), 1))
    return float(np.mean(shares))


@pytest.mark.slow
@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_false_discoveries_stay_below_the_rate(shift: float) -> None:
    # METHODS: false-discovery rate of at most 5 %; of 200 simulations the standard error is at most 1.5 %
    assert shares_found(200, 400, shift) <= 0.05


def coverage(n: int, rest: int, difference: float, spread: float, runs: int) -> float:
    """How often an interval holds the truth; ``spread`` is the segment's standard deviation, 1 the rest's."""
    draw = np.random.default_rng(13)
    pooled = np.sqrt(((n - 1) * spread**2 + rest - 1) / (n + rest - 2))
    inside = draw.normal(difference * pooled, spread, (runs, n))
    values = np.concatenate([inside, draw.normal(size=(runs, rest))], axis=1)
    codes = np.repeat([0, 1], [n, rest])
    found = compare([Variable("x", "feature", one) for one in values], codes, 2, np.array([2, 2]))
    return float(((found.lower[:, 0] <= difference) & (difference <= found.upper[:, 0])).mean())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n", "rest", "difference", "spread"),
    [
        (50, 250, 0, 1),
        (50, 250, 0.5, 1),
        (20, 400, 0.8, 1),
        (500, 1500, 0.2, 1),
        (50, 250, 0.5, 2),
        (50, 250, 0.5, 0.4),
        (5, 200, 0.5, 1),
    ],
)
def test_intervals_hold_the_truth(n: int, rest: int, difference: float, spread: float) -> None:
    # METHODS: coverage of 94 to 96 %; of 4,000 simulations the standard error is .35 %
    assert 0.94 <= coverage(n, rest, difference, spread, 4000) <= 0.96


# ---- columns --------------------------------------------------------------------------------------------------------


def test_columns_of_a_csv_are_read_for_what_they_are(tmp_path: Path) -> None:
    table = shops()
    table["code"] = [f"00{place % 3}" for place in range(300)]
    table["note"] = [f"note {place}" for place in range(300)]
    table["same"] = "x"
    table["empty"] = None
    table["as_of"] = "2024-03-01"
    path = tmp_path / "shops.csv"
    table.to_csv(path, index=False)
    result = profile(cluster(path, "visits", k=3, resamples=0))
    kinds = result.table.drop_duplicates("feature").set_index("feature")["kind"].to_dict()
    numbers = dict.fromkeys(["kind", "visits", "spent", "rain"], "feature")
    assert kinds == numbers | dict.fromkeys(["code = 000", "code = 001", "code = 002"], "attribute")
    told = result.explain()["exclusions"]
    assert "text with more than 20 values: ‘note’" in told
    assert "the same for all: ‘same’" in told
    assert "empty: ‘empty’" in told
    assert "2024-03-01" in result.explain()["window"]


def test_attributes_are_compared_as_shares() -> None:
    table = shops()
    table["owner"] = np.where(table["kind"] == "2", "chain", "alone")
    table.loc[:9, "owner"] = None
    result = profile(segments_of(table, "visits", table["kind"].tolist()))
    assert {"owner = chain", "owner = alone", "owner = (none)"} <= set(result.table["feature"])
    told = rows(result.tables["attributes"], segment="2", feature="owner", value="chain").iloc[0]
    inside = table[table["kind"] == "2"]["owner"] == "chain"
    rest = table[table["kind"] != "2"]["owner"] == "chain"
    assert (told["share"], told["share_rest"]) == (pytest.approx(inside.mean()), rest.mean())
    assert told["share_difference"] == pytest.approx(inside.mean() - rest.mean())
    assert told["share_lower"] < told["share_difference"] < told["share_upper"]
    assert "owner = chain" in result.sentences[0].write()
    assert "points" in result.sentences[0].write()
    assert "%p" in result.sentences[0].write("ko")
    found = result.units(segment="2", feature="owner = chain")
    assert found.tolist() == table[(table["kind"] == "2") & (table["owner"] == "chain")]["shop"].tolist()
    assert found.name == "shop"
    one = profile(segments_of(table, "visits", table["kind"].tolist()), attributes="owner")
    assert set(one.tables["attributes"]["feature"]) == {"owner"}


# ---- events ---------------------------------------------------------------------------------------------------------


def classes(votes: Sequence[int], sizes: Sequence[int], **options: Any) -> EventLog:
    """A log of groups g0, g1, …: each of ``sizes`` users comes once and votes so many times."""
    start, events = datetime(2024, 3, 4), []
    groups: dict[str, str] = {}
    for group, (count, size) in enumerate(zip(votes, sizes, strict=True)):
        for user in range(size):
            name = f"g{group:02d}u{user:03d}"
            groups[name] = f"g{group:02d}"
            moments = [start + timedelta(minutes=minute) for minute in range(count + 1)]
            events += [(name, "vote" if place else "come", str(when)) for place, when in enumerate(moments)]
    gender = {name: "F" if place % 2 else "M" for place, name in enumerate(groups)}
    return make_log(events, attributes={"group": groups, "gender": gender}, **options)


def test_events_are_counted_per_active_user_never_in_total() -> None:
    # groups of 2 or 100 users that vote three times each do not differ, whatever their totals
    sizes = [2, 100] * 6
    log = classes([3] * 12, sizes)
    table = pd.DataFrame({"group": [f"g{place:02d}" for place in range(12)], "x": [1.0, 9] * 6})
    result = profile(segments_of(table, "x", ["small", "big"] * 6), log)
    votes = rows(result.table, kind="event", feature="vote")
    assert votes["mean"].tolist() == votes["mean_rest"].tolist() == [3, 3]
    assert (votes["evidence"] == "few").all()  # nothing varies
    told = rows(result.tables["events"], event="vote").iloc[0]
    assert told[["n", "users", "share", "share_rest"]].tolist() == [6, 12, 1, 1]
    assert result.tables["segments"]["users"].tolist() == [12, 600]


def test_groups_count_once_each() -> None:
    # 20 quiet groups vote 1 to 2 times, 20 lively ones 4 to 5; one quiet group has as many users as all others
    votes = [1 + place % 2 + 3 * (place >= 20) for place in range(40)]
    log = classes(votes, [90] + [2] * 39)
    table = pd.DataFrame(
        {"group": [f"g{place:02d}" for place in range(40)], "x": [float(place % 7) for place in range(40)]}
    )
    result = profile(segments_of(table, "x", ["quiet"] * 20 + ["lively"] * 20), log)
    told = rows(result.table, segment="quiet", feature="vote").iloc[0]
    assert (told["mean"], told["mean_rest"], told["median"], told["n"]) == (1.5, 4.5, 1.5, 20)
    assert told["index"] == pytest.approx(100 * 1.5 / 3)
    assert told["evidence"] == "holds"
    assert "‘vote’ per active user" in result.sentences[0].write()
    assert result.units(segment="quiet", feature="vote").tolist() == table["group"][:20].tolist()
    assert result.unit == "group"


def test_attributes_of_users_are_shares_of_each_group() -> None:
    log = classes([1, 2, 1, 2], [4, 2, 3, 5])
    table = pd.DataFrame({"group": ["g00", "g01", "g02", "g03"], "x": [1.0, 2, 3, 4]})
    told = profile(segments_of(table, "x", list("1122")), log, attributes=["gender"]).tables["attributes"]
    # users take F and M in turn, M first: 2 of 4, 1 of 2, 1 of 3, 3 of 5; F is rarer by the sum of the shares
    assert told["value"].tolist() == ["F", "F"]
    assert told["share"].tolist() == pytest.approx([0.5, (1 / 3 + 3 / 5) / 2])


def test_an_event_that_follows_a_feature_is_no_finding() -> None:
    votes = [1 + place % 5 for place in range(40)]
    table = pd.DataFrame({"group": [f"g{place:02d}" for place in range(40)], "votes": [count / 2.0 for count in votes]})
    result = profile(
        segments_of(table, "votes", ["1" if count > 3 else "2" for count in votes]), classes(votes, [2] * 40)
    )
    told = rows(result.table, feature="vote")
    assert told["related_to"].tolist() == ["votes", "votes"]
    assert told["p"].isna().all()


def test_units_that_the_log_lacks_and_rare_events_are_told() -> None:
    moments = [(f"u{place}", f"event {number:02d}", 10 * place + number) for place in range(20) for number in range(40)]
    table = pd.DataFrame({"user": [f"u{place}" for place in range(22)], "x": [float(place % 3) for place in range(22)]})
    result = profile(segments_of(table, "x", ["1", "2"] * 11), make_log(moments))
    assert (result.table["kind"] == "event").sum() == 2 * 30
    told = result.explain()
    assert "2 users without an active user in the log are left out of events" in told["exclusions"]
    assert "rarer events left out: 10" in told["exclusions"]
    assert rows(result.table, kind="event")["n"].unique().tolist() == [10]
    some = profile(segments_of(table, "x", ["1", "2"] * 11), make_log(moments), events=["event 39", "event 01"])
    assert rows(some.table, kind="event", segment="1")["feature"].tolist() == ["event 39", "event 01"]
    assert "left out: 10" not in some.explain()["exclusions"]


def test_each_segment_has_a_line_of_its_own() -> None:
    """By hand: means of visits 2, 22 and of all 12; of balance -1, 3 and of all 1, of which no ratio makes sense."""
    table = pd.DataFrame({"shop": [str(place) for place in range(8)], "visits": [1.0, 2, 3, 2, 21, 22, 23, 22]})
    table["balance"] = [-1.0, -1, -1, -1, 3, 3, 3, 3.5]
    said = profile(segments_of(table, ["visits", "balance"], list("aaaabbbb"), names=["b", "a"])).sentences
    assert [one.write() for one in said[1:3]] == [
        "‘b’, 4 shops (50.0 %), against the mean of all: visits 1.83 times, balance higher.",
        "‘a’, 4 shops (50.0 %), against the mean of all: visits 0.17 times, balance lower.",
    ]
    assert said[2].write("ko") == "‘a’ shop 4개(50.0 %): 전체 평균 대비 visits 0.17배, balance 낮은 편입니다."
    alike = table.assign(visits=[1.0, 2, 1, 2, 1, 2, 1, 2], balance=[0.0, 0, 1, 1, 0, 0, 1, 1])
    said = profile(segments_of(alike, ["visits", "balance"], list("aaaabbbb"))).sentences
    assert said[1].write() == "‘a’, 4 shops (50.0 %): nothing much different from the rest."


def test_the_view_of_the_log_is_told() -> None:
    log = classes([1, 2, 1, 2], [4, 2, 3, 5])
    table = pd.DataFrame({"group": ["g00", "g01", "g02", "g03"], "x": [1.0, 2, 3, 4]})
    made = segments_of(table, "x", list("1122"))
    assert " only of " not in profile(made, log).explain()["window"]
    told = profile(made, log.where("gender", "==", "F").between("2024-03-04", "2024-03-04 01:00"))
    assert "events from 2024-03-04 to before 2024-03-04 01:00, only of gender == 'F'" in told.explain()["window"]
    assert "이벤트는 2024-03-04부터 2024-03-04 01:00 전까지(gender == 'F' 조건)" in told.explain("ko")["window"]
    check_words(told)


def test_the_time_of_the_segments_is_told() -> None:
    log = classes([1, 2, 1, 2], [4, 2, 3, 5])
    table = pd.DataFrame({"group": ["g00", "g01", "g02", "g03"], "x": [1.0, 2, 3, 4]})
    for as_of, later in ((None, False), ("2024-03-04 00:01", False), ("2024-03-04", True), ("2024-01-01", True)):
        result = profile(segments_of(table, "x", list("1122"), as_of=as_of), log)
        assert ("later than the segments" in result.explain()["window"]) == later
        assert ("predict nothing" in result.summary()) != later
        assert (as_of or "not known") in result.explain()["window"]
        check_words(result)
    midnight = profile(segments_of(table, "x", list("1122"), as_of="2024-03-04 00:00:00+09:00"), log).explain()
    assert midnight["window"].startswith("segments made of data before 2024-03-04; ")


# ---- errors and words -----------------------------------------------------------------------------------------------


def test_errors_say_what_to_do() -> None:
    log = classes([1, 2, 1, 2], [4, 2, 3, 5])
    table = pd.DataFrame({"group": ["g00", "g01", "g02", "g03"], "x": [1.0, 2, 3, 4], "city": list("abcd")})
    made = segments_of(table, "x", list("1122"))
    with pytest.raises(InputError, match="give the log"):
        profile(made, events=["vote"])
    with pytest.raises(InputError, match="did you mean 'vote'"):
        profile(made, log, events=["votes"])
    with pytest.raises(InputError, match="names no event"):
        profile(made, log, events=[])
    with pytest.raises(InputError, match="did you mean 'gender'"):
        profile(made, log, attributes=["gendr"])
    with pytest.raises(InputError, match="is a feature that made the segments"):
        profile(made, attributes=["x"])
    with pytest.raises(InputError, match="holds texts of events"):
        profile(made, log, attributes=["event"])
    many = pd.DataFrame({"group": [f"g{place:02d}" for place in range(40)], "x": np.arange(40.0)})
    many["name"] = [f"n{place}" for place in range(40)]
    with pytest.raises(InputError, match="40 different values"):
        profile(segments_of(many, "x", ["1", "2"] * 20), attributes=["name"])
    with pytest.raises(InputError, match="none of the 4 groups in the segments is in the log, the first is 'z0'"):
        profile(segments_of(table.assign(group=["z0", "z1", "z2", "z3"]), "x", list("1122")), log)
    with pytest.raises(InputError, match="unit 'shop' is not in the log"):
        profile(segments_of(table.rename(columns={"group": "shop"}), "x", list("1122"), unit="shop"), log)
    result = profile(made, log)
    with pytest.raises(InputError, match="segment '3'"):
        result.units(segment="3")
    with pytest.raises(InputError, match="did you mean 'vote'"):
        result.units(feature="votes")
    with pytest.raises(InputError, match="help on the question"):
        result.units(user="x")


def test_two_variables_of_one_name() -> None:
    table = pd.DataFrame({"group": ["g00", "g01", "g02", "g03"], "x": [1.0, 2, 3, 4], "vote": [5.0, 1, 2, 9]})
    result = profile(segments_of(table, "x", list("1122")), classes([1, 0, 1, 2], [4, 2, 3, 5]))
    with pytest.raises(InputError, match="add kind='feature' or kind='event'"):
        result.units(feature="vote")
    assert result.units(feature="vote", kind="event").tolist() == ["g00", "g02", "g03"]
    assert result.units(feature="vote", kind="feature").tolist() == ["g00", "g01", "g02", "g03"]


def test_words_and_recipe() -> None:
    result = profile(cluster(shops(), "visits", k=3, resamples=0))
    check_words(result)
    assert result.sentences[0].write("ko").startswith("나머지와 가장 확실하게 다른 것은 세그먼트 ‘")
    assert "함께 검정" in result.explain("ko")["family"]
    assert result.recipe["parameters"] == {"events": None, "attributes": None}
    assert result.recipe["segments"]["features"] == ["visits"]
    assert "| segment |" in result.to_markdown()
    for table in ("profile", "most", "segments", "attributes"):
        for column in result.tables[table].columns:
            assert labels.label(column, "ko", "profile") != column.replace("_", " ") or column == "n", column

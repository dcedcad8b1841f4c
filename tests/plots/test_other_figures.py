"""The figures of features, stability, tiers, matched segments and collected accounts."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import skew

from dangol.collect.profiles import merge_profiles
from dangol.core.result import Result
from dangol.core.words import number, percent
from dangol.plots.style import PALE, PALETTE
from dangol.segments.features import group_features
from tests.logs import make_log

from .crowd import bars, headings, matched, ranked, said, segments, traces, with_table

# ---- features -------------------------------------------------------------------------------------------------------

SPEC = {
    "Zview": {"events": "Zview"},
    "Zbuy": {"events": "Zbuy"},
    "Zhelp": {"share_of_events": "Zhelp"},
    "spread": {"span": True},
}


@cache
def features(*names: str) -> Result:
    """Thirty-five groups of six users; one group buys a hundred times as much."""
    chance = np.random.default_rng(3)
    rows, group = [], {}
    for user in range(210):
        group[f"u{user}"] = f"g{user // 6}"
        for event, mean in (("Zview", 5), ("Zbuy", 200 if user < 6 else 2), ("Zhelp", 1)):
            rows += [(f"u{user}", event, int(chance.integers(0, 8_000_000_000))) for _ in range(chance.poisson(mean))]
    log = make_log(rows, attributes={"Zplan": group})
    return group_features(log, {"unit": "Zplan", "features": {name: SPEC[name] for name in names or SPEC}})


def test_histograms_hold_every_unit() -> None:
    figure = features().figure()
    histograms = [trace for trace in figure.data if trace.type == "bar"]
    assert [int(sum(trace.y)) for trace in histograms] == [35] * 4
    for name, trace in zip(SPEC, histograms, strict=True):
        values = features().table[name].to_numpy()
        half = trace.width[0] / 2
        assert (min(trace.x) - half, max(trace.x) + half) == pytest.approx((values.min(), values.max()))


def test_skewness_is_scipys_and_the_most_skewed_is_the_title() -> None:
    # witness: SciPy's skew
    theirs = {name: float(skew(features().table[name])) for name in SPEC}
    figure = features().figure()
    for name, value in theirs.items():
        assert any(
            text.startswith(f"<b>{name}</b>") and f"skewness {number(value)}" in text for text in headings(figure)
        )
    odd = [name for name, value in theirs.items() if abs(value) >= 2]
    assert "Zbuy" in odd
    colours = [trace.marker.color for trace in figure.data if trace.type == "bar"]
    assert [colour == PALETTE[3] for colour in colours] == [name in odd for name in SPEC]
    assert f"Strongly skewed features: {len(odd)} of 4, ‘Zbuy’" in said(figure)
    assert f"크게 치우친 특성: 4개 중 {len(odd)}개" in said(features().figure("ko"))


def test_correlations_are_numpys() -> None:
    # witness: NumPy's corrcoef
    table = features().table[list(SPEC)].to_numpy()
    theirs = np.corrcoef(table.T)
    (heat,) = traces(features().figure(), "heatmap")
    below = np.tril_indices(3)
    assert np.array(heat.z)[below] == pytest.approx(theirs[1:, :-1][below])
    assert np.isnan(np.array(heat.z)[np.triu_indices(3, 1)]).all()


def test_one_feature_has_no_correlations() -> None:
    figure = features("Zview").figure()
    assert not traces(figure, "heatmap")
    assert "35 Zplans with 1 feature, none strongly skewed" in said(figure)


def test_missing_values_are_told() -> None:
    table = features().table.copy()
    table.loc[:4, "Zview"] = np.nan
    table["Zhelp"] = np.nan
    figure = with_table(features(), features=table).figure()
    assert any("5 missing" in text for text in headings(figure))
    assert any("no value known" in text for text in headings(figure))
    assert len([trace for trace in figure.data if trace.type == "bar"]) == 3


def test_of_many_features_twelve_are_drawn() -> None:
    names = [f"f{place}" for place in range(15)]
    table = features().table.assign(**{name: features().table["Zview"] for name in names})
    told = pd.DataFrame({"feature": names})
    figure = with_table(features(), features=table, told=told).figure()
    assert len([trace for trace in figure.data if trace.type == "bar"]) == 12
    assert "12 of 15 features drawn" in said(figure)


def test_no_units_have_no_histograms() -> None:
    nothing = with_table(features(), features=features().table.head(0))
    assert not nothing.figure().data
    assert "군집으로 나눌 대상이 없음" in said(nothing.figure("ko"))


# ---- stability ------------------------------------------------------------------------------------------------------


@cache
def stability(*recovered: float) -> Result:
    result = segments().stability(12)
    if not recovered:
        return result
    table = result.table.assign(recovered=recovered, lower=np.array(recovered) - 0.1, upper=np.array(recovered) + 0.05)
    return with_table(result, stability=table)


def test_recovered_shares_are_the_table() -> None:
    table = stability().table
    figure = stability().figure()
    found = {row: length for bar in bars(figure, "x") for row, length in zip(bar.y, bar.x, strict=True)}
    assert [found[row] for row in range(3)] == table["recovered"].to_list()
    assert [label.split(" ")[-1] for label in figure.layout.yaxis.ticktext] == ["(30)", "(20)", "(10)"]
    (histogram,) = bars(figure, "x2")
    assert sum(histogram.y) == 12
    assert "All 3 segments come back" in said(figure)


def test_segments_that_do_not_come_back_are_the_title() -> None:
    figure = stability(0.9, 0.7, 0.3).figure()
    assert "1 of 3 segments does not come back" in said(figure)
    assert "2 of 3 segments do not come back" in said(stability(0.9, 0.5, 0.3).figure())
    assert "세그먼트 3개 중 1개가 다시 나오지 않음" in said(stability(0.9, 0.7, 0.3).figure("ko"))
    looks = {bar.name: (list(bar.x), bar.marker.color) for bar in bars(figure, "x")}
    assert looks == {
        "comes back": ([0.9], PALETTE[0]),
        "in between": ([0.7], PALETTE[1]),
        "not to be relied on": ([0.3], PALETTE[3]),
    }
    interval = bars(figure, "x")[0].error_x
    assert (interval.array[0], interval.arrayminus[0]) == pytest.approx((0.05, 0.1))


def test_a_segment_that_no_resample_holds() -> None:
    figure = stability(0.9, 0.8, float("nan")).figure()
    assert "1 of 3 segments does not come back" in said(figure)
    (texts,) = traces(figure, "scatter", mode="text")
    assert texts.text[-1] == "–"


# ---- tiers ----------------------------------------------------------------------------------------------------------


def test_tiers_stand_in_their_order_with_medians() -> None:
    table = ranked(noun="value", confounders="Zbuy").tables["tiers"]
    figure = ranked(noun="value", confounders="Zbuy").figure()
    assert [text.strip() for text in figure.layout.yaxis.ticktext] == ["highest value", "middle value", "lowest value"]
    for axis, column in (
        ("x", "score"),
        ("x2", "units"),
        ("x3", "median_Zview"),
        ("x4", "median_Zcart"),
        ("x5", "median_Zbuy"),
    ):
        (bar,) = bars(figure, axis)
        assert list(bar.x) == table[column].to_list(), column
    assert set(bars(figure, "x5")[0].marker.color) == {PALE}  # a confounder ranks nothing
    assert len(set(bars(figure, "x3")[0].marker.color)) == 3
    assert list(bars(figure, "x2")[0].text) == [f"{n} ({percent(n / 60)})" for n in table["units"]]
    for share in table["above_next"].iloc[:-1]:
        assert f"↕ {percent(share)}" in headings(figure)


def test_both_ends_are_the_title() -> None:
    table = ranked(noun="value").tables["tiers"]
    scores = [number(table["score"].iloc[place]) for place in (0, -1)]
    assert "‘highest value’ scores {}, ‘lowest value’ {}".format(*scores) in said(ranked(noun="value").figure())
    assert f"‘가치 최상’ 점수가 {scores[0]}" in said(ranked(noun="value").figure("ko"))
    assert "ranked by Zview, Zcart" in said(ranked().figure())


def test_tiers_that_tell_nothing_apart() -> None:
    table = ranked().tables["tiers"].assign(share=[0.9, 0.06, 0.04])
    crowded = with_table(ranked(), tiers=table)
    assert "The tiers tell few units apart: 90.0 % are in ‘highest’" in said(crowded.figure())
    one = with_table(ranked(), tiers=table.head(1).assign(above_next=np.nan))
    assert "One tier alone" in said(one.figure())
    assert "등급 없음" in said(with_table(ranked(), tiers=table.head(0)).figure("ko"))


def test_columns_beyond_five_are_left_to_the_table() -> None:
    more = {f"median_other{place}": 1.0 for place in range(6)}
    figure = with_table(ranked(), tiers=ranked().tables["tiers"].assign(**more)).figure()
    assert len([trace for trace in figure.data if trace.type == "bar"]) == 2 + 5
    assert "3 more columns in the table" in said(figure)


# ---- matched segments -----------------------------------------------------------------------------------------------


def test_who_stayed_joined_and_left() -> None:
    table = matched().tables["matched"]
    figure = matched().figure()
    for bar, column in zip(bars(figure, "x"), ("shared", "joined", "new", "left"), strict=True):
        assert [abs(length) for length in bar.x] == table[column].to_list(), column
    assert all(length <= 0 for length in bars(figure, "x")[3].x)
    new = int(table["earlier"].isna().sum())
    assert f"found again, {new} new" in said(figure)
    assert f"{new}개가 새로 생김" in said(matched().figure("ko"))
    labels = list(figure.layout.yaxis.ticktext)
    assert [label.startswith("new: ") for label in labels] == table["earlier"].isna().to_list()


def test_a_lost_segment_has_a_row() -> None:
    lost = {
        "segment": None,
        "earlier": "extreme: high Zview",
        "overlap": np.nan,
        "shared": 0,
        "joined": 0,
        "left": 3,
        "new": 0,
    }
    table = pd.concat([matched().tables["matched"], pd.DataFrame([lost]).astype({"segment": "str"})], ignore_index=True)
    figure = with_table(matched(), matched=table).figure()
    assert "lost: high Zview" in figure.layout.yaxis.ticktext[-1]
    (texts,) = traces(figure, "scatter", mode="text")
    assert texts.text[-1] == ""
    assert "사라짐: Zview 높음" in with_table(matched(), matched=table).figure("ko").layout.yaxis.ticktext[-1]


# ---- collected accounts ---------------------------------------------------------------------------------------------


@cache
def collected() -> Result:
    profiles = pd.DataFrame({"account": ["a", "b", "c", "d"], "follower": [200, 100, 50, 10]})
    posts = pd.DataFrame({"account": ["a", "b", "e"], "image_love": [10, 20, 5], "image_comment": [1, 3, 1]})
    return merge_profiles(profiles, posts)


def test_accounts_by_what_became_of_them() -> None:
    account = collected().tables["account"].set_index("what")
    figure = collected().figure()
    words = [text.strip() for text in figure.layout.yaxis.ticktext]
    assert words == ["in", "merged", "not in the posts", "not in the profiles"]
    shown = account.loc[["in", "merged", "no_posts", "no_profile"]]
    assert list(bars(figure, "x")[0].x) == shown["profiles"].to_list() == [4, 2, 2, 0]
    assert list(bars(figure, "x2")[0].x) == shown["posts"].to_list() == [3, 2, 0, 1]
    assert bars(figure, "x")[0].text[1] == "2 (50.0 %)"
    assert "2 of 5 accounts merged, 3 left out" in said(figure)
    assert "계정 5개 중 2개 병합, 3개 제외" in said(collected().figure("ko"))


@pytest.mark.parametrize(
    ("values", "title"),
    [
        ({"found": 9, "all": 12, "posts": 340}, "9 of 12 accounts collected, 340 posts"),
        ({"n": 3, "all": 12, "names": "", "names_ko": ""}, "Not finished: 3 of 12 accounts got no answer"),
    ],
)
def test_accounts_from_the_api(values: dict[str, Any], title: str) -> None:
    account = pd.DataFrame({"what": ["in", "found", "absent", "failed", "repeated"], "accounts": [13, 9, 0, 3, 1]})
    result = with_table(collected(), account=account)
    figure = replace(result, sentences=(replace(result.sentences[0], values=values),)).figure()
    assert title in said(figure)
    assert list(bars(figure, "x")[0].x) == [13, 9, 3, 1]


def test_nothing_collected() -> None:
    account = pd.DataFrame({"what": ["in", "found"], "accounts": [0, 0]})
    result = with_table(collected(), account=account)
    assert list(bars(result.figure(), "x")[0].text) == ["0 (–)", "0 (–)"]

"""The figure of ``cluster``: the numbers that it draws are those of the tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.cluster.hierarchy import linkage
from sklearn.metrics import silhouette_samples

import dangol as dg
from dangol.core.words import number, percent
from dangol.plots.style import INK, PALE, PALETTE

from .crowd import FEATURES, bars, crowd, headings, said, segments, traces, with_table


def test_bars_are_sizes_and_mean_silhouettes() -> None:
    result = segments(scale="none").result
    figure = result.figure()
    (sizes,) = bars(figure, "x2")
    assert list(sizes.x) == [30, 20, 10]  # as planted
    assert list(sizes.text) == [f"{n} ({percent(n / 60)})" for n in (30, 20, 10)]
    # witness: sklearn.metrics.silhouette_samples on the features as given
    theirs = silhouette_samples(crowd()[FEATURES].to_numpy(), result.tables["map"]["segment"])
    assert result.tables["silhouettes"]["silhouette"].to_numpy() == pytest.approx(theirs)
    (widths,) = bars(figure, "x3")
    means = pd.Series(theirs).groupby(result.tables["map"]["segment"].to_numpy()).mean()
    assert list(widths.x) == pytest.approx(means[["1", "2", "3"]].to_list())
    assert list(widths.text) == [number(value) for value in means[["1", "2", "3"]]]
    assert list(figure.layout.yaxis2.ticktext) == ["1", "2", "3"]


def test_the_map_is_the_table() -> None:
    result = segments().result
    figure = result.figure()
    dots = {trace.name: trace for trace in traces(figure, "scatter", xaxis=None) if trace.mode == "markers"}
    for name, part in result.tables["map"].groupby("segment"):
        assert list(dots[name].x) == part["x"].to_list()
        assert list(dots[name].y) == part["y"].to_list()
        assert dots[name].marker.color == PALETTE[int(name) - 1]
    assert figure.layout.xaxis.title.text == "Zview"
    assert "Where the units are" in headings(figure)[-3]


def test_a_logarithm_is_drawn_with_ticks_in_the_features_own_units() -> None:
    result = segments(transforms="log1p(Zcart)").result
    figure = result.figure()
    one = next(trace for trace in figure.data if trace.name == "1")
    part = result.tables["map"].query("segment == '1'")
    assert list(one.x) == part["x"].to_list()
    assert list(one.y) == pytest.approx(np.log1p(part["y"]).to_list())
    axis = figure.layout.yaxis
    assert list(axis.tickvals) == pytest.approx([np.log1p(float(text)) for text in axis.ticktext])
    assert 3 <= len(axis.tickvals) <= 9
    assert figure.layout.xaxis.tickvals is None


def test_components_are_called_a_picture() -> None:
    three = dg.cluster(crowd(), [*FEATURES, "Zbuy"], k=3, resamples=0).result
    figure = three.figure()
    assert "<b>Where the units are (a picture: nothing is measured on it)</b>" in headings(figure)
    share = three.tables["axes"]["share"].iloc[0]
    assert figure.layout.xaxis.title.text == f"principal component 1 ({percent(share)} of the variance)"
    assert "<b>단위별 위치(참고용 그림)</b>" in headings(three.figure("ko"))


def test_one_feature_has_no_second_axis() -> None:
    figure = dg.cluster(crowd(), "Zview", k=2, resamples=0).result.figure()
    assert figure.layout.yaxis.visible is False
    heights = np.concatenate([trace.y for trace in traces(figure, "scatter", xaxis=None)])
    assert 0 <= heights.min() <= heights.max() <= 1


def test_the_title_is_the_finding() -> None:
    assert said(segments().figure()).startswith("<b>60 Zdevices in 3 segments; the largest, ‘1’, holds 50.0 %</b>")
    alone = segments(k=1)
    assert said(alone.figure()).startswith("<b>No two segments are found in 60 Zdevices</b>")
    assert list(bars(alone.figure(), "x3")[0].text) == ["–"]
    made = segments()
    weak = made.renamed(made.names, made.codes, stability={**made.told["stability"], "mean": 0.41})
    assert "No strong structure: the 3 segments do not come back in resamples" in said(weak.figure())
    assert "뚜렷한 구조 없음: 표본을 바꾸면 세그먼트 3개가 달라짐" in said(weak.figure("ko"))
    chance = np.random.default_rng(0).random((80, 2))
    even = pd.DataFrame({"user": np.arange(80).astype(str), "a": chance[:, 0], "b": chance[:, 1]})
    far = pd.concat([even, pd.DataFrame({"user": ["x", "y"], "a": [9.0, 9.5], "b": [9.0, 9.0]})])
    heap = dg.cluster(far, ["a", "b"], k=2, extremes="keep", resamples=0)
    assert f"No strong structure: {percent(80 / 82)} of 82 users are in one segment" in said(heap.figure())


def test_the_subtitle_says_how_far_they_can_be_trusted() -> None:
    made = segments()
    told = made.told["stability"]
    assert f"stability {number(told['mean'])} (sd {number(told['sd'])})" in said(made.figure())
    assert f"silhouette {number(made.quality['silhouette'])}" in said(made.figure())
    assert "stability not tried" in said(segments(resamples=0).figure())
    dated = dg.cluster(crowd(), FEATURES, k=3, resamples=0, as_of="2024-03-01")
    assert "data before 2024-03-01" in said(dated.figure())
    assert "2024-03-01 이전 데이터" in said(dated.figure("ko"))


def test_extremes_and_noise_are_set_off() -> None:
    table = crowd().copy()
    table.loc[0, "Zview"] = 500.0
    made = dg.cluster(table, FEATURES, k=3, resamples=0)
    figure = made.figure()
    assert made.names[-1] == "extreme: high Zview"
    far = next(trace for trace in figure.data if trace.name == "extreme: high Zview")
    assert (far.marker.color, far.marker.symbol) == (INK, "x")
    assert "1 units are beyond the frame" in headings(figure) or "1 unit is beyond the frame" in headings(figure)
    assert figure.layout.xaxis.range[1] < 50
    assert list(bars(figure, "x3")[0].text)[-1] == "–"
    scattered = dg.cluster(table, FEATURES, method="dbscan", eps=0.2, resamples=0)
    noise = next(trace for trace in scattered.figure("ko").data if trace.name == "잡음")
    assert noise.marker.color == PALE


def test_the_tree_of_hierarchical_clustering_is_drawn_with_its_cut() -> None:
    made = segments(method="hierarchical", linkage="average", scale="none", extremes="keep")
    # witness: SciPy's linkage
    theirs = linkage(crowd()[FEATURES].to_numpy(), "average")
    told = made.result.tables["tree"]
    assert told["height"].to_numpy() == pytest.approx(theirs[:, 2])
    assert told["units"].to_list() == theirs[:, 3].astype(int).tolist()
    figure = made.figure()
    (line,) = figure.layout.shapes
    assert line.y0 == pytest.approx((theirs[-3, 2] + theirs[-2, 2]) / 2)
    assert f"<b>The last merges, cut at height {number(line.y0)}</b>" in headings(figure)
    cut = segments(method="hierarchical", linkage="single", k=None, cut=2.5)
    assert cut.figure().layout.shapes[0].y0 == 2.5
    assert "tree" not in segments().result.tables


def test_forty_segments_have_room() -> None:
    chance = np.random.default_rng(5)
    table = pd.DataFrame({"user": np.arange(200).astype(str), "a": chance.random(200), "b": chance.random(200)})
    figure = dg.cluster(table, ["a", "b"], k=40, resamples=0).figure()
    inner = figure.layout.height - figure.layout.margin.t - figure.layout.margin.b
    assert inner / len(figure.layout.yaxis2.ticktext) >= 20
    assert not [text for text in headings(figure) if text == "<b>17</b>"]  # too many to be named in the map


def test_of_many_units_some_are_drawn_and_that_is_said() -> None:
    chance = np.random.default_rng(6)
    points = pd.DataFrame(
        {"Zdevice": np.arange(25_000).astype(str), "x": chance.random(25_000), "y": chance.random(25_000)}
    )
    many = with_table(segments().result, map=points.assign(segment=np.repeat(["1", "2", "3"], [15_000, 7_500, 2_500])))
    figure = many.figure()
    dots = [len(trace.x) for trace in traces(figure, "scattergl")]
    assert (sum(dots), sorted(dots)) == (20_000, [2_000, 6_000, 12_000])
    assert "20,000 of them drawn" in said(figure)
    assert "그림에는 20,000개만 표시" in said(many.figure("ko"))


def test_names_from_the_data_are_no_markup() -> None:
    table = crowd().rename(columns={"Zview": "<b>v</b>", "Zdevice": "shop&amp;"})
    figure = dg.cluster(table, ["<b>v</b>", "Zcart"], k=2, resamples=0).figure()
    assert "<b>v" not in figure.layout.xaxis.title.text
    assert "&amp;" not in said(figure)


def test_no_units_have_a_figure() -> None:
    empty = with_table(segments().result, segments=segments().result.table.head(0))
    assert "No segments" in said(empty.figure())
    assert "세그먼트 없음" in said(empty.figure("ko"))

"""The figure of ``choose_clusters``."""

from __future__ import annotations

import numpy as np
import pytest

from dangol.core.result import Result
from dangol.core.words import number
from dangol.plots.style import INK

from .crowd import choice, headings, said, traces, with_table

HOLLOW = "white"


def lines(result: Result, axis: str | None) -> dict[str, object]:
    """The lines of methods on an axis of the figure, by their name in English."""
    return {trace.name: trace for trace in traces(result.figure(), "scatter", mode="lines+markers", xaxis=axis)}


@pytest.mark.parametrize(("axis", "column"), [("x", "silhouette"), ("x2", "stability")])
def test_lines_are_the_table(axis: str, column: str) -> None:
    table = choice().table
    found = lines(choice(), axis)
    assert set(found) == {"k-means", "hierarchical"}
    for name, method in (("k-means", "kmeans"), ("hierarchical", "hierarchical")):
        part = table[table["method"] == method]
        assert list(found[name].x) == part["k"].to_list() == [2, 3, 4]
        assert list(found[name].y) == part[column].to_list()
        fine = part["verdict"].isin(["recommended", "near tie", ""])
        assert [colour != HOLLOW for colour in found[name].marker.color] == fine.to_list()


def test_losses_are_relative_to_the_first() -> None:
    elbow = choice().tables["elbow"]
    assert set(elbow["method"]) == {"kmeans"}
    (line,) = traces(choice().figure(), "scatter", mode="lines+markers", xaxis="x3")
    assert list(line.y) == pytest.approx((elbow["loss"] / elbow["loss"].iloc[0]).to_list())


def test_noise_is_drawn_beside_the_silhouettes() -> None:
    """The methods differ in what they get out of data without groups: drawn is the highest at each k."""
    highest = choice().table.groupby("k")["silhouette_noise"].max()
    noise = next(trace for trace in choice().figure().data if trace.name == "data without groups")
    assert list(noise.y) == highest.to_list()


def test_what_is_recommended_is_ringed_and_is_the_title() -> None:
    result = choice()
    (best,) = result.table[result.table["verdict"] == "recommended"].to_dict("records")
    assert best["k"] == 3
    rings = [trace for trace in result.figure().data if trace.name == "recommended"]
    assert [tuple(ring.x) for ring in rings[:2]] == [(3,), (3,)]
    assert [ring.y[0] for ring in rings[:2]] == [best["silhouette"], best["stability"]]
    told = {"silhouette": number(best["silhouette"]), "stability": number(best["stability"])}
    assert "silhouette {silhouette}, stability {stability}".format(**told) in said(result.figure())
    assert "3개 세그먼트 추천: 실루엣 {silhouette}, 안정성 {stability}".format(**told) in said(result.figure("ko"))


def test_that_nothing_is_recommended_is_the_title() -> None:
    result = choice(least=25)  # the smallest group has ten units
    assert not (result.table["verdict"] == "recommended").any()
    assert f"No strong structure: none of {len(result.table)} ways can be recommended" in said(result.figure())
    assert f"뚜렷한 구조 없음: {len(result.table)}가지 가운데 추천할 것이 없음" in said(result.figure("ko"))
    best, first = result.tables["best"].iloc[0], result.sentences[0].values
    assert (best["k"], best["silhouette"]) == (first["k"], pytest.approx(float(first["silhouette"]), abs=5e-4))
    assert result.tables["silhouettes"]["segment"].nunique() == best["k"]  # the ringed way is the one that is drawn
    assert "the best" in [trace.name for trace in result.figure().data]
    assert "hollow: something speaks against it" in [trace.name for trace in result.figure().data]


def test_every_unit_has_its_silhouette() -> None:
    table = choice().tables["silhouettes"]
    drawn = {trace.name: trace for trace in traces(choice().figure(), "scatter", xaxis="x4")}
    assert set(drawn) == {"1", "2", "3"}
    top = 0.0
    for name, part in table.groupby("segment", sort=False):
        widths = np.array(drawn[name].x)[1:-1:2]
        assert widths.tolist() == part["silhouette"].to_list()
        heights = np.array(drawn[name].y)
        assert heights.max() - heights.min() == pytest.approx(len(part))
        assert heights.min() >= top  # below the segment before
        top = heights.max()
    assert [label.split(" ")[0] for label in choice().figure().layout.yaxis4.ticktext] == ["1", "2", "3"]


def test_of_many_units_some_silhouettes_are_drawn() -> None:
    table = choice().tables["silhouettes"].iloc[np.repeat(np.arange(60), 200)]
    drawn = traces(with_table(choice(), silhouettes=table).figure(), "scatter", xaxis="x4")
    assert 1_990 < sum(len(trace.x) // 2 - 1 for trace in drawn) <= 2_000
    assert [max(trace.y) - min(trace.y) for trace in drawn] == pytest.approx([6_000, 4_000, 2_000])


def test_the_tree_is_coloured_where_it_is_the_leading_way() -> None:
    result = choice(methods=("hierarchical",))
    colours = {line.line.color for line in traces(result.figure(), "scatter", mode="lines", xaxis="x5")}
    assert INK in colours
    assert len(colours) == 4  # the trunk and three segments
    height = result.tables["tree"]["height"].to_numpy()
    cut = next(shape for shape in result.figure().layout.shapes if shape.yref == "y5")
    assert height[-3] < cut.y0 < height[-2]
    other = choice(methods=("kmeans",))
    assert not traces(other.figure(), "scatter", xaxis="x5")
    assert list(other.figure().layout.xaxis4.domain) == [0, 1]


def test_without_resamples() -> None:
    result = choice(resamples=0)
    assert "not tried" in headings(result.figure())
    assert "stability" not in said(result.figure())
    assert not traces(result.figure(), "scatter", mode="lines+markers", xaxis="x2")


def test_one_number_of_segments() -> None:
    result = choice(k="3", methods=("kmeans",))
    assert list(lines(result, "x")["k-means"].x) == [3]
    assert list(result.figure().layout.xaxis.tickvals) == [3]


def test_no_way_at_all() -> None:
    nothing = with_table(choice(), choices=choice().table.head(0))
    for lang, text in (("en", "no two segments by any method"), ("ko", "어떤 방법으로도 나뉘지 않음")):
        assert text in said(nothing.figure(lang))
        assert not nothing.figure(lang).data

"""The figure of ``profile``."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import dangol as dg
from dangol.core.result import Result
from dangol.core.words import number
from dangol.plots.style import PALETTE

from .crowd import FEATURES, bars, crowd, headings, said, segments, traces, with_table

GREY = "#DDE2E8"


@cache
def profile(**options: Any) -> Result:
    return segments(**options).profile()


def drawn(result: Result, place: int) -> dict[str, tuple[float, str]]:
    """The bars of a panel: variable → length and colour."""
    figure = result.figure()
    words = [text.strip() for text in figure.layout.yaxis.ticktext]
    found = {}
    for bar in bars(figure, f"x{place}" if place > 1 else "x"):
        for row, length in zip(bar.y, bar.x, strict=True):
            if row is not None:
                found[words[row]] = (length, bar.marker.color)
    return found


def test_bars_are_the_table() -> None:
    table = profile().table
    figure = profile().figure()
    span = figure.layout.xaxis.range[0] / -1.1
    assert [text.split("<br>")[0] for text in headings(figure)[:3]] == ["<b>1</b>", "<b>2</b>", "<b>3</b>"]
    for place, name in enumerate("123", start=1):
        part = table[table["segment"] == name].set_index("feature")
        found = {
            word.split(">")[1].split("<")[0] if "<" in word else word: bar
            for word, bar in drawn(profile(), place).items()
        }
        assert set(found) == set(part.index)
        for feature, (length, colour) in found.items():
            assert length == pytest.approx(np.clip(part.loc[feature, "difference"], -span, span))
            evidence = part.loc[feature, "evidence"]
            expected = {"holds": PALETTE[0], "made": GREY, "none": "#FFFFFF"}
            assert colour == expected[evidence], (name, feature)


def test_what_made_the_segments_is_grey_below_the_line_and_has_no_interval() -> None:
    figure = profile().figure()
    words = list(figure.layout.yaxis.ticktext)
    assert [("color" in word) for word in words] == [False] * (len(words) - 2) + [True, True]
    assert figure.layout.shapes[0].y0 == len(words) - 2.5
    grey = [bar for bar in figure.data if bar.type == "bar" and bar.marker.color == GREY and bar.x[0] is not None]
    assert len(grey) == 3
    assert all(np.isnan(bar.error_x.array).all() for bar in grey)
    assert "made the segments" in {bar.name for bar in figure.data}
    assert "나눈 기준" in {bar.name for bar in profile().figure("ko").data}


def test_intervals_are_the_table() -> None:
    table = profile().table.query("evidence == 'holds' and segment == '1'")
    figure = profile().figure()
    span = figure.layout.xaxis.range[0] / -1.1
    (bar,) = [bar for bar in bars(figure, "x") if bar.marker.color == PALETTE[0] and bar.x[0] is not None]
    ends = np.array(bar.x) + np.array(bar.error_x.array), np.array(bar.x) - np.array(bar.error_x.arrayminus)
    for column, values in zip(("upper", "lower"), ends, strict=True):
        assert sorted(values) == pytest.approx(sorted(table[column].clip(-span, span)))


def test_beside_a_bar_stands_its_index() -> None:
    texts = traces(profile().figure(), "scatter", mode="text")
    table = profile().table
    rows = dict(zip(texts[0].y, texts[0].text, strict=True))
    expected = table[table["segment"] == "1"]["index"].round().map("{:,.0f}".format).replace("nan", "")
    assert sorted(rows.values()) == sorted(expected)


def test_the_title_is_the_surest_difference() -> None:
    found = profile().sentences[0].values
    assert found["feature"] == "Zbuy"  # planted: three standard deviations from group to group
    title = said(profile().figure())
    assert f"Segment ‘{found['segment']}’: ‘Zbuy’ averages {found['mean']}, the rest {found['rest']}" in title


def test_titles_of_other_findings() -> None:
    bare = dg.cluster(crowd()[["Zdevice", *FEATURES]], FEATURES, k=3, resamples=0).profile()
    assert "Nothing was tested beyond what made the segments" in said(bare.figure())
    assert "나눈 기준 말고는 검정한 것이 없음" in said(bare.figure("ko"))
    noise = dg.cluster(crowd()[["Zdevice", *FEATURES, "Zhelp"]], FEATURES, k=3, resamples=0).profile()
    assert "Nothing sets the segments apart beyond what made them" in said(noise.figure())
    made = segments()
    weak = made.renamed(made.names, made.codes, stability={**made.told["stability"], "mean": 0.2}).profile()
    assert "(no strong structure)" in said(weak.figure())
    assert "(뚜렷한 구조 없음)" in said(weak.figure("ko"))


def test_a_share_is_the_title_where_it_is_surest() -> None:
    table = crowd()[["Zdevice", *FEATURES]].assign(Zplan=np.repeat(["Zfree", "Zdesk"] * 2, [26, 4, 3, 27]))
    result = dg.cluster(table, FEATURES, k=3, resamples=0).profile()
    found = result.sentences[0].values
    assert {"share", "rest"} <= set(found)
    assert f"{found['share']} are ‘{found['feature']}’, of the rest {found['rest']}" in said(result.figure())
    assert f"‘{found['feature']}’ 비중 {found['share']}, 나머지 {found['rest']}" in said(result.figure("ko"))


def test_of_many_segments_and_variables_some_are_drawn() -> None:
    chance = np.random.default_rng(8)
    table = crowd().copy()
    for place in range(16):
        table[f"more{place}"] = chance.normal(size=60)
    result = dg.cluster(table, FEATURES, k=14, resamples=0).profile()
    figure = result.figure()
    assert len([axis for axis in figure.layout if str(axis).startswith("xaxis")]) == 12
    assert len(figure.layout.yaxis.ticktext) == 14  # twelve that were tested, two that made the segments
    assert "drawn: 12 of 14 segments, 14 of 21 variables" in said(figure)
    assert "표시: 세그먼트 14개 중 12개, 변수 21개 중 14개" in said(result.figure("ko"))
    assert not figure.layout.yaxis2.ticktext
    assert figure.layout.yaxis5.ticktext == figure.layout.yaxis.ticktext


def test_bars_that_go_on_are_marked() -> None:
    table = profile().table.copy()
    table.loc[(table["segment"] == "2") & (table["feature"] == "Zview"), "difference"] = np.inf
    figure = with_table(profile(), profile=table).figure()
    marks = [trace for trace in traces(figure, "scatter", mode="markers") if trace.xaxis == "x2"]
    assert any("triangle-right" in trace.marker.symbol for trace in marks)
    assert all(np.isfinite(bar.x).all() for bar in bars(figure, "x2"))


def test_a_single_segment() -> None:
    alone = profile(k=1)
    for lang, text in (("en", "nothing to compare"), ("ko", "비교할 대상이 없음")):
        assert text in said(alone.figure(lang))
        assert not alone.figure(lang).data


def test_what_the_pointer_shows() -> None:
    row = profile().table.query("segment == '1' and feature == 'Zbuy'").iloc[0]
    hovers = [
        text
        for bar in profile().figure().data
        if bar.type == "bar" and bar.customdata is not None
        for text in bar.customdata
    ]
    mine = next(text for text in hovers if text.startswith(f"Zbuy: {number(row['mean'])}"))
    assert f"rest {number(row['mean_rest'])} (n = {row['n']})" in mine
    assert mine.endswith("holds")

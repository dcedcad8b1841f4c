"""Colours, symbols and samples of segments."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from dangol.plots.marks import called, marks, parted, row_label, sampled, scatter
from dangol.plots.style import INK, PALE, PALETTE


def test_forty_segments_are_told_apart_by_colour_and_symbol() -> None:
    found = marks([str(place) for place in range(40)])
    assert len({(mark.colour, mark.symbol) for mark in found.values()}) == 40
    assert [found[str(place)].colour for place in (0, 7, 8)] == [PALETTE[0], PALETTE[7], PALETTE[0]]
    assert [found[str(place)].symbol for place in (0, 8, 16)] == ["circle", "diamond", "square"]


def test_extremes_are_dark_and_noise_is_pale() -> None:
    found = marks(["1", "extreme: high a", "extreme: low a", "noise"])
    assert [mark.aside for mark in found.values()] == [False, True, True, True]
    assert {found["extreme: high a"].colour, found["extreme: low a"].colour} == {INK}
    assert found["extreme: high a"].symbol != found["extreme: low a"].symbol
    assert found["noise"].colour == PALE


def test_a_sample_keeps_the_shares_of_the_segments() -> None:
    parts = np.repeat(["a", "b", "c"], [6_000, 3_000, 1_000])
    parts = parts[np.random.default_rng(0).permutation(len(parts))]
    rows = sampled(parts, 1_000)
    assert len(np.unique(rows)) == len(rows) == 1_000
    counts = [int((parts[rows] == part).sum()) for part in "abc"]
    assert np.abs(np.subtract(counts, [600, 300, 100])).max() <= 1
    assert sampled(parts, 10_000).tolist() == list(range(10_000))


def test_many_points_are_left_to_the_graphics_card() -> None:
    assert scatter(500) is go.Scatter
    assert scatter(5_000) is go.Scattergl


def test_names() -> None:
    assert parted("extreme: high ER", "ko") == ("극단", "ER 높음")
    assert parted("1", "ko") == ("", "1")
    assert row_label("extreme: high ER", "en") == "<span style='font-size:11px'>extreme:<br>high ER</span>"
    assert called("noise", "ko") == "잡음"
    assert len(called("a name that goes on and on and on", "en", 12)) <= 12

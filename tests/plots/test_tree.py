"""The dendrogram, against SciPy's."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest
from scipy.cluster.hierarchy import dendrogram as scipy_dendrogram
from scipy.cluster.hierarchy import fcluster, linkage

from dangol.plots.marks import marks
from dangol.plots.tree import dendrogram, level

from .crowd import traces


def draw(tree: np.ndarray, k: int) -> tuple[go.Figure, np.ndarray]:
    labels = fcluster(tree, k, "maxclust").astype(str)
    figure = go.Figure()
    dendrogram(figure, tree, k, labels.tolist(), marks([str(place + 1) for place in range(k)]))
    return figure, labels


def shapes(figure: go.Figure) -> list[tuple[float, ...]]:
    """The heights of each drawn merge: left end, twice the top, right end."""
    found = []
    for line in traces(figure, "scatter", mode="lines"):
        heights = [value for value in line.y if value is not None]
        found += [tuple(heights[at : at + 4]) for at in range(0, len(heights), 4)]
    return found


def test_a_small_tree_is_scipys() -> None:
    # witness: scipy.cluster.hierarchy.dendrogram, whose branches may be swapped
    tree = linkage(np.random.default_rng(1).normal(size=(12, 2)), "average")
    figure, _ = draw(tree, 3)
    theirs = sorted(sorted(heights) for heights in scipy_dendrogram(tree, no_plot=True)["dcoord"])
    ours = sorted(sorted(heights) for heights in shapes(figure))
    assert np.array(ours) == pytest.approx(np.array(theirs))


@pytest.mark.parametrize("method", ["ward", "single", "centroid"])
def test_of_a_large_tree_the_last_merges_are_drawn(method: str) -> None:
    tree = linkage(np.random.default_rng(2).normal(size=(300, 3)), method)
    figure, _ = draw(tree, 4)
    assert sorted(heights[1] for heights in shapes(figure)) == pytest.approx(sorted(tree[-30:, 2]))
    (leaves,) = traces(figure, "scatter", mode="markers")
    units = [int(count.replace(",", "")) for count in leaves.customdata]
    assert (len(units), sum(units)) == (31, 300)


def test_branches_below_the_cut_have_the_colour_of_their_segment() -> None:
    tree = linkage(
        np.repeat([[0.0], [10.0], [30.0]], 20, axis=0) + np.random.default_rng(3).normal(size=(60, 1)), "ward"
    )
    figure, labels = draw(tree, 3)
    (leaves,) = traces(figure, "scatter", mode="markers")
    colours = {name: mark.colour for name, mark in marks(["1", "2", "3"]).items()}
    units = dict.fromkeys(colours.values(), 0)
    for colour, count in zip(leaves.marker.color, leaves.customdata, strict=True):
        units[colour] += int(count)
    assert units == {colours[name]: int((labels == name).sum()) for name in colours}
    ink = next(line for line in traces(figure, "scatter", mode="lines") if line.line.color == "#1F2933")
    assert len([value for value in ink.y if value is not None]) == 2 * 4  # three parts are joined by two merges


def test_the_cut_lies_between_the_merges() -> None:
    tree = linkage(np.array([[0.0], [1.0], [5.0], [13.0]]), "single")  # merges at 1, 4 and 8, by hand
    assert [level(tree, k) for k in (2, 3, 4)] == [6.0, 2.5, 0.5]
    assert level(tree, 1) == pytest.approx(8.4)


@pytest.mark.parametrize("units", [2, 3])
def test_the_smallest_trees(units: int) -> None:
    tree = linkage(np.arange(units, dtype=float)[:, None], "single")
    figure, _ = draw(tree, 2)
    assert len(shapes(figure)) == units - 1

"""A dendrogram: the last merges of a tree, each branch in the colour of its segment, with the line of the cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from .marks import Mark
from .style import INK, PALETTE

Floats = npt.NDArray[np.float64]

CUT: Final = PALETTE[3]
_MERGES: Final = 30  # as many as can be told apart


class Branch(NamedTuple):
    """A node of the drawn tree: where it stands, how high, how many units it holds, and one of them."""

    x: float
    height: float
    units: int
    member: int


def level(tree: Floats, k: int) -> float:
    """Return a height between the merges that leave k parts and the next."""
    made = len(tree) + 1 - k
    below = tree[made - 1, 2] if made else 0.0
    return float((below + tree[made, 2]) / 2) if made < len(tree) else float(1.05 * below)


def dendrogram(
    drawn: go.Figure, tree: Floats, k: int, segments: Sequence[str], looks: Mapping[str, Mark], **trace: Any
) -> None:
    """Draw the last merges of a tree (rows: first, second, height, units) that is cut into k parts.

    ``segments`` has the segment of every leaf; ``trace`` names the axes.
    """
    nodes, ends = _nodes(tree, max(_MERGES, k + 4))
    merges = range(len(tree) - len(ends) + 1, len(tree))
    cut = len(tree) + 1 - k  # merges before it are made
    lines: dict[str, tuple[list[float | None], list[float | None]]] = {}
    for merge in merges:
        first, second = (nodes[int(tree[merge, side])] for side in (0, 1))
        top = nodes[merge + len(tree) + 1]
        colour = looks[segments[top.member]].colour if merge < cut else INK
        xs, ys = lines.setdefault(colour, ([], []))
        xs += [first.x, first.x, second.x, second.x, None]
        ys += [first.height, top.height, top.height, second.height, None]
    for colour, (xs, ys) in lines.items():
        line = {"color": colour, "width": 2}
        drawn.add_scatter(x=xs, y=ys, mode="lines", line=line, hoverinfo="skip", showlegend=False, **trace)
    _leaves(drawn, [nodes[one] for one in ends], segments, looks, trace)


def _leaves(
    drawn: go.Figure, leaves: Sequence[Branch], segments: Sequence[str], looks: Mapping[str, Mark], trace: Any
) -> None:
    """Mark the ends of the drawn tree, larger where more units are ends into one."""
    units = np.array([leaf.units for leaf in leaves], np.float64)
    found = [looks[segments[leaf.member]] for leaf in leaves]
    drawn.add_scatter(
        x=[leaf.x for leaf in leaves],
        y=[leaf.height for leaf in leaves],
        mode="markers",
        marker={
            "color": [mark.colour for mark in found],
            "symbol": [mark.symbol for mark in found],
            "size": 5 + 8 * np.sqrt(units / units.max()),
            "line": {"color": "white", "width": 1},
        },
        customdata=[f"{leaf.units:,}" for leaf in leaves],
        hovertemplate="n = %{customdata}<extra></extra>",
        cliponaxis=False,
        showlegend=False,
        **trace,
    )


def cut_line(drawn: go.Figure, height: float, axes: tuple[str, str]) -> None:
    """Draw the height at which the tree is cut."""
    line = {"color": CUT, "width": 2, "dash": "dash"}
    drawn.add_shape(type="line", x0=0, x1=1, xref=f"{axes[0]} domain", y0=height, y1=height, yref=axes[1], line=line)


def _nodes(tree: Floats, most: int) -> tuple[dict[int, Branch], list[int]]:
    """Return the nodes of the last merges by number, and which of them are ends, from left to right."""
    n = len(tree) + 1
    first = n + max(len(tree) - most, 0)  # nodes from here on are drawn as merges
    ends, waiting = [], [2 * n - 2]
    while waiting:
        node = waiting.pop()
        if node < first:
            ends.append(node)
        else:
            waiting += [int(tree[node - n, 1]), int(tree[node - n, 0])]
    nodes: dict[int, Branch] = {}
    for place, node in enumerate(ends):
        folded = node >= n
        units, height = (int(tree[node - n, 3]), float(tree[node - n, 2])) if folded else (1, 0.0)
        nodes[node] = Branch(float(place), height, units, _member(tree, node))
    for node in range(first, 2 * n - 1):
        left, right = (nodes[int(tree[node - n, side])] for side in (0, 1))
        height, units = float(tree[node - n, 2]), left.units + right.units
        nodes[node] = Branch((left.x + right.x) / 2, height, units, left.member)
    return nodes, ends


def _member(tree: Floats, node: int) -> int:
    while node > len(tree):
        node = int(tree[node - len(tree) - 1, 0])
    return node

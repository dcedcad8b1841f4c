"""What figures of segments share: a colour and a symbol for each, no more points than a page holds, room for rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dangol.core.labels import EXTREME, NOISE, segment

from .style import INK, PALE, PALETTE, shorten

GREY: Final = "#52606D"  # small print
MOST: Final = 20_000  # points that a page draws quickly
_SMOOTH: Final = 3_000  # points from which the graphics card draws them
_SYMBOLS: Final = ("circle", "diamond", "square", "triangle-up", "pentagon", "star")
_ASIDE: Final = ("x", "cross", "triangle-down", "hourglass", "bowtie", "hexagram")


class Mark(NamedTuple):
    """How a segment is drawn; ``aside`` are extremes and noise, which were not clustered together."""

    colour: str
    symbol: str
    aside: bool = False


def marks(names: Sequence[str]) -> dict[str, Mark]:
    """Give each segment a mark: the palette in order, then its colours again with the next symbol; extremes dark."""
    found: dict[str, Mark] = {}
    core = far = 0
    for name in names:
        if name == NOISE:
            found[name] = Mark(PALE, "circle", True)
        elif name.startswith(EXTREME):
            found[name] = Mark(INK, _ASIDE[far % len(_ASIDE)], True)
            far += 1
        else:
            symbol = _SYMBOLS[core // len(PALETTE) % len(_SYMBOLS)]
            found[name] = Mark(PALETTE[core % len(PALETTE)], symbol)
            core += 1
    return found


def called(name: str, lang: str, most: float = 22) -> str:
    """Write the name of a segment for people, cut to the room there is."""
    return shorten(segment(name, lang), most)


def parted(name: str, lang: str) -> tuple[str, str]:
    """Return what kind of segment it is, "" for most, and its name without that.

    >>> parted("extreme: high ER", "ko"), parted("1", "en")
    (('극단', 'ER 높음'), ('', '1'))
    """
    kind, _, what = segment(name, lang).partition(": ") if name.startswith(EXTREME) else ("", "", segment(name, lang))
    return kind, what


def row_label(name: str, lang: str) -> str:
    """Write the name of a segment beside its row; what is extreme in extremes has a line of its own."""
    kind, what = parted(name, lang)
    return f"<span style='font-size:11px'>{kind}:<br>{shorten(what, 25)}</span>" if kind else shorten(what, 20)


def sampled(parts: npt.NDArray[Any], most: int = MOST) -> npt.NDArray[np.int64]:
    """Take at most so many rows at even steps through each part, so that each keeps its share."""
    if len(parts) <= most:
        return np.arange(len(parts))
    order = np.argsort(parts, kind="stable")
    return np.sort(order[np.linspace(0, len(parts) - 1, most).astype(np.int64)])


def scatter(points: int) -> type[Any]:
    """Return the kind of trace for so many points."""
    kind: type[Any] = go.Scattergl if points > _SMOOTH else go.Scatter
    return kind


def small(text: str) -> str:
    """Write small print."""
    return f"<span style='font-size:12px;color:{GREY}'>{text}</span>"


def heading(drawn: go.Figure, text: str, x: float, y: float, *, below: str = "", **place: Any) -> None:
    """Write a heading whose left lower corner is at shares of the plot's width and height, with small print below."""
    drawn.add_annotation(
        text=f"<b>{text}</b>" + (f"<br>{small(below)}" if below else ""),
        x=x,
        y=y,
        xref="paper",
        yref="paper",
        **{"xanchor": "left", "yanchor": "bottom", "showarrow": False, "align": "left", **place},
    )


def sized(drawn: go.Figure, inner: float, head: float, foot: float) -> None:
    """Give the plot so many pixels, and so many above and below it; the title stays at the top."""
    height = inner + head + foot
    drawn.update_layout(
        height=height,
        margin={"t": head, "b": foot},
        title={"y": 1 - 20 / height, "yanchor": "top", "yref": "container"},
    )

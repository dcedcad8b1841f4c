"""Figures inside a page: the same figure gives the same bytes, and the page needs no network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plotly.offline import get_plotlyjs

if TYPE_CHECKING:
    import plotly.graph_objects as go


def library() -> str:
    """Return the JavaScript that draws figures, to be put into a page once."""
    text: str = get_plotlyjs()
    return text


def data(figure: go.Figure) -> str:
    """Return a figure as JSON that may stand inside a script element."""
    written: str = figure.to_json()
    return written.replace("<", "\\u003c")

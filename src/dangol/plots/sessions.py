"""The figure of ``sessions``: where visits begin, and the idle times that cut them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dangol.core.durations import SECOND, duration, spell
from dangol.core.words import percent

from .style import INK, PALE, PALETTE, blank, shorten

if TYPE_CHECKING:
    import pandas as pd

    from dangol.core.result import Result

Floats = npt.NDArray[np.float64]

_MOST_BARS: Final = 10
_PER_DECADE: Final = 5
_TICKS: Final = {1e-3: "1 ms", 1: "1 s", 60: "1 min", 3600: "1 h", 86_400: "1 day", 2_592_000: "30 days"}


def figure(result: Result) -> go.Figure:
    """Draw sessions by first event (or segment) on the left, and the lengths of idle times on the right."""
    measures = result.tables["summary"].set_index("measure")["value"]
    window = result.how["window"]
    small = f"{result.how['n']} · {window[0].upper()}{window[1:]} · {result.how['zone']}"
    drawn = blank(_title(measures), small)
    names = _segments(drawn, result) if "segments" in result.tables else _entries(drawn, result)
    _idle(drawn, result, measures)
    drawn.update_layout(
        barmode="stack",
        xaxis={"domain": [0, 0.42], "rangemode": "tozero", "zeroline": False},
        yaxis={"autorange": "reversed", "automargin": True, "ticksuffix": "  "},
        margin={"l": 20, "t": 125, "b": 95, "r": 30},
        legend={"y": -0.14, "x": 0, "xanchor": "left", "traceorder": "normal"},
        bargap=0.25 if len(names) > 3 else 0.6,
    )
    return drawn


def _title(measures: pd.Series[float]) -> str:
    if not measures["sessions"]:
        return "No sessions"
    return f"{percent(measures['bounce_rate'])} of {measures['sessions']:,.0f} sessions are a single event"


def _heading(drawn: go.Figure, text: str, x: float) -> None:
    drawn.add_annotation(
        text=f"<b>{text}</b>",
        x=x,
        y=1.02,
        xref="paper",
        yref="paper",
        xanchor="left",
        yanchor="bottom",
        showarrow=False,
    )


def _entries(drawn: go.Figure, result: Result) -> list[str]:
    """Bars of the commonest first events, the part that was the only event set apart."""
    table = result.tables["entry"]
    shown = table.head(_MOST_BARS)
    names = [shorten(name, 24) for name in shown["event"]]
    more = shown["sessions"] - shown["bounces"]
    _heading(drawn, f"First event of a session{_rest(len(table))}", 0)
    hover = [f"{rate:.1%} of sessions, {bounce:.1%} of them a single event" for rate, bounce in _pairs(shown)]
    for label, values, colour in (("more events", more, PALETTE[0]), ("a single event", shown["bounces"], PALE)):
        drawn.add_bar(
            x=values,
            y=names,
            orientation="h",
            name=label,
            marker={"color": colour},
            customdata=hover,
            hovertemplate="%{y}: %{x:,} sessions of " + label + "<br>%{customdata}<extra></extra>",
        )
    drawn.update_layout(xaxis={"title": {"text": "sessions", "font": {"size": 13}}, "tickformat": "~s"})
    return names


def _pairs(table: pd.DataFrame) -> list[tuple[float, float]]:
    return list(zip(table["rate"], table["bounce_rate"], strict=True))


def _rest(rows: int) -> str:
    return f" (top {_MOST_BARS} of {rows:,})" if rows > _MOST_BARS else ""


def _segments(drawn: go.Figure, result: Result) -> list[str]:
    """The share of single-event sessions by segment, with intervals."""
    table = result.tables["segments"]
    shown = table.head(_MOST_BARS)
    names = [f"{shorten(name, 22)}  ({n:,})" for name, n in zip(shown["segment"], shown["sessions"], strict=True)]
    _heading(drawn, f"Share of single-event sessions, by {result.recipe['parameters']['by']}{_rest(len(table))}", 0)
    rate = 100 * shown["bounce_rate"]
    drawn.add_scatter(
        x=rate,
        y=names,
        mode="markers",
        marker={"size": 10, "color": PALETTE[0]},
        error_x={"array": 100 * shown["upper"] - rate, "arrayminus": rate - 100 * shown["lower"], "thickness": 1.5},
        name="with 95 % interval",
        hovertemplate="%{y}: %{x:.1f} %<extra></extra>",
    )
    drawn.update_layout(xaxis={"title": {"text": "single-event sessions, %", "font": {"size": 13}}})
    return names


def _idle(drawn: go.Figure, result: Result, measures: pd.Series[float]) -> None:
    """Idle times by length; a line at the gap that was used, and at the one suggested."""
    asked = str(result.recipe["parameters"]["gap"])
    used = duration(asked) / SECOND
    table = result.tables["gaps"]
    inside = np.sqrt(table["lower_s"] * table["upper_s"]) < used
    _heading(drawn, "Idle time between a user's events", 0.53)
    for part, label, colour in ((inside, "idle within the gap", PALETTE[5]), (~inside, "longer", PALETTE[3])):
        place, count = _grouped(table[part], table["count"].sum())
        low = 10 ** (place - 0.5 / _PER_DECADE)
        drawn.add_bar(
            x=place,
            y=count,
            width=1 / _PER_DECADE,
            name=label,
            marker={"color": colour, "line": {"width": 1, "color": "white"}},
            xaxis="x2",
            yaxis="y2",
            customdata=[spell(SECOND * one) for one in low],
            hovertemplate="%{customdata} or a little more: %{y:,} times<extra></extra>",
        )
    drawn.update_layout(
        xaxis2={
            "domain": [0.53, 1],
            "anchor": "y2",
            "showgrid": False,
            "zeroline": False,
            "tickvals": np.log10(list(_TICKS)),
            "ticktext": list(_TICKS.values()),
            "title": {"text": "idle time (logarithmic)", "font": {"size": 13}},
        },
        yaxis2={"anchor": "x2", "tickformat": "~s", "title": {"text": "times", "font": {"size": 13}}},
    )
    _line(drawn, float(np.log10(used)), f"gap {asked}", dotted=False, left=False)
    suggested = float(measures["suggested_gap_s"])
    if suggested == suggested:
        label = f"suggested {spell(SECOND * suggested)}"
        _line(drawn, float(np.log10(suggested)), label, dotted=True, left=suggested < used)


def _grouped(table: pd.DataFrame, total: float) -> tuple[Floats, Floats]:
    """Sum the fine bins into five to a factor of ten, so that times in whole seconds make no comb.

    Returns the middle of each on the logarithmic scale, and how many times; the rarest short ones are left out.
    """
    table = table[table["lower_s"] > 0]
    group = np.floor(np.log10(table["lower_s"].to_numpy()) * _PER_DECADE + 1e-6)
    place, inverse = np.unique(group, return_inverse=True)
    count = np.bincount(inverse, weights=table["count"].to_numpy(), minlength=len(place))
    kept = (count.cumsum() > 0.0005 * total) & (count > 0)
    return (place[kept] + 0.5) / _PER_DECADE, count[kept].astype(np.float64)


def _line(drawn: go.Figure, x: float, text: str, *, dotted: bool, left: bool) -> None:
    line = {"color": INK, "width": 1.5, "dash": "dot" if dotted else "solid"}
    drawn.add_shape(type="line", x0=x, x1=x, y0=0, y1=1, xref="x2", yref="y2 domain", line=line)
    drawn.add_annotation(
        text=text,
        x=x,
        y=0.92 if dotted else 1.0,
        xref="x2",
        yref="y2 domain",
        xanchor="right" if left else "left",
        xshift=-4 if left else 4,
        showarrow=False,
        bgcolor="rgba(255,255,255,0.8)",
    )

"""The figure of ``overview``: active users over time, new ones set apart; or one line for each segment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import plotly.graph_objects as go

from dangol.core.words import percent

from .style import PALE, PALETTE, blank, shorten

if TYPE_CHECKING:
    import pandas as pd

    from dangol.core.result import Result

_MOST_LINES: Final = 6
_MOST_EVENTS: Final = 8
_UNITS: Final = {"1h": "hour", "1d": "day", "1w": "week", "1mo": "month", "1q": "quarter", "1y": "year"}


def figure(result: Result) -> go.Figure:
    """Draw active users by period on the left, and the commonest events on the right."""
    table = result.table
    measures = result.tables["summary"].set_index("measure")["value"]
    every = result.recipe["parameters"]["every"]
    small = f"{result.how['n']} · {result.how['window']} · {result.how['zone']}"
    drawn = blank(_title(measures), small)
    _heading(drawn, f"Active users per {_UNITS.get(every, every)}", 0)
    if "segment" in table.columns:
        _lines(drawn, table)
    else:
        _bars(drawn, table)
    _events(drawn, result.tables["events"])
    last = int(table.groupby("start", sort=True)["complete"].all().sum())
    drawn.update_layout(
        barmode="stack",
        bargap=0.15 if last <= 60 else 0,
        xaxis={"domain": [0, 0.57], "title": None, "nticks": 8, "tickangle": 0},
        yaxis={"rangemode": "tozero", "title": {"text": "users", "font": {"size": 13}}, "tickformat": "~s"},
        margin={"l": 70, "t": 125, "b": 80, "r": 30},
        legend={"y": -0.1, "x": 0, "xanchor": "left", "traceorder": "normal"},
    )
    return drawn


def _title(measures: pd.Series[Any]) -> str:
    if not measures["users"]:
        return "No users"
    said = f"{measures['users']:,} users, {measures['events']:,} events"
    if measures["stickiness"] == measures["stickiness"]:
        return f"{said}; {percent(measures['stickiness'])} of a month's users come on a day"
    return said


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


def _bars(drawn: go.Figure, table: pd.DataFrame) -> None:
    """Stack those who were there before and the new ones; a period that is not over is hatched and pale."""
    back = table["users"] - table["new_users"]
    for label, values, colour in (("came back", back, PALETTE[0]), ("new", table["new_users"], PALETTE[1])):
        for over, name in ((True, label), (False, f"{label}, not over yet")):
            part = table["complete"] == over
            if not part.any():
                continue
            pattern = {} if over else {"pattern": {"shape": "/", "fgcolor": colour, "bgcolor": "#FFFFFF"}}
            drawn.add_bar(
                x=_moments(table)[part],
                y=values[part],
                name=name,
                marker={"color": colour, "line": {"width": 0}, **pattern},
                customdata=table["period"][part],
                hovertemplate="%{customdata}: %{y:,} " + label + "<extra></extra>",
            )


def _lines(drawn: go.Figure, table: pd.DataFrame) -> None:
    """One line for each of the largest segments; what is not over is a pale dotted end."""
    largest = table.groupby("segment", sort=False)["users"].sum().sort_values(ascending=False, kind="stable")
    for segment, colour in zip(largest.index[:_MOST_LINES], PALETTE, strict=False):
        part = table[table["segment"] == segment]
        for over in (True, False):
            shown = part[part["complete"]] if over else part[~part["complete"].shift(-1, fill_value=False)]
            if not over and part["complete"].all():
                continue
            drawn.add_scatter(
                x=_moments(shown),
                y=shown["users"],
                mode="lines+markers" if len(part) <= 31 else "lines",
                name=shorten(str(segment), 20),
                showlegend=over or not part["complete"].any(),
                line={"color": colour if over else PALE, "width": 2, "dash": "solid" if over else "dot"},
                customdata=shown["period"],
                hovertemplate="%{customdata}: %{y:,} users<extra>" + str(segment) + "</extra>",
            )
    if len(largest) > _MOST_LINES:
        _heading(drawn, f"(the {_MOST_LINES} largest of {len(largest):,} segments)", 0.25)


def _moments(table: pd.DataFrame) -> pd.Series[Any]:
    """Local wall-clock times, which a figure without zones can show."""
    local: pd.Series[Any] = table["start"].dt.tz_localize(None)
    return local


def _events(drawn: go.Figure, table: pd.DataFrame) -> None:
    """Bars of the commonest events."""
    shown = table.head(_MOST_EVENTS).iloc[::-1]
    rest = f" (top {_MOST_EVENTS} of {len(table):,})" if len(table) > _MOST_EVENTS else ""
    _heading(drawn, f"Users who did it{rest}", 0.68)
    names = [shorten(name, 22 if name.isascii() else 14) for name in shown["event"]]  # Korean letters are wide
    drawn.add_bar(
        x=100 * shown["share_of_users"],
        y=names,
        orientation="h",
        showlegend=False,
        width=0.75,
        marker={"color": PALETTE[2]},
        text=[percent(value) for value in shown["share_of_users"]],
        textposition="auto",
        customdata=shown[["events", "users"]],
        hovertemplate="%{y}: %{customdata[1]:,} users, %{customdata[0]:,} events<extra></extra>",
        xaxis="x2",
        yaxis="y2",
    )
    drawn.update_layout(
        xaxis2={
            "domain": [0.8, 1],
            "anchor": "y2",
            "range": [0, 100],
            "title": {"text": "share of users, %", "font": {"size": 13}},
        },
        yaxis2={"anchor": "x2", "automargin": True, "ticksuffix": "  "},
    )

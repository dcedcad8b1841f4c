"""The figure of ``funnel``: one bar for each step, from the first to the last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import plotly.graph_objects as go

from dangol.core.words import percent

from .style import INK, PALE, PALETTE, blank, shorten

if TYPE_CHECKING:
    import pandas as pd

    from dangol.core.result import Result

_MOST_SEGMENTS: Final = 6
_MOST_SIZES: Final = 20
_GREY: Final = "#52606D"
_HEAD, _FOOT = 112, 56  # pixels above and below the bars


def figure(result: Result) -> go.Figure:
    """Draw the steps from top to bottom, with what is lost between them; those who entered too late are hatched.

    With a breakdown, one bar for each of the largest segments, as shares of step 1 with their 95 % intervals.
    """
    steps = result.table
    counts = "sessions" if "sessions" in steps else "users"
    if steps.empty or not steps[counts].any():
        shown = blank("Funnel", result.sentences[0].write())
        shown.update_xaxes(visible=False)
        shown.update_yaxes(visible=False)
        return shown
    if "segment" not in steps:
        return _single(result, steps, counts)
    return _parted(result, steps, counts) if steps["step"].max() > 1 else _sizes(result, steps, counts)


def _single(result: Result, steps: pd.DataFrame, counts: str) -> go.Figure:
    labels, late = _labels(steps), _late(result, steps, counts)
    hatched = "; hatched: entered too late to tell" if any(late) else ""
    shown = _blank(
        result, len(steps) * 62, f"{counts.capitalize()} that reached each step, and share of step 1{hatched}"
    )
    optional = steps["optional"].tolist() if "optional" in steps else [False] * len(steps)
    first = steps[counts].iloc[0]
    color = [PALETTE[5] if other else PALETTE[0] for other in optional]
    hover = {"customdata": _hover(steps, first), "hovertemplate": "%{y}: %{customdata}<extra></extra>"}
    shown.add_bar(x=steps[counts], y=labels, orientation="h", width=0.56, marker_color=color, **hover)
    pattern = {"shape": "/", "fgcolor": PALE, "bgcolor": "white", "size": 6}
    said = "%{y}: %{x:,} entered too late to tell<extra></extra>"
    shown.add_bar(x=late, y=labels, orientation="h", width=0.56, marker_pattern=pattern, hovertemplate=said)
    later = steps[steps["step"] > 1]
    shown.add_scatter(
        x=later[counts], y=labels[1:], error_x=_errors(later, first), mode="markers", marker_opacity=0, hoverinfo="skip"
    )
    ends = (steps[counts] + late).clip(lower=(steps["upper"] * first).where(steps["step"] > 1, 0)).tolist()
    for row, (label, end) in enumerate(zip(labels, ends, strict=True)):
        text = _value(steps.iloc[row], counts)
        shown.add_annotation(x=end, y=label, text=text, xanchor="left", xshift=8, showarrow=False)
    _losses(shown, steps, optional)
    shown.update_layout(barmode="stack", showlegend=False)
    shown.update_xaxes(range=[0, 1.22 * max(ends)], tickformat=",")
    return shown


def _parted(result: Result, steps: pd.DataFrame, counts: str) -> go.Figure:
    segments = steps["segment"].drop_duplicates().tolist()
    drawn = segments[:_MOST_SEGMENTS]
    more = f", the {len(drawn)} largest of {len(segments)}" if len(segments) > len(drawn) else ""
    said = f"Share of the {counts} of step 1 that reached each step, by {result.recipe['parameters']['by']}{more}"
    later = steps[steps["step"] > 1]  # all of step 1 reached step 1
    inner = (later["segment"] == segments[0]).sum() * (30 + 24 * len(drawn))
    shown = _blank(result, inner, said + ", with 95 % intervals", legend=44)
    for color, name in zip(PALETTE, drawn, strict=False):
        part = later[later["segment"] == name]
        first = steps.loc[(steps["segment"] == name) & (steps["step"] == 1), counts].iloc[0]
        shown.add_bar(
            x=100 * part["rate"],
            y=_labels(part),
            orientation="h",
            name=f"{shorten(str(name), 20)} ({first:,})",
            marker_color=color,
            text=[percent(rate) for rate in part["rate"]],
            textangle=0,
            insidetextanchor="start",
            constraintext="none",
            error_x=_errors(part, 100),
            customdata=_hover(part, first),
            hovertemplate=f"{name}, %{{y}}: %{{customdata}}<extra></extra>",
        )
    legend = {"traceorder": "normal", "y": -44 / inner, "yanchor": "top"}
    shown.update_layout(barmode="group", bargap=0.28, legend=legend)
    shown.update_xaxes(range=[0, 106], ticksuffix=" %")
    return shown


def _sizes(result: Result, steps: pd.DataFrame, counts: str) -> go.Figure:
    """Draw how many of each segment did the one step there is."""
    drawn = steps.head(_MOST_SIZES)
    shown = _blank(result, len(drawn) * 34, f"{counts.capitalize()}, by {result.recipe['parameters']['by']}")
    labels = [shorten(str(name)) for name in drawn["segment"]]
    text = [f"{number:,}" for number in drawn[counts]]
    shown.add_bar(x=drawn[counts], y=labels, orientation="h", marker_color=PALETTE[0], text=text, hoverinfo="skip")
    return shown


def _blank(result: Result, inner: float, said: str, legend: int = 0) -> go.Figure:
    found, how = result.sentences[0].values, result.how
    if "rate" not in found:
        title = "Funnel of one step"
    elif result.recipe["parameters"]["order"] == "any":
        title = f"Funnel: {found['rate']} did all {found['steps']} steps"
    else:
        first, last = (shorten(found[end][1:-1], 24) for end in ("first", "last"))
        title = f"Funnel: {found['rate']} from {first} to {last}"
    shown = blank(
        title,
        f"{said}<br>{how['n']}; {how['window']}; {how['zone']}",
        height=inner + _HEAD + _FOOT + legend,
        margin={"l": 40, "r": 40, "t": _HEAD, "b": _FOOT + legend},
    )
    shown.update_yaxes(autorange="reversed", automargin=True, ticklen=8, tickcolor="rgba(0,0,0,0)", showgrid=False)
    return shown


def _labels(steps: pd.DataFrame) -> list[str]:
    """Name the steps, numbered so that no two are the same."""
    names = [f"{step}  {shorten(event)}" for step, event in zip(steps["step"], steps["event"], strict=True)]
    if "optional" not in steps:
        return names
    return [name + " (optional)" * bool(extra) for name, extra in zip(names, steps["optional"], strict=True)]


def _late(result: Result, steps: pd.DataFrame, counts: str) -> list[int]:
    """Count who entered too late and has reached each step, or one beyond, so far."""
    late = result.tables["late"]
    found = [int(late.loc[late["step"] >= step, counts].sum()) for step in steps["step"]]
    if "optional" in steps:
        found = [0 if extra else number for number, extra in zip(found, steps["optional"], strict=True)]
    return found


def _errors(steps: pd.DataFrame, scale: float) -> dict[str, Any]:
    """Return the intervals of the rates as error bars."""
    upper, lower = (steps["upper"] - steps["rate"]) * scale, (steps["rate"] - steps["lower"]) * scale
    return {"type": "data", "array": upper, "arrayminus": lower, "color": INK, "thickness": 1.2, "width": 4}


def _hover(steps: pd.DataFrame, first: int) -> list[str]:
    shares = steps[["rate", "lower", "upper"]].itertuples(index=False)
    return [f"{percent(rate)} of {first:,} ({percent(lower)} to {percent(upper)})" for rate, lower, upper in shares]


def _value(row: pd.Series[Any], counts: str) -> str:
    share = "" if row["step"] == 1 else f"  {percent(row['rate'])}"
    return f"<b>{row[counts]:,}</b>{share}"


def _losses(shown: go.Figure, steps: pd.DataFrame, optional: list[bool]) -> None:
    """Write between the bars how many did not go on."""
    for row in range(1, len(steps)):
        if optional[row] or not steps["lost"].iloc[row]:
            continue
        lost, gone = steps["lost"].iloc[row], 1 - steps["rate_from_previous"].iloc[row]
        text = f"▼ {lost:,} lost ({percent(gone)})"
        shown.add_annotation(
            x=0, y=row - 0.5, text=text, xanchor="left", xshift=6, showarrow=False, font={"size": 12, "color": _GREY}
        )

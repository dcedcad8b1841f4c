"""A map of units, each segment in its colour: two features as they are, or two components as a picture only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dangol.core.labels import NOISE
from dangol.core.words import number, percent

from .marks import GREY, Mark, called, scatter
from .style import say, shorten

if TYPE_CHECKING:
    import pandas as pd

    from dangol.core.result import Result

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_NAMED: Final = 12  # segments up to which each has its name written into the map
_FEW: Final = 5  # units below which a name would hide them
_REACH: Final = 0.5  # how far extremes may widen the map, in spans of the others
_MARGIN: Final = 0.04
_GOLDEN: Final = 0.6180339887498949
_TICKS: Final = 8


def picture(axes: pd.DataFrame, lang: str) -> str:
    """Return the heading of a map: of components it says that nothing is measured on it."""
    if axes["share"].isna().any() or not axes["share"].any():
        return say(lang, "Where the units are", "단위별 위치")
    return say(lang, "Where the units are (a picture: nothing is measured on it)", "단위별 위치(참고용 그림)")


def draw_map(drawn: go.Figure, result: Result, points: pd.DataFrame, looks: Mapping[str, Mark], lang: str) -> None:
    """Draw units on the first axes of a figure, large segments first so that small ones are seen.

    A feature that was clustered by its logarithm is drawn so, with ticks in its own units.
    """
    axes = result.tables["axes"]
    logged = [_logged(result, str(label)) for label in axes["label"]]
    x, y = (
        np.log1p(values) if log else values
        for values, log in zip(points[["x", "y"]].to_numpy(float).T, logged, strict=True)
    )
    single = axes["label"].iloc[1] == ""
    if single:
        y = np.arange(len(points)) * _GOLDEN % 1  # no second axis: spread, so that none hides another
    names = points["segment"].to_numpy(object)
    _dots(drawn, x, y, points, looks, axes, lang)
    core = np.array([not looks[name].aside for name in names], np.bool_)
    frames = [_frame(values, core) for values in (x, y)]
    for place, (low, high) in enumerate(frames):
        axis: dict[str, Any] = {"title": {"text": _label(axes.iloc[place], lang)}, "range": [low, high]}
        axis |= {"zeroline": False, "nticks": _TICKS} | (_ticks(low, high) if logged[place] else {})
        if single and place:
            axis |= {"visible": False}
        drawn.update_layout({("xaxis", "yaxis")[place]: axis})
    _names(drawn, x, y, names, looks, lang)
    _outside(drawn, x, y, frames, lang)


def _dots(
    drawn: go.Figure,
    x: Floats,
    y: Floats,
    points: pd.DataFrame,
    looks: Mapping[str, Mark],
    axes: pd.DataFrame,
    lang: str,
) -> None:
    few = len(points) <= 3_000
    names = points["segment"].to_numpy(object)
    order = [str(name) for name in points["segment"].value_counts().index]
    for name in sorted(order, key=lambda one: one != NOISE):
        inside = names == name
        drawn.add_trace(
            scatter(len(points))(
                x=x[inside],
                y=y[inside],
                mode="markers",
                name=called(name, lang),
                marker={
                    "color": looks[name].colour,
                    "symbol": looks[name].symbol,
                    "size": 8 if len(points) <= 300 else 6 if few else 4,
                    "opacity": 0.75 if few else 0.45,
                },
                customdata=_hover(points[inside], axes),
                hovertemplate="%{customdata}<extra>%{fullData.name}</extra>",
                showlegend=False,
            )
        )


def _hover(points: pd.DataFrame, axes: pd.DataFrame) -> list[str]:
    """Name a unit, of the first column, and say what its features are where these are the axes."""
    labels = [str(label) for label in axes["label"] if label] if axes["share"].isna().any() else []
    values = points[["x", "y"][: len(labels)]].to_numpy(float).tolist()
    told = [", ".join(f"{label} {number(value)}" for label, value in zip(labels, row, strict=True)) for row in values]
    return [f"{one}<br>{text}" if text else str(one) for one, text in zip(points.iloc[:, 0], told, strict=True)]


def _logged(result: Result, feature: str) -> bool:
    """Whether an axis is a feature that was clustered by its logarithm; a component is of logarithms already."""
    if feature not in result.recipe["parameters"]["features"]:
        return False
    steps = [step.partition("(") for step in result.recipe["parameters"]["transforms"]]
    return any(
        name == "log1p" and (not named or feature in [one.strip() for one in named.rstrip(")").split(",")])
        for name, _, named in steps
    )


def _frame(values: Floats, core: Flags) -> tuple[float, float]:
    """Return the ends of an axis: all of the core, and extremes that do not squeeze it."""
    inner = values[core] if core.any() else values
    low, high = float(inner.min()), float(inner.max())
    span = high - low or 1.0
    low, high = max(float(values.min()), low - _REACH * span), min(float(values.max()), high + _REACH * span)
    span = high - low or 1.0
    return low - _MARGIN * span, high + _MARGIN * span


def _label(axis: pd.Series[Any], lang: str) -> str:
    text = shorten(str(axis["label_ko" if lang == "ko" else "label"]), 40)
    if axis["share"] != axis["share"]:
        return text
    return say(
        lang, "{text} ({share} of the variance)", "{text}(분산의 {share})", text=text, share=percent(axis["share"])
    )


def _ticks(low: float, high: float) -> dict[str, Any]:
    """Return ticks in a feature's own units for its logarithm: 0, and 1, 2, 5 of each power of ten, as many as fit."""
    candidates = [0.0] + [step * 10.0**power for power in range(-3, 16) for step in (1, 2, 5)]
    places = {value: float(np.log1p(value)) for value in candidates if low <= np.log1p(value) <= high}
    gap, last, chosen = (high - low) / _TICKS, -np.inf, []
    for value, place in places.items():
        if place - last >= gap:
            chosen.append(value)
            last = place
    return {"tickvals": [places[value] for value in chosen], "ticktext": [f"{value:,g}" for value in chosen]}


def _names(drawn: go.Figure, x: Floats, y: Floats, names: Any, looks: Mapping[str, Mark], lang: str) -> None:
    """Write the names of segments at their middles, where there are not too many."""
    core = [name for name, look in looks.items() if not look.aside]
    if len(core) > _NAMED:
        return
    for name in core:
        inside = names == name
        if inside.any():
            drawn.add_annotation(
                x=float(np.median(x[inside])),
                y=float(np.median(y[inside])),
                text=f"<b>{called(name, lang, 16)}</b>",
                showarrow=False,
                yshift=12 if inside.sum() < _FEW else 0,
                bgcolor="rgba(255,255,255,0.85)",
                borderpad=2,
                font={"size": 13, "color": looks[name].colour},
            )


def _outside(drawn: go.Figure, x: Floats, y: Floats, frames: list[tuple[float, float]], lang: str) -> None:
    """Say how many units are beyond the frame."""
    beyond = np.zeros(len(x), np.bool_)
    for values, (low, high) in zip((x, y), frames, strict=True):
        beyond |= (values < low) | (values > high)
    if beyond.any():
        text = say(lang, "{n:,} units are beyond the frame", "그림 밖에 {n:,}개 더 있음", n=int(beyond.sum()))
        drawn.add_annotation(
            text=text,
            x=1,
            y=0,
            xref="x domain",
            yref="y domain",
            xanchor="right",
            yanchor="bottom",
            showarrow=False,
            bgcolor="rgba(255,255,255,0.8)",
            font={"size": 11, "color": GREY},
        )

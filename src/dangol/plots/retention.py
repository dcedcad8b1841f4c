"""The figure of ``retention``: the weighted average over the triangle of cohorts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dangol.core import durations
from dangol.core.labels import segment, title
from dangol.core.words import percent

from .style import INK, PALETTE, blank, empty, say, shorten

if TYPE_CHECKING:
    import pandas as pd

    from dangol.core.result import Result

Floats = npt.NDArray[np.float64]

_SCALE: Final = ((0.0, "#F1F6FA"), (0.5, "#8FBEDD"), (1.0, "#00568A"))
_MOST_LINES: Final = len(PALETTE)
_MOST_SEGMENTS: Final = 16
_MOST_HATCHED: Final = 2_000
_UNITS: Final = {
    "h": ("hours", "시간"),
    "d": ("days", "일"),
    "w": ("weeks", "주"),
    "mo": ("months", "개월"),
    "q": ("quarters", "분기"),
    "y": ("years", "년"),
}
_CURVE: Final = 150  # pixels
_HEAD, _FOOT, _BETWEEN = 112, 62, 22  # pixels above, below and between the two panels
_LEFT, _WIDTH = 150, 960


@dataclass(frozen=True)
class _Grid:
    """The cells to draw, row by row (first row on top); NaN where there is none."""

    labels: list[str]
    columns: list[str]
    rate: Floats
    finished: npt.NDArray[np.bool_]
    hover: npt.NDArray[np.object_]


def figure(result: Result, lang: str) -> go.Figure:
    """Draw the weighted average with its interval above the cohorts, one row each; unfinished cells pale and hatched.

    With a breakdown, one line and one row per segment. Period 0 is left out where it is 1 by definition.
    """
    average = result.tables["average"]
    parted = "segment" in average
    cells = average if parted else result.table
    columns = _columns(result, cells)
    if cells.empty or not columns:
        return empty(title("retention", lang), result.sentences[0].write(lang))
    grid = _grid(cells, columns, parted, lang)
    heights = _layout(len(grid.labels))
    shown = _blank(result, grid, heights, parted, lang)
    _curves(shown, average[average["period"].isin(list(columns))], columns, parted, lang)
    _triangle(shown, grid, heights["row"], (_WIDTH - _LEFT - _right(parted)) / len(grid.columns))
    _axes(shown, grid, heights, _since(result, lang))
    return shown


def _columns(result: Result, cells: pd.DataFrame) -> dict[int, str]:
    """Name the periods to draw, by their first period."""
    first = cells.drop_duplicates("period").sort_values("period")
    until = first["until"] if "until" in first else first["period"] + 1
    pairs = zip(first["period"].tolist(), until.tolist(), strict=True)
    names = {low: str(low) if high == low + 1 else f"{low}-{high - 1}" for low, high in pairs}
    asked = result.recipe["parameters"]
    if asked["start"] == asked["event"] and len(names) > 1:
        names.pop(0, None)  # the cohort itself
    return names


def _grid(cells: pd.DataFrame, columns: dict[int, str], parted: bool, lang: str) -> _Grid:
    rows = "segment" if parted else "cohort"
    sizes = cells.groupby(rows, sort=False)["n"].max()
    names = (sizes.nlargest(_MOST_SEGMENTS) if parted else sizes).index.tolist()
    cells = cells[cells[rows].isin(names) & cells["period"].isin(list(columns))]
    place = {name: at for at, name in enumerate(names)}
    across = {low: at for at, low in enumerate(columns)}
    where = (cells[rows].map(place).to_numpy(), cells["period"].map(across).to_numpy())
    shape = (len(names), len(columns))
    rate, finished, hover = np.full(shape, np.nan), np.zeros(shape, bool), np.full(shape, "", dtype=object)
    rate[where] = cells["rate"]
    finished[where] = True if parted else cells["complete"]
    hover[where] = [
        say(
            lang,
            "{users:,} of {n:,}: {rate} ({lower} to {upper})",
            "{n:,}명 중 {users:,}명: {rate}({lower}~{upper})",
            n=n,
            users=users,
            rate=percent(rate),
            lower=percent(lower),
            upper=percent(upper),
        )
        for users, n, rate, lower, upper in cells[["users", "n", "rate", "lower", "upper"]].itertuples(index=False)
    ]
    called = [segment(str(name), lang) if parted else str(name) for name in names]
    labels = [f"{shorten(one, 20)} ({sizes[name]:,})" for one, name in zip(called, names, strict=True)]
    return _Grid(labels, list(columns.values()), rate, finished, hover)


def _layout(rows: int) -> dict[str, float]:
    """Return heights in pixels: each row, and the whole; and the share of the plot below the curve."""
    row = min(24.0, max(2.0, 900 / rows))
    inner = rows * row + _BETWEEN + _CURVE
    return {"row": row, "whole": inner + _HEAD + _FOOT, "below": rows * row / inner, "above": 1 - _CURVE / inner}


def _blank(result: Result, grid: _Grid, heights: dict[str, float], parted: bool, lang: str) -> go.Figure:
    how = result.explain(lang)
    return blank(
        _title(result, lang),
        f"{_said(result, grid, parted, lang)}<br>{how['n']} · {how['window']} · {how['zone']}",
        width=_WIDTH,
        height=heights["whole"],
        margin={"l": _LEFT, "r": _right(parted), "t": _HEAD, "b": _FOOT},
        legend={"orientation": "v", "x": 1.01, "y": 1, "xanchor": "left", "yanchor": "top"},
        plot_bgcolor="white",
    )


def _title(result: Result, lang: str) -> str:
    found = result.sentences[0].values
    if "rate" not in found:
        return say(lang, "Retention: too early to tell", "리텐션: 아직 판단하기 이름")
    return say(lang, "Retention: {rate} {when}", "리텐션: 시작 {when_ko} {rate}", **found)


def _said(result: Result, grid: _Grid, parted: bool, lang: str) -> str:
    """Say what the curve and the cells are."""
    asked = result.recipe["parameters"]
    event, values = asked["event"], {"by": asked["by"], "n": len(grid.labels), "event": asked["event"]}
    came = "came back" if event is None else "did '{event}'"
    came_ko = "다시 온" if event is None else "‘{event}’ 이벤트를 남긴"
    interval, interval_ko = ("", "") if parted else (" with 95 % interval", "과 95 % 신뢰구간")
    rows = "by {by}, the largest {n} (n)" if parted else "each cohort (n)"
    rows_ko = "{by}별 큰 세그먼트 {n}개(n)" if parted else "코호트별 비율(n)"
    finished = grid.finished[~np.isnan(grid.rate)].all()
    hatched, hatched_ko = ("", "") if finished else ("; hatched: not over yet", ", 빗금: 아직 끝나지 않음")
    return say(
        lang,
        f"Share of users who {came}, %: weighted average of finished cohorts (the later the fewer){interval}, below it "
        f"{rows}{hatched}",
        f"{came_ko} 사용자 비율, %: 위는 끝난 코호트(뒤로 갈수록 적음)의 가중 평균{interval_ko}, 아래는 "
        f"{rows_ko}{hatched_ko}",
        **values,
    )


def _since(result: Result, lang: str) -> str:
    """Name the axis of periods."""
    every = durations.period(result.recipe["parameters"]["every"])
    unit, unit_ko = _UNITS[every.unit]
    if every.count == 1:
        return say(lang, "{unit} since the start", "시작 후 경과 기간({unit_ko})", unit=unit, unit_ko=unit_ko)
    return say(
        lang,
        "periods of {count} {unit} since the start",
        "시작 후 경과 기간({every_ko}씩)",
        count=every.count,
        unit=unit,
        every_ko=durations.in_korean(str(every)),
    )


def _right(parted: bool) -> int:
    return 150 if parted else 40  # room for the legend


def _curves(shown: go.Figure, average: pd.DataFrame, columns: dict[int, str], parted: bool, lang: str) -> None:
    across = {low: at for at, low in enumerate(columns)}
    top = average["rate" if parted else "upper"].max()
    shown.update_layout(yaxis={"range": [0, 122 * top if top > 0 else 100]})
    if average.empty:
        text = say(lang, "no finished cohort yet", "아직 끝난 코호트가 없음")
        shown.add_annotation(text=text, x=0.5, xref="paper", y=50, yref="y", showarrow=False)
    elif parted:
        largest = average.groupby("segment", sort=False)["n"].max().nlargest(_MOST_LINES).index
        for color, name in zip(PALETTE, largest, strict=False):
            _curve(
                shown,
                average[average["segment"] == name],
                across,
                (segment(str(name), lang), color, lang),
                banded=False,
            )
    else:
        _curve(shown, average, across, (say(lang, "average", "평균"), PALETTE[0], lang))


def _curve(
    shown: go.Figure,
    part: pd.DataFrame,
    across: dict[int, int],
    said: tuple[str, str, str],
    *,
    banded: bool = True,
) -> None:
    """Draw one line (its name, colour and language), where ``banded`` with its interval and values if there is room."""
    name, color, lang = said
    x = part["period"].map(across).to_numpy()
    if banded:
        edge = np.concatenate([100 * part["upper"].to_numpy(), 100 * part["lower"].to_numpy()[::-1]])
        shown.add_scatter(
            x=np.concatenate([x, x[::-1]]),
            y=edge,
            mode="lines",
            fill="toself",
            fillcolor="rgba(0,114,178,0.18)",
            line={"width": 0},
            hoverinfo="skip",
            showlegend=False,
        )
    few = banded and len(across) <= 20
    shown.add_scatter(
        x=x,
        y=100 * part["rate"],
        name=shorten(name, 18),
        mode="lines+markers+text" if few else ("lines+markers" if len(x) <= 40 else "lines"),
        text=[f"{100 * rate:.0f}" for rate in part["rate"]] if few else None,
        textposition="top center",
        cliponaxis=False,
        line={"color": color, "width": 2},
        customdata=np.column_stack([part["n"], 100 * part["lower"], 100 * part["upper"]]),
        hovertemplate=say(
            lang,
            "%{{y:.1f}} % of %{{customdata[0]:,}} (%{{customdata[1]:.1f}} to %{{customdata[2]:.1f}})",
            "%{{customdata[0]:,}} 중 %{{y:.1f}} %(%{{customdata[1]:.1f}}~%{{customdata[2]:.1f}})",
        ),
        showlegend=not banded,
    )


def _triangle(shown: go.Figure, grid: _Grid, row: float, column: float) -> None:
    readable = row >= 14 and column >= 26
    common: dict[str, Any] = {
        "customdata": grid.hover,
        "hovertemplate": "%{customdata}<extra></extra>",
        "hoverongaps": False,
        "yaxis": "y2",
        "showscale": False,
        "zmin": 0,
        "xgap": 1 if min(row, column) >= 8 else 0,
        "ygap": 1 if min(row, column) >= 8 else 0,
    }
    finished, rest = (np.where(grid.finished == over, 100 * grid.rate, np.nan) for over in (True, False))
    if np.isfinite(finished).any():
        most = float(np.nanpercentile(finished, 99)) or float(np.nanmax(finished)) or 1.0
        shown.add_heatmap(z=finished, zmax=most, colorscale=_SCALE, **common, **_numbers(finished, readable))
    if np.isfinite(rest).any():
        pale = [(0.0, "#F0F2F4"), (1.0, "#F0F2F4")]
        shown.add_heatmap(z=rest, zmax=100, colorscale=pale, **common, **_numbers(rest, readable))
        _hatch(shown, np.argwhere(np.isfinite(rest)), row, column)


def _numbers(values: Floats, readable: bool) -> dict[str, Any]:
    """Write the value into each cell where it fits."""
    if not readable:
        return {}
    text = [[f"{value:.0f}" if np.isfinite(value) else "" for value in line] for line in values]
    return {"text": text, "texttemplate": "%{text}", "textfont": {"size": 12}}


def _hatch(shown: go.Figure, cells: npt.NDArray[np.int64], row: float, column: float) -> None:
    """Hatch the unfinished cells: strokes at 45 degrees of the screen, eight pixels apart, clipped to each cell."""
    if len(cells) > _MOST_HATCHED:
        return
    lead = np.arange(-row + 4, column, 8)  # where each stroke meets the cell's lower edge, in pixels
    left, right = np.maximum(lead, 0), np.minimum(lead + row, column)
    x = np.stack([left, right, np.full(len(lead), np.nan)], axis=1) / column - 0.5
    y = 0.5 - np.stack([left - lead, right - lead, np.full(len(lead), np.nan)], axis=1) / row
    shown.add_scatter(
        x=(cells[:, 1, None, None] + x).ravel(),
        y=(cells[:, 0, None, None] + y).ravel(),
        mode="lines",
        line={"color": "rgba(120,130,142,0.35)", "width": 1},
        yaxis="y2",
        hoverinfo="skip",
        showlegend=False,
    )


def _axes(shown: go.Figure, grid: _Grid, heights: dict[str, float], since: str) -> None:
    across = _step(len(grid.columns), 26)
    down = _step(len(grid.labels), int(len(grid.labels) * heights["row"] / 14))
    shown.update_layout(
        xaxis={
            "title": since,
            "tickvals": list(range(0, len(grid.columns), across)),
            "ticktext": grid.columns[::across],
            "range": [-0.5, len(grid.columns) - 0.5],
            "tickangle": 0,
            "anchor": "y2",
            "showgrid": False,
            "zeroline": False,
        },
        yaxis={
            "domain": [heights["above"], 1],
            "ticksuffix": " %",
            "nticks": 5,
            "zeroline": False,
        },
        yaxis2={
            "domain": [0, heights["below"]],
            "range": [len(grid.labels) - 0.5, -0.5],
            "tickvals": list(range(0, len(grid.labels), down)),
            "ticktext": grid.labels[::down],
            "showgrid": False,
            "zeroline": False,
            "tickfont": {"size": 12, "color": INK},
        },
    )


def _step(size: int, room: int) -> int:
    """Return the smallest step that leaves at most ``room`` labels."""
    return -(-size // max(room, 1))

"""The figure of ``Segments.stability``: how much of each segment comes back, and how far whole resamples agree."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import plotly.graph_objects as go

from dangol.core.words import number
from dangol.segments.segment_words import FRAGILE
from dangol.segments.stability_words import STABLE

from .marks import heading, row_label, sized
from .style import INK, PALE, PALETTE, blank, empty, say

if TYPE_CHECKING:
    import pandas as pd

    from dangol.core.result import Result

_ROW, _LEAST = 30, 280  # pixels
_HEAD, _FOOT = 140, 70
_LEFT, _RIGHT = 0.58, 0.68  # where the left panel ends and the right one begins
_BINS: Final = 20
_BARS: Final = "#7B8794"  # seen on white and on black
_KINDS: Final = (
    (STABLE, "comes back", "다시 나옴", PALETTE[0]),
    (FRAGILE, "in between", "중간", PALETTE[1]),
    (-1.0, "not to be relied on", "믿기 어려움", PALETTE[3]),
)


def figure(result: Result, lang: str) -> go.Figure:
    """Draw how much of each segment is recovered with the range over resamples, and a histogram of their agreement."""
    table, scores = result.table, result.tables["scores"]["agreement"].to_numpy(float)
    subtitle = _subtitle(result, scores, lang)
    if table.empty:
        return empty(say(lang, "No segments to resample", "다시 뽑아 볼 세그먼트가 없음"), subtitle)
    drawn = blank(_title(table, lang), subtitle, bargap=0.05)
    _recovered(drawn, table, lang)
    counts, edges = np.histogram(scores, bins=_BINS, range=(min(0.0, float(scores.min())), 1.0))
    drawn.add_bar(
        x=(edges[:-1] + edges[1:]) / 2,
        y=counts,
        width=np.diff(edges),
        marker={"color": _BARS, "line": {"width": 0}},
        customdata=[f"{number(low)} – {number(high)}" for low, high in pairwise(edges.tolist())],
        hovertemplate="%{customdata}: %{y}<extra></extra>",
        showlegend=False,
        xaxis="x2",
        yaxis="y2",
    )
    inner = max(_LEAST, _ROW * len(table))
    _layout(drawn, table, inner, lang)
    return drawn


def _title(table: pd.DataFrame, lang: str) -> str:
    weak = int((table["recovered"].fillna(0) < FRAGILE).sum())
    values = {"weak": weak, "n": len(table), "least": number(float(table["recovered"].fillna(0).min()))}
    if weak:
        verb = "does" if weak == 1 else "do"
        return say(
            lang,
            f"{{weak}} of {{n}} segments {verb} not come back when some units are left out",
            "일부를 빼고 다시 나누면 세그먼트 {n}개 중 {weak}개가 다시 나오지 않음",
            **values,
        )
    return say(
        lang,
        "All {n} segments come back: at least {least} of each is recovered",
        "세그먼트 {n}개가 모두 다시 나옴, 가장 낮은 복원율 {least}",
        **values,
    )


def _subtitle(result: Result, scores: Any, lang: str) -> str:
    how = result.explain(lang)
    values = {"resamples": len(scores), "mean": number(float(np.mean(scores)) if len(scores) else float("nan"))}
    said = say(
        lang,
        "{resamples} resamples, agreement (adjusted Rand index) {mean} on average",
        "다시 뽑기 {resamples}번, 일치도(조정 랜드 지수) 평균 {mean}",
        **values,
    )
    return f"{how['unit']} · {said}"


def _recovered(drawn: go.Figure, table: pd.DataFrame, lang: str) -> None:
    """Draw a bar for each segment, in the colour of how far it can be relied on."""
    place = np.arange(len(table))
    values = table["recovered"].to_numpy(float)
    above = np.inf
    for limit, en, ko, colour in _KINDS:
        inside = (np.nan_to_num(values) >= limit) & (np.nan_to_num(values) < above)
        above = limit
        if inside.any():
            look = {"name": say(lang, en, ko), "marker": {"color": colour}}
            drawn.add_bar(y=place[inside], orientation="h", width=0.6, **look, **_shares(table[inside]))
    drawn.add_scatter(
        x=[1.04] * len(table),
        y=place,
        mode="text",
        text=[number(value) for value in values],
        textposition="middle right",
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )


def _shares(some: pd.DataFrame) -> dict[str, Any]:
    """Return the lengths of bars, their ranges over resamples, and what the pointer shows."""
    ranges = some[["recovered", "lower", "upper"]].to_numpy(float).tolist()
    return {
        "x": some["recovered"],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": some["upper"] - some["recovered"],
            "arrayminus": some["recovered"] - some["lower"],
            "color": INK,
            "thickness": 1.2,
            "width": 4,
        },
        "customdata": [f"{number(value)} [{number(low)}, {number(high)}]" for value, low, high in ranges],
        "hovertemplate": "%{customdata}<extra></extra>",
    }


def _layout(drawn: go.Figure, table: pd.DataFrame, inner: float, lang: str) -> None:
    rows = list(range(len(table)))
    labels = [
        f"{row_label(name, lang)} ({units:,})" for name, units in zip(table["segment"], table["units"], strict=True)
    ]
    drawn.update_layout(
        barmode="overlay",
        margin={"l": 150, "r": 30},
        xaxis={"domain": [0, _LEFT], "range": [0, 1.14], "tickvals": [0, 0.2, 0.4, 0.6, 0.8, 1], "zeroline": False},
        yaxis={
            "range": [len(rows) - 0.4, -0.6],
            "tickvals": rows,
            "ticktext": labels,
            "showgrid": False,
            "zeroline": False,
        },
        xaxis2={"domain": [_RIGHT, 1], "anchor": "y2", "zeroline": False, "nticks": 6},
        yaxis2={"anchor": "x2", "nticks": 5, "rangemode": "tozero"},
        legend={"x": 0, "y": -36 / inner, "yanchor": "top"},
    )
    line = {"color": PALE, "width": 2, "dash": "dash"}
    for limit in (FRAGILE, STABLE):
        drawn.add_shape(
            type="line", x0=limit, x1=limit, xref="x", y0=0, y1=1, yref="y domain", line=line, layer="below"
        )
    text = say(lang, "mean and 95 % range over resamples", "다시 뽑은 표본의 평균과 95 % 범위")
    heading(drawn, say(lang, "Recovered share of each segment", "세그먼트별 복원율"), 0, 1.01, below=text)
    text = say(lang, "resamples by their agreement", "일치도별 횟수")
    heading(drawn, say(lang, "Agreement with these segments", "지금 세그먼트와 일치"), _RIGHT, 1.01, below=text)
    sized(drawn, inner, _HEAD, _FOOT)

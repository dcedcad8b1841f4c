"""The figure of ``tiers``: segments in the order of their rank, what they are ranked by, and what may be behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import plotly.graph_objects as go
from plotly.colors import sample_colorscale

from dangol.core import labels
from dangol.core.words import number, percent
from dangol.segments.segment_words import LOPSIDED

from .marks import GREY, called, heading, row_label, sized
from .style import PALE, blank, empty, say, shorten

if TYPE_CHECKING:
    import pandas as pd

    from dangol.core.result import Result

_MOST: Final = 5  # axes and confounders that are drawn
_ROW, _LEAST = 34, 200  # pixels
_HEAD, _FOOT, _LABELS = 150, 40, 150
_INNER: Final = 960 - _LABELS - 20
_SCALE: Final = ["#00568A", "#4C9BCB", "#C3D9E8"]  # from the first tier to the last


def figure(result: Result, lang: str) -> go.Figure:
    """Draw a row for each tier, the first on top: its score, its size, and the medians of the axes and confounders.

    Axes are blue, darker for higher tiers; confounders, which rank nothing, are grey. Between two tiers stands the
    share of pairs in which a unit of the upper ranks above one of the lower.
    """
    import pandas as pd

    table = result.tables["tiers"]
    if table.empty:
        return empty(say(lang, "No tiers", "등급 없음"), "")
    axes = [name.removeprefix("mean_") for name in table.columns if name.startswith("mean_")]
    beside = [name.removeprefix("median_") for name in table.columns if name.startswith("median_")]
    beside = [name for name in beside if name not in axes]
    shown = [(name, name in axes) for name in [*axes, *beside]][:_MOST]
    left_out = len(axes) + len(beside) - len(shown)
    drawn = blank(_title(table, lang), _subtitle(result, axes, left_out, lang), showlegend=False)
    colours = sample_colorscale(_SCALE, np.linspace(0, 1, max(len(table), 2)).tolist())[: len(table)]
    pale = [PALE] * len(table)
    sizes = [f"{units:,} ({percent(share)})" for units, share in zip(table["units"], table["share"], strict=True)]
    columns = [
        (labels.label("score", lang), say(lang, "mean percentile rank", "평균 백분위"), table["score"], None, colours),
        (labels.label("units", lang), say(lang, "and share", "비중 포함"), table["units"], sizes, pale),
    ]
    for name, axis in shown:
        below = say(lang, "median", "중앙값") if axis else say(lang, "median, no axis", "중앙값, 순위와 무관")
        columns.append((shorten(name, 16), below, table[f"median_{name}"], None, colours if axis else pale))
    for place, (name, below, values, text, colour) in enumerate(columns):
        where = place / len(columns), (place + 1) / len(columns)
        bars = pd.DataFrame({"value": values, "text": text or [number(value) for value in values]})
        _bars(drawn, bars, place, where, colour)
        heading(drawn, name, where[0], 1.01, below=below)
    _apart(drawn, table)
    _layout(drawn, table, lang)
    sized(drawn, max(_LEAST, _ROW * len(table)), _HEAD, _FOOT)
    return drawn


def _title(table: pd.DataFrame, lang: str) -> str:
    """Name both ends, unless nearly all units share a tier."""
    crowded = table.iloc[int(table["share"].to_numpy(float).argmax())]
    first, last = table.iloc[0], table.iloc[-1]
    values: dict[str, Any] = {"first_score": number(first["score"]), "last_score": number(last["score"])}
    values |= {"share": percent(crowded["share"])}
    for word, row in (("first", first), ("last", last), ("tier", crowded)):
        values[word] = called(row["segment"], lang, 20)
    if len(table) < 2:
        en, ko = "One tier alone, so nothing is ranked", "등급이 하나뿐이라 순위가 없음"
    elif crowded["share"] > LOPSIDED:
        en = "The tiers tell few units apart: {share} are in ‘{tier}’"
        ko = "등급이 거의 나뉘지 않음: {share}가 ‘{tier}’에 몰려 있음"
    else:
        en = "‘{first}’ scores {first_score}, ‘{last}’ {last_score}"
        ko = "‘{first}’ 점수가 {first_score:으로} 가장 높고, ‘{last}’ 점수가 {last_score:으로} 가장 낮음"
    return say(lang, en, ko, **values)


def _subtitle(result: Result, axes: list[str], left_out: int, lang: str) -> str:
    parts = [
        result.explain(lang).get("unit", ""),
        say(lang, "ranked by {axes}", "순위 기준: {axes}", axes=shorten(", ".join(axes), 70)),
    ]
    if left_out:
        parts.append(say(lang, "{n} more columns in the table", "열 {n}개는 표에만 있음", n=left_out))
    apart = say(
        lang,
        "↕ pairs in which a unit of the tier above ranks higher; 50 % would be no difference",
        "↕ 위 등급의 단위가 아래 등급보다 순위가 높은 쌍의 비율, 50 %면 차이 없음",
    )
    return " · ".join(part for part in parts if part) + f"<br>{apart}"


def _bars(drawn: go.Figure, bars: pd.DataFrame, place: int, where: tuple[float, float], colours: list[str]) -> None:
    """Draw one column of bars: value and text of each tier."""
    number_of = str(place + 1) if place else ""
    values = bars["value"].fillna(0.0)
    drawn.add_bar(
        x=values,
        y=list(range(len(bars))),
        orientation="h",
        width=0.5,
        marker={"color": colours, "line": {"width": 0}},
        text=bars["text"],
        textposition="outside",
        textfont={"size": 12},
        cliponaxis=False,
        hoverinfo="skip",
        xaxis=f"x{number_of}",
        yaxis="y",
    )
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    span = (high - low) or 1.0
    width = (where[1] - where[0]) * _INNER
    more = span * width / max(width - 7 * bars["text"].str.len().max() - 12, 20) - span  # room for the texts
    across = {"domain": [where[0], where[1]], "range": [low - more * (low < 0), high + more]}
    drawn.update_layout({f"xaxis{number_of}": {**across, "anchor": "y", "visible": False}})


def _apart(drawn: go.Figure, table: pd.DataFrame) -> None:
    """Write between two tiers in how many pairs a unit of the upper ranks above one of the lower."""
    for place, share in enumerate(table["above_next"].to_numpy(float)[:-1]):
        if share == share:
            drawn.add_annotation(
                text=f"↕ {percent(share)}",
                x=0,
                y=place + 0.5,
                xref="x",
                yref="y",
                xanchor="left",
                showarrow=False,
                font={"size": 11, "color": GREY},
            )


def _layout(drawn: go.Figure, table: pd.DataFrame, lang: str) -> None:
    rows = list(range(len(table)))
    drawn.update_layout(
        margin={"l": _LABELS, "r": 20},
        yaxis={
            "range": [len(rows) - 0.4, -0.6],
            "tickvals": rows,
            "ticktext": [row_label(name, lang) + "  " for name in table["segment"]],
            "showgrid": False,
            "zeroline": False,
        },
    )

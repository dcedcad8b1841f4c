"""The figure of ``match``: of each segment who stayed, who joined and who left, and which names were kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import plotly.graph_objects as go

from dangol.core import labels
from dangol.core.words import percent

from .marks import GREY, called, parted, sized
from .style import INK, PALE, PALETTE, blank, empty, say, shorten

if TYPE_CHECKING:
    import pandas as pd

    from dangol.core.result import Result

_ROW, _LEAST = 36, 200  # pixels
_HEAD, _FOOT, _LABELS = 110, 60, 210
_PARTS: Final = (
    ("shared", PALETTE[0], 1),
    ("joined", PALETTE[5], 1),
    ("new", "#CFE6F5", 1),
    ("left", PALE, -1),
)


def figure(result: Result, lang: str) -> go.Figure:
    """Draw a bar for each segment: to the right its units by where they were before, to the left those that are gone.

    Earlier segments that nothing matches come last, with all of their units gone.
    """
    table = result.tables["matched"]
    if table.empty:
        return empty(say(lang, "No segments", "세그먼트 없음"), _subtitle(result, lang))
    drawn = blank(_title(table, lang), _subtitle(result, lang))
    rows = list(range(len(table)))
    for name, colour, side in _PARTS:
        drawn.add_bar(
            x=side * table[name],
            y=rows,
            orientation="h",
            width=0.62,
            name=labels.label(name, lang, "match"),
            marker={"color": colour, "line": {"width": 0}},
            text=[f"{count:,}" if side < 0 and count else "" for count in table[name]],
            textposition="outside" if side < 0 else "none",
            cliponaxis=False,
            customdata=[f"{count:,}" for count in table[name]],
            hovertemplate="%{customdata}<extra>%{fullData.name}</extra>",
        )
    whole = table[["shared", "joined", "new"]].sum(axis=1).to_numpy(float)
    drawn.add_scatter(
        x=whole,
        y=rows,
        mode="text",
        text=[_beside(units, value, lang) for units, value in zip(whole, table["overlap"], strict=True)],
        textposition="middle right",
        textfont={"size": 12, "color": GREY},
        hoverinfo="skip",
        showlegend=False,
        cliponaxis=False,
    )
    _layout(drawn, table, float(whole.max()), lang)
    return drawn


def _title(table: pd.DataFrame, lang: str) -> str:
    kept = int((table["segment"].notna() & table["earlier"].notna()).sum())
    values = {"kept": kept, "known": int(table["earlier"].notna().sum()), "new": int(table["earlier"].isna().sum())}
    if values["new"]:
        return say(
            lang,
            "{kept} of {known} earlier segments found again, {new} new",
            "이전 세그먼트 {known}개 중 {kept}개가 이어지고 {new}개가 새로 생김",
            **values,
        )
    return say(
        lang,
        "{kept} of {known} earlier segments found again",
        "이전 세그먼트 {known}개 중 {kept}개가 이어짐",
        **values,
    )


def _subtitle(result: Result, lang: str) -> str:
    overlap = say(
        lang,
        "overlap: share of the units of either that are in both",
        "겹침: 양쪽 구성원을 합한 것 가운데 양쪽에 모두 있는 비율",
    )
    unit = result.explain(lang).get("unit", "")
    return f"{unit} · {overlap}" if unit else overlap


def _beside(units: float, overlap: float, lang: str) -> str:
    if not units:
        return ""
    said = say(lang, " · overlap {share}", " · 겹침 {share}", share=percent(overlap)) if overlap == overlap else ""
    return f"  n = {units:,.0f}{said}"


def _row(row: pd.Series[Any], lang: str) -> str:
    """Name a segment; one without a pair says that it is new, or lost."""
    if not isinstance(row["segment"], str):
        name = shorten(parted(row["earlier"], lang)[1], 22)
        return f"<span style='color:{GREY}'>" + say(lang, "lost: {name}", "사라짐: {name}", name=name) + "</span>  "
    name = called(row["segment"], lang, 26)
    if not isinstance(row["earlier"], str):
        return say(lang, "new: {name}", "신규: {name}", name=name) + "  "
    return name + "  "


def _layout(drawn: go.Figure, table: pd.DataFrame, most: float, lang: str) -> None:
    inner = max(_LEAST, _ROW * len(table))
    gone = float(np.nan_to_num(table["left"].to_numpy(float)).max())
    span = (most + gone) or 1.0
    drawn.update_layout(
        barmode="relative",
        margin={"l": _LABELS, "r": 20},
        xaxis={"range": [-1.05 * gone - 0.06 * span * (gone > 0), most + 0.25 * span], "visible": False},
        yaxis={
            "range": [len(table) - 0.4, -0.6],
            "tickvals": list(range(len(table))),
            "ticktext": [_row(row, lang) for _, row in table.iterrows()],
            "showgrid": False,
            "zeroline": False,
        },
        legend={"x": 0, "y": -20 / inner, "yanchor": "top", "traceorder": "normal"},
    )
    line = {"color": INK, "width": 1}
    drawn.add_shape(type="line", x0=0, x1=0, xref="x", y0=0, y1=1, yref="y domain", line=line)
    sized(drawn, inner, _HEAD, _FOOT)

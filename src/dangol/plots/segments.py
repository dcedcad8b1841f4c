"""The figure of ``cluster``: a map of the units, and beside it the size and the silhouette of each segment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import plotly.graph_objects as go

from dangol.core.words import number, percent

from .map_of_units import draw_map, picture
from .marks import Mark, called, heading, marks, row_label, sampled, sized
from .style import blank, empty, say, shorten
from .tree import cut_line, dendrogram, level

if TYPE_CHECKING:
    from dangol.core.result import Result

_MAP: Final = 0.47  # where the map ends …
_KEYS: Final = (0.65, 0.68)  # … and where the key of the map,
_BARS: Final = (0.68, 0.82)  # the sizes
_WIDTHS: Final = (0.93, 1.0)  # and the silhouettes are
_ROW, _BAR = 24, 34  # pixels of a row at least, of a bar at most
_LEAST: Final = 400  # pixels of the map …
_TREE, _GAP = 230, 100  # … of the tree below it, and between them
_HEAD, _FOOT = 130, 70


def figure(result: Result, lang: str) -> go.Figure:
    """Draw a map of the units, sizes and mean silhouettes of the segments, and of hierarchical clustering the tree.

    Bars and map share colours and symbols; extremes are dark, noise is pale.
    """
    table = result.table
    if table.empty:
        return empty(say(lang, "No segments", "세그먼트 없음"), _subtitle(result, lang, 0))
    looks = marks(list(table["segment"]))
    points = result.tables["map"]
    rows = sampled(points["segment"].to_numpy(object).astype(str))
    drawn = blank(_title(result, lang), _subtitle(result, lang, len(rows)))
    inner = max(_LEAST, _ROW * len(table))
    with_tree = "tree" in result.tables and len(result.tables["tree"]) > 0
    whole = inner + (_GAP + _TREE) * with_tree
    floor = 1 - inner / whole
    draw_map(drawn, result, points.iloc[rows], looks, lang)
    heading(drawn, picture(result.tables["axes"], lang), 0, 1.01)
    _bars(drawn, result, looks, (inner, floor), lang)
    drawn.update_layout(xaxis={"domain": [0, _MAP]}, yaxis={"domain": [floor, 1]})
    if with_tree:
        _tree(drawn, result, looks, _TREE / whole, lang)
    sized(drawn, whole, _HEAD, _FOOT)
    return drawn


# ---- words ------------------------------------------------------------------------------------------------------


def _title(result: Result, lang: str) -> str:
    """State the finding: the segments, or what speaks against them."""
    found = dict(result.sentences[0].values)
    found |= {name: shorten(found[name], 22) for name in ("largest", "largest_ko")}
    core = [name for name, look in marks(list(result.table["segment"])).items() if not look.aside]
    if len(core) < 2:
        en, ko = "No two segments are found in {all}", "{all_ko}에서 둘 이상의 세그먼트를 찾지 못함"
    elif "lopsided" in found:
        en = "No strong structure: {lopsided} of {all} are in one segment"
        ko = "뚜렷한 구조 없음: {all_ko} 가운데 {lopsided}가 한 세그먼트에 있음"
    elif "stability" in found:
        en = "No strong structure: the {segments} segments do not come back in resamples"
        ko = "뚜렷한 구조 없음: 표본을 바꾸면 세그먼트 {segments}개가 달라짐"
    elif "noise" in found:
        en = "No strong structure: {all} in {segments} parts of a continuum"
        ko = "뚜렷한 구조 없음: {all_ko:을} 이어진 구간 {segments}개로 나눔"
    else:
        en = "{all} in {segments} segments; the largest, ‘{largest}’, holds {share}"
        ko = "{all_ko:을} 세그먼트 {segments}개로 나눔, 가장 큰 ‘{largest_ko}’에 {share}"
    return say(lang, en, ko, **found)


def _subtitle(result: Result, lang: str, points: int) -> str:
    """Say how far the segments can be trusted, of what they are made, and how many points are drawn."""
    told = dict(zip(result.tables["quality"]["measure"], result.tables["quality"]["value"], strict=True))
    how, n = result.explain(lang), len(result.tables["map"])
    parts = [
        how["unit"],
        *([say(lang, "data before {t}", "{t} 이전 데이터", t=how["as_of"])] if "as_of" in how else []),
    ]
    if told["stability"] == told["stability"]:
        values = {"mean": number(told["stability"]), "sd": number(told["stability_sd"])}
        parts.append(say(lang, "stability {mean} (sd {sd})", "안정성 {mean}(표준편차 {sd})", **values))
    else:
        parts.append(say(lang, "stability not tried", "안정성 미확인"))
    parts.append(say(lang, "silhouette {value}", "실루엣 {value}", value=number(told["silhouette"])))
    if points < n:
        parts.append(say(lang, "{points:,} of them drawn", "그림에는 {points:,}개만 표시", points=points))
    made = result.how["method"]
    method = replace(made, values={**made.values, "features": shorten(made.values["features"], 60)})
    return f"{' · '.join(parts)}<br>{method.write(lang)}"


# ---- sizes and silhouettes --------------------------------------------------------------------------------------


def _bars(drawn: go.Figure, result: Result, looks: Mapping[str, Mark], room: tuple[float, float], lang: str) -> None:
    """Draw the size and the mean silhouette of each segment, and before them the key of the map."""
    table, (inner, floor) = result.table, room
    names, rows = list(table["segment"]), list(range(len(table)))
    means = result.tables["silhouettes"].groupby("segment")["silhouette"].mean().reindex(names).to_numpy(float)
    sizes = [f"{units:,} ({percent(share)})" for units, share in zip(table["units"], table["share"], strict=True)]
    common: dict[str, Any] = {"y": rows, "yaxis": "y2", "showlegend": False}
    colours = [looks[name].colour for name in names]
    for x, text, axis in (
        (table["units"], sizes, "x2"),
        (means, [number(value) for value in means], "x3"),
    ):
        drawn.add_bar(
            x=np.nan_to_num(x),
            orientation="h",
            xaxis=axis,
            width=min(0.62, _BAR * len(rows) / inner),
            marker={"color": colours},
            text=text,
            textposition="outside",
            cliponaxis=False,
            customdata=[called(name, lang, 60) for name in names],
            hovertemplate="%{customdata}: %{text}<extra></extra>",
            **common,
        )
    key = {"color": colours, "symbol": [looks[name].symbol for name in names], "size": 10}
    drawn.add_scatter(x=[0] * len(rows), mode="markers", xaxis="x4", marker=key, hoverinfo="skip", **common)
    heading(drawn, say(lang, "Units (share)", "개수(비중)"), _BARS[0], 1.01)
    heading(drawn, say(lang, "Silhouette", "실루엣"), _WIDTHS[0], 1.01)
    plain = {"anchor": "y2", "visible": False}
    labels = {"tickvals": rows, "ticktext": [row_label(name, lang) for name in names], "showgrid": False}
    drawn.update_layout(
        xaxis2={"domain": _BARS, "range": [0, float(table["units"].max())], **plain},
        xaxis3={"domain": _WIDTHS, "range": [min(0.0, float(np.nanmin([0.0, *means]))), 1], **plain},
        xaxis4={"domain": _KEYS, "range": [-1, 1], **plain},
        yaxis2={"domain": [floor, 1], "anchor": "x4", "range": [len(rows) - 0.4, -0.6], "zeroline": False, **labels},
    )


# ---- the tree ---------------------------------------------------------------------------------------------------


def _tree(drawn: go.Figure, result: Result, looks: Mapping[str, Mark], top: float, lang: str) -> None:
    """Draw the tree below everything else, with the height at which it was cut."""
    tree, asked = result.tables["tree"].to_numpy(float), result.recipe["parameters"]
    inside = [name for name in result.tables["map"]["segment"] if not looks[name].aside]
    k = len(set(inside))
    height = level(tree, k) if asked["cut"] is None else float(asked["cut"])
    dendrogram(drawn, tree, k, inside, looks, xaxis="x5", yaxis="y5")
    cut_line(drawn, height, ("x5", "y5"))
    text = say(
        lang, "The last merges, cut at height {height}", "마지막 병합, 높이 {height}에서 자름", height=number(height)
    )
    heading(drawn, text, 0, top)
    drawn.update_layout(
        xaxis5={"domain": [0, 1], "anchor": "y5", "visible": False},
        yaxis5={"domain": [0, top], "anchor": "x5", "rangemode": "tozero", "nticks": 5},
    )

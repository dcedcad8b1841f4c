"""The figure of ``choose_clusters``: how good and how stable each number of segments is, and what the best is like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import plotly.graph_objects as go

from dangol.core import labels
from dangol.core.labels import NOISE
from dangol.core.words import number
from dangol.segments.segment_words import FRAGILE

from .marks import Mark, called, heading, marks, sampled, sized
from .style import INK, PALE, PALETTE, blank, empty, say, shorten
from .tree import cut_line, dendrogram, level

if TYPE_CHECKING:
    import pandas as pd

    from dangol.core.result import Result

_COLOURS: Final = dict(
    zip(("kmeans", "kmedoids", "hierarchical", "gmm", "hdbscan", "minibatch", "dbscan"), PALETTE, strict=False)
)
_COLUMNS: Final = ((0.0, 0.28), (0.36, 0.64), (0.72, 1.0))
_WIDTHS, _TREE = 0.36, 0.44  # where the silhouettes end, and where the tree begins
_FINE: Final = ("recommended", "near tie", "")  # nothing speaks against it
_INNER, _UPPER, _LOWER = 680, 270, 290  # pixels of all panels, of the upper row and of the lower one
_HEAD, _FOOT = 140, 90
_MOST: Final = 2_000  # units whose silhouettes are drawn


def figure(result: Result, lang: str) -> go.Figure:
    """Draw silhouette, stability and loss by number of segments, below them the leading way and the tree.

    A line is a method; its hollow points have something against them. The grey line is the silhouette of noise. The
    leading way is the recommended one, else the best.
    """
    table = result.table
    if table.empty:
        text = say(
            lang, "No strong structure: no two segments by any method", "뚜렷한 구조 없음: 어떤 방법으로도 나뉘지 않음"
        )
        return empty(text, _subtitle(result, lang))
    best = result.tables["best"].iloc[0]
    leader = table[(table["method"] == best["method"]) & (table["k"] == best["k"])].iloc[0]
    drawn = blank(_title(result, leader, lang), _subtitle(result, lang))
    _silhouette(drawn, table, lang)
    _stability(drawn, table, lang)
    _elbow(drawn, result.tables["elbow"], lang)
    _marked(drawn, leader, result.tables["elbow"], lang)
    looks = marks(_segments(result.tables["map"]))
    with_tree = len(result.tables["tree"]) > 0
    _widths(drawn, result, looks, leader, _WIDTHS if with_tree else 1.0, lang)
    if with_tree:
        _tree(drawn, result, looks, leader, lang)
    _layout(drawn, table, lang)
    return drawn


# ---- words ------------------------------------------------------------------------------------------------------


def _title(result: Result, leader: pd.Series[Any], lang: str) -> str:
    values: dict[str, Any] = {"method": _method(leader["method"], lang), "k": int(leader["k"])}
    values |= {"silhouette": number(leader["silhouette"]), "stability": number(leader["stability"])}
    values |= {"ways": len(result.table)}
    if leader["verdict"] != "recommended":
        return say(
            lang,
            "No strong structure: none of {ways} ways can be recommended",
            "뚜렷한 구조 없음: {ways}가지 가운데 추천할 것이 없음",
            **values,
        )
    if leader["stability"] != leader["stability"]:
        return say(
            lang,
            "{k} segments by {method}: silhouette {silhouette}",
            "{method:으로} {k}개 세그먼트 추천: 실루엣 {silhouette}",
            **values,
        )
    return say(
        lang,
        "{k} segments by {method}: silhouette {silhouette}, stability {stability}",
        "{method:으로} {k}개 세그먼트 추천: 실루엣 {silhouette}, 안정성 {stability}",
        **values,
    )


def _subtitle(result: Result, lang: str) -> str:
    how, asked = result.explain(lang), result.recipe["parameters"]
    until = say(lang, " · data before {t}", " · {t} 이전 데이터", t=how["as_of"]) if "as_of" in how else ""
    steps = [*asked["transforms"], *([asked["scale"]] if asked["scale"] != "none" else [])]
    values = {"features": shorten(", ".join(asked["features"]), 60)}
    values["metric"] = labels.value(asked["metric"], "metric", lang)
    values |= {"steps": shorten(", ".join(steps), 50) or "–", "resamples": asked["resamples"]}
    return f"{how['unit']}{until}<br>" + say(
        lang,
        "{features} · transforms: {steps} · {metric} distance · {resamples} resamples",
        "{features} · 변환: {steps} · {metric} 거리 · 다시 뽑기 {resamples}번",
        **values,
    )


def _method(name: str, lang: str) -> str:
    return labels.value(name, "method", lang)


def _way(row: pd.Series[Any], lang: str) -> str:
    """Name a way to divide the units."""
    return say(
        lang,
        "{method}, {k} segments",
        "{method}, 세그먼트 {k}개",
        method=_method(row["method"], lang),
        k=int(row["k"]),
    )


# ---- by number of segments --------------------------------------------------------------------------------------


def _lines(drawn: go.Figure, table: pd.DataFrame, column: str, axes: dict[str, str], lang: str) -> None:
    """Draw a line for each method, hollow where something speaks against a way."""
    for method, part in table.sort_values("k", kind="stable").groupby("method", sort=False):
        colour = _COLOURS[str(method)]
        fine = part["verdict"].isin(_FINE)
        drawn.add_scatter(
            x=part["k"],
            y=part[column],
            mode="lines+markers",
            name=_method(str(method), lang),
            legendgroup=str(method),
            showlegend=column == "silhouette",
            line={"color": colour, "width": 1.5},
            marker={
                "color": ["white" if not one else colour for one in fine],
                "size": 8,
                "line": {"color": colour, "width": 1.5},
            },
            customdata=[_hover(row, column, lang) for _, row in part.iterrows()],
            hovertemplate="%{customdata}<extra></extra>",
            **axes,
        )


def _hover(row: pd.Series[Any], column: str, lang: str) -> str:
    verdict = f" ({labels.value(row['verdict'], 'verdict', lang)})" if row["verdict"] else ""
    return f"{_way(row, lang)}<br>{labels.label(column, lang)} {number(row[column])}{verdict}"


def _silhouette(drawn: go.Figure, table: pd.DataFrame, lang: str) -> None:
    _lines(drawn, table, "silhouette", {"xaxis": "x", "yaxis": "y"}, lang)
    noise = table.groupby("k", as_index=False)["silhouette_noise"].max()
    if noise["silhouette_noise"].notna().any():
        drawn.add_scatter(
            x=noise["k"],
            y=noise["silhouette_noise"],
            mode="lines",
            name=say(lang, "data without groups", "집단이 없는 데이터"),
            line={"color": PALE, "width": 3, "dash": "dot"},
            hovertemplate="%{y:.3f}<extra></extra>",
        )
    if not table["verdict"].isin(_FINE).all():
        hollow = {"color": "white", "size": 8, "line": {"color": INK, "width": 1.5}}
        name = say(lang, "hollow: something speaks against it", "빈 점: 추천하지 않는 이유가 있음")
        drawn.add_scatter(x=[None], y=[None], mode="markers", name=name, marker=hollow)


def _stability(drawn: go.Figure, table: pd.DataFrame, lang: str) -> None:
    if table["stability"].isna().all():
        text = say(lang, "not tried", "확인하지 않음")
        drawn.add_annotation(text=text, x=0.5, y=0.5, xref="x2 domain", yref="y2 domain", showarrow=False)
        drawn.update_layout(xaxis2={"visible": False}, yaxis2={"visible": False})
        return
    _lines(drawn, table, "stability", {"xaxis": "x2", "yaxis": "y2"}, lang)
    line = {"color": PALE, "width": 2, "dash": "dash"}
    drawn.add_shape(type="line", x0=0, x1=1, xref="x2 domain", y0=FRAGILE, y1=FRAGILE, yref="y2", line=line)


def _elbow(drawn: go.Figure, elbow: pd.DataFrame, lang: str) -> None:
    """Draw what each method makes small, relative to the fewest segments that it was asked for."""
    for method, part in elbow.groupby("method", sort=False):
        values = _relative(part)
        drawn.add_scatter(
            x=part["k"],
            y=values,
            mode="lines+markers",
            legendgroup=str(method),
            showlegend=False,
            line={"color": _COLOURS[str(method)], "width": 1.5},
            marker={"size": 6},
            xaxis="x3",
            yaxis="y3",
            customdata=[f"{_method(str(method), lang)}<br>{number(loss)}" for loss in part["loss"]],
            hovertemplate="%{customdata} (%{y:.3f})<extra></extra>",
        )


def _relative(part: pd.DataFrame) -> pd.Series[float]:
    first = float(part["loss"].iloc[0])
    return part["loss"] / first if first else part["loss"]


def _marked(drawn: go.Figure, leader: pd.Series[Any], elbow: pd.DataFrame, lang: str) -> None:
    """Ring the leading way in every panel, and name it in the first."""
    found = leader["verdict"] == "recommended"
    name = say(lang, "recommended", "추천") if found else say(lang, "the best", "가장 나은 방법")
    part = elbow[elbow["method"] == leader["method"]]
    losses = _relative(part)[part["k"] == leader["k"]].tolist() if len(part) else []
    places = [("x", "y", [leader["silhouette"]]), ("x2", "y2", [leader["stability"]]), ("x3", "y3", losses)]
    for across, up, values in places:
        ring = {"symbol": "circle-open", "size": 17, "color": INK, "line": {"width": 2}}
        drawn.add_scatter(
            x=[leader["k"]] * len(values),
            y=values,
            mode="markers",
            name=name,
            legendgroup="leader",
            showlegend=across == "x",
            marker=ring,
            hoverinfo="skip",
            xaxis=across,
            yaxis=up,
        )


# ---- the leading way --------------------------------------------------------------------------------------------


def _segments(points: pd.DataFrame) -> list[str]:
    """Return the names of segments in their order: numbers, then extremes and noise."""
    names = points["segment"].unique().tolist()
    return sorted(names, key=lambda name: (not name.isdigit(), int(name) if name.isdigit() else 0, name))


def _widths(
    drawn: go.Figure, result: Result, looks: Mapping[str, Mark], leader: pd.Series[Any], right: float, lang: str
) -> None:
    """Draw the silhouettes of all units of the leading way, segment by segment, each sorted."""
    table = result.tables["silhouettes"]
    gap, start, middles = len(table) * 0.02, 0.0, {}
    for name, part in table.groupby("segment", sort=False):
        values = part["silhouette"].to_numpy(float)
        few = values[sampled(np.zeros(len(values)), max(2, _MOST * len(values) // len(table)))]
        edges = np.linspace(start, start + len(values), len(few) + 1)
        drawn.add_scatter(
            x=np.concatenate([[0.0], np.repeat(few, 2), [0.0]]),
            y=np.concatenate([[start], np.repeat(edges, 2)[1:-1], [edges[-1]]]),
            mode="lines",
            fill="toself",
            fillcolor=looks[str(name)].colour,
            line={"width": 0.5, "color": looks[str(name)].colour},
            name=called(str(name), lang),
            hoverinfo="skip",
            showlegend=False,
            xaxis="x4",
            yaxis="y4",
        )
        middles[f"{called(str(name), lang, 12)} ({len(values):,})"] = start + len(values) / 2
        start += len(values) + gap
    every = max(1, len(middles) // 12)
    drawn.update_layout(
        xaxis4={"domain": [0, right], "anchor": "y4", "zeroline": True, "zerolinecolor": INK, "nticks": 6},
        yaxis4={
            "domain": [0, _LOWER / _INNER],
            "anchor": "x4",
            "range": [start, -gap],
            "tickvals": list(middles.values())[::every],
            "ticktext": list(middles)[::every],
            "showgrid": False,
            "zeroline": False,
        },
    )
    mean = float(leader["silhouette"])
    line = {"color": INK, "width": 1.5, "dash": "dash"}
    drawn.add_shape(type="line", x0=mean, x1=mean, xref="x4", y0=0, y1=1, yref="y4 domain", line=line)
    text = say(lang, "silhouette of each unit; mean {mean}", "단위별 실루엣, 평균 {mean}", mean=number(mean))
    heading(drawn, _way(leader, lang), 0, _LOWER / _INNER, below=text)


def _tree(drawn: go.Figure, result: Result, looks: Mapping[str, Mark], leader: pd.Series[Any], lang: str) -> None:
    """Draw the last merges of hierarchical clustering, cut into as many parts as the leading way has."""
    tree, k = result.tables["tree"].to_numpy(float), int(leader["k"])
    names = result.tables["map"]["segment"]
    inside = names[~names.isin([name for name, look in looks.items() if look.aside and name != NOISE])].tolist()
    own = leader["method"] == "hierarchical"
    grey = dict.fromkeys(looks, Mark("#7B8794", "circle"))
    dendrogram(drawn, tree, k, inside, looks if own else grey, xaxis="x5", yaxis="y5")
    cut_line(drawn, level(tree, k), ("x5", "y5"))
    text = say(lang, "the last merges, cut into {k}", "마지막 병합, {k}개로 자름", k=k)
    name = _method("hierarchical", lang)
    heading(drawn, name[:1].upper() + name[1:], _TREE, _LOWER / _INNER, below=text)
    drawn.update_layout(
        xaxis5={"domain": [_TREE, 1], "anchor": "y5", "visible": False},
        yaxis5={"domain": [0, _LOWER / _INNER], "anchor": "x5", "rangemode": "tozero", "nticks": 5},
    )


def _layout(drawn: go.Figure, table: pd.DataFrame, lang: str) -> None:
    texts = (
        say(lang, "Silhouette", "실루엣"),
        say(lang, "Stability (dashed: least, {least})", "안정성(점선: 기준 {least})", least=FRAGILE),
        say(lang, "Loss, relative to the first", "손실(처음 값 대비)"),
    )
    floor = 1 - _UPPER / _INNER
    ks = sorted(set(table["k"].tolist()))
    for place, (text, domain) in enumerate(zip(texts, _COLUMNS, strict=True)):
        number_of = "" if place == 0 else str(place + 1)
        across: dict[str, Any] = {"domain": domain, "anchor": f"y{number_of}"}
        across |= {
            "title": {"text": say(lang, "segments", "세그먼트 수"), "standoff": 4},
            "range": [ks[0] - 0.5, ks[-1] + 0.5],
        }
        across |= {"tickvals": ks} if len(ks) <= 10 else {"nticks": 8}
        drawn.update_layout(
            {
                f"xaxis{number_of}": across | {"zeroline": False},
                f"yaxis{number_of}": {"domain": [floor, 1], "anchor": f"x{number_of}", "nticks": 6, "zeroline": False},
            }
        )
        heading(drawn, text, domain[0], 1.01)
    drawn.update_layout(
        yaxis2={"range": [min(0.0, float(table["stability"].min())), 1.05]}, yaxis3={"rangemode": "tozero"}
    )
    drawn.update_layout(legend={"x": 0, "y": -0.06, "yanchor": "top"})
    sized(drawn, _INNER, _HEAD, _FOOT)

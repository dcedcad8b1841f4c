"""The figure of ``group_features``: how each feature is spread over the units, and which features go together."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dangol.core.words import number
from dangol.segments.feature_words import correlation, skewness

from .marks import heading, sized
from .style import PALETTE, blank, empty, say, shorten

if TYPE_CHECKING:
    from dangol.core.result import Result

Floats = npt.NDArray[np.float64]

_MOST: Final = 12  # features
_ACROSS: Final = 3  # histograms in a row
_BINS: Final = 24
_ROW, _BETWEEN, _LEAST = 95, 78, 270  # pixels of a histogram, below it, and of all at least
_HEAD, _FOOT = 150, 80
_LEFT, _RIGHT = 0.6, 0.76  # where the histograms end, and where the map of correlations begins
_WRITTEN: Final = 8  # features up to which correlations are written as numbers
_SKEWED: Final = PALETTE[3]
_SCALE: Final = [(0.0, PALETTE[1]), (0.5, "#F7F9FA"), (1.0, PALETTE[0])]


def figure(result: Result, lang: str) -> go.Figure:
    """Draw a histogram of each feature with its skewness, and beside them the correlations of all that are drawn.

    Skewed features are vermilion. A feature of which no value is known has no histogram.
    """
    names = result.tables["told"]["feature"].tolist()
    subtitle = _subtitle(result, len(names), lang)
    if result.table.empty:
        return empty(say(lang, "There is nothing to cluster", "군집으로 나눌 대상이 없음"), subtitle)
    values = {name: result.table[name].to_numpy(float) for name in names}
    skew = {name: skewness(column[~np.isnan(column)]) for name, column in values.items() if not np.isnan(column).all()}
    odd = _skewed(result, skew)
    shown = names[:_MOST]
    drawn = blank(_title(result, odd, names, lang), subtitle, showlegend=False, bargap=0.05)
    lines = -(-len(shown) // _ACROSS)
    inner = max(lines * (_ROW + _BETWEEN) - _BETWEEN, _LEAST)
    step = (inner + _BETWEEN) / lines
    right = _LEFT if len(shown) > 1 else 1.0
    for place, name in enumerate(shown):
        line, across = divmod(place, _ACROSS)
        width = right / min(_ACROSS, len(shown))
        top = 1 - line * step / inner
        x, y = (across * width, (across + 0.82) * width), (max(top - (step - _BETWEEN) / inner, 0), top)
        _histogram(drawn, values[name], place, (x, y), _SKEWED if name in odd else PALETTE[0])
        heading(drawn, shorten(name, 22), x[0], y[1] + 4 / inner, below=_below(values[name], skew.get(name), lang))
    if len(shown) > 1:
        _correlations(drawn, {name: values[name] for name in shown}, lang)
    sized(drawn, inner, _HEAD, _FOOT)
    return drawn


# ---- words ------------------------------------------------------------------------------------------------------


def _skewed(result: Result, skew: dict[str, float]) -> list[str]:
    """Return the features that the answer calls skewed, the most skewed first."""
    n = next((one.values["n"] for one in result.sentences if "skewness" in one.values), 0)
    known = [name for name, one in skew.items() if one == one]
    return sorted(known, key=lambda name: -abs(skew[name]))[:n]


def _title(result: Result, odd: list[str], names: list[str], lang: str) -> str:
    if odd:
        most = {"n": len(odd), "all": len(names), "name": shorten(odd[0], 20)}
        return say(
            lang,
            "Strongly skewed features: {n} of {all}, ‘{name}’" + (" most" if len(odd) > 1 else ""),
            "크게 치우친 특성: {all}개 중 {n}개, " + ("가장 심한 것은 ‘{name}’" if len(odd) > 1 else "‘{name}’"),
            **most,
        )
    found = result.sentences[0].values
    return say(
        lang,
        "{units} with {features}, none strongly skewed",
        "{units_ko}의 특성 {n_features:,}개, 크게 치우친 것 없음",
        **found,
    )


def _subtitle(result: Result, features: int, lang: str) -> str:
    how = result.explain(lang)
    some = say(lang, "{m} of {n} features drawn", "특성 {n}개 중 {m}개 표시", m=_MOST, n=features)
    first = " · ".join([how["n"], how["zone"], *([some] if features > _MOST else [])])
    return f"{first}<br>{how['unit']} · {how['window']}"


def _below(column: Floats, skew: float | None, lang: str) -> str:
    missing = int(np.isnan(column).sum())
    if skew is None:
        return say(lang, "no value known", "값 없음")
    text = say(lang, "skewness {skew}", "왜도 {skew}", skew=number(skew))
    return text + (say(lang, ", {n:,} missing", ", 결측 {n:,}개", n=missing) if missing else "")


# ---- histograms and correlations --------------------------------------------------------------------------------


def _histogram(drawn: go.Figure, column: Floats, place: int, where: Any, colour: str) -> None:
    number_of = str(place + 1) if place else ""
    known = column[~np.isnan(column)]
    if len(known):
        counts, edges = np.histogram(known, bins=_BINS)
        drawn.add_bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=counts,
            width=np.diff(edges),
            marker={"color": colour, "line": {"width": 0}},
            customdata=[f"{number(low)} – {number(high)}" for low, high in pairwise(edges.tolist())],
            hovertemplate="%{customdata}: %{y:,}<extra></extra>",
            xaxis=f"x{number_of}",
            yaxis=f"y{number_of}",
        )
    drawn.update_layout(
        {
            f"xaxis{number_of}": {"domain": where[0], "anchor": f"y{number_of}", "nticks": 4, "zeroline": False},
            f"yaxis{number_of}": {"domain": where[1], "anchor": f"x{number_of}", "nticks": 3, "rangemode": "tozero"},
        }
    )


def _correlations(drawn: go.Figure, values: dict[str, Floats], lang: str) -> None:
    """Draw how closely each pair of features goes together."""
    names, size = list(values), len(values)
    matrix = np.full((size, size), np.nan)
    for row in range(1, size):
        for column in range(row):
            matrix[row, column] = correlation(values[names[row]], values[names[column]])
    text = [["" if one != one else f"{one:.2f}".replace("-", "−") for one in row] for row in matrix]
    axes = f"x{size + 1}", f"y{size + 1}"
    drawn.add_heatmap(
        z=matrix[1:, :-1],
        text=[row[:-1] for row in text[1:]],
        texttemplate="%{text}" if size <= _WRITTEN else None,
        textfont={"size": 11},
        customdata=[[f"{one} – {other}" for other in names[:-1]] for one in names[1:]],
        hovertemplate="%{customdata}: %{z:.2f}<extra></extra>",
        hoverongaps=False,
        colorscale=_SCALE,
        zmin=-1,
        zmax=1,
        showscale=False,
        xgap=1,
        ygap=1,
        xaxis=axes[0],
        yaxis=axes[1],
    )
    above = say(lang, "blue: together, orange: opposite", "파랑: 같은 방향, 주황: 반대 방향")
    heading(drawn, say(lang, "Correlation", "상관"), _RIGHT, 1.01, below=above)
    short = [shorten(name, 16) for name in names]
    plain: dict[str, Any] = {"tickvals": list(range(size - 1)), "showgrid": False, "zeroline": False}
    across = {"domain": [_RIGHT, 1], "anchor": axes[1], "ticktext": short[:-1], "tickangle": -45}
    down = {"domain": [0, 1], "anchor": axes[0], "ticktext": short[1:], "range": [size - 1.5, -0.5]}
    drawn.update_layout({f"xaxis{size + 1}": across | plain, f"yaxis{size + 1}": down | plain})

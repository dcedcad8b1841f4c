"""The figure of ``sessions``: where visits begin, and the idle times that cut them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dangol.core.durations import SECOND, duration, in_korean, spell
from dangol.core.labels import label
from dangol.core.words import percent

from .style import INK, PALE, PALETTE, panels, say, shorten

if TYPE_CHECKING:
    import pandas as pd

    from dangol.core.result import Result

Floats = npt.NDArray[np.float64]

_MOST_BARS: Final = 10
_PER_DECADE: Final = 5
_TICKS: Final = {
    1e-3: ("1 ms", "0.001초"),
    1: ("1 s", "1초"),
    60: ("1 min", "1분"),
    3600: ("1 h", "1시간"),
    86_400: ("1 day", "1일"),
    2_592_000: ("30 days", "30일"),
}


def figure(result: Result, lang: str) -> go.Figure:
    """Draw sessions by first event (or segment) on the left, and the lengths of idle times on the right."""
    measures, how = result.tables["summary"].set_index("measure")["value"], result.explain(lang)
    drawn = panels(
        _title(measures, lang),
        f"{how['n']} · {how['window'][0].upper()}{how['window'][1:]} · {how['zone']}",
        (_heading(result, lang), 0.42),
        (say(lang, "Idle time between a user's events", "사용자의 이벤트 사이 시간"), 0.53, 0.53),
    )
    names = _segments(drawn, result, lang) if "segments" in result.tables else _entries(drawn, result, lang)
    _idle(drawn, result, measures, lang)
    drawn.update_layout(
        xaxis={"rangemode": "tozero", "zeroline": False},
        yaxis={"autorange": "reversed", "automargin": True, "ticksuffix": "  "},
        margin={"l": 20, "b": 95},
        legend={"y": -0.14},
        bargap=0.25 if len(names) > 3 else 0.6,
    )
    return drawn


def _title(measures: pd.Series[float], lang: str) -> str:
    if not measures["sessions"]:
        return say(lang, "No sessions", "세션이 없습니다")
    return say(
        lang,
        "{rate} of {n:,.0f} sessions are a single event",
        "세션 {n:,.0f}개 중 {rate:은} 이벤트가 하나뿐입니다",
        rate=percent(measures["bounce_rate"]),
        n=measures["sessions"],
    )


def _heading(result: Result, lang: str) -> str:
    """Head the left panel."""
    by = result.recipe["parameters"]["by"]
    rows = len(result.tables["segments" if by else "entry"])
    said = say(lang, "First event of a session", "세션의 첫 이벤트")
    if by:
        said = say(lang, "Share of single-event sessions, by {by}", "{by}별 이벤트 하나뿐인 세션의 비율", by=by)
    if rows <= _MOST_BARS:
        return said
    return said + say(lang, " (top {most} of {n:,})", " ({n:,}개 중 상위 {most}개)", most=_MOST_BARS, n=rows)


def _entries(drawn: go.Figure, result: Result, lang: str) -> list[str]:
    """Bars of the commonest first events, the part that was the only event set apart."""
    shown = result.tables["entry"].head(_MOST_BARS)
    names = [shorten(name, 24) for name in shown["event"]]
    hover = [
        say(
            lang,
            "{rate} of sessions, {bounce} of them a single event",
            "전체 세션의 {rate}, 그중 {bounce:은} 이벤트 하나뿐",
            rate=percent(rate),
            bounce=percent(bounce),
        )
        for rate, bounce in zip(shown["rate"], shown["bounce_rate"], strict=True)
    ]
    single, more = say(lang, "a single event", "이벤트 하나"), say(lang, "more events", "이벤트 여럿")
    parts = ((more, shown["sessions"] - shown["bounces"], PALETTE[0]), (single, shown["bounces"], PALE))
    for name, values, colour in parts:
        drawn.add_bar(
            x=values,
            y=names,
            orientation="h",
            name=name,
            marker={"color": colour},
            customdata=hover,
            hovertemplate="%{y}: "
            + say(lang, "%{{x:,}} sessions of {name}", "{name}인 세션 %{{x:,}}개", name=name)
            + "<br>%{customdata}<extra></extra>",
        )
    drawn.update_layout(xaxis={"title": label("sessions", lang), "tickformat": "~s"})
    return names


def _segments(drawn: go.Figure, result: Result, lang: str) -> list[str]:
    """The share of single-event sessions by segment, with intervals."""
    shown = result.tables["segments"].head(_MOST_BARS)
    names = [f"{shorten(name, 22)}  ({n:,})" for name, n in zip(shown["segment"], shown["sessions"], strict=True)]
    rate = 100 * shown["bounce_rate"]
    drawn.add_scatter(
        x=rate,
        y=names,
        mode="markers",
        marker={"size": 10, "color": PALETTE[0]},
        error_x={"array": 100 * shown["upper"] - rate, "arrayminus": rate - 100 * shown["lower"], "thickness": 1.5},
        name=say(lang, "with 95 % interval", "95 % 신뢰구간"),
        hovertemplate="%{y}: %{x:.1f} %<extra></extra>",
    )
    drawn.update_layout(xaxis={"title": say(lang, "single-event sessions, %", "이벤트가 하나뿐인 세션, %")})
    return names


def _idle(drawn: go.Figure, result: Result, measures: pd.Series[float], lang: str) -> None:
    """Idle times by length; a line at the gap that was used, and at the one suggested."""
    used = duration(result.recipe["parameters"]["gap"]) / SECOND
    table = result.tables["gaps"]
    inside = np.sqrt(table["lower_s"] * table["upper_s"]) < used
    top = 1.0
    within, beyond = say(lang, "idle within the gap", "기준 이내"), say(lang, "longer", "기준 초과")
    for part, name, colour in ((inside, within, PALETTE[5]), (~inside, beyond, PALETTE[3])):
        place, count = _grouped(table[part], table["count"].sum())
        top = max(top, 1.25 * count.max(initial=0))  # room for the words beside the lines
        low = 10 ** (place - 0.5 / _PER_DECADE)
        drawn.add_bar(
            x=place,
            y=count,
            width=1 / _PER_DECADE,
            name=name,
            marker={"color": colour, "line": {"width": 1, "color": "white"}},
            xaxis="x2",
            yaxis="y2",
            customdata=[spell(SECOND * one, lang) for one in low],
            hovertemplate=say(
                lang, "%{{customdata}} or a little more: %{{y:,}} times", "%{{customdata}} 남짓: %{{y:,}}회"
            )
            + "<extra></extra>",
        )
    drawn.update_layout(
        xaxis2={
            "showgrid": False,
            "zeroline": False,
            "tickvals": np.log10(list(_TICKS)),
            "ticktext": [say(lang, *words) for words in _TICKS.values()],
            "title": say(lang, "idle time (logarithmic)", "이벤트 사이 시간(로그 눈금)"),
        },
        yaxis2={"range": [0, top], "tickformat": "~s", "title": say(lang, "times", "횟수")},
    )
    _lines(drawn, result, measures, lang)


def _lines(drawn: go.Figure, result: Result, measures: pd.Series[float], lang: str) -> None:
    asked = str(result.recipe["parameters"]["gap"])
    used, suggested = duration(asked) / SECOND, float(measures["suggested_gap_s"])
    said = say(lang, "gap {gap}", "기준 {gap_ko}", gap=asked, gap_ko=in_korean(asked))
    _line(drawn, float(np.log10(used)), said, dotted=False, left=False)
    if suggested == suggested:
        said = say(lang, "suggested {gap}", "제안 {gap}", gap=spell(SECOND * suggested, lang))
        _line(drawn, float(np.log10(suggested)), said, dotted=True, left=suggested < used)


def _grouped(table: pd.DataFrame, total: float) -> tuple[Floats, Floats]:
    """Sum the fine bins into five to a factor of ten, so that times in whole seconds make no comb.

    Returns the middle of each on the logarithmic scale, and how many times; the rarest short ones are left out.
    """
    table = table[table["lower_s"] > 0]
    group = np.floor(np.log10(table["lower_s"].to_numpy()) * _PER_DECADE + 1e-6)
    place, inverse = np.unique(group, return_inverse=True)
    count = np.bincount(inverse, weights=table["count"].to_numpy(), minlength=len(place))
    kept = (count.cumsum() > 0.0005 * total) & (count > 0)
    return (place[kept] + 0.5) / _PER_DECADE, count[kept].astype(np.float64)


def _line(drawn: go.Figure, x: float, text: str, *, dotted: bool, left: bool) -> None:
    line = {"color": INK, "width": 1.5, "dash": "dot" if dotted else "solid"}
    drawn.add_shape(type="line", x0=x, x1=x, y0=0, y1=1, xref="x2", yref="y2 domain", line=line)
    drawn.add_annotation(
        text=text,
        x=x,
        y=0.92 if dotted else 1.0,
        xref="x2",
        yref="y2 domain",
        xanchor="right" if left else "left",
        xshift=-4 if left else 4,
        showarrow=False,
        bgcolor="rgba(255,255,255,0.8)",
    )

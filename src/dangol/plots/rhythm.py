"""The figure of ``rhythm``: the map of the week with its margins, and below it what the daily series is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import plotly.graph_objects as go

from dangol.core import labels
from dangol.core.labels import label

from .style import PALE, PALETTE, blank, say, shorten

if TYPE_CHECKING:
    import pandas as pd

    from dangol.core.result import Result

_DAYS: Final = (
    ("Mon", "월"),
    ("Tue", "화"),
    ("Wed", "수"),
    ("Thu", "목"),
    ("Fri", "금"),
    ("Sat", "토"),
    ("Sun", "일"),
)
_SCALE: Final = [(0.0, "#F7FBFF"), (0.25, "#C6DBEF"), (0.5, "#6BAED6"), (0.75, "#2171B5"), (1.0, "#08306B")]
_MOST_LINES: Final = 6
_MAP: Final = 430  # pixels of the map and its margins …
_BELOW: Final = 430  # … of the decomposition …
_HEAD, _FOOT = 112, 70  # … and above and below them
_GREY: Final = "#52606D"
_MEASURES: Final = {
    "events": ("Events a day", "하루 이벤트 수"),
    "users": ("Users a day", "하루 사용자 수"),
    "amount": ("Amount a day", "하루 금액"),
}


def figure(result: Result, lang: str) -> go.Figure:
    """Draw events per hour by weekday and hour, the profile of the day above and of the week beside it.

    With a breakdown the map holds all segments, and the profile of the day has a line for each of the largest. Below
    stand the daily series with its trend, each season, and the remainder with its unusual days, where there are any.
    """
    how = result.explain(lang)
    subtitle = f"{how['n']} · {how['window']} · {how['zone']}"
    if result.table.empty:
        return blank(say(lang, "No users", "사용자 없음"), subtitle)
    season = result.tables["season"]
    inner = _MAP + (_BELOW if len(season) else 0)
    floor = 1 - _MAP / inner  # the map's lower edge, as a share of the plot
    margin = {"l": 70, "r": 30, "t": _HEAD, "b": _FOOT}
    drawn = blank(_title(result, lang), subtitle, height=inner + _HEAD + _FOOT, margin=margin)
    drawn.update_layout(plot_bgcolor="white", bargap=0.15)
    parted = "segment" in result.table.columns
    _map(drawn, result, lang, floor, 0.64 if parted else 0.72)
    if parted:
        _profiles(drawn, result, lang)
    else:
        _hours(drawn, result)
    _weekdays(drawn, result)
    if len(season):
        _series(drawn, season, result.recipe["parameters"]["measure"], lang, floor)
    return drawn


def _title(result: Result, lang: str) -> str:
    found = result.sentences[0].values
    weak = "few" in found or "days" in found
    return say(
        lang,
        "Most happens from {hour} ({hour_share}) and on {weekday}s" + (": weak evidence" if weak else ""),
        "{hour_ko}대({hour_share})와 {weekday_ko}에 활동이 가장 많음" + ("(근거 약함)" if weak else ""),
        **found,
    )


def _together(table: pd.DataFrame, keys: list[str], exposure: str) -> pd.DataFrame:
    """Add the segments up: events by cell, and events per unit of exposure, which all segments share."""
    cells = table.groupby(keys, sort=True).agg({"events": "sum", exposure: "first"}).reset_index()
    cells["rate"] = cells["events"] / cells[exposure].where(cells[exposure] > 0)
    return cells


def _map(drawn: go.Figure, result: Result, lang: str, floor: float, part: float) -> None:
    """Draw the map above ``floor``, as high as ``part`` of what is left, and lay out the margins around it."""
    cells = _together(result.table, ["weekday", "hour"], "hours")
    top = floor + (1 - floor) * part
    rate = say(lang, "events an hour", "시간당 이벤트 수")
    drawn.add_heatmap(
        z=cells["rate"].to_numpy(float).reshape(7, 24),
        x=list(range(24)),
        y=list(range(7)),
        zmin=0,
        colorscale=_SCALE,
        xgap=1,
        ygap=1,
        customdata=_hover(cells, lang),
        hovertemplate="%{customdata}<extra></extra>",
        hoverongaps=False,
        colorbar={
            "title": {"text": rate, "font": {"size": 12}},
            "orientation": "h",
            "thickness": 10,
            "len": 0.3,
            "x": 0.79,
            "xanchor": "right",
            "y": floor,
            "yanchor": "top",
            "ypad": 34,
            "tickfont": {"size": 11},
            "nticks": 5,
        },
    )
    _small(drawn, rate if part > 0.7 else "", 0, 1)
    _small(drawn, say(lang, "events a day", "하루 이벤트 수"), 0.81, top)
    _axes(drawn, lang, floor, top)


def _hover(cells: pd.DataFrame, lang: str) -> list[list[str]]:
    said = [
        say(
            lang,
            "{day} {hour}:00: {rate:,.2f} events an hour ({events:,.0f} in {hours:,.0f} hours)",
            "{day} {hour}시: 시간당 {rate:,.2f}건({hours:,.0f}시간 동안 {events:,.0f}건)",
            day=_DAYS[cell // 24][lang == "ko"],
            hour=cell % 24,
            rate=rate,
            events=events,
            hours=hours,
        )
        for cell, (rate, events, hours) in enumerate(cells[["rate", "events", "hours"]].to_numpy(float).tolist())
    ]
    return [said[24 * day : 24 * day + 24] for day in range(7)]


def _axes(drawn: go.Figure, lang: str, floor: float, top: float) -> None:
    plain = {"showgrid": False, "zeroline": False}
    hours = list(range(0, 24, 2))
    drawn.update_layout(
        xaxis={
            "domain": [0, 0.79],
            "anchor": "y",
            "range": [-0.5, 23.5],
            "tickvals": hours,
            "ticktext": [say(lang, "{hour}:00", "{hour}시", hour=hour) for hour in hours],
            "tickangle": 0,
            **plain,
        },
        yaxis={
            "domain": [floor, top],
            "range": [6.5, -0.5],
            "tickvals": list(range(7)),
            "ticktext": [day[lang == "ko"] for day in _DAYS],
            **plain,
        },
        yaxis2={"domain": [top + 0.03 * (1 - floor), 1], "anchor": "x", "nticks": 4, "rangemode": "tozero"},
        xaxis3={"domain": [0.81, 1], "anchor": "y", "nticks": 4, "rangemode": "tozero", "side": "bottom"},
    )


def _small(drawn: go.Figure, text: str, x: float, y: float) -> None:
    drawn.add_annotation(
        text=text,
        x=x,
        y=y,
        xref="paper",
        yref="paper",
        xanchor="left",
        yanchor="bottom",
        showarrow=False,
        font={"size": 12, "color": _GREY},
    )


def _hours(drawn: go.Figure, result: Result) -> None:
    cells = _together(result.tables["daily_hours"], ["hour"], "hours")
    drawn.add_bar(
        x=cells["hour"],
        y=cells["rate"],
        yaxis="y2",
        marker={"color": PALETTE[0]},
        showlegend=False,
        hovertemplate="%{x}: %{y:,.2f}<extra></extra>",
    )


def _profiles(drawn: go.Figure, result: Result, lang: str) -> None:
    """Draw how the events of each of the largest segments are spread over the day."""
    table = result.tables["daily_hours"]
    largest = table.groupby("segment", sort=False)["events"].sum().sort_values(ascending=False, kind="stable").index
    for segment, colour in zip(largest[:_MOST_LINES], PALETTE, strict=False):
        part = table[table["segment"] == segment]
        drawn.add_scatter(
            x=part["hour"],
            y=100 * part["share_of_events"],
            yaxis="y2",
            mode="lines+markers",
            name=shorten(labels.segment(str(segment), lang), 20),
            line={"color": colour, "width": 2},
            marker={"size": 4},
            hovertemplate="%{x}: %{y:.1f} %<extra>" + labels.segment(str(segment), lang) + "</extra>",
        )
    many = say(lang, " ({most} of {n:,})", "({n:,}개 중 {most}개)", most=_MOST_LINES, n=len(largest))
    title = say(lang, "share of a segment's events", "세그먼트별 이벤트 비중")
    drawn.update_layout(
        yaxis2={"ticksuffix": " %"},
        legend={
            "title": {"text": title + (many if len(largest) > _MOST_LINES else ""), "font": {"size": 12}},
            "orientation": "v",
            "x": 0.8,
            "xanchor": "left",
            "y": 1.02,
            "yanchor": "top",
            "font": {"size": 10},
            "tracegroupgap": 0,
            "bgcolor": "rgba(0,0,0,0)",
        },
    )


def _weekdays(drawn: go.Figure, result: Result) -> None:
    cells = _together(result.tables["weekdays"], ["weekday"], "days")
    drawn.add_bar(
        x=cells["rate"],
        y=cells["weekday"] - 1,
        orientation="h",
        xaxis="x3",
        yaxis="y",
        marker={"color": PALETTE[0]},
        showlegend=False,
        text=[f"{rate:,.0f}" if rate >= 100 else f"{rate:,.1f}" for rate in cells["rate"].fillna(0)],
        textposition="auto",
        hovertemplate="%{x:,.1f}<extra></extra>",
    )


def _series(drawn: go.Figure, season: pd.DataFrame, measure: str, lang: str, floor: float) -> None:
    """Draw the series with its trend, its seasons together, and the remainder, each on its own scale."""
    when = season["start"].dt.tz_localize(None)
    seasons = [name for name in season.columns if name.startswith("season_")]
    lengths = ", ".join(name.removeprefix("season_") for name in seasons)
    height = (floor - 0.12) / 3
    titles = [
        _MEASURES[measure][lang == "ko"],
        say(lang, "Season ({days} days)", "주기({days}일)", days=lengths),
        say(lang, "Remainder (dots: unusual days)", "나머지(점: 평소와 다른 날)"),
    ]
    for place, title in enumerate(titles):
        top = floor - 0.14 - place * height
        axis: dict[str, Any] = {"domain": [max(top - height * 0.72, 0), top], "anchor": "x4", "nticks": 3}
        drawn.update_layout(
            {f"yaxis{4 + place}": axis | {"tickformat": "~s", "zeroline": place > 0, "zerolinecolor": PALE}}
        )
        _small(drawn, f"<b>{title}</b>", 0, top)
    drawn.update_layout(
        xaxis4={
            "domain": [0, 1],
            "anchor": "y6",
            "nticks": 8,
            "tickformat": "%Y-%m-%d",
            "tickangle": 0,
            "range": _span(when),
        }
    )
    _trace(drawn, when, season["value"], "y4", PALE, titles[0])
    _trace(drawn, when, season["trend"], "y4", PALETTE[0], label("trend", lang), width=2.5)
    _trace(drawn, when, season[seasons].sum(axis=1), "y5", PALETTE[2], titles[1])
    _trace(drawn, when, season["remainder"], "y6", PALETTE[7], label("remainder", lang))
    _dots(drawn, when, season[season["unusual"]])


def _dots(drawn: go.Figure, when: pd.Series[Any], unusual: pd.DataFrame) -> None:
    drawn.add_scatter(
        x=when[unusual.index],
        y=unusual["remainder"],
        mode="markers",
        xaxis="x4",
        yaxis="y6",
        marker={"color": PALETTE[3], "size": 7},
        customdata=unusual["period"],
        hovertemplate="%{customdata}: %{y:,.1f}<extra></extra>",
        showlegend=False,
    )


def _span(when: pd.Series[Any]) -> list[Any]:
    """A little more than the days, so that dots at the ends are whole."""
    step = (when.iloc[-1] - when.iloc[0]) * 0.01
    return [when.iloc[0] - step, when.iloc[-1] + step]


def _trace(
    drawn: go.Figure,
    when: pd.Series[Any],
    values: pd.Series[Any],
    axis: str,
    colour: str,
    name: str,
    *,
    width: float = 1.3,
) -> None:
    drawn.add_scatter(
        x=when,
        y=values,
        mode="lines",
        xaxis="x4",
        yaxis=axis,
        name=name,
        line={"color": colour, "width": width},
        hovertemplate="%{x|%Y-%m-%d}: %{y:,.1f}<extra>" + name + "</extra>",
        showlegend=False,
    )

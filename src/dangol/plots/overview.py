"""The figure of ``overview``: active users over time, new ones set apart; or one line for each segment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import plotly.graph_objects as go

from dangol.core.durations import in_korean
from dangol.core.labels import label
from dangol.core.words import percent

from .style import PALE, PALETTE, dates, panels, say, shorten

if TYPE_CHECKING:
    import pandas as pd

    from dangol.core.result import Result

_MOST_LINES: Final = 6
_MOST_EVENTS: Final = 8
_UNITS: Final = {
    "1h": ("hour", "시간별"),
    "1d": ("day", "일별"),
    "1w": ("week", "주별"),
    "1mo": ("month", "월별"),
    "1q": ("quarter", "분기별"),
    "1y": ("year", "연별"),
}


def figure(result: Result, lang: str) -> go.Figure:
    """Draw active users by period on the left, and the commonest events on the right."""
    table, how = result.table, result.explain(lang)
    drawn = panels(
        _title(result.tables["summary"].set_index("measure")["value"], lang),
        f"{how['n']} · {how['window']} · {how['zone']}",
        (_active(result, lang), 0.57),
        (_did(len(result.tables["events"]), lang), 0.68, 0.8),
    )
    if "segment" in table.columns:
        _lines(drawn, table, lang)
    else:
        _bars(drawn, table, lang)
    _events(drawn, result.tables["events"], lang)
    last = int(table.groupby("start", sort=True)["complete"].all().sum())
    drawn.update_layout(
        bargap=0.15 if last <= 60 else 0,
        xaxis={"nticks": 8, "tickangle": 0, "tickformatstops": dates(lang)},
        yaxis={"rangemode": "tozero", "title": label("users", lang), "tickformat": "~s"},
        margin={"l": 70, "b": 80},
        legend={"y": -0.12},
    )
    return drawn


def _title(measures: pd.Series[Any], lang: str) -> str:
    if not measures["users"]:
        return say(lang, "No users", "사용자가 없습니다")
    said = say(lang, "{users:,} users, {events:,} events", "사용자 {users:,}명, 이벤트 {events:,}건", **measures)
    if measures["stickiness"] == measures["stickiness"]:
        sticky = percent(measures["stickiness"])
        more = say(lang, "; {sticky} of a month's users come on a day", ", 고착도 {sticky}", sticky=sticky)
        return said + more
    return said


def _active(result: Result, lang: str) -> str:
    """Head the left panel."""
    every = result.recipe["parameters"]["every"]
    en, ko = _UNITS.get(every, (every, f"{in_korean(every)} 단위"))
    said = say(lang, "Active users per {each}", "{each_ko} 활성 사용자", each=en, each_ko=ko)
    segments = result.table["segment"].nunique() if "segment" in result.table.columns else 0
    if segments <= _MOST_LINES:
        return said
    return said + say(
        lang,
        " (the {most} largest of {n:,} segments)",
        " (세그먼트 {n:,}개 중 큰 {most}개)",
        most=_MOST_LINES,
        n=segments,
    )


def _did(events: int, lang: str) -> str:
    """Head the right panel."""
    said = say(lang, "Users who did it", "이벤트별 사용자 비율")
    if events <= _MOST_EVENTS:
        return said
    return said + say(lang, " (top {most} of {n:,})", " ({n:,}개 중 상위 {most}개)", most=_MOST_EVENTS, n=events)


def _bars(drawn: go.Figure, table: pd.DataFrame, lang: str) -> None:
    """Stack those who were there before and the new ones; a period that is not over is hatched and pale."""
    came, new = say(lang, "came back", "다시 온 사용자"), say(lang, "new", "새 사용자")
    back = table["users"] - table["new_users"]
    for name, values, colour in ((came, back, PALETTE[0]), (new, table["new_users"], PALETTE[1])):
        for over in (True, False):
            part = table["complete"] == over
            if not part.any():
                continue
            pattern = {} if over else {"pattern": {"shape": "/", "fgcolor": colour, "bgcolor": "#FFFFFF"}}
            drawn.add_bar(
                x=_moments(table)[part],
                y=values[part],
                name=name if over else say(lang, "{name}, not over yet", "{name}(진행 중)", name=name),
                marker={"color": colour, "line": {"width": 0}, **pattern},
                customdata=table["period"][part],
                hovertemplate="%{customdata}: "
                + say(lang, "%{{y:,}} {name}", "{name} %{{y:,}}명", name=name)
                + "<extra></extra>",
            )


def _lines(drawn: go.Figure, table: pd.DataFrame, lang: str) -> None:
    """One line for each of the largest segments; what is not over is a pale dotted end."""
    largest = table.groupby("segment", sort=False)["users"].sum().sort_values(ascending=False, kind="stable")
    for segment, colour in zip(largest.index[:_MOST_LINES], PALETTE, strict=False):
        part = table[table["segment"] == segment]
        for over in (True, False):
            shown = part[part["complete"]] if over else part[~part["complete"].shift(-1, fill_value=False)]
            if not over and part["complete"].all():
                continue
            drawn.add_scatter(
                x=_moments(shown),
                y=shown["users"],
                mode="lines+markers" if len(part) <= 31 else "lines",
                name=shorten(str(segment), 20),
                showlegend=over or not part["complete"].any(),
                line={"color": colour if over else PALE, "width": 2, "dash": "solid" if over else "dot"},
                customdata=shown["period"],
                hovertemplate="%{customdata}: "
                + say(lang, "%{{y:,}} users", "사용자 %{{y:,}}명")
                + f"<extra>{segment}</extra>",
            )


def _moments(table: pd.DataFrame) -> pd.Series[Any]:
    """Local wall-clock times, which a figure without zones can show."""
    local: pd.Series[Any] = table["start"].dt.tz_localize(None)
    return local


def _events(drawn: go.Figure, table: pd.DataFrame, lang: str) -> None:
    """Bars of the commonest events."""
    shown = table.head(_MOST_EVENTS).iloc[::-1]
    counts = say(
        lang,
        "%{{customdata[1]:,}} users, %{{customdata[0]:,}} events",
        "사용자 %{{customdata[1]:,}}명, 이벤트 %{{customdata[0]:,}}건",
    )
    drawn.add_bar(
        x=100 * shown["share_of_users"],
        y=[shorten(name, 22) for name in shown["event"]],
        orientation="h",
        showlegend=False,
        width=0.75,
        marker={"color": PALETTE[2]},
        text=[percent(value) for value in shown["share_of_users"]],
        textposition="auto",
        customdata=shown[["events", "users"]],
        hovertemplate="%{y}: " + counts + "<extra></extra>",
        xaxis="x2",
        yaxis="y2",
    )
    drawn.update_layout(
        xaxis2={"range": [0, 100], "title": say(lang, "share of users, %", "사용자 비율, %")},
        yaxis2={"automargin": True, "ticksuffix": "  "},
    )

"""The figure of ``repurchase``: when purchases are followed by another, what each number of days means, and churn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import plotly.graph_objects as go

from dangol.core.durations import in_korean
from dangol.core.words import percent

from .style import PALE, PALETTE, blank, say, shorten

if TYPE_CHECKING:
    import pandas as pd

    from dangol.core.result import Result

_HEIGHT: Final = 780
_HEAD: Final = 140
_MOST_LINES: Final = 6
_TOP: Final = (0.58, 1.0)
_BELOW: Final = (0.0, 0.34)


def figure(result: Result, lang: str) -> go.Figure:
    """Draw the share followed by another purchase on the left, the candidates on the right, churn by period below."""
    table = result.table
    if not len(table):
        return blank(say(lang, "Repurchase: no buyers", "재구매: 구매자가 없습니다"), result.summary(lang))
    how, days = result.explain(lang), int(result.how["window"].values["days"])
    drawn = blank(_title(result, lang), f"{how['n']}<br>{how['window']} · {how['zone']}", height=_HEIGHT)
    _waits(drawn, result, days, lang)
    if "segment" in table.columns:
        _segments(drawn, table, days, lang)
    else:
        _candidates(drawn, table, days, lang)
    _churn(drawn, result, days, lang)
    drawn.update_layout(
        title={"y": 1 - 28 / _HEIGHT, "yanchor": "top"},
        margin={"l": 70, "r": 30, "t": _HEAD, "b": 60},
        legend={"orientation": "h", "x": 1, "y": 0.475, "yanchor": "top", "xanchor": "right"},
        plot_bgcolor="white",
    )
    return drawn


def _title(result: Result, lang: str) -> str:
    values = result.sentences[0].values
    if "ever" in values:
        return say(
            lang,
            "After {days:,} days without a purchase an estimated {ever} still come back",
            "{days:,}일 동안 구매가 없어도 {ever}는 다시 구매할 것으로 추정됩니다",
            **values,
        )
    if values["n"]:
        return say(lang, "Nobody has lapsed at {days:,} days", "{days:,}일 기준으로 이탈한 고객이 없습니다", **values)
    return say(
        lang, "Too early to tell who lapses at {days:,} days", "{days:,}일 기준 이탈은 아직 알 수 없습니다", **values
    )


def _heading(drawn: go.Figure, text: str, x: float, y: float) -> None:
    drawn.add_annotation(
        text=f"<b>{text}</b>",
        x=x,
        y=y,
        xref="paper",
        yref="paper",
        xanchor="left",
        yanchor="bottom",
        showarrow=False,
    )


def _mark(drawn: go.Figure, days: int, axes: tuple[str, str], label: str, most: int) -> None:
    """A dotted line at the number of days after which a customer counts as churned."""
    x, y = axes
    line = {"color": PALETTE[3], "width": 1.5, "dash": "dot"}
    drawn.add_shape(type="line", x0=days, x1=days, y0=0, y1=1, xref=x, yref=f"{y} domain", line=line)
    if label:
        drawn.add_annotation(
            text=label,
            x=days,
            y=0,
            xref=x,
            yref=f"{y} domain",
            xanchor="right" if days > 0.8 * most else "left",
            yanchor="bottom",
            xshift=-4 if days > 0.8 * most else 4,
            showarrow=False,
            font={"color": PALETTE[3], "size": 12},
        )


def _waits(drawn: go.Figure, result: Result, days: int, lang: str) -> None:
    """The share of purchases followed by another within so many days, and of the observed gaps."""
    heading = say(lang, "Followed by another purchase, %", "다음 구매로 이어진 비율, %")
    _heading(drawn, heading, 0, 1.01)
    gaps, unit = result.tables["gaps"], say(lang, " days", "일")
    shown = (
        ("returned", say(lang, "of all purchases", "전체 구매 기준"), PALETTE[0], "solid"),
        ("cumulative", say(lang, "of observed gaps", "관측된 간격 기준"), PALE, "dash"),
    )
    for column, name, colour, dash in shown:
        drawn.add_scatter(
            x=[0, *gaps["days"]],
            y=[0, *(100 * gaps[column])],
            name=name,
            mode="lines",
            line={"color": colour, "width": 2.5, "shape": "hv", "dash": dash},
            hovertemplate=f"%{{x}}{unit}: %{{y:.1f}} %<extra>{name}</extra>",
            legend="legend2",
        )
    most = max(int(gaps["days"].max()) if len(gaps) else 0, days)
    _mark(drawn, days, ("x", "y"), say(lang, "{days} days", "{days}일", days=days), most)
    drawn.update_layout(
        xaxis={"domain": [0, 0.46], "range": [0, 1.02 * most], "title": _small(_days_later(lang)), "zeroline": False},
        yaxis={"domain": list(_TOP), "range": [0, 104], "nticks": 6, "zeroline": False},
        legend2={"x": 0.46, "y": 0.63, "yanchor": "bottom", "xanchor": "right", "bgcolor": "rgba(255,255,255,0.7)"},
    )


def _days_later(lang: str) -> str:
    return say(lang, "days after a purchase", "구매 후 일수")


def _small(text: str) -> dict[str, Any]:
    return {"text": text, "font": {"size": 13}}


def _candidates(drawn: go.Figure, table: pd.DataFrame, days: int, lang: str) -> None:
    """By candidate, the share labelled as lapsed, and of these the share that returns."""
    heading = say(lang, "Lapsed and returning, by number of days, %", "기준 일수별 이탈과 복귀, %")
    _heading(drawn, heading, 0.56, 1.01)
    bounds = [("lower", "upper"), ("return_lower", "return_upper"), None]
    lines = (
        ("rate", say(lang, "lapsed", "이탈 비율"), PALETTE[3], "solid"),
        ("return_rate", say(lang, "returned so far", "지금까지 복귀"), PALETTE[2], "dash"),
        ("return_rate_ever", say(lang, "returned in the end (estimated)", "최종 복귀(추정)"), PALETTE[2], "solid"),
    )
    for (column, name, colour, dash), ends in zip(lines, bounds, strict=True):
        drawn.add_scatter(
            x=table["days"],
            y=100 * table[column],
            name=name,
            mode="lines+markers",
            line={"color": colour, "width": 2, "dash": dash},
            error_y=_whiskers(table, column, *ends) if ends else None,
            customdata=np.column_stack([table["n"], table["labelled"], table["returned"]]),
            hovertemplate="%{x}: %{y:.1f} % (n %{customdata[0]:,}, %{customdata[1]:,}, %{customdata[2]:,})<extra>"
            + name
            + "</extra>",
            xaxis="x2",
            yaxis="y2",
        )
    _right_axes(drawn, table, days, lang)


def _whiskers(table: pd.DataFrame, rate: str, lower: str, upper: str) -> dict[str, Any]:
    """Draw an interval as thin lines above and below the value."""
    above, below = 100 * (table[upper] - table[rate]), 100 * (table[rate] - table[lower])
    return {"array": above, "arrayminus": below, "thickness": 1, "width": 3}


def _segments(drawn: go.Figure, table: pd.DataFrame, days: int, lang: str) -> None:
    """By candidate, the share labelled as lapsed in each of the largest segments."""
    sizes = table.groupby("segment", sort=False)["users"].max().nlargest(_MOST_LINES)
    heading = say(lang, "Lapsed by segment, %", "세그먼트별 이탈 비율, %")
    if table["segment"].nunique() > len(sizes):
        some = {"some": len(sizes), "all": table["segment"].nunique()}
        heading += say(lang, " (the {some} largest of {all:,})", "(세그먼트 {all:,}개 중 큰 {some}개)", **some)
    _heading(drawn, heading, 0.56, 1.01)
    for name, colour in zip(sizes.index, PALETTE, strict=False):
        part = table[table["segment"] == name]
        drawn.add_scatter(
            x=part["days"],
            y=100 * part["rate"],
            name=shorten(str(name), 14 if str(name).isascii() else 9),
            mode="lines+markers",
            line={"color": colour, "width": 2},
            customdata=part["n"],
            hovertemplate="%{x}: %{y:.1f} % (n %{customdata:,})<extra>" + str(name) + "</extra>",
            xaxis="x2",
            yaxis="y2",
        )
    _right_axes(drawn, table, days, lang)


def _right_axes(drawn: go.Figure, table: pd.DataFrame, days: int, lang: str) -> None:
    most = max(int(table["days"].max()), days)
    _mark(drawn, days, ("x2", "y2"), "", most)
    title = _small(say(lang, "days without a purchase", "구매가 없는 일수"))
    drawn.update_layout(
        xaxis2={"domain": [0.56, 1], "anchor": "y2", "range": [0, 1.05 * most], "title": title, "zeroline": False},
        yaxis2={"domain": list(_TOP), "anchor": "x2", "range": [0, 104], "nticks": 6, "zeroline": False},
    )


def _churn(drawn: go.Figure, result: Result, days: int, lang: str) -> None:
    """Churned users as a share of those at risk, period by period; what is not over is hatched."""
    table = result.tables["periods"]
    heading = _per_period(result.recipe["parameters"]["every"], days, lang)
    if not table["complete"].all():
        heading += say(lang, "; hatched: not over yet", " (빗금: 아직 끝나지 않음)")
    _heading(drawn, heading, 0, _BELOW[1] + 0.01)
    for over in (True, False):
        part = table[table["complete"] == over]
        if part.empty:
            continue
        pattern = {} if over else {"pattern": {"shape": "/", "fgcolor": PALETTE[3], "bgcolor": "#FFFFFF"}}
        whiskers = _whiskers(part, "rate", "lower", "upper") | {"color": "#7A1F00"}
        drawn.add_bar(
            x=part["period"],
            y=100 * part["rate"],
            showlegend=False,
            marker={"color": PALETTE[3], "line": {"width": 0}, **pattern},
            error_y=whiskers if over and len(table) <= 26 else None,
            customdata=_told(part, lang),
            hovertemplate="%{customdata}<extra></extra>",
            xaxis="x3",
            yaxis="y3",
        )
    names = table["period"].tolist()
    order = {"type": "category", "categoryorder": "array", "categoryarray": names}
    drawn.update_layout(
        bargap=0.2 if len(table) <= 60 else 0,
        barmode="overlay",
        xaxis3={"anchor": "y3", "tickvals": names[:: -(-len(names) // 13)], "tickangle": 0, **order},
        yaxis3={"domain": list(_BELOW), "anchor": "x3", "rangemode": "tozero", "nticks": 5},
    )


def _per_period(every: str, days: int, lang: str) -> str:
    en = {"1d": "day", "1w": "week", "1mo": "month", "1q": "quarter", "1y": "year"}.get(every, every)
    ko = {"1d": "일", "1w": "주", "1mo": "월", "1q": "분기", "1y": "연도"}.get(every, in_korean(every))
    return say(
        lang,
        "Churned per {unit} at {days} days, % of customers at risk",
        "{unit_ko}별 이탈률({days}일 기준), 아직 이탈하지 않은 고객 대비 %",
        unit=en,
        unit_ko=ko,
        days=days,
    )


def _told(part: pd.DataFrame, lang: str) -> list[str]:
    en, ko = "{period}: {churned:,} of {users:,} ({rate})", "{period}: {users:,}명 중 {churned:,}명({rate})"
    rows = part[["period", "churned", "users", "rate"]].itertuples(index=False)
    return [
        say(lang, en, ko, period=period, churned=churned, users=users, rate=percent(rate))
        for period, churned, users, rate in rows
    ]

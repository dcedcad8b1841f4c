"""The figure of ``lifecycle``: who makes up the active users of each period, who left, and how many come back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import plotly.graph_objects as go

from dangol.core import durations
from dangol.core.labels import label
from dangol.core.words import percent

from .style import INK, PALETTE, blank, say, shorten

if TYPE_CHECKING:
    import pandas as pd

    from dangol.core.result import Result

_MOST_LINES: Final = 6
_LABELS: Final = 95  # letters that fit below the axis
# state, sign and colour, from zero outwards
_STATES: Final = (
    ("returning", 1, PALETTE[0]),
    ("resurrected", 1, PALETTE[2]),
    ("new", 1, PALETTE[1]),
    ("dormant", -1, PALETTE[3]),
)


def figure(result: Result, lang: str) -> go.Figure:
    """Draw new, returning and resurrected users above zero and dormant ones below it, and the return rate under them.

    An unfinished period is hatched. With a breakdown the bars hold all segments, and the rate has one line for each of
    the largest.
    """
    table = result.table
    how = result.explain(lang)
    subtitle = f"{how['unit']} · {how['n']} · {how['window']} · {how['zone']}"
    if table.empty:
        return blank(say(lang, "No users", "사용자 없음"), subtitle)
    total = table.groupby("period", sort=False)[["users", *(name for name, _, _ in _STATES)]].sum()
    total["complete"] = table.groupby("period", sort=False)["complete"].all()
    if not total["complete"].all():
        subtitle += say(lang, " · hatched: not over yet", " · 빗금: 끝나지 않은 기간")
    drawn = blank(_title(result, lang), subtitle, height=620)
    _bars(drawn, total, lang)
    rated = _rates(drawn, table, lang)
    _layout(drawn, list(total.index), lang, rated=rated)
    if rated:
        segments = table["segment"].nunique() if "segment" in table.columns else 0
        _heading(drawn, result.recipe["parameters"]["every"], segments, lang)
    return drawn


def _title(result: Result, lang: str) -> str:
    found = result.sentences[0].values
    if "before" not in found:
        return say(lang, "Lifecycle: too early to compare periods", "생애 주기: 기간을 비교하기에는 아직 이릅니다")
    weak = say(lang, " (few users)", "(사용자가 적음)") if "few" in found else ""
    said = say(
        lang,
        "{period}: {users:,} active users ({change}), {new:,} new, {resurrected:,} resurrected, {dormant:,} dormant",
        "{period}: 활성 사용자 {users:,}명({last_ko} 대비 {change}), 신규 {new:,}, 복귀 {resurrected:,}, "
        "휴면 {dormant:,}",
        **found,
    )
    return said + weak


def _bars(drawn: go.Figure, total: pd.DataFrame, lang: str) -> None:
    """Stack the states; a period that is not over is hatched and pale."""
    for state, sign, colour in _STATES:
        for over in (True, False):
            part = total[total["complete"] == over]
            if part.empty:
                continue
            name = label(state, lang)
            name = name if over else say(lang, "{name}, not over yet", "{name}(끝나지 않음)", name=name)
            pattern = {} if over else {"pattern": {"shape": "/", "fgcolor": colour, "bgcolor": "#FFFFFF"}}
            drawn.add_bar(
                x=part.index,
                y=sign * part[state],
                name=name,
                legendgroup=state,
                showlegend=over or bool((~total["complete"]).all()),
                marker={"color": colour, "line": {"width": 0}, **pattern},
                customdata=part[state],
                hovertemplate="%{x}: %{customdata:,} " + name + "<extra></extra>",
            )
    done = total[total["complete"]]
    drawn.add_scatter(
        x=done.index,
        y=done["users"],
        mode="lines+markers" if len(done) <= 31 else "lines",
        name=say(lang, "active users", "활성 사용자"),
        line={"color": INK, "width": 1.5},
        marker={"size": 5},
        hovertemplate="%{x}: %{y:,}<extra></extra>",
    )


def _rates(drawn: go.Figure, table: pd.DataFrame, lang: str) -> bool:
    """Draw the share who come back in the next finished period, with its interval or by segment; say whether any is."""
    known = table[table["complete"] & table["return_rate"].notna()]
    if known.empty:
        return False
    if "segment" not in table.columns:
        _band(drawn, known)
        _line(drawn, known, label("return_rate", lang), PALETTE[0], named=False)
        return True
    largest = table.groupby("segment", sort=False)["users"].sum().sort_values(ascending=False, kind="stable").index
    for segment, colour in zip(largest[:_MOST_LINES], PALETTE, strict=False):
        _line(drawn, known[known["segment"] == segment], shorten(str(segment), 20), colour, named=True)
    return True


def _band(drawn: go.Figure, known: pd.DataFrame) -> None:
    for bound, fill in (("upper", None), ("lower", "tonexty")):
        drawn.add_scatter(
            x=known["period"],
            y=100 * known[bound],
            yaxis="y2",
            mode="lines",
            fill=fill,
            fillcolor="rgba(0,114,178,0.18)",
            line={"width": 0},
            hoverinfo="skip",
            showlegend=False,
        )


def _line(drawn: go.Figure, known: pd.DataFrame, name: str, colour: str, *, named: bool) -> None:
    drawn.add_scatter(
        x=known["period"],
        y=100 * known["return_rate"],
        yaxis="y2",
        mode="lines+markers" if len(known) <= 31 else "lines",
        name=name,
        legend="legend2",
        showlegend=named,
        line={"color": colour, "width": 2},
        marker={"size": 5},
        customdata=[
            f"{percent(rate)} ({percent(lower)}–{percent(upper)})"
            for rate, lower, upper in known[["return_rate", "lower", "upper"]].itertuples(index=False)
        ],
        hovertemplate="%{x}: %{customdata}<extra>" + name + "</extra>",
    )


def _layout(drawn: go.Figure, names: list[str], lang: str, *, rated: bool) -> None:
    step = -(-len(names) // max(1, _LABELS // len(names[0])))
    drawn.update_layout(
        barmode="relative",
        bargap=0.2 if len(names) <= 40 else 0,
        margin={"l": 75, "r": 30, "t": 125, "b": 95},
        xaxis={
            "type": "category",
            "categoryorder": "array",
            "categoryarray": names,
            "tickvals": names[::step],
            "tickangle": 0,
            "ticklabelstandoff": 6,
            "anchor": "y2" if rated else "y",
            "range": [-0.6, len(names) - 0.4],
        },
        yaxis={
            "domain": [0.4 if rated else 0, 1],
            "title": {"text": say(lang, "users", "사용자 수"), "font": {"size": 13}},
            "tickformat": "~s",
            "zerolinecolor": INK,
            "zerolinewidth": 1,
        },
        yaxis2={
            "domain": [0, 0.26],
            "anchor": "x",
            "rangemode": "tozero",
            "ticksuffix": " %",
            "nticks": 5,
        },
        legend={"orientation": "h", "x": 0, "y": 1.01, "xanchor": "left", "yanchor": "bottom", "traceorder": "normal"},
        legend2={"orientation": "h", "x": 0, "y": -0.08, "xanchor": "left", "yanchor": "top"},
    )


def _heading(drawn: go.Figure, every: str, segments: int, lang: str) -> None:
    period = durations.period(every)
    unit = (period.noun(), period.noun("ko"))
    heading = say(
        lang,
        "Share of the users of the {unit} before who come back",
        "{last_ko} 사용자 중 다시 활동한 비율",
        unit=unit[0],
        last_ko="전날" if every == "1d" else f"바로 앞 {unit[1]}",
    )
    if segments > _MOST_LINES:
        heading += say(
            lang,
            " (the {most} largest of {segments:,} segments)",
            "(세그먼트 {segments:,}개 중 큰 순서로 {most}개)",
            most=_MOST_LINES,
            segments=segments,
        )
    drawn.add_annotation(
        text=f"<b>{heading}</b>",
        x=0,
        y=0.285,
        xref="paper",
        yref="paper",
        xanchor="left",
        yanchor="bottom",
        showarrow=False,
    )

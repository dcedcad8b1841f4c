"""The figure of ``rfm``: what each tier is among customers and in money; beside it pairs of scores, or moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import plotly.graph_objects as go

from dangol.core import labels
from dangol.core.words import percent

from .style import PALETTE, blank, say, shorten

if TYPE_CHECKING:
    import pandas as pd

    from dangol.core.result import Result

_HEAD: Final = 140
_FOOT: Final = 90
_READABLE: Final = 10  # cells in a row up to which each has its number written in it
_SCALE: Final = [(0.0, "#F5F8FB"), (0.5, "#7FB5DA"), (1.0, "#0072B2")]


def figure(result: Result, lang: str) -> go.Figure:
    """Draw the tiers' shares of customers and of money on the left, on the right a map of scores or of moves."""
    table = result.table
    if not len(table):
        return blank(say(lang, "RFM: no customers", "RFM: 고객이 없습니다"), result.summary(lang))
    moved = "migration" in result.tables
    own = result.recipe["parameters"]["tiers"] or {}
    names = {name: name if name in own else labels.tier(name, lang) for name in [*table["segment"], "(not yet)"]}
    names = {name: _short(text) for name, text in names.items()}
    height = _HEAD + _FOOT + max(330, 42 * len(table))
    drawn = blank(_title(result, lang), _subtitle(result, lang), height=height)
    _bars(drawn, table, names, lang)
    if moved:
        _moves(drawn, result.tables["migration"], names, lang)
    else:
        _pairs(drawn, result.tables["grid"], lang)
    drawn.update_layout(
        title={"y": 1 - 28 / height, "yanchor": "top"},
        barmode="group",
        bargap=0.25,
        margin={"l": 20, "r": 30, "t": _HEAD, "b": _FOOT},
        legend={"orientation": "h", "x": 0, "y": -0.08, "yanchor": "top"},
        plot_bgcolor="white",
    )
    return drawn


def _title(result: Result, lang: str) -> str:
    values = {name: _short(value) if "tier" in name else value for name, value in result.sentences[0].values.items()}
    if "money" in values:
        return say(
            lang,
            "‘{tier}’: {share} of customers, {money} of the net amount",
            "‘{tier_ko}’ 고객은 {share}, 순매출 비중은 {money}",
            **values,
        )
    return say(lang, "‘{tier}’: {share} of customers", "‘{tier_ko}’ 고객이 {share}", **values)


def _subtitle(result: Result, lang: str) -> str:
    how = result.explain(lang)
    return f"{how['n']}<br>{how['window']} · {how['zone']}"


def _short(name: str) -> str:
    return shorten(name, 20 if name.isascii() else 13)  # Korean letters are wide


def _heading(drawn: go.Figure, text: str, x: float) -> None:
    drawn.add_annotation(
        text=f"<b>{text}</b>",
        x=x,
        y=1.01,
        xref="paper",
        yref="paper",
        xanchor="left",
        yanchor="bottom",
        showarrow=False,
    )


def _bars(drawn: go.Figure, table: pd.DataFrame, names: dict[str, str], lang: str) -> None:
    """Two bars for each tier: its share of customers and its share of money."""
    _heading(drawn, say(lang, "Share of customers and of money", "고객 비중과 금액 비중"), 0)
    shown = [
        ("share", "users", say(lang, "share of customers", "고객 비중"), PALETTE[0]),
        ("share_of_amount", "amount", say(lang, "share of net amount", "순매출 비중"), PALETTE[1]),
    ]
    for column, count, name, colour in shown:
        if table[column].isna().all():
            continue
        drawn.add_bar(
            x=100 * table[column],
            y=list(range(len(table))),
            orientation="h",
            name=name,
            marker={"color": colour, "line": {"width": 0}},
            text=[percent(value) for value in table[column]],
            textposition="outside",
            textfont={"size": 12},
            cliponaxis=False,
            customdata=np.column_stack([table["segment"], [f"{value:,.0f}" for value in table[count]]]),
            hovertemplate="%{customdata[0]}: %{customdata[1]} (%{text})<extra>" + name + "</extra>",
        )
    top = 100 * float(np.nanmax(table[["share", "share_of_amount"]].to_numpy()))
    low = 100 * min(0.0, float(np.nanmin(table[["share", "share_of_amount"]].to_numpy())))
    drawn.update_layout(
        xaxis={
            "domain": [0.14, 0.49],
            "range": [1.3 * low, 1.25 * top],
            "ticksuffix": " %",
            "nticks": 5,
            "zeroline": True,
        },
        yaxis={
            "tickvals": list(range(len(table))),
            "ticktext": [names[name] + "  " for name in table["segment"]],
            "range": [len(table) - 0.4, -0.6],
            "showgrid": False,
            "zeroline": False,
        },
    )


def _pairs(drawn: go.Figure, grid: pd.DataFrame, lang: str) -> None:
    """How many customers have each pair of scores: the most recent on top, the most frequent on the right."""
    wide = grid.pivot(index="recency_score", columns="frequency_score", values="users")
    money = grid.pivot(index="recency_score", columns="frequency_score", values="amount")
    hover = [
        [
            say(lang, "{users:,} customers, {money:,.0f}", "고객 {users:,}명, {money:,.0f}", users=users, money=amount)
            for users, amount in zip(*rows, strict=True)
        ]
        for rows in zip(wide.to_numpy().tolist(), money.to_numpy().tolist(), strict=True)
    ]
    _heading(drawn, say(lang, "Customers by score", "점수별 고객 수"), 0.62)
    text = [[f"{value:,}" for value in row] for row in wide.to_numpy()]
    _map(drawn, wide.to_numpy(), text, hover)
    size = len(wide)
    frequency, recency = labels.label("frequency_score", lang), labels.label("recency_score", lang)
    ways = (say(lang, "more orders →", "주문이 많음 →"), say(lang, "more recent →", "최근에 구매 →"))
    _axes(drawn, list(map(str, wide.columns)), list(map(str, wide.index)), [-0.5, size - 0.5])
    drawn.update_layout(
        xaxis2={"title": {"text": f"{frequency} ({ways[0]})", "font": {"size": 13}}},
        yaxis2={"title": {"text": f"{recency} ({ways[1]})", "font": {"size": 13}}},
    )


def _moves(drawn: go.Figure, migration: pd.DataFrame, names: dict[str, str], lang: str) -> None:
    """What share of each tier's customers went where between the last two dates."""
    part = migration[migration["source_date"] == migration["source_date"].iloc[-1]]
    sources = [name for name in names if (part["source"] == name).any()]
    targets = [name for name in names if name != "(not yet)"]
    cells = part.set_index(["source", "target"])[["rate", "users"]]
    shape = (len(sources), len(targets))
    rate, text, hover = np.zeros(shape), np.full(shape, "", object), np.full(shape, "", object)
    for (source, target), row in cells.iterrows():
        at = sources.index(source), targets.index(target)
        rate[at], text[at] = row["rate"], f"{100 * row['rate']:.0f}"
        hover[at] = f"{names[source]} → {names[target]}: {int(row['users']):,} ({percent(row['rate'])})"
    dates = {"source": part["source_date"].iloc[0], "target": part["target_date"].iloc[0]}
    heading = say(
        lang,
        "Moves {source} → {target}, % of row (n)",
        "{source} → {target} 이동, 행 기준 %(고객 수)",
        **dates,
    )
    _heading(drawn, heading, 0.62)
    _map(drawn, rate, text.tolist(), hover.tolist())
    n = part.groupby("source")["users"].sum()
    rows = [f"{names[name]} ({n[name]:,})  " for name in sources]
    _axes(drawn, [names[name] for name in targets], rows, [len(sources) - 0.5, -0.5])
    drawn.update_layout(xaxis2={"tickangle": -45})


def _map(drawn: go.Figure, values: Any, text: Sequence[Sequence[str]], hover: Sequence[Sequence[str]]) -> None:
    readable = max(values.shape) <= _READABLE
    drawn.add_heatmap(
        z=values,
        text=text,
        texttemplate="%{text}" if readable else None,
        textfont={"size": 12},
        customdata=hover,
        hovertemplate="%{customdata}<extra></extra>",
        colorscale=_SCALE,
        zmin=0,
        showscale=False,
        xgap=1,
        ygap=1,
        xaxis="x2",
        yaxis="y2",
    )


def _axes(drawn: go.Figure, columns: list[str], rows: list[str], span: list[float]) -> None:
    common: dict[str, Any] = {"showgrid": False, "zeroline": False}
    across, down = -(-len(columns) // 20), -(-len(rows) // 25)
    drawn.update_layout(
        xaxis2={
            "domain": [0.74, 1],
            "anchor": "y2",
            "tickvals": list(range(0, len(columns), across)),
            "ticktext": columns[::across],
            **common,
        },
        yaxis2={
            "anchor": "x2",
            "range": span,
            "tickvals": list(range(0, len(rows), down)),
            "ticktext": rows[::down],
            **common,
        },
    )

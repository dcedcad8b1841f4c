"""The figure of ``drivers``: the differences with equal activity, and the grid of the best behaviour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import plotly.graph_objects as go

from dangol.core.changes import in_points
from dangol.core.labels import value
from dangol.core.words import percent, plural

from .style import INK, PALE, PALETTE, empty, panels, say, shorten

if TYPE_CHECKING:
    import pandas as pd

    from dangol.core.result import Result

_MOST: Final = 12  # behaviours
_ROOMY: Final = 8  # columns of cells up to which the number of users fits into each
_ROW: Final = 34  # pixels
_HEAD, _FOOT = 130, 110
_SCALE: Final = ((0.0, "#F1F6FA"), (0.5, "#8FBEDD"), (1.0, "#00568A"))
_LEFT, _GAP, _RIGHT = 0.52, 0.60, 0.66  # where the left panel ends, the right heading and the right panel begin


def figure(result: Result, lang: str) -> go.Figure:
    """Draw the differences with equal activity on the left, and the share with the outcome by times and days right.

    Filled bars hold; hollow ones do not. A ring is the difference as it is, before activity is made equal.
    """
    how = result.explain(lang)
    subtitle = f"{how['unit']} · {how['n']} · {how['zone']}<br>{how['window']}"
    table = result.table
    if table.empty:
        return empty(say(lang, "Nothing could be tested", "검정할 수 있는 행동이 없음"), subtitle)
    shown, grid = table.head(_MOST), result.tables["grid"]
    best = shown.iloc[0]
    heading = say(lang, "Difference in the outcome, % points", "결과의 차이, %p")
    if len(table) > _MOST:
        heading += say(lang, " (first {most} of {n:,})", "({n:,}개 중 {most}개)", most=_MOST, n=len(table))
    name = shorten(str(best["event"]), 15)
    cells = say(lang, "‘{name}’: % with the outcome", "‘{name}’: 결과가 있는 비율, %", name=name)
    if grid.loc[grid["event"] == best["event"], "days"].nunique() <= _ROOMY:
        cells += say(lang, " (users)", "(사용자 수)")
    drawn = panels(_title(result, lang), subtitle, (heading, _LEFT), (cells, _GAP, _RIGHT))
    _bars(drawn, shown.merge(grid, on=["event", "count", "days"], suffixes=("", "_of_grid")), lang)
    _grid(drawn, grid[grid["event"] == best["event"]])
    _layout(drawn, [_label(row, lang) for row in shown.to_dict("records")], lang)
    return drawn


def _title(result: Result, lang: str) -> str:
    best, asked = result.table.iloc[0], result.recipe["parameters"]
    weak = say(lang, " (weak evidence)", "(근거 약함)") if "few" in result.sentences[0].values else ""
    if asked["segment"] is not None:
        outcome = "{} = ‘{}’".format(*asked["segment"])
    elif asked["outcome"] is not None:
        outcome = f"‘{shorten(asked['outcome'], 20)}’"
    else:
        outcome = say(lang, "coming back", "재방문")
    if best["evidence"] != "holds":
        en, ko = (
            "No behaviour goes with {outcome} once activity is equal",
            "활동량을 맞추면 {outcome:과} 함께 나타나는 행동이 없습니다",
        )
        return say(lang, en, ko, outcome=outcome) + weak
    difference = float(best["adjusted_difference"])
    found = say(
        lang,
        "‘{event}’ goes with {outcome}: {points} with equal activity",
        "‘{event}’ 사용자는 활동량을 맞춰도 {outcome} 비율이 {by:.1f} %p "
        + ("높습니다" if difference > 0 else "낮습니다"),
        event=shorten(str(best["event"]), 20),
        outcome=outcome,
        points=in_points(0, difference, lang),
        by=100 * abs(difference),
    )
    return found + weak


def _label(row: dict[Any, Any], lang: str) -> str:
    """Name a bar by its behaviour, and below it in small print how often in how many days."""
    small = say(
        lang,
        "{count:,}+ times in {days}",
        "{days}일 안에 {count:,}번 이상",
        count=row["count"],
        days=plural(row["days"], "day") if lang == "en" else row["days"],
    )
    return f"{shorten(str(row['event']), 24)}<br><span style='font-size:11px;color:#52606D'>{small}</span>  "


def _kinds(lang: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """How each kind of evidence is called and drawn."""
    looks = {"holds": (PALETTE[0], PALETTE[0]), "activity": ("#FFFFFF", PALETTE[0]), "none": ("#FFFFFF", PALE)}
    return {
        word: (value(word, "evidence", lang), {"color": fill, "line": {"color": edge, "width": 1}})
        for word, (fill, edge) in looks.items()
    }


def _bars(drawn: go.Figure, shown: pd.DataFrame, lang: str) -> None:
    """One bar for each behaviour, best on top, with its 95 % interval and a ring for the difference as it is."""
    place = shown.index.to_series()
    for evidence, (name, marker) in _kinds(lang).items():
        part = shown["evidence"] == evidence
        if not part.any():
            continue
        some = shown[part]
        middle = 100 * some["adjusted_difference"]
        drawn.add_bar(
            x=middle,
            y=place[part],
            orientation="h",
            name=name,
            width=0.55,
            marker=marker,
            error_x={
                "type": "data",
                "symmetric": False,
                "array": 100 * some["adjusted_upper"] - middle,
                "arrayminus": middle - 100 * some["adjusted_lower"],
                "color": INK,
                "thickness": 1,
                "width": 3,
            },
            customdata=[_hover(row, lang) for row in some.to_dict("records")],
            hovertemplate="%{customdata}<extra></extra>",
        )
    drawn.add_scatter(
        x=100 * shown["difference"],
        y=place,
        mode="markers",
        name=say(lang, "as it is, activity not equal", "활동량을 맞추기 전"),
        marker={"symbol": "circle-open", "size": 9, "color": PALETTE[1], "line": {"width": 2}},
        hovertemplate="%{x:.1f}<extra></extra>",
    )


def _hover(row: dict[Any, Any], lang: str) -> str:
    return say(
        lang,
        "{event}: {users:,} of {n:,} ({rate}), others {other}",
        "{event}: {n:,}명 중 {users:,}명({rate}), 나머지 {other}",
        event=row["event"],
        users=row["users"],
        n=row["n"],
        rate=percent(row["rate"]),
        other=percent(row["other_rate"]),
    ) + say(
        lang,
        "<br>q {q:.2g}, with equal activity {adjusted:.2g}",
        "<br>q {q:.2g}, 활동량 보정 {adjusted:.2g}",
        q=row["q"],
        adjusted=row["adjusted_q"],
    )


def _grid(drawn: go.Figure, cells: pd.DataFrame) -> None:
    """The share with the outcome in every tested cell of one behaviour, and below it the users who did it so often."""
    rates = cells.pivot(index="count", columns="days", values="rate")
    sizes = cells.pivot(index="count", columns="days", values="n")
    roomy = rates.shape[1] <= _ROOMY
    text = [
        [_cell(rate, n, roomy) for rate, n in zip(*pair, strict=True)]
        for pair in zip(rates.to_numpy(), sizes.to_numpy(), strict=True)
    ]
    drawn.add_heatmap(
        z=100 * rates.to_numpy(),
        x=[str(day) for day in rates.columns],
        y=[f"{count:,}+" for count in rates.index],
        text=text,
        texttemplate="%{text}",
        textfont={"size": 12},
        colorscale=_SCALE,
        zmin=0,
        zmax=max(100 * float(cells["rate"].max()), 1e-9),
        showscale=False,
        xgap=1,
        ygap=1,
        hoverongaps=False,
        hovertemplate="%{y}, %{x}: %{z:.1f} %<extra></extra>",
        xaxis="x2",
        yaxis="y2",
    )


def _cell(rate: float, n: float, roomy: bool) -> str:
    if rate != rate:
        return ""
    return f"{100 * rate:.0f}<br><span style='font-size:10px'>({n:,.0f})</span>" if roomy else f"{100 * rate:.0f}"


def _layout(drawn: go.Figure, labels: list[str], lang: str) -> None:
    rows = len(labels)
    inner = max(rows * _ROW, 240)
    drawn.update_layout(
        height=inner + _HEAD + _FOOT,
        title={"y": 1 - 20 / (inner + _HEAD + _FOOT), "yanchor": "top", "yref": "container"},
        margin={"l": 30, "r": 30, "t": _HEAD, "b": _FOOT},
        barmode="overlay",
        legend={"y": -70 / inner, "yanchor": "top", "x": 0},
        xaxis={"zeroline": True, "zerolinecolor": INK, "zerolinewidth": 1, "nticks": 7},
        yaxis={
            "range": [rows - 0.4, -0.6],
            "tickvals": list(range(rows)),
            "ticktext": labels,
            "automargin": True,
            "showgrid": False,
            "zeroline": False,
        },
        xaxis2={"type": "category", "title": {"text": say(lang, "within days of the entry", "시작 뒤 일수")}},
        yaxis2={
            "type": "category",
            "title": {"text": say(lang, "times at least", "최소 횟수")},
        },
    )

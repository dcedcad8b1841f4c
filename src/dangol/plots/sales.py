"""The figure of ``sales``: net sales of every period by kind of buyer, and what the last change is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dangol.core import durations, labels
from dangol.core.changes import signed_money
from dangol.core.words import money
from dangol.questions.sales_evidence import FALSE_RATE

from .style import INK, PALE, PALETTE, empty, panels, say, shorten

if TYPE_CHECKING:
    import pandas as pd

    from dangol.core.result import Result

_MOST_SEGMENTS: Final = 7
_MOST_NUMBERS: Final = 13  # bars that have room for a number
_LEFT, _HEADING, _RIGHT = 0.5, 0.55, 0.7  # where the left panel ends, the right heading and the right axis begin
_NUMBERS: Final = 0.89  # where the right axis ends: the numbers stand in a column of their own, clear of every bar
_PIXELS: Final = 430  # the width of the left panel
_FACTORS: Final = {
    "from_buyers": ("buyers", "구매자 수"),
    "from_orders_per_buyer": ("orders per buyer", "1인당 주문 수"),
    "from_amount_per_order": ("amount per order", "주문당 금액"),
}
_KINDS: Final = {
    "returning": ("returning buyers", "기존 구매자", PALETTE[0]),
    "new": ("new buyers", "신규 구매자", PALETTE[1]),
}
_FELL, _ROSE, _WHOLE = PALETTE[3], PALETTE[2], INK
_UNSURE: Final = 0.35  # opacity of segments whose difference from the rest may be chance


class _Step(NamedTuple):
    """A bar of the waterfall; ``sure`` unless it is a segment without evidence that it differs from the rest."""

    name: str
    size: float
    sure: bool = True


def figure(result: Result, lang: str) -> go.Figure:
    """Draw net sales, new buyers stacked on returning ones, and beside them the last change as a waterfall.

    The waterfall's steps are the three factors, with a breakdown the segments that changed most: in full colour those
    that developed differently from the rest by more than chance, pale those that may not have. A period that is not
    over is hatched, and compared with nothing.
    """
    periods = _whole(result)
    small = _subtitle(result, lang)
    if periods.empty:
        return empty(say(lang, "Sales: no buyers", "매출: 구매자가 없습니다"), small)
    steps = _steps(result, periods, lang)
    heading = say(lang, "Net sales by kind of buyer", "구매자 유형별 순매출")
    if not periods["complete"].all():
        heading += say(lang, " (hatched: not over yet)", "(빗금: 끝나지 않은 기간)")
    drawn = panels(_title(result, lang), small, (heading, _LEFT), (_heading(result, periods, lang), _HEADING, _RIGHT))
    drawn.layout.annotations[1].update(align="left")  # its second line, too
    _bars(drawn, result.tables["kinds"], periods, lang)
    _axes(drawn, periods, lang)
    if steps:
        _waterfall(drawn, steps)
    else:
        drawn.update_layout(xaxis2={"visible": False}, yaxis2={"visible": False}, xaxis={"domain": [0, 1]})
    return drawn


def _whole(result: Result) -> pd.DataFrame:
    """The periods with all segments together."""
    kinds = result.tables["kinds"].groupby("period", sort=False)[["amount", "buyers", "orders"]].sum()
    complete = result.table.groupby("period", sort=False)["complete"].all()
    return kinds.assign(complete=complete)


def _title(result: Result, lang: str) -> str:
    found = result.sentences[0].values
    if "amount_before" not in found:
        return say(lang, "Sales: too early to compare periods", "매출: 기간을 비교하기에는 아직 이릅니다")
    weak = say(lang, "; few buyers", "; 구매자가 적음") if "few" in found else ""
    change = found["change"] if found["change"] != "–" else ""
    every = durations.period(result.recipe["parameters"]["every"])
    named = every.count == 1 and every.unit not in ("h", "w")  # 2011-11 names a month, 2011-11-28 the start of a week
    en = "Net sales {amount} in {period}" if named else "Net sales {amount} in the {unit} of {period}"
    ko = "{period} 순매출 {amount}" if named else "{period} 시작 {unit_ko}의 순매출 {amount}"
    en += ", {percent} on the {unit} before" if change else ""
    ko += ", 바로 앞 {unit_ko} 대비 {percent}" if change else ""
    if "factor" in found:
        en, ko = en + ", mainly from {factor}", ko + ", 주요인은 {factor_ko}"
    return say(lang, en, ko, percent=change, **found) + weak


def _subtitle(result: Result, lang: str) -> str:
    how = result.explain(lang)
    amount = say(lang, "net sales: orders less refunds", "순매출: 주문 금액에서 환불을 뺀 금액")
    return f"{amount} · {how['n']}<br>{how['window']} · {how['zone']}"


# ---- the periods ------------------------------------------------------------------------------------------------


def _bars(drawn: go.Figure, kinds: pd.DataFrame, periods: pd.DataFrame, lang: str) -> None:
    """Stack returning and new buyers' sales; a period that is not over is hatched."""
    over = kinds["period"].map(periods["complete"]).astype(bool)
    for kind, (en, ko, colour) in _KINDS.items():
        name = say(lang, en, ko)
        for finished in (True, False):
            part = kinds[(kinds["kind"] == kind) & (over == finished)]
            if part.empty:
                continue
            pattern = {} if finished else {"pattern": {"shape": "/", "fgcolor": colour, "bgcolor": "#FFFFFF"}}
            drawn.add_bar(
                x=part["period"],
                y=part["amount"],
                name=name,
                legendgroup=kind,
                showlegend=finished or not over.any(),
                marker={"color": colour, "line": {"width": 0}, **pattern},
                customdata=_hovers(part, lang),
                hovertemplate="%{x}: %{customdata}<extra>" + name + "</extra>",
            )
    if len(periods) <= _MOST_NUMBERS:
        _numbers(drawn, kinds, periods, lang)


def _hovers(part: pd.DataFrame, lang: str) -> list[str]:
    en, ko = "{amount}, {buyers:,} buyers, {orders:,} orders", "{amount}, 구매자 {buyers:,}명, 주문 {orders:,}건"
    rows = part[["amount", "buyers", "orders"]].itertuples(index=False)
    return [say(lang, en, ko, amount=money(amount), buyers=buyers, orders=orders) for amount, buyers, orders in rows]


def _numbers(drawn: go.Figure, kinds: pd.DataFrame, periods: pd.DataFrame, lang: str) -> None:
    """Write net sales above each bar."""
    drawn.add_scatter(
        x=list(periods.index),
        y=kinds["amount"].clip(lower=0).groupby(kinds["period"], sort=False).sum(),
        mode="text",
        text=[_short(float(f"{amount:.3g}"), lang) for amount in periods["amount"]],
        textposition="top center",
        textfont={"size": 10.5, "color": INK},
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )


def _axes(drawn: go.Figure, periods: pd.DataFrame, lang: str) -> None:
    names = list(periods.index)
    room = max(2, int(_PIXELS / (7.5 * max(map(len, names)) + 12)))
    step = -(-len(names) // room)
    ticks = _ticks(float(min(periods["amount"].min(), 0)), float(periods["amount"].max()))
    drawn.update_layout(
        barmode="relative",
        bargap=0.2 if len(names) <= 60 else 0,
        height=560,
        title={"y": 0.94, "yanchor": "top"},
        margin={"l": 75, "r": 30, "t": 140, "b": 80},
        legend={"orientation": "h", "x": 0, "y": -0.12, "yanchor": "top"},
        xaxis={
            "type": "category",
            "categoryorder": "array",
            "categoryarray": names,
            "tickvals": names[::step],
            "tickangle": 0,
            "range": [-0.6, len(names) - 0.4],
        },
        yaxis={
            "tickvals": ticks,
            "ticktext": [_short(value, lang) for value in ticks],
            "zerolinecolor": INK,
            "zerolinewidth": 1,
        },
    )


def _ticks(low: float, high: float) -> list[float]:
    """Return four to eight round values that span some amounts."""
    width = (high - low) / 4 or 1.0
    unit = 10.0 ** np.floor(np.log10(width))
    step = unit * max(factor for factor in (1, 2, 5) if factor * unit <= width)
    return [float(step * place) for place in range(int(np.floor(low / step)), int(np.ceil(high / step)) + 1)]


def _short(value: float, lang: str) -> str:
    """Write a round amount the short way of a language: 1.5M, 250k; 150만, 2.5억.

    >>> _short(1_500_000, "en"), _short(250_000, "ko"), _short(-20, "en")
    ('1.5M', '25만', '−20')
    """
    units = ((1e8, "억"), (1e4, "만")) if lang == "ko" else ((1e9, "B"), (1e6, "M"), (1e3, "k"))
    size, word = next((one for one in units if abs(value) >= one[0]), (1.0, ""))
    return f"{value / size:,.10g}{word}".replace("-", "−")


# ---- the change -------------------------------------------------------------------------------------------------


def _steps(result: Result, periods: pd.DataFrame, lang: str) -> list[_Step]:
    """Return the parts of the last change, largest fall first for segments, and the change itself; none: nothing."""
    done = periods[periods["complete"]]
    if len(done) < 2:
        return []
    change = float(done["amount"].iloc[-1] - done["amount"].iloc[-2])
    whole = _Step(say(lang, "change", "증감"), change)
    if "contributions" in result.tables:
        return [*_largest(result.tables["contributions"], lang), whole]
    last = result.table[result.table["complete"]].iloc[-1]
    parts = [_Step(say(lang, *words), float(last[name])) for name, words in _FACTORS.items()]
    return [*parts, whole] if np.isfinite([part.size for part in parts]).all() else [whole]


def _largest(table: pd.DataFrame, lang: str) -> list[_Step]:
    """The segments that changed most, in the order of the table, and the rest as one."""
    most = table.loc[table["change"].abs().sort_values(ascending=False, kind="stable").index[:_MOST_SEGMENTS]]
    kept = table[table.index.isin(most.index)]
    columns = kept[["segment", "change", "q"]].itertuples(index=False)
    rows = [
        _Step(shorten(labels.value(str(name), "segment", lang), 17), float(size), bool(q <= FALSE_RATE))
        for name, size, q in columns
    ]
    rest = table[~table.index.isin(most.index)]
    if len(rest):
        name = say(lang, "{n:,} others", "그 외 {n:,}개", n=len(rest))
        rows.append(_Step(name, float(rest["change"].sum()), sure=False))
    return rows


def _heading(result: Result, periods: pd.DataFrame, lang: str) -> str:
    done = periods[periods["complete"]]
    if len(done) < 2:
        return ""
    every = durations.period(result.recipe["parameters"]["every"])
    en, ko = (every.noun(), every.noun("ko"))
    by = result.recipe["parameters"]["by"]
    values = {"unit": en, "unit_ko": ko, "period": done.index[-1], "by": shorten(str(by), 16)}
    if by is None:
        return say(lang, "{period} against the {unit} before", "{period}, 바로 앞 {unit_ko} 대비 증감", **values)
    en, ko = "{period} against the {unit} before, by {by}", "{period}, 바로 앞 {unit_ko} 대비 {by}별 증감"
    if not (result.tables["contributions"]["q"] <= FALSE_RATE).all():
        en, ko = en + "<br>(pale: may be chance)", ko + "<br>(옅은 색: 우연일 수 있음)"
    return say(lang, en, ko, **values)


def _waterfall(drawn: go.Figure, steps: list[_Step]) -> None:
    """Draw each part from where the one before has ended; the last bar is the change from zero."""
    sizes = np.array([step.size for step in steps])
    ends = np.append(np.cumsum(sizes[:-1]), sizes[-1])
    base = ends - sizes
    low, high = min(0.0, float(ends.min())), max(0.0, float(ends.max()))
    room = 0.03 * (high - low) or 1.0
    drawn.add_bar(
        x=sizes,
        base=base,
        y=list(range(len(steps))),
        orientation="h",
        width=0.62,
        marker={
            "color": [_FELL if size < 0 else _ROSE for size in sizes[:-1]] + [_WHOLE],
            "opacity": [1 if step.sure else _UNSURE for step in steps],
            "line": {"width": 0},
        },
        customdata=[f"{step.name}: {signed_money(step.size)}" for step in steps],
        hovertemplate="%{customdata}<extra></extra>",
        showlegend=False,
        xaxis="x2",
        yaxis="y2",
    )
    _label(drawn, sizes, ends)
    names = [f"{step.name}  " for step in steps[:-1]] + [f"<b>{steps[-1].name}</b>  "]
    drawn.update_layout(
        xaxis2={
            "domain": [_RIGHT, _NUMBERS],
            "range": [low - room, high + room],
            "showticklabels": False,
            "showgrid": False,
            "zerolinecolor": PALE,
        },
        yaxis2={
            "range": [len(steps) - 0.4, -0.6],
            "tickvals": list(range(len(steps))),
            "ticktext": names,
            "showgrid": False,
            "zeroline": False,
        },
    )


def _label(drawn: go.Figure, sizes: npt.NDArray[np.float64], ends: npt.NDArray[np.float64]) -> None:
    """Write each part's size at the right edge, and join the bars by lines."""
    for place, size in enumerate(sizes):
        text = signed_money(float(size))
        text = f"<b>{text}</b>" if place == len(sizes) - 1 else text
        drawn.add_annotation(text=text, x=1, y=place, xref="paper", yref="y2", xanchor="right", showarrow=False)
    at = {"type": "line", "xref": "x2", "yref": "y2", "line": {"color": PALE, "width": 1}}
    for place, x in enumerate(ends[:-1]):
        drawn.add_shape(x0=x, x1=x, y0=place + 0.31, y1=place + 0.69, **at)

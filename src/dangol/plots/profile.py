"""The figure of ``profile``: how far each segment is from the rest; what made the segments is grey, not found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import plotly.graph_objects as go

from dangol.core import labels
from dangol.core.changes import signed
from dangol.core.show import write
from dangol.core.words import number

from .marks import GREY, heading, parted, sized
from .style import INK, PALE, PALETTE, blank, empty, say, shorten

if TYPE_CHECKING:
    import pandas as pd

    from dangol.core.result import Result

_PANELS: Final = 12  # segments that are drawn, the largest
_ACROSS: Final = 4  # panels in a row
_TESTED, _MADE = 12, 6  # variables that are drawn
_ROW: Final = 24  # pixels
_HEAD, _FOOT, _BETWEEN = 150, 100, 80
_GAP: Final = 0.03
_NARROWEST, _WIDEST = 0.5, 4.0  # standard deviations that a panel shows
_LABELS: Final = 190  # pixels of the names of variables
# How each kind of evidence is drawn: what was found in full colour, what made the segments grey, all else hollow.
_LOOKS: Final = {
    "holds": (PALETTE[0], PALETTE[0]),
    "small": ("#A8CDE5", PALETTE[0]),
    "none": ("#FFFFFF", PALETTE[0]),
    "few": ("#FFFFFF", PALE),
    "made": ("#DDE2E8", PALE),
    "related": ("#DDE2E8", GREY),
}


def figure(result: Result, lang: str) -> go.Figure:
    """Draw a panel for each segment with a bar for each variable: its difference from the rest, with its interval.

    Bars in full colour hold; hollow ones may be chance. Grey bars made the segments, or follow what made them: they
    were not tested. Beside a bar stands its index, the mean of all units being 100.
    """
    table = result.table
    segments = list(dict.fromkeys(table["segment"]))
    if len(segments) < 2:
        return empty(
            say(lang, "A single segment: nothing to compare", "세그먼트가 하나뿐이라 비교할 대상이 없음"),
            _subtitle(result, lang, ""),
        )
    sizes = result.tables["segments"].set_index("segment")["units"]
    shown = sorted(sorted(segments, key=lambda name: -sizes[name])[:_PANELS], key=segments.index)
    rows = _variables(table[table["segment"].isin(shown)])
    part = table.merge(rows, on=["feature", "kind"])
    drawn = blank(_title(result, lang), _subtitle(result, lang, _left_out(table, segments, shown, rows, lang)))
    lines = -(-len(shown) // _ACROSS)
    inner = lines * (len(rows) * _ROW + _BETWEEN) - _BETWEEN
    span = _span(part)
    for place, name in enumerate(shown):
        line, column = divmod(place, _ACROSS)
        width = (1 + _GAP) / min(_ACROSS, len(shown)) - _GAP
        left, top = column * (width + _GAP), 1 - line * (len(rows) * _ROW + _BETWEEN) / inner
        axes = {"x": (left, min(left + width, 1)), "y": (max(top - len(rows) * _ROW / inner, 0), top)}
        _panel(drawn, part[part["segment"] == name], place, span, lang)
        _axes(drawn, rows, place, axes, span, lang)
        kind, what = parted(name, lang)
        n = f"n = {sizes[name]:,}"
        heading(drawn, shorten(what, 21), left, top + 2 / inner, below=f"{kind}, {n}" if kind else n)
    _legend(drawn, part, lang)
    legend = {
        "y": -50 / inner,
        "yanchor": "top",
        "x": -0.2,
        "title": {"text": labels.label("evidence", lang) + "  ", "font": {"size": 13}},
    }
    drawn.update_layout(barmode="overlay", margin={"l": _LABELS, "r": 30}, legend=legend)
    sized(drawn, inner, _HEAD, _FOOT)
    return drawn


# ---- words ------------------------------------------------------------------------------------------------------


def _title(result: Result, lang: str) -> str:
    """State the surest difference, or that there is none beyond what made the segments."""
    found = dict(result.sentences[0].values)
    for word in ("segment", "segment_ko", "feature"):
        if word in found:
            found[word] = shorten(found[word], 20)
    if "share" in found and "rest" in found:
        en, ko = (
            "Segment ‘{segment}’: {share} are ‘{feature}’, of the rest {rest}",
            "세그먼트 ‘{segment_ko}’: ‘{feature}’ 비중 {share}, 나머지 {rest}",
        )
    elif "mean" in found and "rest" in found:
        en, ko = (
            "Segment ‘{segment}’: ‘{feature}’ averages {mean}, the rest {rest}",
            "세그먼트 ‘{segment_ko}’: ‘{feature}’ 평균 {mean}, 나머지 {rest}",
        )
    elif "largest" in found:
        en, ko = "Only small differences beyond what made the segments", "나눈 기준 말고는 작은 차이뿐임"
    elif "tests" in found:
        en, ko = (
            "Nothing sets the segments apart beyond what made them",
            "나눈 기준 말고는 세그먼트를 구별하는 것이 없음",
        )
    else:
        en, ko = "Nothing was tested beyond what made the segments", "나눈 기준 말고는 검정한 것이 없음"
    if "doubts" in found:
        en, ko = en + " (no strong structure)", ko + "(뚜렷한 구조 없음)"
    elif "units" in found:
        en, ko = en + " (weak evidence)", ko + "(근거 약함)"
    return say(lang, en, ko, **found)


def _subtitle(result: Result, lang: str, left_out: str) -> str:
    how = result.explain(lang)
    small = say(
        lang,
        "difference from the rest in standard deviations, with 95 % intervals; number: index, mean of all = 100",
        "나머지와의 차이(표준편차 단위)와 95 % 신뢰구간, 숫자는 지수(전체 평균 = 100)",
    )
    first = " · ".join(part for part in (how["n"], how.get("zone", ""), left_out) if part)
    return f"{first}<br>{small}"


def _left_out(table: pd.DataFrame, segments: list[str], shown: list[str], rows: pd.DataFrame, lang: str) -> str:
    """Say which segments and variables are not drawn."""
    told = []
    if len(segments) > len(shown):
        told.append(say(lang, "{m} of {n} segments", "세그먼트 {n}개 중 {m}개", m=len(shown), n=len(segments)))
    variables = len(table[["feature", "kind"]].drop_duplicates())
    if variables > len(rows):
        told.append(say(lang, "{m} of {n} variables", "변수 {n}개 중 {m}개", m=len(rows), n=variables))
    return say(lang, "drawn: {what}", "표시: {what}", what=", ".join(told)) if told else ""


# ---- the bars ---------------------------------------------------------------------------------------------------


def _variables(table: pd.DataFrame) -> pd.DataFrame:
    """Choose the variables: those with the largest differences that hold, then others, then what made the segments."""
    import pandas as pd

    kind = table["evidence"]
    order = table.assign(
        aside=kind.isin(("made", "related")),
        place=kind.map({"holds": 0, "small": 1, "made": 2, "related": 3}).fillna(2),
        size=-table["difference"].abs().fillna(0),
    ).sort_values(["aside", "place", "size"], kind="stable")
    best = order.drop_duplicates(["feature", "kind"])
    rows = pd.concat([best[~best["aside"]].head(_TESTED), best[best["aside"]].head(_MADE)])
    return rows[["feature", "kind", "aside"]].assign(row=np.arange(len(rows)))


def _span(part: pd.DataFrame) -> float:
    """Return how far the axes reach to both sides: what was tested fits, what made the segments may be cut."""
    tested = part[part["p"].notna()]
    bars, ends = (
        np.abs((tested if len(tested) else part)[columns].to_numpy(float))
        for columns in (["difference"], ["lower", "upper"])
    )
    most, farthest = (values[np.isfinite(values)].max(initial=0) for values in (bars, ends))
    return float(np.clip(max(1.1 * most, min(1.8 * most, farthest)), _NARROWEST, _WIDEST))


def _panel(drawn: go.Figure, part: pd.DataFrame, place: int, span: float, lang: str) -> None:
    axes = {"xaxis": f"x{place + 1}", "yaxis": f"y{place + 1}"}
    for evidence, some in part.groupby("evidence"):
        middle, low, high = (some[name].clip(-span, span) for name in ("difference", "lower", "upper"))
        fill, edge = _LOOKS[str(evidence)]
        drawn.add_bar(
            x=middle,
            y=some["row"],
            orientation="h",
            width=0.62,
            marker={"color": fill, "line": {"color": edge, "width": 1}},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": high - middle,
                "arrayminus": middle - low,
                "color": INK,
                "thickness": 1,
                "width": 2,
            },
            customdata=[_hover(row, lang) for _, row in some.iterrows()],
            hovertemplate="%{customdata}<extra></extra>",
            showlegend=False,
            **axes,
        )
    _cut(drawn, part[part["difference"].abs() > span], span, axes)
    drawn.add_scatter(
        x=[1.58 * span] * len(part),
        y=part["row"],
        mode="text",
        text=["" if value != value else f"{round(value):,}" for value in part["index"]],
        textposition="middle left",
        textfont={"size": 11, "color": GREY},
        hoverinfo="skip",
        showlegend=False,
        cliponaxis=False,
        **axes,
    )


def _cut(drawn: go.Figure, part: pd.DataFrame, span: float, axes: dict[str, str]) -> None:
    """Mark bars that go on beyond the panel."""
    if part.empty:
        return
    right = part["difference"] > 0
    symbols = ["triangle-right" if one else "triangle-left" for one in right]
    drawn.add_scatter(
        x=np.where(right, span, -span),
        y=part["row"],
        mode="markers",
        marker={"symbol": symbols, "color": GREY, "size": 8},
        hoverinfo="skip",
        showlegend=False,
        **axes,
    )


def _hover(row: pd.Series[Any], lang: str) -> str:
    told = say(
        lang,
        "{feature}: {mean}, rest {rest} (n = {n:,})<br>difference {difference} [{lower}, {upper}]",
        "{feature}: {mean}, 나머지 {rest}(n = {n:,})<br>차이 {difference} [{lower}, {upper}]",
        feature=row["feature"],
        mean=number(row["mean"]),
        rest=number(row["mean_rest"]),
        n=row["n"],
        **{name: signed(row[name], 2) if np.isfinite(row[name]) else "–" for name in ("difference", "lower", "upper")},
    )
    evidence = labels.value(row["evidence"], "evidence", lang)
    return f"{told}<br>q {write(row['q'], 'q')}: {evidence}" if row["q"] == row["q"] else f"{told}<br>{evidence}"


def _axes(
    drawn: go.Figure, rows: pd.DataFrame, place: int, where: dict[str, tuple[float, float]], span: float, lang: str
) -> None:
    """Lay out one panel; only the first of a line names the variables."""
    first = place % _ACROSS == 0
    words = [_variable(row, lang) + "  " for _, row in rows.iterrows()] if first else []
    drawn.update_layout(
        {
            f"xaxis{place + 1}": {
                "domain": where["x"],
                "anchor": f"y{place + 1}",
                "range": [-1.1 * span, 1.6 * span],
                "nticks": 5,
                "zeroline": True,
                "zerolinecolor": INK,
                "zerolinewidth": 1,
            },
            f"yaxis{place + 1}": {
                "domain": where["y"],
                "anchor": f"x{place + 1}",
                "range": [len(rows) - 0.5, -0.5],
                "tickvals": list(range(len(rows))) if first else [],
                "ticktext": words,
                "showgrid": False,
                "zeroline": False,
            },
        }
    )
    tested = int((~rows["aside"]).sum())
    if 0 < tested < len(rows):
        line = {"color": PALE, "width": 1, "dash": "dot"}
        axes = {"xref": f"x{place + 1 if place else ''} domain", "yref": f"y{place + 1 if place else ''}"}
        drawn.add_shape(type="line", x0=0, x1=1, y0=tested - 0.5, y1=tested - 0.5, line=line, **axes)


def _variable(row: pd.Series[Any], lang: str) -> str:
    name = shorten(str(row["feature"]), 24)
    if row["kind"] == "event":
        name += say(lang, " (event)", "(이벤트)")
    return f"<span style='color:{GREY}'>{name}</span>" if row["aside"] else name


def _legend(drawn: go.Figure, part: pd.DataFrame, lang: str) -> None:
    """Say what the looks of bars mean."""
    for evidence, (fill, edge) in _LOOKS.items():
        if (part["evidence"] == evidence).any():
            marker = {"color": fill, "line": {"color": edge, "width": 1}}
            drawn.add_bar(x=[None], y=[None], name=labels.value(evidence, "evidence", lang), marker=marker)

"""The figure of ``funnel``: one bar for each step, from the first to the last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import plotly.graph_objects as go

from dangol.core.labels import label, title
from dangol.core.words import percent

from .style import INK, PALETTE, blank, empty, say, shorten

if TYPE_CHECKING:
    import pandas as pd

    from dangol.core.result import Result

_MOST_SEGMENTS: Final = 6
_MOST_SIZES: Final = 20
_GREY: Final = "#52606D"
_LATE: Final = "#8A939E"  # of the hatching: a thin line needs more ink than an area
_HEAD, _FOOT = 112, 56  # pixels above and below the bars
_BARS: Final = 0.72  # of a step's height, where each segment has a bar


def figure(result: Result, lang: str) -> go.Figure:
    """Draw the steps from top to bottom, with what is lost between them; those who entered too late are hatched.

    With a breakdown, one bar for each of the largest segments, as shares of step 1 with their 95 % intervals.
    """
    steps = result.table
    counts = "sessions" if "sessions" in steps else "users"
    if steps.empty or not steps[counts].any():
        return empty(title("funnel", lang), result.sentences[0].write(lang))
    if "segment" not in steps:
        return _single(result, steps, counts, lang)
    return _parted(result, steps, counts, lang) if steps["step"].max() > 1 else _sizes(result, steps, counts, lang)


def _single(result: Result, steps: pd.DataFrame, counts: str, lang: str) -> go.Figure:
    labels, late = _labels(result, steps, lang), _late(result, steps, counts)
    said = say(
        lang,
        "{counts} that reached each step, and share of step 1",
        "단계별로 도달한 {counts}, 1단계 대비 비율",
        counts=label(counts, lang).capitalize(),
    )
    if any(late):
        said += say(lang, "; hatched: entered too late to tell", ", 빗금: 늦게 들어와 아직 판단할 수 없음")
    shown = _blank(result, len(steps) * 62, said, lang)
    optional = steps["optional"].tolist() if "optional" in steps else [False] * len(steps)
    first = steps[counts].iloc[0]
    color = [PALETTE[5] if other else PALETTE[0] for other in optional]
    hover = {"customdata": _hover(steps, first, lang), "hovertemplate": "%{y}: %{customdata}<extra></extra>"}
    shown.add_bar(x=steps[counts], y=labels, orientation="h", width=0.56, marker_color=color, **hover)
    pattern = {"shape": "/", "fgcolor": _LATE, "bgcolor": "white", "size": 6}
    too_late = say(lang, "%{{x:,}} entered too late to tell", "늦게 들어와 아직 판단할 수 없음 %{{x:,}}")
    hover = {"hovertemplate": "%{y}: " + too_late + "<extra></extra>"}
    shown.add_bar(x=late, y=labels, orientation="h", width=0.56, marker_pattern=pattern, **hover)
    later = steps[steps["step"] > 1]
    shown.add_scatter(
        x=later[counts], y=labels[1:], error_x=_errors(later, first), mode="markers", marker_opacity=0, hoverinfo="skip"
    )
    ends = (steps[counts] + late).clip(lower=(steps["upper"] * first).where(steps["step"] > 1, 0)).tolist()
    for row, (name, end) in enumerate(zip(labels, ends, strict=True)):
        text = _value(steps.iloc[row], counts)
        shown.add_annotation(x=end, y=name, text=text, xanchor="left", xshift=8, showarrow=False)
    _losses(shown, steps, optional, lang)
    shown.update_layout(barmode="stack", showlegend=False)
    shown.update_xaxes(range=[0, 1.22 * max(ends)], tickformat=",")
    return shown


def _parted(result: Result, steps: pd.DataFrame, counts: str, lang: str) -> go.Figure:
    segments = steps["segment"].drop_duplicates().tolist()
    drawn = segments[:_MOST_SEGMENTS]
    later = steps[steps["step"] > 1]  # all of step 1 reached step 1
    inner = (later["segment"] == segments[0]).sum() * (30 + 24 * len(drawn))
    shown = _blank(result, inner, _shares(result, counts, len(drawn), len(segments), lang), lang, legend=44)
    for at, (color, name) in enumerate(zip(PALETTE, drawn, strict=False)):
        part = later[later["segment"] == name]
        first = steps.loc[(steps["segment"] == name) & (steps["step"] == 1), counts].iloc[0]
        shown.add_bar(
            x=100 * part["rate"],
            y=_labels(result, part, lang),
            orientation="h",
            name=f"{shorten(str(name), 20)} ({first:,})",
            marker_color=color,
            error_x=_errors(part, 100),
            customdata=_hover(part, first, lang),
            hovertemplate=f"{name}, %{{y}}: %{{customdata}}<extra></extra>",
        )
        _beside(shown, part, (at + 0.5) / len(drawn))
    legend = {"traceorder": "normal", "y": -44 / inner, "yanchor": "top"}
    shown.update_layout(barmode="group", bargap=1 - _BARS, legend=legend)
    shown.update_xaxes(range=[0, 112], ticksuffix=" %")
    return shown


def _beside(shown: go.Figure, part: pd.DataFrame, place: float) -> None:
    """Write the rates of one segment beside their intervals; ``place`` is that of its bar among those of a step."""
    for row, (rate, upper) in enumerate(zip(part["rate"], part["upper"], strict=True)):
        y = row + _BARS * (place - 0.5)
        shown.add_annotation(
            x=100 * upper, y=y, text=percent(rate), xanchor="left", xshift=6, showarrow=False, font={"size": 12}
        )


def _shares(result: Result, counts: str, drawn: int, segments: int, lang: str) -> str:
    """Say what the bars of the segments are."""
    values = {"counts": label(counts, lang), "by": result.recipe["parameters"]["by"], "drawn": drawn, "all": segments}
    more = ("", "")
    if segments > drawn:
        more = (", the {drawn} largest of {all:,}", "(세그먼트 {all:,}개 중 큰 {drawn}개)")
    return say(
        lang,
        "Share of the {counts} of step 1 that reached each step, by {by}" + more[0] + ", with 95 % intervals",
        "{by}별" + more[1] + " 1단계 대비 단계별 도달 비율과 95 % 신뢰구간",
        **values,
    )


def _sizes(result: Result, steps: pd.DataFrame, counts: str, lang: str) -> go.Figure:
    """Draw how many of each segment did the one step there is."""
    drawn = steps.head(_MOST_SIZES)
    by = result.recipe["parameters"]["by"]
    said = say(lang, "{counts}, by {by}", "{by}별 {counts}", counts=label(counts, lang).capitalize(), by=by)
    shown = _blank(result, len(drawn) * 34, said, lang)
    labels = [shorten(str(name)) for name in drawn["segment"]]
    text = [f"{number:,}" for number in drawn[counts]]
    shown.add_bar(x=drawn[counts], y=labels, orientation="h", marker_color=PALETTE[0], text=text, hoverinfo="skip")
    return shown


def _blank(result: Result, inner: float, said: str, lang: str, legend: int = 0) -> go.Figure:
    how = result.explain(lang)
    shown = blank(
        _title(result, lang),
        f"{said}<br>{how['n']} · {how['window']} · {how['zone']}",
        height=inner + _HEAD + _FOOT + legend,
        margin={"l": 40, "r": 40, "t": _HEAD, "b": _FOOT + legend},
    )
    shown.update_yaxes(autorange="reversed", automargin=True, ticklen=8, tickcolor="rgba(0,0,0,0)", showgrid=False)
    return shown


def _title(result: Result, lang: str) -> str:
    found = result.sentences[0].values
    if "rate" not in found or found["steps"] == 1:
        return say(lang, "Funnel of one step", "단계가 하나인 퍼널")
    if result.recipe["parameters"]["order"] == "any":
        return say(lang, "Funnel: {rate} did all {steps} steps", "퍼널: {rate:이} {steps}단계를 모두 마침", **found)
    ends = ("first_ko", "last_ko") if lang == "ko" else ("first", "last")
    first, last = (_unquoted(found[end]) for end in ends)
    return say(
        lang,
        "Funnel: {rate} from {first} to {last}",
        "퍼널: {first}에서 {last}까지 {rate}",
        rate=found["rate"],
        first=first,
        last=last,
    )


def _unquoted(name: str) -> str:
    """Shorten what stands in quotation marks, and keep the step's number behind it."""
    event, _, number = name.removeprefix("‘").rpartition("’")
    return shorten(event, 24) + number


def _labels(result: Result, steps: pd.DataFrame, lang: str) -> list[str]:
    """Name the steps, numbered so that no two are the same."""
    events = [shorten(event) for event in steps["event"]]
    if result.recipe["parameters"]["order"] == "any":
        n = steps["step"].max()
        events = [say(lang, "any {k} of {n}", "{n}가지 중 {k}가지", k=step, n=n) for step in steps["step"]]
    extra = say(lang, " (optional)", "(선택)")
    optional = steps["optional"] if "optional" in steps else [False] * len(steps)
    names = zip(steps["step"], events, optional, strict=True)
    return [f"{step}  {event}{extra if one else ''}" for step, event, one in names]


def _late(result: Result, steps: pd.DataFrame, counts: str) -> list[int]:
    """Count who entered too late and has reached each step, or one beyond, so far."""
    late = result.tables["late"]
    found = [int(late.loc[late["step"] >= step, counts].sum()) for step in steps["step"]]
    if "optional" in steps:
        found = [0 if extra else number for number, extra in zip(found, steps["optional"], strict=True)]
    return found


def _errors(steps: pd.DataFrame, scale: float) -> dict[str, Any]:
    """Return the intervals of the rates as error bars."""
    upper, lower = (steps["upper"] - steps["rate"]) * scale, (steps["rate"] - steps["lower"]) * scale
    return {"type": "data", "array": upper, "arrayminus": lower, "color": INK, "thickness": 1.2, "width": 4}


def _hover(steps: pd.DataFrame, first: int, lang: str) -> list[str]:
    return [
        say(
            lang,
            "{rate} of {first:,} ({lower} to {upper})",
            "{first:,} 중 {rate}({lower}~{upper})",
            first=first,
            rate=percent(rate),
            lower=percent(lower),
            upper=percent(upper),
        )
        for rate, lower, upper in steps[["rate", "lower", "upper"]].itertuples(index=False)
    ]


def _value(row: pd.Series[Any], counts: str) -> str:
    share = "" if row["step"] == 1 else f"  {percent(row['rate'])}"
    return f"<b>{row[counts]:,}</b>{share}"


def _losses(shown: go.Figure, steps: pd.DataFrame, optional: list[bool], lang: str) -> None:
    """Write between the bars how many did not go on."""
    for row in range(1, len(steps)):
        if optional[row] or not steps["lost"].iloc[row]:
            continue
        lost, gone = steps["lost"].iloc[row], percent(1 - steps["rate_from_previous"].iloc[row])
        text = say(lang, "▼ {lost:,} lost ({gone})", "▼ {lost:,} 이탈({gone})", lost=lost, gone=gone)
        shown.add_annotation(
            x=0, y=row - 0.5, text=text, xanchor="left", xshift=6, showarrow=False, font={"size": 12, "color": _GREY}
        )

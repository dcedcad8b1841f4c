"""The figure of collected accounts: how many there were, how many are kept, and what became of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import plotly.graph_objects as go

from dangol.core import labels
from dangol.core.proportions import share
from dangol.core.words import percent

from .marks import heading, sized
from .style import PALE, PALETTE, blank, say

if TYPE_CHECKING:
    import pandas as pd

    from dangol.core.result import Result

_ROW, _LEAST = 44, 170  # pixels
_HEAD, _FOOT, _LABELS = 125, 40, 190
_KEPT: Final = ("merged", "found")


def figure(result: Result, lang: str) -> go.Figure:
    """Draw a bar for what came in, for what is kept, and for each reason for which something is not.

    Where two files were merged each has its panel. Reasons that concern nothing are left out.
    """
    account = result.tables["account"]
    columns = [name for name in account.columns if name != "what"]
    some = (account[columns] > 0).any(axis=1) | account["what"].isin(("in", *_KEPT))
    rows = account[some].reset_index(drop=True)
    drawn = blank(_title(result, lang), _subtitle(result, lang), showlegend=False)
    for place, name in enumerate(columns):
        left = place / len(columns)
        _panel(drawn, rows, name, place, (left, left + 0.92 / len(columns)))
        heading(drawn, labels.label(name, lang, "collect"), left, 1.01)
    drawn.update_layout(
        margin={"l": _LABELS, "r": 20},
        yaxis={
            "range": [len(rows) - 0.4, -0.6],
            "tickvals": list(range(len(rows))),
            "ticktext": [labels.value(what, "what", lang) + "  " for what in rows["what"]],
            "showgrid": False,
            "zeroline": False,
        },
    )
    sized(drawn, max(_LEAST, _ROW * len(rows)), _HEAD, _FOOT)
    return drawn


def _title(result: Result, lang: str) -> str:
    found = result.sentences[0].values
    if "merged" in found:
        en, ko = (
            "{merged:,} of {all:,} accounts merged, {out:,} left out",
            "계정 {all:,}개 중 {merged:,}개 병합, {out:,}개 제외",
        )
    elif "found" in found:
        en, ko = (
            "{found:,} of {all:,} accounts collected, {posts:,} posts",
            "계정 {all:,}개 중 {found:,}개, 게시물 {posts:,}건 수집",
        )
    else:
        en, ko = (
            "Not finished: {n:,} of {all:,} accounts got no answer",
            "수집 미완료: 계정 {all:,}개 중 {n:,}개 응답 없음",
        )
    return say(lang, en, ko, **found)


def _subtitle(result: Result, lang: str) -> str:
    how = result.explain(lang)
    return " · ".join(how[name] for name in ("n", "window", "exclusions") if name in how)


def _panel(drawn: go.Figure, rows: pd.DataFrame, name: str, place: int, where: tuple[float, float]) -> None:
    """Draw one column of the account, as counts with their share of what came in."""
    number_of = str(place + 1) if place else ""
    whole = int(rows[name].iloc[0])
    colours = {"in": PALE, **dict.fromkeys(_KEPT, PALETTE[0])}
    drawn.add_bar(
        x=rows[name],
        y=list(range(len(rows))),
        orientation="h",
        width=0.6,
        marker={"color": [colours.get(what, PALETTE[3]) for what in rows["what"]], "line": {"width": 0}},
        text=[f"{count:,} ({percent(float(share(count, whole)))})" for count in rows[name]],
        textposition="outside",
        cliponaxis=False,
        hoverinfo="skip",
        xaxis=f"x{number_of}",
        yaxis="y",
    )
    across = {"domain": where, "range": [0, 1.5 * max(whole, 1)], "anchor": "y", "visible": False}
    drawn.update_layout({f"xaxis{number_of}": across})

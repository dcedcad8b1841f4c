"""The look shared by all figures: fonts that hold Korean, colours safe for colour-blind eyes, room for long labels."""

from __future__ import annotations

from typing import Any, Final

import plotly.graph_objects as go

# Okabe and Ito's palette, most readable first; the pale grey is for what is unfinished or "other".
PALETTE: Final = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#7A6C00", "#4D4D4D")
PALE: Final = "#B8BEC6"
INK: Final = "#1F2933"
FONT: Final = (
    "Pretendard, 'Noto Sans KR', 'Noto Sans CJK KR', 'Apple SD Gothic Neo', 'Malgun Gothic', Inter, Arial, sans-serif"
)


def blank(title: str, subtitle: str, **layout: Any) -> go.Figure:
    """Return an empty figure with a headline, and below it unit, window and n in small print."""
    figure = go.Figure()
    figure.update_layout(
        template="plotly_white",
        title={
            "text": f"<b>{title}</b><br><span style='font-size:13px;color:#52606D'>{subtitle}</span>",
            "x": 0.01,
            "xanchor": "left",
            "font": {"size": 19, "color": INK},
        },
        font={"family": FONT, "size": 13, "color": INK},
        colorway=list(PALETTE),
        margin={"l": 70, "r": 40, "t": 90, "b": 60},
        width=960,
        height=540,
        hoverlabel={"font": {"family": FONT}},
        legend={"orientation": "h", "y": -0.15, "x": 0},
    )
    figure.update_layout(**layout)
    return figure


def shorten(text: str, most: int = 28) -> str:
    """Cut a long label in the middle, so that both ends stay readable.

    >>> shorten("W_Completeren aanvraag bij klant thuis", 20)
    'W_Complete…ant thuis'
    """
    if len(text) <= most:
        return text
    return f"{text[: most // 2]}…{text[len(text) - (most - most // 2 - 1) :]}"

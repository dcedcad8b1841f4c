"""The look shared by all figures: fonts that hold Korean, colours safe for colour-blind eyes, room for long labels."""

from __future__ import annotations

import unicodedata
from itertools import accumulate
from typing import Any, Final

import plotly.graph_objects as go

from dangol.core.words import Sentence

# Okabe and Ito's palette, most readable first; the pale grey is for what is unfinished or "other".
PALETTE: Final = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#7A6C00", "#4D4D4D")
PALE: Final = "#B8BEC6"
INK: Final = "#1F2933"
FONT: Final = (
    "Pretendard, 'Noto Sans KR', 'Noto Sans CJK KR', 'Apple SD Gothic Neo', 'Malgun Gothic', Inter, Arial, sans-serif"
)
_WIDE: Final = 1.8  # a Korean letter in Latin ones


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
        modebar={"remove": ["sendChartToCloud"]},  # no button that uploads the data
        legend={"orientation": "h", "y": -0.15, "x": 0},
    )
    for axis in (figure.layout.template.layout.xaxis, figure.layout.template.layout.yaxis):  # a copy of the template
        axis.title.font.size = 13
    figure.update_layout(**layout)
    return figure


def empty(title: str, subtitle: str) -> go.Figure:
    """Return a figure that says why there is nothing to draw."""
    return blank(title, subtitle, xaxis={"visible": False}, yaxis={"visible": False})


def panels(title: str, subtitle: str, left: tuple[str, float], right: tuple[str, float, float]) -> go.Figure:
    """Return an empty figure with two panels side by side, a heading above each; the right one has x2 and y2.

    ``left``: its heading and where it ends; ``right``: its heading, where the heading and where the axis begins (shares
    of the width).
    """
    figure = blank(
        title,
        subtitle,
        margin={"t": 125, "r": 30},
        barmode="stack",
        legend={"xanchor": "left", "traceorder": "normal"},
        xaxis={"domain": [0, left[1]]},
        xaxis2={"domain": [right[2], 1], "anchor": "y2"},
        yaxis2={"anchor": "x2"},
    )
    place = {"y": 1.02, "xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom", "showarrow": False}
    for text, x in ((left[0], 0), right[:2]):
        figure.add_annotation(text=f"<b>{text}</b>", x=x, **place)
    return figure


def dates(lang: str) -> list[dict[str, Any]]:
    """Return the ``tickformatstops`` of an axis of time; by itself Plotly names months in English."""
    if lang != "ko":
        return []
    day, month = 86_400_000, "M1"
    return [
        {"dtickrange": [None, day], "value": "%H:%M<br>%Y-%m-%d"},
        {"dtickrange": [day, month], "value": "%-m월 %-d일<br>%Y년"},
        {"dtickrange": [month, "M12"], "value": "%-m월<br>%Y년"},
        {"dtickrange": ["M12", None], "value": "%Y년"},
    ]


def say(lang: str, en: str, ko: str, **values: Any) -> str:
    """Fill the template of one language: ``say(lang, "{n:,} users", "사용자 {n:,}명", n=3)``."""
    return Sentence(en, ko, values).write(lang)


def shorten(text: str, most: float = 28) -> str:
    """Cut a long label in the middle, so that both ends stay readable; ``most`` counts Latin letters.

    >>> shorten("W_Completeren aanvraag bij klant thuis", 20), shorten("상품 상세 페이지에서 장바구니에 담기", 20)
    ('W_Complete…ant thuis', '상품 상세 …니에 담기')
    """
    if sum(map(_width, text)) <= most:
        return text
    return f"{_head(text, most / 2)}…{_head(text[::-1], most / 2 - 1)[::-1]}"


def _width(letter: str) -> float:
    return _WIDE if unicodedata.east_asian_width(letter) in "WF" else 1


def _head(text: str, most: float) -> str:
    """Return as much of the beginning as fits."""
    room = accumulate(map(_width, text))
    return "".join(letter for letter, end in zip(text, room, strict=True) if end <= most)

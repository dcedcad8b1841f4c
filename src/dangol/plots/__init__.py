"""Figures: one per question, drawn from its ``Result``. The only room that knows Plotly."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from dangol.core.errors import choice
from dangol.core.words import LANGUAGES

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from dangol.core.result import Result


def draw(result: Result, lang: str = "en") -> go.Figure:
    """Draw a result with the figure of its question: ``plots/<question>.py``, in English or Korean."""
    from .plain import without_markup

    choice("lang", lang, LANGUAGES)
    figure: go.Figure = import_module(f"dangol.plots.{result.name}").figure(without_markup(result), lang)
    return figure

"""Units in three groups far apart, and what is asked of them, so that it can be drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

import dangol as dg
from dangol.core.result import Result, Tables
from dangol.segments import match, tiers
from dangol.segments.choose import choose_clusters

FEATURES = ["Zview", "Zcart"]


@cache
def crowd() -> pd.DataFrame:
    """Sixty units: groups of 30, 20 and 10; a number that follows the groups, one that does not, and a text."""
    chance = np.random.default_rng(4)
    group = np.repeat([0, 1, 2], [30, 20, 10])
    places = np.array([[2.0, 2.0], [12.0, 3.0], [6.0, 14.0]])[group] + chance.normal(size=(60, 2))
    table = pd.DataFrame({"Zdevice": [f"u{place}" for place in range(60)]})
    table[FEATURES] = places.clip(0.1)
    table["Zbuy"] = 3.0 * group + chance.normal(size=60)
    table["Zhelp"] = chance.normal(size=60)
    table["Zplan"] = np.where(chance.random(60) < 0.4 + 0.25 * group, "Zfree", "Zdesk")
    return table


@cache
def segments(**options: Any) -> dg.Segments:
    return dg.cluster(crowd(), FEATURES, **{"k": 3, "resamples": 4, **options})


@cache
def choice(**options: Any) -> Result:
    asked = {"methods": ("kmeans", "hierarchical"), "k": "2..4", "resamples": 4, **options}
    return choose_clusters(crowd(), FEATURES, **asked)


def with_table(result: Result, **tables: pd.DataFrame) -> Result:
    """Return an answer with other tables."""
    makers: dict[str, Callable[[], pd.DataFrame]] = {
        name: partial(result.tables.__getitem__, name) for name in result.tables
    }
    return replace(
        result, tables=Tables({**makers, **{name: partial(lambda one: one, one) for name, one in tables.items()}})
    )


@cache
def ranked(**options: Any) -> Result:
    made = segments().tiers(["Zview", "Zcart"], **options)
    return replace(with_table(made.result, tiers=tiers.table(made.told["tiers"])), name="tiers")


@cache
def matched() -> Result:
    """Segments of another day: a quarter of the units is gone, and there is one segment more."""
    later = dg.cluster(crowd()[15:], FEATURES, k=4, resamples=0).match(segments())
    return replace(with_table(later.result, matched=match.table(later.told["matched"])), name="match")


def traces(figure: go.Figure, kind: str, **having: Any) -> list[Any]:
    """Return the traces of a kind whose attributes are so."""
    return [
        trace
        for trace in figure.data
        if trace.type == kind and all(getattr(trace, name) == value for name, value in having.items())
    ]


def bars(figure: go.Figure, axis: str) -> list[Any]:
    """Return the bars on an axis; the first axis need not be named."""
    return [trace for trace in figure.data if trace.type == "bar" and (trace.xaxis or "x") == axis]


def headings(figure: go.Figure) -> list[str]:
    return [one.text for one in figure.layout.annotations]


def said(figure: go.Figure) -> str:
    return str(figure.layout.title.text)

"""Figures of segments speak Korean: no English word is left, and no Korean one stands in an English figure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import pytest

import dangol as dg
from dangol.core.labels import caption, label, title
from dangol.core.result import Result
from tests.questions.test_korean import HANGUL, dates_in_english, english, texts

from .crowd import FEATURES, choice, crowd, matched, ranked, segments
from .test_other_figures import collected, features, stability

# Words of options and of statistics that Korean readers are shown as they are, and columns of the data.
OPTIONS: Final = re.compile(
    r"(?<![A-Za-z])(euclidean|ward|single|robust|none|standard|minmax|log1p|winsorise|share=|H?DBSCAN|k|UTC)(?![A-Za-z])"
)
COLUMNS: Final = ("spread", "image_love", "image_comment", "active_rate", "follower", "ER")


def noisy() -> dg.Segments:
    table = crowd().copy()
    table.loc[0, "Zview"] = 500.0
    return dg.cluster(table, FEATURES, method="hdbscan", min_size=8, resamples=2)


def far() -> dg.Segments:
    table = crowd().copy()
    table.loc[0, "Zview"] = 500.0
    return dg.cluster(table, [*FEATURES, "Zbuy"], k=3, transforms="winsorise", as_of="2024-03-01", resamples=0)


CASES: Final[dict[str, Callable[[], Result]]] = {
    "segments": lambda: segments().result,
    "segments of one": lambda: segments(k=1).result,
    "segments with extremes": lambda: far().result,
    "segments with noise": lambda: noisy().result,
    "segments cut": lambda: segments(method="hierarchical", linkage="single", k=None, cut=2.5).result,
    "choice": choice,
    "choice of nothing": lambda: choice(least=25),
    "choice without resamples": lambda: choice(resamples=0),
    "profile": lambda: segments().profile(),
    "profile of extremes": lambda: far().profile(),
    "profile of one": lambda: segments(k=1).profile(),
    "features": features,
    "one feature": lambda: features("Zview"),
    "stability": stability,
    "stability of the weak": lambda: stability(0.9, 0.7, 0.3),
    "tiers": lambda: ranked(noun="value", confounders="Zbuy"),
    "matched": matched,
    "collected": collected,
}


def latin(text: str) -> list[str]:
    """The English words of a text that are neither data nor options."""
    for word in COLUMNS:
        text = text.replace(word, " ")
    return [word for word in english(OPTIONS.sub(" ", text)) if not re.fullmatch("u|g", word)]  # ids such as u12


@pytest.mark.parametrize("case", CASES)
def test_korean(case: str) -> None:
    result = CASES[case]()
    figure = result.figure("ko").to_plotly_json()
    for text in texts(figure):
        assert not latin(text), text
    assert not list(dates_in_english(figure))
    assert not [text for text in texts(result.figure("en").to_plotly_json()) if HANGUL.search(text)]


@pytest.mark.parametrize("case", CASES)
def test_every_table_and_column_has_a_label(case: str) -> None:
    result = CASES[case]()
    data = {*crowd().columns, *COLUMNS, "account"}
    assert HANGUL.search(title(result.name, "ko"))
    for aspect in result.how:
        assert HANGUL.search(label(aspect, "ko", result.name)) or aspect == "n", aspect
    for name in result.tables:
        assert HANGUL.search(caption(name, "ko", result.name)), name
        for column in map(str, result.tables[name].columns):
            if column in data or column.removeprefix("mean_").removeprefix("median_") in data:
                continue
            word = label(column, "ko", result.name)
            assert HANGUL.search(word) or word == "n", (name, column)

"""One answer as one HTML page: what was found, the figure, the tables, how it was computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dangol.core.errors import choice
from dangol.core.words import LANGUAGES

if TYPE_CHECKING:
    import pandas as pd

    from dangol.core.result import Result

_ROWS: Final = 200
_WORDS: Final = {
    "en": {"how": "How it was computed", "more": "more rows", "recipe": "Recipe"},
    "ko": {"how": "계산 방법", "more": "행 더 있음", "recipe": "질문 다시 하기"},
}


def page(result: Result, lang: str = "en") -> str:
    """Write a result as a page that needs no network: figure, tables and style are inside.

    Args:
        result: any answer.
        lang: language of the sentences, ``en`` or ``ko``.
    """
    from jinja2 import Environment, PackageLoader

    choice("lang", lang, LANGUAGES)
    figure = result.figure().update_layout(width=None, autosize=True)
    drawn = figure.to_html(
        full_html=False, include_plotlyjs="inline", config={"displaylogo": False, "responsive": True}
    )
    template = Environment(loader=PackageLoader("dangol.report"), autoescape=True).get_template("page.html")
    return template.render(
        lang=lang,
        words=_WORDS[lang],
        name=result.name,
        sentences=[sentence.write(lang) for sentence in result.sentences],
        figure=drawn,
        tables=[(name, *_cells(result.tables[name])) for name in result.shown],
        how=result.how,
        recipe=result.recipe,
    )


def _cells(table: pd.DataFrame) -> tuple[list[str], list[list[tuple[str, bool]]], int]:
    """The head of a table as text, each cell with whether it is a number; and how many rows are left out."""
    from dangol.core.show import write

    columns = [str(name) for name in table.columns]
    rows = []
    for row in table.head(_ROWS).itertuples(index=False):
        measure = str(row[0]) if columns[0] == "measure" else None
        rows.append(
            [
                (write(value, measure if measure and i else name), not isinstance(value, str))
                for i, (value, name) in enumerate(zip(row, columns, strict=True))
            ]
        )
    return columns, rows, max(len(table) - _ROWS, 0)

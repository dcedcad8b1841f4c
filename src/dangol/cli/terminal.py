"""Answers on a terminal: sentences, then tables with numbers written for people."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dangol.core.labels import caption, label, title
from dangol.core.show import in_language, write

if TYPE_CHECKING:
    import pandas as pd

    from dangol.core.result import Result

_ROWS = 15
_WIDTH = 160  # where nobody tells the width: in a pipe


def console() -> Console:
    """The terminal, or a pipe taken as wide enough for a table."""
    return Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False, soft_wrap=False)


def show(result: Result, lang: str, names: tuple[str, ...]) -> None:
    """Print an answer: what was found, the tables, how it was computed."""
    out = console()
    out.print(f"[bold]{title(result.name, lang)}[/bold]")
    for sentence in result.sentences:
        out.print(sentence.write(lang), markup=False)
    for name in names:
        show_table(in_language(result.tables[name], lang), caption(name, lang, result.name), out, lang, result.name)
    told = "; ".join(f"{label(what, lang)}: {value}" for what, value in result.explain(lang).items())
    out.print(told, style="dim", markup=False)


def show_table(table: pd.DataFrame, title: str, out: Console, lang: str = "en", question: str = "") -> None:
    """Print the first rows of a table."""
    drawn = Table(
        title=title, title_justify="left", box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0)
    )
    for name in table.columns:
        side: Any = "right" if _is_number(table[name]) else "left"
        drawn.add_column(escape(label(str(name), lang, question)), justify=side, overflow="fold")
    for row in table.head(_ROWS).itertuples(index=False):
        named = row[0] if table.columns[0] == "measure" else None
        drawn.add_row(
            *(
                escape(write(value, str(named if named and i else name), lang, question))
                for i, (value, name) in enumerate(zip(row, table.columns, strict=True))
            )
        )
    out.print()
    out.print(drawn)
    if len(table) > _ROWS:
        out.print(f"… {len(table) - _ROWS:,} more rows (--csv writes them all)", style="dim")


def _is_number(column: pd.Series[Any]) -> bool:
    return column.dtype.kind in "iufbM"


def to_json(result: Result, lang: str) -> str:
    """Write a whole answer as JSON: sentences, how, recipe, and the shown tables as lists of records."""
    tables = {
        name: json.loads(result.tables[name].to_json(orient="records", date_format="iso")) for name in result.shown
    }
    answer = {
        "question": result.name,
        "summary": result.summary(lang),
        "how": result.explain(lang),
        "recipe": dict(result.recipe),
        "tables": tables,
    }
    return json.dumps(answer, ensure_ascii=False, indent=1, default=str)

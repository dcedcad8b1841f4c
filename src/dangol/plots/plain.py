"""Names from a log made plain: Plotly reads ``<b>``, ``<a href=…>``, ``&lt;`` and ``%{x}`` in any text as markup."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from dangol.core.result import Result, Tables

if TYPE_CHECKING:
    import pandas as pd

_MARKUP: Final = re.compile(r"<(?=[/a-zA-Z])|&(?=[#a-zA-Z])|%(?=\{)")
_BREAK: Final = "\u2060"  # a word joiner: nothing is seen of it, no line is broken at it, and no tag begins with it


def without_markup(result: Result) -> Result:
    """Return the answer with every text that comes from the log as a figure may show it: as written, never as markup.

    Texts are changed before a figure is drawn, so that each stays the same text wherever the figure uses it.
    """
    makers = {name: partial(_table, result.tables, name) for name in result.tables}
    sentences = tuple(replace(one, values=_plain(one.values)) for one in result.sentences)
    how = {aspect: replace(one, values=_plain(one.values)) for aspect, one in result.how.items()}
    return replace(result, sentences=sentences, how=how, recipe=_plain(result.recipe), tables=Tables(makers))


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return _MARKUP.sub(lambda found: found[0] + _BREAK, value)
    if isinstance(value, Mapping):
        return {_plain(key): _plain(one) for key, one in value.items()}
    return type(value)(map(_plain, value)) if type(value) in (list, tuple) else value


def _table(tables: Tables, name: str) -> pd.DataFrame:
    table = tables[name]
    texts = [column for column in table.columns if table[column].dtype.kind in "OT"]
    marked = [column for column in texts if table[column].astype("str").str.contains(_MARKUP).any()]
    if marked:
        table = table.assign(**{column: table[column].map(_plain) for column in marked})
    return table.rename(columns=_plain)

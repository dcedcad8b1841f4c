"""``Result``: one answer with its tables, sentences, figure, the users behind it, and the recipe to ask again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import InputError, unknown
from .words import Sentence

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

_SHOWN_ROWS = 20


class Tables(Mapping[str, "pd.DataFrame"]):
    """Named tables, each made when it is first looked at and kept."""

    def __init__(self, makers: Mapping[str, Callable[[], pd.DataFrame]]) -> None:
        self._makers = dict(makers)
        self._made: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._makers:
            raise unknown("table", name, self._makers, "this result")
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._makers  # without making it

    def __iter__(self) -> Any:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


@dataclass(frozen=True)
class Result:
    """The answer to one question.

    Attributes:
        name: the question, for example ``"funnel"``.
        sentences: what was found, most important first; then what qualifies it.
        how: how it was computed, in sentences by aspect: unit, window, denominator, n, zone, exclusions.
        recipe: the question, its parameters, and the log it was asked of: enough to ask again.
        tables: every table by name, made on first use; ``table`` is the first.
        shown: the names of the tables that a terminal or page shows, in order.
        unit: what ``units`` lists: users, or what was clustered.
    """

    name: str
    sentences: tuple[Sentence, ...]
    how: Mapping[str, Sentence]
    recipe: Mapping[str, Any]
    tables: Tables
    shown: tuple[str, ...]
    find: Callable[..., Any] = field(repr=False)
    unit: str = "user"

    @cached_property
    def table(self) -> pd.DataFrame:
        """The main table; the question's docstring names its columns."""
        return self.tables[next(iter(self.tables))]

    def summary(self, lang: str = "en") -> str:
        """Say the answer in sentences, in English (``"en"``) or Korean (``"ko"``)."""
        return " ".join(sentence.write(lang) for sentence in self.sentences)

    def explain(self, lang: str = "en") -> dict[str, str]:
        """Say how it was computed, aspect by aspect (unit, window, denominator, n, zone, exclusions)."""
        return {aspect: said.write(lang) for aspect, said in self.how.items()}

    def figure(self, lang: str = "en") -> go.Figure:
        """Draw the answer as a Plotly figure with English (``"en"``) or Korean (``"ko"``) words."""
        from dangol.plots import draw  # the one place where a result knows how it is drawn

        return draw(self, lang)

    def units(self, **where: Any) -> pd.Series[str]:
        """List the users behind a number; the keywords name the cell, as in ``funnel.units(step=2)``.

        The question's docstring says which keywords it takes.

        Raises:
            InputError: for a keyword or value that the table does not have.
        """
        import pandas as pd

        try:
            found = self.find(**where)
        except TypeError as problem:
            if "argument" not in str(problem):
                raise
            raise InputError(f"{self.name}.units({', '.join(where)}): {problem}; see help on the question") from problem
        return pd.Series(np.asarray(found, dtype=object), name=self.unit, dtype="str")

    def to_markdown(self, lang: str = "en") -> str:
        """Write the sentences and the shown tables as Markdown."""
        return "\n\n".join([self.summary(lang), *(_markdown(self.tables[name]) for name in self.shown)])

    def _repr_markdown_(self) -> str:
        return self.to_markdown()

    def __str__(self) -> str:
        return self.summary()


def _markdown(table: pd.DataFrame) -> str:
    """Write the first rows of a table as a Markdown table."""
    rows = [list(map(str, table.columns)), ["---"] * table.shape[1]]
    rows += [["" if value is None else str(value) for value in row] for row in table.head(_SHOWN_ROWS).to_numpy()]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    if len(table) > _SHOWN_ROWS:
        lines.append(f"\n… {len(table) - _SHOWN_ROWS:,} more rows")
    return "\n".join(lines)

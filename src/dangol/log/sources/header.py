"""Whether the first row names the columns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from dangol.core.errors import InputError

_NUMBER: Final = re.compile(r"[+-]?\s*[$€£¥₩]?\s*[+-]?(\d[\d,._ ]*|[.,]\d+)(e[+-]?\d+)?\s*[%원]?", re.IGNORECASE)
_DATE: Final = re.compile(
    r"\d{1,4}\s?[-/.]\s?\d{1,2}\s?[-/.]\s?\d{1,4}\b.*|\d{2,4}년.*|\d{1,2}:\d{2}.*|\d{1,2}[- ][a-z]{3}[- ]\d{2,4}\b.*",
    re.IGNORECASE | re.DOTALL,
)


def is_value(cell: str) -> bool:
    """Tell whether a cell can only be data: a number, an amount, a date or a time.

    >>> [is_value(cell) for cell in ("12.5", "1,234", "₩ 500", "2011-12-09 08:26", "CustomerID", "Q1", "")]
    [True, True, True, True, False, False, False]
    """
    text = cell.strip()
    return bool(text) and bool(_NUMBER.fullmatch(text) or _DATE.fullmatch(text))


def column_names(rows: Sequence[Sequence[str]], width: int, header: bool | None, name: str) -> tuple[list[str], bool]:
    """Name the columns.

    The first row is taken as a header if ``header`` says so or, left open, if it has a cell that is not empty, none
    that is a number or a date, and no name twice. A header with a name twice is still recognised, and refused, where
    some column holds numbers or dates below it.

    Args:
        rows: the first rows, the possible header included.
        width: number of columns of the data.
        header: what the caller says.
        name: the source, for errors.

    Returns:
        The names, and whether the first row is a header. An empty name in the N-th column becomes ``column_N``, and so
        do all names where there is no header.
    """
    first = [cell.strip() for cell in rows[0]]
    numbered = [f"column_{number}" for number in range(1, width + 1)]
    if header is False or (header is None and not _may_name(first)):
        return numbered, False
    if len(first) == width:
        names = [cell or numbered[at] for at, cell in enumerate(first)]
        twice = [cell for cell, count in Counter(names).items() if count > 1]
        if twice and header is None and not _data_below(rows):
            return numbered, False
        if twice:
            listed = ", ".join(repr(cell) for cell in twice[:5])
            raise InputError(
                f"the header of {name} has {listed} more than once; rename the columns so that every name is unique"
            )
        return names, True
    raise InputError(
        f"the first row of {name} has {len(first)} field{'s' * (len(first) != 1)} where the rows below have {width}; "
        "if it is a title, remove it, if it is the header, complete it, and if it is data, pass header=False"
    )


def _may_name(first: Sequence[str]) -> bool:
    return any(first) and not any(is_value(cell) for cell in first)


def _data_below(rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether some column holds only numbers or dates below the first row."""
    below = [row for row in rows[1:] if len(row) == len(rows[0])]
    return any(all(is_value(cell) for cell in column) for column in zip(*below, strict=True))

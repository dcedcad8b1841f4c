"""``read_accounts``: the user names of a list."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from dangol.core.errors import InputError, unknown

from .exports import read_table

_USER_NAME: Final = re.compile(r"[A-Za-z0-9._]{1,30}")
_COLUMNS: Final = ("account", "username")
_TABLES: Final = (".csv", ".parquet", ".json", ".jsonl")


def read_accounts(given: object) -> list[str]:
    """Read user names, in small letters, and refuse what is none: they become part of a question.

    Args:
        given: a text file with one name a line (# begins a comment), a CSV, Parquet or JSON file or a table with a
            column account (or username), or a list.

    Raises:
        InputError: if there is none, or one that is not 1 to 30 letters, digits, dots and underscores.

    >>> read_accounts(["@Blue.Bottle", "dangol_"])
    ['blue.bottle', 'dangol_']
    """
    lines = [line.strip() for line in _lines(given)]
    names = [line.removeprefix("@") for line in lines if line and not line.startswith("#")]
    wrong = [name for name in names if not _USER_NAME.fullmatch(name)]
    if wrong:
        others = f", nor are {len(wrong) - 1:,} others" if len(wrong) > 1 else ""
        raise InputError(
            f"{wrong[0][:60]!r} is no user name of Instagram{others}; write 1 to 30 letters, digits, dots and "
            "underscores"
        )
    if not names:
        raise InputError("the list of accounts holds no names; write one user name a line")
    return [name.lower() for name in names]


def _lines(given: object) -> list[str]:
    if isinstance(given, list | tuple):
        return [str(one) for one in given]
    if isinstance(given, str | os.PathLike):
        path = Path(given)
        if path.suffix.lower() not in _TABLES:
            try:
                return path.read_text(encoding="utf-8-sig").splitlines()
            except UnicodeDecodeError as problem:
                raise InputError(f"{given} is not UTF-8 text; save it as UTF-8, one user name a line") from problem
            except (OSError, ValueError) as problem:
                said = getattr(problem, "strerror", None) or problem
                raise InputError(f"{str(given)[:200]} cannot be read as a list of accounts: {said}") from problem
    name = Path(given).name if isinstance(given, str | os.PathLike) else "the table of accounts"
    table = read_table(given, name, text=_COLUMNS)
    column = next((one for one in _COLUMNS if one in table.columns), None)
    if column is None:
        raise unknown("column", _COLUMNS[0], map(str, table.columns), where=name)
    found: list[str] = table[column].dropna().astype("str").tolist()
    return found
